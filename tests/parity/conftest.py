"""Holding a kernel to its twin: the same arguments to both, and everything that either may touch compared."""

import numpy as np
import pytest

SENTINEL = 12345.6875


def guarded(template):
    """A copy of `template` in the middle of a larger buffer, and the buffer's part that is not the copy's to touch.

    Contiguous arrays stay so; others become rows of a longer Fortran-ordered array.
    """
    if template.flags.c_contiguous or template.flags.f_contiguous:
        base = np.full(template.size + 16, SENTINEL, template.dtype)
        order = "F" if template.flags.f_contiguous else "C"
        view = base[8 : 8 + template.size].reshape(template.shape, order=order)
        assert np.shares_memory(view, base) or not template.size
        around = base[:8], base[8 + template.size :]
    else:
        base = np.full((template.shape[0] + 5, template.shape[1] + 1), SENTINEL, template.dtype, order="F")
        n, t = template.shape
        view = base[3 : 3 + n, :t]
        around = base[:3], base[3 + n :], base[:, t:]
    view[...] = template
    return view, around


@pytest.fixture(scope="session")
def check():
    """check(kernel, twin, arguments, writes=, scratch=): call both, compare, and return what the kernel returned.

    `arguments` maps names to values in the order of the signature. Arrays not named in `writes` or `scratch` are only
    read: the kernel gets them read-only. `tolerance` is relative to the largest entry. Examples must make a difference
    to all of `writes` but the `unchanged`.
    """

    def call(kernel, twin, arguments, writes=(), scratch=(), unchanged=(), tolerance=1e-13):
        mine, theirs, fences, before = {}, {}, {}, {}
        for name, value in arguments.items():
            mine[name] = theirs[name] = value
            if name in writes or name in scratch:
                mine[name], fences[name] = guarded(value)
                theirs[name] = np.array(value, order="K")
            elif isinstance(value, np.ndarray):
                before[name] = value.copy()
                value.flags.writeable = False
        found, expected = kernel(*mine.values()), twin(*theirs.values())
        for name in writes:
            scale = np.abs(theirs[name][np.isfinite(theirs[name])]).max(initial=1e-300)
            np.testing.assert_allclose(mine[name], theirs[name], rtol=0, atol=tolerance * scale, err_msg=name)
            same = np.array_equal(arguments[name], theirs[name], equal_nan=True)
            assert same == (name in unchanged), f"{name}: the example should {'not ' * same}leave it as it was"
        for name, parts in fences.items():
            for part in parts:
                assert (part == np.array(SENTINEL).astype(part.dtype)).all(), f"{name} was written past its end"
        for name, value in before.items():
            np.testing.assert_array_equal(arguments[name], value, err_msg=f"{name} is only to be read")
        return found, expected

    return call


@pytest.fixture(params=[np.float64, np.float32], ids=["double", "single"])
def dtype(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20)
