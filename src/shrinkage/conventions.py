"""The ways the world writes the strength of a penalty, converted exactly.

Every solver in this package minimizes one objective, the *canonical* one,

    (1/W) sum_i s_i (y_i - eta_i)^2 / 2  +  alpha * sum_j [ rho |w_j| + (1 - rho)/2 w_j^2 ]

with eta_i = b + x_i.w, sample weights s_i and W = sum_i s_i (``sum_weights``; the number of rows when there
are no weights), alpha the strength and rho the ``l1_ratio``. Below, ||r||^2 is sum_i s_i (y_i - eta_i)^2 and
L = ||r||^2 / (2W) the canonical loss. Books, notebooks and libraries scale loss and penalty in other ways.
With a (for a pair, a and b) the number each of them writes:

============  ================================  ===================  ===================  ===================
name          objective, summed over j          canonical alpha      canonical rho        objective divided by
                                                                                          the canonical one
============  ================================  ===================  ===================  ===================
canonical     L + a (rho |w| + (1-rho)/2 w^2)   a                    rho                  1
sum           ||r||^2 + a w^2                   a / W                0                    2 W
half_mean     ||r||^2 / (2W) + a w^2            2 a                  0                    1
mean          ||r||^2 / W + a w^2               a                    0                    2
notebook      ||r||^2 / W + a / (2W) w^2        a / (2 W)            0                    2
inverse       a W L + rho |w| + (1-rho)/2 w^2   1 / (a W)            rho                  a W
weight_decay  c L + a/2 w^2                     a / c                0                    c
two_lambda    c L + a |w| + b w^2               (a + 2 b) / c        a / (a + 2 b)        c
============  ================================  ===================  ===================  ===================

The last two name a penalty and leave the loss open; ``loss`` names it: "half_mean_square" (c = 1, L itself,
the default) or "mean_square" (c = 2, the plain mean of squares, ``torch.nn.MSELoss``).

The conversions are algebra and assume nothing about the data. Halving and doubling are exact; multiplying or
dividing by W rounds once, so a round trip returns the number or its neighbour. "inverse" rounds twice each
way, and returns its number to within 4 roundings. A pair (a, b) returns to within rounding of a + 2 b,
because (alpha, rho) cannot hold a b that is below the last digit of a.
"""

import math
import numbers
import reprlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CONVENTIONS",
    "Convention",
    "convert",
    "decay_factor",
    "from_canonical",
    "from_prior_variance",
    "prior_variance",
    "to_canonical",
]

Real = float | NDArray[np.float64]
Value = Real | tuple[Real, Real]

_INF = math.inf

# How many times the canonical loss each named loss is.
_LOSSES = {"half_mean_square": 1.0, "mean_square": 2.0}


# --- reading arguments --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Domain:
    """What an argument may be: its bounds, both included, in words, and what to do instead."""

    low: float
    high: float
    words: str
    advice: str


_TINY, _HUGE = math.ulp(0.0), sys.float_info.max

_PENALTY = _Domain(0.0, _HUGE, "finite and at least 0", "use 0 for no penalty")
_INVERSE = _Domain(_TINY, _INF, "greater than 0", "a smaller C is a stronger penalty, C=inf is no penalty")
_RATIO = _Domain(0.0, 1.0, "between 0 and 1", "0 is ridge and 1 is the lasso")
_WEIGHT = _Domain(
    _TINY,
    _HUGE,
    "finite and greater than 0",
    "pass the sum of the sample weights, or the number of rows when there are none",
)
_RATE = _Domain(0.0, _HUGE, "finite and at least 0", "pass the step size of the descent")
_NOISE = _Domain(_TINY, _HUGE, "finite and greater than 0", "pass the variance of y around its mean")
_VARIANCE = _Domain(_TINY, _INF, "greater than 0", "use inf for a flat prior, which is no penalty")


def _all(flags: Any) -> bool:
    return flags if type(flags) is bool else bool(flags.all())


