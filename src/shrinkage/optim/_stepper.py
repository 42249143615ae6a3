"""One call of a kernel for all arrays of an optimizer: a table of addresses, its chunks, and what a step is.

The façades for NumPy and for torch say where arrays are; the rules (`sgd`, `adam`) say what a step of a group is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from .._kernels import steps as _steps
from .._threads import over_chunks

if TYPE_CHECKING:
    from ._rules import Rule

Array = np.ndarray[Any, Any]

#: Types of parameters as the kernel counts them, by NumPy's letter; bfloat16 has none.
DOUBLE, SINGLE, HALF, BFLOAT = range(4)
KINDS = {"d": DOUBLE, "f": SINGLE, "e": HALF}
#: Columns of `at`.
PARAM, GRAD, STATE = range(3)
#: Numbers of a chunk: at least, and at most.
_CHUNKS = 1 << 11, 1 << 15
#: Numbers below which a step is not worth a second thread, and chunks of a call at most.
_ALONE = 1 << 13
_AT_ONCE = 1 << 11
#: Decay below which rounding may lose it (two units in the last place), by type: it waits until there is more.
_FELT = np.array([0.0, 2.0**-22, 2.0**-9, 2.0**-6])


class Stepper:
    """Tables for arrays of given lengths and types.

    Attributes
    ----------
    at : ndarray of uintp, shape (tensors, 5)
        Addresses of parameters, gradients and state; the caller keeps them right. A gradient at 0: no step.
    kinds, settings : ndarray of shape (tensors, 3) and (tensors, 14)
        What the rule makes of a group.
    count : ndarray of shape (tensors,)
        How many steps each parameter has taken, with the one that is about to be.
    live : ndarray of uint8, shape (tensors,)
        Which parameters have a gradient.
    owed : ndarray of shape (tensors,)
        The factor that a parameter has not been given yet, 1 less a decay too small to be felt.
    team : tuple of 2 ints
        The address of GOMP_parallel, where another library's threads are to do the work, and how many; or (0, 1).
    """

    def __init__(self, sizes: Sequence[int], types: Sequence[int]) -> None:
        self.sizes = np.array(sizes, np.int64)
        count = len(self.sizes)
        self.at = np.zeros((count, 5), np.uintp)
        self.kinds = np.zeros((count, 3), np.int32)
        self.kinds[:, 0] = types
        self.settings = np.zeros((count, 14))
        self.count = np.zeros(count)
        self.live = np.zeros(count, np.uint8)
        self.owed = np.ones(count)
        self.team = 0, 1
        #: Whether arrays share memory, so that their order counts.
        self.serial = False
        self.chunks = _chunks(self.sizes)
        self.total = int(self.sizes.sum())

    def settle(
        self, rule: Rule, groups: Sequence[Mapping[str, Any]], lengths: Sequence[int],
        begin: Callable[[int, tuple[str, ...]], None],
    ) -> bool:  # fmt: skip
        """What a step of groups with these settings is, as long as neither they nor `live` change; whether there is
        state now that there was not.

        `begin` makes state of a tensor that has none yet and puts its addresses into `at`. Before anything is changed
        it raises where a setting is wrong.
        """
        made = []
        for k, group in enumerate(groups):
            try:
                rule.check(group)
                made.append(rule.settings(group))
            except (TypeError, ValueError) as error:
                raise error if len(groups) == 1 else type(error)(f"group {k}: {error}") from None
        self.settings[:] = np.repeat(np.array([one.row() for one in made]), lengths, axis=0)
        self.kinds[:, 1:] = np.repeat(np.array([(one.way, one.prox) for one in made], np.int32), lengths, axis=0)
        slots = np.repeat(np.array([one.slots for one in made]), lengths)
        own = self.at[:, STATE:]
        wanted = np.arange(own.shape[1]) < slots[:, None]
        own[~wanted] = 0
        missing = (wanted & (own == 0)).any(axis=1) & (self.live != 0) & (self.sizes > 0)
        for t in np.flatnonzero(missing).tolist():
            begin(t, rule.slots[: slots[t]])
        return bool(missing.any())

    def step(self, rule: Rule, clear: bool = False) -> bool:
        """A step of the tensors that are `live`, as `settle` has left it. Whether any decay is owed."""
        owed = _steps.advance(rule.adam, self.kinds, self.settings, self.count, self.live, _FELT, self.owed)
        self._run(lambda chunks, *team: rule.kernel(self.at, chunks, self.kinds, self.settings, clear, *team))
        return owed

    def admits(self, nonfinite: str, names: Sequence[str]) -> bool:
        """Whether a step may be taken with these gradients: one with NaN or infinity may be skipped, or an error."""
        if nonfinite == "propagate":
            return True
        found = self._run(lambda chunks, *team: _steps.not_finite(self.at, chunks, self.kinds, *team))
        bad = min((one for one in found if one >= 0), default=-1)
        if bad >= 0 and nonfinite == "raise":
            raise ValueError(
                f"the gradient of {names[bad]} has NaN or infinity: nothing was changed; look at the loss, "
                "lower lr, or pass nonfinite='skip'"
            )
        return bad < 0

    def statistics(self) -> Array:
        """(tensors, 6): see the kernel; what is compared with is in the place of gradients."""

        def part(chunks: Array, *_: int) -> Array:
            out = np.zeros((len(self.sizes), 6))
            _steps.statistics(self.at, chunks, self.kinds, out)
            return out

        parts = self._run(part)
        out = np.sum(parts, axis=0)
        out[:, 4] = np.max([one[:, 4] for one in parts], axis=0)
        return out

    def _run(self, call: Callable[..., Any]) -> list[Any]:
        """[call(chunks, ...), ...]; where there is a team of threads, with it and their number."""
        if self.total < _ALONE or self.serial:
            return [call(self.chunks)]
        if self.team != (0, 1):
            # back in Python every twentieth of a second or so, for an interrupt
            return [call(self.chunks[k : k + _AT_ONCE], *self.team) for k in range(0, len(self.chunks), _AT_ONCE)]
        return over_chunks(lambda a, b: call(self.chunks[a:b]), len(self.chunks), 4 * self.total)


class Contents:
    """What an optimizer's state held when a table was pointed at it.

    torch's `tensors` may move while they stay the same object; `capsule` has DLPack's functions for them.
    """

    def __init__(
        self, state: Mapping[Any, dict[str, Any]], keys: Iterable[Any], names: Iterable[str],
        tensors: bool = False, capsule: Any = None, still: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.capsule, self.all = capsule, list(state.values())
        present = [
            (state[key], name, state[key][name])
            for key in keys if key in state for name in names if state[key].get(name) is not None
        ]  # fmt: skip
        self.own = [own for own, _, _ in present]
        self.names = [name for _, name, _ in present]
        self.values = [value for _, _, value in present]
        self.places, self.forms = np.zeros((2, len(present)), np.uintp)
        if tensors:
            movable = [None if name in still else value for _, name, value in present]
            _steps.placed(capsule, movable, self.places, self.forms)

    def same(self, state: Mapping[Any, dict[str, Any]]) -> bool:
        """Whether nobody has put anything else there."""
        now = state.values()
        return (
            len(now) == len(self.all)
            and all(map(is_, now, self.all))
            and _steps.kept(self.capsule, self.own, self.names, self.values, self.places, self.forms)
        )


#: Types of settings that cannot be changed where they are.
_FROZEN = {float, int, bool, str, tuple, type(None)}


class Settled:
    """The settings that a table is for, to see whether groups still have them; `plain` makes constants of others."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self.forget()

    def forget(self) -> None:
        self.settings: list[dict[str, Any]] = []
        #: All that the groups hold, where the same objects mean the same settings.
        self.objects: list[list[Any]] = []

    def of(self, group: Mapping[str, Any], plain: Callable[[Any], Any]) -> dict[str, Any]:
        """A group's settings at this step."""
        out = {name: value if type(value := group.get(name)) in _FROZEN else plain(value) for name in self.names}
        if type(out["lr"]) is float and -1e-12 < out["lr"] < 0:  # a schedule that ends at 0, but for rounding
            out["lr"] = 0.0
        return out

    def changed(self, groups: Sequence[Mapping[str, Any]], plain: Callable[[Any], Any]) -> list[dict[str, Any]] | None:
        """The settings, if they are others than before."""
        if len(groups) == len(self.objects) and all(
            len(group) == len(own) and all(map(is_, group.values(), own))
            for group, own in zip(groups, self.objects, strict=True)
        ):
            return None
        settings = [self.of(group, plain) for group in groups]
        return None if settings == self.settings else settings

    def keep(self, settings: list[dict[str, Any]], groups: Sequence[Mapping[str, Any]]) -> None:
        """The tables are for these from now on."""
        self.settings, self.objects = settings, []
        if all(type(group.get(name)) in _FROZEN for group in groups for name in self.names):
            self.objects = [list(group.values()) for group in groups]


def state_type(array: Array) -> Any:
    """State is double for double parameters and float for all others."""
    return np.float64 if array.dtype.char == "d" else np.float32


def _chunks(sizes: Array) -> Array:
    """(chunks, 3): tensor, first number, how many."""
    least, most = _CHUNKS
    size = min(most, max(least, int(sizes.sum()) // 16 & -64))
    counts = -(-sizes // size)
    tensor = np.repeat(np.arange(len(sizes)), counts)
    within = np.arange(len(tensor)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = within * size
    return np.ascontiguousarray(np.column_stack([tensor, first, np.minimum(size, sizes[tensor] - first)]), np.int64)
