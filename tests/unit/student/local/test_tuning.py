"""Tuning a tiny model for real: weights change, losses fall, margins rise, adapters load again, and a broken run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ConfigError, ContractError, DataNotFound, TooLittleData, UnknownValue
from mandi.student.local.tuned import Tuned
from mandi.student.local.tuning import extra
from mandi.student.local.tuning.materials import read_materials
from mandi.student.local.tuning.memory import GIB, Need, available_bytes, refuse_if_too_large
from mandi.student.local.tuning.params import LoraParams, PreferenceParams, SftParams, TuneParams
from mandi.student.local.tuning.tune import tune
from tests.fakes import tiny_llm as tiny

QUICK = TuneParams(
    device="cpu", max_length=96, batch=6, accumulate=1, gradient_checkpointing=False, least_examples=10,
    least_pairs=5, save_steps=4, lora=LoraParams(rank=8, alpha=16, dropout=0.0),
    sft=SftParams(epochs=3, learning_rate=1e-2), preference=PreferenceParams(epochs=2, learning_rate=2e-3),
)  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_tiny_llm(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("datasets")
    tiny.write_rows(folder / "chat" / "sft.train.jsonl", tiny.sft_rows(24))
    tiny.write_rows(folder / "chat" / "preference.train.jsonl", tiny.pair_rows(12))
    (folder / "manifest.json").write_text('{"version": "v7"}', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tuned(
    base: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory, told: list[str]
) -> Iterator[Tuned]:
    yield tune(str(base), examples, tmp_path_factory.mktemp("out"), QUICK, told.append)


def said(base: Path, adapter: Path | None, question: str) -> list[int]:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(base, use_safetensors=True)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter))
    tokenizer = AutoTokenizer.from_pretrained(base)
    asked = tokenizer.apply_chat_template(
        tiny.user(question), add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        found = model.generate(**asked, max_new_tokens=8, do_sample=False)
    answer: list[int] = found[0, asked["input_ids"].shape[1] :].tolist()
    return answer


def test_losses_fall_and_margins_rise(tuned: Tuned, told: list[str]) -> None:
    sft, dpo = tuned.parts["sft"], tuned.parts["dpo"]
    assert sft["steps"] == 12 and sft["last_loss"] < sft["first_loss"] - 0.3
    assert dpo["first_margin"] == 0.0 and dpo["last_margin"] > 0.01 and dpo["last_loss"] < dpo["first_loss"]
    assert any(line.startswith("good answers: step 12 of 12, loss") for line in told)
    assert (tuned.dataset_version, tuned.tasks, tuned.counts["pairs"]) == ("v7", ("chat",), 12)


def test_the_adapter_learned_and_loads_again(tuned: Tuned, base: Path) -> None:
    from safetensors.torch import load_file

    weights = load_file(tuned.adapter / "adapter_model.safetensors")
    second = [w for name, w in weights.items() if "lora_B" in name]  # begin as zeros
    assert second and all(float(w.abs().max()) > 0 for w in second)
    once = said(base, tuned.adapter, tiny.question(0))
    assert once == said(base, tuned.adapter, tiny.question(0)) and once != said(base, None, tiny.question(0))
    assert {p.suffix for p in tuned.adapter.iterdir()} <= {".json", ".safetensors", ".jinja"}, (
        "something else than plain"
    )
    assert not (tuned.folder / "work").exists()


def test_the_manifest_tells_of_what_it_is_made_and_notices_a_change(tuned: Tuned, tmp_path: Path) -> None:
    import shutil

    again = Tuned.load(tuned.folder)
    assert again == tuned and again.version == tuned.version and again.packages["trl"]
    copy = tmp_path / "copy"
    shutil.copytree(tuned.folder, copy)
    with (copy / "adapter" / "adapter_model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ContractError, match="adapter_model"):
        Tuned.load(copy)
    with pytest.raises(DataNotFound, match="no tuned model"):
        Tuned.load(tmp_path)


def test_the_same_rows_are_not_tuned_twice_and_are_merged_when_asked(
    tuned: Tuned, base: Path, examples: Path
) -> None:
    lines: list[str] = []
    again = tune(str(base), examples, tuned.folder, replace(QUICK, merge=True), lines.append)
    assert again == tuned and any("kept" in line for line in lines)
    merged = tuned.folder / "merged"
    assert said(merged, None, tiny.question(1)) == said(base, tuned.adapter, tiny.question(1))


def test_a_run_broken_off_goes_on_and_ends_the_same(
    tuned: Tuned, base: Path, examples: Path, tmp_path: Path
) -> None:
    class Stopped(Exception):
        pass

    def stopping_at(where: str) -> Callable[[str], None]:
        def told(line: str) -> None:
            if line.startswith(where):
                raise Stopped

        return told

    lines: list[str] = []
    often = replace(QUICK, save_steps=3)
    for where in ("good answers: step 7 ", "better answers of two: step 4 "):
        with pytest.raises(Stopped):
            tune(str(base), examples, tmp_path / "out", often, stopping_at(where))
    ended = tune(str(base), examples, tmp_path / "out", often, lines.append)
    assert any("good answers: done before" in line for line in lines)
    assert any("better answers of two: goes on from step 3" in line for line in lines)
    assert ended.version == tuned.version, "another model than without a break"


def test_answers_that_are_good_or_bad_alone_take_the_place_of_pairs(base: Path, tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "d" / "chat" / "sft.train.jsonl", tiny.sft_rows(12))
    tiny.write_rows(tmp_path / "d" / "chat" / "unpaired.train.jsonl", tiny.unpaired_rows(24))
    short = replace(QUICK, sft=SftParams(epochs=1, learning_rate=1e-2))
    tuned = tune(str(base), tmp_path / "d", tmp_path / "out", short)
    assert tuned.parts["kto"]["rows"] == 24 and tuned.counts["unpaired_bad"] == 8
    assert tuned.parts["kto"]["last_margin"] > tuned.parts["kto"]["first_margin"]


def test_a_model_without_a_template_and_without_a_system_turn(tmp_path: Path) -> None:
    bare = tiny.make_tiny_llm(tmp_path / "bare", template=None)
    rows = tiny.sft_rows(12)
    for row in rows:
        row["prompt"] = [{"role": "system", "content": "Be short."}, *row["prompt"]]
    rows[0]["completion"] = tiny.said("very " * 200)
    tiny.write_rows(tmp_path / "d" / "chat" / "sft.train.jsonl", rows)
    short = replace(QUICK, sft=SftParams(epochs=1, learning_rate=1e-2))
    with pytest.raises(ConfigError, match="no chat template"):
        tune(str(bare), tmp_path / "d", tmp_path / "out", short)
    tuned = tune(str(bare), tmp_path / "d", tmp_path / "out", replace(short, without_chat_template="plain"))
    assert tuned.template == "plain" and tuned.counts["sft_too_long"] == 1 and set(tuned.parts) == {"sft"}
    assert any("no second part" in note for note in tuned.notes)
    assert "### " in (tuned.adapter / "chat_template.jinja").read_text(encoding="utf-8")
    picky = tiny.TEMPLATE.replace(
        "{% for", "{% if messages[0]['role'] == 'system' %}{{ raise_exception('none') }}{% endif %}{% for", 1
    )
    other = tiny.make_tiny_llm(tmp_path / "picky", template=picky)
    folded = tune(str(other), tmp_path / "d", tmp_path / "out2", short)
    assert folded.system == "folded" and any("no system turn" in note for note in folded.notes)


def test_what_cannot_be_tuned_is_refused(base: Path, examples: Path, tmp_path: Path) -> None:
    with pytest.raises(TooLittleData, match="24 good answers"):
        tune(str(base), examples, tmp_path, replace(QUICK, least_examples=100))
    long = [{**row, "completion": tiny.said("very " * 200)} for row in tiny.sft_rows(20)]
    tiny.write_rows(tmp_path / "long" / "chat" / "sft.train.jsonl", long)
    with pytest.raises(TooLittleData, match="20 are longer"):
        tune(str(base), tmp_path / "long", tmp_path / "out", QUICK)
    with pytest.raises(DataNotFound, match="cannot be read"):
        tune(str(tmp_path / "nothing"), examples, tmp_path, QUICK)
    with pytest.raises(UnknownValue, match="scoring"):
        tune(str(base), examples, tmp_path, replace(QUICK, tasks=("scoring",)))
    with pytest.raises(ConfigError, match="cuda"):
        tune(str(base), examples, tmp_path, replace(QUICK, device="cuda"))
    with pytest.raises(ConfigError, match="no base model"):
        tune("", examples, tmp_path, QUICK)
    assert [p.name for p in tmp_path.iterdir()] == ["long"]


def test_weights_that_may_run_code_are_not_read(base: Path, examples: Path, tmp_path: Path) -> None:
    import shutil

    import torch
    from safetensors.torch import load_file

    shutil.copytree(base, tmp_path / "old")
    weights = tmp_path / "old" / "model.safetensors"
    torch.save(load_file(weights), tmp_path / "old" / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(DataNotFound, match="safetensors"):
        tune(str(tmp_path / "old"), examples, tmp_path / "out", QUICK)


def test_memory_that_clearly_will_not_do() -> None:
    assert available_bytes("cpu") > GIB / 4
    refuse_if_too_large(Need(1, 1, 1.0, 99 * GIB), GIB, "cpu")  # only what no setting makes less counts
    with pytest.raises(ConfigError, match=r"at least 2\.0 GiB, and cpu has 1\.0 GiB free"):
        refuse_if_too_large(Need(1, 1, 2 * GIB, 3 * GIB), GIB, "cpu")


def test_without_the_extra_the_command_to_type_is_told(
    monkeypatch: pytest.MonkeyPatch, base: Path, examples: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(extra, "NEEDED", (*extra.NEEDED, "a_package_nobody_has"))
    with pytest.raises(ConfigError, match=r'a_package_nobody_has\n  next: pip install "mandi\[student\]"'):
        tune(str(base), examples, tmp_path, QUICK)


@pytest.mark.parametrize(
    ("name", "row", "why"),
    [
        ("sft", {"prompt": [{"role": "user", "content": "a"}]}, "'completion'"),
        ("sft", {"prompt": [], "completion": "b"}, "no list of turns"),
        ("sft", {"prompt": [{"role": "assistant", "content": "a"}], "completion": "b"}, "end with the user"),
        ("sft", {"prompt": "a", "completion": " "}, "says something"),
        ("sft", {"prompt": [{"role": "robot", "content": "a"}], "completion": "b"}, "known role"),
        ("sft", ["a"], "no JSON object"),
        ("preference", {"prompt": "a", "chosen": "b", "rejected": "b"}, "say the same"),
        ("unpaired", {"prompt": "a", "completion": "b", "label": 1}, "neither true nor false"),
    ],
)
def test_a_row_that_cannot_be_learned_is_named(tmp_path: Path, name: str, row: Any, why: str) -> None:
    tiny.write_rows(tmp_path / "chat" / "sft.train.jsonl", tiny.sft_rows(2))
    file = tmp_path / "chat" / f"{name}.train.jsonl"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(before + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(ContractError, match=why) as told:
        read_materials(tmp_path)
    assert f"line {before.count(chr(10)) + 1} of chat/{name}.train.jsonl" in str(told.value)


def test_other_parts_are_never_opened_and_texts_become_turns(tmp_path: Path) -> None:
    tiny.write_rows(tmp_path / "chat" / "sft.train.jsonl", [{"prompt": "a", "completion": "b"}])
    (tmp_path / "chat" / "sft.test.jsonl").write_text("not even JSON", encoding="utf-8")
    first = read_materials(tmp_path)
    assert (
        first.sft == ({"prompt": tiny.user("a"), "completion": tiny.said("b")},)
        and first.version == "unknown"
    )
    tiny.write_rows(tmp_path / "chat" / "sft.train.jsonl", [{"prompt": "a", "completion": "c"}])
    assert read_materials(tmp_path).digest != first.digest
    with pytest.raises(DataNotFound):
        read_materials(tmp_path / "chat")


@pytest.mark.parametrize("wrong", [{"batch": 1}, {"max_length": 4}, {"save_steps": 0}])
def test_params_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        TuneParams(**wrong)  # type: ignore[arg-type]
