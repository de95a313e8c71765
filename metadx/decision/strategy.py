"""Stratified strategies: from a small file to outcomes per 1,000 patients."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metadx.decision.distributions import fixed
from metadx.decision.draws import N_DRAWS, AccuracyDraws, accuracy_draws
from metadx.decision.inputs import Input, read_inputs
from metadx.decision.strategy_dependence import (
    Given,
    dependence_given,
    dependence_warnings,
)
from metadx.decision.strategy_evidence import (
    Support,
    decision_warnings,
    evidence_warnings,
    path_warnings,
    quantity_warnings,
    support_of,
)
from metadx.decision.strategy_file import read_plan
from metadx.decision.strategy_flow import flow_of
from metadx.decision.strategy_nodes import MARGINS, Borrowed, IndexTest, Plan, Quantity
from metadx.decision.strategy_results import StrategyResults
from metadx.errors import MetadxWarning, OptionError
from metadx.models import BivariateModel, BivariateResults
from metadx.tables import StudyTable, read_studies
from metadx.tables.input_columns import FILE_NAME

FloatArray = NDArray[np.float64]

FOLDER: Final = "strategies"


@dataclass(frozen=True)
class Strategy:
    """A strategy file on the study tables: one strategy, or several that compete.

    Make one with :meth:`from_file`.

    Attributes
    ----------
    plan : Plan
        What the file says.
    strata : dict of str to StudyTable
        Pooled rows of the study tables by stratum.
    inputs : dict of str to Input
        Inputs that are not accuracy.
    """

    plan: Plan
    strata: Mapping[str, StudyTable]
    inputs: Mapping[str, Input]
    _drawn: dict[tuple[str, int, int, str | None], AccuracyDraws] = field(
        default_factory=dict, repr=False
    )
    _fits: dict[str, BivariateResults] = field(default_factory=dict, repr=False)

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        studies: StudyTable | str | Path = "studies",
        inputs: Mapping[str, Input] | str | Path | None = None,
    ) -> Strategy:
        """Read a strategy file and check it against the study tables and the inputs.

        Parameters
        ----------
        path : str or Path
            A TOML file.
        studies : StudyTable, str or Path
            Study tables, or their folder.
        inputs : mapping, str or Path, optional
            Inputs that are not accuracy, or their file. By default
            ``studies/strategy_inputs.csv`` beside the strategy file or in a folder above it.

        Raises
        ------
        StrategyError
            With all faults of the file.
        StudyTableError
            With all faults of the study tables or the inputs.
        """
        table = studies if isinstance(studies, StudyTable) else read_studies(studies)
        if inputs is None:
            found = find_inputs(Path(path), None if isinstance(studies, StudyTable) else studies)
            inputs = read_inputs(found) if found else {}
        elif not isinstance(inputs, Mapping):
            inputs = read_inputs(inputs)
        strata = table.pooled().strata()
        return cls(read_plan(path, strata, inputs), strata, inputs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the strategies, in the order of the file."""
        return tuple(self.plan.trees)

    def with_fit(self, stratum: str, fit: BivariateResults) -> Strategy:
        """Return the same strategies with another fit of one stratum.

        Parameters
        ----------
        stratum : str
            Its identifier; draws of the other strata are kept.
        fit : BivariateResults
            What its accuracy is drawn from, for example a fit without one of the studies.
        """
        kept = {key: draws for key, draws in self._drawn.items() if key[0] != stratum}
        return replace(self, _drawn=kept, _fits={**self._fits, stratum: fit})

    def evaluate(
        self,
        prevalence: float | str | None = None,
        draws: int = N_DRAWS,
        seed: int = 1,
        *,
        new_setting: bool = False,
        source: str | None = None,
        threshold: float | None = None,
        willingness_to_pay: float | None = None,
        dependence: Given | None = None,
        level: float = 0.95,
    ) -> StrategyResults:
        """Send patients through every strategy of the file.

        Parameters
        ----------
        prevalence : float or str, optional
            Pretest probability, or the identifier of an input; the file's by default.
        draws : int
            Number of draws.
        seed : int
            Seed; the same seed gives the same results. Every uncertain number has its own
            stream, so that a test added to a file leaves the draws of the others as they are.
        new_setting : bool
            Accuracy of a new hospital (between-study variation added) instead of the average.
        source : {"posterior", "maximum likelihood"}, optional
            As for :func:`metadx.decision.accuracy_draws`.
        threshold : float, optional
            Probability of a fracture from which treating is right; the file's by default.
        willingness_to_pay : float, optional
            Money that finding one more fracture is worth; the file's by default.
        dependence : float, PairedComparison or mapping, optional
            Between tests of one patient whose studies do not condition on each other: a share
            of the covariance bound for all of them; what cross-classified studies show
            (:func:`metadx.inference.compare_paired`) wherever its two tests, by their names or
            modalities, follow each other; or a `Dependence` or `PairedComparison` by strategy,
            node and earlier test (empty for tests that are read together).
        level : float
            Share of the draws in an interval.

        Raises
        ------
        OptionError
            If an argument is not allowed.
        """
        self._check(draws, level, threshold, willingness_to_pay)
        supports: dict[str, tuple[Support, Support]] = {}
        values: dict[str, FloatArray] = {}
        notes: list[str] = []
        for test in self._used():
            supports[test.name] = self._accuracy(test, draws, seed, source, new_setting, values)
        for quantity in self.plan.quantities().values():
            if quantity.name != self.plan.prevalence.name:
                values[quantity.name] = _drawn(quantity, draws, seed)
        share = self._prevalence(prevalence)
        values["prevalence"] = _drawn(share, draws, seed)
        given = dependence_given(self.plan, supports, dependence, draws, seed)
        flows = {}
        for name, tree in self.plan.trees.items():
            flows[name] = flow_of(tree, self.plan, values, given.get(name))
            notes += path_warnings(self.plan, tree, supports)
        said = [
            f"Pretest probability: {share.source}{'; ' if share.basis else ''}{share.basis}.",
            *decision_warnings(self.plan, threshold, willingness_to_pay),
            *dependence_warnings(self.plan, given),
            *evidence_warnings(self.plan, supports), *notes,
            *quantity_warnings(replace(self.plan, prevalence=share)),
        ]  # fmt: skip
        return StrategyResults(
            self.plan, flows, values, values["prevalence"], supports, given, level, seed, draws,
            new_setting,
            _or_mean(threshold, self.plan.threshold),
            _or_mean(willingness_to_pay, self.plan.value_of_finding),
            tuple(dict.fromkeys(said)),
        )  # fmt: skip

    @staticmethod
    def _check(
        draws: int, level: float, threshold: float | None, willingness: float | None
    ) -> None:
        if draws < 2:
            raise OptionError(f"draws is {draws}; there have to be at least two")
        if not 0.0 < level < 1.0:
            raise OptionError(f"level is {level}; it has to lie between 0 and 1, for example 0.95")
        if threshold is not None and not 0.0 < threshold < 1.0:
            raise OptionError(f"threshold is {threshold}; it has to lie between 0 and 1")
        if willingness is not None and not 0.0 <= willingness < float("inf"):
            raise OptionError(f"willingness_to_pay is {willingness}; it is money from 0 up")

    def _used(self) -> list[IndexTest]:
        used = {test for tree in self.plan.trees.values() for test in tree.tests()}
        return [test for name, test in self.plan.tests.items() if name in used]

    def draws_of(
        self, stratum: str, n: int = N_DRAWS, seed: int = 1, source: str | None = None
    ) -> AccuracyDraws:
        """Return draws of the accuracy in a stratum, fitted and drawn once."""
        key = (stratum, n, seed, source)
        if key not in self._drawn:
            if stratum not in self._fits:
                with warnings.catch_warnings():
                    # What the fit warns of stands on the results, in words of their own.
                    warnings.simplefilter("ignore", MetadxWarning)
                    fit = BivariateModel(self.strata[stratum]).fit()
                assert isinstance(fit, BivariateResults)
                self._fits[stratum] = fit
            self._drawn[key] = accuracy_draws(self._fits[stratum], n, seed, source)
        return self._drawn[key]

    def _accuracy(
        self,
        test: IndexTest,
        n: int,
        seed: int,
        source: str | None,
        new_setting: bool,
        values: dict[str, FloatArray],
    ) -> tuple[Support, Support]:
        own = self.draws_of(test.stratum, n, seed, source) if test.stratum else None
        borrowed = {
            one.stratum: self.draws_of(one.stratum, n, seed, source)
            for one in test.assumed.values()
            if isinstance(one, Borrowed)
        }
        for column, margin in enumerate(MARGINS):
            place = f"tests.{test.name}.{margin}"
            if own is not None and own.k[column] > 0:
                values[place] = own.probabilities(new_setting)[:, column]
                continue
            stated = test.assumed[margin]
            if isinstance(stated, Borrowed):
                values[place] = borrowed[stated.stratum].probabilities(new_setting)[:, column]
            else:
                values[place] = _drawn(stated, n, seed)
        return support_of(test, own, borrowed)

    def _prevalence(self, given: float | str | None) -> Quantity:
        if given is None:
            return self.plan.prevalence
        if isinstance(given, str):
            one = self.inputs.get(given)
            if one is None or one.quantity != "prevalence" or not one.use:
                known = [
                    i.input_id
                    for i in self.inputs.values()
                    if i.quantity == "prevalence" and i.use and i.site == self.plan.site
                ]
                raise OptionError(
                    f"there is no usable prevalence {given!r}; give a probability such as 0.39, or "
                    f"an input, for the {self.plan.site} {', '.join(known) or 'there is none'}"
                )
            return Quantity(given, one.distribution, one.source, False, one.basis)
        if not 0.0 <= given <= 1.0:
            raise OptionError(f"prevalence is {given}; it is a probability from 0 to 1")
        return Quantity("prevalence", fixed(float(given)), f"{100.0 * given:g} %, as asked for")


