"""Path loss over distances by a published model, within its range, with one clutter mechanism."""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from netmodel._link import (
    CITIES,
    CLUTTER_TYPES,
    ENTRIES,
    ENVIRONMENTS,
    STATES,
    ClutterSource,
    Link,
    distance_limits,
    link_of,
    others,
    shown,
    within,
)
from netmodel.errors import InputError
from netmodel.kernels import clutter as clutters
from netmodel.kernels import hata
from netmodel.kernels import propagation as formulas

Float = NDArray[np.float64]


def path_loss(
    model: str,
    distance_m: ArrayLike | xr.DataArray,
    *,
    frequency_ghz: float,
    h_bs_m: float | None = None,
    h_ut_m: float = 1.5,
    state: str | None = None,
    environment: str | None = None,
    city: str | None = None,
    street_width_m: float | None = None,
    building_height_m: float | None = None,
    clutter: ClutterSource | str | None = None,
    clutter_type: str | None = None,
    entry: str | None = None,
    percent: float | None = None,
) -> xr.Dataset:
    """Path loss at a distance, or over distances, between isotropic antennas [dB].

    The median over places, or the loss of the mean gain of both states. Nothing is extrapolated:
    one distance out of range is refused, of several it is NaN and not `in_range`.

    Parameters
    ----------
    model : str
        free_space, uma, umi or rma (TR 38.901), okumura_hata, cost231_hata, extended_hata.
    distance_m : float, sequence or DataArray
        Along the ground, below 10 m counted as 10 m in free space and TR 38.901. Free space
        without `h_bs_m` takes the length of the path. [m]
    frequency_ghz : float
        UMa, UMi 0.5-100; RMa 0.5-30; Hata 0.15-1.5; COST 231 1.5-2; extended Hata 0.03-3; free
        space 0.03-300.
    h_bs_m, h_ut_m : float
        Heights above ground; the mast is 25, 10, 35 and 30 m in UMa, UMi, RMa and Hata.
    state : str
        TR 38.901: los, nlos (default) or mean_gain, their gains mixed by the probability of sight.
    environment, city : str
        Hata: urban (default), suburban or open; small (default) or large.
    street_width_m, building_height_m : float
        RMa: 20 and 5 m. P.2108 3.1: 27 m and its height of the type.
    clutter : ClutterSource or str
        Only free space may have p2108; the others have clutter in them (model).
    clutter_type : str
        Takes P.2108 3.1 for 3.2: water, open, suburban, urban, trees or dense_urban.
    entry : str
        Into a building: low or high (TR 38.901, mean depth), traditional or efficient (P.2109).
    percent : float
        Of places with no more loss of P.2108 3.2 and P.2109; default 50.

    Returns
    -------
    Dataset
        `path_loss_db` and `in_range`; attrs say what was used, and `flags` HBS_OUT_OF_TABLE for a
        mast of UMa or UMi that is not its table's.

    Raises
    ------
    InputError
        Out of range, unknown, without meaning in the model, or clutter counted twice.

    References
    ----------
    3GPP TR 38.901 7.4; ITU-R P.525, P.2108, P.2109, SM.2028; models.md A.

    Examples
    --------
    >>> import netmodel as nm
    >>> loss = nm.path_loss("uma", [200, 6000], frequency_ghz=3.5)
    >>> loss.path_loss_db.values.round(2).tolist(), loss.in_range.values.tolist()
    ([114.46, nan], [True, False])
    """
    link = link_of(
        model,
        frequency_ghz,
        h_bs_m,
        h_ut_m,
        state=state,
        environment=environment,
        city=city,
        street_width_m=street_width_m,
        building_height_m=building_height_m,
        clutter=clutter,
        clutter_type=clutter_type,
        entry=entry,
        percent=percent,
    )
    distance = _distances(distance_m)
    limits, source = distance_limits(link)
    if distance.ndim == 0:
        remedy = others(link.model, "distance_m", float(distance))
        within("distance_m", float(distance), limits, source, remedy)
    return _dataset(distance, link, limits)


def _distances(distance_m: ArrayLike | xr.DataArray) -> xr.DataArray:
    """Distances as floats with named dimensions."""
    try:
        if isinstance(distance_m, xr.DataArray):
            return distance_m.astype(float)
        values = np.asarray(distance_m, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"distance_m {shown(distance_m)} is no number; give meters") from error
    if values.ndim > 1:
        raise InputError(
            f"distance_m must be one number or a list, got {values.ndim} dimensions; "
            "name them in a DataArray"
        )
    if values.ndim == 0:
        return xr.DataArray(values)
    return xr.DataArray(values, {"distance": ("distance", values, {"units": "m"})}, ("distance",))


