"""The command line: words of the shell to a value that says what to do. `bot.__main__` does it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import datetime
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

_AUDIT = "look at the log of who decided and changed what"
_AUDIT_MORE = "Works beside a running daemon and changes nothing. docs/audit.md says what the log proves."


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
class AuditVerify:
    """Tell whether the audit log is whole; `head` is the hash of an entry that was noted elsewhere."""

    config: Path | None = None
    head: str = ""


@value
class AuditExport:
    """Write the audit log as JSON lines. `since` without a zone is meant in the zone of the configuration."""

    config: Path | None = None
    since: datetime | None = None
    output: Path | None = None


@value
class SlackManifest:
    """Print the manifest of the Slack app: for HTTP at this public address, or for Socket Mode."""

    http: str = ""


@value
class Version:
    """Say which version this is."""


Invocation = Up | Chat | TaskLine | Demo | Check | AuditVerify | AuditExport | SlackManifest | Version


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
        case "audit" if arguments.audit == "verify":
            return AuditVerify(config=arguments.config, head=arguments.head or "")
        case "audit":
            return AuditExport(config=arguments.config, since=arguments.since, output=arguments.output)
        case "slack":
            return SlackManifest(http=arguments.http)
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
    _add_audit(commands.add_parser("audit", help=_AUDIT, description=f"{_AUDIT.capitalize()}.", epilog=_AUDIT_MORE))
    slack = commands.add_parser("slack", help="set up the front end for Slack").add_subparsers(
        dest="slack", required=True, metavar="COMMAND"
    )
    made = slack.add_parser("manifest", help="print the manifest from which a workspace makes its app")
    made.add_argument(
        "--http",
        default="",
        metavar="URL",
        help="for HTTP instead of Socket Mode: where the world reaches this daemon, such as https://signoff.example.org",
    )
    commands.add_parser("version", help="say which version this is")
    return parser


def _add_audit(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="audit", required=True, metavar="COMMAND")
    about = "tell whether every entry is as it was written; exit status 0 if so, 1 if not"
    verify = commands.add_parser("verify", help=about, description=f"T{about[1:]}.")
    verify.add_argument(
        "--head", type=_hash, metavar="HASH", help="a head that was noted elsewhere: it must be in the log"
    )
    about = "write the log as JSON lines, oldest entry first"
    export = commands.add_parser("export", help=about, description=f"W{about[1:]}.")
    export.add_argument(
        "--since",
        type=_moment,
        metavar="DATE",
        help="begin with the first entry of this day or time (2026-11-21T09:30)",
    )
    export.add_argument(
        "--output", type=Path, metavar="FILE", help="write to FILE, which is replaced when all is written"
    )
    for command in (verify, export):
        _add_config(command)


def _hash(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text.lower()):
        raise argparse.ArgumentTypeError("a head is 64 hexadecimal digits, as `signoff audit verify` prints it")
    return text.lower()


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no date; write 2026-11-21 or 2026-11-21T09:30") from None


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
