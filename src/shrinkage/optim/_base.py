"""Optimizers of NumPy arrays: groups of parameters, their state, and a step of all of them in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from .._kernels import steps as _steps
from . import _checks, _files
from ._rules import Rule
from ._stepper import GRAD, KINDS, PARAM, STATE, Stepper, state_type, values

Array = np.ndarray[Any, Any]
Nonfinite = Literal["raise", "skip", "propagate"]
#: Attributes that `_lay_out` makes.
_TABLES = {"_stepper", "_copies", "_count", "_edges", "_settled"}


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
        self._rule.check(settings)
        _checks.apart(self._names + names, self._arrays + arrays)
        self.param_groups.append({"params": arrays, "param_names": names} | settings)
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
        for t, array in enumerate(arrays):
            if not (array.flags.c_contiguous and array.dtype.isnative):
                self._copies[t] = np.empty(array.shape, array.dtype.newbyteorder("="))
            self._stepper.at[t, PARAM] = self._copies.get(t, array).ctypes.data
        #: How many steps each has taken; the state has parts of it.
        self._count = self._stepper.count
        for t, own in self.state.items():
            self._count[t] = own["step"]
            own["step"] = self._count[t, ...]
        edges = np.cumsum([0, *(len(group["params"]) for group in self.param_groups)]).tolist()
        self._edges = list(pairwise(edges))
        #: The settings that the tables are for.
        self._settled: list[dict[str, Any]] = []

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
            False where ``nonfinite="skip"`` met a gradient with NaN or infinity: nothing was changed then.

        Raises
        ------
        TypeError, ValueError
            If a gradient does not fit its parameter, or shares memory with it; with ``nonfinite="raise"`` if one has
            NaN or infinity. Nothing was changed then.
        """
        given: list[Any] = _checks.gradients(grads, self._names, self._arrays, writing=zero_grads)
        stepper, rule = self._stepper, self._rule
        grad_copies = self._point_at(given)
        live = stepper.at[:, GRAD] != 0
        if not stepper.admits(self.nonfinite, self._names):
            self.steps_skipped += 1
            return False
        names = (*self._defaults, "initial_lr")
        settings = [values(group, names, self._resolved) for group in self.param_groups]
        if settings != self._settled or (live != stepper.live).any():
            self._settled = []
            stepper.live[:] = live
            stepper.settle(rule, settings, self._edges, self._begin)
            for t in np.flatnonzero(live).tolist():
                self.state.setdefault(t, {"step": self._count[t, ...]})
            for group, resolved in zip(self.param_groups, settings, strict=True):
                group.setdefault("initial_lr", resolved["lr"])
            self._settled = settings
        for t, copied in self._copies.items():
            np.copyto(copied, self._arrays[t])
        self._count += live
        stepper.step(rule, zero_grads)
        for t, copied in self._copies.items():
            if live[t]:
                np.copyto(self._arrays[t], copied)
        if zero_grads:
            for t in grad_copies:
                given[t][...] = 0
        self.steps_taken += 1
        return True

    def _resolved(self, value: Any) -> Any:
        """A setting at this step: schedules are functions of the steps taken."""
        return value(self.steps_taken) if callable(value) else tuple(value) if isinstance(value, list) else value

    def _begin(self, t: int, wanted: tuple[str, ...]) -> None:
        """State that a parameter has not had yet."""
        own, array = self.state.setdefault(t, {"step": self._count[t, ...]}), self._arrays[t]
        for k, slot in enumerate(self._rule.slots):
            if slot in wanted:
                if own.get(slot) is None:
                    own[slot] = np.zeros(array.shape, state_type(array))
                self._stepper.at[t, STATE + k] = own[slot].ctypes.data
        if not self._rule.adam:  # what is new is momentum, whose first step this is
            self._count[t] = 0

    def _point_at(self, given: Sequence[Array | None]) -> dict[int, Array]:
        """Addresses of gradients into the table; the copies of those that are not as the kernel reads them."""
        stepper, start = self._stepper, 0
        arrays: list[Any] = list(given)
        copies: dict[int, Array] = {}
        out = np.zeros(len(arrays), np.uintp)
        # the addresses of all but the few that need a copy come from one call
        while True:
            bad = _steps.addresses(arrays[start:], stepper.sizes[start:], stepper.kinds[start:], out[start:])
            if bad < 0:
                break
            t = start + bad
            copies[t] = np.array(arrays[t], arrays[t].dtype.newbyteorder("="), order="C")
            out[t], start = copies[t].ctypes.data, t + 1
        stepper.at[:, GRAD] = out
        return copies

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

        Raises
        ------
        TypeError, ValueError
            Naming the parameter whose name, shape or state does not fit. Nothing was changed then.
        """
        groups, state = _checks.state_dict(state_dict, self.param_groups, self._arrays, self._names, self._rule.slots)
        for group in groups:
            self._rule.check(self._defaults | group)
        owed = {t: own.pop("owed_decay", 1.0) for t, own in state.items()}
        for mine, theirs in zip(self.param_groups, groups, strict=True):
            mine.update(theirs)
        self.state = state
        # torch's says it of each parameter alone
        self.steps_taken = int(state_dict.get("steps_taken", max((own["step"] for own in state.values()), default=0)))
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
        self.load_state_dict(_files.load(path, type(self).__name__))
