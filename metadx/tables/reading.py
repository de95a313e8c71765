"""Read a table file as text, whatever program saved it.

Nothing is interpreted here: every cell stays as found, so that a message can print
it, and every row keeps the number that a spreadsheet shows beside it.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metadx.errors import Fault
from metadx.tables.schema import COLUMN_NAMES

SEPARATORS: Final = (",", ";", "\t")
#: First bytes of what people rename to .csv by mistake.
_BINARY: Final = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "an image",
}
_SAVE_AS: Final = "a text file; save the sheet as CSV UTF-8"
_BLANKS: Final = " \t\r\n"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table file as text.

    Attributes
    ----------
    file : str
        Path as the user named it.
    header : tuple of str
        Column names, those of the schema in canonical spelling.
    rows : tuple of tuple of str
        Cells as found, without blanks around them; each row as long as the header.
    lines : tuple of int
        Row numbers as a spreadsheet shows them.
    encoding, separator : str
        What the file was found to use; empty for a table in memory.
    faults : tuple of Fault
        What is wrong with the file as a file.
    header_line : int
        Row number of the header.
    """

    file: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = ()
    encoding: str = ""
    separator: str = ""
    faults: tuple[Fault, ...] = ()
    header_line: int = 1

    @property
    def decimal_comma(self) -> bool:
        """Whether ``88,6`` is a number here."""
        return self.separator in {";", "\t"}

    @property
    def note(self) -> str:
        """What is unusual about the file's form, empty for UTF-8 with commas."""
        if self.encoding in {"", "utf-8-sig"} and self.separator in {"", ","}:
            return ""
        between = {",": "commas", ";": "semicolons", "\t": "tabs"}[self.separator]
        return f"{self.file}: read as {self.encoding.removesuffix('-sig')}, separated by {between}"


def read_raw(path: Path) -> RawTable:
    """Read one file; what is wrong with it stands in `RawTable.faults`.

    Parameters
    ----------
    path : Path
        A comma-, semicolon- or tab-separated file in UTF-8, UTF-16, GB18030 or
        Windows-1252.
    """
    file = path.as_posix()
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fault = Fault(file, None, "", "", reason, "a file that can be read", "file")
        return RawTable(file, faults=(fault,))
    return raw_from_bytes(data, file)


def raw_from_bytes(data: bytes, file: str) -> RawTable:
    """Read the content of a file that may not be written yet.

    Parameters
    ----------
    data : bytes
        Its content.
    file : str
        What a message calls it.
    """
    decoded = _decode(data, file)
    if isinstance(decoded, Fault):
        return RawTable(file, faults=(decoded,))
    text, encoding = decoded
    return _parse(text, file, encoding)


def _decode(data: bytes, file: str) -> tuple[str, str] | Fault:
    def fault(found: str, rule: str, row: int | None = None) -> Fault:
        return Fault(file, row, "", "", found, _SAVE_AS, rule)

    for magic, what in _BINARY.items():
        if data.startswith(magic):
            return fault(what, "binary_file")
    encoding = guess_encoding(data)
    if not encoding:
        return fault("bytes that no known encoding explains", "encoding")
    text = data.decode(encoding)
    if "\0" in text:
        return fault("a NUL byte", "nul_byte", text[: text.index("\0")].count("\n") + 1)
    text = text.removeprefix("\ufeff")
    if not text.strip(_BLANKS + ",;"):
        return fault("", "empty_file")
    return text, encoding


