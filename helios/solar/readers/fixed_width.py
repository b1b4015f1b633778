"""Tables of fixed width as columns, without a loop over rows: a block of lines is one array of characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.solar.readers.body_file import BodyFile

BLANK, MINUS, PLUS, POINT, ZERO, RETURN, NEWLINE = b" -+.0\r\n"

POWERS = 10.0 ** np.arange(19)
"""Exact in float64, so that a quotient of an exact mantissa by one of them is the nearest double, as `float` gives."""


class Field(NamedTuple):
    """A number in the characters from `start` up to `stop`, from 0; its decimal point is at `point`, in most rows.

    `point` is None where it varies.
    """

    name: str
    start: int
    stop: int
    point: int | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of the table `file`: `chars` [N, W] uint8, padded with blanks, `row` [N] int64, `length` [N] int64.

    `length` is the number of characters of a line, without what ends it.
    """

    file: BodyFile
    chars: NDArray[np.uint8]
    row: NDArray[np.int64]
    length: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, which: NDArray[np.bool_]) -> Rows:
        """Return these rows."""
        if which.all():
            return self
        return Rows(self.file, self.chars[which], self.row[which], self.length[which])

    def blank(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Return whether each row has only blanks from `start` up to `stop`, [N]."""
        return (self.chars[:, start:stop] == BLANK).all(axis=1)

    def text(self, start: int, stop: int) -> NDArray[np.str_]:
        """Return the characters from `start` up to `stop` without blanks around them, [N]. Bytes are Latin-1."""
        wide = np.ascontiguousarray(self.chars[:, start:stop], dtype=np.uint32)
        return np.strings.strip(wide.view(f"U{stop - start}")[:, 0])

    def numbers(self, field: Field) -> NDArray[np.float64]:
        """Return the numbers of `field`, [N], NaN where it is blank. Raises InputError at the first that is none."""
        chars = self.chars[:, field.start : field.stop]
        if field.point is not None:
            plain = _plain_numbers(chars, field.point - field.start)
            if plain is not None:
                return plain
        values, bad = parse_numbers(chars)
        self.refuse(bad, field, "must be a number; is the line damaged?")
        return values

    def needed(self, field: Field) -> NDArray[np.float64]:
        """Return what `numbers` does. Raises InputError where it is blank, too."""
        values = self.numbers(field)
        self.refuse(np.isnan(values), field, "must be a number, as the row has other elements; is the line damaged?")
        return values

    def refuse(self, bad: NDArray[np.bool_], field: Field, why: str) -> None:
        """Raise InputError at the first row that is `bad`, [N], with its text of `field` and `why`."""
        if bad.any():
            at = int(np.argmax(bad))
            text = self.chars[at, field.start : field.stop].tobytes().decode("latin-1").strip()
            raise self.file.fault(int(self.row[at]), f"{field.name} {text or 'blank'}: {why}")

    def first(self, which: NDArray[np.bool_]) -> str:
        """Return the label of the first of the rows `which`, [N], for counts."""
        return f"{self.file.name} {self.file.row_unit} {self.row[np.argmax(which)]:,}"


def rows_of(file: BodyFile, data: bytes, first_line: int, width: int) -> Rows:
    """Return the lines of `data`, which end in a newline but perhaps for the last, cut or padded to `width`."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(buffer == NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1])
    length = ends - starts
    length -= (length > 0) & (buffer[np.maximum(ends - 1, 0)] == RETURN)
    padded = np.concatenate([buffer, np.full(width, BLANK, dtype=np.uint8)])
    chars = np.lib.stride_tricks.sliding_window_view(padded, width)[starts]
    short = np.flatnonzero(length < width)
    chars[short] = np.where(np.arange(width) < length[short, None], chars[short], BLANK)
    return Rows(file, chars, first_line + np.arange(len(ends)), length)


def parse_numbers(chars: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the decimal numbers in `chars`, [N, W] of at most 15 digits, NaN where blank; and where there are none.

    A number is digits with at most one point and a sign, and blanks around it: no exponent, NaN or infinity.
    """
    count = len(chars)
    mantissa, decimals = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    negative, pointed, begun, over, digits, bad = np.zeros((6, count), dtype=bool)
    for column in np.ascontiguousarray(chars.T):
        value = column - np.uint8(ZERO)
        digit, blank, point = value < 10, column == BLANK, column == POINT
        mantissa *= np.where(digit, 10, 1)
        mantissa += np.where(digit, value, 0)
        decimals += digit & pointed
        other = ~(digit | blank | point)
        if other.any():
            sign = (column == MINUS) | (column == PLUS)
            negative |= column == MINUS
            bad |= other & (~sign | begun)
        bad |= (point & pointed) | (over & ~blank)
        pointed |= point
        digits |= digit
        over |= begun & blank
        begun |= ~blank
    bad |= begun & ~digits
    values = mantissa / POWERS[decimals]
    np.negative(values, where=negative, out=values)
    values[~begun] = np.nan
    return values, bad


def _plain_numbers(chars: NDArray[np.uint8], point: int) -> NDArray[np.float64] | None:
    """Return what `parse_numbers` does where all rows are digits to the end, of no sign, with the point at `point`.

    None where one is not. It takes a third of the time.
    """
    if not (chars[:, point] == POINT).all():
        return None
    digits = np.delete(chars, point, axis=1) - np.uint8(ZERO)
    blank = digits == np.uint8((BLANK - ZERO) % 256)
    if not ((digits < 10) | blank).all() or blank[:, -1].any() or (~blank[:, :-1] & blank[:, 1:]).any():
        return None
    digits[blank] = 0
    places = digits.shape[1]
    return (digits @ POWERS[places - 1 :: -1]) / POWERS[places - point]
