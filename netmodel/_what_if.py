"""What if some sites were others: a finished run with edits, only what can change computed anew."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._edited_pixels import Change, EditedPixels, HeldPixels
from netmodel._explicit import Report, Sectors, one_table
from netmodel._explicit_run import with_figures
from netmodel._load_points import block_m
from netmodel._pixels import Carrier, carriers_of
from netmodel._reopened import Reopened, reopened
from netmodel._site_edits import EditedTable, Edits, Terms, edited_tables
from netmodel._stages import shown
from netmodel._what_if_loads import HeldLoads, hold_loads
from netmodel.errors import InputError


class Study:
    """A finished run in explicit mode, held so that edits of its sites are quick to try.

    Made by `what_if`; no edit changes the run or the study.
    """

    def __init__(self, run: Reopened, report: Report | None = None) -> None:
        self.run, self._report = run, report
        self._pixels = HeldPixels(run.work, run.store)

    def after(self, edits: Edits) -> "WhatIf":
        """The run after edits of its sites.

        Parameters
        ----------
        edits : path, DataFrame, or list of dict
            A row an edit, in their order. `action` is add, move, remove, retilt or upgrade;
            `network` and `band` may be blank where the run has one; `site` is the number in
            `sectors.parquet`, or the `site_id` of your list. add and move take `lon` and `lat`
            in WGS 84 [degree]; add takes what a list of sites has (`azimuth_deg`, `tilt_deg`,
            `height_m`, `power_dbm`, `antenna`, `carriers`, `kind`), blanks as for lists; retilt
            takes `tilt_deg`, and with a `sector` `azimuth_deg`; upgrade takes `carriers` and
            `power_dbm` [dBm].

        Returns
        -------
        WhatIf
            Layers and tables; loads are solved when first asked for.

        Raises
        ------
        InputError
            Naming the row: an unknown action, column, site, network or band, a place outside
            the grid, a number out of range.
        """
        edited = edited_tables(edits, self._terms)
        changes = [
            Change(number, self._carrier(name, edited[name]), edited[name])
            for number, name in enumerate(self.run.sectors.tables)
            if name in edited
        ]
        return WhatIf(self, changes, self._pixels.after(changes))

    @cached_property
    def loads(self) -> HeldLoads:
        """The run's loads with all that they are solved from.

        Raises
        ------
        InputError
            If the run has no capacity stage.
        """
        run = self.run
        if not run.has_loads:
            raise InputError(f"{run.folder}: a run without loads; make one with the stage capacity")
        start = dict[str, NDArray[np.float64]]()
        for name, rows in run.table.groupby("carrier", sort=False):
            load = rows.sort_values("sector")["load"].to_numpy(np.float64)
            start[str(name)] = np.nan_to_num(load)
        return hold_loads(
            run.domain, run.work, run.sectors, run.inputs.scenario, start=start, report=self._report
        )

    @property
    def _terms(self) -> Terms:
        run = self.run
        return Terms(run.sectors, run.domain, run.inputs.scenario.radio, run.stations_per_site)

    def _carrier(self, name: str, edited: EditedTable) -> Carrier:
        side = block_m(self.run.work)
        return carriers_of({name: edited.table}, self.run.sectors.antennas, side)[0]


@dataclass(frozen=True)
class WhatIf:
    """A run after edits of its sites; made by `Study.after`."""

    study: Study
    changes: list[Change]
    edited: EditedPixels

    @property
    def pixels(self) -> xr.Dataset | None:
        """Layers of the pixels of all tiles that differ, as the run's; None if none does.

        `server` has the numbers of the run's sectors, and higher ones for new sectors.
        """
        return self.edited.dataset()

    @cached_property
    def coverage(self) -> xr.Dataset:
        """The coverage stage's layers of the whole area."""
        run = self.study.run
        return self.edited.cells(run.groups["coverage"].to_dataset().load())

    @cached_property
    def loads(self) -> HeldLoads:
        """All loads, solved from those of the run."""
        return self.study.loads.after({change.carrier.name: change for change in self.changes})

    @cached_property
    def capacity(self) -> xr.Dataset:
        """The capacity stage's layers of the whole area, everybody's demand as it was."""
        return shown(self.loads.cells, self.study.run.inputs.region)

    @cached_property
    def sectors(self) -> pd.DataFrame:
        """A row a sector as in `sectors.parquet`, loads where the run has them."""
        run, edited = self.study.run, {c.carrier.name: c.edited.table for c in self.changes}
        tables = {name: edited.get(name, table) for name, table in run.sectors.tables.items()}
        out = one_table(Sectors(tables, run.sectors.antennas), run.work, self.edited.served())
        if not run.has_loads:
            return out
        parts = [
            figures.assign(carrier=name, sector=tables[name].get("sector", np.arange(len(figures))))
            for name, figures in self.loads.figures.items()
        ]
        return with_figures(out, pd.concat(parts))

    @property
    def figures(self) -> pd.DataFrame:
        """What the edits change in the area: `figure`, `unit`, `before`, `after`, `change`."""
        run = self.study.run
        people = run.groups["population"].people.values.astype(np.float64)
        before = _figures(people, run.groups["coverage"].to_dataset(), run.table)
        after = _figures(people, self.coverage, self.sectors)
        rows = [
            (name, unit, before[name], after[name], after[name] - before[name])
            for name, unit in _UNITS.items()
            if name in before
        ]
        return pd.DataFrame(rows, columns=["figure", "unit", "before", "after", "change"])


_UNITS = {
    "sectors": "1",
    "people covered": "1",
    "people with a link": "1",
    "covered share of people": "%",
    "demand of sectors": "Mbit/s",
    "served by sectors": "Mbit/s",
    "overloaded sectors": "1",
    "mean load": "%",
}


def _figures(
    people: NDArray[np.float64], coverage: xr.Dataset, table: pd.DataFrame
) -> dict[str, float]:
    """Figures of an area: of its people, and of the sectors in it."""
    covered, linked = (
        float(np.nansum(people * coverage[name].values))
        for name in ("coverage_probability", "link_probability")
    )
    own = table[table["in_area"]]
    out = {
        "sectors": float(len(own)),
        "people covered": covered,
        "people with a link": linked,
        "covered share of people": 100.0 * covered / float(np.nansum(people)),
    }
    if "load" in own:
        demand = own["demand_mbps"].sum()
        out |= {
            "demand of sectors": demand,
            "served by sectors": own["served_mbps"].sum(),
            "overloaded sectors": float((own["requested_load"] > 1.0).sum()),
            "mean load": 100.0 * float((own["load"] * own["demand_mbps"]).sum() / demand),
        }
    return out


def what_if(run: str | Path, *, report: Report | None = None) -> Study:
    """A finished run in explicit mode, ready for edits of its sites.

    Parameters
    ----------
    run : path
        Its folder; it is only read.
    report : callable, optional
        Called with tiles done and all of them while the loads are made ready.

    Returns
    -------
    Study
        `study.after(edits)` is the run after edits: `pixels`, `coverage`, `capacity`, `sectors`,
        `figures`. SS-RSRP, server and SINR equal those of a full run of the edited sectors to
        the last bit, loads to 1e-5; demand is held.

    Raises
    ------
    InputError
        No run, one of the national mode, without the layers that cells are made of, or whose
        input files have changed.

    Examples
    --------
    >>> import netmodel as nm
    >>> study = nm.what_if("out")  # doctest: +SKIP
    >>> after = study.after([{"action": "remove", "site": 12}])  # doctest: +SKIP
    >>> after.figures  # doctest: +SKIP
    """
    return Study(reopened(run), report)
