"""What the message of a form shows: one question with what can be pressed, or everything at a glance. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.forms.fields import Field, Kind
from bot.forms.question import ANSWER
from bot.forms.task import VARIABLE
from bot.messenger import Button, Card, Look, Section, Style, Tone
from bot.telegram.forms.flow import needs_text
from bot.telegram.forms.progress import (
    LIST,
    PAGE,
    Action,
    Progress,
    Sheet,
    Verb,
    asked,
    empty,
    must,
    now,
    offers,
    places,
    steps,
    walk,
    words_for,
)
from bot.views import LABEL_LIMIT, say
from bot.views.parts import button, facts, sections
from runner.masking import clean

PREFIX = "form:"  # what the key of a form begins with: then the draft's id
_OFFERS = 4  # texts that can be taken by a button
_FACTS = 12  # values that are shown above a question: the last ones
_VALUE = 80  # characters of a value above a question, or among others
_SUMMED = 300  # characters of a value in the summary
_OLD = 1_500  # characters of a long text that is there already
_NAME = 60  # characters of the name of a field among others
_TITLE = 100  # characters of a question that is a title
_LONG_QUESTION = 1_500  # characters of one that is not


def screen(sheet: Sheet, progress: Progress, draft_id: str, *, direct: bool = True) -> Card:
    """Show what a form asks now. `direct`: the chat is with us alone, so that a text need not be a reply."""
    field = asked(sheet, progress)
    if field is not None:
        return _question(sheet, progress, field, _Pad(draft_id, progress), direct=direct)
    pad = _Pad(draft_id, progress)
    if progress.at == LIST and sheet.further:
        return _listed(sheet, progress, pad)
    return _summary(sheet, progress, pad)


def key(draft_id: str, number: int = 0) -> str:
    """Return the key of the n-th card of a form, by which the next one takes its place."""
    return f"{PREFIX}{draft_id}.{number}" if number else f"{PREFIX}{draft_id}"


def shown_values(sheet: Sheet, progress: Progress, limit: int) -> tuple[tuple[str, str], ...]:
    """Return all that a form holds, as people read it: names and values."""
    rows = ((_short(sheet, each), _told(sheet, progress, each, limit)) for each in _known(sheet, progress))
    return tuple((label, text) for label, text in rows if text)


class _Pad:
    """Makes the buttons of one screen."""

    def __init__(self, draft_id: str, progress: Progress) -> None:
        self.draft_id = draft_id
        self.turn = progress.turn

    def button(
        self, label: str, verb: Verb, arg: int = 0, style: Style = Style.PLAIN, *, number: int = 0
    ) -> tuple[Button, ...]:
        """Make a button; `number` tells apart those that look the same."""
        action = Action(draft_id=self.draft_id, verb=verb, turn=self.turn, arg=arg)
        return button(say.line(label, LABEL_LIMIT), action.line, style, key=str(number) if number else "")

    def paged(self, made: Sequence[tuple[Button, ...]], page: int) -> tuple[Button, ...]:
        """Show a page of buttons, and the ways to the others."""
        last = max(len(made) - 1, 0) // PAGE
        page = min(page, last)
        seen = [each for group in made[page * PAGE : (page + 1) * PAGE] for each in group]
        before = self.button("Before", Verb.PAGE, page - 1) if page else ()
        after = self.button("Next", Verb.PAGE, page + 1) if page < last else ()
        return (*seen, *before, *after)


def _question(sheet: Sheet, progress: Progress, field: Field, pad: _Pad, *, direct: bool) -> Card:
    way = [each.name for each in walk(sheet, progress)]
    step = f" · step {way.index(field.name) + 1} of {len(way)}" if progress.guided and field.name in way else ""
    given = [pair for pair in _given(sheet, progress, field) if pair[1]]
    long = len(field.label) > _TITLE or "\n" in field.label
    said = [say.cut(clean(field.label), _LONG_QUESTION)] if long else []
    said += [*_hints(field), _how(sheet, progress, field, direct=direct)]
    question = Section(title="Question" if long else clean(field.label), body="\n".join(said))
    return Card(
        title=f"{sheet.title}{step}",
        key=key(pad.draft_id),
        tone=Tone.WAITING,
        fields=facts(*given[-_FACTS:]),
        sections=sections(_fault(progress), question, *_bodies(sheet, progress, field)),
        buttons=(*_answers(sheet, progress, field, pad), *_ways(sheet, progress, field, pad)),
    )


def _summary(sheet: Sheet, progress: Progress, pad: _Pad) -> Card:
    save = pad.button(sheet.submit, Verb.SAVE, style=Style.PRIMARY)
    more = pad.button("More options", Verb.MORE) if sheet.further else ()
    numbers = {each.name: n for n, each in enumerate(places(sheet, progress))}
    shown = [each for each in _known(sheet, progress) if each.name in numbers]
    jumps = [pad.button(_short(sheet, each), Verb.GO, numbers[each.name], number=n) for n, each in enumerate(shown, 1)]
    back = pad.button("Back", Verb.BACK) if walk(sheet, progress) else ()
    held = shown_values(sheet, progress, _SUMMED)
    listed = "\n".join(f"{label}: {text}" for label, text in held) or "Nothing yet."
    hint = f"Press {sheet.submit}, or the name of what is to be different."
    return Card(
        title=f"{sheet.title} · all at a glance",
        key=key(pad.draft_id),
        tone=Tone.WAITING,
        sections=sections(_fault(progress), Section(body=listed), Section(body=hint)),
        buttons=(*save, *more, *pad.paged(jumps, progress.page), *back, *_cancel(pad)),
    )


def _listed(sheet: Sheet, progress: Progress, pad: _Pad) -> Card:
    start = len(places(sheet, progress)) - len(sheet.further)
    page = min(progress.page, (len(sheet.further) - 1) // PAGE)
    seen = sheet.further[page * PAGE : (page + 1) * PAGE]
    lines = [f"{each.label}\n  {_told(sheet, progress, each, _VALUE) or 'nothing yet'}" for each in seen]
    jumps = [pad.button(_short(sheet, each), Verb.GO, n) for n, each in enumerate(sheet.further, start)]
    return Card(
        title=f"{sheet.title} · more options",
        key=key(pad.draft_id),
        tone=Tone.WAITING,
        sections=sections(_fault(progress), Section(body="\n".join(lines))),
        buttons=(*pad.paged(jumps, page), *pad.button("Back", Verb.BACK), *_cancel(pad)),
    )


def _fault(progress: Progress) -> Section:
    return Section(title="Not yet", body=progress.fault)


def _hints(field: Field) -> Iterator[str]:
    if field.hint:
        yield field.hint
    if field.default:
        yield f"In the prompt: {say.line(field.default, _VALUE)}"
    elif field.example and not field.name.startswith(VARIABLE):
        yield f"For example: {field.example}"


def _how(sheet: Sheet, progress: Progress, field: Field, *, direct: bool) -> str:
    """Say how to answer."""
    if needs_text(sheet, progress):
        what = {Kind.COUNT: "number", Kind.NUMBER: "number"}.get(field.kind, "text")
        return f"Send the {what}." if direct else f"Reply to this message with the {what}."
    return "Choose as many as you like, then press Done." if field.kind is Kind.SEVERAL else "Choose one."


def _bodies(sheet: Sheet, progress: Progress, field: Field) -> Iterator[Section]:
    """Show what stands there, what could be taken by a button, and what the picks mean."""
    if field.kind is Kind.LONG and (text := "\n".join(now(field, progress))):
        cut = len(text) > _OLD
        title = f"Now: the first {_OLD:,} of {len(text):,} characters" if cut else "Now"
        yield Section(title=title, body=text[:_OLD], look=Look.CODE)
    elif field.picks and field.kind is not Kind.SWITCH:
        first = _page(field, progress) * PAGE
        page = field.picks[first : first + PAGE]
        rows = [f"{n}. {_about(each.label, each.about)}" for n, each in enumerate(page, first + 1)]
        yield Section(body="\n".join(rows))
        words = words_for(sheet, field)
        if words is not None and (said := say.line("\n".join(now(words, progress)), _SUMMED)):
            yield Section(title="In your own words", body=said)
    else:
        texts = offers(field, progress)[:_OFFERS]
        if any(len(_use(text)) > LABEL_LIMIT for text in texts):
            yield Section(body="\n".join(f"{n}. {say.line(text, _VALUE)}" for n, text in enumerate(texts, 1)))


def _about(label: str, about: str) -> str:
    return say.line(f"{label}: {about}" if about else label, _SUMMED)


def _page(field: Field, progress: Progress) -> int:
    return min(progress.page, max(len(field.picks) - 1, 0) // PAGE)


def _use(text: str) -> str:
    return f"Use: {say.line(text, _VALUE)}"


def _answers(sheet: Sheet, progress: Progress, field: Field, pad: _Pad) -> tuple[Button, ...]:
    """Make the buttons that answer."""
    if progress.words:
        return ()
    match field.kind:
        case Kind.SWITCH:
            return (*pad.button("On", Verb.PICK, 0), *pad.button("Off", Verb.PICK, 1))
        case Kind.PICK | Kind.SEVERAL:
            return _picks(sheet, progress, field, pad)
        case _:
            texts = offers(field, progress)[:_OFFERS]
            return tuple(each for n, text in enumerate(texts) for each in _offer(text, n, len(texts), pad, field))


def _offer(text: str, number: int, count: int, pad: _Pad, field: Field) -> tuple[Button, ...]:
    if field.kind is Kind.LONG and count == 1:
        return pad.button("Keep it", Verb.USE, number)
    label = _use(text)
    return pad.button(label if len(label) <= LABEL_LIMIT else f"Use {number + 1}", Verb.USE, number)


def _picks(sheet: Sheet, progress: Progress, field: Field, pad: _Pad) -> tuple[Button, ...]:
    several = field.kind is Kind.SEVERAL
    held = now(field, progress)
    signs = ("☑ ", "☐ ") if several else ("✓ ", "")
    made = [
        pad.button(f"{signs[0] if each.value in held else signs[1]}{n + 1} {each.label}", Verb.PICK, n)
        for n, each in enumerate(field.picks)
    ]
    words = words_for(sheet, field)
    no_words = several and words is not None and bool(now(words, progress))
    other = pad.button("No words" if no_words else "Other…", Verb.WORDS) if words else ()
    done = pad.button("Done", Verb.DONE, style=Style.PRIMARY) if several else ()
    return (*pad.paged(made, _page(field, progress)), *other, *done)


def _ways(sheet: Sheet, progress: Progress, field: Field, pad: _Pad) -> Iterator[Button]:
    """Make the buttons that lead away from a question."""
    free = not must(sheet, field)
    held = not empty(sheet, progress, field)
    if not progress.words:
        if held and field.kind in {Kind.PICK, Kind.SWITCH}:
            yield from pad.button("Leave it", Verb.SKIP)
        elif free and not held and field.kind is not Kind.SEVERAL:
            use = _use(field.default)
            yield from pad.button(use if field.default and len(use) <= LABEL_LIMIT else "Skip", Verb.SKIP)
        if free and held and field.kind not in {Kind.SEVERAL, Kind.SWITCH}:
            yield from pad.button("Empty it", Verb.CLEAR)
    first = progress.guided and [each.name for each in walk(sheet, progress)][:1] == [field.name]
    if progress.words or not first:
        yield from pad.button("Back", Verb.BACK)
    yield from _cancel(pad)


def _cancel(pad: _Pad) -> tuple[Button, ...]:
    return pad.button("Cancel", Verb.CANCEL, style=Style.DANGER)


def _given(sheet: Sheet, progress: Progress, field: Field) -> Iterator[tuple[str, str]]:
    """Return what the other fields hold; where they are not asked one after the other, what was changed in them."""
    for each in _known(sheet, progress):
        words = words_for(sheet, each)
        told = progress.guided or any(part.name in progress.answers for part in (each, words) if part)
        if told and each.name != field.name and not empty(sheet, progress, each):
            yield _short(sheet, each), _told(sheet, progress, each, _VALUE)


def _known(sheet: Sheet, progress: Progress) -> tuple[Field, ...]:
    """Return the fields of the first page, and the further ones that hold something."""
    first = tuple(each for each in steps(sheet, progress) if not each.words_of)
    return (*first, *(each for each in sheet.further if not empty(sheet, progress, each) or each.initial))


def _short(sheet: Sheet, field: Field) -> str:
    """Return the name of a field among others: what an option is about is left out."""
    if field.name.startswith(VARIABLE):
        return field.name.removeprefix(VARIABLE)
    return say.line(field.label if sheet.form == ANSWER else field.label.partition(": ")[0], _NAME)


def _told(sheet: Sheet, progress: Progress, field: Field, limit: int) -> str:
    """Say what a field holds."""
    held = now(field, progress)
    words = words_for(sheet, field)
    said = [each.label for each in field.picks if each.value in held] if field.picks else list(held)
    said += list(now(words, progress)) if words else []
    text = "on" if field.kind is Kind.SWITCH and held else ", ".join(said)
    return say.line(text, limit) if text.strip() else f"{field.default} (in the prompt)" if field.default else ""
