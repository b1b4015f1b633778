"""Ctrl-C in a long run: asked once it ends in good order, asked twice at once."""

import signal
from types import FrameType

from helios.progress import Event, Note, OnEvent

STOPPED = 130
"""Exit status of a run that was asked to stop: 128 + SIGINT, as shells count."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While the block lasts, the first SIGINT or SIGTERM only makes `asked` return True; a second raises
    KeyboardInterrupt in the main thread. Only the main thread can enter it.
    """

    def __init__(self):
        self._asked = False

    def asked(self) -> bool:
        """Whether the run is to end."""
        return self._asked

    def answering(self, on_event: OnEvent, answer: str) -> OnEvent:
        """`on_event`, which is told `answer` as a Note, once, where it is told something after the run was asked."""
        answered = False

        def tell(event: Event) -> None:
            nonlocal answered
            if self._asked and not answered:
                answered = True
                on_event(Note(answer))
            on_event(event)

        return tell

    def __enter__(self) -> "Interrupts":
        self._former = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
