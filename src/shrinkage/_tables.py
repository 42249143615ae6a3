"""Data files to columns and columns to matrices, for the command line.

Everything a file can have wrong with it is found here and said in a sentence (a ValueError). Rows are counted
from 1, the header not included.
"""

import contextlib
import dataclasses
import difflib
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._extras import require
from .losses import Loss
from .persistence import Column

FORMATS = (".csv", ".parquet")
MAX_LEVELS = 1_000
# The squares of a column are summed
_LARGEST = 1e150

Vector = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What the solver is given, and what there is to say about how it came to be."""

    X: Vector
    y: Vector
    sample_weight: Vector | None
    columns: tuple[Column, ...]
    constant: tuple[str, ...]
    rows_dropped: int

    @property
    def target_variance(self) -> float:
        """What predicting the mean would cost: the weighted mean of its squared errors."""
        mean = np.average(self.y, weights=self.sample_weight)
        return float(np.average((self.y - mean) ** 2, weights=self.sample_weight))

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.features)


def file_format(path: str | os.PathLike[str]) -> str:
    """The format that the extension of `path` names."""
    extension = Path(path).suffix.lower()
    if extension not in FORMATS:
        said = f"has the extension {extension!r}" if extension else "has no extension"
        raise ValueError(f"{os.fspath(path)!r} {said}; use a file that ends in {' or '.join(FORMATS)}.")
    return extension


def check_file(path: str | os.PathLike[str]) -> str:
    """The format of a file that can be opened and may be a table."""
    extension, shown = file_format(path), repr(os.fspath(path))
    # Opening it here gives the operating system's own words for what cannot be opened
    with open(path, "rb") as stream:
        start = stream.read(1 << 16)
    if not start.strip():
        raise ValueError(f"{shown} is empty.")
    if extension == ".csv":
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise ValueError(f"{shown} is UTF-16 text; save it as UTF-8.")
        if b"\0" in start:
            what = "a zip or Excel file" if start[:2] == b"PK" else "a binary file"
            raise ValueError(f"{shown} is not CSV but {what}; export it as CSV or Parquet.")
        if not re.search(rb"[\r\n]", start) and len(start) < 1 << 16:
            raise ValueError(f"{shown} has a single line, so no rows.")
    return extension


@contextlib.contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what pyarrow says of a file into a sentence."""
    pa, shown = require("pyarrow", extra="cli"), repr(os.fspath(path))
    what = "CSV" if file_format(path) == ".csv" else "Parquet"
    try:
        yield
    except UnicodeDecodeError:
        raise ValueError(f"{shown} is not UTF-8 text; save it as UTF-8.") from None
    except pa.ArrowException as error:
        raise ValueError(f"{shown} cannot be read as {what} ({_clip(error)}).") from None
    except OSError as error:
        if error.filename is not None or what == "CSV":
            raise
        raise ValueError(f"{shown} cannot be read as {what} ({_clip(error)}).") from None


def check_schema(path: str | os.PathLike[str], schema: Any) -> None:
    """Refuse columns of one name, and text in other encodings, which pyarrow takes for bytes."""
    pa, shown = require("pyarrow", extra="cli"), repr(os.fspath(path))
    bad = [field.name for field in schema if pa.types.is_binary(field.type)]
    if bad and file_format(path) == ".csv":
        raise not_utf8(path, bad[-1])
    repeated = [name for name, count in Counter(schema.names).items() if count > 1]
    if repeated:
        raise ValueError(f"{shown} has more than one column named {listed(repeated)}; give every column its own name.")


def not_utf8(path: str | os.PathLike[str], column: str) -> ValueError:
    return ValueError(f"{os.fspath(path)!r} is not UTF-8 text (column {column!r}); save it as UTF-8.")


def check_rows(path: str | os.PathLike[str], n_rows: int, names: Sequence[str]) -> None:
    if n_rows == 0:
        shown = repr(os.fspath(path))
        raise ValueError(f"{shown} has a header ({counted(len(names), 'column')}) but no rows.")


