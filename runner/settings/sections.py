"""The sections of the core: where things are, who works, and on which conditions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from runner.model import Access, Dirty, OnExpiry
from runner.settings.base import Secret, SecretRef, Section, UserPath


class Storage(Section):
    """Where everything is remembered."""

    directory: UserPath = Field(default_factory=lambda: Path("~/.local/share/signoff").expanduser())
    url: str = ""  # empty: SQLite in `directory`; otherwise postgresql+psycopg://…


class Worker(Section):
    """How many executions run at once, and how the daemon goes down."""

    slots: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, le=256)
    drain_seconds: float = Field(default=20.0, ge=0)  # how long running executions may finish when the daemon stops
    keep_seconds: float = Field(default=120.0, ge=0)  # how long an agent's process is kept for a follow-up
    keep_most: int = Field(default=4, ge=0)  # about 140 MB each (PSS of the claude CLI, measured)


class Claude(Section):
    """The Claude Code CLI."""

    cli: UserPath | None = None  # None: the one bundled with claude-agent-sdk
    base_url: str = ""
    api_key: SecretRef = Secret()
    # "own": a home of our own, with `api_key`; "user": the login of the user's own claude; "auto": own if it has a key
    login: Literal["auto", "own", "user"] = "auto"
    model: str = ""
    max_retries: int = Field(default=4, ge=0, le=20)  # of the model's service; the CLI's own 10 take minutes to fail
    env: dict[str, str] = Field(default_factory=dict)


class Agents(Section):
    """One section an agent."""

    default: str = "claude"
    claude: Claude = Claude()


class Quiet(Section):
    """Hours in which nobody is disturbed: reminders, escalation and expiry do not count them."""

    start: str = Field(default="", pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")  # local time; empty: no quiet hours
    end: str = Field(default="", pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")
    weekends: bool = False  # whether Saturday and Sunday are quiet as a whole


class Conditions(Section):
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


class ProjectSection(Section):
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


class Policy(Section):
    """Rules for all projects; the deny floor stands above them."""

    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()


class Reports(Section):
    """What is made at the end of every run; other formats are made when asked for."""

    formats: tuple[Literal["html", "pdf", "json", "markdown"], ...] = ("html", "json", "markdown")
