"""What a command prints, where the line itself spells it out."""

from __future__ import annotations

from runner.shell.values import Command, Word

_ECHO_OPTIONS = frozenset({"-n", "-e", "-ne", "-en"})
_FORMATS = frozenset({"%s", r"%s\n", "%b", "--"})


def emitted(command: Command) -> Word | None:
    """Tell the output of echo, of printf, and of cat or tee of a here-document; None for all else."""
    arguments = command.arguments
    if command.program == "echo":
        shown = [word for word in arguments if word.text not in _ECHO_OPTIONS]
    elif command.program == "printf" and arguments:
        shown = [word for word in arguments if word.text not in _FORMATS]
    elif command.program == "tee" or (command.program == "cat" and not _names_file(arguments)):
        return command.feed
    else:
        return None
    return Word(
        text=" ".join(word.text for word in shown).replace(r"\n", "\n"),
        known=all(word.known for word in shown),
        opaque=any(word.opaque for word in shown),
        made_by=tuple(name for word in shown for name in word.made_by),
    )


def _names_file(words: tuple[Word, ...]) -> bool:
    return any(not word.text.startswith("-") for word in words)
