"""The SROC plot: one test, or several in the same ROC space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.models import BivariateResults
from metadx.models.corrected_region import corrected_region
from metadx.plots.captions import model_captions, name_sentences
from metadx.plots.covariates import CovariateScale, covariate_scale
from metadx.plots.groups import FitSource
from metadx.plots.judgements import JudgementSource, RiskOfBias, risk_of_bias
from metadx.plots.roc_space import draw_roc_space
from metadx.plots.sroc_data import (
    BOTH,
    PARTS,
    curve_kinds,
    curve_of,
    fits_of,
    radii_of,
    regions_of,
    sroc_data,
)
from metadx.sroc import CORRECTED, RADII, threshold_sentence
from metadx.tables import label

#: Which drawn part each row of the data belongs to; studies and summary are always drawn.
PART_OF: Final = {
    "curve": "curve",
    "outside": "curve",
    "confidence_region": "confidence",
    "prediction_region": "prediction",
}
LABELS: Final = (False, True, "names", "numbers")
AREA_WORDS: Final = "Study (height: diseased, width: non-diseased)"
SLICE_WORDS: Final = "Study; a line leads to where it belongs"


def plot_sroc(
    source: FitSource,
    ax: Axes | None = None,
    *,
    title: str | None = None,
    curve: str | Sequence[str] = "hsroc",
    region_radius: str = "f",
    show: Sequence[str] = PARTS,
    extrapolate: bool = False,
    x: str = "fpr",
    join: bool = True,
    inset: bool = True,
    labels: bool | str = False,
    color_by: str | None = None,
    quadas: JudgementSource | None = None,
    size: str = "two-column",
    width: float | None = None,
) -> Axes:
    """Draw studies, summary point, SROC curve and regions in ROC space.

    Parameters
    ----------
    source : BivariateResults, Comparison, or a dict or list of fits
        One test; or several by modality code (or any name), overlaid; the groups of a
        comparison have the points of its joint model.
    ax : Axes, optional
        Axes to draw on. A figure of the right height by default.
    title : str, optional
        The stratum of a single test by default; empty for none.
    curve : str or sequence of str
        Kind of SROC curve, see `sroc_data`; of one test several may be drawn.
    region_radius : {"f", "chi2", "both", "ito_sugasawa"}
        Radius of the regions, see `sroc_data`.
    show : sequence of {"curve", "confidence", "prediction"}
        What is drawn beside studies and summary point.
    extrapolate : bool
        Whether the curve goes on, dashed, outside the observed false-positive rates.
    x : {"fpr", "specificity"}
        What the horizontal axis says: 1 - specificity, or specificity from 1 to 0.
    join : bool
        Whether thin lines join the rows of one study in several tests.
    inset : bool
        Whether the corner of a good test is enlarged where all studies crowd in it.
    labels : bool or {"names", "numbers"}
        Whether the studies have their names beside them, or numbers with a key below; True
        takes names where there is room for all, else numbers.
    color_by : str, optional
        Column of the study table that colours the studies.
    quadas : QuadasTable or DataFrame, optional
        Judgements (study_id, domain, judgement): a study is a disc with a slice for each
        domain, and stands aside with a line where discs would cover each other.
    size : {"one-column", "two-column", "slide"}
        What the figure is made for.
    width : float, optional
        Width of a new figure that is no slide (millimetres).

    Returns
    -------
    Axes
        Square, with the false-positive rate as x and sensitivity as y.

    Raises
    ------
    OptionError
        If an option is not allowed or there is no fit.

    Notes
    -----
    A study's mark is as high as the root of its diseased, as wide as the root of its
    non-diseased. A study with one margin is a tick at the axis of that margin.
    """
    fits = fits_of(source)
    _check(show, x, curve, region_radius, fits, color_by, quadas, labels)
    whole = sroc_data(fits, curve=curve, region_radius=region_radius, color_by=color_by)
    return draw_roc_space(
        drawn_parts(whole, show, extrapolate),
        fits,
        ax,
        title=title,
        captions=sroc_captions(fits, curve, region_radius, show),
        covariate=covariate_from(whole, color_by),
        bias=_bias(fits, quadas),
        study=AREA_WORDS if quadas is None else SLICE_WORDS,
        x=x,
        join=join,
        inset=inset,
        labels=labels,
        size=size,
        width=width,
    )


def sroc_captions(
    fits: Mapping[str, BivariateResults],
    curve: str | Sequence[str],
    region_radius: str,
    show: Sequence[str] = PARTS,
) -> list[str]:
    """Return the sentences below an SROC plot: models, and what is not drawn and why.

    Parameters
    ----------
    fits : dict
        Fits by test.
    curve, region_radius
        See `sroc_data`.
    show : sequence of str
        What is drawn where it applies.
    """
    found: dict[str, list[str]] = {}
    for test, fit in fits.items():
        sentences = model_captions(fit)
        lines = [curve_of(fit, kind) for kind in curve_kinds(curve)]
        reasons = [line.reason for line in lines if isinstance(line, NotApplicable)]
        if "curve" in show and reasons:
            for reason in dict.fromkeys(reasons):
                sentences += _why_not("SROC curve", reason, sentences)
        if "curve" in show and len(reasons) < len(lines) and _rises_together(fit):
            sentence = threshold_sentence("").removeprefix(": ")
            sentences.append(sentence[:1].upper() + sentence[1:] + ".")
        regions = [
            one for radius in radii_of(region_radius) for one in regions_of(fit, radius).values()
        ]
        missing = [one.reason for one in regions if isinstance(one, NotApplicable)]
        if region_radius == CORRECTED and "confidence" in show:
            sentences += _corrected_captions(fit, regions[0], sentences)
        elif missing and ("confidence" in show or "prediction" in show):
            sentences += _why_not("region", missing[0], sentences)
        for sentence in sentences:
            found.setdefault(sentence, []).append(label("modality", test))
    return name_sentences(found)


def _corrected_captions(fit: BivariateResults, region: object, said: Sequence[str]) -> list[str]:
    """Say whose centre the region corrected for few studies has, or why there is none."""
    if isinstance(region, NotApplicable):
        return _why_not("confidence region", region.reason, said)
    found = corrected_region(fit, fit.level)
    notes = (
        []
        if isinstance(found, NotApplicable)
        else [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in found.warnings]
    )
    return [
        "The confidence region is corrected for few studies and lies around its own moment "
        "estimate (Ito & Sugasawa 2020).",
        *notes,
    ]


def _rises_together(fit: BivariateResults) -> bool:
    """Whether studies with a higher sensitivity also have a higher specificity."""
    cov = fit.between_study_cov
    return not isinstance(cov, NotApplicable) and bool(cov[0, 1] > 0)


def _why_not(what: str, reason: str, said: Sequence[str]) -> list[str]:
    """Say why something is not drawn, unless the same reason stands there already."""
    if not reason or any(reason in sentence for sentence in said):
        return []
    return [f"No {what}: {reason}."]


def _check(
    show: Sequence[str],
    x: str,
    curve: str | Sequence[str],
    region_radius: str,
    fits: Mapping[str, BivariateResults],
    color_by: str | None,
    quadas: JudgementSource | None,
    labels: bool | str,
) -> None:
    check_show(show)
    if x not in ("fpr", "specificity"):
        raise OptionError(f'x is {x!r}; it is "fpr" or "specificity"')
    radii = (*RADII, BOTH, CORRECTED)
    if region_radius not in radii:
        raise OptionError(f"radius is {region_radius!r}; it is one of {', '.join(radii)}")
    if len(fits) > 1 and len(curve_kinds(curve)) > 1:
        raise OptionError("several kinds of curve are drawn of one test only; name one kind")
    if labels not in LABELS:
        raise OptionError(f'labels is {labels!r}; it is True, False, "names" or "numbers"')
    if color_by is not None and quadas is not None:
        raise OptionError("color_by and quadas both colour the studies; leave one out")


def check_show(show: Sequence[str]) -> None:
    """Refuse a part that there is not."""
    unknown = [part for part in show if part not in PARTS]
    if unknown:
        raise OptionError(f"show has {unknown[0]!r}; it may have {', '.join(PARTS)}")


def covariate_from(data: pd.DataFrame, name: str | None) -> CovariateScale | None:
    """Return the colours of the column ``covariate`` of `sroc_data`; None without one."""
    if name is None:
        return None
    studies = data["part"].isin(["study", "sensitivity_only", "specificity_only"])
    return covariate_scale(data.loc[studies, "covariate"], name)


def _bias(
    fits: Mapping[str, BivariateResults], quadas: JudgementSource | None
) -> RiskOfBias | None:
    """Judgements of the rows of all tests, one test after the other."""
    if quadas is None:
        return None
    found = [risk_of_bias(fit.table, quadas) for fit in fits.values()]
    versions = sorted({one.domains.version for one in found})
    if len(versions) > 1:
        raise OptionError(
            f"the tests are judged with {' and '.join(versions)}, whose domains differ; "
            "draw them one by one"
        )
    return RiskOfBias(found[0].domains, tuple(row for one in found for row in one.rows))


def drawn_parts(data: pd.DataFrame, show: Sequence[str], extrapolate: bool) -> pd.DataFrame:
    """Keep the parts that are drawn; the curve beyond the studies becomes ``"outside"``."""
    far = (data["part"] == "curve") & ~data["observed"].fillna(True)
    data = data.assign(part=data["part"].mask(far, "outside"))
    shown = data["part"].map(PART_OF).fillna("always").isin(["always", *show])
    return data[shown & (~far | extrapolate)]
