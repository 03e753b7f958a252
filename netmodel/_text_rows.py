"""Rows of text files: separators, encodings and rows that do not fit found out."""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from netmodel._reading import OPENCELLID, RADIOS, SPELLINGS, Reading
from netmodel.errors import DataError, InputError

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def text_rows(
    path: str | Path, reading: Reading, *, packed: bool, most: int | None = None
) -> pd.DataFrame:
    """Rows of a CSV, plain or packed with gzip, by their numbers; all of them, or the first."""
    with _readable(path, reading):
        encoding = _encoding(path, reading.encoding, packed=packed)
        head = _first_lines(path, encoding, packed=packed)
        separator = max(",;\t|", key=head[0].count)
        names, *rows = csv.reader(head, delimiter=separator, skipinitialspace=True)
        names = [name.strip() for name in names]
        headless = len(names) == len(OPENCELLID) and names[0] in RADIOS
        names = list(OPENCELLID) if headless else _header(path, names, rows)
        texts = _text_columns(names, reading)
        table = pd.read_csv(
            path,
            sep=separator,
            header=None if headless else 0,
            names=names,
            index_col=False,
            dtype=dict.fromkeys(texts, str),
            keep_default_na=False,
            na_values={name: [""] if name in texts else _BLANKS for name in names},
            decimal=reading.decimal,
            encoding=encoding,
            compression="gzip" if packed else None,
            skipinitialspace=True,
            skip_blank_lines=False,
            low_memory=False,
            nrows=most,
        )
    first = 1 if headless else 2
    table = table.set_axis(np.arange(first, first + len(table)))
    nameless = [c for c in table.columns if str(c).startswith(_NAMELESS)]  # row numbers
    out: pd.DataFrame = table.drop(columns=nameless)
    return out


_NAMELESS = "Unnamed"
_BLANKS = ["", "NA", "N/A", "n/a", "nan", "NaN", "null", "NULL", "None", "-", "#N/A"]
# Columns of words: what looks like a number there, such as 0012, is none.
_TEXTS = (
    "network", "kind", "site_id", "band", "antenna", "datum", "village_id", "name", "code",
)  # fmt: skip


def _text_columns(names: list[str], reading: Reading) -> list[str]:
    """Those of a file's columns that are read as words."""
    own = {v.strip().casefold() for k, v in reading.columns.items() if k in _TEXTS}
    spellings = own | {s for name in _TEXTS for s in SPELLINGS[name]}
    return [name for name in names if name.casefold() in spellings]


def _header(path: str | Path, names: list[str], rows: list[list[str]]) -> list[str]:
    """Names of all columns; those that rows have beyond the header must be empty."""
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise InputError(f"{path}: two columns named {twice[0]!r}; rename one")
    most = max([len(names), *map(len, rows)])
    beyond = [k + 2 for k, row in enumerate(rows) if any(row[len(names) :])]
    if beyond:
        raise DataError(
            f"{path}: row {beyond[0]} has {len(rows[beyond[0] - 2])} fields, the header "
            f"{len(names)}; put commas of a text in quotes"
        )
    names = names + [""] * (most - len(names))
    return [name or f"{_NAMELESS} {k}" for k, name in enumerate(names)]


def _encoding(path: str | Path, stated: str, *, packed: bool) -> str:
    """The stated encoding, or UTF-16 where a file begins with its mark."""
    opened = gzip.open if packed else open
    with opened(path, "rb") as file:
        head = file.read(1024)
    if bytes(head).startswith(_UTF16):
        return "utf-16"
    if b"\0" in bytes(head) and stated == Reading.encoding:
        raise DataError(f"{path}: not a text file; give a CSV, or state its --encoding")
    return stated


def _first_lines(path: str | Path, encoding: str, *, packed: bool) -> list[str]:
    """The header of a text file and its first rows."""
    opened = gzip.open if packed else open
    with opened(path, "rt", encoding=encoding, newline="") as file:
        return [str(line) for line in islice(file, 3)]


@contextmanager
def _readable(path: str | Path, reading: Reading) -> Iterator[None]:
    """Turn what a text file can have wrong into one line."""
    try:
        codecs.lookup(reading.encoding)
    except LookupError as error:
        raise InputError(f"--encoding {reading.encoding}: not known; such as gb18030") from error
    try:
        yield
    except UnicodeError as error:
        raise DataError(
            f"{path}: not {reading.encoding.removesuffix('-sig')} ({error}); state the file's "
            "encoding, such as --encoding gb18030, utf-16 or latin-1"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip file is cut short or damaged ({error}); fetch it again"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        raise DataError(f"{path}: not a CSV table ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    """What a table has wrong, in words of a table."""
    text = " ".join(str(error).split())
    fields = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", text)
    if not fields:
        return f"{text}; save it as UTF-8 CSV"
    wanted, row, seen = fields.groups()
    return f"row {row} has {seen} fields, the header {wanted}; put commas of a text in quotes"
