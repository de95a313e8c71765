"""What is computed from a fit: comparisons, intervals, and everything of an appraisal."""

from metadx.inference.appraisal import Appraisal, appraise
from metadx.inference.areas import auc_differences
from metadx.inference.bootstrap import Bootstrap, bootstrap
from metadx.inference.comparison import Comparison, LikelihoodRatioTest, PairComparison, compare
from metadx.inference.comparison_of_methods import MethodComparison, compare_methods
from metadx.inference.cumulative import Cumulative, cumulative
from metadx.inference.dependence import Dependence
from metadx.inference.heterogeneity import Heterogeneity, ISquared, heterogeneity, i_squared
from metadx.inference.homogeneity import HomogeneityTest, homogeneity_test
from metadx.inference.influence import Influence, leave_one_out
from metadx.inference.outliers import Outliers, outliers
from metadx.inference.paired import PairedComparison, compare_paired
from metadx.inference.prevalence import PrevalenceDependence, prevalence_dependence
from metadx.inference.profile import profile
from metadx.inference.regression import MetaRegression, meta_regression
from metadx.inference.robust import RobustFit, robust_fit
from metadx.inference.robustness import Robustness, robustness
from metadx.inference.small_study import DeeksTest, deeks_test
from metadx.inference.small_study_bivariate import BivariateAsymmetry, noma_test, size_regression
from metadx.inference.subgroups import Subgroups, subgroups
from metadx.inference.worst_case import WorstCase, worst_case

__all__ = [
    "Appraisal",
    "BivariateAsymmetry",
    "Bootstrap",
    "Comparison",
    "Cumulative",
    "DeeksTest",
    "Dependence",
    "Heterogeneity",
    "HomogeneityTest",
    "ISquared",
    "Influence",
    "LikelihoodRatioTest",
    "MetaRegression",
    "MethodComparison",
    "Outliers",
    "PairComparison",
    "PairedComparison",
    "PrevalenceDependence",
    "RobustFit",
    "Robustness",
    "Subgroups",
    "WorstCase",
    "appraise",
    "auc_differences",
    "bootstrap",
    "compare",
    "compare_methods",
    "compare_paired",
    "cumulative",
    "deeks_test",
    "heterogeneity",
    "homogeneity_test",
    "i_squared",
    "leave_one_out",
    "meta_regression",
    "noma_test",
    "outliers",
    "prevalence_dependence",
    "profile",
    "robust_fit",
    "robustness",
    "size_regression",
    "subgroups",
    "worst_case",
]
