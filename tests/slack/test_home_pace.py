"""When homes are drawn, on a clock that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.messenger import Card
from bot.slack.sending.home import KNOWN_FOR, Homes
from runner.beside import beside
from runner.model import Person, Role
from tests.core.clock import HandClock


class Answer(dict[str, str]):
    """What Slack answered, as its library hands it out."""

    def __init__(self, error: str, status: int = 200, **headers: str) -> None:
        super().__init__(error=error)
        self.status_code, self.headers = status, headers


@dataclass
class Scene:
    """Some people whose pages say how often something has happened, and a Slack that takes or refuses their homes."""

    clock: HandClock = field(default_factory=HandClock)
    happened: int = 0
    drawn: list[tuple[float, str, str]] = field(default_factory=list)  # when, whose, what
    refusals: list[Answer] = field(default_factory=list)
    broken: bool = False
    homes: Homes = field(init=False)

    def __post_init__(self) -> None:
        self.homes = Homes(self, self, self, self.clock)

    async def views_publish(self, *, user_id: str, view: dict[str, Any]) -> None:
        self.drawn.append((self.clock.monotonic(), user_id, view["blocks"][0]["text"]["text"]))
        if self.refusals:
            raise SlackApiError("no", self.refusals.pop(0))  # type: ignore[no-untyped-call]

    async def known(self, messenger: str, identity: str, name: str) -> Person:
        return Person(id=identity, name=name, role=Role.ADMIN, created_at=self.clock.now())

    async def home(self, person: Person) -> tuple[Card, ...]:
        if self.broken:
            raise KeyError("a mistake")
        return (Card(title=f"happened {self.happened}"),)

    def happen(self) -> None:
        self.happened += 1
        self.homes.changed()

    async def wait(self, seconds: float) -> None:
        """Let time pass in quarters of a second, and what is due be done in each."""
        for _ in range(max(1, round(seconds * 4))):
            for _ in range(20):
                await asyncio.sleep(0)
            await self.clock.move(seconds=0.25 if seconds else 0.0)
        for _ in range(20):
            await asyncio.sleep(0)


@asynccontextmanager
async def running(*opened: str) -> AsyncIterator[Scene]:
    """Let people open their homes."""
    scene = Scene()
    async with beside(scene.homes.run()):
        for user in opened:
            scene.homes.opened(user, blank=True)
        await scene.wait(5 + len(opened))
        scene.drawn.clear()
        yield scene


async def test_a_minute_of_many_changes_is_drawn_every_three_seconds_and_its_end_is_shown() -> None:
    """SLACK-11: a storm."""
    async with running("U1") as scene:
        for _ in range(240):
            scene.happen()
            await scene.wait(0.25)
        await scene.wait(4)
        assert 18 <= len(scene.drawn) <= 22
        moments = [at for at, _, _ in scene.drawn]
        assert all(later - earlier >= 3 for earlier, later in pairwise(moments))
        assert scene.drawn[-1][2] == "happened 240"


async def test_an_only_change_is_drawn_within_a_second_and_what_looks_the_same_is_not() -> None:
    """SLACK-11: quiet homes are quick."""
    async with running("U1") as scene:
        scene.happen()
        await scene.wait(1)
        assert [what for _, _, what in scene.drawn] == ["happened 1"]
        scene.homes.changed()
        scene.homes.opened("U1", blank=False)
        await scene.wait(10)
        assert len(scene.drawn) == 1
        scene.homes.opened("U1", blank=True)
        await scene.wait(2)
        assert len(scene.drawn) == 2, "Slack has lost it"


async def test_what_somebody_does_there_is_drawn_sooner_than_what_others_do() -> None:
    """SLACK-11: after a press the home is redrawn at once, a second after the last time at the earliest."""
    async with running("U1", "U2") as scene:
        scene.happen()
        await scene.wait(2)
        scene.drawn.clear()
        scene.happened += 1
        scene.homes.acted("U1")
        scene.homes.acted("U3")
        await scene.wait(0.5)
        assert [user for _, user, _ in scene.drawn] == ["U1"]


async def test_many_homes_stay_below_what_slack_allows_an_app() -> None:
    """SLACK-11: 100 requests a minute."""
    async with running(*(f"U{number}" for number in range(200))) as scene:
        await scene.wait(160)
        scene.drawn.clear()
        began = scene.clock.monotonic()
        for _ in range(120):
            scene.happen()
            await scene.wait(0.5)
        calls = [at for at, _, _ in scene.drawn if at < began + 60]
        assert 50 <= len(calls) <= 81


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (Answer("ratelimited", 429, **{"Retry-After": "17"}), 17),
        (Answer("hash_conflict"), 1),
        (Answer("internal_error", 500), 1),
        (Answer("", 503), 1),
    ],
    ids=["limited", "conflict", "error", "away"],
)
async def test_what_slack_does_not_take_is_drawn_again_as_it_is_then(answer: Answer, pause: float) -> None:
    """SLACK-11: not before Slack wants it, and never an old state."""
    async with running("U1") as scene:
        scene.refusals.append(answer)
        scene.happen()
        await scene.wait(0.75)
        scene.happen()
        await scene.wait(pause + 5)
        (first, _, _), (second, _, what) = scene.drawn
        assert what == "happened 2"
        assert second - first >= pause


async def test_an_outage_is_met_with_patience() -> None:
    """SLACK-11: the pauses grow to a minute; the first request that is taken ends it."""
    async with running("U1") as scene:
        scene.refusals += [Answer("", 503)] * 9
        for _ in range(60):
            scene.happen()
            await scene.wait(10)
        gaps = [later - earlier for earlier, later in pairwise([at for at, _, _ in scene.drawn[:10]])]
        assert gaps == sorted(gaps)
        assert 60 <= gaps[-1] <= 61
        assert scene.drawn[-1][2] == "happened 60"


async def test_what_slack_will_never_take_is_not_sent_again_until_somebody_looks() -> None:
    """SLACK-11: no request is made in vain again and again."""
    async with running("U1") as scene:
        scene.refusals.append(Answer("not_enabled"))
        for _ in range(10):
            scene.happen()
            await scene.wait(5)
        assert len(scene.drawn) == 1
        scene.homes.opened("U1", blank=False)
        await scene.wait(2)
        assert len(scene.drawn) == 2


async def test_a_page_that_cannot_be_composed_keeps_no_other_from_being_drawn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """SLACK-11: a mistake of ours is logged and costs one drawing."""
    async with running("U1", "U2") as scene:
        scene.broken = True
        scene.happen()
        await scene.wait(1)
        assert "cannot be drawn for U1" in caplog.text
        scene.broken = False
        scene.happen()
        await scene.wait(6)
        assert {user for _, user, _ in scene.drawn} == {"U1", "U2"}


async def test_whoever_has_not_looked_for_a_week_is_left_alone() -> None:
    """SLACK-11: homes that nobody opens cost nothing."""
    async with running("U1", "U2") as scene:
        await scene.clock.move(KNOWN_FOR)
        scene.homes.opened("U2", blank=False)
        scene.happen()
        await scene.wait(5)
        assert {user for _, user, _ in scene.drawn} == {"U2"}
