"""The shipped facts: whole, sourced, consistent with each other, and safe to use."""

import dataclasses
import re
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from netmodel import facts
from netmodel.errors import InputError

STATUS = {"published", "derived", "unverified"}
CONFIDENCE = {"high", "medium", "low"}
VERDICT = {"MET", "LIKELY MET", "NEAR", "MISSED", "OPEN", "NOT COMPARABLE", "UNKNOWN"}
# Of wide tables the columns hold status and source; sources are their own.
BY_ROW = [n for n in facts.TABLES if n not in ("provinces", "provinces_panel", "sources")]
KEYS = {
    "baseline_2020": ["fact_id"],
    "history": ["series", "date"],
    "parameters": ["param_id"],
    "provinces": ["gbt2260_code"],
    "provinces_5g": ["code", "date"],
    "provinces_columns": ["column"],
    "provinces_panel": ["code", "year"],
    "provinces_panel_columns": ["column"],
    "regions": ["series", "date", "geography"],
    "sources": ["source_id"],
    "targets": ["target_id"],
}
ISO_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def known_sources():
    return set(facts.table("sources")["source_id"])


def cited(column):
    return {s for cell in column if cell for s in cell.split(";")}


def at(name, date, geography=facts.MAINLAND):
    rows = facts.series(name, geography)
    return rows.loc[rows["date"] == date, "value"].item()


def test_the_files_are_the_tables():
    shipped = {
        f.name[:-4] for f in files("netmodel").joinpath("data").iterdir() if f.name.endswith(".csv")
    }
    assert shipped == set(facts.TABLES) == set(KEYS)


@pytest.mark.parametrize("name", facts.TABLES)
def test_ids_are_unique(name):
    rows = facts.table(name)
    assert len(rows) and not rows.duplicated(KEYS[name]).any()


@pytest.mark.parametrize("name", BY_ROW)
def test_every_row_has_status_source_and_unit(name):
    rows = facts.table(name)
    assert set(rows["status"]) <= STATUS and set(rows["confidence"]) <= CONFIDENCE
    assert (rows["source_id"] != "").all() and cited(rows["source_id"]) <= known_sources()
    assert (rows["unit"].str.strip() != "").all()


@pytest.mark.parametrize("name", BY_ROW)
def test_status_and_source_agree(name):
    rows = facts.table(name)
    recollected = rows["source_id"].str.split(";").map(lambda s: "UNV" in s)
    assert not (recollected & (rows["status"] != "unverified")).any()
    assert (rows.loc[rows["status"] == "unverified", "source_id"].str.contains("UNV")).all()


def test_sources_say_where_and_whether():
    sources = facts.table("sources")
    assert (sources[["kind", "title", "locator", "status"]] != "").all(axis=None)
    assert set(sources["status"]) == STATUS


def test_other_references_resolve():
    targets, baseline = facts.table("targets"), facts.table("baseline_2020")
    assert cited(targets["actual_source_id"]) <= known_sources()
    assert cited(baseline["check_source_id"]) <= known_sources()
    has_actual = targets["actual"].notna()
    assert targets.loc[has_actual, "actual_status"].isin(STATUS).all()
    assert (targets.loc[~has_actual, ["actual_status", "actual_date"]] == "").all(axis=None)
    assert set(targets["verdict"]) <= VERDICT
    assert set(facts.table("provinces")["bs5g_confidence"]) == CONFIDENCE


