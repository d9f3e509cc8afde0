"""What every section of the configuration is made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from runner.errors import ConfigError


def _expand(raw: object) -> object:
    return str(Path(raw).expanduser()) if isinstance(raw, str) else raw


UserPath = Annotated[Path, BeforeValidator(_expand)]


class Section(BaseModel):
    """A table of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Section):
    """A reference to a secret, never the secret itself."""

    reference: str = ""

    def read(self) -> str:
        """Return the secret; an empty reference is an empty secret. Raises ConfigError if it cannot be read."""
        kind, _, rest = self.reference.partition(":")
        if not self.reference:
            return ""
        if kind == "env":
            if rest in os.environ:
                return os.environ[rest]
            raise ConfigError("secret", [f"environment variable {rest} is not set"])
        if kind == "file":
            try:
                return Path(rest).expanduser().read_text("utf-8").strip()
            except OSError as error:
                raise ConfigError("secret", [f"cannot read {rest}: {error.strerror}"]) from error
        raise ConfigError("secret", ["a secret is written as env:NAME or file:PATH, never as plain text"])


def _as_secret(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    if raw and raw.partition(":")[0] not in {"env", "file"}:
        message = "a secret is written as env:NAME or file:PATH, never as plain text"
        raise ValueError(message)
    return {"reference": raw}


SecretRef = Annotated[Secret, BeforeValidator(_as_secret)]
