"""Messages that are not carried out before their author has said how they are meant.

A voice message is shown as it was understood; a message that could be for a run or begin one, or for a form that stood
still for long, is asked about. All are kept until then, and a voice message is corrected by an answer in words.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bot import posted, spoken
from bot.messenger import Button, Card, Look, Section, Style, Tone
from bot.telegram.heard import CHAIN, NAME, FileRef, Place, Pressed, Said
from bot.telegram.hosting.inside import Counter, Line
from bot.telegram.hosting.service import Order, Service
from bot.views.parts import button, run_name, sections
from runner.core import Core
from runner.model import Draft, Execution, Json, Person, State, new_id
from runner.ports import ExecutionQuery

KIND = "said"  # of the draft
KEY = "said:"  # what the key of its card begins with
PRESS = ".s "  # what its buttons begin with: then the draft's id and a verb
_AGENT, _NEW, _NOTHING, _SEND, _FORM = "agent", "new", "nothing", "send", "form"
_LIVE = (State.PENDING, State.RUNNING, State.WAITING)
_TITLES = {
    _NOTHING: "Not sent",
    _AGENT: "✓ Sent to the agent",
    _NEW: "✓ A new run",
    _FORM: "✓ Put into the form",
    _SEND: "✓ Sent",
}
_RECENT = timedelta(hours=12)  # a run of longer ago is not what somebody means who does not say so

log = logging.getLogger(__name__)


class Filling(Protocol):
    """Puts texts into forms: `bot.telegram.hosting.asking.Asking`."""

    async def __call__(self, person: Person, pressed: Pressed, draft_id: str, text: str) -> bool:
        """Put a text into a form; False if there is none any more."""
        ...


class Pending:
    """Keeps such messages, asks, and carries them out."""

    def __init__(self, core: Core, counter: Counter, line: Line, service: Service, fill: Filling) -> None:
        self._fill = fill
        self._core = core
        self._drafts = core.store.drafts
        self._counter = counter
        self._line = line
        self._service = service

    async def unclear(self, person: Person, said: Said) -> bool:
        """Ask for whom a message is: in a private chat where a run is live, words that answer nothing could be both."""
        place = said.place
        if not place.direct or place.reply_to is not None or place.topic is not None:
            return False
        live = await self._live(person, place)
        if live is None:
            return False
        draft = await self._kept(said, said.text, to=live.id)
        await self._counter.show(place.origin(f"{CHAIN}{place.message}"), _whom(draft, live, None))
        return True

    async def unsure(self, person: Person, said: Said, form: str, shown: Card) -> None:
        """Ask whether words are for a form that stood still for long, and is `shown` so."""
        live = await self._live(person, said.place)
        draft = await self._kept(said, said.text, to=live.id if live else "", form=form)
        await self._counter.show(said.place.origin(f"{CHAIN}{said.place.message}"), _whom(draft, live, shown))

    async def _live(self, person: Person, place: Place) -> Execution | None:
        """Return the run that somebody may mean who does not say so."""
        query = ExecutionQuery(states=_LIVE, origin=place.origin(None), person_id=person.id, limit=1)
        live = (await self._core.runs.list(query)).items
        return live[0] if live and self._core.clock.now() - live[0].created_at <= _RECENT else None

    async def alone(self, place: Place) -> bool:
        """Whether no run is live in a chat."""
        return not (await self._core.runs.list(ExecutionQuery(states=_LIVE, origin=place.origin(None), limit=1))).items

    async def spoken(self, person: Person, said: Said) -> None:  # noqa: ARG002 - whoever asks has been let in
        """Show what was understood of a voice message. Raises WrongState where nothing was."""
        if said.voice is None:
            return
        text = await self._line.heard(said.voice)
        draft = await self._kept(said, text)
        await self._counter.show(
            said.place.origin(said.place.in_topic or f"{CHAIN}{said.place.message}"), _heard(draft)
        )

    async def corrected(self, person: Person, said: Said, key: str) -> bool:  # noqa: ARG002 - as above
        """Take an answer to what was understood for what was meant; False if it answers something else."""
        draft = await self._drafts.get(key.removeprefix(KEY)) if key.startswith(KEY) else None
        if draft is None or draft.identity != said.place.identity or not draft.content.get("voice"):
            return False
        after = replace(draft, content={**draft.content, "text": said.text}, changed_at=self._core.clock.now())
        await self._drafts.save(after)
        thread = await self._counter.thread_of(key, said.place.channel)
        await self._counter.show(said.place.origin(thread), _heard(after))
        return True

    async def pressed(self, person: Person, pressed: Pressed, since: datetime | None) -> bool:
        """Take a press of a button below such a message; False if it is none."""
        if not pressed.data.startswith(PRESS):
            return False
        draft_id, _, verb = pressed.data.removeprefix(PRESS).partition(" ")
        draft = await self._drafts.get(draft_id)
        if draft is None or draft.kind != KIND:
            await self._line.answered(pressed.query, "That is done already.", alert=True)
        elif draft.identity != pressed.place.identity:
            await self._line.answered(pressed.query, "Only who said it can say how it is meant.", alert=True)
        elif verb == _FORM and not await self._fill(person, pressed, str(draft.content.get("form", "")), _text(draft)):
            await self._line.answered(pressed.query, "This form is over.", alert=True)
        else:
            await self._meant(person, pressed, draft, verb, since)
        return True

    async def _meant(self, person: Person, pressed: Pressed, draft: Draft, verb: str, since: datetime | None) -> None:
        key = f"{KEY}{draft.id}"
        here = pressed.place.origin(await self._counter.thread_of(key, draft.channel))
        if verb not in {_NOTHING, _FORM}:
            await self._carried(person, _place(draft, pressed.place), draft, verb, since)
        said = Section(title="You said", body=_text(draft))
        await self._counter.show(here, Card(title=_TITLES.get(verb, "✓ Sent"), key=key, sections=sections(said)))
        await self._drafts.remove(draft.id)
        await self._line.answered(pressed.query)

    async def _carried(self, person: Person, place: Place, draft: Draft, verb: str, since: datetime | None) -> None:
        """Carry out what was said, as if it had been written and clear."""
        text = _text(draft)
        thread = await self._service.thread(place)
        ours = place.origin(thread) if await self._service.run_of(place.origin(thread)) else None
        if verb == _AGENT:
            ours = (await self._core.runs.find(str(draft.content["to"]))).origin
        is_command = verb == _SEND and spoken.is_command(text)
        line = text if is_command else f"{'say --' if ours else 'do --'} {text}"
        origin = await self._service.begins(place, line, ours)
        enclosed = await self._line.fetch(_files(draft)) if spoken.reaches_agent(line) else posted.unused(_files(draft))
        order = Order(line, origin, enclosed=enclosed, source=place.source, identity=place.identity)
        if since is None or not await self._service.has_begun(order, since):
            await self._service.carry_out(person, order)

    async def _kept(self, said: Said, text: str, *, to: str = "", form: str = "") -> Draft:
        """Keep a message; if it is kept already, return it as it is."""
        now, place = self._core.clock.now(), said.place
        newest = await self._drafts.newest(NAME, place.channel, place.identity, KIND)
        if newest is not None and newest.content.get("key") == said.key:
            return newest
        content: Json = {
            "text": text,
            "key": said.key,
            "voice": said.voice is not None,
            "to": to,
            "form": form,
            "message": place.message,
            "reply_to": place.reply_to,
            "topic": place.topic,
            "files": [[file.id, file.name, file.media_type, file.size] for file in said.files],
        }
        draft = Draft(
            id=new_id(),
            messenger=NAME,
            channel=place.channel,
            identity=place.identity,
            kind=KIND,
            content=content,
            created_at=now,
            changed_at=now,
        )
        await self._drafts.save(draft)
        return draft


def _text(draft: Draft) -> str:
    return str(draft.content["text"])


def _place(draft: Draft, pressed: Place) -> Place:
    """Return where it was said, which is not where the button is."""
    content = draft.content
    return replace(
        pressed, message=int(content["message"]), reply_to=content.get("reply_to"), topic=content.get("topic")
    )


def _files(draft: Draft) -> list[FileRef]:
    listed = draft.content.get("files") or []
    return [FileRef(id=str(a), name=str(b), media_type=str(c), size=int(d)) for a, b, c, d in listed]


def _whom(draft: Draft, live: Execution | None, form: Card | None) -> Card:
    """Ask for whom a message is: for a form, the agent of a run that is live, or nobody yet."""
    ways: list[Button] = []
    about: list[str] = []
    if form is not None:
        about.append(f"A form has waited for more than an hour: {form.title}.")
        ways += button("The form", f"{PRESS}{draft.id} {_FORM}", Style.PRIMARY)
    if live is not None:
        about.append(f"{run_name(live)} is at work here. An answer to one of its messages goes to it at once.")
        ways += button("The agent", f"{PRESS}{draft.id} {_AGENT}", Style.PLAIN if form else Style.PRIMARY)
    ways += button("A new run", f"{PRESS}{draft.id} {_NEW}")
    ways += button("Nobody", f"{PRESS}{draft.id} {_NOTHING}")
    return Card(
        title="For whom is this?",
        key=f"{KEY}{draft.id}",
        tone=Tone.WAITING,
        sections=sections(*(Section(body=each) for each in about)),
        buttons=tuple(ways),
    )


def _heard(draft: Draft) -> Card:
    """Show what was understood of a voice message."""
    return Card(
        title="This was understood",
        key=f"{KEY}{draft.id}",
        tone=Tone.WAITING,
        sections=sections(Section(body=str(draft.content["text"]), look=Look.CODE)),
        buttons=(
            *button("Send it", f"{PRESS}{draft.id} {_SEND}", Style.PRIMARY),
            *button("Throw away", f"{PRESS}{draft.id} {_NOTHING}"),
        ),
        footer="An answer to this message, in words, takes its place.",
    )
