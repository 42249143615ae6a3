"""`RidgeClassifier` and `RidgeClassifierCV`: ridge regression on labels of -1 and 1, for scikit-learn."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from ._base import _DTYPES, _FORMATS, Array, LinearModel
from ._ridge import ManyAlphas, OneAlpha


def _classes_of(decision: Array, binarizer: LabelBinarizer) -> Array:
    """Labels for a decision of shape (n,), or (n, n_classes): the largest, or for multilabel targets all above 0."""
    if binarizer.y_type_.startswith("multilabel"):
        return binarizer.inverse_transform(np.where(decision > 0, 1.0, -1.0))
    index = (decision > 0).astype(np.intp) if decision.ndim == 1 else decision.argmax(axis=1)
    return binarizer.classes_[index]


class LinearClassifier(ClassifierMixin, LinearModel):
    """Base of the two: classes to numbers and back."""

    def _check_classes(
        self, X: Any, y: Any, sample_weight: Any, least: int = 1
    ) -> tuple[Any, Array, Array, Array | None]:
        """X, the labels, the numbers to fit for them (n, n_classes, or 1 for two), and the weights."""
        X, y = validate_data(
            self, X, y, accept_sparse=_FORMATS, dtype=_DTYPES, multi_output=True, ensure_min_samples=least
        )
        self._label_binarizer = LabelBinarizer(pos_label=1, neg_label=-1)
        Y = self._label_binarizer.fit_transform(y).astype(np.float64)
        self.classes_ = self._label_binarizer.classes_
        if not self._label_binarizer.y_type_.startswith("multilabel"):
            y = column_or_1d(y, warn=True)
        if sample_weight is None and self.class_weight is None:
            return X, y, Y, None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        return X, y, Y, weights

    def decision_function(self, X: Any) -> Array:
        """The regression's prediction: for two classes above 0 means the second one.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, or (n_samples, n_classes)
        """
        return self._linear(X)

    def predict(self, X: Any) -> Array:
        """Predict the classes of samples.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_labels) for multilabel targets
        """
        return _classes_of(self.decision_function(X), self._label_binarizer)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class RidgeClassifier(LinearClassifier, OneAlpha):
    """Classification by ridge regression, in the place of `sklearn.linear_model.RidgeClassifier`.

    Fits `Ridge` to targets of 1 for a class and -1 for the others: one regression for two classes, one for every
    class of more, one for every label of multilabel targets. The largest prediction wins.

    Parameters
    ----------
    alpha : float, default 1.0
        As in `Ridge`, in its units: ``sum_i s_i (y_i - b - x_i.w)^2 + alpha sum_j v_j w_j^2``.
    fit_intercept, copy_X, max_iter, tol
        As in `Ridge`.
    class_weight : dict or "balanced", optional
        {class: weight}, by which the sample weights are multiplied; "balanced" gives every class the same sum.
    solver, positive, random_state, penalty_factor
        As in `Ridge`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (n_features,) for two classes, or (n_classes, n_features)
        Coefficients, in the dtype of X: float32 for float32.
    intercept_ : ndarray of shape (1,) for two classes, or (n_classes,)
        0.0 without an intercept.
    n_iter_ : None or ndarray of shape (n_classes,)
        Iterations of "lsqr", "sag" and "saga"; None for the others.
    solver_ : str
        What ran, in the words of `solver`.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients, computed from the data.
    effective_dof_ : ndarray of shape (n_classes,)
        Effective degrees of freedom without the intercept; NaN after conjugate gradients.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    RidgeClassifierCV : Chooses alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import RidgeClassifier
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeClassifier().fit(X, ["low", "low", "high", "high"]).predict([[0.4], [2.9]])
    array(['low', 'high'], dtype='<U4')
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **OneAlpha._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: Any = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        penalty_factor: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RidgeClassifier:
        """Fit the model.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or (n_samples, n_labels) of zeros and ones
            Classes, or multilabel indicators.
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed.

        Returns
        -------
        RidgeClassifier
            The fitted estimator.
        """
        self._check_positive()
        X, _, Y, weights = self._check_classes(X, y, sample_weight)
        self._fit_one(X, Y, weights)
        return self


