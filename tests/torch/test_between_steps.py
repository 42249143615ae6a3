"""What a user may do to parameters, gradients and state between two steps: as torch takes it, or an error."""

import collections
import copy
import gc
import math
import threading
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.optim.optimizer import register_optimizer_step_pre_hook  # noqa: E402

from shrinkage import optim  # noqa: E402
from shrinkage import torch as ours  # noqa: E402
from shrinkage.optim import schedules  # noqa: E402


@pytest.fixture(params=["DLPack", "Python"], autouse=True)
def how_tensors_are_looked_at(request, monkeypatch):
    if request.param == "Python":
        monkeypatch.setattr(ours, "_dlpack", None)
    else:
        assert ours._dlpack is not None


def made(library, name="SGD", shape=(3,), **options):
    p = torch.nn.Parameter(torch.arange(1.0, 1.0 + math.prod(shape)).reshape(shape))
    options = {"lr": 0.5} | ({"momentum": 0.5} if name == "SGD" else {}) | options
    return p, getattr(library, name)([p], **options)


def step(p, optimizer, value=1.0):
    p.grad = torch.full_like(p, value)
    optimizer.step()


def replace_momentum(p, optimizer):
    optimizer.state[p]["momentum_buffer"] = torch.full(p.shape, 10.0)


def move_momentum(p, optimizer):
    optimizer.state[p]["momentum_buffer"].data = torch.full(p.shape, 10.0)


def share(p, optimizer):
    for own in optimizer.state.values():
        for value in own.values():
            value.share_memory_()
    gc.collect()


def clear(p, optimizer):
    optimizer.state.clear()


def forget(p, optimizer):
    del optimizer.state[p]


def reassign(p, optimizer):
    optimizer.state = collections.defaultdict(dict)


def new_data(p, optimizer):
    p.data = torch.full(p.shape, 7.0)


def transpose(p, optimizer):
    p.data = p.data.t()


def switch_off_and_on(p, optimizer):
    optimizer.param_groups[0]["momentum"] = 0.0
    step(p, optimizer)
    optimizer.param_groups[0]["momentum"] = 0.5


@pytest.mark.parametrize("change", [
    replace_momentum, move_momentum, share, clear, forget, reassign, new_data, transpose, switch_off_and_on,
])  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"dampening": 0.3}], ids=["", "dampening"])
def test_momentum(change, options):
    found = []
    for library in (ours, torch.optim):
        p, optimizer = made(library, shape=(3, 3), **options)
        for k in range(2):
            step(p, optimizer, 1.0 + k)
        change(p, optimizer)
        for k in range(3):
            step(p, optimizer, 2.0 + k)
        found.append((p.detach(), optimizer.state[p]["momentum_buffer"]))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_adam_starts_anew():
    def restart(p, optimizer):
        optimizer.state[p]["step"] = torch.tensor(0.0)

    for change in (restart, share, clear):
        found = []
        for library in (ours, torch.optim):
            p, optimizer = made(library, "AdamW")
            for k in range(3):
                step(p, optimizer, 1.0 + k)
            change(p, optimizer)
            step(p, optimizer, -1.0)
            found.append((p.detach(), optimizer.state[p]["step"]))
        for mine, theirs in zip(*found, strict=True):
            torch.testing.assert_close(mine, theirs)


def test_a_view_of_another_length():
    for first, then in ((6, 2), (3, 6)):
        found = []
        for library in (ours, torch.optim):
            buffer, grads = torch.full((6,), -100.0), torch.ones(6)
            p = torch.nn.Parameter(buffer[:first])
            optimizer = library.SGD([p], lr=1.0)
            p.grad = grads[:first]
            optimizer.step()
            p.grad = None
            p.data = buffer[:then]
            p.grad = grads[:then]
            optimizer.step()
            found.append(buffer)
        assert torch.equal(*found)


