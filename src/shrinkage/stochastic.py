"""Stochastic gradient descent of linear models: `sgd`, `sgd_batches` and, to train piece by piece, `StochasticModel`.

The objective is the canonical one with any of the losses of `shrinkage.losses.loss_of`,

    (1/W) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ],      W = sum_i s_i.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._design import Samples, check_flag
from ._dual import Blocks, certify
from ._result import Certificate, ConvergenceWarning, predict, warn, worst
from ._saga import Outcome, descend
from ._storage import SparseStorage
from ._trainer import (
    LOSS,
    OPTIMIZERS,
    SCHEDULES,
    Group,
    Recipe,
    assembled,
    check_finite,
    groups_of,
    one_pass,
    train,
)  # fmt: skip
from .losses import Loss, loss_of
from .optim._checks import choice, real
from .penalties import as_numbers

Array = np.ndarray[Any, Any]

#: What is known of a fit whose data are gone.
_UNKNOWN = Certificate(np.nan, np.nan, np.nan, np.nan, False, 1)


@dataclass(frozen=True, repr=False, eq=False)
class StochasticFit:
    """Linear models that were trained by gradient descent, one for every setting, with their certificates.

    Attributes
    ----------
    coef : ndarray of shape (n_features,) or (n_settings, n_features)
        2-D where `alpha`, `l1_ratio` or `lr` was an array.
    intercept : float or ndarray of shape (n_settings,)
    alpha, l1_ratio, lr : float or ndarray of shape (n_settings,)
        lr is the learning rate at the end of the schedule "adaptive", and the given one of the others.
    loss : Loss
    certificate : Certificate
        The worst of `certificates`.
    certificates : tuple of Certificate
        One for every setting: how far its objective is above the minimum at most, computed from the data.
    n_epochs : int or ndarray of shape (n_settings,)
        Passes over the data.
    history : ndarray of shape (n_epochs,) or (n_epochs, n_settings)
        The objective on the way: the mean of the losses before every step, and the penalty after the epoch. NaN after
        a setting has stopped.
    scores : ndarray shaped like `history`, or None
        Minus the mean loss on the validation rows after every epoch, where there were such.
    classes : tuple of two floats, or None
        What the two classes were called.
    n_features : int
    feature_names : tuple of str or None
    """

    coef: Array
    intercept: float | Array
    alpha: float | Array
    l1_ratio: float | Array
    lr: float | Array
    loss: Loss
    certificates: tuple[Certificate, ...]
    n_epochs: int | Array
    history: Array
    scores: Array | None
    classes: tuple[float, float] | None
    n_features: int
    feature_names: tuple[str, ...] | None = None

    @property
    def certificate(self) -> Certificate:
        return worst(self.certificates)

    def __len__(self) -> int:
        return len(self.certificates)

    def __getitem__(self, k: int) -> StochasticFit:
        """The k-th setting by itself."""
        k = range(len(self))[k]

        def own(value: Any, axis: int = 0) -> Any:
            return value if np.ndim(value) == 0 else np.take(value, k, axis)

        if self.coef.ndim == 1:
            return self
        return replace(
            self, coef=self.coef[k], intercept=float(own(self.intercept)), alpha=own(self.alpha),
            l1_ratio=own(self.l1_ratio), lr=own(self.lr), certificates=(self.certificates[k],),
            n_epochs=int(own(self.n_epochs)), history=own(self.history, 1),
            scores=None if self.scores is None else own(self.scores, 1),
        )  # fmt: skip

    def __iter__(self) -> Iterator[StochasticFit]:
        return (self[k] for k in range(len(self)))

    def decision_function(self, X: Any) -> Array:
        """b + x.w for every row.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,) or (n, n_settings)

        Raises
        ------
        ValueError
            The number of features or their names differ from the training data.
        """
        return predict(X, self.coef, self.intercept, self.feature_names, self.n_features)

    def predict(self, X: Any) -> Array:
        """The expected y: for classes the likelier one, for counts ("poisson") exp(b + x.w).

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,) or (n, n_settings)

        Raises
        ------
        ValueError
            The number of features or their names differ from the training data.
        """
        return _predicted(self.decision_function(X), self.loss, self.classes)

    def __repr__(self) -> str:
        many = "" if self.coef.ndim == 1 else f", {len(self)} settings"
        return "\n".join(
            [
                f"StochasticFit: {self.loss.name}, {self.n_features} features{many}",
                f"  alpha          {_span(self.alpha)}",
                f"  l1_ratio       {_span(self.l1_ratio)}",
                f"  epochs         {_span(self.n_epochs)}",
                f"  certificate    {self.certificate}",
            ]
        )


def _span(value: Any) -> str:
    low, high = np.min(value), np.max(value)
    return f"{low:.6g}" if low == high else f"{low:.4g} to {high:.4g}"


def _predicted(decision: Array, loss: Loss, classes: tuple[float, float] | None) -> Array:
    if classes is not None:
        return np.where(decision > 0, classes[1], classes[0])
    if loss.domain == "count":
        with np.errstate(over="ignore"):
            return np.exp(decision)
    return decision


class StochasticModel:
    """A linear model, or one for each of several settings, that is trained piece by piece.

    Minimizes, by a step for every `batch_size` rows,

        (1/n) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ]

    over all rows that it is given, one time or many (weights are taken as they are: let their mean be one). A step of
    "sgd" at the rate eta scales the coefficients by 1 - eta alpha (1 - rho), takes eta g from them, and then the L1 of
    all steps so far at once: what was not taken from a coefficient because it was zero stays owed, so that one whose
    mean gradient is below alpha rho stays zero (Tsuruoka, Tsujii and Ananiadou 2009; dual averaging, Xiao 2010),

        z <- z - eta g / D,    w = D soft(z, B),    b <- b - eta g0,

    D being the product of the scales so far and B the sum of eta alpha rho / D. g and g0 are the mean gradients of the
    rows' losses; slopes beyond 1e12 are cut, as scikit-learn does. Rows of a sparse X cost what they have entries, and
    give what they would as dense rows.

    Parameters
    ----------
    alpha : float or array-like of shape (n_settings,), default 1e-4
        Strength of the penalty, canonical convention. Arrays of `alpha`, `l1_ratio` and `lr` train together: every
        batch is read once and multiplied with all coefficients in one product.
    l1_ratio : float or array-like of shape (n_settings,), default 0.0
        rho: 0 is L2 alone, 1 is L1 alone. Zeros are exact.
    loss : str, default "squared_error"
        As in `shrinkage.losses.loss_of`: "squared_error", "huber", "epsilon_insensitive", "log_loss", "hinge",
        "squared_hinge", "modified_huber", "poisson" and others. y of a loss of classes is 0 and 1, or -1 and 1.
    epsilon : float, default 0.1
        Of "huber" and the insensitive losses.
    fit_intercept : bool, default True
        b; it is never penalized.
    optimizer : {"sgd", "momentum", "nesterov", "adam", "adamw"}, default "sgd"
        What is made of a gradient. All but "sgd" end a step with a soft threshold of its own L1, in the step's metric,
        and on sparse data write every coefficient. The limit of all but "adamw" is the minimum of the objective;
        "adamw" decays weights by eta alpha (1 - rho) beside the step (Loshchilov and Hutter 2019), which is another.
    lr : float or array-like of shape (n_settings,), default 0.01
        eta, or what the schedule makes it of.
    schedule : {"invscaling", "constant", "optimal", "adaptive"}, default "invscaling"
        lr / t^power_t at step t = 1, 2, ...; lr; 1 / (alpha (t0 + t - 1)) (Bottou 2012; lr is not used); or lr, divided
        by 5 whenever `sgd` sees no improvement. t0 is Bottou's, with the size of the slope where scikit-learn has
        its sign and so begins with longer steps for "squared_error", "squared_hinge" and "modified_huber".
    power_t : float, default 0.25
    momentum : float, default 0.9
        Of "momentum" and "nesterov".
    betas, eps : pair of floats and float, default (0.9, 0.999), 1e-8
        Of "adam" and "adamw".
    batch_size : int, default 1
        Rows of a step; the last of a pass may have fewer.
    average : bool or int, default False
        Predict with the mean of the iterates, all of them or those from a step on (Polyak and Juditsky 1992). It is
        their mean, with L1 as well.
    shuffle : bool, default True
        Take the rows of every call in a new random order; X is not copied for that.
    seed : int or numpy.random.Generator, default 0
    coef_init, intercept_init : array-like, optional
        Where to start, shaped like `coef` and `intercept`; 0 by default.

    Attributes
    ----------
    coef : ndarray of shape (n_features,) or (n_settings, n_features)
        What to predict with: the mean where iterates count.
    intercept : float or ndarray of shape (n_settings,)
    last_coef, last_intercept
        The last iterates, which training goes on from.
    n_steps : int
        Steps so far.
    n_samples_seen : int
        Rows so far.

    Raises
    ------
    TypeError, ValueError
        An argument is not what it should be.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import StochasticModel
    >>> rng = np.random.default_rng(0)
    >>> model = StochasticModel([1e-4, 1e-2], lr=0.05, batch_size=10)
    >>> for _ in range(50):  # pieces of a table that does not fit in memory
    ...     X = rng.standard_normal((200, 3))
    ...     model = model.partial_fit(X, X @ [1.0, 0.0, -2.0] + 3.0)
    >>> model.coef.round(1) + 0.0
    array([[ 1.,  0., -2.],
           [ 1.,  0., -2.]])
    """

    def __init__(
        self, alpha: Any = 1e-4, *, l1_ratio: Any = 0.0, loss: str = "squared_error", epsilon: float = 0.1,
        fit_intercept: bool = True, optimizer: str = "sgd", lr: Any = 0.01, schedule: str = "invscaling",
        power_t: float = 0.25, momentum: float = 0.9, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        batch_size: int = 1, average: bool | int = False, shuffle: bool = True, seed: Any = 0, coef_init: Any = None,
        intercept_init: Any = None,
    ) -> None:  # fmt: skip
        choice({"optimizer": optimizer}, "optimizer", tuple(OPTIMIZERS))
        choice({"schedule": schedule}, "schedule", tuple(SCHEDULES))
        self.alpha, self.l1_ratio, self.lr, self._one = _settings(alpha, l1_ratio, lr)
        if schedule == "optimal" and (self.alpha == 0).any():
            raise ValueError(
                "alpha must be > 0 with schedule='optimal', whose rates are 1 / (alpha (t0 + t - 1)): take another"
            )
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"betas must be two numbers, got {betas!r:.60}")
        numbers = (
            real(momentum, "momentum", least=0.0, below=1.0), real(betas[0], "betas[0]", least=0.0, below=1.0),
            real(betas[1], "betas[1]", least=0.0, below=1.0), real(eps, "eps", least=0.0),
        )  # fmt: skip
        self.recipe = Recipe(
            loss_of(loss, epsilon), check_flag(fit_intercept, "fit_intercept"), optimizer, schedule,
            real(power_t, "power_t"), numbers, positive(batch_size, "batch_size"),
            int(average) if isinstance(average, (bool, np.bool_)) else positive(average, "average"),
            check_flag(shuffle, "shuffle"),
        )  # fmt: skip
        self.rng = generator(seed)
        self._start = coef_init, intercept_init
        self.groups: list[Group] = []
        self.n_samples_seen = 0
        self.classes: tuple[float, float] | None = None
        self.feature_names: tuple[str, ...] | None = None

    def begin(self, samples: Samples, factors: tuple[Any, Any] = (1.0, 1.0)) -> None:
        """Make room for the coefficients of these data; `factors` of the weights of rows with y > 0 and of others."""
        K, p = len(self.alpha), samples.p
        if samples.y.shape[1] not in (1, K):
            raise ValueError(
                f"y has {samples.y.shape[1]} columns and there are {K} settings: pass one, or one for each"
            )
        self._targets = samples.y.shape[1]
        coef = _initial(self._start[0], (K, p), "coef_init")
        intercept = _initial(self._start[1], (K,), "intercept_init")
        self.groups = groups_of(self.recipe, self.alpha, self.l1_ratio, self.lr, coef, intercept, *factors)
        self._start, self.feature_names = (None, None), samples.feature_names

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> StochasticModel:
        """Take one pass over more rows.

        Nothing is forgotten between calls: with `shuffle=False` pieces of a table, of a multiple of `batch_size` rows,
        leave what one call with the table does.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Float32 and float64 in C order, and CSR, are read in place; the rest is copied.
        y : array-like of shape (n,), or (n, n_settings)
            One target for all settings, or a column for each.
        sample_weight : array-like of shape (n,), optional
            s, not negative.

        Returns
        -------
        StochasticModel
            Itself. After Ctrl-C it has taken a part of the pass.

        Raises
        ------
        TypeError, ValueError
            The data are not what the model can be given; nothing has changed then. Or the steps were too long, and the
            coefficients have left the range of numbers: the model is of no more use.
        """
        samples = Samples(X, y, sample_weight, loss=self.recipe.loss)
        if not samples.is_finite():
            samples.refuse()
        self._check_same(samples)
        if not self.groups:
            self.begin(samples)
        self._note_classes(samples)
        if self.feature_names is None:
            self.feature_names = samples.feature_names
        order = self.rng.permutation(samples.n) if self.recipe.shuffle else np.arange(samples.n)
        one_pass(self.groups, samples, samples.s, order)
        check_finite(self.groups, samples, 1)
        self.n_samples_seen += samples.n
        return self

    def _check_same(self, samples: Samples) -> None:
        if not self.groups:
            return
        p = self.groups[0].W.shape[1]
        if samples.p != p:
            raise ValueError(f"X has {samples.p} features, but the model was trained on {p}")
        if samples.y.shape[1] != self._targets:
            raise ValueError(f"y has {samples.y.shape[1]} columns, but the model was trained on {self._targets}")
        if None not in (samples.feature_names, self.feature_names) and samples.feature_names != self.feature_names:
            raise ValueError("X has other columns than the model was trained on: pass the same ones in the same order")

    def _note_classes(self, samples: Samples) -> None:
        """What the classes are called: 0 and 1, or -1 and 1 where there has been a -1."""
        if self.classes is None or samples.lowest < 0:
            self.classes = self.recipe.loss.classes(samples.lowest)

    @property
    def n_steps(self) -> int:
        return max((group.steps for group in self.groups), default=0)

    def _assembled(self) -> tuple[Array, Array, Array, Array]:
        if not self.groups:
            raise ValueError("the model has not been trained: call partial_fit first")
        return assembled(self.groups, self.groups[0].W.shape[1])

    def _shaped(self, coef: Array, intercept: Array) -> tuple[Array, Any]:
        return (coef[0], float(intercept[0])) if self._one else (coef, intercept)

    @property
    def coef(self) -> Array:
        return self._shaped(*self._assembled()[2:])[0]

    @property
    def intercept(self) -> float | Array:
        return self._shaped(*self._assembled()[2:])[1]

    @property
    def last_coef(self) -> Array:
        return self._shaped(*self._assembled()[:2])[0]

    @property
    def last_intercept(self) -> float | Array:
        return self._shaped(*self._assembled()[:2])[1]

    def decision_function(self, X: Any) -> Array:
        """b + x.w for every row: (n,), or (n, n_settings)."""
        coef, intercept = self._shaped(*self._assembled()[2:])
        return predict(X, coef, intercept, self.feature_names, coef.shape[-1])

    def predict(self, X: Any) -> Array:
        """The expected y, as `StochasticFit.predict`: (n,), or (n, n_settings)."""
        return _predicted(self.decision_function(X), self.recipe.loss, self.classes)

    def certificates(self, X: Any, y: Any, sample_weight: Any = None, *, tol: float = 1e-3) -> tuple[Certificate, ...]:
        """How far the objective on these data is above its minimum at most, for every setting.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
            s; here the sum of the weighted losses is divided by the sum of the weights.
        tol : float, default 1e-3
            The relative gap that counts as converged.

        Returns
        -------
        tuple of Certificate

        Raises
        ------
        TypeError, ValueError
            The data are not what the model can be given.
        """
        samples = Samples(X, y, sample_weight, loss=self.recipe.loss)
        self._check_same(samples)
        return self.prove(samples, tol, self.n_steps)

    def prove(self, samples: Samples, tol: float, n_iter: int) -> tuple[Certificate, ...]:
        """Certificates of what to predict with."""
        coef, intercept = self._assembled()[2:]
        l1, l2 = self.alpha * self.l1_ratio, self.alpha * (1.0 - self.l1_ratio)
        return certify(samples, self.recipe.loss, coef, intercept, l1, l2, self.recipe.fit_intercept, tol, n_iter)

    def fit_of(
        self, certificates: tuple[Certificate, ...], epochs: Array, history: list[Array], scores: list[Array] | None
    ) -> StochasticFit:
        """A `StochasticFit` of where training has got to."""
        coef, intercept = self._shaped(*self._assembled()[2:])
        rate = np.empty(len(self.alpha))
        for group in self.groups:
            rate[group.which] = group.settings[:, 0]

        def own(values: Array) -> Any:
            return values[0].item() if self._one else values

        def course(values: list[Array]) -> Array:
            table = np.array(values).reshape(len(values), len(self.alpha))
            return table[:, 0] if self._one else table

        return StochasticFit(
            coef, intercept, own(self.alpha), own(self.l1_ratio), own(rate), self.recipe.loss, certificates,
            own(epochs), course(history), None if scores is None else course(scores), self.classes,
            self.groups[0].W.shape[1], self.feature_names,
        )  # fmt: skip


def check_callback(callback: Any) -> None:
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function, got {callback!r:.60}")


def positive(value: Any, name: str) -> int:
    """A whole number of one or more."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r:.60}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def generator(seed: Any) -> np.random.Generator:
    """The random numbers of a seed, or the generator that is given."""
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed must be a whole number or a numpy.random.Generator, got {seed!r:.60}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    return np.random.default_rng(int(seed))


