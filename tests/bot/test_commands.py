"""The grammar: what people type, with everything phones do to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.commands import parse, render
from bot.views import help_all
from runner.errors import BadInput, EmptyPrompt, SignoffError, TooLarge, UnknownCommand
from runner.model import Priority, Role, State
from runner.runs import RunOptions
from runner.tasks import FORMATS, TaskDraft


def test_new_takes_options_tags_variables_and_the_rest_as_prompt() -> None:
    command = parse(
        'new fix-tests #ci --project demo --test "pytest -q" --turns 20 --cost 2 --allow "Bash(pytest *)" '
        "module=calc Fix the failing test in {{module}}"
    )
    assert command == commands.New(
        draft=TaskDraft(
            name="fix-tests",
            tags=("ci",),
            project="demo",
            test="pytest -q",
            turns=20,
            cost=2.0,
            allow=("Bash(pytest *)",),
            variables={"module": "calc"},
            prompt="Fix the failing test in {{module}}",
        )
    )


def test_prompt_text_is_verbatim_with_its_newlines_quotes_and_option_like_words() -> None:
    """CMD-4: nothing of a prompt is interpreted once it has begun."""
    text = 'Say "hi"  twice\n\n  - indented --project x #tag k=v\n\t“quoted” — done'
    assert parse(f"do --project demo {text}") == commands.Do(prompt=text, options=RunOptions(project="demo"))


def test_a_lone_double_dash_ends_the_options() -> None:
    assert parse("do -- --project is a word") == commands.Do(prompt="--project is a word")


def test_dashes_and_quotes_of_phones_are_read_like_the_plain_ones() -> None:
    """CMD-5: em and en dashes, typographic quotes, non-breaking blanks."""
    plain = parse('new a --test "pytest -q" k="x y" Do it')
    assert parse("New\u00a0a —test “pytest -q” k=“x y” Do it") == plain
    assert parse("new a \u2013test=“pytest -q” k=„x y“ Do it") == plain


def test_values_in_quotes_may_have_several_lines_and_escaped_quotes() -> None:
    command = parse('run a text="one\ntwo \\"x\\" \\\\"')
    assert command == commands.Run(name="a", variables={"text": 'one\ntwo "x" \\'})


@pytest.mark.parametrize("prefix", ["", "/", "/task ", "task ", "  TASK ", "/task@signoff_bot ", "/task /"])
def test_prefixes_of_the_chat_products_are_dropped(prefix: str) -> None:
    assert parse(f"{prefix}run a --priority High") == commands.Run(name="a", options=RunOptions(priority=Priority.HIGH))


def test_a_command_with_the_name_of_the_bot_is_the_command() -> None:
    assert parse("/stop@signoff_bot K3F9X2") == commands.Stop(handle="k3f9x2")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("list #ci --project demo --page abc", commands.ListTasks(tags=("ci",), project="demo", after="abc")),
        ("runs --state failed,waiting --task a", commands.Runs(states=(State.FAILED, State.WAITING), task="a")),
        ("runs login timeout", commands.Runs(text="login timeout")),
        ("approve", commands.Approve()),
        (
            "approve k3f9x2 --edit pytest -q --maxfail=1",
            commands.Approve(handle="k3f9x2", edit="pytest -q --maxfail=1"),
        ),
        ("approve --edit=a\nb", commands.Approve(edit="a\nb")),
        ("approve k3f9x2 --run", commands.Approve(handle="k3f9x2", rule="")),
        ("approve k3f9x2 --run Bash(pytest *)", commands.Approve(handle="k3f9x2", rule="Bash(pytest *)")),
        ("deny", commands.Deny()),
        ("deny no network", commands.Deny(reason="no network")),
        ("deny k3f9x2 no network", commands.Deny(handle="k3f9x2", reason="no network")),
        ("deny -- k3f9x2 is a name", commands.Deny(reason="k3f9x2 is a name")),
        ("answer k3f9x2 1: a; 2: b", commands.Answer(handle="k3f9x2", text="1: a; 2: b")),
        ("report", commands.Report()),
        ("report md", commands.Report(format="markdown")),
        ("report k3f9x2 pdf", commands.Report(handle="k3f9x2", format="pdf")),
        ("project", commands.ProjectList()),
        (
            'project add demo "~/my code" --test "pytest -q"',
            commands.ProjectAdd(name="demo", path="~/my code", settings={"test": "pytest -q"}),
        ),
        ("edit a --tools none --no-sandbox", commands.Edit(name="a", draft=TaskDraft(tools=(), sandbox=False))),
        ("edit a --project=''", commands.Edit(name="a", draft=TaskDraft(project=""))),
        ("link", commands.Link()),
        ("link Telegram", commands.Link(messenger="telegram")),
        ("/link " + "0A" * 16, commands.Redeem(code="0a" * 16)),
        ("unlink slack", commands.Unlink(messenger="slack")),
        ("prefer telegram", commands.Prefer(messenger="telegram")),
        ("prefer HERE", commands.Prefer()),
        ("", commands.Help()),
        ("/task", commands.Help()),
    ],
)
def test_forms(text: str, command: commands.Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("aprove", UnknownCommand, "approve"),
        ("statsu", UnknownCommand, "status"),
        ("project ad x", UnknownCommand, "project add"),
        ("help aprove", UnknownCommand, "approve"),
        ("do --projct demo x", BadInput, "--project"),
        ("do --priority urgent x", BadInput, "high, normal, low"),
        ("new a --turns many x", BadInput, "takes a number"),
        ("new a --cost -1 x", BadInput, "takes a number"),
        ("run a b c", BadInput, "`b`"),
        ('run a k="open', BadInput, "not closed"),
        ("do --project", BadInput, "without its value"),
        ("do --project --priority high x", BadInput, "without its value"),
        ("approve it please", BadInput, "`it`"),
        ("stop using tabs", BadInput, "`using`"),
        ("new", BadInput, "name"),
        ("new a", EmptyPrompt, "empty"),
        ("do   ", EmptyPrompt, "empty"),
        ("edit a", BadInput, "Nothing to change"),
        ("say", BadInput, "Say what"),
        ("link telegrm", BadInput, "`telegram`"),
        ("link " + "0" * 31, BadInput, "link [slack|telegram] | CODE"),
        ("link telegram now", BadInput, "`now`"),
        ("unlink", BadInput, "Which product?"),
        ("unlink here", BadInput, "unlink slack|telegram"),
        ("prefer", BadInput, "prefer slack|telegram|here"),
        ("prefer terminal", BadInput, "nothing called `terminal`"),
    ],
)
def test_a_mistake_is_named_with_the_right_form(text: str, error: type[SignoffError], words: str) -> None:
    """CMD-3: unknown words name the nearest one, wrong forms the right one."""
    with pytest.raises(error) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.hint


def test_text_above_the_limit_is_refused_and_100_kb_are_read_fast() -> None:
    """CMD-6: and what is below the limit takes milliseconds, however odd."""
    with pytest.raises(TooLarge):
        parse("do " + "x" * commands.TEXT_LIMIT)
    for text in (
        "do " + "word " * 20_000,
        'run a k="' + '\\" ' * 33_000 + '"',
        "do " + "-" * 100_000,
        "run a " + "k=v " * 25_000,
    ):
        began = time.perf_counter()
        parse(text)
        assert time.perf_counter() - began < 0.5


def test_every_example_of_the_help_parses_to_its_own_command() -> None:
    for entry in commands.ENTRIES:
        for example in entry.examples:
            assert render(parse(example)).startswith(entry.word)


def refusal(text: str) -> SignoffError | None:
    """Return what is wrong with a text, None if nothing is. Any other error is the test's."""
    try:
        parse(text)
    except SignoffError as error:
        return error
    return None


