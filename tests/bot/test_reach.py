"""Where questions reach people besides the place where a run was begun: on a real core, with two chat products."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.messenger import Card
from runner.model import Actor, Origin, Role
from tests.bot.desk import Board, Desk, desk, watching
from tests.fakes import asks

SLACK = Origin(messenger="slack", channel="C1", thread="1.0")
PHONE = Origin(messenger="telegram", channel="7")


@dataclass
class Product(Board):
    """A chat product that keeps the whole contract: each place has the newest card of each key."""

    there: dict[tuple[Origin, str], Card] = field(default_factory=dict)

    async def show(self, origin: Origin, card: Card) -> None:
        self.there[origin, card.key] = card
        await super().show(origin, card)

    async def rewrite(self, card: Card) -> None:
        for origin, key in self.there:
            if key == card.key:
                self.there[origin, key] = card
        self._news.set()

    def places(self, key: str) -> set[Origin]:
        """Return where a card stands."""
        return {origin for origin, other in self.there if other == key}

    async def all_of(self, key: str, condition: Callable[[Card], object]) -> None:
        """Wait until a card stands somewhere and is as wanted wherever it does."""
        async with asyncio.timeout(30):
            while not self.places(key) or not all(
                condition(card) for (_, other), card in self.there.items() if other == key
            ):
                self._news.clear()
                await self._news.wait()


async def linked(ada: Desk, identity: str = "7", messenger: str = "telegram", *, prefers: bool = True) -> None:
    """Give somebody an account and let them prefer it."""
    people, actor = ada.stage.core.people, Actor(person=ada.person, origin=ada.origin)
    await people.redeem(messenger, identity, await people.invite(actor, messenger))
    if prefers:
        await people.prefer(actor, messenger)


async def begun(ada: Desk) -> str:
    """Begin a run that asks, and return the key of its question's card."""
    return f"ask:{(await ada.asked()).id}"


async def seen(ada: Desk, *boards: Board) -> None:
    """Wait until these have shown all that has happened."""
    feed = ada.stage.core.store.feed
    async with asyncio.timeout(10):
        async for _ in ada.stage.core.changes.follow(every=0.05):
            newest = await feed.newest()
            if all([await feed.cursor(f"watch:{board.name}") == newest for board in boards]):
                return


def has(key: str) -> Callable[[dict[str, Card]], bool]:
    return lambda cards: key in cards


def titled(word: str) -> Callable[[Card], bool]:
    return lambda card: word in card.title


async def test_a_question_of_ones_run_comes_to_the_phone_and_an_answer_changes_both(tmp_path: Path) -> None:
    """PERSON-6: begun in Slack, answered in Telegram; each product shows it at its own place once."""
    slack, phone = Product(name="slack"), Product(name="telegram")
    async with desk(tmp_path, asks) as ada, watching(ada.stage, slack, phone):
        await linked(ada)
        ada.origin = SLACK
        key = await begun(ada)
        await slack.until(has(key))
        await phone.until(has(key))
        assert (slack.places(key), phone.places(key)) == ({SLACK}, {PHONE})
        assert {card.key for _, card in phone.shown} == {key}, "only its question follows them"
        await replace(ada, origin=PHONE).presses(phone.cards[key], "Approve")
        for product in (slack, phone):
            await product.all_of(key, lambda card: card.title.startswith("✓ Approved") and not card.buttons)


async def test_an_answer_where_the_run_was_begun_changes_the_phone(tmp_path: Path) -> None:
    """PERSON-6: the other way round, from a terminal."""
    terminal, phone = Product(), Product(name="telegram")
    async with desk(tmp_path, asks) as ada, watching(ada.stage, terminal, phone):
        await linked(ada)
        key = await begun(ada)
        for product in (terminal, phone):
            await product.until(has(key))
        assert terminal.places(key) == {ada.origin}
        await ada.says("deny not today")
        for product in (terminal, phone):
            await product.all_of(key, titled("Denied"))


async def test_a_reminder_comes_to_the_phone(tmp_path: Path) -> None:
    """PERSON-6: made to be noticed there too."""
    phone = Product(name="telegram")
    async with desk(tmp_path, asks, approvals={"remind_minutes": (0.001,)}) as ada, watching(ada.stage, phone):
        await linked(ada)
        key = await begun(ada)
        await phone.until(lambda now: key in now and now[key].nudge)
        assert phone.places(key) == {PHONE}
        await ada.says("deny")


