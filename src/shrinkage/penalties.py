"""Penalties: what the caller says (alpha, l1_ratio, factors, bounds) and the per-feature arrays that solvers use.

The penalty of the canonical objective is ``alpha * sum_j v_j [ l1_ratio |w_j| + (1 - l1_ratio)/2 w_j^2 ]`` with
``lower_j <= w_j <= upper_j``.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import Any

import numpy as np

_UNLIKE_NUMBERS = (bool, np.bool_, type(None))

Vector = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Penalty:
    """A checked penalty.

    Attributes
    ----------
    alpha : float or ndarray of shape (n_targets,)
        Strength, canonical convention; an array has one value per target.
    l1_ratio : float
        0 is ridge, 1 is the lasso.
    factors : ndarray of shape (n_features,) or None
        v: 0 leaves a feature unpenalized, inf keeps its coefficient at exactly 0; None means all ones.
    lower, upper : ndarray of shape (n_features,) or None
        Bounds of the coefficients; None means unbounded.
    """

    alpha: float | Vector
    l1_ratio: float = 0.0
    factors: Vector | None = None
    lower: Vector | None = None
    upper: Vector | None = None

    def l1(self, n_features: int) -> Vector:
        """alpha v_j l1_ratio, the weight of |w_j|: (n_features,), or (n_features, n_targets) for several alphas."""
        return self._weights(n_features, self.l1_ratio)

    def l2(self, n_features: int) -> Vector:
        """alpha v_j (1 - l1_ratio), the weight of w_j^2 / 2, shaped like `l1`."""
        return self._weights(n_features, 1.0 - self.l1_ratio)

    def _weights(self, n_features: int, share: float) -> Vector:
        factors = np.ones(n_features) if self.factors is None else self.factors
        with np.errstate(invalid="ignore"):
            weights = np.multiply.outer(factors, np.asarray(self.alpha) * share)
        # an excluded feature stays excluded when its share of the penalty is zero
        weights[np.isinf(factors)] = np.inf
        return weights

    @property
    def excluded(self) -> Vector | None:
        """Mask of the features with an infinite factor, or None where there are none."""
        if self.factors is None or not np.isinf(self.factors).any():
            return None
        return np.isinf(self.factors)


def as_numbers(value: Any, rule: str) -> Vector:
    """A float64 copy of real numbers; TypeError(rule) for text, booleans, None and whatever else is none."""
    try:
        array = np.asarray(value)
        # NumPy makes numbers of True and None
        mixed = isinstance(value, (list, tuple)) or array.dtype.kind == "O"
        if mixed and any(isinstance(item, _UNLIKE_NUMBERS) for item in np.asarray(value, dtype=object).flat):
            raise TypeError
        if array.dtype.kind in "iufO":
            return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"{rule}, got {reprlib.repr(value)}")


def check_alpha(alpha: Any, name: str = "alpha", *, n_targets: int = 1) -> float | Vector:
    """alpha as a float, or as a float64 array with one value per target.

    Raises
    ------
    TypeError
        `alpha` is not a real number or array of them.
    ValueError
        It is negative, not finite, or has the wrong length.
    """
    if type(alpha) is float and alpha >= 0.0 and alpha < math.inf:
        return alpha
    values = as_numbers(alpha, f"{name} must be a number or one number per target")
    bad = values[~(np.isfinite(values) & (values >= 0))]
    if bad.size:
        advice = "0 is no penalty"
        if bad.flat[0] == np.inf:
            advice = "no penalty, for which convention 'inverse' has inf, is 0 in every other convention"
        raise ValueError(f"{name} must be finite and zero or more, got {bad.flat[0]:g}: {advice}")
    if values.ndim == 0:
        return float(values)
    if values.shape != (n_targets,):
        raise ValueError(
            f"{name} must be a number or have one value per target ({n_targets}), got shape {values.shape}"
        )
    return values


def check_factors(penalty_factor: Any, n_features: int) -> Vector | None:
    """Penalty factors as a float64 array (n_features,), or None where every one is 1.

    Raises
    ------
    TypeError
        They are not numbers.
    ValueError
        The shape is wrong, or one is negative or NaN.
    """
    if penalty_factor is None:
        return None
    v = as_numbers(penalty_factor, "penalty_factor must be numbers, one per feature")
    if v.shape != (n_features,):
        raise ValueError(f"penalty_factor must have shape ({n_features},), one factor per feature, got {v.shape}")
    bad = np.flatnonzero(~(v >= 0))
    if bad.size:
        raise ValueError(
            f"penalty_factor[{bad[0]}] is {v[bad[0]]:g}: "
            "factors must be zero (not penalized), positive, or inf (excluded)"
        )
    return None if (v == 1).all() else v


def make_penalty(
    alpha: Any,
    l1_ratio: float = 0.0,
    penalty_factor: Any = None,
    lower: Any = None,
    upper: Any = None,
    *,
    n_features: int,
    n_targets: int = 1,
) -> Penalty:
    """Check everything a caller says about the penalty.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,)
        Strength in the canonical convention, at least 0.
    l1_ratio : float, default 0
        Share of the L1 part, 0 to 1.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 (not penalized) and inf (excluded) included.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds, ``lower <= 0 <= upper`` so that w = 0 is allowed.
    n_features, n_targets : int
        Shapes to check against.

    Returns
    -------
    Penalty

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what it was and what is allowed.
    """
    if isinstance(l1_ratio, bool) or not isinstance(l1_ratio, (int, float, np.integer, np.floating)):
        raise TypeError(f"l1_ratio must be a number between 0 and 1, got {l1_ratio!r}")
    if not 0 <= l1_ratio <= 1:
        raise ValueError(f"l1_ratio must be between 0 (ridge) and 1 (lasso), got {l1_ratio!r}")
    low, high = _check_bound(lower, "lower", n_features, -np.inf), _check_bound(upper, "upper", n_features, np.inf)
    if low is not None and (low > 0).any():
        raise ValueError(f"lower must be at most 0 for every feature, got {low.max():g}: w = 0 must be allowed")
    if high is not None and (high < 0).any():
        raise ValueError(f"upper must be at least 0 for every feature, got {high.min():g}: w = 0 must be allowed")
    return Penalty(
        check_alpha(alpha, n_targets=n_targets), float(l1_ratio), check_factors(penalty_factor, n_features), low, high
    )


def _check_bound(bound: Any, name: str, n_features: int, none: float) -> Vector | None:
    if bound is None:
        return None
    values = as_numbers(bound, f"{name} must be a number or one number per feature")
    if values.ndim == 0:
        values = np.full(n_features, float(values))
    if values.shape != (n_features,):
        raise ValueError(f"{name} must be a number or have shape ({n_features},), got {values.shape}")
    if np.isnan(values).any():
        raise ValueError(f"{name}[{int(np.flatnonzero(np.isnan(values))[0])}] is NaN: use -inf or inf for no bound")
    return None if (values == none).all() and len(values) else values