def test_state_of_another_shape_is_an_error():
    p, optimizer = made(ours, shape=(2, 3))
    step(p, optimizer)
    p.grad = None
    p.data = torch.zeros(4, 3)
    with pytest.raises(ValueError, match=r"momentum_buffer of parameter 0 must have shape \(4, 3\), got \(2, 3\)"):
        step(p, optimizer)
    assert not p.any()


def test_parameters_that_are_replaced_appended_or_removed():
    def replaced(optimizer, q):
        optimizer.param_groups[0]["params"][0] = q

    def appended(optimizer, q):
        optimizer.param_groups[0]["params"].append(q)

    def removed(optimizer, q):
        optimizer.param_groups.pop(0)
        optimizer.param_groups[0]["params"].append(q)

    for change in (replaced, appended, removed):
        found = []
        for library in (ours, torch.optim):
            params = [torch.nn.Parameter(torch.zeros(2)) for _ in range(3)]
            optimizer = library.SGD([{"params": params[:1], "lr": 1.0}, {"params": params[1:2], "lr": 0.1}])
            for k in range(2):
                for p in params:
                    p.grad = torch.ones(2)
                optimizer.step()
                if k == 0:
                    change(optimizer, params[2])
            found.append(torch.stack([p.detach() for p in params]))
        assert torch.equal(*found)


def test_a_step_is_an_in_place_change_to_autograd():
    w = torch.nn.Parameter(torch.ones(3))
    still = torch.nn.Parameter(torch.ones(3))
    optimizer = ours.SGD([w, still], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    assert still._version == 0


def test_gradients_are_let_go():
    p, optimizer = made(ours)
    step(p, optimizer)
    grad = weakref.ref(p.grad)
    p.grad = None
    gc.collect()
    assert grad() is None
    step(p, optimizer)


def gradient_in_other_order():
    return torch.arange(12.0).reshape(3, 4).t(), torch.arange(12.0).reshape(3, 4).t()


def negative_gradient():
    return torch._neg_view(torch.ones(4, 3)), -torch.ones(4, 3)


def zeros_that_are_nowhere():
    return torch._efficientzerotensor((4, 3)), torch.zeros(4, 3)


def expanded_gradient():
    return torch.full((1, 3), 2.0).expand(4, 3), torch.full((4, 3), 2.0)


@pytest.mark.parametrize("build", [
    gradient_in_other_order, negative_gradient, zeros_that_are_nowhere, expanded_gradient,
])  # fmt: skip
def test_gradients_of_every_form(build):
    found = []
    for k, library in enumerate((ours, torch.optim)):
        p, optimizer = made(library, shape=(4, 3), weight_decay=0.1)
        for grads in ((torch.ones(4, 3), torch.ones(4, 3)), build(), build(), (torch.ones(4, 3), torch.ones(4, 3))):
            p.grad = grads[k]
            optimizer.step()
        found.append(p.detach())
    torch.testing.assert_close(*found)


def test_gradients_of_another_type():
    p = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    if not hasattr(p, "grad_dtype"):
        pytest.skip("gradients have the type of their parameter")
    p.grad_dtype = torch.float32
    p.grad = torch.full((4,), 0.5)
    ours.SGD([p], lr=1.0).step()
    assert torch.equal(p.detach(), torch.full((4,), 0.5, dtype=torch.bfloat16))


def test_parameters_of_another_type():
    p, optimizer = made(ours, momentum=0.0)
    step(p, optimizer)
    p.grad = None
    p.data = p.data.double()
    step(p, optimizer)
    assert torch.equal(p.detach(), torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64))


def test_other_defaults_of_torch():
    found = []
    for dtype in (torch.bfloat16, torch.float32):
        p, optimizer = made(ours, "AdamW")
        try:
            torch.set_default_dtype(dtype)
            with torch.device("meta" if dtype is torch.bfloat16 else "cpu"):
                for k in range(3):
                    step(p, optimizer, 1.0 + k)
        finally:
            torch.set_default_dtype(torch.float32)
        assert optimizer.state[p]["step"].dtype == torch.float32
        found.append(p.detach())
    assert torch.equal(*found)


