"""What a user may do to parameters, gradients and state between two steps."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from shrinkage.optim import SGD, Adam, AdamW, schedules


def test_copies_step_their_own_arrays():
    w = np.ones(3)
    optimizer = Adam({"w": w}, lr=0.1)
    optimizer.step([np.ones(3)])
    kept = w.copy()
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert other.state[0]["step"] == 1
        other.step([np.ones(3)])
        assert (other.param_groups[0]["params"][0] < kept).all() and other.state_dict()["state"][0]["step"] == 2
        np.testing.assert_array_equal(w, kept)
    optimizer.step([np.ones(3)])
    np.testing.assert_array_equal(w, other.param_groups[0]["params"][0])


def test_pickles_go_to_other_processes(tmp_path):
    path = tmp_path / "optimizer.pkl"
    optimizer = SGD([np.ones(3, np.float32)], lr=1e-4, weight_decay=1e-4, decoupled_weight_decay=True)
    optimizer.step([np.zeros(3, np.float32)])
    path.write_bytes(pickle.dumps(optimizer))
    code = (
        "import pickle, sys; import numpy as np; o = pickle.load(open(sys.argv[1], 'rb'));"
        "o.step([np.ones(3, np.float32)]);"
        "print(o.param_groups[0]['params'][0][0], o.state_dict()['state'][0]['owed_decay'])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    weight, owed = map(float, done.stdout.split())
    assert weight == pytest.approx(1 - 1e-4, abs=1e-7) and owed == pytest.approx(1 - 2e-8, abs=1e-12)


def test_state_that_is_replaced_is_used_and_checked():
    w = np.zeros(3)
    optimizer = SGD({"w": w}, lr=1.0, momentum=0.5)
    optimizer.step([np.ones(3)])
    optimizer.state[0]["momentum_buffer"] = np.full(3, 10.0)
    optimizer.step([np.ones(3)])
    np.testing.assert_array_equal(w, -7.0)
    optimizer.state.clear()
    optimizer.step([np.ones(3)])
    np.testing.assert_array_equal(w, -8.0)
    assert optimizer.state[0]["momentum_buffer"].tolist() == [1.0] * 3
    optimizer.state[0]["momentum_buffer"] = np.zeros(2)
    with pytest.raises(ValueError, match=r"momentum_buffer of w must have shape \(3,\), got \(2,\)"):
        optimizer.step([np.ones(3)])
    np.testing.assert_array_equal(w, -8.0)
    adam = Adam([w], lr=0.1)
    adam.step([np.ones(3)])
    adam.state[0]["step"] = 0
    adam.state[0]["exp_avg"][:] = adam.state[0]["exp_avg_sq"][:] = 0
    w[:] = 0
    adam.step([np.ones(3)])
    np.testing.assert_allclose(w, -0.1)  # a first step
    with pytest.raises(ValueError, match="params of group 0 were replaced"):
        adam.param_groups[0]["params"] = [np.ones(3)]
        adam.step([np.ones(3)])


def test_momentum_that_is_switched_on_later_begins_with_the_gradient():
    w = np.zeros(1)
    optimizer = SGD([w], lr=1.0, momentum=lambda step: 0.0 if step < 2 else 0.5, dampening=0.5)
    found = []
    for _ in range(4):
        w[:] = 0
        optimizer.step([np.ones(1)])
        found.append(-w[0])
    assert found == [1.0, 1.0, 1.0, 1.0]  # b <- g, and then b <- b / 2 + g / 2
    optimizer.state[0]["momentum_buffer"][:] = 3.0
    w[:] = 0
    optimizer.step([np.ones(1)])
    assert w[0] == -2.0


def test_gradients_may_not_be_parameters():
    buffer = np.arange(1.0, 11.0)
    before = buffer.copy()
    a, b = buffer[:4], buffer[5:9]
    optimizer = SGD({"a": a, "b": b}, lr=0.1)
    for grads, words in [
        ([a[:], np.ones(4)], "gradient of a shares memory with it"),
        ([np.ones(4), a], "gradient of b shares memory with a"),
        ([buffer[2:6], np.ones(4)], "gradient of a shares memory with it"),
        ([None, buffer[4:8]], "gradient of b shares memory with it"),
    ]:
        for zero in (False, True):
            with pytest.raises(ValueError, match=words):
                optimizer.step(grads, zero_grads=zero)
    np.testing.assert_array_equal(buffer, before)
    one = np.ones(4)
    with pytest.raises(ValueError, match="gradient of a and the gradient of b share memory"):
        optimizer.step([one, one], zero_grads=True)
    optimizer.step([one, one])
    np.testing.assert_allclose(before - buffer, [0.1] * 4 + [0] + [0.1] * 4 + [0], atol=1e-12)
    # what is copied is in nobody's way, unless it is cleared
    wide = np.zeros((4, 2))
    left, right = SGD([wide[:, 0]], lr=1.0), SGD([np.zeros(4)], lr=1.0)
    left.step([wide[:, 1]], zero_grads=True)
    assert right.step([wide[:, 1]], zero_grads=True)
    with pytest.raises(ValueError, match="shares memory with it"):
        left.step([wide[:, 0]], zero_grads=True)


def test_parameters_may_not_share_memory():
    buffer = np.zeros(40)
    for params in (
        [buffer[::2], buffer[1:4:2], buffer[20:30]], [buffer[:30], buffer[2:4], buffer[25:27]],
        [buffer[:3], buffer[2:]],
    ):  # fmt: skip
        with pytest.raises(ValueError, match="share memory"):
            SGD(params)
    optimizer = SGD([buffer[::2], buffer[1::2]])
    with pytest.raises(ValueError, match=r"params\[0\] and params\[2\] share memory"):
        optimizer.add_param_group({"params": [buffer[4:5]]})
    with pytest.raises(ValueError, match=r"several numbers of params\[0\] are in the same memory"):
        SGD([np.lib.stride_tricks.as_strided(buffer, (5, 3), (8, 8))])
    with pytest.raises(TypeError, match="masked array"):
        SGD([np.ma.masked_array(np.ones(3), [True, False, False])])
    with pytest.raises(ValueError, match="param_names names the arrays of a list"):
        SGD([{"params": {"a": np.ones(3)}, "param_names": ["b"]}])


def test_decay_that_follows_the_schedule():
    """By its share of the rate at full height, also while the rate goes up to that."""
    for lr, factors in [
        (schedules.warm_up(0.01, 4), [0.25, 0.5, 0.75, 1.0, 1.0]),
        (schedules.linear(0.0, 0.1, 4), [0.0, 0.25, 0.5, 0.75, 1.0]),
    ]:
        w, expected = np.ones(1), 1.0
        optimizer = AdamW([w], lr=lr, weight_decay=0.1, decay="schedule")
        for factor in factors:
            optimizer.step([np.zeros(1)])
            expected *= 1 - 0.1 * factor
            assert w[0] == pytest.approx(expected, rel=1e-14)
    w = np.ones(1)
    with pytest.raises(ValueError, match="decay='schedule' needs to know of which learning rate"):
        AdamW([w], lr=lambda step: 0.1, decay="schedule")
    group = {"params": [w], "initial_lr": 0.2}
    AdamW([group], lr=lambda step: 0.1, weight_decay=0.1, decay="schedule").step([np.zeros(1)])
    assert w[0] == pytest.approx(0.95)
    with pytest.raises(ValueError, match=r"initial_lr is 0 and lr 0\.1"):
        AdamW([group | {"initial_lr": 0.0}], lr=0.1, decay="schedule").step([np.zeros(1)])


def test_decay_may_not_change_signs():
    w, v = np.ones(2), np.ones(2)
    for options in ({"weight_decay": 3.0, "decay": "constant"}, {"weight_decay": 3.0, "lr": 0.5}):
        optimizer = AdamW([{"params": [v]}, {"params": [w]} | options], lr=1e-3)
        with pytest.raises(ValueError, match="group 1: weight_decay=3 takes"):
            optimizer.step([np.ones(2), np.ones(2)])
        assert not optimizer.state and optimizer.steps_taken == 0
    np.testing.assert_array_equal(w + v, 2.0)
    Adam([w], lr=0.5, weight_decay=3.0).step([np.ones(2)])  # a part of the gradient


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_decoupled_decay_of_every_type(dtype):
    for cls, options in ((SGD, {"decoupled_weight_decay": True, "momentum": 0.9}), (AdamW, {})):
        w = np.linspace(1, 2, 64, endpoint=False).astype(dtype)
        start = w.astype(float)
        optimizer = cls([w], lr=1e-2, weight_decay=1e-2, **options)
        for _ in range(2000):
            optimizer.step([np.zeros(64, dtype)])
        assert (w / start).mean() == pytest.approx(np.exp(-0.2), abs=0.02)


def test_skipped_steps_are_not_taken():
    w = np.ones(2)
    optimizer = AdamW([w], nonfinite="skip", lr=schedules.step(1.0, 1, 0.5))
    grads = [np.array([np.nan, 1.0])]
    assert not optimizer.step(grads) and np.isnan(grads[0][0])
    assert not optimizer.step(grads, zero_grads=True) and not grads[0].any()
    assert (optimizer.steps_taken, optimizer.steps_skipped) == (0, 2) and not optimizer.state
    half = np.array([np.inf, 1.0], np.float16)
    assert not SGD([np.ones(2, np.float16)], nonfinite="skip").step([half])


def test_state_survives_a_new_group():
    a, b = np.ones(3), np.ones(3)
    one, two = AdamW([a], lr=0.1), AdamW([b], lr=0.1)
    one.step([np.ones(3)])
    two.step([np.ones(3)])
    two.add_param_group({"params": [np.ones(2)]})
    one.step([np.ones(3)])
    two.step([np.ones(3), None])
    np.testing.assert_array_equal(a, b)
    assert two.state[0]["step"] == 2


def test_loading_keeps_what_a_schedule_needs():
    a = np.ones(3)
    one = AdamW([a], lr=0.4, weight_decay=0.1, decay="schedule")
    one.step([np.zeros(3)])
    one.param_groups[0]["lr"] = 0.1
    b = a.copy()
    two = AdamW([b], lr=9.0)
    two.load_state_dict(one.state_dict())
    for each in (one, two):
        each.step([np.zeros(3)])
    np.testing.assert_array_equal(a, b)
    assert b[0] == pytest.approx(0.9 * 0.975)
    schedule = schedules.constant(0.3)
    three = AdamW([b.copy()], lr=schedule)
    three.load_state_dict(one.state_dict())
    assert three.param_groups[0]["lr"] is schedule and three.param_groups[0]["decay"] == "schedule"


def test_state_that_cannot_be():
    def spoiled(**changes):
        optimizer = Adam({"w": np.ones(2)})
        optimizer.step([np.ones(2)])
        out = optimizer.state_dict()
        out["state"][0] |= changes
        return out

    w = np.ones(2)
    for changes, words in [
        ({"step": -3}, "step of w must be a whole number"), ({"step": np.inf}, "step of w"),
        ({"step": 10**400}, "step of w"), ({"step": "x"}, "step of w"), ({"owed_decay": -5.0}, "owed_decay of w"),
        ({"owed_decay": np.nan}, "owed_decay of w"), ({"momentum_buffer": np.ones(2)}, "another optimizer's"),
        ({"exp_avg": np.ones(3)}, "exp_avg of w must have shape"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            Adam({"w": w}).load_state_dict(spoiled(**changes))
    without = spoiled()
    del without["state"][0]["exp_avg_sq"]
    with pytest.raises(ValueError, match="no exp_avg, exp_avg_sq and step"):
        Adam({"w": w}).load_state_dict(without)
    for change, error, words in [
        (lambda group: group.update(params=[0, 0]), ValueError, "has 2 parameters"),
        (lambda group: group.update(params=5), TypeError, "group 0 of the state_dict"),
        (lambda group: group.update(lr="x"), TypeError, "lr must be a number"),
        (lambda group: group.update(initial_lr="x"), TypeError, "initial_lr must be a number"),
        (lambda group: group.update(param_names=["w", "v"]), ValueError, "parameter v where the optimizer has None"),
    ]:
        state = spoiled()
        change(state["param_groups"][0])
        with pytest.raises(error, match=words):
            Adam({"w": w}).load_state_dict(state)
    kind = Adam({"w": w})
    state = AdamW({"w": w.copy()}).state_dict()
    kind.load_state_dict(state)
    assert kind.param_groups[0]["decoupled_weight_decay"] is False


def test_parameters_and_gradients_in_order_of_fortran():
    params = [np.ones((3, 4), order="F") for _ in range(3)]
    optimizer = SGD(params, lr=1.0, momentum=0.5)
    for order in ("F", "C"):
        grads = [np.arange(12.0).reshape(3, 4).copy(order=order) for _ in params]
        optimizer.step(grads, zero_grads=True)
        assert not any(grad.any() for grad in grads)
    for p in params:
        np.testing.assert_allclose(p, 1.0 - 2.5 * np.arange(12.0).reshape(3, 4))
    assert optimizer.state[0]["momentum_buffer"].flags.f_contiguous
    np.testing.assert_allclose(optimizer.state[0]["momentum_buffer"], 1.5 * np.arange(12.0).reshape(3, 4))


def test_files_with_settings_of_another_type(tmp_path):
    optimizer = Adam([np.ones(2)])
    optimizer.step([np.ones(2)])
    optimizer.param_groups[0]["lr"] = "fast"
    optimizer.save(tmp_path / "state.npz")
    with pytest.raises(ValueError, match=r"cannot load an optimizer's state from .*lr must be a number"):
        Adam([np.ones(2)]).load(tmp_path / "state.npz")
    with pytest.raises(ValueError, match="lr must be at least 0 and finite"):
        Adam([np.ones(2)], lr=10**400)
