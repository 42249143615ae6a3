"""State of optimizers in files: what comes back, and what is refused. Files are written as the package writes them."""

import io
import json
import re
import zipfile

import numpy as np
import pytest

from shrinkage._archive import META, write
from shrinkage.optim import SGD, Adam, AdamW


@pytest.fixture
def saved(tmp_path):
    """(path, description, arrays) of an AdamW after a step of {"a": 3 numbers, "b": one}."""
    path = tmp_path / "state.npz"
    optimizer = AdamW([{"params": {"a": np.ones(3)}}, {"params": {"b": np.array(0.5)}, "lr": 0.1}])
    optimizer.step([np.ones(3), np.array(2.0)])
    optimizer.save(path)
    with np.load(path, allow_pickle=False) as archive:
        arrays = {f"{name}.npy": archive[name] for name in archive.files if name != META.removesuffix(".npy")}
        meta = json.loads(archive[META.removesuffix(".npy")].tobytes())
    return path, meta, arrays


def load(path):
    optimizer = AdamW([{"params": {"a": np.ones(3)}}, {"params": {"b": np.array(0.5)}}])
    optimizer.load(path)
    return optimizer


@pytest.mark.parametrize("cls", [SGD, Adam, AdamW])
def test_numbers_without_axes_go_round(cls, tmp_path):
    options = {"momentum": 0.9} if cls is SGD else {}
    x, y = np.array(0.5), np.array(0.5)
    one, other = cls([x], lr=0.1, **options), cls([y], lr=0.1, **options)
    one.step([np.array(2.0)])
    one.save(tmp_path / "state.npz")
    other.load(tmp_path / "state.npz")
    y[...] = x
    moments = {key: value for key, value in other.state_dict()["state"][0].items() if key != "step"}
    assert moments and all(value.shape == () and value != 0 for value in moments.values())
    one.step([np.array(-1.0)])
    other.step([np.array(-1.0)])
    assert x == y != 0.5


def test_what_was_written_is_read(saved):
    path, meta, arrays = saved
    write(path, meta, arrays)
    optimizer = load(path)
    assert optimizer.steps_taken == 1 and optimizer.param_groups[1]["lr"] == 0.1
    assert optimizer.state_dict()["state"][1]["exp_avg"] == pytest.approx(0.2)


def state(**changes):
    return lambda meta: meta["state"][0].update(changes)


def numbers(**changes):
    return lambda meta: meta["state"][0]["numbers"].update(changes)


def group(**changes):
    return lambda meta: meta["param_groups"][1].update(changes)


def twice(meta):
    meta["state"].append(meta["state"][0])


def no_step(meta):
    del meta["state"][0]["numbers"]["step"]


def empty_group(meta):
    meta["param_groups"][1] = {}


DAMAGE = [
    *(numbers(step=wrong) for wrong in (-3, np.inf, np.nan, 10**400, 2**53 + 2, 1.5, "1", True, None, [1])),
    *(numbers(owed_decay=wrong) for wrong in (np.nan, -5, 0, 0.0, 2.5, np.inf, 10**400, "1", None)),
    *(numbers(other=wrong) for wrong in (np.nan, 10**400, "1", [1.0], {})),
    *(state(index=wrong) for wrong in (-1, 2, 1, 0.0, "0", None, 10**400)),
    *(state(numbers=wrong) for wrong in (5, None, [])),
    *(state(arrays=wrong) for wrong in (5, {"exp_avg": 3}, {"exp_avg": [3.0]}, {"exp_avg": [10**400]}, {"no": [3]})),
    *(group(lr=wrong) for wrong in (10**400, np.inf, np.nan, {}, [[0.1]])),
    *(group(betas=wrong) for wrong in ([0.9, np.nan], [0.9, 10**400], {"0": 0.9}, [0.9, [0.9]])),
    *(group(params=wrong) for wrong in ([[0], [1]], [[1]], [0], [1, 1], [1, 2], [True], [1.0], ["1"], 1, None, {})),
    *(group(param_names=wrong) for wrong in (5, [], ["b", "c"], "b", [5], [None], None)),
    twice, no_step, empty_group,
    *(lambda meta, wrong=wrong: meta.update(wrong) for wrong in (
        {"param_groups": {}}, {"param_groups": [[], []]}, {"param_groups": [5]}, {"param_groups": []}, {"state": {}},
        {"state": [5]}, {"state": [{}]}, {"steps_taken": -1}, {"steps_taken": np.inf}, {"steps_taken": 10**400},
        {"steps_taken": None}, {"optimizer": 5}, {"optimizer": "SGD"}, {"version": 2}, {"schema": "another"},
    )),
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_descriptions_are_not_trusted(saved, damage):
    path, meta, arrays = saved
    damage(meta)
    write(path, meta, arrays)
    with pytest.raises(ValueError, match=r"cannot load an optimizer's state from .*state\.npz"):
        load(path)


def test_arrays_are_not_trusted(saved):
    path, meta, arrays = saved
    for name, wrong in (
        ("0.exp_avg.npy", np.ones(4)), ("0.exp_avg.npy", np.ones(3, int)), ("1.exp_avg.npy", np.ones(1)),
        ("5.exp_avg.npy", np.ones(3)),
    ):  # fmt: skip
        write(path, meta, arrays | {name: wrong})
        with pytest.raises(ValueError, match=f"cannot load an optimizer's state from .*member '{re.escape(name)}'"):
            load(path)


def test_damaged_bytes_are_refused(saved):
    """Whatever byte is wrong: refused, or what was read is the same."""
    path, meta, arrays = saved
    whole = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        places = [info.header_offset + k for info in archive.infolist() for k in (0, 8, 30, 60, 170)]
    refused = 0
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        try:
            found = load(path)
        except ValueError as error:
            refused += 1
            assert "cannot load an optimizer's state from" in str(error)
        else:
            assert found.steps_taken == meta["steps_taken"]
            np.testing.assert_array_equal(found.state[0]["exp_avg"], arrays["0.exp_avg.npy"])
    assert refused > len(places) // 2


def test_settings_that_no_file_has(tmp_path):
    optimizer = Adam([np.ones(3)])
    optimizer.param_groups[0]["eps"] = object()
    with pytest.raises(TypeError, match="eps must be a number, text, None, True or False to be saved"):
        optimizer.save(tmp_path / "state.npz")
    assert not list(tmp_path.iterdir())