def test_hooks_of_every_kind():
    seen = []
    p, optimizer = made(ours)
    handles = [
        optimizer.register_step_pre_hook(lambda *_: seen.append("before")),
        optimizer.register_step_post_hook(lambda *_: seen.append("after")),
        register_optimizer_step_pre_hook(lambda *_: seen.append("every")),
    ]
    step(p, optimizer)
    for handle in handles:
        handle.remove()
    step(p, optimizer)
    assert sorted(seen) == ["after", "before", "every"]
    with torch.autograd.profiler.profile() as profile:
        step(p, optimizer)
    assert any(event.name == "Optimizer.step#SGD.step" for event in profile.function_events)


def test_hooks_of_loading_see_what_is_loaded_and_change_it():
    p, optimizer = made(ours, "Adam")
    step(p, optimizer)
    state, seen = optimizer.state_dict(), []

    def zero(optimizer, state_dict):
        state_dict = copy.deepcopy(state_dict)
        state_dict["state"][0]["exp_avg"].zero_()
        return state_dict

    optimizer.register_load_state_dict_pre_hook(zero)
    optimizer.register_load_state_dict_post_hook(lambda one: seen.append(float(one.state[p]["exp_avg"].sum())))
    optimizer.load_state_dict(state)
    assert seen == [0.0] and state["state"][0]["exp_avg"].all()
    assert len(optimizer._optimizer_load_state_dict_pre_hooks) == 1


def test_owed_decay_is_a_part_of_the_state():
    p = torch.nn.Parameter(torch.linspace(1.0, 1.9, 1000))
    start = p.detach().double().clone()
    options = {"lr": 1e-4, "weight_decay": 1e-4, "decoupled_weight_decay": True}
    optimizer = ours.SGD([p], **options)
    for k in range(2000):
        if k % 10 == 0:
            state = optimizer.state_dict()
            optimizer = ours.SGD([p], **options)
            optimizer.load_state_dict(state)
        step(p, optimizer, 0.0)
    assert abs(float((p.detach().double() / start).mean()) - (1 - 1e-8) ** 2000) < 1e-6
    assert float((p.detach().double() / start).mean()) < 1 - 1.5e-5
    half = torch.nn.Parameter(torch.linspace(1.0, 1.9, 100).to(torch.bfloat16))
    start = half.detach().double().clone()
    optimizer = ours.AdamW([half], lr=1e-2, weight_decay=1e-2)
    for _ in range(1000):
        step(half, optimizer, 0.0)
    owed = optimizer.state[half]["owed_decay"]
    assert owed.ndim == 0 and 0.98 < float(owed) <= 1.0
    assert abs(float((half.detach().double() / start).mean()) - math.exp(-0.1)) < 0.02


def test_adamw_stays_decoupled_whatever_it_loads():
    p, adam = made(ours, "Adam", weight_decay=0.1)
    step(p, adam)
    _, adamw = made(ours, "AdamW", weight_decay=0.1)
    adamw.load_state_dict(adam.state_dict())
    assert adamw.param_groups[0]["decoupled_weight_decay"] is True
    with pytest.raises(ValueError, match="has no exp_avg, exp_avg_sq and step"):
        sgd = made(ours)
        step(*sgd)
        adamw.load_state_dict(sgd[1].state_dict())
    for broken in ({}, {"state": {}}):
        with pytest.raises(ValueError, match="a state_dict has"):
            adamw.load_state_dict(broken)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_state_goes_to_numpy_arrays_and_back(name):
    options = {"lr": 0.1, "weight_decay": 0.01, "l1": 0.02} | ({"momentum": 0.9} if name == "SGD" else {})
    p, optimizer = made(ours, name, **options)
    for k in range(3):
        step(p, optimizer, 1.0 + k)
    w = p.detach().numpy().copy()
    other = getattr(optim, name)([w], lr=9.0)
    other.load_state_dict(optimizer.state_dict())
    q, back = made(ours, name)
    with torch.no_grad():
        q.copy_(p)
    back.load_state_dict(other.state_dict())
    assert back.param_groups[0]["l1"] == other.param_groups[0]["l1"] == 0.02
    for k in range(3):
        step(p, optimizer, 3.0 - k)
        step(q, back, 3.0 - k)
        other.step([np.full(3, 3.0 - k, np.float32)])
    np.testing.assert_array_equal(p.detach().numpy(), w)
    assert torch.equal(p, q)


