"""Ids, and what makes a class a value."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

import uuid_utils

Json = Mapping[str, Any]
_T = TypeVar("_T")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base32: no i, l, o, u to misread on a phone
ID_LENGTH = 26  # 128 bits, five at a time
HANDLE_LENGTH = 6  # 30 random bits; see docs/decisions/003


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make a class a frozen value with named fields."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


def new_id(*, later: float = 0.0) -> str:
    """Make an id: a UUIDv7 in base32, so that ids sort by the moment they were made, also within a millisecond.

    With `later`, it sorts as if it were made in so many seconds.
    """
    number = uuid_utils.uuid7().int + (round(later * 1_000) << 80)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def uuid_of(whole_id: str) -> str:
    """Write an id as the UUID it encodes, for protocols that want UUIDs."""
    number = 0
    for letter in whole_id:
        number = number << 5 | _ALPHABET.index(letter)
    return str(uuid.UUID(int=number))


def handle(whole_id: str, length: int = HANDLE_LENGTH) -> str:
    """Shorten an id to what people see and type: its last characters, which are random."""
    return whole_id[-length:]


def digest(tool: str, tool_input: Json) -> str:
    """Name a tool call by its exact content: equal digests mean equal tool and equal input."""
    canonical = json.dumps([tool, tool_input], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
