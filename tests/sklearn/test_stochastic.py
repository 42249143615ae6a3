"""SGDRegressor and SGDClassifier: the textbook's steps, scikit-learn's answers where they are right, and its faults.

A test named test_scikit_learn_* shows a fault of scikit-learn's beside the right answer: when one fails because
scikit-learn has mended it, take the sentence about it out of the estimators' documentation.
"""

import copy
import inspect
import pickle
import warnings
from typing import ClassVar

import numpy as np
import pytest
import sklearn
from scipy import sparse
from scipy.special import expit
from sklearn import config_context
from sklearn import linear_model as theirs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, ShuffleSplit, StratifiedShuffleSplit

import shrinkage
from shrinkage.sklearn import ElasticNet, SGDClassifier, SGDRegressor

LOSSES = {
    "squared_error": lambda y, p: p - y,
    "huber": lambda y, p: np.clip(p - y, -0.1, 0.1),
    "epsilon_insensitive": lambda y, p: np.sign(p - y) * (abs(p - y) > 0.1),
    "squared_epsilon_insensitive": lambda y, p: 2 * np.sign(p - y) * max(0.0, abs(p - y) - 0.1),
    "hinge": lambda y, p: -y * (y * p <= 1),
    "squared_hinge": lambda y, p: -2 * y * max(0.0, 1 - y * p),
    "perceptron": lambda y, p: -y * (y * p <= 0),
    "log_loss": lambda y, p: -y * expit(-y * p),
    "modified_huber": lambda y, p: -2 * y * max(0.0, 1 - y * p) if y * p >= -1 else -4 * y,
}
OF_NUMBERS = list(LOSSES)[:4]
FORMS = {"dense": np.ascontiguousarray, "csr": sparse.csr_array}
#: The version whose faults and defaults are shown.
NINE = pytest.mark.skipif(
    tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 9), reason="about scikit-learn 1.9"
)


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def rate(schedule, loss, alpha, t, eta0=0.02, power=0.25):
    if schedule == "optimal":
        typical = np.sqrt(1 / np.sqrt(alpha))
        return 1 / (alpha * (max(1.0, abs(LOSSES[loss](1.0, -typical))) / (typical * alpha) + t - 1))
    return eta0 / t**power if schedule == "invscaling" else eta0


class Textbook:
    """Steps of one row each: w = soft(u, q), u having none of the L1 penalty and q that of all steps."""

    def __init__(self, w, b=0.0):
        self.u, self.q, self.b, self.t = np.array(w), 0.0, b, 0

    @property
    def w(self):
        return np.sign(self.u) * np.maximum(np.abs(self.u) - self.q, 0)

    def steps(self, X, y, *, loss, alpha, l1_ratio, schedule="constant", eta0=0.02, epochs=1, s=None):
        """(w, b) after every step, in the order of the rows."""
        out = []
        for i in np.tile(np.arange(len(y)), epochs):
            self.t += 1
            eta = rate(schedule, loss, alpha, self.t, eta0)
            g = (1.0 if s is None else s[i]) * LOSSES[loss](y[i], X[i] @ self.w + self.b)
            kept = max(0.0, 1 - eta * alpha * (1 - l1_ratio))
            self.u = kept * self.u - eta * g * X[i]
            self.q = kept * self.q + eta * alpha * l1_ratio
            self.b -= eta * g
            out.append((self.w, self.b))
        return np.array([w for w, _ in out]), np.array([b for _, b in out])


def textbook(X, y, **options):
    """(w, b) after every step, beginning at zero."""
    return Textbook(np.zeros(X.shape[1])).steps(X, y, **options)


