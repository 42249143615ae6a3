"""Optimizers of NumPy arrays: steps against plain formulas, groups, state, and what is refused."""

import numpy as np
import pytest

from shrinkage.optim import SGD, Adam, AdamW, schedules

CLASSES = [SGD, Adam, AdamW]


def soft(x, t):
    return np.sign(x) * np.maximum(np.abs(x) - t, 0.0)


def test_sgd_is_the_proximal_gradient_method(rng):
    """Its limit is the elastic net, zeros and all."""
    from shrinkage import elastic_net

    X, y = rng.standard_normal((50, 8)), rng.standard_normal(50)
    w = np.zeros(8)
    optimizer = SGD([w], lr=0.3, weight_decay=0.1 * 0.4, l1=0.1 * 0.6)
    for _ in range(2000):
        optimizer.step([X.T @ (X @ w - y) / 50])
    fit = elastic_net(X, y, 0.1, l1_ratio=0.6, fit_intercept=False, tol=1e-14)
    np.testing.assert_allclose(w, fit.coef, atol=1e-9)
    assert ((w == 0) == (fit.coef == 0)).all() and 0 < (w == 0).sum() < 8


def test_the_metric_form_ends_where_the_lasso_does(rng):
    """With the whole gradient Adam's own metric changes the way and not the end; the decoupled form ends elsewhere."""
    from shrinkage import elastic_net

    X = rng.standard_normal((60, 6)) * [1.0, 3.0, 0.5, 1.0, 2.0, 1.0]
    y = X @ [1.0, 0.0, -2.0, 0.0, 0.5, 0.0] + 0.1 * rng.standard_normal(60)
    fit = elastic_net(X, y, 0.2, fit_intercept=False, tol=1e-14)
    ends = {}
    for proximal in ("metric", "decoupled"):
        w = np.zeros(6)
        optimizer = Adam([w], lr=schedules.cosine(0.05, 0.0, 6000), betas=(0.0, 0.999), l1=0.2, proximal=proximal)
        for _ in range(6000):
            optimizer.step([X.T @ (X @ w - y) / 60])
        ends[proximal] = w
    np.testing.assert_allclose(ends["metric"], fit.coef, atol=1e-3)
    assert ((ends["metric"] == 0) == (fit.coef == 0)).all()
    assert np.abs(ends["decoupled"] - fit.coef).max() > 1e-2


@pytest.mark.parametrize("decay, factors", [
    ("lr", [0.1, 0.1, 0.05, 0.05]), ("schedule", [1.0, 1.0, 0.5, 0.5]), ("constant", [1.0, 1.0, 1.0, 1.0]),
])  # fmt: skip
def test_three_kinds_of_decay(decay, factors):
    w, v = np.array([2.0]), np.array([-2.0])
    options = {"lr": schedules.step(0.1, 2, 0.5), "decay": decay}
    one, two = AdamW([w], weight_decay=0.03, **options), SGD([v], l1=0.02, **options)
    expected, least = 2.0, -2.0
    for factor in factors:
        one.step([np.zeros(1)])
        two.step([np.zeros(1)])
        expected *= 1.0 - factor * 0.03
        least = soft(least, factor * 0.02)
        assert w[0] == pytest.approx(expected, rel=1e-15) and v[0] == pytest.approx(least, rel=1e-15)


def test_seeds_decay_curves_to_the_digit():
    """W (1 - alpha lambda / m)^t from 5, 2 and 0.5, and max(0, 5 - t alpha lambda / m): alpha .01, lambda .1, m 100."""
    w, v = np.array([5.0, 2.0, 0.5]), np.array([5.0])
    ridge, lasso = SGD([w], lr=0.01, weight_decay=0.1 / 100), SGD([v], lr=0.01, l1=0.1 / 100)
    for _ in range(99):
        ridge.step([np.zeros(3)])
        lasso.step([np.zeros(1)])
    assert [f"{value:.4f}" for value in w] == ["4.9951", "1.9980", "0.4995"]
    np.testing.assert_allclose(w, np.array([5.0, 2.0, 0.5]) * (1 - 0.01 * 0.1 / 100) ** 99, rtol=1e-14)
    np.testing.assert_allclose(v, 5.0 - 99 * 0.01 * 0.1 / 100, rtol=1e-14)


