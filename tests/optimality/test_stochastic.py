"""Stochastic gradient descent and average gradients: settings together, pieces, averages, and where they end."""

import pickle

import numpy as np
import pytest
from scipy import sparse

import shrinkage
from shrinkage import StochasticModel, elastic_net, saga, sgd, sgd_batches
from shrinkage._trainer import train
from shrinkage.losses import loss_of

LOSSES = (
    "squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive", "log_loss", "hinge",
    "squared_hinge", "modified_huber", "perceptron", "poisson",
)  # fmt: skip
SMOOTH = ("squared_error", "huber", "squared_epsilon_insensitive", "log_loss", "squared_hinge", "modified_huber")
FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "csr": sparse.csr_array, "csc": sparse.csc_array,
         "float32": lambda X: X.astype(np.float32)}  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def data(rng, n=300, p=12, loss="squared_error", density=0.5):
    X = np.round(rng.standard_normal((n, p)) * 16) / 16 * (rng.uniform(size=(n, p)) < density)
    truth = np.where(np.arange(p) % 3, 0.0, 1.0 - 2.0 * (np.arange(p) % 2))
    y = X @ truth + 0.5 + 0.3 * rng.standard_normal(n)
    domain = loss_of(loss).domain
    return X, y if domain == "real" else (y > 0.5).astype(float) if domain == "sign" else rng.poisson(np.exp(0.3 * y))


# ------------------------------------------------------------------------------------------- together and in pieces


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("optimizer, batch", [("sgd", 1), ("sgd", 16), ("nesterov", 16), ("adam", 16)])
def test_settings_together_are_settings_one_by_one(loss, form, optimizer, batch, rng):
    X, y = data(rng, loss=loss)
    X = FORMS[form](X)
    alpha, l1_ratio, lr = np.geomspace(1e-3, 0.1, 5), np.linspace(0, 1, 5), np.geomspace(0.002, 0.005, 5)
    same = {"loss": loss, "optimizer": optimizer, "batch_size": batch, "epochs": 3, "tol": None, "average": 20}
    fit = sgd(X, y, alpha, l1_ratio=l1_ratio, lr=lr, **same)
    for k in range(5):
        one = sgd(X, y, alpha[k], l1_ratio=l1_ratio[k], lr=lr[k], **same)
        np.testing.assert_allclose(fit.coef[k], one.coef, rtol=0, atol=1e-12)
        assert fit.intercept[k] == pytest.approx(one.intercept, abs=1e-12)
        np.testing.assert_allclose(fit.history[:, k], one.history, rtol=1e-12)
        assert fit[k].certificate.objective == pytest.approx(one.certificate.objective, rel=1e-12)


def test_settings_stop_each_at_its_own_time(rng):
    X, y = data(rng, n=1000)
    alpha = np.geomspace(1e-4, 10, 20)  # more than one group
    fit = sgd(X, y, alpha, tol=1e-4, schedule="constant")
    assert len(set(fit.n_epochs)) > 1
    for k in (0, 7, 19):
        one = sgd(X, y, alpha[k], tol=1e-4, schedule="constant")
        assert fit.n_epochs[k] == one.n_epochs == len(one.history)
        np.testing.assert_allclose(fit.coef[k], one.coef, rtol=0, atol=1e-12)
        assert np.isnan(fit.history[one.n_epochs :, k]).all()


