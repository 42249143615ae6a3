"""`SGDRegressor`: linear regression by stochastic gradient descent, for scikit-learn."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from ._base import _DTYPES, Array
from ._stochastic_base import EPSILON, OF_NUMBERS, ONES, Stochastic, in_pieces, losses


class SGDRegressor(RegressorMixin, Stochastic):
    """Linear regression by stochastic gradient descent, in the place of `sklearn.linear_model.SGDRegressor`.

    Minimizes, by a step for every row,

        (1/n) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ]

    over the intercept b and the coefficients w. Weights s are not normalized: the sum is divided by the number of rows
    (`shrinkage.sgd` divides by W = sum_i s_i).

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}, default "squared_error"
        l, as in `shrinkage.losses.loss_of`.
    penalty : {"l2", "l1", "elasticnet"} or None, default "l2"
        rho = 0, rho = 1, rho = `l1_ratio`; None is no penalty. Zeros are exact. With
        `optimizer="sgd"` a coefficient is zero while the gradients of all steps so far ask for less than the L1 of all;
        with the others the last rows may be enough to leave zero. The zeros of the minimum are those of
        `solver="saga"`.
    alpha : float, default 0.0001
        Strength of the penalty; also what the schedule "optimal" is made of.
    l1_ratio : float or None, default 0.15
        rho of "elasticnet".
    fit_intercept : bool, default True
        Fit b, never penalized.
    max_iter : int, default 1000
        Epochs, passes over the data, of `fit` at most.
    tol : float or None, default 1e-3
        `fit` stops when the objective on the way (or with `early_stopping` the score) has for `n_iter_no_change` epochs
        not got better than the best by `tol`; None: it takes `max_iter` epochs. With "saga" and "sag" the relative
        duality gap to reach. Certificates count as converged at a relative gap of `tol` (1e-3 with None).
    shuffle : bool, default True
        Take the rows of every epoch in a new order. X is not copied for it.
    verbose : int, default 0
        Print the objective after every epoch.
    epsilon : float, default 0.1
        Of "huber" (more than 0) and the insensitive losses.
    random_state : int, RandomState or None, default None
        Of the orders, and of the rows held out. Drawn from once, when training begins.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive"}, default "invscaling"
        The rate eta of step t = 1, 2, ...: `eta0`; ``1 / (alpha (t0 + t - 1))`` with Bottou's t0;
        ``eta0 / t**power_t``; or `eta0`, divided by 5 where `fit` would stop, until it is 1e-6.
    eta0 : float, default 0.01
        The rate, or the first.
    power_t : float, default 0.25
        Of "invscaling". Less than 0 is deprecated, as in scikit-learn.
    early_stopping : bool, default False
        Hold rows out and stop by `score` on them. scikit-learn's rows for the same `random_state`.
    validation_fraction : float, default 0.1
        Share of those rows.
    n_iter_no_change : int, default 5
        See `tol`.
    warm_start : bool, default False
        Begin where the last `fit` ended, with the steps counted from 1.
    average : bool or int, default False
        Predict with the mean of the iterates: of all, or of those from this step on.
    batch_size : int, default 1
        Rows of a step, whose mean gradient it takes.
    optimizer : {"sgd", "momentum", "nesterov", "adam", "adamw"}, default "sgd"
        What is made of a gradient, as in `shrinkage.StochasticModel`.
    momentum : float, default 0.9
        Of "momentum" and "nesterov".
    betas : pair of floats, default (0.9, 0.999)
        Of "adam" and "adamw".
    solver : {"sgd", "saga", "sag"}, default "sgd"
        Stochastic gradient descent, or stochastic average gradients until the duality gap proves the minimum: for
        losses without kinks, and `fit` alone. What is said of rates, optimizers, batches and averages is of "sgd".
    certify : bool, default True
        Prove the coefficients of `fit`, at the price of about an epoch.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in the dtype of X: float32 for float32.
    intercept_ : ndarray of shape (1,)
        0.0 without an intercept.
    n_iter_ : int
        Epochs.
    t_ : int
        Steps, counted from 1.
    certificate_ : shrinkage.Certificate
        How far the objective is above its minimum at most, computed from the float64 coefficients and the data:
        a proof on the rows that were trained on. After `fit`; a call of `partial_fit` takes it away.
    certificates_ : tuple of shrinkage.Certificate
        The same, in a tuple of one.
    n_features_in_ : int
        Number of features seen in training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.sgd : The same in the canonical convention, for many settings at once.
    ElasticNet : Squared errors to the minimum, faster.

    Notes
    -----
    **Differences from scikit-learn.** On dense data in float64, with the rows in order, steps are those of scikit-learn
    1.9, with L1 the cumulative penalty of Tsuruoka and others. (Of L1 and L2 together, what is owed of L1 shrinks here
    as coefficients do, and not there.) Elsewhere it is at fault:

    - on sparse data a coefficient pays the L1 penalty when a row has its feature, and what it still owes at the end of
      training is never taken: dense and sparse data end apart, and coefficients that should be zero are not. Ours is
      the same on both;
    - what is owed is forgotten after every call of `partial_fit`. Ours goes on as if the calls were one;
    - with L1, `average` gives something else than the mean of the iterates;
    - "optimal" begins too fast with losses of squares: at a typical coefficient over the slope there, which is less
      than 0, rather than over its size (Bottou 2012);
    - on sparse data the intercept moves a hundred times slower. Ours does what it does on dense data;
    - it stops by losses without their weights, and on sparse data by the penalty of the features of one row. Ours stops
      by the objective;
    - `early_stopping` scores coefficients without the scale that L2 has brought them to;
    - `partial_fit` takes rows in the same order at every call if `random_state` is a number. Ours goes on drawing;
    - for float32 it trains in float32. Ours trains in float64, and shows it in the dtype of X;
    - the rates "pa1" and "pa2" of passive-aggressive algorithms are not offered here.

    The objective that it stops by has the penalty before every step, ours the one after the epoch. So `n_iter_` may
    differ by an epoch or two, on dense data too; with `tol=None` both take the same steps.

    Parameters may change between calls of `partial_fit`: what L1 is owed by then stays owed. Training goes on from
    `coef_` and `intercept_` where they were set by hand, and there averages, moments and what is owed begin again, as
    they do with another `optimizer`. A pickle goes on bit for bit.

    References
    ----------
    Bottou (2012), Stochastic gradient descent tricks. Tsuruoka, Tsujii and Ananiadou (2009), Stochastic gradient
    descent training for L1-regularized log-linear models with cumulative penalty. Xiao (2010), Dual averaging methods
    for regularized stochastic learning. Defazio, Bach and Lacoste-Julien (2014), SAGA.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import SGDRegressor
    >>> X = np.random.default_rng(0).standard_normal((1000, 3))
    >>> model = SGDRegressor(random_state=0).fit(X, X @ [1.0, 0.0, -2.0] + 3.0)
    >>> model.coef_.round(1) + 0.0
    array([ 1.,  0., -2.])
    >>> model.certificate_.converged
    True
    """

    loss_functions: ClassVar[dict[str, tuple[Any, ...]]] = losses(*OF_NUMBERS)
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Stochastic._parameter_constraints,
        "loss": [StrOptions(set(loss_functions))],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = EPSILON,
        random_state: Any = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: int = 1,
        optimizer: str = "sgd",
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.999),
        solver: str = "sgd",
        certify: bool = True,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.momentum = momentum
        self.betas = betas
        self.solver = solver
        self.certify = certify

    def _checked(self, X: Any, y: Any, sample_weight: Any, *, first: bool) -> tuple[Any, Array, Array | None]:
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=_DTYPES, y_numeric=True, reset=first)
        return X, y.astype(np.float64, copy=False), self._check_weights(sample_weight, X)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> SGDRegressor:
        """Train the model.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Targets.
        coef_init : array-like of shape (n_features,), optional
            Where to start.
        intercept_init : array-like of shape (1,), optional
            Where to start.
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed.

        Returns
        -------
        SGDRegressor
            The fitted estimator.
        """
        self._check_settings()
        X, y, s = self._checked(X, y, sample_weight, first=True)
        self._train(X, y[:, None], s, y, ONES, coef_init, intercept_init)
        return self

    @available_if(in_pieces)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> SGDRegressor:
        """Take one pass over more rows, with the parameters as they are now; nothing before is forgotten.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed.

        Returns
        -------
        SGDRegressor
            The estimator.
        """
        self._check_settings(pieces=True)
        first = getattr(self, "coef_", None) is None
        X, y, s = self._checked(X, y, sample_weight, first=first)
        self._train_on(X, y[:, None], s, ONES)
        return self

    def predict(self, X: Any) -> Array:
        """Predict the targets of samples.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._linear(X)
