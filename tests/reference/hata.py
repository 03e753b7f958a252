"""Losses of the Hata family: models.md, section A.3, written before the kernel was read.

Frequencies are in MHz and distances in km, as in the document; heights in metres. The functions
take one link. No range is checked here.
"""

from math import log10

ENVIRONMENTS = ("urban", "suburban", "open")


def free_space_floor_db(f_mhz, d_km, h1_m, h2_m):
    """32.4 + 20 lg f + 10 lg(d^2 + (H_b - H_m)^2 / 10^6), along the slanted path."""
    h_m, h_b = terminal_and_base_m(h1_m, h2_m)
    return 32.4 + 20 * log10(f_mhz) + 10 * log10(d_km**2 + (h_b - h_m) ** 2 / 1e6)


def terminal_and_base_m(h1_m, h2_m):
    """(H_m, H_b): the lower of the two ends, of 1 m at least, and the higher."""
    return max(1.0, min(h1_m, h2_m)), max(h1_m, h2_m)


def frequency_term_db(f_mhz):
    """K(f) in the four ranges of frequency."""
    if f_mhz <= 150:
        return 69.6 + 26.2 * log10(150) - 20 * log10(150 / f_mhz)
    if f_mhz <= 1500:
        return 69.6 + 26.2 * log10(f_mhz)
    if f_mhz <= 2000:
        return 46.3 + 33.9 * log10(f_mhz)
    return 46.3 + 33.9 * log10(2000) + 10 * log10(f_mhz / 2000)


def terminal_gain_db(f_mhz, h_m):
    """a(H_m), the small or medium city's for lower terminals and 20 dB a decade above 10 m."""
    low = (1.1 * log10(f_mhz) - 0.7) * min(10, h_m) - (1.56 * log10(f_mhz) - 0.8)
    return low + max(0, 20 * log10(h_m / 10))


def base_gain_db(h_b):
    """b(H_b), below zero for bases below 30 m."""
    return min(0, 20 * log10(h_b / 30))


def distance_exponent(f_mhz, d_km, h_b):
    """alpha, the exponent of lg d: one up to 20 km."""
    if d_km <= 20:
        return 1.0
    return 1 + (0.14 + 1.87e-4 * f_mhz + 1.07e-3 * h_b) * log10(d_km / 20) ** 0.8


def environment_db(f_mhz, environment):
    """What is added to the urban loss, with f held in 150-2000 MHz."""
    f = min(max(150, f_mhz), 2000)
    if environment == "suburban":
        return -2 * log10(f / 28) ** 2 - 5.4
    if environment == "open":
        return -4.78 * log10(f) ** 2 + 18.33 * log10(f) - 40.94
    assert environment == "urban"
    return 0.0


def far_loss_db(f_mhz, d_km, h1_m, h2_m, environment):
    """The loss from 0.1 km on, before the floor."""
    h_m, h_b = terminal_and_base_m(h1_m, h2_m)
    tall = log10(max(30, h_b))
    power_of_distance = log10(d_km) ** distance_exponent(f_mhz, d_km, h_b)
    urban = frequency_term_db(f_mhz) - 13.82 * tall + (44.9 - 6.55 * tall) * power_of_distance
    urban -= terminal_gain_db(f_mhz, h_m) + base_gain_db(h_b)
    return urban + environment_db(f_mhz, environment)


def extended_hata_loss_db(f_mhz, d_km, h1_m, h2_m, environment):
    """Median loss of the extended Hata model, at any distance.

    References
    ----------
    Report ITU-R SM.2028-2, section 6.1, as restated in the netmodel modelling specification, A.3.
    """
    floor = free_space_floor_db(f_mhz, d_km, h1_m, h2_m)
    if d_km <= 0.04:
        return floor
    if d_km >= 0.1:
        return max(far_loss_db(f_mhz, d_km, h1_m, h2_m, environment), floor)
    near = free_space_floor_db(f_mhz, 0.04, h1_m, h2_m)
    far = far_loss_db(f_mhz, 0.1, h1_m, h2_m, environment)
    part = (log10(d_km) - log10(0.04)) / (log10(0.1) - log10(0.04))
    return max(near + part * (far - near), floor)


def extended_hata_sigma_db(d_km, above_roof=True):
    """Standard deviation of shadowing over distance.

    References
    ----------
    Report ITU-R SM.2028-2, section 6.1, as restated in the netmodel modelling specification, A.3.
    """
    peak = 12.0 if above_roof else 17.0
    if d_km <= 0.04:
        return 3.5
    if d_km <= 0.1:
        return 3.5 + (peak - 3.5) * (d_km - 0.04) / (0.1 - 0.04)
    if d_km <= 0.2:
        return peak
    if d_km <= 0.6:
        return peak + (9 - peak) * (d_km - 0.2) / (0.6 - 0.2)
    return 9.0


# Okumura-Hata and COST 231 -----------------------------------------------------------------------

CITIES = ("small or medium", "large")


def small_city_gain_db(f_mhz, h_m):
    """a(h_m) = (1.1 lg f - 0.7) h_m - (1.56 lg f - 0.8)."""
    return (1.1 * log10(f_mhz) - 0.7) * h_m - (1.56 * log10(f_mhz) - 0.8)


def large_city_gain_db(f_mhz, h_m):
    """a(h_m) of a large city: one form up to 200 MHz, the other above."""
    if f_mhz <= 200:
        return 8.29 * log10(1.54 * h_m) ** 2 - 1.1
    return 3.2 * log10(11.75 * h_m) ** 2 - 4.97


def okumura_hata_loss_db(f_mhz, d_km, h_b, h_m, environment="urban", city="small or medium"):
    """Median loss of the Okumura-Hata model.

    References
    ----------
    M. Hata, IEEE Trans. Veh. Technol. 29(3), 1980, as restated in the netmodel modelling
    specification, A.3.
    """
    lg_f = log10(f_mhz)
    is_large = environment == "urban" and city == "large"
    a = (large_city_gain_db if is_large else small_city_gain_db)(f_mhz, h_m)
    urban = 69.55 + 26.16 * lg_f - 13.82 * log10(h_b) - a
    urban += (44.9 - 6.55 * log10(h_b)) * log10(d_km)
    return (
        urban
        + {
            "urban": 0.0,
            "suburban": -2 * log10(f_mhz / 28) ** 2 - 5.4,
            "open": -4.78 * lg_f**2 + 18.33 * lg_f - 40.94,
        }[environment]
    )


def cost231_hata_loss_db(f_mhz, d_km, h_b, h_m, city="small or medium"):
    """Median loss of the COST 231 extension; a(h_m) of the small city in both cases.

    References
    ----------
    COST 231 final report 4.4.1, as restated in the netmodel modelling specification, A.3.
    """
    terms = [
        46.3,
        33.9 * log10(f_mhz),
        -13.82 * log10(h_b),
        -small_city_gain_db(f_mhz, h_m),
        (44.9 - 6.55 * log10(h_b)) * log10(d_km),
        3.0 if city == "large" else 0.0,
    ]
    return sum(terms)
