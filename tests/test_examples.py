"""The examples run, and print and return what they say."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def printed(name):
    done = subprocess.run([sys.executable, EXAMPLES / name], capture_output=True, text=True, check=True, timeout=300)
    assert done.stderr == ""
    return done.stdout.splitlines()


def example(name):
    return runpy.run_path(str(EXAMPLES / name))


@pytest.fixture
def torch():
    """On one thread, which is the faster for networks as small as these."""
    library = pytest.importorskip("torch")
    before = library.get_num_threads()
    library.set_num_threads(1)
    yield library
    library.set_num_threads(before)


def test_all_of_them_are_here():
    tested = {"decay_curves.py", "gradient_descent.py", "lambda_sweep.py", "ridge_analysis.py"}
    tested |= {"torch_elastic_net.py", "torch_training.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested


def test_decay_curves():
    *lines, last = printed("decay_curves.py")
    assert lines == [
        "Decay factor per iteration: 1.0000",
        "After 100 iterations:",
        "  Large weight (5.0) -> 4.9951",
        "  Medium weight (2.0) -> 1.9980",
        "  Small weight (0.5) -> 0.4995",
        "  Large weight under L1 -> 4.9990",
    ]
    text, _, difference = last.partition(": ")
    assert text == "Largest difference from the formulas" and 0 <= float(difference) < 1e-12
    # long enough for L1 to end at zero, which L2 does not
    ends = example("decay_curves.py")["curves"](steps=60, lr=1.0, strength=10.0)[-1]
    assert ends[3] == 0.0 and ends[0] == pytest.approx(5.0 * 0.9**59)


def test_gradient_descent():
    lines = printed("gradient_descent.py")
    assert len(lines) == 1 + 4 * 6 + 6 + 3
    assert lines[19].split() == ["1000", "0.0970", "0.7806", "0", "5929.88", "0.00", "0.00", "1e+01"]
    assert lines[-3] == "Steps of lambda = 1000 are bounded by 2 / L = 0.1940. The objective, at the largest ones:"
    below, above = ([float(value) for value in line.split(": ")[1].split(", ")] for line in lines[-2:])
    assert below[-1] == below[-2] < below[0] and above[-1] > 10 * above[-2] > 100 * above[1]

    module = example("gradient_descent.py")
    _, X, y = module["data"]()
    norms = []
    for lam, way in zip(
        module["LAMBDAS"], module["descend"](X, y, module["LAMBDAS"], 1500, momentum=0.95), strict=True
    ):
        np.testing.assert_allclose(way.coef, module["closed_form"](X, y, lam), rtol=1e-6)
        norms.append(way.history.norm[-1])
    assert (np.diff(norms) < 0).all()


def test_picture_of_gradient_descent(tmp_path):
    pytest.importorskip("matplotlib").use("agg")
    file = tmp_path / "steps.png"
    example("gradient_descent.py")["main"](file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_lambda_sweep(capsys):
    module = example("lambda_sweep.py")
    fit, val_loss, best, alone = module["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8 + 2 and lines[0].startswith("weight_decay=0: val_loss=")
    assert 0 < best < len(fit) - 1 and val_loss[best] == val_loss.min() < 0.95 * val_loss[0]
    assert (np.diff(np.linalg.norm(fit.coef, axis=1)) < 0).all()
    np.testing.assert_allclose(alone.coef, fit.coef[best], rtol=0, atol=1e-12)
    _, again, *_ = module["main"]([0.0, 1.0], epochs=20)
    assert again.shape == (2,)


def test_ridge_analysis():
    linear = pytest.importorskip("sklearn.linear_model")
    found = example("ridge_analysis.py")
    choice, path, factors, by_hand = found["main"]()
    _, X, y = found["data"]()
    theirs = linear.RidgeCV(np.logspace(-4, 4, 50), cv=5, scoring="neg_mean_squared_error").fit(X, y)
    assert choice.alpha == pytest.approx(theirs.alpha_)
    np.testing.assert_allclose(choice.fit.coef, theirs.coef_, rtol=1e-8)
    np.testing.assert_allclose(by_hand, path.coefs, rtol=1e-9)
    np.testing.assert_allclose(factors.sum(axis=1), path.effective_dof, rtol=1e-9)
    assert "R2: 0.5177" in printed("ridge_analysis.py")


def test_elastic_net_of_a_torch_network(torch, capsys):
    module = example("torch_elastic_net.py")
    found = module["main"]()
    for name, penalized in (("no penalty", False), ("L2", False), ("L1", True), ("elastic net", True)):
        loss, zeros, used = found[name]
        assert loss < 0.05
        assert used == ([0, 1, 2] if penalized else [*range(30)])
        assert zeros > 0.9 if penalized else zeros == 0.0
    assert found["elastic net"][0] != found["L1"][0]
    assert module["train"](0.03, 1e-2) == found["elastic net"]
    assert "inputs used [0, 1, 2]" in capsys.readouterr().out.splitlines()[-1]


def test_training_of_a_torch_network(torch):
    module = example("torch_training.py")
    found = module["optimizers"](epochs=6)
    assert len(found) == 6
    for history in found.values():
        assert {"train_loss", "val_loss", "weight_norm"} <= set(history)
        assert {len(values) for values in history.values()} == {6}
        assert np.all(np.diff(history["train_loss"]) < 0) and history["val_loss"][-1] < history["val_loss"][0]
        assert history["weight_norm"][-1] > 1
    norms = {name: history["weight_norm"][-1] for name, history in found.items()}
    assert len(set(norms.values())) == 6 and norms["AdamW, weights alone"] > norms["AdamW"]

    _, model = module["run"](lambda model: module["AdamW"](model.parameters(), weight_decay=0.0), 1)
    groups = module["decay_groups"](model, 0.02, lr=1.0, layer_lr_decay=0.9)
    rates = {name: group["lr"] for group in groups for name in group["param_names"]}
    assert rates["network.4.weight"] == 1.0 and rates["network.2.bias"] == pytest.approx(0.9**2)
    assert rates["network.0.weight"] == pytest.approx(0.9**4)


def test_strengths_of_decay_of_a_torch_network(torch, capsys):
    best, found = example("torch_training.py")["strengths"](values=(0.0, 1.0, 100.0), epochs=4)
    assert best == min(found, key=lambda decay: found[decay][0]) != 100.0
    means = [stats["network.0.weight"].mean_abs for _, stats in found.values()]
    assert means[0] > means[1] > 1.2 * means[2] > 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + 1 + 6 and lines[3] == f"Weights at weight_decay={best:g}:"
