"""Work for the tests of schedulers: functions of a module, as workers import them."""

import os
import signal
import time
from pathlib import Path

from helios.errors import InputError


def square(piece: int) -> int:
    return piece * piece


def where(piece: float) -> int:
    """The process that does this piece, which takes so many seconds."""
    time.sleep(piece)
    return os.getpid()


def note(piece: tuple[Path, int]) -> int:
    """Leave a file of its number; every third fails."""
    folder, number = piece
    (folder / str(number)).touch()
    if number % 3 == 2:
        raise InputError(f"row {number}: not a star")
    time.sleep(0.05)
    return number


def die_once(piece: tuple[Path, int]) -> int:
    """Piece 1 is killed the first time, and leaves a line each time it is begun."""
    folder, number = piece
    with open(folder / f"begun_{number}", "a") as file:
        file.write("begun\n")
    if number == 1 and (folder / "begun_1").read_text().count("\n") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 10


def die(piece: tuple[Path, int]) -> int:
    """Piece 1 is killed each time; the others are done."""
    folder, number = piece
    if number == 1:
        with open(folder / "begun_1", "a") as file:
            file.write("begun\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


class OddError(Exception):
    """Cannot be made again from what it is pickled to."""

    def __init__(self, first: int, second: int):
        super().__init__(f"odd {first} {second}")


def raise_odd(piece: int) -> int:
    raise OddError(piece, piece)


def environment(piece: str) -> str | None:
    return os.environ.get(piece)


def mark_and_sleep(piece: tuple[Path, int, float]) -> int:
    """Leave this process's id in a file, and sleep for so many seconds."""
    folder, number, seconds = piece
    (folder / f".{number}").write_text(str(os.getpid()))
    (folder / f".{number}").rename(folder / f"pid_{number}")
    time.sleep(seconds)
    return number
