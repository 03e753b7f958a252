from pathlib import Path

from netmodel.kernels._jit import cache_enabled


def test_the_cache_is_on_in_an_installed_package_and_off_in_a_checkout(tmp_path):
    (tmp_path / "kernels").mkdir()
    assert cache_enabled(tmp_path / "kernels", None)
    (tmp_path / "pyproject.toml").touch()
    assert not cache_enabled(tmp_path / "kernels", None)
    assert cache_enabled(tmp_path / "kernels", "1")
    assert not cache_enabled(Path("/nowhere/kernels"), "0")


def test_a_symlinked_checkout_is_still_a_checkout(tmp_path):
    (tmp_path / "kernels").mkdir()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "netmodel").mkdir()
    (tmp_path / "netmodel" / "kernels").symlink_to("../kernels")
    assert not cache_enabled(tmp_path / "netmodel" / "kernels", None)
