"""Running the command line inside the test process, and small data files."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("pyarrow")

from typer.testing import CliRunner

from shrinkage.cli import build_app


def runner():
    """A runner that keeps the two streams apart, which click before 8.2 has to be asked for."""
    try:
        return CliRunner(mix_stderr=False)
    except TypeError:
        return CliRunner()


class Outcome:
    """What a command did: exit code, both streams, and the files it left behind."""

    def __init__(self, result, before):
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr
        self.new = sorted(p.name for p in Path.cwd().iterdir() if p.name not in before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    # The terminal width and colours of whoever runs the tests must not matter
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "PY_COLORS"):
        monkeypatch.delenv(name, raising=False)

    def call(*args):
        before = {p.name for p in Path.cwd().iterdir()}
        return Outcome(runner().invoke(build_app(), [str(arg) for arg in args], prog_name="shrinkage"), before)

    return call


@pytest.fixture
def refuse(run):
    """Run a command that must fail with these words, one or two sentences, and no file."""

    def call(*args, code=1, words):
        outcome = run(*args)
        assert outcome.code == code, outcome.err
        assert outcome.out == ""
        assert outcome.err.startswith("error: ")
        for word in words:
            assert word in outcome.err
        assert "Traceback" not in outcome.err
        assert len(outcome.err.splitlines()) == (1 if code == 1 else 2)
        assert outcome.new == []
        return outcome

    return call


@pytest.fixture
def write(run, tmp_path):
    """Write a data file."""

    def call(text, name="data.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return call


@pytest.fixture
def numbers():
    """24 rows of two features and a target, as arrays."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(24, 2)) * [1.0, 50.0] + [10.0, 0.0]
    return X, X @ [2.0, 0.1] + rng.normal(size=24)


@pytest.fixture
def csv(write, numbers):
    """The same rows as the file data.csv with the columns a, b and y."""
    X, y = numbers
    rows = [f"{a!r},{b!r},{c!r}" for (a, b), c in zip(X.tolist(), y.tolist(), strict=True)]
    return write("\n".join(["a,b,y", *rows, ""]))