def _settings(alpha: Any, l1_ratio: Any, lr: Any) -> tuple[Array, Array, Array, bool]:
    """alpha, l1_ratio and lr as arrays of one length, and whether all were single numbers."""
    limits = {"alpha": (alpha, 0.0, np.inf), "l1_ratio": (l1_ratio, 0.0, 1.0), "lr": (lr, 0.0, np.inf)}
    values = {}
    for name, (given, low, high) in limits.items():
        array = as_numbers(given, f"{name} must be a number, or an array with one for every setting")
        if array.ndim > 1 or array.size == 0:
            raise ValueError(f"{name} must be a number or a 1-D array, got shape {array.shape}")
        bad = array[~(np.isfinite(array) & (array >= low) & (array <= high) & ((array > 0) | (name != "lr")))]
        if bad.size:
            rule = {"alpha": "finite and 0 or more", "l1_ratio": "between 0 and 1", "lr": "finite and more than 0"}
            raise ValueError(f"{name} must be {rule[name]}, got {bad.flat[0]:g}")
        values[name] = array
    lengths = {name: array.size for name, array in values.items() if array.ndim}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {size}" for name, size in lengths.items())
        raise ValueError(f"arrays of settings must have one length, got {said}: pass a number for what all share")
    K = max(lengths.values(), default=1)
    whole = (np.ascontiguousarray(np.broadcast_to(array.ravel(), K)) for array in values.values())
    return *whole, not lengths  # type: ignore[return-value]


