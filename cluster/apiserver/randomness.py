"""Seeded randomness whose whole state is one integer, so that a World can hold it.

SplitMix64 (Steele, Lea, Flood 2014). Python's own generator has a state of 625 words: too much to keep per step.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def draw(state: int) -> tuple[int, int]:
    """64 random bits and the state after them."""
    state = (state + _GAMMA) & _MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31), state


def fraction(bits: int) -> float:
    """A float in [0, 1) from 64 random bits."""
    return (bits >> 11) / (1 << 53)
