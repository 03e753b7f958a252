"""The commented scenario that `netmodel init` writes, made from the schema."""

import json
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from netmodel.scenario import Scenario

_HEAD = """\
# A netmodel scenario. Lines that begin with #key = are defaults; take the # away to change one.
# Check it with `netmodel check FILE`, run it with `netmodel run FILE -o out/`.
# [A] marks an engineering assumption. Paths are relative to this file.
#
# A region of your own, with its raster and totals, leaves `extends` out and gives at least:
#   [population] path, [sites] total or path, [demand] total_gb
"""
_ACTIVE = {"extends": "china-2020", "name": "my-scenario"}
_EXAMPLES = {"path": "FILE", "crs": "EPSG:32735", "nodata": -99999, "total": 718000}
_EXAMPLES |= {"series": "FILE", "targets": "FILE"}
_EXAMPLES |= {"total_gb": 165.568e9, "area": "Jiangsu", "code": "CODE", "name": "NAME"}
_EXAMPLES |= {"weights": "FILE"}
_EXAMPLES |= {"bounds": [0, 0, 100000, 100000], "mimo_gain": 4.0}


def scenario_template() -> str:
    """A commented scenario file with every key, its default and what it means."""
    tables = {k: f for k, f in Scenario.model_fields.items() if _model(f.annotation)}
    lines = [_HEAD]
    lines += _lines(Scenario, skip=set(tables))
    for name, field in tables.items():
        model = _model(field.annotation)
        assert model is not None
        lines += ["", f"[{name}]  # {(model.__doc__ or '').splitlines()[0]}"]
        lines += _lines(model, skip=set())
    return "\n".join(lines) + "\n"


def _model(annotation: object) -> type[BaseModel] | None:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None  # type: ignore[return-value]


def _lines(model: type[BaseModel], skip: set[str]) -> list[str]:
    """A line a key of a table."""
    out = []
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        active = model is Scenario and name in _ACTIVE
        default = field.default if field.default is not PydanticUndefined else None
        value = _ACTIVE[name] if active else (default if default is not None else _EXAMPLES[name])
        out.append(f"{'' if active else '#'}{name} = {_toml(value)}  # {field.description}")
    return out


def _toml(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{k} = {_toml(v)}" for k, v in value.items())
        return "{ " + inner + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
