"""`Scenario`: what a run is given, checked where it enters, and its TOML form."""

import json
import math
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from netmodel._complaints import one_line
from netmodel.errors import DataError, InputError

PRESETS = ("china-2020",)
_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
_Band = Literal["n28", "n41", "n78"]
Layer = Literal[
    "rsrp_dbm", "server", "sinr_db", "coverage_probability", "link_probability",
    "second_dbm", "interference_dbm", "n_within_6db",
]  # fmt: skip
LAYERS = get_args(Layer)
Box = tuple[float, float, float, float]


class _Part(BaseModel):
    """A table of a scenario; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Population(_Part):
    """Who lives where."""

    path: Path | None = Field(None, description="population raster; default the embedded one")
    kind: Literal["count", "density_per_km2"] = Field(
        "count", description="what a value of the raster means: people per cell, or per km2"
    )
    nodata: float | None = Field(
        None, description="value that means no data, besides the file's own"
    )


class RunGrid(_Part):
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


class ZoneFile(_Part):
    """Polygons to report by; the embedded counties in the reference case."""

    path: Path | None = Field(None, description="polygon file; default one zone")
    code: str | None = Field(None, description="column of zone codes")
    name: str | None = Field(None, description="column of zone names")


class Sites(_Part):
    """5G base stations: a list, or a total to synthesise from."""

    path: Path | None = Field(
        None, description="CSV with lon, lat (or x, y and crs), network, kind"
    )
    crs: str | None = Field(None, description="CRS of x and y in the list")
    total: Annotated[int, Field(gt=0)] | None = Field(
        None, description="stations to synthesise where there is no list"
    )
    by_year: dict[int, Annotated[int, Field(gt=0)]] = Field(
        {}, description="stations of later years; default along the projection's median"
    )
    networks: dict[str, _Positive] = Field(
        {"all": 1.0}, description="share of the stations of each radio network"
    )
    indoor_share: _Share = Field(0.15, description="share of stations that serve indoors only [A]")
    gnb_per_macro_site: Annotated[float, Field(ge=1.0, le=10.0)] = Field(
        1.3, description="logical stations per physical macro site of a network [A]"
    )
    demand_exponent: Annotated[float, Field(ge=0.0, le=2.0)] = Field(
        0.85, description="stations follow demand density to this power [A]"
    )
    rural_weight: _Share = Field(
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


class Demand(_Part):
    """Yearly traffic and how it becomes busy-hour demand."""

    total_gb: _Positive | None = Field(
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
    fiveg_share: Literal["facts"] | _Share = Field(
        "facts",
        description="share of traffic on 5G; facts: from the two values below",
        union_mode="left_to_right",
    )
    fiveg_penetration: _Share = Field(0.15, description="share of active users on 5G")
    fiveg_usage_multiple: _Positive = Field(
        2.5, description="traffic of a 5G user over another's [A]"
    )
    subscribers: dict[str, _Positive] = Field(
        {}, description="share of 5G demand of each network; default that of its stations"
    )

    @field_validator("subscribers")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        if value and abs(sum(value.values()) - 1.0) > 1e-6:
            raise ValueError(f"shares must add up to 1, got {sum(value.values()):g}")
        return value


class Radio(_Part):
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
    load: _Share = Field(1.0, description="explicit: load of the interfering sectors")
    rsrp_dbm: Annotated[float, Field(ge=-150.0, le=-40.0)] = Field(
        -105.0, description="explicit: least SS-RSRP that counts as coverage [dBm]"
    )
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)] = Field(
        ("rsrp_dbm", "server", "sinr_db", "coverage_probability"),
        description=f"explicit: layers of the pixels that are kept, of {', '.join(LAYERS)}",
    )
    band: _Band = Field("n78", description="3GPP band of the macro layer: n28, n41 or n78")
    bands: dict[str, _Band] = Field({}, description="bands of networks that have another")
    carriers: Annotated[float, Field(gt=0.0, le=20.0)] = Field(
        1.0, description="carriers of that band that every macro station has"
    )
    spectrum_mhz: dict[str, _Positive] = Field(
        {}, description="spectrum that a network holds in its band [MHz]; default unlimited"
    )
    mimo_gain: Annotated[float, Field(ge=1.0, le=10.0)] | None = Field(
        None, description="factor of MIMO on rank-1 efficiency; default the band's [A]"
    )
    indoor_share_urban: _Share = Field(
        0.8, description="share of traffic indoors where 500 people/km2 live, or more [A]"
    )
    indoor_share_rural: _Share = Field(0.5, description="share of traffic indoors elsewhere [A]")
    indoor_offload: _Share = Field(
        0.3, description="share of indoor demand that indoor stations carry where they are [A]"
    )
    target_load: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.7, description="load at which a cell counts as congested"
    )


class Projection(_Part):
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


class Scenario(_Part):
    """Everything a run is given.

    Build one with `from_toml`, `preset` or keywords. Equal scenarios and inputs give the same
    bits.
    """

    extends: Literal["china-2020"] | None = Field(
        None, description='"china-2020" to start from the reference case'
    )
    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        "my-scenario", description="shown in titles"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(1, description="of every random draw")
    area: str | Box | None = Field(
        None, description="zone name or code, [west, south, east, north], or a polygon file"
    )
    years: tuple[Annotated[int, Field(ge=2000, le=2100)], ...] = Field(
        (2020,), description="the year of the inputs, and later ones to project to"
    )
    population: Population = Field(default_factory=Population)
    grid: RunGrid = Field(default_factory=RunGrid)
    zones: ZoneFile = Field(default_factory=ZoneFile)
    sites: Sites = Field(default_factory=Sites)
    demand: Demand = Field(default_factory=Demand)
    radio: Radio = Field(default_factory=Radio)
    projection: Projection = Field(default_factory=Projection)

    @field_validator("area", mode="before")
    @classmethod
    def _one_area(cls, value: Any) -> Any:
        given = value if isinstance(value, list | tuple) else []
        finite = [isinstance(n, int | float) and math.isfinite(n) for n in given]
        if value is None or isinstance(value, str) or (len(given) == 4 and all(finite)):
            return value
        raise ValueError(
            "give a zone's name or code, a polygon file, or [west, south, east, north] in degrees"
        )

    @classmethod
    def preset(cls, name: str) -> "Scenario":
        """A scenario that ships with the package, such as "china-2020"."""
        if name not in PRESETS:
            raise InputError(
                f"{name!r} is neither a scenario file nor a preset ({', '.join(PRESETS)}); "
                "`netmodel init > my-scenario.toml` writes one to start from"
            )
        return cls.from_dict({"extends": name, "name": name})

    @classmethod
    def from_toml(cls, path: str | Path) -> "Scenario":
        """Read a scenario file; paths in it are relative to its folder."""
        try:
            text = Path(path).read_text(encoding="utf-8")
            data = tomllib.loads(text)
        except FileNotFoundError as error:
            raise DataError(f"{path}: no such file") from error
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read ({error})") from error
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{path}: not valid TOML: {error}") from error
        return cls.from_dict(data, where=str(path), folder=Path(path).parent)

    @classmethod
    def from_dict(
        cls, data: dict[str, Any], where: str = "scenario", folder: Path | None = None
    ) -> "Scenario":
        """Check a scenario given as nested dicts, on top of what it extends."""
        base: dict[str, Any] = {}
        if data.get("extends") in PRESETS:
            text = files("netmodel").joinpath("data", f"{data['extends']}.toml").read_text("utf-8")
            base = tomllib.loads(text)
        try:
            scenario = cls.model_validate(_merged(base, data))
        except ValidationError as error:
            raise InputError(f"{where}: {one_line(error, cls)}") from error
        scenario.check(where, data)
        return scenario if folder is None else _absolute(scenario, folder)

    def to_json(self) -> str:
        """The whole scenario as JSON, keys in the order of the schema."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False)

    @property
    def label(self) -> str:
        """Name and area, for titles."""
        return self.name if self.area is None else f"{self.name}, area {self.area_text}"

    @property
    def area_text(self) -> str:
        """The area as a scenario file writes it."""
        box = isinstance(self.area, tuple)
        return f"[{', '.join(f'{v:g}' for v in self.area or ())}]" if box else str(self.area)

    @property
    def year(self) -> int:
        """The year of the inputs."""
        return self.years[0]

    def check(self, where: str = "scenario", given: dict[str, Any] | None = None) -> None:
        """Refuse combinations that cannot run; `given` is what the user wrote."""
        own = self.extends is None
        given_sites = (given or {}).get("sites", {})
        if "path" in given_sites and "total" in given_sites:
            raise InputError(f"{where}: [sites] has path and total; give one of them")
        if own and self.population.path is None:
            raise InputError(
                f"{where}: give [population] path, "
                'or extends = "china-2020" for the embedded raster'
            )
        if own and self.demand.total_gb is None:
            raise InputError(f"{where}: give [demand] total_gb, the traffic of the year in GB")
        if own and self.sites.path is None and self.sites.total is None:
            raise InputError(f"{where}: give [sites] path or total")
        if not own and self.zones.path is not None:
            raise InputError(
                f"{where}: [zones] path goes with a population of your own, without extends; "
                "the reference case reports by its counties"
            )
        self._check_years(where, own=own)

    def _check_years(self, where: str, *, own: bool) -> None:
        """One year of inputs; later ones only where there is a projection to follow."""
        years = list(self.years)
        if not years or (own and len(years) > 1) or (not own and years[0] != 2020):
            raise InputError(
                f"{where}: years = {years}: the reference case begins with 2020 and may go on "
                "to later years; a region of your own has one year"
            )
        if years != sorted(set(years)):
            raise InputError(f"{where}: years = {years}: give each year once, in order")
        last = self.projection.horizon
        if len(years) > 1 and years[-1] > last:
            raise InputError(
                f"{where}: years = {years}: the projection ends in {last}; "
                "raise [projection] horizon"
            )
        if len(years) > 1 and self.radio.mode == "explicit":
            raise InputError(
                f"{where}: years = {years}: later years need the capacity of the national mode; "
                'give one year, or [radio] mode = "national"'
            )
        if len(years) > 1 and (self.sites.path or self.projection.series):
            raise InputError(
                f"{where}: years = {years}: later years follow the facts' projection with "
                "synthesised sites; leave out [sites] path and [projection] series"
            )


def _merged(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """`data` over `base`, table by table."""
    out = dict(base)
    for key, value in data.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        out[key] = {**base[key], **value} if both else value
    return out


def _absolute(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario with the paths of its tables taken from `folder`."""
    changed: dict[str, Any] = {}
    for name in ("population", "zones", "sites"):
        part = getattr(scenario, name)
        if part.path is not None:
            changed[name] = part.model_copy(update={"path": folder / part.path})
    own = {k: folder / v for k in ("series", "targets") if (v := getattr(scenario.projection, k))}
    if own:
        changed["projection"] = scenario.projection.model_copy(update=own)
    if scenario.radio.weights is not None:
        weights = folder / scenario.radio.weights
        changed["radio"] = scenario.radio.model_copy(update={"weights": weights})
    if isinstance(scenario.area, str) and (folder / scenario.area).is_file():
        changed["area"] = str(folder / scenario.area)
    return scenario.model_copy(update=changed)
