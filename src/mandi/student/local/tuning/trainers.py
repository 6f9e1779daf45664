"""The trainers of TRL with our parameters: good answers, pairs, or answers that are good or bad alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.student.local.tuning.base_model import Base
from mandi.student.local.tuning.params import TuneParams

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, Trainer

Rows = Sequence[dict[str, Any]]


def sft_trainer(model: PreTrainedModel, base: Base, rows: Rows, params: TuneParams, folder: Path) -> Trainer:
    """Return a trainer of good answers: a fresh adapter, and a loss over the answer alone.

    Parameters
    ----------
    model : PreTrainedModel
        Of ``base``.
    base : Base
    rows : sequence of dict
        ``prompt`` and ``completion``.
    params : TuneParams
    folder : Path
        For checkpoints.
    """
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    lora = params.lora
    arguments = SFTConfig(
        **_shared(base, params, folder, params.sft.epochs, params.sft.learning_rate),
        completion_only_loss=True,
        packing=params.sft.packing,
    )
    adapter = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, task_type="CAUSAL_LM",
        target_modules=lora.targets if isinstance(lora.targets, str) else list(lora.targets),
    )  # fmt: skip
    return SFTTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_list(list(rows)),
        processing_class=base.tokenizer, peft_config=adapter,
    )  # fmt: skip


def dpo_trainer(model: PeftModel, base: Base, rows: Rows, params: TuneParams, folder: Path) -> Trainer:
    """Return a trainer of pairs (Rafailov et al., 2023) that goes on with an adapter; what it was is what it is held to.

    Parameters
    ----------
    model : PeftModel
        With a trainable adapter.
    base, params, folder
        As in ``sft_trainer``.
    rows : sequence of dict
        ``prompt``, ``chosen`` and ``rejected``.
    """
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    part = params.preference
    arguments = DPOConfig(**_shared(base, params, folder, part.epochs, part.learning_rate), beta=part.beta)
    return DPOTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=base.tokenizer,
    )


def kto_trainer(model: PeftModel, base: Base, rows: Rows, params: TuneParams, folder: Path) -> Trainer:
    """Return a trainer of answers that are good or bad alone (Ethayarajh et al., 2024).

    It compares each answer with its neighbour in the batch and never shuffles: the rows are shuffled here, and the rarer kind
    weighs more, so that both count the same.

    Parameters
    ----------
    model, base, params, folder
        As in ``dpo_trainer``.
    rows : sequence of dict
        ``prompt``, ``completion`` and ``label``; of both kinds.
    """
    from datasets import Dataset
    from trl import KTOConfig, KTOTrainer

    part = params.preference
    mixed = list(rows)
    random.Random(params.seed).shuffle(mixed)
    good = sum(row["label"] for row in mixed)
    bad = len(mixed) - good
    arguments = KTOConfig(
        **_shared(base, params, folder, part.epochs, part.learning_rate), beta=part.beta,
        desirable_weight=max(1.0, bad / good), undesirable_weight=max(1.0, good / bad),
    )  # fmt: skip
    return KTOTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_list(mixed), processing_class=base.tokenizer
    )


def figures(trainer: Trainer, rows: int) -> dict[str, float]:
    """Return what a finished trainer reports: rows, steps, first and last loss, and margins where it has them."""
    logged = [entry for entry in trainer.state.log_history if "loss" in entry]
    told: dict[str, float] = {"rows": float(rows), "steps": float(trainer.state.global_step)}
    if logged:
        told |= {"first_loss": float(logged[0]["loss"]), "last_loss": float(logged[-1]["loss"])}
    margins = [float(entry["rewards/margins"]) for entry in logged if "rewards/margins" in entry]
    if margins:  # a report of answers of one kind alone has none
        told |= {"first_margin": margins[0], "last_margin": margins[-1]}
    return told


def _shared(base: Base, params: TuneParams, folder: Path, epochs: float, rate: float) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "num_train_epochs": epochs,
        "learning_rate": rate,
        "per_device_train_batch_size": params.batch,
        "gradient_accumulation_steps": params.accumulate,
        "max_length": params.max_length,
        "gradient_checkpointing": params.gradient_checkpointing,
        "bf16": base.dtype == "bfloat16" and base.device != "cpu",
        "use_cpu": base.device == "cpu",
        "seed": params.seed,
        "data_seed": params.seed,
        "save_strategy": "steps",
        "save_steps": params.save_steps,
        "save_total_limit": 2,
        "logging_steps": max(1, params.save_steps // 5),
        "logging_first_step": True,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": base.device == "cuda",
    }
