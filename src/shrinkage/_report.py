"""What the command line says about a model: a plain dictionary, and the tables a person reads."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import conventions
from ._result import METHODS, RESIDUAL_ALARM
from ._tables import counted, listed
from .inference import CAVEAT, Inference
from .persistence import Model

TOP = 20
# What the command line notes down beside a model when it fits one
_ABOUT = {
    "data": str,
    "rows_dropped": int,
    "weights": str,
    "standardize": bool,
    "positive": bool,
    "target_variance": float,
    "training_r2": float,
    "log_evidence": float,
    "noise_sd": float,
    "evidence_edge": str,
}
#: Scores that are mean squared errors of predictions, by the words for them; the others are criteria of their own.
_ERRORS = {"loo": "leave-one-out", "gcv": "generalized cross-validation", "cv": "cross-validation"}


def report(model: Model, inference: Inference | None = None) -> dict[str, Any]:
    """Everything there is to say about a model, in values that JSON can hold, coefficients by size."""
    fit, about = model.fit, model.about
    alpha = conventions.ridge_alpha(fit.alpha, fit.convention, sum_weights=fit.sum_weights)
    in_sum = conventions.from_canonical(alpha, "sum", sum_weights=fit.sum_weights)
    with np.errstate(over="ignore", invalid="ignore"):
        per_sd = fit.coef * fit.feature_scale
    names = fit.feature_names or tuple(f"x{j}" for j in range(fit.n_features))
    size = np.abs(np.atleast_2d(per_sd)).max(axis=0)
    # A file may note down anything; what is not of its kind is as good as absent
    noted: dict[str, Any] = {key: about[key] for key, kind in _ABOUT.items() if isinstance(about.get(key), kind)}
    facts = noted | {
        "model": "ridge",
        "target": fit.target_names,
        "rows": fit.n_samples,
        "features": fit.n_features,
        "one_hot": [column.name for column in model.columns or () if column.levels is not None],
        "constant": [names[j] for j in np.flatnonzero(fit.feature_scale == 0)],
        "alpha": alpha,
        "alpha_sum": in_sum,
        "score": _score(model, noted.get("target_variance")),
        "effective_dof": fit.effective_dof,
        "intercept": fit.intercept,
        "coefficients": [
            {"feature": names[j], "coefficient": fit.coef[..., j], "per_sd": per_sd[..., j]}
            for j in np.argsort(-size, kind="stable")
        ],
        "solver": fit.solver,
        "solver_reason": fit.solver_reason,
        "certificate": dataclasses.asdict(fit.certificate),
    }
    if inference is not None:
        chosen = facts["score"] is not None or "log_evidence" in noted
        facts |= _intervals(inference, facts["coefficients"], names, chosen=chosen)
    return _jsonable(facts)


def _intervals(
    inference: Inference, entries: list[dict[str, Any]], names: Sequence[str], *, chosen: bool
) -> dict[str, Any]:
    """What `--intervals` adds; the entries of the coefficients are extended in place."""
    place = {name: j for j, name in enumerate(names)}
    for entry in entries:
        j = place[entry["feature"]]
        low, high = inference.intervals[j]
        entry |= {
            "standard_error": inference.standard_errors[j],
            "lower": low,
            "upper": high,
            "p_value": inference.p_values[j],
            "variance_inflation": inference.variance_inflation[j],
        }
    caveats = [CAVEAT + "."] if inference.penalized else []
    if chosen:
        caveats.append("They do not know that alpha was chosen on the same rows.")
    return {
        "intervals": {
            "level": inference.level,
            "covariance": inference.covariance,
            "caveat": " ".join(caveats) or None,
            "intercept": {
                "standard_error": inference.intercept_standard_error,
                "lower": inference.intercept_interval[0],
                "upper": inference.intercept_interval[1],
                "p_value": inference.intercept_p_value,
            },
            "residual_sd": np.sqrt(inference.residual_variance),
            "residual_dof": inference.residual_dof,
            "condition_number": inference.condition_number,
        }
    }


def _score(model: Model, variance: float | None) -> dict[str, Any] | None:
    cv = model.cross_validation
    if cv is None:
        return None
    score, error = np.asarray(cv.score), np.asarray(cv.standard_error)
    mse = score if cv.method in _ERRORS else np.full(score.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rmse = np.sqrt(mse)
        return {
            "method": cv.method,
            "folds": None if cv.fold_scores is None else len(cv.fold_scores),
            "rule": cv.rule,
            "value": score,
            "mse": mse,
            "mse_standard_error": error,
            "rmse": rmse,
            # To first order: the derivative of the square root is 1 / (2 rmse)
            "rmse_standard_error": error / (2 * rmse),
            "r2": None if variance is None or cv.method not in _ERRORS else 1 - mse / variance,
            "at_edge": cv.at_edge,
            "alphas": conventions.ridge_alpha(cv.alphas, cv.convention, sum_weights=model.fit.sum_weights),
            "scores": cv.scores,
            "standard_errors": cv.standard_errors,
            "index": cv.index,
        }


def _jsonable(value: Any) -> Any:
    """Arrays become lists, numbers Python's own, and what is not finite None: JSON has no word for it."""
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rendered(facts: Mapping[str, Any], *, as_json: bool, every: bool) -> str:
    """A report as text for standard output: one JSON object, or tables."""
    if as_json:
        return json.dumps(facts, indent=2, allow_nan=False) + "\n"
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Names come from files: none of them is markup
    console = Console(markup=False, highlight=False, emoji=False)
    console.begin_capture()
    title = Text.assemble(("ridge regression", "bold"), " of ", (_target(facts), "bold cyan"))
    summary = Table.grid(padding=(0, 2))
    summary.add_column(style="dim", no_wrap=True)
    summary.add_column(overflow="fold")
    for label, text, style in _lines(facts):
        summary.add_row(label, Text(text, style=style))
    console.print()
    console.print(title)
    console.print()
    console.print(summary)
    console.print()
    shown = facts["coefficients"] if every else facts["coefficients"][:TOP]
    if found := facts.get("intervals"):
        console.print(_with_intervals(facts, shown))
        if found["caveat"]:
            console.print(found["caveat"], style="yellow")
    else:
        console.print(_coefficients(facts, shown))
    if shown and not found and not isinstance(facts["intercept"], list):
        note = f"per sd: change in {_target(facts)} when the feature rises by one standard deviation"
        console.print(note, style="dim")
    if hidden := len(facts["coefficients"]) - len(shown):
        console.print(f"{counted(hidden, 'smaller coefficient')} not shown; --all prints every one", style="dim")
    console.print()
    if "seconds" in facts:
        saved = facts["file"] is not None
        line = f"saved to {facts['file']}" if saved else "not saved: give -o model.npz to keep this model"
        if not facts["certificate"]["converged"]:
            line = "not saved: this is not the optimum"
        console.print(line, style="green" if saved else "yellow", soft_wrap=True)
    return console.end_capture()