def _initial(given: Any, shape: tuple[int, ...], name: str) -> Array:
    if given is None:
        return np.zeros(shape)
    values = as_numbers(given, f"{name} must be numbers")
    wanted = shape if shape[0] > 1 else shape[1:]
    if values.shape not in (shape, wanted):
        raise ValueError(f"{name} must be finite numbers of shape {wanted}, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite numbers, and has NaN or infinity")
    return values.reshape(shape)


def sgd(
    X: Any, y: Any, alpha: Any = 1e-4, *, epochs: int = 1000, tol: float | None = 1e-3, n_iter_no_change: int = 5,
    validation_fraction: float | None = None, sample_weight: Any = None,
    callback: Callable[[int, Array], Any] | None = None, **settings: Any,
) -> StochasticFit:  # fmt: skip
    """Train a linear model by stochastic gradient descent, or many that share every read of the data.

    Minimizes the canonical objective

        (1/W) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ],      W = sum_i s_i,

    about: the certificate says how far from the minimum it got, in the objective's units. `saga` and the functions of
    the elastic net and of ridge go all the way.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
        Float32 and float64 in C order, and CSR, are read in place; other forms are copied once.
    y : array-like of shape (n_samples,)
        Targets; 0 and 1, or -1 and 1, for losses of classes.
    alpha : float or array-like of shape (n_settings,), default 1e-4
        Strength of the penalty. Settings train together, for little more than the price of one.
    epochs : int, default 1000
        Passes over the data at most.
    tol : float or None, default 1e-3
        A setting stops when for `n_iter_no_change` epochs its objective on the way (or its score on the validation
        rows) has not got better than the best by `tol`. None: it does not. Also the relative gap at which its
        certificate says that it converged (1e-3 with None).
    n_iter_no_change : int, default 5
    validation_fraction : float, optional
        Share of the rows, drawn at random, that are not trained on: `tol` is then about minus their mean loss.
    sample_weight : array-like of shape (n_samples,), optional
        s; a factor of all of them changes nothing.
    callback : callable, optional
        Called as callback(epoch, objectives) after every epoch.
    **settings
        `l1_ratio`, `loss`, `epsilon`, `fit_intercept`, `optimizer`, `lr`, `schedule`, `power_t`, `momentum`, `betas`,
        `eps`, `batch_size`, `average`, `shuffle`, `seed`, `coef_init`, `intercept_init`: see `StochasticModel`.

    Returns
    -------
    StochasticFit

    Raises
    ------
    TypeError, ValueError
        An argument or the data are not what they should be, or the steps were too long.

    Warns
    -----
    ConvergenceWarning
        The epochs were over before `tol` was satisfied, or the objective is twice what it is at coefficients and
        intercept of zero.

    References
    ----------
    Bottou (2012), Stochastic gradient descent tricks. Tsuruoka, Tsujii and Ananiadou (2009), Stochastic gradient
    descent training for L1-regularized log-linear models with cumulative penalty. Xiao (2010), Dual averaging methods
    (equation 6).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import sgd
    >>> X = np.random.default_rng(0).standard_normal((1000, 20))
    >>> y = X[:, 0] - 2.0 * X[:, 1]
    >>> fit = sgd(X, y, alpha=[0.1, 0.01, 0.001], l1_ratio=0.5, schedule="constant", batch_size=100)
    >>> fit.coef[:, :3].round(1) + 0.0
    array([[ 0.9, -1.8,  0. ],
           [ 1. , -1.9,  0. ],
           [ 1. , -1.9,  0. ]])
    """
    model = _model("sgd", alpha, settings)
    chosen = model.recipe.loss
    check_callback(callback)
    samples = Samples(X, y, sample_weight, loss=chosen)
    epochs, patience = positive(epochs, "epochs"), positive(n_iter_no_change, "n_iter_no_change")
    tol = None if tol is None else real(tol, "tol", least=0.0)
    rows = np.flatnonzero(samples.s > 0) if samples.weighted else np.arange(samples.n)
    rows, held = _split(rows, validation_fraction, model.rng)
    s = samples.s * (len(rows) / samples.s[rows].sum()) if samples.weighted else samples.s
    model._note_classes(samples)
    model.begin(samples)
    score = None if not len(held) else _score_of(samples, held, chosen)
    model.groups, progress = train(
        model.groups, samples, s, rows, model.rng, epochs=epochs, tol=tol, patience=patience, score=score,
        after=callback,
    )  # fmt: skip
    trained = samples.only(rows) if len(rows) < samples.n else samples
    certificates = model.prove(trained, 1e-3 if tol is None else tol, int(progress.epochs.max()))
    if not np.isfinite([one.objective for one in certificates]).all():
        trained.refuse()
    start = float(np.average(chosen.values(samples.y[:, 0], np.zeros(samples.n)), weights=trained.s))
    if not _ended_above(certificates, start) and tol is not None and not progress.stopped.all():
        largest = max(one.relative_gap for one in certificates)
        warn(
            f"sgd: {int((~progress.stopped).sum())} of {len(progress.stopped)} settings still improved after {epochs} "
            f"epochs (largest relative duality gap {largest:.1e}): raise epochs or lr, or see `saga`",
            ConvergenceWarning,
        )
    scores = progress.scores if len(held) else None
    return model.fit_of(certificates, progress.epochs, progress.history, scores)


