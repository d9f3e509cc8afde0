"""The file that goes with a card which cannot show all: one for a card, named after what it holds. Pure."""

from __future__ import annotations

from bot.messenger import Card
from bot.views.review import PATCH_LIMIT
from runner.model import Json, handle, value

_CUT = "\n# Only the beginning: the branch has all of it.\n"


@value
class Whole:
    """A text that becomes a file."""

    name: str
    content: str


def whole_of(card: Card, rest: str) -> Whole | None:
    """Return the file for a card, or None if the card says it all. `rest` is its text if the messenger cut it.

    What an agent answered or planned and what it changed are as they are, so that the same file is not made again
    when the card changes; cards of questions that are decided need none, because they had theirs.
    """
    data: Json = card.data or {}
    match data:
        case {"kind": "result", "answer": str(answer)}:
            return Whole(name=_name("answer", data, "md"), content=answer)
        case {"kind": "diff", "patch": str(patch), "truncated": cut} if rest or len(patch) > PATCH_LIMIT:
            return Whole(name=_name("changes", data, "diff"), content=patch + (_CUT if cut else ""))
        case {"kind": "approval", "approval": {"kind": "plan", "input": {"plan": str(plan)}}} if rest:
            return Whole(name=_name("plan", data, "md"), content=plan)
        case {"kind": "approval"} if rest:
            return Whole(name=_name("question", data, "txt"), content=rest)
        case _ if rest and not card.key.startswith("ask:"):
            return Whole(name=_name(str(data.get("kind") or "message"), data, "txt"), content=rest)
    return None


def _name(what: str, data: Json, ending: str) -> str:
    """Name a file after what it holds and the run that it is about."""
    execution = data.get("execution")
    run = execution.get("id") if isinstance(execution, dict) else data.get("execution_id")
    return f"{what}-{handle(run)}.{ending}" if isinstance(run, str) and run else f"{what}.{ending}"
