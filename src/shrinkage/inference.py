"""Standard errors, intervals and tests for ridge and least squares.

A ridge fit is linear in y: with Z = S^1/2 (X - mean) and z = S^1/2 (y - mean), w = C z for

    C = (Z'Z + lambda V)^-1 Z',      lambda = W alpha,   V = diag(v),

so Var(w) = C Var(z) C'. It is taken as C = B T' with orthonormal columns T of the sample space (from a QR factorization
of Z, or its singular values where there are more features than samples): normal equations, which would lose half of
the digits, are never formed, and neither is a p x p matrix where p is larger than n.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _interrupt
from ._design import Design
from ._result import Fit, _count, _number
from ._ridge_system import Array, PivotedQR, memory_for_dense
from ._spectrum import Spectrum
from .penalties import as_numbers, check_alpha
from .ridge import _factors, _lambdas, ridge

_COVARIANCES = {
    "classical": "equal error variance",
    "HC0": "heteroscedasticity-consistent, HC0",
    "HC1": "heteroscedasticity-consistent, HC1",
    "HC2": "heteroscedasticity-consistent, HC2",
    "HC3": "heteroscedasticity-consistent, HC3",
}
#: Rows of the printed table.
_SHOWN = 20
#: 1 - leverage that is nothing but rounding.
_DECIDED = 1e-12
#: What must be said of every interval of a penalized fit.
CAVEAT = (
    "Ridge is biased: these intervals are for the expectation of the ridge estimator, what it would be on average "
    "over new errors at these X, and not for the true coefficients"
)


@dataclass(frozen=True, repr=False, eq=False)
class Inference:
    """A ridge or least-squares fit with the sampling distribution of its coefficients.

    Shapes are those of a 1-D y; with a 2-D y there is a leading (n_targets,) axis, and numbers become arrays of
    shape (n_targets,).

    Attributes
    ----------
    fit : Fit
        The fit, with its certificate.
    covariance : str
        "classical", "HC0", "HC1", "HC2" or "HC3".
    level : float
        Of the intervals.
    standard_errors : ndarray of shape (n_features,)
        Of `fit.coef`, given X; NaN for excluded features.
    t, p_values : ndarray of shape (n_features,)
        Coefficient over standard error, and the two-sided p-value of Student's distribution with `residual_dof`
        degrees of freedom for the hypothesis that the true coefficient is 0. NaN where the fit is penalized: the
        estimate is then not centred on the true coefficient, and no such p-value exists.
    intervals : ndarray of shape (n_features, 2)
        Lower and upper end. Of the true coefficients at alpha = 0; of the expectation of the estimator where the fit
        is penalized.
    intercept_standard_error, intercept_t, intercept_p_value : float
        The same for the intercept; NaN without one.
    intercept_interval : ndarray of shape (2,)
    residual_variance : float
        sigma^2: weighted residual sum of squares over `residual_dof`, the variance of an error of weight 1.
    residual_dof : float
        n - tr(2H - HH') with H the hat matrix (intercept included) and n the number of samples of positive weight;
        at alpha = 0 that is n - p - 1, or n - p without an intercept, p the features that are not excluded.
    r2, adjusted_r2 : float
        1 - RSS / TSS, and with both divided by their degrees of freedom. TSS is about the mean, or about zero without
        an intercept. NaN where y does not vary.
    variance_inflation : ndarray of shape (n_features,)
        Variance of the coefficient over what least squares on this feature alone would have. At alpha = 0 that is
        1 / (1 - R_j^2), R_j^2 of feature j regressed on the others; NaN for excluded features.
    condition_number : float
        Largest over smallest singular value of the centred, weighted X with its columns scaled to unit length,
        excluded features left out; infinite where the columns are dependent. Not per target.
    penalized : bool or ndarray of shape (n_targets,)
        Whether the fit has a penalty, and the intervals their other meaning.
    """

    fit: Fit
    covariance: str
    level: float
    standard_errors: Array
    t: Array
    p_values: Array
    intervals: Array
    intercept_standard_error: float | Array
    intercept_t: float | Array
    intercept_p_value: float | Array
    intercept_interval: Array
    residual_variance: float | Array
    residual_dof: float | Array
    r2: float | Array
    adjusted_r2: float | Array
    variance_inflation: Array
    condition_number: float
    penalized: bool | Array

    def __repr__(self) -> str:
        one_d = self.fit.coef.ndim == 1
        targets = "" if one_d else f", {_count(len(self.fit.coef), 'target')}"
        weights = "" if self.fit.sum_weights == self.fit.n_samples else f", sum of weights {self.fit.sum_weights:.6g}"
        lines = [
            f"Inference: {_count(self.fit.n_samples, 'sample')}, {_count(self.fit.n_features, 'feature')}{targets}"
            + weights,
            f"  alpha          {_number(self.fit.alpha)} ({self.fit.convention} convention)",
            f"  residual sd    {_number(np.sqrt(self.residual_variance))} on {_number(self.residual_dof)} degrees of "
            "freedom",
            f"  R2             {_number(self.r2)}, adjusted {_number(self.adjusted_r2)}",
            f"  condition      {self.condition_number:.4g} (scaled and centred X)",
            f"  covariance     {self.covariance}: {_COVARIANCES[self.covariance]}",
            f"  certificate    {self.fit.certificate}",
        ]
        for k in range(1 if one_d else min(3, len(self.fit.coef))):
            if not one_d:
                names = self.fit.target_names
                lines.append(f"  {names[k] if names else f'y{k}'}")
            lines += ["  " + line for line in self._table(None if one_d else k)]
        if not one_d and len(self.fit.coef) > 3:
            lines.append(f"  ... {_count(len(self.fit.coef) - 3, 'more target')}")
        if np.any(self.penalized):
            lines += textwrap.wrap(f"{CAVEAT}. There are no t and p.", 96, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(lines)

    def _table(self, k: int | None) -> Iterator[str]:
        """Lines of the coefficients of target k, the largest standardized ones where there are many."""

        def pick(values: Any) -> Any:
            return values if k is None else values[k]

        coef = pick(self.fit.coef)
        p = self.fit.n_features
        order = np.arange(p)
        if p > _SHOWN:
            order = np.sort(np.argsort(-np.abs(coef) * self.fit.feature_scale, kind="stable")[:_SHOWN])
        names = self.fit.feature_names or tuple(f"x{j}" for j in range(p))
        width = max([9, *(min(24, len(names[j])) for j in order)])
        percent = f"{100 * self.level:g} %"
        tested = not pick(self.penalized)
        head = f"{'':<{width}} {'coefficient':>12} {'std error':>11}" + (f" {'t':>9} {'p':>9}" if tested else "")
        yield f"{head} {percent + ' from':>12} {'to':>12} {'VIF':>9}"

        def row(name: str, b: float, se: float, t: float, q: float, ends: Array, vif: str) -> str:
            tests = f" {t:>9.4g} {q:>9.3g}" if tested else ""
            return f"{name:<{width}.{width}} {b:>12.6g} {se:>11.5g}{tests} {ends[0]:>12.6g} {ends[1]:>12.6g} {vif:>9}"

        if self.fit.fit_intercept:
            yield row(
                "intercept", float(pick(np.asarray(self.fit.intercept))), pick(self.intercept_standard_error),
                pick(self.intercept_t), pick(self.intercept_p_value), pick(self.intercept_interval), "",
            )  # fmt: skip
        inflation = pick(self.variance_inflation)
        for j in order:
            yield row(
                names[j], coef[j], pick(self.standard_errors)[j], pick(self.t)[j], pick(self.p_values)[j],
                pick(self.intervals)[j], f"{inflation[j]:.4g}",
            )  # fmt: skip
        if p > _SHOWN:
            yield f"... {_count(p - _SHOWN, 'smaller coefficient')}"


def ridge_inference(
    X: Any,
    y: Any,
    alpha: Any = 0.0,
    *,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    covariance: str = "classical",
    level: float = 0.95,
) -> Inference:
    """Standard errors, intervals, t and p of least squares (alpha = 0), and what of these ridge has.

    Fits as `ridge` does, which minimizes ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j w_j^2 / 2`` with
    ``W = sum_i s_i``, and takes the sampling covariance of the coefficients for fixed X and independent errors. With
    Z and z the centred and weighted data and lambda = W alpha, the coefficients are w = C z with
    C = (Z'Z + lambda V)^-1 Z'. "classical" is sigma^2 C C' = sigma^2 A^-1 Z'Z A^-1, A = Z'Z + lambda V (Hoerl and
    Kennard 1970, eq. 4.2), which is the textbook's sigma^2 (Z'Z)^-1 at alpha = 0. The others are sandwiches
    C diag(omega) C' that allow every error a variance of its own, with e the residuals and h the leverages (those of
    the ridge fit): omega_i = s_i e_i^2 (HC0), times n / residual_dof (HC1), over 1 - h_i (HC2), over (1 - h_i)^2 (HC3).

    **Where alpha > 0, read the intervals as what they are.** Ridge is biased, by an amount that depends on the unknown
    true coefficients: the intervals are for the expectation of the estimator, not for the true coefficients, which
    they miss more often than `level` says. For the same reason t and p, tests of a true coefficient, are NaN. An alpha
    that was chosen on the same data adds variance that is not in here.

    Parameters
    ----------
    X : array, sparse matrix or frame of shape (n_samples, n_features)
        Copied densely for the factorization.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    alpha : float or array-like of shape (n_targets,), default 0.0
        Strength of the penalty in the units of `convention`; 0 is least squares.
    sample_weight : float or array-like of shape (n_samples,), optional
        s. Weights are precisions: the error of sample i has the variance sigma^2 / s_i. They are not counts: a
        row of weight 2 is one observation, two equal rows are two, and the standard errors differ. Samples of weight
        zero are not counted.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature unpenalized, inf excludes it.
    fit_intercept : bool, default True
    standardize : bool, default False
        As in `ridge`. Standard errors are on the original scale, the scaling taken as fixed.
    convention : str, default "canonical"
        The objective that `alpha` belongs to, one of `shrinkage.conventions.CONVENTIONS`.
    covariance : {"classical", "HC0", "HC1", "HC2", "HC3"}, default "classical"
    level : float, default 0.95
        Of the intervals, between 0 and 1: Student's distribution with `residual_dof` degrees of freedom.

    Returns
    -------
    Inference

    Raises
    ------
    TypeError
        As `ridge`, and where `level` is not a number.
    ValueError
        As `ridge`, and where `covariance` or `level` is none of these; where columns that are not penalized are
        linearly dependent, so that their coefficients are not determined (the message names one); where no residual
        degree of freedom is left; where HC2 or HC3 meets a sample that alone decides its fit; where a dense copy of X
        does not fit in memory.

    Warns
    -----
    ConvergenceWarning
        The certificate of the fit does not hold.

    References
    ----------
    Hoerl and Kennard (1970), Technometrics 12(1), eq. 4.2. Marquardt (1970), Technometrics 12(3), variance inflation.
    Cule, Vineis and De Iorio (2011), BMC Bioinformatics 12:372, residual degrees of freedom. White (1980),
    Econometrica 48(4); MacKinnon and White (1985), Journal of Econometrics 29(3). Belsley, Kuh and Welsch (1980),
    Regression Diagnostics, scaled condition number.

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import ridge_inference
    >>> found = ridge_inference(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 3.0, 4.0, 8.0]))
    >>> found.standard_errors.round(4), found.p_values.round(4)
    (array([0.4243]), array([0.0352]))
    """
    if not isinstance(covariance, str) or covariance not in _COVARIANCES:
        raise ValueError(f"covariance must be one of {', '.join(map(repr, _COVARIANCES))}, got {covariance!r}")
    share = as_numbers(level, "level must be a number between 0 and 1")
    if share.ndim or not 0.0 < share < 1.0:
        raise ValueError(f"level must be between 0 and 1, such as 0.95, got {level!r}")
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    alpha = check_alpha(alpha, n_targets=design.t)
    lam = np.broadcast_to(_lambdas(alpha, convention, design), design.t)
    factors = _factors(penalty_factor, standardize, design.scale)
    influences = _influences(design, lam, factors)
    fit = ridge(
        X, y, alpha, sample_weight=sample_weight, penalty_factor=penalty_factor, fit_intercept=fit_intercept,
        standardize=standardize, convention=convention,
    )  # fmt: skip
    W = np.asfortranarray(fit.coef.reshape(design.t, design.p).T)
    R = design.residual(W)[0]
    rss = design.square_sum(R)
    p, t, n = design.p, design.t, int((design.s > 0).sum())
    dof, variances, inflation = np.empty(t), np.empty((t, p + 1)), np.empty((t, p))
    length = design.total_weight * np.square(design.scale)  # Z_j'Z_j
    for k in range(t):
        influence = influences[float(lam[k])]
        dof[k] = influence.residual_dof
        sigma2 = rss[k] / dof[k]
        if covariance == "classical":
            variances[k] = sigma2 * influence.variances()
        else:
            omega = design.s[: design.n] * np.square(R[:, k])
            if covariance == "HC1":
                omega *= n / dof[k]
            elif covariance != "HC0":
                omega /= influence.slack(covariance) ** (1 if covariance == "HC2" else 2)
            variances[k] = influence.variances(omega)
        inflation[k] = influence.variances()[:p] * length
    sigma2, tss = rss / dof, design.y_square
    free = np.zeros(p, bool) if factors is None else factors == 0
    excluded = np.zeros(p, bool) if factors is None else np.isinf(factors)
    penalized = (lam > 0) & bool((~free & ~excluded).any())
    errors = np.sqrt(variances)
    errors[:, :p][:, excluded] = np.nan
    if not design.fit_intercept:
        errors[:, p] = np.nan
    inflation[:, excluded] = np.nan
    center = np.column_stack([W.T, np.broadcast_to(fit.intercept, t)])
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = np.where(penalized[:, None], np.nan, center / errors)
        p_values = _two_sided(t_values, dof[:, None])
        r2 = np.where(tss > 0, 1.0 - rss / tss, np.nan)
        adjusted = np.where(tss > 0, 1.0 - (rss / dof) / (tss / (n - design.fit_intercept)), np.nan)
    reach = _quantile(float(share), dof)[:, None] * errors
    intervals = np.stack([center - reach, center + reach], axis=2)
    one_d = design.one_d

    def shaped(values: Array) -> Any:
        if not one_d:
            return values
        return values[0] if np.ndim(values[0]) else values[0].item()

    return Inference(
        fit=fit,
        covariance=covariance,
        level=float(share),
        standard_errors=shaped(errors[:, :p]),
        t=shaped(t_values[:, :p]),
        p_values=shaped(p_values[:, :p]),
        intervals=shaped(intervals[:, :p]),
        intercept_standard_error=shaped(errors[:, p]),
        intercept_t=shaped(t_values[:, p]),
        intercept_p_value=shaped(p_values[:, p]),
        intercept_interval=shaped(intervals[:, p]),
        residual_variance=shaped(sigma2),
        residual_dof=shaped(dof),
        r2=shaped(r2),
        adjusted_r2=shaped(adjusted),
        variance_inflation=shaped(inflation),
        condition_number=next(iter(influences.values())).condition,
        penalized=shaped(penalized),
    )


class _Influence:
    """How coefficients and intercept depend on the samples at one lambda: w = B T'z and H = (intercept) + T G G' T'.

    T (n, r) has orthonormal columns, B is (p, r) and G (r, k).
    """

    def __init__(self, design: Design, T: Array, B: Array, G: Array, condition: float, exact_dof: int | None) -> None:
        self.design, self.T, self.G, self.condition = design, T, G, condition
        # the intercept is mean(y) - mean.w, and mean(y) = u'z / sqrt(W) with u orthogonal to T
        self.B = np.vstack([B, -(design.mean @ B)])
        self.lead = 1.0 / design.total_weight if design.fit_intercept else 0.0
        n = int((design.s > 0).sum())
        if exact_dof is None:
            hat = G.T @ G  # as the trace of HH' has it
            self.residual_dof = n - design.fit_intercept - 2.0 * float(np.trace(hat)) + float(np.square(hat).sum())
        else:
            self.residual_dof = float(n - design.fit_intercept - exact_dof)
        if self.residual_dof < 1e-9 * n:
            raise ValueError(
                f"{_count(n, 'sample')} of positive weight leave no residual degree of freedom beside "
                f"{_count(G.shape[0], 'coefficient')}{' and the intercept' * design.fit_intercept}: the error variance "
                "cannot be estimated; use fewer features, more samples or alpha > 0"
            )

    def variances(self, omega: Array | None = None) -> Array:
        """Diagonal of C diag(omega) C' and, last, the same of the intercept; omega all ones where left out."""
        if omega is None:
            out = np.einsum("jr,jr->j", self.B, self.B)
            out[-1] += self.lead
            return out
        # norms of rows of B (omega^1/2 T)', by a triangle that has the same: sums of squares do not cancel
        root = np.sqrt(omega)[:, None]
        scaled = root * self.T
        if self.design.fit_intercept:
            scaled = np.hstack(
                [scaled, root * np.sqrt(self.design.s[: self.design.n, None]) / self.design.total_weight]
            )
        R = _triangle(scaled)
        out = np.empty(len(self.B))
        r = self.T.shape[1]
        out[:-1] = np.square(self.B[:-1] @ R[:, :r].T).sum(axis=1)
        last = R[:, :r] @ self.B[-1]
        out[-1] = np.square(last + R[:, r] if self.design.fit_intercept else last).sum()
        return out

    def slack(self, covariance: str) -> Array:
        """1 - leverage, shape (n,), of the samples of positive weight (1 for the others)."""
        design = self.design
        s = design.s[: design.n]
        slack = 1.0 - s * self.lead - np.square(self.T @ self.G).sum(axis=1)
        slack[s == 0] = 1.0
        if slack.min() < _DECIDED:
            raise ValueError(
                f"covariance={covariance!r} divides by 1 - leverage, which is 0 for row {int(slack.argmin())}: that "
                "sample alone decides its fit; use 'HC0' or 'HC1', drop the feature that only it has, or use alpha > 0"
            )
        return slack


