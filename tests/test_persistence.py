"""Model files: every bit comes back, and nothing that is not a model gets in."""

import base64
import dataclasses
import json
import os
import pickle
import stat
import sys
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from scipy import sparse

import shrinkage
from shrinkage import persistence
from shrinkage._result import METHODS
from shrinkage.conventions import CONVENTIONS
from shrinkage.persistence import Column, Model, load, load_model, save

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions, links and pipes")


def assert_same(a, b):
    """Equal in type of container, dtype, shape and every bit."""
    if dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        for field in dataclasses.fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, np.ndarray):
        assert isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes()
    elif isinstance(a, tuple):
        assert type(b) is tuple and len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_same(one, other)
    elif isinstance(a, dict):
        assert type(b) is dict and a.keys() == b.keys()
        for name in a:
            assert_same(a[name], b[name])
    elif sparse.issparse(a):
        assert type(a) is type(b) and a.shape == b.shape
        for name in ("data", "indices", "indptr"):
            assert_same(getattr(a, name), getattr(b, name))
    elif isinstance(a, float):
        assert isinstance(b, float) and np.float64(a).tobytes() == np.float64(b).tobytes()
    else:
        assert a == b


def problem(n=40, p=3, t=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, rng.normal(size=n if t is None else (n, t)) + X[:, :1].reshape(n, *[1] * (t is not None))


@pytest.fixture
def fit():
    return dataclasses.replace(
        shrinkage.ridge(*problem(), 0.1), feature_names=("größe", "重さ", "c"), target_names=("y\u0301",)
    )


@pytest.fixture
def path(fit, tmp_path):
    save(fit, tmp_path / "model.npz")
    return tmp_path / "model.npz"


# --- round trips --------------------------------------------------------------------------------------------


def test_fit_comes_back_bit_for_bit(fit, path):
    assert_same(fit, load(path))


def test_of_a_posterior_the_mean_is_kept(tmp_path):
    fit = shrinkage.ridge_bayes(*problem())
    save(fit, tmp_path / "m.npz")
    fields = {field.name: getattr(fit, field.name) for field in dataclasses.fields(shrinkage.Fit)}
    assert_same(shrinkage.Fit(**fields), load(tmp_path / "m.npz"))


def test_fit_with_extreme_numbers(fit, path):
    certificate = dataclasses.replace(fit.certificate, duality_gap=float("nan"), rcond=5e-324)
    extreme = dataclasses.replace(
        fit,
        coef=np.array([-0.0, 5e-324, 1.7976931348623157e308]),
        intercept=-0.0,
        alpha=0.1 + 0.2,
        effective_dof=float("nan"),
        sum_weights=1 / 3,
        penalty_factor=np.array([0.0, 1.0, np.inf]),
        certificate=certificate,
        feature_names=None,
        target_names=None,
    )
    save(extreme, path)
    assert_same(extreme, load(path))


@pytest.mark.parametrize("alpha", [0.1, [0.1, 0.2]], ids=["one alpha", "alpha per target"])
def test_fit_of_several_targets(alpha, tmp_path):
    fit = shrinkage.ridge(*problem(t=2), alpha, penalty_factor=[1.0, 0.0, np.inf])
    save(fit, tmp_path / "m.npz")
    assert_same(fit, load(tmp_path / "m.npz"))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("alpha", [0.1, [0.1, 0.2]], ids=["one alpha", "alpha per target"])
def test_models_of_every_convention(convention, alpha, tmp_path):
    per_target = alpha != 0.1
    X, y = problem(t=2 if per_target else None)
    options = {"convention": convention}
    cv = shrinkage.ridge_cv(X, y, [1.0, 0.1], alpha_per_target=per_target, **options)
    fits = [shrinkage.ridge(X, y, alpha, **options), *shrinkage.ridge_path(X, y, [1.0, 0.1], **options), cv.fit]
    for model in (*map(Model, fits), Model(cv.fit, cv)):
        save(model, tmp_path / "m.npz")
        assert_same(model, load_model(tmp_path / "m.npz"))


@pytest.mark.parametrize("t", [None, 1, 2])
def test_models_without_features(t, tmp_path):
    cv = shrinkage.ridge_cv(np.empty((40, 0)), problem(t=t)[1], [1.0, 0.1])
    save(cv, tmp_path / "m.npz")
    assert_same(Model(cv.fit, cv), load_model(tmp_path / "m.npz"))


@pytest.mark.parametrize("t", [None, 2])
@pytest.mark.parametrize("per_target", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_cross_validation_comes_back_without_errors(method, per_target, t, tmp_path):
    if per_target and t is None:
        pytest.skip("one target has no alpha per target")
    X, y = problem(t=t)
    options = {"store_errors": method == "loo", "rule": "1se" if method in ("loo", "cv") else "min"}
    cv = shrinkage.ridge_cv(X, y, method=method, n_alphas=7, alpha_per_target=per_target, **options)
    save(cv, tmp_path / "m.npz")
    model = load_model(tmp_path / "m.npz")
    assert model.cross_validation.errors is None
    assert (model.cross_validation.fold_scores is not None) == (method == "cv")
    assert_same(dataclasses.replace(cv, errors=None), model.cross_validation)
    assert_same(cv.fit, load(tmp_path / "m.npz"))
    np.testing.assert_array_equal(model.fit.predict(X), cv.predict(X))


def test_model_keeps_columns_and_facts(fit, tmp_path):
    fit = dataclasses.replace(fit, feature_names=("größe", "stadt=Köln", "stadt=東京"))
    columns = (Column("größe"), Column("stadt", ("Köln", "東京")))
    about = {"data": "a.csv", "rows": 3, "r2": 0.1 + 0.2, "weights": None, "standardize": True}
    model = Model(fit, None, columns, about)
    save(model, tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert_same(model, again)
    assert again.columns[1].features == ("stadt=Köln", "stadt=東京")


def test_names_that_are_not_valid_unicode(fit, path):
    odd = dataclasses.replace(fit, feature_names=("\udc80", "a\0b", "\x1b[31m"))
    save(odd, path)
    assert load(path).feature_names == odd.feature_names


def test_equal_models_are_equal_files(fit, path, tmp_path):
    save(fit, tmp_path / "again.npz")
    assert path.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_numpy_alone_opens_a_model(fit, path):
    with np.load(path, allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["fit.coef"], fit.coef)
        assert json.loads(archive["model"].tobytes())["schema"] == "shrinkage.model"


def test_loaded_arrays_are_the_readers_own(path):
    load(path).coef[0] = 1.0
    assert load(path).coef.flags.aligned


def test_save_refuses_other_objects(tmp_path):
    with pytest.raises(TypeError, match=r"SparsePath, Path or Model, not dict"):
        save({}, tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_save_refuses_facts_that_json_cannot_hold(fit, tmp_path):
    with pytest.raises(ValueError, match=r"about\['when'\] must be .* not list"):
        save(Model(fit, about={"when": [1]}), tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


# --- paths and the folds of elastic nets --------------------------------------------------------------------


#: A cross-validated model that was written as version 1, compressed and in base 85.
OLD = (
    "c-qxiUuYaf7~hyCH8E+En7*_`)@@5vlH+#o-=-FFPbyYpP(w{bm+9_YZq4q_F}rs)P0or>@j(p;Mt!JJ0;LK?UrGxiKD3Vtg7!s(VhDYaS`|"
    "bTtTVGaX?9$%(L^~XcRA+I_uKC`-=Fzr$B(q`7?#3zx72<4hw6=}bx8e^i!A7*yvl5g)FZvn8ZP6%ua8YUIzHJV)ug#W3;HG=JR}d!SJlBGd"
    "9Z|VfPrTqY(YBy0C0Rr#{Dv=K+?abkk1d@J0#cTf809f6yGdE7bu5h#V=#qn*q}>#Z*>?WTghNZzGS)s-))`0l?ER@JZjRIu02s*#YUyDUND"
    "j5ZH)x(y26=Fp*b-UJwc^Ch(AFn}C7($RW6N7~0d&yE$ZF2>eh0c~EAv7BrDtLB36)WJFfUB?y8lhQ7j7@_}1%AXO>H`s=fy&VJQ3juWIZ(>"
    "lj=BT5^#7eH*n3ROSARamDwLmb#8qGkXYDRk^PXa;r-GFDn9tLeFd%KztygjEHO9n2cjphBOQ8X3v!>8zU1XR_(Mo`=I3ssn}&pfJ(0d@8MG"
    "vxRg<Pv^2(Et4b5G_q`FCNOF?qHDt~CvbX}uFYn&oTjTf99HvuZ;2tSNO#8D4%nWC&+~1n*#?uSnpRLV8Eqt|=L_i(jXn<(911Z8#whz};|v"
    "eDZ1<j4eES4co*`4A**DD0vSAY=-#2Px3oNel9MJ?gl`^2~w9p{Pv3SpgK^a-hBWg-xFTquZ?z`gJp2CcSoT}@w$CHN;O_<A44auYfYtZ3tS"
    "*N;zW2hRsCee+#H%OU2dniW7nJ?7q<FUY<Y+JdD2W}S$T;e7v6TuRX-Gyi+|4oeD!zF!Fv8!$|a!Krdea<DH-$vssZY&s6oJDWMV%^#Q6)Ia"
    "LLa1CkI)CZt{F*>T`gm6#r_vo!Vb0a8G~RxTwhID{m-=3t<TUm~G+?O|rWV6OrDmmb>gp`{TodSgF!fC<r_&$N;km<wz-!iUiPR{@+0+l7eo"
    "r(GXXBGp1e=x4XZN2hom&1`FwVpqKdwjrK0-%K(P8}foYZ0@xVRmpwC%Fd_0i-&`hNB0^9{-QCL(8Fvy%IE@{5N)T^cHuAJg9bu-G9u;@EI|"
    "8z*-lkz4>g3t-ED7$e-YEU)g?o~*t3-RStv-p8-iei2OgRPpj9&QeKYnV1-xjpGDsYoo~ta^tbJ_b+4c|8<6~eDu!y4LRAQQh)yMakBq2PA!"
    "ohaZZO%U;MoxCzei{)lSJ-WZ=tJmN=*Vx6UHXN-jBh{M6HZkdu>>$kD5Y5kCZ$BkASsNgcAb#S8b96a8l&1gYYSOHW+KoxhH*>aVWqpWjzpu"
    "m{%e{G^YVv*oto*7(~5`m%t2JEWU!h57XQy9H5<-enddgLcKlE)bxNHycrs-XFMRZ%p#!4(ZRg2~nITKQ7)K6Mwi(idXQWD6NyZ=$@EpZ@ZL"
    "SHH#3mHsuigF^DS>gjlJH2(%tdR^seVDY-fnA!rS@7@b!8Vi5J)rA8H*2t@0hWT2@IsZsSK0@2!n109F~6*{F&RT?59J;yns5<?ugL)yft-p"
    "FnC#_(FYqy{Ibh(ph*WSp;(aMn*P5r>`)$v9`ar3NR3h(q%+$JrnEg<aBSva<+CbKr86&*ZpI?3Qks5yy|TwbRu-<nLJ$&X4ra-XF5%HoE"
)


def test_a_file_of_version_1_is_read(tmp_path):
    (tmp_path / "m.npz").write_bytes(zlib.decompress(base64.b85decode(OLD)))
    model = load_model(tmp_path / "m.npz")
    assert model.fit.feature_names == ("size",) and model.columns == (Column("size"),) and model.path is None
    assert model.about == {"data": "a.csv", "rows": 5}
    assert model.fit.coef.tolist() == pytest.approx([12 / 7])
    assert model.fit.intercept == pytest.approx(0.6714285714285713) and model.fit.alpha == 0.1
    assert model.cross_validation.scores.tolist() == pytest.approx([14.29638889, 3.15658689])
    assert model.cross_validation.fit is model.fit
    again = tmp_path / "again.npz"
    save(model, again)
    # What version 1 can say is written in it, to the byte
    assert again.read_bytes() == (tmp_path / "m.npz").read_bytes()


def of_paths():
    X, y = problem(seed=1, p=5)
    weights = {"sample_weight": np.arange(40.0) % 3, "penalty_factor": [1.0, 0.0, np.inf, 2.0, 1.0]}
    yield "lasso", shrinkage.elastic_net_path(X, y, 9)
    yield "one alpha", shrinkage.elastic_net_path(X, y, [0.1])
    yield "null", shrinkage.elastic_net_path(X, y, [1e3, 1e2])
    yield "inverse", shrinkage.elastic_net_path(X, y, 5, convention="inverse", fit_intercept=False)
    yield "weighted", shrinkage.elastic_net_path(X, y, 9, l1_ratio=0.3, standardize=True, lower=0.0, **weights)
    Y = np.c_[y, X[:, 1] - y, X[:, 2]]
    yield "multi-task", shrinkage.elastic_net_path(X, Y, 6, l1_ratio=0.7, multi_task=True)
    yield "multi-task of one", shrinkage.elastic_net_path(X, Y[:, :1], 6, multi_task=True, fit_intercept=False)
    yield "no feature", shrinkage.elastic_net_path(np.empty((40, 0)), y, 3)
    yield "ridge", shrinkage.ridge_path(X, y, [1.0, 0.1])
    yield "ridge of two targets", shrinkage.ridge_path(X, np.c_[y, -y], [1.0, 0.1], convention="sum")


PATHS = dict(of_paths())


@pytest.mark.parametrize("name", PATHS)
def test_a_path_comes_back_bit_for_bit(name, tmp_path):
    path = PATHS[name]
    save(path, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert_same(path, again)
    assert_same(path[0], again[0])
    assert repr(path) == repr(again)
    model = load_model(tmp_path / "m.npz")
    assert model.fit is None and model.whole_path is model.path
    with pytest.raises(ValueError, match=r"a path and no single model: save one of its solutions, path\[k\]"):
        _ = model.chosen
    save(model, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


def test_the_methods_of_a_path_work_on_one_that_was_read(tmp_path):
    X, _ = problem(seed=1, p=5)
    path = PATHS["weighted"]
    save(path, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    np.testing.assert_array_equal(again.predict(X), path.predict(X))
    middle = float(np.sqrt(path.alphas[3] * path.alphas[4]))
    np.testing.assert_array_equal(again.predict(X, alpha=middle), path.predict(X, alpha=middle))
    for criterion in ("aic", "bic", "ebic"):
        np.testing.assert_array_equal(again.criterion(criterion), path.criterion(criterion))
        assert_same(again.select(criterion), path.select(criterion))
    assert [again.active(k).tolist() for k in range(9)] == [path.active(k).tolist() for k in range(9)]


def test_a_path_that_was_read_is_solved_again(tmp_path):
    X, y = problem(seed=1, p=5)
    weight = np.arange(40.0) % 3
    path = PATHS["weighted"]
    save(path, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    alpha = 0.5 * float(path.alphas[-1])
    data = (X, y, weight)
    np.testing.assert_array_equal(again.predict(X, alpha, data=data), path.predict(X, alpha, data=data))
    assert_same(again.select("cv", data=data, folds=4), path.select("cv", data=data, folds=4))


def test_indices_of_any_width_come_back(tmp_path):
    path = PATHS["lasso"]
    coefs = path.coefs.copy()
    coefs.indices, coefs.indptr = coefs.indices.astype(np.int32), coefs.indptr.astype(np.int32)
    narrow = dataclasses.replace(path, coefs=coefs, n_active=path.n_active.astype(np.int32))
    save(narrow, tmp_path / "m.npz")
    assert_same(narrow, load(tmp_path / "m.npz"))


@pytest.mark.parametrize(
    ("alphas", "options"),
    [
        (6, {}),
        (6, {"l1_ratio": [0.2, 0.9], "rule": "1se", "metric": "mae"}),
        ([1.0, 0.1, 0.01], {"l1_ratio": [0.0, 0.5], "folds": 4}),
        ([1.0, 0.1, 0.01], {"l1_ratio": 0.0, "folds": 4, "standardize": True}),
        ([0.1], {"folds": [(np.arange(30), np.arange(30, 40))]}),
        (5, {"convention": "inverse", "metric": lambda y, predicted, weights: np.max(np.abs(y - predicted))}),
    ],
)
def test_folds_of_an_elastic_net_come_back_bit_for_bit(alphas, options, tmp_path):
    X, y = problem(seed=2, p=4)
    cv = shrinkage.cross_validate(X, y, alphas, **options)
    save(cv, tmp_path / "m.npz")
    model = load_model(tmp_path / "m.npz")
    assert_same(cv, model.cross_validation)
    assert_same(cv.fit, load(tmp_path / "m.npz"))
    assert repr(cv) == repr(model.cross_validation) and model.path is None
    assert model.whole_path is model.cross_validation.path
    save(model, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


def test_a_chosen_fit_is_kept_beside_its_path(tmp_path):
    path = PATHS["lasso"]
    model = Model(path.select("bic"), None, None, {"criterion": "bic"}, path)
    save(model, tmp_path / "m.npz")
    assert_same(model, load_model(tmp_path / "m.npz"))
    assert_same(model.fit, load(tmp_path / "m.npz"))


def test_folds_of_several_targets_come_back_bit_for_bit(tmp_path):
    X, y = problem(seed=2, p=4)
    cv = shrinkage.cross_validate(X, np.c_[y, X[:, 0]], 6, multi_task=True, rule="1se")
    save(cv, tmp_path / "m.npz")
    assert_same(cv, load_model(tmp_path / "m.npz").cross_validation)


@pytest.mark.parametrize("alpha", [(0.1, 0.2), (np.array([0.1, 0.2]), np.array([0.2, 0.4])), (0.0, 0.3)])
def test_a_pair_of_lambdas_comes_back(alpha, tmp_path):
    X, y = problem()
    y = np.c_[y, -y] if isinstance(alpha[0], np.ndarray) else y
    fit = shrinkage.elastic_net(X, y, alpha, convention="two_lambda")
    save(fit, tmp_path / "m.npz")
    assert_same(fit, load(tmp_path / "m.npz"))


def test_certificates_of_every_target_come_back(fit, tmp_path):
    each = (fit.certificate, dataclasses.replace(fit.certificate, n_iter=7))
    several = shrinkage.ridge(*problem(t=2), 0.1)
    for model in (several, dataclasses.replace(several, target_certificates=each)):
        save(model, tmp_path / "m.npz")
        assert_same(model, load(tmp_path / "m.npz"))


def trained(alpha=0.1, loss="log_loss", **options):
    """A model that was trained by gradient descent."""
    X, y = problem()
    y = y if loss == "huber" else (y > 0).astype(float)
    return shrinkage.sgd_batches([(X, y)], alpha, loss=loss, epochs=4, **options)


@pytest.mark.parametrize("alpha", [0.1, [0.1, 0.2], [0.3]])
@pytest.mark.parametrize("loss", ["log_loss", "huber", "poisson", "perceptron"])
def test_a_stochastic_fit_comes_back_bit_for_bit(alpha, loss, tmp_path):
    fit = trained(alpha, loss, epsilon=0.7)
    save(fit, tmp_path / "model.npz")
    assert_same(fit, load(tmp_path / "model.npz"))
    assert meta_of(tmp_path / "model.npz")["version"] == 3
    X, _ = problem()
    np.testing.assert_array_equal(load(tmp_path / "model.npz").predict(X), fit.predict(X))


def test_other_stochastic_fits_come_back(tmp_path):
    import pandas

    X, y = problem(60)
    frame = pandas.DataFrame(X, columns=["größe", "重さ", "c"])
    for fit in (
        shrinkage.saga(frame, y > 0, [0.1, 0.01], l1_ratio=[0.5, 1.0]),
        shrinkage.sgd(frame, np.where(y > 0, 1, -1), 0.1, loss="hinge", validation_fraction=0.2),
    ):
        save(fit, tmp_path / "model.npz")
        assert_same(fit, load(tmp_path / "model.npz"))


@pytest.fixture
def training():
    return persistence.Training(
        "y", 40, np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 2.0]), np.array([0.2, 0.1]), np.zeros(2), 1,
        np.array([0.5, 0.25]), np.array([0.1, 0.2]), ("no", "yes"),
    )  # fmt: skip


@pytest.fixture
def stochastic(training, tmp_path):
    columns = (Column("a"), Column("b", ("u", "v")))
    save(Model(trained(), None, columns, {"data": "d.csv"}, None, training), tmp_path / "model.npz")
    return tmp_path / "model.npz"


def test_a_training_comes_back_bit_for_bit(stochastic, training):
    model = load_model(stochastic)
    assert_same(model.training, training)
    assert_same(model.fit, trained())
    assert model.columns == (Column("a"), Column("b", ("u", "v"))) and model.about == {"data": "d.csv"}
    rewrite(stochastic)
    assert_same(load_model(stochastic), model)
    bare = dataclasses.replace(training, scores=None, standard_errors=None, labels=None)
    save(dataclasses.replace(model, training=bare), stochastic)
    assert_same(load_model(stochastic).training, bare)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"stochastic": {}}, r"'n_features' .* is missing"),
        ({"stochastic": 1}, r"'stochastic' .* is 1, not a valid dict"),
        ({"stochastic.n_features": 4}, r"shape \(3,\) where \(4,\) belongs"),
        ({"stochastic.n_history": 10**12}, r"shape \(4,\) where \(1000000000000,\)"),
        ({"stochastic.loss": {"name": "cubic", "parameter": 0.0}}, r"its loss is not known \(loss must be one of"),
        ({"stochastic.loss": {"name": "huber", "parameter": float("nan")}}, r"its loss is not known \(epsilon"),
        ({"stochastic.loss": {"name": "log_loss"}}, r"'parameter' .* is missing"),
        ({"stochastic.classes": None}, r"classes cannot be those of log_loss: None"),
        ({"stochastic.classes": [0.0, 2.0]}, r"classes cannot be those of log_loss: \[0\.0, 2\.0\]"),
        ({"stochastic.certificates": []}, r"'certificates' .* must be 1 objects"),
        ({"stochastic.certificates": None}, r"it has no certificates"),
        ({"stochastic.feature_names": ["a"]}, r"'feature_names' .* must be 3 strings"),
        ({"n_targets": 2}, r"must be 2 objects"),
        ({"training.target": 1}, r"'target' .* is 1"),
        ({"training.labels": ["a"]}, r"'labels' .* must be 2 strings"),
        ({"training.index": 2}, r"its penalty was chosen where it does not say"),
        ({"training.index": 0}, r"its penalty was chosen where it does not say"),
        ({"training.n_settings": 3}, r"shape \(2,\) where \(3,\) belongs"),
        ({"training": None}, r"'training\..*npy' is not part of a model"),
        ({"columns": [{"name": "a", "levels": None}]}, r"do not make 3 features"),
    ],
)
def test_hostile_description_of_a_stochastic_fit_is_refused_with_its_reason(stochastic, change, match):
    meta = meta_of(stochastic)
    for name, value in change.items():
        part, _, key = name.partition(".")
        meta[part] = meta[part] | {key: value} if key else value
    rewrite(stochastic, {"model.npy": meta_bytes(meta)})
    refused(stochastic, match)


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("fit.alpha", -0.1, r"its alpha is not finite and 0 or more: -0\.1"),
        ("fit.l1_ratio", 1.5, r"its l1_ratio is not between 0 and 1"),
        ("fit.coef", None, r"member 'fit\.coef\.npy' is missing"),
        ("fit.coef", [[1.0, 2.0, 3.0]], r"shape \(1, 3\) where"),
        ("training.alphas", [np.nan, 0.1], r"its alpha is not finite and 0 or more"),
        ("training.l1_ratios", [-1.0, 0.0], r"its l1_ratio is not between 0 and 1"),
        ("training.standard_errors", None, r"its scores have no standard errors"),
        ("training.feature_scale", [1.0], r"shape \(1,\) where \(3,\) belongs"),
    ],
)
def test_impossible_numbers_of_a_stochastic_fit_are_refused(stochastic, name, data, match):
    rewrite(stochastic, {f"{name}.npy": None if data is None else array(data)})
    refused(stochastic, match)


def test_what_a_stochastic_fit_cannot_have(fit, training, tmp_path):
    X, y = problem()
    both, bare, name = trained([0.1, 0.2]), trained(0.1, "huber"), tmp_path / "model.npz"
    with pytest.raises(ValueError, match="a training is that of a StochasticFit"):
        save(Model(fit, training=training), name)
    with pytest.raises(ValueError, match="no cross-validation and no path"):
        save(Model(trained(), shrinkage.ridge_cv(X, y)), name)
    with pytest.raises(ValueError, match="of several settings"):
        save(Model(both, training=training), name)
    with pytest.raises(ValueError, match="its classes have names, and there are none"):
        save(Model(bare, training=training), name)
    assert not name.exists()


def test_save_refuses_a_path_that_is_not_finite(tmp_path):
    path = PATHS["lasso"]
    coefs = path.coefs.copy()
    coefs.data[0] = np.nan
    with pytest.raises(ValueError, match="the coefficients of its path are not all finite"):
        save(dataclasses.replace(path, coefs=coefs), tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_a_path_that_does_not_know_how_it_was_fitted(tmp_path):
    X, y = problem(seed=1, p=5)
    path = dataclasses.replace(PATHS["lasso"], _options={})
    save(path, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert_same(path, again)
    with pytest.raises(ValueError, match="does not know how it was fitted"):
        again.predict(X, float(path.alphas[1]), data=(X, y))
    for options in ({"l1_ratio": 1.0}, path._options | PATHS["weighted"]._options):
        with pytest.raises(ValueError, match=r"its path (must have the options|has options of another problem)"):
            save(dataclasses.replace(path, _options=options), tmp_path / "other.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_save_refuses_two_paths_and_none(tmp_path):
    X, y = problem()
    cv = shrinkage.cross_validate(X, y, 3)
    with pytest.raises(ValueError, match="path of a SparseCrossValidation is its own"):
        save(Model(cv.fit, cv, path=cv.path), tmp_path / "m.npz")
    with pytest.raises(ValueError, match="needs a fit, or a path"):
        save(Model(None), tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


# --- hostile files ------------------------------------------------------------------------------------------


def header(descr="<f8", shape="(3,)", fortran="False", version=b"\x01\x00"):
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text


def array(values):
    values = np.asarray(values, "<f8")
    return header(shape=repr(values.shape)) + values.tobytes()


def meta_bytes(meta):
    text = meta if isinstance(meta, bytes) else json.dumps(meta).encode()
    return header("|u1", f"({len(text)},)") + text


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def meta_of(path):
    content = members(path)["model.npy"]
    return json.loads(content[content.index(b"\n") + 1 :])


def rewrite(path, changes=(), *, compression=zipfile.ZIP_STORED, extra=()):
    """Write the members again, some changed (None: left out), so that every checksum is right."""
    content = members(path) | dict(changes)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")
        for name, data in [*content.items(), *extra]:
            if data is not None:
                archive.writestr(name, data)


def refused(path, match):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=match) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert str(path) in str(caught.value).replace("\\\\", "\\")


def test_rewriting_unchanged_is_accepted(fit, path):
    # The rewriting of the tests below is not itself what is refused
    rewrite(path)
    assert_same(fit, load(path))
    rewrite(path, {"model.npy": meta_bytes(meta_of(path)), "fit.coef.npy": array(fit.coef)})
    assert_same(fit, load(path))


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("fit.coef.npy", header(shape="(1000000000000,)"), r"shape \(1000000000000,\) where \(3,\) belongs"),
        ("fit.coef.npy", header(shape="(3,)") + b"\0" * 16, r"claims 3 elements and holds 16 bytes"),
        ("fit.coef.npy", header(shape="(3,)") + b"\0" * 32, r"claims 3 elements and holds 32 bytes"),
        ("fit.coef.npy", array([1.0, 2.0]), r"shape \(2,\) where \(3,\) belongs"),
        ("fit.coef.npy", array([[1.0, 2.0, 3.0]]), r"shape \(1, 3\) where"),
        ("fit.coef.npy", header(shape="(-3,)"), r"negative shape \(-3,\)"),
        ("fit.coef.npy", header(shape="(-1, -3)") + b"\0" * 24, r"negative shape \(-1, -3\)"),
        ("fit.coef.npy", header("|O") + pickle.dumps([1, 2, 3]), r"dtype '\|O' where '<f8' belongs"),
        ("fit.coef.npy", header(">f8") + b"\0" * 24, r"dtype '>f8' where '<f8' belongs"),
        ("fit.coef.npy", header("<f4") + b"\0" * 12, r"dtype '<f4' where"),
        ("fit.coef.npy", header(fortran="True") + b"\0" * 24, r"Fortran order"),
        ("fit.coef.npy", header(version=b"\x02\x00"), r"not an array of \.npy version 1\.0"),
        ("fit.coef.npy", b"", r"not an array"),
        ("fit.coef.npy", b"\x93NUMPY\x01\x00", r"not an array"),
        ("fit.coef.npy", header(shape="(__import__('os'),)"), r"unreadable array header"),
        ("fit.coef.npy", header(shape="(1 2,)"), r"unreadable shape"),
        ("fit.coef.npy", header(shape=f"({'9' * 5000},)"), r"unreadable shape"),
        ("fit.coef.npy", header()[:20], r"unreadable array header"),
        ("fit.intercept.npy", array([1.0]), r"shape \(1,\) where \(\) belongs"),
        ("fit.coef.npy", None, r"member 'fit\.coef\.npy' is missing"),
        ("fit.evil.npy", array([1.0]), r"member 'fit\.evil\.npy' is not part of a model"),
        ("../../evil.npy", array([1.0]), r"not part of a model"),
        ("cross_validation.alphas.npy", array([1.0]), r"not part of a model"),
        ("model.npy", None, r"not a shrinkage model \(no member 'model\.npy'\)"),
        ("model.npy", array([1.0]), r"dtype '<f8' .* not JSON"),
        ("model.npy", header("|u1", "(1000000000000,)"), r"shape \(1000000000000,\), which is not JSON"),
        ("model.npy", meta_bytes(b"{"), r"not JSON"),
        ("model.npy", meta_bytes(b"\xff\xfe\xfd"), r"not JSON"),
        ("model.npy", meta_bytes(b"[" * 100_000), r"damaged|not JSON"),
        ("model.npy", meta_bytes([]), r"its schema is not 'shrinkage\.model'"),
        ("model.npy", meta_bytes({"schema": "other.model", "version": 1}), r"its schema is not"),
    ],
)
def test_hostile_member_is_refused_with_its_reason(path, name, data, match):
    rewrite(path, {name: data})
    refused(path, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 4}, r"newer shrinkage \(model version 4, this one reads up to 3\).*--upgrade"),
        ({"version": 0}, r"version 0 does not exist"),
        ({"version": "1"}, r"'version' .* is '1', not a valid int"),
        ({"version": True}, r"'version' .* is True"),
        ({"n_targets": -1}, r"'n_targets' .* is -1"),
        ({"n_targets": 1}, r"shape .* where"),
        ({"n_targets": 0}, r"it has no target"),
        ({"fit": None}, r"'fit' .* is None, not a valid dict"),
        ({"fit": {}}, r"'l1_ratio' .* is missing"),
        ({"fit": {"convention": "three_lambda"}}, r"convention that is not known, 'three_lambda'"),
        ({"fit": {"sum_weights": 0.0}}, r"its sum of weights is 0\.0, not a positive number"),
        ({"fit": {"sum_weights": float("nan")}}, r"its sum of weights is nan"),
        (
            {"fit": {"sum_weights": 1e-320, "convention": "sum"}},
            r"its alpha is impossible \(alpha=0\.1 .* beyond the range",
        ),
        ({"cross_validation": {"n_alphas": 0}}, r"has no alpha"),
        ({"cross_validation": {"n_alphas": 1, "method": "kfold"}}, r"of a kind that is not known, 'kfold'"),
        ({"cross_validation": {"n_alphas": 1, "method": "loo"}}, r"'rule' .* is missing"),
        ({"cross_validation": {"n_alphas": 1, "method": "loo", "rule": "2se"}}, r"a rule that is not known, '2se'"),
        ({"cross_validation": {"n_alphas": 1, "method": "cv", "rule": "min", "n_folds": "5"}}, r"'n_folds' .* is '5'"),
        (
            {
                "cross_validation": {
                    "n_alphas": 1,
                    "method": "cv",
                    "rule": "min",
                    "n_folds": 5,
                    "convention": "canonical",
                }
            },
            r"'cross_validation\.alpha\.npy' is missing",
        ),
        ({"fit": {"convention": "x" * 99}}, r"convention that is not known, 'x{39}"),
        ({"certificate": {}}, r"'objective' .* is missing"),
        ({"feature_names": ["a"]}, r"'feature_names' .* must be 3 strings"),
        ({"feature_names": [1, 2, 3]}, r"'feature_names' .* must be 3 strings"),
        ({"feature_names": "abc"}, r"'feature_names' .* not a valid list"),
        ({"target_names": ["a", "b"]}, r"'target_names' .* must be 1 strings"),
        ({"cross_validation": {}}, r"'n_alphas' .* is missing"),
        ({"columns": [1]}, r"'columns' .* must hold objects"),
        ({"columns": [{"name": "a", "levels": None}]}, r"do not make 3 features"),
        ({"columns": [{"name": "a", "levels": []}]}, r"do not make 3 features"),
        ({"columns": [{"name": "a", "levels": [1, 2, 3]}]}, r"'levels' .* must be 3 strings"),
        ({"about": {"a": [1]}}, r"about\['a'\] must be"),
        ({"about": 1}, r"'about' .* is 1"),
    ],
)
def test_hostile_description_is_refused_with_its_reason(path, change, match):
    meta = meta_of(path)
    if change.get("fit"):
        change = {"fit": meta["fit"] | change["fit"]}
    rewrite(path, {"model.npy": meta_bytes(meta | change)})
    refused(path, match)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("fit.alpha", -1.0, r"its alpha is impossible \(alpha=-1\.0 must be finite and at least 0"),
        ("fit.alpha", float("nan"), r"its alpha is impossible \(alpha=nan"),
        ("cross_validation.alphas", [1.0, -0.1], r"its alpha is impossible \(alpha\[1\]=-0\.1"),
        ("cross_validation.index", 2, r"chose an alpha that is not where it says"),
        ("cross_validation.index", -1, r"chose an alpha that is not where it says"),
        ("cross_validation.alpha", 0.5, r"chose an alpha that is not where it says"),
        ("cross_validation.scores", [[1.0], [2.0]], r"shape \(2, 1\) where \(2,\) belongs"),
    ],
)
def test_impossible_numbers_are_refused_with_their_reason(tmp_path, name, value, match):
    path = tmp_path / "m.npz"
    save(shrinkage.ridge_cv(*problem(), [1.0, 0.1]), path)
    data = array(value) if "index" not in name else header("<i8", "()") + int(value).to_bytes(8, "little", signed=True)
    rewrite(path, {f"{name}.npy": data})
    refused(path, match)


