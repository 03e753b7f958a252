"""CSV tables of a user's, read with one line for whatever is wrong with them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel.errors import DataError, InputError

Float = NDArray[np.float64]


def read_csv(path: str | Path, key: str, rows: int | None = None) -> pd.DataFrame:
    """A table that has rows.

    Parameters
    ----------
    path : path
    key : str
        Of the scenario, which named the file.
    rows : int, optional
        As many from the top, or all.

    Raises
    ------
    DataError
        No such file, not a CSV.
    InputError
        A CSV without rows.
    """
    try:
        table = pd.read_csv(path, low_memory=False, skipinitialspace=True, nrows=rows)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check {key}") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: not a CSV table ({reason}); save it as UTF-8 CSV") from error
    if table.empty:
        raise InputError(f"{path}: no rows; give at least one")
    return table


def check_columns(path: str | Path, table: pd.DataFrame, needed: Iterable[str]) -> None:
    """Refuse a table that lacks a column."""
    missing = [c for c in needed if c not in table.columns]
    if missing:
        raise DataError(f"{path}: no column {missing[0]!r}; give {', '.join(needed)}")


def finite(column: "pd.Series[float]", place: str) -> Float:
    """A column as finite numbers; `place` is where a message says it is."""
    out = pd.to_numeric(column, errors="coerce").to_numpy(float)
    bad = np.flatnonzero(~np.isfinite(out))
    if bad.size:
        row, given = int(bad[0]), str(column.iloc[int(bad[0])])
        raise InputError(
            f"{place} {given!r} in row {int(column.index[row]) + 1} is no number; "
            "leave out rows without one"
        )
    return out
