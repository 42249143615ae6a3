"""Every elastic net is optimal: its gap and its gradient, taken again from the data by the textbook, say so."""

import csv
import itertools
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import ConvergenceWarning, alpha_max, elastic_net, elastic_net_path, lasso_constrained
from shrinkage._working_set import ColumnSet
from shrinkage.reference import elastic_net as textbook

RATIOS = (0.0, 1e-3, 0.5, 1.0)
KINDS = ("random", "collinear", "duplicated", "near", "constant", "zero", "scaled", "far", "wide", "square")
SETTINGS = (
    "plain", "no intercept", "weighted", "factors", "positive", "box", "offset", "standardize",
    "standardize no intercept", "everything", "free and bounded",
)  # fmt: skip
#: Without an intercept nothing removes the condition number of 1e6 of columns far from zero.
WELL_POSED = [
    case for case in itertools.product(KINDS, SETTINGS) if not (case[0] == "far" and "no intercept" in case[1])
]


def build(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    n, p = {"wide": (12, 30), "square": (10, 10)}.get(kind, (30, 10))
    X = rng.standard_normal((n, p)) + 0.5
    if kind == "collinear":
        X[:, 4] = X[:, 0] + X[:, 1]
        X[:, 5] = X[:, 2] - X[:, 3] + 1e-4 * rng.standard_normal(n)
    elif kind == "duplicated":
        X[:, 4], X[:, 7] = X[:, 0], -X[:, 0]
    elif kind == "near":  # correlations of 1 - 1e-12
        X[:, 4], X[:, 5] = X[:, :2].T + 1.4e-6 * rng.standard_normal((2, n))
    elif kind == "constant":
        X[:, 1] = 3.7
    elif kind == "zero":
        X[:, 1] = 0.0
    elif kind == "scaled":
        X *= np.resize([1.0, 1e8, 1e-8, 1e4, 1e-4], p)
    elif kind == "far":
        X += 1e6 * np.resize([1.0, -1.0, 0.0, 0.3], p)
    standard = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    return X, standard[:, [0, 2, 5, -1]] @ [2.0, -1.0, 1.5, 1.0] + rng.standard_normal(n)


def choose(setting, n, p):
    rng = np.random.default_rng(99)
    weight = rng.uniform(0.2, 3.0, n)
    weight[[1, 4]] = 0.0
    factor = np.resize([2.0, 0.5, 0.0, np.inf, 1.5, 1.0, 1.0, 0.7], p)
    low, high = np.resize([-0.1, -np.inf, 0.0, -0.5], p), np.resize([np.inf, 0.2, 0.3], p)
    return {
        "plain": {},
        "no intercept": {"fit_intercept": False},
        "weighted": {"sample_weight": weight},
        "factors": {"penalty_factor": factor},
        "positive": {"lower": 0.0},
        "box": {"lower": low, "upper": high},
        "offset": {"offset": rng.standard_normal(n) + 3.0},
        "standardize": {"standardize": True, "sample_weight": weight},
        "standardize no intercept": {"standardize": True, "fit_intercept": False, "penalty_factor": factor},
        "everything": {
            "fit_intercept": False, "sample_weight": weight, "penalty_factor": factor, "lower": low, "upper": high,
            "offset": rng.standard_normal(n),
        },
        "free and bounded": {"penalty_factor": np.resize([0.0, 1.0, 1.0], p), "lower": low, "upper": high},
    }[setting]  # fmt: skip


def prove(fit, X, y, tol=1e-8, alpha=None, **options):
    """Hold a fit of one target to the data; `alpha` where the fit's own is in another convention.

    A fit's own gap may be larger than the textbook's, whose dual point is the best along the residual, but not smaller.
    """
    X = np.asarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
    P = textbook.problem(X, y, fit.alpha if alpha is None else alpha, l1_ratio=fit.l1_ratio, **options)
    w, found = fit.coef, fit.certificate
    assert w.shape == (X.shape[1],) and np.isfinite(w).all() and np.isfinite(fit.intercept)
    assert not w[np.isinf(P.l1)].any()
    assert (P.lower <= w).all() and (w <= P.upper).all()
    start, least = textbook.objective(P, np.zeros(len(w))), 1e-14 * textbook.objective(P, np.zeros(len(w)))
    gap = textbook.duality_gap(P, w)
    assert gap <= tol * start + least, (gap / start, found)
    # the gradient of the gap's own sphere: how far |Z_j'r| can be from where it should be
    size = np.sqrt((P.Z * P.Z).sum(axis=0) + P.l2)
    violation = textbook.kkt_violation(P, w)
    rest = w == 0
    reach = np.sqrt(2 * (tol * start + least) * P.total_weight) * (1 + 1e-6) + np.sqrt(P.z @ P.z) * 1e-12
    assert (violation * P.total_weight <= reach * size)[rest].all()
    # and what the fit says of itself
    assert found.converged and found.n_iter >= 0
    assert -least <= found.duality_gap <= tol * start + least
    assert found.relative_gap == pytest.approx(found.duality_gap / start if start else 0.0, rel=1e-6, abs=1e-15)
    # rounding of Z'r scales the dual point by its share of the smallest l1, and moves each product with w or a bound
    noise, l1 = 1e-15 * np.abs(P.Z).T @ np.abs(P.z), np.where(np.isfinite(P.l1), P.l1, 0.0)
    share = (noise / np.where(l1 > 0, l1, np.inf)).max(initial=0.0)
    width = np.where(np.isfinite(P.upper), P.upper, 0.0) - np.where(np.isfinite(P.lower), P.lower, 0.0)
    slack = share**2 * start + ((share * l1 + noise) @ np.abs(w) + noise @ width) / P.total_weight
    assert found.duality_gap >= 0.9 * gap - slack - 1e-13 * start
    s = options.get("sample_weight", np.ones(len(y)))
    r = np.asarray(y, float) - options.get("offset", 0.0) - fit.intercept - X @ w
    inside = np.where(w == 0, 0.0, P.l1) @ np.abs(w) + P.l2 @ w**2 / 2
    # X w and b cancel where X is far from zero
    lost = 1e-15 * (np.abs(X) @ np.abs(w) + np.abs(fit.intercept)).max() * np.sqrt(2 * start)
    objective = (s @ r**2 / 2 + inside) / P.total_weight
    assert found.objective == pytest.approx(objective, rel=1e-12, abs=20 * lost + 1e-14 * start)
    assert objective <= start * (1 + 1e-12) + lost
    scale = (np.abs(P.Z).T @ np.abs(P.z)).max(initial=0.0) / P.total_weight
    assert found.kkt_violation == pytest.approx(violation.max(initial=0.0), rel=1e-3, abs=1e-11 * scale)
    if options.get("fit_intercept", True):
        assert s @ r / P.total_weight == pytest.approx(0.0, abs=1e-13 * np.abs(y).max() + 10 * lost)
    else:
        assert fit.intercept == 0.0
    return P


# ------------------------------------------------------------------------------------------------ kinds of data


@pytest.mark.parametrize(("kind", "setting"), WELL_POSED)
def test_every_fit_is_optimal(kind, setting):
    X, y = build(kind)
    options = choose(setting, *X.shape)
    for l1_ratio in RATIOS:
        # ridge has no largest alpha: the one of a hundredth of an L1 part will do
        top = alpha_max(X, y, l1_ratio=max(l1_ratio, 0.01), **options)
        for share in (0.5, 1e-3):
            fit = elastic_net(X, y, share * top, l1_ratio=l1_ratio, **options)
            prove(fit, X, y, **options)


@pytest.mark.parametrize("setting", ["no intercept", "standardize no intercept"])
def test_columns_far_from_zero_without_an_intercept_are_solved_or_reported(setting):
    """Their Gram matrix has no digits left for what tells them apart."""
    X, y = build("far")
    options = choose(setting, *X.shape)
    top = alpha_max(X, y, **options)
    for share in (0.9, 0.5, 0.1, 1e-3):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            fit = elastic_net(X, y, share * top, **options)
        P = textbook.problem(X, y, share * top, **options)
        gap, start = textbook.duality_gap(P, fit.coef), textbook.objective(P, np.zeros(10))
        assert fit.certificate.duality_gap >= 0.9 * gap - 1e-10 * start
        assert fit.certificate.converged == (len(caught) == 0) == (fit.certificate.relative_gap <= 1e-8)


@pytest.mark.parametrize("kind", ["random", "duplicated", "near", "scaled", "wide"])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_tiny_penalties(kind, l1_ratio):
    X, y = build(kind)
    top = alpha_max(X, y, l1_ratio=l1_ratio)
    # one unit in the last place of the coefficients of nearly equal columns is more than a smaller penalty
    for share in (1e-5,) if kind == "near" else (1e-5, 1e-8, 1e-10):
        prove(elastic_net(X, y, share * top, l1_ratio=l1_ratio), X, y)


@pytest.mark.parametrize("kind", ["random", "wide"])
@pytest.mark.parametrize("tol", [1e-4, 1e-6, 1e-10, 1e-13])
def test_the_tolerance_is_kept(kind, tol):
    X, y = build(kind)
    for l1_ratio in (0.5, 1.0):
        alpha = 0.02 * alpha_max(X, y, l1_ratio=l1_ratio)
        prove(elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=tol), X, y, tol=tol)


