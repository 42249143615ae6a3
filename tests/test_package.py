"""The package as it is built and installed."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import shrinkage

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "shrinkage"
in_tree = pytest.mark.skipif(not (SOURCE / "meson.build").exists(), reason="the source tree is not here")


def installed_files():
    """The files of an installed wheel, or None where the package is imported from elsewhere or is editable."""
    try:
        distribution = metadata.distribution("shrinkage")
    except metadata.PackageNotFoundError:
        return None
    if '"editable": true' in (distribution.read_text("direct_url.json") or ""):
        return None
    files = [str(file).replace("\\", "/") for file in distribution.files or []]
    here = Path(distribution.locate_file("shrinkage")).resolve()
    return files if here == Path(shrinkage.__file__).resolve().parent else None


# --- the build's own lists ----------------------------------------------------------------------------------


def listed(text):
    """Quoted file names in a meson.build, comments left out."""
    return re.findall(r"'([^'\s]+\.[a-z]+)'", re.sub(r"#.*", "", text))


@in_tree
def test_every_python_file_is_installed():
    names = listed((SOURCE / "meson.build").read_text(encoding="utf-8"))
    there = {
        path.relative_to(SOURCE).as_posix()
        for pattern in ("*.py", "*.pyi", "py.typed")
        for path in SOURCE.rglob(pattern)
    }
    assert {"__init__.py", "ridge.py", "_kernels/__init__.py", "py.typed"} <= there
    assert sorted(names) == sorted(there), "src/shrinkage/meson.build and the folder do not agree"


@in_tree
def test_every_file_is_installed_in_its_own_folder():
    text = (SOURCE / "meson.build").read_text(encoding="utf-8")
    table = re.search(r"python_sources = \{(.*?)\n\}", text, re.DOTALL)
    entries = re.findall(r"'([^']*)': \[(.*?)\]", table[1], re.DOTALL)
    assert len(entries) > 1
    for folder, files in entries:
        for name in listed(files):
            assert name.rpartition("/")[0] == folder, f"{name} is listed under {folder!r}"


@in_tree
def test_every_kernel_is_built_and_has_a_stub():
    text = (SOURCE / "_kernels" / "meson.build").read_text(encoding="utf-8")
    table = re.search(r"^kernels = ([\[{].*?[\]}])\n", text, re.DOTALL | re.MULTILINE)
    built = set(re.findall(r"'(\w+)'", table[1]))
    kernels = {path.stem for path in (SOURCE / "_kernels").glob("*.pyx")}
    assert built == kernels
    assert {path.stem for path in (SOURCE / "_kernels").glob("*.pyi")} == kernels


@in_tree
def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    meson = (ROOT / "meson.build").read_text(encoding="utf-8")
    built = re.search(r"project\(.*?version:\s*'([^']+)'", meson, re.DOTALL)
    assert built[1] == project["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: *[\"']?([^\"'\s]+)", citation, re.MULTILINE)[1] == project["version"]
    assert project["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@in_tree
def test_runtime_requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(project["dependencies"]) == ["numpy>=2.0", "scipy>=1.13"]
    assert project["requires-python"] == ">=3.11"
    extras = project["optional-dependencies"]
    assert {"sklearn", "frames", "plot", "cli", "all", "test", "bench", "docs"} <= set(extras)
    # every extra that a sentence of ours tells a user to install
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for extra in re.findall(r'extra="(\w+)"|shrinkage\[(\w+)\]', text):
            assert (extra[0] or extra[1]) in extras, f"{path.name} names the extra {extra[0] or extra[1]!r}"


@in_tree
def test_contributors_are_told_of_every_module():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = {path.name for path in SOURCE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert sorted(name for name in names if name not in text) == []


@in_tree
def test_the_oldest_versions_are_tested():
    """Every lower bound of what a user may install is pinned by the job for the oldest versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    bounds = [*project["dependencies"], *(bound for name in ("sklearn", "frames", "cli") for bound in extras[name])]
    oldest = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8").split("versions: oldest")[1]
    pins = oldest.split("- versions:")[0].split()
    for bound in bounds:
        name, _, version = bound.partition(">=")
        assert name.startswith("shrinkage[") or f"{name}=={version}.*" in pins


# --- what was installed -------------------------------------------------------------------------------------


def test_installed_files():
    files = installed_files()
    if files is None:
        pytest.skip("not running from an installed wheel")
    inside = [name for name in files if name.startswith("shrinkage/") and "__pycache__" not in name]
    litter = [name for name in inside if not re.search(r"\.(py|pyi|so|pyd)$|/py\.typed$", name)]
    assert litter == []
    assert "shrinkage/py.typed" in inside
    assert any(re.fullmatch(r"shrinkage/_kernels/dense\..*(so|pyd)", name) for name in inside)
    elsewhere = [name for name in files if not re.match(r"shrinkage[/-]|(\.\./)+(bin|Scripts)/shrinkage", name)]
    assert elsewhere == []


def test_installed_version():
    try:
        version = metadata.version("shrinkage")
    except metadata.PackageNotFoundError:
        pytest.skip("the package is not installed")
    assert shrinkage.__version__ == version
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.?(dev|a|b|rc)\d+)?", version)


def test_a_source_tree_without_metadata():
    """Everything can be imported where no installer has been."""
    code = (
        "from importlib import metadata\n"
        "def missing(name): raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = missing\n"
        "from shrinkage import *\n"
        "print(__version__, ridge.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0+unknown ridge\n"


def test_typed_names_are_there():
    """What type checkers and `dir` promise exists, and nothing else is public."""
    code = "import shrinkage; print(*dir(shrinkage))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(shrinkage.__all__)
