"""The table: which work on which problem, against whom, and what has to come out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

OURS = "ours"
REFERENCE = "scikit_learn"
LIMIT = "limit"
# The fastest contender of a row, ourselves and the limit apart, whose answer meets the tolerance.
FASTEST = "fastest"


@dataclass(frozen=True)
class Target:
    """What our time or memory must (or should) be, relative to another contender's or in itself.

    `kind` is "faster" (at least that many times faster than `against`), "within" (at most that many times the
    time of `against`), "seconds" or "bytes" (at most that). `must` is promised, `aim` hoped for; either may be None.
    """

    kind: str
    against: str | None = None
    must: float | None = None
    aim: float | None = None

    def value(self, medians: Mapping[str, float]) -> float | None:
        """The measured quantity from the contenders' medians, None when one of them is missing."""
        ours, other = medians.get(OURS), medians.get(self.against or OURS)
        if ours is None or other is None:
            return None
        return {"faster": other / ours, "within": ours / other}.get(self.kind, ours)

    def met(self, value: float, bound: float | None) -> bool | None:
        """Whether `value` keeps to `bound`; None when there is no bound."""
        if bound is None:
            return None
        return value >= bound if self.kind == "faster" else value <= bound


@dataclass(frozen=True)
class Row:
    """One row: `small` names the version that the pytest-benchmark entry points run (default: the same).

    `settings` replaces fields of the problem (alpha, say); `label` tells such rows apart.
    """

    work: str
    problem: str
    targets: tuple[Target, ...] = ()
    contenders: tuple[str, ...] = (OURS, REFERENCE, LIMIT)
    repeats: int = 9
    small: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.work, self.problem, self.label)))


@dataclass(frozen=True)
class Group:
    """A target over several rows.

    `kind` is "geometric mean" (of how many times faster than `against` we are), "rows" (in how many we are faster
    than `against`) or "growth" (the slope of the logarithm of our time over that of the rows' `sizes`).
    """

    name: str
    kind: str
    rows: tuple[Row, ...]
    against: str | None = None
    must: float | None = None
    aim: float | None = None
    sizes: tuple[float, ...] = ()

    def value(self, medians: Sequence[Mapping[str, float]]) -> float | None:
        """The measured quantity from every row's medians, None when one of them is missing."""
        values = [Target("faster" if self.against else "seconds", self.against).value(row) for row in medians]
        if None in values:
            return None
        if self.kind == "rows":
            return sum(value > 1 for value in values)
        logarithms = [math.log(value) for value in values]
        mean = sum(logarithms) / len(values)
        if self.kind == "geometric mean":
            return math.exp(mean)
        sizes = [math.log(size) for size in self.sizes]
        middle = sum(sizes) / len(sizes)
        along = sum((x - middle) * (y - mean) for x, y in zip(sizes, logarithms, strict=True))
        return along / sum((x - middle) ** 2 for x in sizes)

    def met(self, value: float, bound: float | None) -> bool | None:
        """Whether `value` keeps to `bound`; None when there is no bound."""
        if bound is None:
            return None
        return value <= bound if self.kind == "growth" else value >= bound


# Peers for a tall X and one target.
RIDGE_PEERS = ("sklearnex", "glum")

NEAR_LIMIT = Target("within", LIMIT, must=1.4, aim=1.1)
HOPED_NEAR_LIMIT = Target("within", LIMIT, aim=1.1)


def _ridge_main(dtype: str, order: str, *targets: Target) -> Row:
    return Row(
        "ridge",
        f"ar1-20000x1000-{dtype}-{order}",
        targets,
        contenders=(OURS, REFERENCE, LIMIT, *RIDGE_PEERS),
        small=f"ar1-2000x100-{dtype}-{order}",
    )


def _leave_one_out(problem: str, must: float, aim: float, small: str) -> Row:
    return Row(
        "ridge_cv",
        problem,
        (Target("faster", REFERENCE, must=must, aim=aim),),
        contenders=(OURS, REFERENCE),
        repeats=3,
        small=small,
    )