def _or_mean(given: float | None, quantity: Quantity | None) -> float | None:
    """Return what was asked for, or else the mean of what the file says."""
    if given is not None or quantity is None:
        return given
    return quantity.distribution.mean


def _drawn(quantity: Quantity, n: int, seed: int) -> FloatArray:
    """Draw a quantity from a stream of its own."""
    rng = np.random.default_rng([seed, zlib.crc32(quantity.name.encode())])
    return quantity.distribution.draw(n, rng)


def find_inputs(path: Path, studies: str | Path | None = None) -> Path | None:
    """Find the table of inputs that belongs to a strategy file.

    Parameters
    ----------
    path : Path
        The strategy file.
    studies : str or Path, optional
        Folder of the study tables, looked at first.
    """
    near = [parent / "studies" for parent in path.resolve().parents]
    candidates = [Path(studies), *near] if studies is not None else near
    return next((one / FILE_NAME for one in candidates if (one / FILE_NAME).is_file()), None)


def find_strategy(name: str, folder: str | Path = "analyses") -> Path:
    """Return the strategy file of a name, or the path itself where it is a file.

    Raises
    ------
    OptionError
        If there is none; the message lists what there is.
    """
    direct = Path(name)
    if direct.suffix == ".toml" or direct.is_file():
        return direct
    place = Path(folder) / FOLDER
    found = place / f"{name}.toml"
    if found.is_file():
        return found
    known = sorted(one.stem for one in place.glob("*.toml"))
    raise OptionError(
        f"there is no strategy {name!r} in {place.as_posix()}; "
        f"there are {', '.join(known) or 'none'}, or give the path of a .toml file"
    )


def share_or_input(text: str | None) -> float | str | None:
    """Read a pretest probability as people type it: a number, or the identifier of an input."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text
