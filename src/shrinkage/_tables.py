"""Data files to columns and columns to matrices, for the command line.

Everything a file can have wrong with it is found here and said in a sentence (a ValueError). Rows are counted
from 1, the header not included.
"""

import dataclasses
import difflib
import math
import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._extras import require
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


def read_table(path: str | os.PathLike[str], *, as_text: Collection[str] = ()) -> Any:
    """The pyarrow.Table in a CSV or Parquet file; CSV columns in `as_text` are not read as numbers."""
    pa = require("pyarrow", extra="cli")
    extension, shown = file_format(path), repr(os.fspath(path))
    # Opening it here gives the operating system's own words for what cannot be opened
    with open(path, "rb") as stream:
        start = stream.read(1 << 16)
    if not start.strip():
        raise ValueError(f"{shown} is empty.")
    if extension == ".parquet":
        pq = require("pyarrow.parquet", extra="cli")
        try:
            with pq.ParquetFile(path) as file:
                table = file.read()
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{shown} cannot be read as Parquet ({_clip(error)}).") from None
    else:
        table = _read_csv(path, start, as_text)
    names = table.column_names
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"{shown} has more than one column named {listed(repeated)}; give every column its own name.")
    if table.num_rows == 0:
        raise ValueError(f"{shown} has a header ({counted(len(names), 'column')}) but no rows.")
    return table


def _read_csv(path: str | os.PathLike[str], start: bytes, as_text: Collection[str]) -> Any:
    pa, csv = require("pyarrow", extra="cli"), require("pyarrow.csv", extra="cli")
    shown = repr(os.fspath(path))
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{shown} is UTF-16 text; save it as UTF-8.")
    if b"\0" in start:
        what = "a zip or Excel file" if start[:2] == b"PK" else "a binary file"
        raise ValueError(f"{shown} is not CSV but {what}; export it as CSV or Parquet.")
    if not re.search(rb"[\r\n]", start) and len(start) < 1 << 16:
        raise ValueError(f"{shown} has a single line, so no rows.")
    options = csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(as_text, pa.string()))
    # Line breaks inside quoted text are common in exported data
    parse = csv.ParseOptions(newlines_in_values=True)
    try:
        table = csv.read_csv(path, convert_options=options, parse_options=parse)
        text = [
            *table.column_names,
            *(field.name for field in table.schema if pa.types.is_binary(field.type)),
        ]
    except UnicodeDecodeError:
        raise ValueError(f"{shown} is not UTF-8 text; save it as UTF-8.") from None
    except pa.ArrowException as error:
        raise ValueError(f"{shown} cannot be read as CSV ({_clip(error)}).") from None
    if len(text) > table.num_columns:
        raise ValueError(f"{shown} is not UTF-8 text (column {text[-1]!r}); save it as UTF-8.")
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
    for role, name in [("target", target), ("weights", weights), *(("drop", name) for name in drop)]:
        if name is not None:
            _find(table, name, role)
    names = [name for name in table.column_names if name not in {target, weights, *drop}]
    for name in names:
        # What pandas calls the index when it writes one nobody asked for
        if not name or re.fullmatch(r"__index_level_\d+__", name):
            raise ValueError(
                f"A column is named {name!r}, which looks like row numbers; leave it out with --drop {_option([name])}."
            )
    if not names:
        raise ValueError("No feature columns are left; the data need one beside the target.")

    roles = [target, *([weights] if weights else [])]
    plain = {name: _plain(table.column(name), name) for name in [*roles, *names]}
    for name, role in zip(roles, ("target", "weights"), strict=False):
        if _is_text(plain[name]):
            raise ValueError(f"The {role} column {_example(plain[name], name)} is not numeric; a fit needs numbers.")
    text = [name for name in names if _is_text(plain[name])]
    if text and not one_hot:
        shown = listed([_example(plain[name], name) for name in text], quote=False)
        many = len(text) > 1
        raise ValueError(
            f"{'Columns' if many else 'Column'} {shown} {'are' if many else 'is'} not numeric. "
            f"Encode text as 0/1 columns with --one-hot, or leave it out with --drop {_option(text)}."
        )

    n_rows = table.num_rows
    complete = _complete_rows(plain, missing, roles)
    kept = np.arange(n_rows) if complete is None else np.flatnonzero(complete)
    if complete is not None:
        mask = require("pyarrow", extra="cli").array(complete)
        plain = {name: column.filter(mask) for name, column in plain.items()}
        n_rows = len(kept)
    if n_rows == 1:
        left = " left without missing values" if table.num_rows > 1 else ""
        raise ValueError(f"There is only one row{left}; a fit needs at least two.")

    y = _numbers(plain[target], target, kept, _LARGEST)
    if (y == y[0]).all():
        raise ValueError(f"The target column {target!r} is {y[0]:g} in every row; there is nothing to explain.")
    sample_weight = None
    if weights is not None:
        sample_weight = _numbers(plain[weights], weights, kept, _LARGEST)
        if (sample_weight < 0).any():
            row = int(np.argmax(sample_weight < 0))
            raise ValueError(
                f"The weights column {weights!r} is negative ({sample_weight[row]:g} in {rows(kept[[row]])})."
            )
        if not sample_weight.any():
            raise ValueError(f"The weights column {weights!r} is zero in every row.")
    columns = tuple(Column(name, _levels(plain[name], name) if name in text else None) for name in names)
    features = Counter(name for column in columns for name in column.features)
    if repeated := [name for name, count in features.items() if count > 1]:
        raise ValueError(f"--one-hot would make a second column named {listed(repeated)}; rename the first.")
    X = _matrix(plain, columns, kept, _LARGEST)
    constant = _constant(X, sample_weight)
    if constant.all():
        raise ValueError(
            f"No column varies: {listed(list(features))} {'has' if len(features) == 1 else 'have'} one value."
        )
    return TrainingData(
        X, y, sample_weight, columns, tuple(np.array([*features])[constant].tolist()), table.num_rows - n_rows
    )