def _memory(n: int, p: int, small: str) -> Row:
    """Three Gram matrices and 32 MB are enough; what is traced does not vary from call to call."""
    return Row(
        "ridge_memory",
        f"ar1-{n}x{p}-float64-C",
        (Target("bytes", must=3 * 8 * p**2 + 32e6),),
        contenders=(OURS, REFERENCE),
        repeats=1,
        small=small,
    )


@dataclass(frozen=True)
class _Shape:
    """A problem of the lasso: its name and its small version's, and the storage that ends both."""

    problem: str
    small: str
    storage: str = "float64-F"

    def variant(self, suffix: str) -> _Shape:
        """A harder form; one small version is enough for all shapes of it."""
        return replace(self, problem=f"{self.problem}-{suffix}", small=f"planted-40x400-k6-{suffix}")


_SHAPES = (
    _Shape("planted-72x7129-k10", "planted-20x300-k4"),
    _Shape("planted-500x20000-k50", "planted-40x400-k6"),
    _Shape("planted-2000x2000-k100", "planted-80x80-k8"),
    _Shape("planted-100000x200-k50", "planted-1000x20-k5"),
)
_, _WIDE, _SQUARE, _TALL = _SHAPES
_HARD = tuple(shape.variant(suffix) for suffix in ("r0.9", "duplicated") for shape in _SHAPES)
_NCI60 = _Shape("nci60", "planted-20x300-k4")
_SPARSE = _Shape("sparse-20000x50000-0.0011-k100", "sparse-500x1000-0.01-k10", "float64-CSC")

PATH_PEERS = (REFERENCE, "celer", "skglm", "python_glmnet", "adelie", "r_glmnet")
LASSO_PEERS = (*PATH_PEERS, "sklearnex")
GLMNET_DEFAULT = "python_glmnet_default"
LOOSE_PEERS = (GLMNET_DEFAULT, "adelie_default", "r_glmnet_default")


def _lasso(
    work: str,
    shape: _Shape,
    must: float,
    aim: float | None = None,
    *,
    contenders: tuple[str, ...] = (*PATH_PEERS, *LOOSE_PEERS),
    repeats: int = 3,
    settings: Mapping[str, Any] | None = None,
    label: str = "",
) -> Row:
    return Row(
        work,
        f"{shape.problem}-{shape.storage}",
        (Target("faster", FASTEST, must=must, aim=aim),),
        contenders=(OURS, *contenders),
        repeats=repeats,
        small=f"{shape.small}-{shape.storage}",
        settings=settings or {},
        label=label,
    )


def _one_alpha(
    shape: _Shape,
    fraction: float,
    must: float,
    aim: float | None = None,
    *,
    repeats: int = 3,
    peers: tuple[str, ...] = (*LASSO_PEERS, *LOOSE_PEERS),
) -> Row:
    return _lasso(
        "lasso",
        shape,
        must,
        aim,
        contenders=peers,
        repeats=repeats,
        settings={"fraction": fraction},
        label=f"f={fraction:g}",
    )