def guess_encoding(data: bytes) -> str:
    """Return the first encoding that fits, or an empty string.

    Text of a western Windows also decodes as GB18030, into nonsense; there the bytes
    above 127 stand alone between letters, while Chinese characters are pairs of them.
    Where most runs of such bytes are UTF-8, the file is UTF-8 with a damaged place, and
    no other encoding may hide that.
    """
    runs = re.findall(rb"[\x80-\xff]+", data)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif 2 * sum(_decodes(run, "utf-8") for run in runs) > len(runs):
        candidates = ["utf-8-sig"]
    elif 2 * sum(len(run) == 1 for run in runs) > len(runs):
        candidates = ["utf-8-sig", "cp1252", "gb18030"]
    else:
        candidates = ["utf-8-sig", "gb18030", "cp1252"]
    return next((encoding for encoding in candidates if _decodes(data, encoding)), "")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _parse(text: str, file: str, encoding: str) -> RawTable:
    separator = _separator(text)
    faults: list[Fault] = []
    records: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 0
    try:
        for line, record in enumerate(reader, start=1):
            cells = [cell.strip(_BLANKS) for cell in record]
            if any(cells) and not (line == 1 and _is_excel_directive(text)):
                records.append((line, cells))
    except csv.Error as error:
        expected = "every quoted cell closed by a quote that a separator follows"
        faults.append(Fault(file, line + 1, "", "", str(error), expected, "quoting"))
    if not records:
        return RawTable(file, encoding=encoding, separator=separator, faults=tuple(faults))
    (header_line, names), *body = records
    width = max((i + 1 for i, name in enumerate(names) if name), default=0)
    header = canonical_header(names[:width])
    faults += header_faults(header, file, header_line)
    rows, lines = [], []
    for number, cells in body:
        fitted, fault = _fit(cells, width, header, file, number)
        if fault:
            faults.append(fault)
        else:
            rows.append(fitted)
            lines.append(number)
    return RawTable(
        file, header, tuple(rows), tuple(lines), encoding, separator, tuple(faults), header_line
    )


def _is_excel_directive(text: str) -> bool:
    return re.match(r"sep=.\s", text) is not None


def _separator(text: str) -> str:
    """Choose the separator under which the header names most columns of the schema."""
    lines = [line for line in text.splitlines()[:20] if line.strip(_BLANKS + ",;")]
    if lines and _is_excel_directive(lines[0] + "\n"):
        lines = lines[1:]
    head = lines[0] if lines else ""

    def score(separator: str) -> tuple[int, int]:
        names = canonical_header([cell.strip('"') for cell in head.split(separator)])
        return sum(name in COLUMN_NAMES for name in names), len(names)

    return max(SEPARATORS, key=score)


def canonical_header(names: list[str]) -> tuple[str, ...]:
    """Spell the schema's columns as the schema does and leave the others alone.

    Parameters
    ----------
    names : list of str
        In any case, with spaces or hyphens. ``study`` names the study and becomes
        ``study_id``; a column of that name beside it becomes ``study_id_given``.
    """
    tidy = [re.sub(r"[\s_\-]+", "_", name.strip().lower().strip("\ufeff")) for name in names]
    if "study" in tidy:
        tidy = ["study_id_given" if name == "study_id" else name for name in tidy]
        tidy[tidy.index("study")] = "study_id"
    known = {*COLUMN_NAMES, "study_id_given"}
    pairs = zip(names, tidy, strict=True)
    return tuple(new if new in known else old.strip() for old, new in pairs)


def header_faults(header: tuple[str, ...], file: str, line: int = 1) -> list[Fault]:
    """Find columns without a name and names that stand twice."""
    faults = []
    for position, name in enumerate(header, start=1):
        if not name:
            expected = f"a name for column number {position}"
            faults.append(Fault(file, line, "", "", "", expected, "unnamed_column"))
        elif name in header[: position - 1]:
            expected = "each column once"
            faults.append(Fault(file, line, "", name, name, expected, "duplicate_column"))
    return faults


def _fit(
    cells: list[str], width: int, header: tuple[str, ...], file: str, line: int
) -> tuple[tuple[str, ...], Fault | None]:
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    if len(cells) == width:
        return tuple(cells), None
    study = cells[header.index("study_id")] if _has_study(header, cells) else ""
    expected = f"{width} cells, as many as the header has"
    return (), Fault(file, line, study, "", f"{len(cells)} cells", expected, "row_length")


def _has_study(header: tuple[str, ...], cells: list[str]) -> bool:
    return "study_id" in header and header.index("study_id") < len(cells)
