"""The command line: ``shrinkage fit``, ``predict`` and ``show``. It reads, calls and prints; no mathematics.

Exit codes: 0 done, 1 the data or the model cannot be used or the fit did not converge, 2 the command is wrong,
130 interrupted.
"""

import dataclasses
import enum
import io
import math
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np

import shrinkage

from . import _tables
from ._console import Progress, complain, guarded, refuse, usage
from ._extras import require
from ._predictions import write_predictions
from ._report import CRITERIA, TOP, WITH_EPSILON, rendered, report
from ._result import METHODS, RESIDUAL_ALARM, Certificate, CrossValidation, Fit
from ._sparse_result import SparseCrossValidation, SparsePath
from ._training import HELD_OUT, Plan, Selection, Steps, train
from .losses import NAMES as LOSSES
from .losses import loss_of
from .persistence import Model, Scalar, load_model, save

#: Words for --cv, all but folds, for ridge and for the others; and what those without a standard error stand for.
_SCORES = [method for method in METHODS if method != "cv"]
_SPARSE_SCORES = list(CRITERIA)
_WITHOUT_ERROR = {name: meaning for name, meaning in (METHODS | CRITERIA).items() if name not in ("loo", "cv")}
_WORDS = ", ".join(f"{meaning} ({method})" for method, meaning in _WITHOUT_ERROR.items())
#: How many folds, how many alphas, and which one of sgd, where the command does not say.
_FOLDS, _ALPHAS, _ALPHA = 10, 100, 1e-4


class Family(enum.StrEnum):
    ridge = "ridge"
    lasso = "lasso"
    elastic_net = "elastic-net"
    sgd = "sgd"


#: The ones that penalize absolute values, in a sentence.
_A = {Family.lasso: "a lasso", Family.elastic_net: "an elastic net"}


class Rule(enum.StrEnum):
    min = "min"
    one_se = "1se"


class Schedule(enum.StrEnum):
    constant = "constant"
    invscaling = "invscaling"
    optimal = "optimal"
    adaptive = "adaptive"


