"""Between the frozen values of the model and plain JSON, driven by their type hints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

Hint: TypeAlias = Any  # a type as it is written in an annotation
Raw: TypeAlias = Any  # what `json.loads` returns
Decoded: TypeAlias = Any  # a value of the type that a hint names


def encode(value: object) -> Raw:
    """Turn a value of the model into what `json.dumps` accepts on every database.

    Numbers that JSON does not know (infinity, not-a-number) become their names.
    """
    match value:
        case Enum():
            raw: Raw = value.value
        case float() if not math.isfinite(value):
            raw = str(value)
        case None | str() | bool() | int() | float():
            raw = value
        case datetime():
            raw = value.isoformat()
        case Mapping():
            raw = {str(key): encode(item) for key, item in value.items()}
        case tuple() | list():
            raw = [encode(item) for item in value]
        case _ if is_dataclass(value):
            raw = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"cannot be stored: {type(value).__name__}")
    return raw


def decode(hint: Hint, raw: Raw) -> Decoded:
    """Rebuild a value of the type `hint` from JSON.

    Fields that the stored form lacks take their defaults, so that values may grow fields without a migration; stored
    fields that the type no longer has are passed over.
    """
    if get_origin(hint) is not None:
        return _decode_generic(hint, raw)
    if is_dataclass(hint):
        return _decode_fields(hint, raw)
    if hint is datetime:
        return datetime.fromisoformat(raw)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(raw)
    return raw


def _decode_generic(hint: Hint, raw: Raw) -> Decoded:
    """Rebuild an optional value, a tuple of any length, or a mapping from text."""
    origin: Hint = get_origin(hint)
    arguments = get_args(hint)
    if origin in {Union, UnionType}:
        (inner,) = (part for part in arguments if part is not NoneType)
        return None if raw is None else decode(inner, raw)
    if origin is tuple:
        return tuple(decode(arguments[0], item) for item in raw)
    return {key: decode(arguments[1], item) for key, item in raw.items()}


def _decode_fields(cls: Hint, raw: Raw) -> Decoded:
    known = _hints(cls)
    return cls(**{name: decode(known[name], item) for name, item in raw.items() if name in known})


@cache
def _hints(cls: Hint) -> dict[str, Hint]:
    return get_type_hints(cls)
