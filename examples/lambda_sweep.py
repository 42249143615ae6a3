"""The choice of weight_decay by validation: one run trains all of them together, by AdamW's updates.

Every mini-batch is read once and multiplied with the weights of all settings; each comes out as if it were alone.

    python examples/lambda_sweep.py
"""

import numpy as np

from shrinkage import sgd

WEIGHT_DECAYS = [0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]
#: AdamW decays by lr * weight_decay * w beside the step; that is not the minimum of an objective, so nothing converges
TRAINING = {"optimizer": "adamw", "lr": 0.003, "schedule": "constant", "batch_size": 20, "epochs": 400, "tol": None}


def data(seed=0, inputs=80):
    """Training, validation and test rows of which 10 inputs say something."""
    rng = np.random.default_rng(seed)
    weights = np.where(np.arange(inputs) < 10, rng.normal(size=inputs), 0.0)
    for rows in (120, 300, 1000):
        X = rng.normal(size=(rows, inputs))
        yield X, X @ weights + rng.normal(size=rows)


def main(weight_decays=WEIGHT_DECAYS, **options):
    (X, y), (X_val, y_val), (X_test, y_test) = data()
    settings = TRAINING | options
    fit = sgd(X, y, weight_decays, **settings)
    val_loss = np.mean((fit.predict(X_val) - y_val[:, None]) ** 2, axis=0)
    for k, weight_decay in enumerate(weight_decays):
        print(f"weight_decay={weight_decay:g}: val_loss={val_loss[k]:.4f}, |w|={np.linalg.norm(fit.coef[k]):.4f}")
    best = int(np.argmin(val_loss))
    test_loss = np.mean((fit[best].predict(X_test) - y_test) ** 2)
    print(f"Lowest at weight_decay={weight_decays[best]:g}: test_loss={test_loss:.4f}")
    alone = sgd(X, y, weight_decays[best], **settings)
    print(f"Largest difference from a run of its own: {np.abs(alone.coef - fit.coef[best]).max():.0e}")
    return fit, val_loss, best, alone


if __name__ == "__main__":
    main()
