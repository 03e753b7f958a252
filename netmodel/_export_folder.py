"""The folder of an export: built beside its place, resumed after a kill, then renamed.

It lists its own files, so that another export replaces those and nothing else.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from netmodel.errors import InputError
from netmodel.store import missing_folders, remove_empty, write_text, writing

_MARK = "export.json"
# What a GIS leaves beside the files that it opens.
_LEFT_BY_GIS = (".aux.xml", "-wal", "-shm", "-journal")


class ExportFolder:
    """A folder under construction, called `.NAME.partial`.

    Parameters
    ----------
    place : path
        Where the finished folder goes.
    fingerprint : str
        Of the run and what is exported; only an export of the same is resumed.
    overwrite : bool
        Whether an export may be replaced; it stays until the new one is whole.
    """

    def __init__(self, place: str | Path, fingerprint: str, *, overwrite: bool) -> None:
        self.place = Path(os.path.abspath(place))
        self.partial = self.place.with_name(f".{self.place.name}.partial")
        with writing(self.place):
            check_export_place(self.place, overwrite=overwrite)
            self._new_parents = missing_folders(self.place.parent)
            for beside in (self.partial, self.place.with_name(f".{self.place.name}.old")):
                if beside.exists() and not _read(beside):
                    raise InputError(f"{beside}: is in the way, and no export's; move it")
            if _read(self.partial).get("fingerprint") != fingerprint:
                shutil.rmtree(self.partial, ignore_errors=True)
                self.partial.mkdir(parents=True)
                write_text(self.partial / _MARK, json.dumps({"fingerprint": fingerprint}) + "\n")
        self._fingerprint = fingerprint

    def finish(self, files: list[Path]) -> list[Path]:
        """List the files, which are in the folder under construction, and put it in its place."""
        names = sorted(path.relative_to(self.partial).as_posix() for path in files)
        state = {
            "fingerprint": self._fingerprint,
            "files": {n: _digest(self.partial / n) for n in names},
        }
        with writing(self.place):
            write_text(self.partial / _MARK, json.dumps(state, indent=1) + "\n")
            old = self.place.with_name(f".{self.place.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            if self.place.exists():
                self.place.rename(old)
            self.partial.rename(self.place)
            shutil.rmtree(old, ignore_errors=True)
        return [self.place / name for name in names]

    def discard(self) -> None:
        """Remove what was written, and the folders above it that were made for it."""
        shutil.rmtree(self.partial, ignore_errors=True)
        remove_empty(self._new_parents)


def check_export_place(place: Path, *, overwrite: bool) -> None:
    """Refuse a place that holds something, unless it is an export that may be replaced."""
    if not place.exists() and not place.is_symlink():
        return
    if not place.is_dir() or place.is_symlink():
        raise InputError(f"{place}: exists and is no folder; give another one with -o")
    if not overwrite:
        raise InputError(f"{place}: exists; give another folder with -o, or --overwrite")
    foreign = _first_foreign(place)
    if foreign is not None:
        raise InputError(
            f"{place}: --overwrite replaces only what an export wrote, and {foreign} is yours; "
            "move it, or give another folder with -o"
        )


def _first_foreign(place: Path) -> str | None:
    """A file that no export wrote, or a style that was changed since; None if there is none."""
    files = _read(place).get("files", {})
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if (path.is_dir() and not path.is_symlink()) or name == _MARK:
            continue
        is_left = any(name.removesuffix(end) in files for end in _LEFT_BY_GIS)
        if name not in files and not is_left:
            return name
        if files.get(name) and files[name] != _digest(path):
            return name
    return None


def _digest(path: Path) -> str:
    """Hash of a style, which QGIS saves a user's own over; empty for other files."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.suffix == ".qml" else ""


def _read(folder: Path) -> dict[str, Any]:
    """What an export's folder says of itself; empty if it is none."""
    try:
        state = json.loads((folder / _MARK).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
    return state if isinstance(state, dict) else {}
