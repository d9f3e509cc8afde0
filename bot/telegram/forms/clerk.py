"""Looks after what people have begun in Telegram: forms, and texts that buttons ask for.

All of it is in the store, so that it goes on after a restart and on another device. What is done is done by whoever
ends the draft: a press that comes twice does nothing twice. A draft says from which arrival its last step came, or its
end: that arrival is known when a death came before it was noted. Messages are sent by somebody else.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from bot import commands, spoken, views
from bot.forms import checks
from bot.forms.question import ANSWER
from bot.forms.reading import Wanted, wanted
from bot.forms.run import RUN
from bot.forms.task import EDIT, NAME, NEW, PROMPT
from bot.messenger import Card, Look, Section, Tone
from bot.telegram.forms import asking, flow
from bot.telegram.forms.outcomes import By, Carry, Closed, Done, Outcome, Shown, Told, Unsure
from bot.telegram.forms.progress import (
    LIST,
    SUMMARY,
    Action,
    Progress,
    Sheet,
    Verb,
    inputs,
    kept,
    parse_action,
    restored,
)
from bot.telegram.forms.screens import key, screen, shown_values
from bot.telegram.forms.sheets import sheet
from bot.views.parts import sections
from runner.core import Core
from runner.errors import SignoffError, StorageError
from runner.model import Actor, Draft, Origin, Person, new_id
from runner.ports import Clock, DraftStore

FORM = "form"  # kind of draft
ENDED = "ended"  # kind of what is left of a draft
SHOWN = "shown"  # how many cards of a draft were left behind
LEFT = "left"  # the title of the one that was left behind last, if that was by the last step
BY = "by"  # the arrival that the last step came from
TITLE, WHY, GIVEN = "title", "why", "given"  # what the card of an ended draft says; no title: it was carried out
OVER = "This form is over."
_LIFE = timedelta(hours=24)  # since it was changed last
_FRESH = timedelta(hours=1)  # in which a text that answers no message is taken for it
_BACK = 1_500  # characters of what somebody gave, for giving it back

log = logging.getLogger(__name__)


class TelegramClerk:
    """The forms of tasks, runs and questions, asked step by step."""

    def __init__(self, core: Core, drafts: DraftStore, clock: Clock) -> None:
        self._core = core
        self._drafts = drafts
        self._clock = clock
        self._one_by_one = asyncio.Lock()

    async def offered(
        self, person: Person, origin: Origin, by: By, line: str, *, asks: str = "", prefill: str = ""
    ) -> Draft | None:
        """Begin what a command or a button wants; None for a command that is complete as it stands.

        `prefill` without `asks` is the prompt of a new task. Raises NotAllowed, NotFound, Ambiguous, WrongState.
        """
        want = wanted(line, asks, prefill)
        if want is None and not asks:
            return None
        newest = await self._drafts.newest(origin.messenger, origin.channel, by.identity, FORM, asking.TEXT)
        if newest is not None and _came(newest, by):
            return newest
        progress = await self._begun(person, origin, want, prefill, asked=bool(asks)) if want else None
        if progress is not None:
            return await self._new(person, origin, by, FORM, kept(progress))
        if not asks:
            return None
        return await self._new(person, origin, by, asking.TEXT, asking.content(person.name, line, asks, prefill))

    async def screen(self, draft: Draft) -> Card:
        """Show what a draft asks now; what has become of it, if it has nothing to ask any more."""
        if draft.kind == asking.TEXT:
            return asking.prompt(draft, direct=_direct(draft))
        progress = restored(draft.content)
        try:
            if progress is None:
                return _over(draft, OVER)
            made = screen(await self._sheet(progress), progress, draft.id, direct=_direct(draft))
            return replace(made, key=key_of(draft))
        except SignoffError as error:
            _pass_on(error)
            return _over(draft, str(error))

    async def waits(self, draft: Draft) -> bool:
        """Whether a draft waits for a text. One about what is gone does: it says so, and gives the text back."""
        if draft.kind == asking.TEXT:
            return True
        progress = restored(draft.content)
        try:
            return progress is not None and flow.needs_text(await self._sheet(progress), progress)
        except SignoffError as error:
            _pass_on(error)
            return progress is not None and progress.at not in {SUMMARY, LIST}

    async def pressed(self, action: str, by: By) -> Outcome | None:
        """Take a press; None for what is not a button of a form."""
        read = parse_action(action)
        if read is None:
            return None
        draft = await self._drafts.get(read.draft_id)
        return Told(text=OVER) if draft is None else await self.act(draft, read, by)

    async def done(self, draft: Draft, by: By) -> None:
        """Forget what was carried out."""
        await self._drafts.end(self._left_of(draft, by))

    async def answered(self, draft_id: str, text: str, by: By) -> Outcome | None:
        """Take a text that answers the message of a draft; None if there is none any more."""
        draft = await self._drafts.get(draft_id)
        if draft is None or (draft.kind == ENDED and not _came(draft, by)):
            return None
        return await self.act(draft, text, by)

    async def typed(self, origin: Origin, by: By, text: str) -> Outcome | Unsure | None:
        """Take a text if it is for what waits for one in a private chat; None where it is for something else."""
        if origin.channel != by.identity or text.lstrip().startswith("/"):
            return None
        if (ended := await self._ended_by(origin.messenger, origin.channel, by)) is not None:
            return ended
        draft = await self._drafts.newest(origin.messenger, origin.channel, by.identity, FORM, asking.TEXT)
        if draft is None or not (_came(draft, by) or await self.waits(draft)):
            return None
        stood = self._clock.now() - draft.changed_at
        if _FRESH <= stood < _LIFE and not _came(draft, by):
            return None if spoken.is_right(text) else Unsure(draft=draft)
        return None if stood >= _LIFE else await self.act(draft, text, by)

    async def act(self, draft: Draft, event: Action | str, by: By) -> Outcome:
        """Take a press or a text for a draft."""
        if by.identity != draft.identity:
            return Told(text=f"This form is {draft.content.get('owner', 'somebody else')}'s.")
        async with self._one_by_one:
            newest = await self._drafts.get(draft.id)
            if newest is not None and _came(newest, by):
                return _end(newest) if newest.kind == ENDED else Shown(draft=newest, left=_left(newest))
            if newest is None or newest.kind == ENDED:
                return Told(text=OVER)
            if self._clock.now() - newest.changed_at >= _LIFE:
                return await self._ended(newest, by, "It waited for more than 24 hours. Begin again.")
            if newest.kind == asking.TEXT:
                return await self._text(newest, event, by)
            return await self._form(newest, event, by)

    async def _text(self, draft: Draft, event: Action | str, by: By) -> Outcome:
        if isinstance(event, Action):
            return await self._cancelled(draft, by) if event.verb is Verb.CANCEL else Shown(draft=draft)
        if not event.strip():
            return Shown(draft=draft)
        asks = str(draft.content.get("asks", ""))
        said = Section(title="You said", body=views.say.cut(event, _BACK))
        card = Card(title=f"✓ {asks}", key=key_of(draft), sections=(said,))
        return Carry(line=asking.line(draft, event), card=card, draft=draft, back=event)

    async def _form(self, draft: Draft, event: Action | str, by: By) -> Outcome:
        progress = restored(draft.content)
        if progress is None:
            return await self._ended(draft, by, "This form is not one of Signoff any more: say it in words.")
        if isinstance(event, Action) and event.verb is Verb.CANCEL:
            return await self._cancelled(draft, by)
        try:
            asked = await self._sheet(progress)
        except SignoffError as error:
            _pass_on(error)
            return await self._ended(draft, by, str(error), event if isinstance(event, str) else "")
        after = await self._looked_over(asked, progress, flow.take(asked, progress, event))
        if isinstance(after, flow.Abandoned):
            return await self._cancelled(draft, by)
        if isinstance(after, flow.Finished):
            return await self._carried(draft, asked, after)
        if after == progress:
            return Shown(draft=draft)
        typed = isinstance(event, str)
        behind = await self._behind(draft) if typed else ""
        step = {SHOWN: _shown(draft) + typed, LEFT: behind, BY: by.arrival}
        content = {**kept(after), "owner": draft.content.get("owner", ""), **step}
        saved = replace(draft, content=content, changed_at=self._clock.now())
        await self._drafts.save(saved)
        return Shown(draft=saved, left=_left(saved))

    async def abandoned(self, messenger: str, channel: str, by: By, *, alone: bool = False) -> Outcome | None:
        """Cancel what somebody has begun last in a chat and not left alone since; None if there is nothing.

        With `alone`, there is nothing else that they could mean: then also what stood still for longer.
        """
        if (ended := await self._ended_by(messenger, channel, by)) is not None:
            return ended
        draft = await self._drafts.newest(messenger, channel, by.identity, FORM, asking.TEXT)
        if draft is None or self._clock.now() - draft.changed_at >= (_LIFE if alone else _FRESH):
            return None
        return await self.act(draft, Action(draft_id=draft.id, verb=Verb.CANCEL), by)

    async def _ended_by(self, messenger: str, channel: str, by: By) -> Outcome | None:
        """Return how what somebody was at has ended, if it was by what came."""
        left = await self._drafts.newest(messenger, channel, by.identity, ENDED)
        return _end(left) if left is not None and _came(left, by) else None

    def _left_of(self, draft: Draft, by: By, title: str = "", why: str = "", given: str = "") -> Draft:
        said = {TITLE: title, WHY: why, GIVEN: views.say.cut(given, _BACK)}
        content = {"owner": draft.content.get("owner", ""), SHOWN: _shown(draft), BY: by.arrival, **said}
        return replace(draft, kind=ENDED, content=content, changed_at=self._clock.now())

    async def _behind(self, draft: Draft) -> str:
        """Return the title of what stays of a card when the next one stands below the text that answered it."""
        card = await self.screen(draft)
        asked = next((each.title for each in card.sections[::-1] if each.title and each.look is not Look.CODE), "")
        return " · ".join(each for each in (card.title, asked) if each)

    async def _looked_over(
        self, asked: Sheet, before: Progress, after: Progress | flow.Finished | flow.Abandoned
    ) -> Progress | flow.Finished | flow.Abandoned:
        """Ask for the name again if another task has it: as soon as it is given, and before the form is done."""
        if isinstance(after, flow.Abandoned):
            return after
        now = after.progress if isinstance(after, flow.Finished) else after
        if isinstance(after, Progress) and before.answers.get(NAME) == now.answers.get(NAME):
            return after
        taken = await checks.taken(self._core, asked.form, inputs(asked, now))
        return flow.stopped_at(replace(now, guided=before.guided), NAME, taken) if taken else after

    async def _carried(self, draft: Draft, asked: Sheet, done: flow.Finished) -> Outcome:
        held = shown_values(asked, done.progress, _BACK)
        body = views.say.cut("\n".join(f"{label}: {text}" for label, text in held), _BACK)
        card = Card(title=f"✓ {asked.title}", key=key_of(draft), sections=sections(Section(body=body)))
        return Carry(line=done.line, card=card, draft=draft, back=_said(done.progress))

    async def _cancelled(self, draft: Draft, by: By) -> Outcome:
        return await self._close(self._left_of(draft, by, "Cancelled. Nothing was done."))

    async def _ended(self, draft: Draft, by: By, why: str, text: str = "") -> Outcome:
        """End a draft for which nothing can be done any more, and give back what was given."""
        return await self._close(self._left_of(draft, by, OVER, why, _given(draft, text)))

    async def _close(self, left: Draft) -> Outcome:
        return _end(left) if await self._drafts.end(left) else Told(text=OVER)

    async def _begun(
        self, person: Person, origin: Origin, want: Wanted, prefill: str, *, asked: bool
    ) -> Progress | None:
        """Check that somebody may do what a form is for, and begin it; None where none is needed."""
        command, memory, answers = want.command, want.memory, {}
        match command:
            case commands.New():
                checks.may_save(person)
                form = NEW
                answers = {PROMPT: (prefill,)} if prefill.strip() and not asked else {}
            case commands.Edit(name=name):
                task = await checks.task_to_edit(self._core, person, name)
                form, memory = EDIT, f"edit {task.name}"
            case commands.Run():
                if await checks.task_to_run(self._core, person, command, asked=asked) is None:
                    return None
                form = RUN
            case commands.Answer(handle=short):
                question = await self._core.approvals.find(short)
                await checks.answerable(self._core, Actor(person=person, origin=origin), question)
                form, memory = ANSWER, f"answer {question.id}"
            case _:
                assert_never(command)
        made = await sheet(self._core, form, memory)
        return flow.begin(made, answers) if made.fields else None

    async def _sheet(self, progress: Progress) -> Sheet:
        return await sheet(self._core, progress.form, progress.memory)

    async def _new(
        self, person: Person, origin: Origin, by: By, kind: str, content: dict[str, object] | dict[str, str]
    ) -> Draft:
        now = self._clock.now()
        draft = Draft(
            id=new_id(),
            messenger=origin.messenger,
            channel=origin.channel,
            identity=by.identity,
            kind=kind,
            content={**content, "owner": person.name, BY: by.arrival},
            created_at=now,
            changed_at=now,
        )
        await self._drafts.save(draft)
        return draft


def key_of(draft: Draft) -> str:
    """Return the key of the card that shows a draft: after each text it is a new one, below that text."""
    return key(draft.id, _shown(draft))


def _shown(draft: Draft) -> int:
    shown = draft.content.get(SHOWN, 0)
    return shown if isinstance(shown, int) else 0


def _came(draft: Draft, by: By) -> bool:
    """Whether the last step of a draft, or its end, came from this very arrival."""
    return draft.identity == by.identity and draft.content.get(BY) == by.arrival


def _left(draft: Draft) -> Card | None:
    """Return what stays of the card that the last step has left behind, if it has left one."""
    title = draft.content.get(LEFT)
    return Card(title=str(title), key=key(draft.id, _shown(draft) - 1)) if title else None


def _direct(draft: Draft) -> bool:
    """Whether a chat is with us alone: Telegram gives it the number of the person."""
    return draft.channel == draft.identity


def _said(progress: Progress) -> str:
    return "\n".join(f"{name}: {text}" for name, held in progress.answers.items() if (text := "\n".join(held)))


def _given(draft: Draft, text: str = "") -> str:
    """Return what was given in a draft: nothing that somebody wrote is lost."""
    progress = restored(draft.content) if draft.kind == FORM else None
    return "\n".join(each for each in (_said(progress) if progress else "", text) if each)


def _over(draft: Draft, why: str) -> Card:
    """Say what became of a draft, with what was given in it."""
    return _closing(key_of(draft), OVER, why, views.say.cut(_given(draft), _BACK))


def _end(left: Draft) -> Closed | Done:
    """Return how a draft has ended, by what is left of it."""
    title, why, given = (str(left.content.get(name, "")) for name in (TITLE, WHY, GIVEN))
    return Closed(card=_closing(key_of(left), title, why, given)) if title else Done()


def _closing(card_key: str, title: str, why: str, given: str) -> Card:
    back = Section(title="What you wrote", body=given, look=Look.CODE)
    return Card(
        title=title, key=card_key, tone=Tone.BAD if why else Tone.NEUTRAL, sections=sections(Section(body=why), back)
    )


def _pass_on(error: SignoffError) -> None:
    """Raise what says nothing about a form, but that we cannot look."""
    if isinstance(error, StorageError):
        raise error
    log.info("telegram.form: %s", error)
