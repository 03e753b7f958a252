"""Where an import goes: a file that is not there yet, written under another name, then renamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import pandas as pd

from netmodel.errors import InputError
from netmodel.store import folder_for_output, writing

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON"}
VECTOR = (".parquet", *_DRIVERS, ".csv")
RASTER = (".tif", ".tiff")


@dataclass(frozen=True)
class Place:
    """A checked place for an output."""

    path: Path

    @classmethod
    def of(
        cls,
        source: str | Path,
        out: str | Path,
        *,
        overwrite: bool,
        suffixes: tuple[str, ...] = VECTOR,
    ) -> "Place":
        """Refuse the input itself, unknown suffixes, and what stands there already."""
        path = Path(out)
        if path.suffix.lower() not in suffixes:
            raise InputError(f"{out}: give a name that ends with {', '.join(suffixes)}")
        if path.exists() and Path(source).exists() and path.samefile(source):
            raise InputError(f"{out}: is the file that is read; give another name with -o")
        if path.is_dir() or (path.exists() and not overwrite):
            remedy = "" if path.is_dir() else ", or --overwrite"
            raise InputError(f"{out}: exists; give another name with -o{remedy}")
        return cls(path)

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A name beside the place that becomes it, unless writing fails."""
        temporary = self.path.with_name(f".{self.path.stem}.partial{self.path.suffix}")
        with folder_for_output(self.path.parent):
            try:
                with writing(self.path.parent):
                    _refuse_unwritable(self.path.parent)
                    yield temporary
                    temporary.replace(self.path)
            finally:
                temporary.unlink(missing_ok=True)


def _refuse_unwritable(folder: Path) -> None:
    """Raise what the system says of a folder that takes no file; GDAL says less."""
    with TemporaryFile(dir=folder):
        pass


def write_points(table: pd.DataFrame, place: Place) -> None:
    """Write rows with `lon` and `lat` as points in WGS 84."""
    import geopandas

    points = geopandas.points_from_xy(table["lon"], table["lat"], crs="EPSG:4326")
    write_features(geopandas.GeoDataFrame(table, geometry=points), place)


def write_features(table: "GeoDataFrame", place: Place) -> None:
    """Write features as the suffix says; a CSV has no geometry."""
    suffix = place.path.suffix.lower()
    with place.temporary() as path:
        if suffix == ".csv":
            table.drop(columns="geometry").to_csv(path, index=False, lineterminator="\n")
        elif suffix == ".parquet":
            table.to_parquet(path, index=False)
        else:
            if suffix == ".geojson":  # which is WGS 84 and nothing else (RFC 7946, section 4)
                table = table.to_crs("EPSG:4326")
            table.to_file(path, driver=_DRIVERS[suffix], layer=place.path.stem)