def csv_options(types: Mapping[str, Any] = MappingProxyType({}), only: Sequence[str] = ()) -> dict[str, Any]:
    """How CSV is read: `types` of columns that are not to be guessed, and the columns wanted if not all are."""
    csv = require("pyarrow.csv", extra="cli")
    return {
        "convert_options": csv.ConvertOptions(
            strings_can_be_null=True, column_types=dict(types), include_columns=list(only)
        ),
        # Line breaks inside quoted text are common in exported data
        "parse_options": csv.ParseOptions(newlines_in_values=True),
    }


def read_table(path: str | os.PathLike[str]) -> Any:
    """The pyarrow.Table in a CSV or Parquet file."""
    extension = check_file(path)
    with reading(path):
        if extension == ".parquet":
            with require("pyarrow.parquet", extra="cli").ParquetFile(path) as file:
                table = file.read()
        else:
            table = require("pyarrow.csv", extra="cli").read_csv(path, **csv_options())
        # Names that are no UTF-8 are found out when they are asked for
        check_schema(path, table.schema)
    check_rows(path, table.num_rows, table.column_names)
    return table


def training_data(
    table: Any,
    target: str,
    *,
    weights: str | None = None,
    drop: Sequence[str] = (),
    one_hot: bool = False,
    missing: str = "error",
) -> TrainingData:
    """Numbers to fit from a table, every column but `target`, `weights` and `drop` a feature."""
    survey = Survey(table.column_names, target, weights=weights, drop=drop, one_hot=one_hot, missing=missing)
    kept = survey.add(table)
    survey.finish()
    assert kept is not None
    y, sample_weight = kept.values[target], None if weights is None else kept.values[weights]
    X = matrix(kept, survey.columns)
    return TrainingData(X, y, sample_weight, survey.columns, survey.constant, survey.n_rows - survey.n_complete)


# --- pieces -------------------------------------------------------------------------------------------------


class Rows:
    """Rows of a file, counted from 0: how many, and the first of them."""

    def __init__(self, rows: Sequence[int] | NDArray[Any] = ()) -> None:
        self.first: list[int] = []
        self.count = 0
        self.add(rows)

    def add(self, rows: Sequence[int] | NDArray[Any]) -> None:
        self.first += [int(row) for row in rows[: 5 - len(self.first)]]
        self.count += len(rows)

    def __str__(self) -> str:
        """``data rows 3, 17 and 5 more``."""
        numbers = [f"{row + 1}" for row in self.first]
        more = [f"{self.count - 5:,} more"] if self.count > 5 else []
        return f"data row{'s' if self.count > 1 else ''} {listed([*numbers, *more], quote=False, most=6)}"


@dataclasses.dataclass(frozen=True)
class Kept:
    """The complete rows of a piece of a file: numbers, texts, and where in the file they are."""

    values: dict[str, Vector]
    texts: dict[str, Any]
    where: NDArray[np.int64]


class _Found:
    """What has been found in a column."""

    def __init__(self) -> None:
        self.missing, self.infinite, self.large, self.unseen = Rows(), Rows(), Rows(), Rows()
        self.text = False
        #: The first text that is no number, and its row.
        self.example: tuple[int, str] | None = None
        #: Range of the numbers in rows that count, and how often there is each text.
        self.low, self.high = math.inf, -math.inf
        self.tally: Counter[str] = Counter()


