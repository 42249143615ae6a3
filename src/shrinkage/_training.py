"""Models that the command line trains by gradient descent, over the pieces of a file, with `shrinkage.stochastic`."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ._dual import Blocks
from ._streaming import FirstPass, Moments, Piece, Share, Source, Stream, first_pass
from ._tables import Survey, Vector, counted, listed
from ._trainer import StepsTooLong
from .losses import Loss, loss_of
from .out_of_core import proof_of_batches, train_batches
from .persistence import Model, Scalar, Training
from .stochastic import StochasticModel

#: What is held out where there is something to choose, if the command does not say.
HELD_OUT = 0.1
#: The relative gap at which a certificate says that training has converged.
_TOL = 1e-3
#: Standard deviations below this part of the mean are rounding.
_ROUNDING = 1e-14
#: Where the intercept of a logarithm starts, at most.
_FAR = 10.0


@dataclass(frozen=True)
class Plan:
    """How a model is to be trained: each of the alphas with each of the l1 ratios, all at once."""

    alphas: Sequence[float]
    l1_ratios: Sequence[float] = (0.0,)
    loss: str = "squared_error"
    epsilon: float = 0.1
    epochs: int = 10
    batch_size: int = 32
    lr: float | None = None
    schedule: str = "invscaling"
    optimizer: str = "sgd"
    average: bool = False
    seed: int = 0
    standardize: bool = True
    #: The share of rows that is held out; None: what there is need of.
    validation: float | None = None

    @property
    def settings(self) -> tuple[Vector, Vector]:
        """alpha and l1_ratio of every setting."""
        ratios, alphas = np.meshgrid(self.l1_ratios, self.alphas, indexing="ij")
        return alphas.ravel(), ratios.ravel()

    @property
    def share(self) -> float:
        if self.validation is not None:
            return self.validation
        return HELD_OUT if len(self.settings[0]) > 1 else 0.0


@dataclass(frozen=True)
class Selection:
    """Which columns and rows of a file are used."""

    target: str
    weights: str | None = None
    drop: Sequence[str] = ()
    one_hot: bool = False
    missing: str = "error"


class Steps:
    """How far a training is: ``tell(fraction)`` and ``stage(text)`` hear of it."""

    def __init__(self, stage: Callable[[str], None], tell: Callable[[float], None]) -> None:
        self.stage, self._tell = stage, tell
        self.total = self._done = 0
        self.began = 0.0

    def begin(self, rows: int) -> None:
        """Training begins, which reads so many rows."""
        self.total, self.began = rows, time.perf_counter()

    def read(self, rows: int) -> None:
        self._done += rows
        self._tell(min(1.0, self._done / self.total))


def train(data: str | os.PathLike[str], selection: Selection, plan: Plan, steps: Steps) -> Model:
    """The model, in the units of the data; a ValueError says what is wrong with these or the plan."""
    source, loss = Source(data), loss_of(plan.loss, plan.epsilon)
    share = Share(plan.share, plan.seed)

    def survey() -> Survey:
        return Survey(
            source.names, selection.target, weights=selection.weights, drop=selection.drop,
            one_hot=selection.one_hot, missing=selection.missing, loss=loss,
        )  # fmt: skip

    steps.stage(f"checking {os.path.basename(data)}")
    found = first_pass(source, survey, share)
    _check_split(found, plan)
    stream, mean, sd = _stream(source, found, share, plan)
    alpha, l1_ratio = plan.settings
    lr = plan.lr or _rate(loss, plan, found, stream, sd)
    model = StochasticModel(
        alpha, l1_ratio=l1_ratio, loss=plan.loss, epsilon=plan.epsilon, optimizer=plan.optimizer, lr=lr,
        schedule=plan.schedule, batch_size=plan.batch_size, average=plan.average, seed=plan.seed,
        intercept_init=np.full(len(alpha), _start(loss, found)),
    )  # fmt: skip
    steps.begin(found.survey.n_rows * (plan.epochs + 1 + (found.n_held > 0)))
    steps.stage(f"training on {found.n_trained:,} rows × {len(mean):,}, {plan.epochs:,} times")
    too_long = f"The steps are too long for these data: lower --lr (here {lr:.2g})"
    too_long += "." if plan.standardize else ", or use --standardize."
    try:
        history = train_batches(model, lambda: stream.pieces(after=steps.read), plan.epochs)
    except StepsTooLong:
        raise ValueError(too_long) from None
    k, scores = 0, None
    if found.n_held:
        scores = _scores(model, stream.pieces(held=True, after=steps.read))
        k = int(np.argmin(np.where(np.isfinite(scores.losses), scores.losses, np.inf)))
    proof, rows = proof_of_batches(model, lambda: stream.pieces(after=steps.read), slice(k, k + 1))
    measures = proof.finish(float(rows))
    explained = _explained(proof, rows)
    if explained < -1.0 or not np.isfinite(measures.objective).all():
        raise ValueError(too_long)
    certificates = measures.certificates(_TOL, model.n_steps) * len(alpha)
    fit = model.fit_of(certificates, np.full(len(alpha), plan.epochs), history, None)[k]
    columns = found.survey.columns
    coef = fit.coef * stream.factor
    fit = replace(
        fit, coef=coef, intercept=float(fit.intercept - coef @ stream.offset),
        feature_names=tuple(name for column in columns for name in column.features),
    )  # fmt: skip
    training = Training(
        selection.target, found.n_trained, mean, sd, alpha, l1_ratio, k,
        None if scores is None else scores.losses, None if scores is None else scores.errors, found.survey.labels,
    )  # fmt: skip
    about: dict[str, Scalar] = {
        "data": os.path.basename(data),
        "rows_dropped": found.survey.n_rows - found.survey.n_complete,
        "rows_held": found.n_held,
        "weights": selection.weights,
        "standardize": plan.standardize,
        "deviance_explained": explained if math.isfinite(explained) else None,
        "accuracy": None if scores is None or scores.right is None else float(scores.right[k]),
        **{name: getattr(plan, name) for name in ("optimizer", "schedule", "batch_size", "average", "seed")},
    }
    return Model(fit, None, columns, about, None, training)


def _check_split(found: FirstPass, plan: Plan) -> None:
    if found.n_trained < 2 or (plan.share and not found.n_held):
        raise ValueError(
            f"--validation {plan.share:g} leaves {counted(found.n_trained, 'row')} to train on and {found.n_held:,} "
            "to choose by; take another share."
        )


def _stream(source: Source, found: FirstPass, share: Share, plan: Plan) -> tuple[Stream, Vector, Vector]:
    """The rows as they are trained on, and means and standard deviations of the features."""
    survey = found.survey
    pairs = [pair for column in survey.columns for pair in found.moments(column)]
    mean, sd = np.array(pairs).T
    names = np.array([name for column in survey.columns for name in column.features])
    if not np.isfinite(sd).all():
        raise ValueError(f"Column {listed(names[~np.isfinite(sd)].tolist())} is too large to square; rescale it.")
    sd = np.where(np.isin(names, survey.constant) | (sd <= _ROUNDING * np.abs(mean)), 0.0, sd)
    # A column that does not vary is zero, and so is its coefficient
    factor = np.divide(1.0, sd if plan.standardize else 1.0, out=np.zeros(len(sd)), where=sd > 0)
    return Stream(source, survey, share, mean, factor, found.weight / found.n_trained, plan.batch_size), mean, sd


def _rate(loss: Loss, plan: Plan, found: FirstPass, stream: Stream, sd: Vector) -> float:
    """A learning rate that these data can be expected to bear: one over the curvature of the loss of a mean row."""
    if plan.optimizer.startswith("adam"):
        # What a step changes a coefficient by
        return 0.01 * (found.target_sd if loss.domain == "real" else 1.0)
    curvature = loss.curvature if math.isfinite(loss.curvature) else 1.0
    if loss.domain == "count":
        curvature = found.target_mean or 1.0
    # Momentum adds up to ten steps
    steps = 1.0 if plan.optimizer == "sgd" else 10.0
    return float(1.0 / (steps * curvature * (1.0 + np.square(sd * stream.factor).sum())))


def _start(loss: Loss, found: FirstPass) -> float:
    """Where the intercept begins: at what predicting a constant would take, or near it."""
    mean = found.target_mean
    if loss.domain == "real":
        return mean
    with np.errstate(divide="ignore"):
        if loss.domain == "count":
            return float(max(np.log(mean), -_FAR))
        if loss.name != "log_loss":
            return 0.0
        return float(np.clip(np.log(mean) - np.log1p(-mean), -_FAR, _FAR))


@dataclass(frozen=True)
class _Scores:
    """Of the rows held out, for every setting: the mean loss, its standard error, and of classes the share of hits."""

    losses: Vector
    errors: Vector
    right: Vector | None


def _scores(model: StochasticModel, pieces: Iterator[Piece]) -> _Scores:
    loss, K = model.recipe.loss, len(model.alpha)
    losses, right = Moments(K), Moments(K)
    for X, y, s in pieces:
        targets = loss.targets(y)
        with np.errstate(over="ignore", invalid="ignore"):
            decision = model.decision_function(X)
            losses.add(loss.values(targets, decision), s)
        right.add((decision > 0) == (targets[:, None] > 0), s)
    return _Scores(losses.mean, losses.standard_error, right.mean if loss.classifies else None)


def _explained(proof: Blocks, rows: int) -> float:
    """The share of the loss of predicting a constant that is gone; NaN where that has none."""
    lost, rest = float(proof.sums[0, 0]), proof.rest
    least, size = float(rest.least[0]), float(rest.size[0])
    with np.errstate(over="ignore", invalid="ignore"):
        return 1.0 - (lost - least) / (rows * size) if size > 0 else math.nan
