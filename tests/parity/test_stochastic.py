"""Stochastic gradient descent against its twin, draw for draw: every loss, penalty, schedule, storage and precision."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage._kernels import stochastic as kernel
from shrinkage.reference import stochastic as twin

#: Kinds of losses with their parameters, and what y is.
LOSSES = {
    "squared_error": (0, 0.0, "real"), "huber": (1, 0.3, "real"), "epsilon_insensitive": (2, 0.2, "real"),
    "squared_epsilon_insensitive": (3, 0.2, "real"), "log_loss": (4, 0.0, "sign"), "hinge": (5, 1.0, "sign"),
    "perceptron": (5, 0.0, "sign"), "squared_hinge": (6, 1.0, "sign"), "modified_huber": (7, 0.0, "sign"),
    "poisson": (8, 0.0, "count"),
}  # fmt: skip
PENALTIES = {"none": (0.0, 0.0), "l1": (0.03, 0.0), "l2": (0.0, 0.2), "elastic net": (0.02, 0.1)}
SCHEDULES = {"constant": (0, 0.3), "optimal": (1, 0.3), "invscaling": (2, 0.25), "another power": (2, 0.7)}
WAYS = {"sgd": 0, "momentum": 1, "nesterov": 2, "adam": 3, "adamw": 4}


def problem(rng, n, p, *, form="dense", dtype=np.float64, loss="squared_error", penalty="elastic net",
            schedule="invscaling", settings=1, average_from=0, targets=1):  # fmt: skip
    """Data, and the settings of `settings` models that are all different."""
    X = (rng.standard_normal((n, p)) * (rng.uniform(size=(n, p)) < 0.5)).astype(dtype)
    if p > 3:
        X[:, 2] = 0.0
    kind, parameter, domain = LOSSES[loss]
    y = rng.standard_normal((n, targets)) * 2.0
    y = {"real": y, "sign": np.where(y > 0.3, 1.0, -1.0), "count": np.floor(np.abs(y))}[domain]
    if form == "dense":
        rows = X.ravel(), np.empty(0, np.int32), np.empty(0, np.int32)
    else:
        S = sparse.csr_array(X)
        rows = S.data, S.indices.astype(form), S.indptr.astype(form)
    l1, l2 = PENALTIES[penalty]
    scale = 1.0 + 0.5 * np.arange(settings)
    table = np.column_stack([0.1 / scale, l1 * scale, l2 * scale, 0.3 * scale, 20.0 * scale, 1.5 * scale, 0.7 * scale])
    state = np.zeros((settings, 7))
    state[:, 0], state[:, 3], state[:, 4] = 0.2 * scale, 0.9, 0.001 * scale
    return {
        "rows": rows, "y": y, "s": rng.uniform(0.0, 2.0, n), "order": rng.permutation(n)[: max(1, n - 2)],
        "settings": table, "loss": kind, "parameter": parameter, "schedule": SCHEDULES[schedule][0],
        "power": SCHEDULES[schedule][1], "intercept": True, "average_from": average_from,
        "w": rng.standard_normal((settings, p)) * 0.3, "state": state, "clock": np.array([3, 0]),
        "stop": np.zeros(1, np.int32),
    }  # fmt: skip


def run_online(check, given, **changes):
    p = given["w"].shape[1]
    names = (
        "y", "s", "order", "settings", "loss", "parameter", "schedule", "power", "intercept", "average_from",
    )  # fmt: skip
    average = given["average_from"] > 0
    arguments = {"data": given["rows"][0]} | {name: given[name] for name in names}
    arguments |= {"z": given["w"][0], "total": np.full(p if average else 0, 0.5)}
    arguments |= {name: given[name] for name in ("state", "clock", "stop")} | changes
    unchanged = () if average else ("total",)
    if given["average_from"] > 3 + len(given["order"]):
        unchanged = ("total",)
    check(kernel.online, twin.online, arguments, ("z", "total", "state", "clock"), (), unchanged, 1e-12)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("average_from", [0, 1, 9])
def test_online(loss, penalty, schedule, average_from, dtype, rng, check):
    given = problem(rng, 25, 9, dtype=dtype, loss=loss, penalty=penalty, schedule=schedule, average_from=average_from)
    run_online(check, given)


@pytest.mark.parametrize("n, p", [(1, 1), (6, 1), (2, 37), (40, 70)])
@pytest.mark.parametrize("intercept", [True, False])
def test_online_shapes(n, p, intercept, dtype, rng, check):
    run_online(check, problem(rng, n, p, dtype=dtype, average_from=1), intercept=intercept)


def lazy_arguments(rng, given, room, batch):
    p, K = given["w"].shape[1], len(given["settings"])
    average = given["average_from"] > 0
    names = (
        "settings", "loss", "parameter", "schedule", "power", "intercept", "average_from",
    )  # fmt: skip
    data, indices, indptr = given["rows"]
    return {
        "data": data, "indices": indices, "indptr": indptr, "y": given["y"], "s": given["s"],
        "order": given["order"], "batch": batch, **{name: given[name] for name in names},
        "z": np.array(given["w"].T, order="C"),
        "total": np.full((p if average else 0, K), 0.25), "when": np.ones(p if average else 0, np.int64),
        "history": np.zeros((room + 1 if average else 1, K, 3)), "state": given["state"], "clock": given["clock"],
        "g": np.empty((batch, K)), "scratch": np.empty((2, K)), "stop": given["stop"],
    }  # fmt: skip


WRITES = ("z", "total", "when", "history", "state", "clock")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("average_from", [0, 1, 9])
def test_lazy(loss, penalty, schedule, average_from, dtype, rng, check):
    given = problem(
        rng, 25, 9, form=np.int32, dtype=dtype, loss=loss, penalty=penalty, schedule=schedule,
        average_from=average_from,
    )  # fmt: skip
    arguments = lazy_arguments(rng, given, 6, 1)
    unchanged = () if average_from else ("total", "when", "history")
    check(kernel.lazy, twin.lazy, arguments, WRITES, ("g", "scratch"), unchanged, 1e-12)


@pytest.mark.parametrize("form", [np.int32, np.int64])
@pytest.mark.parametrize("settings, targets", [(1, 1), (3, 1), (3, 3), (17, 1)])
@pytest.mark.parametrize("batch", [1, 4, 20])
@pytest.mark.parametrize("average_from", [0, 1])
def test_lazy_settings_and_batches(form, settings, targets, batch, average_from, rng, check):
    given = problem(
        rng, 30, 12, form=form, settings=settings, targets=targets, loss="log_loss", average_from=average_from
    )
    arguments = lazy_arguments(rng, given, 50, batch)
    unchanged = () if average_from else ("total", "when", "history")
    check(kernel.lazy, twin.lazy, arguments, WRITES, ("g", "scratch"), unchanged, 1e-12)


@pytest.mark.parametrize("rate", [0.5, 5.0, 9.9999, 10.0, 30.0])
@pytest.mark.parametrize("average_from", [0, 1])
def test_lazy_decay_that_leaves_little_or_nothing(rate, average_from, rng, check):
    given = problem(rng, 30, 12, form=np.int32, settings=2, schedule="constant", average_from=average_from)
    given["settings"][:, 0], given["settings"][:, 2] = rate, 0.1
    given["s"] *= 0.01
    arguments = lazy_arguments(rng, given, 50, 1)
    # from 9.9999 on all are settled at every step
    unchanged = ("when",) * (rate > 9.9) if average_from else ("total", "when", "history")
    check(kernel.lazy, twin.lazy, arguments, WRITES, ("g", "scratch"), unchanged, 1e-11)


@pytest.mark.parametrize("average_from", [0, 1])
def test_settled(average_from, rng, check):
    given = problem(rng, 30, 12, form=np.int32, settings=2, average_from=average_from)
    arguments = lazy_arguments(rng, given, 50, 1)
    twin.lazy(*arguments.values())
    left = {name: arguments[name] for name in ("z", "total", "when", "history", "state", "clock")}
    left |= {"w": np.ones((2, 12)), "sums": np.ones((2 if average_from else 0, 12))}
    check(kernel.settled, twin.settled, left, ("w", "sums"), (), () if average_from else ("sums",), 1e-12)


def run_batches(check, given, way, batch, **changes):
    K, p = given["w"].shape
    average, moments = given["average_from"] > 0, [1, 1, 1, 2, 2][way]
    names = ("settings", "loss", "parameter", "schedule", "power")
    data, indices, indptr = given["rows"]
    arguments = {
        "data": data, "indices": indices, "indptr": indptr, "y": given["y"], "s": given["s"],
        "order": given["order"], "batch": batch, **{name: given[name] for name in names}, "way": way,
        "numbers": np.array([0.8, 0.7, 0.9, 1e-3]), "intercept": given["intercept"],
        "average_from": given["average_from"], "W": given["w"], "first": np.full((K if moments else 0, p), 0.1),
        "second": np.full((K if moments > 1 else 0, p), 0.2), "total": np.zeros((K if average else 0, p)),
        "state": given["state"], "clock": given["clock"], "block": np.empty((batch, p)), "P": np.empty((batch, K)),
        "G": np.empty((K, p)), "stop": given["stop"],
    } | changes  # fmt: skip
    unchanged = [name for name, used in (("first", moments), ("second", moments > 1), ("total", average)) if not used]
    writes = ("W", "first", "second", "total", "state", "clock")
    check(kernel.batches, twin.batches, arguments, writes, ("block", "P", "G"), unchanged, 1e-12)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("form", ["dense", np.int32])
def test_batches(way, loss, penalty, form, dtype, rng, check):
    given = problem(rng, 25, 9, form=form, dtype=dtype, loss=loss, penalty=penalty, average_from=2)
    given["settings"][:, 0] = 0.02
    run_batches(check, given, WAYS[way], 4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("settings, targets", [(1, 1), (3, 3), (5, 1), (16, 16)])
@pytest.mark.parametrize("form", ["dense", np.int64])
@pytest.mark.parametrize("batch", [1, 7, 40])
def test_batches_of_settings(way, schedule, settings, targets, form, batch, rng, check):
    given = problem(
        rng, 30, 12, form=form, settings=settings, targets=targets, loss="huber", schedule=schedule, average_from=0
    )
    given["intercept"] = settings != 5
    run_batches(check, given, WAYS[way], batch)


def densely(given, batch):
    """What `online` and `batches` make of the same rows as dense ones: (w, sums, state)."""
    data, indices, indptr = given["rows"]
    X = sparse.csr_array((data, indices, indptr), shape=(len(given["y"]), given["w"].shape[1])).toarray()
    names = ("settings", "loss", "parameter", "schedule", "power")
    W, state, clock = (given[name].copy() for name in ("w", "state", "clock"))
    K, p = W.shape
    total, nothing, first = np.zeros((K, p)), np.empty(0, np.int32), W.copy()
    W[:] = state[:, [3]] * twin._soft(W, state[:, [4]])
    kernel.batches(
        X.ravel(), nothing, nothing, given["y"], given["s"], given["order"], batch,
        *(given[name] for name in names), 0, np.ones(4), True, given["average_from"], W, first,
        np.empty((0, p)), total, state, clock, np.empty((batch, p)), np.empty((batch, K)), np.empty((K, p)),
        given["stop"],
    )  # fmt: skip
    if K == batch == 1:
        w, state_online, sums = given["w"][0].copy(), given["state"].copy(), np.zeros(p)
        kernel.online(
            X.ravel(), given["y"], given["s"], given["order"], *(given[name] for name in names), True,
            given["average_from"], w, sums, state_online, given["clock"].copy(), given["stop"],
        )  # fmt: skip
        w = state_online[:, 3] * twin._soft(w, state_online[:, 4])
        np.testing.assert_allclose(w, W[0], rtol=0, atol=1e-13)
        np.testing.assert_allclose(sums, total[0], rtol=0, atol=1e-12)
        assert ((w == 0) == (W[0] == 0)).all()
    return W, total, state


def lazily(rng, given, batch, room=50):
    arguments = lazy_arguments(rng, given, room, batch)
    arguments["total"][:] = 0.0
    for name in ("state", "clock"):
        arguments[name] = arguments[name].copy()
    kernel.lazy(*arguments.values())
    K, p = given["w"].shape
    w, sums = np.zeros((K, p)), np.zeros((K if given["average_from"] else 0, p))
    names = ("z", "total", "when", "history", "state", "clock")
    kernel.settled(*(arguments[name] for name in names), w, sums)
    return w, sums, arguments["state"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("settings, batch", [(1, 1), (4, 1), (1, 5), (4, 5)])
def test_lazy_is_dense(loss, penalty, settings, batch, rng):
    """Coefficients that rows leave alone end, and their averages, where steps of all of them would have taken them."""
    given = problem(rng, 400, 30, form=np.int32, loss=loss, penalty=penalty, settings=settings, average_from=50)
    given["settings"][:, :2] *= [0.1, 5.0]
    given["w"][:, 2] = 0.01  # that of a feature which is zero
    w, sums, state = lazily(rng, given, batch)
    expected, total, dense_state = densely(given, batch)
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-12)
    assert ((w == 0) == (expected == 0)).all()
    np.testing.assert_allclose(sums, total, rtol=0, atol=1e-10)
    np.testing.assert_allclose(state[:, :3], dense_state[:, :3], rtol=1e-12, atol=1e-10)
    assert (w[:, 2] == 0).all() == (penalty in ("l1", "elastic net"))


def test_lazy_is_dense_to_the_bit_where_nothing_is_rounded(rng):
    """Halves, quarters and eighths: the sums of thresholds are exact, and so are both ways."""
    given = problem(rng, 60, 20, form=np.int32, loss="hinge", penalty="l1", schedule="constant", average_from=1)
    data, indices, indptr = given["rows"]
    given["rows"] = np.round(data * 4) / 4, indices, indptr
    given["s"] = np.ones(60)
    given["w"] = np.round(given["w"] * 64) / 64
    given["settings"] = np.array([[0.125, 2.0**-5, 0.0, 1.0, 1.0, 1.0, 1.0]])
    given["state"][:, [0, 3, 4]] = 0.25, 1.0, 0.0
    w, sums, state = lazily(rng, given, 1)
    expected, total, dense_state = densely(given, 1)
    assert np.array_equal(w, expected)
    assert np.array_equal(sums, total)
    assert np.array_equal(state[:, :2], dense_state[:, :2])
    assert 0 < (w == 0).sum() < w.size
