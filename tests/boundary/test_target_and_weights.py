"""y and sample_weight: every form NumPy has, what weights mean, and a sentence for what is refused."""

import numpy as np
import pytest
import scipy.sparse as sp

from shrinkage import ridge, ridge_cv, ridge_path
from shrinkage._design import Design

pytestmark = pytest.mark.filterwarnings("error")

N, P = 36, 4  # the shape of X


@pytest.fixture(scope="module")
def y(y):
    y = np.round(y * 4)
    y.flags.writeable = False
    return y


@pytest.fixture(scope="module")
def s():
    s = np.random.default_rng(2).integers(0, 4, size=N).astype(float)
    assert (s == 0).any() and (s == 3).any()
    s.flags.writeable = False
    return s


def filled(view, values):
    view[...] = values
    return view


def unaligned(v):
    out = filled(np.zeros(v.nbytes + 1, np.uint8)[1:].view(v.dtype), v)
    assert not out.flags.aligned
    return out


def mapped(v, tmp_path):
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
    np.save(path, v)
    return np.load(path, mmap_mode="r")


#: Vectors of small whole numbers that are the same values in another form.
FORMS = {
    "list": list,
    "tuple": tuple,
    "float32": lambda v: v.astype(np.float32),
    "other byte order": lambda v: v.astype(">f8" if np.dtype("f8").str[0] == "<" else "<f8"),
    "int": lambda v: v.astype(int),
    "int8": lambda v: v.astype(np.int8),
    "big int": lambda v: v.astype(">i4"),
    "every second": lambda v: filled(np.zeros(2 * len(v))[::2], v),
    "backwards": lambda v: filled(np.zeros(len(v))[::-1], v),
    "column of a matrix": lambda v: filled(np.zeros((len(v), 5))[:, 2], v),
    "unaligned": unaligned,
    "masked without mask": np.ma.array,
    "map": mapped,
}


@pytest.mark.parametrize("form", FORMS)
def test_same_answer_from_every_form(X, y, s, form, function, tmp_path):
    make = (lambda v: mapped(v, tmp_path)) if form == "map" else FORMS[form]
    plain = function(X, y, sample_weight=s)
    for ours in (function(X, make(y), sample_weight=s), function(X, y, sample_weight=make(s))):
        if function is ridge_cv:
            np.testing.assert_array_equal(ours.scores, plain.scores)
            ours, other = ours.fit, plain.fit
        elif function is ridge_path:
            ours, other = ours[1], plain[1]
        else:
            other = plain
        np.testing.assert_array_equal(ours.coef, other.coef)
        assert ours.intercept == other.intercept and ours.sum_weights == other.sum_weights
    assert type(ours.coef) is np.ndarray
    assert ours.score(X, make(y), make(s)) == other.score(X, y, s)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weighted", [False, True])
