"""What has moved a form on, or ended it, comes again: after a death that came before it was noted."""

from __future__ import annotations

from pathlib import Path

from bot.telegram.forms.outcomes import Closed, Done, Shown, Told
from tests.core.stage import settings_in, stage
from tests.fakes import ActingAgent
from tests.telegram.forms.asked import action
from tests.telegram.forms.test_clerk import ADA, DIRECT, Desk, by, carried, idle


async def test_what_comes_again_changes_nothing_and_shows_the_form(tmp_path: Path) -> None:
    """TG-77: the arrival itself is known, by the step that came from it, or the end."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        command, name, prompt, save = by(), by(), by(), by()
        offered = desk.clerk.offered
        draft = await offered(scene.actor.person, DIRECT, command, "new")
        assert draft is not None
        assert await offered(scene.actor.person, DIRECT, command, "new") == draft
        first = await desk.clerk.typed(DIRECT, name, "fix")
        assert isinstance(first, Shown)
        assert await desk.clerk.typed(DIRECT, name, "fix") == first, (
            "it is no prompt, and the card above loses its buttons"
        )
        assert first.left is not None
        last = await desk.clerk.answered(draft.id, "Fix it", prompt)
        assert isinstance(last, Shown)
        assert await desk.clerk.typed(DIRECT, prompt, "Fix it") == last, "the summary waits for no text"
        button = action(await desk.clerk.screen(last.draft), "Save")
        assert carried(await desk.clerk.pressed(button, save)) == "new fix Fix it"
        await desk.clerk.done(last.draft, save)
        assert await desk.clerk.pressed(button, save) == Done()
        assert await desk.clerk.pressed(button, by()) == Told(text="This form is over.")


async def test_a_text_that_has_ended_something_is_for_nothing_else_when_it_comes_again(tmp_path: Path) -> None:
    """TG-77: nor for another form that waits; what was given back is given back again."""
    async with stage(tmp_path, settings_in(tmp_path), ActingAgent(idle), work=False) as scene:
        desk = Desk(scene)
        form = await desk.begin("new")
        asked = await desk.begin("say x", asks="What?")
        said, cancel = by(), by()
        assert carried(await desk.clerk.typed(DIRECT, said, "go on")) == "say x go on"
        await desk.clerk.done(asked, said)
        assert await desk.clerk.typed(DIRECT, said, "go on") == Done()
        assert await desk.clerk.answered(asked.id, "go on", said) == Done()
        await desk.clock.move(seconds=1)
        closed = await desk.clerk.abandoned("telegram", ADA, cancel)
        assert isinstance(closed, Closed)
        assert await desk.clerk.abandoned("telegram", ADA, cancel) == closed
        assert await desk.clerk.abandoned("telegram", ADA, by()) is None
        assert form.id in closed.card.key
