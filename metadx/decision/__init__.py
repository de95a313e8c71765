"""From pooled accuracy to decisions: post-test probabilities, thresholds, net benefit."""

from metadx.decision.draws import AccuracyDraws, accuracy_draws

__all__ = ["AccuracyDraws", "accuracy_draws"]
