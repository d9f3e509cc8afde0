"""Rules by words: for a run, and standing ones with their replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.model import Role, Scope, handle
from tests.bot.desk import Desk, desk, error, kind
from tests.fakes import MAKE, Turn

PROPOSING = {"propose_after": 2}


async def asks(turn: Turn) -> str:
    """Take a step, and say whether a person was asked about it."""
    answer = await turn.step("Bash", MAKE)
    return f"{'ran' if answer.approve else 'left'} {MAKE['command']}" if answer else "was not asked"


async def test_a_rule_for_the_run_is_shown_and_taken_back(tmp_path: Path) -> None:
    async def twice(turn: Turn) -> str:
        await turn.step("Bash", MAKE)
        await turn.remark()
        return await asks(turn)

    async with desk(tmp_path, twice) as ada:
        await ada.says("do Build it")
        run = await ada.newest()
        await ada.stage.question(run)
        await ada.says("approve --run Bash(make *)")
        rules = await ada.says("rules")
        assert "Bash(make *)" in rules.sections[0].body
        assert rules.data is not None
        revoked = await ada.says(f"revoke {handle(rules.data['rules'][0]['id'])}")
        assert kind(revoked) == "note"
        await ada.says("go on")
        await ada.stage.question(run, number=2)
        await ada.says("approve")
        assert (await ada.stage.end(run)).summary == "ran make all"


async def decided(ada: Desk, words: str = "approve", *, task: str = "") -> str:
    """Let one run ask, answer it, and return the question's id."""
    if not task:
        question = await ada.asked()
    else:
        await ada.says(f"run {task}")
        question = await ada.stage.question(await ada.newest())
    await ada.says(f"{words} {question.id}")
    await ada.stage.end(await ada.stage.core.runs.find(question.execution_id))
    return question.id


async def test_equal_decisions_propose_a_rule_that_a_word_of_its_own_puts_in_force(tmp_path: Path) -> None:
    """CMD-18: the decided card leads to the rule with its replay, that one's button grants, revoke asks again."""
    async with desk(tmp_path, asks, approvals=PROPOSING) as ada:
        await decided(ada)
        question = await ada.asked()
        settled = await ada.says(f"approve {question.id}")
        shown = await ada.presses(settled, "See the rule")
        assert shown.data is not None
        assert (kind(shown), shown.data["decisions"], shown.data["replay"]["agreed"]) == ("proposal", 2, 2)
        assert not (await rules_of(ada, "--project calculator")), "looking grants nothing"
        granted = await ada.presses(shown, "Make rule")
        assert kind(granted) == "granted"
        (rule,) = await rules_of(ada, "--project calculator")
        assert rule["pattern"] == question.offers[-1]
        await ada.says("do Build it")
        assert (await ada.stage.end(await ada.newest())).summary == "was not asked"
        assert error(await ada.says(f"rule {question.id} --grant")) == "BadInput", "it is in force already"
        assert kind(await ada.says(f"revoke {handle(rule['id'])}")) == "note"
        assert error(await ada.says(f"revoke {handle(rule['id'])}")) == "NotFound"
        assert await ada.asked()


async def rules_of(ada: Desk, words: str) -> list[dict[str, str]]:
    card = await ada.says(f"rules {words}")
    assert card.data is not None
    assert kind(card) == "rules", card
    rules: list[dict[str, str]] = card.data["rules"]
    return rules


async def test_the_days_of_a_proposed_rule_are_those_that_are_typed(tmp_path: Path) -> None:
    async with desk(tmp_path, asks, approvals=PROPOSING) as ada:
        await decided(ada)
        last = await decided(ada)
        card = await ada.says(f"rule {handle(last)} --days 7")
        await ada.presses(card, "Make rule")
        (rule,) = await ada.stage.core.rules.standing((Scope.PROJECT, "calculator"))
        assert rule.expires_at is not None
        assert rule.created_at is not None
        assert (rule.expires_at - rule.created_at).days == 7


async def test_a_rule_of_ones_own_for_a_task_is_shown_with_its_replay_and_granted_by_its_button(tmp_path: Path) -> None:
    """CMD-18: and it stands for this task only."""
    async with desk(tmp_path, asks) as ada:
        await ada.says("new tidy Tidy")
        await decided(ada, task="tidy")
        card = await ada.says("rule Bash(make *) --task tidy")
        assert card.data is not None
        assert (kind(card), card.data["replay"]["changed"], card.data["scope_name"]) == ("proposal", 1, "task tidy")
        assert not await rules_of(ada, "--task tidy --project calculator")
        assert kind(await ada.presses(card, "Make rule")) == "granted"
        assert [rule["pattern"] for rule in await rules_of(ada, "--task tidy")] == ["Bash(make *)"]
        assert not await rules_of(ada, "--project calculator")
        await ada.says("run tidy")
        assert (await ada.stage.end(await ada.newest())).summary == "was not asked"
        assert await ada.asked()


async def test_a_rule_that_refuses_says_whom_it_contradicts(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        await decided(ada)
        card = await ada.says("rule Bash(make *) --project calculator --refuse")
        assert card.data is not None
        assert len(card.data["replay"]["against"]) == 1
        assert kind(await ada.says("rule Bash(make *) --project calculator --refuse --grant")) == "granted"
        (rule,) = await rules_of(ada, "--project calculator")
        assert rule["verdict"] == "refuse"


async def test_what_a_button_cannot_carry_is_said_in_words(tmp_path: Path) -> None:
    """CMD-10: and the words, typed, do what the button would have done."""
    async with desk(tmp_path, asks) as ada:
        card = await ada.says("rule Bash(make all --with-everything --and-a-little-more *) --project calculator")
        assert not card.buttons
        assert kind(await ada.says(card.footer.split("`")[1])) == "granted"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_who_is_no_approver_sees_rules_and_makes_none(tmp_path: Path, role: Role) -> None:
    async with desk(tmp_path, asks) as ada:
        await ada.says("rule Bash(make *) --project calculator --grant")
        (rule,) = await rules_of(ada, "--project calculator")
        bob = await ada.joined("bob", role)
        assert await rules_of(bob, "--project calculator")
        assert kind(await bob.says("rule Bash(ls *) --project calculator")) == "proposal"
        for words in ("rule Bash(ls *) --project calculator --grant", f"revoke {rule['id']}"):
            assert error(await bob.says(words)) == "NotAllowed", words
        assert [each["id"] for each in await rules_of(ada, "--project calculator")] == [rule["id"]]


async def test_where_no_rule_can_come_from_it_is_said_what_to_type(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        question = await ada.asked()
        bash = await ada.says("rule Bash --days 3")
        assert (error(bash), "`--task NAME`" in bash.sections[0].body) == ("NotFound", True)
        assert error(await ada.says("rule zzzzz9")) == "NotFound"
        assert error(await ada.says(f"rule {question.id}")) == "WrongState"
        await ada.says("approve")
        once = await ada.says(f"rule {question.id}")
        assert (error(once), "PATTERN" in once.sections[0].body + once.sections[1].body) == ("BadInput", True)
        assert error(await ada.says("rule nonsense( --task tidy")) == "NotFound", "the task"
        assert error(await ada.says('rule "Bash(" --project calculator')) == "BadInput"
        assert error(await ada.says("rules --project nowhere")) == "NotFound"
