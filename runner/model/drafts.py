"""What somebody is about to say in several messages."""

from __future__ import annotations

from datetime import datetime

from runner.model.base import Json, value


@value
class Draft:
    """Something begun in a chat and not said yet: a form half filled, a text that was asked for.

    It belongs to who began it (`identity`, the product's word for them) in one channel. `kind` says what `content`
    holds.
    """

    id: str
    messenger: str
    channel: str
    identity: str
    kind: str
    content: Json
    created_at: datetime
    changed_at: datetime


@value
class Invitation:
    """A right to add an identity to a person, for who knows the secret: once, and for a while.

    Only the secret's SHA-256 is kept, as `digest`. `messenger` is where it may be used; `used_by` is the identity that
    has used it, empty as long as none has.
    """

    digest: str
    person_id: str
    messenger: str
    created_at: datetime
    expires_at: datetime
    used_by: str = ""
