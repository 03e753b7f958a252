"""National 5G, fiber, NB-IoT and IPv6 capacity on one population grid."""

from importlib.metadata import version

from netmodel import charts, maps
from netmodel._assess import assess
from netmodel._capacity import capacity
from netmodel._coverage import coverage
from netmodel._demand import demand
from netmodel._population import population
from netmodel._region import open_region
from netmodel._sensitivity import sensitivity
from netmodel._simulator import radio_tables
from netmodel._sites import synthesised_sites
from netmodel.errors import (
    DataError,
    GridMismatchError,
    InfeasibleError,
    InputError,
    NetmodelError,
)
from netmodel.scenario import Scenario
from netmodel.store import open_run

__version__ = version("netmodel")

__all__ = [
    "DataError",
    "GridMismatchError",
    "InfeasibleError",
    "InputError",
    "NetmodelError",
    "Scenario",
    "assess",
    "capacity",
    "charts",
    "coverage",
    "demand",
    "maps",
    "open_region",
    "open_run",
    "population",
    "radio_tables",
    "sensitivity",
    "synthesised_sites",
]
