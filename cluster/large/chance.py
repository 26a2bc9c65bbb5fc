"""The chance of a large cluster: one seeded stream of 64-bit numbers, and the identifiers made from it."""

from __future__ import annotations

from cluster.apiserver.randomness import draw, fraction
from cluster.objects.metadata import GENERATED_SUFFIX_LENGTH, NAME_ALPHABET


class Chance:
    """A generator whose whole state is one integer."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def bits(self) -> int:
        found, self.state = draw(self.state)
        return found

    def random(self) -> float:
        """A number in [0, 1)."""
        return fraction(self.bits())

    def uid(self) -> str:
        """Version 4, variant 10 (RFC 9562)."""
        high, low = self.bits() & ~0xF000 | 0x4000, self.bits() & ~(0b11 << 62) | 0b10 << 62
        return f"{high >> 32:08x}-{high >> 16 & 0xFFFF:04x}-{high & 0xFFFF:04x}-{low >> 48:04x}-{low & 0xFFFFFFFFFFFF:012x}"

    def suffix(self) -> str:
        """The end of a generated name."""
        bits, letters = self.bits(), []
        for _ in range(GENERATED_SUFFIX_LENGTH):
            bits, letter = divmod(bits, len(NAME_ALPHABET))
            letters.append(NAME_ALPHABET[letter])
        return "".join(letters)

    def digest(self) -> str:
        """64 hexadecimal digits."""
        return f"{self.bits():016x}{self.bits():016x}{self.bits():016x}{self.bits():016x}"
