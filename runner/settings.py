"""The configuration: one TOML file, environment variables `SIGNOFF_…`, and secrets by reference.

Unknown keys are errors and named together with the nearest known one; all problems are reported at once.
A secret is written as `env:NAME` or `file:PATH` and read when it is needed; nothing here prints it.
This is the one module (with `runner.agents.environment`) that reads the environment.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from rapidfuzz import process
from tzlocal import get_localzone_name

from runner.errors import ConfigError
from runner.model import Access, Dirty, OnExpiry, Role

CONFIG_NAMES = ("config.toml", "~/.config/signoff/config.toml")


def _expand(raw: object) -> object:
    return str(Path(raw).expanduser()) if isinstance(raw, str) else raw


UserPath = Annotated[Path, BeforeValidator(_expand)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Section):
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


class Storage(_Section):
    """Where everything is remembered."""

    directory: UserPath = Field(default_factory=lambda: Path("~/.local/share/signoff").expanduser())
    url: str = ""  # empty: SQLite in `directory`; otherwise postgresql+psycopg://…


class Worker(_Section):
    """How many executions run at once, and how the daemon goes down."""

    slots: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, le=256)
    drain_seconds: float = Field(default=20.0, ge=0)  # how long running executions may finish when the daemon stops
    keep_seconds: float = Field(default=120.0, ge=0)  # how long an agent's process is kept for a follow-up
    keep_most: int = Field(default=4, ge=0)  # about 140 MB each (PSS of the claude CLI, measured)


class Claude(_Section):
    """The Claude Code CLI."""

    cli: UserPath | None = None  # None: the one bundled with claude-agent-sdk
    base_url: str = ""
    api_key: SecretRef = Secret()
    # "own": a home of our own, with `api_key`; "user": the login of the user's own claude; "auto": own if it has a key
    login: Literal["auto", "own", "user"] = "auto"
    model: str = ""
    max_retries: int = Field(default=4, ge=0, le=20)  # of the model's service; the CLI's own 10 take minutes to fail
    env: dict[str, str] = Field(default_factory=dict)


class Agents(_Section):
    """One section an agent."""

    default: str = "claude"
    claude: Claude = Claude()


class Slack(_Section):
    """The front end for Slack, on where it has a token and a way to hear: sockets that we open, or our HTTP server."""

    bot_token: SecretRef = Secret()
    app_token: SecretRef = Secret()  # for Socket Mode
    signing_secret: SecretRef = Secret()  # for HTTP; one of both
    channels: tuple[str, ...] = ()  # ids of channels where it may be used, beside direct messages; none: wherever it is
    connections: int = Field(default=2, ge=1, le=10)  # Slack allows ten an app
    base_url: str = "https://slack.com/api/"

    @property
    def enabled(self) -> bool:
        """Whether it is to run."""
        return bool(self.bot_token.reference and (self.app_token.reference or self.over_http))

    @property
    def over_http(self) -> bool:
        """Whether Slack comes to us, rather than we to Slack."""
        return bool(self.signing_secret.reference)


class Http(_Section):
    """The daemon's HTTP server."""

    listen: str = ""  # empty: 127.0.0.1:8750, and only where something is delivered over HTTP

    @property
    def address(self) -> str:
        """Where it listens if it runs."""
        return self.listen or "127.0.0.1:8750"


class Mcp(_Section):
    """An MCP server: a program, or a URL. Values of `env` and `headers` may be secret references."""

    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    url: str = ""
    headers: dict[str, str] = Field(default_factory=dict)


class User(_Section):
    """A person known from the start: identities by front end, and MCP servers of their own."""

    role: Role = Role.OPERATOR
    terminal: str = ""
    slack: str = ""
    telegram: str = ""
    mcp: dict[str, Mcp] = Field(default_factory=dict)


class Quiet(_Section):
    """Hours in which nobody is disturbed: reminders, escalation and expiry do not count them."""

    start: str = Field(default="", pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")  # local time; empty: no quiet hours
    end: str = Field(default="", pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")
    weekends: bool = False  # whether Saturday and Sunday are quiet as a whole


class Conditions(_Section):
    """On which conditions questions are answered. What is not given is taken from the wider section."""

    quorum: int | None = Field(default=None, ge=1, le=20)
    requester_may: bool | None = None
    approvers: tuple[str, ...] | None = None
    on_call: tuple[str, ...] | None = None
    remind_minutes: tuple[float, ...] | None = None
    escalate_minutes: float | None = Field(default=None, ge=0)  # 0: never
    expire_minutes: float | None = Field(default=None, ge=0)  # 0: never
    on_expiry: OnExpiry | None = None


class ApprovalsSection(Conditions):
    """How people are asked, in all projects."""

    hot_wait_minutes: float = Field(default=10.0, ge=0, le=1_440)  # then the agent's process ends; 0: at once
    preview: bool = False  # run asked commands first in a throw-away copy without network
    propose_after: int = Field(default=3, ge=0)  # equal decisions before a standing rule is proposed; 0: never
    rule_days: int = Field(default=30, ge=1, le=3_650)  # how long a standing rule holds unless somebody says otherwise
    quiet: Quiet = Quiet()
    risk: dict[str, Conditions] = Field(default_factory=dict)  # by label, such as network or secrets


class ProjectSection(_Section):
    """A git repository by name."""

    path: UserPath
    base: str = ""
    access: Access = Access.WRITE
    copy_files: tuple[str, ...] = Field(default=(), alias="copy")
    setup: str = ""
    test: str = ""
    dirty: Dirty = Dirty.WARN
    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    approvals: Conditions = Conditions()


class Policy(_Section):
    """Rules for all projects; the deny floor stands above them."""

    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()


class Reports(_Section):
    """What is made at the end of every run; other formats are made when asked for."""

    formats: tuple[Literal["html", "pdf", "json", "markdown"], ...] = ("html", "json", "markdown")


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
        return bool(self.http.listen) or self.slack.over_http

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


def _is_address(text: str) -> bool:
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", text)
    return found is not None and int(found[1]) <= 65_535


def _all_mcp(settings: Settings) -> list[tuple[str, Mcp]]:
    servers = [(f"mcp.{name}", server) for name, server in settings.mcp.items()]
    for user, section in settings.users.items():
        servers += [(f"users.{user}.mcp.{name}", server) for name, server in section.mcp.items()]
    return servers
