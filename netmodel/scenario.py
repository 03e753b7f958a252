"""`Scenario`: what a run is given, checked where it enters, and its TOML form."""

import json
import math
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from netmodel._complaints import one_line
from netmodel._settings import (
    Box,
    Dem,
    Demand,
    Population,
    Projection,
    Radio,
    RunGrid,
    Sites,
    Table,
    Villages,
    ZoneFile,
)
from netmodel.errors import DataError, InputError

PRESETS = ("china-2020",)


class Scenario(Table):
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
    villages: Villages = Field(default_factory=Villages)
    dem: Dem = Field(default_factory=Dem)
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

    @classmethod
    def from_json(cls, text: str) -> "Scenario":
        """A scenario as `to_json` writes it, such as a run's attribute `scenario`."""
        return cls.model_validate_json(text)

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
    for name in ("population", "zones", "sites", "villages", "dem"):
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
