"""The folder of a run: built beside its place, finished stage by stage, then renamed.

A folder under construction is called `.NAME.partial`; the same command on it resumes. What
stands at its place is always a whole run.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel.errors import DataError, InputError

STORE = "run.zarr"
_STATE = "run.json"
_CHUNK = 1024


class RunFolder:
    """A run folder under construction.

    Parameters
    ----------
    place : path
        Where the finished folder goes.
    fingerprint : str
        Of scenario, inputs and version; only a run of the same is resumed.
    overwrite : bool
        Whether a finished run may be replaced; it stays until the new one is whole.
    """

    def __init__(self, place: str | Path, fingerprint: str, *, overwrite: bool = False) -> None:
        self.place = Path(os.path.abspath(place))
        self.partial = self.place.with_name(f".{self.place.name}.partial")
        self._fingerprint = fingerprint
        with writing(self.place):
            check_place(self.place, overwrite=overwrite)
            self._new_parents = missing_folders(self.place.parent)
        self.done = self._resumable_stages()
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._last: Future[None] | None = None
        if not self.done:
            self._start()

    @property
    def store(self) -> Path:
        """The Zarr store of the run."""
        return self.partial / STORE

    def read_stage(self, stage: str) -> xr.Dataset:
        """A stage that an interrupted run had finished."""
        with writing(self.partial):
            ds: xr.Dataset = xr.open_zarr(self.store, group=stage, consolidated=False).load()
            return ds

    def write_stage(self, stage: str, ds: xr.Dataset) -> None:
        """Queue a stage's group to be written while the run goes on.

        An error of the one before is raised here, of the last by `finish`.
        """
        self.wait()
        self._last = self._pool.submit(self._write, stage, ds)

    def wait(self) -> None:
        """Until everything queued is written; an error of it is raised here."""
        if self._last is not None:
            self._last.result()

    def _write(self, stage: str, ds: xr.Dataset) -> None:
        """Write a stage's group and note it as finished."""
        with writing(self.partial):
            ds.to_zarr(
                self.store,
                group=stage,
                mode="w",
                zarr_format=2,
                consolidated=False,
                encoding=_encoding(ds),
            )
            self.done.append(stage)
            self._note(complete=False)

    def finish(self, attrs: Mapping[Any, Any]) -> None:
        """Write the run's attributes, mark it complete and put it in its place."""
        import zarr

        self.wait()
        with writing(self.partial):
            root = xr.Dataset(attrs=attrs)
            root.to_zarr(self.store, mode="a", zarr_format=2, consolidated=False)
            zarr.consolidate_metadata(self.store, zarr_format=2)
            self._note(complete=True)
            old = self.place.with_name(f".{self.place.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            if self.place.exists():
                self.place.rename(old)
            self.partial.rename(self.place)
            shutil.rmtree(old, ignore_errors=True)

    def pause(self) -> None:
        """Let the stage that is being written be whole; the same run goes on after it."""
        self._pool.shutdown(wait=True)

    def discard(self) -> None:
        """Remove what was written, and the folders above it that were made for it."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.partial, ignore_errors=True)
        remove_empty(self._new_parents)

    def _resumable_stages(self) -> list[str]:
        state = read_state(self.partial)
        return list(state["stages"]) if state.get("fingerprint") == self._fingerprint else []

    def _start(self) -> None:
        with writing(self.place):
            shutil.rmtree(self.partial, ignore_errors=True)
            self.partial.mkdir(parents=True)
            self._note(complete=False)

    def _note(self, *, complete: bool) -> None:
        state = {"fingerprint": self._fingerprint, "complete": complete, "stages": self.done}
        write_text(self.partial / _STATE, json.dumps(state, indent=1) + "\n")


@contextmanager
def folder_for_output(folder: Path) -> Iterator[None]:
    """Make a folder for what is written inside; after an error those made are gone again."""
    made = missing_folders(folder)
    try:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:  # Ctrl-C too
        remove_empty(made)
        raise


def missing_folders(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist, the deepest first."""
    return [f for f in (folder, *folder.parents) if not f.exists()]


def remove_empty(folders: list[Path]) -> None:
    """Remove those folders that are empty, in their order."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def check_place(place: Path, *, overwrite: bool) -> None:
    """Refuse a place that holds something, unless it is a run that may be replaced."""
    if not place.exists() and not place.is_symlink():
        return
    if not place.is_dir():
        raise InputError(f"{place}: exists and is no folder; give another one with -o")
    is_run = read_state(place).get("complete") is True
    if not overwrite:
        what = "holds a complete run" if is_run else "exists"
        raise InputError(f"{place}: {what}; give another folder, or --overwrite")
    if not is_run and any(place.iterdir()):
        raise InputError(
            f"{place}: --overwrite replaces only run folders, and this one holds other files; "
            "give another folder"
        )


def read_state(folder: Path) -> dict[str, Any]:
    """What a run folder says of itself; empty if it is none."""
    try:
        state = json.loads((folder / _STATE).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
    return state if isinstance(state, dict) else {}


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, then rename it."""
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet under a temporary name, then rename it."""
    temporary = path.with_name(f".{path.name}.partial")
    table.to_parquet(temporary, index=False)
    temporary.replace(path)


def write_arrays(path: Path, value: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name under a temporary name, then rename it."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("wb") as file:
        np.savez(file, **cast(dict[str, Any], value))
    temporary.replace(path)


def open_run(folder: str | Path) -> xr.DataTree:
    """The DataTree of a finished run folder."""
    if not read_state(Path(folder)).get("complete"):
        raise InputError(f"{folder}: not a complete run folder; make one with `netmodel run`")
    return xr.open_datatree(Path(folder) / STORE, engine="zarr")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the system's refusals into one line that names the folder."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written ({error.strerror or error}); "
            "give a folder that you may write to, on a disk with room, with -o"
        ) from error


def _encoding(ds: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Chunks and compression of a stage's layers."""
    import numcodecs

    compressor = numcodecs.Blosc("zstd", 1, numcodecs.Blosc.SHUFFLE)
    out: dict[str, dict[str, Any]] = {}
    for name, variable in ds.data_vars.items():
        lead = (1,) * (variable.ndim - 2)
        chunks = lead + tuple(min(_CHUNK, n) for n in variable.shape[-2:])
        out[str(name)] = {"compressors": compressor, "chunks": chunks}
        if np.issubdtype(variable.dtype, np.floating):
            out[str(name)]["_FillValue"] = np.nan
    return out
