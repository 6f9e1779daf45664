"""Files that trainers and vendors are given: every broken row is refused with its line and its reason, every right one passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ContractError, DataNotFound, UnknownValue
from mandi.datasets.formats import FORMATS, check_file, refuse_broken
from mandi.datasets.formats.openai import CONTEXT_TOKENS
from mandi.datasets.formats.vertex import enough_validation

USER = {"role": "user", "content": "Sell the soybean?"}
SYSTEM = {"role": "system", "content": "You help traders."}
SAID, OTHER = {"role": "assistant", "content": "Hold it."}, {"role": "assistant", "content": "Sell it."}


def part(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


ASKED, GOOD, BAD = part("user", "Sell the soybean?"), part("model", "Hold it."), part("model", "Sell it.")
SCORED = [{"score": 1, "completion": GOOD}, {"score": 0, "completion": BAD}]
RIGHT: dict[str, list[Any]] = {
    "trl-sft": [{"prompt": [SYSTEM, USER], "completion": [SAID]}, {"prompt": "Sell?", "completion": "Hold."}],
    "trl-messages": [{"messages": [SYSTEM, USER, SAID]}, {"messages": [USER, SAID], "tools": []}, {"text": "Hold."}],
    "trl-text": [{"text": "user: Sell?\nassistant: Hold."}],
    "trl-prompt": [{"prompt": [USER]}, {"prompt": "Sell?"}],
    "trl-preference": [{"prompt": [USER], "chosen": [SAID], "rejected": [OTHER]}],
    "trl-unpaired": [{"prompt": [USER], "completion": [SAID], "label": True}, {"prompt": [USER], "completion": [OTHER], "label": False}],
    "trl-tutor": [{"prompt": [USER], "student": "Sell.", "teacher": "Hold.", "verdict": "teacher"},
                  {"prompt": [USER], "student": "Sell.", "teacher": "Hold.", "verdict": None}],
    "openai-sft": [{"messages": [SYSTEM, USER, SAID]}, {"messages": [USER, SAID | {"weight": 0}, USER, SAID | {"weight": 1}]},
                   {"messages": [USER, SAID], "tools": [], "parallel_tool_calls": False}],
    "openai-preference": [{"input": {"messages": [USER], "tools": [], "parallel_tool_calls": True}, "preferred_output": [SAID],
                           "non_preferred_output": [OTHER]}],
    "vertex-sft": [{"systemInstruction": part("system", "You help."), "contents": [ASKED, GOOD]}, {"contents": [ASKED, GOOD]}],
    "vertex-preference": [{"system_instruction": {"parts": [{"text": "You help."}]}, "contents": [ASKED], "completions": SCORED}],
}  # fmt: skip


def dpo(**more: Any) -> dict[str, Any]:
    return RIGHT["openai-preference"][0] | more


def pref(**more: Any) -> dict[str, Any]:
    return RIGHT["vertex-preference"][0] | more


BROKEN: list[tuple[str, Any, str]] = [
    # any format
    ("trl-sft", b"", "is empty"),
    ("trl-sft", b'{"prompt": "a", ', "is not JSON: Expecting property name enclosed in double quotes at letter 17"),
    ("openai-sft", b"[1, 2]", "is not an object"),
    ("openai-sft", '{"messages": "caf\xe9"}'.encode("latin-1"), "is not UTF-8"),
    ("trl-sft", b'\xef\xbb\xbf{"prompt": "a", "completion": "b"}', "begins with a byte order mark"),
    ("trl-sft", b'{"prompt": "a", "prompt": "b", "completion": "c"}', "holds prompt twice"),
    ("trl-unpaired", b'{"prompt": "a", "completion": "b", "label": NaN}', "holds NaN, which is not JSON"),
    # TRL
    ("trl-sft", {"prompt": [USER]}, "has no completion"),
    ("trl-sft", {"prompt": [USER], "completion": [SAID], "weight": 1}, "has weight, which no trainer reads"),
    ("trl-sft", {"prompt": " ", "completion": "Hold."}, "prompt is empty"),
    ("trl-sft", {"prompt": "Sell?", "completion": ""}, "completion is empty"),
    ("trl-sft", {"prompt": "Sell?", "completion": [SAID]}, "prompt and completion are not both text or both messages"),
    ("trl-sft", {"prompt": [USER, SAID], "completion": [SAID]}, "prompt ends with assistant, not with the user"),
    ("trl-sft", {"prompt": [USER], "completion": [USER]}, "completion is not said by the assistant"),
    ("trl-sft", {"prompt": [{"role": "human", "content": "a"}], "completion": [SAID]},
     "prompt[0] has the role 'human', not one of system, user, assistant, tool"),
    ("trl-sft", {"prompt": [{"role": "user"}], "completion": [SAID]}, "prompt[0] has no role and content"),
    ("trl-sft", {"prompt": [{"role": "user", "content": 7}], "completion": [SAID]}, "prompt[0] has content that is a number, not text"),
    ("trl-messages", {"messages": [USER]}, "the last of messages is not the assistant's"),
    ("trl-messages", {"messages": [USER, SAID], "text": "a"}, "has both messages and text"),
    ("trl-text", {"text": 4}, "text is a number, not text"),
    ("trl-prompt", {"prompt": []}, "prompt is empty"),
    ("trl-preference", {"prompt": [USER], "chosen": [SAID], "rejected": [SAID]}, "chosen and rejected are the same"),
    ("trl-preference", {"prompt": [USER], "chosen": [SAID]}, "has no rejected"),
    ("trl-unpaired", {"prompt": [USER], "completion": [SAID], "label": 1}, "label is a number, not true or false"),
    ("trl-tutor", {"prompt": [USER], "student": "a", "teacher": "b", "verdict": "me"},
     "verdict is 'me', not one of student, teacher, both, neither"),
    # OpenAI
    ("openai-sft", {"messages": [USER]}, "the last message is not the assistant's"),
    ("openai-sft", {"messages": []}, "messages is not a list of messages"),
    ("openai-sft", {"prompt": "a", "completion": "b"}, "has no messages"),
    ("openai-sft", {"messages": [USER, SAID], "label": True}, "has label, which OpenAI does not know"),
    ("openai-sft", {"messages": [{"role": "model", "content": "a"}, SAID]},
     "messages[0] has the role 'model', not one of system, user, assistant, tool"),
    ("openai-sft", {"messages": [USER, {"role": "assistant", "content": None}]}, "messages[1] has no text"),
    ("openai-sft", {"messages": [USER, {"role": "assistant", "content": " "}]}, "messages[1] is empty"),
    ("openai-sft", {"messages": [USER | {"weight": 1}, SAID]}, "messages[0] has a weight, which only the assistant's of SFT may have"),
    ("openai-sft", {"messages": [USER, SAID | {"weight": 0.5}]}, "messages[1] has the weight 0.5, not 0 or 1"),
    ("openai-sft", {"messages": [USER, SAID | {"weight": 0}]}, "every message of the assistant has weight 0"),
    ("openai-sft", {"messages": [USER, {"role": "tool", "content": "7"}, SAID]}, "messages[1] is a tool's and has no tool_call_id"),
    ("openai-sft", {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, SAID]},
     "messages[0] has content in parts; only text is taken here"),
    ("openai-sft", {"messages": [USER, SAID], "tools": {}}, "tools is not a list"),
    ("openai-sft", {"messages": [{"role": "user", "content": "a" * 3 * CONTEXT_TOKENS}, SAID]},
     "has about 65,567 tokens; openai takes 65,536"),
    ("openai-preference", dpo(input=[USER]), "input is not an object"),
    ("openai-preference", dpo(input={"messages": [USER, SAID]}), "input ends with the assistant; its answer belongs into the outputs"),
    ("openai-preference", dpo(preferred_output=[USER]), "preferred_output has the role 'user', not assistant or tool"),
    ("openai-preference", dpo(non_preferred_output=[]), "non_preferred_output is not a list of messages"),
    ("openai-preference", dpo(non_preferred_output=[SAID]), "both outputs are the same"),
    ("openai-preference", {"input": {"messages": [USER]}, "preferred_completion": [SAID], "non_preferred_output": [OTHER]},
     "has no preferred_output"),
    # Vertex
    ("vertex-sft", {"contents": [ASKED]}, "the last of contents is not the model's"),
    ("vertex-sft", {"contents": [ASKED, part("assistant", "a")]}, "contents[1] has the role 'assistant', not user or model"),
    ("vertex-sft", {"system_instruction": part("system", "a"), "contents": [ASKED, GOOD]},
     "has system_instruction; here it is systemInstruction"),
    ("vertex-sft", {"messages": [USER, SAID]}, "has no contents"),
    ("vertex-sft", {"contents": [ASKED, ASKED, GOOD]}, "contents[1] is the second turn of the user in a row"),
    ("vertex-sft", {"contents": [GOOD, ASKED, GOOD]}, "the first of contents is not the user's"),
    ("vertex-sft", {"contents": [ASKED, {"role": "model", "parts": []}]}, "contents[1] has no parts"),
    ("vertex-sft", {"contents": [{"role": "user", "parts": [{"fileData": {}}]}, GOOD]}, "contents[0] has a part that is not text"),
    ("vertex-sft", {"contents": [ASKED, part("model", " ")]}, "contents[1] is empty"),
    ("vertex-preference", pref(systemInstruction=part("system", "a")), "has systemInstruction; here it is system_instruction"),
    ("vertex-preference", pref(contents=[ASKED, GOOD]), "the last of contents is not the user's"),
    ("vertex-preference", pref(completions=SCORED[:1]), "completions are not two"),
    ("vertex-preference", pref(completions=[SCORED[0], SCORED[0] | {"completion": BAD}]), "the scores are not one 1 and one 0"),
    ("vertex-preference", pref(completions=[SCORED[0], {"score": 0.5, "completion": BAD}]), "completions[1] has no score of 0 or 1"),
    ("vertex-preference", pref(completions=[SCORED[0], {"score": 0, "completion": ASKED}]), "completions[1] is not the model's"),
    ("vertex-preference", pref(completions=[SCORED[0], {"score": 0, "completion": GOOD}]), "both completions are the same"),
]  # fmt: skip


def _file(folder: Path, rows: list[Any], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows))
    return path


def _enough(name: str) -> list[Any]:
    return RIGHT[name] * 10


def test_there_are_thirty_kinds_of_broken_rows() -> None:
    assert len({(name, reason) for name, _, reason in BROKEN}) >= 30
    assert {name for name, *_ in BROKEN} == set(FORMATS) == set(RIGHT)


@pytest.mark.parametrize(("name", "row", "reason"), BROKEN, ids=[f"{k}-{b[0]}" for k, b in enumerate(BROKEN)])
def test_a_broken_row_is_refused_with_its_line_and_reason(
    name: str, row: Any, reason: str, tmp_path: Path
) -> None:
    rows = _enough(name)
    path = _file(tmp_path, [*rows[:7], row, *rows[7:]])
    found = check_file(path, name)
    assert [(p.line, p.reason) for p in found.problems] == [(8, reason)]
    assert found.rows == len(rows)
    with pytest.raises(ContractError, match="line 8: "):
        refuse_broken(path, name)


@pytest.mark.parametrize("name", list(FORMATS))
def test_what_is_right_passes(name: str, tmp_path: Path) -> None:
    found = refuse_broken(_file(tmp_path, _enough(name)), name)
    assert found.rows == 10 * len(RIGHT[name]) and found.tokens > 0


WHOLE = [
    ("openai-sft", 2, "holds 6 rows; OpenAI wants at least 10"),
    ("openai-preference", 9, "holds 9 rows; OpenAI wants at least 10"),
    ("vertex-sft", 0, "holds no rows"),
]


@pytest.mark.parametrize(("name", "times", "reason"), WHOLE)
def test_a_file_of_the_wrong_size_is_refused(name: str, times: int, reason: str, tmp_path: Path) -> None:
    assert [(p.line, p.reason) for p in check_file(_file(tmp_path, RIGHT[name] * times), name).problems] == [
        (0, reason)
    ]


def test_kto_needs_both_labels_and_two_rows(tmp_path: Path) -> None:
    good = RIGHT["trl-unpaired"][0]
    (problem,) = check_file(_file(tmp_path, [good, good]), "trl-unpaired").problems
    assert str(problem) == "the file no row has the label false; both are needed"
    assert "at least 2" in check_file(_file(tmp_path, [good]), "trl-unpaired").problems[0].reason


def test_names_of_files_and_formats(tmp_path: Path) -> None:
    path = _file(tmp_path, _enough("openai-sft"), "rows.json")
    assert "has to end with .jsonl" in check_file(path, "openai-sft").problems[0].reason
    with pytest.raises(UnknownValue, match="openai-sft"):
        check_file(path, "openai-stf")
    with pytest.raises(DataNotFound):
        check_file(tmp_path / "none.jsonl", "openai-sft")


def test_a_validation_file_for_vertex() -> None:
    assert "5,000" in enough_validation(5001, 10**6, preference=False)
    assert (
        enough_validation(900, 2000, preference=False) == "" != enough_validation(900, 2000, preference=True)
    )
