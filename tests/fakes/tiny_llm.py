"""A language model of a few thousand numbers, made here: random weights, and a tokenizer that learned our own texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
COMMODITIES = ("soybean", "tur", "wheat", "maize", "cotton", "iron ore")


def question(n: int) -> str:
    return f"What is {COMMODITIES[n % len(COMMODITIES)]} worth in Indore?"


def answer(n: int) -> str:
    return f"INR {4000 + 100 * (n % len(COMMODITIES))} per quintal."


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def sft_rows(count: int) -> list[dict[str, Any]]:
    return [{"prompt": user(question(n)), "completion": said(answer(n))} for n in range(count)]


def pair_rows(count: int) -> list[dict[str, Any]]:
    return [
        {"prompt": user(question(n)), "chosen": said(answer(n)), "rejected": said("I cannot say.")}
        for n in range(count)
    ]


def unpaired_rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "prompt": user(question(n)),
            "completion": said(answer(n) if n % 3 else "I cannot say."),
            "label": bool(n % 3),
        }
        for n in range(count)
    ]


def write_rows(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), encoding="utf-8")
    return file


def make_tiny_llm(folder: Path, template: str | None = TEMPLATE) -> Path:
    """Write a model and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    texts = [question(n) for n in range(12)] + [answer(n) for n in range(12)] + ["I cannot say."]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>"]
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )  # fmt: skip
    whole = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    whole.chat_template = template
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(whole), hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    whole.save_pretrained(folder)
    return folder