class Columns:
    """Columns of a file that comes in pieces, or as one: what is in them, and what is wrong with them."""

    def __init__(self, names: Sequence[str], as_text: Collection[str] = (), largest: float = math.inf) -> None:
        self.found = {name: _Found() for name in names}
        self._as_text, self._largest = as_text, largest
        self.n_rows = self.n_complete = 0

    def read(self, table: Any) -> Kept:
        """The complete rows of the next piece; holes and numbers that are too large are noted."""
        pa, pc = require("pyarrow", extra="cli"), require("pyarrow.compute", extra="cli")
        start, n = self.n_rows, table.num_rows
        values, texts, complete = {}, {}, np.ones(n, bool)
        for name, found in self.found.items():
            # A category is compared as text, even where the file has numbers
            column = (_text if name in self._as_text else _plain)(table.column(name), name)
            if _is_text(column):
                found.text, texts[name] = True, column
                absent = pc.is_null(column).to_numpy() if column.null_count else np.zeros(n, bool)
            else:
                values[name] = column.to_numpy()
                absent = np.isnan(values[name])
            if absent.any():
                found.missing.add(start + np.flatnonzero(absent))
                complete &= ~absent
        self.n_rows += n
        where = start + np.flatnonzero(complete)
        if len(where) < n:
            values = {name: array[complete] for name, array in values.items()}
            mask = pa.array(complete)
            texts = {name: column.filter(mask) for name, column in texts.items()}
        self.n_complete += len(where)
        for name, array in values.items():
            if len(array) and not np.abs(array).max() <= min(self._largest, sys.float_info.max):
                infinite = np.isinf(array)
                self.found[name].infinite.add(where[infinite])
                self.found[name].large.add(where[(np.abs(array) > self._largest) & ~infinite])
        return Kept(values, texts, where)

    def explain(self, table: Any, names: Sequence[str]) -> bool:
        """Whether it is known why each of these columns of text is not numeric; the piece was read just before."""
        start = self.n_rows - table.num_rows
        for name in names:
            found = self.found[name]
            found.example = found.example or _first_text(_text(table.column(name), name), start)
        return all(self.found[name].example for name in names)

    def example(self, name: str) -> str:
        """A text column with the first value that stands in the way of its being numeric."""
        row, value = self.found[name].example or (0, None)
        return (
            f"{name!r} (numbers stored as text)"
            if value is None
            else f"{name!r} (data row {row + 1} holds {value!r:.40})"
        )

    def refuse_numbers(self, name: str) -> None:
        found = self.found[name]
        for wrong, words in (
            (found.infinite, "infinite in {}; only finite numbers can be used."),
            (found.large, "too large to square in {}; rescale it."),
        ):
            if wrong.count:
                raise ValueError(f"Column {name!r} is {words.format(wrong)}")

    def refuse_missing(self, missing: str, needed: Collection[str] = ()) -> None:
        """Refuse missing values that `missing` does not drop; the columns `needed` cannot be left out."""
        absent = {name: found.missing for name, found in self.found.items() if found.missing.count}
        for name, where in absent.items():
            if where.count == self.n_rows:
                cure = "choose another" if name in needed else f"leave it out with --drop {_option([name])}"
                raise ValueError(f"Column {name!r} has no values at all; {cure}.")
        if not absent or (missing == "drop" and self.n_complete):
            return
        if missing == "drop":
            raise ValueError(f"Every row has a missing value, in {listed(list(absent))}; --missing drop leaves none.")
        shown = [f"{counted(where.count, 'value')} in column {name!r} ({where})" for name, where in absent.items()]
        cure = "A prediction needs every column; fill them in or take the rows out."
        if missing == "error":
            cure = f"Leave those rows out with --missing drop ({counted(self.n_complete, 'row')} would stay)"
            if not absent.keys() & {*needed}:
                cure += f", or the columns with --drop {_option(list(absent))}"
            cure += "."
        raise ValueError(f"Missing: {listed(shown, quote=False)}. {cure}")


