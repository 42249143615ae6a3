"""Two hundred steps beside torch's own optimizers: parameters and state."""

import functools
import itertools

import pytest

torch = pytest.importorskip("torch")
from shrinkage import torch as ours  # noqa: E402

STEPS = 200
SHAPES = [(7, 5), (11,), (3, 4, 2), (), (1, 6)]


def parameters(dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)) for shape in SHAPES
    ]


@functools.cache
def draws():
    """For every step, what is added to parameters to be gradients of a quadratic about a target, with noise."""
    generator = torch.Generator().manual_seed(1)
    first, *rest = (
        [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES] for _ in range(STEPS + 1)
    )
    return [[0.3 * noise - target for noise, target in zip(one, first, strict=True)] for one in rest]


def train(optimizer, params, dtype, steps=STEPS):
    """Steps with gradients of `draws`; one parameter has none at every third step."""
    for k, added in enumerate(draws()[:steps]):
        for i, (p, more) in enumerate(zip(params, added, strict=True)):
            # of the precision that is compared, in the other's type where that is wider
            grad = (p.detach().double() + more).to(dtype).to(p.dtype)
            p.grad = None if i == 1 and k % 3 == 0 else grad
        optimizer.step()


def tensors(optimizer, params):
    """Parameters and their state by name."""
    out = {("p", k): p.detach() for k, p in enumerate(params)}
    for k, p in enumerate(params):
        out |= {(key, k): value for key, value in optimizer.state[p].items() if value is not None}
    return out


def compare(mine, theirs, exact, dtype):
    """Ours are where torch's are, to 4 units in the last place times what 200 roundings come to, and to what torch's
    lose themselves beside double precision: 1 - lr weight_decay is rounded to float there."""
    assert set(mine) == set(theirs) == set(exact)
    for key, value in theirs.items():
        assert mine[key].dtype == value.dtype and mine[key].shape == value.shape
        scale = float(value.abs().max()) + (1.0 if key[0] == "p" else 1e-30)
        lost = float((value.double() - exact[key].double()).abs().max())
        bound = 4 * torch.finfo(dtype).eps * STEPS**0.5 * scale
        assert float((mine[key] - value).abs().max()) <= bound + lost
        assert float((mine[key].double() - exact[key].double()).abs().max()) <= bound + lost


SGD_FLAGS = [
    dict(momentum=momentum, dampening=dampening, nesterov=nesterov, maximize=maximize, weight_decay=decay)
    for momentum, dampening, nesterov, maximize, decay in itertools.product(
        (0.0, 0.9), (0.0, 0.3), (False, True), (False, True), (0.0, 0.05)
    )
    if not nesterov or (momentum and not dampening)
]
ADAM_FLAGS = [
    dict(amsgrad=amsgrad, maximize=maximize, weight_decay=decay, betas=betas, eps=eps)
    for amsgrad, maximize, decay, betas, eps in itertools.product(
        (False, True), (False, True), (0.0, 0.05), ((0.9, 0.999), (0.3, 0.8)), (1e-8, 1e-3)
    )
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["single", "double"])
@pytest.mark.parametrize("name, flags", [
    *(("SGD", flags) for flags in SGD_FLAGS), *(("Adam", flags) for flags in ADAM_FLAGS),
    *(("AdamW", flags) for flags in ADAM_FLAGS),
])  # fmt: skip
def test_two_hundred_steps(name, flags, dtype):
    flags = dict(flags, lr=0.01)
    my_params, their_params, plain = parameters(dtype), parameters(dtype), parameters(dtype)
    mine, theirs = (
        getattr(ours, name)(my_params, **flags),
        getattr(torch.optim, name)(their_params, foreach=False, **flags),
    )
    train(mine, my_params, dtype)
    train(theirs, their_params, dtype)
    wide, exact = their_params, theirs
    if dtype is not torch.float64:
        wide = parameters(torch.float64)
        with torch.no_grad():
            for p, q in zip(wide, parameters(dtype), strict=True):
                p.copy_(q)
        exact = getattr(torch.optim, name)(wide, **flags)
        train(exact, wide, dtype)
    compare(tensors(mine, my_params), tensors(theirs, their_params), tensors(exact, wide), dtype)
    if flags["weight_decay"]:  # which makes a difference
        train(getattr(torch.optim, name)(plain, **(flags | {"weight_decay": 0.0})), plain, dtype)
        assert max(float((a - b).detach().abs().max()) for a, b in zip(plain, their_params, strict=True)) > 1e-3


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize("forth", [True, False])
def test_state_goes_over_in_both_directions(name, forth):
    flags = {"lr": 0.01, "weight_decay": 0.05} | ({"momentum": 0.9} if name == "SGD" else {"amsgrad": True})
    first, second = (ours, torch.optim) if forth else (torch.optim, ours)
    a, b, c = parameters(torch.float64), parameters(torch.float64), parameters(torch.float64)
    start, whole = getattr(first, name)(a, **flags), getattr(torch.optim, name)(c, **flags)
    train(start, a, torch.float64, 20)
    train(whole, c, torch.float64, 20)
    with torch.no_grad():
        for p, q in zip(b, a, strict=True):
            p.copy_(q)
    then = getattr(second, name)(b, lr=1.0)
    then.load_state_dict(start.state_dict())
    train(then, b, torch.float64, 20)
    train(whole, c, torch.float64, 20)
    for p, q in zip(b, c, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-12)
    assert then.param_groups[0]["lr"] == 0.01


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_a_round_trip_is_equal_to_the_bit(name):
    flags = {"lr": 1e-4, "weight_decay": 1e-4, "l1": 1e-3} | ({"momentum": 0.9} if name == "SGD" else {})
    a, b = parameters(torch.float32), parameters(torch.float32)
    one = getattr(ours, name)(a, **flags)
    train(one, a, torch.float32, 30)
    with torch.no_grad():
        for p, q in zip(b, a, strict=True):
            p.copy_(q)
    two = getattr(ours, name)(b)
    two.load_state_dict(one.state_dict())
    train(one, a, torch.float32, 30)
    train(two, b, torch.float32, 30)
    for p, q in zip(a, b, strict=True):
        assert torch.equal(p, q)
