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
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"cannot be stored: {type(value).__name__}")


def decode(hint: Hint, raw: Raw) -> Decoded:
    """Rebuild a value of the type `hint` from JSON.

    Fields that the stored form lacks take their defaults, so that values may grow fields without a migration; stored
    fields that the type no longer has are passed over.
    """
    origin: Hint = get_origin(hint)
    if origin in {Union, UnionType}:
        return _decode_optional(hint, raw)
    if origin is tuple:
        return tuple(decode(get_args(hint)[0], item) for item in raw)
    if origin is not None and issubclass(origin, Mapping):
        return {key: decode(get_args(hint)[1], item) for key, item in raw.items()}
    if is_dataclass(hint):
        return _decode_fields(hint, raw)
    if hint is datetime:
        return datetime.fromisoformat(raw)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(raw)
    return raw


def _decode_optional(hint: Hint, raw: Raw) -> Decoded:
    if raw is None:
        return None
    (inner,) = (part for part in get_args(hint) if part is not NoneType)
    return decode(inner, raw)


def _decode_fields(cls: Hint, raw: Raw) -> Decoded:
    known = _hints(cls)
    return cls(**{name: decode(known[name], item) for name, item in raw.items() if name in known})


@cache
def _hints(cls: Hint) -> dict[str, Hint]:
    return get_type_hints(cls)
