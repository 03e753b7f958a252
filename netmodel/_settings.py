"""The tables of a scenario: their keys, defaults, units and ranges."""

import math
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Band = Literal["n28", "n41", "n78"]
Layer = Literal[
    "rsrp_dbm", "server", "sinr_db", "coverage_probability", "link_probability",
    "second_dbm", "interference_dbm", "n_within_6db",
]  # fmt: skip
LAYERS = get_args(Layer)
Box = tuple[float, float, float, float]


class Table(BaseModel):
    """A table of a scenario; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Population(Table):
    """Who lives where."""

    path: Path | None = Field(None, description="population raster; default the embedded one")
    kind: Literal["count", "density_per_km2"] = Field(
        "count", description="what a value of the raster means: people per cell, or per km2"
    )
    nodata: float | None = Field(
        None, description="value that means no data, besides the file's own"
    )


class RunGrid(Table):
    """The run grid of a user's own raster; by default 1-km equal-area around the raster."""

    crs: str | None = Field(None, description="CRS of the run grid, such as EPSG:32735")
    resolution_m: Annotated[float, Field(ge=1.0, le=1e6)] = Field(
        1000.0, description="cell size [m]"
    )
    bounds: Box | None = Field(
        None, description="left, bottom, right, top in that CRS; default the raster's"
    )

    @model_validator(mode="after")
    def _both(self) -> "RunGrid":
        if (self.crs is None) != (self.bounds is None):
            raise ValueError("give crs and bounds together, or neither")
        left, bottom, right, top = self.bounds or (0.0, 0.0, 1.0, 1.0)
        if not (-math.inf < left < right < math.inf and -math.inf < bottom < top < math.inf):
            raise ValueError("bounds must be finite, with left < right and bottom < top")
        return self


class ZoneFile(Table):
    """Polygons to report by; the embedded counties in the reference case."""

    path: Path | None = Field(None, description="polygon file; default one zone")
    code: str | None = Field(None, description="column of zone codes")
    name: str | None = Field(None, description="column of zone names")
    whole_edges: bool = Field(
        False,
        description="cells that reach beyond all zones count whole, as on a coast; else by area",
    )


class Sites(Table):
    """5G base stations: a list, or a total to synthesise from."""

    path: Path | None = Field(
        None, description="list with lon, lat (or x, y and crs), network, kind: CSV, Parquet, ..."
    )
    crs: str | None = Field(None, description="CRS of x and y in the list")
    total: Annotated[int, Field(gt=0)] | None = Field(
        None, description="stations to synthesise where there is no list"
    )
    by_year: dict[int, Annotated[int, Field(gt=0)]] = Field(
        {}, description="stations of later years; default along the projection's median"
    )
    networks: dict[str, Positive] = Field(
        {"all": 1.0}, description="share of the stations of each radio network"
    )
    indoor_share: Share = Field(0.15, description="share of stations that serve indoors only [A]")
    gnb_per_macro_site: Annotated[float, Field(ge=1.0, le=10.0)] = Field(
        1.3, description="logical stations per physical macro site of a network [A]"
    )
    demand_exponent: Annotated[float, Field(ge=0.0, le=2.0)] = Field(
        0.85, description="stations follow demand density to this power [A]"
    )
    rural_weight: Share = Field(
        0.1, description="factor on the weight of cells under 500 people/km2 in 2020 [A]"
    )

    @field_validator("networks")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        if not value or abs(sum(value.values()) - 1.0) > 1e-6:
            raise ValueError(f"shares must add up to 1, got {sum(value.values()):g}")
        if any(not name.replace("_", "").replace("-", "").isalnum() for name in value):
            raise ValueError("names may hold letters, digits, - and _ only")
        return value


class Villages(Table):
    """Places that fiber has to reach; checked, and used by no stage yet."""

    path: Path | None = Field(
        None, description="points with lon, lat, village_id, name, as `netmodel import villages`"
    )


class Dem(Table):
    """Elevation of the ground; checked, and used by no stage yet."""

    path: Path | None = Field(None, description="raster of meters, as `netmodel import dem`")