@given(st.text(max_size=200))
def test_no_text_raises_anything_but_an_error_for_people(text: str) -> None:
    """CMD-1: and the error has a hint that says what to type."""
    error = refusal(text)
    assert error is None or error.hint


@given(
    st.sampled_from([entry.word for entry in commands.ENTRIES]),
    st.lists(
        st.sampled_from(
            [
                "--project",
                "--",
                "—turns",
                "--edit",
                "--run",
                "k=",
                'k="',
                "“",
                "#ci",
                "k3f9x2",
                "add",
                "--alike",
                "--grant",
                "--days",
                "--second",
                "Bash(",
                ")",
                "off",
                "slack",
                "here",
                "3d",
                "3",
                "'",
                " ",
                "\n",
                "x",
            ]
        )
        | st.text(max_size=8),
        max_size=8,
    ),
)
def test_no_arrangement_of_the_grammars_pieces_raises_anything_else(word: str, pieces: list[str]) -> None:
    """CMD-1: also when the pieces of the grammar stand in odd places."""
    error = refusal(" ".join([word, *pieces]))
    assert error is None or error.hint


_BLANK = "\u200b\u2060\ufeff"


def _trimmed(text: str) -> bool:
    return bool(text) and not any(c.isspace() or c in _BLANK for c in (text[0], text[-1]))