@pytest.fixture(scope="module")
def numbers():
    """X with zeros in it, y that X explains in part, and weights."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 8)) * (rng.random((60, 8)) < 0.4)
    y = X @ rng.normal(size=8) + 1.0 + 0.3 * rng.normal(size=60)
    return X, y, rng.uniform(0.0, 2.0, size=60)


@pytest.fixture(scope="module")
def labels(numbers):
    X, y, s = numbers
    return X, np.where(y > np.median(y), "yes", "no"), s


@pytest.fixture(scope="module")
def many(numbers):
    """Four classes of different sizes."""
    X, y, s = numbers
    return X, np.array(["a", "b", "c", "d"])[np.digitize(y, np.quantile(y, [0.2, 0.6, 0.8]))], s


PLAIN = {"shuffle": False, "tol": None, "max_iter": 2, "eta0": 0.02, "power_t": 0.25, "certify": False}


# ----------------------------------------------------------------------------------------------- steps
@pytest.mark.parametrize("average", [False, True, 70], ids=["last", "mean", "late mean"])
@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("schedule", ["constant", "optimal", "invscaling"])
@pytest.mark.parametrize("loss", OF_NUMBERS)
def test_regression_is_the_textbooks(numbers, form, loss, schedule, penalty, average):
    X, y, s = numbers
    ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.4}[penalty]
    options = {"loss": loss, "alpha": 0.05, "penalty": penalty, "learning_rate": schedule, "average": average}
    found = SGDRegressor(**options, l1_ratio=0.4, **PLAIN).fit(form(X), y, sample_weight=s)
    W, b = textbook(X, y, loss=loss, alpha=0.05, l1_ratio=ratio, schedule=schedule, epochs=2, s=s)
    first = -1 if average is False else int(average) - 1
    np.testing.assert_allclose(found.coef_, W[first:].mean(axis=0), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found.intercept_, [b[first:].mean()], rtol=1e-10)
    assert found.coef_.shape == (8,)
    assert (found.n_iter_, found.t_) == (2, 121)


@pytest.mark.parametrize("average", [False, True], ids=["last", "mean"])
@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", LOSSES)
def test_two_classes_are_the_textbooks(labels, form, loss, penalty, average):
    X, y, s = labels
    ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.4}[penalty]
    weights = {"yes": 0.5, "no": 3.0}
    options = {"loss": loss, "alpha": 0.05, "penalty": penalty, "learning_rate": "constant", "average": average}
    found = SGDClassifier(**options, l1_ratio=0.4, class_weight=weights, **PLAIN).fit(form(X), y, sample_weight=s)
    both = s * np.where(y == "yes", 0.5, 3.0)
    W, b = textbook(X, np.where(y == "yes", 1, -1), loss=loss, alpha=0.05, l1_ratio=ratio, epochs=2, s=both)
    first = 0 if average else -1
    np.testing.assert_allclose(found.coef_, W[first:].mean(axis=0)[None], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found.intercept_, [b[first:].mean()], rtol=1e-10, atol=1e-13)
    np.testing.assert_array_equal(found.classes_, ["no", "yes"])


@pytest.mark.parametrize("class_weight", [None, "balanced", {"a": 2.0, "c": 0.0}])
@pytest.mark.parametrize("loss", ["hinge", "log_loss", "squared_error"])
def test_each_of_many_classes_is_the_textbooks(many, form, loss, class_weight):
    X, y, s = many
    found = SGDClassifier(
        loss=loss, alpha=0.05, penalty="elasticnet", l1_ratio=0.4, learning_rate="constant", class_weight=class_weight,
        **PLAIN,
    ).fit(form(X), y, sample_weight=s)  # fmt: skip
    own = dict.fromkeys("abcd", 1.0) | (class_weight if isinstance(class_weight, dict) else {})
    if class_weight == "balanced":
        own = {name: len(y) / (4 * (y == name).sum()) for name in "abcd"}
    assert found.coef_.shape == (4, 8)
    for k, name in enumerate("abcd"):
        # the rows of the class have its weight, and the others their own
        both = s * np.where(y == name, own[name], 1.0)
        W, b = textbook(X, np.where(y == name, 1, -1), loss=loss, alpha=0.05, l1_ratio=0.4, epochs=2, s=both)
        np.testing.assert_allclose(found.coef_[k], W[-1], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(found.intercept_[k], b[-1], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("schedule", ["constant", "optimal", "invscaling", "adaptive"])
@pytest.mark.parametrize("loss", OF_NUMBERS)
def test_regression_is_scikit_learns_without_l1(numbers, loss, schedule, fit_intercept):
    X, y, s = numbers
    if schedule == "optimal" and "squared" in loss:
        schedule = "constant"  # test_scikit_learn_starts_too_fast_with_squares
    options = {"loss": loss, "alpha": 0.01, "learning_rate": schedule, "fit_intercept": fit_intercept}
    options |= {"shuffle": False, "tol": None, "max_iter": 3, "average": 20}
    found = SGDRegressor(**options).fit(X, y, sample_weight=s)
    wanted = theirs.SGDRegressor(**options).fit(X, y, sample_weight=s)
    same(found, wanted)
    np.testing.assert_allclose(found.predict(X), wanted.predict(X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
@pytest.mark.parametrize("loss", LOSSES)
def test_l1_is_scikit_learns_on_dense_data(numbers, many, loss, schedule):
    options = {"loss": loss, "penalty": "l1", "alpha": 0.1, "learning_rate": schedule, "eta0": 0.05}
    options |= {"shuffle": False, "tol": None, "max_iter": 20}
    zeros = 0
    for name, (X, y, s) in {"SGDRegressor": numbers, "SGDClassifier": many}.items():
        if name == "SGDClassifier" or loss in OF_NUMBERS:
            found, wanted = (
                getattr(library, name)(**options).fit(X, y, sample_weight=s) for library in (shrinkage.sklearn, theirs)
            )
            same(found, wanted)
            zeros += (found.coef_ == 0).sum()
    assert zeros


@pytest.mark.parametrize("penalty", ["l2", None])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("loss", LOSSES)
def test_classes_are_scikit_learns_without_l1(labels, many, loss, class_weight, penalty):
    for X, y, s in (labels, many):
        options = {"loss": loss, "alpha": 0.01, "penalty": penalty, "class_weight": class_weight}
        schedule = "invscaling" if "squared" in loss or loss == "modified_huber" else "optimal"
        options |= {"shuffle": False, "tol": None, "max_iter": 3, "learning_rate": schedule, "eta0": 0.01}
        found = SGDClassifier(**options).fit(X, y, sample_weight=s)
        wanted = theirs.SGDClassifier(**options).fit(X, y, sample_weight=s)
        same(found, wanted)
        np.testing.assert_array_equal(found.classes_, wanted.classes_)
        np.testing.assert_allclose(found.decision_function(X), wanted.decision_function(X), rtol=1e-8, atol=1e-8)
        np.testing.assert_array_equal(found.predict(X), wanted.predict(X))
        assert found.predict(X).dtype == wanted.predict(X).dtype


def same(found, wanted):
    scale = np.abs(wanted.coef_).max()
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(found.intercept_, wanted.intercept_, rtol=1e-9, atol=1e-9 * scale)
    assert (found.n_iter_, found.t_, found.n_features_in_) == (wanted.n_iter_, wanted.t_, wanted.n_features_in_)


def test_batches_and_optimizers_are_those_of_the_function(numbers):
    X, y, _ = numbers
    for optimizer, settings in (
        ("sgd", {}),
        ("momentum", {"momentum": 0.5}),
        ("nesterov", {"momentum": 0.7}),
        ("adam", {"betas": (0.8, 0.99)}),
        ("adamw", {"betas": [0.8, 0.99]}),
    ):
        found = SGDRegressor(
            penalty="elasticnet", l1_ratio=0.3, alpha=0.05, batch_size=7, optimizer=optimizer, **settings, **PLAIN
        ).fit(X, y)
        model = shrinkage.StochasticModel(
            0.05, l1_ratio=0.3, batch_size=7, optimizer=optimizer, lr=0.02, shuffle=False, **settings
        )
        for _ in range(2):
            model.partial_fit(X, y)
        np.testing.assert_allclose(found.coef_, model.coef, rtol=1e-12)
        np.testing.assert_allclose(found.intercept_, [model.intercept], rtol=1e-12)
        # 9 steps of 7 rows, one of them of fewer
        assert (found.n_iter_, found.t_) == (2, 19)


# ----------------------------------------------------------------------------------- faults of scikit-learn's
LIBRARIES = {"theirs": theirs, "ours": shrinkage.sklearn}
#: Two features that take turns, one row after the other, at a rate of 1: every number can be worked out by hand.
TURNS = {"penalty": "l1", "alpha": 0.1, "eta0": 1.0, "learning_rate": "constant", "fit_intercept": False}
TURNS |= {"shuffle": False, "tol": None, "max_iter": 1}
FIRST_ONCE = np.eye(2)[[0] + 11 * [1]]


def both_forms(library, X, y, options):
    """{form: fitted} of a regression."""
    return {name: library.SGDRegressor(**options).fit(form(X), y) for name, form in FORMS.items()}


@NINE
def test_scikit_learn_leaves_l1_unpaid():
    """At the end of training a feature owes the penalty of all steps since a row had it."""
    found = both_forms(theirs, FIRST_ONCE, np.ones(12), TURNS)
    np.testing.assert_allclose(found["dense"].coef_, [0.0, 0.9])
    np.testing.assert_allclose(found["csr"].coef_, [0.9, 0.9])
    for fitted in both_forms(shrinkage.sklearn, FIRST_ONCE, np.ones(12), TURNS).values():
        np.testing.assert_allclose(fitted.coef_, [0.0, 0.9])


@NINE
def test_scikit_learn_averages_something_else_with_l1():
    """The first coefficient is 0.9, 0.8, ..., 0.1, 0, 0, 0 after the steps; the second 0, 0.8, then 0.9 ten times."""
    options = TURNS | {"average": True}
    found = both_forms(theirs, FIRST_ONCE, np.ones(12), options)
    for fitted in found.values():
        assert np.abs(fitted.coef_ - [4.5 / 12, 9.8 / 12]).min() > 0.1
    for fitted in both_forms(shrinkage.sklearn, FIRST_ONCE, np.ones(12), options).values():
        np.testing.assert_allclose(fitted.coef_, [4.5 / 12, 9.8 / 12])


@NINE
def test_scikit_learn_forgets_l1_between_calls():
    X, y = sparse.csr_array(np.eye(2)[[0, 1, 1, 1, 1, 0]]), np.ones(6)

    def trained(library, pieces):
        model = library.SGDRegressor(**TURNS | {"eta0": 0.5})
        for piece in pieces:
            model.partial_fit(X[piece], y[piece])
        return model.coef_[0]

    # 0.45 after the first row, 0.25 before the last and 0.25 + (1 - 0.25) / 2 - 0.05 after it
    for library, whole, in_pieces in ((theirs, 0.475, 0.675), (shrinkage.sklearn, 0.575, 0.575)):
        assert trained(library, [slice(0, 6)]) == pytest.approx(whole)
        assert trained(library, [slice(0, 5), slice(5, 6)]) == pytest.approx(in_pieces)


@NINE
def test_scikit_learn_slows_the_intercept_on_sparse_data(numbers):
    X, y, _ = numbers
    options = {"alpha": 0.01, "learning_rate": "constant", "shuffle": False, "tol": None, "max_iter": 3}
    found = both_forms(theirs, X, y, options)
    assert abs(found["csr"].intercept_ / found["dense"].intercept_) < 0.2
    mine = both_forms(shrinkage.sklearn, X, y, options)
    np.testing.assert_allclose(mine["csr"].intercept_, mine["dense"].intercept_, rtol=1e-12)
    np.testing.assert_allclose(mine["csr"].coef_, mine["dense"].coef_, rtol=1e-10)
    np.testing.assert_allclose(mine["dense"].intercept_, found["dense"].intercept_, rtol=1e-10)


@NINE
def test_scikit_learn_starts_too_fast_with_squares():
    """The first rate of "optimal" is a typical coefficient over the size of its slope, not over the slope."""
    options = {"alpha": 0.01, "learning_rate": "optimal", "fit_intercept": False, "tol": None, "max_iter": 1}
    typical = 0.01**-0.25
    for loss, slope in (("squared_error", typical + 1), ("huber", 1.0)):
        # the step from 0 to y = 1 is the rate times the slope there
        size = abs(LOSSES[loss](1.0, 0.0))
        found, mine = (
            library.SGDRegressor(loss, **options).fit([[1.0]], [1.0]).coef_[0] for library in LIBRARIES.values()
        )
        assert found == pytest.approx(typical * size)
        assert mine == pytest.approx(typical / slope * size)


@NINE
def test_scikit_learn_stops_sparse_data_by_the_penalty_of_one_row(numbers):
    """The steps are the same without an intercept, so they should end at the same epoch."""
    X, y, _ = numbers
    options = {"alpha": 0.1, "learning_rate": "constant", "eta0": 0.05, "tol": 1e-6, "shuffle": False}
    options |= {"fit_intercept": False}
    found, mine = (both_forms(library, X, y, options) for library in LIBRARIES.values())
    assert found["csr"].n_iter_ != found["dense"].n_iter_
    assert mine["csr"].n_iter_ == mine["dense"].n_iter_


@NINE
def test_scikit_learn_adds_the_penalty_before_every_step(numbers):
    """Ours is that after the epoch, so that the same steps may end at another epoch."""
    X, y, _ = numbers
    options = {"alpha": 0.3, "learning_rate": "constant", "eta0": 0.02, "shuffle": False}
    found, wanted = (library.SGDRegressor(**options).fit(X, y) for library in (shrinkage.sklearn, theirs))
    assert found.n_iter_ == wanted.n_iter_ + 1
    options |= {"tol": None, "max_iter": found.n_iter_}
    found, wanted = (library.SGDRegressor(**options).fit(X, y) for library in (shrinkage.sklearn, theirs))
    same(found, wanted)
    np.testing.assert_allclose(found.coef_, wanted.coef_, rtol=1e-10)


@NINE
def test_scikit_learn_stops_by_losses_without_weights():
    """Rows of no weight, which the model gets worse at, are no reason to stop."""
    X, y, s = np.ones((20, 1)), np.repeat([1.0, -10.0], 10), np.repeat([1.0, 0.0], 10)
    options = {"alpha": 0.0, "learning_rate": "constant", "fit_intercept": False, "shuffle": False}
    assert theirs.SGDRegressor(**options).fit(X, y, sample_weight=s).n_iter_ == 6
    assert SGDRegressor(**options).fit(X, y, sample_weight=s).n_iter_ > 20


def recording(library, name):
    """An estimator that keeps the coefficients and labels that it scores."""

    class Recording(getattr(library, name)):
        seen: ClassVar[list] = []

        def score(self, X, y, sample_weight=None):
            found = super().score(X, y, sample_weight)
            self.seen.append((self.coef_.copy(), np.unique(y), found))
            return found

    return Recording


@NINE
def test_scikit_learn_scores_other_coefficients_on_the_validation_rows(labels):
    X, y, _ = labels
    scored = {}
    for name, library in LIBRARIES.items():
        options = {"alpha": 0.1, "max_iter": 1, "tol": None, "early_stopping": True, "random_state": 0}
        model = recording(library, "SGDClassifier")(**options).fit(X, y)
        scored[name] = np.abs(model.seen[0][0]).max() / np.abs(model.coef_).max()
    # without the scale that the L2 penalty has brought them to
    assert scored["theirs"] > 5
    assert scored["ours"] == pytest.approx(1.0)


@NINE
def test_scikit_learn_scores_log_loss_with_every_negative_wrong(labels):
    X, y, _ = labels
    found = {}
    for name, library in LIBRARIES.items():
        options = {"max_iter": 20, "tol": None, "early_stopping": True, "random_state": 0, "validation_fraction": 0.5}
        model = recording(library, "SGDClassifier")("log_loss", penalty=None, alpha=0.1, **options).fit(X, y)
        found[name] = model.seen[-1][1:]
    assert found["theirs"][1] <= 0.5
    np.testing.assert_array_equal(found["theirs"][0], [0, 1])
    assert found["ours"][1] > 0.7
    np.testing.assert_array_equal(found["ours"][0], [-1, 1])


@NINE
def test_scikit_learn_takes_the_same_order_at_every_call():
    orders = {}
    for name, library in LIBRARIES.items():
        model = library.SGDRegressor(alpha=0.0, fit_intercept=False, random_state=0)
        orders[name] = []
        for _ in range(3):
            # falling rates leave the larger coefficients to the rows that come first
            model.partial_fit(np.eye(12), np.ones(12))
            orders[name].append(tuple(np.argsort(-model.coef_)))
            model.coef_ = np.zeros(12)
    assert len(set(orders["theirs"])) == 1
    assert len(set(orders["ours"])) == 3


@NINE
def test_scikit_learn_rounds_small_probabilities_to_equal_ones(many):
    X, y, _ = many
    wanted = {"theirs": np.zeros(4), "ours": np.array([0.0, -10.0, -20.0, -30.0])}
    for name, library in LIBRARIES.items():
        model = library.SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
        model.coef_, model.intercept_ = np.zeros((4, 8)), -1000.0 + np.array([0.0, -10.0, -20.0, -30.0])
        log = model.predict_log_proba(X[:1])[0]
        np.testing.assert_allclose(log - log[0], wanted[name], atol=1e-9)


# -------------------------------------------------------------------------------------------- piece by piece
@pytest.mark.parametrize("average", [False, True, 25], ids=["last", "mean", "late mean"])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("schedule", ["constant", "optimal", "invscaling"])
def test_pieces_are_one_call(numbers, many, form, schedule, penalty, average):
    options = {"penalty": penalty, "alpha": 0.02, "learning_rate": schedule, "average": average, "eta0": 0.02}
    options |= {"shuffle": False, "tol": None, "max_iter": 1}
    X, y, s = numbers
    whole, piecewise = SGDRegressor(**options).fit(form(X), y, sample_weight=s), SGDRegressor(**options)
    several = SGDClassifier(**options).fit(form(X), many[1], sample_weight=s)
    by_pieces = SGDClassifier(**options)
    for part in (slice(0, 13), slice(13, 14), slice(14, 60)):
        assert piecewise.partial_fit(form(X[part]), y[part], s[part]) is piecewise
        by_pieces.partial_fit(form(X[part]), many[1][part], classes=list("abcd"), sample_weight=s[part])
    for one, other in ((whole, piecewise), (several, by_pieces)):
        np.testing.assert_allclose(other.coef_, one.coef_, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(other.intercept_, one.intercept_, rtol=1e-10, atol=1e-14)
        assert other.t_ == one.t_ == 61


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
def test_training_goes_on_bit_for_bit_from_a_copy(many, form, optimizer, copied):
    X, y, _ = many
    X = form(X.astype(np.float32))
    model = SGDClassifier(
        penalty="elasticnet", average=30, optimizer=optimizer, batch_size=4, learning_rate="constant", random_state=1
    )
    for _ in range(2):
        model.partial_fit(X, y, classes=list("abcd"))
    other = copied(model)
    for _ in range(2):
        model.partial_fit(X, y)
        other.partial_fit(X, y)
    assert model.coef_.tobytes() == other.coef_.tobytes()
    assert model.intercept_.tobytes() == other.intercept_.tobytes()
    assert model.coef_.dtype == np.float32
    # a clone knows nothing of it
    fresh = clone(model)
    assert not hasattr(fresh, "coef_")
    assert fresh.get_params() == model.get_params()


def test_the_state_is_in_double_precision_for_float32(numbers, close):
    X, y, _ = numbers
    X = X.astype(np.float32)
    options = {"penalty": "elasticnet", "shuffle": False, "alpha": 0.01}
    single, double = SGDRegressor(**options), SGDRegressor(**options)
    for _ in range(300):
        single.partial_fit(X, y)
        double.partial_fit(X.astype(np.float64), y)
    np.testing.assert_array_equal(single.coef_, double.coef_.astype(np.float32))
    np.testing.assert_array_equal(single.intercept_, double.intercept_.astype(np.float32))
    assert single.coef_.dtype == single.intercept_.dtype == single.predict(X).dtype == np.float32
    close(single.predict(X), double.predict(X), 1e-5)


@pytest.mark.parametrize("change", ["new", "in place", "sparse"])
def test_coefficients_that_a_user_sets_are_gone_on_from(numbers, form, change):
    X, y, _ = numbers
    options = {"loss": "squared_error", "alpha": 0.05, "l1_ratio": 0.4}
    model = SGDRegressor(penalty="elasticnet", learning_rate="constant", eta0=0.02, shuffle=False, **options)
    model.partial_fit(form(X), y)
    wanted = np.arange(8.0)
    if change == "in place":
        model.coef_[:], model.intercept_[:] = wanted, 2.0
    else:
        model.coef_, model.intercept_ = wanted, np.array([2.0])
    if change == "sparse":
        model.sparsify()
        assert sparse.issparse(model.coef_)
        np.testing.assert_allclose(model.predict(form(X)), X @ wanted + 2.0)
    model.partial_fit(form(X), y)
    W, b = Textbook(wanted, 2.0).steps(X, y, **options)
    np.testing.assert_allclose(model.coef_, W[-1], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(model.intercept_, b[-1:], rtol=1e-10)
    assert model.t_ == 121


def test_an_average_begins_again_where_a_user_sets_coefficients(numbers):
    X, y, _ = numbers
    options = {"learning_rate": "constant", "eta0": 0.02, "shuffle": False, "alpha": 0.05}
    model = SGDRegressor(average=True, **options).partial_fit(X, y)
    model.coef_, model.intercept_ = np.arange(8.0), np.array([2.0])
    model.partial_fit(X, y)
    W, b = Textbook(np.arange(8.0), 2.0).steps(X, y, loss="squared_error", alpha=0.05, l1_ratio=0.0)
    np.testing.assert_allclose(model.coef_, W.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(model.intercept_, [b.mean()], rtol=1e-10)


def test_parameters_may_change_between_calls(numbers, form):
    X, y, _ = numbers
    options = {"loss": "huber", "penalty": "elasticnet", "shuffle": False, "learning_rate": "constant"}
    model = SGDRegressor(**options, alpha=0.05, l1_ratio=0.4, eta0=0.02, average=True).partial_fit(form(X), y)
    model.set_params(alpha=0.01, l1_ratio=0.9, eta0=0.01, loss="squared_error").partial_fit(form(X), y)
    book = Textbook(np.zeros(8))
    before, _ = book.steps(X, y, loss="huber", alpha=0.05, l1_ratio=0.4)
    now = {"loss": "squared_error", "alpha": 0.01, "l1_ratio": 0.9, "eta0": 0.01}
    after, _ = book.steps(X, y, **now)
    np.testing.assert_allclose(model.coef_, np.vstack([before, after]).mean(axis=0), rtol=1e-10, atol=1e-14)
    # what L1 is owed stays, and a mean that is asked for later is of what comes later
    model.set_params(average=False).partial_fit(form(X), y)
    np.testing.assert_allclose(model.coef_, book.steps(X, y, **now)[0][-1], rtol=1e-10, atol=1e-14)
    model.set_params(average=True).partial_fit(form(X), y)
    np.testing.assert_allclose(model.coef_, book.steps(X, y, **now)[0].mean(axis=0), rtol=1e-10, atol=1e-14)
    # another optimizer starts at rest, from the last iterate
    model.set_params(optimizer="adam", eta0=1e-12).partial_fit(form(X), y)
    np.testing.assert_allclose(model.coef_, book.w, rtol=1e-6, atol=1e-9)
    model.set_params(optimizer="sgd", eta0=0.01).partial_fit(form(X), y)
    W, _ = Textbook(book.w, book.b).steps(X, y, **now)
    np.testing.assert_allclose(model.coef_, W.mean(axis=0), rtol=1e-6, atol=1e-9)


def test_dense_and_sparse_pieces_may_alternate(numbers):
    X, y, _ = numbers
    options = {"penalty": "elasticnet", "shuffle": False, "average": 10, "alpha": 0.02}
    mixed, plain = SGDRegressor(**options), SGDRegressor(**options)
    for k in range(4):
        mixed.partial_fit(sparse.csc_array(X) if k % 2 else X, y)
        plain.partial_fit(X, y)
    np.testing.assert_allclose(mixed.coef_, plain.coef_, rtol=1e-10)


def test_partial_fit_goes_on_after_fit(many):
    X, y, _ = many
    model = SGDClassifier(tol=1e-3, learning_rate="adaptive", random_state=0).fit(X, y)
    assert model.certificates_
    steps = model.t_
    model.partial_fit(X, y)
    assert model.t_ == steps + 60
    # a proof is of the rows of a fit
    assert not hasattr(model, "certificate_")
    with pytest.raises(ValueError, match="X has 3 features, but SGDClassifier is expecting 8"):
        model.partial_fit(X[:, :3], y)
    with pytest.raises(ValueError, match="classes should include all valid labels"):
        model.partial_fit(X, np.where(y == "a", "e", y))
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X, y, classes=["a", "b"])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        SGDClassifier().partial_fit(X, y)


def test_a_failed_call_leaves_the_estimator(numbers):
    X, y, _ = numbers
    model = SGDRegressor(random_state=0).partial_fit(X, y)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match="Floating-point under-/overflow"):
        model.set_params(learning_rate="constant", eta0=1e300).partial_fit(X, y)
    np.testing.assert_array_equal(model.coef_, before)
    model.set_params(eta0=1e-12).partial_fit(X, y)
    np.testing.assert_allclose(model.coef_, before, rtol=1e-9)


# ------------------------------------------------------------------------------------------------- starting
def test_warm_starts(numbers, many):
    X, y, _ = numbers
    options = {"alpha": 0.01, "shuffle": False, "tol": None, "max_iter": 2}
    first = SGDRegressor(**options).fit(X, y)
    given = SGDRegressor(**options).fit(X, y, coef_init=first.coef_, intercept_init=first.intercept_)
    warm = SGDRegressor(warm_start=True, **options).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(warm.coef_, given.coef_)
    assert warm.t_ == given.t_ == 121
    cold = SGDRegressor(**options).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(cold.coef_, first.coef_)
    # in double precision where the coefficients are shown in single
    single = SGDRegressor(warm_start=True, **options).fit(X.astype(np.float32), y)
    single.fit(X.astype(np.float32), y)
    double = SGDRegressor(warm_start=True, **options).fit(X.astype(np.float32).astype(float), y)
    double.fit(X.astype(np.float32).astype(float), y)
    np.testing.assert_array_equal(single.coef_, double.coef_.astype(np.float32))
    classes = SGDClassifier(warm_start=True, **options).fit(X, many[1])
    with pytest.raises(ValueError, match=r"Provided coef_init does not match dataset: it has shape \(4, 8\)"):
        classes.fit(X, many[1] == "a")


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ({"coef_init": np.zeros(3)}, "Provided coef_init does not match dataset"),
        ({"coef_init": np.zeros((2, 8))}, "Provided coef_init does not match dataset"),
        ({"coef_init": np.full(8, np.nan)}, "Provided coef_init must be finite"),
        ({"intercept_init": np.zeros(2)}, "Provided intercept_init does not match dataset"),
    ],
)
def test_starts_that_do_not_fit(numbers, init, words):
    X, y, _ = numbers
    with pytest.raises(ValueError, match=words):
        SGDRegressor().fit(X, y, **init)
    with pytest.raises(ValueError, match=words):
        SGDClassifier().fit(X, y > 1, **init)


# ------------------------------------------------------------------------------------------- early stopping
@pytest.mark.parametrize("kind", ["numbers", "two", "many"])
def test_early_stopping_holds_out_scikit_learns_rows(numbers, labels, many, form, kind):
    X, y, s = {"numbers": numbers, "two": labels, "many": many}[kind]
    name, splitter = ("SGDRegressor", ShuffleSplit) if kind == "numbers" else ("SGDClassifier", StratifiedShuffleSplit)
    options = {"early_stopping": True, "validation_fraction": 0.3, "learning_rate": "constant", "tol": 0.01}
    options |= {"n_iter_no_change": 3, "shuffle": False, "random_state": 5}
    model = recording(shrinkage.sklearn, name)(**options).fit(form(X), y, sample_weight=s)
    train, held = next(splitter(test_size=0.3, random_state=5).split(X, y))
    train.sort()
    plain = clone(model).set_params(early_stopping=False, tol=None, max_iter=model.n_iter_)
    plain.fit(form(X[train]), y[train], sample_weight=s[train])
    if kind != "many":
        np.testing.assert_array_equal(model.coef_, plain.coef_)
        # stopped when the best score was three epochs ago, but for a hundredth
        scores = np.array([found for _, _, found in type(model).seen])
        idle = [score < max(scores[:i], default=-np.inf) + 0.01 for i, score in enumerate(scores)]
        assert idle[-3:] == [True] * 3
        assert len(scores) == model.n_iter_
        if kind == "numbers":
            wanted = r2_score(y[held], X[held] @ model.coef_ + model.intercept_, sample_weight=s[held])
        else:
            wanted = np.average(model.predict(X[held]) == y[held], weights=s[held])
        assert scores[-1] == pytest.approx(wanted)
    # the proof is of the rows that were trained on
    model.set_params(certify=True).fit(form(X), y, sample_weight=s)
    copied = clone(model).set_params(early_stopping=False, tol=None, max_iter=1, eta0=1e-14)
    copied.fit(form(X[train]), y[train], sample_weight=s[train], coef_init=model.coef_, intercept_init=model.intercept_)
    for one, other in zip(model.certificates_, copied.certificates_, strict=True):
        assert one.objective == pytest.approx(other.objective)
        assert one.relative_gap == pytest.approx(other.relative_gap)


def test_classes_stop_by_themselves(many):
    X, y, _ = many
    options = {"loss": "log_loss", "alpha": 0.01, "shuffle": False, "tol": 1e-3}
    together = SGDClassifier(**options).fit(X, y)
    alone = [SGDClassifier(**options).fit(X, y == name) for name in "abcd"]
    assert len({one.n_iter_ for one in alone}) > 1
    assert together.n_iter_ == max(one.n_iter_ for one in alone)
    np.testing.assert_allclose(together.coef_, np.vstack([one.coef_ for one in alone]), rtol=1e-8)
    # and training goes on from where each is
    together.partial_fit(X, y)
    assert together.t_ == (together.n_iter_ + max(one.n_iter_ for one in alone)) * 60 + 1


def test_early_stopping_that_cannot_be(labels):
    X, y, _ = labels
    with pytest.raises(ValueError, match="sample weights for validation set are all zero"):
        SGDClassifier(early_stopping=True, random_state=0).fit(X, y, sample_weight=np.zeros(60, dtype=int))
    with pytest.raises(ValueError, match="early_stopping should be False with partial_fit"):
        SGDClassifier(early_stopping=True).partial_fit(X, y, classes=["no", "yes"])
    with pytest.raises(ValueError, match="early_stopping needs solver='sgd'"):
        SGDClassifier(early_stopping=True, solver="saga", loss="log_loss").fit(X, y)


# ------------------------------------------------------------------------------------- proofs and solvers
SMOOTH = ["squared_error", "huber", "squared_epsilon_insensitive", "log_loss", "squared_hinge", "modified_huber"]


def objective(loss, y, X, w, b, s, alpha, ratio):
    """(1/n) sum s l + alpha R, of the slopes in LOSSES by their integral from where the loss is zero or known."""
    values = shrinkage.losses.loss_of(loss).values(y, X @ w + b)
    return (s * values).sum() / len(y) + alpha * (ratio * np.abs(w).sum() + (1 - ratio) / 2 * w @ w)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", LOSSES)
def test_certificates_are_those_of_the_objective(numbers, labels, many, form, loss, penalty):
    """Of every class by itself, with its weights; the minimum is no more than the gap below."""
    ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.4}[penalty]
    options = {"penalty": penalty, "l1_ratio": 0.4, "alpha": 0.05, "tol": 1e-3, "learning_rate": "constant"}
    X, _, s = numbers
    models = [(SGDClassifier(loss, class_weight={"a": 2.0, "c": 0.1}, **options), many[1], {"a": 2.0, "c": 0.1})]
    models += [(SGDClassifier(loss, class_weight={"yes": 2.0}, **options), labels[1], {"yes": 2.0})]
    if loss in OF_NUMBERS:
        models.append((SGDRegressor(loss, **options), numbers[1], None))
    for model, y, weights in models:
        model.set_params(random_state=0).fit(form(X), y, sample_weight=s)
        if weights is None:
            columns = [(y, s)]
        elif len(model.classes_) == 2:
            columns = [(np.where(y == "yes", 1.0, -1.0), s * np.where(y == "yes", 2.0, 1.0))]
        else:
            columns = [
                (np.where(y == name, 1.0, -1.0), s * np.where(y == name, weights.get(name, 1.0), 1.0))
                for name in "abcd"
            ]
        assert len(model.certificates_) == len(columns)
        worst = max(model.certificates_, key=lambda one: (not one.converged, one.relative_gap))
        assert model.certificate_ == worst
        for k, (proof, (target, weight)) in enumerate(zip(model.certificates_, columns, strict=True)):
            w, b = np.atleast_2d(model.coef_)[k], model.intercept_[k]
            assert proof.objective == pytest.approx(objective(loss, target, X, w, b, weight, 0.05, ratio))
            assert proof.duality_gap >= 0
            assert proof.n_iter == model.n_iter_
            if loss in SMOOTH:
                fit = shrinkage.saga(
                    X, target, 0.05 * len(y) / weight.sum(), l1_ratio=ratio, loss=loss, sample_weight=weight, tol=1e-10
                )
                least = fit.certificate.objective * weight.sum() / len(y)
                assert proof.objective - proof.duality_gap <= least + 1e-9 <= proof.objective + 2e-9


@pytest.mark.parametrize("solver", ["saga", "sag"])
@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", SMOOTH)
def test_saga_goes_to_the_minimum(numbers, many, form, loss, penalty, solver):
    ratio = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.4}[penalty]
    X, y, s = numbers if loss in OF_NUMBERS else many
    model = (SGDRegressor if loss in OF_NUMBERS else SGDClassifier)(loss, penalty=penalty, l1_ratio=0.4, alpha=0.05)
    model.set_params(solver=solver, tol=1e-9, max_iter=5000, random_state=0).fit(form(X), y, sample_weight=s)
    assert model.certificate_.converged
    assert model.certificate_.relative_gap <= 1e-9
    assert model.t_ == 1 + model.n_iter_ * 60
    for k, proof in enumerate(model.certificates_):
        target = y if loss in OF_NUMBERS else np.where(y == "abcd"[k], 1.0, -1.0)
        w, b = np.atleast_2d(model.coef_)[k], model.intercept_[k]
        assert proof.objective == pytest.approx(objective(loss, target, X, w, b, s, 0.05, ratio), rel=1e-9)


@pytest.mark.parametrize("loss", SMOOTH)
def test_gradient_descent_comes_near_to_it(numbers, many, loss):
    X, y, s = numbers if loss in OF_NUMBERS else many
    model = (SGDRegressor if loss in OF_NUMBERS else SGDClassifier)(loss, penalty="elasticnet", alpha=0.05)
    model.set_params(random_state=0)
    least = clone(model).set_params(solver="saga", tol=1e-9).fit(X, y, sample_weight=s).certificates_
    model.set_params(learning_rate="invscaling", eta0=0.3, power_t=0.5, average=20_000, tol=None).fit(
        X, y, None, None, s
    )
    for one, two in zip(least, model.certificates_, strict=True):
        assert one.objective - 1e-9 <= two.objective <= one.objective * 1.01 + 1e-3


def test_saga_is_logistic_regression(many, labels):
    X, y, s = many
    weights = {"a": 2.0, "c": 0.5}
    options = {"alpha": 0.02, "tol": 1e-13}
    found = SGDClassifier("log_loss", solver="saga", class_weight=weights, **options).fit(X, y, sample_weight=s)
    for k, name in enumerate("abcd"):
        wanted = theirs.LogisticRegression(C=1 / (0.02 * 60), tol=1e-10, max_iter=10_000)
        wanted.fit(X, y == name, s * np.where(y == name, weights.get(name, 1.0), 1.0))
        np.testing.assert_allclose(found.coef_[[k]], wanted.coef_, atol=1e-5)
        np.testing.assert_allclose(found.intercept_[[k]], wanted.intercept_, atol=1e-5)
    X, y, s = labels
    found = SGDClassifier("log_loss", solver="sag", class_weight="balanced", **options).fit(X, y, sample_weight=s)
    # scikit-learn's logistic regression balances the sums of the weights, and its SGDClassifier the numbers of rows
    weights = {name: 30 / (y == name).sum() for name in ("no", "yes")}
    wanted = theirs.LogisticRegression(C=1 / (0.02 * 60), tol=1e-10, max_iter=10_000, class_weight=weights)
    wanted.fit(X, y, s)
    np.testing.assert_allclose(found.coef_, wanted.coef_, atol=1e-5)
    np.testing.assert_allclose(found.predict_proba(X), wanted.predict_proba(X), atol=1e-5)


def test_saga_is_the_elastic_net_and_has_its_zeros(numbers, form):
    X, y, _ = numbers
    found = SGDRegressor(solver="saga", penalty="elasticnet", l1_ratio=0.9, alpha=0.1, tol=1e-13).fit(form(X), y)
    wanted = ElasticNet(alpha=0.1, l1_ratio=0.9, tol=1e-13).fit(X, y)
    np.testing.assert_allclose(found.coef_, wanted.coef_, atol=1e-6)
    np.testing.assert_array_equal(found.coef_ == 0, wanted.coef_ == 0)
    assert (found.coef_ == 0).any()
    single = SGDRegressor(solver="saga", alpha=0.1).fit(form(X.astype(np.float32)), y)
    assert single.coef_.dtype == single.predict(X.astype(np.float32)).dtype == np.float32
    warm = clone(single).set_params(warm_start=True).fit(X, y)
    assert warm.fit(X, y).n_iter_ == 0
    # goes on from there, a row at a time
    warm.set_params(solver="sgd", eta0=1e-13)
    before = warm.coef_.copy()
    np.testing.assert_allclose(warm.partial_fit(X, y).coef_, before)


def test_saga_has_the_zeros_of_l1(form):
    """On scikit-learn's own data: two groups of features that say the same."""
    X = np.zeros((8, 6))
    X[:4, :3] = [[1, 0.9, 0.8], [1, 0.84, 0.98], [1, 0.96, 0.88], [1, 0.91, 0.99]]
    X[4:, 3:] = [[0.89, 0.91, 1], [0.79, 0.84, 1], [0.91, 0.95, 1], [0.93, 1, 1]]
    y = np.repeat([1, 2], 4)
    options = {"loss": "squared_hinge", "penalty": "l1", "alpha": 0.2, "fit_intercept": False, "tol": 1e-9}
    model = SGDClassifier(solver="saga", **options).fit(form(X), y)
    np.testing.assert_array_equal(model.coef_[0, 1:-1], np.zeros(4))
    np.testing.assert_array_equal(model.predict(X), y)
    near = SGDClassifier(max_iter=2000, **options | {"tol": None}).fit(form(X), y)
    assert near.certificate_.objective <= 1.01 * model.certificate_.objective


