"""Stochastic gradient descent over data that come in pieces: `sgd_batches`, and what the command line makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ._design import Samples
from ._dual import Blocks
from ._result import Certificate
from ._stochastic_result import StochasticFit
from ._trainer import LOSS
from .stochastic import StochasticModel, check_callback, ended_above, model_of, positive

Array = np.ndarray[Any, Any]

#: What is known of a fit whose data are gone.
_UNKNOWN = Certificate(np.nan, np.nan, np.nan, np.nan, False, 1)


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
    model = model_of("sgd_batches", alpha, settings)
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
        ended_above(certificates, proof.rest.nothing(float(rows)))
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
