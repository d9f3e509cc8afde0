"""Put together what speaks for and against a step, in the order of severity."""

from __future__ import annotations

from collections.abc import Iterable

from runner.errors import BadInput
from runner.model import Rule, Ruling, Scope, ToolCall, Verdict, value
from runner.policy.context import Finding, PolicyContext, names, note, warn
from runner.policy.files import file_findings, reading, writing
from runner.policy.git import git_findings
from runner.policy.network import network_findings
from runner.policy.patterns import (
    COMMAND_TOOLS,
    EDIT_TOOLS,
    READ_TOOLS,
    Pattern,
    is_exact,
    matches_call,
    matches_command,
    matches_tool,
    names_word,
    path_of,
    read_pattern,
)
from runner.policy.places import directory_of, normal, place
from runner.policy.readonly import reads_only, sets_nothing
from runner.policy.system import system_findings
from runner.shell import Command, Script, Word, parse

_FREE_TOOLS = names("TodoWrite TodoRead ToolSearch BashOutput KillShell KillBash EnterPlanMode Agent StructuredOutput")
_NETWORK_TOOLS = frozenset({"WebFetch", "WebSearch"})
_SCOPES = (Scope.RUN, Scope.TASK, Scope.PROJECT, Scope.GLOBAL)
_MAX_REASONS = 2  # more do not fit a phone
_EVERYDAY = {
    "deletes": "deletes files in the worktree",
    "installs packages": "installs packages",
    "network": "uses the network",
    "git history": "changes the branch",
}


@value
class _Granted:
    """A command that a rule allows."""

    command: Command
    rule: Rule
    pattern: Pattern


def read_call(call: ToolCall, context: PolicyContext) -> Script:
    """Read the command line of a Bash call."""
    here = context.cwd or context.worktree
    line = call.input.get("command")
    if not isinstance(line, str):
        return Script(problem="it has no command")
    return parse(line, {"HOME": context.home, "PWD": here, "CLAUDE_PROJECT_DIR": context.worktree})


def judge(call: ToolCall, context: PolicyContext) -> Ruling:
    """Say whether a step is refused, asked or allowed, and why.

    Order: the deny floor; refuse rules; ask rules; allow rules; the default of the tool. Never raises.
    """
    if call.tool in COMMAND_TOOLS:
        return _judge_line(call, context)
    findings = tuple(call_findings(call, context))
    settled = _settled(findings)
    if settled is not None:
        return settled
    rules = [(rule, pattern) for rule, pattern in _live(context) if matches_call(pattern, call, context)]
    for verdict in (Verdict.REFUSE, Verdict.ASK):
        for rule, _ in rules:
            if rule.verdict is verdict:
                return _by_rule(rule, findings)
    warnings = _warnings(findings)
    for rule, pattern in rules:
        if rule.verdict is Verdict.ALLOW and (not warnings or is_exact(pattern)):
            return _by_rule(rule, findings)
    if warnings:
        return Ruling(verdict=Verdict.ASK, reason=_reason(warnings), labels=_labels(findings))
    return _default(call, findings)


def labels(call: ToolCall, context: PolicyContext) -> tuple[str, ...]:
    """Name the computed facts about a step: "network", "deletes", "secrets" ..., in alphabetical order."""
    return judge(call, context).labels


def starts_at(outer: Command, inner: Command) -> int:
    """Where the words of a command begin that another one runs as its own last words; 0 if it does not."""
    index = len(outer.words) - len(inner.words)
    runs = inner.wrappers[-1:] == (outer.program,) and index > 0 and outer.words[index:] == inner.words
    return index if runs else 0


def line_findings(script: Script, context: PolicyContext) -> tuple[tuple[Command, tuple[Finding, ...]], ...]:
    """Collect what is to be said about every command of a line."""
    return tuple((command, tuple(_command_findings(command, context))) for command in script.commands)


def call_findings(call: ToolCall, context: PolicyContext) -> Iterable[Finding]:
    """Collect what is to be said about a call of another tool than the shell."""
    here = context.cwd or context.worktree
    path = path_of(call.input, call.tool)
    word = Word(text=path.replace("~", context.home, 1) if path.startswith("~/") else path)
    if call.tool in EDIT_TOOLS:
        if not path:
            yield warn("it names no file")
            return
        yield from writing(word, here, context)
    elif call.tool in READ_TOOLS and not path:
        yield warn("it names no file")
    elif call.tool in READ_TOOLS:
        yield from _read_findings(call, word, here, context)
    elif call.tool in _NETWORK_TOOLS or call.tool.startswith("mcp__"):
        yield note("network")