def _lines(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Label, text and style of each line of the summary."""
    size = f"{counted(facts['rows'], 'row')}, {counted(facts['features'], 'feature')}"
    yield "data", f"{_shown(facts['data'])}: {size}" if facts.get("data") else size, ""
    if dropped := facts.get("rows_dropped"):
        yield "", f"{counted(dropped, 'row')} with missing values left out", "yellow"
    if facts.get("positive"):
        yield "", "no coefficient may be negative", ""
    if names := facts.get("columns_dropped"):
        yield "", f"left out: {listed(names)}", ""
    if facts.get("weights"):
        yield "", f"weighted by {facts['weights']!r}", ""
    if facts["one_hot"]:
        yield "", f"a 0/1 feature for each value of {listed(facts['one_hot'])}", ""
    if facts["constant"]:
        yield "", f"constant, so their coefficient is 0: {listed(facts['constant'])}", "yellow"

    how = "on scaled columns" if facts.get("standardize") else "(sum of squares)"
    yield "alpha", _pair(_g(facts["alpha"]), "canonical: half the mean squared error + alpha |w|²/2"), "bold"
    yield "", _pair(_g(facts["alpha_sum"]), f"the same for scikit-learn's Ridge {how}"), ""
    if facts.get("log_evidence") is not None:
        whose = ", coefficients of any sign" * bool(facts.get("positive"))
        yield "evidence", _pair(_g(facts["log_evidence"]), f"logarithm of the evidence, at its greatest{whose}"), "bold"
        yield "", _pair(_g(facts.get("noise_sd")), "standard deviation of the noise, by the evidence"), ""
        if edge := facts.get("evidence_edge"):
            yield "", _pair("", f"it has no greatest value: it grows as alpha goes to {_shown(edge)}"), "yellow"
    if score := facts["score"]:
        tried, name = score["alphas"], _scored_by(score, facts.get("positive"))
        rule = " within one standard error of the best score" if score["rule"] == "1se" else ""
        kind = "largest" if rule else "best"
        yield (
            "",
            _pair("", f"{kind} of {counted(len(tried), 'value')} from {_g(tried[-1])} to {_g(tried[0])}{rule}"),
            "",
        )
        if score["at_edge"]:
            yield "", _pair("", "at the end of these: a wider --alphas may do better"), "yellow"
        if score["method"] in _ERRORS:
            for label, key, style in (("error", "rmse", "bold"), ("", "mse", "")):
                error = score[f"{key}_standard_error"]
                within = "" if error is None else f" ± {_g(error, 2)}"
                yield label, _pair(_g(score[key], 4) + within, f"{key.upper()}, {name}"), style
        else:
            yield "criterion", _pair(_g(score["value"]), f"{name}; the smallest is chosen"), "bold"
        if score["r2"] is not None:
            yield "R²", _pair(_g(score["r2"], 3), f"1 - MSE / variance of {_target(facts)}, {name}"), "bold"
    if facts.get("training_r2") is not None:
        label = "" if score and score["r2"] is not None else "R²"
        yield label, _pair(_g(facts["training_r2"], 3), "on the rows it was fitted to"), ""
    if facts["effective_dof"] is not None:
        beside = f"effective degrees of freedom of {facts['features']:,}, plus intercept"
        yield "freedom", _pair(_g(facts["effective_dof"], 4), beside), ""
    if found := facts.get("intervals"):
        beside = f"standard deviation of the errors, on {_g(found['residual_dof'], 4)} degrees of freedom"
        yield "residuals", _pair(_g(found["residual_sd"]), beside), ""
        yield "columns", _pair(_g(found["condition_number"], 3), "condition number, scaled and centred"), ""
    reason = facts["solver_reason"]
    yield "solver", _shown(f"{facts['solver']}: {reason}" if reason else facts["solver"]), ""
    yield from _verdict(facts["certificate"])
    if "seconds" in facts:
        yield "time", "{read:.2f} s to read, {fit:.2f} s to fit".format(**facts["seconds"]), ""
    for text in facts.get("warnings", ()):
        yield "warning", text, "yellow"


def _scored_by(score: Mapping[str, Any], positive: bool | None) -> str:
    name = METHODS.get(score["method"], _shown(score["method"]))
    name = _ERRORS.get(score["method"], name)
    if score["folds"] is not None:
        name = f"{score['folds']}-fold {name}"
    return name + ", coefficients of any sign" * bool(positive)


def _verdict(certificate: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The certificate in words."""
    gap, residual, rcond = certificate["relative_gap"], certificate["residual_ratio"], certificate["rcond"]
    if certificate["converged"]:
        yield "certificate", "this is the optimum, proved", "bold green"
    else:
        yield "certificate", "this is NOT the optimum: do not rely on these coefficients", "bold red"
    if gap is not None:
        yield "", _pair(_g(gap, 2), "most that any answer could gain: relative duality gap"), ""
    if residual is not None:
        yield (
            "",
            _pair(_g(residual, 2), f"residual in units of rounding error (alarm at {RESIDUAL_ALARM:g})"),
            "",
        )
    if rcond is not None:
        yield "", _pair(_g(rcond, 2), "reciprocal condition number (0 is singular)"), ""


def _coefficients(facts: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Any:
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    several = isinstance(facts["intercept"], list)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("feature", overflow="fold", max_width=40)
    for name in _targets(facts) if several else ["coefficient"]:
        table.add_column(_shown(name), justify="right", no_wrap=True)
    if several:
        for entry in entries:
            table.add_row(Text(_shown(entry["feature"])), *map(_g, entry["coefficient"]))
        table.add_row(Text("intercept", style="italic"), *map(_g, facts["intercept"]))
    else:
        table.add_column("per sd", justify="right", no_wrap=True)
        table.add_column("")
        largest = max((abs(entry["per_sd"] or 0) for entry in entries), default=0) or 1
        for entry in entries:
            effect = (entry["per_sd"] or 0) / largest
            bar = Bar(2, 1 + min(effect, 0), 1 + max(effect, 0), width=24, color="cyan" if effect > 0 else "magenta")
            table.add_row(Text(_shown(entry["feature"])), _g(entry["coefficient"]), _g(entry["per_sd"]), bar)
        table.add_row(Text("intercept", style="italic"), _g(facts["intercept"]))
    return table


def _with_intervals(facts: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    found = facts["intervals"]
    tested = found["intercept"]["p_value"] is not None
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("feature", "coefficient", "std error", f"{100 * found['level']:g} % from", "to", *["p"] * tested):
        table.add_column(name, justify="left" if name == "feature" else "right", overflow="fold", max_width=40)
    rows = [(Text(_shown(entry["feature"])), entry["coefficient"], entry) for entry in entries]
    rows.append((Text("intercept", style="italic"), facts["intercept"], found["intercept"]))
    for label, coefficient, entry in rows:
        ends = [_g(entry[key]) for key in ("standard_error", "lower", "upper")]
        table.add_row(label, _g(coefficient), *ends, *[_g(entry["p_value"], 2)] * tested)
    return table


def _target(facts: Mapping[str, Any]) -> str:
    return ", ".join(map(_shown, _targets(facts)))


def _targets(facts: Mapping[str, Any]) -> list[str]:
    intercept = facts["intercept"]
    return facts["target"] or ([f"y{k}" for k in range(len(intercept))] if isinstance(intercept, list) else ["y"])


def _shown(name: str) -> str:
    # A control character from a file must not reach the terminal
    return name if name.isprintable() else repr(name)[1:-1]


def _g(value: Any, digits: int = 5) -> str:
    """A number to so many digits, or the first few of one per target."""
    if isinstance(value, list):
        return ", ".join(_g(item, digits) for item in value[:4]) + (", ..." if len(value) > 4 else "")
    # Rounded first: 190 rather than 1.9e+02
    return "n/a" if value is None else f"{float(f'{value:.{digits}g}'):g}"


def _pair(value: str, meaning: str) -> str:
    return f"{value:<13} {meaning}"
