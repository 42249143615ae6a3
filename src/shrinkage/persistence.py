"""Models on disk: one ``.npz`` file that NumPy alone can open, and that is never trusted.

A file holds arrays and one member ``model.npy``, UTF-8 JSON in bytes, with everything that is not an array:
the schema and its version, names, the certificate. Nothing is pickled. Reading checks the archive, then the
header of every member against the shape and dtype the model calls for, and only then allocates.
"""

import dataclasses
import math
import os
import types
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from ._archive import BROKEN, META, claimed, described, opened, read, typed, write
from ._result import METHODS, Certificate, CrossValidation, Fit
from ._result import Path as RidgePath
from ._sparse_result import SparseCrossValidation, SparsePath
from ._stochastic_result import StochasticFit
from .conventions import CONVENTIONS, ridge_alpha, to_canonical
from .losses import loss_of

__all__ = ["Column", "Model", "Training", "canonical_alpha", "load", "load_model", "save"]

SCHEMA = "shrinkage.model"
#: What it is called in messages.
WHAT = "shrinkage model"
#: Version 2 has paths, version 3 stochastic fits. What an older one can say is still written in it, for older readers.
VERSION = 3

_FLOAT, _INT, _SHORT = "<f8", "<i8", "<i4"
Scalar = str | int | float | bool | None


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a data file and how it enters the model.

    Parameters
    ----------
    name : str
        Name in the file.
    levels : tuple of str, optional
        Categories of a text column, one 0/1 feature each, in this order; None for a number.
    """

    name: str
    levels: tuple[str, ...] | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features the column becomes."""
        return (self.name,) if self.levels is None else tuple(f"{self.name}={level}" for level in self.levels)


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
    """What a `StochasticFit` was trained on, and the settings that it was chosen from.

    Parameters
    ----------
    target : str
        The column that it predicts.
    n_samples : int
        Rows that it was trained on.
    feature_mean, feature_scale : ndarray of shape (n_features,)
        Weighted mean and standard deviation of the features over these rows.
    alphas, l1_ratios : ndarray of shape (n_settings,)
        What was trained with it.
    index : int
        Which of them the fit is.
    scores, standard_errors : ndarray of shape (n_settings,), optional
        Mean loss on rows that were held out, and its standard error.
    labels : tuple of two str, optional
        What the two classes are called, in the order of the fit's `classes`.
    """

    target: str
    n_samples: int
    feature_mean: np.ndarray
    feature_scale: np.ndarray
    alphas: np.ndarray
    l1_ratios: np.ndarray
    index: int
    scores: np.ndarray | None = None
    standard_errors: np.ndarray | None = None
    labels: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Model:
    """A fit with what is needed to use it on another file: how its columns are read and how alpha was chosen.

    Parameters
    ----------
    fit : Fit, StochasticFit or None
        The model itself; None where there is a path and none of its solutions was chosen.
    cross_validation : CrossValidation or SparseCrossValidation, optional
        How alpha was chosen (without the per-row errors, which are not saved).
    columns : tuple of Column, optional
        The data columns in the order of the features.
    about : mapping of str to str, int, float, bool or None
        Anything else worth keeping, such as the name of the data file.
    path : SparsePath or Path, optional
        The solutions that `fit` is one of; a `SparseCrossValidation` has its own.
    training : Training, optional
        Of a `StochasticFit`, which has neither a cross-validation nor a path.
    """

    fit: Fit | StochasticFit | None
    cross_validation: CrossValidation | SparseCrossValidation | None = None
    columns: tuple[Column, ...] | None = None
    about: Mapping[str, Scalar] = dataclasses.field(default_factory=dict)
    path: SparsePath | RidgePath | None = None
    training: Training | None = None

    @property
    def chosen(self) -> Fit | StochasticFit:
        """The fit; a sentence where there is none, or more than one."""
        if self.fit is None:
            raise ValueError(
                "This is a path and no single model: save one of its solutions, path[k] or path.select('bic')."
            )
        if isinstance(self.fit, StochasticFit) and self.fit.coef.ndim > 1:
            raise ValueError(f"These are {len(self.fit)} settings and no single model: save one of them, fit[k].")
        return self.fit

    @property
    def whole_path(self) -> SparsePath | RidgePath | None:
        """The path, wherever it is."""
        cv = self.cross_validation
        return cv.path if isinstance(cv, SparseCrossValidation) else self.path


