"""What comes back: shapes and types, what a person reads, copies and pickles, and the same bits from many threads."""

import copy
import dataclasses
import gc
import math
import pickle
import re
import subprocess
import sys
import textwrap
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import Certificate, CrossValidation, Fit, Path, ridge, ridge_cv, ridge_path

pytestmark = pytest.mark.filterwarnings("error")

N, P = 40, 7


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).normal(size=(N, P)) * np.arange(1, P + 1) + np.arange(P)


@pytest.fixture(scope="module")
def y(X):
    return X @ [3.0, 0.0, 1.0, 0.0, 0.1, 0.0, 2.0] + np.random.default_rng(1).normal(size=N)


@pytest.fixture(scope="module")
def Y(y):
    return np.c_[y, 10 - y]


def assert_same(a, b):
    """The same types, and the same bits in every number."""
    assert type(a) is type(b)
    if dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            if not field.name.startswith("_"):
                assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, z in zip(a, b, strict=True):
            assert_same(x, z)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    else:
        assert a == b or (a != a and b != b)


# --- Fit ----------------------------------------------------------------------------------------------------


def test_types_of_a_fit(X, y):
    for fit in (ridge(X, y), ridge_path(X, y)[5], ridge_cv(X, y).fit):
        assert isinstance(fit, Fit) and isinstance(fit.certificate, Certificate)
        for name in ("coef", "feature_mean", "feature_scale"):
            assert getattr(fit, name).shape == (P,) and getattr(fit, name).dtype == np.float64
        for name in ("intercept", "alpha", "l1_ratio", "effective_dof", "sum_weights"):
            assert type(getattr(fit, name)) is float, name
        for name in ("n_samples", "n_features"):
            assert type(getattr(fit, name)) is int
        assert (fit.n_samples, fit.n_features, fit.sum_weights, fit.l1_ratio) == (N, P, N, 0.0)
        assert fit.feature_names is None and fit.target_names is None and fit.penalty_factor is None
        assert fit.fit_intercept is True and fit.convention == "canonical"
        assert fit.solver and fit.solver_reason
        np.testing.assert_allclose(fit.feature_mean, X.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(fit.feature_scale, X.std(axis=0), rtol=1e-12)


def test_types_of_a_fit_of_several_targets(X, Y):
    for fit in (ridge(X, Y), ridge_path(X, Y)[5], ridge_cv(X, Y).fit):
        assert fit.coef.shape == (2, P) and fit.intercept.shape == (2,) and fit.effective_dof.shape == (2,)
        assert fit.coef.flags.c_contiguous and type(fit.alpha) is float
    fit = ridge(X, Y, [1.0, 2.0])
    assert fit.alpha.shape == (2,) and fit.effective_dof[0] > fit.effective_dof[1]


def test_types_of_a_certificate(X, Y):
    for certificate in (ridge(X, Y).certificate, *ridge_path(X, Y).certificates, ridge_cv(X, Y).fit.certificate):
        for field in dataclasses.fields(certificate):
            kind = {"converged": bool, "n_iter": int}.get(field.name, float)
            assert type(getattr(certificate, field.name)) is kind, field.name


def test_results_cannot_be_reassigned(X, y):
    for out in (ridge(X, y), ridge_path(X, y), ridge_cv(X, y), ridge(X, y).certificate):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(out, dataclasses.fields(out)[0].name, None)


def test_comparing_results_does_not_fail(X, y):
    """Arrays cannot be compared to one bool: results are compared by identity."""
    for make in (ridge, ridge_path, ridge_cv):
        a, b = make(X, y), make(X, y)
        assert a == a and a != b and len({a, b}) == 2
    assert ridge(X, y).certificate == ridge(X, y).certificate


def test_predict(X, y, Y):
    fit, several = ridge(X, y), ridge(X, Y)
    np.testing.assert_allclose(fit.predict(X), X @ fit.coef + fit.intercept, rtol=1e-13)
    np.testing.assert_allclose(several.predict(X), X @ several.coef.T + several.intercept, rtol=1e-13)
    assert fit.predict(X[:1]).shape == (1,) and fit.predict(X[:0]).shape == (0,)
    assert several.predict(X[:1]).shape == (1, 2) and several.predict(X[:0]).shape == (0, 2)
    np.testing.assert_array_equal(fit.predict(X.tolist()), fit.predict(X))
    single = X.astype(np.float32)
    np.testing.assert_allclose(fit.predict(single), fit.predict(single.astype(float)), rtol=1e-13)
    # a row with a missing value has a missing prediction; the others keep theirs
    gap = X.copy()
    gap[3, 2] = np.nan
    assert np.isnan(fit.predict(gap)[3])
    np.testing.assert_array_equal(np.delete(fit.predict(gap), 3), np.delete(fit.predict(X), 3))


@pytest.mark.parametrize("shape", [(5, P - 1), (5, P + 1), (5, 0)])
def test_predict_with_the_wrong_number_of_features(X, y, shape):
    for model in (ridge(X, y), ridge_path(X, y), ridge_cv(X, y)):
        for bad in (np.zeros(shape), sp.csr_array(shape)):
            with pytest.raises(ValueError, match=rf"^X has {shape[1]} features?, but the model was fitted on {P}"):
                model.predict(bad)


def test_predict_one_sample_as_a_vector(X, y):
    with pytest.raises(ValueError, match=r"^X must be a 2-D array .* got 1-D"):
        ridge(X, y).predict(X[0])


def test_score(X, y, Y):
    fit, several = ridge(X, y), ridge(X, Y)
    residual = y - fit.predict(X)
    expected = 1 - residual @ residual / np.square(y - y.mean()).sum()
    assert fit.score(X, y) == pytest.approx(expected, rel=1e-12) and type(fit.score(X, y)) is float
    s = np.arange(N) % 3
    mean = np.average(y, weights=s)
    assert fit.score(X, y, s) == pytest.approx(1 - s @ residual**2 / (s @ (y - mean) ** 2), rel=1e-12)
    # the targets are reflections of each other, so each scores alike
    assert several.score(X, Y) == pytest.approx(expected, rel=1e-12)
    assert math.isnan(fit.score(X, np.ones(N))) and math.isnan(fit.score(X[:1], y[:1]))
    with pytest.raises(ValueError, match=r"^y has 1 target, but the model was fitted on 2: pass the columns"):
        several.score(X, y)
    with pytest.raises(ValueError, match=r"^X has 40 rows but y has 39"):
        fit.score(X, y[1:])
    with pytest.raises(ValueError, match=r"^X has 3 features, but the model was fitted on 7"):
        fit.score(X[:, :3], y)


# --- Path ---------------------------------------------------------------------------------------------------


def test_path_as_a_sequence(X, y):
    path = ridge_path(X, y, n_alphas=6)
    assert len(path) == 6 and bool(path) and len(list(path)) == 6
    assert [fit.alpha for fit in path] == path.alphas.tolist()
    for k, fit in enumerate(path):
        np.testing.assert_array_equal(fit.coef, path.coefs[k])
        assert fit.intercept == path.intercepts[k] and fit.effective_dof == path.effective_dof[k]
        assert fit.certificate == path.certificates[k]
        assert_same(path[k - 6], fit)
        np.testing.assert_allclose(fit.coef, ridge(X, y, fit.alpha).coef, rtol=1e-10)
    assert_same(path[np.int64(2)], path[2])


@pytest.mark.parametrize("k", [6, -7, 100])
def test_path_has_no_such_number(X, y, k):
    with pytest.raises(IndexError, match=rf"^the path has 6 alphas, there is no number {k}$"):
        ridge_path(X, y, n_alphas=6)[k]


@pytest.mark.parametrize("k", [slice(2), "a", 1.0, None, [0, 1]])
def test_path_is_indexed_by_integers(X, y, k):
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        ridge_path(X, y, n_alphas=6)[k]


def test_path_predict(X, y, Y):
    path, several = ridge_path(X, y, [4.0, 2.0, 1.0]), ridge_path(X, Y, [4.0, 2.0, 1.0])
    assert path.predict(X).shape == (3, N) and several.predict(X).shape == (3, N, 2)
    assert path.predict(X[:0]).shape == (3, 0) and several.predict(X[:1]).shape == (3, 1, 2)
    for k, alpha in enumerate([4.0, 2.0, 1.0]):
        np.testing.assert_allclose(path.predict(X)[k], path[k].predict(X), rtol=1e-12)
        np.testing.assert_allclose(several.predict(X)[k], several[k].predict(X), rtol=1e-12)
        np.testing.assert_array_equal(path.predict(X, alpha), path[k].predict(X))
        np.testing.assert_array_equal(several.predict(X, alpha=np.array([alpha])), several[k].predict(X))
    # as it was printed is near enough
    np.testing.assert_array_equal(path.predict(X, 4.0 * (1 + 1e-12)), path[0].predict(X))


@pytest.mark.parametrize(
    ("alpha", "error", "words"),
    [
        (3.1, ValueError, r"alpha = 3.1 is not on the path, the nearest is 4: pass one of .alphas, or fit there"),
        (0.0, ValueError, r"alpha = 0 is not on the path, the nearest is 1"),
        (np.nan, ValueError, r"alpha must be finite"),
        (-1.0, ValueError, r"alpha must be finite and zero or more, got -1"),
        ("4", TypeError, r"alpha must be a number"),
        (True, TypeError, r"alpha must be a number"),
    ],
)
def test_path_predict_off_the_path(X, y, alpha, error, words):
    with pytest.raises(error, match=f"^{words}"):
        ridge_path(X, y, [4.0, 2.0, 1.0]).predict(X, alpha)


def test_parts_of_a_path_agree(X, y, Y):
    for target in (y, Y):
        path = ridge_path(X, target, n_alphas=9)
        assert isinstance(path, Path)
        assert path.coefs.shape == (9, *target.shape[1:], P) and path.intercepts.shape == (9, *target.shape[1:])
        assert path.shrinkage_factors.shape == (9, P) and path.singular_values.shape == (P,)
        assert (np.diff(path.singular_values) <= 0).all() and (np.diff(path.alphas) < 0).all()
        lam = path.alphas[:, None] * N
        np.testing.assert_allclose(
            path.shrinkage_factors, path.singular_values**2 / (path.singular_values**2 + lam), rtol=1e-12
        )
        np.testing.assert_allclose(path.effective_dof, path.shrinkage_factors.sum(axis=1), rtol=1e-12)
        assert len(path.certificates) == 9 and all(c.converged for c in path.certificates)


@pytest.mark.parametrize("function", [ridge, ridge_path, ridge_cv])
def test_results_do_not_keep_the_data_alive(y, function):
    X = np.random.default_rng(0).normal(size=(N, P))
    watch = weakref.ref(X)
    out = function(X, y)
    del X
    gc.collect()
    assert watch() is None
    assert out is not None


# --- CrossValidation ----------------------------------------------------------------------------------------


def test_cross_validation_and_its_fit_agree(X, y, Y):
    for method in ("loo", "gcv"):
        cv = ridge_cv(X, y, method=method)
        assert isinstance(cv, CrossValidation) and cv.method == method
        assert type(cv.index) is int and type(cv.alpha) is float and type(cv.score) is float
        assert cv.index == cv.scores.argmin() and cv.alpha == cv.alphas[cv.index] == cv.fit.alpha
        assert cv.score == cv.scores[cv.index]
        assert cv.errors is None
        np.testing.assert_array_equal(cv.predict(X), cv.fit.predict(X))
        np.testing.assert_allclose(cv.fit.coef, ridge(X, y, cv.alpha).coef, rtol=1e-10)
        assert np.isnan(cv.standard_errors).all() == (method == "gcv") == math.isnan(cv.standard_error)
    shared, own = ridge_cv(X, Y), ridge_cv(X, Y, alpha_per_target=True)
    assert shared.scores.shape == own.scores.shape == (100, 2)
    assert type(shared.index) is int and type(shared.score) is float
    assert own.index.shape == own.alpha.shape == own.score.shape == own.standard_error.shape == (2,)
    np.testing.assert_array_equal(own.fit.alpha, own.alphas[own.index])


def test_stored_errors(X, y, Y):
    cv = ridge_cv(X, y, n_alphas=4, store_errors=True)
    assert cv.errors.shape == (4, N)
    np.testing.assert_allclose(np.square(cv.errors).mean(axis=1), cv.scores, rtol=1e-12)
    several = ridge_cv(X, Y, n_alphas=4, store_errors=True)
    assert several.errors.shape == (4, N, 2)
    np.testing.assert_allclose(np.square(several.errors).mean(axis=1), several.scores, rtol=1e-12)


def test_at_edge(X, y):
    inside = ridge_cv(X, y)
    assert not inside.at_edge and 0 < inside.index < 99 and "end of the grid" not in repr(inside)
    low, high = inside.alphas[inside.index] / 10, inside.alphas[inside.index] * 10
    for alphas, index in (([high * 10, high], 1), ([low, low / 10], 0)):
        cv = ridge_cv(X, y, alphas)
        assert cv.at_edge and cv.index == index
        assert "an end of the grid was chosen: a wider grid may do better" in repr(cv)
    # one alpha is no choice
    assert not ridge_cv(X, y, [high]).at_edge
    noise = np.random.default_rng(2).normal(size=N)
    cv = ridge_cv(X, np.c_[y, noise], alpha_per_target=True)
    assert cv.at_edge == bool(np.isin(cv.index, (0, 99)).any())


# --- what a person reads --------------------------------------------------------------------------------------


def test_repr_of_a_fit(X, y):
    text = repr(ridge(X, y, 0.5))
    lines = text.splitlines()
    assert lines[0] == "Fit: 40 samples, 7 features"
    fit = ridge(X, y, 0.5)
    for words in (
        r"  alpha +0\.5 \(canonical convention\)",
        rf"  dof +{fit.effective_dof:.6g}",
        rf"  intercept +{fit.intercept:.6g}",
        rf"  x6 +{fit.coef[6]:.6g}",
        r"  \.\.\. +2 smaller coefficients",
        r"  certificate +converged: relative gap \d\.\de-\d\d, residual ratio \S+, rcond \S+, \d steps?",
        r"  solver +cholesky: 40 samples, 7 features: normal equations over features",
    ):
        assert any(re.fullmatch(words, line) for line in lines), (words, text)
    # the largest standardized coefficient comes first, whatever the units
    assert text.index("x6") < text.index("x0 ") and str(ridge(X, y, 0.5)) == text
    assert max(map(len, lines)) < 120


def test_repr_of_small_and_large_fits(X, y):
    one = repr(ridge(X[:, :1], y))
    assert one.startswith("Fit: 40 samples, 1 feature\n") and "smaller" not in one
    assert "1 smaller coefficient\n" in repr(ridge(X[:, :6], y))
    assert "Fit: 1 sample, 7 features" in repr(ridge(X[:1], y[:1]))
    long = np.random.default_rng(0).normal(size=(3, 12_345))
    assert "12,345 features" in repr(ridge(long, [1.0, 2.0, 3.0])) and len(repr(ridge(long, [1.0, 2.0, 3.0]))) < 1000


def test_repr_of_several_targets(X, Y):
    text = repr(ridge(X, Y, [1.0, 2.0]))
    assert text.startswith("Fit: 40 samples, 7 features, 2 targets\n")
    assert re.search(r"alpha +1 to 2 \(canonical", text) and re.search(r"x6 +-\S+ to \S+", text)
    # equal values are one number
    assert re.search(r"dof +\S+$", repr(ridge(X, Y)), re.MULTILINE)
    assert repr(ridge_path(X, Y)).startswith("Path: 100 alphas, 7 features, 2 targets\n")


def test_repr_of_a_path(X, y):
    path = ridge_path(X, y, [4.0, 2.0, 0.5])
    lines = repr(path).splitlines()
    assert lines[0] == "Path: 3 alphas, 7 features"
    assert re.fullmatch(r"  alpha +4 to 0\.5 \(canonical convention\)", lines[1])
    assert re.fullmatch(rf"  dof +{path.effective_dof[0]:.4g} to {path.effective_dof[-1]:.4g}", lines[2])
    assert lines[3].split() == ["worst", *str(max(path.certificates, key=lambda c: c.residual_ratio)).split()]
    assert re.fullmatch(r"  solver +eigen: one eigendecomposition over features", lines[4])
    assert repr(ridge_path(X, y, [1.0])).startswith("Path: 1 alpha, ")


def test_repr_of_a_cross_validation(X, y):
    cv = ridge_cv(X, y)
    text = repr(cv)
    assert text.startswith("CrossValidation over 100 alphas, ")
    assert re.search(rf"^  chosen +{re.escape(f'{cv.alpha:.6g}')}$", text, re.MULTILINE)
    score = re.escape(f"{cv.score:.6g} +- {cv.standard_error:.6g}")
    assert re.search(rf"^  score +{score} \(leave-one-out mean squared error\)$", text, re.MULTILINE)
    # the fit is shown within
    for line in repr(cv.fit).splitlines():
        assert f"\n  {line}" in text
    gcv = repr(ridge_cv(X, y, method="gcv"))
    assert "(generalized cross-validation score)" in gcv and "+-" not in gcv and "nan" not in gcv


def test_repr_names_features_and_convention(X, y):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("narwhals")
    frame = pd.DataFrame(X, columns=["a_rather_long_column_name", *"bcdefg"])
    text = repr(ridge(frame, y, 3.0, convention="sum"))
    assert "  a_rather_long_ " in text and "(sum convention)" in text and "  g " in text
    assert "(sum convention)" in repr(ridge_path(frame, y, [3.0], convention="sum"))
    assert "(sum convention)" in repr(ridge_cv(frame, y, [3.0], convention="sum"))


def test_repr_of_certificates(X, y):
    good = ridge(X, y).certificate
    assert str(good).startswith("converged: relative gap ")
    for field in dataclasses.fields(Certificate):
        assert f"{field.name}=" in repr(good)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bad = ridge(X, y, 1e-9, solver="cg", max_iter=1).certificate
    assert str(bad).startswith("NOT converged: relative gap ") and str(bad).endswith(", 1 step")
    assert "rcond" not in str(bad)  # nothing was factored


# --- copies ---------------------------------------------------------------------------------------------------


def results(X, y, Y):
    yield "fit", ridge(X, y, penalty_factor=np.arange(P))
    yield "fit of targets", ridge(X, Y, [1.0, 2.0])
    yield "cross-validation", ridge_cv(X, Y, alpha_per_target=True, store_errors=True, n_alphas=5)
    yield "certificate", ridge(X, y).certificate
    yield "path", ridge_path(X, Y, n_alphas=5)


KINDS = ["fit", "fit of targets", "cross-validation", "certificate", "path"]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", KINDS)
def test_pickle(X, y, Y, name, protocol):
    out = dict(results(X, y, Y))[name]
    back = pickle.loads(pickle.dumps(out, protocol))
    assert_same(back, out)
    assert repr(back) == repr(out)
    if name != "certificate":
        np.testing.assert_array_equal(back.predict(X), out.predict(X))
    if name == "path":
        for k in range(5):
            assert_same(back[k], out[k])


@pytest.mark.parametrize("name", KINDS)
def test_pickle_is_small_and_read_elsewhere(y, Y, name):
    """It holds the result, not the data."""
    wide = np.random.default_rng(0).normal(size=(N, 3000))
    out = dict(results(np.ascontiguousarray(wide[:, :P]), y, Y))[name]
    data = pickle.dumps(out)
    assert len(data) < 10_000
    code = "import pickle, sys; print(repr(pickle.load(sys.stdin.buffer)))"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert done.stdout.decode().replace("\r\n", "\n").rstrip("\n") == repr(out)
    if name == "path":
        assert len(pickle.dumps(ridge_path(wide, y, [1.0]))) < 3000 * 8 * 6 < wide.nbytes


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copy(X, y, Y, name, duplicate):
    out = dict(results(X, y, Y))[name]
    assert_same(duplicate(out), out)


def test_replace(X, y):
    """Fields can be exchanged, as persistence does."""
    fit = dataclasses.replace(ridge(X, y), feature_names=tuple("abcdefg"))
    assert "  g " in repr(fit)
    with pytest.raises(ValueError, match=r"^X has 2 features"):
        fit.predict(X[:, :2])


# --- threads --------------------------------------------------------------------------------------------------


def jobs():
    """Every kind of fit, small, middling, and large enough for threads of its own."""
    rng = np.random.default_rng(3)
    for n, p in ((30, 5), (300, 40), (20, 200), (60_000, 20)):
        X, y = rng.normal(size=(n, p)), rng.normal(size=n)
        yield lambda X=X, y=y: ridge(X, y).coef
        yield lambda X=X, y=y: ridge(np.asfortranarray(X), y, sample_weight=np.arange(1.0, len(y) + 1)).coef
        yield lambda X=X, y=y: ridge(X.astype(np.float32), y).coef
        yield lambda X=X, y=y: ridge(sp.csr_array(X * (X > 0.5)), y).coef
        yield lambda X=X, y=y: ridge(X, y, solver="cg").coef
        yield lambda X=X, y=y: ridge_path(X, y, n_alphas=5).coefs
        yield lambda X=X, y=y: ridge_cv(X, y, n_alphas=5).scores
        yield lambda X=X, y=y: ridge(X, y).predict(X)


def test_same_bits_from_eight_threads_at_once():
    tasks = list(jobs())
    expected = [task().tobytes() for task in tasks]
    # the same again, in the same thread
    assert [task().tobytes() for task in tasks] == expected
    start = threading.Barrier(8)

    def worker(shift):
        start.wait()
        order = [(k * 5 + shift) % len(tasks) for k in range(len(tasks))]
        return [(k, tasks[k]().tobytes()) for k in order]

    assert math.gcd(5, len(tasks)) == 1
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(worker, range(8)):
            for k, bits in found:
                assert bits == expected[k], k


def test_one_sparse_matrix_in_eight_threads():
    """SciPy's lazily computed flags are on the caller's object; ours may not race on them."""
    rng = np.random.default_rng(4)
    X, y = sp.coo_array(rng.normal(size=(3000, 60)) * (rng.random((3000, 60)) < 0.1)), rng.normal(size=3000)
    X = sp.csr_array((X.data, (X.row, X.col)), shape=X.shape)
    expected = ridge(X.copy(), y).coef.tobytes()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ridge(X, y).coef.tobytes(), range(32))) == {expected}


# --- imports --------------------------------------------------------------------------------------------------

EXTRAS = [
    "sklearn", "pandas", "polars", "narwhals", "pyarrow", "matplotlib", "typer", "rich", "click", "torch", "dask",
    "pyspark", "threadpoolctl", "joblib",
]  # fmt: skip


@pytest.mark.parametrize(
    "work",
    [
        "",
        "shrinkage.ridge(X, y); shrinkage.ridge_path(X, y)[0]; shrinkage.ridge_cv(X, y).predict(X)",
        "import scipy.sparse as sp; shrinkage.ridge(sp.csr_array(X), y)",
        "shrinkage.conventions.to_canonical(1.0, 'sum', sum_weights=3.0)",
        "import shrinkage.persistence, shrinkage.penalties",
    ],
)
def test_no_extra_is_imported(work):
    code = textwrap.dedent(
        """
        import sys
        import shrinkage, numpy as np
        X = np.random.default_rng(0).normal(size=(30, 3)); y = X[:, 0]
        {work}
        print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
        """
    ).format(work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "shrinkage" in loaded and "scipy" in loaded
    assert not set(EXTRAS) & set(loaded)