@pytest.mark.parametrize("setting", ["plain", "no intercept", "weighted", "factors", "box"])
def test_no_penalty_is_least_squares(setting):
    X, y = build("random")
    options = choose(setting, *X.shape)
    for l1_ratio in (0.3, 1.0):
        fit = elastic_net(X, y, 0.0, l1_ratio=l1_ratio, tol=1e-13, **options)
        prove(fit, X, y, tol=1e-13, **options)
    if setting == "plain":
        best = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
        np.testing.assert_allclose(fit.coef, best, rtol=0, atol=1e-6)


SMALL = {
    "plain": {},
    "weights": {"sample_weight": np.array([0.0, 1.0, 2.5, 0.25, 0.0, 1.0, 1.0, 3.0, 0.75]), "fit_intercept": False},
    "factors": {"penalty_factor": [2.0, 0.0, 0.5]},
    "left out": {"penalty_factor": [1.0, np.inf, 0.0]},
    "positive": {"lower": 0.0},
    "box": {"lower": [-0.125, -0.25, -np.inf], "upper": [0.25, np.inf, 0.0]},
    "positive free": {"lower": 0.0, "penalty_factor": [0.0, 0.0, 1.0]},
    "offset": {"offset": np.linspace(-1.0, 2.0, 9), "upper": 0.5},
}


@pytest.mark.parametrize("setting", SMALL)
@pytest.mark.parametrize("l1_ratio", RATIOS)
def test_coefficients_of_rational_arithmetic(setting, l1_ratio):
    rng = np.random.default_rng(1)
    X = np.round(64 * (rng.standard_normal((9, 3)) + 0.5)) / 64  # short fractions
    y = np.round(64 * (X @ [1.0, -0.7, 0.2] + 0.5 * rng.standard_normal(9))) / 64
    options = SMALL[setting] | {"l1_ratio": l1_ratio}
    for alpha in (0.5, 2.0**-6):
        w, b = textbook.exact(X, y, alpha, **options)
        w = np.array([float(value) for value in w])
        fit = elastic_net(X, y, alpha, tol=1e-14, **options)
        np.testing.assert_allclose(fit.coef, w, rtol=0, atol=1e-7)
        assert fit.intercept == pytest.approx(float(b), abs=1e-7)
        P = textbook.problem(X, y, alpha, **options)
        best = textbook.objective(P, w)
        assert fit.certificate.objective == pytest.approx(best, rel=1e-13)
        assert fit.certificate.objective - best <= fit.certificate.duality_gap + 1e-15 * best


