"""Predictions of a saved model for a data file, piece by piece into another file."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from ._archive import atomic_write
from ._extras import require
from ._stochastic_result import StochasticFit
from ._streaming import Retyped, Source
from ._tables import Lookup, Rows, check_rows, file_format, matrix
from .persistence import Column, Model

#: Bytes for the terminal that are kept in memory until all of them are certain.
_IN_MEMORY = 1 << 24
Columns = Mapping[str, np.ndarray[Any, Any]]


def write_predictions(
    model: Model, path: str | os.PathLike[str], data: str | os.PathLike[str], output: str | os.PathLike[str] | None
) -> int:
    """Predict for every row of `data` with the model that `path` held; how many there are.

    They appear in `output`, or are printed where that is None, once all of them are certain. A ValueError says what is
    wrong with the model or the data.
    """
    columns = _columns(model, path)
    source = Source(data, [column.name for column in columns if column.levels is not None])
    as_csv = output is None or file_format(output) == ".csv"
    with _printed() if output is None else atomic_write(output) as stream:
        while True:
            try:
                return _write(model, columns, source, stream, as_csv=as_csv)
            except Retyped:
                stream.seek(0)
                stream.truncate()


def _columns(model: Model, path: str | os.PathLike[str]) -> tuple[Column, ...]:
    fit = model.chosen
    if model.columns is not None:
        return model.columns
    if fit.feature_names is None and fit.n_features:
        raise ValueError(f"The model in {os.fspath(path)!r} was fitted without column names, so none can be matched.")
    return tuple(Column(name) for name in fit.feature_names or ())


def _write(model: Model, columns: tuple[Column, ...], source: Source, stream: BinaryIO, *, as_csv: bool) -> int:
    lookup, bad = Lookup(source.names, columns), Rows()
    with contextlib.ExitStack() as stack:
        put = (_csv_writer if as_csv else _parquet_writer)(stream, stack)
        for table in source.batches([column.name for column in columns]):
            kept = lookup.add(table)
            if kept is None or not len(kept.where):
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                found = predicted(model, matrix(kept, columns))
            numbers = [values for values in found.values() if values.dtype.kind == "f"]
            bad.add(kept.where[~np.isfinite(numbers).all(axis=0)] if numbers else [])
            put(found)
        check_rows(source.path, lookup.n_rows, source.names)
        lookup.finish()
        if bad.count:
            raise ValueError(f"The prediction for {bad} is not a finite number.")
    return lookup.n_rows


def predicted(model: Model, X: np.ndarray[Any, Any]) -> Columns:
    """The columns that are written, by name: predictions, and of log_loss the probability of the second class."""
    fit = model.chosen
    values = fit.predict(X)
    if not isinstance(fit, StochasticFit):
        names = ["prediction"]
        if values.ndim == 2:
            names = [f"prediction {name}" for name in fit.target_names or range(values.shape[1])]
        return dict(zip(names, values.reshape(len(values), -1).T, strict=True))
    found = {"prediction": values}
    if fit.loss.name == "log_loss":
        # Without overflow: exp of what is not positive
        decision = fit.decision_function(X)
        small = np.exp(-np.abs(decision))
        found["probability"] = np.where(decision > 0, 1.0, small) / (1.0 + small)
    if model.training is not None and model.training.labels is not None:
        found["prediction"] = np.array(model.training.labels)[(values > 0).astype(int)]
    return found


@contextlib.contextmanager
def _printed() -> Iterator[BinaryIO]:
    """A stream whose text is printed when the block ends without an exception."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as stream:
        yield stream  # type: ignore[misc]
        stream.seek(0)
        with io.TextIOWrapper(stream, "utf-8", newline="") as text:
            shutil.copyfileobj(text, sys.stdout)


def _csv_writer(stream: BinaryIO, stack: contextlib.ExitStack) -> Callable[[Columns], None]:
    first = True

    def put(columns: Columns) -> None:
        nonlocal first
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if first:
            writer.writerow(columns)
            first = False
        # Python writes the shortest decimal that reads back as the same number
        writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))
        stream.write(text.getvalue().encode())

    return put


def _parquet_writer(stream: BinaryIO, stack: contextlib.ExitStack) -> Callable[[Columns], None]:
    pa, pq = require("pyarrow", extra="cli"), require("pyarrow.parquet", extra="cli")
    writer: Any = None

    def put(columns: Columns) -> None:
        nonlocal writer
        table = pa.table(columns)
        if writer is None:
            writer = stack.enter_context(pq.ParquetWriter(stream, table.schema))
        writer.write_table(table)

    return put