# What a file holds. Arrays: the shapes a member may have, spelled with t (one entry per target, nothing for a
# one-dimensional y), p (features), k (alphas), f (folds), m (values of l1_ratio), q (alphas of a path), z (its
# coefficients that are not zero), i (where its columns start), r (rank), e (epochs), s (settings to choose from), 2;
# "?" lets it be absent (the field is None). The settings of a stochastic fit count as targets.
_FIT_ARRAYS = {
    "coef": ("tp",),
    "intercept": ("t",),
    "alpha": ("", "t"),
    "effective_dof": ("", "t"),
    "feature_mean": ("p",),
    "feature_scale": ("p",),
    "penalty_factor": ("p", "?"),
}
_FIT_META: dict[str, type] = {
    "l1_ratio": float,
    "convention": str,
    "solver": str,
    "solver_reason": str,
    "n_samples": int,
    "n_features": int,
    "sum_weights": float,
    "fit_intercept": bool,
}
_CERTIFICATE: dict[str, type] = {
    "objective": float,
    "duality_gap": float,
    "relative_gap": float,
    "kkt_violation": float,
    "converged": bool,
    "n_iter": int,
    "residual_ratio": float,
    "rcond": float,
}
_CV_ARRAYS = {
    "alphas": ("k",),
    "scores": ("kt",),
    "standard_errors": ("kt",),
    "effective_dof": ("k",),
    "alpha": ("", "t"),
    "index": ("", "t"),
    "score": ("", "t"),
    "standard_error": ("", "t"),
    "fold_scores": ("fkt", "?"),
}
_CV_META: dict[str, type] = {"method": str, "convention": str, "rule": str}
_SPARSE_CV_ARRAYS = {
    "alphas": ("k", "mk"),
    "l1_ratios": ("m",),
    "scores": ("mk",),
    "standard_errors": ("mk",),
    "fold_scores": ("fmk",),
    "index": ("2",),
}
_SPARSE_CV_META: dict[str, type] = {
    "l1_ratio": float,
    "alpha": float,
    "alpha_min": float,
    "alpha_1se": float,
    "metric": str,
    "rule": str,
    "convention": str,
}
_PATH_ARRAYS = {"alphas": ("q",), "intercepts": ("qt",), "effective_dof": ("q",)}
_SPARSE_PATH_ARRAYS = _PATH_ARRAYS | {"deviance_explained": ("q",), "n_active": ("q",)}
_COEFS = {"data": ("z",), "indices": ("z",), "indptr": ("i",)}
_RIDGE_PATH_ARRAYS = _PATH_ARRAYS | {"coefs": ("qtp",), "singular_values": ("r",), "shrinkage_factors": ("qr",)}
_RIDGE_PATH_META: dict[str, type] = {"convention": str, "solver": str, "solver_reason": str}
_SPARSE_PATH_META = _RIDGE_PATH_META | {"n_passes": int, "l1_ratio": float, "_deviance": float, "_count": int}
# By which a path is solved again
_OPTIONS_ARRAYS = {"penalty_factor": ("p", "?"), "lower": ("p", "?"), "upper": ("p", "?")}
_OPTIONS_META: dict[str, type] = {
    "l1_ratio": float,
    "fit_intercept": bool,
    "standardize": bool,
    "convention": str,
    "tol": float,
    "multi_task": bool,
}
_STOCHASTIC_ARRAYS = {name: ("t",) for name in ("intercept", "alpha", "l1_ratio", "lr", "n_epochs")} | {
    "coef": ("tp",),
    "history": ("et",),
    "scores": ("et", "?"),
}
_STOCHASTIC_META: dict[str, type] = {"n_features": int}
_LOSS_META: dict[str, type] = {"name": str, "parameter": float}
_TRAINING_ARRAYS = {
    "feature_mean": ("p",),
    "feature_scale": ("p",),
    "alphas": ("s",),
    "l1_ratios": ("s",),
    "scores": ("s", "?"),
    "standard_errors": ("s", "?"),
}
_TRAINING_META: dict[str, type] = {"target": str, "n_samples": int, "index": int}
_INTEGER_ARRAYS = {"index", "n_active", "n_epochs", "indices", "indptr"}
_RULES = ("min", "1se")


def save(
    model: Fit | StochasticFit | CrossValidation | SparseCrossValidation | SparsePath | RidgePath | Model,
    path: str | os.PathLike[str],
) -> None:
    """Write a model to `path`, replacing what is there in one step or not at all.

    Parameters
    ----------
    model : Fit, StochasticFit, CrossValidation, SparseCrossValidation, SparsePath, Path or Model
        Of a `CrossValidation` everything is kept but `errors`; of a `BayesFit` what a `Fit` has, its mean.
    path : str or path-like
        Conventionally ends in ``.npz``. The bytes depend on nothing but the model.

    Raises
    ------
    TypeError
        If `model` is none of these.
    ValueError
        If it cannot be in a file: what is `about` it is no text or number, or a path is not finite.
    OSError
        If the file cannot be written; an older file at `path` is then untouched.
    """
    if isinstance(model, CrossValidation | SparseCrossValidation):
        model = Model(model.fit, model)
    elif isinstance(model, SparsePath | RidgePath):
        model = Model(None, path=model)
    elif isinstance(model, Fit | StochasticFit):
        model = Model(model)
    elif not isinstance(model, Model):
        raise TypeError(
            "model must be a Fit, StochasticFit, CrossValidation, SparseCrossValidation, SparsePath, Path or Model, "
            f"not {type(model).__name__}"
        )
    write(path, *_encode(model))


