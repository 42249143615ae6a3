"""`SGDClassifier`: linear classification by stochastic gradient descent, for scikit-learn."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_expit, logsumexp
from sklearn.base import _fit_context
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import validate_data

from ._base import _DTYPES, Array
from ._stochastic_base import EPSILON, OF_NUMBERS, ONES, Factors, Stochastic, in_pieces, losses

_OF_CLASSES = ("hinge", "squared_hinge", "perceptron", "log_loss", "modified_huber")


def _of_probabilities(estimator: Any) -> bool:
    if estimator.loss not in ("log_loss", "modified_huber"):
        raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")
    return True


class SGDClassifier(LinearClassifierMixin, Stochastic):
    """Linear classification by stochastic gradient descent, in the place of `sklearn.linear_model.SGDClassifier`.

    Minimizes, by a step for every row,

        (1/n) sum_i s_i l(y_i, b + x_i.w)  +  alpha [ rho |w|_1 + (1 - rho)/2 |w|^2 ]

    over the intercept b and the coefficients w, with y of 1 for a class and -1 for the others: once for two classes,
    and for each of more. Weights s are not normalized: the sum is divided by the number of rows (`shrinkage.sgd`
    divides by W = sum_i s_i).

    Parameters
    ----------
    loss : str, default "hinge"
        l, as in `shrinkage.losses.loss_of`: "hinge" (a support vector machine), "log_loss" (logistic regression),
        "modified_huber", "squared_hinge", "perceptron", or one of `SGDRegressor`.
    penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, verbose, epsilon
        As in `SGDRegressor`.
    n_jobs : int or None, default None
        Accepted for scikit-learn's sake: all classes train together, in one pass over the data.
    random_state
        As in `SGDRegressor`.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive"}, default "optimal"
        As in `SGDRegressor`; "optimal" does not look at `eta0`.
    eta0 : float, default 0.01
        The rate, or the first.
    power_t : float, default 0.5
        Of "invscaling". Less than 0 is deprecated, as in scikit-learn.
    early_stopping, validation_fraction, n_iter_no_change
        As in `SGDRegressor`; the rows that are held out have the shares of the classes, and of more than two classes
        each stops by its own score against the others.
    class_weight : dict or "balanced", optional
        {class: weight}, by which the weights of a class's rows are multiplied; "balanced" is ``n / (n_classes n_k)``
        of the numbers of rows. Of more than two classes each weighs its own rows and leaves the others as they are.
    warm_start, average, batch_size, optimizer, momentum, betas, solver, certify
        As in `SGDRegressor`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (1, n_features) for two classes, or (n_classes, n_features)
        Coefficients, in the dtype of X: float32 for float32.
    intercept_ : ndarray of shape (1,) for two classes, or (n_classes,)
        0.0 without an intercept.
    n_iter_ : int
        Epochs, of the class that took most.
    t_ : int
        Steps, counted from 1.
    certificate_ : shrinkage.Certificate
        The worst of `certificates_`: how far its objective is above the minimum at most, from the float64 coefficients:
        a proof on the rows that were trained on. After `fit`; a call of `partial_fit` takes it away.
    certificates_ : tuple of shrinkage.Certificate
        One for two classes, or one for every class.
    n_features_in_ : int
        Number of features seen in training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    shrinkage.sgd, shrinkage.saga : The same in the canonical convention, for many settings at once.
    RidgeClassifier : Squared errors to the minimum, without steps.

    Notes
    -----
    **Differences from scikit-learn.** Those of `SGDRegressor`, where it says what goes on between calls of
    `partial_fit`; and in scikit-learn 1.9

    - `early_stopping` counts every negative of "log_loss" as wrong;
    - probabilities of "log_loss" that all round to zero become equal ones. Ours come from logarithms.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import SGDClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.choice(["low", "high"], 200)
    >>> X = rng.standard_normal((200, 2)) + 4.0 * (y == "high")[:, None]
    >>> model = SGDClassifier("log_loss", alpha=0.01, solver="saga", tol=1e-6).fit(X, y)
    >>> model.predict([[0.0, 0.5], [4.0, 3.0]])
    array(['low', 'high'], dtype='<U4')
    >>> model.certificate_.relative_gap < 1e-6
    True
    """

    loss_functions: ClassVar[dict[str, tuple[Any, ...]]] = losses(*_OF_CLASSES, *OF_NUMBERS)
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Stochastic._parameter_constraints,
        "loss": [StrOptions(set(loss_functions))],
        "n_jobs": [Integral, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        loss: str = "hinge",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = EPSILON,
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: int = 1,
        optimizer: str = "sgd",
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.999),
        solver: str = "sgd",
        certify: bool = True,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.momentum = momentum
        self.betas = betas
        self.solver = solver
        self.certify = certify

    def _coded(self, y: Array, s: Array | None) -> tuple[Array, Array, Array | None, Factors]:
        """Numbers of classes, a column of -1 and 1 for every class (the second of two), and the classes' weights.

        Two classes have theirs in the weights of the rows. Of more, each weighs the rows of its own class and leaves
        the others as they are, as in scikit-learn.
        """
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {count} class")
        # which refuses labels that are not among the classes
        of_classes = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        encoder = LabelEncoder()
        encoder.classes_ = self.classes_
        labels = encoder.transform(y)
        if not (np.isfinite(of_classes) & (of_classes >= 0)).all():
            raise ValueError(f"class_weight must be finite numbers of zero or more, got {self.class_weight}")
        columns = np.arange(count) if count > 2 else np.ones(1, np.intp)
        targets = np.where(labels[:, None] == columns, 1.0, -1.0)
        if count > 2:
            return labels, targets, s, (of_classes, np.ones(count))
        if (of_classes != 1).any():
            s = of_classes[labels] * (1.0 if s is None else s)
        return labels, targets, s, ONES

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> SGDClassifier:
        """Train the model, for all classes at once.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Classes.
        coef_init : array-like of shape (1, n_features) or (n_classes, n_features), optional
            Where to start.
        intercept_init : array-like of shape (1,) or (n_classes,), optional
            Where to start.
        sample_weight : float or array-like of shape (n_samples,), optional
            s, by which the weights of the classes are multiplied; zeros allowed.

        Returns
        -------
        SGDClassifier
            The fitted estimator.
        """
        self._check_settings()
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=_DTYPES)
        check_classification_targets(y)
        s = self._check_weights(sample_weight, X)
        self.classes_ = np.unique(y)
        labels, targets, s, factors = self._coded(y, s)
        self._train(X, targets, s, labels, factors, coef_init, intercept_init)
        return self

    @available_if(in_pieces)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> SGDClassifier:
        """Take one pass over more rows, with the parameters as they are now; nothing before is forgotten.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Classes; not all of them have to be here.
        classes : array-like of shape (n_classes,), optional
            All classes, at the first call.
        sample_weight : float or array-like of shape (n_samples,), optional
            s, by which the weights of the classes are multiplied; zeros allowed.

        Returns
        -------
        SGDClassifier
            The estimator.
        """
        self._check_settings(pieces=True)
        first = not hasattr(self, "classes_")
        if first and self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
                "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough "
                "sample of the full training set target to properly estimate the class frequency distributions. Pass "
                "the resulting weights as the class_weight parameter."
            )
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=_DTYPES, reset=first)
        s = self._check_weights(sample_weight, X)
        _check_partial_fit_first_call(self, classes)
        _, targets, s, factors = self._coded(y, s)
        self._train_on(X, targets, s, factors)
        return self

    def decision_function(self, X: Any) -> Array:
        """intercept + X coef' for every class: above 0 is for the class (of two: the second one).

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, or (n_samples, n_classes)
        """
        found = self._linear(X)
        return found[:, 0] if found.shape[1] == 1 else found

    @available_if(_of_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes, for "log_loss" and "modified_huber".

        Of more than two classes those of each against the others, divided by their sum.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.

        References
        ----------
        Zadrozny and Elkan (2002), Transforming classifier scores into multiclass probability estimates. Zhang (2004),
        Statistical behavior and consistency of classification methods, appendix B, for "modified_huber".
        """
        if self.loss == "log_loss":
            return np.exp(self.predict_log_proba(X))
        scores = self.decision_function(X)
        odds = (np.clip(scores, -1, 1) + 1) / 2
        if odds.ndim == 1:
            return np.column_stack([1 - odds, odds])
        # all as likely where there is nothing for any
        odds[~odds.any(axis=1)] = 1
        return odds / odds.sum(axis=1, keepdims=True)

    @available_if(_of_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the probabilities of the classes; -inf where "modified_huber" says zero.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        if self.loss == "modified_huber":
            with np.errstate(divide="ignore"):
                return np.log(self.predict_proba(X))
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return log_expit(np.column_stack([-scores, scores]))
        # finite where the probabilities themselves are too small for a number
        found = log_expit(scores)
        return found - logsumexp(found, axis=1, keepdims=True)
