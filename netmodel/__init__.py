"""National 5G, fiber, NB-IoT and IPv6 capacity on one population grid."""

from importlib.metadata import version

from netmodel import maps
from netmodel._assess import assess
from netmodel._demand import demand
from netmodel._population import population
from netmodel._region import open_region
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
    "demand",
    "maps",
    "open_region",
    "open_run",
    "population",
    "synthesised_sites",
]
