"""What an optimizer is given, checked: parameters, gradients, settings and saved state. Nothing is changed here."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ._stepper import KINDS, state_type

Array = np.ndarray[Any, Any]

DECAYS = ("lr", "schedule", "constant")
PROXIMALS = ("decoupled", "metric")


def nonfinite(value: Any) -> str:
    if value not in ("raise", "skip", "propagate"):
        raise ValueError(f"nonfinite must be 'raise', 'skip' or 'propagate', got {value!r}")
    return str(value)


def number(group: Mapping[str, Any], name: str, *, least: float = 0.0, below: float = math.inf) -> None:
    """That a setting is a number from `least` on and less than `below`, or a function of the step."""
    value = group[name]
    if callable(value):
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number or a function of the step, got {value!r}")
    if not least <= float(value) < below:
        upper = "finite" if below == math.inf else f"below {below:g}"
        raise ValueError(f"{name} must be at least {least:g} and {upper}, got {value!r}")


def flag(group: Mapping[str, Any], name: str) -> None:
    if not isinstance(group[name], (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {group[name]!r}")


def choice(group: Mapping[str, Any], name: str, options: Sequence[str]) -> None:
    if group[name] not in options:
        raise ValueError(f"{name} must be {', '.join(map(repr, options[:-1]))} or {options[-1]!r}, got {group[name]!r}")


def shared(group: Mapping[str, Any]) -> None:
    """What every optimizer has."""
    for name in ("lr", "weight_decay", "l1"):
        number(group, name)
    flag(group, "maximize")
    choice(group, "decay", DECAYS)


def adam(group: Mapping[str, Any]) -> None:
    shared(group)
    number(group, "eps")
    flag(group, "amsgrad")
    choice(group, "proximal", PROXIMALS)
    betas = group["betas"]
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"betas must be two numbers, got {betas!r}")
    for k, beta in enumerate(betas):
        number({f"betas[{k}]": beta}, f"betas[{k}]", below=1.0)


def sgd(group: Mapping[str, Any]) -> None:
    shared(group)
    for name in ("momentum", "dampening"):
        number(group, name)
    flag(group, "nesterov")
    flag(group, "decoupled_weight_decay")
    if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
        raise ValueError("nesterov needs momentum above 0 and dampening 0")


def groups(params: Any) -> list[dict[str, Any]]:
    """Groups of `params`: itself one, or a list of them."""
    if isinstance(params, np.ndarray):
        raise TypeError(
            "params must be a list of arrays, a dict of them or a list of groups, got one array: pass [array]"
        )
    if isinstance(params, Mapping):
        return [one_group(params)] if "params" in params else [{"params": params}]
    if isinstance(params, (str, bytes)) or not hasattr(params, "__iter__"):
        raise TypeError(f"params must be a list of arrays, a dict of them or a list of groups, got {params!r:.60}")
    items = list(params)
    if items and all(isinstance(item, Mapping) for item in items):
        return [one_group(item) for item in items]
    return [{"params": items}] if items else []


def one_group(group: Any) -> dict[str, Any]:
    if not isinstance(group, Mapping) or "params" not in group:
        raise TypeError(f'a group must be a dict with "params", got {group!r:.60}')
    inner = group["params"]
    return dict(group) | {"params": [inner] if isinstance(inner, np.ndarray) else inner}


def parameters(
    params: Any, first: int, *, names: Sequence[str] | None = None, writeable: bool = True
) -> tuple[list[str], list[Array]]:
    """Names (their place, where there are none) and arrays."""
    if isinstance(params, Mapping):
        items = list(params.items())
    elif names is not None:
        if len(names) != len(params):
            raise ValueError(f"param_names must name the {len(params)} arrays of its group, got {len(names)}")
        items = list(zip(names, params, strict=True))
    else:
        items = [
            item if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
            else (f"params[{first + k}]", item)
            for k, item in enumerate(params)
        ]  # fmt: skip
    for name, array in items:
        if not isinstance(name, str):
            raise TypeError(f"names of parameters must be strings, got {name!r}")
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"{name} must be a NumPy array, which is changed in place, got {type(array).__name__}: "
                "np.array(...) makes one (for torch's parameters there is shrinkage.torch)"
            )
        if array.dtype.char not in KINDS:
            raise TypeError(f"{name} must be float64, float32 or float16, got {array.dtype}")
        if writeable and not array.flags.writeable:
            raise ValueError(f"{name} is read-only: pass a copy of it, or set its flag writeable")
    return [name for name, _ in items], [array for _, array in items]


def apart(names: Sequence[str], arrays: Sequence[Array]) -> None:
    """That no name is used twice, and no memory."""
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(f"{twice} is the name of two parameters")
    bounds = [(*np.lib.array_utils.byte_bounds(array), k) for k, array in enumerate(arrays) if array.size]
    bounds.sort()
    for (_, end, a), (start, _, b) in pairwise(bounds):
        if start < end and np.shares_memory(arrays[a], arrays[b]):
            raise ValueError(f"{names[a]} and {names[b]} share memory: pass each array once")


def gradients(grads: Any, names: Sequence[str], arrays: Sequence[Array], *, writing: bool) -> list[Array | None]:
    """Gradients in the order of the parameters."""
    if isinstance(grads, Mapping):
        unknown = set(grads) - set(names)
        if unknown:
            raise ValueError(f"grads has {sorted(unknown, key=str)[0]!r}, which is no parameter's name")
        given = [grads.get(name) for name in names]
    elif isinstance(grads, (list, tuple)):
        given = list(grads)
        if len(given) != len(names):
            raise ValueError(
                f"grads must have {len(names)} entries, one per parameter (None for no step), got {len(given)}"
            )
    else:
        raise TypeError(f"grads must be a list of arrays, or a dict of them by name, got {type(grads).__name__}")
    for name, array, grad in zip(names, arrays, given, strict=True):
        if grad is None:
            continue
        if not isinstance(grad, np.ndarray):
            raise TypeError(f"the gradient of {name} must be a NumPy array, got {type(grad).__name__}")
        if grad.shape != array.shape:
            raise ValueError(f"the gradient of {name} must have shape {array.shape}, got {grad.shape}")
        if grad.dtype.char != array.dtype.char:
            raise TypeError(f"the gradient of {name} must be {array.dtype} as it is, got {grad.dtype}")
        if grad is array:
            raise ValueError(f"the gradient of {name} is the parameter itself: pass a copy")
        if writing and not grad.flags.writeable:
            raise ValueError(f"the gradient of {name} is read-only and cannot be set to zero: leave zero_grads out")
    return given


def state_dict(
    given: Any, groups: Sequence[Mapping[str, Any]], arrays: Sequence[Array], names: Sequence[str],
    slots: Sequence[str],
) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:  # fmt: skip
    """Settings of the groups and state of the parameters, copies."""
    if not isinstance(given, Mapping) or not {"state", "param_groups"} <= set(given):
        raise TypeError('a state_dict has "state" and "param_groups"')
    theirs = given["param_groups"]
    if len(theirs) != len(groups):
        raise ValueError(f"the state_dict has {len(theirs)} groups, the optimizer {len(groups)}")
    out, indices = [], []
    for k, (mine, group) in enumerate(zip(groups, theirs, strict=True)):
        count = len(mine["params"])
        if len(group["params"]) != count:
            raise ValueError(
                f"group {k} of the state_dict has {len(group['params'])} parameters, the optimizer's {count}"
            )
        other = group.get("param_names")
        if other is not None and list(other) != list(mine["param_names"]):
            wrong = next((a, b) for a, b in zip(other, mine["param_names"], strict=True) if a != b)
            raise ValueError(f"the state_dict has the parameter {wrong[0]} where the optimizer has {wrong[1]}")
        indices += list(group["params"])
        known = {
            key: group[key] for key in (*mine, "initial_lr") if key in group and key not in ("params", "param_names")
        }
        out.append({key: tuple(value) if isinstance(value, list) else value for key, value in known.items()})
    place = {index: t for t, index in enumerate(indices)}
    state: dict[int, dict[str, Any]] = {}
    for index, own in given["state"].items():
        if index not in place:
            raise ValueError(f"the state_dict has state of a parameter {index!r} that is in none of its groups")
        t = place[index]
        state[t] = _state_of(own, names[t], arrays[t], slots)
    return out, state


def _state_of(own: Mapping[str, Any], name: str, array: Array, slots: Sequence[str]) -> dict[str, Any]:
    out: dict[str, Any] = {"step": int(own.get("step", 1))}
    if "owed_decay" in own:
        out["owed_decay"] = float(own["owed_decay"])
    for slot in slots:
        value = own.get(slot)
        if value is None:
            continue
        value = np.array(value, state_type(array), order="C")
        if value.shape != array.shape:
            raise ValueError(f"{slot} of {name} must have shape {array.shape}, got {value.shape}")
        out[slot] = value
    return out
