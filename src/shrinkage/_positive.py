"""Ridge regression with coefficients of zero or more.

Block principal pivoting finds the positive ones on the Gram matrix: all coefficients on the wrong side change
sides at once, and only the last of them while that does not help, which cannot cycle. A ridge fit of the set
alone gives the coefficients; its certificate and the gradient of the others are the proof.

References
----------
Portugal, Judice and Vicente (1994), Mathematics of Computation 63(208). Kim and Park (2011), SIAM Journal on
Scientific Computing 33(6).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.linalg

from ._design import Design
from ._result import RESIDUAL_ALARM, Certificate, Fit
from .penalties import check_factors
from .ridge import ridge

Array = np.ndarray[Any, Any]

_EPS = float(np.finfo(np.float64).eps)
#: Exchanges of all wrong coefficients that may fail to lower their number.
_PATIENCE = 3


def positive_set(A: Array, c: Array) -> tuple[Array, int]:
    """Mask of the positive coefficients of min w'Aw/2 - c'w over w >= 0, and how many systems were solved."""
    p = len(c)
    scale = np.sqrt(np.diagonal(A))
    scale = np.where(scale > 0, 1.0 / np.where(scale > 0, scale, 1.0), 0.0)
    A, c = A * np.multiply.outer(scale, scale), c * scale
    inside, w = np.zeros(p, dtype=bool), np.zeros(p)
    noise = 8.0 * _EPS * math.sqrt(p) * np.abs(c).max(initial=0.0)
    fewest, patience, used = p + 1, _PATIENCE, 0
    while used < 100 + 3 * p:
        wrong = np.where(inside, -w, c - A @ w) > noise
        count = int(wrong.sum())
        if count == 0:
            break
        if count < fewest:
            fewest, patience = count, _PATIENCE
        elif patience > 0:
            patience -= 1
        else:
            wrong[: np.flatnonzero(wrong)[-1]] = False
        inside ^= wrong
        block, right = A[np.ix_(inside, inside)], c[inside]
        w = np.zeros(p)
        try:
            w[inside] = scipy.linalg.cho_solve(scipy.linalg.cho_factor(block, check_finite=False), right)
        except np.linalg.LinAlgError:
            w[inside] = scipy.linalg.lstsq(block, right, check_finite=False)[0]
        used += 1
    return inside & (w > noise), used


def positive_ridge(
    X: Any, y: Array, alpha: float | Array, *, sample_weight: Any, penalty_factor: Any, fit_intercept: bool
) -> Fit:
    """`ridge` with w >= 0, alpha in the convention "sum", and the certificate of the constrained problem."""
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    factors = check_factors(penalty_factor, design.p)
    v = np.ones(design.p) if factors is None else factors
    lam = np.broadcast_to(np.asarray(alpha, dtype=np.float64), (design.t,))
    G = design.gram()
    G += np.tril(G, -1).T
    allowed = np.flatnonzero(np.isfinite(v))
    penalty = np.multiply.outer(lam, np.where(np.isfinite(v), v, 0.0))
    fits = []
    for k in range(design.t):
        A = G[np.ix_(allowed, allowed)] + np.diag(penalty[k, allowed])
        inside, used = positive_set(A, design.cross[allowed, k])
        while True:
            kept = np.full(design.p, np.inf)
            kept[allowed[inside]] = v[allowed[inside]]
            fit = ridge(
                X, np.reshape(y, (design.n, -1))[:, k], float(lam[k]), sample_weight=sample_weight,
                penalty_factor=kept, fit_intercept=fit_intercept, convention="sum",
            )  # fmt: skip
            if not (fit.coef < 0).any():
                break
            inside &= fit.coef[allowed] > 0
        fits.append(replace(fit, certificate=replace(fit.certificate, n_iter=used)))
    W = np.asfortranarray(np.array([fit.coef for fit in fits]).T) + 0.0  # -0.0 becomes 0.0
    # at zero only a gradient that pushes up is a violation
    up = np.where((W > 0) | ~np.isfinite(v)[:, None], 0.0, np.maximum(design.residual(W)[1], 0.0))
    found = [_widened(fits[k], up[:, k], penalty[k], design, k) for k in range(design.t)]
    one_d = design.one_d
    return replace(
        fits[0],
        coef=np.ascontiguousarray(W[:, 0] if one_d else W.T),
        intercept=fits[0].intercept if one_d else np.array([fit.intercept for fit in fits]),
        alpha=alpha,
        certificate=Certificate(
            objective=sum(c.objective for c in found),
            duality_gap=max(c.duality_gap for c in found),
            relative_gap=max(c.relative_gap for c in found),
            kkt_violation=max(c.kkt_violation for c in found),
            converged=all(c.converged for c in found),
            n_iter=max(c.n_iter for c in found),
            residual_ratio=max(c.residual_ratio for c in found),
            rcond=min(c.rcond for c in found),
        ),
        solver_reason="block principal pivoting on the Gram matrix, then the positive coefficients alone",
        effective_dof=fits[0].effective_dof if one_d else np.array([fit.effective_dof for fit in fits]),
        penalty_factor=factors,
    )


def _widened(fit: Fit, up: Array, penalty: Array, design: Design, k: int) -> Certificate:
    """Target k's certificate: of its positive coefficients, and with what the gradient of the others adds."""
    inner, total, out = fit.certificate, design.total_weight, up > 0
    if not out.any() or design.y_square[k] == 0:
        return inner
    gap = math.nan
    if (penalty[out] > 0).all():
        gap = float((np.square(up[out]) / penalty[out]).sum()) / (2.0 * total)
    norm = np.sqrt(total * np.square(design.scale) + penalty)
    size = float(norm @ fit.coef) + math.sqrt(design.y_square[k])
    ratio = max(inner.residual_ratio, float((up[out] / norm[out]).max()) / (_EPS * size))
    return replace(
        inner,
        duality_gap=inner.duality_gap + gap,
        relative_gap=inner.relative_gap + gap * 2.0 * total / float(design.y_square[k]),
        kkt_violation=max(inner.kkt_violation, float(up.max()) / total),
        converged=inner.converged and ratio <= RESIDUAL_ALARM,
        residual_ratio=ratio,
    )