FRACTIONS = (0.1, 0.01)
_ONE_ALPHA = tuple(
    _one_alpha(
        shape,
        f,
        1.3,
        repeats=5,
        peers=(*LASSO_PEERS, *(("glum",) if shape in (_SQUARE, _TALL) else ()), *LOOSE_PEERS),
    )
    for shape in _SHAPES
    for f in FRACTIONS
)
_PATHS = tuple(_lasso("lasso_path", shape, 2.5, repeats=5) for shape in (*_SHAPES, _NCI60))
# oneDAL's lasso takes no sparse X.
_SPARSE_ROWS = (
    *(_one_alpha(_SPARSE, f, 1.5, 4.0, repeats=5, peers=(*PATH_PEERS, *LOOSE_PEERS)) for f in FRACTIONS),
    _lasso("lasso_path", _SPARSE, 1.5, 4.0),
)
_CROSS_VALIDATION = tuple(
    _lasso("lasso_cv", shape, 3.0, 10.0, contenders=(REFERENCE, "celer"), repeats=1) for shape in (_WIDE, _TALL)
)
_HARD_ROWS = (
    *(_one_alpha(shape, f, 1.0, peers=PATH_PEERS) for shape in _HARD for f in FRACTIONS),
    *(_lasso("lasso_path", shape, 1.0, contenders=PATH_PEERS) for shape in _HARD),
)
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_SCALING = tuple(
    Row(
        "lasso_path",
        f"planted-200x{p}-k20-float64-F",
        contenders=(OURS,),
        repeats=3,
        small=f"planted-20x{p // 1000 + 20}-k4-float64-F",
    )
    for p in _SIZES
)
_SCALING_MEMORY = tuple(
    Row(
        "lasso_path_memory",
        row.problem,
        (Target("bytes", must=0.1 * 8 * 200 * p + 64e6),),
        contenders=row.contenders,
        repeats=1,
        small=row.small,
    )
    for p, row in zip(_SIZES, _SCALING, strict=True)
)

TORCH = "torch_fused"
NUMPY = "numpy_update"
WITHOUT_L1 = "ours_without_l1"


def _steps(problem: str, *targets: Target, contenders: tuple[str, ...], small: str, repeats: int = 15) -> Row:
    return Row("optimizer", problem, targets, contenders=(OURS, *contenders), repeats=repeats, small=small)


_FULL_SPEED = (Target("faster", TORCH, must=0.95, aim=1.05), Target("within", LIMIT, aim=1 / 0.85))
_OPTIMIZERS = (
    _steps(
        "adamw-1000x1000-torch", Target("faster", TORCH, must=5.0, aim=12.0), contenders=(TORCH, LIMIT),
        small="adamw-20x50-torch",
    ),
    _steps("adamw-1x10000000-torch", *_FULL_SPEED, contenders=(TORCH, LIMIT), small="adamw-1x1000-torch"),
    _steps("momentum-1x10000000-torch", *_FULL_SPEED, contenders=(TORCH, LIMIT), small="momentum-1x1000-torch"),
    _steps(
        "adamw-mlp-torch", Target("faster", TORCH, must=2.0, aim=4.0), contenders=(TORCH,), small="adamw-4x20-torch",
        repeats=61,
    ),
    _steps(
        "adamw-1000x1000-numpy", Target("faster", NUMPY, must=6.0, aim=12.0), contenders=(NUMPY,),
        small="adamw-20x50-numpy",
    ),
    _steps(
        "adamw-1x10000000-numpy", Target("faster", NUMPY, must=6.0, aim=12.0), contenders=(NUMPY,),
        small="adamw-1x1000-numpy",
    ),
    _steps(
        "momentum-1x10000000-numpy", Target("faster", NUMPY, must=6.0, aim=12.0), contenders=(NUMPY,),
        small="momentum-1x1000-numpy",
    ),
    *(
        _steps(
            f"{what}-l1-torch", Target("within", WITHOUT_L1, must=1.05, aim=1.0), contenders=(WITHOUT_L1,),
            small=f"{what.split('-')[0]}-5x20-l1-torch", repeats=301,  # to tell a twentieth
        )
        for what in ("adamw-1000x1000", "adamw-1x10000000", "momentum-1x10000000", "adamw-mlp")
    ),
)  # fmt: skip

UNCERTIFIED = "ours_uncertified"
ONE_ALPHA = "ours_one_alpha"
BY_GRADIENT = "torch_gradient"
BY_HAND = "torch_by_hand"
_RATES = {"squared_error": 0.01, "log_loss": 0.03}


def _epoch(
    problem: str, loss: str, l1_ratio: float, *targets: Target, small: str, label: str = "", **settings: Any
) -> Row:
    """One epoch by single rows."""
    return Row(
        "sgd",
        problem,
        targets,
        contenders=(OURS, UNCERTIFIED, REFERENCE),
        small=small,
        settings={"loss": loss, "l1_ratio": l1_ratio, "lr": _RATES[loss]} | settings,
        label=" ".join(filter(None, (loss, "elastic net" if l1_ratio else "l2", label))),
    )