def test_schedulers_and_decay_that_follows_them():
    p, optimizer = made(ours, "AdamW", lr=0.1, weight_decay=0.1, decay="schedule")
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=20)
    least = 1.0
    for _ in range(19):
        before = p.detach().clone()
        step(p, optimizer, 0.0)
        least = min(least, float((p.detach() / before).min()))
        scheduler.step()
    assert least == pytest.approx(0.9, rel=1e-3)
    # a step of rate 0, which some make to have state, is not the rate at full height
    p, optimizer = made(ours, "AdamW", lr=0.0, weight_decay=0.1, decay="schedule")
    step(p, optimizer, 0.0)
    optimizer.param_groups[0]["lr"] = 0.5
    step(p, optimizer, 0.0)
    torch.testing.assert_close(p.detach(), torch.tensor([0.9, 1.8, 2.7]))


def test_scaled_gradients_are_unscaled_where_they_are():
    found = []
    for library, more in ((ours, {}), (torch.optim, {"fused": True})):
        p, optimizer = made(library, "AdamW", **more)
        optimizer.grad_scale, optimizer.found_inf = torch.tensor(4.0), torch.tensor(0.0)
        step(p, optimizer, 8.0)
        found.append((p.detach(), p.grad))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_thresholds_of_both_forms_in_single_precision():
    found = {}
    for proximal in ("decoupled", "metric"):
        for dtype in (torch.float32, torch.float64):
            p = torch.nn.Parameter(torch.linspace(-1, 1, 9, dtype=dtype))
            optimizer = ours.AdamW([p], lr=torch.tensor(0.1), l1=2.0, proximal=proximal)
            for k in range(4):
                p.grad = torch.sin(torch.arange(9, dtype=dtype) + k)
                optimizer.step()
            found[proximal, dtype] = p.detach().double()
        torch.testing.assert_close(found[proximal, torch.float32], found[proximal, torch.float64], rtol=0, atol=1e-6)
        assert 0 < (found[proximal, torch.float64] == 0).sum() < 9
    assert (found["metric", torch.float64] - found["decoupled", torch.float64]).abs().max() > 1e-3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gradients_of_two_bytes_that_are_not_finite(dtype):
    p = torch.nn.Parameter(torch.ones(3, dtype=dtype))
    optimizer = ours.SGD([p], nonfinite="raise")
    p.grad = torch.tensor([0.0, float("inf"), 1.0], dtype=dtype)
    with pytest.raises(ValueError, match="gradient of parameter 0 has NaN or infinity"):
        optimizer.step()
    assert torch.equal(p.detach(), torch.ones(3, dtype=dtype))