def _influences(design: Design, lam: Array, factors: Array | None) -> dict[float, _Influence]:
    """An `_Influence` for every lambda, from one factorization."""
    v = np.ones(design.p) if factors is None else factors
    # a constant column is zero once it is centred, whatever rounding leaves of it
    active = np.flatnonzero(np.isfinite(v))
    if not memory_for_dense(design):
        raise ValueError(
            f"standard errors take a dense copy of X and its factors, and for {design.n} x {design.p} these do not fit "
            "in memory: use fewer features or rows"
        )
    if len(active) > design.n:
        return _by_singular_values(design, lam, factors, active)
    return _by_qr(design, lam, v, active)


def _by_qr(design: Design, lam: Array, v: Array, active: Array) -> dict[float, _Influence]:
    Z = design.dense()[:, active]
    Z[:, design.scale[active] == 0] = 0.0
    r = len(active)
    if r:
        qr = PivotedQR(Z)
        T, order, rank = qr.Q, qr.order, qr.rank
        R = np.zeros((rank, r))
        R[:, order] = qr.R / qr.scale[order]
        condition = np.inf
        if rank == r:
            # NumPy's releases the GIL, SciPy's does not
            sigma = _interrupt.run(np.linalg.svd, qr.R, compute_uv=False, work=16.0 * r**3)
            condition = float(sigma[0] / sigma[-1])
    else:
        T, order, rank, R, condition = np.zeros((design.n, 0)), active, 0, np.zeros((0, 0)), 1.0
    out = {}
    for value in np.unique(lam):
        penalty = value * v[active]
        B = np.zeros((design.p, rank))
        if not penalty.any():
            if rank < r:
                _refuse_dependent(design, active, order[rank:], rank)
            if r:
                B[active] = qr.solve(qr.Q)
            out[float(value)] = _Influence(design, T, B, np.eye(r), condition, r)
            continue
        # least squares of [R; (lambda v)^1/2] in the coordinates of T
        below = PivotedQR(np.vstack([R, np.diag(np.sqrt(penalty))]))
        if below.rank < r:
            _refuse_dependent(design, active, below.order[below.rank :], below.rank)
        B[active] = below.solve(np.vstack([np.eye(rank), np.zeros((r, rank))]))
        out[float(value)] = _Influence(design, T, B, below.Q[:rank], condition, None)
    return out


