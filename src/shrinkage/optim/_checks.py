"""What an optimizer is given, checked: parameters, gradients, settings and saved state. Nothing is changed here."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from ._stepper import KINDS, state_type

if TYPE_CHECKING:
    from ._rules import Rule

Array = np.ndarray[Any, Any]

DECAYS = ("lr", "schedule", "constant")
PROXIMALS = ("decoupled", "metric")


def nonfinite(value: Any) -> str:
    if value not in ("raise", "skip", "propagate"):
        raise ValueError(f"nonfinite must be 'raise', 'skip' or 'propagate', got {value!r}")
    return str(value)


def real(value: Any, name: str, *, least: float = -math.inf, below: float = math.inf) -> float:
    """A finite number from `least` on and less than `below`."""
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
        raise TypeError(f"{name} must be a number, got {value!r:.60}")
    try:
        out = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        out = math.inf
    if not (math.isfinite(out) and least <= out < below):
        lower = "" if least == -math.inf else f"at least {least:g} and "
        upper = "finite" if below == math.inf else f"below {below:g}"
        raise ValueError(f"{name} must be {lower}{upper}, got {value!r:.60}")
    return out


def number(group: Mapping[str, Any], name: str) -> None:
    """That a setting is a number from 0 on."""
    real(group[name], name, least=0.0)


def flag(group: Mapping[str, Any], name: str) -> None:
    if not isinstance(group[name], (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {group[name]!r:.60}")


def choice(group: Mapping[str, Any], name: str, options: Sequence[str]) -> None:
    if group[name] not in options:
        raise ValueError(f"{name} must be {', '.join(map(repr, options[:-1]))} or {options[-1]!r}, got {group[name]!r}")


def shared(group: Mapping[str, Any]) -> None:
    """What every optimizer has."""
    for name in ("lr", "weight_decay", "l1"):
        number(group, name)
    for name in ("initial_lr", "max_lr"):
        if group.get(name) is not None:
            number(group, name)
    for name in ("maximize", "decoupled_weight_decay"):
        flag(group, name)
    choice(group, "decay", DECAYS)


def adam(group: Mapping[str, Any]) -> None:
    shared(group)
    number(group, "eps")
    flag(group, "amsgrad")
    choice(group, "proximal", PROXIMALS)
    betas = group["betas"]
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"betas must be two numbers, got {betas!r:.60}")
    for k, beta in enumerate(betas):
        real(beta, f"betas[{k}]", least=0.0, below=1.0)


def sgd(group: Mapping[str, Any]) -> None:
    shared(group)
    number(group, "momentum")
    real(group["dampening"], "dampening")
    flag(group, "nesterov")
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
        if names is not None:
            raise ValueError("param_names names the arrays of a list: a dict of them has names already")
        items = list(params.items())
    elif names is not None:
        if isinstance(names, (str, bytes)) or not isinstance(names, Sequence):
            raise TypeError(f"param_names must be a list of names, got {names!r:.60}")
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
        if isinstance(array, np.ma.MaskedArray):
            raise TypeError(f"{name} is a masked array, whose mask would be ignored: pass its data")
        if array.dtype.char not in KINDS:
            raise TypeError(f"{name} must be float64, float32 or float16, got {array.dtype}")
        if writeable and not array.flags.writeable:
            raise ValueError(f"{name} is read-only: pass a copy of it, or set its flag writeable")
        if writeable and overlaps(array.shape, array.strides, array.itemsize):
            raise ValueError(f"several numbers of {name} are in the same memory: pass a copy of it")
    return [name for name, _ in items], [array for _, array in items]


def overlaps(shape: Sequence[int], strides: Sequence[int], unit: int) -> bool:
    """Whether numbers of an array may share memory with each other."""
    if 0 in shape:
        return False
    reach = unit
    for stride, size in sorted((abs(stride), size) for stride, size in zip(strides, shape, strict=True)):
        if size > 1:
            if stride < reach:
                return True
            reach += stride * (size - 1)
    return False


def apart(names: Sequence[str], arrays: Sequence[Array]) -> None:
    """That no name is used twice, and no memory."""
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(f"{twice} is the name of two parameters")
    bounds = [(*np.lib.array_utils.byte_bounds(array), k) for k, array in enumerate(arrays) if array.size]
    open_ones: list[tuple[int, int]] = []
    for start, end, k in sorted(bounds):
        open_ones = [(other_end, other) for other_end, other in open_ones if other_end > start]
        for _, other in open_ones:
            if shared_memory(arrays[other], arrays[k]):
                raise ValueError(f"{names[other]} and {names[k]} share memory: pass each array once")
        open_ones.append((end, k))


def shared_memory(a: Array, b: Array) -> bool:
    """Whether two arrays do; where that would take long to say, they may."""
    try:
        return bool(np.shares_memory(a, b, max_work=10_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


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
    given: Any, groups: Sequence[Mapping[str, Any]], arrays: Sequence[Array], names: Sequence[str], rule: Rule
) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """Settings of the groups and state of the parameters, copies."""
    if not isinstance(given, Mapping) or not {"state", "param_groups"} <= set(given):
        raise TypeError('a state_dict has "state" and "param_groups"')
    theirs = given["param_groups"]
    if not isinstance(theirs, (list, tuple)) or not isinstance(given["state"], Mapping):
        raise TypeError('"param_groups" of a state_dict must be a list, and "state" a dict')
    if len(theirs) != len(groups):
        raise ValueError(f"the state_dict has {len(theirs)} groups, the optimizer {len(groups)}")
    out, indices = [], []
    for k, (mine, group) in enumerate(zip(groups, theirs, strict=True)):
        if not isinstance(group, Mapping) or not isinstance(group.get("params"), (list, tuple)):
            raise TypeError(f'group {k} of the state_dict must be a dict with a list "params"')
        count = len(mine["params"])
        if len(group["params"]) != count:
            raise ValueError(
                f"group {k} of the state_dict has {len(group['params'])} parameters, the optimizer's {count}"
            )
        if group.get("param_names") is not None:
            same_names(group["param_names"], mine["param_names"])
        indices += list(group["params"])
        known = {
            key: plain(group[key])
            for key in (*mine, "initial_lr")
            if key in group and key not in ("params", "param_names") and not callable(mine.get(key))
        }
        out.append(known)
    place = {index: t for t, index in enumerate(indices)}
    if len(place) < len(indices):
        raise ValueError("the state_dict has a parameter in two places of its groups")
    state: dict[int, dict[str, Any]] = {}
    for index, own in given["state"].items():
        if index not in place:
            raise ValueError(f"the state_dict has state of a parameter {index!r} that is in none of its groups")
        t = place[index]
        state[t] = _state_of(own, names[t], arrays[t], rule)
    return out, state


def same_names(theirs: Sequence[Any], mine: Sequence[str]) -> None:
    """That a state_dict is of the same parameters, in the same order."""
    for a, b in zip_longest(theirs, mine):
        if a != b:
            raise ValueError(f"the state_dict has the parameter {a} where the optimizer has {b}")


def plain(value: Any) -> Any:
    """A setting as a number or a tuple: torch takes a tensor for lr, files have lists."""
    if isinstance(value, list):
        return tuple(map(plain, value))
    return value.item() if getattr(value, "ndim", None) == 0 or getattr(value, "shape", None) == (1,) else value


def _state_of(own: Any, name: str, array: Array, rule: Rule) -> dict[str, Any]:
    if not isinstance(own, Mapping):
        raise TypeError(f"the state of {name} must be a dict, got {own!r:.60}")
    unknown = set(own) - {*rule.slots, "step", "owed_decay"}
    if unknown:
        raise ValueError(f"the state of {name} has {sorted(unknown, key=str)[0]}: it is another optimizer's")
    if array.size:
        whole(own, name, rule)
    out: dict[str, Any] = {"step": steps_of(own.get("step", 1), name)}
    if "owed_decay" in own:
        out["owed_decay"] = owed_of(own["owed_decay"], name)
    for slot in rule.slots:
        if own.get(slot) is not None:
            out[slot] = state_of(own[slot], slot, name, array)
    return out


def whole(own: Mapping[str, Any], name: str, rule: Rule) -> None:
    """That a parameter's state has what a step of this optimizer cannot do without."""
    if rule.adam and not {"step", *rule.slots[:2]} <= set(own):
        raise ValueError(f"the state of {name} has no {', '.join(rule.slots[:2])} and step: it is another optimizer's")


def owed_of(value: Any, name: str) -> float:
    """The factor that a parameter is owed, as it was saved."""
    owed = float(value)
    if not 0.0 < owed <= 1.0:
        raise ValueError(f"owed_decay of {name} must be above 0 and at most 1, got {value!r:.60}")
    return owed


def steps_of(value: Any, name: str) -> int:
    """How many steps a parameter has taken, as it was saved."""
    try:
        count = float(value)
    except (TypeError, ValueError, OverflowError):
        count = math.nan
    if not (0 <= count <= 2.0**53 and count == int(count)):
        raise ValueError(f"step of {name} must be a whole number from 0 on, got {value!r:.60}")
    return int(count)


def state_of(value: Any, slot: str, name: str, array: Array, *, copy: bool | None = True) -> Array:
    """State of a parameter in its order."""
    order: Any = "C" if array.flags.c_contiguous or not array.flags.f_contiguous else "F"
    value = np.array(np.asarray(value), state_type(array), order=order, copy=copy)
    if value.shape != array.shape:
        raise ValueError(f"{slot} of {name} must have shape {array.shape}, got {value.shape}")
    return value
