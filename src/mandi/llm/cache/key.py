"""The name of a question: everything that decides its answer, as one SHA-256; two organisations never share one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mandi.llm.messages import Prompt

FORM = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked, for whom.

    Attributes
    ----------
    tenant : str
        The organisation.
    who : str
        Provider and model where the caller named them, else the mode, the policy and everybody it may choose.
    versions : mapping
        Versions of the models whose findings an answer rests on: a promotion makes old answers unfindable.
    """

    tenant: str
    who: str
    versions: Mapping[str, str] = field(default_factory=dict)


def exact_key(prompt: Prompt, asked: Asked) -> str:
    """Return the SHA-256 of a question in canonical JSON.

    Raises
    ------
    TypeError
        The facts of the prompt are not plain data.

    Examples
    --------
    >>> from mandi.llm.messages import Message
    >>> prompt = Prompt((Message("user", "Is 4600 fair?"),), task="scoring")
    >>> one, two = (exact_key(prompt, Asked(tenant, "openai/m")) for tenant in ("org-1", "org-2"))
    >>> len(one), one == two, one == exact_key(prompt, Asked("org-1", "openai/m"))
    (64, False, True)
    """
    return _digest({"form": FORM, "asked": _asked(asked), "prompt": asdict(prompt)})


def setting_key(prompt: Prompt, asked: Asked) -> str:
    """Return the SHA-256 of everything but the last question's words: who asks, whom, and all that surrounds the question."""
    plain = asdict(prompt)
    last = max((n for n, m in enumerate(prompt.messages) if m.role == "user"), default=None)
    if last is not None:
        plain["messages"][last]["content"] = None
    return _digest({"form": FORM, "asked": _asked(asked), "prompt": plain})


def _asked(asked: Asked) -> dict[str, Any]:
    return {"tenant": asked.tenant, "who": asked.who, "versions": dict(asked.versions)}


def _digest(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> str | dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a prompt holds a {type(value).__name__}; only plain data can be part of a key")