def saga(
    X: Any, y: Any, alpha: Any = 1e-4, *, l1_ratio: Any = 0.0, loss: str = "log_loss", epsilon: float = 0.1,
    variant: str = "saga", tol: float = 1e-6, epochs: int = 1000, fit_intercept: bool = True,
    sample_weight: Any = None, seed: Any = 0, coef_init: Any = None, intercept_init: Any = None,
    callback: Callable[[int, float], Any] | None = None,
) -> StochasticFit:  # fmt: skip
    """Train a linear model by stochastic average gradients until its duality gap proves it.

    Minimizes the canonical objective

        (1/W) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ],      W = sum_i s_i.

    Every row's last gradient is remembered (by one number), so that steps get better as they go on, with a constant
    rate: the gap falls by a factor with every epoch. Rows of a sparse X cost what they have entries.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
        Float32 and float64 in C order, and CSR, are read in place; other forms are copied once.
    y : array-like of shape (n_samples,)
        Targets; 0 and 1, or -1 and 1, for losses of classes.
    alpha, l1_ratio : float or array-like of shape (n_settings,), default 1e-4 and 0.0
        Strength of the penalty and rho; settings are solved one after the other, each from the one before.
    loss : str, default "log_loss"
        One with a bounded curvature: "squared_error", "huber", "squared_epsilon_insensitive", "log_loss",
        "squared_hinge" or "modified_huber".
    epsilon : float, default 0.1
        Of "huber" and "squared_epsilon_insensitive".
    variant : {"saga", "sag"}, default "saga"
        Unbiased steps, or those of the average alone.
    tol : float, default 1e-6
        The relative duality gap to reach; without a penalty, for which there is none, the largest entry of the gradient
        over that at w = 0.
    epochs : int, default 1000
        Passes over the data at most, not counting those that compute the gap.
    fit_intercept : bool, default True
    sample_weight : array-like of shape (n_samples,), optional
        s; a factor of all of them changes nothing.
    seed : int or numpy.random.Generator, default 0
        Of the random orders.
    coef_init, intercept_init : array-like, optional
        Where to start.
    callback : callable, optional
        Called as callback(epoch, objective) whenever the gap has been computed.

    Returns
    -------
    StochasticFit
        `history` has the objective whenever the gap was computed (padded with NaN for several settings), `lr` the last
        rate.

    Raises
    ------
    TypeError, ValueError
        An argument or the data are not what they should be.

    Warns
    -----
    ConvergenceWarning
        The epochs were over before the gap was reached.

    References
    ----------
    Defazio, Bach and Lacoste-Julien (2014), SAGA, equations 7 and 8. Schmidt, Le Roux and Bach (2017), Minimizing
    finite sums with the stochastic average gradient, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import saga
    >>> X = np.random.default_rng(0).standard_normal((1000, 20))
    >>> fit = saga(X, X[:, 0] - X[:, 1] > 0.5, alpha=0.02, l1_ratio=1.0)
    >>> np.flatnonzero(fit.coef), fit.certificate.converged
    (array([0, 1]), True)
    """
    chosen = loss_of(loss, epsilon)
    if not np.isfinite(chosen.curvature):
        raise ValueError(
            f"loss={loss!r} has no largest curvature, which the rate of saga is made from: use sgd, or one of "
            "'squared_error', 'huber', 'squared_epsilon_insensitive', 'log_loss', 'squared_hinge', 'modified_huber'"
        )
    choice({"variant": variant}, "variant", ("saga", "sag"))
    check_callback(callback)
    alpha, l1_ratio, _, one = _settings(alpha, l1_ratio, 1.0)
    K, flag = len(alpha), check_flag(fit_intercept, "fit_intercept")
    tol, epochs, rng = real(tol, "tol", least=0.0), positive(epochs, "epochs"), generator(seed)
    samples = Samples(X, y, sample_weight, loss=chosen).counted()
    if not samples.is_finite():
        samples.refuse()
    coef = _initial(coef_init, (K, samples.p), "coef_init")
    intercept = _initial(intercept_init, (K,), "intercept_init")
    found: list[Outcome] = []
    for k in range(K):
        if k and coef_init is None:
            coef[k], intercept[k] = found[-1].coef, found[-1].intercept
        found.append(
            descend(
                samples, chosen, float(alpha[k] * l1_ratio[k]), float(alpha[k] * (1.0 - l1_ratio[k])), flag,
                biased=variant == "sag", tol=tol, epochs=epochs, rng=rng, coef=coef[k], intercept=float(intercept[k]),
                after=callback,
            )
        )  # fmt: skip
    return _gathered(samples, chosen, found, alpha, l1_ratio, tol, one)


