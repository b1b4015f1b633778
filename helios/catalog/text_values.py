"""What counts as a number in a text: what the fast parser takes, and nothing that only Python does."""


def is_number(text: str) -> bool:
    """Whether `text`, blanks around it apart, is a decimal number, an infinity or not-a-number."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


def is_whole(text: str) -> bool:
    """Whether `text`, without blanks around it, is a whole number that 64 bits hold."""
    digits = text.removeprefix("-")
    # 20 digits: int() itself refuses thousands of them.
    return digits.isascii() and digits.isdigit() and len(digits) <= 20 and -(2**63) <= int(text) < 2**63