@pytest.fixture(params=["path", "cv"])
def with_path(request, tmp_path):
    X, y = problem(p=4)
    path = tmp_path / "m.npz"
    alphas, options = [1.0, 0.1, 0.01], {"l1_ratio": 0.5, "lower": -2.0}
    save(
        {"path": shrinkage.elastic_net_path, "cv": shrinkage.cross_validate}[request.param](X, y, alphas, **options),
        path,
    )
    return path


def integers(values, kind="<i8"):
    values = np.asarray(values, kind)
    return header(kind, repr(values.shape)) + values.tobytes()


def test_rewriting_a_path_unchanged_is_accepted(with_path):
    before = load_model(with_path)
    rewrite(with_path, {"model.npy": meta_bytes(meta_of(with_path))})
    assert_same(before, load_model(with_path))
    coefs = before.whole_path.coefs
    rewrite(with_path, {"coefs.indices.npy": integers(coefs.indices), "coefs.data.npy": array(coefs.data)})
    assert_same(before, load_model(with_path))


def with_value(values, k, value):
    values = np.array(values)
    values[k] = value
    return values


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("coefs.indptr", lambda v: with_value(v, 0, 1), r"columns of its coefficients do not follow each other"),
        ("coefs.indptr", lambda v: with_value(v, -1, v[-1] + 1), r"do not follow each other"),
        ("coefs.indptr", lambda v: with_value(v, 1, v[-1] + 1), r"do not follow each other"),
        ("coefs.indptr", lambda v: with_value(v, 1, 2**63 - 1), r"do not follow each other"),
        ("coefs.indptr", lambda v: with_value(v, 2, -(2**63)), r"do not follow each other"),
        ("coefs.indptr", lambda v: v[:-1], r"shape \(3,\) where \(4,\) belongs"),
        ("coefs.indices", lambda v: with_value(v, 0, 4), r"of features that are not among its 4"),
        ("coefs.indices", lambda v: with_value(v, 0, -1), r"of features that are not among its 4"),
        (
            "coefs.indices",
            lambda v: with_value(v, -1, v[-2]),
            r"not in the order of the features, or one is there twice",
        ),
        ("coefs.indices", lambda v: v[::-1], r"not in the order of the features"),
        ("coefs.indices", lambda v: v[1:], r"shape .* where"),
        ("coefs.indices", lambda v: v.astype("<f8"), r"dtype '<f8' where '<i8' belongs"),
        ("coefs.indices", lambda v: v.astype("<i2"), r"dtype '<i2' where '<i8' belongs"),
        ("coefs.data", lambda v: with_value(v, 0, np.nan), r"coefficients of its path are not all finite"),
        ("coefs.data", lambda v: with_value(v, 0, np.inf), r"coefficients of its path are not all finite"),
        ("path.intercepts", lambda v: with_value(v, 0, np.inf), r"intercepts of its path are not all finite"),
        ("path.intercepts", lambda v: np.c_[v, v], r"shape \(3, 2\) where \(3,\) belongs"),
        ("path.alphas", lambda v: v[::-1], r"its alphas do not decrease"),
        ("path.alphas", lambda v: with_value(v, 2, np.nan), r"its alpha is impossible"),
        ("path.alphas", lambda v: with_value(v, 2, -0.1), r"its alpha is impossible"),
        ("path.n_active", lambda v: with_value(v, 0, 5), r"more active features than there are"),
        ("path.n_active", lambda v: with_value(v, 0, -1), r"more active features than there are"),
        ("first.coef", lambda v: v[:3], r"shape \(3,\) where \(4,\) belongs"),
        ("options.lower", lambda v: v[:3], r"shape \(3,\) where \(4,\) belongs"),
    ],
)
def test_hostile_path_is_refused_with_its_reason(with_path, name, change, match):
    with np.load(with_path) as archive:
        values = change(archive[name])
    rewrite(with_path, {f"{name}.npy": integers(values, values.dtype.str)})
    refused(with_path, match)


