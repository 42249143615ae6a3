"""shrinkage's solvers as scikit-learn estimators: the same signatures and attributes, and a certificate.

All names take the place of what has the same name in `sklearn.linear_model` and `sklearn.kernel_ridge`, but for
`AdaptiveLasso` and `RelaxedLasso`, which are ours alone. Fitted estimators carry `certificate_` as well; the linear
ones, but for `SGDRegressor` and `SGDClassifier`, know their `effective_dof_`, and those of ridge and, but for
`LassoLarsIC`, of the lasso take `penalty_factor`.
Needs scikit-learn 1.6 or later: ``pip install "shrinkage[sklearn]"``.
"""

from __future__ import annotations

from .._extras import require

# scikit-learn 1.6 brought the function that checks data for estimators of other packages
if not hasattr(require("sklearn.utils.validation", extra="sklearn"), "validate_data"):
    raise ImportError(
        "shrinkage.sklearn needs scikit-learn 1.6 or later, and what is installed is older: "
        'pip install --upgrade "shrinkage[sklearn]"'
    )

from ._bayes import BayesianRidge
from ._classifier import RidgeClassifier, RidgeClassifierCV
from ._elastic_net import ElasticNet, Lasso
from ._elastic_net_cv import ElasticNetCV, LassoCV
from ._elastic_net_paths import enet_path, lasso_path
from ._kernel_ridge import KernelRidge
from ._lasso_variants import AdaptiveLasso, LassoLarsIC
from ._multi_task import MultiTaskElasticNet, MultiTaskElasticNetCV, MultiTaskLasso, MultiTaskLassoCV
from ._refits import RelaxedLasso
from ._ridge import Ridge, RidgeCV, ridge_regression
from ._stochastic import SGDRegressor
from ._stochastic_classifier import SGDClassifier

__all__ = [
    "AdaptiveLasso",
    "BayesianRidge",
    "ElasticNet",
    "ElasticNetCV",
    "KernelRidge",
    "Lasso",
    "LassoCV",
    "LassoLarsIC",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "RelaxedLasso",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "SGDRegressor",
    "enet_path",
    "lasso_path",
    "ridge_regression",
]
