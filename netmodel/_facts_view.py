"""What `netmodel facts` shows for a word."""

from collections.abc import Hashable, Mapping

import pandas as pd
from rich.cells import cell_len

from netmodel import facts
from netmodel.errors import InputError

_WIDTH = 74  # of a fact's lines, which are indented
_MOST = 20  # facts of a search that are printed; --json prints all


def facts_frame(word: str | None) -> pd.DataFrame:
    """The tables, the rows of a table, or what a search finds.

    Raises
    ------
    InputError
        Nothing found.
    """
    if word is None:
        sizes = [(name, len(facts.table(name))) for name in facts.TABLES]
        return pd.DataFrame(sizes, columns=["table", "rows"])
    if word in facts.TABLES:
        return facts.table(word)
    found = facts.search(word)
    if found.empty:
        raise InputError(
            f"facts: nothing found for {word!r}; `netmodel facts` lists the tables, "
            "and a part of a word is enough"
        )
    # A number that a table has for every province would bury the rest.
    national = ~found["table"].isin(["provinces_panel", "provinces"])
    return pd.concat([found[national], found[~national]], ignore_index=True)


def facts_text(word: str | None) -> str:
    """The same for a terminal of 80 columns."""
    frame = facts_frame(word)
    if word is None:
        tables = "\n".join(f"{r.rows:5} rows  {r.table}" for r in frame.itertuples())
        return f"{tables}\n\n`netmodel facts TABLE` shows one, `netmodel facts WORDS` searches all."
    if word in facts.TABLES:
        shown = frame.iloc[:, :6].astype(str).apply(lambda column: column.str.slice(0, 24))
        rest = f"\n{len(frame.columns)} columns in all: --json prints them."
        return str(shown.to_string(index=False, na_rep="-")) + rest
    blocks = [_block(row) for row in frame.head(_MOST).to_dict("records")]
    more = len(frame) - _MOST
    rest = f"\n\n{more} more: --json prints all, more words find fewer." if more > 0 else ""
    return "\n".join(blocks) + rest


def _block(fact: Mapping[Hashable, object]) -> str:
    """A fact for a terminal: value, then name and source in lines of their own."""
    value = fact["value"]
    number = f"{value:,.10g}" if isinstance(value, float) and value == value else str(value)
    head = f"{fact['id']}  {number} {fact['unit']}  {fact['date']}  {fact['status']}"
    name = f"{fact['name']}, {fact['geography']}"
    lines = [line for text in (name, str(fact["source"])) for line in _wrapped(text)]
    return "\n".join([head, *(f"     {line}" for line in lines)])


def _wrapped(text: str) -> list[str]:
    """Lines of a terminal's width; an address stays whole, so that it can be copied."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        # Chinese characters take two columns.
        if cell_len(longer) <= _WIDTH or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
