"""Leave-one-out from a spectral form, for every alpha and target, a block of samples at a time.

In coordinates where the data's directions have unit length a fit keeps d = sigma^2 / (sigma^2 + lambda) of each. All d
lie in [0, 1], and those of neighbouring alphas are much alike: a few columns stand for all alphas, up to rounding of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _interrupt
from ._kernels import loo as _loo
from ._spectrum import NOTHING, Array, Spectrum

#: Entries of spectral coordinates, and of fitted values, that are handled together.
_BLOCK_ENTRIES = 1 << 20
#: Columns of fitted values from which a product of matrices runs at full speed.
_WIDE = 256
#: 1 - leverage below which its difference has lost too many digits.
LEAST_SLACK = 1e-5
#: What rounding leaves of 1 - leverage where there is nothing.
_ALONE = 4e-15
#: Entry of a matrix of ones at most that is rounding.
_ROUNDING = 2e-15
#: Multiplications from which it is worth to look for fewer.
_WORTH_FEWER = 1e8


def leave_one_out(
    spectrum: Spectrum, lam: Array, keep_errors: bool, tick: Any = None
) -> tuple[Array, Array, Array | None, float]:
    """(score, standard error, errors, least): weighted mean squares of the exact leave-one-out errors, (K, t) each.

    lambda is held fixed while a sample is out, as the identity e_i = r_i / (1 - h_i) requires. Errors are kept,
    (K, n, t), only when asked; otherwise memory is one block of samples. A sample that alone decides its fit has
    the error NaN and no part in the score. `least` is the smallest 1 - h_i where that is taken as a difference, or 1.
    """
    design = spectrum.design
    K, t, n = len(lam), design.t, design.n
    errors = _Errors(spectrum, lam, keep_errors)
    kept = np.empty((K, n, t)) if keep_errors else None
    alone = np.zeros(n)
    for start in range(0, n, errors.block):
        stop = min(n, start + errors.block)
        e = errors.add(start, stop, alone[start:stop])
        if kept is not None:
            s = design.s[start:stop]
            e /= np.where(s > 0, np.sqrt(s), 1.0)[:, None]
            kept[:, start:stop] = e
        if tick is not None:
            tick(stop / n)
    s = design.s[:n]
    total = design.total_weight - float(s @ alone)
    total = total if total > 1e-12 * design.total_weight else np.nan
    square, fourth, weighted = errors.sums
    score = square / total
    # the variance of the mean sum(s q) / W, q = e^2, from sum s^2 (q - mean)^2
    s = s[alone == 0]
    spread = fourth - 2.0 * score * weighted + score**2 * float(s @ s)
    count = int((s > 0).sum())
    error = np.sqrt(np.maximum(spread, 0.0) * count / max(1, count - 1)) / total
    if kept is not None and design.weighted and (design.s == 0).any():
        absent = np.flatnonzero(design.s == 0)
        for c in range(t):
            W = spectrum.coefficients(lam, np.full(K, c))
            kept[:, absent, c] = (design.Y[absent, c, None] - design.apply(W)[absent]).T
    return score * errors.unit**2, error * errors.unit**2, kept, float(errors.least[0])


def factored(D: Array) -> tuple[Array, Array] | None:
    """left (r, q) and right (q, K) whose product is D up to rounding, entries being 1 at most; None where q
    would be more than half of K.

    The rank of filters grows with the logarithm of the range of alphas (Beckermann and Townsend 2017, on matrices
    with displacement structure).
    """
    rest = D.copy()
    left: list[Array] = []
    right: list[Array] = []
    for _ in range(1 + D.shape[1] // 2):
        k = int(np.einsum("jk,jk->k", rest, rest).argmax())
        if left and np.abs(rest).max() <= _ROUNDING:
            return np.asfortranarray(np.column_stack(left)), np.asfortranarray(np.vstack(right))
        norm = np.sqrt(rest[:, k] @ rest[:, k])
        if norm == 0:
            break
        column = rest[:, k] / norm
        row = column @ rest
        rest -= np.multiply.outer(column, row)
        left.append(column)
        right.append(row)
    return None


class _Errors:
    """Leave-one-out errors of blocks of samples, and their sums.

    Attributes
    ----------
    sums : ndarray of shape (3, K, t)
        Of e^2, e^4 and s e^2, e the errors times the root of the sample's weight, over `unit`.
    unit : ndarray of shape (t,)
        The targets' spread, so that fourth powers stay within the range of numbers.
    least : ndarray of shape (1,)
    block : int
        Samples that `add` takes at most.
    """

    def __init__(self, spectrum: Spectrum, lam: Array, keep: bool) -> None:
        self.spectrum, self.lam, self.keep = spectrum, lam, keep
        design = self.design = spectrum.design
        unit = np.sqrt(design.y_square / design.total_weight)
        self.unit = np.where(unit > 0, unit, 1.0)
        K, t = len(lam), design.t
        self.sums, self.least = np.zeros((3, K, t)), np.ones(1)
        self.basis: Array | None = None
        self.coordinates: Array | None = None
        self._inside_A: Array | None = None
        right, largest = np.zeros((0, 0), order="F"), np.zeros(0)
        if spectrum.complete:
            self.A, left = spectrum.sample_A, spectrum.sample_filters(lam)
        else:
            kept = spectrum.values > spectrum.floor
            length = np.where(kept, np.sqrt(np.where(kept, spectrum.values, 1.0)), np.inf)
            length = np.concatenate([np.ones(spectrum.rank_free), length])
            self.A = spectrum.A / length[:, None]
            if spectrum.coordinates is None:
                self.basis = np.asfortranarray(spectrum.basis / length)
            else:
                self.coordinates = spectrum.coordinates / length
            left = spectrum.full_filters(lam)
            left[spectrum.rank_free :] *= spectrum.values[:, None]
            largest = left.max(axis=1, initial=0.0)
            fewer = factored(left) if design.n * left.size * (1.0 + t) >= _WORTH_FEWER else None
            left, right = fewer or (left, right)
        self.A, self.left, self.right = np.asfortranarray(self.A), np.asfortranarray(left), right
        if not len(self.A):  # nothing but an intercept: one direction of no length
            self.A, self.left, self.right = np.zeros((1, t), order="F"), np.zeros((1, K), order="F"), right
        self.largest = self.left.max(axis=1) if right.shape[1] == 0 else largest
        r, q = self.left.shape
        self.block = m = max(1, min(design.n, _BLOCK_ENTRIES // max(r, K * t if keep else K)))
        group = max(1, min(t, -(-_WIDE // q), _BLOCK_ENTRIES // (K * m)))
        self.scratch = (
            np.empty(m * r), np.empty((r, group * q), order="F"), np.empty(m * group * q), np.empty(m * K),
            np.empty(m * group * K),
        )  # fmt: skip

    def add(self, start: int, stop: int, alone: Array) -> Array:
        """Errors (K, m, t) of samples start..stop, empty unless they are kept; alone[i] <- 1 where there is none."""
        T, target, slack = self._coordinates(start, stop)
        weight = self.design.s[start:stop]
        if self.spectrum.form == "svd" and not self.spectrum.complete:
            high = slack - (T * T) @ self.largest < LEAST_SLACK
            if high.any():
                return self._add_with_high(start, high, T, target, slack, weight, alone)
        return self._add(T, target, slack, weight, alone)

    def _add(self, T: Array, target: Array, slack: Array, weight: Array, alone: Array) -> Array:
        K, t = self.sums.shape[1:]
        e = np.empty((K if self.keep else 0, t, len(T))).transpose(0, 2, 1)  # samples side by side
        args = (T, self.left, self.right, self.A, target, slack, weight, self.spectrum.complete, self.unit)
        work = 2.0 * T.size * self.left.shape[1] * (1 + t)
        _interrupt.run(_loo.leave_one_out, *args, *self.scratch, alone, self.least, self.sums, e, work=work)
        return e

    def _add_with_high(
        self, start: int, high: Array, T: Array, target: Array, slack: Array, weight: Array, alone: Array
    ) -> Array:
        """The same where some samples nearly decide their fit."""
        low, some = np.flatnonzero(~high), np.zeros(int((~high).sum()))
        e = np.empty((len(self.lam) if self.keep else 0, len(T), self.design.t))
        if len(low):
            rest = self._add(np.asfortranarray(T[low]), np.asfortranarray(target[low]), slack[low], weight[low], some)
            alone[low] = some
            if self.keep:
                e[:, low] = rest
        for i in np.flatnonzero(high):
            own = self._precise(start + int(i))
            if self.keep:
                e[:, i] = own
            if np.isnan(own).any():
                alone[i] = 1.0
                continue
            square = np.square(own / self.unit)
            self.sums += np.stack([square, square * square, weight[i] * square])
        return e

    def _coordinates(self, start: int, stop: int) -> tuple[Array, Array, Array]:
        """Spectral coordinates of samples, what they are to add up to, and `slack`."""
        spectrum, design = self.spectrum, self.design
        weight = spectrum.weight[start:stop]
        slack = np.ones(stop - start)
        target = np.asfortranarray(weight * design.Y[start:stop])
        if spectrum.complete:
            T = np.asfortranarray(spectrum.U[start:stop])
            slack = np.einsum("ij,ij->i", T, T)
            target[:] = 0.0
        else:
            if design.fit_intercept:
                slack -= design.s[start:stop] / design.total_weight
            if self.coordinates is not None:
                T = np.asfortranarray(self.coordinates[start:stop])
            else:
                assert self.basis is not None
                T = design.apply(self.basis, start, stop)
                if design.weighted:
                    T *= weight
        return T if T.shape[1] else np.zeros((stop - start, 1)), target, slack

    def _precise(self, i: int) -> Array:
        """(K, t) errors of a sample that nearly decides its fit, where 1 - h_i must not be taken as a difference.

        With v what of the sample's axis lies outside of all directions, 1 - h = |v|^2 + sum_k U_ik^2 d_k and the
        residual is v'y + sum_k U_ik d_k (U'y)_k, d = lambda / (sigma^2 + lambda).
        """
        spectrum = self.spectrum
        U = spectrum.inside
        v = np.zeros(self.design.n)
        v[i] = 1.0
        for _ in range(2):
            v -= U @ (U.T @ v)
            v -= spectrum.outside @ (spectrum.outside.T @ v)
        if v @ v < NOTHING**2:
            v[:] = 0.0
        d = self.lam / (spectrum.values[:, None] + self.lam)
        slack = v @ v + np.square(U[i]) @ d
        if self._inside_A is None:
            self._inside_A = U.T @ spectrum.inside_target
        residual = v @ spectrum.inside_target + (U[i, :, None] * d).T @ self._inside_A
        return np.where(slack[:, None] > _ALONE**2, residual / np.maximum(slack, _ALONE**2)[:, None], np.nan)