_TEXT = st.text(min_size=1, max_size=60).filter(_trimmed)
_NAME = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True)
_HANDLE = st.from_regex(r"[0-9a-hjkmnp-tv-z]{6,26}", fullmatch=True)
_MAYBE_HANDLE = st.just("") | _HANDLE
_VARIABLES = st.dictionaries(
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), st.text(max_size=20), max_size=3
)
_NAMES = st.lists(_NAME.filter(lambda name: name != "none"), max_size=3).map(tuple)
_PATTERNS = st.lists(_TEXT.filter(lambda text: text != "none"), max_size=2).map(tuple)
_PATTERN = _TEXT | st.text(max_size=20).map(lambda inside: f"Bash({inside})")
_DAYS = st.integers(0, 3650)
_RUN_OPTIONS = st.builds(
    RunOptions,
    project=st.none() | st.text(max_size=10),
    priority=st.none() | st.sampled_from(Priority),
    model=st.none() | _NAME,
    reports=st.none() | st.lists(st.sampled_from(FORMATS), max_size=3).map(tuple),
)


def _draft(**fixed: st.SearchStrategy[str]) -> st.SearchStrategy[TaskDraft]:
    return st.builds(
        TaskDraft,
        **fixed,
        project=st.none() | st.text(max_size=10),
        description=st.none() | st.text(max_size=20),
        variables=_VARIABLES,
        tags=st.none()
        | st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True), min_size=1, unique=True).map(tuple),
        read_projects=st.none() | _NAMES,
        goal=st.none() | st.text(max_size=20),
        tools=st.none() | _NAMES,
        allow=st.none() | _PATTERNS,
        refuse=st.none() | _PATTERNS,
        sandbox=st.none() | st.booleans(),
        turns=st.none() | st.integers(0, 10**6),
        cost=st.none() | st.floats(0, 1000, allow_nan=False),
        priority=st.none() | st.sampled_from(["high", "low"]),
    )


def _handled(make: Callable[..., commands.Command]) -> st.SearchStrategy[commands.Command]:
    return st.builds(make, handle=_MAYBE_HANDLE)


