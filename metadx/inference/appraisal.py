"""Everything that stands between a pooled number and a publishable one, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from metadx.errors import OptionError
from metadx.estimate import NotApplicable
from metadx.inference.comparison_of_methods import MethodComparison, compare_methods
from metadx.inference.cumulative import Cumulative, cumulative
from metadx.inference.headline import Followed, check_pretest, counted
from metadx.inference.heterogeneity import Heterogeneity, heterogeneity
from metadx.inference.influence import Influence, leave_one_out
from metadx.inference.outliers import Outliers, outliers
from metadx.inference.prevalence import PrevalenceDependence, prevalence_dependence
from metadx.inference.robust import RobustFit, robust_fit
from metadx.inference.robustness import Robustness, robustness
from metadx.inference.small_study import DeeksTest, deeks_test
from metadx.inference.small_study_bivariate import (
    BivariateAsymmetry,
    noma_test,
    size_regression,
)
from metadx.inference.worst_case import WorstCase, worst_case
from metadx.models import BivariateModel, BivariateResults
from metadx.tables import StudyTable, stratum_label
from metadx.tables.quadas import QuadasTable, overall

#: Parts of an appraisal by attribute, with the heading that each has in a report.
SECTIONS: Final = {
    "heterogeneity": "Differences between studies",
    "influence": "Influence of single studies",
    "outliers": "Studies against what the others predict",
    "deeks": "Small-study effects: Deeks' test",
    "score": "Small-study effects: both margins, score test (exploratory)",
    "sizes": "Small-study effects: both margins, regression on size (exploratory)",
    "selection": "Unpublished studies: worst-case bounds (exploratory)",
    "prevalence": "Dependence on prevalence",
    "cumulative": "Cumulative by year",
    "methods": "Old against new",
    "robustness": "Robustness",
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
    also : dict of callables
        Further quantities that are followed when a study is left out, for example the
        strategy that comes out best.
    """

    fit: BivariateResults
    pretest: float | None
    seed: int
    risk_of_bias: Mapping[str, str]
    also: Mapping[str, Followed]

    @cached_property
    def heterogeneity(self) -> Heterogeneity:
        """Differences between the studies."""
        return heterogeneity(self.fit)

    @cached_property
    def influence(self) -> Influence | NotApplicable:
        """Every headline quantity without each study."""
        return leave_one_out(self.fit, self.pretest, self.also)

    @cached_property
    def outliers(self) -> Outliers | NotApplicable:
        """Each study tested against the fit to the others."""
        if isinstance(self.influence, NotApplicable):
            return self.influence
        return outliers(self.influence, seed=self.seed)

    @cached_property
    def robust(self) -> RobustFit | NotApplicable:
        """The fit with heavy-tailed study effects."""
        return robust_fit(self.fit)

    @cached_property
    def methods(self) -> MethodComparison | NotApplicable:
        """What older ways of pooling say of the same studies."""
        return compare_methods(self.fit)

    @cached_property
    def robustness(self) -> Robustness | NotApplicable:
        """The headline under every other defensible choice."""
        return robustness(self.fit, self.risk_of_bias, self.influence, self.robust)

    @cached_property
    def deeks(self) -> DeeksTest | NotApplicable:
        """Deeks' test of funnel plot asymmetry."""
        return deeks_test(self.fit.table, level=self.fit.level)

    @cached_property
    def score(self) -> BivariateAsymmetry | NotApplicable:
        """Noma's score test of both margins."""
        return noma_test(self.fit)

    @cached_property
    def sizes(self) -> BivariateAsymmetry | NotApplicable:
        """Exact regression of both margins on the size of the arms."""
        return size_regression(self.fit)

    @cached_property
    def selection(self) -> WorstCase | NotApplicable:
        """What the worst selection of published studies could have done; exploratory."""
        return worst_case(self.fit)

    @cached_property
    def prevalence(self) -> PrevalenceDependence | NotApplicable:
        """Whether sensitivity and specificity change with prevalence."""
        return prevalence_dependence(self.fit)

    @cached_property
    def cumulative(self) -> Cumulative | NotApplicable:
        """Pooled values as the studies appeared, by year."""
        return cumulative(self.fit, pretest=self.pretest)

    @property
    def title(self) -> str:
        """The stratum in words, or the name of the table."""
        ids = set(self.fit.table.stratum_ids())
        return stratum_label(ids.pop()) if len(ids) == 1 else self.fit.table.name

    def sections(self) -> dict[str, str]:
        """Return the text of each part by its heading, in the order of a report."""
        return {heading: said(getattr(self, name)) for name, heading in SECTIONS.items()}

    def summary(self) -> str:
        """Return the whole appraisal as text."""
        out = [f"Appraisal of {self.title} ({counted(self.fit.k)})"]
        out += [f"Model: {self.fit.model_sentence}", f"Intervals: {100 * self.fit.level:g}%"]
        for heading, text in self.sections().items():
            out += ["", heading, "-" * len(heading), text]
        return "\n".join(out)


def appraise(
    table_or_fit: StudyTable | BivariateResults,
    pretest: float | None = None,
    seed: int = 1,
    quadas: Mapping[str, str] | QuadasTable | None = None,
    also: Mapping[str, Followed] | None = None,
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
    quadas : dict of str, or QuadasTable, optional
        Risk of bias of each study by identifier: ``"low"``, ``"high"`` or ``"unclear"``; or
        the judgements, from which one word follows by the rule of
        :mod:`metadx.tables.quadas`.
    also : dict of callables, optional
        Further quantities of a fit to follow, see :func:`metadx.inference.leave_one_out`.

    Raises
    ------
    OptionError
        If a judgement, the pretest probability or the seed is not an allowed one.
    ModelError
        If there is nothing to pool.
    """
    check_pretest(pretest)
    if seed < 0:
        raise OptionError(f"seed is {seed}; it is a whole number from 0 up")
    fit: Any = table_or_fit
    if isinstance(table_or_fit, StudyTable):
        fit = BivariateModel(table_or_fit).fit()
    return Appraisal(fit, pretest, seed, _judged(fit.table, quadas), dict(also or {}))


def _judged(table: StudyTable, quadas: Mapping[str, str] | QuadasTable | None) -> dict[str, str]:
    """One word for the risk of bias of each judged study."""
    if isinstance(quadas, QuadasTable):
        version = quadas.main_version(table)
        if isinstance(version, NotApplicable):
            return {}
        words = overall(quadas.judgements(table, version))
        ids = table.frame["study_id"].astype(str)
        return {study: word for study, word in zip(ids, words, strict=True) if word}
    found = dict(quadas or {})
    wrong = sorted({value for value in found.values() if value not in JUDGEMENTS})
    if wrong:
        raise OptionError(
            f"the risk of bias is {', '.join(map(repr, wrong))}; it is {', '.join(JUDGEMENTS)}"
        )
    return found


#: Judgements of the risk of bias.
JUDGEMENTS: Final = ("low", "high", "unclear")


def said(part: Any) -> str:
    """Return a part as text: its summary, its sentence, or why it does not apply."""
    if isinstance(part, NotApplicable):
        return str(part)
    return str(part.summary() if hasattr(part, "summary") else part.sentence)
