"""Writes a notebook that tunes a small model with an exported file, for a machine with a GPU that is not this one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mandi.core.errors import UnknownValue

TRAINERS = {"sft": "SFTTrainer", "preference": "DPOTrainer", "unpaired": "KTOTrainer"}
"""Which trainer of TRL reads which purpose."""
MODEL = "Qwen/Qwen2.5-0.5B-Instruct"
_IMPORT = {
    "SFTTrainer": "from trl import SFTConfig as Config, SFTTrainer as Trainer",
    "DPOTrainer": "from trl import DPOConfig as Config, DPOTrainer as Trainer",
    "KTOTrainer": "from trl.experimental.kto import KTOConfig as Config, KTOTrainer as Trainer",
}


def colab_notebook(purpose: str, file_name: str, rows: int, version: str) -> str:
    """Return the notebook as JSON text; it holds no example, no key and no address.

    Parameters
    ----------
    purpose : str
        sft, preference or unpaired.
    file_name : str
        The exported file, uploaded beside the notebook.
    rows : int
        In the file.
    version : str
        Of the datasets.

    Raises
    ------
    UnknownValue
        No trainer reads this purpose.

    Examples
    --------
    >>> cells = json.loads(colab_notebook("sft", "feedback_dataset.jsonl", 120, "1a2b3c"))["cells"]
    >>> "SFTTrainer" in "".join("".join(cell["source"]) for cell in cells)
    True
    """
    if purpose not in TRAINERS:
        raise UnknownValue(f"no trainer reads {purpose!r}", allowed=", ".join(TRAINERS))
    trainer = TRAINERS[purpose]
    cells = [
        _text(
            f"# Tune a model with {file_name}\n\n{rows:,} examples of datasets version {version}, for TRL's {trainer}. "
            "Choose a runtime with a GPU, upload the file beside this notebook, and run all cells. The adapter is written to `adapter/`; "
            "bring it home and serve it as docs/guides/local-model.md says."
        ),
        _code('%pip install -q "trl>=1.0" "peft>=0.17" "datasets>=3.0"'),
        _code(
            f'model = "{MODEL}"  # any causal model with a chat template\nfile = "{file_name}"\nepochs = 2\n'
            f"learning_rate = {_rate(trainer)}\nseed = 7"
        ),
        _code(
            f'from datasets import load_dataset\nfrom peft import LoraConfig\n{_IMPORT[trainer]}\n\n'
            f'rows = load_dataset("json", data_files=file, split="train").train_test_split(0.1, seed=seed)\n'
            f"assert len(rows[\"train\"]) + len(rows[\"test\"]) == {rows}, \"the file is not the one that was exported\""
        ),
        _code(
            "trainer = Trainer(\n    model=model,\n    args=Config(\n        output_dir=\"run\", num_train_epochs=epochs, learning_rate=learning_rate,\n"
            "        per_device_train_batch_size=4, gradient_accumulation_steps=4, eval_strategy=\"epoch\",\n"
            "        logging_steps=10, report_to=\"none\", seed=seed,\n    ),\n"
            '    train_dataset=rows["train"],\n    eval_dataset=rows["test"],\n'
            '    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),\n)\n'
            'trainer.train()\ntrainer.save_model("adapter")'
        ),
        _text(
            "The loss above says little. Whether the model is better is decided at home, on the frozen set, by the gate: "
            "`mandi repro student_register`."
        ),
    ]  # fmt: skip
    notebook = {
        "cells": [{**cell, "id": f"cell-{n:02d}"} for n, cell in enumerate(cells, 1)],
        "metadata": {
            "accelerator": "GPU",
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write_colab(folder: Path, purpose: str, file_name: str, rows: int, version: str) -> Path:
    """Write the notebook beside the file and return its path; see ``colab_notebook``."""
    path = folder / f"tune_{purpose}.ipynb"
    path.write_text(colab_notebook(purpose, file_name, rows, version), encoding="utf-8")
    return path


def _rate(trainer: str) -> str:
    return {"SFTTrainer": "2e-4", "DPOTrainer": "5e-6", "KTOTrainer": "5e-6"}[trainer]


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def _code(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
        "source": source.splitlines(keepends=True),
    }  # fmt: skip