def test_nothing_of_the_callers_is_written_to(X, y, s, function, order, weighted):
    """Centring, weighting and refining happen elsewhere, in whatever order and dtype the data come."""
    Y = np.array(np.c_[y, -y], order=order)
    given = [np.array(X, order=order), Y, s.copy() if weighted else None, np.array([1.0, 2.0, 0.0, np.inf])]
    before = [None if a is None else a.copy() for a in given]
    for target in (Y, Y[:, 0]):
        function(given[0], target, sample_weight=given[2], penalty_factor=given[3])
        ridge(given[0], target, solver="cg", sample_weight=given[2])
        ridge(given[0], target, solver="svd", sample_weight=given[2])
        ridge(given[0], target, 0.0, solver="qr", sample_weight=given[2])
    for a, b in zip(given, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_results_do_not_alias_arguments(X, y):
    Y, alpha, factor, alphas = np.c_[y, -y], np.array([0.5, 2.0]), np.array([1.0, 2.0, 3.0, 0.5]), np.array([2.0, 1.0])
    fit = ridge(X, Y, alpha, penalty_factor=factor)
    path = ridge_path(X, Y, alphas, penalty_factor=factor)
    cv = ridge_cv(X, Y, alphas, penalty_factor=factor)
    kept = [fit.alpha, fit.penalty_factor, path.alphas, cv.alphas, cv.fit.penalty_factor]
    for mine in (alpha, factor, alphas):
        for theirs in kept:
            assert not np.shares_memory(mine, theirs)
    assert not np.shares_memory(fit.feature_mean, X) and not np.shares_memory(fit.coef, path.coefs)


# --- targets ------------------------------------------------------------------------------------------------


def test_one_target_as_vector_or_column(X, y, function):
    flat, column = function(X, y), function(X, y[:, None])
    if function is ridge:
        assert flat.coef.shape == (P,) and column.coef.shape == (1, P)
        assert isinstance(flat.intercept, float) and column.intercept.shape == (1,)
        assert isinstance(flat.effective_dof, float) and column.effective_dof.shape == (1,)
        assert flat.predict(X).shape == (N,) and column.predict(X).shape == (N, 1)
        np.testing.assert_array_equal(flat.coef, column.coef[0])
    elif function is ridge_path:
        assert flat.coefs.shape == (100, P) and column.coefs.shape == (100, 1, P)
        assert flat.intercepts.shape == (100,) and column.intercepts.shape == (100, 1)
        assert flat.predict(X).shape == (100, N) and column.predict(X).shape == (100, N, 1)
    else:
        assert flat.scores.shape == (100,) and column.scores.shape == (100, 1)
        np.testing.assert_array_equal(flat.scores, column.scores[:, 0])
        assert flat.alpha == column.alpha


@pytest.mark.parametrize("layout", ["C", "F", "steps", "backwards", "float32", "list"])
def test_several_targets_in_any_layout(X, y, layout):
    Y = np.c_[y, 2 - y, np.abs(y)]
    given = {
        "C": lambda: np.ascontiguousarray(Y),
        "F": lambda: np.asfortranarray(Y),
        "steps": lambda: filled(np.zeros((2 * N, 6))[::2, ::2], Y),
        "backwards": lambda: filled(np.zeros((N, 3))[::-1, ::-1], Y),
        "float32": lambda: Y.astype(np.float32),
        "list": lambda: Y.tolist(),
    }[layout]()
    fit = ridge(X, given)
    for k in range(3):
        np.testing.assert_allclose(fit.coef[k], ridge(X, Y[:, k]).coef, rtol=1e-11)


REFUSED_TARGETS = {
    "None": (lambda y: None, ValueError, r"^y is None: pass the target, an array of shape \(n_samples,\)"),
    "scalar": (lambda y: 1.0, ValueError, r"^y must have shape \(n_samples,\) or .*, got \(\)"),
    "cube": (lambda y: y[:, None, None], ValueError, rf"^y must have shape .*, got \({N}, 1, 1\)"),
    "no target": (lambda y: y[:, None][:, :0], ValueError, rf"^y has shape \({N}, 0\): there is no target in it"),
    "too short": (lambda y: y[:-1], ValueError, rf"^X has {N} rows but y has {N - 1}: they must describe the same"),
    "too long": (lambda y: np.r_[y, 0], ValueError, rf"^X has {N} rows but y has {N + 1}"),
    "row": (lambda y: y[None], ValueError, rf"^X has {N} rows but y has 1"),
    "ragged": (lambda y: [[1.0], [1.0, 2.0]], ValueError, r"^y is not a rectangular array of numbers"),
    "sparse": (lambda y: sp.csr_array(y[:, None]), TypeError, r"^y is sparse: pass a dense array, y.toarray\(\)"),
    "masked": (lambda y: np.ma.masked_greater(y, 0), ValueError, r"^y is a masked array with masked entries"),
    "nan": (lambda y: np.where(np.arange(N) == 5, np.nan, y), ValueError, r"^y contains nan at row 5: remove such"),
    "inf": (lambda y: np.where(np.arange(N) == 5, -np.inf, y), ValueError, r"^y contains -inf at row 5: remove"),
    "both infinities": (lambda y: np.r_[np.inf, -np.inf, y[2:]], ValueError, r"^y contains inf at row 0: remove"),
    "nan in a matrix": (
        lambda y: np.c_[y, np.where(np.arange(N) == 5, np.nan, y)],
        ValueError,
        r"^y contains nan at row 5 of target 1: remove such rows",
    ),
    "too large": (lambda y: y * 1e200, ValueError, r"^y is too large to square: rescale it"),
    "sum overflows": (lambda y: np.full(N, 1e308), ValueError, r"^y is too large to square: rescale it"),
    "float16": (lambda y: y.astype(np.float16), TypeError, r"^y has dtype float16; .*astype\(numpy.float32\)"),
    "complex": (lambda y: y + 0j, TypeError, r"^y has the complex dtype complex128; .* pass real numbers"),
    "object": (lambda y: y.astype(object), TypeError, r"^y has dtype object, .*: convert it"),
    "text": (lambda y: y.astype(str), TypeError, r"^y has dtype .U\d+, which is not numeric: encode it"),
    "date": (lambda y: y.astype("i8").astype("M8[D]"), TypeError, r"^y has dtype datetime64\[D\], which is not"),
}


@pytest.mark.parametrize("kind", REFUSED_TARGETS)
def test_refused_targets(X, y, kind, function):
    make, error, words = REFUSED_TARGETS[kind]
    with pytest.raises(error, match=words):
        function(X, make(y))


@pytest.mark.parametrize("kind", REFUSED_TARGETS)
def test_score_refuses_the_same_targets(X, y, kind):
    make, error, words = REFUSED_TARGETS[kind]
    with pytest.raises(error, match=words):
        ridge(X, y).score(X, make(y))


# --- weights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_whole_weights_repeat_rows_and_zeros_drop_them(X, y, s, function, sparse, fit_intercept):
    """The meaning of a weight, for the fit; leave-one-out leaves a repeated row out whole."""
    rows = np.repeat(np.arange(N), s.astype(int))
    given, repeated = (sp.csr_array(X), sp.csr_array(X[rows])) if sparse else (X, X[rows])
    alpha = 0.4 if function is ridge else [0.4]
    a = function(given, y, alpha, sample_weight=s, fit_intercept=fit_intercept)
    b = function(repeated, y[rows], alpha, fit_intercept=fit_intercept)
    if function is not ridge:
        a, b = (a[0], b[0]) if function is ridge_path else (a.fit, b.fit)
    np.testing.assert_allclose(a.coef, b.coef, rtol=1e-11)
    np.testing.assert_allclose(a.intercept, b.intercept, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(a.feature_mean, b.feature_mean, rtol=1e-12)
    np.testing.assert_allclose(a.feature_scale, b.feature_scale, rtol=1e-12)
    np.testing.assert_allclose(a.effective_dof, b.effective_dof, rtol=1e-11)
    assert a.sum_weights == len(rows) and a.n_samples == N
    assert a.certificate.objective == pytest.approx(b.certificate.objective, rel=1e-12)
    assert a.score(given, y, s) == pytest.approx(b.score(repeated, y[rows]), rel=1e-12)


@pytest.mark.parametrize("weight", [1.0, 1, 2.5, np.float32(3), np.array(7), True, 1e-120, 1e120])
def test_scalar_weight_counts_every_row_alike(X, y, weight):
    fit, plain = ridge(X, y, 0.4, sample_weight=weight), ridge(X, y, 0.4)
    np.testing.assert_allclose(fit.coef, plain.coef, rtol=1e-12)
    assert fit.sum_weights == pytest.approx(N * float(weight), rel=1e-14)
    path = ridge_path(X, y, [0.4], sample_weight=weight)
    np.testing.assert_allclose(path.coefs[0], plain.coef, rtol=1e-11)


def test_boolean_weights_select(X, y):
    keep = np.arange(N) % 3 != 0
    a, b = ridge(X, y, sample_weight=keep), ridge(X[keep], y[keep])
    np.testing.assert_allclose(a.coef, b.coef, rtol=1e-12)


def test_one_row_that_counts(X, y):
    """All the weight on one row: its value is the intercept and nothing else can be known."""
    s = np.zeros(N)
    s[11] = 2.0
    fit = ridge(X, y, sample_weight=s)
    np.testing.assert_allclose(fit.coef, 0, atol=1e-15)
    assert fit.predict(X[11:12])[0] == pytest.approx(y[11])
    with pytest.raises(ValueError, match="cross-validation needs at least two samples of positive weight, got 1"):
        ridge_cv(X, y, sample_weight=s)


REFUSED_WEIGHTS = {
    "negative": (lambda s: s - 1, ValueError, r"^sample_weight is negative at row \d+ \(-1\): weights must be"),
    "negative scalar": (lambda s: -2.0, ValueError, r"^sample_weight is negative at row 0 \(-2\)"),
    "all zero": (lambda s: 0 * s, ValueError, r"^sample_weight is zero for every row: at least one row must count"),
    "zero scalar": (lambda s: 0, ValueError, r"^sample_weight is zero for every row"),
    "nan": (lambda s: np.where(np.arange(N) == 4, np.nan, s), ValueError, r"^sample_weight is not finite at row 4 \(n"),
    "inf": (lambda s: np.where(np.arange(N) == 4, np.inf, s), ValueError, r"^sample_weight is not finite at row 4 \(i"),
    "both infinities": (lambda s: np.r_[-np.inf, np.inf, s[2:]], ValueError, r"^sample_weight is not finite at row 0"),
    "nan scalar": (lambda s: np.nan, ValueError, r"^sample_weight is not finite at row 0"),
    "short": (lambda s: s[1:], ValueError, rf"^sample_weight must have shape \({N},\), one weight per row of X, got"),
    "long": (lambda s: np.r_[s, 1], ValueError, rf"^sample_weight must have shape \({N},\), .* got \({N + 1},\)"),
    "column": (lambda s: s[:, None], ValueError, rf"^sample_weight must have shape .* got \({N}, 1\)"),
    "empty": (lambda s: [], ValueError, r"^sample_weight must have shape .* got \(0,\)"),
    "huge": (lambda s: s * 1e305, ValueError, r"^the largest sample_weight is 3e\+305, too close .*: rescale them"),
    "sum overflows": (lambda s: np.full(N, 1e308), ValueError, r"^the largest sample_weight is 1e\+308"),
    "tiny": (lambda s: s * 1e-305, ValueError, r"^the largest sample_weight is 3e-305"),
    "masked": (lambda s: np.ma.masked_equal(s, 0), ValueError, r"^sample_weight is a masked array with masked entries"),
    "float16": (lambda s: s.astype(np.float16), TypeError, r"^sample_weight has dtype float16"),
    "complex": (lambda s: s + 0j, TypeError, r"^sample_weight has the complex dtype complex128"),
    "object": (lambda s: s.astype(object), TypeError, r"^sample_weight has dtype object"),
    "text": (lambda s: "balanced", TypeError, r"^sample_weight has dtype .U8, which is not numeric"),
    "sparse": (lambda s: sp.csr_array(s[:, None]), TypeError, r"^sample_weight has dtype object"),
}


@pytest.mark.parametrize("kind", REFUSED_WEIGHTS)
def test_refused_weights(X, y, s, kind, function):
    make, error, words = REFUSED_WEIGHTS[kind]
    with pytest.raises(error, match=words):
        function(X, y, sample_weight=make(s))


@pytest.mark.parametrize("kind", REFUSED_WEIGHTS)
def test_score_refuses_the_same_weights(X, y, s, kind):
    make, error, words = REFUSED_WEIGHTS[kind]
    with pytest.raises(error, match=words):
        ridge(X, y).score(X, y, make(s))


@pytest.mark.parametrize("storage", ["float64", "float32", "sparse"])
def test_weights_that_differ_by_a_hundred_orders(storage):
    """Rows of negligible weight may not disturb the others."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    X = {"float64": X, "float32": X.astype(np.float32), "sparse": sp.csr_array(X)}[storage]
    s = np.where(np.arange(40) < 20, 1e-100, 1.0)
    expected = ridge(X[20:], y[20:], 0.4)
    for fit in (ridge(X, y, 0.4, sample_weight=s), ridge_path(X, y, [0.4], sample_weight=s)[0]):
        np.testing.assert_allclose(fit.coef, expected.coef, rtol=1e-11)


def test_the_design_keeps_float64_targets(X, y):
    for dtype in (np.float32, np.int8, np.float64):
        design = Design(X, y.astype(dtype), np.ones(N, dtype))
        assert design.Y.dtype == np.float64 and design.s.dtype == np.float64
