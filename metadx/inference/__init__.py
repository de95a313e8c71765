"""What is computed from a fit: comparisons, intervals, heterogeneity, influence."""

from metadx.inference.comparison import Comparison, LikelihoodRatioTest, PairComparison, compare

__all__ = ["Comparison", "LikelihoodRatioTest", "PairComparison", "compare"]
