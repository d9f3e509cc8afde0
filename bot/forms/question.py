"""The form of a question that takes more than one press: all that the agent asks, answered at once. Pure.

A field is named by the number of its question: `one:2` has a single choice, `any:2` several, `other:2` a text.
"""

from __future__ import annotations

from collections import defaultdict

from bot import commands
from bot.forms.fields import Field, Inputs, Kind, Pick
from bot.forms.unfit import Unfit, confirmed
from runner.model import Approval, Question

ANSWER = "answer"  # kind of form


def question_fields(asked: Approval) -> tuple[Field, ...]:
    """Ask all questions.

    A single question with a single choice has its choices as buttons on its card: its form asks for the text alone.
    """
    if len(asked.questions) == 1 and not asked.questions[0].multiple:
        return (Field(name="other:1", label=asked.questions[0].text, kind=Kind.LONG, required=True),)
    return tuple(field for number, each in enumerate(asked.questions, 1) for field in _question(each, number))


def answer_line(memory: str, fields: Inputs) -> str:
    """Return the command that gives the answers of a form. Raises Unfit for each question that has none, or two."""
    held: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in fields:
        kind, _, number = name.partition(":")
        held[number][kind] = name
    faults = {}
    answers = {}
    for number, names in held.items():
        chosen = [f"#{pick}" for kind in ("one", "any") if kind in names for pick in fields[names[kind]].now]
        text = fields[names["other"]].text.strip() if "other" in names else ""
        if not chosen and not text:
            faults[next(iter(names.values()))] = "Choose, or write an answer."
        elif text and chosen and "one" in names:
            faults[names["other"]] = "Either a choice or a text."
        answers[number] = (", ".join([*chosen, text] if text else chosen), bool(text))
    if faults:
        raise Unfit(faults)
    many = len(answers) > 1
    text = "; ".join(f"{number}: {_quoted(said) if free else said}" for number, (said, free) in answers.items())
    whole = text if many else next((said for said, _ in answers.values()), "")
    command = commands.Answer(handle=memory.removeprefix("answer ").strip(), text=whole)
    return confirmed(command, next(iter(fields), ""))


def _question(question: Question, number: int) -> tuple[Field, ...]:
    picks = tuple(
        Pick(value=str(n), label=each.label, about=each.description) for n, each in enumerate(question.choices, 1)
    )
    if not picks:
        return (Field(name=f"other:{number}", label=question.text, kind=Kind.LONG, required=True),)
    name = f"{'any' if question.multiple else 'one'}:{number}"
    kind = Kind.SEVERAL if question.multiple else Kind.PICK
    return (
        Field(name=name, label=question.text, kind=kind, picks=picks),
        Field(name=f"other:{number}", label="Or in your own words", kind=Kind.LONG, words_of=name),
    )


def _quoted(text: str) -> str:
    """Write a text so that nothing in it is read as the number of the next question."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