def _real(x: Any, name: str, domain: _Domain) -> Real:
    """Read x as a float, or as a new float64 array, inside a domain."""
    # Python floats never reach NumPy: a fit of a tiny problem takes tens of microseconds in all.
    number: Real = x if type(x) is float else _coerce(x, name)
    if isinstance(number, float):
        if domain.low <= number <= domain.high:
            return number
    else:
        inside = (domain.low <= number) & (number <= domain.high)
        if inside.all():
            return number
        where = np.unravel_index(int(np.argmin(inside)), number.shape)
        name, number = f"{name}[{', '.join(map(str, where))}]", float(number[where])
    raise ValueError(f"{name}={number!r} must be {domain.words}: {domain.advice}")


def _coerce(x: Any, name: str) -> Real:
    if isinstance(x, (int, float, numbers.Real)) and not isinstance(x, bool):
        try:
            return float(x)
        except OverflowError:
            raise ValueError(f"{name}={reprlib.repr(x)} does not fit in float64: pass a number below 1.8e308") from None
    try:
        array = np.asarray(x)
    except ValueError:  # a ragged list
        array = np.empty((), dtype=object)
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"{name}={reprlib.repr(x)} of type {type(x).__name__} is not a real number: "
            "pass a number, or an array of numbers with one per target"
        )
    return array.astype(np.float64) if array.ndim else float(array)


def _one(x: Any, name: str, domain: _Domain) -> float:
    number = _real(x, name, domain)
    if type(number) is not float:
        raise TypeError(f"{name}={reprlib.repr(x)} must be one number, not an array: {domain.advice}")
    return number


def _align(first: str, x: Real, second: str, y: Real) -> tuple[Real, Real]:
    """Return two floats, or two arrays with one number per target."""
    if type(x) is float and type(y) is float:
        return x, y
    shapes = np.shape(x), np.shape(y)
    if all(shapes) and shapes[0] != shapes[1]:
        raise ValueError(
            f"{first} has shape {shapes[0]} and {second} has shape {shapes[1]}: pass one number each, or one "
            "per target in both"
        )
    shape = shapes[0] or shapes[1]
    return np.broadcast_to(x, shape).copy(), np.broadcast_to(y, shape).copy()


def _pair(x: Any, name: str, domain: _Domain) -> Value:
    """Read (l1, l2): a tuple of floats, or one array whose two rows they are."""
    if not isinstance(x, (tuple, list)) and not (isinstance(x, np.ndarray) and x.ndim):
        raise TypeError(f"{name}={reprlib.repr(x)} of type {type(x).__name__} is not a pair: pass (lambda_1, lambda_2)")
    if len(x) != 2:
        raise ValueError(f"{name}={reprlib.repr(x)} has {len(x)} entries: pass the pair (lambda_1, lambda_2)")
    first, second = _real(x[0], f"{name}[0]", domain), _real(x[1], f"{name}[1]", domain)
    first, second = _align(f"{name}[0]", first, f"{name}[1]", second)
    return (first, second) if type(first) is float else np.stack((first, second))


def _quotient(top: Any, bottom: Any, at_zero: float) -> Any:
    """top / bottom, and at_zero where bottom is 0."""
    if type(bottom) is float:
        return top / bottom if bottom else at_zero
    return np.divide(top, bottom, out=np.full(bottom.shape, at_zero), where=bottom != 0.0)


# --- the conventions ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Convention:
    """One way to write the strength of a penalty.

    Attributes
    ----------
    name : str
        The name to pass as ``convention``.
    objective : str
        The objective the number belongs to. ``W`` is the sum of the sample weights, ``||r||^2`` the weighted
        sum of squared residuals, ``L = ||r||^2 / (2W)``.
    source : str
        Where this way of writing is found.
    losses : tuple of str
        The values of ``loss`` that agree with the objective; more than one where it is left open.
    has_l1 : bool
        Whether the penalty can have an L1 part.
    is_pair : bool
        Whether the value is a pair (lambda_1, lambda_2) that carries its own ``l1_ratio``.
    """

    name: str
    objective: str
    source: str
    # v: the value, W: sum of weights, r: l1_ratio, c: own loss / canonical loss, a: canonical alpha.
    to: Callable[[Any, float, Any, float], Any] = field(repr=False)  # (v, W, r, c) -> (a, r)
    back: Callable[[Any, float, Any, float], Any] = field(repr=False)  # (a, W, r, c) -> v
    # Second derivative of the squared part of the convention's own penalty.
    curvature: Callable[[Any, float, Any], Any] = field(repr=False)  # (v, W, r) -> number
    losses: tuple[str, ...] = ()
    has_l1: bool = False
    is_pair: bool = False
    domain: _Domain = field(default=_PENALTY, repr=False)
    read: Callable[[Any, str, _Domain], Any] = field(default=_real, repr=False)


