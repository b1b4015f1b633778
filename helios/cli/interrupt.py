"""Ctrl-C in a long run: the first ends it in good order, the second at once."""

import signal
from types import FrameType, TracebackType

from helios.progress import Event, Note, OnEvent

STOPPED = 130
"""Exit status of a run that was asked to stop: 128 + SIGINT, as shells report it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruptible:
    """A handler of SIGINT for the main thread: it raises KeyboardInterrupt, as Python's own, and does not let go.

    A library may swallow the exception, above all where it comes in the middle of an import, or fail in its own way
    because of it: then `reminding` raises it again at the next event, and the block ends with KeyboardInterrupt
    instead of another exception.
    """

    def __init__(self):
        self._asked = False

    def reminding(self, on_event: OnEvent) -> OnEvent:
        """Return `on_event`, which raises KeyboardInterrupt once the run was asked to end."""

        def tell(event: Event) -> None:
            if self._asked:
                raise KeyboardInterrupt
            on_event(event)

        return tell

    def __enter__(self) -> "Interruptible":
        self._former = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        signal.signal(signal.SIGINT, self._former)
        if self._asked and isinstance(error, Exception):
            raise KeyboardInterrupt from error

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt


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
