"""Results as tables: rich where it is importable, plain text otherwise, and markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.rows import FASTEST, LIMIT, OURS, REFERENCE, Group, Target

HEADERS = ("row", "contender", "median", "spread", "vs scikit-learn", "vs limit", "achieved")
TARGET_HEADERS = ("row", "target", "must", "aim", "measured", "verdict")

UNITS = {
    "seconds": (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)),
    "bytes": (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("bytes", 1)),
}

EXPLANATION = """\
Time is the median over interleaved repeats in one process (a contender that takes 30 s or more is
called once), spread the distance between the quartiles over the median; rows of memory have in their
place the most memory that Python and NumPy held during the fit beyond X. "vs scikit-learn" is how
many times faster (or less) than scikit-learn, "vs limit" how many times the time of the limit: `X.T @ X`
(`X @ X.T` for a wide X) and one Cholesky factorization, in the data's own precision, without centring
and without an answer. "Achieved" is recomputed in float64 from the data and the returned answer, alike
for every contender: the relative residual of the optimality conditions for ridge; for ridge_cv and
ridge_kfold the largest of that, the relative error of the reported mean squared error (leave-one-out, or
of ten folds), and how much worse than the grid's best alpha the chosen one is; for lasso and lasso_path
(100 alphas, down to a hundredth of the largest) the worst duality gap over the objective at w = 0, in a
problem whose alpha is f times the smallest without a non-zero coefficient; for lasso_cv the largest of
that and the squares of the two relative errors named for ridge_kfold; for sgd (one epoch by single rows,
ours with the certificate of its answer except where the contender's name says) how much the objective is
above what scikit-learn's epoch leaves, the mean over three orders of the rows, relative to that, negative
below; for sgd_alphas (one epoch at 32 alphas, by mini-batches of 256, of scikit-learn by single rows) and
sgd_adamw (five epochs by mini-batches of 256, torch with one thread or all, whichever is faster) how much
it is above its minimum, relative to that, at the worst alpha; for saga the duality gap of logistic
regression over the objective at w = 0 and the best intercept, if any; for import, timed beyond
`import numpy, scipy.linalg`, the number of our optional libraries that came along. "(loose)" marks an
answer outside the row's tolerance. Every contender of lasso and saga was first driven to it: its own
tolerance, named behind "at", was tightened until the gap was met, except where it stands for a library's
default. "The fastest peer" is that of those who meet the tolerance."""


def table(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """One line a contender and row, as strings under HEADERS."""
    lines = []
    for row in results["rows"]:
        medians = {key: c["median"] for key, c in row["contenders"].items() if "median" in c}
        for key, contender in row["contenders"].items():
            label = f"{contender['name']} {contender['version']}".strip() if key != LIMIT else contender["name"]
            if "error" in contender:
                lines.append((row["name"], label, "failed", "", "", "", contender["error"]))
                continue
            own, reference, limit = contender["median"], medians.get(REFERENCE), medians.get(LIMIT)
            lines.append(
                (
                    row["name"],
                    label,
                    quantity(own, row["unit"]),
                    f"{contender['spread']:.0%}",
                    f"{reference / own:.2f} x" if reference and key != REFERENCE else "",
                    f"{own / limit:.2f} x" if limit and key != LIMIT else "",
                    achieved(row, contender),
                )
            )
    return lines


def target_table(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """One line a target, of rows and then of groups of them, as strings under TARGET_HEADERS."""
    lines = []
    for row in (*results["rows"], *results["groups"]):
        for t in row["targets"]:
            bounds = [bound(t, t[which]) for which in ("must", "aim")]
            lines.append((row["name"], t["text"], *bounds, amount(t, t["measured"], digits=3), t["verdict"]))
    return lines


def medians(contenders: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Every contender's median, and under FASTEST that of the fastest peer which meets the tolerance."""
    found = {key: c["median"] for key, c in contenders.items() if "median" in c}
    key = _fastest(contenders)
    return found | ({FASTEST: found[key]} if key else {})


def _fastest(contenders: dict[str, dict[str, Any]]) -> str | None:
    able = (key for key, c in contenders.items() if key not in (OURS, LIMIT) and "median" in c and not c["loose"])
    return min(able, key=lambda key: contenders[key]["median"], default=None)


def judge_target(target: Target, contenders: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A target with what was measured and the verdict. A loose answer of ours meets nothing, however fast."""
    key = _fastest(contenders) if target.against == FASTEST else target.against
    against = contenders.get(key or OURS, {}).get("name", target.against)
    if target.against == FASTEST:
        against = f"the fastest peer, {against}" if key else "the fastest peer"
    text = {
        "faster": f"times faster than {against}",
        "within": f"times the {against}'s time",
        "seconds": "time",
        "bytes": "peak memory above X",
    }[target.kind]
    return _judged(target, text, target.value(medians(contenders)), [contenders])


def judge_groups(groups: Sequence[Group], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name and judged target of every group that has a row among the results."""
    contenders = {row["name"]: row["contenders"] for row in rows}
    judged = []
    for group in groups:
        found = [contenders.get(row.name, {}) for row in group.rows]
        if not any(found):
            continue
        names = [c[group.against]["name"] for c in found if group.against in c]
        against = "the fastest peers" if group.against == FASTEST else (names or [group.against])[0]
        text = {
            "geometric mean": f"times faster than {against}, geometric mean",
            "rows": f"rows in which faster than {against}",
            "growth": "power of p with which the time grows",
        }[group.kind]
        target = _judged(group, text, group.value([medians(c) for c in found]), found)
        judged.append({"name": group.name, "targets": [target]})
    return judged


def _judged(
    target: Target | Group, text: str, value: float | None, rows: Sequence[dict[str, dict[str, Any]]]
) -> dict[str, Any]:
    if value is None:
        verdict = "not measured"
    elif any(contenders[OURS].get("loose") for contenders in rows):
        verdict = "answer too loose"
    else:
        must, aim = target.met(value, target.must), target.met(value, target.aim)
        words = []
        if must is not None:
            words.append("met" if must else "MISSED")
        if aim is not None:
            words.append("aim met" if aim else "aim missed")
        verdict = ", ".join(words)
    return {
        "kind": target.kind,
        "against": target.against,
        "text": text,
        "must": target.must,
        "aim": target.aim,
        "measured": value,
        "verdict": verdict,
    }


def bound(target: dict[str, Any], value: float | None) -> str:
    """A bound with its sign, empty where there is none."""
    at_least = target["kind"] in ("faster", "geometric mean", "rows")
    return "" if value is None else f"{'>=' if at_least else '<='} {amount(target, value)}"


def amount(target: dict[str, Any], value: float | None, digits: int = 6) -> str:
    """A target's bound or measured value: a number of times, or a quantity with its unit."""
    if value is None:
        return ""
    return quantity(value, target["kind"]) if target["kind"] in UNITS else f"{value:.{digits}g}"


def achieved(row: dict[str, Any], contender: dict[str, Any]) -> str:
    if contender["achieved"] is None:
        return ""
    setting = "".join(
        f" at {name}={value:.1e}" for name, value in contender.get("driven", {}).items() if value is not None
    )
    return f"{contender['achieved']:.1g} {row['measure']}{setting}{' (loose)' if contender['loose'] else ''}"


def quantity(value: float, unit: str) -> str:
    """Seconds or bytes with three digits, in the largest of their UNITS of which there is one."""
    name, scale = next(((n, s) for n, s in UNITS[unit] if value >= s), UNITS[unit][-1])
    value /= scale
    return f"{value:.3g} {name}" if value < 1000 else f"{value:.0f} {name}"


def show(headers: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table, through rich where that is importable."""
    if not lines:
        return
    lines = _blank_repeats(lines)
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        widths = [max(len(line[i]) for line in (headers, *lines)) for i in range(len(headers))]
        for line in (headers, ["-" * width for width in widths], *lines):
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        print()
        return
    rich_table = Table(*headers)
    for line in lines:
        if line[0]:
            rich_table.add_section()
        rich_table.add_row(*line)
    console = Console()
    # Without a terminal there is no width to keep to, and a wrapped table cannot be read back.
    console = console if console.is_terminal else Console(width=200)
    console.print(rich_table)


def markdown(results: dict[str, Any]) -> str:
    """The whole of RESULTS.md."""
    m = results["machine"]
    parts = [
        "# Results",
        "",
        "Written by `python bench/run.py`; do not edit.",
        "",
        f"- {m['cpu']}, {m['cores']} cores, {m['system']}",
        *_stamps(results["rows"]),
        *(f"- left out: {line}" for line in results["skipped"]),
        "",
        "## Targets",
        "",
        *_markdown_table(TARGET_HEADERS, target_table(results)),
        "",
        "## Times",
        "",
        EXPLANATION,
        "",
        *_markdown_table(HEADERS, table(results)),
        "",
    ]
    return "\n".join(parts)


def _stamps(rows: Sequence[dict[str, Any]]) -> list[str]:
    """How rows were measured, and below that when, and of which revision."""
    runs: dict[str, Counter[str]] = {}
    for stamp in sorted((row["stamp"] for row in rows), key=lambda stamp: stamp["date"]):
        count = stamp["repeats"]
        repeats = f"{count} repeat{'s' * (count != 1)}" if count else "repeats as each row asks"
        how = [
            f"Python {stamp['python']}, NumPy {stamp['numpy']}, SciPy {stamp['scipy']}",
            *stamp["blas"],
            *(f"{name}={value}" for name, value in stamp["threads_environment"].items()),
            f"{repeats}, {stamp['pause']:g} s before each timing",
        ]
        when = f"{stamp['date']}, revision {stamp['revision'] or 'unknown'}"
        if stamp.get("load_average") is not None:
            when += f", load {stamp['load_average']} at the start"
        runs.setdefault("; ".join(how), Counter())[when] += 1
    return [
        line
        for how, whens in runs.items()
        for line in (f"- {how}", *(f"  - {n} row{'s' * (n != 1)}: {when}" for when, n in whens.items()))
    ]


def _markdown_table(headers: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
        for line in (headers, ["---"] * len(headers), *_blank_repeats(lines))
    ]


def _blank_repeats(lines: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Lines with the first cell left out where it repeats the line before."""
    return [("", *line[1:]) if i and line[0] == lines[i - 1][0] else line for i, line in enumerate(lines)]