_TABLE = {
    row.name: row
    for row in (
        Convention(
            name="canonical",
            objective="||r||^2 / (2W) + alpha * sum_j [ rho |w_j| + (1-rho)/2 w_j^2 ]",
            source="this package; glmnet lambda; alpha of scikit-learn's ElasticNet and Lasso",
            to=lambda v, W, r, c: (v, r),
            back=lambda a, W, r, c: a,
            curvature=lambda v, W, r: v * (1.0 - r),
            losses=("half_mean_square",),
            has_l1=True,
        ),
        Convention(
            name="sum",
            objective="||r||^2 + alpha * sum_j w_j^2",
            source="alpha of scikit-learn's Ridge; the lambda of X'X + lambda I and of s^2 / (s^2 + lambda)",
            to=lambda v, W, r, c: (v / W, r),
            back=lambda a, W, r, c: a * W,
            curvature=lambda v, W, r: 2.0 * v,
        ),
        Convention(
            name="half_mean",
            objective="||r||^2 / (2W) + lambda * sum_j w_j^2",
            source="lecture notes with the solution (X'X + 2 m lambda I)^-1 X'y",
            to=lambda v, W, r, c: (2.0 * v, r),
            back=lambda a, W, r, c: a / 2.0,
            curvature=lambda v, W, r: 2.0 * v,
            losses=("half_mean_square",),
        ),
        Convention(
            name="mean",
            objective="||r||^2 / W + lambda * sum_j w_j^2",
            source="lecture notes with the solution (X'X + n lambda I)^-1 X'y; L2 added to torch's MSELoss",
            to=lambda v, W, r, c: (v, r),
            back=lambda a, W, r, c: a,
            curvature=lambda v, W, r: 2.0 * v,
            losses=("mean_square",),
        ),
        Convention(
            name="notebook",
            objective="||r||^2 / W + lambda / (2W) * sum_j w_j^2",
            source="deep learning courses: the step is w (1 - eta lambda / m) - eta grad",
            to=lambda v, W, r, c: (v / W / 2.0, r),
            back=lambda a, W, r, c: a * W * 2.0,
            curvature=lambda v, W, r: v / W,
            losses=("mean_square",),
        ),
        Convention(
            name="inverse",
            objective="C * ||r||^2 / 2 + sum_j [ rho |w_j| + (1-rho)/2 w_j^2 ]",
            source="liblinear; C of scikit-learn's LogisticRegression",
            to=lambda v, W, r, c: (_quotient(1.0, v * W, _INF), r),
            back=lambda a, W, r, c: _quotient(1.0, a * W, _INF),
            # v > 0 always holds: it gives the number the shape of v.
            curvature=lambda v, W, r: (1.0 - r) * (v > 0.0),
            has_l1=True,
            domain=_INVERSE,
        ),
        Convention(
            name="weight_decay",
            objective="loss + weight_decay / 2 * sum_j w_j^2",
            source="weight_decay of torch's SGD: the step is w - eta (grad + weight_decay w)",
            to=lambda v, W, r, c: (v / c, r),
            back=lambda a, W, r, c: a * c,
            curvature=lambda v, W, r: v,
            losses=("half_mean_square", "mean_square"),
        ),
        Convention(
            name="two_lambda",
            objective="loss + lambda_1 * sum_j |w_j| + lambda_2 * sum_j w_j^2",
            source="the elastic net of textbooks and of hand-written torch training loops",
            to=lambda v, W, r, c: (
                (v[0] + 2.0 * v[1]) / c,
                _quotient(v[0], v[0] + 2.0 * v[1], 0.0),
            ),
            back=lambda a, W, r, c: (a * r * c, a * (1.0 - r) / 2.0 * c),
            curvature=lambda v, W, r: 2.0 * v[1],
            losses=("half_mean_square", "mean_square"),
            has_l1=True,
            is_pair=True,
            read=_pair,
        ),
    )
}

