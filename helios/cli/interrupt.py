"""Ctrl-C in a long run: the first ends it in good order, the second at once."""

import signal
from types import FrameType

from helios.progress import Event, Note, OnEvent

STOPPED = 130
"""Exit status of a run that was asked to stop: 128 + SIGINT, as shells report it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A handler of SIGINT and SIGTERM, for the main thread only.

    Within its block, the first signal only makes `asked` return True; a second one raises KeyboardInterrupt in the main
    thread.
    """

    def __init__(self):
        self._asked = False

    def asked(self) -> bool:
        """Return whether the run was asked to end."""
        return self._asked

    def answering(self, on_event: OnEvent, answer: str) -> OnEvent:
        """Return `on_event`, which gets `answer` as a Note before the first event after the run was asked."""
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
