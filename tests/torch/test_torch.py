"""torch's machinery around the optimizers: schedulers, closures, scalers, layouts, errors."""

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from shrinkage import torch as ours  # noqa: E402
from shrinkage.optim import AdamW as NumpyAdamW  # noqa: E402

NAMES = ["SGD", "Adam", "AdamW"]


def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.LayerNorm(8), torch.nn.ReLU(), torch.nn.Linear(8, 1))


def losses(net, optimizer, steps, data=None):
    generator = torch.Generator().manual_seed(1)
    out = []
    for _ in range(steps):
        X = torch.randn(32, 6, generator=generator)
        y = X[:, :1] - 0.5 * X[:, 1:2]
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(X), y)
        loss.backward()
        optimizer.step()
        out.append(loss.item())
    return out


@pytest.mark.parametrize("name", NAMES)
def test_schedulers_and_hooks(name):
    net, other = model(), model()
    mine, theirs = (
        getattr(ours, name)(net.parameters(), lr=0.05),
        getattr(torch.optim, name)(other.parameters(), lr=0.05),
    )
    seen = []
    mine.register_step_post_hook(lambda optimizer, args, kwargs: seen.append(optimizer.param_groups[0]["lr"]))
    for optimizer, own in ((mine, net), (theirs, other)):
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)
        for _ in range(9):
            losses(own, optimizer, 1)
            scheduler.step()
    assert seen == [0.05] * 3 + [0.025] * 3 + [0.0125] * 3
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_closures(name):
    net = model()
    optimizer = getattr(ours, name)(net.parameters(), lr=0.01)
    X = torch.randn(10, 6)

    def closure():
        optimizer.zero_grad()
        loss = net(X).square().mean()
        loss.backward()
        return loss

    before = closure().item()
    assert optimizer.step(closure).item() == before
    assert closure().item() < before


@pytest.mark.parametrize("name", NAMES)
def test_gradient_scalers(name):
    net, other = model(), model()
    mine, theirs = getattr(ours, name)(net.parameters(), lr=0.01), getattr(ours, name)(other.parameters(), lr=0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=1000)
    X = torch.randn(10, 6)
    for k in range(4):
        for optimizer, own in ((mine, net), (theirs, other)):
            optimizer.zero_grad()
            loss = own(X).square().mean()
            if own is net:
                scaler.scale(loss).backward()
                if k == 2:
                    next(net.parameters()).grad[0, 0] = float("inf")
                scaler.step(optimizer)
                scaler.update()
            elif k != 2:
                loss.backward()
                optimizer.step()
    assert scaler.get_scale() == 512.0
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("layout", ["transposed", "channels last", "gaps"])
def test_parameters_of_every_stride(layout):
    def build():
        torch.manual_seed(0)
        p = torch.randn(4, 3, 5, 6)
        if layout == "transposed":
            p = torch.randn(7, 9).T
        elif layout == "channels last":
            p = p.to(memory_format=torch.channels_last)
        else:
            p = torch.randn(8, 12)[::2, ::3]
        return torch.nn.Parameter(p)

    a, b = build(), build()
    assert not a.is_contiguous()
    mine, theirs = ours.AdamW([a], lr=0.1), torch.optim.AdamW([b], lr=0.1)
    for k in range(5):
        torch.manual_seed(k)
        g = torch.randn(a.shape)
        a.grad, b.grad = g, g.clone()
        mine.step()
        theirs.step()
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(mine.state[a]["exp_avg"], theirs.state[b]["exp_avg"])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_two_bytes_with_state_in_four(dtype):
    torch.manual_seed(0)
    a = torch.nn.Parameter(torch.randn(50).to(dtype))
    b = torch.nn.Parameter(a.detach().double())
    mine, exact = ours.AdamW([a], lr=1e-2), torch.optim.AdamW([b], lr=1e-2)
    for k in range(20):
        torch.manual_seed(k)
        g = torch.randn(50).to(dtype)
        a.grad, b.grad = g, g.double()
        mine.step()
        exact.step()
    assert mine.state[a]["exp_avg"].dtype == torch.float32
    torch.testing.assert_close(mine.state[a]["exp_avg_sq"].double(), exact.state[b]["exp_avg_sq"], rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(a.double(), b, rtol=0, atol=20 * torch.finfo(dtype).eps)
    again = ours.AdamW([a])
    again.load_state_dict(mine.state_dict())
    assert torch.equal(again.state[a]["exp_avg"], mine.state[a]["exp_avg"])


def test_compiled_models():
    net = model()
    compiled = torch.compile(net, backend="eager")
    optimizer = ours.AdamW(net.parameters(), lr=0.05)
    found = losses(compiled, optimizer, 40)
    assert found[-1] < 0.5 * found[0]


def test_exact_zeros():
    net = model()
    groups = ours.decay_groups(net, 1e-2, l1=0.05)
    optimizer = ours.AdamW(groups, lr=0.01)
    losses(net, optimizer, 300)
    weights = net[0].weight.detach()
    assert 0.1 < (weights == 0).float().mean() < 1.0
    assert not (net[0].bias == 0).any()


def test_the_same_step_as_on_numpy_arrays():
    x = np.linspace(-1, 1, 7)
    p = torch.nn.Parameter(torch.tensor(x))
    w = x.copy()
    a, b = ours.AdamW([p], lr=0.1, l1=0.2, weight_decay=0.3), NumpyAdamW([w], lr=0.1, l1=0.2, weight_decay=0.3)
    for k in range(5):
        g = np.sin(np.arange(7.0) + k)
        p.grad = torch.tensor(g)
        a.step()
        b.step([g])
    np.testing.assert_array_equal(p.detach().numpy(), w)


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles(name):
    net = model()
    optimizer = getattr(ours, name)(net.parameters(), lr=0.01, l1=0.1, nonfinite="skip")
    losses(net, optimizer, 3)
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert other.nonfinite == "skip" and other.param_groups[0]["l1"] == 0.1
        for parameter in other.param_groups[0]["params"]:
            parameter.grad = torch.ones_like(parameter)
        other.step()


def test_state_that_was_replaced_is_used():
    p = torch.nn.Parameter(torch.zeros(3))
    optimizer = ours.SGD([p], lr=1.0, momentum=0.5)
    p.grad = torch.ones(3)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = torch.full((3,), 10.0)
    optimizer.step()
    torch.testing.assert_close(p.detach(), torch.full((3,), -7.0))
    p.data = torch.zeros(3)  # and so is a parameter's new memory
    p.grad = torch.zeros(3)
    optimizer.step()
    torch.testing.assert_close(p.detach(), torch.full((3,), -3.0))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_gradients_that_are_not_finite(value):
    def build(nonfinite):
        params = [torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(2))]
        for p in params:
            p.grad = torch.ones_like(p)
        params[1].grad[1] = value
        return params, ours.Adam([("first", params[0]), ("second", params[1])], nonfinite=nonfinite)

    params, optimizer = build("raise")
    with pytest.raises(ValueError, match="gradient of second has NaN or infinity"):
        optimizer.step()
    assert all(torch.equal(p, torch.ones_like(p)) for p in params) and not optimizer.state
    params, optimizer = build("skip")
    optimizer.step()
    assert all(torch.equal(p, torch.ones_like(p)) for p in params) and optimizer.steps_skipped == 1
    params, optimizer = build("propagate")
    optimizer.step()
    assert not torch.isfinite(params[1]).all() and torch.isfinite(params[0]).all()