async def test_a_run_that_was_begun_in_the_preferred_product_asks_there_once(tmp_path: Path) -> None:
    """PERSON-6: in its thread, its channel or with the person directly."""
    phone = Product(name="telegram")
    async with desk(tmp_path, asks, worker={"slots": 4}) as ada, watching(ada.stage, phone):
        await linked(ada)
        for place in (PHONE, replace(PHONE, thread="9"), Origin(messenger="telegram", channel="-100")):
            ada.origin = place
            key = await begun(ada)
            await phone.until(has(key))
            await ada.says("deny")
            await phone.all_of(key, titled("Denied"))
            await seen(ada, phone)
            assert phone.places(key) == {place}


async def test_who_may_not_answer_or_does_not_prefer_it_is_left_alone(tmp_path: Path) -> None:
    """PERSON-6: a role that does not reach, and no preference."""
    slack, phone = Product(name="slack"), Product(name="telegram")
    async with desk(tmp_path, asks, worker={"slots": 9}) as ada, watching(ada.stage, slack, phone):
        eve = await ada.joined("eve", Role.OPERATOR)
        await linked(eve)
        await linked(ada, "8", prefers=False)
        for who in (ada, eve):
            key = f"ask:{(await replace(who, origin=SLACK).asked()).id}"
            await slack.until(has(key))
            await seen(ada, slack, phone)
            assert not phone.shown


async def test_a_decision_is_not_announced_where_nobody_was_asked(tmp_path: Path) -> None:
    """PERSON-6: a preference that comes after the question does not bring its answer."""
    phone = Product(name="telegram")
    async with desk(tmp_path, asks) as ada, watching(ada.stage, phone):
        await begun(ada)
        await seen(ada, phone)
        await linked(ada)
        await ada.says("deny")
        await seen(ada, phone)
        assert not phone.shown


async def test_who_is_wanted_by_name_is_found_by_linked_accounts_and_where_they_prefer(tmp_path: Path) -> None:
    """PERSON-6, TERM-12: without a preference in all products; with one there and, where nobody is disturbed, at a
    terminal.
    """
    terminal, slack, phone = Product(), Product(name="slack"), Product(name="telegram")
    users = {"bob": {"role": "approver", "slack": "UBOB", "terminal": "bob"}}
    section = {"approvers": ("bob",)}
    async with (
        desk(tmp_path, asks, approvals=section, users=users, worker={"slots": 4}) as ada,
        watching(ada.stage, terminal, slack, phone),
    ):
        bob = replace(ada, person=await ada.stage.core.people.known("slack", "UBOB", ""))
        await linked(bob, prefers=False)
        await linked(ada, "8")  # whose run it is, and who may not answer
        await ada.stage.core.people.known("terminal", "bob", "")
        home = {Origin(messenger="slack", channel="UBOB")}
        seat = {ada.origin, Origin(messenger="terminal", channel="bob")}
        key = await begun(ada)
        for product in (terminal, slack, phone):
            await product.until(has(key))
        await seen(ada, slack, phone)
        assert (terminal.places(key), slack.places(key), phone.places(key)) == (seat, home, {PHONE})
        await ada.stage.core.people.prefer(Actor(person=bob.person, origin=PHONE), "telegram")
        other = await begun(ada)
        await phone.until(has(other))
        await terminal.until(has(other))
        await seen(ada, slack, phone)
        assert (terminal.places(other), slack.places(other), phone.places(other)) == (seat, set(), {PHONE})


async def test_who_prefers_a_product_that_is_not_on_is_reached_in_the_others(tmp_path: Path) -> None:
    """PERSON-6: nobody is left alone for the sake of what nobody serves."""
    slack = Product(name="slack")
    users = {"bob": {"role": "approver", "slack": "UBOB"}}
    async with desk(tmp_path, asks, approvals={"approvers": ("bob",)}, users=users) as ada, watching(ada.stage, slack):
        bob = replace(ada, person=await ada.stage.core.people.known("slack", "UBOB", ""))
        await linked(bob)
        key = await begun(ada)
        await slack.until(has(key))
        assert slack.places(key) == {Origin(messenger="slack", channel="UBOB")}
