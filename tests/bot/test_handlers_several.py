"""Several questions, and several people: what they type, carried out by a real core."""

from __future__ import annotations

from pathlib import Path

from bot.messenger import Card
from runner.model import ApprovalState, Role, handle
from tests.bot.desk import Desk, desk, error, kind
from tests.fakes import MAKE, Turn, asks

SLOTS = {"slots": 4}
TWO = {"quorum": 2}


async def asks_by_prompt(turn: Turn) -> str:
    """Ask for the command that the prompt is."""
    answer = await turn.step("Bash", {"command": turn.text})
    assert answer is not None
    ran = answer.input["command"] if answer.input else turn.text
    return f"ran {ran}" if answer.approve else f"left it: {answer.note}"


async def wonders(turn: Turn) -> str:
    """Ask what to do, or for a command."""
    if turn.text != "Wonder":
        return await asks(turn)
    answer = await turn.step("AskUserQuestion", {"questions": [{"question": "Which?", "header": "", "options": []}]})
    return str(answer.choices if answer else "")


async def state_of(ada: Desk, asked_id: str) -> ApprovalState:
    return (await ada.stage.core.approvals.find(asked_id)).state


def body(card: Card) -> str:
    return "\n".join([*(section.body for section in card.sections), *(field.value for field in card.fields)])


async def test_several_handles_answer_several_and_what_cannot_be_answered_so_is_named(tmp_path: Path) -> None:
    """CMD-17: a question with choices and one that somebody has answered keep nothing from the others."""
    async with desk(tmp_path, wonders, worker=SLOTS) as ada:
        first, second, late = [await ada.asked() for _ in range(3)]
        choice = await ada.asked("Wonder")
        await ada.says(f"deny {late.id}")
        named = " ".join(handle(each.id) for each in (first, late, choice, second, first))
        card = await ada.says(f"approve {named}")
        assert (kind(card), card.data and len(card.data["approvals"])) == ("several", 2)
        assert card.data is not None
        assert [problem["id"] for problem in card.data["problems"]] == [late.id, choice.id]
        assert "denied by ada" in card.data["problems"][0]["message"]
        assert "answer" in card.data["problems"][1]["hint"]
        assert await state_of(ada, first.id) is await state_of(ada, second.id) is ApprovalState.APPROVED
        assert await state_of(ada, choice.id) is ApprovalState.OPEN