def _dataset(distance: xr.DataArray, link: Link, limits: tuple[float, float]) -> xr.Dataset:
    """Losses where the distance is in range, NaN elsewhere."""
    d = np.ravel(distance.to_numpy())
    inside = (d >= limits[0]) & (d <= limits[1])
    loss = np.full(d.size, np.nan)
    loss[inside] = _losses(d[inside], link)
    variables = {
        "path_loss_db": (loss, {"units": "dB", "long_name": _meaning(link)}),
        "in_range": (inside, {"units": "1", "long_name": "whether the model has the distance"}),
    }
    return xr.Dataset(
        {
            name: distance.copy(data=values.reshape(distance.shape)).assign_attrs(attrs)
            for name, (values, attrs) in variables.items()
        },
        attrs=_attributes(link),
    )


def _meaning(link: Link) -> str:
    """What the losses are; decibels have no mean (models.md 0.6)."""
    what = "loss of the mean gain" if link.state == "mean_gain" else "median path loss"
    if not np.isnan(link.percent):
        what += f", clutter and entry as at most {link.percent:g} % of places have them"
    return f"{what}, {link.model.source}"


def _attributes(link: Link) -> dict[str, str | float]:
    """What was used, and the flags of its use."""
    moved = link.model.has_table_mast and link.h_bs_m != link.model.mast_m
    out: dict[str, str | float | None] = {
        "model": link.name,
        "source": link.model.source,
        "frequency_ghz": link.frequency_ghz,
        "h_bs_m": link.h_bs_m,
        "h_ut_m": link.h_ut_m,
        "state": link.state,
        "environment": link.environment,
        "city": link.city,
        "clutter_source": str(link.clutter),
        "clutter_type": link.clutter_type,
        "entry": link.entry,
        "percent": link.percent,
        "flags": "HBS_OUT_OF_TABLE" if moved else "",
    }
    return {name: value for name, value in out.items() if value is not None and value == value}


def _losses(d: Float, link: Link) -> Float:
    """Losses over distances in range, clutter and entry added."""
    return _outdoor(d, link) + _p2108(d, link) + _indoors(d, link)


def _outdoor(d: Float, link: Link) -> Float:
    """Losses of the model itself."""
    f, h_ut, code = link.frequency_ghz, link.h_ut_m, link.model.code
    h_bs = h_ut if link.h_bs_m is None else link.h_bs_m
    if link.name == "free_space":
        return formulas.free_space_losses_db(np.hypot(np.maximum(d, 10.0), h_bs - h_ut), f)
    if link.state is not None:
        at = formulas.Link(f, h_bs, h_ut, link.street_width_m, link.building_height_m)
        return formulas.tr38901_losses_db(d, at, code, STATES.index(link.state))
    environment = ENVIRONMENTS.index(link.environment or "urban")
    city = CITIES.index(link.city or "small")
    return hata.hata_losses_db(d / 1e3, f * 1e3, h_bs, h_ut, environment, city, code)


def _p2108(d: Float, link: Link) -> Float | float:
    """Losses in the clutter about the terminal."""
    if link.clutter != ClutterSource.P2108:
        return 0.0
    if link.clutter_type is None:
        return clutters.p2108_terrestrial_losses_db(d / 1e3, link.frequency_ghz, link.percent)
    return clutters.p2108_height_gain_loss_db(
        link.frequency_ghz,
        link.h_ut_m,
        link.street_width_m,
        link.building_height_m,
        CLUTTER_TYPES[link.clutter_type][0],
    )


def _indoors(d: Float, link: Link) -> Float | float:
    """Losses into the building: at the mean depth, or at the path's elevation."""
    if link.entry is None:
        return 0.0
    if ENTRIES[link.entry] == "TR 38.901":
        inside = formulas.RMA_INDOOR_LOSS_DB if link.name == "rma" else formulas.INDOOR_LOSS_DB
        return formulas.wall_loss_db(link.frequency_ghz, link.entry == "high") + inside
    rise = 0.0 if link.h_bs_m is None else link.h_bs_m - link.h_ut_m
    elevation = np.degrees(np.arctan2(rise, np.maximum(d, 10.0)))
    building = clutters.TRADITIONAL if link.entry == "traditional" else clutters.EFFICIENT
    return clutters.p2109_entry_losses_db(elevation, link.frequency_ghz, link.percent, building)
