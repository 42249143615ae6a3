"""The command line: ``shrinkage fit``, ``predict`` and ``show``. It reads, calls and prints; no mathematics.

Exit codes: 0 done, 1 the data or the model cannot be used or the fit did not converge, 2 the command is wrong,
130 interrupted.
"""

import contextlib
import dataclasses
import enum
import io
import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np

import shrinkage

from . import _tables
from ._extras import require
from ._predictions import write_predictions
from ._report import CRITERIA, TOP, rendered, report
from ._result import METHODS, RESIDUAL_ALARM, Certificate, CrossValidation, Fit
from ._sparse_result import SparseCrossValidation, SparsePath
from .persistence import Model, Scalar, load_model, save

#: Words for --cv, all but folds, for ridge and for the others; and what those without a standard error stand for.
_SCORES = [method for method in METHODS if method != "cv"]
_SPARSE_SCORES = list(CRITERIA)
_WITHOUT_ERROR = {name: meaning for name, meaning in (METHODS | CRITERIA).items() if name not in ("loo", "cv")}
_WORDS = ", ".join(f"{meaning} ({method})" for method, meaning in _WITHOUT_ERROR.items())
#: How many folds, and how many alphas, where the command does not say.
_FOLDS, _ALPHAS = 10, 100


class Family(enum.StrEnum):
    ridge = "ridge"
    lasso = "lasso"
    elastic_net = "elastic-net"


#: The ones that penalize absolute values, in a sentence.
_A = {Family.lasso: "a lasso", Family.elastic_net: "an elastic net"}


class Rule(enum.StrEnum):
    min = "min"
    one_se = "1se"


class Missing(enum.StrEnum):
    error = "error"
    drop = "drop"


