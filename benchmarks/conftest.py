"""What the benchmarks share: a machine line in the report, and cells per second."""

import numba


def pytest_benchmark_update_machine_info(config, machine_info):
    machine_info["numba_threads"] = numba.get_num_threads()
    machine_info["numba"] = numba.__version__
