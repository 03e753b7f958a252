"""exactextract on polygons in memory, as WKB: reading GeoJSON takes longer than the sums."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from exactextract import exact_extract
from exactextract.feature import Feature, FeatureSource
from exactextract.raster import NumPyRasterSource
from exactextract.writer import Writer
from numpy.typing import NDArray


class _Polygon(Feature):  # type: ignore[misc]
    """A polygon and what is found for it."""

    def __init__(self, wkb: bytes = b"") -> None:
        super().__init__()
        self._wkb = wkb
        self.found: dict[str, Any] = {}

    def geometry(self) -> bytes:
        return self._wkb

    def set_geometry(self, wkb: bytes) -> None:
        """Nothing: the answer needs no geometry."""

    def set_geometry_format(self) -> str:
        return "wkb"

    def fields(self) -> list[str]:
        return list(self.found)

    def get(self, name: str) -> Any:
        return self.found[name]

    def set(self, name: str, value: Any) -> None:
        self.found[name] = value


class _Polygons(FeatureSource):  # type: ignore[misc]
    def __init__(self, wkb: Sequence[bytes]) -> None:
        super().__init__()
        self._wkb = wkb

    def count(self) -> int:
        return len(self._wkb)

    def __iter__(self) -> Iterator[_Polygon]:
        return map(_Polygon, self._wkb)

    def srs_wkt(self) -> None:
        """None: everything is in columns and rows."""


class _Rows(Writer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict[str, Any]] = []

    def add_operation(self, operation: Any) -> None:
        """Nothing to prepare for."""

    def write(self, feature: Any) -> None:
        row = _Polygon()
        feature.copy_to(row)
        self._rows.append(row.found)

    def features(self) -> list[dict[str, Any]]:
        return self._rows


def extracted(
    layer: NDArray[Any], wkb: Sequence[bytes], operations: Sequence[str]
) -> list[dict[str, Any]]:
    """What exactextract finds of a layer for each polygon, by operation.

    Parameters
    ----------
    layer : (row, column)
        NaN is no data.
    wkb : sequence of bytes
        Polygons in columns to the right and rows upward from the last row's lower edge; no
        bytes for an empty one, of which nothing is found.
    operations : sequence of str
        Of exactextract, such as "sum".
    """
    rows, columns = layer.shape
    source = NumPyRasterSource(layer, 0, 0, columns, rows)
    given = [i for i, one in enumerate(wkb) if one]
    found = exact_extract(
        source, _Polygons([wkb[i] for i in given]), list(operations), output=_Rows()
    )
    rows_of: dict[int, dict[str, Any]] = dict(zip(given, found, strict=True))
    return [rows_of.get(i, {}) for i in range(len(wkb))]


def touched_cells(shape: tuple[int, int], wkb: Sequence[bytes]) -> list[NDArray[np.int64]]:
    """Flat indices, increasing, of the cells that each polygon has a share of."""
    everywhere = np.broadcast_to(np.float32(1.0), shape)
    rows = extracted(everywhere, wkb, ["cell_id"])
    return [np.sort(np.asarray(row.get("cell_id", ()), np.int64)) for row in rows]


def sums(layer: NDArray[Any], wkb: Sequence[bytes]) -> NDArray[np.float64]:
    """Sum of a layer over each polygon."""
    rows = extracted(layer, wkb, ["sum"])
    return np.array([row.get("sum") or 0.0 for row in rows], np.float64)