class Survey(Columns):
    """The columns that a model is fitted to, every one but `target`, `weights` and `drop` a feature.

    `add` takes the file's pieces, or the whole table; `finish` refuses what cannot be fitted. With a `loss` the target
    is held to what that is of.

    Attributes
    ----------
    names : list of str
        The columns that are features.
    n_rows, n_complete : int
        Rows, and rows without missing values.
    """

    def __init__(
        self,
        names: Sequence[str],
        target: str,
        *,
        weights: str | None = None,
        drop: Sequence[str] = (),
        one_hot: bool = False,
        missing: str = "error",
        loss: Loss | None = None,
    ) -> None:
        for role, name in [("target", target), ("weights", weights), *(("drop", name) for name in drop)]:
            if name is not None:
                _find(names, name, role)
        self.names = [name for name in names if name not in {target, weights, *drop}]
        for name in self.names:
            # What pandas calls the index when it writes one nobody asked for
            if not name or re.fullmatch(r"__index_level_\d+__", name):
                raise ValueError(
                    f"A column is named {name!r}, which looks like row numbers; "
                    f"leave it out with --drop {_option([name])}."
                )
        if not self.names:
            raise ValueError("No feature columns are left; the data need one beside the target.")
        self.target, self.weights, self._one_hot, self._missing, self._loss = target, weights, one_hot, missing, loss
        self._labelled = loss is not None and loss.classifies
        #: Target values that the loss is not of, and which values there are of those it is of.
        self._alien, self._alien_value, self.classes = Rows(), math.nan, set[float]()
        self._negative, self._weight = Rows(), 0.0
        super().__init__([target, *([weights] if weights else []), *self.names], largest=_LARGEST)

    def add(self, table: Any) -> Kept | None:
        """Take the next piece; its complete rows, None where a column is text that cannot be."""
        kept = self.read(table)
        if texts := self._refused_texts():
            # No more needs to be read once each column has shown why
            if self.explain(table, texts):
                self._refuse_texts(texts)
            return None
        positive = None
        if self.weights is not None:
            s = kept.values[self.weights]
            if (s < 0).any() and not self._negative.count:
                self._negative.add(kept.where[s < 0])
                self._weight = s[s < 0][0]
            positive = s > 0
        for name, values in kept.values.items():
            found = self.found[name]
            counting = values if positive is None or name == self.target else values[positive]
            if len(counting):
                found.low, found.high = min(found.low, counting.min()), max(found.high, counting.max())
        for name, column in kept.texts.items():
            tally = self.found[name].tally
            if len(tally) <= MAX_LEVELS:
                tally.update(tallied(column, None if name == self.target else positive))
        if self._loss is not None and self.target in kept.values:
            self._note_domain(self._loss, kept)
        return kept

    def _note_domain(self, loss: Loss, kept: Kept) -> None:
        y = kept.values[self.target]
        right = y >= 0 if loss.domain == "count" else np.isin(y, (-1.0, 0.0, 1.0)) if self._labelled else y == y
        if not right.all():
            if not self._alien.count:
                self._alien_value = y[~right][0]
            self._alien.add(kept.where[~right])
        elif self._labelled:
            self.classes |= {value for value in (-1.0, 0.0, 1.0) if (y == value).any()}

    def finish(self) -> None:
        """Refuse what cannot be fitted; all pieces are there."""
        self._refuse_texts(self._refused_texts())
        roles = [name for name in (self.target, self.weights) if name is not None]
        self.refuse_missing(self._missing, roles)
        if self.n_complete == 1:
            left = " left without missing values" if self.n_rows > 1 else ""
            raise ValueError(f"There is only one row{left}; a fit needs at least two.")
        self._refuse_target()
        if self.weights is not None:
            self._refuse_weights(self.weights)
        for name in self.names:
            if len(self.found[name].tally) > MAX_LEVELS:
                raise ValueError(
                    f"Column {name!r} has {len(self.found[name].tally):,} different texts or more, too many for "
                    f"--one-hot (at most {MAX_LEVELS:,}); leave it out with --drop {_option([name])}."
                )
        features = Counter(name for column in self.columns for name in column.features)
        if repeated := [name for name, count in features.items() if count > 1]:
            raise ValueError(f"--one-hot would make a second column named {listed(repeated)}; rename the first.")
        for name in self.names:
            self.refuse_numbers(name)
        if len(self.constant) == len(features):
            raise ValueError(
                f"No column varies: {listed(list(features))} {'has' if len(features) == 1 else 'have'} one value."
            )

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(name, tuple(sorted(self.found[name].tally)) if self.found[name].text else None)
            for name in self.names
        )

    @property
    def constant(self) -> tuple[str, ...]:
        """Features that do not vary; a row of weight zero is no evidence that one does."""
        fixed = []
        for column in self.columns:
            found = self.found[column.name]
            total = found.tally.total()
            alike = [found.low >= found.high]
            if column.levels is not None:
                alike = [found.tally[level] in (0, total) for level in column.levels]
            fixed += [name for name, same in zip(column.features, alike, strict=True) if same]
        return tuple(fixed)

    @property
    def labels(self) -> tuple[str, str] | None:
        """The two classes of a target of text; the second is the one that is predicted."""
        if not self.found[self.target].text:
            return None
        low, high = sorted(self.found[self.target].tally)
        return low, high

    def _refused_texts(self) -> list[str]:
        """Columns of text that cannot be used, those of one kind."""
        roles = [self.weights, *([] if self._labelled else [self.target])]
        for name in (self.target, self.weights):
            if name in roles and name is not None and self.found[name].text:
                return [name]
        return [name for name in self.names if self.found[name].text and not self._one_hot]

    def _refuse_texts(self, texts: list[str]) -> None:
        if not texts:
            return
        if texts[0] in (self.target, self.weights):
            role = "target" if texts[0] == self.target else "weights"
            raise ValueError(f"The {role} column {self.example(texts[0])} is not numeric; a fit needs numbers.")
        shown = listed([self.example(name) for name in texts], quote=False)
        many = len(texts) > 1
        raise ValueError(
            f"{'Columns' if many else 'Column'} {shown} {'are' if many else 'is'} not numeric. "
            f"Encode text as 0/1 columns with --one-hot, or leave it out with --drop {_option(texts)}."
        )

    def _refuse_target(self) -> None:
        name, found, loss = self.target, self.found[self.target], self._loss
        self.refuse_numbers(name)
        value = repr(next(iter(found.tally), "")) if found.text else f"{found.low:g}"
        if len(found.tally) == 1 if found.text else found.low == found.high:
            raise ValueError(f"The target column {name!r} is {value} in every row; there is nothing to explain.")
        if loss is None:
            return
        if self._labelled:
            cure = f"{loss.name} is of two classes: 0 and 1, -1 and 1, booleans or two texts."
            if found.text and len(found.tally) > 2:
                raise ValueError(f"The target column {name!r} holds {listed(sorted(found.tally))}; {cure}")
            if {-1.0, 0.0} <= self.classes and not self._alien.count:
                raise ValueError(f"The target column {name!r} holds -1 and 0; {cure}")
        else:
            cure = f"{loss.name} is of counts and rates, so zero or more."
        if self._alien.count:
            raise ValueError(f"The target column {name!r} holds {self._alien_value:g} ({self._alien}); {cure}")

    def _refuse_weights(self, name: str) -> None:
        self.refuse_numbers(name)
        if self._negative.count:
            raise ValueError(f"The weights column {name!r} is negative ({self._weight:g} in {self._negative}).")
        if self.found[name].high <= 0:
            raise ValueError(f"The weights column {name!r} is zero in every row.")


