"""What a training by gradient descent returns: linear models of any loss, one for every setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._result import Certificate, predict, worst
from .losses import Loss

Array = np.ndarray[Any, Any]


class Linear:
    """A model of any loss: what it predicts with its coefficients, which a subclass has."""

    coef: Array
    intercept: float | Array
    loss: Loss
    classes: tuple[float, float] | None
    n_features: int
    feature_names: tuple[str, ...] | None

    def decision_function(self, X: Any) -> Array:
        """b + x.w for every row.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Frames must have the columns of the training data in the same order.

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
            Frames must have the columns of the training data in the same order.

        Returns
        -------
        ndarray of shape (n,) or (n, n_settings)

        Raises
        ------
        ValueError
            The number of features or their names differ from the training data.
        """
        return predicted(self.decision_function(X), self.loss, self.classes)


@dataclass(frozen=True, repr=False, eq=False)
class StochasticFit(Linear):
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


def predicted(decision: Array, loss: Loss, classes: tuple[float, float] | None) -> Array:
    if classes is not None:
        return np.where(decision > 0, classes[1], classes[0])
    if loss.domain == "count":
        with np.errstate(over="ignore"):
            return np.exp(decision)
    return decision
