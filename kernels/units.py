"""Decibels and ratios."""

import math

from netmodel.kernels._jit import scalar


@scalar
def linear(value_db: float) -> float:
    """Ratio of a value in decibels."""
    return math.pow(10.0, value_db / 10.0)


@scalar
def decibel(ratio: float) -> float:
    """Decibels of a ratio."""
    return 10.0 * math.log10(ratio)