CONVENTIONS: Mapping[str, Convention] = MappingProxyType(_TABLE)
"""Every convention by name, read-only."""


def _lookup(name: Any, argument: str) -> Convention:
    try:
        return _TABLE[name]
    except (KeyError, TypeError):
        known = ", ".join(map(repr, _TABLE))
        error = ValueError if isinstance(name, str) else TypeError
        raise error(f"{argument}={reprlib.repr(name)} is not a convention: choose one of {known}") from None


def _loss_multiple(rule: Convention, loss: Any) -> float:
    if not isinstance(loss, str) or loss not in _LOSSES:
        known = " or ".join(map(repr, _LOSSES))
        error = ValueError if isinstance(loss, str) else TypeError
        raise error(f"loss={reprlib.repr(loss)} is not a known loss: choose {known}")
    if loss not in rule.losses:
        raise ValueError(
            f"loss={loss!r} contradicts convention {rule.name!r}, whose objective is {rule.objective}: "
            "leave loss out, or use 'weight_decay' or 'two_lambda', which leave it open"
        )
    return _LOSSES[loss]


def _ratio(rule: Convention, l1_ratio: Any, *, allowed: bool) -> Real:
    ratio = _real(l1_ratio, "l1_ratio", _RATIO)
    if allowed or _all(ratio == 0.0):
        return ratio
    if rule.is_pair:
        raise ValueError(
            f"l1_ratio={reprlib.repr(l1_ratio)} has no place in convention {rule.name!r}, where the pair "
            "(lambda_1, lambda_2) already says it: leave l1_ratio out"
        )
    mixed = ", ".join(repr(row.name) for row in _TABLE.values() if row.has_l1)
    raise ValueError(
        f"l1_ratio={reprlib.repr(l1_ratio)} has no place in convention {rule.name!r}, which has no L1 term: "
        f"use l1_ratio=0, or one of {mixed}"
    )


def _read(
    value: Any, convention: Any, sum_weights: Any, l1_ratio: Any, name: str
) -> tuple[Convention, Any, float, Real]:
    """Read a strength written in some convention: (its Convention, the value, W, l1_ratio)."""
    rule = _lookup(convention, "convention")
    weights = _one(sum_weights, "sum_weights", _WEIGHT)
    own = rule.read(value, name, rule.domain)
    if type(l1_ratio) is float and l1_ratio == 0.0:
        return rule, own, weights, 0.0
    ratio = _ratio(rule, l1_ratio, allowed=rule.has_l1 and not rule.is_pair)
    if not rule.is_pair:
        own, ratio = _align(name, own, "l1_ratio", ratio)
    return rule, own, weights, ratio


def _evaluate(formula: Callable[..., Any], value: Any, *rest: Any) -> Any:
    if type(value) is not np.ndarray:
        return formula(value, *rest)
    # What overflows is refused afterwards with a sentence.
    with np.errstate(over="ignore", invalid="ignore"):
        return formula(value, *rest)


def _overflow(name: str, value: Any, convention: str, sum_weights: float) -> ValueError:
    return ValueError(
        f"{name}={reprlib.repr(value)} (convention {convention!r}, sum_weights={sum_weights!r}) converts to "
        "a number beyond the range of float64: pass a less extreme one"
    )


# --- conversions --------------------------------------------------------------------------------------------


