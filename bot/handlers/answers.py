"""What people type about an approval, made into the answer the core understands. Pure."""

from __future__ import annotations

import json
import re

from bot.views import MAIN_FIELDS, conditions
from runner.entitlement import Directory
from runner.errors import BadInput, NotFound
from runner.model import Approval, AskKind, Json, Question, handle

_QUOTED = r'"(?:\\.|[^"\\])*"(?=\s*(?:[;\n]|$))'
_NUMBERED = re.compile(rf"(?:^|[;\n])\s*(\d{{1,2}})\s*[:.)]\s*({_QUOTED})?", re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")


def edited_input(asked: Approval, text: str) -> Json:
    """Return the input with a person's edit: the main field of the tool, or the whole input as JSON.

    A Bash command is always taken as it is typed. Raises BadInput.
    """
    field = MAIN_FIELDS.get(asked.tool)
    if asked.tool != "Bash" and (whole := _json_object(text)) is not None:
        return whole
    if field is None or field not in asked.input:
        example = json.dumps(asked.input, ensure_ascii=False)[:200]
        raise BadInput(f"An edit of {asked.tool} is written as JSON of the whole input.", hint=f"Now it is: {example}")
    return {**asked.input, field: text}


def seconded(asked: Approval, name: str, directory: Directory) -> Json | None:
    """Return the input that a vote approved, named by its person or (`#…`) its content; None is the one that was asked.

    Raises NotFound, also for a content that nobody stands for any more.
    """
    if name.startswith("#"):
        for vote in asked.votes:
            if conditions.content(asked, vote) == name.lower():
                return vote.input
        raise NotFound(
            "Nobody stands for this proposal any more: it was changed meanwhile.",
            hint=f"`view {handle(asked.id)}` shows what stands now.",
        )
    for vote in asked.votes:
        if directory.name(vote.person_id).casefold() == name.strip().casefold():
            return vote.input
    voters = ", ".join(directory.name(vote.person_id) for vote in asked.votes)
    raise NotFound(
        f"{name[:40]} has not approved anything here.",
        hint=f"So far approved by: {voters}." if voters else f"`approve {handle(asked.id)}` approves what was asked.",
    )


def chosen(asked: Approval, text: str) -> dict[str, tuple[str, ...]]:
    """Read the answers to all questions of an approval. Raises BadInput if one is missing or it asks nothing."""
    if asked.kind is not AskKind.QUESTION:
        raise BadInput(
            "This is not a question with choices.",
            hint=f"`approve {handle(asked.id)}` or `deny {handle(asked.id)} why`.",
        )
    texts = _by_question(asked.questions, text)
    empty = [q.text for q, said in zip(asked.questions, texts, strict=True) if not said]
    if empty:
        raise BadInput(f"Still without an answer: {empty[0]}", hint="Answer all: `1: first; 2: second`.")
    return {q.text: _choices(q, said) for q, said in zip(asked.questions, texts, strict=True)}


def _by_question(questions: tuple[Question, ...], text: str) -> list[str]:
    """Take `1: a; 2: "b"` apart; a single question takes the text as it is.

    In quotes an answer may hold what would else begin the next one.
    """
    if len(questions) == 1:
        return [text.strip()]
    said = [""] * len(questions)
    pieces = _NUMBERED.split(text)
    for number, quoted, answer in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        if not 1 <= int(number) <= len(questions):
            raise BadInput(f"There is no question {number}.", hint=f"The questions are 1 to {len(questions)}.")
        said[int(number) - 1] = _ESCAPED.sub(r"\1", quoted[1:-1]).strip() if quoted else answer.strip()
    return said


def _choices(question: Question, text: str) -> tuple[str, ...]:
    """Find the choices meant: the whole text first, since a label may hold commas; then its parts."""
    label = _label(question, text)
    if label is not None or not question.multiple:
        return (label or text,)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(_label(question, part) or part for part in parts)) or (text,)


def _label(question: Question, text: str) -> str | None:
    """Return the label of a choice named by label, by `#number`, or by number."""
    labels = [choice.label for choice in question.choices]
    same = [label for label in labels if label.casefold() == text.casefold()]
    if same:
        return same[0]
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 3 and 1 <= int(number) <= len(labels):
        return labels[int(number) - 1]
    return None


def _json_object(text: str) -> Json | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
