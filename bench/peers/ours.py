"""shrinkage itself, through its functions."""

import shrinkage

NAME = "shrinkage"
VERSION = shrinkage.__version__
EXTRAS = ("sklearn", "pandas", "polars", "narwhals", "pyarrow", "matplotlib", "typer", "rich", "torch")
IMPORTS = {"package": "import shrinkage", "function": "from shrinkage import ridge"}


def ridge(problem):
    fit = shrinkage.ridge(problem.X, problem.y, problem.alpha, fit_intercept=problem.fit_intercept)
    return fit.coef, fit.intercept


def ridge_cv(problem):
    cv = shrinkage.ridge_cv(problem.X, problem.y, problem.alphas, fit_intercept=problem.fit_intercept)
    return cv.fit.coef, cv.fit.intercept, cv.alpha, cv.score


def ridge_estimator(problem):
    from shrinkage.sklearn import Ridge  # here, as the other functions do without scikit-learn

    model = Ridge(alpha=problem.n_samples * problem.alpha, fit_intercept=problem.fit_intercept)
    model.fit(problem.X, problem.y)
    return model.coef_, model.intercept_


def ridge_kfold(problem):
    cv = shrinkage.ridge_cv(
        problem.X,
        problem.y,
        problem.n_samples * problem.alphas,
        cv=problem.folds,
        fit_intercept=problem.fit_intercept,
        convention="sum",
    )
    return cv.fit.coef, cv.fit.intercept, cv.alpha / problem.n_samples, cv.score


def lasso(problem, tol):
    fit = shrinkage.elastic_net(problem.X, problem.y, problem.alpha, tol=tol, fit_intercept=problem.fit_intercept)
    return fit.coef, fit.intercept


def lasso_path(problem, tol):
    path = shrinkage.elastic_net_path(
        problem.X, problem.y, problem.alphas, tol=tol, fit_intercept=problem.fit_intercept
    )
    return path.coefs, path.intercepts


def lasso_cv(problem, tol):
    found = shrinkage.cross_validate(
        problem.X, problem.y, problem.alphas, folds=problem.folds, tol=tol, fit_intercept=problem.fit_intercept
    )
    return found.fit.coef, found.fit.intercept, found.alpha, found.scores.min()


def optimizer(problem):
    from shrinkage import optim

    if problem.library == "torch":
        from bench.peers.torch_fused import make, steps_of
        from shrinkage import torch as ours

        made = *make(problem, ours), problem
        problem.shared.update(ours=made, taken=[])
        return steps_of(*made, l1=problem.l1, taken=problem.shared["taken"])
    params, grads = problem.arrays()
    settings = {"lr": problem.lr, "weight_decay": problem.weight_decay, "l1": problem.l1}
    made = (
        optim.AdamW(params, betas=problem.betas, eps=problem.eps, **settings)
        if problem.algorithm == "adamw"
        else optim.SGD(params, momentum=problem.momentum, **settings)
    )

    def call():
        for _ in range(problem.per_call):
            made.step(grads)
        return [0.0] * made.steps_taken, params[0]

    return call


def sgd(problem):
    import shrinkage.sklearn as estimators
    from bench.peers.scikit_learn import descend

    return descend(problem, estimators.SGDRegressor if problem.loss == "squared_error" else estimators.SGDClassifier)


def descent_of(problem):
    """What our own functions call the settings of a problem."""
    return {
        "l1_ratio": problem.l1_ratio,
        "loss": problem.loss,
        "fit_intercept": problem.fit_intercept,
        "lr": problem.lr,
        "schedule": problem.schedule,
        "power_t": problem.power_t,
        "batch_size": problem.batch_size,
        "seed": problem.seed,
    }


def sgd_alphas(problem):
    return descend(problem, problem.alphas)


def descend(problem, alpha, **settings):
    """Epochs by the function, at one alpha or at several."""
    fit = shrinkage.sgd(
        problem.X, problem.target, alpha, epochs=problem.epochs, tol=None, **descent_of(problem), **settings
    )
    return fit.coef, fit.intercept


def sgd_adamw(problem):
    return lambda: descend(problem, problem.alpha, optimizer="adamw", betas=problem.betas, eps=problem.eps)


def saga(problem, tol):
    fit = shrinkage.saga(
        problem.X,
        problem.target,
        problem.alpha,
        l1_ratio=problem.l1_ratio,
        loss=problem.loss,
        tol=tol,
        fit_intercept=problem.fit_intercept,
        seed=problem.seed,
    )
    return fit.coef, fit.intercept
