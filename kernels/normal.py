"""The standard normal distribution, and the margins that follow from it.

Sources: models.md B.4; D. O. Reudink in W. C. Jakes, Microwave Mobile Communications (1974) 2.5.
"""

import math

from netmodel.kernels._jit import scalar


@scalar
def normal_cdf(x: float) -> float:
    """Distribution function."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@scalar
def normal_quantile(p: float) -> float:
    """Inverse of the distribution function, for 1e-12 <= p <= 1 - 1e-12.

    Tukey's lambda approximation, then Newton's steps on the logarithm of the lower tail, which
    is concave, so that they converge far out too.
    """
    tail = min(p, 1.0 - p)
    x = 4.91 * (math.pow(tail, 0.14) - math.pow(1.0 - tail, 0.14))
    for _ in range(8):
        below = normal_cdf(x)
        density = math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
        x -= math.log(below / tail) * below / density
    return x if p <= 0.5 else -x


@scalar
def fade_margin_db(sigma_db: float, probability: float) -> float:
    """Margin over the median loss that keeps a link with a probability."""
    return sigma_db * normal_quantile(probability)


@scalar
def area_coverage(edge_probability: float, exponent: float, sigma_db: float) -> float:
    """Share of a round cell that is covered, from the probability at its edge (Jakes).

    For one omnidirectional site and one slope of 10 `exponent` dB a decade.
    """
    a = -normal_quantile(edge_probability) / math.sqrt(2.0)
    b = 10.0 * exponent * math.log10(math.e) / (sigma_db * math.sqrt(2.0))
    tail = math.exp((1.0 - 2.0 * a * b) / (b * b)) * math.erfc((1.0 - a * b) / b)
    return 0.5 * (math.erfc(a) + tail)