def main() -> None:
    """Run the command line; the entry point of the ``shrinkage`` command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, not a traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        for name in ("typer", "rich"):
            require(name, extra="cli")
        app = build_app()
    except ImportError:
        print('error: the command line needs typer and rich: pip install "shrinkage[cli]"', file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="shrinkage")


def build_app() -> Any:
    """The typer application. Options are declared here and nowhere else."""
    import typer
    from typer.core import TyperGroup

    class Commands(TyperGroup):
        """Says what is wrong with a command the way every other error is said."""

        def main(self, *args: Any, **extra: Any) -> Any:
            try:
                code = super().main(*args, **extra | {"standalone_mode": False})
            except Exception as error:
                # Typer has carried its own copy of click since 0.2x, so the class has two homes
                if not hasattr(error, "format_message"):
                    raise
                context = getattr(error, "ctx", None)
                _complain(error.format_message())
                if context is not None:
                    typer.echo(f"Try: {context.command_path} --help", err=True)
                code = getattr(error, "exit_code", 2)
            sys.exit(code or 0)

    app = typer.Typer(
        cls=Commands,
        help="Regularized linear models from the command line.",
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback(invoke_without_command=True)
    def options(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    ) -> None:
        if version:
            with _guarded():
                print(f"shrinkage {shrinkage.__version__}")
        elif context.invoked_subcommand is None:
            print(context.get_help())

    model_file = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file (.npz).", show_default=False)]
    as_json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
    every = Annotated[bool, typer.Option("--all", help=f"Print every coefficient, not the {TOP} largest.")]

    @app.command(
        help="Fit a model to a CSV or Parquet file, choosing alpha by cross-validation.",
        epilog="Every column but the target is a feature; data rows are counted from 1, without the header. "
        "Alpha multiplies |w|²/2 beside half the mean squared error: scikit-learn's Ridge has it times the "
        "number of rows. In a lasso it multiplies the sum of |w|, in an elastic net l1_ratio times that and "
        "1 - l1_ratio times |w|²/2, as in scikit-learn; the report says in which order features enter as alpha falls. "
        "A single alpha is scored only when --cv is given. With --positive, alpha of ridge is chosen for the "
        "model with coefficients of any sign, and the score is that model's; give one number with --alphas to set it "
        "yourself. Intervals say how the coefficients would vary over new errors at the same rows, errors of equal "
        "variance (variance 1 / weight with --weights). Ridge is biased: unless alpha is 0 they are for the "
        "expectation of the estimator, not for the true coefficients. --one-hot keeps every value of a column (the "
        "penalty makes that well defined) and the model refuses values it has not seen.",
    )
    def fit(
        data: Annotated[Path, typer.Argument(metavar="DATA", help="A .csv or .parquet file.", show_default=False)],
        target: Annotated[str, typer.Option("--target", "-t", help="The column to explain.", show_default=False)],
        output: Annotated[
            Path | None,
            typer.Option("--output", "-o", help="Where to save the model (.npz).", show_default=False),
        ] = None,
        model: Annotated[Family, typer.Option(help="ridge, lasso or elastic-net.", metavar="MODEL")] = Family.ridge,
        l1_ratio: Annotated[
            str | None,
            typer.Option(
                "--l1-ratio",
                help="Of an elastic net: the share of the absolute values in the penalty, from 0 (ridge) to 1 (lasso); "
                "0.5 by default. Of several, separated by commas, folds choose.",
                metavar="R,...",
                show_default=False,
            ),
        ] = None,
        alphas: Annotated[
            str,
            typer.Option(help="Strengths to try: auto, or numbers separated by commas."),
        ] = "auto",
        cv: Annotated[
            str | None,
            typer.Option(
                help="How alphas are scored: exact leave-one-out (loo, the default for ridge), a number of folds (the "
                f"rows dealt out at random, the same way every time; {_FOLDS} by default for lasso and elastic net), "
                f"or {_WORDS}. Of a lasso or elastic net: K, {', '.join(_SPARSE_SCORES)}; of ridge all but ebic.",
                metavar="K|WORD",
                show_default=False,
            ),
        ] = None,
        rule: Annotated[
            Rule | None,
            typer.Option(
                help="Which alpha to take: that of the best score (min, the default), or the largest within one "
                "standard error of it (1se; with loo or folds).",
                show_default=False,
            ),
        ] = None,
        positive: Annotated[bool, typer.Option("--positive", help="Let no coefficient be negative.")] = False,
        intervals: Annotated[
            bool,
            typer.Option(
                "--intervals",
                help="Print standard errors and 95 % intervals of ridge (see below); they are not saved.",
            ),
        ] = False,
        weights: Annotated[
            str | None, typer.Option(help="A column of row weights.", metavar="COLUMN", show_default=False)
        ] = None,
        standardize: Annotated[
            bool,
            typer.Option("--standardize/--no-standardize", help="Penalize coefficients per standard deviation."),
        ] = False,
        drop: Annotated[
            list[str] | None,
            typer.Option(help="Columns to leave out, separated by commas.", metavar="COLUMNS", show_default=False),
        ] = None,
        one_hot: Annotated[
            bool,
            typer.Option(
                "--one-hot",
                help="Make text columns into 0/1 columns, one for every value.",
            ),
        ] = False,
        missing: Annotated[
            Missing, typer.Option(help="Refuse missing values, or drop the rows that have them.")
        ] = Missing.error,
        json: as_json = False,
        all: every = False,
    ) -> None:
        with _guarded():
            choice = _choice(model, alphas, cv, rule, l1_ratio, positive, intervals)
            names = [name for item in drop or [] for name in item.split(",")]
            if target in {weights, *names}:
                option = "--weights" if target == weights else "--drop"
                raise typer.BadParameter(f"{target!r} is the target already.", param_hint=option)
            _usage("DATA", _tables.file_format, data)
            if output is not None:
                _usage("--output", _check_model_name, output)
            _fit(data, target, output, choice, weights, standardize, names, one_hot, missing, json, all)

    @app.command(help="Predict with a saved model, one row of output for each row of DATA.")
    def predict(
        model: model_file,
        data: Annotated[
            Path,
            typer.Argument(
                metavar="DATA",
                help="A .csv or .parquet file with the columns of the model; others are ignored.",
                show_default=False,
            ),
        ],
        output: Annotated[
            Path,
            typer.Option("--output", "-o", help="A .csv or .parquet file, or - to print CSV.", show_default=False),
        ],
    ) -> None:
        with _guarded():
            _usage("DATA", _tables.file_format, data)
            if str(output) != "-":
                _usage("--output", _tables.file_format, output)
                if output.exists() and data.exists() and output.samefile(data):
                    raise typer.BadParameter("the predictions would replace the data.", param_hint="--output")
            _predict(model, data, output)

    @app.command(help="Print what is in a model file.")
    def show(model: model_file, json: as_json = False, all: every = False) -> None:
        with _guarded():
            sys.stdout.write(rendered(report(load_model(model)) | {"file": str(model)}, as_json=json, every=all))

    return app


# --- the three commands -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Choice:
    """The model that is asked for."""

    family: Family
    alphas: list[float] | None
    method: str | int | None
    rule: Rule
    l1_ratios: list[float]
    positive: bool
    intervals: bool

    def fit(self, X: Any, y: Any, advance: Callable[[float], None], **settings: Any) -> "_Found":
        """The fit and how it was chosen."""
        fit = self._ridge if self.family is Family.ridge else self._elastic_net
        return fit(X, y, advance, **settings)

    @property
    def alpha(self) -> float | None:
        """The one that is given, where there is nothing to choose."""
        return self.alphas[0] if self.alphas is not None and len(self.alphas) == 1 else None

    def _ridge(self, X: Any, y: Any, advance: Callable[[float], None], **settings: Any) -> "_Found":
        chosen: CrossValidation | None = None
        notes: dict[str, Scalar] = {}
        alpha: Any = self.alpha
        if self.method == "evidence":
            found = shrinkage.ridge_bayes(X, y, uncertainty=False, **settings)
            alpha = found.alpha
            notes = {"log_evidence": found.log_evidence, "noise_sd": math.sqrt(found.noise)}
            if found.at_edge is not None:
                notes["evidence_edge"] = found.at_edge
        elif alpha is None or self.method is not None:
            how: dict[str, Any] = {"method": self.method or "loo"}
            if isinstance(self.method, int):
                how = {"cv": _folds(self.method, len(y), settings["sample_weight"])}
            chosen = shrinkage.ridge_cv(X, y, self.alphas, rule=self.rule.value, callback=advance, **how, **settings)
            alpha = chosen.alpha
        if self.positive:
            fit = shrinkage.ridge_bounded(X, y, alpha, lower=0.0, **settings)
        else:
            fit = shrinkage.ridge(X, y, alpha, **settings) if chosen is None else chosen.fit
        return _Found(fit, chosen, None, notes)

    def _elastic_net(self, X: Any, y: Any, advance: Callable[[float], None], **settings: Any) -> "_Found":
        if self.positive:
            settings["lower"] = 0.0
        ratio = self.l1_ratios[0]
        if self.alpha is not None and self.method is None and len(self.l1_ratios) == 1:
            return _Found(shrinkage.elastic_net(X, y, self.alpha, l1_ratio=ratio, **settings))
        grid: Any = _ALPHAS if self.alphas is None else self.alphas
        if isinstance(self.method, str):
            count = _ALPHAS if self.alphas is None else len(self.alphas)
            path = shrinkage.elastic_net_path(
                X, y, grid, l1_ratio=ratio, callback=lambda k, *_: advance((k + 1) / count), **settings
            )
            return _Found(path.select(self.method), None, path, {"criterion": self.method})
        folds = _folds(self.method, len(y), settings["sample_weight"])
        chosen = shrinkage.cross_validate(
            X, y, grid, l1_ratio=self.l1_ratios, folds=folds, rule=self.rule.value, callback=advance, **settings
        )
        return _Found(chosen.fit, chosen)


@dataclasses.dataclass(frozen=True)
class _Found:
    """A fit, its cross-validation where alpha was scored by one, its path where not, and what else there is to note."""

    fit: Fit
    cross_validation: CrossValidation | SparseCrossValidation | None = None
    path: SparsePath | None = None
    notes: dict[str, Scalar] = dataclasses.field(default_factory=dict)

    def named(self, features: tuple[str, ...], target: str) -> "_Found":
        """With the names of the data's columns."""

        def in_path(path: Any) -> Any:
            return dataclasses.replace(path, feature_names=features, _first=in_fit(path._first))

        def in_fit(fit: Fit) -> Fit:
            return dataclasses.replace(fit, feature_names=features, target_names=(target,))

        fit, cv = in_fit(self.fit), self.cross_validation
        if isinstance(cv, SparseCrossValidation):
            cv = dataclasses.replace(cv, fit=fit, path=in_path(cv.path))
        elif cv is not None:
            cv = dataclasses.replace(cv, fit=fit)
        return _Found(fit, cv, None if self.path is None else in_path(self.path), self.notes)


