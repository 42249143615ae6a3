"""State of an optimizer on disk: one ``.npz`` file, nothing pickled, read as one that is not trusted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

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
                arrays[f"{index}.{key}.npy"] = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
                slots[key] = list(value.shape)
        state.append({"index": index, "numbers": _numbers(own), "arrays": slots})
    groups = [{key: _plain(value) for key, value in group.items()} for group in state_dict["param_groups"]]
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
            claims, state = {}, {}
            present = set(archive.namelist()) - {META}
            for part in typed(meta, "state", list):
                if not isinstance(part, dict):
                    raise ValueError("'state' holds something that is no state of a parameter")
                index = typed(part, "index", int)
                state[index] = dict(typed(part, "numbers", dict))
                if not all(isinstance(value, (int, float)) for value in state[index].values()):
                    raise ValueError(f"the state of parameter {index} holds what is no number")
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
            groups = typed(meta, "param_groups", list)
            if not all(isinstance(group, dict) and isinstance(group.get("params"), list) for group in groups):
                raise ValueError("'param_groups' holds something that is no group")
            return {"state": state, "param_groups": groups, "steps_taken": typed(meta, "steps_taken", int)}
        except BROKEN as error:
            reason = f"the archive is damaged ({error})"
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"cannot load an optimizer's state from {os.fspath(path)!r}: {reason}")


def _numbers(own: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in own.items() if not isinstance(value, np.ndarray)}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, _SCALAR):
        raise TypeError(f"a setting must be a number, text or True or False to be saved, got {value!r:.60}")
    return value