_COMMANDS: st.SearchStrategy[commands.Command] = st.one_of(
    st.builds(commands.New, draft=_draft(name=_NAME, prompt=_TEXT)),
    st.builds(commands.Edit, name=_NAME, draft=_draft(prompt=_TEXT)),
    st.builds(commands.Run, name=_NAME, variables=_VARIABLES, options=_RUN_OPTIONS),
    st.builds(commands.Do, prompt=_TEXT, options=_RUN_OPTIONS),
    st.builds(
        commands.ListTasks,
        tags=st.just(("ci",)),
        project=st.none() | _NAME,
        mine=st.booleans(),
        after=st.none() | _NAME,
    ),
    st.builds(commands.Search, text=_TEXT, after=st.none() | _NAME),
    st.builds(
        commands.Runs,
        states=st.lists(st.sampled_from(State), unique=True).map(tuple),
        task=st.none() | _NAME,
        text=st.just("") | _TEXT,
        mine=st.booleans(),
    ),
    st.builds(commands.Say, handle=_MAYBE_HANDLE, text=_TEXT),
    st.builds(commands.Resume, handle=_MAYBE_HANDLE, text=st.just("") | _TEXT),
    st.builds(commands.Deny, handle=_MAYBE_HANDLE, reason=st.just("") | _TEXT, alike=st.booleans()),
    st.builds(commands.Answer, handle=_MAYBE_HANDLE, text=_TEXT),
    st.builds(commands.Approve, handle=_MAYBE_HANDLE, edit=_TEXT),
    st.builds(commands.Approve, handle=_MAYBE_HANDLE, rule=st.none() | st.just("") | _TEXT),
    st.builds(commands.Approve, handle=_HANDLE, more=st.lists(_HANDLE, max_size=4).map(tuple)),
    st.builds(commands.Approve, handle=_MAYBE_HANDLE, alike=st.just(value=True)),
    st.builds(commands.Approve, handle=_MAYBE_HANDLE, second=_TEXT),
    st.builds(commands.Inbox, everything=st.booleans()),
    st.builds(commands.Rules, task=st.none() | _NAME, project=st.none() | _NAME),
    st.builds(commands.RuleFrom, handle=_HANDLE, days=_DAYS, grant=st.booleans()),
    *(
        st.builds(
            commands.RuleNew, pattern=_PATTERN, refuse=st.booleans(), days=_DAYS, grant=st.booleans(), **{scope: _TEXT}
        )
        for scope in ("task", "project")
    ),
    st.builds(commands.GiveRole, name=_TEXT, role=st.sampled_from(Role)),
    st.builds(commands.Delegate, name=_TEXT, span=st.integers(1, 90 * 24 * 60).map(lambda n: timedelta(minutes=n))),
    st.builds(commands.Link, messenger=st.sampled_from(["", "slack", "telegram"])),
    st.builds(commands.Redeem, code=st.text("0123456789abcdef", min_size=32, max_size=32)),
    st.builds(commands.Unlink, messenger=st.sampled_from(["slack", "telegram"])),
    st.builds(commands.Prefer, messenger=st.sampled_from(["", "slack", "telegram"])),
    st.builds(commands.Freeze, why=st.just("") | _TEXT),
    st.sampled_from([commands.People(), commands.DelegateOff(), commands.Release()]),
    st.builds(commands.Report, handle=_MAYBE_HANDLE, format=st.sampled_from(["", *FORMATS])),
    st.builds(
        commands.ProjectAdd, name=_NAME, path=_TEXT, settings=st.dictionaries(st.sampled_from(["base", "setup"]), _TEXT)
    ),
    st.builds(commands.ProjectShow, name=_NAME),
    st.builds(commands.Show, name=_NAME),
    st.builds(commands.Revoke, rule=_HANDLE),
    st.builds(commands.Help, word=st.sampled_from(["", "run"])),
    st.just(commands.Status()),
    *(
        _handled(make)
        for make in (
            commands.Log,
            commands.View,
            commands.Stop,
            commands.Cancel,
            commands.Retry,
            commands.Rules,
            commands.Diff,
            commands.Merge,
            commands.Discard,
        )
    ),
)


@given(_COMMANDS)
def test_a_command_written_as_text_reads_as_itself(command: commands.Command) -> None:
    """CMD-2: for every command."""
    assert parse(render(command)) == command


@pytest.mark.parametrize(
    "command",
    [
        commands.Deny(reason="change the name"),
        commands.Say(text="k3f9x2 is the file"),
        commands.Resume(text="-- and go on"),
        commands.Answer(text="remember", handle=""),
        commands.Approve(edit="-- make"),
        commands.Do(prompt="#ci is red"),
        commands.Do(prompt="\u2014 is a dash"),
        commands.New(draft=TaskDraft(name="a", prompt="k=v is odd")),
        commands.Deny(reason="--alike is not what I said"),
        commands.Freeze(why="-- now"),
        commands.RuleNew(pattern="--", task="--"),
        commands.Delegate(name="bob", span=timedelta(minutes=129_599)),
        commands.RuleNew(pattern="Bash(a)", task="b) (c)"),
    ],
)
def test_text_that_begins_like_an_id_or_an_option_is_written_so_that_it_stays_text(command: commands.Command) -> None:
    assert parse(render(command)) == command


def test_the_help_knows_every_command_and_nothing_else() -> None:
    """CMD-7: the table behind the help has an example of every command."""
    said = {type(parse(example)) for entry in commands.ENTRIES for example in entry.examples}
    assert said == {*get_args(commands.Command)}


def test_the_help_lists_every_command_in_lines_that_no_phone_breaks() -> None:
    """CMD-20: a phone shows 34 characters of code in a line."""
    lines = [line for section in help_all(commands.ENTRIES).sections for line in section.body.split("\n")]
    assert sorted(line.split()[0] for line in lines) == sorted(commands.TABLE)
    assert max(map(len, lines)) <= 30
    assert all(2 <= len(line.split()[1:]) <= 4 for line in lines)