@pytest.mark.parametrize("name", facts.TABLES)
def test_dates_are_dates(name):
    rows = facts.table(name)
    for column in rows.columns.intersection(["date", "actual_date", "doc_date"]):
        for cell in filter(None, rows[column]):
            for part in cell.split("/"):
                assert ISO_DATE.fullmatch(part), (column, cell)
                pd.Timestamp(part)
    if name in ("baseline_2020", "history", "regions", "provinces_5g"):
        assert rows["date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()


def test_history_years_are_those_of_their_dates():
    rows = facts.table("history")
    year = rows["date"].str[:4].astype(int)
    # CNNIC's survey of 2019 was taken in March 2020.
    late = rows["series"].isin(["internet_users", "internet_penetration"]) & (rows["year"] == 2019)
    assert (year == rows["year"] + late).all()
    marked = rows[rows["annual"]]
    assert not marked.duplicated(["series", "year"]).any()


@pytest.mark.parametrize("name", facts.TABLES)
def test_tables_are_typed_and_hold_no_prose(name):
    rows = facts.table(name)
    assert not {"quote", "line", "flag"} & set(rows.columns)
    for column in rows.columns.intersection(["value", "low", "high", "baseline", "target"]):
        assert rows[column].dtype == np.float64
    for column in rows.columns.intersection(["code", "gbt2260_code"]):
        assert rows[column].str.fullmatch(r"\d{6}").all()
    text = rows.select_dtypes(exclude=[np.number, bool]).astype(str)
    longest = text.map(len).max(axis=None)
    assert longest <= 200


def test_no_file_names_a_machine_or_registry():
    for name in facts.TABLES:
        text = files("netmodel").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
        assert not re.search(r"/(work|tmp|home|Users)/|pypi|npmjs|crates\.io|proxy", text), name


def test_values_are_missing_only_where_qualitative():
    rows = facts.table("baseline_2020")
    assert set(rows.loc[rows["value"].isna(), "unit"]) == {"qualitative"}
    for name in ("history", "parameters", "regions", "provinces_5g"):
        assert facts.table(name)["value"].notna().all()
    ranged = facts.table("parameters").dropna(subset=["low", "high"])
    assert (ranged["low"] <= ranged["value"]).all() and (ranged["value"] <= ranged["high"]).all()


@pytest.mark.parametrize("name", ["provinces", "provinces_panel"])
def test_wide_tables_explain_every_column(name):
    assert list(facts.table(f"{name}_columns")["column"]) == list(facts.table(name).columns)


def test_provinces_add_up():
    table = facts.provinces()
    assert table.index.name == "code" and len(table) == 31
    # 2020 census, 31 provinces (CENSUSPROV); NBS division codes 2020 (DIV2020).
    assert table["census_pop_2020"].sum() == 1_409_778_724
    assert table["admin_villages_2020"].sum() == 533_718
    # MIIT's 165.568 bn GB to its last printed digit.
    assert round(table["mobile_traffic_2020_GB"].sum() / 1e9, 3) == 165.568


NATIONAL = {
    "mobile_traffic_GB": ("mobile_traffic", 1e9),
    "mobile_internet_users": ("mobile_internet_users", 1e6),
    "fixed_broadband_subs": ("fixed_broadband_subs", 1e6),
    "urban_broadband_subs": ("urban_broadband_subs", 1e6),
    "rural_broadband_subs": ("rural_broadband_subs", 1e6),
    "broadband_ports": ("broadband_ports", 1e6),
    "optical_cable_km": ("optical_cable", 1e6),
    "population": ("population_31prov", 1e6),
    "urban_population": ("urban_population_31prov", 1e6),
    "rural_population": ("rural_population_31prov", 1e6),
}


@pytest.mark.parametrize("column", NATIONAL)
def test_panel_sums_are_the_history(column):
    name, unit = NATIONAL[column]
    panel = facts.table("provinces_panel")
    years = 0
    for year, rows in panel.groupby("year"):
        if rows[column].notna().all():
            printed = at(name, f"{year}-12-31")
            decimals = len(f"{printed:.15g}".partition(".")[2])
            assert rows[column].sum() / unit == pytest.approx(printed, abs=0.51 * 10**-decimals)
            years += 1
    assert years >= 2


def test_panel_and_provinces_agree_in_2020():
    panel = facts.table("provinces_panel").query("year == 2020").set_index("code")
    table = facts.provinces()
    for wide, long in {
        "mobile_traffic_2020_GB": "mobile_traffic_GB",
        "mobile_internet_users_2020": "mobile_internet_users",
        "fixed_broadband_subs_2020": "fixed_broadband_subs",
        "optical_cable_km_2020": "optical_cable_km",
        "urban_pop_2020": "urban_population",
        "rural_pop_2020": "rural_population",
        "gdp_2020_1e8CNY": "gdp_1e8CNY",
        "dou_2020_GB_month": "dou_GB_month_simple",
    }.items():
        assert (table[wide] == panel[long].loc[table.index]).all(), wide


def test_derived_columns_follow_their_arithmetic():
    p = facts.provinces()
    dou = p["mobile_traffic_2020_GB"] / p["mobile_internet_users_2020"] / 12
    urban = p["urban_pop_2020"] / (p["urban_pop_2020"] + p["rural_pop_2020"]) * 100
    lines = p["fixed_broadband_subs_2020"] / p["family_households_2020"] * 100
    per_10k = p["bs5g_2020_scaled_to_718k"] / p["census_pop_2020"] * 1e4
    scaled = p["bs5g_2020_unverified"] * 718_000 / p["bs5g_2020_unverified"].sum()
    np.testing.assert_allclose(p["dou_2020_GB_month"], dou, atol=0.00051)
    np.testing.assert_allclose(p["urban_share_2020_pct"], urban, atol=0.0051)
    np.testing.assert_allclose(p["fixed_lines_per_100hh_2020"], lines, atol=0.051)
    np.testing.assert_allclose(p["bs5g_per10k_2020_scaled"], per_10k, atol=0.0051)
    np.testing.assert_allclose(p["bs5g_2020_scaled_to_718k"], scaled, atol=0.51)


def test_regions_add_up_to_the_nation():
    regions = facts.table("regions")
    for name, monthly in (("bs_5g", "bs_5g_month"), ("5g_users", "5g_users_month")):
        nation = facts.series(monthly).set_index("date")["value"]
        total = regions[regions["series"] == name].groupby("date")["value"].sum() / 1e6
        total = total[total.index.isin(nation.index)]
        decimals = 3 if name == "bs_5g" else 0
        assert len(total) >= 4
        np.testing.assert_allclose(total, nation[total.index], atol=1.01 * 10**-decimals)
    weights = facts.provinces().groupby("miit_region")["bs5g_2022apr_calibrated"].sum()
    for region, stations in weights.items():  # rounding of each province
        assert stations == pytest.approx(at("bs_5g", "2022-04-30", region), abs=7)


def test_reference_case():
    # design.md, "The user and the question"; report 2020, lines 19, 71 and 103; MIIT bulletin 2020.
    assert facts.fact("F06").value == 718_000 and facts.fact("F06").unit == "stations"
    assert facts.fact("F09").value == 165.6 and facts.fact("F09").unit == "bn GB per year"
    assert facts.fact("F10").value == 462e6 and facts.fact("F42").value == 54_592
    assert facts.fact("F36").value == 530_000
    iot = facts.fact("cellular_iot@2020-12-31")
    assert (iot.value, iot.unit, iot.status) == (1136.0, "million", "published")


@pytest.mark.parametrize(
    ("fact_id", "name", "per_unit"),
    [
        ("F06", "bs_5g", 1e6),
        ("F07", "5g_terminal_connections", 1e6),
        ("F09", "mobile_traffic_first_print", 1.0),
        ("F10", "ipv6_active_users", 1e6),
        ("F14", "internet_users", 1e6),
        ("F16", "internet_penetration", 1.0),
        ("F40", "gigabit_homes_passed", 1e6),
        ("F42", "ipv6_blocks_apnic", 1.0),
        ("F57", "rural_internet_users", 1e6),
    ],
)
def test_baseline_and_history_agree(fact_id, name, per_unit):
    assert facts.fact(fact_id).value == pytest.approx(at(name, "2020-12-31") * per_unit)


def test_history_identities():
    # Network terminals: mobile subscriptions, cellular IoT and fixed broadband (MIIT's definition).
    for year in range(2020, 2026):
        day = f"{year}-12-31"
        parts = at("mobile_subs", day) + at("cellular_iot", day) + at("fixed_broadband_subs", day)
        assert at("network_terminal_connections", day) == pytest.approx(parts / 1e3, abs=0.0015)
    for year in (2021, 2022, 2023, 2024):
        ratio = at("bs_5g", f"{year}-12-31") / at("population", f"{year}-12-31") * 1e4
        assert at("bs_5g_per_10k", f"{year}-12-31") == pytest.approx(ratio, abs=0.051)
    investment = at("5g_capex", "2021-12-31") / (at("bs_5g", "2021-12-31") - 0.718)
    # 654,000 new stations were printed; the stocks differ by 707,000 (decommissioned or recounted).
    assert investment < at("5g_capex_per_new_bs", "2021-12-31")
    assert facts.parameter("P079").value == at("5g_capex_per_new_bs", "2020-12-31")


def test_derived_rows_follow_their_notes():
    checked = 0
    for name in ("history", "targets"):
        rows = facts.table(name).rename(columns={"actual_note": "sum"})
        rows["sum"] = rows["sum"] if name == "targets" else rows["note"]
        value = rows["actual"] if name == "targets" else rows["value"]
        scale = (1.0, 1e-3, 1e3, 100.0, 10.0, 0.1, 0.01, 1e-6, 1e4)
        for note, v in zip(rows["sum"], value, strict=True):
            if re.match(r"[\d.]+[-+/][\d.]+([-+][\d.]+)*($|[ ,;=])", note):
                got = pd.eval(re.match(r"[\d.+\-/]+", note).group(), engine="python")
                assert min(abs(got * s / v - 1) for s in scale) < 0.006, note
                checked += 1
    assert checked > 30


def test_definitions_break_where_the_readme_of_facts_says():
    def definitions(name):
        rows = facts.series(name)
        return dict(zip(rows["date"].str[:4].astype(int), rows["definition"], strict=True))

    fixed = definitions("fixed_broadband_subs")
    assert fixed[2014] != fixed[2015] == fixed[2020]
    homes = definitions("household_broadband_penetration")
    assert homes[2020] != homes[2025]
    subs = definitions("mobile_subs")
    assert subs[2023] != subs[2024]


def test_targets_columns_and_actuals():
    table = facts.targets()
    assert list(table.columns) == [
        "target_id",
        "indicator",
        "unit",
        "document",
        "baseline_year",
        "baseline",
        "target_year",
        "op",
        "target",
        "actual",
        "actual_date",
        "verdict",
        "status",
    ]
    assert set(table["op"]) == {">=", ">", "<=", "<"}
    done = table[table["verdict"].isin(["MET", "MISSED"]) & table["actual"].notna()]
    reached = done["actual"].ge(done["target"]) == done["op"].str.startswith(">")
    reached |= (done["actual"] == done["target"]) & done["op"].str.endswith("=")
    assert (reached == (done["verdict"] == "MET")).all() and len(done) > 30


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("5G base stations per 10,000", "bs_5g_per_10k"),
        ("IPv6 active users", "ipv6_active_users"),
        ("IPv6 share of mobile", "ipv6_share_mobile"),
        ("IPv6 share of fixed", "ipv6_share_fixed"),
        ("10G-PON", "pon10g_ports"),
        ("gigabit", "gigabit_users"),
        ("administrative villages reached", "village_5g_share"),
        ("Internet users", "internet_users"),
        ("households passed", "gigabit_homes_passed"),
        ("network terminal", "network_terminal_connections"),
    ],
)
def test_targets_and_history_agree(start, name):
    table = facts.table("targets")
    rows = table[table["indicator"].str.startswith(start) & (table["unit"] != "cities")]
    rows = rows[rows["verdict"] != "NOT COMPARABLE"]
    history = facts.series(name)
    for row in rows.dropna(subset=["actual"]).itertuples():
        assert row.actual == at(name, row.actual_date), row.target_id
        reached = history.loc[history["value"] >= row.target, "year"]
        # Where nothing reached the target, no year may be claimed.
        assert pd.isna(row.year_first_met) == reached.empty, row.target_id
        assert reached.empty or row.year_first_met == reached.min(), row.target_id
    assert len(rows)