def _epoch_of_words(schedule: str, lr: float, *targets: Target, **settings: Any) -> Row:
    return _epoch(
        "sparse-100000x50000-0.0012-float64-CSR", "log_loss", 0.15, *targets,
        small="sparse-20000x2000-0.005-float64-CSR", label=f"{schedule} lr={lr:g}",
        lr=lr, schedule=schedule, **settings,
    )  # fmt: skip


def _saga(problem: str, l1_ratio: float, alpha: float, *targets: Target, small: str, fit_intercept: bool = True) -> Row:
    return Row(
        "saga",
        problem,
        targets,
        contenders=(OURS, REFERENCE),
        repeats=5,
        small=small,
        settings={"loss": "log_loss", "l1_ratio": l1_ratio, "alpha": alpha, "fit_intercept": fit_intercept},
        label=f"{'l1' if l1_ratio else 'l2'} alpha={alpha:g}{'' if fit_intercept else ' without intercept'}",
    )


_DESCENT = (
    _epoch_of_words("invscaling", 0.3, Target("faster", REFERENCE, must=1.0, aim=2.0)),
    # Steps that stay long, for information: last iterates of other orders differ more
    _epoch_of_words("constant", 0.1, tolerance=0.05),
    *(
        _epoch(
            "planted-200000x100-k20-float64-C", loss, l1_ratio, Target("faster", REFERENCE, must=1.2, aim=3.0),
            small="planted-2000x20-k5-float64-C",
        )
        for loss in ("squared_error", "log_loss")
        for l1_ratio in (0.0, 0.15)
    ),
    # scikit-learn has no mini-batches: it is here to tell what 32 fits take
    Row(
        "sgd_alphas",
        "planted-100000x200-k20-float64-C",
        (Target("within", ONE_ALPHA, must=4.0, aim=2.5),),
        contenders=(OURS, ONE_ALPHA, REFERENCE),
        small="planted-20000x20-k5-float64-C",
        settings={"batch_size": 256, "lr": 0.2},
    ),
    *(
        Row(
            "sgd_adamw",
            "planted-100000x100-k20-float32-C",
            (Target("faster", TORCH, must=3.0, aim=8.0), Target("faster", BY_GRADIENT, must=3.0)),
            contenders=(OURS, TORCH, BY_GRADIENT, BY_HAND),
            small="planted-20000x20-k5-float32-C",
            settings={"loss": loss, "batch_size": 256, "lr": 0.01, "schedule": "constant", "epochs": 5},
            label=loss,
        )
        for loss in ("squared_error", "log_loss")
    ),
    *(
        _saga(problem, l1_ratio, alpha, Target("faster", REFERENCE, must=2.0, aim=5.0), small=small)
        for problem, small in (
            ("planted-50000x100-k20-float64-C", "planted-400x20-k5-float64-C"),
            ("sparse-20000x5000-0.01-float64-CSR", "sparse-400x200-0.05-float64-CSR"),
        )
        for l1_ratio, alpha in ((1.0, 1e-3), (0.0, 1e-4))
    ),
    # scikit-learn's intercept is slow on sparse data: what is left without one
    *(
        _saga(
            "sparse-20000x5000-0.01-float64-CSR", l1_ratio, alpha, small="sparse-400x200-0.05-float64-CSR",
            fit_intercept=False,
        )
        for l1_ratio, alpha in ((1.0, 1e-3), (0.0, 1e-4))
    ),
)  # fmt: skip

