"""Gradient descent with L2 regularization on the diabetes data: the loss, the norm and every weight along the steps.

A step on (1/m) |y - Xw|^2 + (lambda / 2m) |w|^2 is w <- w (1 - lr lambda / m) - lr (-2/m) X'(y - Xw), and the steps end
at (X'X + lambda/2 I)^-1 X'y. X is standardized and y centred, so that there is no intercept.

    python examples/gradient_descent.py              a table
    python examples/gradient_descent.py steps.png    and a picture, by matplotlib
"""

import csv
import sys
from pathlib import Path

import numpy as np

from shrinkage import gradient_descent

LAMBDAS = [0.0, 10.0, 100.0, 1000.0]


def data():
    with open(Path(__file__).with_name("diabetes.csv"), encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    values = np.array(rows, dtype=float)
    X, y = values[:, :-1], values[:, -1]
    return names[:-1], (X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()


def descend(X, y, lambdas, steps=3000, **options):
    """A descent for each lambda."""
    options = {"n_iter": steps, "convention": "notebook", "fit_intercept": False} | options
    return [gradient_descent(X, y, lam, **options) for lam in lambdas]


def closed_form(X, y, lam):
    return np.linalg.solve(X.T @ X + lam / 2 * np.eye(X.shape[1]), X.T @ y)


def picture(names, X, y, ways, file):
    """The loss and the norm along the steps, of every lambda; below them every weight, with dots at the closed form."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, len(ways), figsize=(4 * len(ways), 8))
    for way, below in zip(ways, axes[1], strict=True):
        steps = 1 + np.arange(len(way.history))
        axes[0, 0].loglog(steps, way.history.loss, label=f"lambda = {way.alpha:g}")
        axes[0, 1].semilogx(steps, way.history.norm, label=f"lambda = {way.alpha:g}")
        lines = below.semilogx(steps, way.history.coef)
        below.plot(np.full(len(names), steps[-1]), closed_form(X, y, way.alpha), "k.")
        below.set(title=f"weights, lambda = {way.alpha:g}", xlabel="1 + step")
        below.sharey(axes[1, 0])
    for axis, title in zip(axes[0], ("loss", "norm of the weights"), strict=False):
        axis.set(title=title, xlabel="1 + step")
        axis.legend()
    for axis in axes[0, 2:]:
        axis.axis("off")
    axes[0, -1].legend(lines, names, loc="center")
    figure.tight_layout()
    figure.savefig(file)
    plt.close(figure)


def main(file=None):
    names, X, y = data()
    m = len(y)
    ways = descend(X, y, LAMBDAS)
    print("lambda    lr      1 - lr lambda/m      step       loss     |w|   largest   difference from the closed form")
    for lam, way in zip(LAMBDAS, ways, strict=True):
        best, h = closed_form(X, y, lam), way.history
        for k in (0, 1, 10, 100, 1000, way.n_iter):
            head = f"{lam:<8g} {way.lr:.4f}   {1 - way.lr * lam / m:.4f}" if k == 0 else ""
            print(
                f"{head:<33}{k:>8} {h.loss[k]:>10.2f} {h.norm[k]:>7.2f} {np.abs(h.coef[k]).max():>9.2f}"
                f"   {np.abs(h.coef[k] - best).max():.0e}"
            )
    print("Weights at the end:")
    print("lambda   " + " ".join(f"{name:>7}" for name in names))
    for lam, way in zip(LAMBDAS, ways, strict=True):
        print(f"{lam:<8g}", " ".join(f"{one:7.2f}" for one in way.coef))

    bound = ways[-1].step_bound
    print(f"Steps of lambda = 1000 are bounded by 2 / L = {bound:.4f}. The objective, at the largest ones:")
    for factor in (0.9, 1.1):
        (way,) = descend(X, y, LAMBDAS[-1:], 40, lr=factor * bound, check_step=False)
        values = ", ".join(f"{value:.4g}" for value in way.history.objective[::10])
        print(f"  lr = {factor:g} of that: {values}")
    if file is not None:
        picture(names, X, y, ways, file)
    return ways


if __name__ == "__main__":
    main(*sys.argv[1:2])
