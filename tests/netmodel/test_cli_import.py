import json

import geopandas
import pytest

from tests.netmodel.test_cli import netmodel, refused


@pytest.fixture
def cells(tmp_path):
    path = tmp_path / "cells.csv"
    lines = [f"LTE,262,1,10,{k},0,{11.4 + k / 100:.2f},48.1,900,1,1,0,0,-70" for k in range(9)]
    path.write_text("\n".join([*lines, "UMTS,262,1,10,99,0,11.5,48.1,900,1,1,0,0,-70"]) + "\n")
    return path


def test_a_report_in_80_columns(tmp_path, cells, raster):
    out = tmp_path / "new" / "sites.parquet"
    command = ("import", "sites", cells, "-o", out, "--keep", "radio=LTE", "--population", raster)
    result = netmodel(*command)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "" and all(len(line) <= 80 for line in result.stdout.splitlines()[:-2])
    said = " ".join(result.stdout.split())
    for words in (
        "format OpenCelliD",
        "sites 9",
        "people within 5 km [%]",
        "dropped: not radio = LTE 1, the first row 10",
        'in a scenario: sites = { path = "',
    ):
        assert words in said
    assert len(geopandas.read_parquet(out)) == 9
    refused(netmodel(*command), "exists; give another name with -o, or --overwrite")
    assert netmodel(*command, "--overwrite", "--quiet").stdout == ""


def test_a_report_as_json(tmp_path, cells):
    result = netmodel("import", "sites", cells, "-o", tmp_path / "s.gpkg", "--json")
    report = json.loads(result.stdout)
    assert report["rows"] == 10 and report["sites"] == 10 and report["dropped"] == []


def test_help_teaches():
    result = netmodel("import", "--help")
    assert all(w in result.stdout for w in ("sites", "population", "villages", "zones", "dem"))
    assert "netmodel import sites 262.csv.gz" in result.stdout
    assert all(w in netmodel("import", "sites", "--help").stdout for w in ("gcj02", "azimuth_deg"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--column", "lon"), "--column lon: expected NAME=VALUE, such as --column lon=LONGITUDE"),
        (("--decimal", ";"), "--decimal ;: expected . or ,"),
        (("--datum", "bd09"), "--datum bd09: known are wgs84, gcj02"),
        (("--population", "none.tif"), "none.tif: no such file"),
        (("--keep", "radio=5G"), "no row has radio = 5G; the first has 'LTE'"),
    ],
)
def test_bad_words(tmp_path, cells, arguments, says):
    out = tmp_path / "sites.parquet"
    refused(netmodel("import", "sites", cells, "-o", out, *arguments), says)
    assert [p.name for p in tmp_path.iterdir()] == ["cells.csv"]


def test_villages_and_zones(tmp_path):
    (tmp_path / "v.csv").write_text("id,name,lon,lat\n1,A,11.5,48.1\n")
    result = netmodel("import", "villages", tmp_path / "v.csv", "-o", tmp_path / "v.parquet")
    assert result.returncode == 0, result.stderr
    assert "villages" in result.stdout and "villages = { path" in result.stdout
    (tmp_path / "z.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": 7}, '
        '"geometry": {"type": "Polygon", "coordinates": '
        "[[[11.4, 48.0], [11.6, 48.0], [11.6, 48.2], [11.4, 48.0]]]}}]}"
    )
    result = netmodel("import", "zones", tmp_path / "z.geojson", "-o", tmp_path / "z.parquet")
    assert result.returncode == 0, result.stderr
    assert geopandas.read_parquet(tmp_path / "z.parquet")["code"].tolist() == ["7"]
