"""The same question in other words: found by its vector, but only among questions whose facts are equal. Off by default.

A bucket holds the questions of one organisation, asked of the same models with the same words around them, that say the same
facts. Only within a bucket are vectors compared, so that the nearness of two texts alone never gives one the answer of the other.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from mandi.core.errors import StoreUnavailable
from mandi.llm.cache.facts import facts_of
from mandi.llm.cache.key import Asked, setting_key
from mandi.llm.messages import Prompt
from mandi.store.memory_state import AsyncDocuments

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)
STUDENT_THRESHOLD = 0.6
"""For the student's own encoder, which spreads rewordings wider than a sentence encoder: tests/unit/llm/cache/test_semantic.py."""
Encode = Callable[[Sequence[str]], "np.ndarray"]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near is near enough.

    Attributes
    ----------
    threshold : float
        Cosine of two questions' vectors; it belongs to an encoder, and 0.92 is for sentence encoders.
    most : int
        Questions kept in one bucket; the oldest leave.
    """

    threshold: float = 0.92
    most: int = 32


class SemanticCache:
    """Finds the key of an answer to the same question in other words.

    Parameters
    ----------
    state : AsyncDocuments
    encode : callable
        Texts to vectors, one row a text; the same text always gives the same vector.
    nearness : Nearness
    names : mapping, optional
        Names of the trade for the gate, see ``facts_of``.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        state: AsyncDocuments,
        encode: Encode,
        nearness: Nearness | None = None,
        names: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._encode = encode
        self._nearness = nearness or Nearness()
        self._names = names
        self._clock = clock

    def bucket(self, prompt: Prompt, asked: Asked) -> str:
        """Return the name of the only bucket a question may be answered from."""
        facts = "\n".join(facts_of(prompt.question, self._names))
        return hashlib.sha256(f"{setting_key(prompt, asked)}\n{facts}".encode()).hexdigest()

    async def find(self, prompt: Prompt, bucket: str) -> str | None:
        """Return the key of the nearest question of a bucket, if it is near enough."""
        try:
            document = await self._state.read(_place(bucket))
        except StoreUnavailable:
            log.warning("near questions could not be read")
            return None
        entries = self._alive(document)
        if not entries:
            return None
        import numpy as np

        asked = self._vector(prompt.question)
        kept = np.stack([_unpacked(entry[0]) for entry in entries])
        lengths = np.linalg.norm(kept, axis=1) * np.linalg.norm(asked)
        near = kept @ asked / np.where(lengths > 0, lengths, 1.0)
        best = int(near.argmax())
        return entries[best][1] if near[best] >= self._nearness.threshold else None

    async def keep(self, prompt: Prompt, bucket: str, key: str, ttl_s: float) -> None:
        """Note a question whose answer is kept under a key."""
        entry = [_packed(self._vector(prompt.question)), key, self._clock() + ttl_s]

        def change(document: bytes | None) -> tuple[bytes | None, None]:
            others = [e for e in self._alive(document) if e[1] != key]
            return to_json([*others, entry][-self._nearness.most :]), None

        try:
            await self._state.update(_place(bucket), change, ttl_s)
        except StoreUnavailable:
            log.warning("a question could not be kept")

    def _vector(self, text: str) -> np.ndarray:
        return self._encode([text])[0]

    def _alive(self, document: bytes | None) -> list[list[Any]]:
        now = self._clock()
        return [e for e in from_json(document) if e[2] > now] if document else []


def _packed(vector: np.ndarray) -> str:
    import numpy as np

    top = float(np.abs(vector).max()) or 1.0
    return base64.b64encode(np.round(vector / top * 127).astype(np.int8).tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    import numpy as np

    return np.frombuffer(base64.b64decode(text), dtype=np.int8).astype(np.float32)


def _place(bucket: str) -> str:
    return f"near:{bucket}"
