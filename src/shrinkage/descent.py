"""Full-batch gradient descent on a regularized linear model, with all that happens along the way.

It minimizes, over the intercept b and the coefficients w, the objective that `convention` writes: c times

    (1/W) sum_i s_i l(y_i, b + x_i.w)  +  alpha sum_j [ rho |w_j| + (1 - rho) w_j^2 / 2 ],        W = sum_i s_i,

with the canonical alpha, and c as in the last column of the table in `shrinkage.conventions`.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._design import Design, affordable, check_flag
from ._full_batch import NEAR, AnyProof, Gram, Objective, Passes, Proof, Quadratic, largest_curvature, takes_gram
from ._result import Certificate, ConvergenceWarning, warn
from ._ridge_system import Array
from ._stochastic_result import Linear
from .losses import Loss, loss_of
from .penalties import as_numbers
from .ridge import _check_count, _check_positive
from .stochastic import check_callback

#: Relative gap that counts as converged where no `tol` was given.
_CONVERGED = 1e-8


@dataclass(frozen=True, eq=False, repr=False)
class DescentHistory:
    """What a descent went through: entry k is after k steps, entry 0 the start.

    Attributes
    ----------
    loss, penalty, objective : ndarray of shape (n_iter + 1,)
        In the units of the convention; the objective is the sum of the others.
    norm : ndarray of shape (n_iter + 1,)
        Euclidean norm of the coefficients.
    coef : ndarray of shape (n_iter + 1, n_features)
    intercept : ndarray of shape (n_iter + 1,)
    """

    loss: Array
    penalty: Array
    objective: Array
    norm: Array
    coef: Array
    intercept: Array

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        return f"History of {len(self) - 1} steps: objective {self.objective[0]:.6g} to {self.objective[-1]:.6g}"


@dataclass(frozen=True, eq=False, repr=False)
class Descent(Linear):
    """A linear model that gradient descent came to, and the way there.

    Attributes
    ----------
    coef : ndarray of shape (n_features,)
        After the last step; where the steps diverged, after the last of them that left finite numbers.
    intercept : float
        0.0 where `fit_intercept` was False.
    alpha : float, or tuple of two for "two_lambda"
        The penalty in the units of `convention`.
    l1_ratio : float
        rho of the canonical objective.
    convention : str
        Which objective the steps were on; see `shrinkage.conventions`.
    loss : Loss
    lr : float
        The size of the steps, given or chosen.
    momentum : float
    step_bound : float
        2 / L, with momentum 2 (1 + momentum) / L, L being the largest curvature of the objective: from larger steps a
        quadratic diverges. NaN where L has no bound, or where it was neither to be checked nor needed.
    n_iter : int
        Steps taken.
    converged : bool
        Whether the relative gap of the certificate is at most `tol`, or 1e-8 where that was 0.
    diverged : bool
        Whether the steps ended because numbers left the range of float64.
    certificate : Certificate
        Of `coef` and `intercept`, from the data, in the units of the canonical objective as everywhere.
    history : DescentHistory
        Every step, or with ``history=False`` an entry for the last alone.
    n_features : int
    feature_names : tuple of str or None
        Column names where the data had them.
    classes : tuple of two floats, or None
        What the two classes were called.
    """

    coef: Array
    intercept: float
    alpha: float | tuple[float, float]
    l1_ratio: float
    convention: str
    loss: Loss
    lr: float
    momentum: float
    step_bound: float
    n_iter: int
    converged: bool
    diverged: bool
    certificate: Certificate
    history: DescentHistory
    n_features: int
    feature_names: tuple[str, ...] | None = None
    classes: tuple[float, float] | None = None

    def __repr__(self) -> str:
        ended = "diverged" if self.diverged else "converged" if self.converged else "not converged"
        momentum = f", momentum {self.momentum:g}" if self.momentum else ""
        return "\n".join(
            [
                f"Descent: {self.n_features:,} features, loss {self.loss.name}, {ended} after {self.n_iter:,} steps",
                f"  alpha          {self.alpha} ({self.convention} convention), l1_ratio {self.l1_ratio:g}",
                f"  lr             {self.lr:.6g}{momentum} (bound: {self.step_bound:.6g})",
                f"  objective      {self.history.objective[0]:.6g} to {self.history.objective[-1]:.6g}",
                f"  intercept      {self.intercept:.6g}",
                f"  certificate    {self.certificate}",
            ]
        )


def gradient_descent(
    X: Any,
    y: Any,
    alpha: Any,
    lr: float | None = None,
    *,
    n_iter: int = 1000,
    loss: str = "squared_error",
    epsilon: float = 0.1,
    convention: str = "canonical",
    l1_ratio: float = 0.0,
    fit_intercept: bool = True,
    momentum: float = 0.0,
    sample_weight: Any = None,
    coef_init: Any = None,
    intercept_init: float | None = None,
    tol: float = 0.0,
    check_step: bool = True,
    history: bool = True,
    callback: Callable[[int, float, Array, float], Any] | None = None,
) -> Descent:
    """Full-batch gradient descent with weight decay, and its history.

    Minimizes c times ``(1/W) sum_i s_i l(y_i, b + x_i.w) + alpha sum_j [rho |w_j| + (1 - rho) w_j^2 / 2]`` with
    ``W = sum_i s_i`` and ``rho = l1_ratio``; alpha is written, and the objective scaled by c, as `convention` does it.
    A step is on that very objective: for ``F = loss + (decay / 2) |w|^2 + l1 |w|_1`` in the units of the convention

        w <- soft((1 - lr decay) w - lr grad loss(w) + momentum (w - w_before), lr l1),
        b <- b - lr (d loss / d b) + momentum (b - b_before),

    both from the same gradient, where soft(v, t) draws every v_j towards 0 by t and not beyond it (without L1 it does
    nothing). ``1 - lr decay`` is `shrinkage.conventions.decay_factor`, as ``1 - lr lambda / m`` for "notebook" and
    ``1 - 2 lr lambda`` for "half_mean" and "mean". The intercept is never penalized.

    Parameters
    ----------
    X : array, sparse matrix or frame of shape (n_samples, n_features)
        float32 and float64 arrays in C or F order are read in place; sparse matrices are never densified.
    y : array-like of shape (n_samples,)
        Numbers; for a loss of classes 0 and 1, or -1 and 1; for the Poisson loss zero or more.
    alpha : float
        Strength of the penalty in the units of `convention`; for "two_lambda" the pair (lambda_1, lambda_2).
    lr : float, optional
        The learning rate, in the units of that objective. By default ``1 / L``, L being the largest eigenvalue of the
        objective's Hessian, or a bound of it. With `momentum` it is ``(1 + momentum) / L`` for the squared error
        without L1, and ``(1 - momentum) / L`` otherwise: half of what is known to converge, as ``1 / L`` is. The
        Poisson loss has no such bound and needs an `lr`.
    n_iter : int, default 1000
        Steps, at most.
    loss : str, default "squared_error"
        One that has derivatives: "squared_error" (half the square), "huber", "squared_epsilon_insensitive",
        "log_loss", "squared_hinge", "modified_huber", "poisson"; see `shrinkage.losses.loss_of`.
    epsilon : float, default 0.1
        Of "huber" and "squared_epsilon_insensitive".
    convention : str, default "canonical"
        The objective that `alpha` and `lr` belong to, one of `shrinkage.conventions.CONVENTIONS`. "sum", "half_mean",
        "mean" and "notebook" are about the squared error alone.
    l1_ratio : float, default 0.0
        rho: 0 is ridge regression, 1 the lasso; for "canonical" and "inverse".
    fit_intercept : bool, default True
        Move b with the coefficients.
    momentum : float, default 0.0
        That of Polyak's heavy ball, at least 0 and below 1.
    sample_weight : float or array-like of shape (n_samples,), optional
        s; zeros allowed.
    coef_init : array-like of shape (n_features,), optional
        Where w starts; zeros by default.
    intercept_init : float, optional
        Where b starts; 0 by default.
    tol : float, default 0.0
        Relative duality gap at which to stop; of the losses other than the squared error, for which there is no gap
        without a penalty, the largest entry of the gradient over that at w = 0 then. It is looked at before the first
        step and after every tenth, from the fiftieth on when a fifth more have been taken. 0 takes all steps.
    check_step : bool, default True
        Refuse an `lr` from which steps diverge. With False and an `lr` L is not computed.
    history : bool, default True
        Keep all of the way, (n_iter + 1) n_features numbers, and not its end alone.
    callback : callable, optional
        Called after every step with (step, objective, coef, intercept); a true value returned ends the descent.

    Returns
    -------
    Descent

    Raises
    ------
    TypeError
        An argument has the wrong type; complex, object, float16 and text data among them.
    ValueError
        An argument has a wrong shape or value, the data contain NaN or infinity (the message says where); `lr` is
        above the bound, and with `check_step`; the loss has a kink, or the convention no place for it; the history
        does not fit in memory.

    Warns
    -----
    ConvergenceWarning
        The steps diverged, or `tol` was not reached.

    Notes
    -----
    L is exact for the squared error. For the other losses it is the bound ``c kappa lambda_max([X 1]' S [X 1]) / W``
    plus the decay, kappa being the loss's largest second derivative (1/4 for "log_loss"). It is taken from the
    eigenvalues of [X 1]' S [X 1] where that is small or cheap, and otherwise from Lanczos iterations, some 50 passes
    over X.

    A step reads X once for the squared error and twice for the other losses. Where the data are longer than wide and
    there are steps enough to pay for it, those of the squared error are taken with the Gram matrix instead, at a cost
    of n_features^2 each: gradients and losses are then differences from those at a point near the minimum, which are
    taken from X, and the iterates agree with the others to about 1e-13.

    References
    ----------
    Polyak (1964), USSR Computational Mathematics and Mathematical Physics 4(5) (momentum; its bound for quadratics).
    Beck and Teboulle (2009), SIAM Journal on Imaging Sciences 2(1) (L1: iterative soft thresholding). Ochs, Chen, Brox
    and Pock (2014), SIAM Journal on Imaging Sciences 7(2) (the bound 2 (1 - momentum) / L with L1 and for other
    losses).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import gradient_descent
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> way = gradient_descent(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=1.25, n_iter=200)
    >>> way.coef.round(6), round(way.intercept, 6)
    (array([1.]), 2.5)
    >>> way.history.norm[:3].round(4)
    array([0.    , 1.611 , 1.5561])
    """
    kind = loss_of(loss, epsilon)
    if not math.isfinite(kind.curvature) and kind.domain != "count":
        raise ValueError(
            f"loss={loss!r} has a kink, at which gradients say nothing of how far to go: use shrinkage.sgd, which has "
            "decreasing steps, or the smooth loss next to it ('squared_epsilon_insensitive', 'squared_hinge')"
        )
    _check_count(n_iter, "n_iter", least=1)
    for value, name in ((lr, "lr"), (tol, "tol"), (momentum, "momentum")):
        if value is not None or name != "lr":
            _check_positive(value, name, zero=name != "lr")
    lr, momentum, tol = None if lr is None else float(lr), float(momentum), float(tol)
    if momentum >= 1:
        raise ValueError(f"momentum must be below 1, got {momentum!r}: at 1 steps never end")
    check_step, history = check_flag(check_step, "check_step"), check_flag(history, "history")
    check_callback(callback)
    if kind.domain == "count" and lr is None:
        raise ValueError("lr=None: the curvature of the loss 'poisson' has no bound to take a step from: pass an lr")

    fit_intercept, squared = check_flag(fit_intercept, "fit_intercept"), kind.name == "squared_error"
    # the targets of another loss are not centred: classes and counts would not survive it
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept and squared)
    if not design.one_d:
        raise ValueError(f"y must have shape (n_samples,), got {design.Y.shape}: a descent is that of one target")
    objective = Objective(alpha, l1_ratio, convention, kind, design.total_weight)
    start = _start(coef_init, intercept_init, design.p, fit_intercept)
    if history and not affordable(8.0 * (n_iter + 1.0) * (design.p + 5.0)):
        raise ValueError(
            f"n_iter={n_iter:,}: the history of {design.p:,} coefficients over so many steps does not fit in memory; "
            "pass history=False, or fewer steps"
        )
    passes = Passes(design, kind, objective, fit_intercept)
    bounded = math.isfinite(kind.curvature) and (check_step or lr is None)
    gram = Gram(passes) if takes_gram(design, n_iter if squared else 0, bounded) else None
    L = largest_curvature(passes, gram) if bounded else math.nan
    bound = 2.0 * (1.0 + momentum) / L if L != 0 else math.inf
    if lr is None:
        half = 1.0 + momentum if squared and objective.l1 == 0 else 1.0 - momentum
        lr = half / L if L > 0 else 1.0  # without any curvature there is nowhere to go
    elif lr > bound:
        raise ValueError(_too_long(lr, L, bound, momentum, convention, squared))
    evaluate = Quadratic(passes, gram) if squared and gram is not None and design.near(NEAR) else passes
    proof = Proof(passes, gram, tol or _CONVERGED) if squared else AnyProof(passes, tol or _CONVERGED)
    way = _Way(evaluate, objective, lr, momentum, _Record(n_iter if history else 0, design.p))
    found = way.go(*start, n_iter, tol, proof, callback)
    _warn(way, found, bound, tol)
    return Descent(
        coef=np.array(way.w),
        intercept=way.b,
        alpha=objective.given,
        l1_ratio=objective.rho,
        convention=convention,
        loss=kind,
        lr=way.lr,
        momentum=way.momentum,
        step_bound=bound,
        n_iter=way.k,
        converged=found.converged,
        diverged=way.diverged,
        certificate=found,
        history=way.record.history(way.k),
        n_features=design.p,
        feature_names=design.feature_names,
        classes=kind.classes(float(design.Y.min())),
    )


def _start(coef_init: Any, intercept_init: Any, p: int, fit_intercept: bool) -> tuple[Array, float]:
    w = np.zeros(p)
    if coef_init is not None:
        w = as_numbers(coef_init, "coef_init must be numbers, one per feature")
        if w.shape != (p,):
            raise ValueError(f"coef_init must have shape ({p},), one number per feature, got {w.shape}")
    b = 0.0
    if intercept_init is not None:
        number = as_numbers(intercept_init, "intercept_init must be a number")
        if number.ndim:
            raise TypeError(f"intercept_init must be one number, got {reprlib.repr(intercept_init)}")
        b = float(number)
        if b and not fit_intercept:
            raise ValueError(f"intercept_init={b:g}, but fit_intercept is False: there is no intercept to start")
    for values, name in ((w, "coef_init"), (b, "intercept_init")):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} contains NaN or infinity: a descent needs a point to start from")
    return w, b


def _too_long(lr: float, L: float, bound: float, momentum: float, convention: str, squared: bool) -> str:
    formula = "2 (1 + momentum) / L" if momentum else "2 / L"
    if not squared:
        consequence = "beyond it nothing keeps the steps from growing, as L bounds the curvature of this loss"
    elif momentum:
        consequence = "beyond it the steps along the steepest direction grow without end"
    else:
        consequence = (
            f"beyond it they diverge, by the factor |1 - lr L| = {abs(1 - lr * L):.4g} a step where it is steepest"
        )
    return (
        f"lr={lr:g} is above the step bound {formula} = {bound:g}, where L = {L:g} is the largest curvature of the "
        f"objective as convention {convention!r} writes it, penalty and intercept included: {consequence}. Use a "
        "smaller lr, lr=None for one that converges, or check_step=False to see it happen"
    )


def _warn(way: _Way, found: Certificate, bound: float, tol: float) -> None:
    if way.diverged:
        known = "" if math.isnan(bound) else f", where the bound is {bound:g}"
        warn(
            f"gradient descent diverged: step {way.k + 1:,} left the range of float64 (lr={way.lr:g}{known}); "
            "the coefficients are those before it. Use a smaller lr",
            ConvergenceWarning,
        )
    elif tol > 0 and not found.converged and not way.stopped:
        warn(
            f"gradient descent did not reach tol={tol:g} in {way.k:,} steps: the relative duality gap is "
            f"{found.relative_gap:.1e}. Raise n_iter or lr, standardize the columns, or use momentum",
            ConvergenceWarning,
        )


# ------------------------------------------------------------------------------------------------------ the steps


class _Way:
    """The steps from one point, and where they have come to."""

    def __init__(
        self, evaluate: Passes | Quadratic, objective: Objective, lr: float, momentum: float, record: _Record
    ) -> None:
        self.evaluate, self.objective, self.lr, self.momentum, self.record = evaluate, objective, lr, momentum, record
        self.k, self.stopped, self.diverged = -1, False, False

    def go(
        self,
        w: Array,
        b: float,
        n_iter: int,
        tol: float,
        proof: Proof | AnyProof,
        callback: Callable[..., Any] | None,
    ) -> Certificate:
        """Walk, and prove what it has come to."""
        lr, momentum, l1, l2 = self.lr, self.momentum, self.objective.l1, self.objective.l2
        theirs = np.geterr()
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows ends the descent
            if not self._arrive(w, b):
                raise ValueError(
                    "the objective at coef_init and intercept_init leaves the range of float64: start from smaller ones"
                )
            last_w, last_b, look = w, b, 0
            found = None
            while True:
                if tol > 0 and self.k == look:
                    found = proof(w, b, self.k)
                    look += max(10, look // 5)
                    if found.converged:
                        return found
                if self.stopped or self.k == n_iter:
                    break
                moved = (1.0 - lr * l2) * w - lr * self.g
                if momentum:
                    moved += momentum * (w - last_w)
                if l1:
                    moved -= np.clip(moved, -lr * l1, lr * l1)
                last_w, w = w, moved
                last_b, b = b, b - lr * self.slope + momentum * (b - last_b)
                if not self._arrive(w, b):
                    self.diverged = True
                    break
                if callback is not None:
                    with np.errstate(**theirs):
                        self.stopped = bool(callback(self.k, self.record.last, w, b))
            if found is None or found.n_iter != self.k:
                found = proof(self.w, self.b, self.k)
        return replace(found, converged=found.converged and not self.diverged)

    def _arrive(self, w: Array, b: float) -> bool:
        """Evaluate and record; False, and nothing else, where numbers are no longer finite."""
        w.flags.writeable = False
        value, g, slope = self.evaluate(w, b)
        if not self.record.add(self.k + 1, value, self.objective.penalty(w), w, b):
            return False
        self.k, self.w, self.b, self.g, self.slope = self.k + 1, w, b, g, slope
        return True


class _Record:
    """Where a history is written; without room for steps the last one stays."""

    def __init__(self, steps: int, p: int) -> None:
        self.rows = steps + 1
        self.table, self.coef, self.last = np.empty((self.rows, 4)), np.empty((self.rows, p)), 0.0

    def add(self, k: int, loss: float, penalty: float, w: Array, b: float) -> bool:
        """Write down what is after k steps, or False where it is not finite."""
        square = float(w @ w)
        if not math.isfinite(loss + penalty + square + b * b):
            return False
        row = k if k < self.rows else self.rows - 1
        self.table[row] = loss, penalty, math.sqrt(square), b
        self.coef[row] = w
        self.last = loss + penalty
        return True

    def history(self, k: int) -> DescentHistory:
        stop = min(k + 1, self.rows)
        # what was not reached gives its memory back
        table, coef = self.table[:stop].T.copy(), self.coef if stop == self.rows else self.coef[:stop].copy()
        return DescentHistory(
            loss=table[0], penalty=table[1], objective=table[0] + table[1], norm=table[2], coef=coef, intercept=table[3]
        )
