"""From pooled accuracy to decisions: post-test probabilities, thresholds, net benefit."""

from metadx.decision.draws import AccuracyDraws, accuracy_draws
from metadx.decision.frequencies import Frequencies, natural_frequencies
from metadx.decision.posttest import Posttest, PosttestResult, posttest
from metadx.decision.pretest import Pretest

__all__ = [
    "AccuracyDraws",
    "Frequencies",
    "Posttest",
    "PosttestResult",
    "Pretest",
    "accuracy_draws",
    "natural_frequencies",
    "posttest",
]
