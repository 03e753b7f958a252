"""Uniform numbers from a hash of counters, in plain integers, the same on every machine.

For simulators whose number of draws is not known beforehand. Mixing after the multiply-xorshift
scheme of C. Wellons' lowbias32 (2018), on 31 bits so that no product leaves 64.
"""

from netmodel.kernels._jit import scalar

_BITS = 0x7FFFFFFF


@scalar
def hash_uniform(seed: int, item: int, attempt: int) -> float:
    """Number in [0, 1) that depends on its counters alone; all non-negative."""
    x = (seed * 73856093) & _BITS
    for part in (item, attempt):
        x = (x ^ ((part + 0x3C6EF372) * 0x27D4EB2D)) & _BITS
        x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _BITS
        x = ((x ^ (x >> 15)) * 0x735A2D97) & _BITS
        x = x ^ (x >> 15)
    return x / 2147483648.0
