"""What the command line says about a model: a plain dictionary, and the tables a person reads."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ._result import METHODS, RESIDUAL_ALARM, Fit
from ._sparse_result import SparseCrossValidation, SparsePath
from ._stochastic_result import StochasticFit
from ._tables import counted, listed
from .inference import CAVEAT, Inference
from .persistence import Model, Training, canonical_alpha

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
    "criterion": str,
    "rows_held": int,
    "accuracy": float,
    "deviance_explained": float,
    "optimizer": str,
    "schedule": str,
    "batch_size": int,
    "average": bool,
    "seed": int,
}
#: What `SparsePath.criterion` takes.
CRITERIA = {name: METHODS[name] for name in ("aic", "bic")} | {"ebic": "extended Bayesian information criterion"}
_TITLES = {"ridge": "ridge regression", "lasso": "lasso", "elastic-net": "elastic net", "sgd": "gradient descent"}
#: Columns of a terminal below which the alphas at which features enter, and the bars, are left out.
_NARROW = 64
#: The relative duality gap up to which an answer counts as the optimum.
_PROVED = 1e-6
#: The gap above which more training is advised.
_NEAR = 0.01
#: Losses with a parameter, and losses with kinks.
WITH_EPSILON = ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")
_KINKED = ("hinge", "perceptron", "epsilon_insensitive")
_METRICS = {"mse": "mean squared error", "mae": "mean absolute error"}
#: Scores that are mean squared errors of predictions, by the words for them; the others are criteria of their own.
_ERRORS = {"loo": "leave-one-out", "gcv": "generalized cross-validation", "cv": "cross-validation"}


def report(model: Model, inference: Inference | None = None) -> dict[str, Any]:
    """Everything there is to say about a model, in values that JSON can hold, coefficients by size."""
    fit, about, path = model.chosen, model.about, model.whole_path
    # A file may note down anything; what is not of its kind is as good as absent
    noted: dict[str, Any] = {key: about[key] for key, kind in _ABOUT.items() if isinstance(about.get(key), kind)}
    one_hot = [column.name for column in model.columns or () if column.levels is not None]
    if isinstance(fit, StochasticFit):
        return _jsonable(noted | {"one_hot": one_hot} | _trained(model, fit))
    alpha = canonical_alpha(fit.alpha, fit.convention, sum_weights=fit.sum_weights)
    with np.errstate(over="ignore", invalid="ignore"):
        per_sd = fit.coef * fit.feature_scale
    names = fit.feature_names or tuple(f"x{j}" for j in range(fit.n_features))
    size = np.abs(np.atleast_2d(per_sd)).max(axis=0)
    first, entered = np.zeros(len(size)), [dict[str, Any]()] * len(size)
    if isinstance(path, SparsePath) and len(path) > 1:
        first, entered = _entries(path)
    score = _score(model, fit, noted)
    kind = _kind(model, fit)
    facts = noted | {
        "model": kind,
        "target": fit.target_names,
        "rows": fit.n_samples,
        "features": fit.n_features,
        "one_hot": one_hot,
        "constant": [names[j] for j in np.flatnonzero(fit.feature_scale == 0)],
        "alpha": alpha,
        "score": score,
        "effective_dof": fit.effective_dof,
        "intercept": fit.intercept,
        "coefficients": [
            {"feature": names[j], "coefficient": fit.coef[..., j], "per_sd": per_sd[..., j]} | entered[j]
            # Of equal size, zeros above all, that which entered first
            for j in np.lexsort((first, -size))
        ],
        "solver": fit.solver,
        "solver_reason": fit.solver_reason,
        "certificate": dataclasses.asdict(fit.certificate),
    }
    if kind == "ridge":
        with np.errstate(over="ignore"):
            facts["alpha_sum"] = np.multiply(fit.sum_weights, alpha)
    else:
        explained = noted.get("training_r2")
        if isinstance(path, SparsePath) and (place := _place(fit, path)) is not None:
            explained = path.deviance_explained[place]
        facts |= {
            "l1_ratio": fit.l1_ratio,
            "n_active": np.count_nonzero(np.atleast_2d(fit.coef).any(axis=0)),
            "deviance_explained": explained,
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


def _trained(model: Model, fit: StochasticFit) -> dict[str, Any]:
    """What there is to say about a model that was trained by gradient descent."""
    training = model.training
    columns = () if model.columns is None else [name for column in model.columns for name in column.features]
    names = fit.feature_names or columns or tuple(f"x{j}" for j in range(fit.n_features))
    scale = np.full(fit.n_features, np.nan) if training is None else training.feature_scale
    with np.errstate(over="ignore", invalid="ignore"):
        per_sd = fit.coef * scale
    size = np.abs(fit.coef if training is None else per_sd)
    return {
        "model": "sgd",
        "loss": fit.loss.name,
        "epsilon": fit.loss.parameter if fit.loss.name in WITH_EPSILON else None,
        "target": None if training is None else [training.target],
        "classes": fit.classes if training is None or training.labels is None else training.labels,
        "rows": None if training is None else training.n_samples,
        "features": fit.n_features,
        "constant": [names[j] for j in np.flatnonzero(scale == 0)],
        "alpha": fit.alpha,
        "l1_ratio": fit.l1_ratio,
        "lr": fit.lr,
        "epochs": fit.n_epochs,
        "n_active": np.count_nonzero(fit.coef),
        "score": None if training is None else _held_out(training),
        "intercept": fit.intercept,
        "coefficients": [
            {"feature": names[j], "coefficient": fit.coef[j], "per_sd": per_sd[j]}
            for j in np.argsort(-size, kind="stable")
        ],
        "certificate": dataclasses.asdict(fit.certificate),
    }


def _held_out(training: Training) -> dict[str, Any] | None:
    """How a setting was chosen: by the mean loss on rows that were not trained on."""
    if training.scores is None or training.standard_errors is None:
        return None
    k, alphas = training.index, training.alphas
    return {
        "method": "validation",
        "value": training.scores[k],
        "standard_error": training.standard_errors[k],
        "at_edge": alphas.min() < alphas.max() and alphas[k] in (alphas.min(), alphas.max()),
        "alphas": alphas,
        "l1_ratios": training.l1_ratios,
        "scores": training.scores,
        "standard_errors": training.standard_errors,
        "index": k,
    }


def _kind(model: Model, fit: Fit) -> str:
    cv = model.cross_validation
    sparse = isinstance(cv, SparseCrossValidation) or isinstance(model.path, SparsePath)
    ratios = set(cv.l1_ratios.tolist()) if isinstance(cv, SparseCrossValidation) else {fit.l1_ratio}
    return "lasso" if ratios == {1.0} else "elastic-net" if sparse or fit.l1_ratio > 0 else "ridge"


def _place(fit: Fit, path: SparsePath) -> int | None:
    """Which alpha of a path is that of a fit."""
    if np.ndim(fit.alpha):
        return None
    found = np.flatnonzero(path.alphas == fit.alpha)
    return int(found[0]) if len(found) else None


def _entries(path: SparsePath) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Which alpha each feature is first there at, and that as rank, counted from 1, and value (None: at none)."""
    coefs, count = path.coefs, len(path)
    there = coefs.data != 0
    # Several targets are columns side by side
    which = np.repeat(np.arange(coefs.shape[1]) // (coefs.shape[1] // count), np.diff(coefs.indptr))
    first = np.full(coefs.shape[0], count)
    np.minimum.at(first, coefs.indices[there], which[there])
    ranks = 1 + np.searchsorted(np.sort(first), first)
    alphas = canonical_alpha(path.alphas, path.convention, sum_weights=path._first.sum_weights)
    return first, [
        {"entry": rank, "entry_alpha": alphas[k]} if k < count else {"entry": None, "entry_alpha": None}
        for k, rank in zip(first.tolist(), ranks.tolist(), strict=True)
    ]


def _score(model: Model, fit: Fit, noted: Mapping[str, Any]) -> dict[str, Any] | None:
    """How alpha was chosen: by the folds, leave-one-out or criterion of a cross-validation, or one along a path."""
    cv, path, variance = model.cross_validation, model.path, noted.get("target_variance")
    W = fit.sum_weights
    if isinstance(cv, SparseCrossValidation):
        row, k = cv.index
        return _errors(cv.score if cv.metric == "mse" else math.nan, cv.standard_error, variance) | {
            "method": "cv",
            "metric": cv.metric,
            "folds": len(cv.fold_scores),
            "rule": cv.rule,
            "value": cv.score,
            "standard_error": cv.standard_error,
            "at_edge": cv.at_edge,
            "alpha_min": canonical_alpha(cv.alpha_min, cv.convention, sum_weights=W),
            "alpha_1se": None
            if math.isnan(cv.alpha_1se)
            else canonical_alpha(cv.alpha_1se, cv.convention, sum_weights=W),
            "alphas": canonical_alpha(cv.path.alphas, cv.convention, sum_weights=W),
            "scores": cv.scores[row],
            "standard_errors": cv.standard_errors[row],
            "index": k,
            "l1_ratios": cv.l1_ratios,
            "best_scores": cv.scores.min(axis=1),
        }
    if cv is not None:
        return _errors(
            cv.score if cv.method in _ERRORS else np.full(np.shape(cv.score), np.nan), cv.standard_error, variance
        ) | {
            "method": cv.method,
            "folds": None if cv.fold_scores is None else len(cv.fold_scores),
            "rule": cv.rule,
            "value": cv.score,
            "at_edge": cv.at_edge,
            "alphas": canonical_alpha(cv.alphas, cv.convention, sum_weights=W),
            "scores": cv.scores,
            "standard_errors": cv.standard_errors,
            "index": cv.index,
        }
    criterion = noted.get("criterion")
    if not isinstance(path, SparsePath) or criterion not in CRITERIA or (at := _place(fit, path)) is None:
        return None
    values = path.criterion(criterion)
    return _errors(math.nan, math.nan, None) | {
        "method": criterion,
        "folds": None,
        "rule": "min",
        "value": values[at],
        "at_edge": len(path) > 1 and at == len(path) - 1,
        "alphas": canonical_alpha(path.alphas, path.convention, sum_weights=W),
        "scores": values,
        "standard_errors": np.full(len(values), np.nan),
        "index": at,
    }


def _errors(mse: Any, error: Any, variance: float | None) -> dict[str, Any]:
    """A mean squared error and what follows from it; NaN where the score is none."""
    mse, error = np.asarray(mse, dtype=np.float64), np.asarray(error)
    with np.errstate(divide="ignore", invalid="ignore"):
        rmse = np.sqrt(mse)
        return {
            "mse": mse,
            "mse_standard_error": np.where(np.isnan(mse), np.nan, error),
            "rmse": rmse,
            # To first order: the derivative of the square root is 1 / (2 rmse)
            "rmse_standard_error": error / (2 * rmse),
            "r2": None if variance is None or np.isnan(mse).all() else 1 - mse / variance,
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
    title = Text.assemble((_TITLES[facts["model"]], "bold"), " of ", (_target(facts), "bold cyan"))
    summary = Table.grid(padding=(0, 2))
    summary.add_column(style="dim", no_wrap=True)
    summary.add_column(overflow="fold")
    for label, text, style in (_trained_lines if facts["model"] == "sgd" else _lines)(facts):
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
        console.print(_coefficients(facts, shown, narrow=console.width < _NARROW))
    if shown and not found and not isinstance(facts["intercept"], list):
        note = f"per sd: change in {_changed(facts)} when the feature rises by one standard deviation"
        console.print(note, style="dim")
    if shown and "entry" in shown[0]:
        note = "entry: the order in which features enter as alpha falls, and the largest alpha tried that has them"
        console.print(note, style="dim")
    if hidden := len(facts["coefficients"]) - len(shown):
        console.print(f"{counted(hidden, 'smaller coefficient')} not shown; --all prints every one", style="dim")
    console.print()
    if "seconds" in facts:
        saved = facts["file"] is not None
        line = f"saved to {facts['file']}" if saved else "not saved: give -o model.npz to keep this model"
        if not saved and not facts["certificate"]["converged"] and facts["model"] != "sgd":
            line = "not saved: this is not the optimum"
        console.print(line, style="green" if saved else "yellow", soft_wrap=True)
    return console.end_capture()


def _changed(facts: Mapping[str, Any]) -> str:
    """What a coefficient is a change of."""
    loss = facts.get("loss")
    if loss == "poisson":
        return f"the logarithm of {_target(facts)}"
    if facts.get("classes") is None:
        return _target(facts)
    return f"the {'log-odds' if loss == 'log_loss' else 'decision'} for {_class(facts['classes'][1])}"


def _class(name: Any) -> str:
    return repr(name) if isinstance(name, str) else _g(name)


def _data(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The lines about what a model was fitted to."""
    size = counted(facts["features"], "feature")
    if facts["rows"] is not None:
        size = f"{counted(facts['rows'], 'row')}, {size}"
    yield "data", f"{_shown(facts['data'])}: {size}" if facts.get("data") else size, ""
    if held := facts.get("rows_held"):
        yield "", f"{counted(held, 'row')} more held out, not trained on", ""
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


def _trained_lines(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """As `_lines`, of a model that was trained by gradient descent."""
    yield from _data(facts)
    if facts["classes"] is not None:
        low, high = map(_class, facts["classes"])
        yield "", f"{_shown(high)} is predicted against {_shown(low)}", ""
    loss, epsilon = facts["loss"], facts["epsilon"]
    yield "loss", loss if epsilon is None else f"{loss}, epsilon {_g(epsilon)}", "bold"
    unit = ", w per standard deviation" * bool(facts.get("standardize"))
    yield "alpha", _pair(_g(facts["alpha"]), f"mean loss + alpha (ρ |w|₁ + (1 - ρ) |w|²/2){unit}"), "bold"
    yield "ρ", _pair(_g(facts["l1_ratio"]), "l1_ratio"), "bold"
    if score := facts["score"]:
        tried = score["alphas"]
        if len(tried) > 1:
            ends = f"alpha from {_g(min(tried))} to {_g(max(tried))}"
            yield "", _pair("", f"best of {counted(len(tried), 'setting')} on the rows held out, {ends}"), ""
        if score["at_edge"]:
            yield "", _pair("", "alpha is at the end of these: a wider --alphas may do better"), "yellow"
        yield "score", _pair(_within(score["value"], score["standard_error"]), f"mean {loss}, rows held out"), "bold"
    if facts.get("accuracy") is not None:
        yield "accuracy", _pair(f"{100 * facts['accuracy']:.3g} %", "of the rows held out have the right class"), "bold"
    if facts.get("deviance_explained") is not None:
        share = f"{100 * facts['deviance_explained']:.3g} %"
        yield "explained", _pair(share, "of the loss of predicting a constant, on the rows it was trained on"), ""
    yield "active", _pair(f"{facts['n_active']:,}", f"of {counted(facts['features'], 'feature')}"), "bold"
    how = [counted(facts["epochs"], "epoch")]
    if "batch_size" in facts:
        how.append(f"batches of {counted(facts['batch_size'], 'row')}")
    rate = _g(facts["lr"]) if facts.get("schedule") != "optimal" else "from alpha"
    how += [facts.get("optimizer", ""), f"learning rate {rate}", facts.get("schedule", "")]
    how += ["the mean of the iterates"] * bool(facts.get("average"))
    yield "training", _shown(", ".join(filter(None, how))), ""
    certificate = facts["certificate"]
    gap = certificate["relative_gap"]
    if gap is None:
        yield "certificate", "nothing bounds how far this is from the optimum", "bold yellow"
        yield "", _pair(_g(certificate["kkt_violation"], 2), "largest entry of the gradient"), ""
    else:
        far = "this may be far from the optimum" if gap > 1 else f"within {_g(100 * gap, 2)} % of the optimum"
        proved = gap <= _PROVED
        yield "certificate", "this is the optimum, proved" if proved else far, f"bold {'green' if proved else 'yellow'}"
        yield "", _pair(_g(gap, 2), "most that any answer could gain, by the loss at w = 0: relative duality gap"), ""
        if gap > _NEAR:
            kinks = "; with this loss the gap does not fall to 0" * (loss in _KINKED)
            yield "", _pair("", f"more --epochs, or another --lr, may come closer{kinks}"), "yellow"
    yield from _around(facts)


def _around(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What only the command that fitted the model can say."""
    if "seconds" in facts:
        yield "time", "{read:.2f} s to read, {fit:.2f} s to fit".format(**facts["seconds"]), ""
    for text in facts.get("warnings", ()):
        yield "warning", text, "yellow"


def _lines(facts: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Label, text and style of each line of the summary."""
    yield from _data(facts)
    penalty = {"ridge": "|w|²/2", "lasso": "|w|₁", "elastic-net": "(ρ |w|₁ + (1 - ρ) |w|²/2)"}[facts["model"]]
    yield "alpha", _pair(_g(facts["alpha"]), f"canonical: half the mean squared error + alpha {penalty}"), "bold"
    how = "on scaled columns" if facts.get("standardize") else "(sum of squares)"
    if facts["model"] == "ridge":
        yield "", _pair(_g(facts["alpha_sum"]), f"the same for scikit-learn's Ridge {how}"), ""
    if facts.get("log_evidence") is not None:
        whose = ", coefficients of any sign" * bool(facts.get("positive"))
        yield "evidence", _pair(_g(facts["log_evidence"]), f"logarithm of the evidence, at its greatest{whose}"), "bold"
        yield "", _pair(_g(facts.get("noise_sd")), "standard deviation of the noise, by the evidence"), ""
        if edge := facts.get("evidence_edge"):
            yield "", _pair("", f"it has no greatest value: it grows as alpha goes to {_shown(edge)}"), "yellow"
    if score := facts["score"]:
        # Of ridge alpha is chosen, and scored, without the bounds
        tried, name = score["alphas"], _scored_by(score, facts.get("positive") and facts["model"] == "ridge")
        within = " within one standard error of the best score" if score["rule"] == "1se" else ""
        kind, ends = "largest" if within else "best", f"from {_g(tried[-1])} to {_g(tried[0])}"
        yield "", _pair("", f"{kind} of {counted(len(tried), 'value')} {ends}{within}"), ""
        if score["at_edge"]:
            where = "at the end of these" if facts["model"] == "ridge" else "the smallest of these did best"
            yield "", _pair("", f"{where}: a wider --alphas may do better"), "yellow"
        if len(tried) > 1 and "alpha_min" in score:
            yield "", _pair(_g(score["alpha_min"]), "alpha of the best score"), ""
            yield "", _pair(_g(score["alpha_1se"]), "the largest within one standard error of it"), ""
    if facts["model"] == "elastic-net":
        several = score is not None and len(score.get("l1_ratios", ())) > 1
        beside = f", best of {', '.join(map(_g, score['l1_ratios']))}" if several else ""
        yield "ρ", _pair(_g(facts["l1_ratio"]), f"l1_ratio{beside}"), "bold"
    if score:
        if score["method"] in _ERRORS and score["mse"] is not None:
            for label, key, style in (("error", "rmse", "bold"), ("", "mse", "")):
                yield label, _pair(_within(score[key], score[f"{key}_standard_error"]), f"{key.upper()}, {name}"), style
        elif score["method"] in _ERRORS:
            metric = _shown(_METRICS.get(score["metric"], score["metric"]))
            yield "score", _pair(_within(score["value"], score["standard_error"]), f"{metric}, {name}"), "bold"
        else:
            yield "criterion", _pair(_g(score["value"]), f"{name}; the smallest is chosen"), "bold"
        if score["r2"] is not None:
            yield "R²", _pair(_g(score["r2"], 3), f"1 - MSE / variance of {_target(facts)}, {name}"), "bold"
    if facts["model"] != "ridge":
        if facts["deviance_explained"] is not None:
            share = f"{100 * facts['deviance_explained']:.3g} %"
            yield "explained", _pair(share, f"of the variance of {_target(facts)}, on the rows it was fitted to"), ""
        yield "active", _pair(f"{facts['n_active']:,}", f"of {counted(facts['features'], 'feature')}"), "bold"
    elif facts.get("training_r2") is not None:
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
    yield from _around(facts)


def _scored_by(score: Mapping[str, Any], positive: bool | None) -> str:
    name = (METHODS | CRITERIA).get(score["method"], _shown(score["method"]))
    name = _ERRORS.get(score["method"], name)
    if score["folds"] is not None:
        name = f"{score['folds']}-fold {name}"
    return name + ", coefficients of any sign" * bool(positive)


def _verdict(certificate: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The certificate in words."""
    gap, residual, rcond = certificate["relative_gap"], certificate["residual_ratio"], certificate["rcond"]
    if not certificate["converged"]:
        yield "certificate", "this is NOT the optimum: do not rely on these coefficients", "bold red"
    elif gap is None:
        yield "certificate", "taken for the optimum, without a duality gap to prove it", "bold yellow"
    elif gap <= _PROVED:
        yield "certificate", "this is the optimum, proved", "bold green"
    else:
        yield "certificate", f"within {_g(100 * gap, 2)} % of the optimum", "bold yellow"
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


def _coefficients(facts: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], *, narrow: bool) -> Any:
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    several = isinstance(facts["intercept"], list)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("feature", overflow="fold", max_width=40)
    names = _targets(facts) if several else ["coefficient", "per sd"]
    ordered = bool(entries) and "entry" in entries[0]
    # A number that is cut off is worse than one that is not there
    narrow = narrow and ordered
    when = ["entry", "at alpha"][: 2 - narrow] * ordered
    for name in [*names, *when]:
        table.add_column(_shown(name), justify="right", no_wrap=True)
    rows = []
    for entry in entries:
        entered = [f"{entry['entry']:,}", _g(entry["entry_alpha"])] if entry.get("entry") else ["", ""]
        rows.append((entry, Text(_shown(entry["feature"])), entered[: len(when)]))
    if several:
        for entry, label, entered in rows:
            table.add_row(label, *map(_g, entry["coefficient"]), *entered)
        table.add_row(Text("intercept", style="italic"), *map(_g, facts["intercept"]))
    else:
        if not narrow:
            table.add_column("")
        largest = max((abs(entry["per_sd"] or 0) for entry in entries), default=0) or 1
        for entry, label, entered in rows:
            effect = (entry["per_sd"] or 0) / largest
            bar = Bar(2, 1 + min(effect, 0), 1 + max(effect, 0), width=24, color="cyan" if effect > 0 else "magenta")
            numbers = _g(entry["coefficient"]), _g(entry["per_sd"]), *entered
            table.add_row(label, *numbers, *[bar] * (not narrow))
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


def _within(value: Any, error: Any) -> str:
    return _g(value, 4) + ("" if error is None else f" ± {_g(error, 2)}")


def _pair(value: str, meaning: str) -> str:
    return f"{value:<13} {meaning}"
