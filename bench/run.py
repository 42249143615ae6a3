"""Time the rows and write what came out.

    python bench/run.py [--only PATTERN] [--repeats N] [--update | [--json PATH] [--markdown PATH]]

Contenders take turns inside one process, in an order that rotates from round to round, after a warm-up each
(which counts as the first timing where it took 10 s or more, and as the only one where it took 30 s or more). A short
sleep before each timing lets the threads of the BLAS before stop spinning. Contenders of the lasso are driven to the
row's tolerance before.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if not __package__:
    sys.path[0] = str(HERE.parent)  # started as a script: the package is `bench`, not its loose files

import numpy as np  # noqa: E402

from bench import machine, report  # noqa: E402
from bench.peers import load  # noqa: E402
from bench.problems import Missing  # noqa: E402
from bench.rows import GROUPS, OURS, ROWS, Row  # noqa: E402
from bench.works import WORKS, Work  # noqa: E402

# Short calls are repeated until one timing lasts this long.
SHORTEST_TIMING = 0.02
# A call this long needs no warm-up: what is set up lazily is lost in it, so that its first time counts.
NO_WARM_UP = 10.0
# A call this long is not repeated: what it is compared with is so much faster that one timing tells.
ONCE = 30.0
# Of results.json. Before the fourth, rows had a date and a revision, and all else was said once for all of them.
SCHEMA = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write. 0: done; 1: one of our own calls failed; 2: bad arguments; 130: interrupted."""
    options = parse(arguments)
    rows = [row for row in ROWS if matches(row, options.only)]
    if options.list:
        print("\n".join(row.name for row in rows))
        return 0
    if not rows:
        print(f"no row matches {options.only!r}; --list shows them all", file=sys.stderr)
        return 2
    try:
        # A selection, or a run without ourselves, replaces the committed files only where it is told to.
        whole = options.update or (not options.only and load(OURS).available())
        outputs = {
            "json": options.json or (HERE / "results.json" if whole else None),
            "markdown": options.markdown or (HERE / "RESULTS.md" if whole else None),
        }
        for path in filter(None, outputs.values()):
            if not path.parent.is_dir():
                print(f"cannot write {path}: there is no folder {path.parent}", file=sys.stderr)
                return 2
        if options.update and (reason := obstacle(outputs["json"])):
            print(f"cannot update {outputs['json']}: {reason}", file=sys.stderr)
            return 2
        skipped = announce_missing(rows)
        results = {"schema": SCHEMA, "machine": machine.identity(), "skipped": skipped, "rows": []}
        stamp = machine.facts() | {"repeats": options.repeats, "pause": options.pause}
        for row in rows:
            print(f"running {row.name} ...", file=sys.stderr, flush=True)
            try:
                found = run_row(row, options.repeats or row.repeats, options.pause)
            except Missing as missing:
                skipped.append(f"{row.name}: {missing}")
                print(f"skipping {skipped[-1]}", file=sys.stderr)
                continue
            results["rows"].append({"stamp": stamp} | found)
            if options.update:  # row by row, as a run of all takes hours
                finish(merged(results, outputs["json"]), outputs)
        results["groups"] = report.judge_groups(GROUPS, results["rows"])
        report.show(report.HEADERS, report.table(results))
        report.show(report.TARGET_HEADERS, report.target_table(results))
        if not options.update:
            finish(results, outputs)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    return int(any("error" in row["contenders"].get(OURS, {}) for row in results["rows"]))


def obstacle(path: Path) -> str | None:
    """Why rows timed here cannot take their place among the results in `path`; None where they can."""
    if not load(OURS).available():
        return f"{load(OURS).name} cannot be imported ({load(OURS).reason})"
    if not path.exists():
        return None
    try:
        before = read(path)
    except (ValueError, KeyError) as error:
        return f"it cannot be read ({type(error).__name__}: {error})"
    for fact, here in machine.identity().items():
        if here != before["machine"][fact]:
            return f"its {fact} is {before['machine'][fact]!r}, this machine's {here!r}"
    return None


def read(path: Path) -> dict[str, Any]:
    """Results as they are written now, whichever schema they are in."""
    results = json.loads(path.read_text(encoding="utf-8"))
    if results["schema"] > SCHEMA:
        raise ValueError(f"its schema is {results['schema']}, later than {SCHEMA}")
    if results["schema"] == SCHEMA:
        return results
    identity = {key: results["machine"][key] for key in machine.identity()}
    common = {key: value for key, value in (results["machine"] | results.pop("run")).items() if key not in identity}
    del common["only"], common["load_average"]  # the load was that of the latest run alone
    rows = [
        {"stamp": common | {key: row.pop(key) for key in ("date", "revision") if key in row}} | row
        for row in results["rows"]
    ]
    return results | {"schema": SCHEMA, "machine": identity, "rows": rows}


def merged(results: dict[str, Any], path: Path) -> dict[str, Any]:
    """The results in `path` with those rows replaced or added, in the order of ROWS."""
    before = read(path) if path.exists() else {"skipped": [], "rows": []}
    rows = {row["name"]: row for row in (*before["rows"], *results["rows"])}
    ordered = [rows[row.name] for row in ROWS if row.name in rows]
    skipped = [line for line in dict.fromkeys(before["skipped"] + results["skipped"]) if still_true(line, rows)]
    return results | {"skipped": skipped, "rows": ordered}


def still_true(line: str, rows: dict[str, dict[str, Any]]) -> bool:
    """Whether what a line of `skipped` names is indeed left out of these rows: a row, or a contender of one."""
    name = line.partition(": ")[0]
    if any(row.name == name for row in ROWS):
        return name not in rows
    asked = [rows[row.name] for row in ROWS if row.name in rows and name in row.contenders]
    return any(name not in row["contenders"] for row in asked)