@pytest.mark.parametrize("name", ["coefs.data", "coefs.indptr", "path.alphas", "first.coef", "path.deviance_explained"])
def test_a_path_without_one_of_its_members_is_refused(with_path, name):
    rewrite(with_path, {f"{name}.npy": None})
    refused(with_path, rf"member '{name}\.npy' is missing")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"sparse": 1}, r"'sparse' .* is 1, not a valid bool"),
        ({"sparse": False}, r"'rank' .* is missing"),
        ({"n_alphas": 0}, r"its path has no alpha"),
        ({"n_alphas": 4}, r"'certificates' .* must be 4 objects"),
        ({"n_alphas": 10**15}, r"'certificates' .* must be 1000000000000000 objects"),
        ({"n_values": 10**15}, r"shape \(\d+,\) where \(1000000000000000,\) belongs"),
        ({"n_values": -1}, r"'n_values' .* is -1"),
        ({"certificates": None}, r"its path has no certificates"),
        ({"certificates": [1, 2, 3]}, r"'certificates' .* must be 3 objects"),
        ({"certificates": [{}, {}, {}]}, r"'objective' .* is missing"),
        ({"convention": "x"}, r"convention that is not known, 'x'"),
        ({"convention": "inverse"}, r"its path has options of another problem"),
        ({"l1_ratio": 1.5}, r"its l1_ratio is not between 0 and 1: 1\.5"),
        ({"l1_ratio": float("nan")}, r"its l1_ratio is not between 0 and 1: nan"),
        ({"l1_ratio": 0.25}, r"its path has options of another problem"),
        ({"_count": 0}, r"no deviance, or a number of rows that cannot be"),
        ({"_count": 41}, r"no deviance, or a number of rows that cannot be"),
        ({"_count": 2**53 + 1}, r"'_count' .* is 9007199254740993, not a valid int"),
        ({"_count": 10**400}, r"'_count' .* is 10{36}.*not a valid int"),
        ({"_deviance": -1.0}, r"no deviance, or"),
        ({"_deviance": float("inf")}, r"no deviance, or"),
        ({"feature_names": ["a"]}, r"'feature_names' .* must be 4 strings"),
        ({"first": None}, r"'first' .* is None, not a valid dict"),
        ({"first": {}}, r"'fit' .* is missing"),
        ({"options": {}}, r"'l1_ratio' .* is missing"),
        ({"options": []}, r"'options' .* not a valid dict"),
        ({"solver": 3}, r"'solver' .* is 3"),
    ],
)
def test_hostile_description_of_a_path_is_refused_with_its_reason(with_path, change, match):
    meta = meta_of(with_path)
    rewrite(with_path, {"model.npy": meta_bytes(meta | {"path": meta["path"] | change})})
    refused(with_path, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n_alphas": 0}, r"its cross-validation has no alpha"),
        ({"n_alphas": 2}, r"shape .* where"),
        ({"n_folds": 0}, r"its cross-validation has no fold"),
        ({"n_folds": 10**12}, r"shape .* where"),
        ({"rule": "2se"}, r"a rule that is not known, '2se'"),
        ({"metric": None}, r"'metric' .* is None"),
        ({"l1_ratio": 0.4}, r"chose a penalty that is not where it says"),
        ({"alpha": 0.3}, r"chose an alpha that is not where it says"),
        ({"alpha_min": 0.3}, r"has an alpha that is not one of those it tried"),
        ({"alpha_1se": 0.3}, r"has an alpha that is not one of those it tried"),
        ({"convention": "inverse"}, r"its alphas do not decrease"),
        ({"convention": "x"}, r"convention that is not known, 'x'"),
    ],
)
def test_hostile_folds_are_refused_with_their_reason(tmp_path, change, match):
    path = tmp_path / "m.npz"
    save(shrinkage.cross_validate(*problem(), [1.0, 0.1, 0.01], l1_ratio=[0.5, 1.0]), path)
    meta = meta_of(path)
    cv = meta["sparse_cross_validation"] | change
    rewrite(path, {"model.npy": meta_bytes(meta | {"sparse_cross_validation": cv})})
    refused(path, match)


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("index", integers([2, 0]), r"chose a penalty that is not where it says"),
        ("index", integers([0, 3]), r"chose a penalty that is not where it says"),
        ("index", integers([-1, 0]), r"chose a penalty that is not where it says"),
        ("index", integers([0]), r"shape \(1,\) where \(2,\) belongs"),
        ("alphas", array([1.0, 0.1, 0.02]), r"its cross-validation and its path are not of the same alphas"),
        ("alphas", array([0.01, 0.1, 1.0]), r"its alphas do not decrease"),
        ("l1_ratios", array([0.5, 7.0]), r"its l1_ratio is not between 0 and 1"),
        ("l1_ratios", array([0.5, float("nan")]), r"its l1_ratio is not between 0 and 1"),
    ],
)
def test_impossible_folds_are_refused_with_their_reason(tmp_path, name, data, match):
    path = tmp_path / "m.npz"
    save(shrinkage.cross_validate(*problem(), [1.0, 0.1, 0.01], l1_ratio=[0.5, 1.0]), path)
    rewrite(path, {f"sparse_cross_validation.{name}.npy": data})
    refused(path, match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"path": None}, r"its cross-validation has no path, or is of two kinds"),
        ({"cross_validation": {}}, r"its cross-validation has no path, or is of two kinds"),
        ({"fit": None}, r"'fit' .* is None, not a valid dict"),
        ({"sparse_cross_validation": []}, r"not a valid dict"),
        ({"path": []}, r"'path' .* is \[\], not a valid dict"),
        ({"n_targets": 2}, r"must be 2 strings|shape .* where"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(tmp_path, change, match):
    path = tmp_path / "m.npz"
    save(shrinkage.cross_validate(*problem(), 3), path)
    rewrite(path, {"model.npy": meta_bytes(meta_of(path) | change)})
    refused(path, match)


def test_a_cross_validation_without_a_fit_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    save(shrinkage.elastic_net_path(*problem(), 3), path)
    cv = {"n_alphas": 1, "n_folds": None, "method": "loo", "rule": "min", "convention": "canonical"}
    values = dict.fromkeys(["alphas", "scores", "standard_errors", "effective_dof"], array([1.0]))
    values |= dict.fromkeys(["alpha", "score", "standard_error"], header(shape="()") + np.array(1.0).tobytes())
    values["index"] = header("<i8", "()") + bytes(8)
    new = {f"cross_validation.{name}.npy": value for name, value in values.items()}
    rewrite(path, {"model.npy": meta_bytes(meta_of(path) | {"cross_validation": cv})} | new)
    refused(path, "its cross-validation has no fit")


def test_a_fit_and_a_path_of_other_features_are_refused(tmp_path):
    path = tmp_path / "m.npz"
    X, y = problem()
    found = shrinkage.elastic_net_path(X, y, 3)
    with pytest.raises(ValueError, match=r"coefficients of shape \(2,\), those of its path \(3,\)"):
        save(Model(shrinkage.ridge(X[:, :2], y), path=found), path)
    save(Model(found[1], path=found), path)
    meta = meta_of(path)
    rewrite(path, {"model.npy": meta_bytes(meta | {"fit": meta["fit"] | {"n_features": 2}})})
    refused(path, "its fit has 2 features, and its path 3")


def test_a_pair_where_there_is_none_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    save(shrinkage.elastic_net(*problem(), (0.1, 0.2), convention="two_lambda"), path)
    meta = meta_of(path)
    assert meta["version"] == 2
    rewrite(path, {"model.npy": meta_bytes(meta | {"fit": meta["fit"] | {"convention": "canonical"}})})
    refused(path, "its alpha is a pair, which 'canonical' does not have")
    rewrite(path, {"model.npy": meta_bytes(meta | {"fit": meta["fit"] | {"pair": 1}})})
    refused(path, "'pair' .* is 1, not a valid bool")


def test_an_impossible_l1_ratio_of_a_fit_is_refused(path):
    meta = meta_of(path)
    rewrite(path, {"model.npy": meta_bytes(meta | {"fit": meta["fit"] | {"l1_ratio": -0.1}})})
    refused(path, r"its l1_ratio is not between 0 and 1: -0\.1")


def test_a_flipped_bit_anywhere_in_a_path_is_refused_or_harmless(tmp_path):
    path = tmp_path / "m.npz"
    save(shrinkage.cross_validate(*problem(), 4), path)
    before, data = load_model(path), path.read_bytes()
    rng = np.random.default_rng(0)
    for where in rng.choice(len(data), 400, replace=False):
        damaged = bytearray(data)
        damaged[where] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            loaded = load_model(path)
        except ValueError as error:
            assert "cannot load a model" in str(error)
        else:
            assert_same(before, loaded)


def test_newer_version_is_refused_whatever_else_it_holds(path):
    rewrite(path, {"model.npy": meta_bytes({"schema": "shrinkage.model", "version": 7}), "new.npy": b""})
    refused(path, r"newer shrinkage \(model version 7")


def test_a_trillion_elements_claimed_everywhere_are_not_allocated(path):
    meta = meta_of(path)
    meta["fit"]["n_features"], meta["feature_names"] = 10**12, None
    names = ("coef", "feature_mean", "feature_scale")
    claims = {f"fit.{name}.npy": header(shape="(1000000000000,)") + b"\0" * 24 for name in names}
    rewrite(path, {"model.npy": meta_bytes(meta), **claims})
    refused(path, r"claims 1000000000000 elements and holds 24 bytes")


def test_pickle_is_never_run(path):
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ("a pickle was loaded",)

    data = header("|O", "()") + pickle.dumps(Bomb())
    rewrite(path, {"fit.intercept.npy": data})
    refused(path, r"dtype '\|O'")


def test_compressed_members_are_refused(path):
    zeros = header(shape="(100000000,)") + b"\0" * 1_000_000
    rewrite(path, {"fit.coef.npy": zeros}, compression=zipfile.ZIP_DEFLATED)
    refused(path, r"is compressed, which no shrinkage model is")


def test_duplicate_members_are_refused(path):
    rewrite(path, extra=[("fit.coef.npy", array([1.0, 2.0, 3.0]))])
    refused(path, r"member 'fit\.coef\.npy' appears twice")


def patch_directory(path, name, offset, value, size):
    """Change a field of the entry of `name` in the archive's table of contents."""
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    data[entry + offset : entry + offset + size] = value.to_bytes(size, "little")
    path.write_bytes(data)


def test_sizes_beyond_the_file_are_refused(path):
    for offset in (20, 24):
        patch_directory(path, "fit.coef.npy", offset, 4_000_000_000, 4)
    refused(path, r"claim \d+ bytes in a file of \d+")


# Fields of an entry: 6 the version of zip it takes, 8 flags, 10 the kind of compression
@pytest.mark.parametrize(
    ("offset", "value", "match"),
    [
        (8, 0x01, r"member 'fit\.coef\.npy' is encrypted"),
        (8, 0x20, r"the archive is damaged \(compressed patched data"),
        (8, 0x40, r"the archive is damaged \(strong encryption"),
        (10, 99, r"member 'fit\.coef\.npy' is compressed"),
        (6, 255, r"the archive is damaged \(zip file version 25\.5"),
    ],
)
def test_features_of_zip_that_no_model_has_are_refused(path, offset, value, match):
    patch_directory(path, "fit.coef.npy", offset, value, 2)
    refused(path, match)


def test_a_member_name_that_is_no_text_is_refused(path):
    patch_directory(path, "fit.coef.npy", 8, 0x800, 2)
    path.write_bytes(path.read_bytes().replace(b"fit.coef.npy", b"fit.c\xff\xfef.npy"))
    refused(path, r"the archive is damaged")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", r"not a zip archive"),
        (b"age,sex\n1,2\n", r"not a zip archive"),
        (b"\x93NUMPY\x01\x00", r"not a zip archive"),
        (b"PK\x03\x04" + b"\0" * 100, r"truncated or damaged"),
    ],
)
def test_other_files_are_refused(tmp_path, data, match):
    (tmp_path / "m.npz").write_bytes(data)
    refused(tmp_path / "m.npz", match)


