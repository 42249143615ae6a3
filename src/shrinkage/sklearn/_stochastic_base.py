"""What `SGDRegressor` and `SGDClassifier` share: training to an end or piece by piece, early stopping, proofs.

The objective is scikit-learn's for them, (1/n) sum_i s_i l(y_i, b + x_i.w) + alpha R(w): weights are not normalized.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import SparseCoefMixin
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from .. import _result
from .._design import Samples
from .._dual import certify
from .._result import Certificate
from .._saga import descend
from .._trainer import (
    L1,
    L2,
    OPTIMIZERS,
    SCHEDULES,
    STEPS,
    TOTAL,
    Group,
    Recipe,
    assembled,
    check_finite,
    groups_of,
    one_pass,
    train,
)
from ..losses import loss_of
from ..stochastic import StochasticModel
from ._base import Array, LinearModel, check_weights
from ._sparse_base import NOT_NEGATIVE

#: epsilon, where none is given.
EPSILON = 0.1
#: The losses of both estimators.
OF_NUMBERS = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
#: By target: the factors of the weights of rows with y > 0, and of the other rows.
Factors = tuple[Array, Array]
ONES: Factors = np.ones(1), np.ones(1)
_L1_RATIOS = {None: 0.0, "l2": 0.0, "l1": 1.0}


def in_pieces(estimator: Any) -> bool:
    """Whether an estimator can be trained piece by piece."""
    if estimator.solver != "sgd":
        raise AttributeError(f"partial_fit needs solver='sgd': {estimator.solver!r} goes back to rows that it has seen")
    return True


def losses(*names: str) -> dict[str, tuple[Any, ...]]:
    """{name: (a function that makes the loss, its default epsilon where it has one)}, in scikit-learn's manner."""
    own = ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")
    return {name: (partial(loss_of, name), *((EPSILON,) if name in own else ())) for name in names}


