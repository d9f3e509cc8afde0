"""Programs that run other programs: which of their words are the command, or the text of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from runner.model import value
from runner.shell.interpreters import SHELLS, interpreter, program_source
from runner.shell.values import Command, Word

_QUOTED = re.compile(r"""(?P<mark>['"`])(?P<text>(?:\\.|(?!(?P=mark)).)*)(?P=mark)""", re.DOTALL)
_SUBSCRIPT = re.compile(r"\[(?P<inside>[^\]]*(?:\$\(|`).*)\]", re.DOTALL)
_ARITHMETIC = frozenset(
    {"test", "[", "printf", "read", "let", "local", "declare", "typeset", "export", "readonly", "unset", "wait"}
)
_LIST_COMMA = re.compile(r"""(?<=['"])\s*,\s*(?=['"])""")
MAX_STRINGS = 40


@value
class Wrapper:
    """How a program that runs its own arguments is called."""

    takes: tuple[str, ...] = ()  # options followed by a value
    operands: int = 0  # words of its own before the command
    carries: bool = True  # it does nothing else, and its own words are harmless


@value
class Inner:
    """A command found inside another: words, or text for a shell with its positional parameters."""

    words: tuple[Word, ...] = ()
    text: Word | None = None
    positional: tuple[Word, ...] = ()
    directory: tuple[Word, ...] = ()
    carries: bool = True
    guessed: bool = False


ARGV_WRAPPERS: dict[str, Wrapper] = {
    "env": Wrapper(takes=("-u", "--unset", "-C", "--chdir", "-a", "--argv0")),
    "!": Wrapper(),
    "nohup": Wrapper(),
    "setsid": Wrapper(),
    "nice": Wrapper(takes=("-n", "--adjustment")),
    "ionice": Wrapper(takes=("-c", "-n", "-p", "--class", "--classdata")),
    "chrt": Wrapper(takes=("-T", "-P", "-D"), operands=1),
    "taskset": Wrapper(operands=1),
    "timeout": Wrapper(takes=("-s", "--signal", "-k", "--kill-after"), operands=1),
    "stdbuf": Wrapper(takes=("-i", "-o", "-e", "--input", "--output", "--error")),
    "time": Wrapper(takes=("-f", "--format", "-o", "--output")),
    "command": Wrapper(),
    "builtin": Wrapper(),
    "exec": Wrapper(takes=("-a",)),
    "xargs": Wrapper(
        takes=("-I", "-n", "-P", "-L", "-d", "-E", "-a", "-s", "--arg-file", "--delimiter", "--max-args", "--max-procs")
    ),
    "sudo": Wrapper(takes=("-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t"), carries=False),
    "doas": Wrapper(takes=("-u", "-C"), carries=False),
    "pkexec": Wrapper(takes=("--user",), carries=False),
    "chroot": Wrapper(operands=1, carries=False),
    "unshare": Wrapper(carries=False),
    "nsenter": Wrapper(takes=("-t",), carries=False),
    "strace": Wrapper(takes=("-e", "-o", "-p", "-s", "-P"), carries=False),
    "ltrace": Wrapper(takes=("-e", "-o", "-p", "-s"), carries=False),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "chronic": Wrapper(),
    "unbuffer": Wrapper(),
    "fakeroot": Wrapper(),
    "firejail": Wrapper(carries=False),
    "proot": Wrapper(takes=("-r", "-b", "-w"), carries=False),
    "sshpass": Wrapper(takes=("-p", "-f", "-P"), carries=False),
    "caffeinate": Wrapper(takes=("-t", "-w")),
    "setpriv": Wrapper(carries=False),
    "flock": Wrapper(takes=("-w", "-E"), operands=1, carries=False),
    "entr": Wrapper(carries=False),
    "dotenv": Wrapper(takes=("-f",), operands=1, carries=False),
    "direnv": Wrapper(operands=2, carries=False),
}
RUNNERS: dict[str, tuple[str, ...]] = {  # `uv run CMD`: the word after which a command follows
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "rye": ("run",),
    "bundle": ("exec",),
    "mise": ("exec", "x"),
    "asdf": ("exec",),
    "git": ("bisect run", "submodule foreach"),
    "npm": ("exec",),
    "conda": ("run",),
    "nix": ("run",),
}
_RUNNER_TAKES = ("-p", "--python", "--with", "--extra", "--group", "--project", "--directory", "--env-file", "-n", "-c")
_FIND_FILTER = re.compile(r"-(i?name|i?path|i?regex|i?wholename|empty|size|[acm]?newer|[acm](time|min)|user|perm)")
_FIND_EXEC = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def inner_commands(command: Command) -> tuple[Inner, ...]:
    """Find the commands that a command starts, one level down."""
    program = command.program
    found: list[Inner] = []
    if program in ARGV_WRAPPERS:
        found.extend(_argv(command, ARGV_WRAPPERS[program]))
    elif program in RUNNERS:
        found.extend(_runner(command, RUNNERS[program]))
    elif program in {"find", "fd", "fdfind"}:
        found.extend(_find(command))
    elif program in {"eval", "trap", "watch", "ssh", "su", "runuser", "script", "parallel", "alias", "tmux", "screen"}:
        found.extend(_text(command))
    elif interpreter(program):
        found.extend(_interpreter(command))
    if program == "git":
        found.extend(_git(command))
    if program in _ARITHMETIC or command.assignments:
        found.extend(_subscripts(command))
    return tuple(found)


def after_options(words: Sequence[Word], takes: Iterable[str] = ()) -> tuple[Word, ...]:
    """Drop leading options (with their values) and `--`."""
    takes = tuple(takes)
    index = 0
    while index < len(words):
        text = words[index].text
        if text == "--":
            return tuple(words[index + 1 :])
        if not text.startswith("-") or text == "-":
            break
        index += 2 if text in takes else 1
    return tuple(words[index:])


def _argv(command: Command, wrapper: Wrapper) -> Iterable[Inner]:
    words = command.arguments
    program = command.program
    split = _env_split(words) if program == "env" else None
    if split is not None:
        yield Inner(text=split)
        return
    if program == "command" and any(word.text in {"-v", "-V"} for word in words[:1]):
        return
    words = after_options(words, wrapper.takes)[wrapper.operands :]
    words = _after_assignments(words)
    if program == "flock" and words and words[0].text in {"-c", "--command"}:
        yield Inner(text=words[1] if len(words) > 1 else None, carries=False)
    elif program == "xargs":
        yield from _xargs(command, words)
    elif words:
        own = command.arguments[: -len(words)]
        directory = _option_value(own, ("-C", "--chdir")) if program == "env" else ()
        yield Inner(words=words, directory=directory, carries=wrapper.carries and all(word.known for word in own))


def _option_value(words: Sequence[Word], names: tuple[str, ...]) -> tuple[Word, ...]:
    """Find the value of an option, given as the next word or after `=`."""
    for index, word in enumerate(words):
        if word.text in names:
            return tuple(words[index + 1 : index + 2])
        name, equals, text = word.text.partition("=")
        if equals and name in names:
            return (Word(text=text, known=word.known, opaque=word.opaque),)
    return ()


def _env_split(words: Sequence[Word]) -> Word | None:
    """Find the text of `env -S TEXT`."""
    for index, word in enumerate(words):
        if word.text in {"-S", "--split-string"}:
            return Word(text=" ".join(after.text for after in words[index + 1 :]))
        if word.text.startswith(("-S", "--split-string=", "-vS")):
            head = word.text.split("=", 1)[1] if word.text.startswith("--") else word.text.split("S", 1)[1]
            return Word(text=" ".join([head, *(after.text for after in words[index + 1 :])]))
    return None


def _after_assignments(words: tuple[Word, ...]) -> tuple[Word, ...]:
    index = 0
    while index < len(words) and re.match(r"[A-Za-z_]\w*=", words[index].text):
        index += 1
    return words[index:]


def _xargs(command: Command, words: tuple[Word, ...]) -> Iterable[Inner]:
    """`xargs CMD`: the words it adds are known only where the line spells out its input."""
    if not words:
        return
    unknown = Word(text="$stdin", known=False, opaque=True, made_by=command.upstream)
    feed = command.feed
    added = (
        tuple(Word(text=part, known=False) for part in feed.text.split()) if feed and not feed.opaque else (unknown,)
    )
    mark = _replacement(command.arguments)
    if not mark:
        yield Inner(words=(*words, *added))
        return
    for one in added:
        yield Inner(words=tuple(_replaced(word, mark, one) for word in words))


def _replacement(words: Sequence[Word]) -> str:
    for index, word in enumerate(words):
        if word.text in {"-I", "-i", "--replace"} and index + 1 < len(words):
            return words[index + 1].text if word.text == "-I" else "{}"
        if word.text.startswith(("-I", "--replace=")):
            return word.text.split("=", 1)[1] if word.text.startswith("--") else word.text[2:]
        if not word.text.startswith("-"):
            break
    return ""


def _replaced(word: Word, mark: str, by: Word) -> Word:
    if mark not in word.text:
        return word
    return Word(text=word.text.replace(mark, by.text), known=False, opaque=by.opaque, made_by=by.made_by)


def _runner(command: Command, markers: tuple[str, ...]) -> Iterable[Inner]:
    words = after_options(command.arguments, ("-C", "-c"))
    for marker in markers:
        parts = marker.split()
        if [word.text for word in words[: len(parts)]] == parts:
            rest = after_options(words[len(parts) :], _RUNNER_TAKES)
            if rest:
                yield Inner(words=rest, carries=False)
                if command.program == "git":
                    yield Inner(text=Word(text=" ".join(word.text for word in rest)), carries=False)


def _find(command: Command) -> Iterable[Inner]:
    words = command.arguments
    options = _FIND_EXEC if command.program == "find" else frozenset({"-x", "-X", "--exec", "--exec-batch"})
    starts = [word for word in words if not word.text.startswith("-")][:1] if command.program == "find" else []
    folder = starts[0] if starts and words[0] is starts[0] else Word(text=".")
    found = found_by_find(words, folder)
    for index, word in enumerate(words):
        if word.text in options:
            body = words[index + 1 :]
            end = next((place for place, part in enumerate(body) if part.text in {";", "+"}), len(body))
            parts = tuple(_replaced(part, "{}", found) for part in body[:end])
            if parts:
                yield Inner(words=parts, carries=False)


def found_by_find(words: Sequence[Word], folder: Word) -> Word:
    """What `find` comes upon below a folder: without a filter also the folder itself."""
    if any(_FIND_FILTER.fullmatch(word.text) for word in words):
        return Word(text=f"{folder.text.rstrip('/')}/$found", known=False, opaque=True)
    return Word(text=folder.text, known=False, opaque=folder.opaque)


def _text(command: Command) -> Iterable[Inner]:
    """Programs that hand (some of) their words to a shell as text."""
    words = command.arguments
    match command.program:
        case "eval":
            chosen = words
        case "trap":
            chosen = after_options(words)[:1]
        case "watch":
            chosen = after_options(words, ("-n", "--interval"))
        case "ssh":
            chosen = after_options(
                words, ("-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-W", "-b", "-c", "-E")
            )[1:]
        case "parallel":
            chosen = tuple(word for word in after_options(words, ("-j", "--jobs")) if word.text not in {":::", "::::"})
        case "alias":
            chosen = tuple(Word(text=word.text.split("=", 1)[1]) for word in words if "=" in word.text)
        case "tmux" | "screen":
            chosen = words[1:]
            for word in chosen:
                yield Inner(text=word, carries=False, guessed=True)
        case _:
            chosen = _after_c(words)
    if chosen:
        yield Inner(text=_joined(chosen), carries=command.program == "eval")


def _after_c(words: Sequence[Word]) -> tuple[Word, ...]:
    for index, word in enumerate(words):
        if word.text == "--command" or re.fullmatch(r"-[a-z]*c", word.text):
            return tuple(words[index + 1 : index + 2])
        if word.text.startswith("--command="):
            return (Word(text=word.text.split("=", 1)[1]),)
    return ()


def _joined(words: Sequence[Word]) -> Word:
    return Word(
        text=" ".join(word.text for word in words),
        known=all(word.known for word in words),
        opaque=any(word.opaque for word in words),
        made_by=tuple(name for word in words for name in word.made_by),
    )


def _interpreter(command: Command) -> Iterable[Inner]:
    """A shell's code is read as a line; of other languages, the strings that a shell might get."""
    kind, code, rest = program_source(command)
    if kind == "stdin":
        code, rest = command.feed, ()
    if code is None or kind in {"file", "module"}:
        return
    if interpreter(command.program) in SHELLS:
        yield Inner(text=code, positional=rest, carries=not code.made_by)
        return
    for text in _strings(code.text):
        yield Inner(text=Word(text=text), carries=False, guessed=True)


def _strings(code: str) -> Iterable[str]:
    """Pick the quoted strings of a program; those of a list are joined, as in `["rm", "-rf", "/"]`."""
    joined = re.sub(r"""['"]\0['"]""", " ", _LIST_COMMA.sub("\0", code))
    for match in list(_QUOTED.finditer(joined))[:MAX_STRINGS]:
        text = match["text"].strip()
        if text:
            yield text


def _subscripts(command: Command) -> Iterable[Inner]:
    """Bash runs `$(...)` in the subscript of a name even if it was quoted: `test -v 'a[$(ls)]'`, `x='a[$(ls)]'`."""
    words = command.arguments if command.program in _ARITHMETIC else ()
    for word in (*words, *(given for _, given in command.assignments)):
        match = _SUBSCRIPT.search(word.text)
        if match:
            yield Inner(text=Word(text=f"echo {match['inside']}", known=False), carries=False)


def _git(command: Command) -> Iterable[Inner]:
    """`git -c alias.x='!CMD'`, `git rebase --exec CMD`: text that git gives to a shell."""
    words = command.arguments
    for index, word in enumerate(words):
        text = word.text
        following = words[index + 1] if index + 1 < len(words) else None
        if text == "-c" and following is not None and "=" in following.text:
            setting = following.text.split("=", 1)[1]
            yield Inner(text=Word(text=setting.lstrip("!")), carries=False, guessed=not setting.startswith("!"))
        if text in {"-x", "--exec", "--tree-filter", "--index-filter", "--extcmd"} and following is not None:
            yield Inner(text=following, carries=False)
        if text.startswith(("--exec=", "--extcmd=", "--upload-pack=", "--receive-pack=")):
            yield Inner(text=Word(text=text.split("=", 1)[1]), carries=False)
