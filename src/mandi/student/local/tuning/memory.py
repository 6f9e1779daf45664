"""Whether a model fits into memory, told before its weights are read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ConfigError
from mandi.student.local.tuning.params import TuneParams

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

GIB = float(1 << 30)
ADAPTER_BYTES = 16
"""A trained number is kept four times in float32: itself, its gradient and two moments of Adam."""


@dataclass(frozen=True)
class Need:
    """Memory that tuning takes, in bytes.

    Attributes
    ----------
    parameters, trained : int
        Numbers of the model, and of its adapter.
    least : float
        Weights, adapter and optimiser: no setting makes it less.
    about : float
        With what one step keeps on the way, roughly.
    """

    parameters: int
    trained: int
    least: float
    about: float


def estimate(config: PreTrainedConfig, params: TuneParams, weight_bytes: int) -> Need:
    """Count the numbers of a model without making it, and estimate what tuning it takes.

    Parameters
    ----------
    config : PreTrainedConfig
    params : TuneParams
    weight_bytes : int
        Of one number of the base: 2 in bfloat16, 4 in float32.
    """
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):  # shapes without memory
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    parameters = sum(p.numel() for p in model.parameters())
    wide = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    trained = params.lora.rank * sum(m.in_features + m.out_features for m in wide)
    least = float(parameters * weight_bytes + trained * ADAPTER_BYTES)
    text: Any = config.get_text_config()
    hidden, layers = int(text.hidden_size), int(text.num_hidden_layers)
    tokens = 2 * params.batch * params.max_length  # the second part reads two answers to each question
    a_layer = 2 if params.gradient_checkpointing else 34  # numbers kept a token, of Korthikanti et al. (2022)
    return Need(parameters, trained, least, least + float(tokens * hidden * layers * a_layer * weight_bytes))


def refuse_if_too_large(need: Need, available: float, where: str) -> None:
    """Refuse a model that cannot fit whatever is set.

    Raises
    ------
    ConfigError
        ``least`` is more than there is; the message names both.

    Examples
    --------
    >>> refuse_if_too_large(Need(7_000_000_000, 40_000_000, 14.6e9, 20e9), 8 * GIB, "cuda")
    Traceback (most recent call last):
        ...
    mandi.core.errors.ConfigError: tuning this model takes at least 13.6 GiB, and cuda has 8.0 GiB free
      allowed: a smaller base model, a smaller tuning.local.lora.rank, or a larger machine
    """
    if need.least > available:
        raise ConfigError(
            f"tuning this model takes at least {need.least / GIB:.1f} GiB, and {where} has {available / GIB:.1f} GiB free",
            allowed="a smaller base model, a smaller tuning.local.lora.rank, or a larger machine",
        )


def available_bytes(device: str) -> float:
    """Return the bytes that are free on a device; of this machine also within the limit of its container."""
    if device == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0])
    free = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) if hasattr(os, "sysconf") else 0.0
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            free = float(line.split()[1]) * 1024
    group = Path("/sys/fs/cgroup")
    limit, used = (_lines(group / name)[:1] for name in ("memory.max", "memory.current"))
    if limit and used and limit[0].isdigit() and used[0].isdigit():
        free = min(free, float(limit[0]) - float(used[0]) + _reclaimable(group))
    return free or float("inf")


def _reclaimable(group: Path) -> float:
    told = dict(line.split() for line in _lines(group / "memory.stat") if len(line.split()) == 2)
    return float(told.get("inactive_file", 0))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []
