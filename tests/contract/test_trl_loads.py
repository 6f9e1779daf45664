"""What the writers write is what the trainers of TRL read: each takes a step on a tiny model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mandi.datasets.files import write_rows
from mandi.datasets.formats.export import export
from mandi.datasets.rows import Example
from tests.fakes import tiny_llm as tiny

pytestmark = pytest.mark.slow
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def _examples() -> list[Example]:
    found = []
    for n in range(12):
        about: dict[str, Any] = {
            "task": "chat", "messages": tuple(tiny.user(tiny.question(n))), "chosen": tiny.answer(n),
            "asked_at": BEGIN + timedelta(hours=n), "generation_ids": (f"g{n}",), "party": f"p{n}",
            "consent": "granted", "licence": "generated", "provenance": "generated", "cluster": n,
        }  # fmt: skip
        found += [
            Example(f"s{n:02}", "sft", **about),
            Example(f"t{n:02}", "preference", rejected="I cannot say.", **about),
            Example(f"u{n:02}", "unpaired", label=True, **about),
        ]
        found.append(replace(found[-1], example_id=f"v{n:02}", chosen="I cannot say.", label=False))
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("datasets")
    write_rows(_examples(), folder)
    found = {}
    for name in ("trl-sft", "trl-messages", "trl-text", "trl-preference", "trl-unpaired"):
        found[name] = folder / "files" / f"{name}.jsonl"
        assert export(folder, name, "chat", found[name]).rows == (24 if name == "trl-unpaired" else 12)
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_tiny_llm(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize(
    ("name", "trainer"),
    [
        ("trl-sft", "SFT"), ("trl-messages", "SFT"), ("trl-text", "SFT"), ("trl-preference", "DPO"),
        ("trl-unpaired", "KTO"),
    ],
)  # fmt: skip
def test_a_trainer_takes_a_step(
    files: dict[str, Path], base: Path, tmp_path: Path, name: str, trainer: str
) -> None:
    import datasets
    import torch
    import trl
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer

    rows = datasets.load_dataset(
        "json", data_files=str(files[name]), split="train", cache_dir=str(tmp_path / "cache")
    )
    if trainer == "KTO":
        rows = rows.shuffle(seed=3)
        assert set(rows["label"]) == {True, False}
    given: dict[str, Any] = {"loss_type": "kto"} if trainer == "KTO" else {}
    arguments = getattr(trl, f"{trainer}Config")(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=4, use_cpu=True, bf16=False, max_length=96,
        learning_rate=1e-2, report_to="none", save_strategy="no", disable_tqdm=True, gradient_checkpointing=False,
        logging_steps=1, seed=1, **given,
    )  # fmt: skip
    made = getattr(trl, f"{trainer}Trainer")(
        model=AutoModelForCausalLM.from_pretrained(base, use_safetensors=True), args=arguments, train_dataset=rows,
        processing_class=AutoTokenizer.from_pretrained(base),
        peft_config=LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    made.train()
    assert made.state.global_step == 1 and made.state.log_history[0]["loss"] > 0
    moved = [
        p for n, p in made.model.named_parameters() if "lora_B" in n and float(p.detach().abs().max()) > 0
    ]
    assert moved and all(bool(torch.isfinite(p).all()) for p in moved)
