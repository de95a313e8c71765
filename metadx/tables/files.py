"""Files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_text(path: Path, text: str) -> bool:
    """Write a UTF-8 file through a temporary one, and only where something changes.

    Parameters
    ----------
    path : Path
        Its folder is made where it does not exist.
    text : str
        Written with the line ends it has.

    Returns
    -------
    bool
        Whether the file was written; False where it held the text already.
    """
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    write_bytes(path, data)
    return True


def write_bytes(path: Path, data: bytes, durable: bool = False) -> None:
    """Write a file through a temporary one beside it; its folder is made if need be.

    Parameters
    ----------
    path : Path
        The file; it is replaced if it exists.
    data : bytes
        Its content.
    durable : bool
        Whether the content is on the disk, and not only on its way, before the file has its
        name: what a sudden loss of power requires.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
