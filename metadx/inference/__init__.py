"""What is computed from a fit: comparisons, intervals, heterogeneity, influence."""

from metadx.inference.areas import auc_differences
from metadx.inference.bootstrap import Bootstrap, bootstrap
from metadx.inference.comparison import Comparison, LikelihoodRatioTest, PairComparison, compare
from metadx.inference.heterogeneity import Heterogeneity, ISquared, heterogeneity, i_squared
from metadx.inference.homogeneity import HomogeneityTest, homogeneity_test
from metadx.inference.influence import Influence, leave_one_out
from metadx.inference.paired import Dependence, PairedComparison, compare_paired
from metadx.inference.profile import profile

__all__ = [
    "Bootstrap",
    "Comparison",
    "Dependence",
    "Heterogeneity",
    "HomogeneityTest",
    "ISquared",
    "Influence",
    "LikelihoodRatioTest",
    "PairComparison",
    "PairedComparison",
    "auc_differences",
    "bootstrap",
    "compare",
    "compare_paired",
    "heterogeneity",
    "homogeneity_test",
    "i_squared",
    "leave_one_out",
    "profile",
]
