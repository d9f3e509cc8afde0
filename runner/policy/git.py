"""Git: what a subcommand does to history, to remotes, to settings and to other worktrees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from runner.model import Access, value
from runner.policy.context import Finding, PolicyContext, names, note, refuse, warn
from runner.policy.effects import has_flag, operands, option_values
from runner.policy.guarded import guarded
from runner.policy.places import Place, directory_of, place
from runner.shell import Command, Word

PROTECTED = re.compile(r"^(refs/heads/|heads/)?(main|master|trunk|develop|production|release([/-].*)?)$")
_GLOBAL_TAKES = names("-C -c --git-dir --work-tree --namespace --exec-path --config-env --super-prefix")
_HARMLESS_SETTINGS = re.compile(
    r"^(color\.|user\.(name|email)$|core\.(quotepath|autocrlf|pager=(cat)?$)|advice\.|log\.|diff\.(algorithm|renames)"
    r"|init\.defaultbranch"
    r"|commit\.gpgsign|tag\.gpgsign|safe\.directory|pull\.|rebase\.|merge\.(conflictstyle|ff)|push\.default|column\.|status\.)",
    re.IGNORECASE,
)
_READERS = names(
    "status diff log show rev-parse ls-files blame annotate describe shortlog grep cat-file merge-base rev-list "
    "name-rev ls-tree for-each-ref count-objects diff-tree diff-index diff-files show-ref show-branch "
    "whatchanged cherry range-diff check-ignore check-attr version var"
)
_LISTERS: dict[str, frozenset[str]] = {  # subcommands that only list when all their options are among these
    "branch": names("-a -r -v -vv --list --all --show-current --remotes --no-color --sort --format"),
    "tag": names("-l --list -n --sort --format"),
    "remote": names("-v get-url --verbose"),
    "stash": names("list show -p --stat"),
    "worktree": names("list --porcelain"),
    "reflog": names("show"),
    "config": names("--get --get-all --list -l --get-regexp list get --show-origin"),
    "notes": names("list show"),
    "submodule": names("status summary"),
}
_OPENERS = re.compile(r"^(--ext(-diff|$)|--ext-|--out|-O|--open|--textconv|--no-index|--contents|--upload-pack|--exec)")


@value
class GitCall:
    """A git command taken apart: global options, subcommand, its words."""

    command: Command
    options: tuple[Word, ...]
    verb: str
    words: tuple[Word, ...]


def take_apart(command: Command) -> GitCall:
    """Split `git -C dir -c k=v VERB words`."""
    words = command.arguments
    index = 0
    while index < len(words) and words[index].text.startswith("-"):
        index += 2 if words[index].text in _GLOBAL_TAKES else 1
    verb = words[index].text if index < len(words) else ""
    return GitCall(command=command, options=tuple(words[:index]), verb=verb, words=tuple(words[index + 1 :]))


def reads_only(command: Command) -> bool:
    """Whether this git command is known to change nothing and start nothing."""
    call = take_apart(command)
    if any(
        option.text not in {"--no-pager", "-P", "--version", "--help"}
        for option in call.options
        if not _harmless(option, call)
    ):
        return False
    if any(_OPENERS.match(word.text) for word in call.words):
        return False
    if not call.verb or call.verb in _READERS:
        return True
    return _lists(call)


def _lists(call: GitCall) -> bool:
    """Whether a subcommand that can do more only lists: all its options, and its own verb, are known."""
    allowed = _LISTERS.get(call.verb)
    if allowed is None:
        return False
    options = [word.text.split("=", 1)[0] for word in call.words if word.text.startswith("-")]
    others = [word.text for word in operands(call.words)]
    if not all(option in allowed for option in options):
        return False
    if call.verb in {"branch", "tag"}:
        return not others or any(option in {"--list", "-l", "-n"} for option in options)
    if call.verb == "config":
        return bool(options) or others[:1] in (["list"], ["get"])
    return others[0] in allowed if others else call.verb in {"remote", "reflog"}


def git_findings(command: Command, context: PolicyContext) -> Iterable[Finding]:
    """Judge one git command."""
    call = take_apart(command)
    yield from _options(call, context)
    if (
        call.verb
        and not reads_only(command)
        and context.access is Access.READ
        and call.verb not in {"fetch", "ls-remote"}
    ):
        yield refuse(f"runs git {call.verb}, but this run may only read")
    if any(word.opaque for word in call.words) and call.verb in {
        "push",
        "config",
        "update-ref",
        "worktree",
        "branch",
        "reset",
        "clean",
    }:
        yield warn(f"git {call.verb} gets words that are not known until it runs", "unreadable")
    if command.words[1:] and not call.verb.isascii():
        yield warn("an unknown git command")
    check = _CHECKS.get(call.verb)
    if check is not None:
        yield from check(call)
    yield from _paths(call, context)
    yield from _changed_files(call, context)


def _harmless(option: Word, call: GitCall) -> bool:
    """Whether a global option, or the value of `-c`, is harmless."""
    index = call.options.index(option)
    before = call.options[index - 1].text if index else ""
    if before == "-c":
        return bool(_HARMLESS_SETTINGS.match(option.text))
    return option.text in {"-c", "-C"} or before == "-C"


def _options(call: GitCall, context: PolicyContext) -> Iterable[Finding]:
    for setting in option_values(call.options, "-c", "--config-env"):
        if not _HARMLESS_SETTINGS.match(setting.text):
            yield warn(f"sets {setting.text.split('=', 1)[0]} for git, which can start programs")
    here = directory_of(call.command, context)
    elsewhere = option_values(call.options, "-C", "--git-dir", "--work-tree")
    if call.command.directory:
        elsewhere = (*elsewhere, Word(text=here) if here else Word(text="$PWD", known=False, opaque=True))
    for word in elsewhere:
        where = place(word, here, context)
        if where in {Place.INSIDE, Place.ROOT, Place.GIT}:
            continue
        if where is Place.UNKNOWN:
            yield warn("works in a repository that is not known until it runs", "unreadable")
        elif not _reads(call):
            yield refuse(f"changes another repository: {word.text}", "outside worktree")
        elif where is not Place.READ:
            yield warn(f"reads another repository: {word.text}", "outside worktree")
    if option_values(call.options, "--exec-path"):
        yield refuse("makes git start other programs")


def _reads(call: GitCall) -> bool:
    return call.verb in _READERS or call.verb in _LISTERS


def _paths(call: GitCall, context: PolicyContext) -> Iterable[Finding]:
    """Where clone, init, archive and the like write."""
    here = directory_of(call.command, context)
    words = operands(call.words, ("-b", "--branch", "--depth", "-o", "--output", "-m", "-F", "-c", "-j", "--reason"))
    targets: tuple[Word, ...] = ()
    if call.verb == "clone":
        yield warn("fetches another repository", "network")
        targets = words[1:2]
    elif call.verb == "init":
        targets = words[:1]
    elif call.verb == "worktree" and words[:1] and words[0].text == "add":
        targets = words[1:2]
    elif call.verb in {"archive", "bundle", "format-patch", "diff", "log", "show"}:
        targets = (*option_values(call.words, "-o", "--output"), *(words[1:2] if call.verb == "bundle" else ()))
        targets = () if call.verb in {"diff", "log", "show"} and not option_values(call.words, "--output") else targets
    for word in targets:
        where = place(word, here, context)
        if where in {Place.OUTSIDE, Place.READ, Place.GIT}:
            yield refuse(f"writes outside the worktree: {word.text}", "outside worktree")
        elif where in {Place.SCRATCH, Place.UNKNOWN}:
            yield warn(f"writes to {word.text}, outside the worktree", "outside worktree")


def _changed_files(call: GitCall, context: PolicyContext) -> Iterable[Finding]:
    """Files that git itself deletes, renames or takes from another commit."""
    if call.verb == "rm":
        yield note("deletes")
    if call.verb in {"rm", "mv", "checkout", "restore"}:
        here = directory_of(call.command, context)
        for word in operands(call.words, ("-b", "-B", "-s", "--source")):
            yield from guarded(word, here, context)


def _push(call: GitCall) -> Iterable[Finding]:
    words = call.words
    yield note("network", "git history")
    texts = [word.text for word in words]
    refs = operands(words, ("-o", "--push-option", "--repo", "--receive-pack", "--exec"))[1:]
    forced = any(re.fullmatch(r"--f(o|or|orc|orce)?", text) for text in texts) or has_flag(words, "f")
    if forced or any(ref.text.startswith("+") for ref in refs):
        yield refuse("forces a push over what others may have pushed", "network", "git history", "irreversible")
    if any(text.startswith("--mi") for text in texts):
        yield refuse(
            "makes the remote a mirror: deletes and overwrites branches", "network", "git history", "irreversible"
        )
    if any(text.startswith("--force-") for text in texts):
        yield warn("replaces a remote branch (with lease)", "network", "git history", "irreversible")
    if has_flag(words, "d", "--delete", "--prune") or any(ref.text.startswith(":") for ref in refs):
        yield warn("deletes a branch or tag of the remote", "network", "deletes", "irreversible")
    if any(PROTECTED.match(ref.text.rsplit(":", 1)[-1].lstrip("+")) for ref in refs):
        yield warn("pushes straight to a protected branch", "network", "git history", "irreversible")
    if any(text.startswith(("--no-v", "--all", "--tags")) for text in texts):
        yield warn("pushes without the hooks, or more than this branch", "network", "git history")


def _config(call: GitCall) -> Iterable[Finding]:
    asks = has_flag(call.words, "l", "--get", "--get-all", "--get-regexp", "--list")
    if has_flag(call.words, "", "--global", "--system") and asks:
        yield warn("reads git settings of the whole machine", "outside worktree")
    elif has_flag(call.words, "", "--global", "--system"):
        yield refuse("changes git settings of the whole machine", "outside worktree")
    elif option_values(call.words, "-f", "--file") and not reads_only(call.command):
        yield warn("changes a settings file of git")
    names = operands(call.words, ("-f", "--file", "--type"))
    name = next((word.text for word in names if "." in word.text), "")
    if re.match(
        r"(?i)(core\.(hookspath|sshcommand|pager|editor|fsmonitor|askpass|gitproxy)|alias\.|filter\.|credential\.|include|url\.)",
        name,
    ):
        yield refuse(f"makes git start programs or take other settings: {name}")
    elif not reads_only(call.command):
        yield warn("changes settings of the repository, also for its other worktrees")


def _worktree(call: GitCall) -> Iterable[Finding]:
    verb = next((word.text for word in call.words), "")
    if verb in {"remove", "move", "prune", "unlock", "repair"}:
        yield refuse("changes the worktrees of other runs", "deletes", "outside worktree")


def _rewrite(call: GitCall) -> Iterable[Finding]:
    yield refuse(f"rewrites the whole history (git {call.verb})", "git history", "irreversible")


def _branch(call: GitCall) -> Iterable[Finding]:
    words = call.words
    names = operands(words, ("-u", "--set-upstream-to"))
    if has_flag(words, "dDmMfC", "--delete", "--move", "--force"):
        if any(PROTECTED.match(word.text) for word in names):
            yield refuse("moves or deletes a protected branch", "git history", "irreversible")
        else:
            yield warn("moves or deletes a branch", "git history", "deletes")


def _reset(call: GitCall) -> Iterable[Finding]:
    yield note("git history")
    if has_flag(call.words, "", "--hard", "--merge"):
        yield warn("throws away uncommitted changes", "deletes", "git history", "irreversible")


def _discard(call: GitCall) -> Iterable[Finding]:
    texts = [word.text for word in call.words]
    paths = "--" in texts or any(text in {".", "./", ":/"} for text in texts)
    if call.verb == "restore" or paths or has_flag(call.words, "fB", "--force", "--discard-changes"):
        yield warn("throws away uncommitted changes", "deletes", "irreversible")


def _clean(call: GitCall) -> Iterable[Finding]:
    if not has_flag(call.words, "n", "--dry-run"):
        yield warn("deletes files that git does not know", "deletes", "irreversible")


def _references(call: GitCall) -> Iterable[Finding]:
    names = operands(call.words, ("-m",))
    if any(PROTECTED.match(word.text) for word in names[:1]):
        yield refuse("moves a protected branch", "git history", "irreversible")
    elif has_flag(call.words, "", "--stdin"):
        yield refuse("moves branches that cannot be seen here", "git history", "irreversible")
    else:
        yield warn("moves a branch or tag directly", "git history", "irreversible")


def _expire(call: GitCall) -> Iterable[Finding]:
    verb = next((word.text for word in call.words), "")
    gone = call.verb == "prune" or (call.verb == "reflog" and verb in {"expire", "delete"})
    if gone or (call.verb == "gc" and has_flag(call.words, "", "--prune", "--aggressive")):
        yield refuse("deletes what git keeps for undoing mistakes", "git history", "deletes", "irreversible")


def _commit(call: GitCall) -> Iterable[Finding]:
    yield note("git history")
    if has_flag(call.words, "", "--amend"):
        yield warn("replaces the last commit", "git history")
    if has_flag(call.words, "n" if call.verb == "commit" else "", "--no-verify"):
        yield warn("skips the checks of the repository's hooks", "git history")


def _history(_call: GitCall) -> Iterable[Finding]:
    yield note("git history")


def _stash(call: GitCall) -> Iterable[Finding]:
    verb = next((word.text for word in call.words), "")
    if verb in {"drop", "clear"}:
        yield warn("deletes stashed changes, perhaps of other runs", "deletes", "irreversible")


def _remote(call: GitCall) -> Iterable[Finding]:
    if not reads_only(call.command):
        yield warn("changes where this repository pushes to or fetches from")


def _fetch(_call: GitCall) -> Iterable[Finding]:
    yield note("network")


def _submodule(call: GitCall) -> Iterable[Finding]:
    if not reads_only(call.command):
        yield warn("fetches or changes other repositories", "network")


_CHECKS: dict[str, Callable[[GitCall], Iterable[Finding]]] = {
    verb: check
    for listed, check in (
        ("push send-pack", _push),
        ("config", _config),
        ("worktree", _worktree),
        ("filter-branch filter-repo fast-import replace", _rewrite),
        ("branch", _branch),
        ("reset", _reset),
        ("checkout restore switch", _discard),
        ("clean", _clean),
        ("update-ref symbolic-ref", _references),
        ("reflog gc prune", _expire),
        ("commit merge", _commit),
        ("rebase cherry-pick revert am tag", _history),
        ("stash", _stash),
        ("remote", _remote),
        ("fetch pull ls-remote", _fetch),
        ("submodule", _submodule),
    )
    for verb in names(listed)
}
