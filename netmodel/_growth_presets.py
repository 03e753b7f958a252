"""What is projected, where each indicator saturates, and whose path it follows when young.

Saturations are engineering assumptions [A] from people, households and usage, known in 2020.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "flow", "share"]


@dataclass(frozen=True)
class Saturation:
    """Where an indicator levels off: a prior on ln K, not a limit.

    Parameters
    ----------
    factor : float
        Times `reference`, or the level itself in the indicator's unit without one.
    sd : float
        Of ln K.
    why : str
    reference : str
        Series whose last known value is multiplied; "self" is the indicator's own.
    """

    factor: float
    sd: float
    why: str
    reference: str = ""


@dataclass(frozen=True)
class Indicator:
    """A series that is projected.

    Parameters
    ----------
    key : str
    title, unit : str
    kind : str
        count and flow are fitted on logarithms, share (in percent) on logits.
    definition : str
    saturation : Saturation
    series : str
        In the facts' history; empty where it is `key`.
    recent : str
        Series of dates within the year that goes on where the yearly one ends.
    analog : str
        Series whose diffusion carries this one while it has fewer than four values.
    panel : str
        Column of the provinces' panel with the same indicator.
    limit : str
        Series whose last value no draw passes.
    """

    key: str
    title: str
    unit: str
    kind: Kind
    definition: str
    saturation: Saturation
    series: str = ""
    recent: str = ""
    analog: str = ""
    panel: str = ""
    limit: str = ""


INDICATORS = (
    Indicator(
        "mobile_traffic", "mobile Internet traffic", "bn GB a year", "flow",
        "flow of the calendar year, GB as MIIT counts, latest revision",
        Saturation(720.0, 0.5, "40 GB a month on 1.5 bn subscriptions (models.md I.2)"),
        panel="mobile_traffic_GB",
    ),
    Indicator(
        "dou", "traffic per mobile Internet user", "GB a month", "flow",
        "mean of the year per user and month",
        Saturation(40.0, 0.5, "40 GB a month (models.md I.2)"), series="dou_annual",
    ),
    Indicator(
        "mobile_internet_users", "mobile Internet users", "million", "count",
        "mobile Internet users at year end",
        Saturation(1.1, 0.15, "a user a person and some second lines", "population"),
        panel="mobile_internet_users",
    ),
    Indicator(
        "mobile_subs", "mobile subscriptions", "million", "count",
        "mobile telephone subscriptions at year end",
        Saturation(1.25, 0.15, "five lines to four people", "population"),
    ),
    Indicator(
        "bs_5g", "5G base stations", "million", "count",
        "logical base stations at year end, macro and indoor, most of them shared",
        Saturation(1.0, 0.4, "as many as of 4G", "bs_4g"),
        recent="bs_5g_month", analog="bs_4g",
    ),
    Indicator(
        "5g_users", "5G users", "million", "count",
        "5G mobile phone users; for 2020 the plan's 15 % of the population",
        Saturation(1.0, 0.15, "every mobile subscription", "mobile_subs"), analog="4g_users",
    ),
    Indicator(
        "cellular_iot", "cellular IoT connections", "million", "count",
        "IoT terminals on all cellular networks at year end",
        Saturation(3.0, 0.6, "three things a person", "population"),
    ),
    Indicator(
        "fixed_broadband_subs", "fixed broadband lines", "million", "count",
        "fixed broadband subscriptions of all providers at year end",
        Saturation(1.25, 0.2, "a line a household and one business line to four", "households"),
        panel="fixed_broadband_subs",
    ),
    Indicator(
        "gigabit_users", "gigabit users", "million", "count",
        "fixed subscriptions of 1000 Mbit/s or more at year end",
        Saturation(0.6, 0.5, "six households in ten", "households"), analog="ftth_subs",
    ),
    Indicator(
        "pon10g_ports", "10G-PON ports", "million", "count",
        "ports of 10G-PON and above at year end",
        Saturation(1 / 16, 0.5, "a port for 16 households", "households"), analog="ftth_subs",
    ),
    Indicator(
        "gigabit_homes_passed", "households passed by gigabit fiber", "million households",
        "count", "households within reach of gigabit-capable fiber at year end",
        Saturation(1.0, 0.2, "every household", "households"), analog="ftth_subs",
    ),
    Indicator(
        "ipv6_users", "IPv6 active users", "million", "count",
        "active users seen by the national monitoring platform",
        Saturation(1.0, 0.15, "every Internet user", "internet_users"),
        series="ipv6_active_users", limit="population",
    ),
    Indicator(
        "ipv6_share_mobile", "IPv6 share of mobile traffic", "percent", "share",
        "share of the traffic of mobile networks",
        Saturation(85.0, 0.15, "capable users, networks and services (models.md H16)"),
        analog="ipv6_user_share",
    ),
    Indicator(
        "ipv6_share_fixed", "IPv6 share of fixed traffic", "percent", "share",
        "share of the traffic of fixed networks",
        Saturation(60.0, 0.35, "home gateways are slow to follow (models.md H)"),
        analog="ipv6_share_mobile",
    ),
    Indicator(
        "internet_users", "Internet users", "million", "count", "CNNIC survey",
        Saturation(0.9, 0.08, "nine people in ten", "population"), limit="population",
    ),
    Indicator(
        "internet_penetration", "Internet penetration", "percent", "share",
        "Internet users over population, CNNIC survey", Saturation(90.0, 0.08, "nine in ten"),
    ),
    Indicator(
        "village_5g_share", "administrative villages with 5G", "percent", "share",
        "administrative villages that 5G reaches; a printed 0 is taken as half a percent",
        Saturation(97.0, 0.02, "as 4G and fiber by 2020", ""), analog="village_fiber_4g_share",
    ),
    Indicator(
        "compute", "data-centre compute", "EFLOPS", "count", "compute in use, FP32 as printed",
        Saturation(4.0, 0.8, "four times the last value", "self"), series="compute_total",
    ),
    Indicator(
        "population", "population", "million", "count",
        "year-end estimate, revised to the 2020 census",
        Saturation(1.02, 0.02, "about today's", "self"),
    ),
)  # fmt: skip

# Provincial series that train and weigh the models beside those that are projected.
PANEL_ONLY = (
    Indicator("urban_broadband_subs", "urban fixed broadband lines", "lines", "count", "",
              Saturation(1.5, 0.3, "", "self"), panel="urban_broadband_subs"),
    Indicator("rural_broadband_subs", "rural fixed broadband lines", "lines", "count", "",
              Saturation(1.8, 0.4, "", "self"), panel="rural_broadband_subs"),
    Indicator("broadband_ports", "broadband access ports", "ports", "count", "",
              Saturation(1.6, 0.3, "", "self"), panel="broadband_ports"),
    Indicator("optical_cable", "optical cable", "km", "count", "",
              Saturation(2.0, 0.4, "", "self"), panel="optical_cable_km"),
    Indicator("population_of_province", "population", "people", "count", "",
              Saturation(1.05, 0.05, "", "self"), panel="population"),
    Indicator("gdp", "gross domestic product", "1e8 CNY", "flow", "",
              Saturation(3.0, 0.5, "", "self"), panel="gdp_1e8CNY"),
)  # fmt: skip

HORIZON = 2030
DRAWS = 2000
PROVINCIAL = ("mobile_traffic", "mobile_internet_users", "fixed_broadband_subs")

# Analogs are fitted to this multiple of their last value [A]; launches where data begin later.
ANALOG_SATURATION = Saturation(1.2, 0.2, "a fifth above the last value", "self")
LAUNCHED = {"village_fiber_4g_share": 2013.0}  # 4G licenses of December 2013
