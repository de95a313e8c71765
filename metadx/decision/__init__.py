"""From pooled accuracy to decisions: post-test probabilities, thresholds, net benefit."""

from metadx.decision.draws import AccuracyDraws, accuracy_draws
from metadx.decision.frequencies import Frequencies, natural_frequencies
from metadx.decision.net_benefit import DecisionCurve, ValueOfTest, decision_curve, value_of_test
from metadx.decision.posttest import Posttest, PosttestResult, posttest
from metadx.decision.pretest import Pretest
from metadx.decision.sequences import two_tests
from metadx.decision.slider import slider
from metadx.decision.thresholds import Thresholds, thresholds

__all__ = [
    "AccuracyDraws",
    "DecisionCurve",
    "Frequencies",
    "Posttest",
    "PosttestResult",
    "Pretest",
    "Thresholds",
    "ValueOfTest",
    "accuracy_draws",
    "decision_curve",
    "natural_frequencies",
    "posttest",
    "slider",
    "thresholds",
    "two_tests",
    "value_of_test",
]
