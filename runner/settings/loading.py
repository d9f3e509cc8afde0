"""The configuration as a whole: read, checked, and every problem named at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from rapidfuzz import process
from tzlocal import get_localzone_name

from runner.errors import ConfigError
from runner.settings.base import Secret
from runner.settings.fronts import Http, Mcp, Slack, Telegram, User
from runner.settings.sections import Agents, ApprovalsSection, Policy, ProjectSection, Reports, Storage, Worker

CONFIG_NAMES = ("config.toml", "~/.config/signoff/config.toml")


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="SIGNOFF_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    timezone: str = ""  # of reports and cards, such as Europe/Berlin; empty: the machine's
    storage: Storage = Field(default_factory=Storage)  # the home is looked up when it is needed
    worker: Worker = Worker()
    agents: Agents = Agents()
    policy: Policy = Policy()
    approvals: ApprovalsSection = ApprovalsSection()
    reports: Reports = Reports()
    projects: dict[str, ProjectSection] = Field(default_factory=dict)
    users: dict[str, User] = Field(default_factory=dict)
    slack: Slack = Slack()
    telegram: Telegram = Telegram()
    http: Http = Http()
    mcp: dict[str, Mcp] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file of some repository must not configure us
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - secrets are read by reference
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go before the file."""
        return env_settings, init_settings

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which people read times."""
        return ZoneInfo(self.timezone or get_localzone_name())

    @property
    def serves_http(self) -> bool:
        """Whether the HTTP server is needed, or somebody wrote down where it is to listen."""
        return bool(self.http.listen) or self.slack.over_http or self.telegram.over_http

    @property
    def database(self) -> str:
        """Where the database is: a URL, or the path of a SQLite file."""
        return self.storage.url or str(self.storage.directory / "signoff.db")

    @property
    def worktrees(self) -> Path:
        """Where worktrees are made."""
        return self.storage.directory / "worktrees"

    @property
    def files(self) -> Path:
        """Where reports and logs are written."""
        return self.storage.directory / "files"

    @property
    def previews(self) -> Path:
        """Where steps are tried; all in it is thrown away."""
        return self.storage.directory / "previews"

    @property
    def socket(self) -> Path:
        """Where the daemon listens for terminals."""
        return self.storage.directory / "signoff.sock"


def find_config(given: Path | None = None) -> Path | None:
    """Return the configuration file: the given one, $SIGNOFF_CONFIG, ./config.toml, or the one in ~/.config.

    Raises ConfigError if a file that was named does not exist.
    """
    named = given or (Path(os.environ["SIGNOFF_CONFIG"]) if os.environ.get("SIGNOFF_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(str(named), ["there is no such file; `config.example.toml` shows what it can hold"])
        return named
    for name in CONFIG_NAMES:
        path = Path(name).expanduser()
        if path.is_file():
            return path
    return None


def load(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read and check the configuration; `overrides` go before the file. Raises ConfigError with all problems."""
    source = str(path) if path else "configuration"
    content: dict[str, Any] = {}
    if path is not None:
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(source, [f"not valid TOML: {error}"]) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(source, [f"cannot be read: {error}"]) from error
    try:
        settings = Settings(**{**content, **(overrides or {})})
    except ValidationError as error:
        raise ConfigError(source, [_problem(e["loc"], e["type"], e["msg"]) for e in error.errors()]) from error
    problems = _contradictions(settings)
    if problems:
        raise ConfigError(source, problems)
    return settings


def resolve(values: Mapping[str, str]) -> dict[str, str]:
    """Replace the values that are secret references by the secrets. Raises ConfigError."""
    return {
        name: Secret(reference=raw).read() if raw.partition(":")[0] in {"env", "file"} else raw
        for name, raw in values.items()
    }


def _problem(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    where = ".".join(str(part) for part in loc)
    if kind != "extra_forbidden":
        return f"{where}: {message.removeprefix('Value error, ')}"
    known = _known_keys(loc[:-1])
    match = process.extractOne(str(loc[-1]), known, score_cutoff=55)
    return f"{where}: unknown key" + (f"; did you mean `{match[0]}`?" if match else f"; known here: {', '.join(known)}")


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed at a place, walking through sections and tables of sections."""
    model: Any = Settings
    for part in loc:
        field = model.model_fields.get(str(part)) if isinstance(model, type) and issubclass(model, BaseModel) else None
        annotation = field.annotation if field else model
        inner = [a for a in getattr(annotation, "__args__", ()) if isinstance(a, type) and issubclass(a, BaseModel)]
        model = inner[0] if inner else annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _contradictions(settings: Settings) -> list[str]:
    """Find what is well-formed but cannot work."""
    problems = []
    if settings.timezone and settings.timezone not in available_timezones():
        problems.append(f"timezone: there is no time zone `{settings.timezone}`; write one such as Europe/Berlin")
    for name, server in _all_mcp(settings):
        if bool(server.command) == bool(server.url):
            problems.append(f"{name}: give either `command` or `url`")
    slack = settings.slack
    given = [bool(secret.reference) for secret in (slack.bot_token, slack.app_token, slack.signing_secret)]
    if given not in ([False, False, False], [True, True, False], [True, False, True]):
        problems.append("slack: give `bot_token` and one of `app_token` (Socket Mode) and `signing_secret` (HTTP)")
    problems += _odd_telegram(settings.telegram)
    if not _is_address(settings.http.address):
        problems.append(f"http.listen: `{settings.http.listen}` is no address; write one such as 127.0.0.1:8750")
    if settings.agents.default != "claude":
        problems.append(f"agents.default: there is no agent `{settings.agents.default}`; known: claude")
    problems += [
        f"projects.{name}: a name has letters, digits, dots, dashes and underscores"
        for name in settings.projects
        if not all(c.isalnum() or c in "-_." for c in name)
    ]
    return problems


def _odd_telegram(telegram: Telegram) -> list[str]:
    if telegram.over_http and not telegram.webhook_secret.reference:
        return ["telegram: `webhook_url` needs `webhook_secret`: whoever finds the address could speak for anybody"]
    if not telegram.enabled and (telegram.over_http or telegram.webhook_secret.reference):
        return ["telegram: give `token`, as BotFather told it"]
    if telegram.transcribe and not any("{file}" in part for part in telegram.transcribe):
        return ["telegram.transcribe: write {file} where the program is to find the voice message"]
    return []


def _is_address(text: str) -> bool:
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", text)
    return found is not None and int(found[1]) <= 65_535


def _all_mcp(settings: Settings) -> list[tuple[str, Mcp]]:
    servers = [(f"mcp.{name}", server) for name, server in settings.mcp.items()]
    for user, section in settings.users.items():
        servers += [(f"users.{user}.mcp.{name}", server) for name, server in section.mcp.items()]
    return servers
