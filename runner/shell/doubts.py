"""Where the parser and bash are known to part ways: such lines count as not readable."""

from __future__ import annotations

import re

from tree_sitter import Node

_SPLIT_WORD = re.compile(r"(?<=\S)\\\n(?=\S)")
_HIDDEN = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\(|[<>]\()")
_BACKQUOTE = re.compile(r"(?<!\\)(?:\\\\)*`")
_LITERAL = frozenset(
    {"raw_string", "ansi_c_string", "heredoc_start", "heredoc_end", "string_content", "file_descriptor"}
)
_BEFORE_COMMENT = frozenset(" \t\n;&|()")


def splits_word(line: str) -> bool:
    """Whether a line end inside a word is escaped: the parser ends the word there, bash does not."""
    return bool(_SPLIT_WORD.search(line))


def doubt(root: Node, source: bytes) -> str:
    """Say why the tree may hide a command, or nothing.

    The parser takes backquotes inside `${x:-...}` and in here-documents for plain text, does not look into backquotes
    nested with backslashes, and may see a comment where bash sees a word.
    """
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.named_children)
        text = source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        if node.type == "comment" and not _is_comment(node, source):
            return "what looks like a comment may not be one"
        if node.type == "command_substitution" and text.startswith("`") and "\\`" in text:
            return "it nests backquotes"
        if (not node.named_children or node.type == "heredoc_body") and _hides(node, text, source):
            return "it holds a command where the parser sees text"
    return ""


def _is_comment(node: Node, source: bytes) -> bool:
    before = source[: node.start_byte].decode("utf-8", "replace")
    return not before or before[-1] in _BEFORE_COMMENT


def _hides(node: Node, text: str, source: bytes) -> bool:
    if node.type in _LITERAL or node.type == "comment":
        return False
    if node.type == "heredoc_body":
        return not _is_quoted(node, source) and bool(_BACKQUOTE.search(text))
    return bool(_HIDDEN.search(text))


def _is_quoted(body: Node, source: bytes) -> bool:
    """Whether the delimiter of a here-document is quoted, so that bash expands nothing in it."""
    parent = body.parent
    start = next((child for child in parent.children if child.type == "heredoc_start"), None) if parent else None
    return start is not None and bool(re.search(rb"['\"\\]", source[start.start_byte : start.end_byte]))
