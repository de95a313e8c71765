"""From pooled accuracy to decisions: post-test probabilities, thresholds, net benefit."""

from metadx.decision.dependence import Dependence
from metadx.decision.draws import AccuracyDraws, accuracy_draws
from metadx.decision.frequencies import Frequencies, natural_frequencies
from metadx.decision.inputs import read_inputs
from metadx.decision.net_benefit import DecisionCurve, ValueOfTest, decision_curve, value_of_test
from metadx.decision.posttest import Posttest, PosttestResult, posttest
from metadx.decision.preferred import preferred_strategy_hook
from metadx.decision.pretest import Pretest
from metadx.decision.sequences import two_tests
from metadx.decision.slider import slider
from metadx.decision.strategy import Strategy
from metadx.decision.strategy_results import StrategyResults
from metadx.decision.thresholds import Thresholds, thresholds

__all__ = [
    "AccuracyDraws",
    "DecisionCurve",
    "Dependence",
    "Frequencies",
    "Posttest",
    "PosttestResult",
    "Pretest",
    "Strategy",
    "StrategyResults",
    "Thresholds",
    "ValueOfTest",
    "accuracy_draws",
    "decision_curve",
    "natural_frequencies",
    "posttest",
    "preferred_strategy_hook",
    "read_inputs",
    "slider",
    "thresholds",
    "two_tests",
    "value_of_test",
]
