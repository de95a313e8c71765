"""The evidence map: which test was studied at which site, and where there is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from metadx.plots.evidence_map_data import BONE_QUALITY
from metadx.report.estimates import StratumRecord
from metadx.report.words import MODALITIES, SITES, order

#: Numbers of studies at which a cell gets the next shade, and what each shade means.
SHADES: Final = ((10, "10 or more studies"), (4, "4 to 9 studies"), (2, "2 or 3 studies"),
                 (1, "one study"), (0, "rows extracted, none pooled"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One test at one site.

    Attributes
    ----------
    main : StratumRecord or None
        Stratum with the most studies; None where nothing was pooled.
    others : tuple of StratumRecord
        The other strata with pooled studies.
    unpooled : tuple of str
        Strata whose rows were all excluded.
    shade : int
        Index into `SHADES`; -1 for a gap in the literature.
    """

    main: StratumRecord | None = None
    others: tuple[StratumRecord, ...] = ()
    unpooled: tuple[str, ...] = ()
    shade: int = -1


@dataclass(frozen=True, slots=True)
class EvidenceMap:
    """A grid of tests by sites.

    Attributes
    ----------
    title : str
        What the grid is about.
    sites : tuple of str
        Codes of the columns.
    rows : tuple of (str, tuple of Cell)
        Code of a test and its cells, one a site.
    """

    title: str
    sites: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def evidence_maps(
    records: Sequence[StratumRecord], unpooled: Iterable[str]
) -> tuple[EvidenceMap, ...]:
    """Lay the strata out by test and site, fractures and bone quality apart.

    Parameters
    ----------
    records : sequence of StratumRecord
        All strata with pooled rows, failed ones included.
    unpooled : iterable of str
        Identifiers of strata without any.
    """
    places = [(r.modality, r.site, r.population, r.stratum, r) for r in records]
    others: list[tuple[str, str, str, str, StratumRecord | None]] = [*places]
    for stratum in unpooled:
        parts = stratum.split("/")
        if len(parts) == 4:
            others.append((parts[0], parts[1], parts[3], stratum, None))
    others = [item for item in others if item[0]]
    maps = []
    for title, bone in (("Fractures", False), ("Bone quality", True)):
        own = [item for item in others if (item[2] in BONE_QUALITY) == bone]
        if own:
            maps.append(_map(title, own))
    return tuple(maps)


def _map(
    title: str, items: Sequence[tuple[str, str, str, str, StratumRecord | None]]
) -> EvidenceMap:
    sites = sorted({item[1] for item in items}, key=lambda site: order(site, SITES))
    tests = sorted({item[0] for item in items}, key=lambda test: order(test, MODALITIES))
    rows = []
    for test in tests:
        cells = []
        for site in sites:
            own = [item for item in items if item[:2] == (test, site)]
            pooled = [record for *_, record in own if record is not None]
            cells.append(_cell(pooled, tuple(i[3] for i in own if i[4] is None)))
        rows.append((test, tuple(cells)))
    return EvidenceMap(title, tuple(sites), tuple(rows))


def _cell(pooled: Sequence[StratumRecord], unpooled: tuple[str, ...]) -> Cell:
    if not pooled:
        return Cell(unpooled=unpooled, shade=len(SHADES) - 1 if unpooled else -1)
    main, *others = sorted(pooled, key=lambda r: (not r.headline, -r.k, -r.k_complete, r.stratum))
    shade = next(i for i, (least, _) in enumerate(SHADES) if main.k >= least)
    return Cell(main, tuple(others), unpooled, shade)
