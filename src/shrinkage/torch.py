"""SGD, Adam and AdamW for torch's parameters on the CPU: torch's own, with L1 and three kinds of decay, in one call.

They are `torch.optim.Optimizer`s with torch's arguments, parameter groups and state, so that schedulers, hooks,
closures and gradient scalers work, and a ``state_dict`` goes from torch's optimizer of the same name to ours and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_
from typing import Any

import numpy as np

from ._extras import require
from ._kernels import steps as _steps
from .optim import _checks, _rules
from .optim._stepper import BFLOAT, DOUBLE, GRAD, HALF, PARAM, SIGN, SINGLE, STATE, Stepper
from .optim.groups import decay_groups

torch: Any = require("torch", extra="torch")

__all__ = ["SGD", "Adam", "AdamW", "decay_groups"]

_KINDS = {torch.float64: DOUBLE, torch.float32: SINGLE, torch.float16: HALF, torch.bfloat16: BFLOAT}
#: Arguments that say how torch's own loops are run, and what they may be here.
_HOW: dict[str, tuple[bool | None, ...]] = {
    "foreach": (None, False, True), "fused": (None, False, True), "capturable": (False,), "differentiable": (False,),
}  # fmt: skip


class _Fused(torch.optim.Optimizer):
    """One call of a kernel for all parameters."""

    #: For gradient scalers: `step` divides by the scale and does nothing where a gradient overflowed.
    _step_supports_amp_scaling = True
    _kernel: Callable[..., None]
    _rule: Callable[..., None]
    _slots: tuple[str, ...]
    #: Whether torch counts the steps of each parameter in its state.
    _counted = True

    def __init__(self, params: Any, defaults: dict[str, Any], nonfinite: str, how: Mapping[str, Any]) -> None:
        self.nonfinite = _checks.nonfinite(nonfinite)
        self.steps_skipped = 0
        self._tables: _Tables | None = None
        for name, value in how.items():
            if not any(value is allowed for allowed in _HOW[name]):
                allowed = " or ".join(map(repr, _HOW[name]))
                raise ValueError(f"{name} must be {allowed} on the CPU, got {value!r}: leave it out")
        self._check(defaults)
        super().__init__(params, defaults | dict(how))

    def _check(self, group: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def _wanted(self, group: Mapping[str, Any]) -> tuple[str, ...]:
        """The state that a parameter of this group has."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        own = {"nonfinite": self.nonfinite, "steps_skipped": self.steps_skipped}
        return dict(super().__getstate__()) | own

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():  # groups of torch's own
                group.setdefault(name, value)
        self._tables = None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's; parameters must be dense, on the CPU, and of a floating type."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        try:
            self._check(group)
            first = sum(len(other["params"]) for other in self.param_groups[:-1])
            for name, parameter in zip(_names(group, first), group["params"], strict=True):
                _check_parameter(name, parameter)
        except (TypeError, ValueError):
            self.param_groups.pop()
            raise
        self._tables = None

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As torch's, whose own optimizer's state it takes too.

        Raises
        ------
        ValueError
            If groups, names or shapes differ. Nothing was changed then.
        """
        mine = [parameter for group in self.param_groups for parameter in group["params"]]
        names: list[str] = []
        for group in self.param_groups:
            names += _names(group, len(names))
        theirs = [name for group in state_dict["param_groups"] for name in group.get("param_names", [])]
        if theirs and all("param_names" in group for group in self.param_groups) and names != theirs:
            wrong = next(((a, b) for a, b in zip(theirs, names, strict=False) if a != b), (len(theirs), len(names)))
            raise ValueError(f"the state_dict has the parameter {wrong[0]} where the optimizer has {wrong[1]}")
        indices = [index for group in state_dict["param_groups"] for index in group["params"]]
        saved = [state_dict["state"].get(index, {}) for index in indices]
        for name, parameter, own in zip(names, mine, saved, strict=False):
            for slot in self._slots:
                if own.get(slot) is not None and own[slot].shape != parameter.shape:
                    raise ValueError(
                        f"{slot} of {name} must have shape {tuple(parameter.shape)}, got {tuple(own[slot].shape)}"
                    )
        super().load_state_dict(state_dict)
        for parameter, own in zip(mine, saved, strict=True):
            for slot in self._slots:
                if own.get(slot) is not None:  # torch casts state to the type of its parameter, or shares it
                    self.state[parameter][slot] = _like(parameter).copy_(own[slot])
            if "step" in own:
                self.state[parameter]["step"] = torch.as_tensor(own["step"], dtype=torch.float32).clone()
        self._tables = None

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        Parameters
        ----------
        closure : callable, optional
            Evaluates the model again and returns the loss.

        Returns
        -------
        The loss of `closure`, or None.

        Raises
        ------
        TypeError, ValueError
            If a gradient is sparse, or a setting of a group has become impossible; with ``nonfinite="raise"`` if a
            gradient has NaN or infinity. Nothing was changed then.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        found = getattr(self, "found_inf", None)
        if found is not None and float(found) != 0.0:
            return loss
        if self._tables is None or not self._tables.holds():
            self._tables = _Tables(self)
        self._tables.step()
        return loss


def _names(group: Mapping[str, Any], first: int) -> list[str]:
    return list(group.get("param_names") or (f"parameter {first + k}" for k in range(len(group["params"]))))


def _check_parameter(name: str, parameter: Any) -> None:
    if parameter.layout is not torch.strided:
        raise TypeError(f"{name} has the layout {parameter.layout}: parameters must be dense")
    if parameter.device.type != "cpu":
        raise ValueError(f"{name} is on {parameter.device}: these optimizers are for the CPU, use torch's there")
    if parameter.dtype not in _KINDS:
        raise TypeError(f"{name} must be float64, float32, float16 or bfloat16, got {parameter.dtype}")


def _state_type(parameter: Any) -> Any:
    """State is double for double parameters and float for all others."""
    return torch.float64 if parameter.dtype is torch.float64 else torch.float32


def _like(parameter: Any) -> Any:
    """Zeros for a parameter's state, in its order."""
    dtype = _state_type(parameter)
    if _packed(parameter):
        return torch.zeros_like(parameter, dtype=dtype, memory_format=torch.preserve_format)
    return torch.zeros(parameter.shape, dtype=dtype)