@pytest.mark.parametrize("solver", ["saga", "sag"])
def test_saga_is_the_same_on_sparse_data(labels, many, solver):
    """The intercept is as fast as on dense data: the same minimum after the same epochs."""
    for X, y, s in (labels, many):
        options = {"solver": solver, "alpha": 0.1, "tol": 1e-9, "random_state": 0}
        dense, csr = (SGDClassifier("log_loss", **options).fit(form(X), y, sample_weight=s) for form in FORMS.values())
        assert dense.certificate_.converged
        np.testing.assert_allclose(csr.coef_, dense.coef_, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(csr.intercept_, dense.intercept_, rtol=1e-7)
        assert csr.n_iter_ == dense.n_iter_


@pytest.mark.parametrize("solver", ["saga", "sag"])
def test_saga_takes_data_of_zeros(solver, form):
    """Where scikit-learn's step times alpha is 1."""
    X, y = form(np.zeros((2, 2))), np.array([1.0, -1.0])
    for model in (SGDClassifier("log_loss"), SGDRegressor()):
        model.set_params(solver=solver, alpha=1.0, fit_intercept=False).fit(X, y)
        np.testing.assert_array_equal(model.coef_.ravel(), [0.0, 0.0])
        assert model.certificate_.converged


def test_saga_says_what_it_cannot(labels):
    X, y, _ = labels
    with pytest.raises(ValueError, match="needs a loss of bounded curvature, which 'hinge' is not"):
        SGDClassifier(solver="saga").fit(X, y)
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as told:
        SGDClassifier("log_loss", solver="sag").partial_fit(X, y, ["no", "yes"])
    assert "partial_fit needs solver='sgd': 'sag' goes back" in str(told.value.__cause__)
    assert not hasattr(SGDRegressor(solver="saga"), "partial_fit")
    with pytest.warns(ConvergenceWarning, match=r"saga stopped at a relative duality gap of .* after 1 epochs"):
        model = SGDClassifier("log_loss", solver="saga", max_iter=1, tol=1e-9).fit(X, y)
    assert not model.certificate_.converged
    SGDClassifier("log_loss", solver="saga", max_iter=1, tol=None).fit(X, y)


@pytest.mark.parametrize("solver", ["saga", "sag"])
def test_without_tol_certificates_are_of_a_thousandth(numbers, solver):
    X, y, _ = numbers
    model = SGDRegressor(solver=solver, alpha=0.1, tol=None, max_iter=200).fit(X, y)
    assert model.n_iter_ == 200
    assert model.certificate_.converged
    assert 0 < model.certificate_.relative_gap < 1e-9
    assert not SGDRegressor(solver=solver, alpha=0.1, tol=None, max_iter=1).fit(X, y).certificate_.converged


def test_too_large_data_are_named(numbers):
    X, y, _ = numbers
    huge = X.copy()
    huge[:, 3] *= 1e300
    with pytest.raises(ValueError, match=r"X reaches .* in column 3: too large to square; rescale the column"):
        SGDRegressor().fit(huge, y)


# ------------------------------------------------------------------------------------------------ the rest
@NINE
@pytest.mark.parametrize("name", ["SGDRegressor", "SGDClassifier"])
def test_parameters_are_scikit_learns_and_then_ours(name):
    found = inspect.signature(getattr(shrinkage.sklearn, name)).parameters
    wanted = inspect.signature(getattr(theirs, name)).parameters
    assert [*found][: len(wanted)] == [*wanted]
    assert {key: value.default for key, value in found.items() if key in wanted} == {
        key: value.default for key, value in wanted.items()
    }
    for method in ("fit", "partial_fit"):
        mine, other = (inspect.signature(getattr(getattr(library, name), method)) for library in LIBRARIES.values())
        assert [*mine.parameters] == [*other.parameters]
    assert set(getattr(shrinkage.sklearn, name).loss_functions) == set(getattr(theirs, name).loss_functions)
    for key, (make, *width) in getattr(shrinkage.sklearn, name).loss_functions.items():
        assert make(*width).name == key


@pytest.mark.parametrize("estimator", [SGDRegressor, SGDClassifier])
@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": "pa1"},
        {"learning_rate": "pa2", "loss": "epsilon_insensitive"},
        {"loss": "poisson"},
        {"alpha": -1.0},
        {"penalty": "none"},
        {"eta0": 0.0},
        {"batch_size": 0},
        {"optimizer": "rmsprop"},
        {"momentum": 1.0},
        {"betas": 0.9},
        {"solver": "liblinear"},
        {"certify": "yes"},
        {"validation_fraction": 1.0},
        {"average": -1},
    ],
)
def test_what_parameters_may_not_be(numbers, estimator, wrong):
    X, y, _ = numbers
    (parameter,) = wrong.keys() - {"loss"} or {"loss"}
    with pytest.raises(ValueError, match=f"The {parameter!r} parameter of {estimator.__name__} must be"):
        estimator(**wrong).fit(X, y > 1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"betas": (0.9, 1.0)}, r"betas\[1\]"),
        ({"betas": (0.9,)}, "betas must be two numbers"),
        ({"penalty": "elasticnet", "l1_ratio": None}, "l1_ratio must be set when penalty is 'elasticnet'"),
        ({"learning_rate": "optimal", "alpha": 0.0}, "alpha must be > 0 since learning_rate is 'optimal'"),
        ({"loss": "huber", "epsilon": 0.0}, "epsilon must be more than 0"),
    ],
)
def test_what_parameters_may_not_be_together(numbers, wrong, words):
    X, y, _ = numbers
    with pytest.raises((ValueError, TypeError), match=words):
        SGDRegressor(**wrong).fit(X, y)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"yes": -1.0}, "class_weight must be finite numbers of zero or more"),
        ({"yes": np.nan}, "class_weight must be finite numbers of zero or more"),
        ({"maybe": 2.0}, r"The classes, \['no', 'yes'\], are not in class_weight"),
    ],
)
def test_class_weights_that_cannot_be(labels, weights, words):
    with pytest.raises(ValueError, match=words):
        SGDClassifier(class_weight=weights).fit(*labels[:2])