class Demand(Table):
    """Yearly traffic and how it becomes busy-hour demand."""

    total_gb: Positive | None = Field(
        None, description="traffic of the year [GB]; default the provincial table"
    )
    gb_bytes: Literal[1_000_000_000, 1_073_741_824] = Field(
        1_000_000_000, description="bytes of a GB: decimal, or 2**30"
    )
    busy_hour_share: Annotated[float, Field(ge=1 / 24, le=1.0)] = Field(
        0.07, description="share of a day's traffic in its busy hour (0.055-0.10)"
    )
    busy_day_factor: Annotated[float, Field(ge=1.0, le=10.0)] = Field(
        1.10, description="busy day over mean day"
    )
    downlink_share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.88, description="share of traffic that is downlink"
    )
    fiveg_share: Literal["facts"] | Share = Field(
        "facts",
        description="share of traffic on 5G; facts: from the two values below",
        union_mode="left_to_right",
    )
    fiveg_penetration: Share = Field(0.15, description="share of active users on 5G")
    fiveg_usage_multiple: Positive = Field(
        2.5, description="traffic of a 5G user over another's [A]"
    )
    subscribers: dict[str, Positive] = Field(
        {}, description="share of 5G demand of each network; default that of its stations"
    )

    @field_validator("subscribers")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        if value and abs(sum(value.values()) - 1.0) > 1e-6:
            raise ValueError(f"shares must add up to 1, got {sum(value.values()):g}")
        return value


class Radio(Table):
    """Radio settings; the coverage and capacity stages read them."""

    mode: Literal["national", "explicit"] = Field(
        "national",
        description="national: density of sites per cell; explicit: every sector a point",
    )
    resolution_m: Annotated[float, Field(ge=1.0, le=10_000.0)] = Field(
        100.0, description="explicit: side of a pixel, a whole part of the run grid's cell [m]"
    )
    min_people_per_km2: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = Field(
        0.0, description="explicit: pixels with fewer people are not computed"
    )
    weights: Path | None = Field(
        None, description="explicit: raster that shares a cell's people over its pixels"
    )
    load: Share = Field(1.0, description="explicit: load of the interfering sectors")
    chain: Literal["A", "B"] = Field(
        "B",
        description="explicit: SINR to rate by chain B (gap to Shannon, CQI cap, rank), or by A "
        "(TR 36.942 times mimo_gain), which the national mode has",
    )
    rsrp_dbm: Annotated[float, Field(ge=-150.0, le=-40.0)] = Field(
        -105.0, description="explicit: least SS-RSRP that counts as coverage [dBm]"
    )
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)] = Field(
        ("rsrp_dbm", "server", "sinr_db", "coverage_probability", "link_probability"),
        description=f"explicit: layers of the pixels that are kept, of {', '.join(LAYERS)}",
    )
    band: Band = Field("n78", description="3GPP band of the macro layer: n28, n41 or n78")
    bands: dict[str, Band] = Field({}, description="bands of networks that have another")
    carriers: Annotated[float, Field(gt=0.0, le=20.0)] = Field(
        1.0, description="carriers of that band that every macro station has"
    )
    spectrum_mhz: dict[str, Positive] = Field(
        {}, description="spectrum that a network holds in its band [MHz]; default unlimited"
    )
    mimo_gain: Annotated[float, Field(ge=1.0, le=10.0)] | None = Field(
        None, description="factor of MIMO on rank-1 efficiency; default the band's [A]"
    )
    indoor_share_urban: Share = Field(
        0.8, description="share of traffic indoors where 500 people/km2 live, or more [A]"
    )
    indoor_share_rural: Share = Field(0.5, description="share of traffic indoors elsewhere [A]")
    indoor_offload: Share = Field(
        0.3, description="share of indoor demand that indoor stations carry where they are [A]"
    )
    target_load: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.7, description="load at which a cell counts as congested"
    )


class Projection(Table):
    """How the coming years are projected."""

    as_of: Annotated[int, Field(ge=2018, le=2100)] | Literal["latest"] = Field(
        2020, description='last year whose values are used, or "latest"'
    )
    horizon: Annotated[int, Field(ge=2019, le=2100)] = Field(
        2030, description="last year that is projected"
    )
    draws: Annotated[int, Field(ge=100, le=20_000)] = Field(
        2000, description="paths drawn of each indicator"
    )
    series: Path | None = Field(
        None, description="CSV of your own with indicator, year, value, kind"
    )
    targets: Path | None = Field(
        None, description="CSV of your own with indicator, target_year, target, op, baseline"
    )
