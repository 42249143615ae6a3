"""Which parameters decay, and how much: groups made from names, shapes and kinds of layers.

They work on names and arrays alike, NumPy's and torch's, and on torch's modules, whose layers say what they are.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: A class with one of these in its name normalizes: what it has is scales and shifts, which are not to be shrunk.
_NORM = re.compile(r"norm", re.IGNORECASE)
_EMBEDDING = re.compile(r"embedding", re.IGNORECASE)
_LAYER = re.compile(r"(?:^|\.)(\d+)(?:\.|$)")


def decay_groups(
    named_parameters: Any,
    weight_decay: float,
    *,
    l1: float = 0.0,
    decay_bias: bool = False,
    decay_norm: bool = False,
    decay_embedding: bool = True,
    no_decay: Sequence[str] = (),
    layer_decay: Mapping[str, float] | None = None,
    lr: float | None = None,
    layer_lr_decay: float | None = None,
) -> list[dict[str, Any]]:
    """Parameter groups in which biases, and scales and shifts of norm layers, do not decay.

    Parameters
    ----------
    named_parameters : torch.nn.Module, dict, or iterable of (name, parameter)
        With a module its layers tell norms, biases and embeddings, by type and whatever their names are. With names
        and parameters alone shapes do: what has fewer than two axes is a bias or a norm's.
    weight_decay, l1 : float
        Of everything that decays; 0 in the group of what does not.
    decay_bias, decay_norm : bool, default False
        Whether biases, and parameters of norm layers, decay after all. Where shapes must tell, both are one kind,
        which decays if both are True.
    decay_embedding : bool, default True
        Whether embeddings do; needs a module.
    no_decay : sequence of str
        Patterns of names that do not decay (`fnmatch`: ``"head.*"``); a pattern that meets no name is an error.
    layer_decay : dict of str to float, optional
        Weight decay of parameters whose name has the key as a whole part (``"network.0"`` is in ``"network.0.weight"``
        and not in ``"network.01.weight"``), the longest of them; what does not decay is not concerned. Each key must
        meet a name.
    lr : float, optional
        Learning rate of the groups; without it they have the optimizer's.
    layer_lr_decay : float, optional
        Factor of the learning rate from one layer to the one before it, counted by the first number in the names; with
        `lr`. What has no number has `lr` itself.

    Returns
    -------
    list of dict
        Groups with "params", "param_names", "weight_decay", "l1", and "lr" where it is given, for optimizers of
        `shrinkage.optim`, of `shrinkage.torch` and of torch (without `l1`). Parameters that need no gradient are left
        out, and so are further names of the same parameter.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to group, a strength is negative, or a pattern or key meets no name.
    """
    for name, value in (("weight_decay", weight_decay), ("l1", l1), *(layer_decay or {}).items()):
        if not value >= 0:
            raise ValueError(f"{name} must be at least 0, got {value!r}")
    if layer_lr_decay is not None and (lr is None or not layer_lr_decay > 0):
        raise ValueError("layer_lr_decay must be positive, and needs lr")
    entries = list(_entries(named_parameters))
    if not entries:
        raise ValueError("named_parameters has no parameter that needs a gradient")
    names = [name for name, _, _ in entries]
    for pattern in no_decay:
        if not fnmatch.filter(names, pattern):
            raise ValueError(f"no_decay has {pattern!r}, which is the pattern of no name; names begin {names[:4]}")
    for key in layer_decay or {}:
        if not any(_within(key, name) for name in names):
            raise ValueError(f"layer_decay has {key!r}, which is part of no name; names begin {names[:4]}")
    spared = {"bias": not decay_bias, "norm": not decay_norm, "embedding": not decay_embedding, "weight": False}
    spared["flat"] = not (decay_bias and decay_norm)
    layers = [_layer(name) for name in names]
    top = max((layer for layer in layers if layer is not None), default=0)
    out: dict[tuple[float, float, float | None], dict[str, Any]] = {}
    for (name, parameter, kind), layer in zip(entries, layers, strict=True):
        rest = spared[kind] or any(fnmatch.fnmatchcase(name, pattern) for pattern in no_decay)
        decay = 0.0 if rest else _decay_of(name, weight_decay, layer_decay or {})
        rate = lr
        if lr is not None and layer_lr_decay is not None and layer is not None:
            rate = lr * layer_lr_decay ** (top - layer)
        own = (decay, 0.0 if rest else l1, rate)
        group = out.setdefault(own, {"params": [], "param_names": [], "weight_decay": decay, "l1": own[1]})
        if rate is not None:
            group["lr"] = rate
        group["params"].append(parameter)
        group["param_names"].append(name)
    return list(out.values())


def _entries(given: Any) -> Iterable[tuple[str, Any, str]]:
    """(name, parameter, kind) of each once."""
    seen: set[int] = set()
    if hasattr(given, "named_modules"):
        for prefix, module in given.named_modules():
            for name, parameter in module.named_parameters(prefix, recurse=False):
                if id(parameter) not in seen and getattr(parameter, "requires_grad", True):
                    seen.add(id(parameter))
                    yield name, parameter, _kind(module, name, parameter)
        return
    items = given.items() if isinstance(given, Mapping) else given
    for item in items:
        if not (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) and hasattr(item[1], "ndim")):
            raise TypeError(
                f"named_parameters must be a module, a dict, or pairs of a name and an array, got {item!r:.60}"
            )
        name, parameter = item
        if id(parameter) not in seen and getattr(parameter, "requires_grad", True):
            seen.add(id(parameter))
            yield name, parameter, "weight" if parameter.ndim > 1 else "flat"


def _kind(module: Any, name: str, parameter: Any) -> str:
    types = [one.__name__ for one in type(module).__mro__]
    if any(_NORM.search(one) for one in types):
        return "norm"
    if any(_EMBEDDING.search(one) for one in types):
        return "embedding"
    if "bias" in name.rpartition(".")[2]:
        return "bias"
    return "weight" if parameter.ndim > 1 else "flat"


def _within(key: str, name: str) -> bool:
    return f".{key}." in f".{name}."


def _decay_of(name: str, weight_decay: float, layers: Mapping[str, float]) -> float:
    own = [key for key in layers if _within(key, name)]
    return float(layers[max(own, key=len)]) if own else float(weight_decay)


def _layer(name: str) -> int | None:
    found = _LAYER.search(name)
    return int(found[1]) if found else None