def test_weights_that_cannot_be(numbers):
    X, y, _ = numbers
    for wrong in (np.ones(59), -np.ones(60), np.full(60, np.nan), np.zeros(60), "heavy"):
        with pytest.raises((ValueError, TypeError)):
            SGDRegressor().fit(X, y, sample_weight=wrong)


@pytest.mark.parametrize("estimator", [SGDRegressor, SGDClassifier])
def test_a_run_that_still_improves_warns(numbers, estimator):
    X, y, _ = numbers
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached before convergence") as heard:
        estimator(max_iter=2).fit(X, y > 1)
    assert heard[0].filename == __file__
    estimator(max_iter=2, tol=None).fit(X, y > 1)
    with pytest.warns(FutureWarning, match="Negative values for `power_t`"):
        estimator(power_t=-0.1).fit(X, y > 1)


def test_steps_that_are_too_long_are_heard_of(numbers, labels, many, form):
    X, y, s = numbers
    with pytest.warns(
        ConvergenceWarning, match=r"ended at .*, above the .* at zero: .*Lower eta0, or scale X"
    ) as heard:
        model = SGDRegressor(random_state=0).fit(form(100 * X), y, sample_weight=s)
    assert heard[0].filename == __file__
    assert model.certificate_.objective > 2 * np.mean(s * y**2 / 2)
    assert f"at {model.certificate_.objective:.3g}, above the {np.mean(s * y**2 / 2):.3g} at" in str(heard[0].message)
    for _, labelled in (labels[:2], many[:2]):
        with pytest.warns(ConvergenceWarning, match=r"above the 0\.693 at zero: .* Raise alpha or max_iter, or"):
            SGDClassifier("log_loss", random_state=0).fit(form(100 * X), labelled)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SGDRegressor(random_state=0).fit(form(X), y, sample_weight=s)
        SGDClassifier("perceptron", random_state=0, learning_rate="constant").fit(form(X), labels[1])
        SGDRegressor(random_state=0, certify=False).fit(form(100 * X), y, sample_weight=s)


