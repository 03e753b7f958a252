"""float32 logarithms, powers and angles that LLVM can vectorise, with the worst error of each.

For the block kernels only: libm's functions are calls, which no compiler vectorises. Minimax
polynomials fitted by weighted least squares; the errors are tested densely over each range.
Arguments are ordinary numbers: NaN, infinity and subnormals are decided by the caller.
"""

import math

import numpy as np

from netmodel.kernels._jit import fast_scalar

Float32 = np.float32
Real = float | np.float32
Int32 = np.int32

ZERO, HALF, ONE = Float32(0.0), Float32(0.5), Float32(1.0)
_PI, _HALF_PI = Float32(math.pi), Float32(math.pi / 2.0)
# Bits of the square root of a half: mantissas are taken around one, from there to its double.
_ROOT_HALF = Int32(0x3F3504F3)
_MANTISSA, _BIAS = Int32(23), Int32(127)
_LEAST_EXPONENT = Float32(-126.0)

_L0, _L1, _L2, _L3 = (Float32(c) for c in (1.4426997, -0.7213759, 0.480465025, -0.35896188))
_L4, _L5, _L6 = (Float32(c) for c in (0.297262907, -0.272697538, 0.170632824))
_E0, _E1, _E2 = (Float32(c) for c in (1.00000012, 0.693146944, 0.240221202))
_E3, _E4, _E5 = (Float32(c) for c in (0.0555071346, 0.00967554096, 0.00132764666))
_C0, _C1, _C2, _C3 = (Float32(c) for c in (1.57079625, -0.214591086, 0.0888358802, -0.0491974019))
_C4, _C5, _C6 = (Float32(c) for c in (0.0277628377, -0.0120033193, 0.00261169276))
_T0, _T1, _T2, _T3 = (Float32(c) for c in (0.999996126, -0.333173662, 0.198078096, -0.132333219))
_T4, _T5, _T6 = (Float32(c) for c in (0.0796233341, -0.0336039476, 0.00681170775))
# Abramowitz and Stegun 7.1.26, for the complementary error function.
_G = Float32(0.3275911 / math.sqrt(2.0))
_G1, _G2, _G3 = (Float32(c / 2.0) for c in (0.254829592, -0.284496736, 1.421413741))
_G4, _G5 = (Float32(c / 2.0) for c in (-1.453152027, 1.061405429))
_FAR = Float32(9.0)
_HALF_LOG2_E = Float32(0.5 * math.log2(math.e))


@fast_scalar
def log2_f32(x: Float32) -> Float32:
    """Binary logarithm of a normal number within 2**-60 to 2**60, to 2.3e-6."""
    bits = Float32(x).view(Int32)
    exponent = (bits - _ROOT_HALF) >> _MANTISSA
    t = Int32(bits - (exponent << _MANTISSA)).view(Float32) - ONE
    p = _L6 * t + _L5
    p = p * t + _L4
    p = p * t + _L3
    p = p * t + _L2
    p = p * t + _L1
    return (p * t + _L0) * t + Float32(exponent)


@fast_scalar
def exp2_f32(x: Float32) -> Float32:
    """Two to a power that is at most zero, relative error 3e-7; 2**-126 and less give that."""
    x = max(x, _LEAST_EXPONENT)
    whole = Int32(x - HALF)  # toward zero, hence to the nearest of a negative number
    f = x - Float32(whole)
    p = _E5 * f + _E4
    p = p * f + _E3
    p = p * f + _E2
    p = p * f + _E1
    return (p * f + _E0) * Int32((whole + _BIAS) << _MANTISSA).view(Float32)


@fast_scalar
def acos_f32(x: Float32) -> Float32:
    """Arc cosine [rad], within 5e-7; beyond -1 and 1 that of the end."""
    a = min(abs(x), ONE)
    p = _C6 * a + _C5
    p = p * a + _C4
    p = p * a + _C3
    p = p * a + _C2
    p = p * a + _C1
    angle = math.sqrt(ONE - a) * (p * a + _C0)
    return _PI - angle if x < ZERO else angle


@fast_scalar
def atan_f32(x: Float32) -> Float32:
    """Arc tangent of a positive number [rad], within 4e-7."""
    beyond = x > ONE
    t = ONE / x if beyond else x
    u = t * t
    p = _T6 * u + _T5
    p = p * u + _T4
    p = p * u + _T3
    p = p * u + _T2
    p = p * u + _T1
    angle = (p * u + _T0) * t
    return _HALF_PI - angle if beyond else angle


@fast_scalar
def normal_cdf_f32(x: Float32) -> Float32:
    """Distribution function of the standard normal distribution, within 3e-7."""
    a = min(abs(x), _FAR)  # farther out lie subnormal numbers, which are slow
    t = ONE / (ONE + _G * a)
    p = _G5 * t + _G4
    p = p * t + _G3
    p = p * t + _G2
    tail = (p * t + _G1) * t * exp2_f32(-_HALF_LOG2_E * a * a)
    return tail if x < ZERO else ONE - tail