def test_other_archives_are_refused(tmp_path):
    np.savez(tmp_path / "m.npz", weights=np.arange(3))
    refused(tmp_path / "m.npz", r"not a shrinkage model \(no member 'model\.npy'\)")


def test_every_truncation_is_refused(path):
    data = path.read_bytes()
    for length in range(0, len(data), 37):
        path.write_bytes(data[:length])
        refused(path, r"truncated|not a zip archive|damaged")


def test_flipped_bit_in_the_numbers_is_refused(fit, path):
    data = bytearray(path.read_bytes())
    where = data.index(fit.coef.astype("<f8").tobytes())
    for bit in range(24 * 8):
        damaged = bytearray(data)
        damaged[where + bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        refused(path, r"damaged \(Bad CRC-32")


def test_a_flipped_bit_anywhere_is_refused_or_harmless(fit, path):
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    harmless = 0
    for where in rng.choice(len(data), 1500, replace=False):
        damaged = bytearray(data)
        damaged[where] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            loaded = load(path)
        except ValueError as error:
            assert "cannot load a model" in str(error)
        else:
            # Dates and permissions inside the archive carry nothing of the model
            assert_same(fit, loaded)
            harmless += 1
    assert harmless < 500


def test_what_cannot_be_opened_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz")
    with pytest.raises(OSError):
        load(tmp_path)


# --- writing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("stage", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(fit, path, monkeypatch, stage, interruption):
    before = path.read_bytes()
    calls = []

    def fail(*args, **kwargs):
        calls.append(sorted(p.name for p in path.parent.iterdir()))
        raise interruption("stopped")

    if stage == "write":
        original = np.lib.format.write_array

        def later(*args, **kwargs):
            return original(*args, **kwargs) if len(calls) == 0 and not calls.append([]) else fail()

        monkeypatch.setattr(np.lib.format, "write_array", later)
    else:
        monkeypatch.setattr(persistence.os, stage, fail)
    with pytest.raises(interruption, match="stopped"):
        save(dataclasses.replace(fit, intercept=2.0), path)
    monkeypatch.undo()
    # While it was being written the new file had another name
    assert len(calls[-1]) == 2 and "model.npz" in calls[-1]
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"]
    assert path.read_bytes() == before


def test_the_bytes_are_on_disk_before_the_name_is(fit, path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(persistence.os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(persistence.os, "replace", lambda *names: (order.append("replace"), replace(*names)))
    save(fit, path)
    assert order[:2] == ["fsync", "replace"]


def test_saving_replaces(fit, path):
    save(dataclasses.replace(fit, intercept=2.0), path)
    assert load(path).intercept == 2.0
    assert [p.name for p in path.parent.iterdir()] == ["model.npz"]


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_a_new_file(fit, tmp_path, mask):
    old = os.umask(mask)
    try:
        save(fit, tmp_path / "m.npz")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "m.npz").stat().st_mode) == 0o666 & ~mask


@posix
def test_a_link_goes_on_pointing_to_the_file(fit, path, tmp_path):
    (tmp_path / "link.npz").symlink_to(path)
    save(dataclasses.replace(fit, intercept=2.0), tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink()
    assert load(path).intercept == 2.0


@posix
def test_only_regular_files_are_replaced(fit, tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ValueError, match="not a regular file"):
        save(fit, tmp_path / "pipe.npz")
    assert stat.S_ISFIFO((tmp_path / "pipe.npz").stat().st_mode)


def test_directories_are_named_in_errors(fit, tmp_path):
    with pytest.raises(FileNotFoundError, match="directory to write to") as caught:
        save(fit, tmp_path / "none" / "m.npz")
    assert caught.value.filename == str(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        save(fit, tmp_path)
