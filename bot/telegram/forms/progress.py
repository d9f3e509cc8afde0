"""What a form asks for, how far somebody has come in it, and what its buttons carry. Pure and total."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field as _field
from dataclasses import replace
from enum import StrEnum
from typing import Any

from bot.forms.fields import Field, Input, Inputs
from bot.forms.question import ANSWER
from bot.forms.run import RUN
from bot.forms.task import EDIT, PROMPT, variable_fields
from runner.errors import SignoffError
from runner.model import Json, value

PAGE = 8  # picks, or names of fields, at a time
SUMMARY, LIST = "", "*"  # places beside the fields: everything at a glance, and the further options by name
_ACTION = re.compile(r"\.f ([0-9a-z]{26}) ([a-z]{2,8}) ([0-9]{1,6})(?: ([0-9]{1,4}))?")


class Verb(StrEnum):
    """What a button of a form does."""

    PICK = "pick"  # choose, or tick, the n-th pick
    DONE = "done"  # go on with what is ticked
    WORDS = "words"  # ask for own words
    USE = "use"  # take the n-th of the texts that are offered
    SKIP = "skip"  # go on, and leave it as it is
    CLEAR = "clear"  # take away what stands there
    BACK = "back"
    PAGE = "page"  # show the n-th page
    GO = "go"  # ask for the n-th field
    MORE = "more"  # list the further options
    SAVE = "save"
    CANCEL = "cancel"


@value
class Action:
    """What a button carries. `turn` is when it was shown: later it means nothing any more."""

    draft_id: str
    verb: Verb
    turn: int = 0
    arg: int = 0

    @property
    def line(self) -> str:
        """Write it as a button's action."""
        return f".f {self.draft_id} {self.verb} {self.turn} {self.arg}"


@value
class Sheet:
    """All that a form asks for: one by one (`fields`), on demand (`further`), and for the variables of its prompt.

    `defaults` are those known of the variables; None where none follow. `memory` is the beginning of the command.
    """

    form: str
    memory: str
    title: str
    submit: str
    fields: tuple[Field, ...]
    further: tuple[Field, ...] = ()
    defaults: Mapping[str, str] | None = None


@value
class Progress:
    """How far somebody has come. `answers` has what they gave, by field; the rest is as it was at first.

    `at` is the field that is asked for, or SUMMARY, or LIST. `guided`: all is asked one after the other. `listed`:
    what is asked for was chosen from the list. `words`: a text of one's own is asked for in the place of the picks.
    """

    form: str
    memory: str
    answers: Mapping[str, tuple[str, ...]] = _field(default_factory=dict)
    at: str = SUMMARY
    page: int = 0
    words: bool = False
    guided: bool = False
    listed: bool = False
    fault: str = ""
    turn: int = 0


def parse_action(action: str) -> Action | None:
    """Read what a button carries; None for what no form has written."""
    found = _ACTION.fullmatch(action)
    if found is None or found[2] not in set(Verb):
        return None
    return Action(draft_id=found[1], verb=Verb(found[2]), turn=int(found[3]), arg=int(found[4] or 0))


def kept(progress: Progress) -> dict[str, Any]:
    """Write progress as JSON."""
    return {
        "form": progress.form,
        "memory": progress.memory,
        "answers": {name: list(held) for name, held in progress.answers.items()},
        "at": progress.at,
        "page": progress.page,
        "words": progress.words,
        "guided": progress.guided,
        "listed": progress.listed,
        "fault": progress.fault,
        "turn": progress.turn,
    }


def restored(content: Json) -> Progress | None:
    """Read what `kept` wrote; None for anything else, such as what a later Signoff writes."""
    match content:
        case {
            "form": str(form),
            "memory": str(memory),
            "answers": dict(answers),
            "at": str(at),
            "page": int(page),
            "words": bool(words),
            "guided": bool(guided),
            "listed": bool(listed),
            "fault": str(fault),
            "turn": int(turn),
        } if all(isinstance(held, list) for held in answers.values()):
            return Progress(
                form=form,
                memory=memory,
                answers={str(name): tuple(str(each) for each in held) for name, held in answers.items()},
                at=at,
                page=page,
                words=words,
                guided=guided,
                listed=listed,
                fault=fault,
                turn=turn,
            )
        case _:
            return None


def steps(sheet: Sheet, progress: Progress) -> tuple[Field, ...]:
    """Return the fields of the first page with those of the variables, as the prompt is now."""
    if sheet.defaults is None:
        return sheet.fields
    text = next(("\n".join(now(each, progress)) for each in sheet.fields if each.name == PROMPT), "")
    try:
        made = variable_fields(text, sheet.defaults)
    except SignoffError:
        made = ()
    at = next((n for n, each in enumerate(sheet.fields, 1) if each.name == PROMPT), len(sheet.fields))
    return (*sheet.fields[:at], *made, *sheet.fields[at:])


def places(sheet: Sheet, progress: Progress) -> tuple[Field, ...]:
    """Return all that can be asked for. Own words are asked for at the field whose words they are."""
    return tuple(each for each in (*steps(sheet, progress), *sheet.further) if not each.words_of)


def walk(sheet: Sheet, progress: Progress) -> tuple[Field, ...]:
    """Return what is asked for one after the other before anything can be sent."""
    if sheet.form == EDIT:
        return ()
    return tuple(each for each in steps(sheet, progress) if not each.words_of and (each.required or sheet.form != RUN))


def asked(sheet: Sheet, progress: Progress) -> Field | None:
    """Return the field that is asked for; None at the summary and the list."""
    return next((each for each in places(sheet, progress) if each.name == progress.at), None)


def words_for(sheet: Sheet, field: Field) -> Field | None:
    """Return the field that takes own words for another one."""
    return next((each for each in sheet.fields if each.words_of == field.name), None)


def now(field: Field, progress: Progress) -> tuple[str, ...]:
    """Return what a field holds now."""
    return progress.answers.get(field.name, field.initial)


def offers(field: Field, progress: Progress) -> tuple[str, ...]:
    """Return the texts that can be taken without typing: what stands there, and what stood there earlier."""
    return tuple(dict.fromkeys(text for text in ("\n".join(now(field, progress)), *field.last) if text.strip()))


def must(sheet: Sheet, field: Field) -> bool:
    """Whether a field cannot stay empty."""
    return field.required or sheet.form == ANSWER


def empty(sheet: Sheet, progress: Progress, field: Field) -> bool:
    """Whether nothing stands in a field, nor own words for it."""
    words = words_for(sheet, field)
    return not any(text.strip() for each in (field, words) if each for text in now(each, progress))


def inputs(sheet: Sheet, progress: Progress, fields: Sequence[Field] | None = None) -> Inputs:
    """Return what stands in these fields, or in all. Of the further ones only what was given counts."""
    if fields is None:
        given = [each for each in sheet.further if each.name in progress.answers]
        fields = (*steps(sheet, progress), *given)
    return {each.name: Input(before=each.initial, now=now(each, progress)) for each in fields}


def turned(progress: Progress) -> Progress:
    """Return the next state to be shown: the buttons of the one before mean nothing any more."""
    return replace(progress, turn=progress.turn + 1)