def to_canonical(
    value: ArrayLike | tuple[ArrayLike, ArrayLike],
    convention: str = "canonical",
    *,
    sum_weights: float,
    l1_ratio: ArrayLike = 0.0,
    loss: str | None = None,
    name: str = "value",
) -> tuple[Real, Real]:
    """Convert a penalty strength to the canonical ``(alpha, l1_ratio)``.

    Parameters
    ----------
    value : float, array or pair
        The strength as `convention` writes it; an array holds one per target. "inverse" takes C in (0, inf],
        "two_lambda" the pair (lambda_1, lambda_2), every other name a finite number of at least 0.
    convention : str, default "canonical"
        A name from `CONVENTIONS`.
    sum_weights : float
        W, the sum of the sample weights; the number of rows when there are none.
    l1_ratio : float or array, default 0.0
        The L1 share of the penalty, for "canonical" and "inverse". The other conventions have no L1 term, or
        carry it in the pair, and take 0 only.
    loss : {"half_mean_square", "mean_square"}, optional
        The loss of "weight_decay" and "two_lambda": ``||r||^2 / (2W)`` (the default) or ``||r||^2 / W``. The
        other conventions fix their loss, and a loss that contradicts theirs is refused.
    name : str, default "value"
        What error messages call `value`.

    Returns
    -------
    alpha : float or ndarray
        Canonical strength; the float type of Python for a scalar.
    l1_ratio : float or ndarray
        Canonical L1 share; 0 where both lambdas of a pair are 0.

    Raises
    ------
    ValueError
        For an unknown name, a negative or non-finite number, C = 0, or an `l1_ratio` or `loss` that the
        convention has no place for, or a result that overflows.
    TypeError
        For anything that is not a real number (booleans included), or not a pair where one is due.

    Notes
    -----
    The conversions are per target. ``torch.nn.MSELoss`` on an output with t columns averages over them too:
    multiply its weight decay and lambdas by t first. "weight_decay" describes descent along
    ``grad + weight_decay * w`` (SGD, with or without momentum). AdamW decays outside its adaptive step and
    minimizes no objective of this family; there is no exact conversion for it.

    Examples
    --------
    >>> to_canonical(5.0, "sum", sum_weights=100)
    (0.05, 0.0)
    >>> to_canonical((0.25, 0.375), "two_lambda", sum_weights=100)
    (1.0, 0.25)
    """
    rule, own, weights, ratio = _read(value, convention, sum_weights, l1_ratio, name)
    multiple = 1.0 if loss is None else _loss_multiple(rule, loss)
    alpha, ratio = _evaluate(rule.to, own, weights, ratio, multiple)
    if not _all(alpha < _INF):
        raise _overflow(name, value, convention, weights)
    return alpha, ratio


def ridge_alpha(alpha: ArrayLike, convention: str, *, sum_weights: float, name: str = "alpha") -> Real:
    """Canonical strength of a ridge penalty, whose alpha in "two_lambda" is lambda_2 alone: there is no L1 part."""
    value: Any = (0.0, alpha) if _lookup(convention, "convention").is_pair else alpha
    return to_canonical(value, convention, sum_weights=sum_weights, name=name)[0]


def from_ridge_alpha(alpha: ArrayLike, convention: str, *, sum_weights: float) -> Real:
    """What `ridge_alpha` takes for this canonical strength."""
    value: Any = from_canonical(alpha, convention, sum_weights=sum_weights)
    return value[1] if _lookup(convention, "convention").is_pair else value


def from_canonical(
    alpha: ArrayLike,
    convention: str = "canonical",
    *,
    sum_weights: float,
    l1_ratio: ArrayLike = 0.0,
    loss: str | None = None,
) -> Value:
    """Convert the canonical ``(alpha, l1_ratio)`` to the strength another convention writes.

    Parameters
    ----------
    alpha : float or array
        Canonical strength, finite and at least 0; an array holds one per target.
    l1_ratio : float or array, default 0.0
        Canonical L1 share; must be 0 for a convention without an L1 term.
    convention, sum_weights, loss
        As in `to_canonical`.

    Returns
    -------
    float, ndarray or pair
        The strength; ``inf`` for "inverse" at alpha = 0; a pair (lambda_1, lambda_2) for "two_lambda".

    Raises
    ------
    ValueError, TypeError
        As in `to_canonical`.

    Examples
    --------
    >>> from_canonical(0.05, "sum", sum_weights=100)
    5.0
    >>> from_canonical(0.0, "inverse", sum_weights=100)
    inf
    >>> from_canonical(1.0, "two_lambda", sum_weights=100, l1_ratio=0.25)
    (0.25, 0.375)
    """
    rule = _lookup(convention, "convention")
    weights = _one(sum_weights, "sum_weights", _WEIGHT)
    ratio = _ratio(rule, l1_ratio, allowed=rule.has_l1)
    strength = _real(alpha, "alpha", _PENALTY)
    strength, ratio = _align("alpha", strength, "l1_ratio", ratio)
    multiple = 1.0 if loss is None else _loss_multiple(rule, loss)
    value = _evaluate(rule.back, strength, weights, ratio, multiple)
    # Only alpha = 0 may have an infinite name (C = inf).
    for part in value if rule.is_pair else (value,):
        if not _all((part < _INF) | (strength == 0.0)):
            raise _overflow("alpha", alpha, convention, weights)
    return value


