"""National 5G, fiber, NB-IoT and IPv6 capacity on one population grid.

The public names are loaded when first used, so that `import netmodel` costs little more than
the libraries that every run needs.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netmodel import charts, intake, maps
    from netmodel._antenna import read_antenna
    from netmodel._assess import assess
    from netmodel._backtest import backtest, backtest_scores
    from netmodel._capacity import capacity
    from netmodel._coverage import coverage
    from netmodel._demand import demand
    from netmodel._export import export
    from netmodel._next_sites import next_sites, site_cost
    from netmodel._path_loss import path_loss
    from netmodel._population import population
    from netmodel._projection import projection
    from netmodel._region import open_region
    from netmodel._sensitivity import sensitivity
    from netmodel._simulator import radio_tables
    from netmodel._sites import synthesised_sites
    from netmodel._targets import targets
    from netmodel._what_if import what_if
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

_HOME = {
    "DataError": "errors",
    "GridMismatchError": "errors",
    "InfeasibleError": "errors",
    "InputError": "errors",
    "NetmodelError": "errors",
    "Scenario": "scenario",
    "assess": "_assess",
    "backtest": "_backtest",
    "backtest_scores": "_backtest",
    "capacity": "_capacity",
    "charts": "charts",
    "coverage": "_coverage",
    "demand": "_demand",
    "export": "_export",
    "intake": "intake",
    "maps": "maps",
    "next_sites": "_next_sites",
    "open_region": "_region",
    "open_run": "store",
    "path_loss": "_path_loss",
    "population": "_population",
    "projection": "_projection",
    "radio_tables": "_simulator",
    "read_antenna": "_antenna",
    "sensitivity": "_sensitivity",
    "site_cost": "_next_sites",
    "synthesised_sites": "_sites",
    "targets": "_targets",
    "what_if": "_what_if",
}

__all__ = [
    "DataError",
    "GridMismatchError",
    "InfeasibleError",
    "InputError",
    "NetmodelError",
    "Scenario",
    "assess",
    "backtest",
    "backtest_scores",
    "capacity",
    "charts",
    "coverage",
    "demand",
    "export",
    "intake",
    "maps",
    "next_sites",
    "open_region",
    "open_run",
    "path_loss",
    "population",
    "projection",
    "radio_tables",
    "read_antenna",
    "sensitivity",
    "site_cost",
    "synthesised_sites",
    "targets",
    "what_if",
]


def __getattr__(name: str) -> Any:
    """A public name from its module, kept for the next time."""
    if name not in _HOME:
        raise AttributeError(f"module 'netmodel' has no attribute {name!r}")
    home = import_module(f"netmodel.{_HOME[name]}")
    globals()[name] = home if _HOME[name] == name else getattr(home, name)
    return globals()[name]


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
