"""Optimizers of NumPy arrays in one kernel call a step: SGD, Adam and AdamW with L1, exact zeros and explicit decay.

`decay_groups` says what decays, `schedules` how rates and decays change, `weight_stats` and `History` what comes of it.
The same for torch's parameters is in `shrinkage.torch`.
"""

from . import schedules as schedules
from .adam import Adam, AdamW
from .groups import decay_groups
from .monitor import History, WeightStats, weight_stats
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "History", "WeightStats", "decay_groups", "schedules", "weight_stats"]
