"""Losses of a linear prediction: their names, what y may be, how curved they are, and their values by the kernels.

A loss l(y, p) is a convex function of the prediction p = b + x.w. `_kernels/_scalar.pxd` has the formulas, and
`reference/losses.py` has them for reading.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ._kernels import losses as _kernel
from .penalties import as_numbers

Array = np.ndarray[Any, Any]
#: Real numbers, the two classes -1 and 1, or counts (any number that is not negative).
Domain = Literal["real", "sign", "count"]

_NOTHING = np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of one prediction p for one target y.

    Attributes
    ----------
    name : str
        As in `loss_of`.
    kind : int
        Its number in the kernels.
    parameter : float
        epsilon of the Huber and the insensitive losses, the margin of the hinges; 0 where there is none.
    domain : {"real", "sign", "count"}
        What y may be: numbers, -1 and 1, or numbers of zero or more.
    curvature : float
        Largest second derivative in p; inf where there is no largest, or where the loss has a kink.
    """

    name: str
    kind: int
    parameter: float
    domain: Domain
    curvature: float

    @property
    def classifies(self) -> bool:
        """Whether y are classes."""
        return self.domain == "sign"

    def targets(self, y: Array) -> Array:
        """y as the loss wants it: of classes, 0 or -1 becomes -1.

        Raises
        ------
        ValueError
            An entry is not in the domain; says which and what to do.
        """
        if self.domain == "count":
            bad = np.flatnonzero(~(y >= 0))
            if bad.size:
                raise ValueError(
                    f"y has {y.flat[bad[0]]:g} at index {bad[0]}: the loss {self.name!r} is of counts and rates, "
                    "so y must be zero or more"
                )
        if self.domain != "sign":
            return y
        positive, zero = y == 1, y == 0
        bad = np.flatnonzero(~(positive | zero | (y == -1)))
        if bad.size or (zero.any() and (y == -1).any()):
            found = np.unique(y)
            told = ", ".join(f"{value:g}" for value in found[:6]) + ", ..." * (len(found) > 6)
            raise ValueError(
                f"y must have the classes 0 and 1, or -1 and 1, for the loss {self.name!r}; got {told}: encode two "
                "classes so, with more fit one model for each against the rest, and take another loss for numbers"
            )
        return np.where(positive, 1.0, -1.0)

    def classes(self, lowest: float) -> tuple[float, float] | None:
        """What the two classes are called, by the smallest y there was: 0 and 1, or -1 and 1; None for other losses."""
        return (min(lowest, 0.0), 1.0) if self.classifies else None

    def values(self, y: Array, eta: Array) -> Array:
        """Losses of the predictions eta, (n,) or (n, K), for y (n,) or shaped like eta; float64, shaped like eta."""
        y, eta, values = _shaped(y, eta)
        _kernel.evaluate(self.kind, self.parameter, y, eta, _square(values), _NOTHING)
        return values

    def slopes(self, y: Array, eta: Array) -> Array:
        """Derivatives of `values` in eta; at a kink one of the slopes between its sides."""
        y, eta, slopes = _shaped(y, eta)
        _kernel.evaluate(self.kind, self.parameter, y, eta, _NOTHING, _square(slopes))
        return slopes

    def both(self, y: Array, eta: Array) -> tuple[Array, Array]:
        """(values, slopes)."""
        y, eta, values = _shaped(y, eta)
        slopes = np.empty(values.shape)
        _kernel.evaluate(self.kind, self.parameter, y, eta, _square(values), _square(slopes))
        return values, slopes

    def conjugates(self, y: Array, u: Array) -> Array:
        """sup over p of u p - l(y, p), inf where that has no end, for u (n,) or (n, K) and y as in `values`.

        It is u p - l(y, p) or more for every p, and just that where u is the slope at p.
        """
        y, u, out = _shaped(y, u)
        _kernel.conjugate(self.kind, self.parameter, y, u, _square(out))
        return out


def _square(v: Array) -> Array:
    """(n,) or (n, K) as (n, K), in its memory."""
    return v[:, None] if v.ndim == 1 else v


def _shaped(y: Array, v: Array) -> tuple[Array, Array, Array]:
    """y and v as the kernels take them, (n, K) in float64, and room for what comes out, shaped like v."""
    y, v = np.asarray(y, np.float64), np.asarray(v, np.float64)
    return np.broadcast_to(_square(y), _square(v).shape), _square(v), np.empty(v.shape)


#: name: (kind, margin of a hinge or None for epsilon, domain, curvature)
_LOSSES: dict[str, tuple[int, float | None, Domain, float]] = {
    "squared_error": (0, 0.0, "real", 1.0),
    "huber": (1, None, "real", 1.0),
    "epsilon_insensitive": (2, None, "real", math.inf),
    "squared_epsilon_insensitive": (3, None, "real", 2.0),
    "log_loss": (4, 0.0, "sign", 0.25),
    "hinge": (5, 1.0, "sign", math.inf),
    "squared_hinge": (6, 1.0, "sign", 2.0),
    "modified_huber": (7, 1.0, "sign", 2.0),
    "perceptron": (5, 0.0, "sign", math.inf),
    "poisson": (8, 0.0, "count", math.inf),
}
#: What `loss_of` takes.
NAMES = tuple(_LOSSES)


def loss_of(name: Any, epsilon: Any = 0.1) -> Loss:
    """The loss of this name, as scikit-learn calls it.

    Parameters
    ----------
    name : str
        With r = p - y, and the margin z = y p where y is -1 or 1:

        - "squared_error": ``r^2 / 2``
        - "huber": ``r^2 / 2`` up to ``|r| = epsilon``, ``epsilon (|r| - epsilon / 2)`` beyond
        - "epsilon_insensitive": ``max(0, |r| - epsilon)``
        - "squared_epsilon_insensitive": ``max(0, |r| - epsilon)^2``
        - "log_loss": ``log(1 + exp(-z))``
        - "hinge": ``max(0, 1 - z)``
        - "squared_hinge": ``max(0, 1 - z)^2``
        - "modified_huber": ``max(0, 1 - z)^2`` down to ``z = -1``, ``-4 z`` below
        - "perceptron": ``max(0, -z)``
        - "poisson": ``exp(p) - y p``, for y of zero or more
    epsilon : float, default 0.1
        For the three losses that have it; more than 0 for "huber".

    Returns
    -------
    Loss

    Raises
    ------
    TypeError
        `name` is no text or `epsilon` no number.
    ValueError
        There is no such loss, or `epsilon` is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.losses import loss_of
    >>> loss_of("hinge").values(np.array([-1.0, 1.0]), np.array([-3.0, 0.25]))
    array([0.  , 0.75])
    """
    if not isinstance(name, str):
        raise TypeError(f"loss must be the name of a loss, as text, got {reprlib.repr(name)}")
    if name not in _LOSSES:
        raise ValueError(f"loss must be one of {', '.join(map(repr, _LOSSES))}; got {name!r}")
    width = as_numbers(epsilon, "epsilon must be a number")
    if width.ndim:
        raise TypeError(f"epsilon must be one number, got {reprlib.repr(epsilon)}")
    if not (width >= 0 and np.isfinite(width)):
        raise ValueError(f"epsilon must be finite and zero or more, got {width:g}")
    kind, parameter, domain, curvature = _LOSSES[name]
    if name == "huber" and width == 0:
        raise ValueError("epsilon must be more than 0 for the loss 'huber', which is 0 everywhere without it")
    return Loss(name, kind, float(width) if parameter is None else parameter, domain, curvature)