def _choice(
    family: Family,
    alphas: str,
    cv: str | None,
    rule: Rule | None,
    l1_ratio: str | None,
    positive: bool,
    intervals: bool,
) -> _Choice:
    """The options of `fit` that say which model, once they go together."""
    grid = _usage("--alphas", _parse_alphas, alphas)
    method = None if cv is None else _usage("--cv", _parse_cv, cv)
    ratios = {Family.ridge: [0.0], Family.lasso: [1.0], Family.elastic_net: [0.5]}[family]
    if family is Family.ridge and method == "ebic":
        _refuse("--cv", f"ebic counts coefficients that are not zero; of ridge: {', '.join(_SCORES)} or K.")
    if family is not Family.ridge and isinstance(method, str) and method not in _SPARSE_SCORES:
        _refuse("--cv", f"{method} is for --model ridge; of {_A[family]}: K folds, {', '.join(_SPARSE_SCORES)}.")
    if rule is not None and grid is not None and len(grid) == 1:
        _refuse("--rule", "there is one alpha, so nothing to choose.")
    if rule is Rule.one_se and method in _WITHOUT_ERROR:
        folds = "--cv loo or a number of folds" if family is Family.ridge else "a number of folds for --cv"
        _refuse("--rule", f"1se needs a score with a standard error: {folds}, not {method}.")
    if method == "evidence" and grid is not None:
        _refuse("--cv", "evidence finds its own alpha, between those of any list; leave out --alphas.")
    if intervals and family is not Family.ridge:
        _refuse("--intervals", f"there are intervals for --model ridge, and none for {_A[family]}.")
    if positive and intervals:
        _refuse("--intervals", "coefficients held at zero have no such intervals; leave out --positive.")
    if l1_ratio is not None:
        if family is not Family.elastic_net:
            _refuse("--l1-ratio", f"it is for --model elastic-net; that of {family} is {ratios[0]:g}.")
        ratios = _usage("--l1-ratio", _parse_ratios, l1_ratio)
        if len(ratios) > 1 and isinstance(method, str):
            _refuse("--l1-ratio", f"of several, folds choose: a number for --cv, not {method}.")
        if 0.0 in ratios and grid is None:
            _refuse("--l1-ratio", "at 0 no alpha is the largest that counts: give numbers with --alphas.")
        if 0.0 in ratios and positive:
            _refuse("--l1-ratio", "0 does not go with --positive; --model ridge does.")
    return _Choice(family, grid, method, rule or Rule.min, ratios, positive, intervals)


