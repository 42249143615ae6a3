"""State of an optimizer on disk: one ``.npz`` file, nothing pickled, read as one that is not trusted."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any
from zipfile import ZipFile

import numpy as np

from .._archive import BROKEN, META, claimed, described, opened, read, typed, write

SCHEMA, VERSION = "shrinkage.optimizer", 1
WHAT = "shrinkage optimizer"
_SCALAR = (str, int, float, bool, type(None))


def save(path: str | os.PathLike[str], kind: str, state_dict: Mapping[str, Any]) -> None:
    """A `state_dict` of the optimizer `kind`."""
    arrays: dict[str, Any] = {}
    state = []
    for index, own in state_dict["state"].items():
        slots = {}
        for key, value in own.items():
            if isinstance(value, np.ndarray):
                arrays[f"{index}.{key}.npy"] = np.asarray(value, value.dtype.newbyteorder("<"), order="C")
                slots[key] = list(value.shape)
        numbers = {key: value for key, value in own.items() if key not in slots}
        state.append({"index": index, "numbers": numbers, "arrays": slots})
    groups = [{key: _plain(value, key) for key, value in group.items()} for group in state_dict["param_groups"]]
    meta = {
        "schema": SCHEMA, "version": VERSION, "optimizer": kind, "param_groups": groups, "state": state,
        "steps_taken": state_dict["steps_taken"],
    }  # fmt: skip
    write(path, meta, arrays)


def load(path: str | os.PathLike[str], kind: str) -> dict[str, Any]:
    """The `state_dict` in a file of the optimizer `kind`."""
    with open(path, "rb") as stream:
        try:
            archive = opened(stream, WHAT)
            meta = described(archive, WHAT, SCHEMA, VERSION)
            if typed(meta, "optimizer", str) != kind:
                raise ValueError(f"it is that of {meta['optimizer']:.40}, not of {kind}")
            groups = _groups(meta)
            state = _state(archive, meta, sum(len(group["params"]) for group in groups))
            return {"state": state, "param_groups": groups, "steps_taken": typed(meta, "steps_taken", int)}
        except BROKEN as error:
            reason = f"the archive is damaged ({error})"
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"cannot load an optimizer's state from {os.fspath(path)!r}: {reason}")


def _groups(meta: dict[str, Any]) -> list[dict[str, Any]]:
    """The groups' settings, with parameters that are counted through all of them."""
    groups, first = typed(meta, "param_groups", list), 0
    for k, group in enumerate(groups):
        if not isinstance(group, dict):
            raise ValueError(f"group {k} is {group!r:.40}, which is no group")
        params, names = typed(group, "params", list), typed(group, "param_names", list)
        if [(type(index), index) for index in params] != [(int, first + t) for t in range(len(params))]:
            raise ValueError(f"group {k} has the parameters {params!r:.40}, which are not counted from {first} on")
        if len(names) != len(params) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"'param_names' of group {k} does not name its {len(params)} parameters")
        for key, value in group.items():
            if key not in ("params", "param_names"):
                for one in value if isinstance(value, list) else [value]:
                    if not (isinstance(one, (str, bool, type(None))) or _finite(one)):
                        raise ValueError(f"{key!r} of group {k} is {value!r:.40}, which is no setting")
        first += len(params)
    return groups


def _state(archive: ZipFile, meta: dict[str, Any], count: int) -> dict[int, dict[str, Any]]:
    """State by the index of its parameter, one of so many; no array is read before all are known to be there."""
    claims: dict[tuple[int, str], Any] = {}
    state: dict[int, dict[str, Any]] = {}
    present = set(archive.namelist()) - {META}
    for part in typed(meta, "state", list):
        if not isinstance(part, dict):
            raise ValueError("'state' holds something that is no state of a parameter")
        index, numbers = typed(part, "index", int), typed(part, "numbers", dict)
        if index in state or index >= count:
            raise ValueError(f"parameter {index} has state twice, or is in no group")
        typed(numbers, "step", int)
        wrong = [key for key, value in numbers.items() if not _finite(value)]
        if wrong or not 0 < numbers.get("owed_decay", 1.0) <= 2:
            key = wrong[0] if wrong else "owed_decay"
            raise ValueError(f"{key!r} of parameter {index} is {numbers[key]!r:.40}")
        state[index] = dict(numbers)
        for key, shape in typed(part, "arrays", dict).items():
            name = f"{index}.{key}.npy"
            if name not in present:
                raise ValueError(f"member {name!r} is missing")
            if not isinstance(shape, list) or not all(type(size) is int for size in shape):
                raise ValueError(f"member {name!r} has the shape {shape!r:.40}")
            claims[index, key] = name, claimed(archive, name, WHAT, ("<f4", "<f8"), [tuple(shape)])
    extra = present - {name for name, _ in claims.values()}
    if extra:
        raise ValueError(f"member {sorted(extra)[0]!r} is not part of an optimizer")
    for (index, key), (name, claim) in claims.items():
        state[index][key] = read(archive, name, *claim)
    return state


def _finite(value: Any) -> bool:
    """Whether this is a number, and one that a float64 holds."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _plain(value: Any, name: str) -> Any:
    """As JSON has it."""
    if isinstance(value, (tuple, list)):
        return [_plain(item, name) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, _SCALAR):
        raise TypeError(f"{name} must be a number, text, None, True or False to be saved, got {value!r:.60}")
    return value