def test_weights_move_the_answer(labels):
    X, y, _ = labels
    options = {"random_state": 0, "alpha": 0.01}
    plain = SGDClassifier(**options).fit(X, y).predict(X)
    for weighted in (
        SGDClassifier(**options, class_weight={"yes": 0.01}).fit(X, y),
        SGDClassifier(**options).fit(X, y, sample_weight=np.where(y == "yes", 0.01, 1.0)),
    ):
        assert (weighted.predict(X) == "yes").sum() < (plain == "yes").sum()


def test_probabilities(labels, many):
    for X, y, _ in (labels, many):
        for loss in ("log_loss", "modified_huber"):
            # coefficients of scikit-learn's
            wanted = theirs.SGDClassifier(loss=loss, random_state=0, alpha=1.0).fit(X, y)
            found = SGDClassifier(loss=loss, random_state=0).fit(X, y)
            found.coef_, found.intercept_ = wanted.coef_, wanted.intercept_
            np.testing.assert_allclose(found.predict_proba(X), wanted.predict_proba(X), rtol=1e-10, atol=1e-14)
            with np.errstate(divide="ignore"):
                logs = wanted.predict_log_proba(X)
            np.testing.assert_allclose(found.predict_log_proba(X), logs, rtol=1e-9, atol=1e-12)
            single = found.fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32))
            assert single.dtype == np.float32
            np.testing.assert_allclose(single.sum(axis=1), 1.0, rtol=1e-6)
    # nothing speaks for any class
    found.coef_, found.intercept_ = np.zeros((4, 8)), np.full(4, -50.0)
    np.testing.assert_allclose(found.predict_proba(X), np.full((60, 4), 0.25))
    for loss in ("hinge", "squared_error"):
        assert not hasattr(SGDClassifier(loss=loss), "predict_proba")
        assert not hasattr(SGDClassifier(loss=loss), "predict_log_proba")


