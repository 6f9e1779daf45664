"""Statuses, error objects and waits of vendors, in our names."""

from __future__ import annotations

from typing import Any

import pytest

from mandi.core.retry_after import wait_s
from mandi.llm.providers.faults import answer_fault, status_fault

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (301, "malformed"), (400, "refused_request"), (401, "refused_key"), (402, "refused_key"), (403, "refused_key"),
        (404, "refused_request"), (408, "timeout"), (413, "refused_request"), (422, "refused_request"),
        (429, "rate_limited"), (500, "server_error"), (501, "not_able"), (502, "server_error"), (503, "server_error"),
        (504, "timeout"), (529, "server_error"),
    ],
)  # fmt: skip
def test_status(status: int, fault: str) -> None:
    assert status_fault(status) == fault
    error = answer_fault("p", status, None)
    assert (error.fault, error.status) == (fault, status)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": "-4"}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Thursday, 01-Jan-26 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 11:59:00 GMT"}, 0.0),
        ({"Retry-After": "99999999999"}, 86400.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_s(headers, NOON) == seconds


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}, "rate_limited"),
        ({"error": {"message": "no credit", "type": "insufficient_quota"}}, "rate_limited"),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "server_error"),
        ({"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}, "server_error"),
        ({"error": {"code": "429", "message": "busy"}}, "rate_limited"),
        ([{"error": {"code": 401, "status": "UNAUTHENTICATED"}}], "refused_key"),
        ({"error": {"type": "authentication_error"}}, "refused_key"),
        ({"error": {"type": "invalid_request_error", "code": "context_length_exceeded"}}, "refused_request"),
        ({"error": {"type": "invalid_request_error", "code": "model_not_found"}}, "not_able"),
        ({"error": "out of memory"}, "server_error"),
        ({"error": None}, "server_error"),
        ("nonsense", "server_error"),
    ],
)  # fmt: skip
def test_an_error_object_inside_a_success(body: Any, fault: str) -> None:
    assert answer_fault("p", 200, body).fault == fault


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (404, {"error": {"code": "model_not_found"}}, "not_able"),
        (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, "not_able"),
        (404, {"error": {"message": "model 'x' not found, try pulling it first"}}, "not_able"),
        (404, {"detail": "Not Found"}, "refused_request"),
        (400, {"error": {"status": "INVALID_ARGUMENT", "type": "API_KEY_INVALID"}}, "refused_key"),
        (400, {"error": {"type": "invalid_request_error"}}, "refused_request"),
    ],
)
def test_a_status_and_what_its_body_adds(status: int, body: Any, fault: str) -> None:
    assert answer_fault("p", status, body).fault == fault


def test_neither_the_vendors_sentence_nor_the_key_is_repeated() -> None:
    body = {"error": {"message": "key sk-abc is wrong", "type": "sk-abc", "code": "invalid_api_key"}}
    error = answer_fault("p", 401, body, secret="sk-abc")
    assert "sk-abc" not in str(error)
    assert error.message == "p answered 401 (invalid_api_key)"
    odd = answer_fault("p", 400, {"error": {"type": "a\nb", "code": "x" * 500, "status": "<script>"}})
    assert odd.message == "p answered 400"


@pytest.mark.parametrize(
    "error",
    [
        {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"], "flagged_input": "..."}},
        {"type": "content_policy_violation", "message": "..."},
        {"code": "moderation_blocked"},
    ],
)
def test_a_403_about_what_was_said_is_no_word_about_our_key(error: dict[str, Any]) -> None:
    assert not answer_fault("p", 403, {"error": error}).counts
    assert answer_fault("p", 403, {"error": {"type": "permission_error", "message": "flagged"}}).counts
