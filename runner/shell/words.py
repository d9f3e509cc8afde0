"""From nodes of the syntax tree to words: quotes, escapes, braces, tildes, variables, field splitting."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from tree_sitter import Node

from runner.shell.values import Word

MAX_READINGS = 64  # words that braces or loops may make of one word; more make the word opaque

SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_JOINED = frozenset({"concatenation", "command_name"})
_SIMPLE_OPERATORS = frozenset({":-", "-", ":=", "="})
_ANSI_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
_ANSI_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_QUOTED_ESCAPE = re.compile(r"\\([\"\\$`\n])")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_IMPOSSIBLE = re.compile(r"[`;|&()<>'\"\s]|\$[\w@*#?!$({-]")  # unquoted, none of these stays text
_HEREDOC_ESCAPE = re.compile(r"\\([\\$`\n])")
_RANGE = re.compile(r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])")
_NUMBERS = frozenset("?#$!")  # special parameters that are always numbers
_EMPTY = frozenset("@*")  # parameters of the line itself: it has none


class Kind(Enum):
    """How a piece of text came into a word."""

    PLAIN = auto()  # unquoted literal: braces, globs and tildes count
    QUOTED = auto()
    GUESS = auto()  # value of a variable that the line itself sets
    SPLIT = auto()  # the same, unquoted: falls into words at its spaces
    OPAQUE = auto()


_LITERAL = frozenset({Kind.PLAIN, Kind.QUOTED})
_UNQUOTED = frozenset({Kind.PLAIN, Kind.SPLIT})
_GLOBS = frozenset({"*", "?", "["})


class Atom(NamedTuple):
    """A piece of a word; one character unless opaque."""

    text: str
    kind: Kind


Atoms = list[Atom]
Variables = dict[str, tuple[Word, ...]]


_AFTER_TILDE = (Atom("/", Kind.PLAIN), Atom(":", Kind.PLAIN))


class WordReader:
    """Reads the words of one parsed line. `run` visits a substitution and tells the programs found in it."""

    def __init__(self, source: bytes, variables: Variables, run: Callable[[Node], tuple[str, ...]]) -> None:
        self._source = source
        self._variables = variables
        self._run = run
        self._made_by: list[str] = []
        self.misread = False  # some text that the parser calls a word cannot be one to bash

    def read(self, node: Node) -> tuple[Word, ...]:
        """Turn one node into the words it becomes: none, one, or several."""
        self._made_by = []
        values = self._readings(node)
        sure = all(atom.kind in _LITERAL for atoms in values for atom in atoms)
        readings: list[Atoms] = []
        for atoms in values:
            for braced in _expand_braces(self._expand_tilde(atoms)):
                readings.extend(_split_fields(braced))
        made_by = tuple(dict.fromkeys(self._made_by))
        if len(readings) > MAX_READINGS:
            return (Word(text=self._slice(node), known=False, opaque=True, made_by=made_by),)
        return tuple(_word(atoms, made_by, sure=sure) for atoms in readings)

    def read_one(self, node: Node) -> Word:
        """Turn a node into one word where bash takes only one: targets, values."""
        words = self.read(node)
        if len(words) == 1:
            return words[0]
        made_by = tuple(name for word in words for name in word.made_by)
        return Word(text=" ".join(word.text for word in words), known=False, opaque=not words, made_by=made_by)

    def text_of(self, node: Node, pieces: Iterable[Node], *, quoted: bool) -> Word:
        """Read the body of a here-document whose expansions are `pieces`, and whose delimiter may be quoted."""
        self._made_by = []
        for piece in pieces:
            self._readings(piece)
        opaque = bool(self._made_by) or any(True for _ in pieces)
        text = self._slice(node)
        if not quoted:
            text = _HEREDOC_ESCAPE.sub(lambda match: match[1].strip("\n"), text)
        return Word(text=text, known=not opaque, opaque=opaque, made_by=tuple(self._made_by))

    def _slice(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _readings(self, node: Node, *, quoted: bool = False) -> list[Atoms]:
        """All sequences of atoms that a node may stand for."""
        kind, text = node.type, self._slice(node)
        if kind in SUBSTITUTIONS:
            self._made_by.extend(self._run(node))
            return [[Atom(text, Kind.OPAQUE)]]
        if kind in {"simple_expansion", "expansion"}:
            return self._variable(node, quoted=quoted)
        if kind == "raw_string":
            return [_atoms(text[1:-1], Kind.QUOTED) or [Atom("", Kind.QUOTED)]]
        if kind == "ansi_c_string":
            return [_atoms(_decode_ansi(text[2:-1]), Kind.QUOTED)]
        if kind in {"string", "translated_string"}:
            return self._joined(node, quoted=True)
        if kind in _JOINED:
            return self._joined(node, quoted=False)
        if kind in {"word", "number", "variable_name", "brace_expression", "special_variable_name"}:
            return [self._plain(text)]
        for child in node.named_children:
            self._readings(child)
        return [[Atom(text, Kind.OPAQUE)]]

    def _joined(self, node: Node, *, quoted: bool) -> list[Atoms]:
        """Read children in order; what lies between them is literal text."""
        parts: list[list[Atoms]] = []
        position, end = node.start_byte, node.end_byte
        if quoted:
            position, end = position + self._slice(node).index('"') + 1, end - 1
        for child in node.named_children:
            if child.type == "string_content":
                continue
            between = self._literal(position, child.start_byte, quoted=quoted)
            if child.type == "string" and between[-1:] == [Atom("$", Kind.PLAIN)]:  # $"...", a translated string
                between = between[:-1]
            parts.append([between])
            parts.append(self._readings(child, quoted=quoted))
            position = child.end_byte
        parts.append([self._literal(position, end, quoted=quoted)])
        return [list(itertools.chain.from_iterable(choice)) for choice in _product(parts)]

    def _literal(self, start: int, end: int, *, quoted: bool) -> Atoms:
        text = self._source[start:end].decode("utf-8", "replace")
        if quoted:
            return _atoms(_QUOTED_ESCAPE.sub(lambda match: match[1].strip("\n"), text), Kind.QUOTED) or [
                Atom("", Kind.QUOTED)
            ]
        return self._plain(text)

    def _plain(self, text: str) -> Atoms:
        if _IMPOSSIBLE.search(_ESCAPED.sub("", text)):
            self.misread = True
        return _unescape(text)

    def _variable(self, node: Node, *, quoted: bool) -> list[Atoms]:
        """Look a variable up among those the line sets."""
        children = node.named_children
        for child in children[1:]:
            self._visit_inside(child)
        text = self._slice(node)
        name = self._slice(children[0]) if children else text.strip("${}")
        operator = next(
            (child.type for child in node.children if not child.is_named and child.type not in {"${", "}", "$"}), ""
        )
        if operator and operator not in _SIMPLE_OPERATORS:
            return [[Atom(text, Kind.OPAQUE)]]
        values = self._values(name)
        if not values and operator in _SIMPLE_OPERATORS and len(children) > 1:
            return [[_as_guess(atom, quoted=quoted) for atom in atoms] for atoms in self._readings(children[1])]
        if not values:
            return [[Atom(text, Kind.OPAQUE)]]
        return [self._value_atoms(word, quoted=quoted) for word in values]

    def _visit_inside(self, node: Node) -> None:
        if node.type in SUBSTITUTIONS:
            self._made_by.extend(self._run(node))
            return
        for child in node.named_children:
            self._visit_inside(child)

    def _values(self, name: str) -> tuple[Word, ...]:
        if name in self._variables:
            return self._variables[name]
        if name in _NUMBERS:
            return (Word(text="0", known=False),)
        if name in _EMPTY:
            return (Word(text="", known=False),)
        if name == "IFS":
            return (Word(text=" ", known=False),)
        return ()

    def _value_atoms(self, word: Word, *, quoted: bool) -> Atoms:
        self._made_by.extend(word.made_by)
        if word.opaque:
            return [Atom(word.text, Kind.OPAQUE)]
        if word.known:
            return _atoms(word.text, Kind.QUOTED)
        return _atoms(word.text, Kind.GUESS if quoted else Kind.SPLIT) or [Atom("", Kind.GUESS)]

    def _expand_tilde(self, atoms: Atoms) -> Atoms:
        if not atoms or atoms[0] != Atom("~", Kind.PLAIN):
            return atoms
        name = {1: "HOME", 2: "PWD"}.get(2 if atoms[1:2] == [Atom("+", Kind.PLAIN)] else 1, "HOME")
        rest = atoms[2:] if name == "PWD" else atoms[1:]
        value = self._variables.get(name)
        if value is None or (rest and rest[0] not in _AFTER_TILDE):
            return atoms
        return [*self._value_atoms(value[0], quoted=True), *rest]


def _atoms(text: str, kind: Kind) -> Atoms:
    return [Atom(char, kind) for char in text]


def _as_guess(atom: Atom, *, quoted: bool) -> Atom:
    if atom.kind is Kind.OPAQUE:
        return atom
    return Atom(atom.text, Kind.GUESS if quoted else Kind.SPLIT)


def _unescape(text: str) -> Atoms:
    """Read unquoted text: a backslash quotes the next character and vanishes before a line end."""
    atoms: Atoms = []
    characters = iter(text)
    for char in characters:
        if char != "\\":
            atoms.append(Atom(char, Kind.PLAIN))
            continue
        following = next(characters, "")
        if following and following != "\n":
            atoms.append(Atom(following, Kind.QUOTED))
    return atoms


def _decode_ansi(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        escape = match[1]
        if escape[0] in "xuU" and len(escape) > 1:
            number = int(escape[1:], 16)
            return chr(number) if number <= 0x10FFFF else "\ufffd"
        if escape[0] in "01234567":
            return chr(int(escape, 8) & 0xFF)
        if escape[0] == "c" and len(escape) > 1:
            return chr(ord(escape[1]) & 0x1F)
        return _ANSI_LETTERS.get(escape, escape)

    return _ANSI_ESCAPE.sub(one, text).encode("utf-8", "replace").decode()


def _product(parts: Sequence[list[Atoms]]) -> Iterable[tuple[Atoms, ...]]:
    return itertools.islice(itertools.product(*parts), MAX_READINGS + 1)


def _expand_braces(atoms: Atoms, depth: int = 0) -> list[Atoms]:
    """Expand `{a,b}` and `{1..3}` where unquoted, leftmost first, as bash does."""
    span = _find_brace(atoms) if depth < MAX_READINGS else None
    if span is None:
        return [atoms]
    start, end, commas = span
    edges = [start, *commas, end]
    choices = [atoms[left + 1 : right] for left, right in itertools.pairwise(edges)]
    if not commas:
        choices = _range(choices[0])
    results: list[Atoms] = []
    for choice in choices:
        results.extend(_expand_braces([*atoms[:start], *choice, *atoms[end + 1 :]], depth + len(choices)))
        if len(results) > MAX_READINGS:
            break
    return results


def _find_brace(atoms: Atoms) -> tuple[int, int, list[int]] | None:
    """Find the first brace pair that expands: where it opens, closes, and has its own commas."""
    stack: list[tuple[int, list[int]]] = []
    found: list[tuple[int, int, list[int]]] = []
    for index, (text, kind) in enumerate(atoms):
        if kind is not Kind.PLAIN:
            continue
        if text == "{":
            stack.append((index, []))
        elif text == "," and stack:
            stack[-1][1].append(index)
        elif text == "}" and stack:
            start, commas = stack.pop()
            if commas or _RANGE.fullmatch("".join(atom.text for atom in atoms[start + 1 : index])):
                found.append((start, index, commas))
    return min(found, default=None)


def _range(inside: Atoms) -> list[Atoms]:
    match = _RANGE.fullmatch("".join(atom.text for atom in inside))
    if match is None or match[1].isalpha() != match[2].isalpha():
        return [[Atom("".join(atom.text for atom in inside), Kind.OPAQUE)]]
    letters = match[1].isalpha()
    low, high = (ord(match[1]), ord(match[2])) if letters else (int(match[1]), int(match[2]))
    numbers = range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return [_atoms(chr(number) if letters else str(number), Kind.QUOTED) for number in numbers[: MAX_READINGS + 1]]


def _split_fields(atoms: Atoms) -> list[Atoms]:
    """Split at the spaces of unquoted variable values; drop words that vanish."""
    fields: list[Atoms] = [[]]
    for atom in atoms:
        if atom.kind is Kind.SPLIT and atom.text.isspace():
            fields.append([])
        else:
            fields[-1].append(atom)
    return [field for field in fields if field] if len(fields) > 1 else fields


def _word(atoms: Atoms, made_by: tuple[str, ...], *, sure: bool) -> Word:
    kinds = {atom.kind for atom in atoms}
    opaque = Kind.OPAQUE in kinds
    return Word(
        text="".join(atom.text for atom in atoms),
        known=sure and kinds <= _LITERAL,
        opaque=opaque,
        glob=any(atom.text in _GLOBS and atom.kind in _UNQUOTED for atom in atoms),
        made_by=made_by,
    )