def prediction_matrix(table: Any, columns: Sequence[Column]) -> Vector:
    """The features of a model, taken from a table by the names of its columns."""
    absent = [column.name for column in columns if column.name not in table.column_names]
    if absent:
        raise ValueError(
            f"The data lack {counted(len(absent), 'column')} of the model: {listed(absent)}."
            f"{_similar(absent[0], table.column_names)}"
        )
    plain = {
        # A category is compared as text, even where the file has numbers
        column.name: (_plain if column.levels is None else _text)(table.column(column.name), column.name)
        for column in columns
    }
    for column in columns:
        if column.levels is None and _is_text(plain[column.name]):
            raise ValueError(
                f"Column {_example(plain[column.name], column.name)} is not numeric; the model needs numbers."
            )
    _complete_rows(plain, "predict")
    return _matrix(plain, columns, np.arange(table.num_rows))


def prediction_table(names: Sequence[str], values: Vector) -> Any:
    """A pyarrow.Table with one column of predictions per name."""
    pa = require("pyarrow", extra="cli")
    return pa.table({name: column for name, column in zip(names, values.reshape(len(values), -1).T, strict=True)})


# --- columns ------------------------------------------------------------------------------------------------


def _find(table: Any, name: str, role: str) -> None:
    names = table.column_names
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


def _complete_rows(plain: dict[str, Any], missing: str, needed: Sequence[str] = ()) -> NDArray[np.bool_] | None:
    """Which rows lack nothing, None if all; missing values that `missing` does not drop are refused.

    The columns `needed`, the target and the weights, cannot be left out.
    """
    pc = require("pyarrow.compute", extra="cli")
    absent = {}
    for name, column in plain.items():
        if column.null_count or not _is_text(column):
            mask = pc.is_null(column, nan_is_null=True).to_numpy()
            if mask.any():
                absent[name] = mask
    if not absent:
        return None
    for name, mask in absent.items():
        if mask.all():
            cure = "choose another" if name in needed else f"leave it out with --drop {_option([name])}"
            raise ValueError(f"Column {name!r} has no values at all; {cure}.")
    complete = ~np.logical_or.reduce(list(absent.values()))
    if missing == "drop":
        if not complete.any():
            raise ValueError(f"Every row has a missing value, in {listed(list(absent))}; --missing drop leaves none.")
        return complete
    shown = [
        f"{counted(int(mask.sum()), 'value')} in column {name!r} ({rows(np.flatnonzero(mask))})"
        for name, mask in absent.items()
    ]
    cure = "A prediction needs every column; fill them in or take the rows out."
    if missing == "error":
        cure = f"Leave those rows out with --missing drop ({counted(int(complete.sum()), 'row')} would stay)"
        if not absent.keys() & {*needed}:
            cure += f", or the columns with --drop {_option(list(absent))}"
        cure += "."
    raise ValueError(f"Missing: {listed(shown, quote=False)}. {cure}")


