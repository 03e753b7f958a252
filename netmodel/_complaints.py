"""What is wrong with a scenario, from pydantic's errors to one line that names the key."""

import difflib
import json
from typing import Any

from pydantic import BaseModel, ValidationError


def one_line(error: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong, where, and the remedy, for each error of a scenario."""
    said: dict[str, list[str]] = {}
    for e in error.errors(include_url=False):
        parts = _key(e["loc"], model)
        where = f"[{parts[0]}] {'.'.join(parts[1:])}" if len(parts) > 1 else parts[0]
        said.setdefault(where, []).append(_complaint(dict(e), parts, model))
    # A key that takes a word or a number is refused once for each.
    return "; ".join(f"{k}: {' or '.join(v)}" for k, v in list(said.items())[:3])


def _key(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Table and key of an error, and the key's own key; not the branches of its type."""
    parts = [str(p) for p in loc]
    if parts[0] not in model.model_fields:
        return parts
    table = model.model_fields[parts[0]].annotation
    if not (isinstance(table, type) and issubclass(table, BaseModel)):
        return parts[:1]
    field = table.model_fields.get(parts[1]) if len(parts) > 1 else None
    named = field is not None and getattr(field.annotation, "__origin__", None) is dict
    return parts[: 3 if named else 2]


def _complaint(e: dict[str, Any], parts: list[str], model: type[BaseModel]) -> str:
    """What is wrong with a key, in words."""
    if e["type"] == "extra_forbidden":
        known = _known_keys(model, parts[:-1])
        near = difflib.get_close_matches(parts[-1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        return f"unknown key; {hint}"
    message = e["msg"].removeprefix("Value error, ")
    message = f"{message[:1].lower()}{message[1:]}"
    # Where the sum is what is wrong the message has it already.
    return message if ", got " in message else f"{message}, got {_toml_like(e['input'])}"


def _toml_like(value: Any) -> str:
    """What was given, about as it stood in the file; tables without their contents."""
    return "a table" if isinstance(value, dict) else json.dumps(value, default=str)


def _known_keys(model: type[BaseModel], table: list[str]) -> list[str]:
    """Keys of a table of a scenario; of the scenario itself for an empty list."""
    for name in table:
        field = model.model_fields.get(name)
        if field is None or not isinstance(field.annotation, type):
            return []
        model = field.annotation
    return list(model.model_fields)
