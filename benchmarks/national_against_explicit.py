"""The national mode held against the explicit mode, with the same sites, demand and rate chain.

Run by hand: `python benchmarks/national_against_explicit.py Jiangsu Hainan` takes some minutes on 2
cores. Explicit loads are of every 100-m pixel; both modes use chain A. Printed by network, at the
5G demand of 2020 and at a multiple of it: mean load and congested share of the demand, the 5th
percentile of users' rates (by cell and demand), and the served share.
"""

import argparse

import numpy as np
import xarray as xr

from netmodel._capacity import capacity
from netmodel._explicit_capacity import explicit_capacity
from netmodel._networks import network_names
from netmodel._stages import Inputs, computed_stage, explicit_work, joined, open_inputs
from netmodel.scenario import Scenario

TARGET, SHARE_5TH = 0.7, 0.05


def stages(area: str) -> tuple[Inputs, dict[str, xr.Dataset]]:
    radio = {"mode": "explicit", "chain": "A"}
    given = {"extends": "china-2020", "name": "check", "area": area, "radio": radio}
    inputs, done = open_inputs(Scenario.from_dict(given)), dict[str, xr.Dataset]()
    for name in ("population", "demand", "sites"):
        done[name] = computed_stage(name, inputs, done)
    return inputs, done


def figures(ds: xr.Dataset, number: int, wanted: np.ndarray) -> dict[str, float]:
    """Means over the demand of the wanted cells of a network."""
    own = {k: v for k, v in ds.data_vars.items() if "network" in v.dims}
    layers = {k: v.values[number][wanted] for k, v in own.items()}
    demand = np.nan_to_num(layers["demand_mbps"])
    load, rate = layers["cell_load"], layers["rate_5th_mbps"]
    loaded, rated = demand * ~np.isnan(load), demand * ~np.isnan(rate)
    order = np.argsort(np.nan_to_num(rate, nan=np.inf))
    reached = np.cumsum(rated[order])
    return {
        "mean load": float((loaded * np.nan_to_num(load)).sum() / loaded.sum()),
        "congested share": float((loaded * (np.nan_to_num(load) > TARGET)).sum() / demand.sum()),
        "5th percentile [Mbit/s]": float(
            rate[order][np.searchsorted(reached, SHARE_5TH * reached[-1])]
        ),
        "served share": float(np.nan_to_num(layers["served_mbps"]).sum() / demand.sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("areas", nargs="*", default=["Jiangsu", "Hainan"])
    parser.add_argument("--times", type=float, nargs="*", default=[1.0, 8.0])
    options = parser.parse_args()
    for area in options.areas:
        inputs, done = stages(area)
        scenario, base = inputs.scenario, joined(list(done.values()))
        work, sectors = explicit_work(inputs, done)
        national_radio = scenario.radio.model_copy(update={"mode": "national"})
        for times in options.times:
            ds = base.assign(demand_5g_mbps=base.demand_5g_mbps * np.float32(times))
            given = {"sites": scenario.sites, "demand": scenario.demand}
            explicit = explicit_capacity(ds, work, sectors, **given).cells
            national = capacity(ds, radio=national_radio, **given)
            for number, name in enumerate(network_names(ds)):
                both = [figures(d, number, inputs.region.wanted) for d in (national, explicit)]
                for key in both[0]:
                    a, b = both[0][key], both[1][key]
                    ratio = f"{a / b:6.2f}" if b > 1e-9 else "     -"
                    print(f"{area:<9}{times:4g} x {name:<7}{key:<25}{a:10.4f}{b:10.4f}{ratio}")


if __name__ == "__main__":
    main()
