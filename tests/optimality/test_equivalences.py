"""Two ways of saying the same thing give the same fit."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage import conventions, ridge, ridge_cv, ridge_path
from shrinkage.reference import ridge as textbook

SOLVERS = ("auto", "cholesky", "dual", "svd", "cg")


def close(a, b, rtol):
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max(initial=1e-300))


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((30, 6)) * [1.0, 3.0, 0.1, 10.0, 1.0, 0.5] + [0.0, 1.0, 5.0, -3.0, 0.2, 0.0]
    return X, X @ [1.0, -0.3, 2.0, 0.1, 0.0, 0.7] + rng.standard_normal(30) + 4.0


# ------------------------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_weights_are_repeated_rows(data, solver, fit_intercept):
    X, y = data
    counts = np.random.default_rng(1).integers(0, 4, len(y))
    options = {"fit_intercept": fit_intercept, "solver": solver, "tol": 0.0}
    weighted = ridge(X, y, 0.1, sample_weight=counts, **options)
    repeated = ridge(np.repeat(X, counts, axis=0), np.repeat(y, counts), 0.1, **options)
    close(weighted.coef, repeated.coef, 1e-10)
    assert weighted.intercept == pytest.approx(repeated.intercept, abs=1e-10)
    assert weighted.certificate.objective == pytest.approx(repeated.certificate.objective, rel=1e-12)
    close(weighted.feature_mean, repeated.feature_mean, 1e-12)
    close(weighted.feature_scale, repeated.feature_scale, 1e-12)
    assert weighted.sum_weights == repeated.sum_weights == counts.sum()
    if solver != "cg":
        assert weighted.effective_dof == pytest.approx(repeated.effective_dof, rel=1e-10)


def test_rows_of_weight_zero_are_absent(data):
    X, y = data
    s = np.ones(30)
    s[[0, 7, 29]] = 0.0
    X[0], y[7] = 1e3, -1e5
    for solver in SOLVERS:
        found = ridge(X, y, 0.1, sample_weight=s, solver=solver, tol=0.0)
        close(found.coef, ridge(X[s > 0], y[s > 0], 0.1, tol=0.0, solver=solver).coef, 1e-10)
    chosen, without = ridge_cv(X, y, sample_weight=s), ridge_cv(X[s > 0], y[s > 0])
    np.testing.assert_allclose(chosen.alphas, without.alphas, rtol=1e-10)
    np.testing.assert_allclose(chosen.scores, without.scores, rtol=1e-8)
    np.testing.assert_allclose(chosen.standard_errors, without.standard_errors, rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_equal_weights_are_none(data, solver):
    X, y = data
    found, plain = (
        ridge(X, y, 0.2, sample_weight=np.full(30, 2.5), solver=solver),
        ridge(X, y, 0.2, solver=solver),
    )
    close(found.coef, plain.coef, 1e-11)
    close(ridge(X, y, 0.2, sample_weight=2.5, solver=solver).coef, plain.coef, 1e-11)


# --------------------------------------------------------------------------------------- scale and location


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_standardize_is_fitting_standardized_columns(data, solver, fit_intercept):
    X, y = data
    X[:, 4] = 7.0 if fit_intercept else 0.0  # cannot be standardized: left out
    s = np.random.default_rng(2).uniform(0.0, 2.0, 30)
    mean = s @ X / s.sum() if fit_intercept else np.zeros(6)
    deviation = np.sqrt(s @ (X - mean) ** 2 / s.sum())
    kept = [0, 1, 2, 3, 5]
    factor = np.array([1.0, 2.0, 0.0, 0.5, 1.0, 3.0])
    options = {"sample_weight": s, "fit_intercept": fit_intercept, "solver": solver, "tol": 0.0}
    found = ridge(X, y, 0.3, standardize=True, penalty_factor=factor, **options)
    scaled = ((X - mean) / np.where(deviation > 1e-12, deviation, 1.0))[:, kept]
    other = ridge(scaled, y, 0.3, penalty_factor=factor[kept], **options)
    close(found.coef[kept], other.coef / deviation[kept], 1e-10)
    assert found.coef[4] == 0.0
    close(found.predict(X), other.predict(scaled), 1e-11)
    np.testing.assert_allclose(found.feature_scale, deviation, rtol=1e-12, atol=1e-13)
    assert found.certificate.objective == pytest.approx(other.certificate.objective, rel=1e-12)
    path = ridge_path(X, y, [0.3], standardize=True, penalty_factor=factor, sample_weight=s,
                      fit_intercept=fit_intercept)  # fmt: skip
    close(path.coefs[0], found.coef, 1e-10)
    chosen = ridge_cv(X, y, [0.3], standardize=True, penalty_factor=factor, sample_weight=s,
                      fit_intercept=fit_intercept)  # fmt: skip
    close(chosen.fit.coef, found.coef, 1e-10)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_large_means_cost_no_more_than_three_digits(data, solver, order):
    X, y = data
    X = np.asarray(X + 1e8 * X.std(axis=0), order=order)
    near = X - X[0]  # exact: the difference of close doubles
    far = ridge(X, y, 0.1, solver=solver, tol=0.0)
    close(far.coef, ridge(near, y, 0.1, solver="auto").coef, 1e3 * np.finfo(float).eps)
    close(far.coef, textbook.ridge(near, y, 0.1)[0], 1e3 * np.finfo(float).eps)
    path, other = ridge_path(X, y, [1.0, 1e-3]), ridge_path(near, y, [1.0, 1e-3])
    close(path.coefs, other.coefs, 1e3 * np.finfo(float).eps)
    np.testing.assert_allclose(path.singular_values, other.singular_values, rtol=1e3 * np.finfo(float).eps)


# --------------------------------------------------------------------------------------------- conventions


@pytest.mark.parametrize("name", conventions.CONVENTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_convention_gives_the_same_fit(data, name, weighted):
    X, y = data
    s = np.random.default_rng(4).uniform(0.1, 3.0, 30) if weighted else None
    W = 30.0 if s is None else s.sum()
    alphas = np.array([2.0, 0.3, 1e-3])
    values = conventions.from_canonical(alphas, name, sum_weights=W)
    if name == "two_lambda":  # ridge has the second alone
        values = values[1]
    fit = ridge(X, y, float(values[1]), convention=name, sample_weight=s)
    close(fit.coef, ridge(X, y, 0.3, sample_weight=s).coef, 1e-12)
    assert fit.convention == name
    assert fit.alpha == values[1]
    Y = np.column_stack([y, y**2, np.cos(y)])
    each = ridge(X, Y, values, convention=name, sample_weight=s)
    close(each.coef, ridge(X, Y, alphas, sample_weight=s).coef, 1e-12)
    path = ridge_path(X, y, values[::-1], convention=name, sample_weight=s)
    close(path.coefs, ridge_path(X, y, alphas, sample_weight=s).coefs, 1e-12)
    np.testing.assert_array_equal(path.alphas, values)  # from the most to the least shrinkage
    chosen, canonical = (
        ridge_cv(X, y, grid, convention=c, sample_weight=s) for grid, c in ((values, name), (alphas, "canonical"))
    )
    np.testing.assert_allclose(chosen.scores, canonical.scores, rtol=1e-12)
    assert chosen.alpha == values[canonical.index]
    default = ridge_path(X, y, n_alphas=5, convention=name, sample_weight=s)
    np.testing.assert_allclose(default.coefs, ridge_path(X, y, n_alphas=5, sample_weight=s).coefs, rtol=1e-10)


# ---------------------------------------------------------------------------------------- kinds of storage


def layouts(X, folder):
    """The same numbers in every form that is read in place, and some that are not."""
    n, p = X.shape
    wide, tall = np.zeros((n, p + 3)), np.zeros((n + 5, p), order="F")
    wide[:, 2 : 2 + p], tall[4 : 4 + n] = X, X
    np.save(folder / "X.npy", X)
    frozen = X.copy()
    frozen.flags.writeable = False
    return {
        "C": np.ascontiguousarray(X),
        "F": np.asfortranarray(X),
        "columns of a wider C array": wide[:, 2 : 2 + p],
        "rows of a longer F array": tall[4 : 4 + n],
        "every second row": np.repeat(X, 2, axis=0)[::2],
        "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
        "read-only": frozen,
        "memory map": np.load(folder / "X.npy", mmap_mode="r"),
        "other byte order": X.astype(X.dtype.newbyteorder()),
        "lists": X.tolist(),
    }


@pytest.mark.parametrize("shape", [(30, 6), (9, 20)])
def test_memory_layout_does_not_matter(shape, tmp_path):
    rng = np.random.default_rng(8)
    X, y = rng.standard_normal(shape) + 0.5, rng.standard_normal(shape[0])
    s = rng.uniform(0.0, 2.0, shape[0])
    w, b = textbook.ridge(X, y, 0.1, sample_weight=s)
    errors = textbook.leave_one_out(X, y, 0.1, sample_weight=s)
    for name, same in layouts(X, tmp_path).items():
        fit = ridge(same, y, 0.1, sample_weight=s)
        np.testing.assert_allclose(fit.coef, w, rtol=1e-10, atol=1e-13, err_msg=name)
        assert fit.intercept == pytest.approx(b, abs=1e-12), name
        found = ridge_cv(same, y, [0.1], sample_weight=s, store_errors=True)
        np.testing.assert_allclose(found.errors[0], errors, rtol=1e-9, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(fit.predict(same), X @ w + b, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(4000, 300), (300, 4000), (9000, 20)])
def test_data_larger_than_a_tile(shape, order, dtype):
    rng = np.random.default_rng(9)
    X = np.asarray(rng.standard_normal(shape), dtype=dtype, order=order)
    X[:, 1] += 50.0  # centred on the way
    y = X[:, 0] - X[:, -1] + rng.standard_normal(shape[0])
    s = rng.uniform(0.0, 2.0, shape[0])
    exact = X.astype(np.float64)
    several = np.column_stack([y, y**2])
    many = np.column_stack([y, *rng.standard_normal((9, len(y)))])
    for target, weight in ((y, None), (several, s), (many, s)):
        fit = ridge(X, target, 0.1, sample_weight=weight)
        by_w, by_b = textbook.gradient(exact, target, 0.1, fit.coef, fit.intercept, sample_weight=weight)
        scale = np.abs(exact.T @ np.atleast_2d(target.T).T).max() / shape[0]
        # one correction of a Gram matrix in a lower precision is all that float32 data are worth
        limit = (1e-12 if dtype is np.float64 else 1e-10) * scale
        assert np.abs(by_w).max() < limit
        assert np.abs(by_b).max() < limit
        path = ridge_path(X, target, [0.1], sample_weight=weight)
        close(path.coefs[0], fit.coef, 1e-9 if dtype is np.float64 else 1e-7)
        # a factor of a Gram matrix in single precision is refined for the coefficients alone
        assert path.effective_dof[0] == pytest.approx(np.max(fit.effective_dof), rel=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(40, 6), (8, 15)])
def test_float32_has_the_answers_of_float64(solver, order, shape):
    rng = np.random.default_rng(11)
    X = np.asarray(rng.standard_normal(shape) + 0.3, order=order)
    y, s = rng.standard_normal(shape[0]), rng.uniform(0.2, 2.0, shape[0])
    single = np.asarray(X, dtype=np.float32, order=order)
    for weight in (None, s):
        fit = ridge(single, y, 0.05, sample_weight=weight, solver=solver, tol=0.0)
        assert fit.coef.dtype == np.float64
        close(fit.coef, ridge(X, y, 0.05, sample_weight=weight).coef, 1e-5)
        # the numbers as they are, whatever precision they are stored in
        digits = 1e-10 if solver != "cg" else 1e-5  # cg stops at what float32 entries are good for
        close(fit.coef, textbook.ridge(single, y, 0.05, sample_weight=weight)[0], digits)
        close(fit.predict(single), single.astype(float) @ fit.coef + fit.intercept, 1e-13)
    found, wide = (ridge_cv(Z, y, [0.5, 1e-3], store_errors=True) for Z in (single, X))
    close(found.errors, wide.errors, 1e-4)
    close(found.fit.coef, wide.fit.coef, 1e-4)
    integers = rng.integers(-3, 4, shape)
    close(ridge(integers, y, 0.1).coef, ridge(integers.astype(float), y, 0.1).coef, 1e-13)
    close(ridge(integers > 0, y, 0.1).coef, ridge((integers > 0).astype(float), y, 0.1).coef, 1e-13)


def forms(X):
    """Sparse forms of X, honest and less so."""
    coo = sparse.coo_array(X)
    rows, columns, values = (
        np.r_[coo.row, coo.row[:5]],
        np.r_[coo.col, coo.col[:5]],
        np.r_[coo.data, coo.data[:5]],
    )
    values[:5] -= values[-5:]  # explicit zeros, made whole again by the duplicates
    values[:5], values[-5:] = values[-5:] * 0.25, values[-5:] * 0.75
    shuffle = np.random.default_rng(0).permutation(len(values))
    repeated = sparse.coo_array((values[shuffle], (rows[shuffle], columns[shuffle])), shape=X.shape)
    zeros = sparse.csr_array(np.where(X == 0, 7.0, X))
    zeros.data[zeros.data == 7.0] = 0.0
    wide = sparse.csr_array(X)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    return {
        "csr": sparse.csr_array(X),
        "csc": sparse.csc_array(X),
        "coo": coo,
        "matrix": sparse.csr_matrix(X),
        "duplicates": repeated,
        "explicit zeros": zeros,
        "64-bit indices": wide,
        "single": sparse.csc_array(X.astype(np.float32)),
    }


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shape", [(40, 8), (10, 25)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_sparse_is_dense(solver, shape, fit_intercept):
    rng = np.random.default_rng(13)
    X = rng.standard_normal(shape) * (rng.uniform(size=shape) < 0.35)
    X[:, 2] = 0.0
    X[4] = 0.0
    X[:, 5] = 3.0 + 1e-3 * rng.standard_normal(shape[0])  # no zero, far from its mean
    X[:, 3] = rng.integers(0, 3, shape[0])  # free to move below: no sample may decide it alone
    X = X.astype(np.float32).astype(np.float64)
    Y = rng.standard_normal((shape[0], 2))
    s = rng.uniform(0.0, 2.0, shape[0])
    factor = np.resize([1.0, 0.5, 2.0, 3.0, 1.0, 1.0, np.inf], shape[1])
    factor[3] = 0.0
    for options in ({}, {"sample_weight": s}, {"sample_weight": s, "penalty_factor": factor}):
        options["fit_intercept"] = fit_intercept
        dense = ridge(X, Y, 0.05, solver=solver, tol=0.0, **options)
        for name, form in forms(X).items():
            fit = ridge(form, Y, 0.05, solver=solver, tol=0.0, **options)
            digits = 1e-5 if (name, solver) == ("single", "cg") else 1e-9
            close(fit.coef, dense.coef, digits)
            np.testing.assert_allclose(fit.intercept, dense.intercept, atol=digits, err_msg=name)
            np.testing.assert_allclose(fit.feature_mean, dense.feature_mean, atol=1e-12, err_msg=name)
            np.testing.assert_allclose(fit.feature_scale, dense.feature_scale, atol=1e-10, err_msg=name)
            close(fit.predict(form), dense.predict(X), digits)
        if solver != "auto":
            continue
        chosen = ridge_cv(X, Y, [0.3, 1e-3], store_errors=True, **options)
        for name in ("csr", "csc"):
            found = ridge_cv(forms(X)[name], Y, [0.3, 1e-3], store_errors=True, **options)
            close(found.errors, chosen.errors, 1e-9)
            close(found.fit.coef, chosen.fit.coef, 1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_sparse_without_entries(solver):
    y = np.arange(6.0)
    fit = ridge(sparse.csr_array((6, 3)), y, 0.1, solver=solver)
    assert not fit.coef.any()
    assert fit.intercept == pytest.approx(2.5)


# ------------------------------------------------------------------------------------------------- manners


@pytest.mark.parametrize("shape", [(600, 30), (30, 50)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_bits_twice_and_inputs_as_they_were(shape, dtype):
    rng = np.random.default_rng(17)
    X = np.asarray(rng.standard_normal(shape), dtype=dtype)
    Y, s, factor = (
        rng.standard_normal((shape[0], 2)),
        rng.uniform(0, 2, shape[0]),
        np.resize([0, 1.0, np.inf], shape[1]),
    )
    alphas = np.array([1e-2, 3.0, 0.1])
    for same in (X, np.asfortranarray(X), sparse.csr_array(np.where(X > 0.5, X, 0))):
        arrays = [Y, s, factor, alphas]
        arrays += [same] if isinstance(same, np.ndarray) else [same.data, same.indices, same.indptr]
        before = [a.copy() for a in arrays]
        for a in arrays:
            a.flags.writeable = False
        results = []
        for _ in range(2):
            fits = [ridge(same, Y, 0.1, sample_weight=s, penalty_factor=factor, solver=k) for k in SOLVERS]
            path = ridge_path(same, Y, alphas, sample_weight=s, penalty_factor=factor)
            chosen = ridge_cv(same, Y, alphas, sample_weight=s, penalty_factor=factor, store_errors=True)
            results.append([*(f.coef for f in fits), *(f.intercept for f in fits), path.coefs, chosen.errors])
        for first, second in zip(*results, strict=True):
            np.testing.assert_array_equal(first, second)
        for a, b in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(a, b)


def test_results_do_not_share_memory_with_the_data(data):
    X, y = data
    fit = ridge(X, y, 0.1)
    coef, predicted = fit.coef.copy(), fit.predict(X)
    old = X.copy()
    X[:], y[:] = 0.0, 0.0
    np.testing.assert_array_equal(fit.coef, coef)
    np.testing.assert_array_equal(fit.predict(old), predicted)