class Stochastic(SparseCoefMixin, LinearModel):
    """Base of the two."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [NOT_NEGATIVE],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [NOT_NEGATIVE, None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "epsilon": [NOT_NEGATIVE],
        "random_state": ["random_state"],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, None, None, closed="neither")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "average": [Interval(Integral, 0, None, closed="neither"), "boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS))],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "betas": [tuple, list],
        "solver": [StrOptions({"sgd", "saga", "sag"})],
        "certify": ["boolean"],
    }

    def _check_settings(self, *, pieces: bool = False) -> None:
        """What the constraints of one parameter do not know of the others."""
        if self.early_stopping and pieces:
            raise ValueError("early_stopping should be False with partial_fit")
        if self.penalty == "elasticnet" and self.l1_ratio is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")
        if self.solver != "sgd":
            if self.early_stopping:
                raise ValueError(f"early_stopping needs solver='sgd': {self.solver!r} stops at a duality gap")
            if not np.isfinite(loss_of(self.loss, self.epsilon).curvature):
                raise ValueError(
                    f"solver={self.solver!r} needs a loss of bounded curvature, which {self.loss!r} is not: take "
                    "solver='sgd', or a loss that is smooth ('squared_hinge' for 'hinge')"
                )
        elif self.learning_rate == "optimal" and self.alpha == 0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning "
                "rate."
            )

    def _ratio(self) -> float:
        return float(self.l1_ratio) if self.penalty == "elasticnet" else _L1_RATIOS[self.penalty]

    def _proven(self) -> float:
        """The relative gap at which a certificate counts as converged."""
        return 1e-3 if self.tol is None else float(self.tol)

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _check_weights(self, sample_weight: Any, X: Any) -> Array | None:
        # zeros for all pass here: of the rows that are held out there is more to say about them
        if sample_weight is not None and np.asarray(sample_weight).ndim == 1:
            sample_weight = np.asarray(sample_weight, dtype=np.float64)
        return check_weights(sample_weight, X)

    def _samples(self, X: Any, targets: Array, s: Array | None) -> Samples:
        return Samples(X, targets, s, loss=loss_of(self.loss, self.epsilon), total=float(X.shape[0]))

    # ------------------------------------------------------------------------------------------- training
    def _asked(self, K: int, seed: int = 0, start: tuple[Any, Any] = (None, None)) -> StochasticModel:
        """A new model of K targets with the estimator's settings."""
        return StochasticModel(
            np.full(K, float(self.alpha)), l1_ratio=self._ratio(), loss=self.loss, epsilon=self.epsilon,
            fit_intercept=bool(self.fit_intercept), optimizer=self.optimizer, lr=float(self.eta0),
            schedule=self.learning_rate, power_t=float(self.power_t), momentum=float(self.momentum),
            betas=tuple(self.betas), batch_size=int(self.batch_size), average=self.average,
            shuffle=bool(self.shuffle), seed=seed, coef_init=start[0], intercept_init=start[1],
        )  # fmt: skip

    def _tell(self, groups: list[Group], asked: StochasticModel, factors: Factors) -> None:
        """The settings as they are asked for now."""
        K = len(asked.alpha)
        new = groups_of(asked.recipe, asked.alpha, asked.l1_ratio, asked.lr, np.empty((K, 0)), np.zeros(K), *factors)
        settings = np.concatenate([group.settings for group in new])
        if self.penalty is None:
            # alpha is left, which the schedule "optimal" goes by
            settings[:, [L1, L2]] = 0.0
        for group in groups:
            group.settings[:] = settings[group.which]

    def _train(
        self, X: Any, targets: Array, s: Array | None, labels: Array, factors: Factors, coef: Any, intercept: Any
    ) -> None:
        """Train anew on checked data: numbers, or -1 and 1, in the columns of `targets`; rows held out by `labels`."""
        start = self._start(coef, intercept, targets.shape[1], X.shape[1])
        held = self._held_out(labels, s)
        samples = self._samples(X, targets, s)
        if self.solver != "sgd":
            self._minimize(samples, factors, start, X.dtype)
            return
        rows = np.arange(samples.n) if held is None else np.flatnonzero(~held)
        model = self._asked(targets.shape[1], self._seed(), start)
        model.begin(samples, factors)
        self._tell(model.groups, model, factors)
        model.groups, progress = train(
            model.groups, samples, samples.s, rows, model.rng, epochs=int(self.max_iter), tol=self.tol,
            patience=int(self.n_iter_no_change), score=None if held is None else self._judge(X, targets, s, held),
            after=_say if self.verbose else None,
        )  # fmt: skip
        self._adopt(model, assembled(model.groups, samples.p)[2:], X.dtype, int(progress.epochs.max()))
        ended, at_zero = self._prove(samples, rows, factors) if self.certify else (0.0, 0.0)
        if at_zero > 0.0 and not ended <= 2.0 * at_zero:
            # whose rates are made of alpha, and fall fast
            remedy = "Raise alpha or max_iter" if self.learning_rate == "optimal" else "Lower eta0"
            _result.warn(
                f"the objective ended at {ended:.3g}, above the {at_zero:.3g} at zero: the steps are too long. "
                f"{remedy}, or scale X (StandardScaler or MinMaxScaler)",
                ConvergenceWarning,
            )
        if self.tol is not None and not progress.stopped.all():
            _result.warn(
                "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve the "
                "fit.",
                ConvergenceWarning,
            )
        if self.power_t < 0:
            _result.warn(
                "Negative values for `power_t` are deprecated in version 1.8 of scikit-learn and will raise an error "
                "in 1.10. Use values in the range [0.0, inf) instead.",
                FutureWarning,
            )

    def _minimize(self, samples: Samples, factors: Factors, start: tuple[Any, Any], dtype: Any) -> None:
        """Stochastic average gradients to a duality gap, for one target after the other."""
        if not samples.is_finite():
            samples.refuse()
        K, p = samples.y.shape[1], samples.p
        coef, intercept = (np.zeros(shape) if v is None else v for v, shape in zip(start, ((K, p), (K,)), strict=True))
        alpha = 0.0 if self.penalty is None else float(self.alpha)
        tol, ratio, rng = float(self.tol or 0.0), self._ratio(), np.random.default_rng(self._seed())
        weights = np.broadcast_to(np.atleast_2d(weighed(samples.y, samples.s, factors).T), (K, samples.n))
        found = []
        for k in range(K):
            own = copy.copy(samples)
            own.y, own.s = samples.y[:, [k]], weights[k]
            outcome = descend(
                own, loss_of(self.loss, self.epsilon), alpha * ratio, alpha * (1.0 - ratio), bool(self.fit_intercept),
                biased=self.solver == "sag", tol=tol, epochs=int(self.max_iter), rng=rng, coef=coef[k],
                intercept=float(intercept[k]), after=_say if self.verbose else None,
            )  # fmt: skip
            found.append(outcome)
        for name in ("_model", "_own"):
            self.__dict__.pop(name, None)
        self.n_iter_ = max(outcome.n_epochs for outcome in found)
        self.t_ = 1 + self.n_iter_ * samples.n
        self._publish(
            np.array([outcome.coef for outcome in found]), np.array([outcome.intercept for outcome in found]), dtype
        )
        self._attest(tuple(outcome.measures.certificates(self._proven(), outcome.n_epochs)[0] for outcome in found))
        if self.tol is not None and not self.certificate_.converged:
            _result.warn(
                f"{self.solver} stopped at a relative duality gap of {self.certificate_.relative_gap:.1e} (asked: "
                f"{tol:.1e}) after {self.n_iter_} epochs: standardize the columns, or increase max_iter, alpha or tol",
                ConvergenceWarning,
            )

    def _train_on(self, X: Any, targets: Array, s: Array | None, factors: Factors) -> None:
        """A pass over more rows from where training has got to, with the settings as they are now."""
        K, p = targets.shape[1], X.shape[1]
        samples = self._samples(X, targets, s)
        asked, model = self._asked(K), getattr(self, "_model", None)
        given, coef, intercept = self._known(K, p)
        if model is None:
            model = self._asked(K, self._seed(), (coef, intercept))
            model.begin(samples, factors)
        elif given or asked.recipe.optimizer != model.recipe.optimizer:
            if not given:
                coef, intercept = assembled(model.groups, p)[:2]
            model.groups = [_renewed(group, asked.recipe, coef, intercept) for group in model.groups]
        elif asked.recipe.average_from != model.recipe.average_from:
            model.groups = [_averaging_anew(group, asked.recipe) for group in model.groups]
        else:
            for group in model.groups:
                group.recipe = replace(asked.recipe, average_from=group.recipe.average_from)
        model.recipe = asked.recipe
        self._tell(model.groups, asked, factors)
        order = model.rng.permutation(samples.n) if self.shuffle else np.arange(samples.n)
        # until the pass has ended well, training is not where the published coefficients are
        self.__dict__.pop("_own", None)
        one_pass(model.groups, samples, samples.s, order)
        check_finite(model.groups, samples, 1)
        self._adopt(model, assembled(model.groups, p)[2:], X.dtype, 1)

    def _known(self, K: int, p: int) -> tuple[bool, Any, Any]:
        """Coefficients and intercepts to predict with, as precise as they are known; and whether a user set them."""
        if getattr(self, "coef_", None) is None:
            return False, None, None
        coef: Any = self.coef_
        coef = coef.toarray() if sparse.issparse(coef) else np.asarray(coef)
        intercept = np.asarray(self.intercept_)
        own = getattr(self, "_own", None)
        if own is not None:
            told = [_as(value, there.dtype) for value, there in zip(own, (coef, intercept), strict=True)]
            if np.array_equal(told[0].ravel(), coef.ravel()) and np.array_equal(told[1], np.ravel(intercept)):
                return False, *own
        return True, _fitting(coef, (K, p), "coef_"), _fitting(intercept, (K,), "intercept_")

    def _start(self, coef: Any, intercept: Any, K: int, p: int) -> tuple[Any, Any]:
        """Where a fit starts: as given, or with a warm start where the last one ended."""
        if self.warm_start and getattr(self, "coef_", None) is not None:
            # scikit-learn's names are in the messages: what does not fit is what was given, or what is left
            _, last, last_intercept = self._known(K, p)
            coef, intercept = (last if coef is None else coef), (last_intercept if intercept is None else intercept)
        return (
            None if coef is None else _fitting(coef, (K, p), "coef_init"),
            None if intercept is None else _fitting(intercept, (K,), "intercept_init"),
        )

    def _adopt(self, model: StochasticModel, own: tuple[Array, Array], dtype: Any, n_iter: int) -> None:
        """The attributes of a model in training, with its coefficients and intercepts, for data of this dtype."""
        self._model, self._own, self.n_iter_, self.t_ = model, own, n_iter, model.n_steps + 1
        self._publish(*self._own, dtype)

    def _publish(self, coef: Array, intercept: Array, dtype: Any) -> None:
        # copies: by the float64 arrays it is seen whether a user wrote into these
        coef, intercept = _as(coef, dtype, copy=True), _as(intercept, dtype, copy=True)
        self.coef_, self.intercept_ = (coef if is_classifier(self) else coef[0]), intercept
        for name in ("certificate_", "certificates_"):
            self.__dict__.pop(name, None)

    def _prove(self, samples: Samples, rows: Array, factors: Factors) -> tuple[float, float]:
        """Certificates on the rows that were trained on; the objective that is most above its value at zero, and that.

        A value of nothing at zero, as that of "perceptron", is no measure, and there both are 0.
        """
        own = samples.only(rows)
        own.total = float(len(rows))
        own.s = weighed(own.y, own.s, factors)
        model, (coef, intercept) = self._model, self._own
        order = np.concatenate([group.which for group in model.groups])
        settings = np.concatenate([group.settings for group in model.groups])[np.argsort(order)]
        self._attest(
            certify(
                own, model.recipe.loss, coef, intercept, settings[:, L1], settings[:, L2], model.recipe.fit_intercept,
                self._proven(), self.n_iter_,
            )
        )  # fmt: skip
        losses_at_zero = own.s.reshape(samples.n, -1) * model.recipe.loss.values(own.y, np.zeros(own.y.shape))
        starts = losses_at_zero.sum(axis=0) / own.total
        ends = np.array([one.objective for one in self.certificates_])
        worst = np.argmax(np.divide(ends, starts, out=np.zeros(len(ends)), where=starts > 0))
        return (float(ends[worst]), float(starts[worst])) if starts[worst] > 0 else (0.0, 0.0)

    def _attest(self, certificates: tuple[Certificate, ...]) -> None:
        self.certificates_ = certificates
        self.certificate_ = _result.worst(certificates)

    # ------------------------------------------------------------------------------------------- validation
    def _held_out(self, labels: Array, s: Array | None) -> Array | None:
        """(n,) whether a row is held out for early stopping: the rows that scikit-learn takes."""
        if not self.early_stopping:
            return None
        splitter = StratifiedShuffleSplit if is_classifier(self) else ShuffleSplit
        split = splitter(test_size=self.validation_fraction, random_state=self.random_state)
        _, rows = next(split.split(np.zeros((len(labels), 1)), labels))
        if s is not None and not s[rows].any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a different random state."
            )
        held = np.zeros(len(labels), dtype=bool)
        held[rows] = True
        return held

    def _judge(self, X: Any, targets: Array, s: Array | None, held: Array) -> Callable[[Array, Array, Array], Any]:
        """`score` on the rows that are held out, of one class against the others where there are several."""
        X, targets, s = X[held], targets[held], None if s is None else s[held]
        judge = clone(self)
        if is_classifier(self):
            judge.classes_ = np.array([-1.0, 1.0])

        def score(which: Array, W: Array, b: Array) -> list[float]:
            out = []
            for i, k in enumerate(which):
                judge.coef_, judge.intercept_ = W[[i]] if is_classifier(self) else W[i], b[[i]]
                out.append(float(judge.score(X, targets[:, k], s)))
            return out

        return score


