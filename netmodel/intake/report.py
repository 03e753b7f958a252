"""The quality report of an import: what came in, what was kept, what was dropped and why."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass
class Report:
    """What became of a file.

    Parameters
    ----------
    facts : dict
        Name and value, in the order in which they are shown; names end with their unit.
    dropped : list of dict
        `reason`, `rows` (how many) and `first_row` of the file, by reason.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    dropped: list[dict[str, Any]] = field(default_factory=list)

    def note(self, name: str, value: Any) -> None:
        """Add a line."""
        self.facts[name] = value

    def drop(self, reason: str, rows: ArrayLike) -> None:
        """Add rows that were dropped, by their numbers in the file; none adds nothing."""
        numbers = np.asarray(rows)
        if numbers.size:
            first = int(numbers.min())
            self.dropped.append({"reason": reason, "rows": numbers.size, "first_row": first})

    def lines(self) -> list[tuple[str, str]]:
        """What a terminal shows: names and values as text."""
        out = [(name, shown(value)) for name, value in self.facts.items()]
        for one in self.dropped:
            text = f"{one['rows']:,}, the first row {one['first_row']:,}"
            out.append((f"dropped: {one['reason']}", text))
        return out

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.facts, "dropped": self.dropped}


def shown(value: Any) -> str:
    """A value as text: whole numbers with separators, others with six figures."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,.6g}"
    return str(value)
