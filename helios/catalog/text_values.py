"""What counts as a number in text: what the fast parser accepts, and nothing that only Python accepts."""


def is_number(text: str) -> bool:
    """Return whether `text`, ignoring blanks around it, is a decimal number, an infinity or not-a-number."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


def is_whole(text: str) -> bool:
    """Return whether `text`, with no blanks around it, is an integer that fits in int64."""
    digits = text.removeprefix("-")
    # At most 20 digits: int() raises for thousands of them.
    return digits.isascii() and digits.isdigit() and len(digits) <= 20 and -(2**63) <= int(text) < 2**63