def _fit(
    data: Path,
    target: str,
    output: Path | None,
    choice: _Choice,
    weights: str | None,
    standardize: bool,
    drop: list[str],
    one_hot: bool,
    missing: Missing,
    as_json: bool,
    every: bool,
) -> None:
    if output is not None:
        _check_directory(output)
    start = time.perf_counter()
    with _Progress() as progress, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        progress.stage(f"reading {data.name}")
        table = _tables.read_table(data)
        rows = _tables.training_data(table, target, weights=weights, drop=drop, one_hot=one_hot, missing=missing.value)
        del table
        read = time.perf_counter()
        progress.stage(f"fitting {_tables.counted(rows.X.shape[0], 'row')} × {rows.X.shape[1]:,}")
        settings: dict[str, Any] = {"sample_weight": rows.sample_weight, "standardize": standardize}
        if rows.constant:
            # A constant column has no effect to estimate: exclude it, its coefficient is then exactly 0
            settings["penalty_factor"] = np.where(np.isin(rows.features, rows.constant), np.inf, 1.0)
        found = choice.fit(rows.X, rows.y, progress.advance, **settings).named(rows.features, target)
        fit = found.fit
        inference = shrinkage.ridge_inference(rows.X, rows.y, fit.alpha, **settings) if choice.intervals else None
        done = time.perf_counter()
        about: dict[str, Scalar] = {
            "data": data.name,
            "rows_dropped": rows.rows_dropped,
            "weights": weights,
            "standardize": standardize,
            "positive": choice.positive,
            "target_variance": rows.target_variance,
            "training_r2": fit.score(rows.X, rows.y, sample_weight=rows.sample_weight),
            **found.notes,
        }
        model = Model(fit, found.cross_validation, rows.columns, about, found.path)
    certificate = fit.certificate
    file = output if certificate.converged else None
    facts = report(model, inference) | {
        "file": None if file is None else str(file),
        "data": str(data),
        "columns_dropped": drop,
        "seconds": {"read": read - start, "fit": done - read},
        "warnings": [str(item.message) for item in caught],
    }
    # Everything that can fail comes before the file is there, and nothing is printed that may not come true
    text = rendered(facts, as_json=as_json, every=every)
    if file is not None:
        save(model, file)
    sys.stdout.write(text)
    if not certificate.converged:
        sys.stdout.flush()
        raise ValueError(
            f"The fit did not converge, so no model is saved: {_how_far(certificate)}. "
            "Rescale the columns or use --standardize, or try larger --alphas."
        )