def test_provinces_5g_2020():
    table = facts.provinces_5g_2020()
    assert list(table.columns) == ["code", "stations", "status", "source_id"]
    assert list(table["code"]) == list(facts.provinces().index)
    assert table["stations"].sum() == 718_000 and table["stations"].dtype == np.int64
    published = table[table["status"] == "published"]
    # Only Jiangsu has a published end-2020 count among the facts (JSPANEL).
    assert published[["code", "stations", "source_id"]].values.tolist() == [
        ["320000", 71_000, "JSPANEL"]
    ]
    rest = table[table["status"] == "unverified"].set_index("code")
    weight = facts.provinces().loc[rest.index, "bs5g_2020_unverified"]
    exact = weight * (718_000 - 71_000) / weight.sum()
    assert len(rest) == 30 and (abs(rest["stations"] - exact) < 1).all()
    assert facts.provinces().loc["320000", "bs5g_2020_unverified"] == 71_000


def test_fact_reads_well():
    fact = facts.fact(" f06 ")
    assert str(fact).startswith("718000 stations (2020-12-31, published: Digital China")
    assert str(facts.fact("F05")).startswith("> 98 percent of villages (2020-12-31")
    assert str(facts.fact("F44")).startswith("qualitative (2020-12-31, published")
    with pytest.raises(dataclasses.FrozenInstanceError):
        fact.value = 1.0


