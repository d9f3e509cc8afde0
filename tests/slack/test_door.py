"""What is posted to us is let in only if Slack signed it, within five minutes, and once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.httpd import Answer, Post
from bot.slack.heard import Me, Submitted, Typed
from bot.slack.listening.door import Door
from bot.slack.listening.listen import Reception, application
from runner.beside import beside
from runner.errors import ConfigError, StorageError
from runner.model import Arrival
from runner.settings import Secret
from tests.core.clock import HandClock
from tests.servers.slack.delivery import COMMAND, EVENT, INTERACTION, Parcel
from tests.servers.slack.webhooks import Webhooks, sign
from tests.servers.slack.world import World

ME = Me(team="T1", user="UBOT")
FORM = "application/x-www-form-urlencoded"
TYPED = {
    "command": "/task",
    "team_id": "T1",
    "user_id": "UADA",
    "channel_id": "C1",
    "trigger_id": "1.2",
    "text": "runs",
}
SAID = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "event": {"type": "app_mention", "user": "UADA", "channel": "C1", "ts": "1.0", "text": "<@UBOT> hi"},
}


@dataclass
class Kept:
    """Arrivals in memory."""

    arrivals: dict[str, Arrival] = field(default_factory=dict)
    full: bool = False

    async def take_in(self, arrival: Arrival) -> bool:
        if self.full:
            raise StorageError("The disk is full.")
        return self.arrivals.setdefault(arrival.key, arrival) is arrival

    async def waiting(self, messenger: str, *, after: int = 0, limit: int = 100) -> Sequence[Arrival]:
        return list(self.arrivals.values())[:limit]

    async def done(self, arrival: Arrival, at: datetime) -> None:
        del self.arrivals[arrival.key]

    async def forget(self, messenger: str, before: datetime) -> None:
        self.arrivals.clear()

    async def newest_seq(self) -> int:
        return len(self.arrivals)

    async def newest(self, messenger: str, prefix: str, since: datetime) -> Mapping[str, datetime]:
        raise AssertionError


class NoForms:
    """Forms that are all in order."""

    async def check(self, sent: Submitted) -> Mapping[str, str]:
        return {}

    def changed(self, changed: Typed) -> None:
        raise AssertionError


@dataclass
class Gate:
    """A door with all that stands behind it, and Slack before it."""

    door: Door
    kept: Kept
    slack: Webhooks
    secret: str
    clock: HandClock
    app: AsyncApp

    async def deliver(
        self, kind: str, payload: dict[str, Any], *, attempt: int = 0, secret: str = "", age: int = 0
    ) -> Answer:
        body, headers = self.slack.written(Parcel(kind, payload, "", attempt), secret=secret or None, age=age)
        return await self.send(body, headers)

    async def send(self, body: bytes, headers: dict[str, str]) -> Answer:
        return await self.door.receive(Post(headers={name.lower(): text for name, text in headers.items()}, body=body))

    async def signed(self, body: bytes, kind: str = "application/json") -> Answer:
        """Deliver any bytes, with a signature that holds."""
        stamp = str(int(self.clock.now().timestamp()))
        signature = sign(self.secret, stamp, body.decode("utf-8", "replace"))
        return await self.send(
            body, {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
        )


@pytest.fixture
async def gate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Gate]:
    clock, kept = HandClock(), Kept()
    world = World(clock)
    (tmp_path / "secret").write_text(world.signing_secret, "utf-8")
    door = Door(Secret(reference=f"file:{tmp_path}/secret"), clock)
    app = application(AsyncWebClient(token="xoxb-1"), Reception(kept, clock, ME, lambda: None, NoForms()))
    async with beside(door.serve(app)):
        yield Gate(door, kept, Webhooks(world, "", clock, 3), world.signing_secret, clock, app)
    assert not [record for record in caplog.records if record.exc_info]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and "unstored" not in record.msg]


async def test_what_slack_signed_is_stored_then_acknowledged(gate: Gate) -> None:
    """SLACK-7: events, commands and interactivity at one address."""
    press = {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "UADA"},
        "view": {"id": "V1", "callback_id": "ask", "private_metadata": "C1 - deny x", "state": {"values": {}}},
    }
    deliveries: list[tuple[str, dict[str, Any]]] = [(EVENT, SAID), (COMMAND, TYPED), (INTERACTION, press)]
    for count, (kind, payload) in enumerate(deliveries, 1):
        assert (await gate.deliver(kind, payload)).status == 200
        assert len(gate.kept.arrivals) == count


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": None},
        {"X-Slack-Request-Timestamp": None},
        {"X-Slack-Signature": None, "X-Slack-Request-Timestamp": None},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=é" + "0" * 63},
        {"X-Slack-Request-Timestamp": "now"},
        {"X-Slack-Request-Timestamp": "١٢٣"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 5000},
        {"X-Slack-Request-Timestamp": "0"},
    ],
)
async def test_a_request_without_a_signature_that_holds_is_refused(gate: Gate, change: dict[str, str | None]) -> None:
    """SLACK-6: missing, malformed and made-up headers alike."""
    body, headers = gate.slack.written(Parcel(EVENT, SAID, ""))
    changed = {name: text for name, text in (headers | change).items() if text is not None}
    assert (await gate.send(body, changed)).status == 401
    assert not gate.kept.arrivals


async def test_a_forged_old_or_altered_request_is_refused(gate: Gate) -> None:
    """SLACK-6: five minutes count to both sides; nothing of such a request is stored, or read."""
    assert (await gate.deliver(EVENT, SAID, secret="guessed")).status == 401
    for age in (301, -301):
        assert (await gate.deliver(EVENT, SAID, age=age)).status == 401
    body, headers = gate.slack.written(Parcel(COMMAND, TYPED, ""))
    assert (await gate.send(body.replace(b"runs", b"stop"), headers)).status == 401
    assert (await gate.send(b"{", headers)).status == 401
    assert (await gate.send(b"\xff", headers)).status == 401
    assert (await gate.send(b"ssl_check=1&token=x", {"Content-Type": FORM})).status == 401
    assert not gate.kept.arrivals
    assert (await gate.deliver(EVENT, SAID, age=300)).status == 200
    assert len(gate.kept.arrivals) == 1


async def test_a_request_that_somebody_recorded_is_refused_and_one_that_slack_repeats_is_known(gate: Gate) -> None:
    """SLACK-6: Slack signs what it repeats anew, or says that it repeats it."""
    assert (await gate.deliver(EVENT, SAID)).status == 200
    assert (await gate.deliver(EVENT, SAID)).status == 401
    assert (await gate.deliver(EVENT, SAID, attempt=1)).status == 200
    await gate.clock.move(seconds=60)
    assert (await gate.deliver(EVENT, SAID, attempt=2)).status == 200
    assert (await gate.deliver(EVENT, SAID, age=60)).status == 401
    assert len(gate.kept.arrivals) == 1


async def test_what_could_not_be_stored_is_not_acknowledged_and_may_come_again(gate: Gate) -> None:
    """SLACK-5: as it is, or signed anew."""
    gate.kept.full = True
    assert (await gate.deliver(EVENT, SAID)).status == 503
    gate.kept.full = False
    assert (await gate.deliver(EVENT, SAID)).status == 200
    assert len(gate.kept.arrivals) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json; charset=utf-8"),
        (b"[" * 200_000, "application/json"),
        (b'{"a":' * 200_000, "application/json"),
        (b'{"n": ' + b"9" * 10_000 + b"}", "application/json"),
        (b'{"team": 5, "authorizations": [7]}', "application/json"),
        (b'{"user": true}', "application/json"),
        (b"payload=nonsense", FORM),
        (b"payload=[1]", FORM),
        (b"payload=", FORM),
        (b"&".join(b"a%d=b" % number for number in range(200)), FORM),
        (b"just words", FORM),
        (b"just words", ""),
    ],
)
async def test_garbage_is_refused_even_if_it_is_signed(gate: Gate, body: bytes, kind: str) -> None:
    """SLACK-1: in a word of the log, without a stack trace."""
    assert (await gate.signed(body, kind)).status == 400
    assert not gate.kept.arrivals


@pytest.mark.parametrize("text", ["mend the payload parser", "payload", 'x=1 "payload={}" & more', "50% ü 🙂 \x00"])
async def test_a_command_may_say_anything(gate: Gate, text: str) -> None:
    """SLACK-7: Bolt by itself reads nothing from a command that mentions a payload."""
    assert (await gate.deliver(COMMAND, TYPED | {"text": text})).status == 200
    (arrival,) = gate.kept.arrivals.values()
    assert arrival.payload["text"] == text


async def test_slack_is_told_that_the_address_is_ours_once_there_is_somebody_behind_it(
    gate: Gate, tmp_path: Path
) -> None:
    asked = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1a"}
    answer = await gate.deliver(EVENT, asked)
    assert (answer.status, answer.body) == (200, "3eZbrw1a")
    assert (await gate.deliver(EVENT, asked, secret="guessed")).status == 401
    gate.door = Door(Secret(reference=f"file:{tmp_path}/secret"), gate.clock)
    assert (await gate.deliver(EVENT, asked)).status == 503
    assert (await gate.deliver(EVENT, SAID)).status == 503


async def test_what_comes_while_we_go_down_is_still_stored(gate: Gate, tmp_path: Path) -> None:
    """SLACK-5: nobody deals with it any more before the next start."""
    gate.door = Door(Secret(reference=f"file:{tmp_path}/secret"), gate.clock)
    async with beside(gate.door.serve(gate.app)):
        await asyncio.sleep(0)
    assert (await gate.deliver(EVENT, SAID)).status == 200
    assert len(gate.kept.arrivals) == 1


def test_an_empty_secret_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", "utf-8")
    with pytest.raises(ConfigError, match="signing_secret"):
        Door(Secret(reference=f"file:{tmp_path}/empty"), HandClock())