def _read_findings(call: ToolCall, word: Word, here: str, context: PolicyContext) -> Iterable[Finding]:
    pattern = call.input.get("pattern") if call.tool == "Glob" else call.input.get("glob")
    words = [word]
    if isinstance(pattern, str) and pattern:
        base = word.text.rstrip("/")
        words.append(Word(text=pattern if pattern.startswith("/") or not base else f"{base}/{pattern}"))
    for one in words:
        yield from reading(one, here, context)
        if not place(one, here, context).ours:
            yield warn(f"reads outside the worktree: {one.text[:80]}", "outside worktree")


def _command_findings(command: Command, context: PolicyContext) -> Iterable[Finding]:
    yield from system_findings(command)
    yield from file_findings(command, context)
    yield from network_findings(command)
    if command.program == "git":
        yield from git_findings(command, context)


def _judge_line(call: ToolCall, context: PolicyContext) -> Ruling:
    script = read_call(call, context)
    judged = line_findings(script, context)
    findings = tuple(finding for _, found in judged for finding in found)
    if script.problem:
        findings = (*findings, warn(f"the command cannot be read: {script.problem}", "unreadable"))
    settled = _settled(findings)
    if settled is not None:
        return settled
    rules = _live(context, "Bash")
    for verdict in (Verdict.REFUSE, Verdict.ASK):
        for rule, pattern in rules:
            if rule.verdict is verdict and _touches(pattern, script):
                return _by_rule(rule, findings)
    return _allowed_line(script, judged, rules, findings, context)


def _allowed_line(
    script: Script,
    judged: tuple[tuple[Command, tuple[Finding, ...]], ...],
    rules: list[tuple[Rule, Pattern]],
    findings: tuple[Finding, ...],
    context: PolicyContext,
) -> Ruling:
    """Allow a line only if every command in it is allowed: by a rule, or because it is known to change nothing."""
    known = _labels(findings)
    used: list[_Granted] = []
    if any(_feeds_others(command) for command in script.commands):
        rules = [(rule, pattern) for rule, pattern in rules if not is_exact(pattern)]
    if script.problem or not script.commands:
        return Ruling(verdict=Verdict.ASK, reason=_reason(_warnings(findings)) or "an empty command", labels=known)
    for command, found in judged:
        if command.guessed:
            continue
        warnings = _warnings(found)
        granted = _allowing(command, warnings, rules, context) or _started(command, warnings, used)
        if granted is not None:
            used.append(granted)
        elif warnings or not _harmless(command, context):
            reason = _reason(_warnings(findings)) or _unknown(command, found)
            return Ruling(verdict=Verdict.ASK, reason=reason, labels=known)
    if used:
        return _by_rule(used[0].rule, findings)
    return Ruling(verdict=Verdict.ALLOW, reason="only reads", labels=known)


def _harmless(command: Command, context: PolicyContext) -> bool:
    if _writes(command):
        return False
    here = directory_of(command, context)
    sources = [redirect.target for redirect in command.redirects if not redirect.writes and not redirect.text]
    if not all(place(source, here, context).ours for source in sources):
        return False
    return reads_only(command, context)


def _discards(target: Word) -> bool:
    return target.known and target.text in {"/dev/null", "/dev/stdout", "/dev/stderr"}


def _allowing(
    command: Command, warnings: tuple[Finding, ...], rules: list[tuple[Rule, Pattern]], context: PolicyContext
) -> _Granted | None:
    """Find the allow rule that covers a command; with a warning, only one that spells it out."""
    for rule, pattern in rules:
        if rule.verdict is not Verdict.ALLOW:
            continue
        if not matches_command(pattern, command) or not command.words:
            continue
        if is_exact(pattern):
            if _is_all(command, context):
                return _Granted(command=command, rule=rule, pattern=pattern)
        elif not (warnings or (_writes(command) and pattern.argument is not None)):
            return _Granted(command=command, rule=rule, pattern=pattern)
    return None


