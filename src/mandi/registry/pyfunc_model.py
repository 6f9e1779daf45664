"""Packs a saved model as an MLflow pyfunc: the model's own plain files and a signature from its Spec, no pickle, no code."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError, DataNotFound

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import PyFuncModel
    from pandas import DataFrame

    from mandi.models.base import Field, Model, Spec

# whole numbers are doubles too: a column that is integer in training arrives as 1.0 or missing when served
TYPES = {"number": "double", "category": "string", "text": "string", "boolean": "boolean", "time": "datetime"}
FILES = "data"
MANIFEST = "MLmodel"


class PackedModel:
    """What MLflow calls: the loaded model behind ``predict``."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, model_input: DataFrame) -> DataFrame:
        """Return ``spec.outputs`` on the index of the input; fields that may be missing are filled as missing."""
        frame = model_input.copy()
        for field in self.model.spec.inputs:
            if field.name not in frame:
                frame[field.name] = float("nan") if field.kind == "number" else None
            elif field.kind == "time" and field.unit == "UTC" and frame[field.name].dt.tz is None:
                frame[field.name] = frame[field.name].dt.tz_localize("UTC")
        return self.model.predict(frame)


def signature(spec: Spec) -> ModelSignature:
    """Return the MLflow signature of a model.

    Parameters
    ----------
    spec : Spec
        Its inputs and outputs; a field that is not required may be missing.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    def columns(fields: tuple[Field, ...]) -> Schema:
        return Schema([ColSpec(TYPES[f.kind], f.name, required=f.required) for f in fields])

    return ModelSignature(inputs=columns(spec.inputs), outputs=columns(spec.outputs))


def as_input(frame: DataFrame, spec: Spec) -> DataFrame:
    """Return the columns of a frame that a packed model reads, typed as its signature asks.

    MLflow refuses whole numbers where it expects doubles, and times with a zone: numbers become float64, times lose
    their zone and are read as UTC by the packed model, words become plain text or None.

    Parameters
    ----------
    frame : DataFrame
        Has ``spec.inputs``; others are left out.
    spec : Spec
        Of the model.

    Raises
    ------
    ContractError
        A required column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from mandi.models.base import Field, Spec
    >>> bags = Field("bags", "number", "bags", "whole number of bags")
    >>> spec = Spec("toy", "?", (bags,), (), "price", "INR/quintal", (0,), "mae", True, ())
    >>> as_input(pd.DataFrame({"bags": [12], "colour": ["white"]}), spec).dtypes.to_dict()
    {'bags': dtype('float64')}
    """
    if absent := [f.name for f in spec.inputs if f.required and f.name not in frame]:
        raise ContractError(f"missing columns: {', '.join(absent)}", allowed=", ".join(spec.input_names()))
    picked = frame[[f.name for f in spec.inputs if f.name in frame]]
    typed = picked.astype({f.name: "float64" for f in spec.inputs if f.kind == "number" and f.name in frame})
    for f in spec.inputs:
        if f.name not in typed:
            continue
        column = typed[f.name]
        if f.kind in ("category", "text"):  # a column that is wholly missing comes as float
            typed[f.name] = column.astype(object).mask(column.isna(), None)
        elif f.kind == "time" and column.dt.tz is not None:
            typed[f.name] = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return typed


def pack(destination: Path, name: str, model_folder: Path, spec: Spec, loader: str = __name__) -> None:
    """Write a folder that ``mlflow.pyfunc.load_model`` reads wherever this package is installed.

    Parameters
    ----------
    destination : Path
        Does not exist yet.
    name : str
        The model's name in ``mandi.models.MODELS``.
    model_folder : Path
        What ``Model.save`` wrote.
    spec : Spec
        Declares the signature.
    loader : str
        Module whose ``_load_pyfunc`` makes of the files something that predicts.
    """
    import mlflow.pyfunc
    from mlflow.models import Model as Manifest

    mlflow.pyfunc.save_model(
        str(destination),
        loader_module=loader,
        data_path=str(model_folder),
        mlflow_model=Manifest(signature=signature(spec)),
        model_config={"name": name},
        pip_requirements=[f"mandi=={metadata.version('mandi')}"],
    )


def model_files(packed: Path) -> Path:
    """Return the folder inside a packed model that ``Model.save`` wrote.

    Raises
    ------
    DataNotFound
        The folder is not a packed model.
    """
    from mlflow.models import Model as Manifest

    if not (packed / MANIFEST).is_file():
        raise DataNotFound(f"no packed model in {packed}", next_command="mandi repro --force")
    return packed / str(Manifest.load(str(packed)).flavors["python_function"][FILES])


def load_packed(packed: Path) -> PyFuncModel:
    """Load a packed model the way MLflow serves it: inputs are checked against the signature."""
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(packed))


def _load_pyfunc(data_path: str, model_config: dict[str, Any]) -> PackedModel:  # the name MLflow looks for
    from mandi.models import model_class

    return PackedModel(model_class(model_config["name"]).load(Path(data_path)))