async def test_a_handle_that_is_none_stops_all_of_them(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        question = await ada.asked()
        assert error(await ada.says(f"approve {handle(question.id)} zzzzz9")) == "NotFound"
        assert await state_of(ada, question.id) is ApprovalState.OPEN


async def test_what_did_not_fit_on_its_card_is_left_out_and_named(tmp_path: Path) -> None:
    """CMD-17, APPR-7: nobody answers by the dozen what was not shown whole; alone it is answered."""
    async with desk(tmp_path, asks_by_prompt, worker=SLOTS) as ada:
        short = await ada.asked("make all")
        long, same = [await ada.asked("make all " + "x" * 3_000) for _ in range(2)]
        for words, cut in ((f"approve {short.id} {long.id}", [long]), (f"deny {long.id} --alike", [long, same])):
            card = await ada.says(words)
            assert card.data is not None
            assert [problem["id"] for problem in card.data["problems"]] == [each.id for each in cut], words
            assert f"view {handle(long.id)}" in card.data["problems"][0]["hint"]
        assert kind(await ada.says(f"approve {long.id}")) == "decided"


async def test_alike_answers_the_open_steps_of_one_kind_and_no_other(tmp_path: Path) -> None:
    async with desk(tmp_path, asks_by_prompt, worker=SLOTS) as ada:
        same = [await ada.asked(f"make {target}") for target in ("all", "all", "all")]
        other = await ada.asked("rm -r build")
        card = await ada.says(f"approve {same[0].id} --alike")
        assert card.data is not None
        assert {approval["id"] for approval in card.data["approvals"]} == {each.id for each in same}
        assert await state_of(ada, other.id) is ApprovalState.OPEN


async def test_a_denial_of_all_alike_tells_each_agent_why(tmp_path: Path) -> None:
    async with desk(tmp_path, asks, worker=SLOTS) as ada:
        questions = [await ada.asked() for _ in range(2)]
        assert kind(await ada.says(f"deny {questions[0].id} --alike not on a Friday")) == "several"
        for question in questions:
            run = await ada.stage.core.runs.find(question.execution_id)
            assert "not on a Friday" in (await ada.stage.end(run)).summary


async def test_one_without_any_alike_is_answered_as_itself(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        await ada.asked()
        assert kind(await ada.says("approve --alike")) == "decided"


async def test_who_may_not_answer_changes_nothing_also_not_what_is_alike(tmp_path: Path) -> None:
    """APPR-8: an operator, and a person for whom the named question is over, touch no other one."""
    async with desk(tmp_path, asks, worker=SLOTS) as ada:
        questions = [await ada.asked() for _ in range(3)]
        bob = await ada.joined("bob", Role.OPERATOR)
        for words in ("approve {} --alike", "deny {} --alike", "approve {}", "approve {} --run 1"):
            card = await bob.says(words.format(questions[0].id))
            assert (error(card), "approver" in card.title + body(card)) == ("NotAllowed", True), words
        both = await bob.says(f"approve {questions[0].id} {questions[1].id}")
        assert (both.data and both.data["approvals"], both.data and len(both.data["problems"])) == ([], 2)
        await ada.says(f"deny {questions[0].id}")
        assert error(await ada.says(f"approve {questions[0].id} --alike")) == "AlreadyAnswered"
        for question in questions[1:]:
            assert await state_of(ada, question.id) is ApprovalState.OPEN


async def test_the_offers_of_a_card_are_taken_by_their_numbers(tmp_path: Path) -> None:
    """APPR-5: 1 is the narrowest, none at all the widest."""
    async with desk(tmp_path, asks_by_prompt, worker=SLOTS) as ada:
        question = await ada.asked("cargo build --release")
        narrow, *_, wide = question.offers
        assert narrow != wide
        for words, pattern in (("--run 1", narrow), ("--run", wide)):
            card = await ada.says(f"approve {question.id} {words}")
            assert card.data is not None
            assert card.data["approval"]["answer"]["rule"]["pattern"] == pattern
            question = await ada.asked("cargo build --release")


async def test_an_approval_of_several_shows_the_open_card_with_its_votes(tmp_path: Path) -> None:
    """CMD-19: the step runs after the second one."""
    async with desk(tmp_path, asks, approvals=TWO) as ada:
        question = await ada.asked()
        bob = await ada.joined("bob", Role.APPROVER)
        card = await ada.says("approve")
        assert (kind(card), "1 of 2" in body(card), "ada" in body(card)) == ("approval", True, True)
        assert card.buttons, "the question is still open"
        assert error(await ada.says("approve")) == "AlreadyAnswered", "a person counts once"
        assert kind(await bob.says("approve")) == "decided"
        run = await ada.stage.core.runs.find(question.execution_id)
        assert (await ada.stage.end(run)).summary == f"ran {MAKE['command']}"


async def test_the_input_that_somebody_proposed_is_seconded_by_their_name(tmp_path: Path) -> None:
    """APPR-3: votes for different inputs do not add up; the seconded one is what runs."""
    async with desk(tmp_path, asks, approvals=TWO) as ada:
        question = await ada.asked()
        bob, cyd = await ada.joined("bob", Role.APPROVER), await ada.joined("cyd", Role.APPROVER)
        assert error(await ada.says("approve --second bob")) == "NotFound", "he has not voted yet"
        await bob.says("approve --edit make -n all")
        assert kind(await cyd.says("approve")) == "approval", "one for each of two inputs"
        nobody = await ada.says("approve --second dan")
        assert (error(nobody), "bob, cyd" in body(nobody)) == ("NotFound", True)
        assert kind(await ada.says("approve --second BOB")) == "decided"
        run = await ada.stage.core.runs.find(question.execution_id)
        assert (await ada.stage.end(run)).summary == "ran make -n all"


async def test_a_button_seconds_what_it_showed_and_nothing_that_came_later(tmp_path: Path) -> None:
    """APPR-3: whoever changes their proposal between the card and the tap has proposed something else."""
    async with desk(tmp_path, asks, approvals=TWO) as ada:
        question = await ada.asked()
        bob = await ada.joined("bob", Role.APPROVER)
        shown = await bob.says("approve --edit make -n all")
        stale = next(button.action for button in shown.buttons if button.label == "As bob")
        shown = await bob.says("approve --edit make -n clean")
        assert error(await ada.says(stale)) == "NotFound"
        fresh = next(button.action for button in shown.buttons if button.label == "As bob")
        assert kind(await ada.says(fresh)) == "decided"
        run = await ada.stage.core.runs.find(question.execution_id)
        assert (await ada.stage.end(run)).summary == "ran make -n clean"


async def test_the_inbox_has_what_is_mine_or_all_with_the_reason(tmp_path: Path) -> None:
    async with desk(tmp_path, asks) as ada:
        question = await ada.asked()
        bob = await ada.joined("bob", Role.OPERATOR)
        mine, his = await ada.says("inbox"), await bob.says("inbox")
        assert mine.data is not None
        assert his.data is not None
        assert ([a["id"] for a in mine.data["approvals"]], his.data["approvals"]) == ([question.id], [])
        assert "`inbox --all`" in his.footer
        every = await bob.says("inbox --all")
        assert every.data is not None
        assert [a["id"] for a in every.data["approvals"]] == [question.id]
        assert "role approver" in body(every)
        assert (await ada.presses(mine, f"View {handle(question.id)}")).key == f"ask:{question.id}"
