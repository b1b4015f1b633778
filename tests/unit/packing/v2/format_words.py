"""A second reader of blocks of pack v2, written from the words of `client_export/FORMAT.md` with a string of bits."""


def bits_of(data):
    """All bits, first to last, as text."""
    return "".join(f"{byte:08b}"[::-1] for byte in data)


class Bits:
    """A reader of the format's words."""

    def __init__(self, data):
        self.text, self.at = bits_of(data), 0

    def number(self, width):
        self.at += width
        return int("0" + self.text[self.at - width : self.at][::-1], 2)

    def varint(self):
        byte = self.number(8)
        return byte if byte < 128 else byte - 128 + 128 * self.varint()

    def column(self, count, width):
        return [self.number(width) for _ in range(count)]

    def rice(self, k):
        ones = len(self.text[self.at : self.at + 24]) - len(self.text[self.at : self.at + 24].lstrip("1"))
        self.at += ones
        if ones == 24:
            return self.number(16)
        self.at += 1
        return ones * 2**k + self.number(k)

    def lead(self, count):
        """First magnitude, its Rice parameter, reference colour, its Rice parameter."""
        return [self.number(width) for width in (16, 4, 7, 4)] if count else [0] * 4

    def colors(self, reference, count, k):
        codes = [self.rice(k) for _ in range(count)]
        return [reference - (z + 1) // 2 if z % 2 else reference + z // 2 for z in codes]

    def steps(self, first, count, k, unit):
        mags = [first] * min(count, 1)
        for _ in range(count - 1):
            mags.append(mags[-1] + unit * self.rice(k))
        return mags


def read_block(data, depth):
    """Columns below the prefix, as stored: (stars, proxies, shaped), and the bytes that they take."""
    bits = Bits(data)
    n, m, s = bits.varint(), bits.varint(), bits.varint()
    widths = [23 - (depth + 1), 23 - max(depth, 0), 25 - (depth + 1)]
    first, k, reference, color_k = bits.lead(n)
    stars = [bits.column(n, width) for width in widths]
    stars += [bits.colors(reference, n, color_k), bits.steps(first, n, k, 1)]
    below = [min(11, width) for width in (23 - (depth + 2), 23 - (depth + 1), 25 - (depth + 2))]
    first, k, reference, color_k = bits.lead(m)
    proxies = [bits.column(m, width) for width in (3, *below, 7)]
    proxies += [bits.colors(reference, m, color_k), bits.steps(first, m, k, 2)]
    shaped = [bits.column(s, width) for width in (*(min(16, w) for w in widths), 16, 10, 10, 10, 32, 8, 8, 8)]
    assert "1" not in bits.text[bits.at : -(-bits.at // 8) * 8]
    return stars, proxies, shaped, -(-bits.at // 8)


def lead_of(data):
    """First magnitude, its parameter, reference colour, its parameter, of a block whose counts take a byte each."""
    return Bits(data[3:]).lead(1)


def costs(values):
    """Bits of the Rice codes of `values`, with each parameter."""
    return [sum(40 if value >> k >= 24 else (value >> k) + 1 + k for value in values) for k in range(16)]