class RidgeClassifierCV(LinearClassifier, ManyAlphas):
    """Classification by ridge regression that chooses alpha, in the place of
    `sklearn.linear_model.RidgeClassifierCV`.

    By default by exact leave-one-out, as `RidgeCV` does.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,), default (0.1, 1.0, 10.0)
        Values to try, positive; 0 is allowed with `cv`. The first of two that score the same is taken.
    fit_intercept : bool, default True
        Fit an intercept.
    scoring : str, callable or None, default None
        What to maximize. By default minus the mean squared leave-one-out error of the targets -1 and 1, or accuracy
        with `cv`. Other scores of leave-one-out are those of the classes that it predicts, for two classes too.
    cv : int, splitter, iterable of (train, test) or None, default None
        Folds to use rather than leave-one-out.
    class_weight : dict or "balanced", optional
        As in `RidgeClassifier`.
    store_cv_results : bool, default False
        Keep `cv_results_`. Not with `cv`.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.

    Attributes
    ----------
    alpha_ : float
        The chosen alpha.
    best_score_ : float
        Its score.
    cv_results_ : ndarray of shape (n_samples, n_targets, n_alphas)
        With `store_cv_results`: as in `RidgeCV`, with one target for two classes and otherwise one for every class.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (n_features,) for two classes, or (n_classes, n_features)
        Coefficients, in the dtype of X: float32 for float32.
    intercept_ : ndarray of shape (1,) for two classes, or (n_classes,)
        0.0 without an intercept.
    certificate_ : shrinkage.Certificate
        Proof of optimality of the float64 coefficients at the chosen alpha, computed from the data.
    effective_dof_ : ndarray of shape (n_classes,)
        Effective degrees of freedom without the intercept.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had only strings for them.

    See Also
    --------
    RidgeClassifier : One alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage.sklearn import RidgeClassifierCV
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeClassifierCV(alphas=[0.1, 10.0]).fit(X, ["low", "low", "high", "high"]).alpha_
    0.1
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{k: v for k, v in ManyAlphas._parameter_constraints.items() if k not in ("gcv_mode", "alpha_per_target")},
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    _score_name = "accuracy"

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        class_weight: Any = None,
        store_cv_results: bool = False,
        penalty_factor: Any = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results
        self.penalty_factor = penalty_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> RidgeClassifierCV:
        """Choose alpha and fit the model there.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), or (n_samples, n_labels) of zeros and ones
            Classes, or multilabel indicators.
        sample_weight : float or array-like of shape (n_samples,), optional
            s; zeros allowed. Leave-one-out weighs its errors by them, times the classes' weights.
        **params : dict
            For the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        RidgeClassifierCV
            The fitted estimator.
        """
        X, labels, Y, weights = self._check_classes(X, y, sample_weight, least=2)
        self._choose(X, Y, weights, params, labels)
        return self

    def _one_alpha(self) -> OneAlpha:
        return RidgeClassifier(fit_intercept=self.fit_intercept, penalty_factor=self.penalty_factor)

    def _judged(self) -> BaseEstimator:
        return _Decided(self._label_binarizer)


class _Decided(ClassifierMixin, BaseEstimator):
    """A classifier whose X are decisions already, for scorers."""

    def __init__(self, binarizer: LabelBinarizer) -> None:
        self.binarizer = binarizer
        self.classes_ = binarizer.classes_

    def decision_function(self, X: Array) -> Array:
        return X[:, 0] if X.shape[1] == 1 else X

    def predict(self, X: Array) -> Array:
        return _classes_of(self.decision_function(X), self.binarizer)
