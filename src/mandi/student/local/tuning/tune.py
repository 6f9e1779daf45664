"""Tunes a base model on a version of the datasets: LoRA on the good answers, then on the preferences."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import TooLittleData
from mandi.student.local.tuned import ADAPTER, MANIFEST, MERGED, Tuned, digests
from mandi.student.local.tuning.base_model import Base, folded, open_base
from mandi.student.local.tuning.extra import require_extra
from mandi.student.local.tuning.materials import Materials, Row, read_materials
from mandi.student.local.tuning.params import TuneParams
from mandi.student.local.tuning.progress import Told, quiet, reporter

if TYPE_CHECKING:
    from transformers import Trainer

WORK = "work"


def _silent(_: str) -> None:
    return None


def tune(base: str, examples: Path, out: Path, params: TuneParams, told: Told = _silent) -> Tuned:
    """Tune a model; a run that was broken off goes on from its last checkpoint, a finished one is not done again.

    Parameters
    ----------
    base : str
        Folder of a model, or its id on a hub. Only safetensors are read, and no code of the model's own is run.
    examples : Path
        A version of the datasets: ``<task>/sft.train.jsonl`` and so on.
    out : Path
        Gets ``adapter/`` and ``tuned.json`` (and ``merged/``). Checkpoints are in ``work/`` until the end.
    params : TuneParams
    told : callable, optional
        Gets lines of progress.

    Returns
    -------
    Tuned

    Raises
    ------
    ConfigError
        The packages of the extra are absent, memory clearly will not do, or the model was not taught to answer.
    TooLittleData
        Too few good answers, or too few that are short enough.
    ContractError, DataNotFound
        Rows, files or a model that are not what they should be.
    """
    packages = require_extra()
    material = read_materials(examples, params.tasks, params.least_examples)
    with quiet(), _deterministic(params.deterministic):
        first = material.sft[0]
        opened = open_base(base, params, first["prompt"] + first["completion"])
        told(
            f"{base}: {opened.need.parameters / 1e6:,.1f} M numbers in {opened.dtype} on {opened.device}; tuning takes about "
            f"{opened.need.about / (1 << 30):.1f} GiB"
        )
        rows, left_out = _short_enough(material, opened, params)
        base_digest = _base_digest(opened)
        key = _key(base_digest, opened, material, params, packages)
        work = out / WORK
        run = _Run(opened, params, work, told)
        if (out / MANIFEST).is_file() and (before := Tuned.load(out)).key == key:
            told("this model was tuned before of the same rows: it is kept")
            if params.merge and not (out / MERGED / "config.json").is_file():
                run.merge(out / ADAPTER, out / MERGED)
            return before
        _prepare(work, key)
        parts = {"sft": run.part("sft", rows["sft"], "good answers")}
        name, label = _second(rows, params)
        if name:
            parts[name] = run.part(name, rows["pairs" if name == "dpo" else "unpaired"], label)
        else:
            told(label)
        _keep(work / (name or "sft") / ADAPTER, out / ADAPTER)
        if params.merge:
            run.merge(out / ADAPTER, out / MERGED)
        tuned = Tuned(
            key=key, base=base, revision=params.revision, base_digest=base_digest,
            dataset_version=material.version, data_digest=material.digest, tasks=material.tasks, parts=parts,
            counts=material.counts() | left_out, params=_plain(params), packages=packages,
            template=opened.template, system=opened.system, files=digests(out / ADAPTER),
            notes=_notes(opened, label if not name else ""), folder=out,
        )  # fmt: skip
        tuned.save()
        shutil.rmtree(work)
    return tuned


@dataclass
class _Run:
    base: Base
    params: TuneParams
    work: Path
    told: Told

    def part(self, name: str, rows: Sequence[Row], label: str) -> dict[str, float]:
        """Train one part and keep its adapter and figures; what was done before a failure is not done again."""
        from mandi.student.local.tuning import trainers

        home = self.work / name
        done = home / "done.json"
        if done.is_file():
            self.told(f"{label}: done before")
            found: dict[str, float] = json.loads(done.read_text(encoding="utf-8"))
            return found
        home.mkdir(parents=True, exist_ok=True)
        make: Any = {"sft": trainers.sft_trainer, "dpo": trainers.dpo_trainer, "kto": trainers.kto_trainer}[
            name
        ]
        model = self.base.model() if name == "sft" else self._adapted(self.work / "sft" / ADAPTER)
        trainer: Trainer = make(model, self.base, rows, self.params, home / "checkpoints")
        from transformers import PrinterCallback

        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(reporter(label, self.told))
        last = _last_checkpoint(home / "checkpoints")
        if last:
            self.told(f"{label}: goes on from step {last.name.rpartition('-')[2]}")
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        _write_adapter(trainer.model, self.base, home / ADAPTER)
        found = trainers.figures(trainer, len(rows))
        done.write_text(json.dumps(found, sort_keys=True), encoding="utf-8")
        return found

    def merge(self, adapter: Path, out: Path) -> None:
        """Write base and adapter as one model."""
        self.told("writing the merged model")
        whole: Any = self._adapted(adapter, trainable=False)
        shutil.rmtree(out, ignore_errors=True)
        whole.merge_and_unload().save_pretrained(out)
        self.base.tokenizer.save_pretrained(out)

    def _adapted(self, adapter: Path, trainable: bool = True) -> Any:
        from peft import PeftModel

        return PeftModel.from_pretrained(self.base.model(), str(adapter), is_trainable=trainable)


def _short_enough(
    material: Materials, base: Base, params: TuneParams
) -> tuple[dict[str, list[Row]], dict[str, int]]:
    kept: dict[str, list[Row]] = {}
    left_out: dict[str, int] = {}
    answers = {"sft": ("completion",), "pairs": ("chosen", "rejected"), "unpaired": ("completion",)}
    for name, fields in answers.items():
        rows: Sequence[Row] = getattr(material, name)
        if base.system == "folded":
            rows = [{**row, "prompt": folded(row["prompt"])} for row in rows]
        kept[name] = [
            row
            for row in rows
            if max(base.length(row["prompt"] + row[f]) for f in fields) <= params.max_length
        ]
        left_out[f"{name}_too_long"] = len(rows) - len(kept[name])
    if len(kept["sft"]) < params.least_examples:
        raise TooLittleData(
            f"{len(kept['sft'])} good answers have at most {params.max_length} tokens, {left_out['sft_too_long']} are longer",
            allowed=f"at least {params.least_examples} (tuning.local.least_examples), or a larger tuning.local.max_length",
        )
    return kept, left_out


def _second(rows: dict[str, list[Row]], params: TuneParams) -> tuple[str, str]:
    """Return the name of the second part and its label; without one, why there is none."""
    good = sum(row["label"] for row in rows["unpaired"])
    bad = len(rows["unpaired"]) - good
    if params.preference.epochs == 0:
        return "", "no second part: tuning.local.preference.epochs is 0"
    if len(rows["pairs"]) >= params.least_pairs:
        return "dpo", "better answers of two"
    if min(good, bad) >= params.least_pairs:
        return "kto", "good and bad answers"
    return "", (
        f"no second part: {len(rows['pairs'])} pairs, {good} good and {bad} bad answers; "
        f"{params.least_pairs} pairs or of each kind are needed"
    )


def _notes(base: Base, no_second: str) -> tuple[str, ...]:
    said = {
        no_second: bool(no_second),
        "the template writes a question otherwise when its answer follows: training differs a little from use": not base.prefix,
        "conversations are written with the plain template, which the adapter's tokenizer holds": base.template
        == "plain",
        "the model takes no system turn: it is put in front of the first turn of the user": base.system
        == "folded",
    }
    return tuple(text for text, holds in said.items() if holds)


def _write_adapter(model: Any, base: Base, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, selected_adapters=["default"])  # not the frozen copy that DPO compares with
    base.tokenizer.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = folder / "adapter_config.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    for name, value in told.items():  # sets come in any order
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            told[name] = sorted(value)
    config.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _keep(adapter: Path, out: Path) -> None:
    (out.parent / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(adapter, out)


def _prepare(work: Path, key: str) -> None:
    named = work / "key"
    if not (named.is_file() and named.read_text(encoding="ascii") == key):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        named.write_text(key, encoding="ascii")


def _last_checkpoint(folder: Path) -> Path | None:
    whole = [p for p in folder.glob("checkpoint-*") if (p / "trainer_state.json").is_file()]
    return max(whole, key=lambda p: int(p.name.rpartition("-")[2]), default=None)


def _key(
    base_digest: str, base: Base, material: Materials, params: TuneParams, packages: dict[str, str]
) -> str:
    told = [base_digest, material.digest, _plain(params), packages, base.device, base.dtype]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _base_digest(base: Base) -> str:
    folder = Path(base.source)
    if not folder.is_dir():  # of a hub: the commit
        return str(getattr(base.config, "_commit_hash", None) or base.revision or "unknown")
    named = {
        p.name for pattern in ("*.json", "*.safetensors", "*.jinja", "*.model") for p in folder.glob(pattern)
    }
    return hashlib.sha256(json.dumps(digests(folder, sorted(named)), sort_keys=True).encode()).hexdigest()


def _plain(params: TuneParams) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(params)))
    del told["base"], told["merge"], told["save_steps"]  # change nothing of what is learned
    return told


@contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    import torch

    before, name = torch.are_deterministic_algorithms_enabled(), "CUBLAS_WORKSPACE_CONFIG"
    given = os.environ.get(name)
    if wanted:
        os.environ.setdefault(name, ":16:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        if given is None:
            os.environ.pop(name, None)
