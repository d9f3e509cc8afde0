"""The words of the grammar: the one table behind help, completion and the nearest match."""

from __future__ import annotations

from enum import Enum

from rapidfuzz import fuzz, process

from bot.commands.options import (
    ALIKE,
    APPROVE_OPTIONS,
    EDIT_OPTIONS,
    INBOX_OPTIONS,
    LIST_OPTIONS,
    PAGE,
    PROJECT_OPTIONS,
    RULE_OPTIONS,
    RULES_OPTIONS,
    RUN_OPTIONS,
    RUNS_OPTIONS,
    TASK_OPTIONS,
    Option,
)
from runner.model import value


class Target(Enum):
    """What the first word after a command names."""

    NOTHING = "nothing"
    TASK = "task"
    RUN = "run"
    APPROVAL = "approval"
    PROJECT = "project"
    PERSON = "person"
    PRODUCT = "product"
    WORD = "word"


@value
class Entry:
    """One command: how it is written, what it does, examples that parse."""

    word: str
    form: str
    about: str
    details: str = ""
    examples: tuple[str, ...] = ()
    target: Target = Target.NOTHING
    options: tuple[Option, ...] = ()
    tags: bool = False


_HANDLE = "HANDLE is the short id on the card; without it the newest fitting run of this channel is meant."
_ASK = "HANDLE is the short id on the card; it may be left out while only one question is open in this channel."