def _gathered(
    samples: Samples, loss: Loss, found: list[Outcome], alpha: Array, l1_ratio: Array, tol: float, one: bool
) -> StochasticFit:
    """One result of all settings, and a warning where one has no proof."""
    certificates = tuple(own.measures.certificates(tol, own.n_epochs)[0] for own in found)
    bad = [certificate for certificate in certificates if not certificate.converged]
    if bad:
        warn(
            f"saga stopped at a relative duality gap of {max(c.relative_gap for c in bad):.1e} (asked: {tol:.1e}) "
            f"after {max(c.n_iter for c in bad)} epochs: standardize the columns, or increase epochs, alpha or tol",
            ConvergenceWarning,
        )
    history = np.full((max(len(own.history) for own in found), len(found)), np.nan)
    for k, own in enumerate(found):
        history[: len(own.history), k] = own.history

    def shaped(values: list[Any]) -> Any:
        return values[0] if one else np.array(values)

    return StochasticFit(
        shaped([own.coef for own in found]), shaped([own.intercept for own in found]), shaped(alpha.tolist()),
        shaped(l1_ratio.tolist()), shaped([own.rate for own in found]), loss, certificates,
        shaped([own.n_epochs for own in found]), history[:, 0] if one else history, None,
        loss.classes(samples.lowest), samples.p,
        samples.feature_names,
    )  # fmt: skip