@pytest.mark.parametrize("n, p", [(1, 1), (1, 4), (4, 1), (2, 2), (2, 1)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_very_small_data(n, p, fit_intercept):
    rng = np.random.default_rng(n + 10 * p)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    for l1_ratio, alpha in itertools.product(RATIOS, (2.0, 0.05, 1e-6)):
        fit = elastic_net(X, y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
        P = textbook.problem(X, y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
        if n == 1 and fit_intercept:
            assert not fit.coef.any() and fit.intercept == y[0]
            assert fit.certificate.converged and fit.certificate.objective == fit.certificate.duality_gap == 0
        else:
            prove(fit, X, y, fit_intercept=fit_intercept)
        if p == 1 and P.Z.any():
            exact = textbook.prox(P.Z[:, 0] @ P.z, P.Z[:, 0] @ P.Z[:, 0], P.l1[0], P.l2[0], -np.inf, np.inf)
            np.testing.assert_allclose(fit.coef[0], exact, rtol=1e-3, atol=1e-3)


def test_nothing_to_fit():
    X, y = build("random")
    for columns, factor in ((0, None), (10, np.full(10, np.inf))):
        for l1_ratio in (0.0, 0.5, 1.0):
            fit = elastic_net(X[:, :columns], y, 0.1, l1_ratio=l1_ratio, penalty_factor=factor)
            assert fit.intercept == pytest.approx(y.mean()) and not fit.coef.any() and len(fit.coef) == columns
            assert fit.certificate.converged and fit.certificate.objective == pytest.approx(y.var() / 2)
            assert fit.effective_dof == 0
    constant = elastic_net(X, np.full(30, 2.5), 0.1)
    assert constant.intercept == 2.5 and not constant.coef.any() and constant.certificate.converged


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_saturated(l1_ratio):
    """Many more features than samples, and a penalty at which the residual is nearly gone."""
    rng = np.random.default_rng(11)
    X = rng.standard_normal((20, 400))
    y = X[:, :3] @ [1.0, -2.0, 3.0] + rng.standard_normal(20)
    top = alpha_max(X, y, l1_ratio=l1_ratio)
    for share in (0.1, 1e-3, 1e-6):
        fit = elastic_net(X, y, share * top, l1_ratio=l1_ratio, tol=1e-10)
        P = prove(fit, X, y, tol=1e-10)
        if l1_ratio == 1:
            assert np.count_nonzero(fit.coef) <= 19  # the rank of the centred data
    assert np.linalg.norm(P.z - P.Z @ fit.coef) < 1e-3 * np.linalg.norm(P.z)


@pytest.mark.parametrize("n, p", [(300, 20), (60, 500)])
def test_larger_data(n, p):
    """Where the working set has to grow."""
    rng = np.random.default_rng(12)
    X = 0.6 * rng.standard_normal((n, 1)) + rng.standard_normal((n, p))
    y = X[:, ::7][:, :12] @ rng.standard_normal(min(12, len(range(0, p, 7)))) + rng.standard_normal(n)
    for setting in ("plain", "weighted", "box", "factors"):
        options = choose(setting, n, p)
        for l1_ratio in (0.2, 1.0):
            top = alpha_max(X, y, l1_ratio=l1_ratio, **options)
            for share in (0.3, 0.01):
                fit = elastic_net(X, y, share * top, l1_ratio=l1_ratio, **options)
                prove(fit, X, y, **options)


# ------------------------------------------------------------------------------------------------------ storage


def mapped(A, tmp_path, name):
    np.save(tmp_path / name, A)
    return np.load(tmp_path / name, mmap_mode="r")


def messy(X, dtype):
    """CSC with every entry stored as two halves, out of order."""
    X = sp.csc_array(X.astype(dtype))
    data, indices, indptr = [], [], [0]
    for j in range(X.shape[1]):
        part = slice(X.indptr[j], X.indptr[j + 1])
        indices += [*X.indices[part][::-1], *X.indices[part]]
        data += [*X.data[part][::-1] / 2, *X.data[part] / 2]
        indptr.append(len(data))
    out = sp.csc_array((np.array(data, dtype), np.array(indices), np.array(indptr)), shape=X.shape)
    assert not out.has_canonical_format
    return out


def wide_indices(X):
    X = sp.csc_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def locked(X):
    for part in (X.data, X.indices, X.indptr) if sp.issparse(X) else (X,):
        part.flags.writeable = False
    return X


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "every second": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "backwards": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "read-only": lambda X: locked(np.array(X)),
    "csc": sp.csc_array,
    "csr": sp.csr_array,
    "csc_matrix": sp.csc_matrix,
    "coo": sp.coo_array,
    "csc, int64": wide_indices,
    "csc, read-only": lambda X: locked(sp.csc_array(X)),
}


@pytest.fixture(scope="module")
def holed():
    """Half zeros, some rows and one column without any nonzero."""
    rng = np.random.default_rng(13)
    X = np.round(rng.standard_normal((40, 15)) * (rng.random((40, 15)) < 0.5), 2)
    X[:, 3] = X[5] = 0.0
    return X, X[:, :3] @ [1.0, -1.0, 2.0] + rng.standard_normal(40)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", [*LAYOUTS, "memory map", "duplicates out of order"])
def test_every_storage(holed, layout, dtype, tmp_path):
    X, y = holed[0].astype(dtype), holed[1]
    if layout == "memory map":
        given = mapped(X, tmp_path, "X.npy")
    elif layout == "duplicates out of order":
        given = messy(X, dtype)
    else:
        given = LAYOUTS[layout](X)
    before = given.toarray() if sp.issparse(given) else np.array(given)
    for setting in ("everything", "standardize"):
        options = choose(setting, *X.shape)
        for l1_ratio in (0.0, 0.4, 1.0):
            fit = elastic_net(given, y, 0.05, l1_ratio=l1_ratio, **options)
            prove(fit, X, y, **options)
        path = elastic_net_path(given, y, 4, **options)
        for k in range(1, 4):
            prove(path[k], X, y, **options)
    after = given.toarray() if sp.issparse(given) else np.array(given)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("order", ["C", "F"])
def test_data_of_whole_numbers_and_lists(holed, order):
    X, y = np.asarray((10 * holed[0]).round(), order=order), holed[1]
    fit = elastic_net(X, y, 0.1)
    for given in (X.astype(int), X.astype(np.int8), X.tolist()):
        np.testing.assert_allclose(elastic_net(given, y, 0.1).coef, fit.coef, rtol=0, atol=1e-4)
        prove(elastic_net(given, y, 0.1), X, y)


@pytest.mark.parametrize("make", [np.asarray, sp.csc_array, sp.csr_array])
@pytest.mark.parametrize("filled", [1.0, 0.3])
@pytest.mark.parametrize("setting", ["plain", "weighted", "standardize", "box", "factors"])
def test_sparse_data_with_means_of_a_million(make, filled, setting):
    """With all entries stored, beside columns that are mostly zero."""
    rng = np.random.default_rng(14)
    X = (rng.standard_normal((50, 8)) + 1e6) * (rng.random((50, 8)) < filled)
    X[:, 5:] = rng.standard_normal((50, 3)) * (rng.random((50, 3)) < 0.2)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    y = Z[:, [0, 3, 6]] @ [1.0, -2.0, 1.5] + rng.standard_normal(50) + 7.0
    options = choose(setting, 50, 8)
    for l1_ratio in (0.5, 1.0):
        top = alpha_max(make(X), y, l1_ratio=l1_ratio, **options)
        assert top == pytest.approx(textbook.alpha_max(X, y, l1_ratio=l1_ratio, **options), rel=1e-9)
        for share in (0.3, 1e-3):
            prove(elastic_net(make(X), y, share * top, l1_ratio=l1_ratio, **options), X, y, **options)


# -------------------------------------------------------------------------------- weights, factors, other forms


@pytest.mark.parametrize("l1_ratio", RATIOS)
def test_weights_are_repeated_rows(l1_ratio):
    X, y = build("random")
    times = np.resize([0, 1, 3, 1, 2], len(y))
    one = elastic_net(X, y, 0.1, l1_ratio=l1_ratio, sample_weight=times, tol=1e-13)
    many = elastic_net(np.repeat(X, times, axis=0), np.repeat(y, times), 0.1, l1_ratio=l1_ratio, tol=1e-13)
    np.testing.assert_allclose(one.coef, many.coef, rtol=0, atol=1e-6)
    assert one.intercept == pytest.approx(many.intercept, abs=1e-6)
    assert one.certificate.objective == pytest.approx(many.certificate.objective, rel=1e-12)
    assert alpha_max(X, y, sample_weight=times) == pytest.approx(
        alpha_max(np.repeat(X, times, axis=0), np.repeat(y, times)), rel=1e-12
    )


def test_rows_without_weight_may_hold_anything():
    X, y = build("random")
    s = np.ones(30)
    s[[0, 7]] = 0.0
    kept = s > 0
    expected = elastic_net(X[kept], y[kept], 0.1, tol=1e-13)
    X, y = X.copy(), y.copy()
    X[[0, 7]], y[[0, 7]] = 1e6, -1e6
    for make in (np.ascontiguousarray, np.asfortranarray, sp.csc_array):
        found = elastic_net(make(X), y, 0.1, sample_weight=s, tol=1e-13)
        np.testing.assert_allclose(found.coef, expected.coef, rtol=0, atol=1e-6)


def test_a_factor_of_infinity_is_a_column_left_out():
    X, y = build("wide")
    factor = np.resize([1.0, np.inf, 2.0], X.shape[1])
    kept = np.isfinite(factor)
    for l1_ratio in RATIOS:
        fit = elastic_net(X, y, 0.1, l1_ratio=l1_ratio, penalty_factor=factor, tol=1e-13)
        left = elastic_net(X[:, kept], y, 0.1, l1_ratio=l1_ratio, penalty_factor=factor[kept], tol=1e-13)
        assert not fit.coef[~kept].any() and not np.signbit(fit.coef[~kept]).any()
        np.testing.assert_allclose(fit.coef[kept], left.coef, rtol=0, atol=1e-5)
        assert fit.effective_dof == pytest.approx(left.effective_dof, abs=1e-4)


def test_bounds_are_kept_exactly():
    X, y = build("random")
    low, high = np.full(10, -0.3), np.full(10, 0.1)
    fit = elastic_net(X, y, 1e-4, lower=low, upper=high)
    assert (fit.coef >= low).all() and (fit.coef <= high).all()
    assert (fit.coef == high).any() and (fit.coef == low).any()
    held = elastic_net(X, y, 1e-4, lower=np.r_[0.0, low[1:]], upper=np.r_[0.0, high[1:]])
    assert held.coef[0] == 0.0
    prove(held, X, y, lower=np.r_[0.0, low[1:]], upper=np.r_[0.0, high[1:]])
    # bounds that nothing reaches change nothing
    plain = elastic_net(X, y, 0.05)
    for far in (10.0, 1e6, 1e12):
        fit = elastic_net(X, y, 0.05, lower=-far, upper=far)
        np.testing.assert_allclose(fit.coef, plain.coef, rtol=0, atol=1e-6)


def test_several_targets_are_the_targets_one_by_one():
    X, y = build("wide")
    Y = np.column_stack([y, -3.0 * y + 1.0, np.cos(5.0 * y), np.zeros(len(y))])
    fit = elastic_net(X, Y, [0.1, 0.2, 1e-3, 0.1], l1_ratio=0.7, tol=1e-12)
    assert fit.coef.shape == (4, X.shape[1]) and fit.intercept.shape == fit.effective_dof.shape == (4,)
    total = 0.0
    for c, alpha in enumerate([0.1, 0.2, 1e-3, 0.1]):
        one = elastic_net(X, Y[:, c], alpha, l1_ratio=0.7, tol=1e-12)
        np.testing.assert_allclose(fit.coef[c], one.coef, rtol=0, atol=1e-5)
        assert fit.intercept[c] == pytest.approx(one.intercept, abs=1e-5)
        total += one.certificate.objective
    assert fit.certificate.objective == pytest.approx(total, rel=1e-10)
    np.testing.assert_allclose(fit.predict(X), X @ fit.coef.T + fit.intercept, rtol=1e-12)
    column = elastic_net(X, Y[:, :1], 0.1)
    assert column.coef.shape == (1, X.shape[1])
    same = elastic_net(X, Y, 0.1)
    np.testing.assert_allclose(same.coef[0], column.coef[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("kind", ["random", "wide", "constant"])
def test_standardizing_is_dividing_by_the_spread(kind):
    X, y = build(kind)
    s = choose("weighted", *X.shape)["sample_weight"]
    scale = np.sqrt(np.average((X - np.average(X, axis=0, weights=s)) ** 2, axis=0, weights=s))
    moving = scale > 1e-10
    for l1_ratio in RATIOS:
        fit = elastic_net(X, y, 0.1, l1_ratio=l1_ratio, standardize=True, sample_weight=s, tol=1e-13)
        other = elastic_net(X[:, moving] / scale[moving], y, 0.1, l1_ratio=l1_ratio, sample_weight=s, tol=1e-13)
        assert not fit.coef[~moving].any()
        np.testing.assert_allclose(fit.coef[moving], other.coef / scale[moving], rtol=0, atol=1e-5)
        assert fit.intercept == pytest.approx(other.intercept, abs=1e-5)


def test_an_offset_is_taken_from_the_target():
    X, y = build("random")
    o = np.linspace(-3.0, 5.0, 30)
    found, expected = elastic_net(X, y + o, 0.1, offset=o, tol=1e-13), elastic_net(X, y, 0.1, tol=1e-13)
    np.testing.assert_allclose(found.coef, expected.coef, rtol=0, atol=1e-6)
    assert found.intercept == pytest.approx(expected.intercept, abs=1e-6)


def test_conventions():
    X, y = build("random")
    s = choose("weighted", *X.shape)["sample_weight"]
    expected = elastic_net(X, y, 0.2, l1_ratio=0.25, sample_weight=s, tol=1e-13)
    inverse = elastic_net(X, y, 1 / (0.2 * s.sum()), l1_ratio=0.25, sample_weight=s, convention="inverse", tol=1e-13)
    pair = elastic_net(X, y, (0.05, 0.075), sample_weight=s, convention="two_lambda", tol=1e-13)
    total = elastic_net(X, y, 0.2 * s.sum(), l1_ratio=0.0, sample_weight=s, convention="sum", tol=1e-13)
    for fit in (inverse, pair):
        np.testing.assert_allclose(fit.coef, expected.coef, rtol=0, atol=1e-6)
        assert fit.certificate.objective == pytest.approx(expected.certificate.objective, rel=1e-12)
    assert inverse.convention == "inverse" and inverse.alpha == pytest.approx(1 / (0.2 * s.sum()))
    ridge = elastic_net(X, y, 0.2, l1_ratio=0.0, sample_weight=s, tol=1e-13)
    np.testing.assert_allclose(total.coef, ridge.coef, rtol=0, atol=1e-6)
    top = alpha_max(X, y, l1_ratio=0.25, sample_weight=s)
    name = alpha_max(X, y, l1_ratio=0.25, sample_weight=s, convention="inverse")
    assert name == pytest.approx(1 / (top * s.sum()), rel=1e-12)


@pytest.mark.parametrize("setting", ["plain", "weighted", "factors", "standardize"])
def test_degrees_of_freedom(setting):
    X, y = build("random")
    options = choose(setting, *X.shape)
    for l1_ratio in RATIOS:
        fit = elastic_net(X, y, 0.1, l1_ratio=l1_ratio, tol=1e-12, **options)
        P = textbook.problem(X, y, 0.1, l1_ratio=l1_ratio, **options)
        assert fit.effective_dof == pytest.approx(textbook.effective_dof(P, fit.coef), rel=1e-9)


# ----------------------------------------------------------------------------------------------------- alpha_max


@pytest.mark.parametrize(
    ("kind", "setting"), [case for case in WELL_POSED if case[0] in ("random", "wide", "far", "scaled", "constant")]
)
def test_largest_alpha(kind, setting):
    X, y = build(kind)
    options = choose(setting, *X.shape)
    for l1_ratio, make in ((1e-3, sp.csc_array), (0.5, np.asarray), (1.0, sp.csc_array)):
        given = make(X)
        top = alpha_max(given, y, l1_ratio=l1_ratio, **options)
        assert type(top) is float
        # the largest of means of 1e6 is known to what rounding leaves of it
        assert top == pytest.approx(textbook.alpha_max(X, y, l1_ratio=l1_ratio, **options), rel=1e-7)
        P = textbook.problem(X, y, top, l1_ratio=l1_ratio, **options)
        penalized = P.l1 > 0
        for factor in (1.0, 1.001, 50.0):
            fit = elastic_net(given, y, factor * top, l1_ratio=l1_ratio, **options)
            assert not fit.coef[penalized].any() and not np.signbit(fit.coef[penalized]).any()
            assert fit.certificate.converged
        for less, tol in ((1e-3, 1e-8), (1e-5, 1e-12)):
            fit = elastic_net(given, y, (1 - less) * top, l1_ratio=l1_ratio, tol=tol, **options)
            P = textbook.problem(X, y, (1 - less) * top, l1_ratio=l1_ratio, **options)
            # zero is good enough where the ridge part leaves little to gain; never for the lasso
            enough = textbook.duality_gap(P, np.where(penalized, 0.0, fit.coef)) <= tol * P.z @ P.z / 2 / P.total_weight
            assert fit.coef[penalized].any() or (enough and l1_ratio < 1)


def test_largest_alpha_where_nothing_is_penalized_or_explains():
    X, y = build("random")
    assert alpha_max(X, y, penalty_factor=np.zeros(10)) == 0.0
    assert alpha_max(X, np.full(30, 3.0)) == 0.0
    assert alpha_max(X, y, lower=0.0, upper=0.0) == 0.0
    assert alpha_max(X[:, :0], y) == 0.0


# --------------------------------------------------------------------------------------------------------- path


@pytest.mark.parametrize("kind", ["random", "duplicated", "near", "scaled", "far", "wide"])
@pytest.mark.parametrize("setting", ["plain", "weighted", "factors", "box", "standardize", "offset"])
def test_every_fit_of_a_path_is_optimal(kind, setting):
    X, y = build(kind)
    options = choose(setting, *X.shape)
    for l1_ratio in (0.3, 1.0):
        path = elastic_net_path(X, y, 9, l1_ratio=l1_ratio, **options)
        assert len(path) == 9
        for k in range(2, 9, 2):
            prove(path[k], X, y, **options)


@pytest.mark.parametrize("n, p", [(60, 12), (25, 80)])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_a_path_is_its_single_fits(n, p, l1_ratio):
    rng = np.random.default_rng(15)
    X = rng.standard_normal((n, p))
    y = X[:, :4] @ [1.0, -2.0, 0.5, 1.0] + rng.standard_normal(n) + 3.0
    s = rng.uniform(0.5, 2.0, n)
    top = alpha_max(X, y, l1_ratio=l1_ratio, sample_weight=s)
    alphas = np.array([0.02, 1.5, 0.5, 0.1]) * top
    path = elastic_net_path(X, y, alphas, l1_ratio=l1_ratio, sample_weight=s, tol=1e-13)
    np.testing.assert_array_equal(path.alphas, np.sort(alphas)[::-1])
    assert path.coefs.shape == (p, 4) and sp.issparse(path.coefs) and path.coefs.format == "csc"
    assert path.intercepts.shape == path.effective_dof.shape == path.deviance_explained.shape == (4,)
    assert len(path.certificates) == len(path.n_active) == 4 and path.l1_ratio == l1_ratio
    coefs = path.coefs.toarray()
    null = np.average((y - np.average(y, weights=s)) ** 2, weights=s)
    for k, alpha in enumerate(path.alphas):
        one = elastic_net(X, y, alpha, l1_ratio=l1_ratio, sample_weight=s, tol=1e-13)
        np.testing.assert_allclose(coefs[:, k], one.coef, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(path[k].coef, coefs[:, k])
        assert path.intercepts[k] == path[k].intercept == pytest.approx(one.intercept, abs=1e-5)
        assert path[k].alpha == alpha and path[k].certificate == path.certificates[k]
        assert path.certificates[k].objective == pytest.approx(one.certificate.objective, rel=1e-12)
        assert path.effective_dof[k] == path[k].effective_dof == pytest.approx(one.effective_dof, abs=1e-4)
        np.testing.assert_array_equal(path.active(k), np.flatnonzero(coefs[:, k]))
        assert path.n_active[k] == np.count_nonzero(coefs[:, k])
        loss = np.average((y - one.predict(X)) ** 2, weights=s)
        assert path.deviance_explained[k] == pytest.approx(1 - loss / null, abs=1e-8)
    assert path.n_active[0] == 0 and path.deviance_explained[0] == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_array_equal(path[-1].coef, coefs[:, 3])
    for wrong in (4, -5):
        with pytest.raises(IndexError):
            path[wrong]
    assert path.n_passes >= 0


@pytest.mark.parametrize("n, p, ratio", [(60, 12, 1e-3), (25, 80, 1e-2), (20, 20, 1e-2)])
def test_the_default_grid(n, p, ratio):
    rng = np.random.default_rng(16)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    path = elastic_net_path(X, y)
    assert len(path) == 100
    top = alpha_max(X, y)
    np.testing.assert_allclose(path.alphas, np.geomspace(top, ratio * top, 100), rtol=1e-12)
    assert path.n_active[0] == 0 and path.n_active[1] >= 1
    for k in range(0, 100, 11):
        prove(path[k], X, y)
    own = elastic_net_path(X, y, 7, alpha_min_ratio=0.2, l1_ratio=0.5, fit_intercept=False)
    np.testing.assert_allclose(
        own.alphas, np.geomspace(1.0, 0.2, 7) * alpha_max(X, y, l1_ratio=0.5, fit_intercept=False), rtol=1e-12
    )
    one = elastic_net_path(X, y, 1)
    np.testing.assert_allclose(one.alphas, [top], rtol=1e-12)


def test_a_path_does_not_stop_before_it_is_asked_to():
    """The deviance is explained long before the end."""
    rng = np.random.default_rng(17)
    X = rng.standard_normal((40, 10))
    y = X[:, 0].copy()
    path = elastic_net_path(X, y, 50, alpha_min_ratio=1e-6)
    assert len(path) == 50 and path.deviance_explained[-1] > 1 - 1e-7
    early = elastic_net_path(X, y, 50, alpha_min_ratio=1e-6, stop_early=True)
    assert 2 <= len(early) < 50
    np.testing.assert_array_equal(early.alphas, path.alphas[: len(early)])
    np.testing.assert_allclose(early.coefs.toarray(), path.coefs.toarray()[:, : len(early)], rtol=0, atol=1e-4)


def test_a_limit_to_the_active_features():
    rng = np.random.default_rng(18)
    X, y = rng.standard_normal((40, 60)), rng.standard_normal(40)
    whole = elastic_net_path(X, y, 40)
    path = elastic_net_path(X, y, 40, max_active=7)
    assert 1 <= len(path) < 40 and path.n_active.max() <= 7
    assert whole.n_active[len(path)] > 7  # it goes on as long as it may
    np.testing.assert_array_equal(path.alphas, whole.alphas[: len(path)])
    for k in range(len(path)):
        prove(path[k], X, y)


@pytest.mark.parametrize("n, p", [(40, 10), (20, 60)])
def test_warm_starts_change_the_way_and_not_the_end(n, p):
    rng = np.random.default_rng(19)
    X = rng.standard_normal((n, p))
    y = X[:, :3] @ [1.0, 2.0, -1.0] + rng.standard_normal(n)
    factor = np.r_[np.inf, 0.0, np.ones(p - 2)]
    for l1_ratio in (0.5, 1.0):
        options = {"l1_ratio": l1_ratio, "penalty_factor": factor, "lower": -0.5, "tol": 1e-12}
        cold = elastic_net(X, y, 0.1, **options)
        for start in (cold, cold.coef, rng.standard_normal(p), np.full(p, 10.0), np.zeros(p), (-cold.coef).tolist()):
            warm = elastic_net(X, y, 0.1, start=start, **options)
            prove(warm, X, y, tol=1e-12, penalty_factor=factor, lower=-0.5)
            np.testing.assert_allclose(warm.coef, cold.coef, rtol=0, atol=1e-5)
        # far away, digits are lost on the way back
        far = elastic_net(X, y, 0.1, start=np.full(p, 1e6), **options | {"tol": 1e-8})
        best = cold.certificate.objective
        assert far.certificate.converged and far.certificate.objective == pytest.approx(best, rel=1e-7)
    Y = np.column_stack([y, -y])
    both = elastic_net(X, Y, 0.1)
    again = elastic_net(X, Y, 0.1, start=both.coef)
    np.testing.assert_allclose(again.coef, both.coef, rtol=0, atol=1e-3)


def test_predictions_between_the_alphas_of_a_path():
    X, y = build("random")
    path = elastic_net_path(X, y, 6, tol=1e-12)
    new = X[:7] + 0.25
    coefs = path.coefs.toarray()
    whole = path.predict(new)
    assert whole.shape == (7, 6)
    whole = whole.T
    for k in range(6):
        np.testing.assert_allclose(whole[k], new @ coefs[:, k] + path.intercepts[k], rtol=0, atol=1e-12)
        np.testing.assert_allclose(path.predict(new, alpha=path.alphas[k]), whole[k], rtol=0, atol=1e-12)
    for k in range(5):
        for share in (0.5, 0.1):
            alpha = share * path.alphas[k] + (1 - share) * path.alphas[k + 1]
            between = share * whole[k] + (1 - share) * whole[k + 1]
            np.testing.assert_allclose(path.predict(new, alpha=alpha), between, rtol=0, atol=1e-11)
    # between two knots of the lasso, the path is linear: its interpolation is the fit
    middle = (path.alphas[0] + path.alphas[1]) / 2
    few = elastic_net_path(X, y, np.array([1.0, 0.999]) * path.alphas[0], tol=1e-14)
    exact = elastic_net(X, y, 0.9995 * path.alphas[0], tol=1e-14)
    np.testing.assert_allclose(few.predict(new, alpha=0.9995 * path.alphas[0]), exact.predict(new), rtol=0, atol=1e-7)
    assert middle < path.alphas[0]


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic"])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("dropped", [0, 2])
def test_information_criteria(criterion, l1_ratio, dropped):
    rng = np.random.default_rng(20)
    X = rng.standard_normal((50, 20))
    y = X[:, :3] @ [1.0, -1.0, 2.0] + rng.standard_normal(50)
    s = np.r_[np.zeros(dropped), rng.uniform(0.5, 2.0, 50 - dropped)]
    path = elastic_net_path(X, y, 30, l1_ratio=l1_ratio, sample_weight=s, tol=1e-12)
    n = 50 - dropped  # samples that count
    scores = []
    for k in range(30):
        fit = path[k]
        loss = np.average((y - fit.predict(X)) ** 2, weights=s)
        dof = fit.effective_dof + 1
        each = 2.0 if criterion == "aic" else np.log(n)
        scores.append(n * np.log(loss) + each * dof)
        if criterion == "ebic":  # Chen and Chen (2008), gamma = 1
            active = np.count_nonzero(fit.coef)
            scores[-1] += 2 * sum(np.log((20 - i) / (i + 1)) for i in range(active))
    if dropped == 0:
        np.testing.assert_allclose(path.criterion(criterion), scores, rtol=0, atol=1e-7)
    best = int(np.argmin(scores))
    chosen = path.select(criterion)
    assert chosen.alpha == path.alphas[best]
    np.testing.assert_array_equal(chosen.coef, path[best].coef)
    assert 0 < best < 29


def test_the_default_criterion_is_one_of_them():
    X, y = build("random")
    path = elastic_net_path(X, y, 20)
    assert path.select().alpha in [path.select(name).alpha for name in ("aic", "bic", "ebic")]


def test_callback_sees_every_alpha():
    X, y = build("wide")
    seen = []
    path = elastic_net_path(X, y, 15, callback=lambda *arguments: seen.append(arguments))
    assert [k for k, *_ in seen] == list(range(15))
    np.testing.assert_allclose([alpha for _, alpha, _, _ in seen], path.alphas, rtol=1e-14)
    assert [active for _, _, active, _ in seen] == list(path.n_active)
    assert [gap for *_, gap in seen] == [found.relative_gap for found in path.certificates]


@pytest.mark.parametrize("stop", [0, 3, 9])
def test_an_interrupted_path_keeps_what_it_has(stop):
    X, y = build("wide")

    def interrupt(k, *_):
        if k == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        elastic_net_path(X, y, 15, callback=interrupt)
    path = elastic_net_path(X, y, 15, callback=interrupt, on_interrupt="return")
    assert len(path) == stop + 1
    for k in range(len(path)):
        prove(path[k], X, y)


def test_verbose_writes(capsys):
    X, y = build("wide")
    elastic_net_path(X, y, 15)
    assert capsys.readouterr() == ("", "")
    elastic_net_path(X, y, 15, verbose=True)
    assert "15" in "".join(capsys.readouterr())


# --------------------------------------------------------------------------------------------------- the budget


@pytest.mark.parametrize("kind", ["random", "wide", "duplicated"])
@pytest.mark.parametrize("setting", ["plain", "weighted", "factors", "positive", "standardize"])
def test_a_budget_is_an_alpha(kind, setting):
    X, y = build(kind)
    options = choose(setting, *X.shape)
    P = textbook.problem(X, y, 1.0, **options)
    price = np.where(np.isfinite(P.l1), P.l1, 0.0) / P.total_weight
    for share in (0.3, 0.01):
        free = elastic_net(X, y, share * alpha_max(X, y, **options), tol=1e-12, **options)
        radius = float(price @ np.abs(free.coef))
        fit = lasso_constrained(X, y, radius, **options)
        assert price @ np.abs(fit.coef) <= radius * (1 + 1e-7)
        assert fit.alpha == pytest.approx(free.alpha, rel=1e-3)
        prove(fit, X, y, tol=1e-6, **options)
        np.testing.assert_allclose(fit.predict(X), free.predict(X), rtol=0, atol=1e-2)


def test_budgets_of_nothing_and_of_more_than_is_needed():
    X, y = build("random")
    fit = lasso_constrained(X, y, 1e-6)
    assert 0.999e-6 <= np.abs(fit.coef).sum() <= 1e-6 * (1 + 1e-7) and fit.intercept == pytest.approx(
        y.mean(), abs=1e-5
    )
    best = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    plenty = lasso_constrained(X, y, 2 * np.abs(best).sum())
    np.testing.assert_allclose(plenty.predict(X), (X - X.mean(axis=0)) @ best + y.mean(), rtol=0, atol=1e-3)


@pytest.mark.filterwarnings("error")
def test_budgets_that_an_alpha_on_the_way_meets_but_for_rounding():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((30, 5))
        y = X @ [2.0, 1.0, 0.0, -1.0, 0.5] + rng.standard_normal(30)
        top = alpha_max(X, y)
        for k in (1, 4, 7):
            norm = np.abs(elastic_net(X, y, 0.7**k * top, tol=1e-15).coef).sum()
            for radius in (np.nextafter(norm, 0.0), norm, np.nextafter(norm, np.inf), norm * (1 + 1e-15)):
                fit = lasso_constrained(X, y, radius)
                assert np.abs(fit.coef).sum() == pytest.approx(radius, rel=2e-14, abs=0)
                assert fit.alpha == pytest.approx(0.7**k * top, rel=1e-12)
        for radius in (6e-301, 5e-324):
            fit = lasso_constrained(X, y, radius)
            assert np.abs(fit.coef).sum() <= radius
            assert fit.alpha == pytest.approx(top, rel=1e-13)


# ----------------------------------------------------------------------------------------------------- warnings


def test_a_gap_that_was_not_reached_is_reported():
    X, y = build("random")
    words = r"duality gap of [0-9.e-]+ \(asked: 1\.0e-30\), [0-9.e-]+ in units of the objective: .*alpha"
    with pytest.warns(ConvergenceWarning, match=f"^elastic_net stopped at a relative {words}") as caught:
        fit = elastic_net(X, y, 0.01, tol=1e-30)
    assert len(caught) == 1 and caught[0].filename == __file__
    found = fit.certificate
    assert not found.converged and found.relative_gap > 1e-30 and np.isfinite(fit.coef).all()
    P = textbook.problem(X, y, 0.01)
    assert textbook.duality_gap(P, fit.coef) <= 1e-14 * textbook.objective(P, np.zeros(10))
    with pytest.warns(
        ConvergenceWarning, match=f"^elastic_net_path at alpha = [0-9.]+ stopped at a .*{words}"
    ) as caught:
        path = elastic_net_path(X, y, 5, tol=1e-30)
    assert len(caught) == 1 and len(path) == 5 and not all(one.converged for one in path.certificates)


# ------------------------------------------------------------------------------------------------- known answers

#: Efron, Hastie, Johnstone and Tibshirani (2004), Annals of Statistics 32(2), figure 1 and section 3.1: the order
#: in which the variables of the diabetes data enter the lasso; s3 leaves once and returns.
ORDER = ["bmi", "s5", "bp", "s3", "sex", "s6", "s1", "s4", "s2", "age"]


@pytest.fixture(scope="module")
def diabetes():
    folder = Path(__file__).resolve().parents[2] / "examples"
    with open(folder / "diabetes.csv", encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    values = np.array(rows, dtype=float)
    return names[:-1], values[:, :-1], values[:, -1]


def test_order_of_entry_on_the_diabetes_data(diabetes):
    names, X, y = diabetes
    assert X.shape == (442, 10)
    path = elastic_net_path(X, y, 400, alpha_min_ratio=1e-4, standardize=True)
    coefs = path.coefs.toarray()
    entry = (coefs != 0).argmax(axis=1)
    assert [names[j] for j in np.argsort(entry, kind="stable")] == ORDER
    assert len(set(entry)) == 10  # no two at the same alpha, which would leave their order open
    s3 = coefs[names.index("s3")] != 0
    assert np.abs(np.diff(s3.astype(int))).sum() == 3  # in, out, and in again
    best = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    np.testing.assert_allclose(elastic_net(X, y, 0.0, tol=1e-14).coef, best, rtol=1e-5)


def test_a_small_penalty_met_from_zero():
    """Nearly all coefficients move at once."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 100))
    y = X[:, :10] @ rng.normal(size=10) + 0.1 * rng.normal(size=300)
    fit = elastic_net(X, y, 1e-6)
    prove(fit, X, y)
    assert np.count_nonzero(fit.coef) == 100


@pytest.mark.parametrize("n, p", [(30, 20), (20, 60)])
def test_degrees_of_freedom_of_many_active_columns(n, p):
    """The trace of the ridge regression on the active columns, fewer than samples or more."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    fit = elastic_net(X, y, 0.05, l1_ratio=0.1)
    Z = (X - X.mean(axis=0))[:, fit.coef != 0]
    assert (Z.shape[1] > n) == (p > n)
    hat = Z @ np.linalg.solve(Z.T @ Z + n * 0.05 * 0.9 * np.eye(Z.shape[1]), Z.T)
    assert fit.effective_dof == pytest.approx(np.trace(hat), rel=1e-9)


def test_units_of_the_columns_do_not_matter_where_a_working_set_is_used():
    """Wide, standardized: columns 1e-8 and 1e8 times as large join the working set like others."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((60, 500))
    y = X[:, :5].sum(axis=1) + rng.standard_normal(60)
    scale = 10.0 ** rng.uniform(-8, 8, 500)
    plain = elastic_net_path(X, y, 20, standardize=True)
    scaled = elastic_net_path(X * scale, y, 20, standardize=True)
    assert all(one.converged for one in scaled.certificates)
    np.testing.assert_allclose(scaled.alphas, plain.alphas, rtol=1e-9)
    np.testing.assert_allclose(scaled.coefs.toarray() * scale[:, None], plain.coefs.toarray(), atol=1e-6)


@pytest.mark.parametrize("form", ["F", "C", "float32", "sparse"])
@pytest.mark.parametrize("setting", ["plain", "weighted", "elastic net", "positive", "no intercept"])
def test_descent_goes_on_to_the_end_where_many_columns_move(form, setting):
    rng = np.random.default_rng(5)
    n, p = 700, 900
    X = rng.standard_normal((n, p)) * (rng.uniform(size=(n, p)) < (0.08 if form == "sparse" else 1.0)) + 0.0
    if form != "sparse":
        X += 0.5
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)
    options = {
        "plain": {},
        "weighted": {"sample_weight": np.resize([0.0, 1.0, 2.5], n)},
        "elastic net": {"l1_ratio": 0.7},
        "positive": {"lower": 0.0},
        "no intercept": {"fit_intercept": False},
    }[setting]
    if form == "float32":
        X = X.astype(np.float32).astype(np.float64)
    other = {
        "F": np.asfortranarray, "C": np.ascontiguousarray, "sparse": sp.csc_array,
        "float32": lambda A: np.asfortranarray(A, dtype=np.float32),
    }[form](X)  # fmt: skip
    fit = elastic_net(other, y, 0.05 * alpha_max(X, y, **options), tol=1e-7, **options)
    P = textbook.problem(X, y, fit.alpha, **options)
    assert fit.certificate.converged and fit.certificate.relative_gap <= 1e-7
    assert textbook.objective(P, fit.coef) - textbook.objective(P, 0 * fit.coef) < 0
    gap = textbook.duality_gap(P, fit.coef) / textbook.objective(P, np.zeros(p))
    assert gap <= 2e-7
    if setting == "plain":
        assert fit.solver == "coordinate_descent"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_columns_stay_sparse_in_the_working_set(weighted, intercept, dtype):
    rng = np.random.default_rng(6)
    n, p = 80, 300
    X = sp.random_array((n, p), density=0.06, rng=rng, format="csc", dtype=np.float64).astype(dtype)
    y = X[:, :9] @ np.ones(9) + 0.1 * rng.standard_normal(n)
    options = {"fit_intercept": intercept, "sample_weight": np.resize([0.0, 1.0, 2.5], n) if weighted else None}
    sparse_path = elastic_net_path(X, y, 30, tol=1e-13, **options)
    dense_path = elastic_net_path(X.toarray().astype(np.float64), y, 30, tol=1e-13, **options)
    assert sparse_path.solver == "active_set" and "working set" in sparse_path.solver_reason
    np.testing.assert_allclose(sparse_path.coefs.toarray(), dense_path.coefs.toarray(), atol=1e-6)
    assert all(one.converged for one in sparse_path.certificates)


@pytest.mark.parametrize("form", [sp.csc_array, sp.csr_array])
@pytest.mark.parametrize("setting", ["plain", "weighted", "box", "factors", "no intercept", "offset", "standardize"])
def test_paths_of_sparse_columns(setting, form):
    """Columns descend where they lie, and what is proved of them is so."""
    rng = np.random.default_rng(8)
    n, p = 90, 400
    X = sp.random_array((n, p), density=0.05, rng=rng, format="lil")
    X[:, 3] = 0.2  # a column without zeros, that does not vary
    X = X.tocsc()
    y = X[:, 10:19] @ np.ones(9) + 0.1 * rng.standard_normal(n)
    options = {
        "plain": {},
        "weighted": {"sample_weight": np.resize([0.0, 1.0, 2.5], n)},
        "box": {"lower": -0.05, "upper": 0.4},
        "factors": {"penalty_factor": np.resize([1.0, 0.5, np.inf, 2.0], p)},
        "no intercept": {"fit_intercept": False},
        "offset": {"offset": rng.standard_normal(n)},
        "standardize": {"standardize": True},
    }[setting]
    X = form(X)
    before = X.data.copy()
    path = elastic_net_path(X, y, 20, alpha_min_ratio=0.2, tol=1e-7, **options)
    assert path.solver == "coordinate_descent"
    for k in range(20):
        P = textbook.problem(X.toarray(), y, path.alphas[k], **options)
        w = path[k].coef
        assert path.certificates[k].converged
        assert textbook.duality_gap(P, w) <= 2e-7 * textbook.objective(P, np.zeros(p))
        assert path.certificates[k].objective == pytest.approx(textbook.objective(P, w), rel=1e-9)
    assert path.n_active[-1] > 9
    np.testing.assert_array_equal(X.data, before)


@pytest.mark.parametrize("seed", range(12))
def test_at_the_largest_alpha_a_sparse_lasso_is_zero(seed):
    """The kernel would sum the same products in another order."""
    rng = np.random.default_rng(seed)
    X = sp.random_array((300, 900), density=0.03, rng=rng, format="csc")
    y = X[:, :9] @ np.ones(9) + 0.1 * rng.standard_normal(300)
    assert not elastic_net(X, y, alpha_max(X, y)).coef.any()
    path = elastic_net_path(X, y, 5)
    assert path.n_active[0] == 0 and path.effective_dof[0] == 0 and path.n_active[1] > 0


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_paths_of_every_type(index, dtype):
    rng = np.random.default_rng(5)
    X = sp.random_array((300, 900), density=0.03, rng=rng, format="csc", dtype=np.float64).astype(dtype)
    y = X[:, :9] @ np.ones(9) + 0.1 * rng.standard_normal(300)
    other = sp.csc_array((X.data, X.indices.astype(index), X.indptr.astype(index)), shape=X.shape)
    path = elastic_net_path(other, y, 10, alpha_min_ratio=0.1, tol=1e-6)
    assert path.solver == "coordinate_descent" and all(one.converged for one in path.certificates)
    exact = elastic_net_path(X.toarray().astype(np.float64), y, path.alphas, tol=1e-12)
    for ours, best in zip(path.certificates, exact.certificates, strict=True):
        assert ours.objective <= best.objective + ours.duality_gap + 1e-12


def test_sparse_columns_that_descend_slowly_get_their_gram_matrix(monkeypatch):
    taken, assembled = [], ColumnSet.assembled

    def watched(columns):
        new = assembled(columns)
        taken.append((len(columns), len(new)))
        return new

    monkeypatch.setattr(ColumnSet, "assembled", watched)
    rng = np.random.default_rng(3)
    n, p = 300, 900
    base = sp.random_array((n, 30), density=0.05, rng=rng, format="csc")
    X = sp.csc_array(base @ np.repeat(np.eye(30), 30, axis=1))
    X.data *= 1.0 + 1e-3 * rng.standard_normal(X.nnz)
    y = X @ (rng.standard_normal(p) * (rng.uniform(size=p) < 0.1)) + 0.01 * rng.standard_normal(n)
    path = elastic_net_path(X, y, 30, tol=1e-9)
    assert path.solver == "active_set" and all(one.converged for one in path.certificates)
    assert "had become slow" in path.solver_reason
    # only what moves goes along: many more columns may have been looked at
    assert len(taken) == 1 and 4 * taken[0][1] < taken[0][0]
    dense = elastic_net_path(X.toarray(), y, 30, tol=1e-9)
    np.testing.assert_allclose(path.predict(X), dense.predict(X), atol=1e-4 * np.abs(y).max())


@pytest.mark.parametrize("lower", [None, 0.0])
@pytest.mark.parametrize("alpha", [1e-8, 1e-12, 1e-14, 1e-16, 1e-300])
@pytest.mark.parametrize("weighted", [False, True])
def test_faint_penalties_are_proved(alpha, lower, weighted):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 8))
    y = X[:, 0] + rng.standard_normal(60)
    s = np.resize([1.0, 0.5, 0.0, 2.0], 60) if weighted else None
    fit = elastic_net(X, y, alpha, lower=lower, sample_weight=s)
    assert fit.certificate.converged and 0 <= fit.certificate.relative_gap <= 1e-14
    if lower is None:
        least = np.linalg.lstsq(np.sqrt(np.ones(60) if s is None else s)[:, None] * np.c_[np.ones(60), X],
                                np.sqrt(np.ones(60) if s is None else s) * y, rcond=None)[0]  # fmt: skip
        np.testing.assert_allclose(fit.coef, least[1:], rtol=1e-6, atol=10 * alpha)


def test_without_a_penalty_nothing_is_proved_that_is_not_so():
    """Of two columns 1e-8 apart coordinate descent would need the difference, which looks like rounding."""
    rng = np.random.default_rng(1)
    x, z = rng.standard_normal((2, 300))
    X, y = np.c_[x, x + 1e-8 * z], z + 0.1 * rng.standard_normal(300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = elastic_net_path(X, y, [1.0, 0.0])[1].certificate
        fit = elastic_net(X, y, 0.0)
    assert not found.converged or found.objective < 0.01
    assert fit.certificate.objective < 0.01


@pytest.mark.parametrize("many", [False, True])
def test_unpenalized_columns_that_are_copies_stay_small(many):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((39, 253))
        X[:, 1 : 120 if many else 2] = X[:, :1]
        y = X[:, :8].sum(axis=1) + rng.standard_normal(39)
        v = np.ones(253)
        v[rng.uniform(size=253) < 0.1 if many else [0, 1]] = 0.0
        fit = elastic_net(X, y, 0.2, penalty_factor=v)
        assert fit.certificate.converged and np.abs(fit.coef).max() < 100


@pytest.mark.parametrize("how", ["alpha", "factor", "standardize"])
def test_penalties_without_end_leave_nothing(how):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((30, 5))
    y = X[:, 0] + rng.standard_normal(30)
    if how == "alpha":
        fit = elastic_net(X, y, 1e308)
        assert not fit.coef.any()
    elif how == "factor":
        fit = elastic_net(X, y, 0.1, penalty_factor=[1.0, 1e308, 1.0, 1.0, 1.0])
        assert fit.coef[1] == 0 and fit.coef[0] != 0
    else:
        fit = elastic_net(X, y, 0.1, penalty_factor=[1.0, 1e308, 1.0, 1.0, 1.0], standardize=True, l1_ratio=0.5)
        assert fit.coef[1] == 0 and fit.coef[0] != 0
    assert fit.certificate.converged and np.isfinite(fit.certificate.objective)