def test_what_cannot_be():
    p = torch.nn.Parameter(torch.ones(3))
    with pytest.raises(ValueError, match="capturable must be False"):
        ours.Adam([p], capturable=True)
    with pytest.raises(ValueError, match="lr must be at least 0"):
        ours.Adam([p], lr=-1.0)
    with pytest.raises(ValueError, match="nesterov needs momentum"):
        ours.SGD([p], nesterov=True)
    with pytest.raises(TypeError, match="must be float64"):
        ours.SGD([torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))])
    with pytest.raises(ValueError, match="is on meta"):
        ours.SGD([torch.nn.Parameter(torch.ones(3, device="meta"))])
    optimizer = ours.SGD([p])
    p.grad = torch.ones(3).to_sparse()
    with pytest.raises(TypeError, match="layout"):
        optimizer.step()
    state = ours.Adam([("a", torch.nn.Parameter(torch.ones(3)))]).state_dict()
    with pytest.raises(ValueError, match="parameter a where the optimizer has b"):
        ours.Adam([("b", p)]).load_state_dict(state)
    q = torch.nn.Parameter(torch.ones(4))
    q.grad = torch.ones(4)
    one = ours.Adam([q])
    one.step()
    with pytest.raises(ValueError, match="exp_avg of parameter 0 must have shape"):
        ours.Adam([p]).load_state_dict(one.state_dict())


def test_float32_feels_a_decay_of_1e_8():
    p = torch.nn.Parameter(torch.full((1000,), 1.0))
    p.data += torch.linspace(0, 0.9, 1000)
    start = p.detach().double().clone()
    optimizer = ours.AdamW([p], lr=1e-4, weight_decay=1e-4)
    p.grad = torch.zeros(1000)
    for _ in range(20_000):
        optimizer.step()
    expected = (1 - 1e-8) ** 20_000
    assert ((p.double() / start).mean() - expected).abs() < 1e-5
    assert (p.double() / start).mean() < 1 - 1e-4
