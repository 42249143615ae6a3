"""Ridge regression on the diabetes data: alpha by folds, how coefficients shrink along a path, and why.

python examples/ridge_analysis.py
"""

import csv
from pathlib import Path

import numpy as np

from shrinkage import ridge_cv, ridge_path


def data():
    with open(Path(__file__).with_name("diabetes.csv"), encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    values = np.array(rows, dtype=float)
    X = values[:, :-1]
    return names[:-1], (X - X.mean(axis=0)) / X.std(axis=0), values[:, -1]


def main():
    names, X, y = data()
    # alpha in scikit-learn's units, m times those of the path below
    choice = ridge_cv(X, y, np.logspace(-4, 4, 50), cv=5, convention="sum")
    fit = choice.fit
    left = y - fit.predict(X)
    print(f"Optimal alpha: {choice.alpha:.6f}")
    print(f"R2: {1 - left @ left / np.sum((y - y.mean()) ** 2):.4f}")
    print(f"Coefficients: {fit.coef.min():.4f} to {fit.coef.max():.4f}, norm {np.linalg.norm(fit.coef):.4f}")

    # in the directions u_i of X / sqrt(m) = U diag(s) V' a fit is least squares times s^2 / (s^2 + alpha)
    path = ridge_path(X, y, [10.0, 1.0, 0.1, 0.001])
    print("alpha     dof    " + " ".join(f"{name:>7}" for name in names))
    for k, alpha in enumerate(path.alphas):
        print(f"{alpha:<8g} {path.effective_dof[k]:5.2f}  ", " ".join(f"{one:7.2f}" for one in path.coefs[k]))
    U, s, V = np.linalg.svd(X / np.sqrt(len(y)), full_matrices=False)
    factors = s**2 / (s**2 + path.alphas[:, None])
    by_hand = (factors / s * (U.T @ (y - y.mean()) / np.sqrt(len(y)))) @ V
    print(f"Largest difference from the singular value decomposition: {np.abs(by_hand - path.coefs).max():.0e}")
    return choice, path, factors, by_hand


if __name__ == "__main__":
    main()
