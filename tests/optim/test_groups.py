import numpy as np
import pytest

from shrinkage.optim import SGD, AdamW, decay_groups, schedules


def names(groups):
    return {
        name: (group["weight_decay"], group["l1"], group.get("lr")) for group in groups for name in group["param_names"]
    }


ARRAYS = {
    "network.0.weight": np.ones((4, 3)), "network.0.bias": np.ones(4), "network.1.gain": np.ones(4),
    "network.2.weight": np.ones((2, 4)), "network.02.weight": np.ones((2, 4)),
}  # fmt: skip


def test_shapes_tell():
    found = names(decay_groups(ARRAYS, 0.1, l1=0.2))
    assert {name for name, value in found.items() if value[0]} == {name for name in ARRAYS if name.endswith("weight")}
    assert found["network.0.weight"] == (0.1, 0.2, None) and found["network.1.gain"] == (0.0, 0.0, None)
    every = names(decay_groups(ARRAYS.items(), 0.1, decay_bias=True, decay_norm=True))
    assert all(value[0] == 0.1 for value in every.values())
    copies = {name: x.copy() for name, x in ARRAYS.items()}
    AdamW(decay_groups(copies, 0.1)).step({name: np.ones_like(x) for name, x in ARRAYS.items()})


def test_layers_have_their_own_decay_and_rate():
    found = names(decay_groups(ARRAYS, 0.1, layer_decay={"network.0": 0.001, "network": 0.5}))
    assert found["network.0.weight"][0] == 0.001 and found["network.0.bias"][0] == 0.0
    assert found["network.2.weight"][0] == found["network.02.weight"][0] == 0.5
    rates = names(decay_groups(ARRAYS, 0.1, lr=1.0, layer_lr_decay=0.5))
    assert [rates[f"network.{k}"][2] for k in ("0.weight", "1.gain", "2.weight")] == [0.25, 0.5, 1.0]


def test_patterns():
    found = names(decay_groups(ARRAYS, 0.1, no_decay=["network.2.*"]))
    assert found["network.2.weight"][0] == 0.0 and found["network.0.weight"][0] == 0.1
    with pytest.raises(ValueError, match="pattern of no name"):
        decay_groups(ARRAYS, 0.1, no_decay=["head.*"])
    with pytest.raises(ValueError, match="part of no name"):
        decay_groups(ARRAYS, 0.1, layer_decay={"net": 0.1})
    assert names(decay_groups(ARRAYS, 0.1, no_decay="network.2.*")) == found
    with pytest.raises(ValueError, match="needs lr"):
        decay_groups(ARRAYS, 0.1, layer_lr_decay=0.5)
    for wrong in ([np.ones(3)], 5, "ab"):
        with pytest.raises(TypeError, match="pairs of a name and an array"):
            decay_groups(wrong, 0.1)
    with pytest.raises(ValueError, match="has no parameter"):
        decay_groups({}, 0.1)


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda x: {"weight_decay": x}, "weight_decay"), (lambda x: {"weight_decay": 0.1, "l1": x}, "l1"),
        (lambda x: {"weight_decay": 0.1, "layer_decay": {"network.0": x}}, r"layer_decay\['network.0'\]"),
        (lambda x: {"weight_decay": 0.1, "lr": x}, "lr"),
        (lambda x: {"weight_decay": 0.1, "lr": 1.0, "layer_lr_decay": x}, "layer_lr_decay"),
    ],
)  # fmt: skip
def test_strengths_are_finite_numbers(make, name):
    for wrong in (-0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match=f"{name} must be at least 0 and finite"):
            decay_groups(ARRAYS, **make(wrong))
    for other in ("0.1", [0.1], True, 1j):
        with pytest.raises(TypeError, match=f"{name} must be a number"):
            decay_groups(ARRAYS, **make(other))
    decay_groups(ARRAYS, **make(np.float32(0.5)))


def test_wrong_layers():
    for wrong in ([0.1], {0: 0.1}, "network"):
        with pytest.raises(TypeError, match="layer_decay must be a dict"):
            decay_groups(ARRAYS, 0.1, layer_decay=wrong)
    for more in ({"lr": lambda step: 0.1, "layer_lr_decay": 0.5}, {"lr": 0.1, "layer_lr_decay": 0.0}):
        with pytest.raises(ValueError, match="must be positive, and needs lr, a number"):
            decay_groups(ARRAYS, 0.1, **more)


def test_strengths_may_follow_the_step():
    decay, rate = schedules.linear(0.1, 0.0, 2), schedules.constant(1.0)
    groups = decay_groups(ARRAYS, decay, lr=rate, layer_decay={"network.2": schedules.constant(0.0)})
    found = names(groups)
    assert found["network.0.weight"][0] is decay and found["network.0.bias"] == (0.0, 0.0, rate)
    x = {name: array.copy() for name, array in ARRAYS.items()}
    SGD(decay_groups(x, decay, lr=rate)).step({name: np.zeros_like(one) for name, one in x.items()})
    assert (x["network.0.weight"] == 0.9).all() and (x["network.0.bias"] == 1.0).all()


