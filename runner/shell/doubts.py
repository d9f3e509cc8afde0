"""Where the parser and bash are known to part ways: such lines count as not readable."""

from __future__ import annotations

import itertools
import re

from tree_sitter import Node

MISREAD = "it holds words that bash reads in another way"

_SPLIT_WORD = re.compile(r"(?<=\S)\\\n(?=\S)")
_HIDDEN = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\(|[<>]\()")
_BARE_BLANK = re.compile(r"(?<!\\)(?:\\\\)*[ \t\n]")
_BACKQUOTE = re.compile(r"(?<!\\)(?:\\\\)*`")
_ODD = re.compile(rb"\$\$['\"]")  # bash: the process id, then a string
_LITERAL = frozenset(
    {"raw_string", "ansi_c_string", "heredoc_start", "heredoc_end", "string_content", "file_descriptor"}
)
_RESERVED = frozenset(
    {"!", "{", "}", "[[", "]]", "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "in"}
    | {"case", "esac", "function", "select"}
)  # fmt: skip
_BESIDE = frozenset(
    {"file_redirect", "herestring_redirect", "file_descriptor", "heredoc_body", "heredoc_end", "heredoc_start"}
)
_COMMANDS = frozenset({"command", "file_redirect", "heredoc_redirect"})
_TEXTUAL = frozenset({"string", "heredoc_body", "expansion"})
_ARITHMETIC = frozenset(
    {"arithmetic_expansion", "binary_expression", "unary_expression", "postfix_expression"}
    | {"subscript", "ternary_expression", "parenthesized_expression", "c_style_for_statement", "compound_statement"}
)  # fmt: skip
_BEFORE_COMMENT = frozenset(" \t\n;&|()")


def splits_word(line: str) -> bool:
    """Whether a line end inside a word is escaped: the parser ends the word there, bash does not."""
    return bool(_SPLIT_WORD.search(line))


def doubt(root: Node, source: bytes) -> str:
    r"""Say why the tree may hide a command, or nothing.

    The parser takes backquotes inside `${x:-...}` and in here-documents for plain text, does not look into backquotes
    nested with backslashes, may see a comment where bash sees a word, takes `! {` and `time {` for ordinary words, and
    cuts `'a'\ b` in two.
    """
    if _ODD.search(source) or b"\\" in source[: root.start_byte] + source[_end(root) :].replace(b"\\\n", b""):
        return MISREAD
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.named_children)
        text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        if node.type == "comment" and not _is_comment(node, source):
            return "what looks like a comment may not be one"
        if node.type == "command_substitution" and text.startswith("`") and "\\`" in text:
            return "it nests backquotes"
        if _drops(node) or _skips(node, source) or (node.type in _COMMANDS and _misread(node, source)):
            return MISREAD
        if (not node.named_children or node.type == "heredoc_body") and _hides(node, text, source):
            return "it holds a command where the parser sees text"
    return ""


def _end(root: Node) -> int:
    """Where the last construct of the line ends."""
    return root.children[-1].end_byte if root.children else root.end_byte


def _misread(command: Node, source: bytes) -> bool:
    """Whether a command begins with a reserved word, holds a lone brace, or has two words that touch."""
    words = [child for child in command.named_children if child.type not in _BESIDE]
    texts = [source[word.start_byte : word.end_byte].decode("utf-8", "replace") for word in words]
    name = next((text for word, text in zip(words, texts, strict=True) if word.type == "command_name"), "")
    if name in _RESERVED or "{" in texts or "}" in texts:
        return True
    return any(left.end_byte == right.start_byte for left, right in itertools.pairwise(words))


def _drops(node: Node) -> bool:
    """Whether the parser leaves a lone `$` out of the words; before a string it is the mark of a translation."""
    if node.type in _TEXTUAL or node.type == "simple_expansion":
        return False
    pairs = itertools.pairwise([*node.children, None])
    return any(left.type == "$" and not _translates(left, right) for left, right in pairs if left)


def _translates(mark: Node, following: Node | None) -> bool:
    if following is None or following.type != "string":
        return False
    return mark.end_byte - mark.start_byte == 1 and mark.end_byte == following.start_byte


def _skips(node: Node, source: bytes) -> bool:
    r"""Whether the parser passes over a `\ ` between two nodes, where bash reads a quoted blank."""
    if node.type in _TEXTUAL:
        return False
    gaps = [source[left.end_byte : right.start_byte] for left, right in itertools.pairwise(node.children)]
    if node.type == "concatenation":
        return any(gap.strip() != gap for gap in gaps)
    return any(b"\\" in gap.replace(b"\\\n", b"") for gap in gaps)


def _is_comment(node: Node, source: bytes) -> bool:
    before = source[: node.start_byte].decode("utf-8", "replace")
    return not before or before[-1] in _BEFORE_COMMENT


def _hides(node: Node, text: str, source: bytes) -> bool:
    if node.type in {"raw_string", "ansi_c_string"} and node.parent is not None and node.parent.type in _ARITHMETIC:
        return bool(_HIDDEN.search(text))
    if node.type in _LITERAL or node.type == "comment":
        return False
    if node.type == "heredoc_body":
        return not is_quoted(node, source) and bool(_BACKQUOTE.search(text))
    return bool(_HIDDEN.search(text)) or (node.type == "word" and bool(_BARE_BLANK.search(text)))


def is_quoted(body: Node, source: bytes) -> bool:
    """Whether the delimiter of a here-document is quoted, so that bash expands nothing in it."""
    parent = body.parent
    start = next((child for child in parent.children if child.type == "heredoc_start"), None) if parent else None
    return start is not None and bool(re.search(rb"['\"\\]", source[start.start_byte : start.end_byte]))
