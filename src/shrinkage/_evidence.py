"""Log marginal likelihood of ridge as a function of lambda and of the noise, on one spectral form."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ._ridge_system import EPS, Array
from ._spectrum import GRAM_FLOOR, Spectrum

#: The lambdas among which the evidence is maximized, over the largest sigma^2: with the data alone, and with priors
#: on the precisions, which have a scale of their own.
_REACH, _FAR_REACH = (1e-30, 1e12), (1e-60, 1e60)
#: Values of lambda per decade; the evidence has no feature narrower than one decade.
_PER_DECADE = 6
#: Log evidence per sample that rounding may bring about.
_TIE = 1e-11
#: Largest precision of the noise: its products stay within the range of numbers.
_MOST = 1e290
#: Entries of what is computed for many lambdas at once.
_BLOCK = 1 << 22


class Evidence:
    """Log marginal likelihood of ridge as a function of lambda and of the noise, in spectral form.

    Parameters
    ----------
    spectrum : Spectrum
    target : int, default 0
        Which target of the spectrum's design.
    count : float, optional
        How many observations there are; by default those of positive weight less the directions without a penalty,
        which are integrated out.
    noise_prior, weight_prior : (float, float)
        Shape and rate of Gamma priors on 1 / noise and on the prior precision. (0, 0) is none.

    Attributes
    ----------
    values, parts : ndarray of shape (r,)
        sigma^2, and the squared component of y along each direction.
    rest : float
        Sum of squares of what is left of y.
    """

    def __init__(
        self, spectrum: Spectrum, target: int = 0, *, count: float | None = None,
        noise_prior: tuple[float, float] = (0.0, 0.0), weight_prior: tuple[float, float] = (0.0, 0.0),
    ) -> None:  # fmt: skip
        self.spectrum, self.design, self.target = spectrum, spectrum.design, target
        design = self.design
        self.noise_prior, self.weight_prior = noise_prior, weight_prior
        self.constant = 0.0
        if count is None:
            weights = design.s[: design.n][design.s[: design.n] > 0]
            flat = spectrum.rank_free + design.fit_intercept
            count = len(weights) - flat
            self.constant = 0.5 * float(np.log(weights).sum() - flat * math.log(design.total_weight / len(weights)))
        self.count = float(count)
        if spectrum.complete:
            values, parts = spectrum.sample_values, np.square(spectrum.sample_A[:, target])
            live = values > spectrum.floor
            self.rest = self.least = float(parts[~live].sum())
            self.values, self.parts = values[live], parts[live]
        else:
            live = spectrum.values > spectrum.floor
            self.values = spectrum.values[live]
            self.parts = np.square(spectrum.A[spectrum.rank_free :, target][live] / np.sqrt(self.values))
            self.rest, self.least = self._rest(live)

    def _rest(self, live: Array) -> tuple[float, float]:
        """What no direction fits, and a positive bound of it from below.

        Never from y_square less the parts: where the fit is close that would leave rounding. A Gram matrix does not
        know the parts of its weak directions well, but their sum with the rest is taken from the data: for lambda well
        above them, where this form is used, that is all that counts.
        """
        spectrum, design = self.spectrum, self.design
        if spectrum.form == "svd":
            y = spectrum.inside_target[:, [self.target]]
            rest = float(np.square(y - spectrum.inside @ (spectrum.inside.T @ y)).sum())
            return rest, rest

        def left_by(which: Array) -> float:
            omega = np.ones((spectrum.rank_free + len(which), 1))
            omega[spectrum.rank_free :, 0] = np.where(which, 1.0 / np.where(which, spectrum.values, 1.0), 0.0)
            y = design.Y[:, [self.target]]
            W = np.asfortranarray(spectrum.basis @ (omega * spectrum.A[:, [self.target]]))
            W += spectrum.basis @ (omega * (spectrum.basis.T @ design.residual(W, y)[1]))
            return float(design.square_sum(design.residual(W, y)[0])[0])

        rest = left_by(live)
        weak = live & (spectrum.values < GRAM_FLOOR * spectrum.values.max(initial=0.0))
        if not weak.any():
            return rest, rest
        return left_by(live & ~weak) - float(self.parts[weak[live]].sum()), 0.5 * rest

    def _sums(self, lam: Array) -> tuple[Array, Array, Array, Array]:
        """Over the directions, for every lambda: the energy min_w ||y - Xw||^2 + lambda w'Vw, lambda times its
        derivative, log det(1 + sigma^2 / lambda), and gamma."""
        out = np.empty((4, len(lam)))
        step = max(1, _BLOCK // max(1, len(self.values)))
        for i in range(0, len(lam), step):
            part = lam[i : i + step]
            with np.errstate(divide="ignore", invalid="ignore"):
                left = np.where(np.isinf(part), 1.0, part / (self.values[:, None] + part))
                kept = self.values[:, None] / (self.values[:, None] + part)
                logs = np.log1p(self.values[:, None] / part)
            out[0, i : i + step] = np.maximum(self.rest + self.parts @ left, self.least)
            out[1, i : i + step] = self.parts @ (left * kept)
            out[2, i : i + step] = logs.sum(axis=0)
            out[3, i : i + step] = kept.sum(axis=0)
        return out[0], out[1], out[2], out[3]

    def _precision(self, lam: Array, energy: Array, noise: float | None) -> Array:
        """1 / noise: as given, or the best at this lambda."""
        if noise is not None:
            return np.full(len(lam), 1.0 / noise)
        (a, b), (c, d) = self.noise_prior, self.weight_prior
        with np.errstate(over="ignore", divide="ignore"):
            return np.minimum((0.5 * self.count + a + c) / (0.5 * energy + b + d * lam), _MOST)

    def curve(self, lam: Array, noise: float | None = None) -> tuple[Array, Array]:
        """What is maximized and its derivative to log(lambda), at the best noise where that is None."""
        energy, slope, logdet, gamma = self._sums(lam)
        beta = self._precision(lam, energy, noise)
        shape, rate = self.weight_prior
        value = self._value(lam, beta, energy, logdet)
        return value, 0.5 * gamma + shape - beta * (0.5 * slope + rate * lam)

    def _value(self, lam: Array, beta: Array, energy: Array, logdet: Array) -> Array:
        value = 0.5 * (self.count * np.log(beta / (2.0 * np.pi)) - beta * energy - logdet) + self.constant
        if any(self.noise_prior):
            value = value + _log_gamma(beta, *self.noise_prior)
        if any(self.weight_prior):
            value = value + _log_gamma(lam * beta, *self.weight_prior)
        return value

    def score(self, lam: float, beta: float) -> float:
        """The log evidence at lambda and 1 / noise = beta, with the log densities of the hyperpriors."""
        if not beta > 0:
            return -math.inf
        energy, _, logdet, _ = self._sums(np.array([lam]))
        return float(self._value(np.array([lam]), np.array([beta]), energy, logdet)[0])

    def likelihood(self, lam: float, noise: float) -> float:
        """The log evidence alone."""
        energy, _, logdet, _ = self._sums(np.array([lam]))
        return 0.5 * float(-self.count * math.log(2.0 * np.pi * noise) - energy[0] / noise - logdet[0]) + self.constant

    def gamma(self, lam: float) -> float:
        """Effective number of penalized parameters: sum of sigma^2 / (sigma^2 + lambda)."""
        return float(self._sums(np.array([lam]))[3][0])

    def best_noise(self, lam: float) -> float:
        """The noise that maximizes the evidence at this lambda."""
        if self.count <= 0 and self.noise_prior[0] + self.weight_prior[0] == 0:
            raise ValueError(
                "the data leave no degree of freedom for the noise: there are no more samples of positive weight than "
                "directions without a penalty; pass noise, or a noise_prior"
            )
        (a, b), (c, d) = self.noise_prior, self.weight_prior
        energy = float(self._sums(np.array([lam]))[0][0])
        noise = (0.5 * energy + b + d * lam) / (0.5 * self.count + a + c)
        if not noise > 0:
            raise ValueError(
                "y has no variation but what the model explains exactly, so that noise cannot be estimated: pass "
                "noise, or a noise_prior"
            )
        return noise

    def maximize(self, noise: float | None = None) -> tuple[float, str | None]:
        """The best lambda, at the best noise where that is None, and which end it is at.

        All lambdas where the derivative changes sign on a grid are found to rounding, and the best is taken. Where an
        end of the grid is as good, the evidence has no maximum: it is largest in the limit "zero" or "infinity".
        """
        from scipy.optimize import brentq  # slow to import

        top = float(self.values.max(initial=0.0)) or self.design.total_weight
        if noise is None:
            self.best_noise(top)  # refuses data that leave nothing for it
        low, high = _FAR_REACH if any(self.noise_prior + self.weight_prior) else _REACH
        low, high = max(low * top, 1e-290), min(high * top, 1e290)
        grid = np.geomspace(low, high, 1 + math.ceil(_PER_DECADE * math.log10(high / low)))
        value, slope = self.curve(grid, noise)
        found, best = 0.0, -math.inf

        def derivative(t: float) -> float:
            return float(self.curve(np.array([math.exp(t)]), noise)[1][0])

        for k in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
            start, stop = math.log(grid[k]), math.log(grid[k + 1])
            # rounding of log and exp may move an end across the root
            crosses = derivative(start) > 0 >= derivative(stop)
            lam = math.exp(brentq(derivative, start, stop, xtol=1e-14, rtol=4.0 * EPS)) if crosses else float(grid[k])
            there = float(self.curve(np.array([lam]), noise)[0][0])
            if there > best:
                found, best = lam, there
        tie = _TIE * (1.0 + abs(self.count))
        best = max(best, float(value[-1]), float(value[0]))
        if value[-1] >= best - tie:
            return float(grid[-1]), "infinity"
        if value[0] >= best - tie:
            # the largest lambda that is as good: the same limit, and the best conditioned
            worse = np.flatnonzero(value < value[0] - tie)
            return float(grid[worse[0] - 1 if len(worse) else 0]), "zero"
        return found, None

    def fixed_point(
        self, noise_precision: float, prior_precision: float, *, max_iter: int, tol: float, keep_scores: bool
    ) -> Steps:
        """MacKay's re-estimation of both precisions, until the changes of the coefficients sum to less than `tol`."""
        (a, b), (c, d) = self.noise_prior, self.weight_prior
        scores: list[float] = []
        last, settled, step = math.nan, False, 0
        while step < max_iter and not settled:
            step += 1
            lam = prior_precision / noise_precision if noise_precision > 0 else math.inf
            if keep_scores:
                scores.append(self.score(lam, noise_precision))
            with np.errstate(invalid="ignore"):
                left = np.where(np.isinf(lam), 1.0, lam / (self.values + lam))
            kept = self.values / (self.values + lam)
            gamma, square = float(kept.sum()), float((self.parts * kept / (self.values + lam)).sum())
            error = max(self.rest + float(self.parts @ (left * left)), self.least)
            prior_precision = _ratio(gamma + 2.0 * c, square + 2.0 * d, prior_precision)
            noise_precision = _ratio(self.count - gamma + 2.0 * a, error + 2.0 * b, noise_precision)
            settled = step > 1 and self._change(lam, last, tol) < tol
            last = lam
        if keep_scores:
            scores.append(self.score(prior_precision / noise_precision, noise_precision))
        return Steps(noise_precision, prior_precision, step, settled, np.array(scores))

    def _change(self, lam: float, last: float, tol: float) -> float:
        """Sum of |w_j(lam) - w_j(last)|, or a lower bound of it where that is `tol` already."""
        difference = 1.0 / (self.values + lam) - 1.0 / (self.values + last)
        norm = math.sqrt(float((self.values * self.parts * difference * difference).sum()))
        if norm >= tol:
            return norm
        W = self.spectrum.coefficients(np.array([lam, last]), np.full(2, self.target))
        return float(np.abs(W[:, 0] - W[:, 1]).sum())


def _log_gamma(u: Array, shape: float, rate: float) -> Array:
    """Log density of log(u), u having a Gamma density, up to a constant."""
    return shape * np.log(u) - rate * u if shape else -rate * u


class Steps(NamedTuple):
    """What re-estimation came to: `scores` are those before every step and at the end."""

    noise_precision: float
    prior_precision: float
    n_iter: int
    settled: bool
    scores: Array


def _ratio(top: float, bottom: float, otherwise: float) -> float:
    """top / bottom where it is a precision: where data and priors say nothing of one, it stays as it was."""
    value = top / bottom if bottom > 0 else math.inf
    return value if 0 < value < math.inf else otherwise
