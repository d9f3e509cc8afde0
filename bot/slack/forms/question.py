"""The form of a question as Slack's blocks: all that the agent asks, answered at once. Pure."""

from __future__ import annotations

from bot.forms.question import question_fields
from bot.slack.forms.inputs import MENU, block
from runner.model import Approval, Json

_MOST = 45  # questions: two fields each, of Slack's 100 blocks


def question_blocks(asked: Approval) -> list[Json] | None:
    """Set all questions; None where a form cannot hold them."""
    if len(asked.questions) > _MOST or any(len(each.choices) > MENU for each in asked.questions):
        return None
    return [block(field) for field in question_fields(asked)]
