"""Which parameters decay, and how much: groups made from names, shapes and kinds of layers.

They work on names and arrays alike, NumPy's and torch's, and on torch's modules, whose layers say what they are.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _checks
from .schedules import Schedule

#: A class with this word in its name normalizes: what it has is scales and shifts, which are not to be shrunk.
_NORM = re.compile(r"(?:[Nn]orm(?:ali[sz]ation)?|NORM)(?![a-z])")
_BIAS = re.compile(r"(?:^|_)bias(?:_|$)")
_EMBEDDING = re.compile(r"embedding", re.IGNORECASE)
#: How names end of a weight's magnitude and of its direction, where weight_norm takes them apart.
_MAGNITUDES = ("_g", "_v"), (".original0", ".original1")
_LAYER = re.compile(r"(?:^|\.)(\d+)(?:\.|$)")


def decay_groups(
    named_parameters: Any,
    weight_decay: float | Schedule,
    *,
    l1: float | Schedule = 0.0,
    decay_bias: bool = False,
    decay_norm: bool = False,
    decay_embedding: bool = True,
    no_decay: str | Sequence[str] = (),
    layer_decay: Mapping[str, float | Schedule] | None = None,
    lr: float | Schedule | None = None,
    layer_lr_decay: float | None = None,
) -> list[dict[str, Any]]:
    """Parameter groups in which biases, and scales and shifts of norm layers, do not decay.

    Parameters
    ----------
    named_parameters : torch.nn.Module, dict, or iterable of (name, parameter)
        With a module its layers tell norms, biases and embeddings, by type and whatever their names are. With names
        and parameters alone shapes do: what has fewer than two axes is a bias or a norm's. Magnitudes that
        ``weight_norm`` makes are a norm's in both.
    weight_decay, l1 : float or function of the step
        Of everything that decays; 0 in the group of what does not. Functions, of `schedules`, are for the optimizers of
        `shrinkage.optim`.
    decay_bias, decay_norm : bool, default False
        Whether biases, and parameters of norm layers, decay after all. Where shapes must tell, both are one kind,
        which decays if both are True.
    decay_embedding : bool, default True
        Whether embeddings do; needs a module.
    no_decay : str or sequence of str
        Patterns of names that do not decay (`fnmatch`: ``"head.*"``); a pattern that meets no name is an error.
    layer_decay : dict of str to float or function of the step, optional
        Weight decay of parameters whose name has the key as a whole part (``"network.0"`` is in ``"network.0.weight"``
        and not in ``"network.01.weight"``), the longest of them; what does not decay is not concerned. Each key must
        meet a name.
    lr : float or function of the step, optional
        Learning rate of the groups; without it they have the optimizer's.
    layer_lr_decay : float, optional
        Factor of the learning rate from one layer to the one before it, counted by the first number in the names; with
        `lr` as a number. What has no number in its name has `lr` itself.

    Returns
    -------
    list of dict
        Groups with "params", "param_names", "weight_decay", "l1", and "lr" where it is given, for optimizers of
        `shrinkage.optim`, of `shrinkage.torch` and of torch (without `l1`). Parameters that need no gradient are left
        out, and so are further names of the same parameter.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to group, a strength is no finite number of at least 0, a pattern or key meets no name, or
        a lazy layer has no weights yet.
    """
    layers = {} if layer_decay is None else layer_decay
    if not isinstance(layers, Mapping) or not all(isinstance(key, str) for key in layers):
        raise TypeError(f"layer_decay must be a dict of numbers by parts of names, got {layer_decay!r:.60}")
    strengths = {f"layer_decay[{key!r}]": value for key, value in layers.items()}
    strengths |= {"weight_decay": weight_decay, "l1": l1, "lr": 0.0 if lr is None else lr}
    for name, value in strengths.items():
        if not callable(value):
            _checks.real(value, name, least=0.0)
    if layer_lr_decay is not None:
        _checks.real(layer_lr_decay, "layer_lr_decay", least=0.0)
        if layer_lr_decay == 0 or lr is None or callable(lr):
            raise ValueError(
                f"layer_lr_decay must be positive, and needs lr, a number; got {layer_lr_decay!r} and {lr!r}"
            )
    patterns = [no_decay] if isinstance(no_decay, str) else list(no_decay)
    entries = list(_entries(named_parameters))
    if not entries:
        raise ValueError("named_parameters has no parameter that needs a gradient")
    names = [name for name, _, _ in entries]
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"no_decay has {pattern!r}, which is the pattern of no name; names begin {names[:4]}")
    for key in layers:
        if not any(_within(key, name) for name in names):
            raise ValueError(f"layer_decay has {key!r}, which is part of no name; names begin {names[:4]}")
    spared = {"bias": not decay_bias, "norm": not decay_norm, "embedding": not decay_embedding, "weight": False}
    spared["flat"] = not (decay_bias and decay_norm)
    depths = [_layer(name) for name in names]
    top = max((layer for layer in depths if layer is not None), default=0)
    out: dict[tuple[Any, ...], dict[str, Any]] = {}
    for (name, parameter, kind), layer in zip(entries, depths, strict=True):
        rest = spared[kind] or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        decay = 0.0 if rest else _decay_of(name, weight_decay, layers)
        rate: Any = lr
        if layer_lr_decay is not None and layer is not None:
            rate = rate * layer_lr_decay ** (top - layer)
        own = (decay, 0.0 if rest else l1, rate)
        group = out.setdefault(own, {"params": [], "param_names": [], "weight_decay": decay, "l1": own[1]})
        if rate is not None:
            group["lr"] = rate
        group["params"].append(parameter)
        group["param_names"].append(name)
    return list(out.values())


def _entries(given: Any) -> Iterable[tuple[str, Any, str]]:
    """(name, parameter, kind) of each once."""
    found = list(_found(given))
    every = {name: parameter for name, parameter, _ in found}
    seen: set[int] = set()
    for name, parameter, module in found:
        if id(parameter) in seen or not getattr(parameter, "requires_grad", True):
            continue
        seen.add(id(parameter))
        if hasattr(parameter, "materialize"):  # torch's, of lazy layers
            raise ValueError(f"{name} has no shape before its lazy layer has seen data: run the model once first")
        yield name, parameter, "norm" if _magnitude(name, parameter, every) else _kind(module, name, parameter)


def _found(given: Any) -> Iterable[tuple[str, Any, Any]]:
    """(name, parameter, its module or None) of all."""
    if hasattr(given, "named_modules"):
        for prefix, module in given.named_modules():
            for name, parameter in module.named_parameters(prefix, recurse=False):
                yield name, parameter, module
        return
    items = given.items() if isinstance(given, Mapping) else given if isinstance(given, Iterable) else [given]
    for item in items:
        if not (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) and hasattr(item[1], "ndim")):
            raise TypeError(
                f"named_parameters must be a module, a dict, or pairs of a name and an array, got {item!r:.60}"
            )
        yield *item, None


def _kind(module: Any, name: str, parameter: Any) -> str:
    if module is not None:
        types = [one.__name__ for one in type(module).__mro__]
        if any(_NORM.search(one) for one in types):
            return "norm"
        if any(_EMBEDDING.search(one) for one in types):
            return "embedding"
        if _BIAS.search(name.rpartition(".")[2]):
            return "bias"
    return "weight" if parameter.ndim > 1 else "flat"


def _magnitude(name: str, parameter: Any, every: Mapping[str, Any]) -> bool:
    """Whether it is what weight_norm scales another one to, which is next to it: a number for each row, or for all."""
    for mine, other in _MAGNITUDES:
        direction = every.get(name.removesuffix(mine) + other) if name.endswith(mine) else None
        if direction is not None:
            sizes = zip(parameter.shape, direction.shape, strict=False)
            return parameter.ndim in (0, direction.ndim) and all(a in (1, b) for a, b in sizes)
    return False


def _within(key: str, name: str) -> bool:
    return f".{key}." in f".{name}."


def _decay_of(name: str, weight_decay: Any, layers: Mapping[str, Any]) -> Any:
    own = [key for key in layers if _within(key, name)]
    decay = layers[max(own, key=len)] if own else weight_decay
    return decay if callable(decay) else float(decay)


def _layer(name: str) -> int | None:
    found = _LAYER.search(name)
    return int(found[1]) if found else None