def test_what_cannot_be():
    p, optimizer = made(ours, "AdamW")
    with pytest.raises(TypeError, match="a setting must be a number, got the function"):
        ours.AdamW([p], lr=lambda step: 0.1)
    optimizer.param_groups[0]["l1"] = lambda step: 0.1
    with pytest.raises(TypeError, match="a setting must be a number"):
        step(p, optimizer)
    assert not optimizer.state and torch.equal(p.detach(), torch.tensor([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="several numbers of parameter 0 are in the same memory"):
        ours.SGD([torch.nn.Parameter(torch.ones(1).expand(3))])
    q = torch.nn.Parameter(torch.ones(2))
    for group, words in [
        ({"params": [q], "capturable": True}, "capturable must be False"), ({"params": [q], "lr": -1.0}, "lr must be"),
        ({"params": [q], "weight_decay": 3.0, "decay": "constant"}, None),
    ]:  # fmt: skip
        _, optimizer = made(ours, "AdamW")
        if words is not None:
            with pytest.raises(ValueError, match=words):
                optimizer.add_param_group(group)
            assert len(optimizer.param_groups) == 1
            continue
        optimizer.add_param_group(group)
        with pytest.raises(ValueError, match=r"group 1: weight_decay=3 takes 3 times a parameter away"):
            step(q, optimizer)
        assert torch.equal(q.detach(), torch.ones(2)) and not optimizer.state


def test_states_saved_alone_are_small(tmp_path):
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(1000)]
    optimizer = ours.Adam(params)
    for p in params:
        p.grad = torch.ones(1)
    optimizer.step()
    torch.save(optimizer.state_dict()["state"][0], tmp_path / "one.pt")
    assert (tmp_path / "one.pt").stat().st_size < 4000


def test_views_of_one_parameter_and_one_gradient():
    for cut in ((slice(None), slice(0, 8)), (slice(None, None, 2), slice(None))):
        found = []
        for library in (ours, torch.optim):
            buffer, grads = torch.arange(128.0).reshape(8, 16), torch.arange(128.0).reshape(8, 16) / 100
            p = torch.nn.Parameter(buffer[cut])
            optimizer = library.SGD([p], lr=0.1, momentum=0.9)
            for _ in range(3):
                p.grad = grads[cut]
                optimizer.step()
            found.append(buffer)
        torch.testing.assert_close(*found)


def test_a_gradient_that_is_refused_leaves_no_trace():
    params = [torch.nn.Parameter(torch.zeros(4, 6)[:, ::2]), torch.nn.Parameter(torch.zeros(3))]
    optimizer = ours.SGD(params, lr=1.0)
    params[0].grad, params[1].grad = torch.ones(4, 3), torch.ones(3).to_sparse()
    for _ in range(2):
        with pytest.raises(TypeError, match="gradient of parameter 1 has the layout"):
            optimizer.step()
        assert not params[0].any()
    params[1].grad = torch.ones(3)
    optimizer.step()
    assert (params[0] == -1).all() and (params[1] == -1).all()


def test_groups_may_hold_tuples_and_parameters_share_memory():
    params = [torch.nn.Parameter(torch.zeros(4)) for _ in range(3)]
    optimizer = ours.SGD(params, lr=1.0)
    optimizer.param_groups[0]["params"] = tuple(params)
    for p in params:
        p.grad = torch.ones(4)
    optimizer.step()
    assert all((p == -1).all() for p in params)
    base = torch.zeros(20_000)
    params = [torch.nn.Parameter(base) for _ in range(2)]
    optimizer = ours.SGD(params, lr=1.0)
    for p in params:
        p.grad = torch.ones(20_000)
    for _ in range(500):
        base.zero_()
        optimizer.step()
        assert (base == -2).all()


def test_gradients_that_another_thread_replaces():
    p = torch.nn.Parameter(torch.zeros(1_000_000))
    p.grad = torch.ones(1_000_000)
    optimizer, stop = ours.SGD([p], lr=1e-9), threading.Event()

    def replace():
        while not stop.is_set():
            p.grad = torch.ones(1_000_000)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(300):
            optimizer.step()
    finally:
        stop.set()
        thread.join()
    assert (p < 0).all()


def test_optimizers_are_let_go():
    gc.collect()
    gc.disable()
    try:
        p, optimizer = made(ours, "AdamW")
        step(p, optimizer)
        left = weakref.ref(optimizer)
        del optimizer
        assert left() is None
        other = optim.SGD([np.ones(3)], lr=schedules.constant(0.1))
        other.step([np.ones(3)])
        left = weakref.ref(other)
        del other
        assert left() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
@pytest.mark.parametrize("steps", [0, 2])
def test_training_steps_that_are_compiled(name, steps):
    found = []
    for backend in (None, "eager"):
        torch.manual_seed(0)
        net, x = torch.nn.Linear(4, 3), torch.randn(5, 4)
        optimizer = getattr(ours, name)(net.parameters(), lr=0.01)

        def train(net=net, x=x, optimizer=optimizer):
            optimizer.zero_grad()
            loss = net(x).square().sum()
            loss.backward()
            optimizer.step()
            return loss

        for _ in range(steps):
            train()
        compiled = train if backend is None else torch.compile(train, backend=backend)
        found.append([compiled().item() for _ in range(4)])
    assert found[0] == found[1] and found[0][-1] < found[0][0]


def test_schedules_that_end_at_zero_but_for_rounding():
    p, optimizer = made(ours, lr=0.1)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.7, end_factor=0.0, total_iters=58)
    least = 1.0
    for _ in range(61):
        step(p, optimizer)
        least = min(least, optimizer.param_groups[0]["lr"])
        scheduler.step()
    assert -1e-12 < least < 0


