"""Everything that stands between a pooled number and a publishable one, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.headline import check_pretest
from metadx.inference.heterogeneity import Heterogeneity, heterogeneity
from metadx.inference.influence import Influence, leave_one_out
from metadx.inference.small_study import DeeksTest, deeks_test
from metadx.models import BivariateModel, BivariateResults
from metadx.tables import StudyTable

#: Parts of an appraisal by attribute, with the heading that each has in a report.
SECTIONS: Final = {
    "heterogeneity": "Differences between studies",
    "influence": "Influence of single studies",
    "deeks": "Small-study effects: Deeks' test",
}


@dataclass(frozen=True)
class Appraisal:
    """Appraisal of one stratum; each part is computed when it is first asked for.

    Attributes
    ----------
    fit : BivariateResults
        The exact fit that is appraised.
    pretest : float or None
        Pretest probability of the post-test probabilities.
    seed : int
        Seed of everything that is simulated.
    risk_of_bias : dict of str
        ``"low"``, ``"high"`` or ``"unclear"`` by study identifier; empty where it was not
        judged.
    """

    fit: BivariateResults
    pretest: float | None
    seed: int
    risk_of_bias: Mapping[str, str]

    @cached_property
    def heterogeneity(self) -> Heterogeneity:
        """Differences between the studies."""
        return heterogeneity(self.fit)

    @cached_property
    def influence(self) -> Influence | NotApplicable:
        """Every headline quantity without each study."""
        return leave_one_out(self.fit, self.pretest)

    @cached_property
    def deeks(self) -> DeeksTest | NotApplicable:
        """Deeks' test of funnel plot asymmetry."""
        return deeks_test(self.fit.table, level=self.fit.level)

    def sections(self) -> dict[str, str]:
        """Return the text of each part by its heading, in the order of a report."""
        return {heading: said(getattr(self, name)) for name, heading in SECTIONS.items()}

    def summary(self) -> str:
        """Return the whole appraisal as text."""
        out = [f"Appraisal of {self.fit.table.name} ({self.fit.k} studies)"]
        for heading, text in self.sections().items():
            out += ["", heading, "-" * len(heading), text]
        return "\n".join(out)


def appraise(
    table_or_fit: StudyTable | BivariateResults,
    pretest: float | None = None,
    seed: int = 1,
    quadas: Mapping[str, str] | None = None,
) -> Appraisal:
    """Appraise one stratum.

    Parameters
    ----------
    table_or_fit : StudyTable or BivariateResults
        Studies of one stratum, pooled by the exact model; or such a fit.
    pretest : float, optional
        Pretest probability; with it post-test probabilities are appraised too.
    seed : int
        Seed of everything that is simulated.
    quadas : dict of str, optional
        Risk of bias of each study by identifier: ``"low"``, ``"high"`` or ``"unclear"``.

    Raises
    ------
    OptionError
        If a judgement or the pretest probability is not an allowed one.
    ModelError
        If there is nothing to pool.
    """
    check_pretest(pretest)
    judged = dict(quadas or {})
    wrong = sorted({value for value in judged.values() if value not in JUDGEMENTS})
    if wrong:
        raise OptionError(
            f"the risk of bias is {', '.join(map(repr, wrong))}; it is {', '.join(JUDGEMENTS)}"
        )
    fit: Any = table_or_fit
    if isinstance(table_or_fit, StudyTable):
        fit = BivariateModel(table_or_fit).fit()
    return Appraisal(fit, pretest, seed, judged)


#: Judgements of the risk of bias.
JUDGEMENTS: Final = ("low", "high", "unclear")


def said(part: Any) -> str:
    """Return a part as text: its summary, its sentence, or why it does not apply."""
    if isinstance(part, NotApplicable):
        return str(part)
    return str(part.summary() if hasattr(part, "summary") else part.sentence)
