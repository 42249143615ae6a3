import numpy as np
import pytest

from shrinkage.optim import History, weight_stats


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_weight_stats(dtype, rng):
    params = {"a": rng.standard_normal((40, 30)).astype(dtype), "b": np.array([0.0, -3.0, 0.0, 4.0], dtype)[::2]}
    params["b"] = np.array([0.0, -3.0, 0.0, 4.0], dtype)
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
    assert len(history["val_loss"]) == 3
