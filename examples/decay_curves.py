"""What decay alone does to weights: L2 shrinks them by a factor, L1 by an amount, and only L1 ends at zero.

With learning rate a = 0.01, penalty (lambda / 2m) w^2 or (lambda / m) |w|, lambda = 0.1 and m = 100 samples, a step
without any gradient of a loss is w <- w (1 - a lambda / m), or w <- max(0, w - a lambda / m).

    python examples/decay_curves.py
"""

import numpy as np

from shrinkage.optim import SGD


def curves(steps=100, lr=0.01, strength=0.1, samples=100):
    """The values of three weights under L2, and of the largest under L1, before each of so many steps."""
    squared, absolute = np.array([5.0, 2.0, 0.5]), np.array([5.0])
    l2 = SGD([squared], lr=lr, weight_decay=strength / samples)
    l1 = SGD([absolute], lr=lr, l1=strength / samples)
    history = []
    for _ in range(steps):
        history.append([*squared, *absolute])
        l2.step([np.zeros(3)])
        l1.step([np.zeros(1)])
    return np.array(history)


if __name__ == "__main__":
    found = curves()
    t = np.arange(100)
    factor = 1 - 0.01 * 0.1 / 100
    print(f"Decay factor per iteration: {factor:.4f}")
    print("After 100 iterations:")
    for name, column in (("Large weight (5.0)", 0), ("Medium weight (2.0)", 1), ("Small weight (0.5)", 2)):
        print(f"  {name} -> {found[-1, column]:.4f}")
    print(f"  Large weight under L1 -> {found[-1, 3]:.4f}")
    formulas = np.column_stack([np.outer(factor**t, [5.0, 2.0, 0.5]), np.maximum(0, 5.0 - 0.01 * 0.1 / 100 * t)])
    print(f"Largest difference from the formulas: {np.abs(found - formulas).max():.0e}")