def load(path: str | os.PathLike[str]) -> Fit | StochasticFit | SparsePath | RidgePath:
    """Read the fit that `save` wrote, or the path.

    Parameters
    ----------
    path : str or path-like
        A file written by `save`.

    Returns
    -------
    Fit, StochasticFit, SparsePath or Path
        The fit of what was saved, or the path where that was one: equal to it in every bit of every field.

    Raises
    ------
    ValueError
        If the file is not a model, is damaged or was written by a newer version; the message says which.
    OSError
        If the file cannot be opened.
    """
    model = load_model(path)
    return model.path if model.fit is None and model.path is not None else model.fit or model.chosen


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read everything `save` wrote; see `load`, which returns the `fit` of this.

    Parameters
    ----------
    path : str or path-like
        A file written by `save`.

    Returns
    -------
    Model
        With `cross_validation` None where a `Fit` was saved, and its `errors` None where not; with `fit` None where a
        path was.
    """
    with open(path, "rb") as stream:
        try:
            return _decode(stream)
        except BROKEN as error:
            reason = f"the archive is damaged ({error})"
        except ValueError as error:
            reason = str(error)
    raise ValueError(f"cannot load a model from {os.fspath(path)!r}: {reason}")


def canonical_alpha(alpha: Any, convention: str, *, sum_weights: float) -> Any:
    """Canonical strength of a fit's alpha: an elastic net's in "two_lambda" is a pair, that of ridge lambda_2 alone."""
    if isinstance(alpha, tuple):
        return to_canonical(alpha, convention, sum_weights=sum_weights, name="alpha")[0]
    return ridge_alpha(alpha, convention, sum_weights=sum_weights)


# --- writing ------------------------------------------------------------------------------------------------


def _encode(model: Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if isinstance(model.fit, StochasticFit):
        meta, arrays = _encode_stochastic(model.fit, model)
    else:
        meta, arrays = _encode_solved(model.fit, model)
    meta |= {"columns": None, "about": dict(model.about)}
    if model.columns is not None:
        meta["columns"] = [{"name": column.name, "levels": _list(column.levels)} for column in model.columns]
    _check_about(meta["about"])
    return meta, arrays


def _encode_stochastic(fit: StochasticFit, model: Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if model.cross_validation is not None or model.path is not None:
        raise ValueError("a StochasticFit has no cross-validation and no path: leave them out of the model")
    arrays = _members("fit", fit, _STOCHASTIC_ARRAYS)
    meta: dict[str, Any] = {
        "schema": SCHEMA,
        "version": VERSION,
        "n_targets": None if fit.coef.ndim == 1 else len(fit),
        "stochastic": {
            "n_history": len(fit.history),
            "loss": _scalars(fit.loss, _LOSS_META),
            "classes": None if fit.classes is None else list(map(float, fit.classes)),
            "feature_names": _list(fit.feature_names),
            "certificates": [_scalars(one, _CERTIFICATE) for one in fit.certificates],
        }
        | _scalars(fit, _STOCHASTIC_META),
        "training": None,
    }
    if model.training is not None:
        _check_training(model.training, fit)
        arrays |= _members("training", model.training, _TRAINING_ARRAYS)
        meta["training"] = {
            "n_settings": len(model.training.alphas),
            "labels": _list(model.training.labels),
        } | _scalars(model.training, _TRAINING_META)
    return meta, arrays


def _encode_solved(fit: Fit | None, model: Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    cv, path = model.cross_validation, model.whole_path
    if model.training is not None:
        raise ValueError("a training is that of a StochasticFit: leave it out of the model")
    if isinstance(cv, SparseCrossValidation) and model.path is not None:
        raise ValueError("the path of a SparseCrossValidation is its own: leave out that of the model")
    one = fit if path is None else path._first
    if one is None:
        raise ValueError("a model needs a fit, or a path")
    if fit is not None and fit.coef.shape != one.coef.shape:
        raise ValueError(f"the fit has coefficients of shape {fit.coef.shape}, those of its path {one.coef.shape}")
    meta: dict[str, Any] = {
        "schema": SCHEMA,
        "version": 1,
        "n_targets": one.coef.shape[0] if one.coef.ndim == 2 else None,
    }
    arrays: dict[str, np.ndarray] = {}
    if fit is not None:
        meta |= _encode_fit("fit", fit, arrays)
    meta["cross_validation"] = None
    if isinstance(cv, CrossValidation):
        n_folds = None if cv.fold_scores is None else len(cv.fold_scores)
        meta["cross_validation"] = {"n_alphas": len(cv.alphas), "n_folds": n_folds} | _scalars(cv, _CV_META)
        arrays |= _members("cross_validation", cv, _CV_ARRAYS)
    elif cv is not None:
        shape = dict(zip(("n_folds", "n_l1_ratios", "n_alphas"), cv.fold_scores.shape, strict=True))
        meta["sparse_cross_validation"] = shape | _scalars(cv, _SPARSE_CV_META)
        arrays |= _members("sparse_cross_validation", cv, _SPARSE_CV_ARRAYS)
    if path is not None:
        meta["path"] = _encode_path(path, arrays)
    if path is not None or "pair" in meta.get("fit", {}):
        meta["version"] = 2
    return meta, arrays


def _encode_fit(prefix: str, fit: Fit, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """What a description says of a fit; its arrays are added to `arrays`."""
    scalars = _scalars(fit, _FIT_META)
    given: Any = fit.alpha
    if CONVENTIONS[fit.convention].is_pair and (isinstance(given, tuple | list) or np.ndim(given) == fit.coef.ndim):
        fit = dataclasses.replace(fit, alpha=np.stack(np.broadcast_arrays(*given)))
        scalars["pair"] = True
    arrays |= _members(prefix, fit, _FIT_ARRAYS)
    part: dict[str, Any] = {
        "fit": scalars,
        "certificate": _scalars(fit.certificate, _CERTIFICATE),
        "feature_names": _list(fit.feature_names),
        "target_names": _list(fit.target_names),
    }
    if fit.target_certificates is not None:
        part["target_certificates"] = [_scalars(one, _CERTIFICATE) for one in fit.target_certificates]
    return part


def _encode_path(path: SparsePath | RidgePath, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    sparse = isinstance(path, SparsePath)
    meta = {
        "sparse": sparse,
        "n_alphas": len(path),
        "feature_names": _list(path.feature_names),
        "certificates": [_scalars(one, _CERTIFICATE) for one in path.certificates],
        "first": _encode_fit("first", path._first, arrays),
    }
    if isinstance(path, SparsePath):
        _check_path(path)
        meta |= {"n_values": len(path.coefs.data), "options": None} | _scalars(path, _SPARSE_PATH_META)
        if path._options:
            # A mapping has no attributes
            options = types.SimpleNamespace(**path._options)
            arrays |= _members("options", options, _OPTIONS_ARRAYS)
            meta["options"] = _scalars(options, _OPTIONS_META)
        arrays |= _members("path", path, _SPARSE_PATH_ARRAYS) | _members("coefs", path.coefs, _COEFS)
    else:
        meta |= {"rank": len(path.singular_values)} | _scalars(path, _RIDGE_PATH_META)
        arrays |= _members("path", path, _RIDGE_PATH_ARRAYS)
    return meta


def _scalars(record: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    # The kind also turns NumPy scalars into what JSON can write; floats survive by their shortest repr
    return {name: kind(getattr(record, name)) for name, kind in kinds.items()}


def _list(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _members(prefix: str, record: Any, table: Mapping[str, tuple[str, ...]]) -> dict[str, np.ndarray]:
    values = {name: getattr(record, name) for name in table}
    return {
        f"{prefix}.{name}.npy": np.asarray(value, _dtypes(name, value)[0], order="C")
        for name, value in values.items()
        if value is not None
    }


def _dtypes(name: str, value: Any = None) -> tuple[str, ...]:
    """What a member of this name may be made of; that of `value` alone where there is one."""
    if name not in _INTEGER_ARRAYS:
        return (_FLOAT,)
    if value is None:
        return (_INT, _SHORT)
    return (_SHORT if getattr(value, "dtype", None) == np.int32 else _INT,)


# --- reading ------------------------------------------------------------------------------------------------


def _decode(stream: BinaryIO) -> Model:
    archive = opened(stream, WHAT)
    # What a description of version 1 does not speak of
    meta = {"path": None, "sparse_cross_validation": None, "stochastic": None} | described(
        archive, WHAT, SCHEMA, VERSION
    )
    t = typed(meta, "n_targets", int, optional=True)
    if t == 0:
        raise ValueError("it has no target")
    dims: dict[str, tuple[int, ...]] = {"t": () if t is None else (t,), "2": (2,)}
    solved = meta["stochastic"] is None
    fit, cv, path, training = _decode_solved(archive, meta, dims) if solved else _decode_stochastic(archive, meta, dims)
    about = typed(meta, "about", dict)
    _check_about(about)
    return Model(fit, cv, _columns(meta, dims["p"][0]), about, path, training)


_Decoded = tuple[Fit | StochasticFit | None, CrossValidation | SparseCrossValidation | None, Any, Training | None]


def _decode_stochastic(archive: zipfile.ZipFile, meta: dict[str, Any], dims: dict[str, tuple[int, ...]]) -> _Decoded:
    part = typed(meta, "stochastic", dict)
    fields: dict[str, Any] = {name: typed(part, name, kind) for name, kind in _STOCHASTIC_META.items()}
    dims |= {"p": (fields["n_features"],), "e": (typed(part, "n_history", int),)}
    certificates = _certificates(part, "certificates", *dims["t"] or (1,))
    if certificates is None:
        raise ValueError("it has no certificates")
    name, parameter = (typed(typed(part, "loss", dict), key, kind) for key, kind in _LOSS_META.items())
    try:
        loss = loss_of(name, parameter)
    except ValueError as error:
        raise ValueError(f"its loss is not known ({error})") from None
    classes = typed(part, "classes", list, optional=True)
    if (classes is not None) != loss.classifies or classes not in (None, [0.0, 1.0], [-1.0, 1.0]):
        raise ValueError(f"its classes cannot be those of {name}: {classes!r:.40}")
    wanted = {f"fit.{name}.npy": shapes for name, shapes in _STOCHASTIC_ARRAYS.items()}
    meant = typed(meta, "training", dict, optional=True)
    if meant is not None:
        training = {name: typed(meant, name, kind) for name, kind in _TRAINING_META.items()}
        training["labels"] = _names(meant, "labels", 2)
        dims["s"] = (typed(meant, "n_settings", int),)
        wanted |= {f"training.{name}.npy": shapes for name, shapes in _TRAINING_ARRAYS.items()}
    arrays = _read_arrays(archive, wanted, dims)
    fields |= _taken(arrays, "fit", _STOCHASTIC_ARRAYS)
    _check_penalty(fields["alpha"], fields["l1_ratio"])
    fit = StochasticFit(
        loss=loss, certificates=certificates, classes=None if classes is None else (float(classes[0]), 1.0),
        feature_names=_names(part, "feature_names", fields["n_features"]), **fields,
    )  # fmt: skip
    if meant is None:
        return fit, None, None, None
    found = Training(**training, **_taken(arrays, "training", _TRAINING_ARRAYS))
    _check_training(found, fit)
    return fit, None, None, found


def _check_penalty(alpha: Any, l1_ratio: Any) -> None:
    _check_ratios(l1_ratio)
    if not ((np.asarray(alpha) >= 0) & np.isfinite(alpha)).all():
        raise ValueError(f"its alpha is not finite and 0 or more: {alpha!r:.40}")


def _check_training(training: Training, fit: StochasticFit) -> None:
    k = training.index
    _check_penalty(training.alphas, training.l1_ratios)
    if fit.coef.ndim > 1:
        raise ValueError("it is of several settings, and one that was chosen")
    if not 0 <= k < len(training.alphas) or (training.alphas[k], training.l1_ratios[k]) != (fit.alpha, fit.l1_ratio):
        raise ValueError("its penalty was chosen where it does not say")
    if (training.scores is None) != (training.standard_errors is None):
        raise ValueError("its scores have no standard errors, or these no scores")
    if training.labels is not None and fit.classes is None:
        raise ValueError("its classes have names, and there are none")


def _decode_solved(archive: zipfile.ZipFile, meta: dict[str, Any], dims: dict[str, tuple[int, ...]]) -> _Decoded:
    wanted: dict[str, tuple[str, ...]] = {}
    path_part = typed(meta, "path", dict, optional=True)
    cv_part = typed(meta, "cross_validation", dict, optional=True)
    sparse_part = typed(meta, "sparse_cross_validation", dict, optional=True)
    if sparse_part is not None and (path_part is None or cv_part is not None):
        raise ValueError("its cross-validation has no path, or is of two kinds")
    first = path_fields = fields = None
    if path_part is not None:
        path_fields = _path_fields(path_part, dims, wanted)
        first = _fit_fields("first", typed(path_part, "first", dict), dims, wanted)
    if path_part is None or sparse_part is not None or meta.get("fit") is not None:
        fields = _fit_fields("fit", meta, dims, wanted)
    cv_fields: dict[str, Any] = {}
    if cv_part is not None:
        cv_fields = _cv_fields(cv_part, dims, wanted)
    elif sparse_part is not None:
        cv_fields = _sparse_cv_fields(sparse_part, dims, wanted)
    arrays = _read_arrays(archive, wanted, dims)

    path: SparsePath | RidgePath | None = None
    if path_part is not None and path_fields is not None and first is not None:
        path = _path(path_part, path_fields, arrays, _fit("first", first, arrays))
    fit = None if fields is None else _fit("fit", fields, arrays)
    cv: CrossValidation | SparseCrossValidation | None = None
    if fit is not None and cv_part is not None:
        cv = CrossValidation(**cv_fields, **_taken(arrays, "cross_validation", _CV_ARRAYS), errors=None, fit=fit)
        _check_choice(cv)
    elif fit is not None and path is not None and sparse_part is not None:
        found = _taken(arrays, "sparse_cross_validation", _SPARSE_CV_ARRAYS)
        found["index"] = tuple(found["index"].tolist())
        cv = SparseCrossValidation(**cv_fields, **found, path=path, fit=fit)
        _check_sparse_choice(cv)
    elif cv_part is not None:
        raise ValueError("its cross-validation has no fit")
    return fit, cv, None if sparse_part is not None else path, None


def _fit_fields(
    prefix: str, mapping: dict[str, Any], dims: dict[str, tuple[int, ...]], wanted: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    """What a description says of a fit, checked; its members are added to `wanted`, its features to `dims`."""
    part = typed(mapping, "fit", dict)
    fields: dict[str, Any] = {name: typed(part, name, kind) for name, kind in _FIT_META.items()}
    if not 0 < fields["sum_weights"] < math.inf:
        raise ValueError(f"its sum of weights is {fields['sum_weights']}, not a positive number")
    _check_ratios(fields["l1_ratio"])
    _check_convention(fields["convention"])
    p = fields["n_features"]
    if dims.setdefault("p", (p,)) != (p,):
        raise ValueError(f"its fit has {p} features, and its path {dims['p'][0]}")
    wanted |= {f"{prefix}.{name}.npy": shapes for name, shapes in _FIT_ARRAYS.items()}
    pair = typed({"pair": False} | part, "pair", bool)
    if pair:
        if not CONVENTIONS[fields["convention"]].is_pair:
            raise ValueError(f"its alpha is a pair, which {fields['convention']!r} does not have")
        wanted[f"{prefix}.alpha.npy"] = ("2", "2t")
    return fields | {
        "pair": pair,
        "certificate": _certificate(typed(mapping, "certificate", dict)),
        "target_certificates": _certificates(mapping, "target_certificates", *dims["t"] or (1,)),
        "feature_names": _names(mapping, "feature_names", p),
        "target_names": _names(mapping, "target_names", *dims["t"] or (1,)),
    }


def _certificate(part: dict[str, Any]) -> Certificate:
    return Certificate(**{name: typed(part, name, kind) for name, kind in _CERTIFICATE.items()})


def _certificates(mapping: dict[str, Any], key: str, count: int) -> tuple[Certificate, ...] | None:
    # Descriptions without them are older
    parts = typed({key: None} | mapping, key, list, optional=True)
    if parts is None:
        return None
    if len(parts) != count or not all(isinstance(one, dict) for one in parts):
        raise ValueError(f"{key!r} in member {META!r} must be {count} objects")
    return tuple(map(_certificate, parts))


def _fit(prefix: str, fields: dict[str, Any], arrays: Mapping[str, Any]) -> Fit:
    values = _taken(arrays, prefix, _FIT_ARRAYS)
    if fields.pop("pair"):
        values["alpha"] = tuple(values["alpha"] if values["alpha"].ndim > 1 else values["alpha"].tolist())
    fit = Fit(**fields, **values)
    _check_alpha(fit.alpha, fit.convention, fit.sum_weights)
    return fit


def _path_fields(
    part: dict[str, Any], dims: dict[str, tuple[int, ...]], wanted: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    """As `_fit_fields`, of a path, but for its first solution."""
    sparse, count = typed(part, "sparse", bool), typed(part, "n_alphas", int)
    if count < 1:
        raise ValueError("its path has no alpha")
    certificates = _certificates(part, "certificates", count)
    if certificates is None:
        raise ValueError("its path has no certificates")
    meta = _SPARSE_PATH_META if sparse else _RIDGE_PATH_META
    fields: dict[str, Any] = {name: typed(part, name, kind) for name, kind in meta.items()}
    _check_convention(fields["convention"])
    dims["q"] = (count,)
    tables: dict[str, Mapping[str, tuple[str, ...]]] = {"path": _SPARSE_PATH_ARRAYS if sparse else _RIDGE_PATH_ARRAYS}
    if sparse:
        _check_ratios(fields["l1_ratio"])
        tables["coefs"] = _COEFS
        options = typed(part, "options", dict, optional=True)
        if options is not None:
            tables["options"] = _OPTIONS_ARRAYS
            fields["_options"] = {name: typed(options, name, kind) for name, kind in _OPTIONS_META.items()}
        dims |= {"z": (typed(part, "n_values", int),), "i": (count * math.prod(dims["t"]) + 1,)}
    else:
        dims["r"] = (typed(part, "rank", int),)
    for prefix, table in tables.items():
        wanted |= {f"{prefix}.{name}.npy": shapes for name, shapes in table.items()}
    return fields | {"certificates": certificates}


def _path(
    part: dict[str, Any], fields: dict[str, Any], arrays: Mapping[str, Any], first: Fit
) -> SparsePath | RidgePath:
    names = _names(part, "feature_names", first.n_features)
    path: SparsePath | RidgePath
    if "coefs.data.npy" in arrays:
        from scipy import sparse

        data, indices, pointers = _taken(arrays, "coefs", _COEFS).values()
        _check_compressed(indices, pointers, first.n_features)
        coefs = sparse.csc_array((data, indices, pointers), shape=(first.n_features, len(pointers) - 1))
        found = _taken(arrays, "path", _SPARSE_PATH_ARRAYS)
        if "_options" in fields:
            fields["_options"] |= _taken(arrays, "options", _OPTIONS_ARRAYS)
        path = SparsePath(**fields, **found, coefs=coefs, _first=first, feature_names=names)
        _check_path(path)
    else:
        path = RidgePath(**fields, **_taken(arrays, "path", _RIDGE_PATH_ARRAYS), _first=first, feature_names=names)
    _check_decreasing(path.alphas, path.convention, first.sum_weights)
    return path


def _check_compressed(indices: np.ndarray, pointers: np.ndarray, n_features: int) -> None:
    """What scipy takes on trust: that no index leads out of the matrix, and that each is there once, in order."""
    if pointers[0] != 0 or pointers[-1] != len(indices) or not (pointers[1:] >= pointers[:-1]).all():
        raise ValueError("the columns of its coefficients do not follow each other")
    if len(indices) == 0:
        return
    if indices.min() < 0 or indices.max() >= n_features:
        raise ValueError(f"its coefficients are of features that are not among its {n_features}")
    rising = indices[1:] > indices[:-1]
    starts = pointers[(pointers > 0) & (pointers < len(indices))]
    rising[starts - 1] = True
    if not rising.all():
        raise ValueError("its coefficients are not in the order of the features, or one is there twice")


def _check_path(path: SparsePath) -> None:
    for what, values in (("coefficients", path.coefs.data), ("intercepts", path.intercepts)):
        if not np.isfinite(values).all():
            raise ValueError(f"the {what} of its path are not all finite")
    if not ((path.n_active >= 0) & (path.n_active <= path._first.n_features)).all():
        raise ValueError("its path has more active features than there are")
    if said := path._options:
        if said.keys() != (known := _OPTIONS_META.keys() | _OPTIONS_ARRAYS.keys()):
            raise ValueError(
                f"its path must have the options {', '.join(sorted(known))}, not {', '.join(sorted(said))}"
            )
        same = {"l1_ratio": path.l1_ratio, "convention": path.convention, "fit_intercept": path._first.fit_intercept}
        same["multi_task"] = path.intercepts.ndim > 1
        if any(said[name] != value for name, value in same.items()):
            raise ValueError("its path has options of another problem")
    if not (0 <= path._deviance < math.inf and 1 <= path._count <= path._first.n_samples):
        raise ValueError("its path has no deviance, or a number of rows that cannot be")


def _check_decreasing(alphas: Any, convention: str, sum_weights: float) -> None:
    canonical = np.atleast_1d(_check_alpha(alphas, convention, sum_weights))
    if not (canonical[..., 1:] <= canonical[..., :-1]).all():
        raise ValueError("its alphas do not decrease")


def _cv_fields(
    part: dict[str, Any], dims: dict[str, tuple[int, ...]], wanted: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    """As `_fit_fields`, of a cross-validation of ridge."""
    count = _scored(part)
    if typed(part, "method", str) not in METHODS:
        raise ValueError(f"its cross-validation is of a kind that is not known, {part['method']!r:.40}")
    _check_rule(part)
    n_folds = typed(part, "n_folds", int, optional=True)
    dims |= {"k": (count,), "f": (n_folds or 0,)}
    wanted |= {f"cross_validation.{name}.npy": shapes for name, shapes in _CV_ARRAYS.items()}
    if n_folds is not None:
        wanted["cross_validation.fold_scores.npy"] = ("fkt",)
    return {name: typed(part, name, kind) for name, kind in _CV_META.items()}


def _sparse_cv_fields(
    part: dict[str, Any], dims: dict[str, tuple[int, ...]], wanted: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    """As `_fit_fields`, of a cross-validation of elastic nets."""
    count = _scored(part)
    _check_rule(part)
    n_folds = typed(part, "n_folds", int)
    if n_folds < 1:
        raise ValueError("its cross-validation has no fold")
    dims |= {"k": (count,), "f": (n_folds,), "m": (typed(part, "n_l1_ratios", int),)}
    wanted |= {f"sparse_cross_validation.{name}.npy": shapes for name, shapes in _SPARSE_CV_ARRAYS.items()}
    return {name: typed(part, name, kind) for name, kind in _SPARSE_CV_META.items()}


def _scored(part: dict[str, Any]) -> int:
    count: int = typed(part, "n_alphas", int)
    if count < 1:
        raise ValueError("its cross-validation has no alpha")
    return count


def _check_rule(part: dict[str, Any]) -> None:
    if typed(part, "rule", str) not in _RULES:
        raise ValueError(f"its alpha was chosen by a rule that is not known, {part['rule']!r:.40}")


def _check_choice(cv: CrossValidation) -> None:
    _check_alpha(cv.alphas, cv.convention, cv.fit.sum_weights)
    index = np.asarray(cv.index)
    if not ((index >= 0) & (index < len(cv.alphas))).all() or not np.array_equal(cv.alphas[index], cv.alpha):
        raise ValueError("its cross-validation chose an alpha that is not where it says")


def _check_sparse_choice(cv: SparseCrossValidation) -> None:
    _check_ratios(cv.l1_ratios)
    _check_decreasing(cv.alphas, cv.convention, cv.fit.sum_weights)
    (row, k), shape = cv.index, cv.scores.shape
    if not (0 <= row < shape[0] and 0 <= k < shape[1]) or cv.l1_ratios[row] != cv.l1_ratio:
        raise ValueError("its cross-validation chose a penalty that is not where it says")
    grid = cv.alphas if cv.alphas.ndim == 1 else cv.alphas[row]
    if not np.array_equal(grid, cv.path.alphas) or cv.convention != cv.path.convention:
        raise ValueError("its cross-validation and its path are not of the same alphas")
    if grid[k] != cv.alpha or cv.fit.alpha != cv.alpha:
        raise ValueError("its cross-validation chose an alpha that is not where it says")
    if cv.alpha_min not in grid or not (math.isnan(cv.alpha_1se) or cv.alpha_1se in grid):
        raise ValueError("its cross-validation has an alpha that is not one of those it tried")


def _taken(arrays: Mapping[str, Any], prefix: str, table: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {name: arrays.get(f"{prefix}.{name}.npy") for name in table}


def _read_arrays(
    archive: zipfile.ZipFile, wanted: Mapping[str, tuple[str, ...]], dims: Mapping[str, tuple[int, ...]]
) -> dict[str, Any]:
    present = set(archive.namelist()) - {META}
    missing = sorted(name for name, shapes in wanted.items() if name not in present and "?" not in shapes)
    if missing or present - wanted.keys():
        name = missing[0] if missing else sorted(present - wanted.keys())[0]
        raise ValueError(f"member {name!r} is {'missing' if missing else 'not part of a model'}")
    # Every header is checked before the first array is allocated
    claims = {}
    for name in present:
        shapes = [sum((dims[letter] for letter in letters), ()) for letters in wanted[name] if letters != "?"]
        claims[name] = claimed(archive, name, WHAT, _dtypes(name.split(".")[1]), shapes)
    arrays: dict[str, Any] = {}
    for name, claim in claims.items():
        array = read(archive, name, *claim)
        arrays[name] = array if claim[1] else array.item()
    return arrays


def _check_convention(convention: str) -> None:
    if convention not in CONVENTIONS:
        raise ValueError(f"its alpha is in a convention that is not known, {convention!r:.40}")


def _check_ratios(values: Any) -> None:
    # Every comparison with NaN is false
    if not ((np.asarray(values) >= 0) & (np.asarray(values) <= 1)).all():
        raise ValueError(f"its l1_ratio is not between 0 and 1: {values!r:.40}")


def _check_alpha(alpha: Any, convention: str, sum_weights: float) -> Any:
    """The canonical alpha."""
    _check_convention(convention)
    try:
        return canonical_alpha(alpha, convention, sum_weights=sum_weights)
    except ValueError as error:
        raise ValueError(f"its alpha is impossible ({error})") from None


def _names(mapping: dict[str, Any], key: str, count: int) -> tuple[str, ...] | None:
    names = typed(mapping, key, list, optional=True)
    if names is None:
        return None
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key!r} in member {META!r} must be {count} strings")
    return tuple(names)


def _columns(meta: dict[str, Any], n_features: int) -> tuple[Column, ...] | None:
    entries = typed(meta, "columns", list, optional=True)
    if entries is None:
        return None
    columns = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise ValueError(f"'columns' in member {META!r} must hold objects")
        levels = typed(entry, "levels", list, optional=True)
        columns.append(
            Column(typed(entry, "name", str), None if levels is None else _names(entry, "levels", len(levels)))
        )
    if sum(len(column.features) for column in columns) != n_features:
        raise ValueError(f"'columns' in member {META!r} do not make {n_features} features")
    return tuple(columns)


def _check_about(about: Mapping[str, Any]) -> None:
    for key, value in about.items():
        if not isinstance(key, str) or not isinstance(value, Scalar):
            raise ValueError(f"about[{key!r}] must be a string, number, bool or None, not {type(value).__name__}")
