"""What is asked in a product that is deaf comes to people through one that hears; the agent plays a part."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from runner.model import Person, Role, new_id
from runner.ports import Batch
from tests.bot.products import OPS, USERS, street, watched
from tests.fakes import Turn, asks

WHY = "Slack has not been heard since 09:00 UTC, so this question comes to you here as well."


async def asks_twice(turn: Turn) -> str:
    """Ask for two commands, one after the other."""
    await turn.step("Bash", {"command": "make first"})
    return await asks(turn)


async def test_an_open_question_goes_through_another_product_and_its_answer_changes_all_copies(tmp_path: Path) -> None:
    """HEAR-3, HEAR-5: with the reason; answered there, the card in the product that was deaf is decided as well."""
    async with street(tmp_path, asks) as town:
        question = await town.begins()
        await town.passes()
        assert not await town.telegram.titles(f"ask:{question.id}")
        town.silent.add("slack")
        await town.passes()
        assert list(await town.in_telegram(question)) == ["7"]
        (nudge,) = await town.until(lambda: _same(town.telegram.nudges))
        assert nudge == ("7", WHY)
        assert not town.slack.nudges
        await town.approves(question, "telegram", "7")
        for product, channel in ((town.telegram, "7"), (town.slack, OPS.channel)):
            while not (await product.titles(f"ask:{question.id}"))[channel].startswith("✓ Approved"):
                await asyncio.sleep(0.01)
        assert len(town.telegram.nudges) == 1


async def test_what_is_asked_meanwhile_goes_there_at_once_and_what_is_asked_later_does_not(tmp_path: Path) -> None:
    """HEAR-3: no second of the hand's clock passes between the question and its card."""
    async with street(tmp_path, asks_twice) as town:
        town.silent.add("slack")
        await town.passes()
        first = await town.begins()
        assert list(await town.in_telegram(first)) == ["7"]
        town.silent.clear()
        await town.passes()
        await town.approves(first, "slack", "UADA")
        second = await town.asked(await town.scene.core.runs.find(first.execution_id), 2)
        await town.looked()
        assert not await town.telegram.titles(f"ask:{second.id}")
        assert len(town.telegram.nudges) == 1


async def test_nobody_is_told_twice_of_a_question_nor_after_a_restart(tmp_path: Path) -> None:
    """HEAR-4: though the product was heard in between."""
    async with street(tmp_path, asks) as town:
        question = await town.begins()
        for _ in range(2):
            town.silent.add("slack")
            await town.passes()
            await town.in_telegram(question)
            town.silent.clear()
            await town.passes()
        assert len(town.telegram.nudges) == 1
        async with watched(town.scene, town.clock, ("slack", "telegram")) as again:
            again.silent.add("slack")
            await again.passes()
            await again.looked()
            assert "DEAF" in await again.status()
            assert not again.telegram.nudges


async def test_of_those_that_hear_the_preferred_product_comes_first(tmp_path: Path) -> None:
    """HEAR-3: Dan may not answer what he began; Ada may, and prefers what stands last in the configuration."""
    async with street(tmp_path, asks, products=("slack", "telegram", "matrix")) as town:
        ada, people = town.scene.actor.person, town.scene.core.store.people
        await people.link(ada.id, "matrix", "@ada", Batch())
        await people.prefer(ada.id, "matrix", Batch())
        dan = Person(id=new_id(), name="dan", role=Role.OPERATOR, created_at=town.clock.now())
        await people.enrol(dan, "slack", "UDAN")
        town.silent.add("slack")
        await town.passes()
        question = await town.begins(replace(town.scene.actor, person=dan))
        await town.until(lambda: town.others["matrix"].titles(f"ask:{question.id}"))
        await town.looked()
        assert not await town.telegram.titles(f"ask:{question.id}")


async def test_a_reminder_comes_to_the_card_that_stands_in(tmp_path: Path) -> None:
    """HEAR-7: once for each reminder, and not as long as the product in which it was asked hears."""
    async with street(tmp_path, asks, approvals={"remind_minutes": (3, 6, 15)}) as town:
        question = await town.begins()
        town.silent.add("slack")
        await town.passes()
        await town.in_telegram(question)
        for words in (WHY, "Still waiting (3 min)", "Still waiting (6 min)"):
            while not any(words in said for _, said in town.telegram.nudges):
                await town.passes(5)
        await town.passes()
        assert len(town.telegram.nudges) == 3
        town.silent.clear()
        await town.passes(600)
        assert len(town.slack.nudges) == 3
        assert len(town.telegram.nudges) == 3