@pytest.mark.parametrize("form", ["C", "F", "strided", "swapped", "0-d", "empty"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("cls", CLASSES)
def test_arrays_of_every_form(cls, dtype, form, rng):
    plain = rng.standard_normal((6, 4)).astype(dtype)
    if form == "0-d":
        plain = np.array(0.5, dtype)
    elif form == "empty":
        plain = np.zeros((0, 3), dtype)
    array = {
        "C": plain.copy, "F": lambda: np.array(plain, order="F"), "0-d": plain.copy, "empty": plain.copy,
        "swapped": lambda: plain.astype(plain.dtype.newbyteorder()),
    }.get(form, lambda: np.repeat(np.repeat(plain, 2, axis=0), 3, axis=1)[::2, ::3])()  # fmt: skip
    base = array.base
    expected = plain.copy()
    options = {"lr": 0.1, "weight_decay": 0.2, "l1": 0.05} | ({"momentum": 0.5} if cls is SGD else {})
    one, two = cls([array], **options), cls([expected], **options)
    for _ in range(3):
        g = rng.standard_normal(plain.shape).astype(dtype)
        like = np.empty_like(array) if form != "strided" else np.repeat(np.repeat(g, 2, axis=0), 3, axis=1)[::2, ::3]
        like[...] = g
        one.step([like], zero_grads=True)
        two.step([g])
        assert not like.any()
    np.testing.assert_array_equal(array, expected)
    if form != "empty":
        assert (array != plain).any()
    if form == "strided":  # and nothing beside it
        np.testing.assert_array_equal(base[1::2], np.repeat(np.repeat(plain, 2, axis=0), 3, axis=1)[1::2])


@pytest.mark.parametrize("cls", CLASSES)
def test_many_arrays_and_threads_give_the_same_bits(cls, rng, monkeypatch):
    start = [rng.standard_normal(size).astype(np.float32) for size in (200_000, 3, 100_000, 1, 70_000)]
    grads = [rng.standard_normal(array.shape).astype(np.float32) for array in start]
    found = []
    for count in (1, 4):
        monkeypatch.setattr("shrinkage._threads.thread_count", lambda count=count: count)
        monkeypatch.setattr("shrinkage._threads._pool", None)
        arrays = [array.copy() for array in start]
        optimizer = cls(arrays, lr=0.1, l1=0.01)
        for _ in range(3):
            optimizer.step(grads)
        found.append(arrays)
    for a, b, c in zip(*found, start, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()


def test_groups_and_names(rng):
    weights = {"first.weight": np.ones((2, 3)), "first.bias": np.ones(2)}
    groups = [
        {"params": {"first.weight": weights["first.weight"]}, "weight_decay": 0.5},
        {"params": [("first.bias", weights["first.bias"])], "lr": 0.2, "weight_decay": 0.0},
    ]
    optimizer = SGD(groups, lr=0.1)
    optimizer.step({"first.bias": np.full(2, 1.0), "first.weight": np.zeros((2, 3))})
    np.testing.assert_allclose(weights["first.weight"], 0.95)
    np.testing.assert_allclose(weights["first.bias"], 0.8)
    optimizer.step({"first.bias": np.full(2, 1.0)})  # the other is left alone
    np.testing.assert_allclose(weights["first.weight"], 0.95)
    optimizer.add_param_group({"params": [np.ones(3)], "l1": 0.5})
    assert optimizer.step([None, None, np.zeros(3)])
    np.testing.assert_allclose(optimizer.param_groups[2]["params"][0], 0.95)


@pytest.mark.parametrize("cls", CLASSES)
def test_state_goes_round_to_the_bit(cls, rng, tmp_path):
    options = {"lr": 1e-4, "weight_decay": 1e-4, "l1": 1e-3} | ({"momentum": 0.9} if cls is SGD else {"amsgrad": True})
    start = {"a": rng.standard_normal((3, 4)).astype(np.float32), "b": rng.standard_normal(5), "c": np.ones(0)}
    grads = [{name: rng.standard_normal(x.shape).astype(x.dtype) for name, x in start.items()} for _ in range(8)]
    one = {name: x.copy() for name, x in start.items()}
    optimizer = cls(one, **options)
    for g in grads[:4]:
        optimizer.step(g)
    path = tmp_path / "state.npz"
    optimizer.save(path)
    with np.load(path, allow_pickle=False) as archive:
        assert len(archive.files) > 1
    two = {name: x.copy() for name, x in one.items()}
    other = cls(two)
    other.load(path)
    three = {name: x.copy() for name, x in one.items()}
    third = cls(three)
    third.load_state_dict(optimizer.state_dict())
    for g in grads[4:]:
        for each in (optimizer, other, third):
            each.step(g)
    for name in start:
        np.testing.assert_array_equal(one[name], two[name])
        np.testing.assert_array_equal(one[name], three[name])
    assert other.param_groups[0]["lr"] == 1e-4 and other.steps_taken == 8


def test_state_is_held_to_the_parameters(rng, tmp_path):
    optimizer = Adam({"a": np.ones(3), "b": np.ones((2, 2))})
    optimizer.step([np.ones(3), np.ones((2, 2))])
    state = optimizer.state_dict()
    with pytest.raises(ValueError, match="parameter b where the optimizer has c"):
        Adam({"a": np.ones(3), "c": np.ones((2, 2))}).load_state_dict(state)
    with pytest.raises(ValueError, match=r"exp_avg of b must have shape \(4,\), got \(2, 2\)"):
        Adam({"a": np.ones(3), "b": np.ones(4)}).load_state_dict(state)
    with pytest.raises(ValueError, match="has 1 groups, the optimizer 2"):
        Adam([{"params": [np.ones(3)]}, {"params": [np.ones((2, 2))]}]).load_state_dict(state)
    path = tmp_path / "state.npz"
    optimizer.save(path)
    with pytest.raises(ValueError, match="it is that of Adam, not of SGD"):
        SGD({"a": np.ones(3), "b": np.ones((2, 2))}).load(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="truncated or damaged"):
        optimizer.load(path)


def test_gradients_that_are_not_finite():
    for bad in (np.nan, np.inf):
        a, b = np.ones(3), np.ones(2, np.float32)
        grads = [np.ones(3), np.array([1.0, bad], np.float32)]
        with pytest.raises(ValueError, match=r"gradient of params\[1\] has NaN or infinity"):
            Adam([a, b], nonfinite="raise").step(grads)
        skipping = Adam([a, b], nonfinite="skip")
        assert skipping.step(grads) is False and skipping.steps_skipped == 1 and not skipping.state
        np.testing.assert_array_equal(np.r_[a, b], 1.0)
        assert Adam([a, b]).step(grads) is True
        assert np.isfinite(a).all() and not np.isfinite(b).all()


def test_what_cannot_be():
    w = np.ones(3)
    locked = np.ones(3)
    locked.flags.writeable = False
    for params, error, words in [
        (w, TypeError, "pass \\[array\\]"),
        ([], ValueError, "params is empty"),
        ([[1.0]], TypeError, "must be a NumPy array"),
        ([np.ones(3, int)], TypeError, "must be float64, float32 or float16, got int64"),
        ([locked], ValueError, "read-only"),
        ([w, w], ValueError, "share memory"),
        ([w, w[1:]], ValueError, "share memory"),
        (3, TypeError, "params must be a list"),
        ([("a", w), ("a", np.ones(2))], ValueError, "a is the name of two parameters"),
        ([{"params": [w], "lrate": 1.0}], ValueError, "no setting 'lrate'"),
    ]:
        with pytest.raises(error, match=words):
            SGD(params)
    for options, error, words in [
        ({"lr": -1.0}, ValueError, "lr must be at least 0"),
        ({"lr": "fast"}, TypeError, "lr must be a number"),
        ({"weight_decay": np.nan}, ValueError, "weight_decay"),
        ({"l1": np.inf}, ValueError, "l1"),
        ({"decay": "no"}, ValueError, "decay must be 'lr', 'schedule' or 'constant'"),
        ({"betas": (0.9, 1.0)}, ValueError, "betas"),
        ({"nonfinite": "stop"}, ValueError, "nonfinite must be"),
        ({"proximal": "x"}, ValueError, "proximal must be"),
        ({"amsgrad": 1}, TypeError, "amsgrad must be True or False"),
    ]:
        with pytest.raises(error, match=words):
            Adam([w], **options)
    optimizer = SGD([w])
    for grads, error, words in [
        ([], ValueError, "one per parameter"),
        (np.ones(3), TypeError, "grads must be a list"),
        ([[1.0] * 3], TypeError, "NumPy array"),
        ([np.ones(2)], ValueError, "must have shape"),
        ([np.ones(3, np.float32)], TypeError, "must be float64"),
        ({"w": np.ones(3)}, ValueError, "no parameter's name"),
        ([w], ValueError, "the parameter itself"),
    ]:
        with pytest.raises(error, match=words):
            optimizer.step(grads)
    np.testing.assert_array_equal(w, 1.0)
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(ValueError, match="lr must be at least 0"):
        optimizer.step([np.ones(3)])
    np.testing.assert_array_equal(w, 1.0)


def test_subnormal_numbers_are_flushed_and_only_there():
    w = np.ones(4, np.float32)
    optimizer = Adam([w], lr=0.0)
    optimizer.step([np.full(4, 1e-20, np.float32)])
    assert not optimizer.state[0]["exp_avg_sq"].any()  # 1e-43
    assert np.float32(1e-40) * np.float32(1.0) != 0  # and not for others