def _model(name: str, alpha: Any, settings: dict[str, Any]) -> StochasticModel:
    """A model of a function's other arguments."""
    known = list(inspect.signature(StochasticModel).parameters)[1:]
    for argument in settings:
        if argument not in known:
            raise TypeError(f"{name}() has no argument {argument!r}: beside its own it takes {', '.join(known)}")
    return StochasticModel(alpha, **settings)


def _ended_above(certificates: tuple[Certificate, ...], start: float) -> bool:
    """Whether the objective is far above what it is at zero, with a warning."""
    highest = max(one.objective for one in certificates)
    if not highest > 2.0 * start > 0.0:
        return False
    warn(
        f"the objective ended at {highest:.3g}, above the {start:.3g} at zero: the steps are too long. "
        "Lower lr, or scale X (StandardScaler or MinMaxScaler)",
        ConvergenceWarning,
    )
    return True


def _split(rows: Array, fraction: float | None, rng: np.random.Generator) -> tuple[Array, Array]:
    """Rows to train on and rows to validate on."""
    if fraction is None:
        return rows, rows[:0]
    share = real(fraction, "validation_fraction", least=0.0, below=1.0)
    held = np.sort(rng.choice(rows, size=round(share * len(rows)), replace=False))
    rest = np.setdiff1d(rows, held, assume_unique=True)
    if not len(held) or not len(rest):
        raise ValueError(
            f"validation_fraction={share:g} of {len(rows)} rows leaves {len(rest)} to train on and {len(held)} to "
            "validate on: pass another fraction, or more rows"
        )
    return rest, held