def finish(results: dict[str, Any], outputs: dict[str, Path | None]) -> None:
    """Judge groups of rows, and write what is to be written."""
    results["groups"] = report.judge_groups(GROUPS, results["rows"])
    if outputs["json"]:
        write(outputs["json"], json.dumps(results, indent=1, allow_nan=False) + "\n")
    if outputs["markdown"]:
        write(outputs["markdown"], report.markdown(results))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time shrinkage against its peers and the limit.")
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        help="rows whose name contains PATTERN, or matches it with * and ?; writes only files named with "
        "--json and --markdown",
    )
    parser.add_argument("--repeats", type=positive, metavar="N", help="timings a contender (default: each row's)")
    parser.add_argument("--pause", type=float, default=0.25, metavar="SECONDS", help="sleep before each timing")
    parser.add_argument(
        "--update",
        action="store_true",
        help="put the rows of --only in place of theirs in the committed files, as each is done",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="default: bench/results.json")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="default: bench/RESULTS.md")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    options = parser.parse_args(arguments)
    if options.update and (options.json or options.markdown):
        parser.error("--update is of the committed files: leave out --json and --markdown")
    return options


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of repeats")
    return value


def matches(row: Row, pattern: str | None) -> bool:
    return not pattern or pattern in row.name or fnmatchcase(row.name, pattern)


def announce_missing(rows: Sequence[Row]) -> list[str]:
    """Load every contender of the rows; one line for each that cannot take part, printed and returned."""
    lines = []
    for key in dict.fromkeys(key for row in rows for key in row.contenders):
        peer = load(key)
        if not peer.available():
            lines.append(f"{peer.name}: {peer.reason}")
            print(f"skipping {lines[-1]}", file=sys.stderr)
    return lines


def run_row(row: Row, repeats: int, pause: float) -> dict[str, Any]:
    """Time all contenders of a row in turns and judge their last answers."""
    work = WORKS[row.work]
    problem = work.build(row.problem)
    if row.settings:
        problem = dataclasses.replace(problem, **row.settings)
    tolerance = getattr(problem, "tolerance", 0.0)

    calls: dict[str, tuple[Callable[[], Any], int]] = {}
    contenders: dict[str, dict[str, Any]] = {}
    answers: dict[str, Any] = {}
    for peer in filter(lambda peer: peer.available(), map(load, row.contenders)):
        contender = {"name": peer.name, "version": peer.version, "readings": []}
        call = None
        with failure_of(contender):
            call = work.bind(peer, problem)
            # what a search for a setting that meets the tolerance has found
            contender["driven"] = getattr(call, "keywords", {})
        if call is None and "error" not in contender:
            continue
        contenders[peer.key] = contender
        if call is None:
            continue
        with failure_of(contender):
            number, first, answers[peer.key] = calibrate(call, work)
            calls[peer.key] = call, number
            if not work.reading and first >= NO_WARM_UP:
                contenders[peer.key]["readings"].append(first)

    def done(key: str) -> bool:
        readings = contenders[key]["readings"]
        return (
            "error" in contenders[key]
            or len(readings) == repeats
            or (not work.reading and max(readings, default=0) >= ONCE)
        )

    for turn in range(repeats):
        order = list(calls)
        shift = turn % max(len(order), 1)
        for key in order[shift:] + order[:shift]:
            if done(key):
                continue
            gc.collect()
            time.sleep(pause)
            with failure_of(contenders[key]):
                reading, answers[key] = timed(*calls[key], work)
                contenders[key]["readings"].append(reading)

    for key, (_, number) in calls.items():
        if "error" not in contenders[key]:
            with failure_of(contenders[key]):
                error = work.achieved(problem, answers[key])
                contenders[key] |= summary(contenders[key]["readings"], number, error, tolerance)
    return {
        "name": row.name,
        "work": row.work,
        "problem": row.problem,
        "tolerance": tolerance,
        "measure": work.measure,
        "unit": work.unit,
        "contenders": contenders,
        "targets": [report.judge_target(target, contenders) for target in row.targets],
    }


@contextmanager
def failure_of(contender: dict[str, Any]) -> Iterator[None]:
    """Note a contender's exception in its record: one that fails must not cost the others their run."""
    try:
        yield
    except Exception as error:
        contender["error"] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def summary(readings: list[float], number: int, error: float | None, tolerance: float) -> dict[str, Any]:
    low, median, high = np.quantile(readings, [0.25, 0.5, 0.75])
    return {
        "calls_per_timing": number,
        "median": float(median),
        "spread": float((high - low) / median),
        # JSON has no NaN; an answer that is not finite is as loose as can be.
        "achieved": error if error is None or math.isfinite(error) else sys.float_info.max,
        "loose": error is not None and not error <= tolerance,
    }


def calibrate(call: Callable[[], Any], work: Work) -> tuple[int, float, Any]:
    """Warm up, and say how many calls one timing takes; with the last call's reading and answer."""
    reading, answer = timed(call, 1, work)
    if work.reading:
        return 1, reading, answer
    if reading < 1:  # the very first call also pays for what is set up lazily
        reading, answer = timed(call, 1, work)
    if hasattr(answer, "seconds"):  # a peer's own clock, which minds short calls itself
        return 1, reading, answer
    return min(10_000, math.ceil(SHORTEST_TIMING / reading)), reading, answer


def timed(call: Callable[[], Any], number: int, work: Work) -> tuple[float, Any]:
    """Seconds of one call (the mean of `number` calls on end), or what the work or the answer says; the last answer."""
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(number):
            answer = call()
        seconds = (time.perf_counter() - start) / number
    finally:
        gc.enable()
    return (work.reading(answer) if work.reading else getattr(answer, "seconds", seconds)), answer


def write(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