def _packed(tensor: Any) -> bool:
    """Whether its numbers fill a stretch of memory, in whatever order."""
    if tensor.is_contiguous():
        return True
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if stride != expected:
                return False
            expected *= size
    return True


class _Tables:
    """What the kernel needs of an optimizer's parameters, in the order of its groups."""

    def __init__(self, optimizer: _Fused) -> None:
        self.optimizer, groups = optimizer, optimizer.param_groups
        self.edges = np.cumsum([0, *(len(group["params"]) for group in groups)]).tolist()
        self.parameters = [parameter for group in groups for parameter in group["params"]]
        self.names: list[str] = []
        for group in groups:
            self.names += _names(group, len(self.names))
        for name, parameter in zip(self.names, self.parameters, strict=True):
            _check_parameter(name, parameter)
        count = len(self.parameters)
        self.stepper = Stepper([p.numel() for p in self.parameters], [_KINDS[p.dtype] for p in self.parameters])
        #: Parameters with gaps between their numbers are stepped as copies.
        self.gaps = {t: torch.empty(p.shape, dtype=p.dtype) for t, p in enumerate(self.parameters) if not _packed(p)}
        self.places = [p.data_ptr() for p in self.parameters]
        self.stepper.at[:, PARAM] = [
            self.gaps[t].data_ptr() if t in self.gaps else p for t, p in enumerate(self.places)
        ]
        #: How far each is. torch keeps that in a tensor of each parameter's: they are parts of this one.
        self.counts = torch.zeros(count)
        self.steps = self.counts.numpy()
        self.grads: list[Any] = []
        self.grad_places: list[int] = []
        self.live = np.zeros(count, bool)
        #: The state that the table points at, of parameters that have any, and its tensors, slot by slot.
        self.states: dict[int, dict[str, Any]] = {}
        self.tensors: list[dict[int, Any]] = [{} for _ in optimizer._slots]
        for t, parameter in enumerate(self.parameters):
            own = optimizer.state.get(parameter)
            if own:
                self._adopt(t, own)

    def _adopt(self, t: int, own: dict[str, Any]) -> None:
        """Point at a parameter's state, and count its steps."""
        optimizer, parameter = self.optimizer, self.parameters[t]
        for k, slot in enumerate(optimizer._slots):
            value = own.get(slot)
            if value is not None:
                expected = self.gaps.get(t, parameter)
                if value.stride() != expected.stride() or value.dtype is not _state_type(parameter):
                    value = own[slot] = _like(parameter).copy_(value)
                self.stepper.at[t, STATE + k] = value.data_ptr()
            self.tensors[k][t] = value
        if optimizer._counted:
            self.steps[t] = float(own.get("step", 0.0))
            own["step"] = self.counts[t]
        elif any(own.get(slot) is not None for slot in optimizer._slots):
            self.steps[t] = 1.0
        self.stepper.owed[t] = own.get("owed_decay", 1.0)
        self.states[t] = own

    def holds(self) -> bool:
        """Whether parameters and state are where they were."""
        if self.places != [p.data_ptr() for p in self.parameters]:
            return False
        for slot, tensors in zip(self.optimizer._slots, self.tensors, strict=True):
            if not all(map(is_, tensors.values(), [own.get(slot) for own in self.states.values()])):
                return False
        return True

    def step(self) -> None:
        optimizer, stepper, copies = self.optimizer, self.stepper, self._look_at_gradients()
        if not stepper.admits(optimizer.nonfinite, self.names):
            optimizer.steps_skipped += 1
            return
        scale = getattr(optimizer, "grad_scale", None)
        for group in optimizer.param_groups:
            optimizer._check(group)
        for t, copied in self.gaps.items():
            copied.copy_(self.parameters[t])
        for group, first, last in zip(optimizer.param_groups, self.edges, self.edges[1:], strict=False):
            self._prepare(group, first, last)
        if scale is not None:
            stepper.settings[:, SIGN] /= float(scale)
        stepper.step(type(optimizer)._kernel, self.live)
        for t, copied in self.gaps.items():
            if self.live[t]:
                self.parameters[t].copy_(copied)
        self._write_owed()
        del copies

    def _look_at_gradients(self) -> list[Any]:
        """Their addresses into the table; copies of those that lie in another order than their parameter."""
        grads = [parameter.grad for parameter in self.parameters]
        copies: list[Any] = []
        if len(grads) == len(self.grads) and all(map(is_, grads, self.grads)):
            places = [0 if grad is None else grad.data_ptr() for grad in grads]
            if places == self.grad_places:
                return copies
        places, plain = [], True
        for t, (parameter, grad) in enumerate(zip(self.parameters, grads, strict=True)):
            if grad is None:
                places.append(0)
                continue
            if grad.layout is not torch.strided:
                raise TypeError(
                    f"the gradient of {self.names[t]} has the layout {grad.layout}: make it dense, or use torch's"
                )
            if grad.stride() != parameter.stride() or t in self.gaps:
                target = self.gaps.get(t, parameter)
                grad, plain = torch.empty_like(target).copy_(grad), False
                copies.append(grad)
            places.append(grad.data_ptr())
        self.stepper.at[:, GRAD] = places
        self.live = np.array(places) != 0
        # what was copied has to be copied again
        self.grads, self.grad_places = (grads, places) if plain else ([], [])
        return copies

    def _prepare(self, group: dict[str, Any], first: int, last: int) -> None:
        optimizer, stepper, part = self.optimizer, self.stepper, slice(first, last)
        wanted = optimizer._wanted(group)
        for k, slot in enumerate(optimizer._slots):
            if slot in wanted:
                missing = self.live[part] & (stepper.at[part, STATE + k] == 0)
                for t in np.flatnonzero(missing & (stepper.sizes[part] > 0)) + first:
                    self._begin(int(t), wanted)
            else:
                stepper.at[part, STATE + k] = 0
        self.steps[part] += self.live[part]
        base = float(group["lr"])
        if group["decay"] == "schedule":
            base = float(group.setdefault("initial_lr", base))
        count = np.maximum(self.steps[part].astype(np.float64), 1.0)
        type(optimizer)._rule(group, base, count, stepper.settings[part], stepper.kinds[part])

    def _begin(self, t: int, wanted: tuple[str, ...]) -> None:
        """State that a parameter has not had yet."""
        parameter = self.parameters[t]
        own = self.optimizer.state[parameter]
        for slot in wanted:
            if own.get(slot) is None:
                own[slot] = _like(parameter)
        self._adopt(t, own)
        if not self.optimizer._counted:  # what is new is momentum, whose first step this is
            self.steps[t] = 0.0

    def _write_owed(self) -> None:
        owed = self.stepper.owed
        if (owed != 1.0).any() or getattr(self, "_owed", False):
            self._owed = True
            for t, parameter in enumerate(self.parameters):
                own = self.optimizer.state.get(parameter)
                if own is not None and (owed[t] != 1.0 or "owed_decay" in own):
                    own["owed_decay"] = float(owed[t])


