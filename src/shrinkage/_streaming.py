"""Data files in pieces, read as often as there is need: the table is never whole in memory.

What the pieces are depends on the file's rows and columns alone, not on how it is cut into blocks or row groups.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._extras import require
from ._tables import (
    MAX_LEVELS,
    Columns,
    Kept,
    Survey,
    Vector,
    check_file,
    check_rows,
    check_schema,
    csv_options,
    indicator,
    matrix,
    not_utf8,
    reading,
    tallied,
)
from .persistence import Column

#: Numbers of a piece that is trained on, and of a batch that is asked of a Parquet file; rows of which a mean is taken.
_PIECE, _BATCH, _MEAN = 1 << 22, 1 << 17, 1 << 12
#: Bytes of CSV that are parsed at a time: at least, at most, and for each column.
_BLOCK = 1 << 20, 1 << 24, 1 << 13

#: X, y and weights.
Piece = tuple[Vector, ...]


class Retyped(Exception):
    """A column of CSV is not what its first rows look like: all that was read of the file is to be read again."""


class Source:
    """A CSV or Parquet file; columns of CSV in `as_text` are not read as numbers.

    Attributes
    ----------
    names : list of str
        Its columns.
    """

    def __init__(self, path: str | os.PathLike[str], as_text: Sequence[str] = ()) -> None:
        pa = require("pyarrow", extra="cli")
        if os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode):
            raise ValueError(f"{os.fspath(path)!r} is a pipe, which can be read only once; write it to a file.")
        self.path, self._parquet = path, check_file(path) == ".parquet"
        with reading(path):
            with self._opened() as file:
                schema = file.schema_arrow if self._parquet else file.schema
            check_schema(path, schema)
        self.names: list[str] = schema.names
        self._types = dict(zip(schema.names, schema.types, strict=True))
        for name, kind in self._types.items():
            if name in as_text:
                self._types[name] = pa.string()
            elif pa.types.is_integer(kind) or pa.types.is_null(kind):
                # Fractions, or the first numbers at all, may come later
                self._types[name] = pa.float64()

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        """These columns as pyarrow.Tables of some rows after the others.

        Raises
        ------
        Retyped
            Then the next call reads a column in another way.
        ValueError
            The file cannot be read.
        """
        pa = require("pyarrow", extra="cli")
        wanted = list(columns) or self.names[:1]
        with reading(self.path), self._retyping(), self._opened(wanted) as file:
            size = max(1, _BATCH // len(wanted))
            for batch in file.iter_batches(size, columns=wanted) if self._parquet else file:
                yield pa.Table.from_batches([batch])

    def _opened(self, only: Sequence[str] = ()) -> Any:
        if self._parquet:
            return require("pyarrow.parquet", extra="cli").ParquetFile(self.path)
        csv = require("pyarrow.csv", extra="cli")
        least, most, each = _BLOCK
        options = csv.ReadOptions(block_size=min(most, max(least, each * len(only))))
        types = {name: self._types[name] for name in only}
        return csv.open_csv(self.path, read_options=options, **csv_options(types, only))

    @contextlib.contextmanager
    def _retyping(self) -> Iterator[None]:
        """Read a column that turns out to hold other values than numbers as what holds them too."""
        pa = require("pyarrow", extra="cli")
        try:
            yield
        except pa.ArrowInvalid as error:
            found = re.search(r"In CSV column #(\d+): CSV conversion error", str(error))
            if found is None:
                raise
            name = self.names[int(found[1])]
            if self._types[name] == pa.string():
                raise not_utf8(self.path, name) from None
            self._types[name] = pa.bool_() if self._types[name] == pa.float64() else pa.string()
            raise Retyped(name) from None


class Moments:
    """Weighted means and variances of columns whose rows come in pieces, merged by Chan's formula.

    Chan, Golub and LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample variances.
    """

    def __init__(self, p: int) -> None:
        self.weight = self.squares = 0.0
        self.mean, self._spread = np.zeros(p), np.zeros(p)

    def add(self, X: Vector, s: Vector | None = None) -> None:
        """More rows (n, p), of weights s (n,)."""
        s = np.ones(len(X)) if s is None else s
        weight = float(s.sum())
        if weight == 0:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            mean = s @ X / weight
            centred = X - mean
            # What rounding has left of the mean
            rest = s @ centred / weight
            mean += rest
            spread = np.maximum(s @ np.square(centred) - weight * rest**2, 0.0)
            step, share = mean - self.mean, weight / (self.weight + weight)
            self.mean += step * share
            self._spread += spread + step**2 * self.weight * share
        self.weight += weight
        self.squares += float(s @ s)

    @property
    def sd(self) -> Vector:
        return np.sqrt(self._spread / self.weight)

    @property
    def standard_error(self) -> Vector:
        """Of the means."""
        return self.sd * np.sqrt(self.squares) / self.weight


class Room:
    """Arrays of a number of rows that are filled, handed out, and filled again."""

    def __init__(self, *arrays: Vector) -> None:
        self._arrays, self._n = arrays, 0

    def put(self, *rows: Vector) -> Iterator[tuple[Vector, ...]]:
        """More rows of each array; whenever they are full, they are handed out."""
        start, count, size = 0, len(rows[0]), len(self._arrays[0])
        while start < count:
            stop = min(count, start + size - self._n)
            for place, array in zip(self._arrays, rows, strict=True):
                place[self._n : self._n + stop - start] = array[start:stop]
            self._n, start = self._n + stop - start, stop
            if self._n == size:
                yield self.rest()

    def rest(self) -> tuple[Vector, ...]:
        """What there is, though it does not fill them."""
        n, self._n = self._n, 0
        return tuple(array[:n] for array in self._arrays)


def held_out(rows: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows are held out, by a hash of their number and the seed (splitmix64, Steele, Lea and Flood 2014)."""
    state = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for key in (np.uint64(seed % 2**64), np.uint64(0)):
        state ^= key
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return (state >> np.uint64(11)) * 2.0**-53 < share


@dataclass(frozen=True)
class Share:
    """Which rows of a file are trained on: all of positive weight but those that are held out."""

    held: float
    seed: int

    def split(self, where: NDArray[np.int64], s: Vector) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of rows of these numbers and weights, which are trained on and which are held out."""
        held = held_out(where, self.held, self.seed) if self.held else np.zeros(len(where), bool)
        return ~held & (s > 0), held & (s > 0)


class FirstPass:
    """What the first pass over a file finds: whether it can be fitted, and the moments of what is trained on.

    Attributes
    ----------
    survey : Survey
    n_trained, n_held : int
        Rows that are trained on, and rows that are held out.
    weight : float
        The sum of the weights of those that are trained on.
    """

    def __init__(self, survey: Survey, share: Share) -> None:
        self.survey, self._share = survey, share
        self.n_trained = self.n_held = 0
        self._numbers: list[str] = []
        self._moments, self._room = Moments(0), Room()
        self._tallies: dict[str, Counter[str]] = {}

    def add(self, table: Any) -> None:
        kept = self.survey.add(table)
        if kept is None:
            return
        if self.survey.n_rows == table.num_rows:
            self._numbers = list(kept.values)
            self._moments = Moments(len(self._numbers))
            # However the file is cut, the same rows are summed together
            self._room = Room(np.empty((_MEAN, len(self._numbers))), np.empty(_MEAN))
            self._tallies = {name: Counter() for name in kept.texts}
        s = weights_of(kept, self.survey.weights)
        trained, held = self._share.split(kept.where, s)
        self.n_trained += int(trained.sum())
        self.n_held += int(held.sum())
        s = np.where(trained, s, 0.0)
        numbers = np.empty((len(s), len(self._numbers)))
        for j, name in enumerate(self._numbers):
            numbers[:, j] = kept.values[name]
        for block in self._room.put(numbers, s):
            self._moments.add(*block)
        for name, tally in self._tallies.items():
            if len(tally) <= MAX_LEVELS:
                tally.update(tallied(kept.texts[name], s))

    def finish(self) -> None:
        """Refuse what cannot be fitted; all pieces are there."""
        self.survey.finish()
        self._moments.add(*self._room.rest())

    @property
    def weight(self) -> float:
        return self._moments.weight

    def moments(self, column: Column) -> list[tuple[float, float]]:
        """Mean and standard deviation of each feature of a column; of 0/1 features by how often there is a 1."""
        if column.levels is None:
            j = self._numbers.index(column.name)
            return [(float(self._moments.mean[j]), float(self._moments.sd[j]))]
        shares = [self._tallies[column.name][level] / self.weight for level in column.levels]
        return [(share, math.sqrt(max(share * (1.0 - share), 0.0))) for share in shares]

    @property
    def target_mean(self) -> float:
        """Of the rows that are trained on; of two classes the share of the second."""
        survey = self.survey
        if survey.labels is not None:
            return self._tallies[survey.target][survey.labels[1]] / self.weight
        mean, _ = self.moments(Column(survey.target))[0]
        return (mean + 1.0) / 2.0 if -1.0 in survey.classes else mean

    @property
    def target_sd(self) -> float:
        return self.moments(Column(self.survey.target))[0][1]


def weights_of(kept: Kept, weights: str | None) -> Vector:
    return np.ones(len(kept.where)) if weights is None else kept.values[weights]


def first_pass(source: Source, begin: Callable[[], Survey], share: Share) -> FirstPass:
    """The first pass over a file; a ValueError says what is wrong with it."""
    while True:
        found = FirstPass(begin(), share)
        try:
            for table in source.batches(list(found.survey.found)):
                found.add(table)
        except Retyped:
            continue
        check_rows(source.path, found.survey.n_rows, source.names)
        found.finish()
        return found


@dataclass(frozen=True)
class Stream:
    """Complete rows of a file in pieces (X, y, s) of a fixed number of rows, as a model is trained on them.

    The rows keep the order of the file. What a piece is made of is filled anew for the next.

    Parameters
    ----------
    source, survey, share
        The file, and what is to be known of it.
    offset, factor : ndarray of shape (p,)
        X is (x - offset) * factor.
    weight : float
        What weights are divided by.
    batch : int
        Pieces have a multiple of so many rows.
    """

    source: Source
    survey: Survey
    share: Share
    offset: Vector
    factor: Vector
    weight: float
    batch: int

    def pieces(self, *, held: bool = False, after: Callable[[int], None] = lambda rows: None) -> Iterator[Piece]:
        """The rows that are trained on, or those held out; ``after(rows)`` is told of rows that were read."""
        survey, p = self.survey, len(self.offset)
        columns, labels = survey.columns, survey.labels
        size = min(max(1, _PIECE // (p * self.batch)) * self.batch, survey.n_complete)
        room, reader = Room(np.empty((size, p)), np.empty(size), np.empty(size)), Columns(list(survey.found))
        try:
            for table in self.source.batches(list(survey.found)):
                kept = reader.read(table)
                if any(reader.found[name].text != found.text for name, found in survey.found.items()):
                    self._refuse()
                weights = weights_of(kept, survey.weights)
                own = self.share.split(kept.where, weights)[held]
                if labels is None:
                    target = kept.values[survey.target]
                else:
                    target = indicator(kept.texts[survey.target], labels[1])
                block = matrix(kept, columns)
                block -= self.offset
                block *= self.factor
                rows = block, target, weights / self.weight
                yield from room.put(*(array if own.all() else array[own] for array in rows))
                after(table.num_rows)
        except Retyped:
            self._refuse()
        if reader.n_rows != survey.n_rows:
            self._refuse()
        rest = room.rest()
        if len(rest[0]):
            yield rest

    def _refuse(self) -> NoReturn:
        raise ValueError(f"{os.fspath(self.source.path)!r} has changed while it was read.")
