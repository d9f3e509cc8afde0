"""What people see beside the cards of `tests.bot.test_views`: errors to one person, nudges, long answers, files."""

from __future__ import annotations

from dataclasses import replace

from bot import views
from bot.messenger import Attachment, Button, Card, Look, Section
from bot.posted import lost
from runner.errors import NotAllowed, NotFound
from runner.model import Author, Enclosed, Upload
from tests.bot.sample import DONE, NOW, REPORT, VIEW

_unknown = views.error(
    NotFound("There is no task `the`.", hint="`list` shows the tasks. Say `new NAME PROMPT` to save one.")
)
_back = Section(title="What you wrote", body="name: fix-tests\nprompt: Fix {{module}}", look=Look.CODE)
_pdf = Attachment(name="report-k3f9x2.pdf", path="/p", size=54_321, picture="/p.png", alt="First page")
_unread = Enclosed(
    files=(
        Upload(name="core.dump", trouble="it is too large: a file may have 20 MB"),
        Upload(name="screen recording of the fault.mov", trouble="a message may have 10 files"),
    )
)
_long = replace(
    VIEW,
    execution=replace(DONE, summary="Finding: something is wrong in this place. " * 100),
    messages=(
        replace(VIEW.messages[-1], author=Author.AGENT, text="Finding: something is wrong in this place. " * 100),
    ),
)
CARDS: dict[str, Card] = {
    "alone-stranger": views.stranger("U0123456789")[0],
    "alone-not-allowed": views.error(
        NotAllowed("To approve takes the role approver; bob is operator.", hint="An admin can change that.")
    ),
    "alone-given-back": replace(_unknown, sections=(*_unknown.sections, _back)),
    "alone-late": Card(title="That took too long: press the button again."),
    "offer-to-agent": replace(
        _unknown, buttons=(Button(label="To the agent", action="say --", asks="Say", prefill="run the tests"),)
    ),
    "files-missing": lost(_unread) or Card(title=""),
    "answer-long": views.result(_long, NOW),
    "result-pdf": replace(views.result(replace(VIEW, execution=DONE, reports=(REPORT,)), NOW), files=(_pdf,)),
}
REMARKS: dict[str, str] = {
    "alone-long": "That is long: it comes to you directly, with a file.",
    "head": "Ada Lovelace: /task do --project api mend the test that fails since Tuesday, and say why it did",
    "head-shortcut": "Run this, for Ada Lovelace",
    "nudge": "Still waiting (10 min): $ git push --force-with-lease origin main",
}
