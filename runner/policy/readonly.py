"""Commands that are known to change nothing, so that nobody need be asked."""

from __future__ import annotations

import re
from collections.abc import Callable

from runner.policy.context import PolicyContext, names
from runner.policy.effects import has_flag, operands
from runner.policy.git import reads_only as git_reads_only
from runner.policy.places import directory_of, path_parts, place
from runner.shell import SHELLS, Command, Word, program_source

_READERS = names(
    "ls cat head tail wc grep egrep fgrep rg pwd file stat du df diff cmp comm cut tr nl tac rev fold column "
    "paste join expand strings od hexdump cksum md5sum sha1sum sha256sum sha512sum basename dirname realpath "
    "readlink tree jq seq which type whoami id uname date nproc uptime sleep true false : test [ cd wait sort "
    "uniq find git echo printf command xargs sed free arch locale tty groups hostname read exit break continue "
    "return shift local fmt pr tsort zcat cloc tokei set"
)
_SPEAKERS = frozenset({"echo", "printf", "test", "[", "true", "false", ":", "exit", "return", "local"})
_HARMLESS_VARIABLES = re.compile(
    r"^(LC_\w+|LANG|LANGUAGE|TERM|NO_COLOR|FORCE_COLOR|CLICOLOR(_FORCE)?|COLUMNS|LINES|TZ|CI|DEBUG"
    r"|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|GIT_PAGER|GIT_TERMINAL_PROMPT|GIT_OPTIONAL_LOCKS)$"
)
_SHELL_OPTION = re.compile(r"-[celuxvs]+|-o|pipefail|errexit|nounset|--|-|--norc|--noprofile|--login")
_VARIABLE = re.compile(r"\$(?!\()")
_NAMERS = frozenset({"find", "fd", "fdfind", "ls"})  # they print names of files below the folders they are given
_FOLDERS = ("/bin/", "/usr/bin/", "/usr/local/bin/")
_FIND_ACTS = re.compile(r"^-(exec|execdir|ok|okdir|delete|fprint0?|fprintf|fls)$")
_SED_SCRIPT = re.compile(
    r"(\d+|\$|/[^/]*/)?(,(\d+|\$|/[^/]*/|\+\d+))?[pdq=]"
    r"|s(?P<mark>[/|#,])(?:(?!(?P=mark)).)*(?P=mark)(?:(?!(?P=mark)).)*(?P=mark)[gpiI0-9]*"
)


def reads_only(command: Command, context: PolicyContext) -> bool:
    """Whether a command is known to change nothing and to read only where it may."""
    if command.carries:
        return _carrier(command)
    if not sets_nothing(command):
        return False
    if not command.words:
        return True
    program = _program(command)
    if program not in _READERS or not _shape(program, command):
        return False
    if program in _SPEAKERS:
        return all(not word.opaque or _is_output(word) or program == "test" for word in command.arguments)
    return all(_readable(word, command, context) for word in command.arguments)


def sets_nothing(command: Command) -> bool:
    """Whether the variables set for a command are at most those that change how it prints."""
    return all(_HARMLESS_VARIABLES.match(name) for name, _ in command.assignments)


def _program(command: Command) -> str:
    """Name of the program if it is the system's own, not `./ls`."""
    first = command.words[0]
    name = command.program
    if not first.known or first.text not in {name, *(folder + name for folder in _FOLDERS)}:
        return ""
    return name


def _carrier(command: Command) -> bool:
    """A wrapper is as harmless as what it carries, if it sets nothing that matters."""
    settings = [word.text.split("=", 1)[0] for word in command.arguments if re.match(r"[A-Za-z_]\w*=", word.text)]
    if command.program in SHELLS and not all(_SHELL_OPTION.fullmatch(text) for text in _options(command)):
        return False
    own = [*settings, *(name for name, _ in command.assignments)]
    return (
        command.words[0].known
        and "/" not in command.words[0].text
        and all(_HARMLESS_VARIABLES.match(name) for name in own)
    )


def _options(command: Command) -> list[str]:
    """Words of a shell before its code."""
    texts = [word.text for word in command.arguments]
    _, code, _ = program_source(command)
    return texts[: texts.index(code.text)] if code and code.text in texts else texts


def _readable(word: Word, command: Command, context: PolicyContext) -> bool:
    """Whether a word, taken for a path in every way it could be one, stays where reading is allowed."""
    if word.opaque and word.text.startswith("<("):
        return _is_output(word)
    if word.opaque:
        return word.text == "$stdin" and bool(command.upstream) and set(command.upstream) <= _NAMERS
    if not word.known:
        return False
    here = directory_of(command, context)
    return all(place(part, here, context).ours for part in path_parts(word))


def _is_output(word: Word) -> bool:
    """Whether all that is unknown of a word is what commands of this line print; they are judged by themselves."""
    return bool(word.made_by) and not _VARIABLE.search(word.text)


def _shape(program: str, command: Command) -> bool:
    """Whether the options of a program keep it harmless."""
    check = _SHAPES.get(program)
    return check is None or check(command)


def _sort(command: Command) -> bool:
    return not has_flag(command.arguments, "oT", "--output", "--compress-program", "--temporary-directory")


def _uniq(command: Command) -> bool:
    return len(operands(command.arguments, ("-f", "-s", "-w"))) < 2


def _find(command: Command) -> bool:
    return not any(_FIND_ACTS.match(word.text) for word in command.arguments)


def _rg(command: Command) -> bool:
    return not any(
        word.text.startswith(("--pre", "--hostname-bin", "--search-zip", "-z")) for word in command.arguments
    )


def _sed(command: Command) -> bool:
    """Only printing, deleting from the output and plain substitution; `w`, `e` and `-i` do more."""
    words = command.arguments
    if has_flag(words, "if", "--in-place", "--file") or any(word.text in {"-e", "--expression"} for word in words):
        return False
    scripts = operands(words)[:1]
    return bool(scripts) and scripts[0].known and bool(_SED_SCRIPT.fullmatch(scripts[0].text))


def _jq(command: Command) -> bool:
    return not any(re.search(r"\benv\b|\$ENV", word.text) for word in command.arguments)


def _set(command: Command) -> bool:
    """Switches of the shell itself, as in `set -euo pipefail`."""
    texts = [word.text for word in command.arguments]
    return bool(texts) and all(re.fullmatch(r"[-+][euxvo]+|pipefail|errexit|nounset|xtrace", text) for text in texts)


def _date(command: Command) -> bool:
    return not has_flag(command.arguments, "s", "--set", "--file")


def _tree(command: Command) -> bool:
    return not has_flag(command.arguments, "oR")


def _hostname(command: Command) -> bool:
    return not command.arguments


def _command(command: Command) -> bool:
    return any(word.text in {"-v", "-V"} for word in command.arguments[:1])


def _file(command: Command) -> bool:
    return not has_flag(command.arguments, "C", "--compile", "--files-from", "--magic-file")


_SHAPES: dict[str, Callable[[Command], bool]] = {
    "command": _command,
    "date": _date,
    "file": _file,
    "find": _find,
    "git": git_reads_only,
    "hostname": _hostname,
    "jq": _jq,
    "rg": _rg,
    "sed": _sed,
    "set": _set,
    "sort": _sort,
    "tree": _tree,
    "uniq": _uniq,
}
