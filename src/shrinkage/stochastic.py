"""Stochastic gradient descent of linear models: `sgd` and, to train piece by piece, `StochasticModel`.

The objective is the canonical one with any of the losses of `shrinkage.losses.loss_of`,

    (1/W) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ],      W = sum_i s_i.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ._design import Samples, check_flag
from ._dual import certify
from ._result import Certificate, ConvergenceWarning, predict, warn
from ._stochastic_result import StochasticFit, predicted
from ._storage import SparseStorage
from ._trainer import (
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
        self.alpha, self.l1_ratio, self.lr, self._one = checked_settings(alpha, l1_ratio, lr)
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
        coef = initial(self._start[0], (K, p), "coef_init")
        intercept = initial(self._start[1], (K,), "intercept_init")
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
        return predicted(self.decision_function(X), self.recipe.loss, self.classes)

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


def checked_settings(alpha: Any, l1_ratio: Any, lr: Any) -> tuple[Array, Array, Array, bool]:
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


def initial(given: Any, shape: tuple[int, ...], name: str) -> Array:
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
    model = model_of("sgd", alpha, settings)
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
    if not ended_above(certificates, start) and tol is not None and not progress.stopped.all():
        largest = max(one.relative_gap for one in certificates)
        warn(
            f"sgd: {int((~progress.stopped).sum())} of {len(progress.stopped)} settings still improved after {epochs} "
            f"epochs (largest relative duality gap {largest:.1e}): raise epochs or lr, or see `saga`",
            ConvergenceWarning,
        )
    scores = progress.scores if len(held) else None
    return model.fit_of(certificates, progress.epochs, progress.history, scores)


def model_of(name: str, alpha: Any, settings: dict[str, Any]) -> StochasticModel:
    """A model of a function's other arguments."""
    known = list(inspect.signature(StochasticModel).parameters)[1:]
    for argument in settings:
        if argument not in known:
            raise TypeError(f"{name}() has no argument {argument!r}: beside its own it takes {', '.join(known)}")
    return StochasticModel(alpha, **settings)


def ended_above(certificates: tuple[Certificate, ...], start: float) -> bool:
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
