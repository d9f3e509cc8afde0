"""What can be said to Signoff, as values: one class a command word.

A `handle` is what people type to name an execution or an approval; empty means the newest fitting one of the channel.
`after` continues a list where the page before it ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta

from runner.model import Role, State, value
from runner.runs import RunOptions
from runner.tasks import TaskDraft


@value
class New:
    """Save a task."""

    draft: TaskDraft


@value
class Edit:
    """Change what the draft gives of a saved task."""

    name: str
    draft: TaskDraft


@value
class Show:
    """Show a saved task."""

    name: str


@value
class ListTasks:
    """List saved tasks."""

    tags: tuple[str, ...] = ()
    project: str | None = None
    mine: bool = False
    after: str | None = None


@value
class Search:
    """Find tasks and runs by words."""

    text: str
    after: str | None = None


@value
class Delete:
    """Delete a saved task; its runs stay."""

    name: str


@value
class Run:
    """Run a saved task."""

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    options: RunOptions = field(default_factory=RunOptions)


@value
class Do:
    """Run a prompt that is not saved."""

    prompt: str
    options: RunOptions = field(default_factory=RunOptions)


@value
class Runs:
    """List runs; `text` finds words in title, prompt and summary."""

    states: tuple[State, ...] = ()
    task: str | None = None
    project: str | None = None
    mine: bool = False
    text: str = ""
    after: str | None = None


@value
class Status:
    """Show how a run stands; without a handle, what is going on now."""

    handle: str = ""


@value
class Log:
    """Show what a run did, step by step."""

    handle: str = ""


@value
class View:
    """Show an approval or a run whole."""

    handle: str = ""


@value
class Say:
    """Say something to the agent of a run. Never an answer to an approval."""

    text: str
    handle: str = ""


@value
class Stop:
    """Stop a run so that it can be resumed."""

    handle: str = ""


@value
class Resume:
    """Go on with a stopped run, perhaps saying something first."""

    handle: str = ""
    text: str = ""


@value
class Cancel:
    """End a run for good."""

    handle: str = ""


@value
class Retry:
    """Run the same again as a new run."""

    handle: str = ""


@value
class Inbox:
    """List the questions that wait for this person, or with `everything` those of all, each with the reason why not."""

    everything: bool = False


@value
class Approve:
    """Approve as shown; or with an `edit` of the input; or with a `rule` for the rest of the run.

    `rule` is None for this once, "" for the widest pattern that the card offers, a number for one of those it offers,
    else a pattern. `second` names the person whose edited input is approved, or (`#…`) that input itself by the
    beginning of its digest. `more` are further handles, and `alike` stands for all open steps of the same kind in the
    same project.
    """

    handle: str = ""
    more: tuple[str, ...] = ()
    edit: str | None = None
    rule: str | None = None
    second: str | None = None
    alike: bool = False


@value
class Deny:
    """Deny, perhaps with a reason that the agent reads; with `alike` also the open steps of the same kind."""

    handle: str = ""
    reason: str = ""
    alike: bool = False


@value
class Answer:
    """Answer the agent's question with choices or free text."""

    text: str
    handle: str = ""


@value
class Report:
    """Get the report of a run; no `format` means html."""

    handle: str = ""
    format: str = ""


@value
class Diff:
    """Show what a run changed."""

    handle: str = ""


@value
class Merge:
    """Merge the branch of a run into its base branch."""

    handle: str = ""


@value
class Discard:
    """Throw the branch and worktree of a run away; a backup ref stays."""

    handle: str = ""


@value
class ProjectAdd:
    """Make a git repository known by name. `settings` has the keys of `PROJECT_OPTIONS`."""

    name: str
    path: str
    settings: Mapping[str, str] = field(default_factory=dict)


@value
class ProjectList:
    """List the projects."""


@value
class ProjectShow:
    """Show a project and the state of its repository."""

    name: str


@value
class ProjectRemove:
    """Forget a project; its repository is not touched."""

    name: str


@value
class Rules:
    """Show the rules granted for a run, or the standing ones of a task or a project."""

    handle: str = ""
    task: str | None = None
    project: str | None = None


@value
class RuleFrom:
    """Show the standing rule that a decision suggests, or put it in force. `days` of 0 takes the configured ones."""

    handle: str
    days: int = 0
    grant: bool = False


@value
class RuleNew:
    """Show what a standing rule for a task or a project would do, or put it in force."""

    pattern: str
    task: str | None = None
    project: str | None = None
    refuse: bool = False
    days: int = 0
    grant: bool = False


@value
class Revoke:
    """Take a rule back."""

    rule: str


@value
class People:
    """List who has shown up, their roles, and who answers for whom."""


@value
class GiveRole:
    """Give a person a role."""

    name: str
    role: Role


@value
class Link:
    """Ask for an invitation that makes an account of another chat product one's own; no name: the one that fits."""

    messenger: str = ""


@value
class Redeem:
    """Use an invitation: the account in which this is said belongs to who asked for it."""

    code: str


@value
class Unlink:
    """Give up the accounts of a chat product."""

    messenger: str


@value
class Prefer:
    """Say where questions reach one; no messenger: where the run was begun."""

    messenger: str = ""


@value
class Delegate:
    """Lend one's right to answer to somebody, in whole minutes."""

    name: str
    span: timedelta


@value
class DelegateOff:
    """Take back what one has lent."""


@value
class Freeze:
    """Freeze everything: no step runs until the release."""

    why: str = ""


@value
class Release:
    """Let everything go on."""


@value
class Help:
    """Explain all commands, or one."""

    word: str = ""


OfPeople = People | GiveRole | Link | Redeem | Unlink | Prefer | Delegate | DelegateOff | Freeze | Release
Command = (
    New
    | Edit
    | Show
    | ListTasks
    | Search
    | Delete
    | Run
    | Do
    | Runs
    | Status
    | Log
    | View
    | Say
    | Stop
    | Resume
    | Cancel
    | Retry
    | Inbox
    | Approve
    | Deny
    | Answer
    | Report
    | Diff
    | Merge
    | Discard
    | ProjectAdd
    | ProjectList
    | ProjectShow
    | ProjectRemove
    | Rules
    | RuleFrom
    | RuleNew
    | Revoke
    | OfPeople
    | Help
)
