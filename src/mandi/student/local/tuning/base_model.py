"""The model that is tuned: its weights from safetensors only, its tokenizer, and how it writes a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mandi.core.errors import ConfigError, DataNotFound
from mandi.student.local.tuning.memory import Need, available_bytes, estimate, refuse_if_too_large
from mandi.student.local.tuning.params import TuneParams

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ '### ' + message['role'] + '\\n' + message['content'] + "
    "(eos_token if message['role'] == 'assistant' else '') + '\\n\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant\\n' }}{% endif %}"
)
"""For a base model without a template: each turn below a line with its role; an answer ends with the end token."""
Written = Literal["own", "folded"]
"""How a system turn is written: as the model's template does, or in front of the first turn of the user."""


@dataclass(frozen=True)
class Base:
    """A base model before its weights are read.

    Attributes
    ----------
    source : str
        Folder or id.
    revision : str, optional
    config, tokenizer : object
    device : str
        cpu, cuda or mps.
    dtype : str
        bfloat16 or float32.
    template : str
        ``own`` or ``plain``.
    system : str
        ``own`` or ``folded``.
    prefix : bool
        Whether a question is written the same with and without its answer; if not, training differs a little from use.
    need : Need
        Of memory.
    """

    source: str
    revision: str | None
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    device: str
    dtype: str
    template: Literal["own", "plain"]
    system: Written
    prefix: bool
    need: Need

    def model(self) -> PreTrainedModel:
        """Read the weights.

        Raises
        ------
        DataNotFound
            There are none in safetensors: other formats may run code when they are read, and are not.
        """
        import torch
        from transformers import AutoModelForCausalLM

        try:
            return AutoModelForCausalLM.from_pretrained(
                self.source,
                revision=self.revision or "main",
                dtype=getattr(torch, self.dtype),
                use_safetensors=True,
                trust_remote_code=False,
            )
        except (OSError, ValueError) as error:
            raise _not_there(self.source, error, "weights in safetensors") from error

    def length(self, turns: Sequence[dict[str, str]]) -> int:
        """Return the tokens of a conversation as it is written for this model."""
        told: Any = self.tokenizer.apply_chat_template(list(turns), tokenize=True, return_dict=True)
        return len(told["input_ids"])


def open_base(source: str, params: TuneParams, example: Sequence[dict[str, str]]) -> Base:
    """Read what a model is, without its weights, and find out whether it can be tuned here.

    Parameters
    ----------
    source : str
        Folder of a model, or its id on a hub.
    params : TuneParams
    example : sequence of dict
        Turns with an answer, to try the template on.

    Raises
    ------
    ConfigError
        No source; no chat template and none wanted; a device that is not there; memory that clearly will not do.
    DataNotFound
        No such model, or it needs code of its own.
    """
    from transformers import AutoConfig, AutoTokenizer

    if not source:
        raise ConfigError(
            "no base model is named",
            allowed="a folder or an id of a hub",
            next_command="mandi tune local --base ...",
        )
    named: dict[str, Any] = {"revision": params.revision or "main", "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(source, **named)
        tokenizer = AutoTokenizer.from_pretrained(source, **named)
    except (OSError, ValueError, KeyError) as error:
        raise _not_there(source, error, "a model that transformers knows, without code of its own") from error
    template: Literal["own", "plain"] = "own"
    if not tokenizer.chat_template:
        if params.without_chat_template == "refuse":
            raise ConfigError(
                f"{source} has no chat template: it was not taught to answer",
                allowed="an instruct model, or tuning.local.without_chat_template: plain",
            )
        tokenizer.chat_template, template = PLAIN_TEMPLATE, "plain"
    if tokenizer.eos_token is None:
        raise ConfigError(f"{source} has no end token", allowed="a tokenizer with eos_token")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    device = _device(params)
    dtype = _dtype(params, device)
    need = estimate(config, params, 2 if dtype == "bfloat16" else 4)
    refuse_if_too_large(need, available_bytes(device), device)
    system: Written = "own" if _takes_system(tokenizer) else "folded"
    turns = folded(example) if system == "folded" else list(example)
    return Base(
        source,
        params.revision,
        config,
        tokenizer,
        device,
        dtype,
        template,
        system,
        _keeps(tokenizer, turns),
        need,
    )


def folded(turns: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Put what the system says in front of the first turn of the user, for models without a system turn.

    Examples
    --------
    >>> folded([{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}])
    [{'role': 'user', 'content': 'Be short.\\n\\nHello'}]
    """
    said = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [dict(turn) for turn in turns if turn["role"] != "system"]
    first = next((turn for turn in rest if turn["role"] == "user"), None)
    if said and first is not None:
        first["content"] = f"{said}\n\n{first['content']}"
    return rest


def _takes_system(tokenizer: PreTrainedTokenizerBase) -> bool:
    from jinja2 import TemplateError

    tried = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"}]
    try:
        return "Be short." in str(tokenizer.apply_chat_template(tried, tokenize=False))
    except TemplateError:
        return False


def _keeps(tokenizer: PreTrainedTokenizerBase, turns: Sequence[dict[str, str]]) -> bool:
    asked = tokenizer.apply_chat_template(list(turns)[:-1], tokenize=False, add_generation_prompt=True)
    return str(tokenizer.apply_chat_template(list(turns), tokenize=False)).startswith(str(asked))


def _device(params: TuneParams) -> str:
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if params.device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there[params.device]:
        raise ConfigError(
            f'tuning.local.device is "{params.device}", which is not on this machine',
            allowed=", ".join(["auto", *(name for name, is_there in there.items() if is_there)]),
        )
    return params.device


def _dtype(params: TuneParams, device: str) -> str:
    import torch

    if params.dtype != "auto":
        return params.dtype
    return "bfloat16" if device == "cuda" and torch.cuda.is_bf16_supported() else "float32"


def _not_there(source: str, error: Exception, wanted: str) -> DataNotFound:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    near = "" if Path(source).exists() else ", and there is no such folder"
    return DataNotFound(f"{source} cannot be read{near}: {first}", allowed=wanted)