class Lookup(Columns):
    """The columns that a model predicts from."""

    def __init__(self, names: Sequence[str], columns: Sequence[Column]) -> None:
        absent = [column.name for column in columns if column.name not in names]
        if absent:
            raise ValueError(
                f"The data lack {counted(len(absent), 'column')} of the model: {listed(absent)}."
                f"{_similar(absent[0], names)}"
            )
        self.columns = columns
        super().__init__([c.name for c in columns], [c.name for c in columns if c.levels is not None])

    def add(self, table: Any) -> Kept | None:
        """Take the next piece; its complete rows, None where a column is text that cannot be."""
        kept = self.read(table)
        if texts := self._texts():
            if self.explain(table, texts):
                self._refuse_texts()
            return None
        for column in self.columns:
            if column.levels is None:
                continue
            found, texts = self.found[column.name], kept.texts[column.name]
            unseen = np.flatnonzero(_codes(texts, column) < 0)
            if len(unseen):
                found.tally.update(texts[int(row)].as_py() for row in unseen[:1000])
                found.unseen.add(kept.where[unseen])
        return kept

    def finish(self) -> None:
        """Refuse what nothing can be predicted from; all pieces are there."""
        self._refuse_texts()
        self.refuse_missing("predict")
        for column in self.columns:
            self.refuse_numbers(column.name)
            found = self.found[column.name]
            if found.unseen.count:
                raise ValueError(
                    f"Column {column.name!r} holds {listed(list(found.tally))} ({found.unseen}), "
                    f"which the model has never seen; it knows {listed(column.levels or ())}."
                )

    def _texts(self) -> list[str]:
        return [c.name for c in self.columns if c.levels is None and self.found[c.name].text]

    def _refuse_texts(self) -> None:
        for name in self._texts():
            raise ValueError(f"Column {self.example(name)} is not numeric; the model needs numbers.")


def tallied(column: Any, weights: NDArray[Any] | None = None) -> dict[str, float]:
    """How often there is each text in a column, or the sum of the weights of the rows that have it."""
    coded = column.combine_chunks().dictionary_encode()
    sums = np.bincount(coded.indices.to_numpy(), weights, len(coded.dictionary))
    return dict(zip(coded.dictionary.to_pylist(), sums.tolist(), strict=True))