def _how_far(certificate: Certificate) -> str:
    gap = f"relative duality gap {certificate.relative_gap:.1e}"
    if math.isnan(certificate.residual_ratio):
        return gap
    return f"residual ratio {certificate.residual_ratio:.2g} (healthy: below {RESIDUAL_ALARM:g}), {gap}"


def _predict(path: Path, data: Path, output: Path) -> None:
    to_terminal = str(output) == "-"
    if not to_terminal:
        _check_directory(output)
    with _Progress() as progress:
        progress.stage(f"predicting {data.name}")
        written = write_predictions(load_model(path), path, data, None if to_terminal else output)
    if not to_terminal:
        print(f"{_tables.counted(written, 'prediction')} written to {output}")


# --- around them --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Turn what a person can mend into a sentence and an exit code."""
    import typer

    try:
        yield
        sys.stdout.flush()
        return
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody to tell, and nothing may be flushed at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _complain(f"{error.filename!r}: {error.strerror}." if error.filename else f"{error}.")
    except MemoryError as error:
        _complain(f"There is not enough memory for this. {error}".strip())
    except (ValueError, ImportError) as error:
        _complain(str(error))
    raise typer.Exit(1)


def _complain(message: str) -> None:
    import typer

    typer.secho("error: ", fg=typer.colors.RED, bold=True, err=True, nl=False)
    typer.echo(message, err=True)


def _usage(option: str, check: Callable[[Any], Any], value: Any) -> Any:
    """``check(value)``, its complaint being about how the command was written."""
    import typer

    try:
        return check(value)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _refuse(option: str, message: str) -> NoReturn:
    import typer

    raise typer.BadParameter(message, param_hint=option)


def _parse_alphas(text: str) -> list[float] | None:
    if text.strip() == "auto":
        return None
    values = _numbers(text, "auto, or numbers like 0.01,0.1,1")
    for value in values:
        if not 0 <= value < math.inf:
            raise ValueError(f"{value:g} must be finite and at least 0.")
    return sorted(set(values), reverse=True)


def _parse_ratios(text: str) -> list[float]:
    values = _numbers(text, "numbers like 0.1,0.5,0.9")
    for value in values:
        if not 0 <= value <= 1:
            raise ValueError(f"{value:g} must be between 0 (ridge) and 1 (lasso).")
    return list(dict.fromkeys(values))


def _numbers(text: str, example: str) -> list[float]:
    values = []
    for item in text.split(","):
        try:
            values.append(float(item))
        except ValueError:
            raise ValueError(f"{item!r} is not a number; write {example}.") from None
    return values


def _parse_cv(text: str) -> str | int:
    words = list(dict.fromkeys(_SCORES + _SPARSE_SCORES))
    if text in words:
        return text
    try:
        count = int(text)
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(words)} and not a number of folds.") from None
    if count < 2:
        raise ValueError(f"{count} is too few folds: at least 2.")
    return count


def _folds(count: int | None, n: int, sample_weight: Any) -> list[tuple[Any, Any]]:
    """(training rows, test rows) of every fold. Rows are dealt out at random: files are often sorted."""
    order = np.random.default_rng(0).permutation(n)
    # Those of weight zero after the others: a fold of them alone would test nothing
    counts = np.full(n, True) if sample_weight is None else sample_weight[order] > 0
    able, kind = int(counts.sum()), "rows" if counts.all() else "rows of positive weight"
    count = count or min(_FOLDS, able)
    if count > able:
        raise ValueError(f"--cv {count} asks for more folds than there are {kind} ({able}).")
    dealt = (np.array_split(order[which], count) for which in (counts, ~counts))
    parts = [np.concatenate(pair) for pair in zip(*dealt, strict=True)]
    return [(np.concatenate(parts[:k] + parts[k + 1 :]), np.sort(parts[k])) for k in range(count)]


def _check_model_name(path: Path) -> None:
    if path.suffix.lower() != ".npz":
        raise ValueError(f"{str(path)!r} must end in .npz, as model files do.")


def _check_directory(path: Path) -> None:
    # Before the work, not after it
    if not path.parent.is_dir():
        raise ValueError(f"The directory {str(path.parent)!r} to write to does not exist.")


class _Progress:
    """A bar on standard error, which appears after a second and only where a person is looking."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> "_Progress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=None)
            # The bar has a thread of its own: it moves while the solver is inside LAPACK
            self._timer = threading.Timer(1.0, self._bar.start)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._bar.stop()

    def stage(self, text: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=text, total=None, completed=0)

    def advance(self, fraction: float) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=fraction, total=1.0)