class Optimizer(enum.StrEnum):
    sgd = "sgd"
    momentum = "momentum"
    nesterov = "nesterov"
    adam = "adam"
    adamw = "adamw"


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
                complain(error.format_message())
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
            with guarded():
                print(f"shrinkage {shrinkage.__version__}")
        elif context.invoked_subcommand is None:
            print(context.get_help())

    model_file = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file (.npz).", show_default=False)]
    as_json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
    every = Annotated[bool, typer.Option("--all", help=f"Print every coefficient, not the {TOP} largest.")]

    def training(*names: str, help: str, **more: Any) -> Any:
        return typer.Option(*names, help=help, rich_help_panel="With --model sgd", show_default=False, **more)

    @app.command(
        help="Fit a model to a CSV or Parquet file, choosing alpha by cross-validation; or with --model sgd train one "
        "on a file of any size, in pieces.",
        epilog="Every column but the target is a feature; data rows are counted from 1, without the header. "
        "Alpha multiplies |w|²/2 beside half the mean squared error: scikit-learn's Ridge has it times the "
        "number of rows. In a lasso it multiplies the sum of |w|, in an elastic net l1_ratio times that and "
        "1 - l1_ratio times |w|²/2, as in scikit-learn; the report says in which order features enter as alpha falls. "
        "A single alpha is scored only when --cv is given. With --positive, alpha of ridge is chosen for the "
        "model with coefficients of any sign, and the score is that model's; give one number with --alphas to set it "
        "yourself. Intervals say how the coefficients would vary over new errors at the same rows, errors of equal "
        "variance (variance 1 / weight with --weights). Ridge is biased: unless alpha is 0 they are for the "
        "expectation of the estimator, not for the true coefficients. --one-hot keeps every value of a column (the "
        "penalty makes that well defined) and the model refuses values it has not seen.\n\n"
        "--model sgd reads the file again in every epoch, and never has it whole in memory: first to check it and "
        "for means and standard deviations, then to train, at last for the certificate (which takes some 80 bytes a "
        "row). Rows are shuffled within pieces of a few million numbers, which depend on nothing but the number of "
        "columns and --batch-size, so CSV and Parquet give the same model. Columns are standardized, and alpha is "
        "per standard deviation; with --no-standardize they are only centred, and alpha is that of the coefficients "
        "as printed. Those are in the data's units either way. Several --alphas and --l1-ratio train together; the "
        "mean loss on rows that were held out chooses, and the model is not trained again with them. Text with two "
        "values is a target of two classes, of which the second in the order of the alphabet is predicted.",
    )
    def fit(
        data: Annotated[Path, typer.Argument(metavar="DATA", help="A .csv or .parquet file.", show_default=False)],
        target: Annotated[str, typer.Option("--target", "-t", help="The column to explain.", show_default=False)],
        output: Annotated[
            Path | None,
            typer.Option("--output", "-o", help="Where to save the model (.npz).", show_default=False),
        ] = None,
        model: Annotated[
            Family, typer.Option(help="ridge, lasso, elastic-net or sgd.", metavar="MODEL")
        ] = Family.ridge,
        l1_ratio: Annotated[
            str | None,
            typer.Option(
                "--l1-ratio",
                help="Of an elastic net, or sgd: the share of the absolute values in the penalty, from 0 (ridge) to 1 "
                "(lasso); 0.5 by default, 0 of sgd. Of several, separated by commas, folds or held out rows choose.",
                metavar="R,...",
                show_default=False,
            ),
        ] = None,
        alphas: Annotated[
            str,
            typer.Option(help=f"Strengths to try: auto (of sgd {_ALPHA:g}), or numbers separated by commas."),
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
            bool | None,
            typer.Option(
                "--standardize/--no-standardize",
                help="Penalize coefficients per standard deviation; sgd does by default, the others do not.",
                show_default=False,
            ),
        ] = None,
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
        loss: Annotated[
            str | None, training(metavar="LOSS", help=f"{', '.join(LOSSES)}; squared_error by default.")
        ] = None,
        epsilon: Annotated[
            float | None, training(metavar="E", help="Of huber and the insensitive losses; 0.1 by default.")
        ] = None,
        epochs: Annotated[
            int | None, training(min=1, metavar="N", help=f"Passes over the file; {Plan.epochs} by default.")
        ] = None,
        batch_size: Annotated[
            int | None, training(min=1, metavar="B", help=f"Rows of a step; {Plan.batch_size} by default.")
        ] = None,
        lr: Annotated[
            float | None,
            training(metavar="RATE", help="Learning rate; by default one that the data can be expected to bear."),
        ] = None,
        schedule: Annotated[
            Schedule | None,
            training(
                metavar="WORD",
                help="How the rate falls: constant, invscaling (the default), optimal or adaptive (by 5 after an epoch "
                "that was no better).",
            ),
        ] = None,
        optimizer: Annotated[
            Optimizer | None, training(metavar="WORD", help="sgd (the default), momentum, nesterov, adam or adamw.")
        ] = None,
        average: Annotated[
            bool | None, training("--average", help="Take the mean of the coefficients over all steps.")
        ] = None,
        seed: Annotated[int | None, training(min=0, metavar="S", help="Of the order of rows; 0 by default.")] = None,
        validation: Annotated[
            float | None,
            training(
                metavar="SHARE",
                help=f"Share of the rows to hold out at random, for choosing; {HELD_OUT:g} by default where there is a "
                "choice, else none.",
            ),
        ] = None,
        json: as_json = False,
        all: every = False,
    ) -> None:
        with guarded():
            how = {
                "loss": loss, "epsilon": epsilon, "epochs": epochs, "batch_size": batch_size, "lr": lr,
                "schedule": schedule, "optimizer": optimizer, "average": average, "seed": seed,
                "validation": validation,
            }  # fmt: skip
            how = {name: value for name, value in how.items() if value is not None}
            choice: _Choice | Plan
            if model is Family.sgd:
                solved = {"--cv": cv, "--rule": rule, "--positive": positive, "--intervals": intervals}
                choice = _plan(alphas, l1_ratio, standardize, how, solved)
            else:
                for name in how:
                    refuse(_option(name), "it is for --model sgd.")
                choice = _choice(model, alphas, cv, rule, l1_ratio, positive, intervals)
            names = [name for item in drop or [] for name in item.split(",")]
            if target in {weights, *names}:
                option = "--weights" if target == weights else "--drop"
                raise typer.BadParameter(f"{target!r} is the target already.", param_hint=option)
            usage("DATA", _tables.file_format, data)
            if output is not None:
                usage("--output", _check_model_name, output)
            if output is not None:
                _check_directory(output)
            selection = Selection(target, weights, names, one_hot, missing.value)
            if isinstance(choice, Plan):
                _train(data, selection, output, choice, as_json=json, every=all)
            else:
                _fit(data, selection, output, choice, bool(standardize), as_json=json, every=all)

    @app.command(
        help="Predict with a saved model, one row of output for each row of DATA, which is read in pieces.",
        epilog="The column prediction has the expected value of the target; of two classes the likelier one, as the "
        "target has it, and of log_loss a column probability has that of the second.",
    )
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
        with guarded():
            usage("DATA", _tables.file_format, data)
            if str(output) != "-":
                usage("--output", _tables.file_format, output)
                if output.exists() and data.exists() and output.samefile(data):
                    raise typer.BadParameter("the predictions would replace the data.", param_hint="--output")
            _predict(model, data, output)

    @app.command(help="Print what is in a model file.")
    def show(model: model_file, json: as_json = False, all: every = False) -> None:
        with guarded():
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
    grid = usage("--alphas", _parse_alphas, alphas)
    method = None if cv is None else usage("--cv", _parse_cv, cv)
    ratios = {Family.ridge: [0.0], Family.lasso: [1.0], Family.elastic_net: [0.5]}[family]
    if family is Family.ridge and method == "ebic":
        refuse("--cv", f"ebic counts coefficients that are not zero; of ridge: {', '.join(_SCORES)} or K.")
    if family is not Family.ridge and isinstance(method, str) and method not in _SPARSE_SCORES:
        refuse("--cv", f"{method} is for --model ridge; of {_A[family]}: K folds, {', '.join(_SPARSE_SCORES)}.")
    if rule is not None and grid is not None and len(grid) == 1:
        refuse("--rule", "there is one alpha, so nothing to choose.")
    if rule is Rule.one_se and method in _WITHOUT_ERROR:
        folds = "--cv loo or a number of folds" if family is Family.ridge else "a number of folds for --cv"
        refuse("--rule", f"1se needs a score with a standard error: {folds}, not {method}.")
    if method == "evidence" and grid is not None:
        refuse("--cv", "evidence finds its own alpha, between those of any list; leave out --alphas.")
    if intervals and family is not Family.ridge:
        refuse("--intervals", f"there are intervals for --model ridge, and none for {_A[family]}.")
    if positive and intervals:
        refuse("--intervals", "coefficients held at zero have no such intervals; leave out --positive.")
    if l1_ratio is not None:
        if family is not Family.elastic_net:
            refuse("--l1-ratio", f"it is for --model elastic-net; that of {family} is {ratios[0]:g}.")
        ratios = usage("--l1-ratio", _parse_ratios, l1_ratio)
        if len(ratios) > 1 and isinstance(method, str):
            refuse("--l1-ratio", f"of several, folds choose: a number for --cv, not {method}.")
        if 0.0 in ratios and grid is None:
            refuse("--l1-ratio", "at 0 no alpha is the largest that counts: give numbers with --alphas.")
        if 0.0 in ratios and positive:
            refuse("--l1-ratio", "0 does not go with --positive; --model ridge does.")
    return _Choice(family, grid, method, rule or Rule.min, ratios, positive, intervals)


