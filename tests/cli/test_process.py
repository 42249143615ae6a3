"""The command as a process of its own: real streams, real exit codes, missing extras, closed pipes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DIABETES = Path(__file__).parents[2] / "examples" / "diabetes.csv"
START = "from shrinkage.cli import main; main()"


def shrinkage(*args, start=START, **options):
    command = [sys.executable, "-c", start, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, **options)


def test_fit_predict_show(tmp_path):
    done = shrinkage("fit", DIABETES, "--target", "progression", "-o", "m.npz", "--json", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert json.loads(done.stdout)["rows"] == 442
    done = shrinkage("predict", "m.npz", DIABETES, "-o", "out.csv", cwd=tmp_path)
    assert done.returncode == 0 and len((tmp_path / "out.csv").read_text().splitlines()) == 443
    done = shrinkage("show", "m.npz", cwd=tmp_path)
    assert done.returncode == 0 and "progression" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.npz", "out.csv"]


def test_errors_and_usage(tmp_path):
    done = shrinkage("fit", "none.csv", "--target", "y", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("error: 'none.csv'")
    done = shrinkage("fit", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and "Try: shrinkage fit --help" in done.stderr


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra(missing):
    done = shrinkage("--help", start=f"import sys; sys.modules[{missing!r}] = None; {START}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and 'pip install "shrinkage[cli]"' in done.stderr


def test_without_pyarrow(tmp_path):
    start = f"import sys; sys.modules['pyarrow'] = None; {START}"
    done = shrinkage("fit", DIABETES, "--target", "progression", start=start)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and 'pip install "shrinkage[cli]"' in done.stderr


def test_a_terminal_of_plain_ascii(tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "100"}
    done = shrinkage("fit", DIABETES, "--target", "progression", env=environment)
    assert done.returncode == 0 and done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_leaves(tmp_path):
    fit = ["fit", str(DIABETES), "--target", "progression", "-o", "m.npz"]
    for args in (fit, ["predict", "m.npz", str(DIABETES), "-o", "-"]):
        reader, writer = os.pipe()
        os.close(reader)
        command = [sys.executable, "-c", START, *args]
        done = subprocess.run(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, timeout=120)
        os.close(writer)
        assert (done.returncode, done.stderr) == (1, b"")
        assert (tmp_path / "m.npz").exists()  # whoever reads the report, the model is kept


def test_importing_the_command_line_imports_no_extra():
    done = shrinkage(start="import sys, shrinkage.cli; print(*sys.modules)")
    assert not {"typer", "rich", "pyarrow", "narwhals"} & set(done.stdout.split())
