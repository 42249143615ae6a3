"""Models on disk: one ``.npz`` file that NumPy alone can open, and that is never trusted.

A file holds arrays and one member ``model.npy``, UTF-8 JSON in bytes, with everything that is not an array:
the schema and its version, names, the certificate. Nothing is pickled. Reading checks the archive, then the
header of every member against the shape and dtype the model calls for, and only then allocates.
"""

import contextlib
import dataclasses
import errno
import json
import math
import os
import re
import secrets
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ._result import METHODS, Certificate, CrossValidation, Fit
from .conventions import CONVENTIONS, from_canonical, ridge_alpha

__all__ = ["Column", "Model", "load", "load_model", "save"]

SCHEMA = "shrinkage.model"
VERSION = 1

_META = "model.npy"
_FLOAT, _INT, _BYTES = "<f8", "<i8", "|u1"
# The only header numpy.save writes for these arrays; matched, not evaluated
_NPY_HEADER = re.compile(rb"\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(([-0-9, ]*)\), \}\s*")
# RuntimeError: NotImplementedError for versions and flags of zip beyond zipfile, RecursionError for nested JSON
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    struct.error,
    RuntimeError,
    UnicodeDecodeError,
    OverflowError,
    EOFError,
)

Scalar = str | int | float | bool | None


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a data file and how it enters the model.

    Parameters
    ----------
    name : str
        Name in the file.
    levels : tuple of str, optional
        Categories of a text column, one 0/1 feature each, in this order; None for a number.
    """

    name: str
    levels: tuple[str, ...] | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features the column becomes."""
        return (self.name,) if self.levels is None else tuple(f"{self.name}={level}" for level in self.levels)


@dataclasses.dataclass(frozen=True)
class Model:
    """A fit with what is needed to use it on another file: how its columns are read and how alpha was chosen.

    Parameters
    ----------
    fit : Fit
        The model itself.
    cross_validation : CrossValidation, optional
        How alpha was chosen (without the per-row errors, which are not saved).
    columns : tuple of Column, optional
        The data columns in the order of the features.
    about : mapping of str to str, int, float, bool or None
        Anything else worth keeping, such as the name of the data file.
    """

    fit: Fit
    cross_validation: CrossValidation | None = None
    columns: tuple[Column, ...] | None = None
    about: Mapping[str, Scalar] = dataclasses.field(default_factory=dict)


# What a file of version 1 holds. Arrays: the shapes a member may have, spelled with t (one entry per target,
# nothing for a one-dimensional y), p (features), k (alphas) and f (folds); "?" lets it be absent (the field is None).
_FIT_ARRAYS = {
    "coef": ("tp",),
    "intercept": ("t",),
    "alpha": ("", "t"),
    "effective_dof": ("", "t"),
    "feature_mean": ("p",),
    "feature_scale": ("p",),
    "penalty_factor": ("p", "?"),
}
_FIT_META: dict[str, type] = {
    "l1_ratio": float,
    "convention": str,
    "solver": str,
    "solver_reason": str,
    "n_samples": int,
    "n_features": int,
    "sum_weights": float,
    "fit_intercept": bool,
}
_CERTIFICATE: dict[str, type] = {
    "objective": float,
    "duality_gap": float,
    "relative_gap": float,
    "kkt_violation": float,
    "converged": bool,
    "n_iter": int,
    "residual_ratio": float,
    "rcond": float,
}
_CV_ARRAYS = {
    "alphas": ("k",),
    "scores": ("kt",),
    "standard_errors": ("kt",),
    "effective_dof": ("k",),
    "alpha": ("", "t"),
    "index": ("", "t"),
    "score": ("", "t"),
    "standard_error": ("", "t"),
    "fold_scores": ("fkt", "?"),
}
_CV_META: dict[str, type] = {"method": str, "convention": str, "rule": str}
_INTEGER_ARRAYS = {"index"}
_RULES = ("min", "1se")