def _plan(
    alphas: str, l1_ratio: str | None, standardize: bool | None, how: dict[str, Any], solved: dict[str, Any]
) -> Plan:
    """The options of `fit` that say how a model is trained, once they go together."""
    for option, value in solved.items():
        if value:
            instead = "; --validation holds out rows to choose by" if option in ("--cv", "--rule") else ""
            refuse(option, f"it is not for --model sgd{instead}.")
    grid = usage("--alphas", _parse_alphas, alphas) or [_ALPHA]
    ratios = [0.0] if l1_ratio is None else usage("--l1-ratio", _parse_ratios, l1_ratio)
    loss = usage("--loss", loss_of, how.get("loss", Plan.loss))
    if "epsilon" in how:
        if loss.name not in WITH_EPSILON:
            refuse("--epsilon", f"it is for the losses {', '.join(WITH_EPSILON)}.")
        usage("--epsilon", lambda epsilon: loss_of(loss.name, epsilon), how["epsilon"])
    if not 0 < how.get("lr", 1.0) < math.inf:
        refuse("--lr", f"{how['lr']:g} must be finite and more than 0.")
    if how.get("schedule") is Schedule.optimal:
        if 0.0 in grid:
            refuse("--schedule", "optimal makes its rates of alpha, which must be more than 0.")
        if "lr" in how:
            refuse("--lr", "the schedule optimal makes its rates of alpha alone.")
    if not 0 <= how.get("validation", 0.0) < 1:
        refuse("--validation", f"{how['validation']:g} must be 0 or more, and less than 1.")
    if how.get("validation") == 0 and len(grid) * len(ratios) > 1:
        refuse("--validation", "with several --alphas or --l1-ratio there must be rows to choose by.")
    return Plan(grid, ratios, standardize=standardize is not False, **how)