class SGD(_Fused):
    """torch.optim.SGD in one call for all parameters, with L1 and exact zeros.

    The equations are those of `shrinkage.optim.SGD`.

    Parameters
    ----------
    params, lr, momentum, dampening, weight_decay, nesterov, maximize, foreach, differentiable, fused
        As torch's. `foreach` and `fused` say nothing here, `differentiable` must be False.
    l1 : float, default 0
        Strength of the penalty l1 |p|, by a soft threshold after the step: zeros are exact.
    decoupled_weight_decay : bool, default False
        Decay outside of the momentum.
    decay : {"lr", "schedule", "constant"}, default "lr"
        What decoupled decay and `l1` are multiplied with: see `shrinkage.optim.Adam`.
    nonfinite : {"propagate", "raise", "skip"}, default "propagate"
        What to do about gradients with NaN or infinity, which are looked for in all of them before anything is changed.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not dense, on the CPU and of a floating type, or a setting is out of its range.
    """

    _kernel = staticmethod(_steps.sgd)
    _rule = staticmethod(_rules.sgd)
    _slots = ("momentum_buffer",)
    _counted = False

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        l1: float = 0.0,
        decoupled_weight_decay: bool = False,
        decay: str = "lr",
        nonfinite: str = "propagate",
    ) -> None:
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "l1": l1, "decoupled_weight_decay": decoupled_weight_decay,
            "decay": decay,
        }  # fmt: skip
        super().__init__(
            params, defaults, nonfinite, {"foreach": foreach, "differentiable": differentiable, "fused": fused}
        )

    def _check(self, group: Mapping[str, Any]) -> None:
        _checks.sgd(_plain(group))

    def _wanted(self, group: Mapping[str, Any]) -> tuple[str, ...]:
        return self._slots if group["momentum"] != 0 else ()


