"""Named, sourced parameter sets."""

from dataclasses import dataclass

from netmodel.errors import InputError

_SYMBOLS = 14  # of a slot with normal cyclic prefix (TS 38.211 4.3.2)


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


def tdd_shares(pattern: str, special: tuple[int, int, int] = (6, 4, 4)) -> tuple[float, float]:
    """Shares of downlink and uplink symbols (TS 38.213 11.1); 1 and 1 without a pattern.

    Parameters
    ----------
    pattern : str
        A letter a slot: D downlink, U uplink, S special.
    special : (int, int, int)
        Downlink, guard and uplink symbols of a special slot.

    Raises
    ------
    InputError
        Another letter, or a special slot that has not 14 symbols.

    Examples
    --------
    >>> tdd_shares("DDDSU", (10, 2, 2))[0]
    0.7428571428571429
    """
    if not pattern:
        return 1.0, 1.0
    _check_slots(pattern, special)
    n = _SYMBOLS * len(pattern)
    down = _SYMBOLS * pattern.count("D") + special[0] * pattern.count("S")
    up = _SYMBOLS * pattern.count("U") + special[2] * pattern.count("S")
    return down / n, up / n


def _check_slots(pattern: str, special: tuple[int, int, int]) -> None:
    """Complain of slots that there are not."""
    for k, letter in enumerate(pattern):
        if letter not in "DSU":
            raise InputError(
                f"tdd_pattern = {pattern!r}: slot {k + 1} is {letter!r}; give D, S or U for each"
            )
    if len(special) != 3 or min(special) < 0 or sum(special) != _SYMBOLS:
        raise InputError(
            f"special slot = {':'.join(map(str, special))}: give downlink, guard and uplink "
            f"symbols that add to {_SYMBOLS}"
        )


@dataclass(frozen=True)
class Band:
    """A carrier and its radio; powers are per resource element, so that widths never mix.

    Parameters
    ----------
    name : str
        3GPP band.
    frequency_ghz : float
    n_rb, scs_khz : int
        Resource blocks and subcarrier spacing (TS 38.101-1 table 5.3.2-1).
    tdd_pattern : str
        A letter a slot: D downlink, U uplink, S special; empty for FDD.
    total_dbm : float
        Power of the carrier at the antenna.
    array_gain_dbi, ssb_gain_dbi : float
        Traffic beam and broadcast beam [A].
    ue_dbm : float
        Terminal, power class 2 on TDD bands, 3 otherwise.
    mimo_gain : float
        Factor on chain A's rank-1 efficiency, multi-user included [A].
    """

    name: str
    frequency_ghz: float
    n_rb: int
    scs_khz: int
    tdd_pattern: str
    total_dbm: float
    array_gain_dbi: float
    ssb_gain_dbi: float
    ue_dbm: float
    mimo_gain: float

    @property
    def channel_mhz(self) -> float:
        """Nominal width of the channel (TS 38.101-1 table 5.3.2-1) [MHz]."""
        return {273: 100.0, 160: 30.0}[self.n_rb]

    @property
    def dl_mhz(self) -> float:
        """Bandwidth that carries downlink data, chain A (no overhead: it is in alpha) [MHz]."""
        return self.n_rb * 12 * self.scs_khz / 1e3 * tdd_shares(self.tdd_pattern)[0]

    @property
    def ul_mhz(self) -> float:
        """Bandwidth that carries uplink data, overhead of 8 % taken off (TS 38.306) [MHz]."""
        return self.n_rb * 12 * self.scs_khz / 1e3 * tdd_shares(self.tdd_pattern)[1] * 0.92


# models.md B.1 and C.1, C.2; radios are assumptions [A] near the facts P020, P031-P035.
BANDS = {
    "n41": Band("n41", 2.6, 273, 30, "DDDDDDDSUU", 53.0, 24.0, 17.0, 26.0, 4.0),
    "n78": Band("n78", 3.5, 273, 30, "DDDDDDDSUU", 53.0, 24.0, 17.0, 26.0, 4.0),
    "n28": Band("n28", 0.7, 160, 15, "", 53.8, 14.5, 14.5, 23.0, 1.6),
}