def save(model: Fit | CrossValidation | Model, path: str | os.PathLike[str]) -> None:
    """Write a model to `path`, replacing what is there in one step or not at all.

    Parameters
    ----------
    model : Fit, CrossValidation or Model
        Of a `CrossValidation` everything is kept but `errors`; of a `BayesFit` what a `Fit` has, its mean.
    path : str or path-like
        Conventionally ends in ``.npz``. The bytes depend on nothing but the model.

    Raises
    ------
    TypeError
        If `model` is none of these.
    OSError
        If the file cannot be written; an older file at `path` is then untouched.
    """
    if isinstance(model, CrossValidation):
        model = Model(model.fit, model)
    elif isinstance(model, Fit):
        model = Model(model)
    elif not isinstance(model, Model):
        raise TypeError(f"model must be a Fit, CrossValidation or Model, not {type(model).__name__}")
    with atomic_write(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in _encode(model).items():
            # A fixed date makes equal models equal files
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


def load(path: str | os.PathLike[str]) -> Fit:
    """Read the fit that `save` wrote.

    Parameters
    ----------
    path : str or path-like
        A file written by `save`.

    Returns
    -------
    Fit
        Equal to the saved one in every bit of every field.

    Raises
    ------
    ValueError
        If the file is not a model, is damaged or was written by a newer version; the message says which.
    OSError
        If the file cannot be opened.
    """
    return load_model(path).fit


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read everything `save` wrote; see `load`, which returns the `fit` of this.

    Parameters
    ----------
    path : str or path-like
        A file written by `save`.

    Returns
    -------
    Model
        With `cross_validation` None where a `Fit` was saved, and its `errors` None where not.
    """
    with open(path, "rb") as stream:
        try:
            return _decode(stream)
        except _BROKEN_ZIP as error:
            reason = f"the archive is damaged ({error})"
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"cannot load a model from {os.fspath(path)!r}: {reason}")


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary stream whose bytes appear at `path` only when the block ends without an exception."""
    # A link keeps pointing where it did: the file it names is what is replaced
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if target.exists() and not target.is_file():
        raise ValueError(f"{os.fspath(path)!r} is not a regular file, so it cannot be replaced")
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "The directory to write to does not exist", str(target.parent))
    temporary = target.with_name(f".{target.name[:64]}.{secrets.token_hex(8)}.tmp")
    try:
        # os.open, not mkstemp: the umask then decides the permissions, as for any new file
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(temporary, flags, 0o666), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename, error.filename2 = os.fspath(path), None
        raise
    # The new name itself must survive a crash too; directories cannot be opened everywhere
    with contextlib.suppress(OSError):
        directory = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _encode(model: Model) -> dict[str, np.ndarray]:
    fit, cv = model.fit, model.cross_validation
    meta: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "n_targets": fit.coef.shape[0] if fit.coef.ndim == 2 else None,
        "fit": _scalars(fit, _FIT_META),
        "certificate": _scalars(fit.certificate, _CERTIFICATE),
        "feature_names": _list(fit.feature_names),
        "target_names": _list(fit.target_names),
        "cross_validation": None,
        "columns": None,
        "about": dict(model.about),
    }
    arrays = _members("fit", fit, _FIT_ARRAYS)
    if cv is not None:
        n_folds = None if cv.fold_scores is None else len(cv.fold_scores)
        meta["cross_validation"] = {"n_alphas": len(cv.alphas), "n_folds": n_folds} | _scalars(cv, _CV_META)
        arrays |= _members("cross_validation", cv, _CV_ARRAYS)
    if model.columns is not None:
        meta["columns"] = [{"name": column.name, "levels": _list(column.levels)} for column in model.columns]
    _check_about(meta["about"])
    return {_META: np.frombuffer(json.dumps(meta).encode(), np.uint8)} | arrays


