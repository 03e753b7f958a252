"""The stages of a run in explicit mode: their sectors, progress and files."""

import time
from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from netmodel._explicit import Sectors, Work, in_memory, offset_in, one_table, streamed
from netmodel._explicit_capacity import explicit_capacity
from netmodel._stages import Clock, Inputs, explicit_work, joined, shown
from netmodel.grids.layers import grid_of
from netmodel.store import RunFolder, write_parquet

SECTORS_FILE = "sectors.parquet"


class ExplicitRun:
    """The explicit mode's part of a run, whose sectors are made once.

    Parameters
    ----------
    inputs : Inputs
    domain : dict of Dataset
        Stages that are done, by name; it is filled as the run goes on.
    folder : RunFolder, optional
        Where pixels and sectors are kept; pixels stay in memory without.
    clock : Clock
        Told of the tiles.
    """

    def __init__(
        self,
        inputs: Inputs,
        domain: dict[str, xr.Dataset],
        folder: RunFolder | None,
        clock: Clock,
    ) -> None:
        self._inputs, self._domain, self._folder, self._clock = inputs, domain, folder, clock

    def groups(self, name: str) -> dict[str, xr.Dataset]:
        """Groups of the run that a stage makes."""
        return {"coverage": self._coverage, "capacity": self._capacity}[name]()

    @cached_property
    def _made(self) -> tuple[Work, Sectors]:
        return explicit_work(self._inputs, self._domain)

    def _report(self, words: str) -> Callable[[int, int], None]:
        begin, seen = time.perf_counter(), 0

        def report(done: int, total: int) -> None:
            nonlocal seen  # fewer than are done where a run goes on
            seen += 1
            left = (time.perf_counter() - begin) / seen * (total - done)
            self._clock.note(f"{words}: tile {done:,} of {total:,}, {left:,.0f} s left")

        return report

    def _coverage(self) -> dict[str, xr.Dataset]:
        """Coverage of the cells; its pixels are in the store where there is one."""
        work, sectors = self._made
        if self._folder is None:
            pixels, found = in_memory(work, self._report("coverage"))
            return {"coverage": found.cells, "pixels": pixels}
        self._folder.wait()  # for the store to be there
        found = streamed(work, self._folder.store, self._report("coverage"))
        table = one_table(sectors, work, found.served)
        write_parquet(table, self._folder.partial / SECTORS_FILE)
        inside = table[table["in_area"]]
        idle = int((inside["served_pixels"] == 0).sum())
        found.cells.attrs |= {"sectors": len(inside), "sectors_without_pixel": idle}
        return {"coverage": found.cells}

    def _capacity(self) -> dict[str, xr.Dataset]:
        """Loads of the cells; those of the sectors are in their file where there is a folder."""
        work, sectors = self._made
        ds = with_coverage(self._domain, self._domain["coverage"])
        scenario = self._inputs.scenario
        found = explicit_capacity(
            ds, work, sectors,
            sites=scenario.sites, demand=scenario.demand, report=self._report("capacity"),
        )  # fmt: skip
        if self._folder is not None:
            self._folder.wait()
            _add_columns(self._folder, found.sectors)
        return {"capacity": shown(found.cells, self._inputs.region)}


def with_coverage(done: dict[str, xr.Dataset], coverage: xr.Dataset) -> xr.Dataset:
    """What the capacity stage takes, of the stages before it."""
    ds = joined([done[name] for name in ("population", "demand", "sites")])
    return ds.assign(coverage_probability=_placed(ds, coverage))


def _placed(ds: xr.Dataset, coverage: xr.Dataset) -> xr.DataArray:
    """Coverage of an area in the dataset that it is a window of; NaN around it."""
    row, column = offset_in(coverage, grid_of(ds))
    values = coverage.coverage_probability.values
    out = np.full(grid_of(ds).shape, np.nan, np.float32)
    out[row : row + values.shape[0], column : column + values.shape[1]] = values
    return xr.DataArray(out, dims=("y", "x"))


def _add_columns(folder: RunFolder, figures: dict[str, pd.DataFrame]) -> None:
    """Put the figures of the sectors into their file."""
    path = folder.partial / SECTORS_FILE
    table = pd.read_parquet(path)
    made = [c for c in next(iter(figures.values())) if c in table]  # of a run that goes on
    parts = [f.assign(carrier=name, sector=np.arange(len(f))) for name, f in figures.items()]
    write_parquet(with_figures(table.drop(columns=made), pd.concat(parts)), path)


def with_figures(table: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """A table of sectors with the figures of their loads; only those of the area are whole."""
    more = table[["carrier", "sector"]].merge(figures, how="left")
    columns = more.drop(columns=["carrier", "sector"]).where(table["in_area"])
    return pd.concat([table, columns], axis=1)