@pytest.mark.parametrize("form", ["C", "csr"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam", "adamw"])
@pytest.mark.parametrize("schedule", ["constant", "optimal", "invscaling", "adaptive"])
@pytest.mark.parametrize("batch", [1, 10])
def test_pieces_are_the_whole_to_the_bit(form, optimizer, schedule, batch, rng):
    X, y = data(rng, n=200)
    X, s = FORMS[form](X), rng.uniform(0.0, 2.0, 200)

    def model():
        return StochasticModel(
            [0.05, 0.5], l1_ratio=0.7, loss="huber",
            optimizer=optimizer, schedule=schedule, batch_size=batch, average=30, lr=0.01,
            shuffle=False,
        )  # fmt: skip

    whole, pieces = model().partial_fit(X, y, s), model()
    for k in range(0, 200, 50):
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X[k : k + 50], y[k : k + 50], s[k : k + 50])))
        assert pieces.coef.shape == (2, 12)  # looking does not change it
    for name in ("coef", "intercept", "last_coef", "last_intercept", "n_steps", "n_samples_seen"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    assert np.abs(whole.coef).max() < 10
    assert (whole.last_coef == 0).any() or optimizer.startswith("adam")


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("first", [1, 37])
@pytest.mark.parametrize("batch", [1, 5])
def test_averages_are_the_means_of_iterates_that_are_kept(l1_ratio, first, batch, rng):
    """On a sparse X, whose rows leave most coefficients alone, and with the L1 that moves those all the same."""
    X, y = data(rng, n=150, density=0.15)
    options = {"l1_ratio": l1_ratio, "batch_size": batch, "lr": 0.05, "shuffle": False}
    for form in ("C", "csr"):
        kept, b = [], []
        model = StochasticModel(0.05, **options)
        rows = FORMS[form](X)
        for k in range(0, 150, batch):
            model.partial_fit(rows[k : k + batch], y[k : k + batch])
            kept.append(model.coef), b.append(model.intercept)
        mean = StochasticModel(0.05, average=first, **options).partial_fit(rows, y)
        if first <= len(kept):
            np.testing.assert_allclose(mean.coef, np.mean(kept[first - 1 :], axis=0), rtol=0, atol=1e-14)
            assert mean.intercept == pytest.approx(np.mean(b[first - 1 :]), rel=1e-13)
        else:
            np.testing.assert_allclose(mean.coef, kept[-1], rtol=0, atol=1e-15)
        np.testing.assert_allclose(mean.last_coef, kept[-1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_sparse_is_dense(optimizer, loss, rng):
    X, y = data(rng, n=400, p=30, loss=loss, density=0.1)
    options = {
        "l1_ratio": 0.6, "loss": loss, "optimizer": optimizer, "batch_size": 4, "average": True, "epochs": 4,
        "tol": None, "lr": 0.01,
    }  # fmt: skip
    fit = sgd(X, y, [0.001, 0.05], **options)
    for form in ("csr", "csc", "F"):
        other = sgd(FORMS[form](X), y, [0.001, 0.05], **options)
        np.testing.assert_allclose(other.coef, fit.coef, rtol=0, atol=1e-13)
        np.testing.assert_allclose(other.intercept, fit.intercept, rtol=0, atol=1e-13)


def test_a_seed_gives_the_same_bits_and_another_one_others(rng):
    X, y = data(rng)
    first, again, other = (sgd(X, y, epochs=3, tol=None, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.coef, again.coef)
    assert (first.coef != other.coef).all()
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(sgd(X, y, epochs=3, tol=None, seed=generator).coef, first.coef)
    first, again = (saga(X, y > 0, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.coef, again.coef)


def test_weights_are_repetitions_and_their_scale_is_none_of_ours(rng):
    X, y = data(rng, n=60)
    s = rng.integers(0, 3, 60).astype(float)
    order = np.repeat(np.arange(60), s.astype(int))
    weighted = saga(X, y, 0.05, l1_ratio=0.5, loss="squared_error", sample_weight=s, tol=1e-13)
    repeated = saga(X[order], y[order], 0.05, l1_ratio=0.5, loss="squared_error", tol=1e-13)
    np.testing.assert_allclose(weighted.coef, repeated.coef, rtol=0, atol=1e-6)
    for function in (sgd, saga):
        more = function(X, y, 0.05, loss="squared_error", sample_weight=8.0 * s)
        same = function(X, y, 0.05, loss="squared_error", sample_weight=s)
        np.testing.assert_array_equal(more.coef, same.coef)


# ------------------------------------------------------------------------------------------------- where they end


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("variant", ["saga", "sag"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_saga_ends_at_the_elastic_net(form, variant, fit_intercept, l1_ratio, rng):
    X, y = data(rng)
    X, s = FORMS[form](X), rng.uniform(0.5, 1.5, 300)
    fit = saga(
        X, y, 0.1, l1_ratio=l1_ratio, loss="squared_error", variant=variant, fit_intercept=fit_intercept,
        sample_weight=s, tol=1e-12,
    )  # fmt: skip
    best = elastic_net(X, y, 0.1, l1_ratio=l1_ratio, fit_intercept=fit_intercept, sample_weight=s, tol=1e-14)
    np.testing.assert_allclose(fit.coef, best.coef, rtol=0, atol=1e-5)
    assert fit.intercept == pytest.approx(best.intercept, abs=1e-5)
    assert fit.certificate.converged
    assert fit.certificate.objective == pytest.approx(best.certificate.objective, rel=1e-10)
    assert ((fit.coef == 0) == (best.coef == 0)).all()


@pytest.mark.parametrize("loss", SMOOTH)
@pytest.mark.parametrize("form", ["C", "csr"])
@pytest.mark.parametrize("alpha, l1_ratio", [(0.02, 0.0), (0.02, 1.0), (0.02, 0.5), (0.0, 0.0)])
def test_saga_reaches_the_gap_it_is_asked_for(loss, form, alpha, l1_ratio, rng):
    X, y = data(rng, loss=loss, density=0.9)
    fit = saga(FORMS[form](X), y, alpha, l1_ratio=l1_ratio, loss=loss, tol=1e-9, epochs=5000)
    assert fit.certificate.converged
    if alpha:
        assert 0 <= fit.certificate.relative_gap <= 1e-9
        assert fit.certificate.duality_gap < np.inf
    assert (np.diff(fit.history) <= 1e-13).all()


def test_saga_is_logistic_regression(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = data(rng, n=500, loss="log_loss")
    fit = saga(X, y, 0.01, tol=1e-13)
    theirs = linear_model.LogisticRegression(C=1 / (500 * 0.01), solver="newton-cholesky", tol=1e-12).fit(X, y)
    np.testing.assert_allclose(fit.coef, theirs.coef_[0], rtol=0, atol=1e-5)
    assert fit.intercept == pytest.approx(theirs.intercept_[0], abs=1e-5)
    np.testing.assert_array_equal(fit.predict(X), theirs.predict(X))


def test_saga_solves_many_settings(rng):
    X, y = data(rng, loss="log_loss")
    alphas = np.geomspace(0.1, 1e-3, 6)
    fit = saga(X, y, alphas, l1_ratio=1.0, tol=1e-10)
    assert len(fit) == 6 and fit.certificate.converged
    for k in (0, 5):
        np.testing.assert_allclose(fit[k].coef, saga(X, y, alphas[k], l1_ratio=1.0, tol=1e-10).coef, atol=1e-4)
    assert fit.decision_function(X).shape == (300, 6)


def test_saga_takes_a_shorter_step_where_the_objective_rises(rng):
    """Rows of one direction each: the rate 1 / L of the whole is too long for none, and a longer one is taken back."""
    X, y = data(rng, n=400, p=3, density=1.0)
    X[:, 0] *= 30.0
    fit = saga(X, y, 1e-3, loss="squared_error", tol=1e-10, epochs=20_000)
    assert fit.certificate.converged
    assert (np.diff(fit.history) <= 1e-13).all()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_sgd_comes_near_the_minimum(loss, l1_ratio, rng):
    """Against a certified minimum, or of losses with kinks against the best that many epochs with averages find."""
    if loss == "perceptron":
        pytest.skip("its minimum is all zeros")
    X, y = data(rng, n=1000, p=6, loss=loss, density=1.0)
    options = {"l1_ratio": l1_ratio, "loss": loss, "seed": 1}
    fit = sgd(
        X, y, 0.02, epochs=60, tol=None, lr=1.0 if loss == "log_loss" else 0.1, power_t=0.5, average=30_000, **options
    )
    zero = sgd(X, y, 1e6, epochs=1, tol=None, lr=1e-12, **options).certificate.objective
    if loss in SMOOTH:
        best = saga(X, y, 0.02, l1_ratio=l1_ratio, loss=loss, tol=1e-12, epochs=5000).certificate.objective
    else:
        best = sgd(X, y, 0.02, epochs=300, tol=None, lr=0.2, power_t=0.6, average=150_000, **options)
        best = best.certificate.objective
    assert abs(fit.certificate.objective - best) < 2e-3 * zero
    # the gap that is certified is no less than what is known of it
    assert fit.certificate.duality_gap >= fit.certificate.objective - best - 1e-12


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam"])
def test_every_optimizer_but_adamw_ends_at_the_minimum(optimizer, rng):
    X, y = data(rng, n=200, density=1.0)
    best = elastic_net(X, y, 0.1, l1_ratio=0.5, tol=1e-14)
    # the whole table in a batch: nothing is random
    fit = sgd(
        X, y, 0.1, l1_ratio=0.5, optimizer=optimizer, batch_size=200, epochs=6000, tol=None, schedule="constant",
        lr=0.01,
    )  # fmt: skip
    np.testing.assert_allclose(fit.coef, best.coef, rtol=0, atol=2e-6)
    assert ((fit.coef == 0) == (best.coef == 0)).all()
    # decay beside Adam's steps is another objective, and the certificate says so
    other = sgd(
        X, y, 0.1, l1_ratio=0.5, optimizer="adamw", batch_size=200, epochs=3000, tol=None, schedule="constant",
        lr=0.01,
    )  # fmt: skip
    assert not other.certificate.converged


def test_batches_of_one_step_are_the_optimizers_of_optim(rng):
    """The whole table as a batch, and the same gradients given to `shrinkage.optim`."""
    X, y = data(rng, n=80, density=1.0)
    for name, optimizer in (
        ("adamw", shrinkage.optim.AdamW), ("adam", shrinkage.optim.Adam), ("momentum", shrinkage.optim.SGD),
    ):  # fmt: skip
        w = [np.zeros(12)]
        more = {"momentum": 0.9} if name == "momentum" else {}
        step = optimizer(w, lr=0.01, weight_decay=0.05, **more)
        for _ in range(30):
            step.step([X.T @ (X @ w[0] - y) / 80])
        fit = sgd(
            X, y, 0.05, optimizer=name, batch_size=80, epochs=30, tol=None, schedule="constant", fit_intercept=False
        )
        np.testing.assert_allclose(fit.coef, w[0], rtol=0, atol=1e-13)


# ------------------------------------------------------------------------------------------------ stopping


def test_stopping_on_rows_that_are_not_trained_on(rng):
    X, y = data(rng, n=400)
    fit = sgd(X, y, [1e-4, 1.0], validation_fraction=0.25, tol=1e-5, seed=4)
    assert fit.scores.shape == fit.history.shape
    held = np.sort(np.random.default_rng(4).choice(np.arange(400), size=100, replace=False))
    last = [(y[held] - X[held] @ w - b) ** 2 / 2 for w, b in zip(fit.coef, fit.intercept, strict=True)]
    for k in range(2):
        assert fit.scores[fit.n_epochs[k] - 1, k] == pytest.approx(-np.mean(last[k]), rel=1e-12)
    poisoned = y.copy()
    poisoned[held] = 1e6
    # with no tolerance there is nothing that the other rows could decide
    first, second = (sgd(X, t, 1e-4, validation_fraction=0.25, tol=None, epochs=3, seed=4) for t in (y, poisoned))
    np.testing.assert_array_equal(first.coef, second.coef)


def test_the_certificate_is_of_the_rows_that_were_trained_on(rng):
    X, y = data(rng, n=60)
    fit = sgd(
        X, y, 0.1, l1_ratio=0.5, validation_fraction=0.3, batch_size=42, schedule="constant", lr=0.2, epochs=1500,
        tol=None,
    )  # fmt: skip
    assert fit.certificate.relative_gap < 1e-12


@pytest.mark.parametrize("form", ["C", "csr"])
@pytest.mark.parametrize("loss", ["poisson", "log_loss"])
def test_rows_of_no_weight_are_not_there(form, loss, rng):
    X, y = data(rng, n=100, loss=loss)
    far, s = X.copy(), np.ones(100)
    far[::10] *= 1e9
    s[::10] = 0.0
    kept = s > 0
    for function in (sgd, saga) if loss == "log_loss" else (sgd,):
        fit = function(FORMS[form](far), y, 0.1, loss=loss, sample_weight=s, seed=1)
        one = function(FORMS[form](X[kept]), y[kept], 0.1, loss=loss, seed=1)
        assert fit.certificate.objective == pytest.approx(one.certificate.objective, rel=1e-3)
    model = StochasticModel(0.1, loss=loss).partial_fit(FORMS[form](far), y, s)
    assert np.isfinite(model.coef).all()


def test_many_settings_that_are_thrown_far_say_so(rng):
    X, y = data(rng)
    with pytest.warns(shrinkage.ConvergenceWarning, match="the steps are too long"):
        sgd_batches([(100.0 * X, y)], 1e-4, epochs=20)


def test_adaptive_rates_fall_where_nothing_improves(rng):
    X, y = data(rng)
    fit = sgd(X, y, [1e-4, 1e-2], schedule="adaptive", lr=0.05)
    assert (fit.lr < 1e-5).all()
    assert np.isin(np.round(np.log(0.05 / fit.lr) / np.log(5)), np.arange(20)).all()


def test_a_warning_where_epochs_run_out(rng):
    X, y = data(rng)
    with pytest.warns(shrinkage.ConvergenceWarning, match="still improved after 2 epochs"):
        sgd(X, y, epochs=2)
    with pytest.warns(shrinkage.ConvergenceWarning, match="relative duality gap"):
        saga(X, y > 0.5, epochs=1, tol=1e-9)


def test_train_counts_epochs_without_improvement(rng):
    """The objective of a model that does not move never improves: it stops after the first and `patience` more."""
    X, y = data(rng)
    model = StochasticModel(0.1, lr=1e-300)
    samples = shrinkage._design.Samples(X, y, loss=model.recipe.loss)
    model.begin(samples)
    _, progress = train(model.groups, samples, samples.s, np.arange(300), model.rng, epochs=50, tol=1e-3, patience=4)
    assert progress.epochs.tolist() == [5] and progress.stopped.all()


# ------------------------------------------------------------------------------------------------ pieces of a table


def test_batches_out_of_core(rng):
    X, y = data(rng, n=600)
    pieces = [(X[k : k + 100], y[k : k + 100]) for k in range(0, 600, 100)]
    seen = []
    fit = sgd_batches(
        pieces, [1e-3, 0.1], l1_ratio=0.5, epochs=4, shuffle=False, callback=lambda epoch, model: seen.append(epoch)
    )
    whole = sgd(X, y, [1e-3, 0.1], l1_ratio=0.5, epochs=4, tol=None, shuffle=False)
    np.testing.assert_array_equal(fit.coef, whole.coef)
    assert seen == [1, 2, 3, 4]
    for mine, theirs in zip(fit.certificates, whole.certificates, strict=True):
        assert mine.objective == pytest.approx(theirs.objective, rel=1e-12)
        assert mine.duality_gap == pytest.approx(theirs.duality_gap, rel=1e-8)
    again = sgd_batches(lambda: iter(pieces), [1e-3, 0.1], l1_ratio=0.5, epochs=4, shuffle=False)
    np.testing.assert_array_equal(again.coef, fit.coef)
    once = sgd_batches(iter(pieces), 1e-3, shuffle=False)
    assert np.isnan(once.certificate.relative_gap) and not once.certificate.converged


def test_nothing_of_the_callers_is_changed(rng):
    X, y = data(rng)
    s, w = rng.uniform(size=300), np.ones(12)
    for form in FORMS.values():
        Z = form(X)
        parts = [Z.data, Z.indices, Z.indptr] if sparse.issparse(Z) else [Z]
        copies = [np.array(part) for part in (*parts, y, s, w)]
        for part in (*parts, y, s, w):
            part.flags.writeable = False
        sgd(Z, y, epochs=2, tol=None, sample_weight=s, coef_init=w)
        saga(Z, y, loss="squared_error", sample_weight=s, coef_init=w)
        for part, copy in zip((*parts, y, s, w), copies, strict=True):
            np.testing.assert_array_equal(part, copy)


def test_poisson_predicts_counts_and_classes_have_their_names(rng):
    X, y = data(rng, loss="poisson")
    fit = sgd(X, y, 1e-3, loss="poisson", lr=0.01)
    np.testing.assert_allclose(fit.predict(X), np.exp(fit.decision_function(X)))
    X, y = data(rng, loss="log_loss")
    assert set(sgd(X, y, loss="hinge").predict(X)) == {0.0, 1.0}
    assert set(sgd(X, 2 * y - 1, loss="hinge").predict(X)) == {-1.0, 1.0}
    assert set(saga(X, y > 0.5).predict(X)) == {0.0, 1.0}
