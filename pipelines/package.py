"""Writes what the service loads: every champion of the registry with the last known state of its history, and the student."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import mandi.registry.promotion as promotion
from mandi.core.config import build
from mandi.core.errors import ContractError
from mandi.core.paths import Paths
from mandi.features import feature_params, feature_set
from mandi.features.base import known_until, served_state
from mandi.models import model_class
from mandi.registry.versions import Version
from mandi.serving.package import write_service_folder
from mandi.serving.packaged_student import STUDENT, put_student
from mandi.serving.rollouts.challengers import challengers_folder, clear_challengers
from mandi.serving.snapshot import MANIFEST, ServingParams
from mandi.tables.ingest import read_tables
from pipelines import project, skipped, stage


def main() -> None:
    """Write artifacts/service."""
    paths, params = project()
    limits = build(ServingParams, params.get("serving") or {}, "serving")
    source = str(params["tables"]["source"])
    challengers: list[Version] = []
    for model in params["models"]:
        champion = promotion.champion(model, root=paths.root)
        if champion is None or skipped(paths, model):
            continue
        if champion.source != source:
            raise ContractError(
                f"{model} v{champion.version}, the champion, was trained on tables from {champion.source}",
                allowed=f"a champion trained on tables from {source}, which are here now",
                next_command=f"mandi look {model}, then mandi promote {model}",
            )
        until = put(paths, params, champion, paths.champions, limits)
        print(f"{model} v{champion.version} is packaged, its history known until {until:%Y-%m-%d %H:%M} UTC")
        challenger = promotion.challenger(model, root=paths.root)
        if challenger is not None and challenger.version != champion.version and challenger.source == source:
            challengers.append(challenger)
    package_challengers(paths, params, challengers, limits)
    package_student(paths)


def put(
    paths: Paths, params: Mapping[str, Any], version: Version, destination: Path, limits: ServingParams
) -> pd.Timestamp:
    """Put one version of a model into a service folder with its history; return until when that is known."""
    model = version.name
    with tempfile.TemporaryDirectory() as somewhere:
        copied = Path(
            shutil.copytree(
                promotion.folder(model, version.version, root=paths.root), Path(somewhere) / model
            )
        )
        held = model_class(model).load(copied)
        own = {"models": {model: dataclasses.asdict(held.params)}}
        history, features = champions_history(paths, params, model, own), feature_set(model, own)
        until = known_until(features, history)
        entry = {
            "version": version.version,
            "run_id": version.run_id,
            "content_hash": version.content_hash,
            "snapshot_time": until,
            "metrics": version.metrics,
        }
        write_service_folder(
            destination, model, copied, served_state(features, history, held), entry, params=own,
            source=str(params["tables"]["source"]), limits=limits,
        )  # fmt: skip
    return until


def package_challengers(
    paths: Paths, params: Mapping[str, Any], challengers: Sequence[Version], limits: ServingParams
) -> None:
    """Put the challengers beside the champions, for a trial; one that cannot answer its own example is not tried."""
    clear_challengers(paths.champions)
    for challenger in challengers:
        try:
            put(paths, params, challenger, challengers_folder(paths.champions), limits)
        except ContractError as error:
            print(
                f"{challenger.name} v{challenger.version}, the challenger, is not packaged: {error.message}"
            )
            continue
        print(f"{challenger.name} v{challenger.version}, the challenger, is packaged for a trial")


def package_student(paths: Paths) -> None:
    """Put the champion student beside the models, or take out one that is no champion any more."""
    champion = promotion.champion(STUDENT, root=paths.root)
    if not (paths.champions / MANIFEST).is_file():
        print("no model is served, so no student is packaged")
        return
    if champion is None:
        put_student(paths.champions, None)
        print("no student has passed its gate: a teacher or the analyst answers")
        return
    entry = {
        "version": champion.version, "run_id": champion.run_id, "content_hash": champion.content_hash,
        "metrics": champion.metrics,
    }  # fmt: skip
    put_student(paths.champions, promotion.folder(STUDENT, "champion", root=paths.root), entry)
    print(f"student v{champion.version} is packaged")


def champions_history(
    paths: Paths, params: Mapping[str, Any], model: str, own: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """Return the history by the parameters the champion was trained with, which may not be today's."""
    if feature_params(model, own) == feature_params(model, params):
        home = paths.features(model) / "history"
        return {file.stem: pd.read_parquet(file) for file in sorted(home.glob("*.parquet"))}
    print(f"{model}: the history is built by the champion's own parameters")
    return feature_set(model, own).history(read_tables(paths.tables))


if __name__ == "__main__":
    stage(main)