def indicator(column: Any, text: str) -> Vector:
    """1 where a column has a text, 0 elsewhere."""
    equal = require("pyarrow.compute", extra="cli").equal(column, text).to_numpy()
    return np.asarray(equal, np.float64)


def matrix(kept: Kept, columns: Sequence[Column]) -> Vector:
    """The features of complete rows, in the order of memory that most solvers read without a copy.

    Numbers are taken out of `kept`, so that there are never two of the whole table.
    """
    X = np.empty((len(kept.where), sum(len(column.features) for column in columns)), order="F")
    j = 0
    for column in columns:
        if column.levels is None:
            X[:, j] = kept.values.pop(column.name)
            j += 1
        else:
            codes = _codes(kept.texts[column.name], column)
            for code in range(len(column.levels)):
                X[:, j] = codes == code
                j += 1
    return X


def _codes(column: Any, spec: Column) -> NDArray[np.int64]:
    """Which level each row has, -1 for one that is none."""
    pa, pc = require("pyarrow", extra="cli"), require("pyarrow.compute", extra="cli")
    codes = pc.index_in(column, value_set=pa.array(spec.levels or (), pa.large_string()))
    return pc.fill_null(codes, -1).to_numpy()


# --- columns ------------------------------------------------------------------------------------------------


def _find(names: Sequence[str], name: str, role: str) -> None:
    if name in names:
        return
    if len(names) == 1 and (marks := re.findall(r"[;\t|]", names[0])):
        raise ValueError(
            f"There is one column only, {names[0]!r}; the file seems to be separated by {marks[0]!r}, not by commas."
        )
    hint = _similar(name, names) or f" The columns are {listed(names, most=10)}."
    raise ValueError(f"There is no {role} column {name!r}.{hint}")


def _similar(name: str, names: Sequence[str]) -> str:
    folded = {other.strip().casefold(): other for other in names}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=3)
    return f" Did you mean {listed([folded[match] for match in close], last='or')}?" if close else ""


def _plain(column: Any, name: str) -> Any:
    """A column as numbers or as text, or a sentence about why it is neither."""
    pa = require("pyarrow", extra="cli")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_temporal(kind):
        raise ValueError(
            f"Column {name!r} holds dates or times; turn it into numbers (days since a start, month, ...) "
            f"or leave it out with --drop {_option([name])}."
        )
    numeric = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_boolean,
        pa.types.is_null,
    )
    if any(test(kind) for test in numeric):
        # Integers beyond 2**53 are rounded, as everywhere in floating point
        return column.cast(pa.float64(), safe=False)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        return _text(column, name)
    raise _unusable(column, name)


def _text(column: Any, name: str) -> Any:
    """A column as text, whatever the file holds it as."""
    pa = require("pyarrow", extra="cli")
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException:
        raise _unusable(column, name) from None


def _unusable(column: Any, name: str) -> ValueError:
    return ValueError(
        f"Column {name!r} holds values of type {column.type}, which are neither numbers nor text; "
        f"leave it out with --drop {_option([name])}."
    )


def _is_text(column: Any) -> bool:
    return str(column.type) == "large_string"


# --- words --------------------------------------------------------------------------------------------------


def counted(count: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(items: Sequence[str], *, quote: bool = True, last: str = "and", most: int = 5) -> str:
    """``'a', 'b' and 3 more``."""
    shown = [repr(item) if quote else item for item in items[:most]]
    if len(items) > most:
        shown, last = [*shown, f"{len(items) - most:,} more"], "and"
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _first_text(column: Any, start: int) -> tuple[int, str] | None:
    """The first value of a text column that is no number, and its row."""
    for value in column.unique().to_pylist():
        if value is not None and not _parses(value):
            return start + column.index(value).as_py(), value
    return None


def _parses(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _option(names: Sequence[str]) -> str:
    text = ",".join(names)
    return text if re.fullmatch(r"[\w.,:/-]+", text) else f'"{text}"'


def _clip(error: Exception) -> str:
    line = " ".join(str(error).split()).rstrip(".")
    return line if len(line) <= 160 else f"{line[:157]}..."
