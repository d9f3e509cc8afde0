"""Linking by words: what somebody is told, in the product they are known in and in the one they are not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.fronts import Fronts
from bot.handlers import Handlers
from bot.messenger import Card, Incoming
from runner.model import Origin, Role
from tests.bot.desk import Desk, desk, error, kind
from tests.fakes import asks

USERS = {"cyd": {"role": "operator", "telegram": "33"}}


@dataclass
class Chat:
    """An account in a chat product, whoever it belongs to."""

    ada: Desk
    messenger: str
    identity: str

    async def says(self, text: str) -> Card:
        """Say something, as the front ends let people and strangers do."""
        people = self.ada.stage.core.people
        if self.messenger not in {name for name, one in await self._known() if one == self.identity}:
            (card,) = await self.ada.handlers.stranger(self.messenger, self.identity, text)
            return card
        person = await people.known(self.messenger, self.identity, "")
        origin = Origin(messenger=self.messenger, channel=self.identity)
        (card,) = await self.ada.handlers.handle(
            Incoming(person=person, origin=origin, text=text, identity=self.identity)
        )
        return card

    async def _known(self) -> list[tuple[str, str]]:
        people = self.ada.stage.core.people
        return [pair for person in await people.all() for pair in await people.identities(person)]


@asynccontextmanager
async def linking(folder: Path, *on: str) -> AsyncIterator[tuple[Desk, Fronts]]:
    """Sit down at handlers that know these chat products."""
    fronts = Fronts()
    for messenger in on:
        fronts.register(messenger)
    async with desk(folder, asks, users=USERS) as ada:
        ada.handlers = Handlers(ada.stage.core, fronts)
        yield ada, fronts


def code(card: Card) -> str:
    """Take the code off an invitation."""
    assert card.data is not None
    return str(card.data["say"]).split()[-1]


async def test_a_code_that_is_asked_for_here_is_used_there(tmp_path: Path) -> None:
    """PERSON-1, PERSON-5: the cards that have to do with it are for one person."""
    async with linking(tmp_path, "slack", "telegram") as (ada, _):
        invited = await ada.says("link telegram")
        phone = Chat(ada, "telegram", "7")
        assert "does not know you" in (await phone.says("do something")).title
        linked = await phone.says(f"link {code(invited)}")
        assert (kind(invited), kind(linked)) == ("link", "linked")
        assert (invited.private, linked.private) == (True, True)
        assert linked.title == "You are ada in Telegram now, as admin"
        assert kind(await phone.says("people")) == "people"
        listed = await ada.says("people")
        assert listed.data is not None
        assert listed.data["products"][ada.person.id] == ["telegram", "terminal"]


async def test_the_address_of_the_bot_is_given_as_soon_as_it_is_known(tmp_path: Path) -> None:
    async with linking(tmp_path, "telegram") as (ada, fronts):
        before = await ada.says("link telegram")
        assert before.data is not None
        assert before.data["url"] is None
        assert f"/start {code(before)}" in [section.body for section in before.sections]
        fronts.register("telegram", "@signoff_bot")
        fronts.register("telegram")
        after = await ada.says("link telegram")
        assert after.data is not None
        assert after.data["url"] == f"https://t.me/signoff_bot?start={code(after)}"
        assert after.data["url"] in [section.body for section in after.sections]
        assert fronts.link_to("slack", "x") is None


async def test_without_a_name_the_product_that_fits_is_meant(tmp_path: Path) -> None:
    async with linking(tmp_path) as (ada, fronts):
        assert error(await ada.says("link")) == "BadInput"
        assert error(await ada.says("link slack")) == "BadInput", "a code that nobody can use is not given"
        fronts.register("slack")
        assert (await ada.says("link")).title == "Link Slack"
        fronts.register("telegram")
        both = await ada.says("link")
        assert error(both) == "BadInput"
        assert "`link slack` or `link telegram`" in str(both)
        await Chat(ada, "slack", "U7").says(f"link {code(await ada.says('link slack'))}")
        assert (await ada.says("link")).title == "Link Telegram"
        await Chat(ada, "telegram", "7").says(f"link {code(await ada.says('link'))}")
        assert "You are linked wherever" in str(await ada.says("link"))


async def test_who_is_somebody_already_becomes_somebody_else_by_a_code(tmp_path: Path) -> None:
    """PERSON-3: but not whom the configuration knows."""
    async with linking(tmp_path, "telegram") as (ada, _):
        eve = await ada.joined("eve", Role.VIEWER)
        phone = Chat(ada, "telegram", "7")
        await phone.says(f"link {code(await eve.says('link telegram'))}")
        linked = await phone.says(f"link {code(await ada.says('link telegram'))}")
        assert "You are ada" in linked.title
        await ada.stage.core.people.known("telegram", "33", "")
        fresh = code(await ada.says("link telegram"))
        taken = await Chat(ada, "telegram", "33").says(f"link {fresh}")
        assert error(taken) == "NotAllowed"
        assert "cyd" in str(taken)


async def test_wrong_codes_are_answered_in_one_way_and_a_terminal_is_no_account(tmp_path: Path) -> None:
    """PERSON-2: a stranger who guesses learns nothing, also not that they are a stranger."""
    async with linking(tmp_path, "telegram") as (ada, _):
        phone = Chat(ada, "telegram", "7")
        wrong = [await phone.says("link " + digit * 32) for digit in "012345"]
        assert {error(card) for card in wrong} == {"NotAllowed"}
        assert len({str(card) for card in wrong[:5]}) == 1
        assert "Wait ten minutes" in str(wrong[5])
        assert error(await ada.says("link " + "0" * 32)) == "BadInput"


async def test_unlinking_and_preferring_by_words(tmp_path: Path) -> None:
    """PERSON-4: what cannot be is said with what to do."""
    async with linking(tmp_path, "telegram") as (ada, _):
        assert error(await ada.says("prefer telegram")) == "NotFound"
        assert error(await ada.says("unlink telegram")) == "NotFound"
        await Chat(ada, "telegram", "7").says(f"link {code(await ada.says('link'))}")
        assert "in Telegram too" in (await ada.says("prefer telegram")).title
        assert "telegram (preferred)" in str(await ada.says("people"))
        assert "where their run was begun" in (await ada.says("prefer here")).title
        gone = await ada.says("unlink telegram")
        assert gone.data is not None
        assert (gone.title, gone.data["returns"]) == ("Telegram is not linked to you any more", False)
        assert "does not know you" in (await Chat(ada, "telegram", "7").says("people")).title


async def test_the_own_page_offers_what_is_not_linked_yet(tmp_path: Path) -> None:
    async with linking(tmp_path, "slack", "telegram") as (ada, _):
        settings = (await ada.handlers.home(ada.person))[-1]
        assert [(b.label, b.action) for b in settings.buttons if b.action.startswith("link")] == [
            ("Add Slack", "link slack"),
            ("Add Telegram", "link telegram"),
        ]
        await Chat(ada, "telegram", "7").says(f"link {code(await ada.says('link telegram'))}")
        await ada.says("prefer telegram")
        person = await ada.stage.core.people.known("terminal", "ada", "")
        settings = (await ada.handlers.home(person))[-1]
        assert "Add Telegram" not in [button.label for button in settings.buttons]
        facts = {field.label: field.value for field in settings.fields}
        assert (facts["Known in"], facts["Questions reach me"]) == ("telegram, terminal", "in Telegram too")
