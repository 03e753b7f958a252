"""A planner's own files brought in: checked, converted, and written ready for a scenario."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netmodel._reading import Reading
    from netmodel.intake.people import People
    from netmodel.intake.rasters import import_dem, import_population
    from netmodel.intake.report import Report
    from netmodel.intake.sites import import_sites
    from netmodel.intake.villages import import_villages
    from netmodel.intake.zones import import_zones

_HOME = {
    "People": "intake.people",
    "Reading": "_reading",
    "Report": "intake.report",
    "import_dem": "intake.rasters",
    "import_population": "intake.rasters",
    "import_sites": "intake.sites",
    "import_villages": "intake.villages",
    "import_zones": "intake.zones",
}

__all__ = [
    "People",
    "Reading",
    "Report",
    "import_dem",
    "import_population",
    "import_sites",
    "import_villages",
    "import_zones",
]


def __getattr__(name: str) -> Any:
    """A name from its module, loaded when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'netmodel.intake' has no attribute {name!r}")
    return getattr(import_module(f"netmodel.{_HOME[name]}"), name)
