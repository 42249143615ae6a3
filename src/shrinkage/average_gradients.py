"""Linear models by stochastic average gradients, to a duality gap: `saga`. The epochs are those of `_saga`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._design import Samples, check_flag
from ._result import ConvergenceWarning, warn
from ._saga import Outcome, descend
from ._stochastic_result import StochasticFit
from .losses import Loss, loss_of
from .optim._checks import choice, real
from .stochastic import check_callback, checked_settings, generator, initial, positive

Array = np.ndarray[Any, Any]


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
    alpha, l1_ratio, _, one = checked_settings(alpha, l1_ratio, 1.0)
    K, flag = len(alpha), check_flag(fit_intercept, "fit_intercept")
    tol, epochs, rng = real(tol, "tol", least=0.0), positive(epochs, "epochs"), generator(seed)
    samples = Samples(X, y, sample_weight, loss=chosen).counted()
    if not samples.is_finite():
        samples.refuse()
    coef = initial(coef_init, (K, samples.p), "coef_init")
    intercept = initial(intercept_init, (K,), "intercept_init")
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
