"""Archives of arrays and a description: ``.npz`` files that NumPy alone can open, and that are never trusted.

One member, ``model.npy``, is UTF-8 JSON in bytes, with all that is not an array. Nothing is pickled. Reading checks the
archive, then the header of every member, and only then allocates. `what` is the name of the thing in messages.
"""

from __future__ import annotations

import contextlib
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

#: The member with the description, and what it is stored as.
META = "model.npy"
BYTES = "|u1"
# The only header numpy.save writes for these arrays; matched, not evaluated
_NPY_HEADER = re.compile(rb"\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(([-0-9, ]*)\), \}\s*")
# RuntimeError: NotImplementedError for versions and flags of zip beyond zipfile, RecursionError for nested JSON
BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    struct.error,
    RuntimeError,
    UnicodeDecodeError,
    OverflowError,
    EOFError,
)


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


def write(path: str | os.PathLike[str], meta: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """A new archive, whole or not at all; the names of arrays end in ".npy"."""
    members = {META: np.frombuffer(json.dumps(meta).encode(), np.uint8)} | dict(arrays)
    with atomic_write(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in members.items():
            # A fixed date makes equal contents equal files
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


def opened(stream: BinaryIO, what: str) -> zipfile.ZipFile:
    """The archive, once its directory holds only plainly stored members that fit into the file together."""
    size = os.fstat(stream.fileno()).st_size
    start = stream.read(4)
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile:
        if start[:2] == b"PK":
            raise ValueError("the file is truncated or damaged: its table of contents is missing") from None
        raise ValueError(f"it is not a {what} (not a zip archive)") from None
    seen = set()
    for info in archive.infolist():
        if info.filename in seen:
            raise ValueError(f"member {info.filename!r} appears twice")
        seen.add(info.filename)
        if not 0 <= info.header_offset < size:
            raise ValueError(f"member {info.filename!r} lies outside the file")
        if info.flag_bits & 1:
            raise ValueError(f"member {info.filename!r} is encrypted, which no {what} is")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise ValueError(f"member {info.filename!r} is compressed, which no {what} is")
    total = sum(info.file_size for info in archive.infolist())
    if total > size:
        raise ValueError(f"its members claim {total} bytes in a file of {size}")
    return archive


def described(archive: zipfile.ZipFile, what: str, schema: str, newest: int) -> dict[str, Any]:
    """The description, once it is one of `schema` that this version can read."""
    if META not in archive.namelist():
        raise ValueError(f"it is not a {what} (no member {META!r})")
    info = archive.getinfo(META)
    dtype, shape, offset = header(archive, info, what)
    if dtype != BYTES or shape != (info.file_size - offset,):
        raise ValueError(f"member {META!r} has dtype {dtype!r} and shape {shape}, which is not JSON in bytes")
    try:
        meta = json.loads(archive.read(info)[offset:])
    except ValueError as error:
        # A wrong checksum is reported by zipfile before this; here the JSON itself is at fault
        raise ValueError(f"member {META!r} is not JSON ({error})") from None
    if not isinstance(meta, dict) or meta.get("schema") != schema:
        raise ValueError(f"it is not a {what} (its schema is not {schema!r})")
    version, kind = typed(meta, "version", int), what.split()[-1]
    if version > newest:
        raise ValueError(
            f"it was written by a newer shrinkage ({kind} version {version}, this one reads up to {newest}); "
            "upgrade with: pip install --upgrade shrinkage"
        )
    if version < 1:
        raise ValueError(f"{kind} version {version} does not exist")
    return meta


def header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, what: str) -> tuple[str, tuple[int, ...], int]:
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
        raise ValueError(f"member {info.filename!r} is in Fortran order, which no {what} is")
    try:
        shape = tuple(int(item) for item in match[3].split(b",") if item.strip())
    except ValueError:
        raise ValueError(f"member {info.filename!r} has an unreadable shape") from None
    if any(length < 0 for length in shape):
        raise ValueError(f"member {info.filename!r} has a negative shape {shape}")
    return match[1].decode("latin-1"), shape, 10 + length


def claimed(
    archive: zipfile.ZipFile, name: str, what: str, dtypes: tuple[str, ...], shapes: list[tuple[int, ...]]
) -> tuple[str, tuple[int, ...], int]:
    """Dtype, shape and offset of a member that are among those allowed, and that its size agrees with."""
    info = archive.getinfo(name)
    dtype, shape, offset = header(archive, info, what)
    if dtype not in dtypes:
        raise ValueError(f"member {name!r} has dtype {dtype!r} where {dtypes[0]!r} belongs")
    if shape not in shapes:
        raise ValueError(f"member {name!r} has shape {shape} where {shapes[0]} belongs")
    if offset + np.dtype(dtype).itemsize * math.prod(shape) != info.file_size:
        raise ValueError(
            f"member {name!r} claims {math.prod(shape)} elements and holds {info.file_size - offset} bytes"
        )
    return dtype, shape, offset


def read(archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...], offset: int) -> np.ndarray:
    """The array of a member whose header was checked: aligned, writable and in native byte order."""
    data = np.frombuffer(archive.read(name), dtype, offset=offset)
    return data.reshape(shape).astype(data.dtype.newbyteorder("="))


def typed(mapping: dict[str, Any], key: str, kind: type, *, optional: bool = False) -> Any:
    """``mapping[key]`` if it is exactly of `kind`: JSON from an untrusted file may hold anything."""
    value: Any = mapping.get(key, ...)
    if value is None and optional:
        return None
    # A count that no float64 holds is none, and would overflow in what is computed from it
    if type(value) is not kind or (type(value) is int and not 0 <= value <= 2**53):
        shown = "missing" if value is ... else f"{value!r:.40}"
        raise ValueError(f"{key!r} in member {META!r} is {shown}, not a valid {kind.__name__}")
    return value
