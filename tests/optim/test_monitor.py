import numpy as np
import pytest

from shrinkage.optim import History, weight_stats


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_weight_stats(dtype, rng):
    params = {"a": rng.standard_normal((40, 30)).astype(dtype), "b": np.array([0.0, -3.0, 0.0, 4.0], dtype)}
    before = {name: x + dtype(0.5) for name, x in params.items()}
    every, each = weight_stats(params, before)
    joined = np.concatenate([x.ravel().astype(float) for x in params.values()])
    assert every.norm == pytest.approx(np.linalg.norm(joined)) and every.size == 1204
    assert every.mean_abs == pytest.approx(np.abs(joined).mean()) and every.max_abs == np.abs(joined).max()
    assert every.zeros == pytest.approx(2 / 1204)
    b = each["b"]
    assert (b.norm, b.max_abs, b.mean_abs, b.zeros, b.size) == (5.0, 4.0, 1.75, 0.5, 4)
    assert b.update_ratio == pytest.approx(1.0 / np.linalg.norm(before["b"].astype(float)))
    assert np.isnan(weight_stats(params)[0].update_ratio)


def test_history_and_its_frame(rng):
    history = History()
    for k in range(3):
        history.record(train_loss=1.0 / (k + 1), val_loss=0.5, params=[np.array([3.0, 4.0 * k])])
    assert history["train_loss"] == [1.0, 0.5, pytest.approx(1 / 3)]
    assert history["weight_norm"][:2] == [3.0, 5.0] and history["zeros"] == [0.5, 0.0, 0.0]
    frame = history.to_frame()
    assert list(frame.columns)[:2] == ["train_loss", "val_loss"] and len(frame) == 3
    with pytest.raises(ValueError, match="record the same each time"):
        history.record(train_loss=1.0)
    with pytest.raises(ValueError, match="was given nothing"):
        history.record()
    with pytest.raises(ValueError, match="zeros is recorded of params"):
        history.record(train_loss=1.0, val_loss=1.0, zeros=0.5, params=[np.ones(3)])
    assert len(history["val_loss"]) == 3


def test_earlier_arrays_go_by_name():
    now = {"a": np.array([3.0, 4.0]), "b": np.array([4.0, 3.0])}
    before = {"b": now["b"] * 2, "a": now["a"] * 4}
    each = weight_stats(now, before)[1]
    assert each["a"].update_ratio == 0.75 and each["b"].update_ratio == 0.5
    assert weight_stats(list(now.items()), list(before.items()))[1] == each
    assert weight_stats(now, [before["a"], before["b"]])[1] == each  # without names, by position
    groups = [{"params": list(now.values()), "param_names": list(now), "lr": 0.1}]
    assert weight_stats(groups, before)[1] == each
    unnamed = weight_stats(list(now.values()), [before["a"], before["b"]])[1]
    assert [one.update_ratio for one in unnamed.values()] == [0.75, 0.5]
    for wrong, message in (
        ({"a": before["a"]}, "params has b, which before has not"),
        (before | {"c": np.ones(1)}, "before has c, which params has not"),
        ([before["a"]], "which .* has not"),
        ({"a": np.ones(3), "b": np.ones(2)}, r"before has a as float64 of shape \(3,\), where it is float64 of shape"),
        ({"a": np.ones(2, np.float32), "b": np.ones(2)}, "before has a as float32"),
        (now, "before has a itself"),
    ):
        with pytest.raises(ValueError, match=message):
            weight_stats(now, wrong)


def test_a_name_is_that_of_one_array():
    with pytest.raises(ValueError, match="a is the name of two arrays"):
        weight_stats([("a", np.ones(2)), ("a", np.zeros(2))])
    with pytest.raises(ValueError, match="a is the name of two arrays"):
        weight_stats([{"params": {"a": np.ones(2)}}, {"params": {"a": np.ones(3)}}])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nan_is_not_hidden(dtype):
    every, each = weight_stats({"a": np.array([1.0, np.nan], dtype), "b": np.array([np.inf, 2.0], dtype)})
    assert np.isnan([each["a"].max_abs, each["a"].norm, each["a"].mean_abs]).all()
    assert each["b"].max_abs == each["b"].norm == np.inf
    assert np.isnan([every.max_abs, every.norm, every.mean_abs]).all()
    once = {"a": np.array([1.0, 2.0], dtype)}
    assert np.isnan(weight_stats(once, {"a": np.array([1.0, np.nan], dtype)})[0].update_ratio)
    assert np.isnan(weight_stats({"a": np.array([np.nan], dtype)}, {"a": np.zeros(1, dtype)})[0].update_ratio)


def test_ratio_of_zeros():
    zero, one = np.zeros(3), np.ones(3)
    assert weight_stats([zero], [zero.copy()])[0].update_ratio == 0.0
    assert weight_stats([one], [zero])[0].update_ratio == np.inf
    assert weight_stats([one], [one.copy()])[0].update_ratio == 0.0


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e-160, 1e155, 1e200, 1e307])
def test_norms_neither_overflow_nor_underflow(scale):
    now, before = {"a": np.array([3.0, 4.0]) * scale}, {"a": np.array([3.0, -8.0]) * scale}
    every, each = weight_stats(now, before)
    exact = pytest.approx(5.0 * scale, rel=1e-3 if scale < 1e-300 else 1e-14)  # subnormal numbers have few digits
    assert every.norm == exact and each["a"].norm == exact
    assert every.update_ratio == pytest.approx(12.0 / np.sqrt(73.0), rel=1e-3)
    small = {"a": now["a"], "b": np.array([12.0]) * scale}
    assert weight_stats(small)[0].norm == pytest.approx(13.0 * scale, rel=1e-3)


def test_mean_does_not_overflow():
    every, each = weight_stats({"a": np.array([1e308, -1.5e308]), "b": np.full(2, 1e308)})
    assert each["a"].mean_abs == pytest.approx(1.25e308) and every.mean_abs == pytest.approx(1.125e308)


def test_models_and_tensors():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    arrays = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    exact = weight_stats(arrays)
    assert list(exact[1]) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    parameters = dict(model.named_parameters())
    for given in (model, parameters, list(parameters.items()), model.named_parameters()):
        assert str(weight_stats(given)) == str(exact)
    for given in (list(model.parameters()), model.parameters(), torch.optim.SGD(model.parameters()).param_groups):
        assert str(weight_stats(given)[0]) == str(exact[0])
    assert str(weight_stats({"params": parameters["0.weight"]})[1]["params[0]"]) == str(exact[1]["0.weight"])

    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with torch.no_grad():
        for p in model.parameters():
            p *= 2
    assert weight_stats(model, before)[0].update_ratio == 1.0
    with pytest.raises(ValueError, match=r"before has 0\.weight itself"):
        weight_stats(model, {name: p.detach() for name, p in model.named_parameters()})

    turned = torch.arange(6.0).reshape(2, 3).T
    assert not turned.is_contiguous()
    assert weight_stats([turned], [turned * 2])[0].norm == pytest.approx(55**0.5)
    low = torch.nn.Parameter(torch.tensor([3.0, 4.0], dtype=torch.bfloat16))
    assert weight_stats([low], [low.detach() * 2])[0].update_ratio == 0.5
    with pytest.raises(TypeError, match="must be float64, float32 or float16, got int64"):
        weight_stats([torch.arange(3)])
    history = History()
    history.record(train_loss=torch.tensor(0.5), params=model)
    assert history["weight_norm"] == [2 * exact[0].norm] and history["train_loss"] == [0.5]
