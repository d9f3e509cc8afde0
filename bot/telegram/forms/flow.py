"""How a form goes on when somebody types or presses. Pure: no event raises, and what does not fit changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.forms.fields import Field, Kind
from bot.forms.question import ANSWER
from bot.forms.reading import line_of
from bot.forms.run import RUN
from bot.forms.task import EDIT
from bot.forms.unfit import Unfit
from bot.telegram.forms.progress import (
    LIST,
    PAGE,
    SUMMARY,
    Action,
    Progress,
    Sheet,
    Verb,
    asked,
    empty,
    inputs,
    must,
    now,
    offers,
    places,
    steps,
    turned,
    walk,
    words_for,
)
from runner.model import value

_TYPED = frozenset({Kind.TEXT, Kind.LONG, Kind.COUNT, Kind.NUMBER})
_LACKING = "This needs a value."


@value
class Finished:
    """A form that is done; `line` is the command that it stands for."""

    line: str
    progress: Progress


@value
class Abandoned:
    """A form that somebody does not want any more."""


Moved = Progress | Finished


def begin(sheet: Sheet, answers: Mapping[str, tuple[str, ...]] | None = None) -> Progress:
    """Begin with the first thing that is not known yet; where nothing is asked one by one, with the summary."""
    blank = Progress(form=sheet.form, memory=sheet.memory, answers=answers or {})
    first = next((each for each in walk(sheet, blank) if empty(sheet, blank, each)), None)
    return _enter(blank, first.name, guided=True) if first else blank


def take(sheet: Sheet, progress: Progress, event: Action | str) -> Progress | Finished | Abandoned:
    """Return what a text or a press makes of a form. A press on what was shown earlier changes nothing."""
    progress = _there(sheet, progress)
    if isinstance(event, Action):
        if event.verb is Verb.CANCEL:
            return Abandoned()
        if event.turn != progress.turn:
            return progress
        after = _PRESSES[event.verb](sheet, replace(progress, fault=""), event.arg)
    else:
        after = _typed(sheet, replace(progress, fault=""), event)
    return turned(after) if isinstance(after, Progress) else after


def stopped_at(progress: Progress, name: str, fault: str) -> Progress:
    """Ask for a field again, and say why."""
    return turned(replace(_enter(progress, name, guided=progress.guided), fault=fault))


def needs_text(sheet: Sheet, progress: Progress) -> bool:
    """Whether a text is waited for."""
    field = asked(sheet, _there(sheet, progress))
    return field is not None and (progress.words or field.kind in _TYPED)


def _there(sheet: Sheet, progress: Progress) -> Progress:
    """Go to the summary where what was asked for is not there any more."""
    known = {SUMMARY, *([LIST] if sheet.further else []), *(each.name for each in places(sheet, progress))}
    return progress if progress.at in known else replace(progress, at=SUMMARY, guided=False, words=False, page=0)


def _enter(progress: Progress, name: str, *, guided: bool) -> Progress:
    """Go to a place."""
    listed = name == LIST or (progress.listed and name != SUMMARY)
    return replace(progress, at=name, guided=guided, listed=listed, page=0, words=False)


def _typed(sheet: Sheet, progress: Progress, text: str) -> Moved:
    """Take a text for the field that is asked for; at a choice it names a pick, or is an answer in own words."""
    field = asked(sheet, progress)
    if field is None:
        return replace(progress, fault="Press a button: it says what to change.")
    if not text.strip():
        return replace(progress, fault=_LACKING)
    if field.kind in _TYPED:
        return _given(sheet, progress, field, (text,))
    words = words_for(sheet, field)
    if words is not None:
        return _own_words(sheet, progress, field, words, text)
    picked = _named(field, text)
    if picked is None:
        return replace(progress, fault="That is none of these: press what you mean.")
    return _given(sheet, progress, field, picked)


def _own_words(sheet: Sheet, progress: Progress, field: Field, words: Field, text: str) -> Moved:
    """Take an answer in own words: in the place of a choice, or beside what is ticked."""
    said = replace(progress, answers={**progress.answers, words.name: (text,)}, words=False)
    if field.kind is Kind.SEVERAL:
        return said
    return _given(sheet, said, field, ())


def _named(field: Field, text: str) -> tuple[str, ...] | None:
    """Return the picks that a text names by their labels or numbers; None if it names something else."""
    known = {word.casefold(): pick.value for pick in field.picks for word in (pick.label, pick.value)}
    known |= {str(number): pick.value for number, pick in enumerate(field.picks, 1) if str(number) not in known}
    said = text.split(",") if field.several else [text]
    found = [known.get(each.strip().casefold()) for each in said if each.strip()]
    picked = tuple(each for each in found if each is not None)
    return picked if picked and len(picked) == len(found) else None


def _given(sheet: Sheet, progress: Progress, field: Field, held: tuple[str, ...]) -> Moved:
    """Take an answer if nothing is wrong with it, and go on."""
    after = replace(progress, answers={**progress.answers, field.name: held})
    fault = _fault(sheet, after, field)
    return replace(progress, fault=fault) if fault else _next(sheet, after, field)


def _fault(sheet: Sheet, progress: Progress, field: Field) -> str:
    """Say what is wrong with what stands in a field, as far as one can see from it alone."""
    if must(sheet, field) and empty(sheet, progress, field):
        return _LACKING
    if [each.strip() for each in now(field, progress)] == [each.strip() for each in field.initial]:
        return ""
    words = words_for(sheet, field)
    alone = inputs(sheet, progress, [field, *([words] if words else [])])
    is_task = sheet.form not in {RUN, ANSWER}
    try:
        line_of(EDIT if is_task else sheet.form, "edit x" if is_task else sheet.memory, alone)
    except Unfit as error:
        return error.faults.get(field.name) or next(iter(error.faults.values()), "")
    return ""


def _next(sheet: Sheet, progress: Progress, field: Field) -> Moved:
    """Go on after a field: to the next one, or to where it was chosen."""
    if not progress.guided:
        return _homeward(sheet, progress, field)
    way = [each.name for each in walk(sheet, progress)]
    at = way.index(field.name) + 1 if field.name in way else len(way)
    if at < len(way):
        return _enter(progress, way[at], guided=True)
    summed = _enter(progress, SUMMARY, guided=False)
    return _save(sheet, summed, 0) if sheet.form == ANSWER and len(way) == 1 else summed


def _homeward(sheet: Sheet, progress: Progress, field: Field) -> Progress:
    """Go back to where a field was chosen: the summary, or its page of the list."""
    if not progress.listed:
        return _enter(progress, SUMMARY, guided=False)
    names = [each.name for each in sheet.further]
    page = names.index(field.name) // PAGE if field.name in names else 0
    return replace(_enter(progress, LIST, guided=False), page=page)


def _pick(sheet: Sheet, progress: Progress, arg: int) -> Moved:
    """Choose a pick, or tick it; of a switch, the first is on and the second off."""
    field = asked(sheet, progress)
    if field is None or arg >= len(field.picks) + (field.kind is Kind.SWITCH):
        return progress
    if field.kind is Kind.SWITCH:
        return _given(sheet, progress, field, tuple(each.value for each in field.picks[arg:]))
    if field.kind is Kind.SEVERAL:
        toggled = set(now(field, progress)) ^ {field.picks[arg].value}
        ticked = tuple(each.value for each in field.picks if each.value in toggled)
        return replace(progress, answers={**progress.answers, field.name: ticked})
    words = words_for(sheet, field)
    answers = {**progress.answers, words.name: ()} if words else progress.answers
    return _given(sheet, replace(progress, answers=answers), field, (field.picks[arg].value,))


def _done(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    field = asked(sheet, progress)
    if field is None or field.kind is not Kind.SEVERAL:
        return progress
    return _given(sheet, progress, field, now(field, progress))


def _words(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    """Ask for own words; where there are some beside what is ticked, take them away."""
    field = asked(sheet, progress)
    words = words_for(sheet, field) if field else None
    if field is None or words is None:
        return progress
    if field.kind is Kind.SEVERAL and now(words, progress):
        return replace(progress, answers={**progress.answers, words.name: ()})
    return replace(progress, words=True)


def _use(sheet: Sheet, progress: Progress, arg: int) -> Moved:
    field = asked(sheet, progress)
    known = offers(field, progress) if field and field.kind in _TYPED else ()
    return _given(sheet, progress, field, (known[arg],)) if field and arg < len(known) else progress


def _skip(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    """Leave a field as it is, if it may be as it is."""
    field = asked(sheet, progress)
    if field is None:
        return progress
    if must(sheet, field) and empty(sheet, progress, field):
        return replace(progress, fault=_LACKING)
    return _next(sheet, progress, field)


def _clear(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    field = asked(sheet, progress)
    return progress if field is None or must(sheet, field) else _given(sheet, progress, field, ())


def _back(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    field = asked(sheet, progress)
    way = [each.name for each in walk(sheet, progress)]
    if progress.words:
        return replace(progress, words=False)
    if field is None:
        if progress.at == LIST or not way:
            return _enter(progress, SUMMARY, guided=False)
        return _enter(progress, way[-1], guided=True)
    if not progress.guided:
        return _homeward(sheet, progress, field)
    at = way.index(field.name) if field.name in way else 0
    return _enter(progress, way[at - 1], guided=True) if at else progress


def _page(_sheet: Sheet, progress: Progress, arg: int) -> Moved:
    return replace(progress, page=arg)


def _go(sheet: Sheet, progress: Progress, arg: int) -> Moved:
    known = places(sheet, progress)
    return _enter(progress, known[arg].name, guided=False) if arg < len(known) else progress


def _more(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    return _enter(progress, LIST, guided=False) if sheet.further else progress


def _save(sheet: Sheet, progress: Progress, _arg: int) -> Moved:
    """Make the command; what is wrong is asked for again."""
    lacking = [each for each in places(sheet, progress) if must(sheet, each) and empty(sheet, progress, each)]
    if lacking:
        return replace(_enter(progress, lacking[0].name, guided=False), fault=_LACKING)
    given = inputs(sheet, progress)
    try:
        return Finished(line=line_of(sheet.form, sheet.memory, given), progress=progress)
    except Unfit as error:
        name = next(iter(error.faults), "")
        unchanged = all(each.before == each.now for each in given.values())
        at = SUMMARY if sheet.form == EDIT and unchanged else _main(sheet, progress, name)
        return replace(_enter(progress, at, guided=False), fault=error.faults.get(name, ""))


def _main(sheet: Sheet, progress: Progress, name: str) -> str:
    """Return where a field is asked for."""
    known = {each.name: each.words_of or each.name for each in (*steps(sheet, progress), *sheet.further)}
    return known.get(name, SUMMARY)


_PRESSES: Mapping[Verb, Callable[[Sheet, Progress, int], Moved]] = {
    Verb.PICK: _pick,
    Verb.DONE: _done,
    Verb.WORDS: _words,
    Verb.USE: _use,
    Verb.SKIP: _skip,
    Verb.CLEAR: _clear,
    Verb.BACK: _back,
    Verb.PAGE: _page,
    Verb.GO: _go,
    Verb.MORE: _more,
    Verb.SAVE: _save,
}
