"""SGD, Adam and AdamW for torch's parameters on the CPU: torch's own, with L1 and three kinds of decay, in one call.

They are `torch.optim.Optimizer`s with torch's arguments, parameter groups and state, so that schedulers, hooks,
closures and gradient scalers work, and a ``state_dict`` goes from torch's optimizer of the same name to ours and back.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ._extras import require
from ._kernels import steps as _steps
from .optim import _checks, _rules
from .optim._stepper import BFLOAT, DOUBLE, GRAD, HALF, PARAM, SINGLE, STATE, Contents, Settled, Stepper
from .optim.groups import decay_groups

torch: Any = require("torch", extra="torch")

__all__ = ["SGD", "Adam", "AdamW", "decay_groups"]

_KINDS = {torch.float64: DOUBLE, torch.float32: SINGLE, torch.float16: HALF, torch.bfloat16: BFLOAT}
#: Arguments that say how torch's own loops are run, and what they may be here.
_HOW: dict[str, tuple[bool | None, ...]] = {
    "foreach": (None, False, True), "fused": (None, False, True), "capturable": (False,), "differentiable": (False,),
}  # fmt: skip


#: Functions of DLPack's that look at a tensor, where torch has them.
_dlpack = getattr(torch.Tensor, "__dlpack_c_exchange_api__", None)
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
    profiled, apart = torch.autograd._profiler_enabled, torch._disable_dynamo(watched)

    @functools.wraps(step)
    def call(*args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling():
            return apart(*args, **kwargs)
        own = args[0]
        if own._optimizer_step_pre_hooks or own._optimizer_step_post_hooks or every[0] or every[1] or profiled():
            return watched(*args, **kwargs)
        return step(*args, **kwargs)

    call.hooked = True  # type: ignore[attr-defined]
    return call


#: State that is one number a parameter.
_COUNTS = {"step": torch.float32, "owed_decay": torch.float64}


class _Fused(torch.optim.Optimizer):
    """One call of a kernel for all parameters."""

    #: For gradient scalers: `step` divides by the scale and does nothing where a gradient overflowed.
    _step_supports_amp_scaling = True
    _rule: _rules.Rule

    def __init__(self, params: Any, defaults: dict[str, Any], nonfinite: str, how: Mapping[str, Any]) -> None:
        self.nonfinite = _checks.nonfinite(nonfinite)
        self.steps_skipped = 0
        self._tables: _Tables | None = None
        self._check(defaults | dict(how))
        super().__init__(params, defaults | dict(how))

    def _check(self, group: Mapping[str, Any]) -> None:
        for name, allowed in _HOW.items():
            if name in group and not any(group[name] is value for value in allowed):
                words = " or ".join(map(repr, allowed))
                raise ValueError(f"{name} must be {words} on the CPU, got {group[name]!r}: leave it out")
        self._rule.check({name: _plain(value) for name, value in group.items() if name != "params"})

    def __getstate__(self) -> dict[str, Any]:
        own = {"nonfinite": self.nonfinite, "steps_skipped": self.steps_skipped}
        return dict(super().__getstate__()) | own

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():  # groups of torch's own
                group.setdefault(name, value)
        self._tables = None

    def state_dict(self) -> dict[str, Any]:
        """As torch's; with the number of steps of each parameter in a tensor of its own."""
        out: dict[str, Any] = super().state_dict()
        out["state"] = {
            index: {
                name: torch.as_tensor(value, dtype=_COUNTS[name]).clone() if name in _COUNTS else value
                for name, value in own.items()
            }
            for index, own in out["state"].items()
        }
        return out

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's; parameters must be dense, on the CPU, and of a floating type."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        try:
            self._check(group)
            names = _names(self.param_groups)
            for name, parameter in zip(names[len(names) - len(group["params"]) :], group["params"], strict=True):
                _check_parameter(name, parameter)
        except BaseException:
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
        # torch would let its hooks see the state before and after it casts that to the type of parameters
        before, after = (f"_optimizer_load_state_dict_{when}_hooks" for when in ("pre", "post"))
        hooks = {name: getattr(self, name) for name in (before, after)}
        state_dict = dict(state_dict)
        for hook in hooks[before].values():
            state_dict = hook(self, state_dict) or state_dict
        parameters, saved = self._matched(state_dict)
        self.__dict__.update({name: type(mine)() for name, mine in hooks.items()})
        try:
            super().load_state_dict(state_dict | {"state": saved})
        finally:
            self.__dict__.update(hooks)
        indices = [index for group in state_dict["param_groups"] for index in group["params"]]
        for parameter, own in zip(parameters, map(saved.get, indices), strict=True):
            for slot in self._rule.slots:
                if own and own.get(slot) is not None:
                    self.state[parameter][slot] = _like(parameter).copy_(own[slot])
            for name, dtype in _COUNTS.items():
                if own and name in own:
                    self.state[parameter][name] = torch.as_tensor(own[name], dtype=dtype, device="cpu").clone()
        self._tables = None
        for hook in hooks[after].values():
            hook(self)

    def _matched(self, state_dict: Mapping[str, Any]) -> tuple[list[Any], dict[Any, dict[str, Any]]]:
        """Our parameters, and their state as tensors by its index in a state_dict, which was checked."""
        if not {"state", "param_groups"} <= set(state_dict):
            raise ValueError('a state_dict has "state" and "param_groups"')
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        names = _names(self.param_groups)
        theirs = [name for group in state_dict["param_groups"] for name in group.get("param_names", [])]
        if theirs and all("param_names" in group for group in self.param_groups):
            _checks.same_names(theirs, names)
        indices = [index for group in state_dict["param_groups"] for index in group["params"]]
        saved: dict[Any, dict[str, Any]] = {}
        for index, own in state_dict["state"].items():
            saved[index] = {
                key: torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
                for key, value in own.items()
            }
        rule = self._rule
        for name, parameter, own in zip(names, parameters, map(saved.get, indices), strict=False):
            if not own:
                continue
            _checks.whole(own, name, rule)
            for slot in rule.slots:
                if own.get(slot) is not None:
                    _check_state(slot, name, own[slot], parameter)
            if "step" in own:
                _checks.steps_of(own["step"], name)
            if "owed_decay" in own:
                _checks.owed_of(own["owed_decay"], name)
        for mine, group in zip(self.param_groups, state_dict["param_groups"], strict=False):
            rule.check({key: _plain(value) for key, value in (mine | group).items() if key != "params"})
        return parameters, saved

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

        Notes
        -----
        A model may be compiled; the step itself is left out of what is (`torch.compiler.disable`).
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        found = vars(self).get("found_inf")
        if found is not None and float(found) != 0.0:
            return loss
        if self._tables is None or not self._tables.holds(self):
            self._tables = _Tables(self)
            self._tables.holds(self)
        try:
            self._tables.step(self)
        finally:
            self._tables.held.clear()
        return loss