def test_jobs_and_verbosity(many, capsys):
    X, y, _ = many
    one, two = (SGDClassifier(n_jobs=jobs, random_state=0, max_iter=7, tol=None).fit(X, y) for jobs in (None, 2))
    np.testing.assert_array_equal(one.coef_, two.coef_)
    assert capsys.readouterr().out == ""
    SGDClassifier(verbose=1, random_state=0, max_iter=7, tol=None).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == 7
    SGDClassifier("log_loss", solver="saga", verbose=1).fit(X, y)
    assert "-- Epoch 2, objective: " in capsys.readouterr().out


def test_random_states(many):
    X, y, _ = many
    options = {"max_iter": 2, "tol": None}
    for estimator, target in ((SGDClassifier, y), (SGDRegressor, y == "a")):
        first, same, other = (estimator(random_state=seed, **options).fit(X, target).coef_ for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert (first != other).any()
        state = np.random.RandomState(0)
        drawn = [estimator(random_state=state, **options).fit(X, target).coef_ for _ in range(2)]
        np.testing.assert_array_equal(drawn[0], first)
        assert (drawn[1] != first).any()


def test_sparse_coefficients_come_and_go(many, form):
    X, y, _ = many
    model = SGDClassifier(penalty="l1", alpha=0.05, random_state=0).fit(form(X), y)
    dense, decision = model.coef_.copy(), model.decision_function(form(X))
    assert sparse.issparse(model.sparsify().coef_)
    model = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(model.decision_function(form(X)), decision)
    np.testing.assert_array_equal(model.predict(X), model.classes_[decision.argmax(axis=1)])
    other = copy.deepcopy(model).densify()
    np.testing.assert_array_equal(other.coef_, dense)
    np.testing.assert_array_equal(model.partial_fit(form(X), y).coef_, other.partial_fit(form(X), y).coef_)


def test_data_are_only_read(layout, numbers, with_zeros):
    X, y, _ = numbers
    data, s = layout(X), with_zeros(60)
    for values in (data.data if sparse.issparse(data) else data, y, s):
        values.flags.writeable = False
    try:
        model = SGDRegressor(penalty="elasticnet", random_state=0).fit(data, y, sample_weight=s)
        again = SGDRegressor(penalty="elasticnet", random_state=0).fit(X, y, sample_weight=s)
    finally:
        y.flags.writeable = X.flags.writeable = True
    np.testing.assert_allclose(model.coef_, again.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.predict(data), again.predict(X), rtol=1e-9, atol=1e-12)


def test_names_of_features(many):
    pandas = pytest.importorskip("pandas")
    X, y, _ = many
    frame = pandas.DataFrame(X, columns=[f"x{j}" for j in range(8)])
    model = SGDClassifier(random_state=0).fit(frame, pandas.Series(y))
    np.testing.assert_array_equal(model.feature_names_in_, frame.columns)
    np.testing.assert_array_equal(model.predict(frame), SGDClassifier(random_state=0).fit(X, y).predict(X))
    model.partial_fit(frame, y)
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame[frame.columns[::-1]], y)


def test_weights_are_routed(many):
    X, y, s = many
    with config_context(enable_metadata_routing=True):
        model = SGDClassifier(random_state=0).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": [1e-3, 1e-1]}, cv=3).fit(X, y, sample_weight=s)
        wanted = clone(search.best_estimator_).fit(X, y, sample_weight=s)
        np.testing.assert_array_equal(search.best_estimator_.coef_, wanted.coef_)
        request = model.set_partial_fit_request(classes=True, sample_weight=True).get_metadata_routing()
        assert request.partial_fit.requests == {"classes": True, "sample_weight": True}


def test_labels_that_are_not_classes(numbers):
    X, y, _ = numbers
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        SGDClassifier().fit(X, y)
    with pytest.raises(ValueError, match="number of classes has to be greater than one; got 1 class"):
        SGDClassifier().fit(X, np.ones(60))
    with pytest.raises(ValueError, match="1d array"):
        SGDClassifier().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="1d array"):
        SGDRegressor().fit(X, np.column_stack([y, y]))
