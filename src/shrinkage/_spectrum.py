"""One factorization for every alpha and every target.

With the penalty scaled into the data (columns over sqrt(v)) and everything unpenalized, the intercept included,
projected out, ridge acts on each spectral direction alone: it keeps sigma^2 / (sigma^2 + lambda) of the least-squares
answer along it (Hoerl and Kennard 1970; Hastie, Tibshirani and Friedman 2009, eq. 3.47).

Three forms of one thing, each with `values` = sigma^2:

    gram   n > p: eigenvectors of the p x p Gram matrix
    dual   n <= p: eigenvectors of the n x n kernel matrix, complete with its null directions
    svd    the same from X itself, where squaring would lose the small directions
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from . import _interrupt
from ._algebra import SLOW, eigh, product
from ._design import Design
from ._ridge_system import EPS, Array, PivotedQR, System

#: Length of a unit vector's part outside of the data's directions that is rounding.
NOTHING = 1e-13
#: Ratio of column norms from which a singular value decomposition must respect them.
_GRADED = 1e5
#: Smallest (sigma^2 + lambda) / sigma_max^2 at which eigenvectors of a Gram matrix still leave eight digits.
GRAM_FLOOR = 1e-7


def _eigh(A: Array) -> tuple[Array, Array]:
    """Eigenvalues (ascending, clipped at zero) and vectors of a symmetric matrix, its lower triangle being given."""
    values, vectors = eigh(A)
    return np.maximum(values, 0.0), vectors


def _jacobi(Z: Array) -> tuple[Array, Array, Array]:
    """Thin singular value decomposition that keeps the digits of what is small because its column is.

    The usual algorithm keeps only those that the largest column leaves. With the pivoting that scaled rows need too: a
    wide Z is turned (Demmel and Veselic 1992; Drmac and Veselic 2008).
    """
    tall = Z.shape[0] >= Z.shape[1]
    sigma, U, V, work, _, info = scipy.linalg.lapack.dgejsv(np.asfortranarray(Z if tall else Z.T), joba=2, jobr=0)
    if info:
        return np.linalg.svd(Z, full_matrices=False)
    U, sigma = U[:, : len(sigma)], sigma * (work[0] / work[1])
    return (U, sigma, V.T) if tall else (V, sigma, U.T)


def _svd(Z: Array) -> tuple[Array, Array, Array, int]:
    """Thin singular value decomposition and rank, by one-sided Jacobi where the columns of Z differ in size."""
    norm = np.sqrt(np.einsum("ij,ij->j", Z, Z))
    norm = norm[norm > 0]
    if len(norm) and norm.max() > _GRADED * norm.min():
        qr = PivotedQR(Z)
        if qr.rank < min(Z.shape):  # what dependent large columns leave as rounding may exceed a small column
            left, sigma, right = _jacobi(qr.row_factor())
            return qr.Q @ left, sigma, right, qr.rank
        return *_jacobi(Z), qr.rank
    U, sigma, Vt = np.linalg.svd(Z, full_matrices=False)  # NumPy's releases the GIL, SciPy's does not
    return U, sigma, Vt, int((sigma > EPS * max(Z.shape) * sigma.max(initial=0.0)).sum())


class Spectrum:
    """Spectral form of a ridge problem.

    Attributes
    ----------
    values : ndarray of shape (r,)
        sigma^2, one per penalized direction.
    rank_free : int
        Directions that are not penalized (the intercept not counted).
    rank : int
        All directions that the data have, those included.
    complete : bool
        Whether `U` is a basis of the whole sample space less the nuisance directions: leave-one-out is then a
        quotient of sums without cancellation, whatever the leverage.
    """

    def __init__(
        self, design: Design, factors: Array | None, *, form: str = "auto", complete: bool | None = None
    ) -> None:
        self.design = design
        v = np.ones(design.p) if factors is None else factors
        self.free, self.kept = np.flatnonzero(v == 0), np.flatnonzero((v > 0) & np.isfinite(v))
        with np.errstate(divide="ignore"):
            self.root = np.where(v > 0, 1.0 / np.sqrt(v), 0.0)  # zero for excluded and for free features
        self.weight = np.sqrt(design.s)[:, None] if design.weighted else np.ones((design.n, 1))
        self.complete = design.n <= design.p if complete is None else complete
        self.form = ("dual" if self.complete else "gram") if form == "auto" else form
        self.free_columns: PivotedQR | None = None
        self.coordinates: Array | None = None
        #: sigma^2 at most, unpenalized directions included: what the subtraction of those rounds to
        self.top = 0.0
        #: whether the unpenalized columns are far enough from dependent for their Gram matrix
        self.separable = True
        {"gram": self._from_gram, "dual": self._from_kernel, "svd": self._from_data}[self.form]()
        #: what rounding leaves of a zero eigenvalue; a decomposition of X has dropped such directions already
        self.floor = 0.0
        if self.form != "svd":
            self.floor = EPS * max(design.n, design.p) * self.top
        self.rank = self.rank_free + int((self.values > self.floor).sum())

    # -- three factorizations --------------------------------------------------------------------------------

    def _from_gram(self) -> None:
        design, q, u = self.design, self.kept, self.free
        G = design.gram(0)
        G += np.tril(G, -1).T if design.p else 0.0
        S = G[np.ix_(q, q)] if len(q) < design.p else G
        root = self.root[q]
        size = float((np.diagonal(S) * root * root).max(initial=0.0))
        lead = np.zeros((design.p, 0))
        if len(u):
            norm = np.sqrt(np.diagonal(G)[u])
            norm = np.where(norm > 0, norm, 1.0)
            values, vectors = _eigh(G[np.ix_(u, u)] / np.outer(norm, norm))
            good = values > EPS * len(u) * values.max(initial=0.0)
            self.separable = bool(values.min() >= GRAM_FLOOR * values.max())
            basis = vectors[:, good] / np.sqrt(values[good]) / norm[:, None]
            F = G[np.ix_(q, u)] @ basis
            S = S - F @ F.T
            lead = np.zeros((design.p, basis.shape[1]))
            lead[u] = basis
        self.values, Q = _eigh(np.asfortranarray(S * np.outer(root, root)))
        self.top = max(size if len(u) else 0.0, float(self.values.max(initial=0.0)))
        tail = np.zeros((design.p, len(q)))
        tail[q] = root[:, None] * Q
        if len(u):
            tail[u] = -lead[u] @ (F.T @ tail[q])
        self.rank_free = lead.shape[1]
        self.basis = np.asfortranarray(np.hstack([lead, tail]))
        self.A = product(self.basis, design.cross, transposed=True)

    def _nuisance(self) -> Array:
        """Orthonormal columns spanning sqrt(s) (the intercept) and the unpenalized columns."""
        design = self.design
        columns = [self.weight / np.sqrt(design.total_weight)] if design.fit_intercept else []
        if len(self.free):
            U = self.weight * (design.storage.columns(self.free) - design.mean[self.free])
            self.free_columns = PivotedQR(U)
            columns.append(self.free_columns.Q)
        self.rank_free = 0 if self.free_columns is None else self.free_columns.rank
        return np.hstack(columns) if columns else np.zeros((design.n, 0))

    def _from_kernel(self) -> None:
        K = self.design.gram(1, self.root)
        N = self._nuisance()
        m = N.shape[1]
        K += np.tril(K, -1).T
        size = float(np.diagonal(K).max()) if self.rank_free else 0.0
        if self.rank_free:
            free = self.free_columns.Q  # type: ignore[union-attr]
            K -= free @ (free.T @ K)
            K -= (K @ free) @ free.T
        # a large eigenvalue of their own sets the nuisance directions apart from true null directions
        K += (2.0 * np.trace(K) or 1.0) * (N @ N.T)
        values, U = _eigh(np.asfortranarray(K))
        keep = len(values) - m
        self.values, self.U = values[:keep], np.asfortranarray(U[:, :keep])
        self.top = max(size, float(self.values.max(initial=0.0)))
        self.sample_values = self.values
        self.sample_A = self.A = product(self.U, self.weight * self.design.Y, transposed=True)

    def _from_data(self) -> None:
        design, q = self.design, self.kept
        Z = design.dense()[:, q] * self.root[q]
        N = self._nuisance()
        target = self.weight * design.Y
        if N.shape[1]:
            # centring leaves rounding along the intercept too, which would pass for a direction of its own
            for _ in range(2):
                Z -= N @ (N.T @ Z)
                target = target - N @ (N.T @ target)
        U, sigma, Vt, rank = _interrupt.run(_svd, Z, work=SLOW * 6.0 * Z.size * max(1, min(Z.shape)))
        U, sigma, Vt = U[:, :rank], sigma[:rank], Vt[:rank]
        self.outside, self.inside, self.inside_target = N, U, target
        if self.complete:
            # the rest of an orthonormal basis: null directions that are neither nuisance nor samples without weight
            absent = np.eye(design.n)[:, design.s == 0] if design.weighted else np.zeros((design.n, 0))
            known = np.hstack([N, U, absent])
            rest = np.linalg.qr(known, mode="complete")[0][:, known.shape[1] :]
            # a sample that the data's directions span has no part in these, and 1/lambda would enlarge its rounding
            rest[np.square(rest).sum(axis=1) < NOTHING**2] = 0.0
            self.U = np.asfortranarray(np.hstack([U, rest]))
            self.sample_values = np.concatenate([np.square(sigma), np.zeros(rest.shape[1])])
            self.sample_A = np.asfortranarray(self.U.T @ target)
        V = np.zeros((design.p, len(sigma)))
        V[q] = self.root[q][:, None] * Vt.T
        lead = np.zeros((design.p, self.rank_free))
        if self.rank_free:
            qr = self.free_columns
            lead[self.free] = qr.solve(qr.Q)  # type: ignore[union-attr]
            V[self.free] = -qr.solve(self.weight * design.apply(V))  # type: ignore[union-attr]
        self.values = sigma**2
        self.top = float(self.values.max(initial=0.0))
        self.basis = np.asfortranarray(np.hstack([lead, V]))
        free_part = self.free_columns.Q if self.rank_free else np.zeros((design.n, 0))  # type: ignore[union-attr]
        self.coordinates = np.asfortranarray(np.hstack([free_part, U * sigma]))
        self.A = np.asfortranarray(np.vstack([free_part.T @ (self.weight * design.Y), sigma[:, None] * (U.T @ target)]))

    # -- what all three answer -------------------------------------------------------------------------------

    def accurate(self, lam: float) -> bool:
        """Whether this form keeps its digits down to this lambda."""
        if self.form == "svd" or len(self.values) == 0:
            return True
        if self.form == "dual" and lam == 0:  # what proves least squares is not at hand there
            return False
        return self.separable and float(self.values.min()) + lam >= GRAM_FLOOR * self.top

    def filters(self, lam: Array) -> Array:
        """omega (r, c): 1/(sigma^2 + lambda), zero along directions that the data do not have."""
        sums = self.values[:, None] + lam
        return np.where(self.values[:, None] > self.floor, 1.0 / np.where(sums > 0, sums, 1.0), 0.0)

    def sample_filters(self, lam: Array) -> Array:
        """The same over the complete basis, null directions included; where lambda is 0, its limit."""
        sums = self.sample_values[:, None] + lam
        null = self.sample_values[:, None] <= self.floor
        out = 1.0 / np.where(sums > 0, sums, 1.0)
        return np.where(lam > 0, out, null if null.any() else out)

    def shrinkage(self, lam: Array) -> Array:
        """d = sigma^2 / (sigma^2 + lambda), shape (c, r), by decreasing sigma."""
        sums = self.values[:, None] + lam
        kept = (sums > 0) & ((lam > 0) | (self.values[:, None] > self.floor))
        return np.where(kept, self.values[:, None] / np.where(kept, sums, 1.0), 0.0).T[:, self._order]

    @property
    def singular_values(self) -> Array:
        """sigma, decreasing."""
        return np.sqrt(self.values[self._order])

    @property
    def _order(self) -> Array:
        return np.argsort(-self.values, kind="stable")

    def dof(self, lam: Array) -> Array:
        """Effective degrees of freedom without the intercept, shape (c,)."""
        return self.rank_free + (self.values[:, None] * self.filters(lam)).sum(axis=0)

    def full_filters(self, lam: Array) -> Array:
        """`filters` with ones for the unpenalized directions in front."""
        return np.asfortranarray(np.vstack([np.ones((self.rank_free, len(lam))), self.filters(lam)]))

    def _from_dual(self, a: Array, target: Array) -> Array:
        """Coefficients from dual variables a (n, c)."""
        W = self.design.adjoint_plain(self.weight * a) * np.square(self.root)[:, None]
        if self.free_columns is not None:
            rest = target - self.weight * self.design.apply(W)
            W[self.free] = self.free_columns.solve(rest)
        return W

    def coefficients(self, lam: Array, targets: Array) -> Array:
        """W (p, c) for columns (lambda, target)."""
        if self.form == "dual":
            a = product(self.U, self.filters(lam) * self.A[:, targets])
            return self._from_dual(a, self.weight * self.design.Y[:, targets])
        return product(self.basis, self.full_filters(lam) * self.A[:, targets])

    def solve(self, system: System, targets: Array, *, steps: int = 2) -> tuple[Array, Array, int]:
        """Coefficients of a system's columns, refined and measured on the data."""
        lam = system.lam
        omega = self.filters(lam) if self.form == "dual" else self.full_filters(lam)

        def across(vectors: Array, B: Array) -> Array:
            return product(vectors, omega * product(vectors, B, transposed=True))

        if self.form == "dual":
            state = [product(self.U, omega * self.A[:, targets])]

            def correct(W: Array, R: Array, g: Array) -> Array:
                rest = self.weight * R - lam * state[0]
                state[0] = state[0] + across(self.U, rest)
                return self._from_dual(state[0], self.weight * system.Y)

            start = self._from_dual(state[0], self.weight * system.Y)
        else:

            def correct(W: Array, R: Array, g: Array) -> Array:
                return W + across(self.basis, g)

            start = product(self.basis, omega * self.A[:, targets])

        def excess(R: Array, g: Array) -> Array:
            projected = product(self.basis, g, transposed=True)
            return 0.5 * (projected * omega * projected).sum(axis=0)

        if self.form != "dual":
            # a basis without all directions that count says nothing of the others' part in the objective
            whole = self.form == "svd" or bool((self.values > self.floor).all())
            whole = (whole and self.rank_free == len(self.free)) or not (lam > 0).all()
            return system.refine(start, correct, steps=steps, excess=excess if whole else None)
        polish = None
        if (lam > 0).all() and not len(self.free):
            polish = system.woodbury(lambda b, c: (across(self.U, b), c), self.root, self.free)
        return system.refine(start, correct, steps=steps, polish=polish)