def weighed(y: Array, s: Array, factors: Factors) -> Array:
    """Weights (n,), times the factors of the targets y (n, K): (n,) where all are one, otherwise (n, K)."""
    if all((np.asarray(factor) == 1).all() for factor in factors):
        return s
    return s[:, None] * np.where(y > 0, *factors)


def _as(values: Array, dtype: Any, *, copy: bool = False) -> Array:
    """In another precision, which may be too small for a number: it is what the precision has for it."""
    with np.errstate(all="ignore"):
        return values.astype(dtype, copy=copy)


def _fitting(values: Any, shape: tuple[int, ...], name: str) -> Array:
    """Coefficients or intercepts that are given, in float64; of one target with any number of axes."""
    array = np.asarray(values, dtype=np.float64)
    found = array.ravel() if shape[0] == 1 else array
    if found.shape != (shape if shape[0] > 1 else shape[-1:]):
        raise ValueError(f"Provided {name} does not match dataset: it has shape {array.shape}, not {shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"Provided {name} must be finite numbers")
    return found.reshape(shape)


def _renewed(group: Group, recipe: Recipe, coef: Array, intercept: Array) -> Group:
    """A group that counts on from these coefficients; averages, moments and what L1 is owed begin again."""
    which = group.which
    new = Group(_averaged_from_now(recipe, group), which, group.settings, coef[which], intercept[which])
    new.clock[STEPS] = group.steps
    return new


def _averaging_anew(group: Group, recipe: Recipe) -> Group:
    """A group that goes on where it is, with averages begun again."""
    new = group.part(np.ones(len(group.which), bool))
    new.recipe = _averaged_from_now(recipe, group)
    new.total = np.zeros_like(new.W) if new.recipe.average_from else np.zeros((0, new.W.shape[1]))
    new.state[:, TOTAL] = 0.0
    return new


def _averaged_from_now(recipe: Recipe, group: Group) -> Recipe:
    first = recipe.average_from
    return replace(recipe, average_from=max(first, group.steps + 1) if first else 0)


def _say(epoch: int, objectives: Any) -> None:
    print(f"-- Epoch {epoch}, objective: {', '.join(f'{value:.6g}' for value in np.atleast_1d(objectives))}")
