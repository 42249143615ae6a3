"""Small problems that go wrong easily, their answers in rational arithmetic, and the errors to expect."""

import warnings
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from shrinkage import ConvergenceWarning
from shrinkage.reference import ridge as textbook

EPS = np.finfo(np.float64).eps
KINDS = ("random", "collinear", "duplicated", "constant", "zero", "scaled", "far", "wide", "square")
SETTINGS = ("plain", "no intercept", "weighted", "factors", "everything")


class Problem(NamedTuple):
    X: np.ndarray
    y: np.ndarray


def build(kind: str) -> Problem:
    rng = np.random.default_rng(KINDS.index(kind))
    n, p = {"wide": (7, 12), "square": (7, 7)}.get(kind, (13, 5))
    X = rng.standard_normal((n, p)) + 0.5
    if kind == "collinear":
        X[:, 4] = X[:, 0] + X[:, 1] + 1e-6 * rng.standard_normal(n)
    elif kind == "duplicated":
        X[:, 4] = X[:, 0]
    elif kind == "constant":
        X[:, 1] = 3.7
    elif kind == "zero":
        X[:, 1] = 0.0
    elif kind == "scaled":
        X *= np.array([1.0, 1e8, 1e-8, 1e4, 1e-4])
    elif kind == "far":
        X += 1e8 * np.array([1.0, -1.0, 0.0, 0.3, 1.0])
    y = X[:, 0] / X[:, 0].std() - X[:, -1] / X[:, -1].std() + rng.standard_normal(n)
    return Problem(X, y)


def choose(setting: str, n: int, p: int) -> dict:
    """Keyword arguments of `ridge` and of its textbook twin."""
    weight = np.random.default_rng(99).uniform(0.2, 3.0, n)
    weight[[1, 4]] = 0.0
    factor = np.resize([2.0, 0.5, 0.0, np.inf, 1.5], p)
    return {
        "plain": {},
        "no intercept": {"fit_intercept": False},
        "weighted": {"sample_weight": weight},
        "factors": {"penalty_factor": factor},
        "everything": {"fit_intercept": False, "sample_weight": weight, "penalty_factor": factor},
    }[setting]


def rational(array):
    """The same array with Fractions for its doubles."""
    return np.vectorize(Fraction, otypes=[object])(np.asarray(array, dtype=np.float64))


@cache
def _exact(X, shape, y, alpha, options):
    return textbook.exact(np.array(X).reshape(shape), np.array(y), alpha, **dict(options))


def exact(X, y, alpha, **options):
    frozen = tuple((k, tuple(v) if isinstance(v, np.ndarray) else v) for k, v in options.items())
    return _exact(tuple(np.asarray(X, float).ravel()), np.shape(X), tuple(y), alpha, frozen)


class System(NamedTuple):
    """What the given doubles determine, and how sharply."""

    w: np.ndarray
    b: float
    norm: np.ndarray  # of the columns of [Z; (lambda v)^1/2], zero for excluded features
    condition: float  # of that matrix with its columns scaled to norm one
    sharpness: float  # relative error that one rounding of the data may cause, in units of `norm`
    leverage: float  # condition of ZZ' + lambda, which the dual form meets

    def error(self, coef) -> float:
        """Largest error, in units of its effect on the fitted values, relative to the largest effect."""
        effect = np.abs(self.w * self.norm).max()
        return float(np.abs((coef - self.w) * self.norm).max() / (effect if effect > 0 else 1.0))


def solve(X, y, alpha, **options) -> System:
    w, b = exact(X, y, alpha, **options)
    w = np.array([float(c) for c in w])
    s = options.get("sample_weight", np.ones(len(X)))
    v = options.get("penalty_factor", np.ones(X.shape[1]))
    kept, lam = np.isfinite(v), alpha * s.sum()
    far = X[0] if options.get("fit_intercept", True) else 0.0  # exact, unlike the mean of large numbers
    Z, z, _, _ = textbook._centred(X - far, y, s, options.get("fit_intercept", True))
    A = np.vstack([Z[:, kept], np.diag(np.sqrt(lam * v[kept]))])
    norm = np.zeros(len(v))
    norm[kept] = np.linalg.norm(A, axis=0)
    sigma = np.linalg.svd(A / np.where(norm > 0, norm, 1.0)[kept], compute_uv=False)
    sigma = sigma[sigma > 1e-13 * sigma[0]]
    condition = sigma[0] / sigma[-1]
    left = np.linalg.norm(np.concatenate([z[:, 0], np.zeros(kept.sum())]) - A @ w[kept])
    size = np.linalg.norm(norm * w)
    sharpness = EPS * (condition + condition**2 * (left / size if size > 0 else 0.0))
    penalized = kept & (v > 0)
    top = np.linalg.norm(Z[:, penalized] / np.sqrt(v[penalized]), 2) ** 2
    return System(w, float(b), norm, condition, sharpness, (top + lam) / lam if lam else np.inf)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def problem(kind):
    return build(kind)


@pytest.fixture(params=SETTINGS)
def setting(request):
    return request.param


@pytest.fixture
def options(setting, problem):
    return choose(setting, *problem.X.shape)


@pytest.fixture(scope="session")
def truth():
    """truth(X, y, alpha, **options) -> System."""
    return solve


@pytest.fixture(scope="session")
def exactly():
    """exactly(X, y, alpha, **options) -> (w, b) as Fractions."""
    return exact


@pytest.fixture(scope="session")
def fractions():
    return rational


@pytest.fixture(scope="session")
def make():
    """make(kind) -> Problem."""
    return build


@pytest.fixture(scope="session")
def settings():
    """settings(name, n, p) -> keyword arguments."""
    return choose


@pytest.fixture
def unconverged():
    """A block in which a solver may say that it did not converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