def test_what_is_loaded_is_checked_before_anything_changes():
    p, optimizer = made(ours, "Adam")
    step(p, optimizer)
    kept = copy.deepcopy(optimizer.state_dict())
    for change, error, words in [
        (lambda state: state["state"][0].update(step="x"), ValueError, "step of parameter 0 must be a whole number"),
        (lambda state: state["state"][0].update(exp_avg=torch.zeros(3).to_sparse()), TypeError, "it must be dense"),
        (lambda state: state["state"][0].update(owed_decay=-1.0), ValueError, "owed_decay of parameter 0"),
        (lambda state: state["param_groups"][0].update(betas=(2.0, 0.9)), ValueError, r"betas\[0\] must be"),
    ]:
        state = copy.deepcopy(kept)
        change(state)
        with pytest.raises(error, match=words):
            optimizer.load_state_dict(state)
        assert optimizer.param_groups[0]["betas"] == (0.9, 0.999) and optimizer.state[p]["step"] == 1
        assert torch.equal(optimizer.state[p]["exp_avg"], kept["state"][0]["exp_avg"])
    optimizer.state[p]["step"] = 5
    assert optimizer.state_dict()["state"][0]["step"] == 5
    step(p, optimizer)
    assert optimizer.state[p]["step"] == 6


def test_parameters_without_memory_of_their_own():
    two_tensor = pytest.importorskip("torch.testing._internal.two_tensor").TwoTensor
    for wrong in (two_tensor(torch.zeros(4), torch.zeros(4)), torch._neg_view(torch.ones(4))):
        with pytest.raises(TypeError, match="numbers are not in memory as they are"):
            ours.SGD([torch.nn.Parameter(wrong)])
    _, optimizer = made(ours)
    with pytest.raises(ValueError, match="has no shape yet: run the model once"):
        optimizer.add_param_group({"params": list(torch.nn.LazyLinear(3).parameters())})
    assert len(optimizer.param_groups) == 1
    p, optimizer = made(ours, lr=torch.tensor([0.5]), momentum=0.0)
    step(p, optimizer)
    assert torch.equal(p.detach(), torch.tensor([0.5, 1.5, 2.5]))


def test_a_scaled_gradient_stays_where_a_setting_is_wrong():
    p, optimizer = made(ours)
    optimizer.grad_scale, optimizer.found_inf = torch.tensor(8.0), torch.tensor(0.0)
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(ValueError, match="lr must be"):
        step(p, optimizer, 8.0)
    assert (p.grad == 8).all()