def convert(
    value: ArrayLike | tuple[ArrayLike, ArrayLike],
    source: str,
    target: str,
    *,
    sum_weights: float,
    l1_ratio: ArrayLike = 0.0,
    loss: str | None = None,
) -> Value:
    """Convert a penalty strength from one convention to another.

    Parameters
    ----------
    value : float, array or pair
        The strength as `source` writes it.
    source, target : str
        Names from `CONVENTIONS`.
    sum_weights : float
        W, as in `to_canonical`.
    l1_ratio : float or array, default 0.0
        The L1 share, where `source` does not carry it.
    loss : {"half_mean_square", "mean_square"}, optional
        The loss of those of `source` and `target` that leave it open. Two different losses take one call of
        `to_canonical` and one of `from_canonical`.

    Returns
    -------
    float, ndarray or pair
        The strength as `target` writes it.

    Raises
    ------
    ValueError, TypeError
        As in `to_canonical`.

    Examples
    --------
    >>> convert(0.5, "half_mean", "sum", sum_weights=100)
    100.0
    >>> convert(0.5, "mean", "weight_decay", sum_weights=100, loss="mean_square")
    1.0
    """
    rules = _lookup(source, "source"), _lookup(target, "target")
    losses = [loss if loss in rule.losses else None for rule in rules]
    if loss is not None and losses == [None, None]:
        _loss_multiple(rules[0], loss)  # neither has a place for it: refuse it
    alpha, ratio = to_canonical(value, source, sum_weights=sum_weights, l1_ratio=l1_ratio, loss=losses[0])
    return from_canonical(alpha, target, sum_weights=sum_weights, l1_ratio=ratio, loss=losses[1])


def decay_factor(
    value: ArrayLike | tuple[ArrayLike, ArrayLike],
    convention: str,
    lr: float,
    *,
    sum_weights: float,
    l1_ratio: ArrayLike = 0.0,
) -> Real:
    """Return the factor that one gradient step on a convention's own objective multiplies the weights by.

    The step ``w - lr * grad(loss + penalty)`` is ``decay_factor * w - lr * grad(loss)`` with

    - ``1 - lr * lambda / W`` for "notebook",
    - ``1 - 2 * lr * lambda`` for "sum", "half_mean" and "mean",
    - ``1 - lr * weight_decay`` for "weight_decay",
    - ``1 - lr * alpha * (1 - l1_ratio)`` for "canonical",
    - ``1 - lr * (1 - l1_ratio)`` for "inverse",
    - ``1 - 2 * lr * lambda_2`` for "two_lambda".

    The L1 part of a penalty subtracts a constant instead, and is no part of the factor.

    Parameters
    ----------
    value, convention, sum_weights, l1_ratio
        As in `to_canonical`.
    lr : float
        The learning rate.

    Returns
    -------
    float or ndarray
        The factor. Below 0 the step overshoots; below -1 it diverges.

    Raises
    ------
    ValueError, TypeError
        As in `to_canonical`, and for an `lr` that is negative or not finite.

    Examples
    --------
    >>> decay_factor(0.25, "mean", 0.5, sum_weights=100)
    0.75
    """
    rule, own, weights, ratio = _read(value, convention, sum_weights, l1_ratio, "value")
    rate = _one(lr, "lr", _RATE)
    factor: Real = _evaluate(lambda v: 1.0 - rate * rule.curvature(v, weights, ratio), own)
    if not _all(factor > -_INF):
        raise _overflow("value", value, convention, weights)
    return factor