def _train(data: Path, selection: Selection, output: Path | None, plan: Plan, **shown: bool) -> None:
    start = time.perf_counter()
    with Progress() as progress, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        steps = Steps(progress.stage, progress.advance)
        model = train(data, selection, plan, steps)
    seconds = {"read": steps.began - start, "fit": time.perf_counter() - steps.began}
    _deliver(report(model), model, output, data, selection, seconds, caught, **shown)


def _deliver(
    facts: dict[str, Any],
    model: Model,
    output: Path | None,
    data: Path,
    selection: Selection,
    seconds: dict[str, float],
    caught: Sequence[warnings.WarningMessage],
    *,
    as_json: bool,
    every: bool,
) -> None:
    """Print what there is to say about a model, and save it."""
    facts |= {
        "file": None if output is None else str(output),
        "data": str(data),
        "columns_dropped": list(selection.drop),
        "seconds": seconds,
        "warnings": [str(item.message) for item in caught],
    }
    # Everything that can fail comes before the file is there, and nothing is printed that may not come true
    text = rendered(facts, as_json=as_json, every=every)
    if output is not None:
        save(model, output)
    sys.stdout.write(text)


def _fit(
    data: Path, selection: Selection, output: Path | None, choice: _Choice, standardize: bool, **shown: bool
) -> None:
    target, weights = selection.target, selection.weights
    start = time.perf_counter()
    with Progress() as progress, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        progress.stage(f"reading {data.name}")
        table = _tables.read_table(data)
        rows = _tables.training_data(table, **dataclasses.asdict(selection))
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
    seconds = {"read": read - start, "fit": done - read}
    file = output if certificate.converged else None
    _deliver(report(model, inference), model, file, data, selection, seconds, caught, **shown)
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
    with Progress() as progress:
        progress.stage(f"predicting {data.name}")
        written = write_predictions(load_model(path), path, data, None if to_terminal else output)
    if not to_terminal:
        print(f"{_tables.counted(written, 'prediction')} written to {output}")


# --- options -------------------------------------------------------------------------------------------------


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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