def _by_singular_values(
    design: Design, lam: Array, factors: Array | None, active: Array
) -> dict[float, _Influence]:  # fmt: skip
    spectrum = Spectrum(design, factors, form="svd", complete=False)
    dependent = spectrum.rank_free < len(spectrum.free)
    if dependent or not lam.all():
        rank = spectrum.rank_free if lam.all() else spectrum.rank
        _refuse_dependent(design, spectrum.free if lam.all() else active, None, rank)
    sigma = np.concatenate([np.ones(spectrum.rank_free), np.sqrt(spectrum.values)])
    T = spectrum.coordinates / sigma
    out = {}
    for value in np.unique(lam):
        omega = np.concatenate([np.ones(spectrum.rank_free), spectrum.filters(np.array([value]))[:, 0]])
        B = spectrum.basis * (omega * sigma)
        out[float(value)] = _Influence(design, T, B, np.diag(np.sqrt(omega) * sigma), np.inf, None)
    return out


def _refuse_dependent(design: Design, active: Array, extra: Array | None, rank: int) -> None:
    """Say that the columns `extra` of `active`, or some that cannot be told, follow from the others."""
    which = "more columns than the samples can tell apart"
    if extra is not None and len(extra):
        j = int(active[extra.min()])
        name = repr(design.feature_names[j]) if design.feature_names else str(j)
        which = f"column {name} is {'constant or ' * design.fit_intercept}a combination of others"
    raise ValueError(
        f"X has rank {rank} for {_count(len(active), 'coefficient')} that no penalty holds: {which}. Such coefficients "
        "are not determined and have no standard errors; drop dependent columns, or use alpha > 0"
    )


def _triangle(A: Array) -> Array:
    """R of A = QR."""
    work = 4.0 * A.shape[0] * A.shape[1] ** 2
    return _interrupt.run(np.linalg.qr, A, mode="r", work=work)


def _two_sided(t: Array, dof: Array) -> Array:
    """P(|Student| > |t|), to full relative precision however small."""
    from scipy.special import betainc

    with np.errstate(over="ignore"):
        return betainc(0.5 * dof, 0.5, dof / (dof + t * t))


def _quantile(level: float, dof: Array) -> Array:
    """q with P(|Student| < q) = level."""
    from scipy.special import betaincinv

    # x = t^2 / (dof + t^2) and its complement, each from the side where it keeps its digits
    x, rest = betaincinv(0.5, 0.5 * dof, level), betaincinv(0.5 * dof, 0.5, 1.0 - level)
    with np.errstate(divide="ignore"):
        return np.sqrt(dof * np.where(x < 0.5, x / (1.0 - x), (1.0 - rest) / rest))
