"""How a planner's file is read: spellings of its columns, CRS, datum, encoding."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# The header of OpenCelliD's downloads (its database documentation); files of a single
# country come without it.
OPENCELLID = (
    "radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples",
    "changeable", "created", "updated", "averageSignal",
)  # fmt: skip
RADIOS = ("GSM", "UMTS", "CDMA", "LTE", "NR", "NBIOT")

# Spellings of columns, in lower case, in the order in which they are looked for.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "lon": ("lon", "longitude", "lng", "long", "lon_deg", "经度"),
    "lat": ("lat", "latitude", "lat_deg", "纬度"),
    "x": ("x", "easting", "eastings", "x_coord"),
    "y": ("y", "northing", "northings", "y_coord"),
    "network": ("network", "net", "operator", "mnc", "运营商"),
    "kind": ("kind", "site_kind"),
    "site_id": ("site_id", "siteid", "site", "id", "站号"),
    "band": ("band",),
    "azimuth_deg": ("azimuth_deg", "azimuth", "azi", "bearing", "方位角"),
    "tilt_deg": ("tilt_deg", "tilt", "downtilt", "下倾角"),
    "height_m": ("height_m", "antenna_height_m", "height", "挂高"),
    "power_dbm": ("power_dbm",),
    "antenna": ("antenna",),
    "carriers": ("carriers",),
    "samples": ("samples",),
    "datum": ("datum", "坐标系"),
    "village_id": ("village_id", "id", "code"),
    "name": ("name", "name_en", "name_zh", "village", "名称"),
    "code": ("code", "zone_id", "id", "adcode"),
    "population": ("population", "people", "pop", "人口"),
    "households": ("households", "户数"),
}


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Parameters
    ----------
    columns : mapping
        netmodel's name of a column to the file's; an empty one leaves that column out.
    crs : str, optional
        Of coordinates whose file does not state it.
    datum : {"wgs84", "gcj02"}, optional
        Of longitudes and latitudes.
    layer : str, optional
        Of a file with several.
    encoding : str
        Of text files.
    decimal : {".", ","}
        Mark of decimals in text files.
    keep : mapping
        Values by column of the file; rows with others are dropped.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None
    datum: str | None = None
    layer: str | None = None
    encoding: str = "utf-8-sig"
    decimal: str = "."
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
