import json

import numpy as np
import pytest

import netmodel as nm
from netmodel._radio_tables import LOADS, cell_tables, max_losses_db, mixed
from netmodel.errors import InputError
from netmodel.presets import BANDS
from tests.conftest import JIT_OFF

pytestmark = pytest.mark.skipif(JIT_OFF, reason="a minute without compilation")


@pytest.mark.parametrize("band", BANDS)
def test_tables_keep_the_laws_that_the_fixed_point_needs(band):
    t = cell_tables(band, 1000.0)
    assert (np.diff(t.se, axis=-1) <= 1e-12).all()  # efficiency falls with load
    assert (np.diff(t.sinr_db, axis=2) < 0).all() and (np.diff(t.sinr_db, axis=3) > 0).all()
    for k in range(1, LOADS.size):  # SE(a rho) > SE(rho) / a, a standard function
        for j in range(1, k):
            assert (t.se[..., j] * LOADS[j] < t.se[..., k] * LOADS[k]).all()
    assert (np.diff(t.se_5th, axis=-1) <= 0).all() and (t.outage < 0.01).all()
    assert (t.coverage >= 0).all() and (t.coverage <= 1).all()
    assert (np.diff(t.ring, axis=1) <= 0).all()
    outdoor, low, high = np.moveaxis(t.coverage, -1, 0)
    assert (outdoor >= low).all() and (low >= high).all()


def test_limits_of_the_links():
    """The 137.9, 166.1 and 155.4 dB of oracles B03, B16 and B15, within powers of whole dB."""
    np.testing.assert_allclose(max_losses_db(BANDS["n78"]), [137.85, 166.08, 155.44], atol=0.02)


def test_the_mixture_has_no_outage_as_the_published_geometry_has_none(shared):
    """3GPP UMa at 6 GHz: 5 % of users at -1.0 dB; with mean-gain interferers half would fail."""
    path = shared / "validation" / "sysl" / "3gpp_calibration_cdfs.json"
    published = json.loads(path.read_text())["gf38900a[1,*,2]"]
    ours = cell_tables("n78", 1000.0).sinr_db[1, 1, -1]  # ISD 500 m, full load, 5/50/95 %
    at = [published[0], published[9], published[18]]
    assert ours[0] == pytest.approx(at[0], abs=2.5)
    assert (np.abs(ours - at) < [2.5, 5.0, 8.5]).all()  # terminals here stand at 1.5 m outdoors


def test_mixing_terminals():
    t = cell_tables("n78", 1000.0)
    none, all_in = mixed(t.coverage, (0.0,) * 5), mixed(t.coverage, (1.0,) * 5)
    np.testing.assert_allclose(none, t.coverage[..., 0])
    np.testing.assert_allclose(all_in[0], 0.5 * t.coverage[0, ..., 1] + 0.5 * t.coverage[0, ..., 2])


def test_the_public_tables():
    ds = nm.radio_tables("n41")
    assert ds.spectral_efficiency.dims == ("settlement", "isd", "load")
    assert all(v.attrs["units"] for v in ds.data_vars.values())
    assert list(ds.link.values) == ["rsrp", "downlink", "uplink"]
    rural = ds.spectral_efficiency.sel(settlement="rural", load=1.0)
    assert 0.5 < float(rural.sel(isd=1732)) < 1.5


def test_an_unknown_band_is_refused():
    with pytest.raises(InputError, match="n99.*known: n41, n78, n28"):
        nm.radio_tables("n99")