def test_every_id_is_a_fact():
    for name, key in (
        ("baseline_2020", "fact_id"),
        ("parameters", "param_id"),
        ("targets", "target_id"),
    ):
        for row in facts.table(name)[key]:
            assert facts.fact(row).id == row
    assert facts.fact("T02").value == 26 and facts.fact("T02").date == "2025-12-31"


def test_parameter_by_id_or_name():
    by_id = facts.parameter("P001")
    assert by_id == facts.parameter("Busy-hour share of daily traffic") == facts.fact("p001")
    assert by_id.value == 0.07 and "range 0.055 to 0.1" in by_id.note
    shares = [facts.parameter(f"P066{k}").value for k in "abcd"]
    assert sum(shares) == pytest.approx(1.0)


def test_search():
    found = facts.search("ADMINISTRATIVE villages")
    assert list(found.columns) == [
        "table",
        "id",
        "name",
        "value",
        "unit",
        "date",
        "geography",
        "status",
        "source",
    ]
    assert "F36" in set(found["id"]) and found["name"].str.contains("dministrative").any()
    assert (found["source"] != "").all() and set(found["status"]) <= STATUS
    assert facts.search("zzqx").empty
    tables = set(facts.search("江苏")["table"])
    assert tables == {"provinces", "provinces_5g", "provinces_panel"}
    assert len(facts.search("5G基站")) >= len(facts.series("bs_5g"))
    assert set(facts.search("traffic")["table"]) >= {
        "baseline_2020",
        "targets",
        "parameters",
        "history",
        "regions",
        "provinces",
    }
    by_id = facts.search("110000.family_households")
    assert by_id["status"].item() == "published"  # Beijing alone (CENSUSBJ)
    assert facts.search("120000.family_households")["status"].item() == "unverified"