def _scalars(record: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    # The kind also turns NumPy scalars into what JSON can write; floats survive by their shortest repr
    return {name: kind(getattr(record, name)) for name, kind in kinds.items()}


def _list(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _members(prefix: str, record: Any, table: Mapping[str, tuple[str, ...]]) -> dict[str, np.ndarray]:
    values = {name: getattr(record, name) for name in table}
    return {
        f"{prefix}.{name}.npy": np.asarray(value, _dtype(name), order="C")
        for name, value in values.items()
        if value is not None
    }


def _dtype(name: str) -> str:
    return _INT if name in _INTEGER_ARRAYS else _FLOAT


def _decode(stream: BinaryIO) -> Model:
    size = os.fstat(stream.fileno()).st_size
    archive = _open(stream, size)
    meta = _read_meta(archive)
    t = _typed(meta, "n_targets", int, optional=True)
    if t == 0:
        raise ValueError("it has no target")
    part = _typed(meta, "fit", dict)
    fields: dict[str, Any] = {name: _typed(part, name, kind) for name, kind in _FIT_META.items()}
    if not 0 < fields["sum_weights"] < math.inf:
        raise ValueError(f"its sum of weights is {fields['sum_weights']}, not a positive number")
    p = fields["n_features"]
    dims = {"t": () if t is None else (t,), "p": (p,)}
    wanted = {f"fit.{name}.npy": shapes for name, shapes in _FIT_ARRAYS.items()}
    cv_part = _typed(meta, "cross_validation", dict, optional=True)
    if cv_part is not None:
        n_alphas = _typed(cv_part, "n_alphas", int)
        if n_alphas < 1:
            raise ValueError("its cross-validation has no alpha")
        if _typed(cv_part, "method", str) not in METHODS:
            raise ValueError(f"its cross-validation is of a kind that is not known, {cv_part['method']!r:.40}")
        if _typed(cv_part, "rule", str) not in _RULES:
            raise ValueError(f"its alpha was chosen by a rule that is not known, {cv_part['rule']!r:.40}")
        n_folds = _typed(cv_part, "n_folds", int, optional=True)
        dims |= {"k": (n_alphas,), "f": (n_folds or 0,)}
        wanted |= {f"cross_validation.{name}.npy": shapes for name, shapes in _CV_ARRAYS.items()}
        if n_folds is not None:
            wanted["cross_validation.fold_scores.npy"] = ("fkt",)
    arrays = _read_arrays(archive, wanted, dims)

    part = _typed(meta, "certificate", dict)
    certificate = Certificate(**{name: _typed(part, name, kind) for name, kind in _CERTIFICATE.items()})
    fields |= {name: arrays.get(f"fit.{name}.npy") for name in _FIT_ARRAYS}
    _check_alpha(fields["alpha"], fields["convention"], fields["sum_weights"])
    fit = Fit(
        **fields,
        certificate=certificate,
        feature_names=_names(meta, "feature_names", p),
        target_names=_names(meta, "target_names", 1 if t is None else t),
    )
    cv = None
    if cv_part is not None:
        parts: dict[str, Any] = {name: _typed(cv_part, name, kind) for name, kind in _CV_META.items()}
        parts |= {name: arrays.get(f"cross_validation.{name}.npy") for name in _CV_ARRAYS}
        cv = CrossValidation(**parts, errors=None, fit=fit)
        _check_alpha(cv.alphas, cv.convention, fit.sum_weights)
        index = np.asarray(cv.index)
        if not ((index >= 0) & (index < len(cv.alphas))).all() or not np.array_equal(cv.alphas[index], cv.alpha):
            raise ValueError("its cross-validation chose an alpha that is not where it says")
    about = _typed(meta, "about", dict)
    _check_about(about)
    return Model(fit, cv, _columns(meta, p), about)


def _open(stream: BinaryIO, size: int) -> zipfile.ZipFile:
    """The archive, once its directory holds only plainly stored members that fit into the file together."""
    start = stream.read(4)
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile:
        if start[:2] == b"PK":
            raise ValueError("the file is truncated or damaged: its table of contents is missing") from None
        raise ValueError("it is not a shrinkage model (not a zip archive)") from None
    seen = set()
    for info in archive.infolist():
        if info.filename in seen:
            raise ValueError(f"member {info.filename!r} appears twice")
        seen.add(info.filename)
        if not 0 <= info.header_offset < size:
            raise ValueError(f"member {info.filename!r} lies outside the file")
        if info.flag_bits & 1:
            raise ValueError(f"member {info.filename!r} is encrypted, which no shrinkage model is")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise ValueError(f"member {info.filename!r} is compressed, which no shrinkage model is")
    total = sum(info.file_size for info in archive.infolist())
    if total > size:
        raise ValueError(f"its members claim {total} bytes in a file of {size}")
    return archive


def _read_meta(archive: zipfile.ZipFile) -> dict[str, Any]:
    if _META not in archive.namelist():
        raise ValueError(f"it is not a shrinkage model (no member {_META!r})")
    info = archive.getinfo(_META)
    dtype, shape, offset = _header(archive, info)
    if dtype != _BYTES or shape != (info.file_size - offset,):
        raise ValueError(f"member {_META!r} has dtype {dtype!r} and shape {shape}, which is not JSON in bytes")
    try:
        meta = json.loads(archive.read(info)[offset:])
    except ValueError as error:
        # A wrong checksum is reported by zipfile before this; here the JSON itself is at fault
        raise ValueError(f"member {_META!r} is not JSON ({error})") from None
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        raise ValueError(f"it is not a shrinkage model (its schema is not {SCHEMA!r})")
    version = _typed(meta, "version", int)
    if version > VERSION:
        raise ValueError(
            f"it was written by a newer shrinkage (model version {version}, this one reads up to {VERSION}); "
            "upgrade with: pip install --upgrade shrinkage"
        )
    if version < 1:
        raise ValueError(f"model version {version} does not exist")
    return meta


def _read_arrays(
    archive: zipfile.ZipFile, wanted: Mapping[str, tuple[str, ...]], dims: Mapping[str, tuple[int, ...]]
) -> dict[str, Any]:
    present = set(archive.namelist()) - {_META}
    missing = sorted(name for name, shapes in wanted.items() if name not in present and "?" not in shapes)
    if missing or present - wanted.keys():
        name = missing[0] if missing else sorted(present - wanted.keys())[0]
        raise ValueError(f"member {name!r} is {'missing' if missing else 'not part of a model'}")
    # Every header is checked before the first array is allocated
    offsets = {}
    for name in present:
        info = archive.getinfo(name)
        dtype, shape, offset = _header(archive, info)
        expected = _dtype(name.split(".")[1])
        if dtype != expected:
            raise ValueError(f"member {name!r} has dtype {dtype!r} where {expected!r} belongs")
        allowed = [sum((dims[letter] for letter in letters), ()) for letters in wanted[name] if letters != "?"]
        if shape not in allowed:
            raise ValueError(f"member {name!r} has shape {shape} where {allowed[0]} belongs")
        if offset + 8 * math.prod(shape) != info.file_size:
            raise ValueError(
                f"member {name!r} claims {math.prod(shape)} elements and holds {info.file_size - offset} bytes"
            )
        offsets[name] = shape, offset
    arrays: dict[str, Any] = {}
    for name, (shape, offset) in offsets.items():
        data = np.frombuffer(archive.read(name), _dtype(name.split(".")[1]), offset=offset)
        # The copy is aligned, writable and in native byte order
        array = data.reshape(shape).astype(data.dtype.newbyteorder("="))
        arrays[name] = array if shape else array.item()
    return arrays


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[str, tuple[int, ...], int]:
    """Dtype and shape that a member claims, and where its data starts."""
    with archive.open(info) as member:
        prefix = member.read(10)
        if prefix[:8] != b"\x93NUMPY\x01\x00" or len(prefix) < 10:
            raise ValueError(f"member {info.filename!r} is not an array of .npy version 1.0")
        length = int.from_bytes(prefix[8:], "little")
        text = member.read(length)
    match = _NPY_HEADER.fullmatch(text)
    if match is None:
        raise ValueError(f"member {info.filename!r} has an unreadable array header")
    if match[2] != b"False":
        raise ValueError(f"member {info.filename!r} is in Fortran order, which no shrinkage model is")
    try:
        shape = tuple(int(item) for item in match[3].split(b",") if item.strip())
    except ValueError:
        raise ValueError(f"member {info.filename!r} has an unreadable shape") from None
    if any(length < 0 for length in shape):
        raise ValueError(f"member {info.filename!r} has a negative shape {shape}")
    return match[1].decode("latin-1"), shape, 10 + length


def _typed(mapping: dict[str, Any], key: str, kind: type, *, optional: bool = False) -> Any:
    """``mapping[key]`` if it is exactly of `kind`: JSON from an untrusted file may hold anything."""
    value: Any = mapping.get(key, ...)
    if value is None and optional:
        return None
    if type(value) is not kind or (type(value) is int and value < 0):
        shown = "missing" if value is ... else f"{value!r:.40}"
        raise ValueError(f"{key!r} in member {_META!r} is {shown}, not a valid {kind.__name__}")
    return value


def _check_alpha(alpha: Any, convention: str, sum_weights: float) -> None:
    if convention not in CONVENTIONS:
        raise ValueError(f"its alpha is in a convention that is not known, {convention!r:.40}")
    try:
        # In sum units as well: no fit has a W alpha beyond float64
        from_canonical(ridge_alpha(alpha, convention, sum_weights=sum_weights), "sum", sum_weights=sum_weights)
    except ValueError as error:
        raise ValueError(f"its alpha is impossible ({error})") from None


def _names(mapping: dict[str, Any], key: str, count: int) -> tuple[str, ...] | None:
    names = _typed(mapping, key, list, optional=True)
    if names is None:
        return None
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key!r} in member {_META!r} must be {count} strings")
    return tuple(names)


def _columns(meta: dict[str, Any], n_features: int) -> tuple[Column, ...] | None:
    entries = _typed(meta, "columns", list, optional=True)
    if entries is None:
        return None
    columns = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise ValueError(f"'columns' in member {_META!r} must hold objects")
        levels = _typed(entry, "levels", list, optional=True)
        columns.append(
            Column(_typed(entry, "name", str), None if levels is None else _names(entry, "levels", len(levels)))
        )
    if sum(len(column.features) for column in columns) != n_features:
        raise ValueError(f"'columns' in member {_META!r} do not make {n_features} features")
    return tuple(columns)


def _check_about(about: Mapping[str, Any]) -> None:
    for key, value in about.items():
        if not isinstance(key, str) or not isinstance(value, Scalar):
            raise ValueError(f"about[{key!r}] must be a string, number, bool or None, not {type(value).__name__}")