def _started(command: Command, warnings: tuple[Finding, ...], granted: list[_Granted]) -> _Granted | None:
    """Find the allowed command that starts this one under a rule that names it: `uv run pytest *`, not `uv run *`."""
    for one in granted:
        index = starts_at(one.command, command)
        if index and names_word(one.pattern, index) and (is_exact(one.pattern) or not warnings):
            return one
    return None


def _is_all(command: Command, context: PolicyContext) -> bool:
    """Whether its words say all of a command: no input, output, variable or folder comes from elsewhere."""
    return (
        all(_discards(redirect.target) for redirect in command.redirects)
        and not command.upstream
        and sets_nothing(command)
        and directory_of(command, context) == normal(context.cwd or context.worktree)
    )


def _feeds_others(command: Command) -> bool:
    """Whether the input of a wrapper or of a group of commands comes from a file, as in `{ make; } < words`."""
    inputs = (redirect.target for redirect in command.redirects if not redirect.writes)
    return (command.carries or not command.words) and not all(map(_discards, inputs))


def _writes(command: Command) -> bool:
    return any(redirect.writes and not _discards(redirect.target) for redirect in command.redirects)


def _touches(pattern: Pattern, script: Script) -> bool:
    return pattern.argument is None or any(matches_command(pattern, command) for command in script.commands)


def _live(context: PolicyContext, tool: str = "") -> list[tuple[Rule, Pattern]]:
    """Rules in force, nearest scope first; a pattern that cannot be read matches nothing unless it restricts."""
    found: list[tuple[Rule, Pattern]] = []
    for rule in sorted(context.rules, key=lambda rule: _SCOPES.index(rule.scope)):
        if rule.revoked_at is not None or (rule.expires_at is not None and rule.expires_at <= context.now):
            continue
        try:
            pattern = read_pattern(rule.pattern)
        except BadInput:
            if rule.verdict is Verdict.ALLOW:
                continue
            pattern = Pattern(tool="*")
        if not tool or matches_tool(pattern, tool):
            found.append((rule, pattern))
    return found


def _default(call: ToolCall, findings: tuple[Finding, ...]) -> Ruling:
    known = _labels(findings)
    if call.tool in READ_TOOLS:
        return Ruling(verdict=Verdict.ALLOW, reason="reads inside the worktree", labels=known)
    if call.tool in _FREE_TOOLS or call.tool.startswith("Task"):
        return Ruling(verdict=Verdict.ALLOW, reason="changes nothing by itself", labels=known)
    reasons = {"AskUserQuestion": "the agent has a question", "ExitPlanMode": "the agent has a plan"}
    if call.tool in EDIT_TOOLS:
        return Ruling(verdict=Verdict.ASK, reason="changes a file", labels=known)
    if call.tool in _NETWORK_TOOLS:
        return Ruling(verdict=Verdict.ASK, reason="reads from the network", labels=known)
    return Ruling(
        verdict=Verdict.ASK, reason=reasons.get(call.tool, f"no rule speaks of {call.tool[:60]}"), labels=known
    )


def _settled(findings: tuple[Finding, ...]) -> Ruling | None:
    refusals = tuple(finding for finding in findings if finding.verdict is Verdict.REFUSE)
    if not refusals:
        return None
    return Ruling(verdict=Verdict.REFUSE, reason=_reason(refusals), floor=True, labels=_labels(findings))


def _by_rule(rule: Rule, findings: tuple[Finding, ...]) -> Ruling:
    reason = f"rule of the {rule.scope.value}: {rule.verdict.value} {rule.pattern}"
    return Ruling(verdict=rule.verdict, reason=reason, rule=rule.pattern, labels=_labels(findings))


def _warnings(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.verdict is Verdict.ASK)


def _reason(findings: tuple[Finding, ...]) -> str:
    return "; ".join(list(dict.fromkeys(finding.reason for finding in findings))[:_MAX_REASONS])


def _labels(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(sorted({label for finding in findings for label in finding.labels}))


def _unknown(command: Command, found: tuple[Finding, ...]) -> str:
    """Say why a command without warnings is asked all the same."""
    written = [redirect.target.text for redirect in command.redirects if redirect.writes]
    if written:
        return f"writes {written[0][:60]}"
    known = _labels(found)
    for label, reason in _EVERYDAY.items():
        if label in known:
            return reason
    if command.program:
        return f"no rule allows {command.program[:40]} with these words"
    return "sets a variable" if command.assignments else "runs something without a name"
