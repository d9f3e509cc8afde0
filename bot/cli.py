"""The command line: words of the shell to a value that says what to do. `bot.__main__` does it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from bot.commands import ENTRIES
from bot.terminal.argv import command_line
from runner.model import value

_EXIT_STATUS = """\
exit status:
  0  done                        3  the run waits for an answer (with --wait)
  1  an error, explained         4  the run did not complete
  2  wrong usage
"""


@value
class Up:
    """Run the daemon with every configured front end."""

    config: Path | None = None


@value
class Chat:
    """Converse in this terminal."""

    config: Path | None = None


@value
class TaskLine:
    """Carry out one command of the grammar."""

    line: str
    config: Path | None = None
    json: bool = False
    wait: bool = False
    images: tuple[Path, ...] = ()


@value
class Demo:
    """Show the whole product without a key or an account."""

    yes: bool = False
    directory: Path | None = None


@value
class Check:
    """Name all problems of the configuration."""

    config: Path | None = None


@value
class Version:
    """Say which version this is."""


Invocation = Up | Chat | TaskLine | Demo | Check | Version


def read(argv: Sequence[str], stdin: TextIO) -> Invocation:
    """Read the command line. Prints help or usage and raises SystemExit (0 or 2) where argparse does."""
    if argv and argv[0] == "task":
        return _task(argv[1:], stdin)
    arguments = _parser().parse_args(argv or ["--help"])
    match arguments.command:
        case "up":
            return Up(config=arguments.config)
        case "chat":
            return Chat(config=arguments.config)
        case "demo":
            return Demo(yes=arguments.yes, directory=arguments.dir)
        case "check":
            return Check(config=arguments.config)
        case _:
            return Version()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signoff",
        description="Hand coding work to agents, and keep the decisions with people.",
        epilog="`signoff COMMAND --help` tells more about a command.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in (
        ("up", "run the daemon with every configured front end"),
        ("chat", "converse in this terminal"),
        ("task", "carry out one command, for scripts"),
        ("check", "name all problems of the configuration"),
    ):
        _add_config(commands.add_parser(name, help=about, description=about.capitalize() + "."))
    demo = commands.add_parser("demo", help="see the whole product at work, without a key or an account")
    demo.add_argument("--yes", action="store_true", help="answer yes to everything; needs no terminal")
    demo.add_argument("--dir", type=Path, metavar="DIR", help="keep repository, database and reports in DIR")
    commands.add_parser("version", help="say which version this is")
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="configuration; else ./config.toml or ~/.config/signoff/config.toml"
    )


def _task(argv: Sequence[str], stdin: TextIO) -> TaskLine:
    """Read `signoff task`: our options may stand anywhere before text that is taken verbatim."""
    parser = _task_parser()
    if not argv or argv[0] in {"-h", "--help"}:
        parser.print_help()
        raise SystemExit(0 if argv else 2)
    at = next((index for index, word in enumerate(argv) if _begins_verbatim(argv, word)), len(argv))
    options, words = parser.parse_known_args(argv[:at])
    verbatim = list(argv[at:])
    if "-" in verbatim[-1:] and verbatim != ["--", "-"]:
        verbatim[-1] = stdin.read()
    elif "-" in words[-1:]:
        words, verbatim = words[:-1], ["--", stdin.read()]
    return TaskLine(
        line=command_line([*words, *verbatim]),
        config=options.config,
        json=options.json,
        wait=options.wait,
        images=tuple(options.image),
    )


def _begins_verbatim(argv: Sequence[str], word: str) -> bool:
    return word == "--" or ("approve" in argv and word in {"--edit", "--run"})


def _task_parser() -> argparse.ArgumentParser:
    width = max(len(entry.word) for entry in ENTRIES)
    commands = "\n".join(f"  {entry.word:{width}}  {entry.about}" for entry in ENTRIES)
    parser = argparse.ArgumentParser(
        prog="signoff task",
        usage="signoff task [options] WORD …",
        description="Carry out one command. A last word `-` stands for text from standard input.",
        epilog=f"commands (`signoff task help WORD` explains one):\n{commands}\n\n{_EXIT_STATUS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    _add_config(parser)
    parser.add_argument("--json", action="store_true", help="print the content of the cards as one JSON document")
    parser.add_argument("--wait", action="store_true", help="stay until the run has ended or asks for an answer")
    parser.add_argument(
        "--image", type=Path, metavar="FILE", action="append", default=[], help="send a picture along; may be repeated"
    )
    return parser
