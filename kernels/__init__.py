"""Compiled kernels: arrays in, arrays out. Importable as `netmodel.kernels`, not promised."""

if __name__ != "netmodel.kernels":
    raise ImportError(f"import netmodel.kernels, not {__name__!r}")