class Adam(_Fused):
    """torch.optim.Adam in one call for all parameters, with L1 and exact zeros.

    The equations are those of `shrinkage.optim.Adam`.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, amsgrad, foreach, maximize, capturable, differentiable, fused, \
    decoupled_weight_decay
        As torch's. `foreach` and `fused` say nothing here, `capturable` and `differentiable` must be False.
    l1 : float, default 0
        Strength of the penalty l1 |p|, by a soft threshold after the step: zeros are exact.
    proximal : {"decoupled", "metric"}, default "decoupled"
        The form of the threshold.
    decay : {"lr", "schedule", "constant"}, default "lr"
        What decoupled decay and `l1` are multiplied with.
    nonfinite : {"propagate", "raise", "skip"}, default "propagate"
        What to do about gradients with NaN or infinity, which are looked for in all of them before anything is changed.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not dense, on the CPU and of a floating type, or a setting is out of its range.
    """

    _kernel = staticmethod(_steps.adam)
    _rule = staticmethod(_rules.adam)
    _slots = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        l1: float = 0.0,
        proximal: str = "decoupled",
        decay: str = "lr",
        nonfinite: str = "propagate",
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay, "l1": l1, "proximal": proximal,
            "decay": decay,
        }  # fmt: skip
        how = {"foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused}
        super().__init__(params, defaults, nonfinite, how)

    def _check(self, group: Mapping[str, Any]) -> None:
        _checks.adam(_plain(group))

    def _wanted(self, group: Mapping[str, Any]) -> tuple[str, ...]:
        return self._slots if group["amsgrad"] else self._slots[:2]


class AdamW(Adam):
    """torch.optim.AdamW in one call for all parameters, with L1, exact zeros and three kinds of decay.

    The equations are those of `shrinkage.optim.AdamW`.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, amsgrad, maximize, foreach, capturable, differentiable, fused
        As torch's. `foreach` and `fused` say nothing here, `capturable` and `differentiable` must be False.
    l1, proximal, decay, nonfinite
        As in `Adam`.

    Raises
    ------
    TypeError, ValueError
        As `Adam`.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled_weight_decay=True, **options)


def _plain(group: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as numbers: torch takes a tensor for lr."""
    return {
        key: value.item() if isinstance(value, torch.Tensor) else value
        for key, value in group.items()
        if key != "params"
    }