# --- Gaussian priors ----------------------------------------------------------------------------------------


def _gaussian(name: str, given: Any, strength: Real, noise: Real, convention: str, weights: float) -> Real:
    """Exchange the canonical alpha and the prior variance: their product is noise / W."""
    strength, noise = _align(name, strength, "noise_variance", noise)
    with np.errstate(over="ignore"):
        result: Real = _quotient(noise, strength * weights, _INF)
    # 0 and inf belong to each other, and to nothing else.
    if not _all(((result < _INF) | (strength == 0.0)) & ((result > 0.0) | (strength == _INF))):
        raise _overflow(name, given, convention, weights)
    return result


def prior_variance(
    value: ArrayLike | tuple[ArrayLike, ArrayLike],
    convention: str = "canonical",
    *,
    sum_weights: float,
    noise_variance: ArrayLike,
    loss: str | None = None,
) -> Real:
    """Return the variance of the Gaussian prior under which ridge is the most probable answer.

    Let ``y_i ~ N(b + x_i.w, noise_variance / s_i)`` and ``w_j ~ N(0, variance)``, all independent, with a
    flat prior on b. The negative log posterior of (b, w) is, up to a constant,

        ||r||^2 / (2 noise_variance) + sum_j w_j^2 / (2 variance),

    which is ``W / noise_variance`` times the canonical ridge objective at

        alpha = noise_variance / (W * variance),    that is, "sum" is noise_variance / variance.

    The textbook rule lambda = 1 / (2 variance) is this for lambda * sum_j w_j^2 added to the negative
    log-likelihood itself, ``||r||^2 / (2 noise_variance)``. Added to the canonical loss L ("half_mean") the
    same prior is lambda = noise_variance / (2 W variance): the rule holds there only if noise_variance is W.

    Parameters
    ----------
    value : float, array or pair
        The strength as `convention` writes it; a lambda_1 must be 0 (a Gaussian prior has no L1 part).
    noise_variance : float or array
        Variance of y around its mean at weight 1; an array holds one per target.
    convention, sum_weights, loss
        As in `to_canonical`.

    Returns
    -------
    float or ndarray
        The variance; ``inf`` (a flat prior) where the penalty is 0.

    Raises
    ------
    ValueError, TypeError
        As in `to_canonical`, and for a `noise_variance` that is not finite and positive.

    Examples
    --------
    >>> prior_variance(8.0, "sum", sum_weights=100, noise_variance=2.0)
    0.25
    """
    noise = _real(noise_variance, "noise_variance", _NOISE)
    alpha, ratio = to_canonical(value, convention, sum_weights=sum_weights, loss=loss)
    if not _all(ratio == 0.0):
        raise ValueError(
            f"value={reprlib.repr(value)} has an L1 part (l1_ratio={ratio!r}), which no Gaussian prior has: "
            "pass lambda_1=0"
        )
    return _gaussian("value", value, alpha, noise, convention, float(sum_weights))


def from_prior_variance(
    variance: ArrayLike,
    convention: str = "canonical",
    *,
    sum_weights: float,
    noise_variance: ArrayLike,
    loss: str | None = None,
) -> Value:
    """Return the penalty strength that a Gaussian prior on the coefficients stands for.

    The inverse of `prior_variance`, which states the model.

    Parameters
    ----------
    variance : float or array
        Prior variance of each coefficient, in (0, inf]; an array holds one per target.
    noise_variance, convention, sum_weights, loss
        As in `prior_variance`.

    Returns
    -------
    float, ndarray or pair
        The strength as `convention` writes it.

    Raises
    ------
    ValueError, TypeError
        As in `from_canonical`, and for a variance that is not positive.

    Examples
    --------
    >>> from_prior_variance(0.25, "sum", sum_weights=100, noise_variance=2.0)
    8.0
    """
    prior = _real(variance, "variance", _VARIANCE)
    noise = _real(noise_variance, "noise_variance", _NOISE)
    weights = _one(sum_weights, "sum_weights", _WEIGHT)
    alpha = _gaussian("variance", variance, prior, noise, convention, weights)
    return from_canonical(alpha, convention, sum_weights=sum_weights, loss=loss)
