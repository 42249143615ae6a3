"""Ridge as Bayesian inference: the Gaussian posterior of the coefficients, and alpha and noise by their evidence.

The model is

    y_i ~ N(b + x_i.w, noise / s_i),   w_j ~ N(0, 1 / (prior_precision v_j)),

with a flat prior on b and on the features with v_j = 0. The posterior mean is the ridge solution at
lambda = W alpha = noise * prior_precision. In the coordinates of a `Spectrum` the evidence is a sum over directions,
so that one factorization serves every alpha and every noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from . import conventions
from ._design import DenseStorage, Design, SparseStorage, affordable, as_matrix, check_flag
from ._evidence import Evidence, Steps
from ._result import Fit
from ._ridge_system import EPS, Array, Solved, System, memory_for_dense, solve
from ._spectrum import GRAM_FLOOR, Spectrum
from .penalties import as_numbers, check_alpha
from .ridge import (
    _SQUARED,
    _as_fit,
    _canonical,
    _certify,
    _check_positive,
    _factors,
    _lambdas,
    _solve_spectral,
    _solved,
    _spectrum,
    _trivial,
    _warn,
    _worth_svd,
)

#: Entries of what is computed for many lambdas, or many rows, at once.
_BLOCK = 1 << 22


class Spread:
    """(Z'Z + lambda V)^-1, the posterior covariance over the noise, in factors.

    From a complete basis B of the coefficients it is B diag(g) B'. Without one, along its directions H it is less
    than that of the prior,

        L L' + (R R' - H diag(h) H') / lambda,   R R' = V^-1 and its part in the features without a penalty, L L'.
    """

    def __init__(self, spectrum: Spectrum, lam: float) -> None:
        design, values = spectrum.design, spectrum.values
        self.p, self.lam = design.p, lam
        self.free, self.kept = spectrum.free, spectrum.kept
        self.basis: Array | None = None
        self.prior = np.square(spectrum.root)
        if spectrum.form != "dual" and len(values) == len(self.kept):
            self._set_basis(spectrum.basis, values)
            return
        self.lead = np.zeros((len(self.free), 0))
        self.along = np.zeros((len(self.free), design.p))
        qr = spectrum.free_columns
        if qr is not None:
            self.lead = qr.solve(qr.Q)
            self.along = -self.lead @ design.adjoint_plain(spectrum.weight * qr.Q).T
            self.along[:, self.prior == 0] = 0.0
        if spectrum.form == "dual":
            live = values > spectrum.floor
            if not affordable(16.0 * design.p * int(live.sum())):
                raise ValueError(
                    f"the posterior covariance of {design.p:,} features needs {int(live.sum()):,} directions of "
                    "them, which do not fit in memory: pass uncertainty=False"
                )
            U = spectrum.weight * spectrum.U[:, live] / np.sqrt(values[live])
            H, values = design.adjoint_plain(U) * self.prior[:, None], values[live]
            H[self.free] = self.along @ H
        else:
            H = spectrum.basis[:, spectrum.rank_free :]
        if spectrum.form == "dual" or len(self.kept) > design.n:
            self.H, self.h = H, values / (values + lam)
            return
        # few enough features for the directions that the data lack: sums then, and no differences
        root = spectrum.root[self.kept, None]
        rest = np.linalg.qr(H[self.kept] / root, mode="complete")[0][:, len(values) :]
        lacking = np.zeros((design.p, rest.shape[1]))
        lacking[self.kept] = root * rest
        lacking[self.free] = self.along @ lacking
        self._set_basis(np.hstack([spectrum.basis, lacking]), np.append(values, np.zeros(rest.shape[1])))

    def _set_basis(self, basis: Array, values: Array) -> None:
        flat = basis.shape[1] - len(values)
        self.basis, self.g = basis, np.append(np.ones(flat), 1.0 / (values + self.lam))

    def variance(self, rows: Array) -> Array:
        """x' (Z'Z + lambda V)^-1 x for every row x."""
        if self.basis is not None:
            return np.square(rows @ self.basis) @ self.g
        mine = rows[:, self.free]
        reach = rows @ self.H
        prior = np.square(rows + mine @ self.along) @ self.prior
        return np.square(mine @ self.lead).sum(axis=1) + np.maximum(prior - np.square(reach) @ self.h, 0.0) / self.lam

    def diagonal(self) -> Array:
        """Without the p x p matrix."""
        if self.basis is not None:
            return np.square(self.basis) @ self.g
        prior = self.prior.copy()
        prior[self.free] = np.square(self.along) @ self.prior
        out = np.maximum(prior - np.einsum("jk,jk,k->j", self.H, self.H, self.h), 0.0) / self.lam
        out[self.free] += np.square(self.lead).sum(axis=1)
        return out

    def matrix(self) -> Array:
        if not affordable(24.0 * self.p * self.p):
            raise ValueError(
                f"the {self.p:,} x {self.p:,} posterior covariance does not fit in memory: use coef_std for its "
                "diagonal, or predict(X, return_std=True)"
            )
        if self.basis is not None:
            return (self.basis * self.g) @ self.basis.T
        out = -(self.H * self.h) @ self.H.T
        out[np.diag_indices(self.p)] += self.prior
        cross = self.along * self.prior
        out[self.free] += cross
        out[:, self.free] += cross.T
        out[np.ix_(self.free, self.free)] += cross @ self.along.T
        out /= self.lam
        out[np.ix_(self.free, self.free)] += self.lead @ self.lead.T
        return out


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class BayesFit(Fit):
    """A `Fit` that is the mean of a Gaussian posterior, given alpha and the noise.

    Attributes
    ----------
    noise : float
        Variance of y about its mean at weight 1.
    prior_precision : float
        1 / variance of a coefficient under the prior where v_j = 1: lambda / noise, lambda = W alpha.
    log_evidence : float
        Log density of the data given alpha and noise, in the units of y, all constants included; see `ridge_bayes`.
    gamma : float
        Effective number of penalized parameters, sum of sigma^2 / (sigma^2 + lambda); `effective_dof` counts
        those without a penalty as well.
    chosen : tuple of str
        Which of "alpha" and "noise" maximize the evidence.
    at_edge : {"zero", "infinity"} or None
        Where the evidence has no maximum in alpha, the limit in which it is largest. "zero": the model wants to
        interpolate. "infinity": it wants no feature at all.
    coef_std : ndarray of shape (n_features,)
        Posterior standard deviations of the coefficients; 0 for excluded features.
    intercept_std : float
        That of the intercept; 0.0 without one.
    """

    noise: float
    prior_precision: float
    log_evidence: float
    gamma: float
    chosen: tuple[str, ...]
    at_edge: str | None
    _spread: Spread | None

    def _uncertainty(self) -> Spread:
        if self._spread is None:
            raise ValueError("the model was fitted with uncertainty=False: fit it with uncertainty=True")
        return self._spread

    @property
    def coef_std(self) -> Array:
        return math.sqrt(self.noise) * np.sqrt(self._uncertainty().diagonal())

    @property
    def intercept_std(self) -> float:
        if not self.fit_intercept:
            return 0.0
        own = self._uncertainty().variance(self.feature_mean[None])[0]
        return math.sqrt(self.noise * (1.0 / self.sum_weights + own))

    def covariance(self) -> Array:
        """Posterior covariance of the coefficients; zero for excluded features.

        Returns
        -------
        ndarray of shape (n_features, n_features)

        Raises
        ------
        ValueError
            It does not fit in memory, or the model was fitted with ``uncertainty=False``.
        """
        return self.noise * self._uncertainty().matrix()

    def predict(self, X: Any, *, return_std: bool = False) -> Any:
        """Predictions for X, and their standard deviations.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)
            Frames must have the columns of the training data in the same order.
        return_std : bool, default False
            Return the standard deviation of a new y at each row, of weight 1: of its noise, of the intercept and of
            the coefficients together, alpha and noise being taken as known.

        Returns
        -------
        mean : ndarray of shape (n,)
        std : ndarray of shape (n,)
            With `return_std`.

        Raises
        ------
        ValueError
            The number of features or their names differ from the training data, or the model was fitted with
            ``uncertainty=False``.
        """
        mean = super().predict(X)
        if not check_flag(return_std, "return_std"):
            return mean
        own = self.explained_variance(X) + self.fit_intercept * self.noise / self.sum_weights
        return mean, np.sqrt(self.noise + own)

    def explained_variance(self, X: Any) -> Array:
        """Posterior variance of (x - feature_mean).w for every row x of X.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        ValueError
            The model was fitted with ``uncertainty=False``.
        """
        spread = self._uncertainty()
        matrix, _ = as_matrix(X)
        storage = matrix if isinstance(matrix, SparseStorage) else DenseStorage(matrix)
        out = np.empty(storage.n)
        step = max(1, _BLOCK // max(1, self.n_features))
        for i in range(0, storage.n, step):
            stop = min(storage.n, i + step)
            out[i:stop] = spread.variance(storage.rows(i, stop).wide() - self.feature_mean)
        return self.noise * out

    def __repr__(self) -> str:
        head, *lines = super().__repr__().splitlines()
        at = next(k for k, line in enumerate(lines) if line.startswith("  dof"))
        how = f"by evidence: {' and '.join(self.chosen)}" if self.chosen else "alpha and noise as given"
        limit = "" if self.at_edge is None else f"; largest for alpha to {self.at_edge}, not at an alpha of its own"
        lines[at:at] = [
            f"  noise          {self.noise:.6g} (standard deviation {math.sqrt(self.noise):.4g})",
            f"  prior          precision {self.prior_precision:.6g}",
            f"  log evidence   {self.log_evidence:.6f} ({how}{limit})",
        ]
        return "\n".join([f"Bayes{head}", *lines])

    def _largest(self, count: int) -> Iterator[tuple[str, str]]:
        if self._spread is None:
            yield from super()._largest(count)
            return
        names = self.feature_names or tuple(f"x{j}" for j in range(self.n_features))
        deviation = dict(zip(names, self.coef_std, strict=True))
        for name, text in super()._largest(count):
            yield name, f"{text} +- {deviation[name]:.3g}" if name in deviation else text


def ridge_bayes(
    X: Any,
    y: Any,
    alpha: float | None = None,
    noise: float | None = None,
    *,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    convention: str = "canonical",
    noise_prior: tuple[float, float] = (0.0, 0.0),
    weight_prior: tuple[float, float] = (0.0, 0.0),
    uncertainty: bool = True,
) -> BayesFit:
    """Bayesian ridge regression: a Gaussian posterior, and alpha and noise by maximum evidence.

    The model is ``y_i ~ N(b + x_i.w, noise / s_i)`` and ``w_j ~ N(0, 1 / (prior_precision v_j))``, with a flat
    prior on b and on features with v_j = 0. The posterior of (b, w) given alpha and noise is Gaussian about the
    minimizer of ``(1/W) sum_i s_i (y_i - b - x_i.w)^2 / 2 + alpha sum_j v_j w_j^2 / 2``, what `ridge` returns, for
    ``W alpha = noise * prior_precision``, ``W = sum_i s_i``.

    Parameters
    ----------
    X : array, sparse matrix or frame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        One target.
    alpha : float, optional
        Strength of the penalty in the units of `convention`. By default the one of greatest evidence. 0 is a flat
        prior on every coefficient.
    noise : float, optional
        Variance of y_i about its mean at weight 1. By default the one of greatest evidence.
    sample_weight : float or array-like of shape (n_samples,), optional
        s, precisions relative to each other; zeros allowed. A weight of 2 is a measurement of half the variance, not
        two measurements, which would say more about the noise.
    penalty_factor : array-like of shape (n_features,), optional
        v; 0 leaves a feature without a prior, inf excludes it.
    fit_intercept : bool, default True
        Fit b.
    standardize : bool, default False
        The prior is one on the coefficients of the standardized features; constant features are excluded.
    convention : str, default "canonical"
        The objective that `alpha` belongs to, one of `shrinkage.conventions.CONVENTIONS`.
    noise_prior, weight_prior : (float, float), default (0.0, 0.0)
        Shape and rate of Gamma priors on 1 / noise and on the prior precision, for what is not given: they add
        ``shape log(u) - rate u`` to what is maximized, the log density of log(u). Zeros are no prior.
    uncertainty : bool, default True
        Keep what standard deviations and covariances are computed from. It takes as much memory as a dense X with
        more features than samples, else 8 n_features^2 bytes.

    Returns
    -------
    BayesFit
        A `Fit` with `noise`, `prior_precision`, `log_evidence`, `gamma`, `coef_std`, `covariance()` and
        ``predict(X, return_std=True)``.

    Raises
    ------
    TypeError
        An argument has the wrong type.
    ValueError
        As `ridge`; and where y has several targets, noise is not positive, unpenalized features (all, with alpha = 0)
        are linearly dependent so that there is no posterior, noise is to be estimated from data that leave no
        residual for it, or something does not fit in memory.

    Warns
    -----
    ConvergenceWarning
        The certificate does not hold.

    Notes
    -----
    What has a flat prior is integrated out: the f directions of S^1/2 y that the intercept and the unpenalized
    features can fit, in an orthonormal basis at weights of mean 1. The evidence is that of restricted maximum
    likelihood. With n the samples of positive weight, m = n - f, and E the minimum of
    sum_i s_i (y_i - b - x_i.w)^2 + lambda sum_j v_j w_j^2 at lambda = W alpha,

        log_evidence = -(m log(2 pi noise) + E / noise + sum_k log(1 + sigma_k^2 / lambda)) / 2
                       + (sum_i log s_i - f log(W / n)) / 2,

    sums of weights being over positive ones. At the best noise, E / m, it is a function of lambda alone: it is
    searched over 42 decades on a grid, and every maximum found then to rounding. With fewer samples than features it
    may have none: `BayesFit.at_edge`.

    The variance of a coefficient comes as a difference from its prior variance where there are no more samples
    than features, and is exact to rounding of that.

    References
    ----------
    MacKay (1992), Neural Computation 4(3). Bishop (2006), Pattern Recognition and Machine Learning, section 3.5.
    Harville (1974), Biometrika 61(2) (restricted likelihood). Tipping (2001), JMLR 1, appendix A (hyperpriors).

    Examples
    --------
    >>> import numpy as np
    >>> from shrinkage import ridge_bayes
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> fit = ridge_bayes(X, np.array([1.0, 3.0, 5.0, 7.0]), alpha=1.25, noise=5.0)
    >>> fit.coef, fit.coef_std, fit.prior_precision
    (array([1.]), array([0.70710678]), 1.0)
    """
    if noise is not None:
        _check_positive(noise, "noise", zero=False)
        noise = float(noise)
    priors = _check_prior(noise_prior, "noise_prior"), _check_prior(weight_prior, "weight_prior")
    uncertainty = check_flag(uncertainty, "uncertainty")
    design = _one_target(X, y, sample_weight, fit_intercept)
    factors = _factors(penalty_factor, standardize, design.scale)
    chosen = tuple(name for name, value in (("alpha", alpha), ("noise", noise)) if value is None)
    edge: str | None = None
    if alpha is None:
        _canonical(1.0, convention, design)  # refuses an unknown convention before any work
        spectrum, reason = _spectrum(design, factors, math.inf)
        while True:
            _check_proper(spectrum)
            evidence = Evidence(spectrum, noise_prior=priors[0], weight_prior=priors[1])
            lam, edge = evidence.maximize(noise)
            if _precise(spectrum, lam) or not _worth_svd(spectrum):
                break
            spectrum, reason = Spectrum(design, factors, form="svd"), _SQUARED
        alpha = _alpha(lam, convention, design)
    else:
        alpha = float(np.ravel(check_alpha(alpha))[0])
        lam = float(_lambdas(alpha, convention, design)[0])
        flat = factors
        if lam == 0.0:  # a flat prior on everything
            flat = np.where(np.isinf(np.zeros(design.p) if factors is None else factors), np.inf, 0.0)
        if lam == 0.0 and memory_for_dense(design):
            spectrum, reason = Spectrum(design, flat, form="svd"), _SQUARED
        else:
            spectrum, reason = _spectrum(design, flat, lam)
            if not _spread_survives(spectrum, lam) and _worth_svd(spectrum):
                spectrum, reason = Spectrum(design, flat, form="svd"), _SQUARED
        _check_proper(spectrum)
        evidence = Evidence(spectrum, noise_prior=priors[0], weight_prior=priors[1])
    if noise is None:
        noise = evidence.best_noise(lam)
    return _posterior(evidence, factors, reason, lam, noise, alpha, convention, chosen, edge, uncertainty)


def fixed_point(
    X: Any, y: Any, *, sample_weight: Any, fit_intercept: bool, max_iter: int, tol: float,
    noise_prior: tuple[float, float], weight_prior: tuple[float, float], noise_precision: float | None,
    prior_precision: float | None, keep_scores: bool,
) -> tuple[BayesFit, Steps]:  # fmt: skip
    """Bayesian ridge by MacKay's re-estimation, with the conventions of scikit-learn's `BayesianRidge`.

    As `ridge_bayes` but for what counts as an observation: the sum of the weights, with no allowance for the
    intercept, which is taken as known. The iteration starts from the precisions given, or from 1 / the variance of y
    and 1, and goes on from there to what need not be the maximum.
    """
    design = _one_target(X, y, sample_weight, fit_intercept)
    if noise_precision is None:
        variance = float(design.y_square[0]) / design.total_weight
        if not fit_intercept:
            variance -= (float(design.s[: design.n] @ design.Y[:, 0]) / design.total_weight) ** 2
        noise_precision = 1.0 / (variance + EPS)
    start = float(noise_precision), 1.0 if prior_precision is None else float(prior_precision)
    spectrum, reason = _spectrum(design, None, math.inf)
    while True:
        evidence = Evidence(spectrum, count=design.total_weight, noise_prior=noise_prior, weight_prior=weight_prior)
        steps = evidence.fixed_point(*start, max_iter=max_iter, tol=tol, keep_scores=keep_scores)
        lam = steps.prior_precision / steps.noise_precision
        if _precise(spectrum, lam) or not _worth_svd(spectrum):
            break
        spectrum, reason = Spectrum(design, None, form="svd"), _SQUARED
    noise = 1.0 / steps.noise_precision
    return _posterior(evidence, None, reason, lam, noise, lam, "sum", ("alpha", "noise"), None, True), steps


def _one_target(X: Any, y: Any, sample_weight: Any, fit_intercept: bool) -> Design:
    design = Design(X, y, sample_weight, fit_intercept=fit_intercept)
    if not design.one_d:
        raise ValueError(
            f"y must have shape (n_samples,), got {design.Y.shape}: a posterior belongs to one target, fit each column "
            "on its own"
        )
    return design


def _precise(spectrum: Spectrum, lam: float) -> bool:
    """Whether the evidence and the covariance keep their digits in this form.

    Where no direction is weak lambda may be as small as it likes for the first; not over samples for the second.
    """
    values = spectrum.values
    strong = spectrum.accurate(lam) or bool(values.min() >= GRAM_FLOOR * values.max())
    return strong and _spread_survives(spectrum, lam)


def _spread_survives(spectrum: Spectrum, lam: float) -> bool:
    """Over samples the posterior's covariance is the prior's, 1 / lambda, less what the data say: a difference."""
    return spectrum.form != "dual" or lam >= GRAM_FLOOR * spectrum.top


def _check_prior(prior: Any, name: str) -> tuple[float, float]:
    values = as_numbers(prior, f"{name} must be two numbers, the shape and the rate of a Gamma density")
    if values.shape != (2,):
        raise ValueError(f"{name} must be two numbers, the shape and the rate of a Gamma density, got {prior!r}")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(f"{name} must be finite and zero or more, got {prior!r}: (0, 0) is no prior")
    return float(values[0]), float(values[1])


def _check_proper(spectrum: Spectrum) -> None:
    if spectrum.rank_free < len(spectrum.free):
        raise ValueError(
            f"the {len(spectrum.free)} features without a penalty have rank {spectrum.rank_free} in the data: with a "
            "flat prior their posterior does not exist; give them a positive penalty_factor, use alpha > 0, or drop "
            "dependent and constant ones"
        )


def _alpha(lam: float, convention: str, design: Design) -> float:
    total = design.total_weight
    return float(conventions.from_ridge_alpha(lam / total, convention, sum_weights=total))


def _posterior(
    evidence: Evidence, factors: Array | None, reason: str, lam: float, noise: float, alpha: float, convention: str,
    chosen: tuple[str, ...], edge: str | None, uncertainty: bool,
) -> BayesFit:  # fmt: skip
    spectrum, design = evidence.spectrum, evidence.design
    system = System(design, np.array([lam]), factors)
    solved = _trivial(system)
    if solved is None and lam > 0:
        name = "svd" if spectrum.form == "svd" else "eigen"
        solved = _solved(spectrum, system, np.zeros(1, np.intp), name, reason)
    if solved is None or not _certify(system, solved).converged:
        # least squares; and columns of very different sizes, to which Cholesky is indifferent
        outcome = solve(system, "auto", tol=0.0, max_iter=None)
        if isinstance(outcome, Solved):
            solved = outcome
        elif solved is None:
            solved = _solve_spectral(system, outcome)
    found = _certify(system, solved)
    _warn(system, solved, found, 0.0)
    fit = _as_fit(design, solved.W, system, alpha, convention, factors, found, solved)
    return BayesFit(
        **{field.name: getattr(fit, field.name) for field in fields(Fit)},
        noise=noise,
        prior_precision=lam / noise,
        log_evidence=evidence.likelihood(lam, noise),
        gamma=evidence.gamma(lam),
        chosen=chosen,
        at_edge=edge,
        _spread=Spread(spectrum, lam) if uncertainty else None,
    )
