"""Optimizers of NumPy arrays: groups of parameters, their state, and a step of all of them in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .._kernels import steps as _steps
from . import _checks, _files
from ._rules import Rule
from ._stepper import GRAD, KINDS, PARAM, STATE, Contents, Settled, Stepper, state_type

Array = np.ndarray[Any, Any]
Nonfinite = Literal["raise", "skip", "propagate"]
#: Attributes that `_lay_out` makes.
_TABLES = {
    "_stepper", "_copies", "_orders", "_lists", "_count", "_lengths", "_settled", "_places", "_cleared", "_starts",
    "_ends", "_bytes", "_contents",
}  # fmt: skip


class Optimizer:
    """What `SGD`, `Adam` and `AdamW` share.

    Attributes
    ----------
    param_groups : list of dict
        The groups, with "params" (the arrays), "param_names" and their settings. A setting may be changed between
        steps; ``lr``, ``weight_decay`` and ``l1`` may be functions of the number of steps taken (`schedules`).
    state : dict
        {index of the parameter: {"step": ..., "exp_avg": ...}}, with torch's keys, from the first step on.
    steps_taken, steps_skipped : int
        Calls of `step` that changed parameters, and those that did not because of ``nonfinite="skip"``.
    """

    #: Settings of a group and what they are by default.
    _defaults: dict[str, Any]
    _rule: Rule

    def __init__(self, params: Any, settings: dict[str, Any], nonfinite: str) -> None:
        self.nonfinite = _checks.nonfinite(nonfinite)
        self._defaults = settings
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[int, dict[str, Any]] = {}
        self.steps_taken = self.steps_skipped = 0
        self._arrays: list[Array] = []
        self._names: list[str] = []
        for group in _checks.groups(params):
            self._join(group)
        if not self._arrays:
            raise ValueError("params is empty: pass at least one array")
        self._lay_out()

    def __getstate__(self) -> dict[str, Any]:
        """Without addresses, which are of this object's arrays."""
        out = {name: value for name, value in vars(self).items() if name not in _TABLES}
        steps = {t: own | {"step": int(own["step"])} for t, own in self.state.items()}
        return out | {"state": steps, "owed": self._stepper.owed.copy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        owed = state.pop("owed")
        vars(self).update(state)
        self._lay_out()
        self._stepper.owed[:] = owed

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Take more parameters, with settings of their own: {"params": ..., "lr": ...}.

        Raises
        ------
        TypeError, ValueError
            As for `params`.
        """
        self._join(_checks.one_group(group))
        self._lay_out()

    def _join(self, group: dict[str, Any]) -> None:
        names, arrays = _checks.parameters(group["params"], len(self._arrays), names=group.get("param_names"))
        settings = self._defaults | {key: value for key, value in group.items() if key not in ("params", "param_names")}
        unknown = set(settings) - set(self._defaults) - {"initial_lr"}
        if unknown:
            raise ValueError(f"a group has no setting {sorted(unknown)[0]!r}: it has {', '.join(self._defaults)}")
        if callable(settings["lr"]) and "initial_lr" not in settings:
            if hasattr(settings["lr"], "base"):
                settings["initial_lr"] = settings["lr"].base
            elif settings["decay"] == "schedule":
                raise ValueError(
                    "decay='schedule' needs to know of which learning rate the function lr gives a share: pass groups "
                    "with initial_lr, [{'params': ..., 'initial_lr': 0.1}], or a function of shrinkage.optim.schedules"
                )
        self._rule.check(Settled(settings).of(settings, self._constant))
        _checks.apart(self._names + names, self._arrays + arrays)
        self.param_groups.append({"params": tuple(arrays), "param_names": names} | settings)
        self._arrays += arrays
        self._names += names

    def _lay_out(self) -> None:
        """The tables, anew: parameters have come, or state has."""
        arrays = self._arrays
        old = getattr(self, "_stepper", None)
        self._stepper = Stepper([a.size for a in arrays], [KINDS[a.dtype.char] for a in arrays])
        if old is not None:
            self._stepper.owed[: len(old.owed)] = old.owed
        #: What the kernel works on where the array itself is not contiguous, or its bytes are swapped.
        self._copies: dict[int, Array] = {}
        orders = bytearray(b"C" * len(arrays))
        for t, array in enumerate(arrays):
            if not array.dtype.isnative or not (array.flags.c_contiguous or array.flags.f_contiguous):
                self._copies[t] = np.empty(array.shape, array.dtype.newbyteorder("="))
            elif not array.flags.c_contiguous:
                orders[t] = ord("F")
            self._stepper.at[t, PARAM] = self._copies.get(t, array).ctypes.data
        self._orders = bytes(orders)
        self._lists = [group["params"] for group in self.param_groups]
        #: How many steps each has taken; the state has parts of it.
        self._count = self._stepper.count
        for t, own in self.state.items():
            self._count[t] = _checks.steps_of(own["step"], self._names[t])
            own["step"] = self._count[t, ...]
        self._lengths = [len(group["params"]) for group in self.param_groups]
        self._settled = Settled((*self._defaults, "initial_lr"))
        #: Gradients that were looked at, and stretches of memory with parameters: the furthest end of all so far.
        self._places, self._cleared = np.zeros(len(arrays), np.uintp), False
        bounds = [np.lib.array_utils.byte_bounds(array) for array in arrays if array.size]
        start, end = np.array(bounds, np.uintp).reshape(-1, 2).T
        order = np.argsort(start)
        self._bytes = np.array([array.nbytes for array in arrays], np.uintp)
        self._starts, self._ends = start[order], np.maximum.accumulate(end[order])
        self._remember()

    def _remember(self) -> None:
        self._contents = Contents(self.state, range(len(self._arrays)), (*self._rule.slots, "step"))

    def step(self, grads: Any, *, zero_grads: bool = False) -> bool:
        """Change every parameter with a gradient, in place.

        Parameters
        ----------
        grads : sequence of ndarray or None, or dict of them by name
            In the order of the parameters, each of its parameter's shape and dtype. A parameter whose gradient is None
            (in a dict: missing) is left alone, its state too.
        zero_grads : bool, default False
            Set the gradients to zero in the same pass.

        Returns
        -------
        bool
            False where ``nonfinite="skip"`` met a gradient with NaN or infinity: nothing was changed then, but for
            gradients that are set to zero.

        Raises
        ------
        TypeError, ValueError
            If a gradient does not fit its parameter, or shares memory with it; with ``nonfinite="raise"`` if one has
            NaN or infinity. Nothing was changed then.
        """
        given: list[Any] = _checks.gradients(grads, self._names, self._arrays, writing=zero_grads)
        self._look()
        stepper, rule = self._stepper, self._rule
        copies = self._point_at(given, zero_grads)
        live = stepper.at[:, GRAD] != 0
        if not stepper.admits(self.nonfinite, self._names):
            self.steps_skipped += 1
            _clear(given, range(len(given)) if zero_grads else ())
            return False
        if (live != stepper.live).any():
            self._settled.forget()
        settings = self._settled.changed(self.param_groups, self._constant)
        if settings is not None:
            self._settle(settings, live)
        for t, copied in self._copies.items():
            np.copyto(copied, self._arrays[t])
        self._count += live
        stepper.step(rule, zero_grads)
        for t, copied in self._copies.items():
            if live[t]:
                np.copyto(self._arrays[t], copied)
        _clear(given, copies if zero_grads else ())
        self.steps_taken += 1
        return True

    def _constant(self, value: Any) -> Any:
        """A setting at this step: schedules are functions of the steps taken."""
        return _checks.plain(value(self.steps_taken) if callable(value) else value)

    def _look(self) -> None:
        """Whether parameters and state are those that the tables point at."""
        for k, (group, arrays) in enumerate(zip(self.param_groups, self._lists, strict=False)):
            if group["params"] is not arrays:
                raise ValueError(f"the params of group {k} were replaced: make a new optimizer, or add a group")
        if not self._contents.same(self.state):
            self._lay_out()

    def _settle(self, settings: list[dict[str, Any]], live: Array) -> None:
        self._settled.forget()
        self._stepper.live[:] = live
        begun = self._stepper.settle(self._rule, settings, self._lengths, self._begin)
        for t in np.flatnonzero(live).tolist():
            if t not in self.state:
                self.state[t], begun = {"step": self._count[t, ...]}, True
        for group, resolved in zip(self.param_groups, settings, strict=True):
            if resolved["initial_lr"] is None and resolved["lr"] > 0:
                group["initial_lr"] = resolved["initial_lr"] = resolved["lr"]
        if begun:
            self._remember()
        self._settled.keep(settings, self.param_groups)

    def _begin(self, t: int, wanted: tuple[str, ...]) -> None:
        """State that a parameter has not had yet."""
        own, array = self.state.setdefault(t, {"step": self._count[t, ...]}), self._arrays[t]
        for k, slot in enumerate(self._rule.slots):
            if slot in wanted:
                if own.get(slot) is None:
                    own[slot] = np.zeros(array.shape, state_type(array), order=chr(self._orders[t]))  # type: ignore[call-overload]
                    if not self._rule.adam:  # what is new is momentum, whose first step this is
                        self._count[t] = 0
                else:
                    own[slot] = _checks.state_of(own[slot], slot, self._names[t], array, copy=None)
                self._stepper.at[t, STATE + k] = own[slot].ctypes.data

    def _point_at(self, given: Sequence[Array | None], writing: bool) -> dict[int, Array]:
        """Addresses of gradients into the table; the copies of those that are not as the kernel reads them."""
        stepper = self._stepper
        out = stepper.at[:, GRAD].copy()
        others = _steps.addresses(list(given), stepper.sizes, stepper.kinds, self._orders, out)
        copies: dict[int, Array] = {}
        for t in others:
            grad: Any = given[t]
            copies[t] = np.array(grad, grad.dtype.newbyteorder("="), order=chr(self._orders[t]))  # type: ignore[call-overload]
            out[t] = copies[t].ctypes.data
        stepper.at[:, GRAD] = out
        if others or writing != self._cleared or (out != self._places).any():
            self._apart(given, copies, writing)
            self._places, self._cleared = out, writing
        return copies

    def _apart(self, given: Sequence[Any], copies: Mapping[int, Array], writing: bool) -> None:
        """That gradients share no memory with parameters, nor with each other where they are cleared."""
        start = self._stepper.at[:, GRAD].copy()
        end = start + self._bytes
        for t in copies:  # what was copied is not in the way, unless it is cleared
            start[t], end[t] = np.lib.array_utils.byte_bounds(given[t]) if writing else (0, 0)
        which = np.flatnonzero((start != 0) & (self._bytes > 0)).tolist()
        if not which:
            return
        start, end = start[which], end[which]
        before = np.searchsorted(self._starts, end) - 1
        for k in np.flatnonzero((before >= 0) & (self._ends[before] > start)).tolist():
            grad, name = given[which[k]], self._names[which[k]]
            for other, array in zip(self._names, self._arrays, strict=True):
                if _checks.shared_memory(grad, array):
                    what = "it" if other == name else other
                    raise ValueError(f"the gradient of {name} shares memory with {what}: pass a copy")
        if writing:
            order = np.argsort(start)
            if (start[order][1:] < np.maximum.accumulate(end[order])[:-1]).any():
                _checks.apart([f"the gradient of {self._names[t]}" for t in which], [given[t] for t in which])

    def state_dict(self) -> dict[str, Any]:
        """The state and the groups' settings under torch's keys; arrays are copies.

        Settings that are functions of the step are left out: `load_state_dict` keeps those of the optimizer.
        """
        state = {}
        for t, own in self.state.items():
            state[t] = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in own.items()}
            state[t]["step"] = int(self._count[t])
            if self._stepper.owed[t] != 1.0:
                state[t]["owed_decay"] = float(self._stepper.owed[t])
        groups, first = [], 0
        for group in self.param_groups:
            count = len(group["params"])
            kept = {key: value for key, value in group.items() if key != "params" and not callable(value)}
            groups.append(kept | {"param_names": list(group["param_names"]), "params": [*range(first, first + count)]})
            first += count
        return {"state": state, "param_groups": groups, "steps_taken": self.steps_taken}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take state and settings that `state_dict` gave, of parameters with the same names and shapes.

        torch's own optimizer's is taken too. Settings that are functions here stay what they are.

        Raises
        ------
        TypeError, ValueError
            Naming the parameter whose name, shape or state does not fit. Nothing was changed then.
        """
        groups, state = _checks.state_dict(state_dict, self.param_groups, self._arrays, self._names, self._rule)
        for mine, group in zip(self.param_groups, groups, strict=True):
            # whether decay is decoupled is what AdamW is, and not a setting
            if self._rule.adam:
                group["decoupled_weight_decay"] = mine["decoupled_weight_decay"]
            self._rule.check(self._settled.of(mine | group, self._constant))
        # torch's says it of each parameter alone
        taken = state_dict.get("steps_taken", max((own["step"] for own in state.values()), default=0))
        self.steps_taken = _checks.steps_of(taken, "the optimizer")
        owed = {t: own.pop("owed_decay", 1.0) for t, own in state.items()}
        for mine, theirs in zip(self.param_groups, groups, strict=True):
            mine.update(theirs)
        self.state = state
        self._lay_out()
        self._stepper.owed[:] = [owed.get(t, 1.0) for t in range(len(self._arrays))]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `state_dict` to an ``.npz`` file that NumPy alone can open; nothing is pickled.

        The file appears whole or not at all.
        """
        _files.save(path, type(self).__name__, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """`load_state_dict` from a file of `save`.

        Raises
        ------
        ValueError
            If it is no such file, or of another optimizer or other parameters.
        """
        state = _files.load(path, type(self).__name__)
        try:
            self.load_state_dict(state)
        except TypeError as error:
            raise ValueError(f"cannot load an optimizer's state from {os.fspath(path)!r}: {error}") from None


def _clear(arrays: Sequence[Any], which: Iterable[int]) -> None:
    for t in which:
        if arrays[t] is not None:
            arrays[t][...] = 0