def _score_of(samples: Samples, held: Array, loss: Loss) -> Callable[[Array, Array, Array], Array]:
    """score(settings, coef, intercept): minus the weighted mean losses on the rows `held`."""
    storage = samples.storage.take(held)
    X = storage._as_scipy() if isinstance(storage, SparseStorage) else storage.X
    y, s = samples.y[held], samples.s[held]

    def score(which: Array, W: Array, b: Array) -> Array:
        targets = y if y.shape[1] == 1 else y[:, which]
        predictions = predict(X, W, b, None, W.shape[1])
        losses = loss.values(np.broadcast_to(targets, predictions.shape), predictions)
        return -np.average(losses, axis=0, weights=s)

    return score


def sgd_batches(
    batches: Any, alpha: Any = 1e-4, *, epochs: int = 1, callback: Callable[[int, StochasticModel], Any] | None = None,
    **settings: Any,
) -> StochasticFit:  # fmt: skip
    """Train a linear model on data that come in pieces, out of core.

    Every piece is a pass of `StochasticModel.partial_fit`, over its rows in a new random order where `shuffle` is True.
    The certificate takes one more pass over the pieces, in which nothing of X is kept.

    Parameters
    ----------
    batches : iterable, or callable returning one
        Of (X, y) or (X, y, sample_weight). An iterator is good for one epoch alone and leaves nothing to compute a
        certificate from, whose numbers are NaN then: pass a list, or a function that begins anew.
    alpha : float or array-like of shape (n_settings,), default 1e-4
    epochs : int, default 1
    callback : callable, optional
        Called as callback(epoch, model) after every epoch.
    **settings
        As in `sgd`. Weights are taken as they are: let their mean be one. The schedule "adaptive" divides the rate by 5
        after every epoch whose objective on the way is not less than those before.

    Returns
    -------
    StochasticFit
        Its objective divides by the number of all rows; `history` has the mean of the losses before every step.

    Raises
    ------
    TypeError, ValueError
        An argument or a piece is not what it should be.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import sgd_batches
    >>> def pieces():
    ...     rng = np.random.default_rng(0)
    ...     for _ in range(20):
    ...         X = rng.standard_normal((500, 3))
    ...         yield X, X @ [1.0, 0.0, -2.0]
    >>> sgd_batches(pieces, alpha=0.0, epochs=5, schedule="constant").coef.round(3) + 0.0
    array([ 1.,  0., -2.])
    """
    model = _model("sgd_batches", alpha, settings)
    epochs = positive(epochs, "epochs")
    check_callback(callback)
    once = isinstance(batches, Iterator)
    if once and epochs > 1:
        raise ValueError(f"batches is an iterator, good for one epoch, and epochs is {epochs}: pass a function")
    K = len(model.alpha)
    history = train_batches(model, batches, epochs, callback)
    certificates = (_UNKNOWN,) * K
    if not once:
        proof, rows = proof_of_batches(model, batches)
        certificates = proof.finish(float(rows)).certificates(1e-3, epochs)
        _ended_above(certificates, proof.rest.nothing(float(rows)))
    return model.fit_of(certificates, np.full(K, epochs), history, None)


