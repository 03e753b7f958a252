"""Progress of a command, step by step."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console


@contextmanager
def progress(*, show: bool, width: int = 12) -> Iterator[Any]:
    """A callback that prints each step with its time, as it runs and when it is done."""
    if not show:
        yield None
        return
    begin, console = time.perf_counter(), Console(soft_wrap=False)
    with console.status("") as status:

        def report(step: str, seconds: float) -> None:
            if math.isnan(seconds):
                status.update(f"{step} ...")
                return
            elapsed = time.perf_counter() - begin
            console.print(
                f"{step:<{width}} {seconds:6.1f} s   elapsed {elapsed:6.1f} s", highlight=False
            )

        yield report