@pytest.mark.proof
async def test_a_card_that_could_not_be_shown_is_tried_again(tmp_path: Path) -> None:
    """HEAR-3: an error of the other product is not the end of it."""
    async with street(tmp_path, asks) as town:
        question = await town.begins()
        town.telegram.broken = True
        town.silent.add("slack")
        await town.passes()
        await town.looked()
        assert "1 question reaches nobody" in await town.status()
        town.telegram.broken = False
        await town.passes()
        await town.in_telegram(question)


async def test_those_who_are_wanted_by_name_are_asked_and_who_may_not_answer_is_not(tmp_path: Path) -> None:
    """HEAR-3: Ada began the run and may not answer, Eve may, and it is Bob's turn; the store knows him in Telegram."""
    users = {**USERS, "eve": {"role": "approver", "slack": "UEVE"}}
    terms = {"approvers": ["bob", "eve"], "on_call": ["bob"]}
    async with street(tmp_path, asks, users=users, approvals=terms) as town:
        for name, identity in (("bob", "8"), ("eve", "9")):
            person = await town.scene.core.people.find(name)
            await town.scene.core.store.people.link(person.id, "telegram", identity, Batch())
        question = await town.begins()
        town.silent.add("slack")
        await town.passes()
        await town.in_telegram(question)
        await town.looked()
        assert list(await town.in_telegram(question)) == ["8"]


async def test_whoever_may_answer_is_asked_where_nobody_else_can_be_reached(tmp_path: Path) -> None:
    """HEAR-3: Dan began the run and may not answer it, and nobody is wanted by name."""
    users = {**USERS, "eve": {"role": "viewer", "telegram": "9"}}
    async with street(tmp_path, asks, users=users) as town:
        await town.scene.core.people.known("telegram", "9", "eve")
        dan = Person(id=new_id(), name="dan", role=Role.OPERATOR, created_at=town.clock.now())
        dan = await town.scene.core.store.people.enrol(dan, "telegram", "10")
        question = await town.begins(replace(town.scene.actor, person=dan))
        town.silent.add("slack")
        await town.passes()
        await town.in_telegram(question)
        await town.looked()
        assert list(await town.in_telegram(question)) == ["7"]


async def test_a_question_that_is_shown_where_we_hear_is_left_alone(tmp_path: Path) -> None:
    """HEAR-3: it is Bob's turn, who has it in Telegram already, without a nudge; a terminal is no product."""
    users = {**USERS, "bob": {"role": "approver", "telegram": "8"}}
    async with street(tmp_path, asks, users=users, approvals={"on_call": ["bob"]}) as town:
        town.silent.add("slack")
        await town.passes()
        question = await town.begins()
        assert list(await town.in_telegram(question)) == ["8"]
        await town.scene.question(await town.scene.do("In the terminal"))
        await town.looked()
        assert list(await town.in_telegram(question)) == ["8"]
        assert not town.telegram.nudges


@pytest.mark.parametrize(
    ("products", "users", "words"),
    [
        (("slack",), USERS, "No other chat product is connected that hears"),
        (("slack", "telegram"), {"ada": {"role": "admin", "terminal": "ada"}}, "1 question reaches nobody elsewhere"),
    ],
)
async def test_that_nobody_can_be_reached_stands_in_the_status_and_once_in_the_log(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    products: tuple[str, ...],
    users: dict[str, dict[str, str]],
    words: str,
) -> None:
    """HEAR-6: until the product hears again."""
    async with street(tmp_path, asks, products=products, users=users) as town:
        question = await town.begins()
        town.silent.add("slack")
        with caplog.at_level(logging.WARNING):
            await town.passes()
            await town.looked()
            await town.passes()
            await town.looked()
        assert f"slack: DEAF since 09:00 UTC (no answer for 80 s). {words}" in await town.status()
        assert sum(words in record.getMessage() for record in caplog.records) == 1
        assert not await town.telegram.titles(f"ask:{question.id}")
        town.silent.clear()
        await town.passes()
        assert words not in await town.status()


async def _same(content: object) -> object:
    return content
