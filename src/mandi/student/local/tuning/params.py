"""Parameters of tuning: the section ``tuning.local`` of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mandi.core.errors import ConfigError

Dtype = Literal["auto", "bfloat16", "float32"]
Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class LoraParams:
    """The adapter (Hu et al., 2021).

    Attributes
    ----------
    rank, alpha : int
        Width of the two thin matrices beside each weight; their product is scaled by alpha / rank.
    dropout : float
    targets : str or tuple of str
        Names of layers; ``all-linear`` is every linear layer but the last one.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: str | tuple[str, ...] = "all-linear"


@dataclass(frozen=True)
class SftParams:
    """Learning to say the good answers.

    Attributes
    ----------
    epochs : float
    learning_rate : float
    packing : bool
        Put several short examples into one row. Quicker on a GPU with flash attention; elsewhere examples of one row see
        each other, so it is off.
    """

    epochs: float = 3.0
    learning_rate: float = 2e-4
    packing: bool = False


@dataclass(frozen=True)
class PreferenceParams:
    """Learning which of two answers is better, or whether one is good.

    Attributes
    ----------
    epochs : float
        0 leaves this part out.
    learning_rate : float
        A tenth of that of the first part, or less: more drives both answers away.
    beta : float
        How closely the model stays to what it was.
    """

    epochs: float = 1.0
    learning_rate: float = 2e-5
    beta: float = 0.1


@dataclass(frozen=True)
class TuneParams:
    """Everything that decides what comes out of tuning; the base model and the examples are given beside it.

    Attributes
    ----------
    base : str
        Folder of a model, or its id on a hub.
    revision : str, optional
        Of a hub id: pin it, or another model may come tomorrow.
    tasks : tuple of str
        Kinds of work to learn; all of them if empty.
    device, dtype : str
        ``auto``: a GPU where there is one, in bfloat16 where it can.
    max_length : int
        Tokens of a question and its answer; longer examples are left out and counted, never cut: an answer that is cut
        teaches to break off.
    batch, accumulate : int
        Examples of one step on the device, and steps that are added up.
    gradient_checkpointing : bool
        Less memory for about a fifth more time.
    without_chat_template : str
        ``refuse``, or ``plain``: a template of ours for a base model that has none.
    least_examples, least_pairs : int
        Fewer good answers refuse the whole run; fewer pairs, or unpaired answers of each kind, leave the second part out.
    save_steps : int
        Steps between two checkpoints: a run that was broken off goes on from the last one.
    deterministic : bool
        Only operations that give the same bytes every time; slower on a GPU.
    merge : bool
        Write a whole model as well, for servers that take no adapter.
    """

    base: str = ""
    revision: str | None = None
    tasks: tuple[str, ...] = ()
    device: Device = "auto"
    dtype: Dtype = "auto"
    max_length: int = 1024
    batch: int = 4
    accumulate: int = 4
    gradient_checkpointing: bool = True
    without_chat_template: Literal["refuse", "plain"] = "refuse"
    least_examples: int = 50
    least_pairs: int = 20
    save_steps: int = 50
    seed: int = 20240611
    deterministic: bool = True
    merge: bool = False
    lora: LoraParams = field(default_factory=LoraParams)
    sft: SftParams = field(default_factory=SftParams)
    preference: PreferenceParams = field(default_factory=PreferenceParams)

    def __post_init__(self) -> None:
        wrong = {
            "batch": (self.batch >= 2, "2 or more: unpaired answers are compared within a batch"),
            "accumulate": (self.accumulate >= 1, "1 or more"),
            "max_length": (self.max_length >= 16, "16 or more"),
            "least_examples": (self.least_examples >= 1, "1 or more"),
            "least_pairs": (self.least_pairs >= 1, "1 or more"),
            "save_steps": (self.save_steps >= 1, "1 or more"),
            "lora.rank": (self.lora.rank >= 1, "1 or more"),
            "sft.epochs": (self.sft.epochs > 0, "more than 0"),
            "preference.epochs": (self.preference.epochs >= 0, "0 or more"),
        }
        for name, (fine, allowed) in wrong.items():
            if not fine:
                raise ConfigError(f"tuning.local.{name} cannot be used", allowed=allowed)
