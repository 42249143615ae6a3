"""The same update written in NumPy, in place, as one would."""

import numpy as np

NAME = "NumPy"
VERSION = np.__version__


def optimizer(problem):
    if problem.library != "numpy" or problem.l1:
        return None
    params, grads = problem.arrays()
    first = [np.zeros_like(param) for param in params]
    second = [np.zeros_like(param) for param in params]
    steps = 0

    def adamw(p, g, m, v):
        beta1, beta2 = problem.betas
        p *= np.float32(1 - problem.lr * problem.weight_decay)
        m *= np.float32(beta1)
        m += np.float32(1 - beta1) * g
        v *= np.float32(beta2)
        v += np.float32(1 - beta2) * g * g
        scale = np.sqrt(v)
        scale *= np.float32(1 / (1 - beta2**steps) ** 0.5)
        scale += np.float32(problem.eps)
        p -= np.float32(problem.lr / (1 - beta1**steps)) * m / scale

    def momentum(p, g, b, _):
        d = g + np.float32(problem.weight_decay) * p
        b *= np.float32(problem.momentum if steps > 1 else 0.0)
        b += d
        p -= np.float32(problem.lr) * b

    update = adamw if problem.algorithm == "adamw" else momentum

    def call():
        nonlocal steps
        for _ in range(problem.per_call):
            steps += 1
            for arrays in zip(params, grads, first, second, strict=True):
                update(*arrays)
        return [0.0] * steps, params[0]

    return call