def test_layers_of_torch_tell_what_they_are():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class RMSScale(nn.RMSNorm):
        pass

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.lin = nn.Embedding(5, 4), nn.Linear(4, 4)
            self.bn1, self.b, self.scale = nn.BatchNorm1d(4), nn.GroupNorm(2, 4), RMSScale(4)
            self.lstm = nn.LSTM(4, 4)
            self.tied = nn.Linear(4, 5)
            self.tied.weight = self.table.weight
            self.frozen = nn.Parameter(torch.ones(2, 2), requires_grad=False)

    net = Net()
    found = names(decay_groups(net, 0.1))
    decaying = {name for name, value in found.items() if value[0]}
    assert decaying == {"table.weight", "lin.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0"}
    assert "frozen" not in found and "tied.weight" not in found
    assert names(decay_groups(net, 0.1, decay_embedding=False))["table.weight"][0] == 0.0
    assert names(decay_groups(net, 0.1, decay_norm=True))["bn1.weight"][0] == 0.1
    assert names(decay_groups(net, 0.1, decay_bias=True))["lin.bias"][0] == 0.1
    torch.optim.AdamW([{key: value for key, value in group.items() if key != "l1"} for group in decay_groups(net, 0.1)])


@pytest.mark.parametrize(
    "name, norm",
    [
        ("LayerNorm", True), ("BatchNorm2d", True), ("RMSNorm", True), ("layer_norm", True), ("rmsnorm", True),
        ("LayerNormalization", True), ("RMSNORM", True), ("ScaleNormalisation", True), ("LlamaRMSNormGated", True),
        ("NormalLinear", False), ("NormalizingFlow", False), ("Normalizer", False), ("normal", False),
        ("AbnormalLinear", False), ("NormedLinear", False),
    ],
)  # fmt: skip
def test_norm_is_a_word_of_a_class(name, norm):
    nn = pytest.importorskip("torch").nn
    layer = type(name, (nn.Linear,), {})(3, 3)
    assert names(decay_groups(layer, 0.1))["weight"][0] == (0.0 if norm else 0.1)


@pytest.mark.parametrize(
    "name, bias",
    [
        ("bias", True), ("in_proj_bias", True), ("bias_ih_l0", True), ("bias_hh_l0_reverse", True), ("bias_k", True),
        ("unbiased", False), ("debias_weight", False), ("biases", False), ("weight", False),
    ],
)  # fmt: skip
def test_bias_is_a_word_of_a_name(name, bias):
    torch = pytest.importorskip("torch")
    module = torch.nn.Module()
    module.register_parameter(name, torch.nn.Parameter(torch.ones(3, 3)))
    holder = torch.nn.ModuleDict({"bias": module})  # the name of a module is none of its parameter
    assert names(decay_groups(holder, 0.1))[f"bias.{name}"][0] == (0.0 if bias else 0.1)


def test_lazy_layers_have_no_shape_yet():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.LazyLinear(3))
    for given in (model, model.named_parameters(), dict(model.named_parameters())):
        with pytest.raises(ValueError, match=r"0\.weight has no shape .* run the model once"):
            decay_groups(given, 0.1)
    model(torch.ones(2, 4))
    assert {name: value[0] for name, value in names(decay_groups(model, 0.1)).items()} == {"0.weight": 0.1, "0.bias": 0}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize("way", ["parametrization", "old"])
@pytest.mark.parametrize("dim", [0, 1, None])
def test_magnitudes_of_weight_norm(way, dim):
    nn = pytest.importorskip("torch").nn
    norm = nn.utils.parametrizations.weight_norm if way == "parametrization" else nn.utils.weight_norm
    model = nn.Sequential(norm(nn.Linear(3, 4), dim=dim))
    start = "0.parametrizations.weight.original" if way == "parametrization" else "0.weight_"
    magnitude, direction = (start + end for end in (("0", "1") if way == "parametrization" else ("g", "v")))
    for given in (model, model.named_parameters()):
        found = names(decay_groups(given, 0.1))
        assert found[magnitude][0] == 0.0 and found[direction][0] == 0.1
    assert names(decay_groups(model, 0.1, decay_norm=True))[magnitude][0] == 0.1


def test_other_pairs_are_no_magnitudes():
    pairs = {
        "low.original0": np.ones((4, 1)),
        "low.original1": np.ones((1, 4)),
        "w_g": np.ones((4, 3)),
        "g": np.ones((2, 2)),
    }
    assert all(value[0] for value in names(decay_groups(pairs, 0.1)).values())