ROWS = (
    _ridge_main("float64", "C", Target("faster", REFERENCE, must=1.8, aim=2.5), NEAR_LIMIT),
    _ridge_main("float64", "F", Target("faster", REFERENCE, must=1.8, aim=2.5), NEAR_LIMIT),
    _ridge_main("float32", "C", Target("faster", REFERENCE, must=1.5, aim=2.0), HOPED_NEAR_LIMIT),
    _ridge_main("float32", "F", Target("faster", REFERENCE, must=1.5, aim=2.0), HOPED_NEAR_LIMIT),
    Row(
        "ridge",
        "ar1-500x20000-float64-C",
        (NEAR_LIMIT,),
        small="ar1-100x2000-float64-C",
    ),
    Row(
        "ridge",
        "gaussian-200000x100-float64-C",
        (HOPED_NEAR_LIMIT,),
        contenders=(OURS, REFERENCE, LIMIT, *RIDGE_PEERS),
        small="gaussian-20000x50-float64-C",
    ),
    Row(
        "ridge",
        "gaussian-5000x1000x50-float64-C",
        contenders=(OURS, REFERENCE, LIMIT, "sklearnex", "himalaya"),
        small="gaussian-500x100x5-float64-C",
    ),
    # alpha: the penalty is scikit-learn's default, 1 beside the sum of squares
    Row(
        "ridge",
        "sparse-100000x50000-0.0012-float64-CSR",
        (Target("faster", REFERENCE, must=1.0, aim=2.0),),
        contenders=(OURS, REFERENCE),
        repeats=5,
        small="sparse-2000x1000-0.01-float64-CSR",
        settings={"alpha": 1e-5},
    ),
    Row(
        "ridge",
        "gaussian-100x10-float64-C",
        (Target("faster", REFERENCE, must=3.0), Target("seconds", aim=60e-6)),
        repeats=15,
    ),
    Row(
        "ridge_estimator",
        "gaussian-100x10-float64-C",
        (Target("faster", REFERENCE, must=2.0),),
        contenders=(OURS, REFERENCE),
        repeats=15,
    ),
    _leave_one_out("ar1-20000x1000-float64-C", must=15.0, aim=35.0, small="ar1-2000x100-float64-C"),
    _leave_one_out("gaussian-5000x1000x50-float64-C", must=10.0, aim=25.0, small="gaussian-500x100x5-float64-C"),
    _leave_one_out("gaussian-6000x300-float64-C", must=12.0, aim=25.0, small="gaussian-600x30-float64-C"),
    _leave_one_out("ar1-500x20000-float64-C", must=5.0, aim=15.0, small="ar1-100x2000-float64-C"),
    Row(
        "ridge_kfold",
        "gaussian-100000x200-float64-C",
        (Target("faster", REFERENCE, must=20.0, aim=60.0),),
        contenders=(OURS, REFERENCE),
        repeats=1,
        small="gaussian-1000x20-float64-C",
    ),
    _memory(200_000, 100, small="ar1-20000x50-float64-C"),
    _memory(20_000, 1_000, small="ar1-2000x100-float64-C"),
    *_ONE_ALPHA,
    *_PATHS,
    *_SPARSE_ROWS,
    *_CROSS_VALIDATION,
    *_HARD_ROWS,
    *_SCALING,
    *_SCALING_MEMORY,
    *_OPTIMIZERS,
    *_DESCENT,
    Row("import", "package", (Target("seconds", must=0.15),), contenders=(OURS, REFERENCE), repeats=11),
    # A lazy package answers the row above by loading nothing; this one makes it load what a first fit needs.
    Row("import", "function", contenders=(OURS, REFERENCE), repeats=11),
)

GROUPS = (
    Group("lasso, all eight rows", "geometric mean", _ONE_ALPHA, FASTEST, must=2.5, aim=5.0),
    Group("lasso_path, all five rows", "geometric mean", _PATHS, FASTEST, must=4.0, aim=8.0),
    *(Group("lasso_path, the four made up", "rows", _PATHS[:4], key, must=3, aim=4) for key in LOOSE_PEERS),
    Group("lasso_path, p = 1e3 to 1e6 at n = 200", "growth", _SCALING, must=1.0, sizes=_SIZES),
)
