"""SGD, Adam and AdamW for torch's parameters on the CPU: torch's own, with L1 and three kinds of decay, in one call.

They are `torch.optim.Optimizer`s with torch's arguments, parameter groups and state, so that schedulers, hooks,
closures and gradient scalers work, and a ``state_dict`` goes from torch's optimizer of the same name to ours and back.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import pairwise
from operator import is_
from typing import Any

import numpy as np

from ._extras import require
from ._kernels import steps as _steps
from .optim import _checks, _rules
from .optim._stepper import BFLOAT, DOUBLE, GRAD, HALF, PARAM, SIGN, SINGLE, STATE, Stepper, values
from .optim.groups import decay_groups

torch: Any = require("torch", extra="torch")

__all__ = ["SGD", "Adam", "AdamW", "decay_groups"]

_KINDS = {torch.float64: DOUBLE, torch.float32: SINGLE, torch.float16: HALF, torch.bfloat16: BFLOAT}
#: Arguments that say how torch's own loops are run, and what they may be here.
_HOW: dict[str, tuple[bool | None, ...]] = {
    "foreach": (None, False, True), "fused": (None, False, True), "capturable": (False,), "differentiable": (False,),
}  # fmt: skip


_increment_version = torch.autograd.graph.increment_version


def _find_team() -> int:
    """The address of GOMP_parallel, through which OpenMP's threads that torch works with do our work too, or 0.

    They wait for more of it in a loop that takes a core each for milliseconds: threads of our own would share those.
    """
    if "parallel backend: OpenMP" not in torch.__config__.parallel_info():
        return 0
    try:
        return ctypes.cast(ctypes.CDLL(None).GOMP_parallel, ctypes.c_void_p).value or 0
    except (OSError, TypeError, AttributeError):  # statically linked, or no such OpenMP
        return 0


_team = _find_team()


def _forget_team() -> None:
    """OpenMP's threads are not in a forked child, and it waits for them."""
    global _team
    _team = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_team)


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """torch's wrapper of a step only where there are hooks or its profiler: a step of a small model takes less."""
    module = import_module("torch.optim.optimizer")
    every = [getattr(module, f"_global_optimizer_{when}_hooks", {"unknown": None}) for when in ("pre", "post")]
    watched = torch.optim.Optimizer.profile_hook_step(step)
    profiled = torch.autograd._profiler_enabled

    @functools.wraps(step)
    def call(*args: Any, **kwargs: Any) -> Any:
        own = args[0]
        if own._optimizer_step_pre_hooks or own._optimizer_step_post_hooks or every[0] or every[1] or profiled():
            return watched(*args, **kwargs)
        return step(*args, **kwargs)

    call.hooked = True  # type: ignore[attr-defined]
    return call