# Antenna height of a class's macro sites [m], and the terminal's (models.md E, A.2).
CLASS_HEIGHT_M = (25.0, 25.0, 30.0, 35.0, 35.0)
TERMINAL_HEIGHT_M = 1.5

# Rise of the uplink's interference over noise by class (models.md C.6) [A] [dB].
UPLINK_RISE_DB = (6.0, 6.0, 6.0, 3.0, 3.0)

# Classes whose indoor share of traffic is the urban one.
URBAN = (True, True, True, False, False)

# Share of buildings with low-loss walls (models.md A.2) [A].
CLASS_LOW_LOSS_SHARE = (0.5, 0.8, 0.8, 1.0, 1.0)

# A site of three sectors: radios idle and full, baseband [W], factor for cooling and rectifiers
# (models.md J: 64T64R radios) [A].
SITE_POWER = {"n_sector": 3.0, "idle_w": 600.0, "full_w": 1050.0, "fixed_w": 300.0, "overhead": 1.3}


@dataclass(frozen=True)
class UnitCost:
    """A price or another figure of costs that is an engineering assumption [A].

    Parameters
    ----------
    unit : str
    low, mode, high : float
        Of a triangular distribution; all the same where the source gives no range.
    """

    unit: str
    low: float
    mode: float
    high: float


# models.md J, prices of 2020 in China [A]. Operation includes energy and rent; its mode is that of
# the worked site (J02), the mode of price erosion is the middle of its range.
UNIT_COSTS = {
    "macro_capex": UnitCost("CNY", 160e3, 200e3, 300e3),
    "macro_opex": UnitCost("CNY/year", 40e3, 45e3, 60e3),
    "greenfield_capex": UnitCost("CNY", 150e3, 150e3, 150e3),
    "indoor_hub_capex": UnitCost("CNY", 60e3, 60e3, 60e3),
    "discount_rate": UnitCost("1/year", 0.05, 0.08, 0.08),
    "price_erosion": UnitCost("1/year", 0.05, 0.075, 0.10),
}

# Life of kit before it is replaced (models.md J) [A] [years].
LIFE_YEARS = {"active": 7.0, "fiber": 20.0, "tower": 20.0}


@dataclass(frozen=True)
class Assumption:
    """A setting that is an engineering assumption [A], and how far it may reasonably be off.

    Parameters
    ----------
    name : str
    keys : tuple of str
        Dotted keys of the scenario; all are set to the same value.
    low, high : float
    stage : str
        First stage whose results it changes.
    source : str
        Of the range.
    """

    name: str
    keys: tuple[str, ...]
    low: float
    high: float
    stage: str
    source: str


ASSUMPTIONS = (
    Assumption(
        "busy-hour share of a day", ("demand.busy_hour_share",), 0.055, 0.10, "demand",
        "models.md D 3, facts P001",
    ),
    Assumption(
        "5G share of traffic", ("demand.fiveg_share",), 0.182, 0.429, "demand",
        "models.md D 6: 10-20 % of active users, 2-3 times the traffic",
    ),
    Assumption(
        "indoor share of stations", ("sites.indoor_share",), 0.05, 0.30, "sites", "models.md E",
    ),
    Assumption(
        "indoor share of traffic", ("radio.indoor_share_urban", "radio.indoor_share_rural"),
        0.5, 0.9, "coverage", "models.md A.2, facts P007",
    ),
    Assumption(
        "carriers per macro station", ("radio.carriers",), 0.6, 2.0, "capacity",
        "60 MHz to twice 100 MHz, facts P018, P020, P021",
    ),
    Assumption(
        "MIMO gain", ("radio.mimo_gain",), 2.0, 6.5, "capacity",
        "models.md C.1: 8T8R, and 7.8 bit/s/Hz of ITU-R M.2410 over 1.2 of rank 1",
    ),
)  # fmt: skip
