"""Server-sent events out of bytes as they come: any cut, any line end, bounded."""

from __future__ import annotations

from mandi.llm.providers.faults import NotTheShape

LARGEST_EVENT = 1 << 20
"""Bytes; one event of a language model is a few hundred."""


class EventReader:
    """Collects bytes and gives whole events; what is between two of them waits for the next bytes.

    Lines are split as bytes, so a letter of three bytes may come in two pieces. A line may end in CRLF, LF or CR; comments
    and fields other than ``event`` and ``data`` are skipped, as the HTML standard, section 9.2.6, says.

    Parameters
    ----------
    largest : int, optional
        Bytes of one event, and of one line.

    Examples
    --------
    >>> reader = EventReader()
    >>> reader.feed(b'data: {"a"'), reader.feed(b':1}\\r'), reader.feed(b'\\n\\r\\n')
    ([], [], [('', b'{"a":1}')])
    >>> reader.feed(b': still here\\n\\nevent: error\\ndata:1\\ndata: 2\\n\\n')
    [('error', b'1\\n2')]
    >>> reader.feed(b'data: [DONE]\\n'), reader.rest()
    ([], [('', b'[DONE]')])
    """

    __slots__ = ("_data", "_event", "_fresh", "_largest", "_size", "_waiting")

    def __init__(self, largest: int = LARGEST_EVENT) -> None:
        self._largest = largest
        self._waiting = b""
        self._data: list[bytes] = []
        self._size = 0
        self._event = ""
        self._fresh = True

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        """Take the next bytes and return the events they complete: name (empty if it has none) and data.

        Raises
        ------
        NotTheShape
            A line or an event is larger than its bound.
        """
        waiting = self._waiting + chunk if self._waiting else chunk
        if self._fresh and waiting:
            if len(waiting) < 3 and b"\xef\xbb\xbf".startswith(waiting):
                self._waiting = waiting
                return []
            waiting = waiting.removeprefix(b"\xef\xbb\xbf")
            self._fresh = False
        if b"\r" in waiting:
            held = waiting.endswith(b"\r")  # its LF may come with the next bytes
            text = waiting[:-1] if held else waiting
            lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            self._waiting = lines.pop() + (b"\r" if held else b"")
        else:
            lines = waiting.split(b"\n")
            self._waiting = lines.pop()
        if len(self._waiting) > self._largest:
            raise NotTheShape(f"a line is longer than {self._largest} bytes")
        events: list[tuple[str, bytes]] = []
        for line in lines:
            self._line(line, events)
        return events

    def rest(self) -> list[tuple[str, bytes]]:
        """Return the event that had not been closed by an empty line when the bytes ended, if there is one."""
        events: list[tuple[str, bytes]] = []
        last, self._waiting = self._waiting.removesuffix(b"\r"), b""
        if last:
            self._line(last, events)
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[tuple[str, bytes]]) -> None:
        if not line:
            if self._data:
                events.append(
                    (self._event, self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                )
                self._data.clear()
                self._size = 0
            self._event = ""
        elif line.startswith(b"data:"):
            self._size += len(line)
            if self._size > self._largest:
                raise NotTheShape(f"an event is larger than {self._largest} bytes")
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            self._event = line[6:].strip().decode("utf-8", "replace")[:64]