class _Fused(torch.optim.Optimizer):
    """One call of a kernel for all parameters."""

    #: For gradient scalers: `step` divides by the scale and does nothing where a gradient overflowed.
    _step_supports_amp_scaling = True
    _rule: _rules.Rule

    def __init__(self, params: Any, defaults: dict[str, Any], nonfinite: str, how: Mapping[str, Any]) -> None:
        self.nonfinite = _checks.nonfinite(nonfinite)
        self.steps_skipped = 0
        self._tables: _Tables | None = None
        for name, value in how.items():
            if not any(value is allowed for allowed in _HOW[name]):
                allowed = " or ".join(map(repr, _HOW[name]))
                raise ValueError(f"{name} must be {allowed} on the CPU, got {value!r}: leave it out")
        self._rule.check(_plain_group(defaults))
        super().__init__(params, defaults | dict(how))

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
            self._rule.check(_plain_group(group))
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
            for slot in self._rule.slots:
                if own.get(slot) is not None and own[slot].shape != parameter.shape:
                    raise ValueError(
                        f"{slot} of {name} must have shape {tuple(parameter.shape)}, got {tuple(own[slot].shape)}"
                    )
        super().load_state_dict(state_dict)
        for parameter, own in zip(mine, saved, strict=True):
            for slot in self._rule.slots:
                if own.get(slot) is not None:  # torch casts state to the type of its parameter, or shares it
                    self.state[parameter][slot] = _like(parameter).copy_(own[slot])
            if "step" in own:
                self.state[parameter]["step"] = torch.as_tensor(own["step"], dtype=torch.float32).clone()
        self._tables = None

    @_hooked
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
        found = vars(self).get("found_inf")
        if found is not None and float(found) != 0.0:
            return loss
        if self._tables is None or not self._tables.holds():
            self._tables = _Tables(self)
            self._tables.holds()
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
        self.edges = list(pairwise(np.cumsum([0, *(len(group["params"]) for group in groups)]).tolist()))
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
        #: Of those in the order of C, whose gradients are taken as they are if they have it too.
        self.types = [p.dtype if p.is_contiguous() else None for p in self.parameters]
        #: Where parameters and gradients were when they were last looked at.
        self.grads: list[Any] = [None] * count
        self.places = np.array([p.data_ptr() for p in self.parameters], np.uintp)
        self.grad_places = np.zeros(count, np.uintp)
        #: Gradients in another order than their parameter, which are copied at every step.
        self.strange: dict[int, Any] = {}
        self.stepper.at[:, PARAM] = self.places
        for t, copied in self.gaps.items():
            self.stepper.at[t, PARAM] = copied.data_ptr()
        #: How far each is. torch keeps that in a tensor of each parameter's: they are parts of this one.
        self.counts = torch.zeros(count)
        self.steps = self.counts.numpy()
        #: All state there is, and what is in that of our parameters, to see whether somebody puts something else there.
        self.states: list[dict[str, Any]] = []
        self.own: list[dict[str, Any]] = []
        self.contents: list[Any] = []
        self.looked_for = [*optimizer._rule.slots, *(["step"] if optimizer._rule.adam else [])]
        #: The settings that the tables are for.
        self.settled: list[dict[str, Any]] = []
        self.setting_names = (*optimizer.defaults, "initial_lr")
        self.owing = False
        for t, parameter in enumerate(self.parameters):
            own = optimizer.state.get(parameter)
            if own:
                self._adopt(t, own)
        self._remember()

    def _adopt(self, t: int, own: dict[str, Any]) -> None:
        """Point at a parameter's state, and count its steps."""
        rule, parameter = self.optimizer._rule, self.parameters[t]
        for k, slot in enumerate(rule.slots):
            value = own.get(slot)
            if value is not None:
                expected = self.gaps.get(t, parameter)
                if value.stride() != expected.stride() or value.dtype is not _state_type(parameter):
                    value = own[slot] = _like(parameter).copy_(value)
                self.stepper.at[t, STATE + k] = value.data_ptr()
        if rule.adam:
            self.steps[t] = float(own.get("step", 0.0))
            own["step"] = self.counts[t]
        elif any(own.get(slot) is not None for slot in rule.slots):
            self.steps[t] = 1.0
        self.stepper.owed[t] = own.get("owed_decay", 1.0)

    def _remember(self) -> None:
        state = self.optimizer.state
        self.states = list(state.values())
        self.own = [state[parameter] for parameter in self.parameters if parameter in state]
        self.contents = [own.get(name) for own in self.own for name in self.looked_for]

    def holds(self) -> bool:
        """Whether parameters and state are where they were; gradients are looked at on the way."""
        stepper, states = self.stepper, self.optimizer.state.values()
        moved, new, odd = _steps.look(
            self.parameters, self.grads, self.places, self.grad_places, stepper.at, stepper.sizes, self.types,
            torch.strided,
        )  # fmt: skip
        if moved or len(states) != len(self.states) or not all(map(is_, states, self.states)):
            return False
        if not _steps.kept(self.own, self.looked_for, self.contents):
            return False
        if new and (odd or self.strange):
            self._copy_strange_gradients()
        if new:
            live = stepper.at[:, GRAD] != 0
            if (live != stepper.live).any():
                stepper.live[:], self.settled = live, []
        return True

    def _copy_strange_gradients(self) -> None:
        """Places for copies of those that lie in another order than their parameter, or have another type."""
        self.strange = {}
        for t, (parameter, grad) in enumerate(zip(self.parameters, self.grads, strict=True)):
            if grad is None:
                continue
            if grad.layout is not torch.strided:
                self.grads[t] = None  # is looked at again
                raise TypeError(
                    f"the gradient of {self.names[t]} has the layout {grad.layout}: make it dense, or use torch's"
                )
            if grad.shape != parameter.shape:
                raise ValueError(
                    f"the gradient of {self.names[t]} must have shape {tuple(parameter.shape)}, got {tuple(grad.shape)}"
                )
            strided_alike = grad.stride() == parameter.stride() and grad.dtype is parameter.dtype
            if t in self.gaps or not strided_alike or grad.is_neg():
                self.strange[t] = torch.empty_like(self.gaps.get(t, parameter), requires_grad=False)
            self.stepper.at[t, GRAD] = self.strange.get(t, grad).data_ptr()

    def step(self) -> None:
        optimizer, stepper, rule = self.optimizer, self.stepper, self.optimizer._rule
        stepper.team = (_team, torch.get_num_threads()) if _team else (0, 1)
        for t, copied in self.strange.items():
            copied.copy_(self.grads[t].detach())
        if not stepper.admits(optimizer.nonfinite, self.names):
            optimizer.steps_skipped += 1
            return
        settings = [values(group, self.setting_names, _plain) for group in optimizer.param_groups]
        if settings != self.settled:
            self._settle(settings)
        for t, copied in self.gaps.items():
            copied.copy_(self.parameters[t].detach())
        np.add(self.steps, stepper.live, out=self.steps)
        stepper.count[:] = self.steps
        scale = vars(optimizer).get("grad_scale")
        if scale is not None:
            stepper.settings[:, SIGN] /= float(scale)
            self.settled = []
        owing = stepper.step(rule)
        for t, copied in self.gaps.items():
            if stepper.live[t]:
                self.parameters[t].detach().copy_(copied)
        if owing or self.owing:
            self._write_owed()
        _increment_version(self.parameters)

    def _settle(self, settings: list[dict[str, Any]]) -> None:
        for group, plain in zip(self.optimizer.param_groups, settings, strict=True):
            if plain["decay"] == "schedule":
                plain["initial_lr"] = group.setdefault("initial_lr", plain["lr"])
        self.settled = []
        self.stepper.settle(self.optimizer._rule, settings, self.edges, self._begin)
        self._remember()
        self.settled = settings

    def _begin(self, t: int, wanted: tuple[str, ...]) -> None:
        """State that a parameter has not had yet."""
        parameter, rule = self.parameters[t], self.optimizer._rule
        own = self.optimizer.state[parameter]
        for slot in wanted:
            if own.get(slot) is None:
                own[slot] = _like(parameter)
        self._adopt(t, own)
        if not rule.adam:  # what is new is momentum, whose first step this is
            self.steps[t] = 0.0

    def _write_owed(self) -> None:
        self.owing = True
        for t, parameter in enumerate(self.parameters):
            own, owed = self.optimizer.state.get(parameter), float(self.stepper.owed[t])
            if own is not None and (owed != 1.0 or "owed_decay" in own):
                own["owed_decay"] = owed


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

    _rule = _rules.SGD

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

    _rule = _rules.ADAM

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


def _plain(value: Any) -> Any:
    """A setting as a number: torch takes a tensor for lr."""
    return value.item() if isinstance(value, torch.Tensor) else tuple(value) if isinstance(value, list) else value


def _plain_group(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in group.items() if name != "params"}