def _levels(column: Any, name: str) -> tuple[str, ...]:
    levels = sorted(column.unique().to_pylist())
    if len(levels) > MAX_LEVELS:
        raise ValueError(
            f"Column {name!r} has {len(levels):,} different texts, too many for --one-hot "
            f"(at most {MAX_LEVELS:,}); leave it out with --drop {_option([name])}."
        )
    return tuple(levels)


def _matrix(
    plain: dict[str, Any], columns: Sequence[Column], row: NDArray[np.int64], largest: float = math.inf
) -> Vector:
    # Column by column into the order of memory that the solver reads without a copy
    X = np.empty((len(row), sum(len(column.features) for column in columns)), order="F")
    j = 0
    for column in columns:
        if column.levels is None:
            X[:, j] = _numbers(plain[column.name], column.name, row, largest)
            j += 1
        else:
            codes = _codes(plain[column.name], column)
            for code in range(len(column.levels)):
                X[:, j] = codes == code
                j += 1
    return X


def _numbers(column: Any, name: str, row: NDArray[np.int64], largest: float) -> Vector:
    """Finite values of a size up to `largest`; `row` says where in the file they come from."""
    values = column.to_numpy()
    for wrong, words in (
        (np.isinf(values), "infinite in {}; only finite numbers can be used."),
        (np.abs(values) > largest, "too large to square in {}; rescale it."),
    ):
        if wrong.any():
            raise ValueError(f"Column {name!r} is {words.format(rows(row[wrong]))}")
    return values


def _codes(column: Any, spec: Column) -> NDArray[np.int64]:
    """Which level each row has."""
    pa, pc = require("pyarrow", extra="cli"), require("pyarrow.compute", extra="cli")
    levels = spec.levels or ()
    codes = pc.fill_null(pc.index_in(column, value_set=pa.array(levels, pa.large_string())), -1).to_numpy()
    unseen = np.flatnonzero(codes < 0)
    if len(unseen):
        values = list(dict.fromkeys(column[int(row)].as_py() for row in unseen[:1000]))
        raise ValueError(
            f"Column {spec.name!r} holds {listed(values)} ({rows(unseen)}), "
            f"which the model has never seen; it knows {listed(levels)}."
        )
    return codes


def _constant(X: Vector, sample_weight: Vector | None) -> NDArray[np.bool_]:
    # A row of weight zero is no evidence that a column varies
    weightless = np.zeros(len(X), bool) if sample_weight is None else sample_weight == 0
    first = X[int(np.argmin(weightless))]
    return np.array([bool(((X[:, j] == first[j]) | weightless).all()) for j in range(X.shape[1])])


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


def rows(indices: Sequence[int] | NDArray[Any]) -> str:
    """``data rows 3, 17 and 5 more`` for indices counted from 0."""
    numbers = [f"{int(index) + 1}" for index in indices[:5]]
    more = [f"{len(indices) - 5:,} more"] if len(indices) > 5 else []
    return f"data row{'s' if len(indices) > 1 else ''} {listed([*numbers, *more], quote=False, most=6)}"


def _example(column: Any, name: str) -> str:
    """A text column with the first value that stands in the way of its being numeric."""
    for value in column.unique().to_pylist():
        if value is not None and not _parses(value):
            return f"{name!r} (data row {column.index(value).as_py() + 1} holds {value!r:.40})"
    return f"{name!r} (numbers stored as text)"


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
