"""Values to cards. Pure: everything a card says comes from its arguments, also the time.

What agents and programs wrote passes `runner.masking.clean` here, once, so no messenger has to think of it.
"""

from __future__ import annotations

from bot.views.approvals import CARD_LIMIT, approval, fits, nudge
from bot.views.decisions import decided, several
from bot.views.help import help_all, help_one
from bot.views.home import Seen, home, stranger, welcome
from bot.views.inbox import inbox
from bot.views.inputs import MAIN_FIELDS
from bot.views.link import invited, linked, preferring, unlinked
from bot.views.notes import error, note, unexpected
from bot.views.overview import Situation, frozen, released, status
from bot.views.parts import ACTION_LIMIT, LABEL_LIMIT
from bot.views.people import people
from bot.views.review import diff, discarded, merged, report
from bot.views.rules import granted, proposal, rules
from bot.views.runs import UNREAD, log, result, run, runs
from bot.views.tasks import deleted, missing, project, projects, removed, task, tasks

__all__ = [
    "ACTION_LIMIT",
    "CARD_LIMIT",
    "LABEL_LIMIT",
    "MAIN_FIELDS",
    "UNREAD",
    "Seen",
    "Situation",
    "approval",
    "decided",
    "deleted",
    "diff",
    "discarded",
    "error",
    "fits",
    "frozen",
    "granted",
    "help_all",
    "help_one",
    "home",
    "inbox",
    "invited",
    "linked",
    "log",
    "merged",
    "missing",
    "note",
    "nudge",
    "people",
    "preferring",
    "project",
    "projects",
    "proposal",
    "released",
    "removed",
    "report",
    "result",
    "rules",
    "run",
    "runs",
    "several",
    "status",
    "stranger",
    "task",
    "tasks",
    "unexpected",
    "unlinked",
    "welcome",
]
