"""Walk the syntax tree of one line and collect the commands it could run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import tree_sitter_bash
from tree_sitter import Language, Node, Parser, Tree

from runner.model import value
from runner.shell.doubts import MISREAD, doubt, is_quoted, splits_word
from runner.shell.feeds import emitted
from runner.shell.values import Command, Redirect, Script, Word
from runner.shell.words import SUBSTITUTIONS, Variables, WordReader

MAX_BYTES = 65_536  # the parser is quadratic on some hostile input; agents write longer texts with their edit tools
MAX_HEREDOCS = 64  # each `<<` makes the parser scan ahead
MAX_EFFORT = 6_000  # steps the parser may take, about 100 bytes each in ordinary lines
MAX_NESTING = 60  # constructs inside one another
MAX_COMMANDS = 400
MAX_VALUES = 16  # remembered values of one variable

_LANGUAGE = Language(tree_sitter_bash.language())
_DECLARATIONS = frozenset({"declaration_command", "unset_command"})
_SUBSHELLS = SUBSTITUTIONS | {"subshell"}
_SETTERS = frozenset({"read", "mapfile", "readarray", "getopts", "unset", "let", "printf"})
_RUNS = SUBSTITUTIONS | {"command"}
_REDIRECTS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})
# The parser sees `_` for every byte beyond ASCII: its scanner reads outside its tables for high code points (it has
# crashed), and takes U+00A0 and its like for blanks. To bash they are letters of a word, as `_` is.
_MASK = bytes(byte if byte < 0x80 else ord("_") for byte in range(256))
_STREAM = re.compile(r"\d+-?|-")
_FANS_OUT = re.compile(r"(?<![&>|<])[&|](?![&>|])")


class TooDeep(Exception):
    """The line nests deeper, or holds more commands, than is worth reading."""


@value
class Frame:
    """What the constructs around a command say about it."""

    upstream: tuple[str, ...] = ()
    feed: Word | None = None
    function: str = ""  # the function that is being defined, if it starts itself again and again
    depth: int = 0


def read_line(line: str, variables: Mapping[str, Word]) -> Script:
    """Collect the commands of one line, without looking into what they start.

    `variables` are those whose value is known beforehand, such as HOME. Never raises.
    """
    source = line.encode("utf-8", "replace")
    if len(source) > MAX_BYTES:
        return Script(problem=f"it is longer than {MAX_BYTES // 1024} KiB")
    if "\0" in line:
        return Script(problem="it holds a NUL character")
    if splits_word(line):
        joined = read_line(line.replace("\\\n", ""), variables)
        return Script(commands=joined.commands, problem="it splits a word over two lines")
    tree = _parse(source)
    if tree is None:
        return Script(problem="it is too tangled")
    walker = _Walker(source, variables)
    problem = "it is not valid bash" if tree.root_node.has_error else doubt(tree.root_node, source)
    try:
        walker.visit(tree.root_node, Frame())
        walker.sweep(tree.root_node)
    except TooDeep:
        problem = "it is nested too deeply or too long"
    return Script(commands=tuple(walker.commands), problem=problem or walker.problem)


def _parse(source: bytes) -> Tree | None:
    """Run the parser within its limits; None if it would take too long."""
    if source.count(b"<<") > MAX_HEREDOCS:
        return None
    effort = 0

    def progress(_offset: int, _has_error: bool) -> bool:
        nonlocal effort
        effort += 1
        return effort > MAX_EFFORT

    masked = source.translate(_MASK)
    try:
        return Parser(_LANGUAGE).parse(
            lambda offset, _point: masked[offset : offset + 4096], progress_callback=progress
        )
    except ValueError:  # how the parser says that it was stopped
        return None


class _Walker:
    """Collects commands; remembers what the line assigns and where it changes the directory."""

    def __init__(self, source: bytes, variables: Mapping[str, Word]) -> None:
        self.commands: list[Command] = []
        self.problem = ""
        self._source = source
        self._variables: Variables = {name: (word,) for name, word in variables.items()}
        self._directory: tuple[Word, ...] = ()
        self._frame = Frame()
        self._seen: set[int] = set()
        self._reader = self._new_reader()

    def _new_reader(self) -> WordReader:
        return WordReader(self._source, self._variables, self._substitution)

    def visit(self, node: Node, frame: Frame) -> tuple[str, ...]:
        """Collect the commands under a node; returns the names of their programs."""
        if frame.depth > MAX_NESTING or len(self.commands) > MAX_COMMANDS:
            raise TooDeep
        start = len(self.commands)
        self._seen.add(node.id)
        inner = replace(frame, depth=frame.depth + 1)
        outer, self._frame = self._frame, inner
        self._dispatch(node, inner)
        self._frame = outer
        return tuple(dict.fromkeys(command.program for command in self.commands[start:] if command.program))

    def sweep(self, root: Node) -> None:
        """Visit what the reading of words has passed over, such as substitutions in odd corners of an expansion."""
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node.type in _RUNS and node.id not in self._seen:
                self.visit(node, Frame())
            waiting.extend(node.named_children)
        if self._reader.misread:
            self.problem = self.problem or MISREAD

    def _dispatch(self, node: Node, frame: Frame) -> None:
        match node.type:
            case "command" | "declaration_command" | "unset_command" | "test_command":
                self._command(node, frame)
            case "redirected_statement":
                self._redirected(node, frame)
            case "pipeline":
                self._pipeline(node.named_children, frame)
            case "variable_assignment":
                self._add(Command(assignments=(self._assignment(node),)), frame)
            case "for_statement":
                self._loop(node, frame)
            case "function_definition":
                self._function(node, frame)
            case "subshell" | "command_substitution" | "process_substitution":
                self._subshell(node, frame)
            case "list":
                self._list(node, frame)
            case _:
                for child in node.named_children:
                    self.visit(child, frame)

    def _add(self, command: Command, frame: Frame) -> None:
        multiplies = bool(frame.function) and command.program == frame.function
        self.commands.append(
            replace(
                command,
                directory=self._directory,
                upstream=frame.upstream,
                feed=command.feed or frame.feed,
                multiplies=multiplies,
            )
        )
        if command.program in {"cd", "pushd", "popd", "chdir"}:
            self._change_directory(command)
        if command.program in _SETTERS:
            self._forget(command)
        if command.program == "coproc":
            self.problem = self.problem or "coproc cannot be read"

    def _forget(self, command: Command) -> None:
        """Values that a program puts into variables are not known."""
        for word in command.arguments:
            if word.text in self._variables:
                self._remember(word.text, (Word(text=f"${word.text}", known=False, opaque=True),))

    def _change_directory(self, command: Command) -> None:
        targets = [word for word in command.arguments if not word.text.startswith("-") or word.text == "-"]
        home = self._variables.get("HOME", (Word(text="$HOME", known=False, opaque=True),))[0]
        target = targets[0] if targets else home
        if target.text == "-" or command.program == "popd":
            target = Word(text="$OLDPWD", known=False, opaque=True)
        self._directory = (*self._directory, target)
        self._variables["PWD"] = (Word(text="$PWD", known=False, opaque=True),)

    def _list(self, node: Node, frame: Frame) -> None:
        for child in _flattened(node):
            self.visit(child, frame)

    def _command(
        self, node: Node, frame: Frame, outside: tuple[Redirect, ...] = (), extra: tuple[Node, ...] = ()
    ) -> None:
        """Collect one simple command; `outside` are redirections the tree hangs above it, `extra` words after them."""
        self._seen.add(node.id)
        words: list[Word] = []
        assignments: list[tuple[str, Word]] = []
        redirects = list(outside)
        if node.type in _DECLARATIONS:
            words.append(Word(text=node.children[0].type))
        if node.type == "test_command":
            words.append(Word(text="test"))
        for child in [*node.named_children, *extra]:
            if child.type == "variable_assignment":
                assignments.append(self._assignment(child))
            elif child.type in _REDIRECTS:
                found, more = self._redirect(child)
                redirects.extend(found)
                words.extend(self._words(more))
            elif child.type != "comment":
                words.extend(self._reader.read(child))
        if node.type in _DECLARATIONS:
            words.extend(Word(text=name) for name, _ in assignments)
        given = [redirect.target for redirect in redirects if redirect.text]
        feed = given[-1] if given else None
        command = Command(words=tuple(words), assignments=tuple(assignments), redirects=tuple(redirects), feed=feed)
        self._add(command, frame)

    def _redirected(self, node: Node, frame: Frame) -> None:
        """Collect a statement with redirections; a here-document may hold the rest of its line."""
        body = node.child_by_field_name("body")
        if body is not None and body.type == "list":  # the tree hangs the last command's redirections above all of them
            *before, body = _flattened(body)
            for child in before:
                self.visit(child, frame)
        redirects: list[Redirect] = []
        extra: list[Node] = []
        rest: list[Node] = []
        for child in node.children_by_field_name("redirect"):
            found, more = self._redirect(child)
            redirects.extend(found)
            extra.extend(more)
            if child.type == "heredoc_redirect":
                rest.extend(_after_heredoc(child))
        start = len(self.commands)
        self._redirected_body(body, redirects, extra, frame)
        programs = tuple(command.program for command in self.commands[start:] if command.program)
        self._continue(rest, programs, frame)

    def _redirected_body(self, body: Node | None, redirects: list[Redirect], extra: list[Node], frame: Frame) -> None:
        given = [redirect.target for redirect in redirects if redirect.text]
        inner = replace(frame, feed=given[-1] if given else frame.feed)
        if body is not None and body.type == "command":
            self._command(body, inner, tuple(redirects), tuple(extra))
            return
        self._add(Command(redirects=tuple(redirects), words=self._words(extra)), frame)
        if extra:
            self.problem = self.problem or "words stand after the redirection of several commands"
        if body is not None and body.type == "pipeline" and given:
            self._pipeline(body.named_children, frame, last_feed=given[-1])
        elif body is not None:
            self.visit(body, inner)

    def _words(self, nodes: list[Node]) -> tuple[Word, ...]:
        return tuple(word for node in nodes for word in self._reader.read(node))

    def _continue(self, rest: list[Node], programs: tuple[str, ...], frame: Frame) -> None:
        """Visit what follows a here-document on its first line: `cat <<EOF | sh`, `cat <<EOF && ls`."""
        for child in rest:
            if child.type == "pipeline":
                self._pipeline(child.named_children, frame, programs)
            else:
                self.visit(child, frame)

    def _redirect(self, node: Node) -> tuple[list[Redirect], list[Node]]:
        """Read a redirection; the tree takes words that follow its target for further targets."""
        if node.type == "heredoc_redirect":
            return self._heredoc(node)
        operator = next((child.type for child in node.children if not child.is_named), "")
        targets = [child for child in node.named_children if child.type != "file_descriptor"]
        if not targets:
            return [], []
        target = self._reader.read_one(targets[0])
        if operator.endswith("&") and _STREAM.fullmatch(target.text):
            return [], targets[1:]
        return [Redirect(operator=operator, target=target)], targets[1:]

    def _heredoc(self, node: Node) -> tuple[list[Redirect], list[Node]]:
        redirects: list[Redirect] = []
        extra = node.children_by_field_name("argument")
        for child in node.children_by_field_name("redirect"):
            found, more = self._redirect(child)
            redirects.extend(found)
            extra.extend(more)
        body = next((child for child in node.named_children if child.type == "heredoc_body"), None)
        if body is not None:
            pieces = [child for child in body.named_children if child.type != "heredoc_content"]
            redirects.append(
                Redirect(operator="<<", target=self._reader.text_of(body, pieces, quoted=is_quoted(body, self._source)))
            )
        return redirects, extra

    def _pipeline(
        self, nodes: list[Node], frame: Frame, programs: tuple[str, ...] = (), last_feed: Word | None = None
    ) -> None:
        """Visit the stages; `programs` ran before the first, `last_feed` is a here-document of the last."""
        upstream = (*frame.upstream, *programs)
        feed = emitted(self.commands[-1]) if programs else frame.feed
        stages = [node for node in nodes if node.type != "comment"]
        for stage in stages:
            start = len(self.commands)
            directory = self._directory
            given = last_feed if last_feed is not None and stage == stages[-1] else feed
            programs = self.visit(stage, replace(frame, upstream=upstream, feed=given))
            self._directory = directory
            upstream = (*upstream, *programs)
            made = [command for command in self.commands[start:] if command.words]
            feed = emitted(made[-1]) if len(made) == 1 else None

    def _assignment(self, node: Node) -> tuple[str, Word]:
        """Read and remember `NAME=VALUE`."""
        name_node, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        name = self._slice(name_node) if name_node is not None else ""
        word = self._reader.read_one(value_node) if value_node is not None else Word(text="")
        self._remember(name, (word,))
        return name, word

    def _remember(self, name: str, words: tuple[Word, ...]) -> None:
        guesses = tuple(
            Word(text=word.text, known=False, opaque=word.opaque, glob=word.glob, made_by=word.made_by)
            for word in words
        )
        before = tuple(word for word in self._variables.get(name, ()) if not word.known)
        self._variables[name] = (*before, *guesses)[-MAX_VALUES:]

    def _loop(self, node: Node, frame: Frame) -> None:
        variable = node.child_by_field_name("variable")
        values = [word for child in node.children_by_field_name("value") for word in self._reader.read(child)]
        if variable is not None and values:
            self._remember(self._slice(variable), tuple(values))
        body = node.child_by_field_name("body")
        if body is not None:
            self.visit(body, frame)

    def _function(self, node: Node, frame: Frame) -> None:
        name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        name = self._slice(name_node) if name_node is not None else ""
        if body is None:
            return
        text = self._slice(body)
        again = re.findall(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])", text)
        bomb = name if len(again) > 1 and _FANS_OUT.search(text) else frame.function
        self.visit(body, replace(frame, function=bomb))

    def _subshell(self, node: Node, frame: Frame) -> None:
        """Visit commands whose change of directory ends with them."""
        directory = self._directory
        for redirect in node.children_by_field_name("redirect"):  # $(<file)
            found, _ = self._redirect(redirect)
            self._add(Command(words=(Word(text="cat"),), redirects=tuple(found)), frame)
        for child in node.named_children:
            if child.type not in _REDIRECTS:
                self.visit(child, frame)
        self._directory = directory

    def _substitution(self, node: Node) -> tuple[str, ...]:
        """Visit a substitution inside a word; what `>(...)` reads comes from the programs around it."""
        reader, self._reader = self._reader, self._new_reader()
        frame = self._frame
        if not self._slice(node).startswith(">("):
            frame = Frame(function=frame.function, depth=frame.depth)
        programs = self.visit(node, frame)
        reader.misread = reader.misread or self._reader.misread
        self._reader = reader
        return programs

    def _slice(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _flattened(node: Node) -> list[Node]:
    """The parts of `a && b && c` in order: the tree nests them to the left, one level for each."""
    chain: list[Node] = []
    while node.type == "list" and node.named_children:
        chain.extend(reversed(node.named_children[1:]))
        node = node.named_children[0]
    return [node, *reversed(chain)]


def _after_heredoc(node: Node) -> list[Node]:
    known = _REDIRECTS | {"heredoc_start", "heredoc_body", "heredoc_end", "comment"}
    arguments = {child.id for child in node.children_by_field_name("argument")}
    return [child for child in node.named_children if child.type not in known and child.id not in arguments]
