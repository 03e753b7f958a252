"""Named, sourced parameter sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SettlementClass:
    """A class of cells by population density, and how close its macro sites may stand.

    Parameters
    ----------
    name : str
    min_density_per_km2 : float
        People per km2 from which the class begins.
    min_isd_km : float
        Least inter-site distance of one network at 2.6-3.5 GHz [km].
    """

    name: str
    min_density_per_km2: float
    min_isd_km: float


# models.md E; distances are engineering assumptions [A], thresholds after DEGURBA where it has
# them (Eurostat, Applying the Degree of Urbanisation, 2021).
SETTLEMENT_CLASSES = (
    SettlementClass("dense_urban", 10_000.0, 0.25),
    SettlementClass("urban", 2_500.0, 0.40),
    SettlementClass("suburban", 500.0, 0.70),
    SettlementClass("rural", 50.0, 1.7),
    SettlementClass("remote", 0.0, 3.0),
)

# Classes whose cells have indoor stations (models.md E, "What is counted").
INDOOR_CLASSES = ("dense_urban", "urban")

# Under this density the stations of 2020 were rare (models.md E 2).
RURAL_DENSITY_PER_KM2 = 500.0
