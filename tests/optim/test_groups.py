import numpy as np
import pytest

from shrinkage.optim import AdamW, decay_groups


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
    AdamW(decay_groups(ARRAYS, 0.1)).step({name: np.ones_like(x) for name, x in ARRAYS.items()})


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
    with pytest.raises(ValueError, match="at least 0"):
        decay_groups(ARRAYS, -0.1)
    with pytest.raises(ValueError, match="needs lr"):
        decay_groups(ARRAYS, 0.1, layer_lr_decay=0.5)
    with pytest.raises(TypeError, match="pairs of a name and an array"):
        decay_groups([np.ones(3)], 0.1)
    with pytest.raises(ValueError, match="has no parameter"):
        decay_groups({}, 0.1)


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