ENTRIES = (
    Entry(
        word="new",
        form="new NAME [#tag …] [--option value …] [variable=default …] PROMPT",
        about="save a task",
        details="`{{name}}` in the prompt is filled at each run. Everything after the options is the prompt, as it is.",
        examples=(
            'new fix-tests #ci --project demo --test "pytest -q" --turns 20 module=calc Fix the test in {{module}}',
            'new tidy --allow "Bash(ruff *)" --plan Tidy the imports',
        ),
        target=Target.WORD,
        options=TASK_OPTIONS,
        tags=True,
    ),
    Entry(
        word="edit",
        form="edit NAME [#tag …] [--option value …] [variable=default …] [PROMPT]",
        about="change a task; what is not given stays",
        details='Tags given replace the old ones. `--name` renames; `""` or `none` empties an option.',
        examples=("edit fix-tests --turns 40", "edit fix-tests Fix the failing tests in {{module}}, nothing else"),
        target=Target.TASK,
        options=EDIT_OPTIONS,
        tags=True,
    ),
    Entry(word="show", form="show NAME", about="show a task", examples=("show fix-tests",), target=Target.TASK),
    Entry(
        word="list",
        form="list [#tag …] [--project NAME] [--mine]",
        about="list tasks",
        examples=("list", "list #ci --project demo"),
        options=LIST_OPTIONS,
        tags=True,
    ),
    Entry(
        word="search",
        form="search WORDS",
        about="find tasks and runs by words",
        examples=("search login timeout",),
        options=(PAGE,),
    ),
    Entry(
        word="delete",
        form="delete NAME",
        about="delete a task; its runs stay",
        examples=("delete fix-tests",),
        target=Target.TASK,
    ),
    Entry(
        word="run",
        form="run NAME [variable=value …] [--option value …]",
        about="run a task",
        details="Values with spaces go in quotes. A missing value is asked for.",
        examples=("run fix-tests module=calc --priority high", 'run fix-tests module="the parser"'),
        target=Target.TASK,
        options=RUN_OPTIONS,
    ),
    Entry(
        word="do",
        form="do [--option value …] PROMPT",
        about="run a prompt without saving it",
        examples=("do --project demo Add a changelog",),
        options=RUN_OPTIONS,
    ),
    Entry(
        word="runs",
        form="runs [--state STATE] [--task NAME] [--project NAME] [--mine] [WORDS]",
        about="list runs",
        examples=("runs", "runs --state failed --task fix-tests"),
        options=RUNS_OPTIONS,
    ),
    Entry(
        word="status",
        form="status [HANDLE]",
        about="how a run stands; without one, what is going on now",
        examples=("status", "status k3f9x2"),
        target=Target.RUN,
    ),
    Entry(
        word="log",
        form="log [HANDLE]",
        about="what a run did, step by step",
        details=_HANDLE,
        examples=("log", "log k3f9x2"),
        target=Target.RUN,
    ),
    Entry(
        word="view",
        form="view [HANDLE]",
        about="show a question or a run whole",
        details=_HANDLE,
        examples=("view k3f9x2",),
        target=Target.APPROVAL,
    ),
    Entry(
        word="say",
        form="say [HANDLE] TEXT",
        about="say something to the agent",
        details=f"While a run is live, plain text does the same. It never answers a question. {_HANDLE}",
        examples=("say use the small fixture", "say k3f9x2 and add a test"),
        target=Target.RUN,
    ),
    Entry(
        word="stop",
        form="stop [HANDLE]",
        about="stop a run; it can be resumed",
        details=_HANDLE,
        examples=("stop", "stop k3f9x2"),
        target=Target.RUN,
    ),
    Entry(
        word="resume",
        form="resume [HANDLE] [TEXT]",
        about="go on with a stopped run",
        details=f"TEXT is said to the agent first. {_HANDLE}",
        examples=("resume", "resume k3f9x2 but leave the parser alone"),
        target=Target.RUN,
    ),
    Entry(
        word="cancel",
        form="cancel [HANDLE]",
        about="end a run for good",
        details=_HANDLE,
        examples=("cancel k3f9x2",),
        target=Target.RUN,
    ),
    Entry(
        word="retry",
        form="retry [HANDLE]",
        about="run the same again",
        details=_HANDLE,
        examples=("retry k3f9x2",),
        target=Target.RUN,
    ),
    Entry(
        word="inbox",
        form="inbox [--all]",
        about="questions that wait for my answer",
        details="`--all` lists those of everybody, with the reason why they are not mine.",
        examples=("inbox", "inbox --all"),
        options=INBOX_OPTIONS,
    ),
    Entry(
        word="approve",
        form="approve [HANDLE …] [--edit TEXT | --run [PATTERN | NUMBER] | --second PERSON | --alike]",
        about="approve a step or a plan",
        details="`--edit` approves with another input: the new command, or the new text, or JSON of the whole input. "
        "`--run` also approves what fits the pattern for the rest of the run: one that you write, or the card's by its "
        "number (1 is the narrowest), or its widest; `revoke` takes that back. `--second bob` approves the input that "
        "bob proposed, where several have to approve. `--alike` also approves the open steps of the same kind in the "
        f"same project, as far as their cards showed all of them; so do several handles. {_ASK}",
        examples=(
            "approve",
            "approve k3f9x2",
            "approve k3f9x2 m2p4q8",
            "approve k3f9x2 --edit pytest -q tests/test_calc.py",
            "approve k3f9x2 --run 1",
            "approve k3f9x2 --run Bash(pytest *)",
            "approve k3f9x2 --second bob",
            "approve k3f9x2 --alike",
        ),
        target=Target.APPROVAL,
        options=APPROVE_OPTIONS,
    ),
    Entry(
        word="deny",
        form="deny [HANDLE] [--alike] [REASON]",
        about="deny a step or a plan; the agent reads the reason",
        details=f"`--alike` also denies the open steps of the same kind in the same project. {_ASK}",
        examples=("deny", "deny k3f9x2 no network, use the fixture", "deny k3f9x2 --alike not on a Friday"),
        target=Target.APPROVAL,
        options=(ALIKE,),
    ),
    Entry(
        word="answer",
        form="answer [HANDLE] CHOICE[, CHOICE …] | TEXT",
        about="answer a question of the agent",
        details=f"A choice is its text or its number (`#2`). Several questions: `1: first; 2: second`. {_ASK}",
        examples=("answer k3f9x2 SQLite", "answer k3f9x2 #2", "answer k3f9x2 1: SQLite; 2: tests, docs"),
        target=Target.APPROVAL,
    ),
    Entry(
        word="rules",
        form="rules [HANDLE] [--task NAME] [--project NAME]",
        about="what was granted for a run, or stands for a task or project",
        details=_HANDLE,
        examples=("rules", "rules k3f9x2", "rules --task fix-tests --project demo"),
        target=Target.RUN,
        options=RULES_OPTIONS,
    ),
    Entry(
        word="rule",
        form="rule HANDLE | PATTERN --task NAME | PATTERN --project NAME [--refuse] [--days N] [--grant]",
        about="make a standing rule; first see what it would have changed",
        details="HANDLE is an answered question: the rule is the one that this decision and the equal ones before it "
        "suggest. A PATTERN is one of your own, `Bash(pytest *)`. Without `--grant` nothing is put in force: the card "
        "shows what the rule would have done to the questions of the last 30 days. A rule ends by itself; `revoke` "
        "takes it back before.",
        examples=(
            "rule k3f9x2",
            "rule k3f9x2 --days 90 --grant",
            "rule Bash(pytest *) --task fix-tests",
            "rule Bash(terraform *) --project demo --refuse --grant",
        ),
        target=Target.APPROVAL,
        options=RULE_OPTIONS,
    ),
    Entry(word="revoke", form="revoke RULE", about="take a rule back", examples=("revoke k3f9x2",)),
    Entry(
        word="people",
        form="people",
        about="who has shown up, their roles, and who answers for whom",
        examples=("people",),
    ),
    Entry(
        word="role",
        form="role NAME viewer|operator|approver|admin",
        about="give somebody a role",
        details="A viewer looks, an operator runs, an approver answers, an admin changes roles; each may do what the "
        "ones before may. It takes an admin.",
        examples=("role bob approver",),
        target=Target.PERSON,
    ),
    Entry(
        word="delegate",
        form="delegate NAME TIME | off",
        about="let somebody answer for me for a time",
        details="TIME is minutes, hours, days or weeks: 30m, 8h, 3d, 2w; at most 90 days. `delegate off` ends it.",
        examples=("delegate bob 3d", "delegate off"),
        target=Target.PERSON,
    ),
    Entry(
        word="link",
        form="link [slack|telegram] | CODE",
        about="be the same person in another chat product",
        details="Signoff answers with a code that holds once and for ten minutes. Whoever says `link CODE` in that "
        "product is you there from then on, with your role: show it to nobody.",
        examples=("link", "link telegram", "link 0123456789abcdef0123456789abcdef"),
        target=Target.PRODUCT,
    ),
    Entry(
        word="unlink",
        form="unlink slack|telegram",
        about="give up my account in a chat product",
        details="What stands in the configuration comes back when it is used the next time.",
        examples=("unlink telegram",),
        target=Target.PRODUCT,
    ),
    Entry(
        word="prefer",
        form="prefer slack|telegram|here",
        about="where questions reach me",
        details="They are shown where their run was begun and, where I may answer, directly to me in the product "
        "that I prefer. `here` is where the run was begun, and nowhere else.",
        examples=("prefer telegram", "prefer here"),
        target=Target.PRODUCT,
    ),
    Entry(
        word="freeze",
        form="freeze [WHY]",
        about="freeze everything: no step of any agent begins",
        details="What has begun ends. Questions may be answered; their steps run after `release`.",
        examples=("freeze", "freeze the staging database is on fire"),
    ),
    Entry(word="release", form="release", about="end the freeze", examples=("release",)),
    Entry(
        word="report",
        form="report [HANDLE] [html|pdf|json|markdown]",
        about="get the report of a run",
        details=_HANDLE,
        examples=("report", "report k3f9x2 pdf"),
        target=Target.RUN,
    ),
    Entry(
        word="diff",
        form="diff [HANDLE]",
        about="what a run changed",
        details=_HANDLE,
        examples=("diff k3f9x2",),
        target=Target.RUN,
    ),
    Entry(
        word="merge",
        form="merge [HANDLE]",
        about="merge what a run changed",
        details=_HANDLE,
        examples=("merge k3f9x2",),
        target=Target.RUN,
    ),
    Entry(
        word="discard",
        form="discard [HANDLE]",
        about="throw away what a run changed; a backup stays",
        details=_HANDLE,
        examples=("discard k3f9x2",),
        target=Target.RUN,
    ),
    Entry(
        word="project",
        form="project [list | show NAME | add NAME PATH [--option value …] | remove NAME]",
        about="the git repositories that runs work on",
        examples=(
            "project",
            'project add demo ~/src/demo --test "pytest -q"',
            "project show demo",
            "project remove demo",
        ),
        options=PROJECT_OPTIONS,
    ),
    Entry(word="help", form="help [WORD]", about="all commands, or one in detail", examples=("help", "help run")),
)

TABLE = {entry.word: entry for entry in ENTRIES}
PRODUCTS = ("slack", "telegram")
HERE = "here"
PROJECT_WORDS = ("list", "show", "add", "remove")


def nearest(word: str, words: tuple[str, ...] = tuple(TABLE)) -> str | None:
    """Return the word that was probably meant by a mistyped one (similarity 60 of 100 or more)."""
    match = process.extractOne(word[:40].lower(), words, scorer=fuzz.ratio, score_cutoff=60)
    return match[0] if match else None


def mistyped(word: str) -> bool:
    """Whether a word is so near to a command (75 of 100) that it is hardly anything else: `aprove`, not `yes`."""
    return process.extractOne(word[:40].lower(), tuple(TABLE), scorer=fuzz.ratio, score_cutoff=75) is not None
