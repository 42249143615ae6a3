"""scikit-learn's checks of what an estimator must do."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from shrinkage.sklearn import (
    AdaptiveLasso,
    ElasticNet,
    ElasticNetCV,
    KernelRidge,
    Lasso,
    LassoCV,
    LassoLarsIC,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    RelaxedLasso,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)

#: What scikit-learn excuses its own Ridge from: n_iter_ is None for solvers that do not iterate.
EXCUSED = {"check_non_transformer_estimators_n_iter": "direct solvers have no iterations"}
#: What it excuses its own SGDClassifier and SGDRegressor from.
STOCHASTIC = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "the losses are divided by the number of rows, as in scikit-learn, and a row of no weight is a step",
)

ESTIMATORS = [
    Ridge(),
    Ridge(fit_intercept=False, alpha=1e-3),
    Ridge(solver="svd"),
    Ridge(solver="cholesky"),
    Ridge(solver="lsqr", tol=1e-10),
    Ridge(solver="sparse_cg", tol=1e-10),
    Ridge(solver="saga", tol=1e-10),
    Ridge(positive=True),
    RidgeCV(),
    RidgeCV(scoring="neg_mean_absolute_error"),
    RidgeCV(cv=3),
    RidgeCV(cv=3, scoring="neg_mean_absolute_error"),
    RidgeClassifier(),
    RidgeClassifier(solver="lsqr", tol=1e-10),
    RidgeClassifierCV(),
    RidgeClassifierCV(scoring="accuracy"),
    RidgeClassifierCV(cv=3),
    KernelRidge(),
    KernelRidge(kernel="rbf", alpha=0.1),
    ElasticNet(),
    ElasticNet(l1_ratio=0.0),
    ElasticNet(positive=True),
    Lasso(),
    Lasso(warm_start=True, precompute=True),
    LassoCV(cv=3),
    ElasticNetCV(l1_ratio=[0.3, 0.9], cv=3, alphas=10),
    LassoLarsIC(noise_variance=1.0),
    AdaptiveLasso(),
    RelaxedLasso(),
    RelaxedLasso(0.01, phi=0.5),
    MultiTaskElasticNet(),
    MultiTaskElasticNet(l1_ratio=0.0),
    MultiTaskLasso(),
    MultiTaskLasso(warm_start=True),
    MultiTaskLassoCV(cv=3),
    MultiTaskElasticNetCV(l1_ratio=[0.3, 0.9], cv=3, alphas=10),
    SGDRegressor(),
    SGDRegressor(penalty="elasticnet", average=True, batch_size=8, optimizer="adam"),
    SGDRegressor(solver="saga"),
    SGDClassifier(),
    SGDClassifier(loss="log_loss", learning_rate="adaptive"),
    SGDClassifier(loss="modified_huber", penalty="l1", solver="sag"),
]


def excused(estimator):
    if isinstance(estimator, (SGDClassifier, SGDRegressor)):
        return STOCHASTIC
    direct = isinstance(estimator, (Ridge, RidgeClassifier)) and estimator.solver not in ("lsqr", "saga")
    return EXCUSED if direct else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=excused)
def test_scikit_learn_check(estimator, check):
    check(estimator)