def _names(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of all parameters: their place among them, where a group has none."""
    out: list[str] = []
    for group in groups:
        out += group.get("param_names") or [f"parameter {len(out) + k}" for k in range(len(group["params"]))]
    return out


def _check_parameter(name: str, parameter: Any) -> None:
    if parameter.layout is not torch.strided:
        raise TypeError(f"{name} has the layout {parameter.layout}: parameters must be dense")
    if parameter.device.type != "cpu":
        raise ValueError(f"{name} is on {parameter.device}: these optimizers are for the CPU, use torch's there")
    if torch.nn.parameter.is_lazy(parameter):
        raise ValueError(f"{name} has no shape yet: run the model once first")
    if parameter.dtype not in _KINDS:
        raise TypeError(f"{name} must be float64, float32, float16 or bfloat16, got {parameter.dtype}")
    if _checks.overlaps(parameter.shape, parameter.stride(), 1):
        raise ValueError(f"several numbers of {name} are in the same memory: make the parameter of a copy")
    if parameter.is_neg() or (parameter.numel() and parameter.data_ptr() == 0):
        raise TypeError(
            f"{name} is a {type(parameter.data).__name__} whose numbers are not in memory as they are: use torch's "
            "optimizers for it"
        )


def _check_state(slot: str, name: str, value: Any, parameter: Any) -> None:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{slot} of {name} must be a tensor, got {type(value).__name__}")
    if value.layout is not torch.strided:
        raise TypeError(f"{slot} of {name} has the layout {value.layout}: it must be dense")
    if value.shape != parameter.shape:
        raise ValueError(f"{slot} of {name} must have shape {tuple(parameter.shape)}, got {tuple(value.shape)}")


def _state_type(parameter: Any) -> Any:
    """State is double for double parameters and float for all others."""
    return torch.float64 if parameter.dtype is torch.float64 else torch.float32


def _like(parameter: Any) -> Any:
    """Zeros for a parameter's state, in its order."""
    dtype = _state_type(parameter)
    if _packed(parameter):
        return torch.zeros_like(parameter, dtype=dtype, memory_format=torch.preserve_format)
    return torch.zeros(parameter.shape, dtype=dtype, device="cpu")


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
        groups, self.rule = optimizer.param_groups, optimizer._rule
        self.lengths = [len(group["params"]) for group in groups]
        self.parameters = [parameter for group in groups for parameter in group["params"]]
        self.names = _names(groups)
        for name, parameter in zip(self.names, self.parameters, strict=True):
            _check_parameter(name, parameter)
        count = len(self.parameters)
        self.stepper = Stepper([p.numel() for p in self.parameters], [_KINDS[p.dtype] for p in self.parameters])
        #: Parameters with gaps between their numbers are stepped as copies.
        self.gaps = {
            t: torch.empty(p.shape, dtype=p.dtype, device="cpu")
            for t, p in enumerate(self.parameters) if not _packed(p)
        }  # fmt: skip
        self.gapped = np.array([t in self.gaps for t in range(count)], np.uint8)
        #: Where parameters and gradients were when they were last looked at, what parameters look like, and which
        #: objects gradients were.
        self.places, self.forms, self.grads, self.grad_places = np.zeros((4, count), np.uintp)
        _steps.placed(_dlpack, self.parameters, self.places, self.forms)
        #: Copies of gradients in another order than their parameter, made anew at every step.
        self.strange: dict[int, Any] = {}
        self.live: list[Any] = []
        self.stepper.at[:, PARAM] = self.places
        for t, copied in self.gaps.items():
            self.stepper.at[t, PARAM] = copied.data_ptr()
        #: How far each is, and what it is owed. torch keeps the first in a tensor of each parameter's: a part of this.
        self.steps = np.zeros(count, np.float32)
        self.steps_place = self.steps.ctypes.data
        self.parts = {"step": torch.from_numpy(self.steps), "owed_decay": torch.from_numpy(self.stepper.owed)}
        self.looked_for = [*optimizer._rule.slots, *(["step"] if optimizer._rule.adam else []), "owed_decay"]
        self.settled = Settled((*optimizer.defaults, "initial_lr", "max_lr"))
        for t, parameter in enumerate(self.parameters):
            own = optimizer.state.get(parameter)
            if own:
                self._adopt(t, own)
        self._remember(optimizer)
        #: Memory that another thread takes from a parameter stays until the next look; so do gradients, for a step.
        self.aliases = [parameter.detach() for parameter in self.parameters]
        self.held: list[Any] = []
        # in memory that parameters share their order counts
        order = np.argsort(self.places)
        ends = self.places + np.array([p.numel() * p.element_size() for p in self.parameters], np.uintp)
        self.stepper.serial = bool((self.places[order][1:] < ends[order][:-1]).any())

    def _adopt(self, t: int, own: dict[str, Any]) -> None:
        """Point at a parameter's state, and count its steps."""
        rule, parameter = self.rule, self.parameters[t]
        for k, slot in enumerate(rule.slots):
            value = own.get(slot)
            if value is not None:
                _check_state(slot, self.names[t], value, parameter)
                expected = self.gaps.get(t, parameter)
                if value.stride() != expected.stride() or value.dtype is not _state_type(parameter):
                    value = own[slot] = _like(parameter).copy_(value)
                self.stepper.at[t, STATE + k] = value.data_ptr()
        if rule.adam:
            self.steps[t] = float(own.get("step", 0.0))
            own["step"] = self.parts["step"][t]
        elif any(own.get(slot) is not None for slot in rule.slots):
            self.steps[t] = 1.0
        if "owed_decay" in own:
            self.stepper.owed[t] = float(own["owed_decay"])
            own["owed_decay"] = self.parts["owed_decay"][t]

    def _remember(self, optimizer: _Fused) -> None:
        # numbers of the state are parts of one tensor, whose place is looked at once
        self.contents = Contents(optimizer.state, self.parameters, self.looked_for, True, _dlpack, _COUNTS)

    def holds(self, optimizer: _Fused) -> bool:
        """Whether parameters and state are where they were; gradients are looked at on the way."""
        stepper = self.stepper
        groups = [list(group["params"]) for group in optimizer.param_groups]
        self.held.clear()
        moved, new, odd = _steps.look(
            _dlpack,
            groups,
            self.parameters,
            self.places,
            self.forms,
            self.gapped,
            self.grads,
            self.grad_places,
            stepper.at,
            self.held,
        )
        if moved or not self.contents.same(optimizer.state):
            return False
        if self.parts["step"].data_ptr() != self.steps_place:
            return False
        if new and (odd or self.strange):
            try:
                self._copy_strange_gradients()
            except BaseException:
                self.grads[:] = 1  # all are looked at again
                raise
        if new:
            live = stepper.at[:, GRAD] != 0
            if (live != stepper.live).any():
                stepper.live[:] = live
                self.settled.forget()
                self.live = [parameter for parameter, one in zip(self.parameters, live, strict=True) if one]
        return True

    def _copy_strange_gradients(self) -> None:
        """Places for copies of those that lie in another order than their parameter, or have another type."""
        strange = {}
        for t, parameter in enumerate(self.parameters):
            grad = parameter.grad
            if grad is None:
                continue
            if grad.layout is not torch.strided:
                raise TypeError(
                    f"the gradient of {self.names[t]} has the layout {grad.layout}: make it dense, or use torch's"
                )
            if grad.shape != parameter.shape:
                raise ValueError(
                    f"the gradient of {self.names[t]} must have shape {tuple(parameter.shape)}, got {tuple(grad.shape)}"
                )
            alike = grad.stride() == parameter.stride() and grad.dtype is parameter.dtype and not grad.is_neg()
            place = 0 if t in self.gaps or not alike else grad.data_ptr()
            if place == 0 and grad.numel():
                strange[t] = torch.empty_like(self.gaps.get(t, parameter), requires_grad=False)
                place = strange[t].data_ptr()
            self.stepper.at[t, GRAD] = place
        self.strange = strange

    def step(self, optimizer: _Fused) -> None:
        stepper, rule = self.stepper, self.rule
        stepper.team = (_team, torch.get_num_threads()) if _team else (0, 1)
        for t, copied in self.strange.items():
            copied.copy_(self.parameters[t].grad.detach())
        if not stepper.admits(optimizer.nonfinite, self.names):
            optimizer.steps_skipped += 1
            return
        settings = self.settled.changed(optimizer.param_groups, _plain)
        if settings is not None:
            self._settle(optimizer, settings)
        scale = vars(optimizer).get("grad_scale")
        if scale is not None:
            for grad in (*self.held, *self.strange.values()):
                grad.detach().div_(scale)
        _increment_version(self.live)
        for t, copied in self.gaps.items():
            copied.copy_(self.parameters[t].detach())
        np.add(self.steps, stepper.live, out=self.steps)
        stepper.count[:] = self.steps
        owing = stepper.step(rule)
        for t, copied in self.gaps.items():
            if stepper.live[t]:
                self.parameters[t].detach().copy_(copied)
        if owing:
            self._write_owed(optimizer)

    def _settle(self, optimizer: _Fused, settings: list[dict[str, Any]]) -> None:
        self.settled.forget()
        if self.stepper.settle(self.rule, settings, self.lengths, functools.partial(self._begin, optimizer)):
            self._remember(optimizer)
        for group, plain in zip(optimizer.param_groups, settings, strict=True):
            # some make a step of rate 0 to have state
            if plain["decay"] == "schedule" and plain["lr"] > 0:
                plain["initial_lr"] = _plain(group.setdefault("initial_lr", plain["lr"]))
        self.settled.keep(settings, optimizer.param_groups)

    def _begin(self, optimizer: _Fused, t: int, wanted: tuple[str, ...]) -> None:
        """State that a parameter has not had yet."""
        parameter, rule = self.parameters[t], self.rule
        own = optimizer.state[parameter]
        new = [slot for slot in wanted if own.get(slot) is None]
        for slot in new:
            own[slot] = _like(parameter)
        self._adopt(t, own)
        if new and not rule.adam:  # what is new is momentum, whose first step this is
            self.steps[t] = 0.0

    def _write_owed(self, optimizer: _Fused) -> None:
        """Decay that is owed is a part of the state from then on."""
        new = False
        for t in np.flatnonzero(self.stepper.owed != 1.0):
            own = optimizer.state[self.parameters[t]]
            if "owed_decay" not in own:
                own["owed_decay"], new = self.parts["owed_decay"][t], True
        if new:
            self._remember(optimizer)


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
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        l1: float = 0.0,
        proximal: str = "decoupled",
        decay: str = "lr",
        nonfinite: str = "propagate",
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True, l1=l1, proximal=proximal,
            decay=decay, nonfinite=nonfinite,
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # of Adam
            group["decoupled_weight_decay"] = True


def _plain(value: Any) -> Any:
    """A setting as a number or a tuple: torch takes a tensor for lr."""
    if callable(value):
        raise TypeError(
            f"a setting must be a number, got the function {value!r:.60}: for lr there is torch.optim.lr_scheduler, "
            "others of a group may be set between two steps"
        )
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else _checks.plain(value)