def train_batches(
    model: StochasticModel, batches: Any, epochs: int, after: Callable[[int, StochasticModel], Any] | None = None
) -> list[Array]:
    """Passes over pieces: the mean of the losses before every step, (K,), of each."""
    history: list[Array] = []
    best = np.full(len(model.alpha), np.inf)
    for epoch in range(1, epochs + 1):
        for group in model.groups:
            group.state[:, LOSS] = 0.0
        seen = 0
        for piece in _pieces(batches):
            model.partial_fit(*piece)
            seen += np.shape(piece[0])[0]
        if not seen:
            anew = "" if epoch == 1 else f" in epoch {epoch}, where the function must begin anew"
            raise ValueError(f"batches has no piece{anew}: pass (X, y) or (X, y, sample_weight) one after the other")
        losses = np.empty(len(model.alpha))
        for group in model.groups:
            losses[group.which] = group.state[:, LOSS] / seen
            if model.recipe.schedule == "adaptive":
                objective = losses[group.which] + group.penalty(group.now()[0])
                group.slow(objective >= best[group.which])
                best[group.which] = np.fmin(best[group.which], objective)
        history.append(losses)
        if after is not None:
            after(epoch, model)
    return history


def _pieces(batches: Any) -> Iterator[tuple[Any, ...]]:
    found = batches() if callable(batches) else batches
    if not isinstance(found, Iterable):
        raise TypeError(f"batches must be an iterable of (X, y), or a function returning one, got {found!r:.60}")
    for piece in found:
        if not isinstance(piece, (tuple, list)) or len(piece) not in (2, 3):
            raise TypeError(f"a piece of batches must be (X, y) or (X, y, sample_weight), got {piece!r:.60}")
        yield tuple(piece)


def proof_of_batches(model: StochasticModel, batches: Any, which: slice = slice(None)) -> tuple[Blocks, int]:
    """What proves these settings, from one more pass over the pieces, and how many rows they have."""
    coef, intercept = model._assembled()[2:]
    alpha, l1_ratio = model.alpha[which], model.l1_ratio[which]
    l1, l2 = alpha * l1_ratio, alpha * (1.0 - l1_ratio)
    proof = Blocks(model.recipe.loss, coef[which], intercept[which], l1, l2, model.recipe.fit_intercept)
    rows = 0
    for X, *rest in _pieces(batches):
        samples = Samples(X, *rest, loss=model.recipe.loss)
        rows += samples.n
        proof.add(samples)
    return proof, rows
