"""What every test may rely on: an empty home, a clean environment, profiles for hypothesis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Engine

# Machines that run tests are busy: a deadline would measure the neighbours.
settings.register_profile("everyday", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("proof", settings.get_profile("everyday"), max_examples=3000)
# Enough to find what is known to be there; what it comes down to is then of no interest.
settings.register_profile("hunt", settings.get_profile("everyday"), max_examples=2000, phases=[Phase.generate])
settings.load_profile("everyday")

# What would let the machine's own agents, git identity or Signoff reach into a test.
PERSONAL = ("ANTHROPIC_", "CLAUDE", "CODEX_", "GEMINI_", "GIT_", "OPENAI_", "SIGNOFF_", "SLACK_", "TELEGRAM_", "XDG_")
SWITCHES = {"SIGNOFF_REQUIRE_POSTGRES"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the proofs write their tables into the documents."""
    parser.addoption("--write-tables", action="store_true", help="write what the proofs found into docs/")


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run every test as a person who has just got this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):  # noqa: TID251 - the environment itself is what is cleaned here
            if name.startswith(PERSONAL) and name not in SWITCHES:
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def one_root() -> Iterator[None]:
    """Trust one authority, whose key nobody has: to read all those of the world takes long, and no test meets them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(Path(__file__).with_name("nobody.pem")))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Compile a statement once in a process, as a daemon does, and not anew for each of a thousand SQLite files.

    SQLAlchemy keeps what it has compiled by engine and dialect; all engines get those of the first that was used.
    """
    first: list[Engine] = []

    def share(engine: Engine) -> None:
        if first and first[0].dialect.server_version_info:  # known once it has been connected
            engine.dialect = engine.pool._dialect = first[0].dialect
            engine._compiled_cache = first[0]._compiled_cache
        else:
            first[:] = [engine]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLiteDialect_aiosqlite, "engine_created", staticmethod(share))
        yield