def test_series_of_a_region():
    east = facts.series("bs_5g", "East")
    assert east["date"].is_monotonic_increasing and set(east["unit"]) == {"stations"}
    assert set(facts.series("bs_5g")["geography"]) == {facts.MAINLAND}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: facts.table("histroy"), ["histroy", "history", "provinces_5g"]),
        (lambda: facts.fact("F99"), ["F99", "netmodel facts"]),
        (lambda: facts.fact("P053"), ["P053", "p053a"]),
        (lambda: facts.parameter("busy hour share"), ["busy-hour share of daily traffic"]),
        (lambda: facts.parameter("F06"), ["parameter 'F06'"]),
        (lambda: facts.series("mobile_trafic"), ["mobile_traffic"]),
        (lambda: facts.series("bs_5g", "east"), ["East", "Northeast"]),
        (lambda: facts.search("  "), ["nothing to look for"]),
    ],
)
def test_unknown_names_say_what_is_near(call, words):
    with pytest.raises(InputError) as error:
        call()
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize(
    "read",
    [
        lambda: facts.table("history"),
        facts.provinces,
        facts.targets,
        lambda: facts.series("bs_5g"),
        lambda: facts.search("traffic"),
        facts.provinces_5g_2020,
    ],
)
def test_callers_cannot_change_the_tables(read):
    before = read().copy()
    spoiled = read()
    spoiled.iloc[:, :] = spoiled.iloc[::-1].to_numpy()
    spoiled["new"] = 1
    pd.testing.assert_frame_equal(read(), before)


def test_import_compiles_nothing():
    # As a bare package, since netmodel itself imports the stages.
    code = "import sys, types; sys.modules['netmodel'] = m = types.ModuleType('netmodel'); "
    code += f"m.__path__ = [{files('netmodel').__fspath__()!r}]; import netmodel.facts; "
    code += "print(sorted({'numba', 'xarray', 'matplotlib', 'rasterio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
