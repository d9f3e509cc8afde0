"""Readers of the commands with which people decide: answers, rules, roles, the kill switch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.commands import model
from bot.commands.model import Command
from bot.commands.options import INBOX_OPTIONS, RULE_OPTIONS, RULES_OPTIONS, read_options
from bot.commands.pieces import read_handle, read_handle_and_text, read_likely_handle, wrong
from bot.commands.scan import Scanner
from bot.commands.table import HERE, PRODUCTS, nearest
from runner.model import Role

LONGEST_RULE = 3_650  # days; as long as the configuration may let a standing rule hold

_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")
_UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_CODE = re.compile(r"[0-9a-f]{32}")
_ROLES = tuple(role.value for role in Role)


def span_text(span: timedelta) -> str:
    """Write a span of whole minutes in the largest unit that measures it, as `delegate` reads it."""
    unit = next(unit for unit, size in _UNITS.items() if not span % size)
    return f"{span // _UNITS[unit]}{unit}"


def _inbox(scanner: Scanner) -> Command:
    return model.Inbox(**read_options(scanner, INBOX_OPTIONS))


def _approve(scanner: Scanner) -> Command:
    handle, *more = _handles(scanner) or [""]
    command = model.Approve(handle=handle, more=tuple(more), **_way(scanner))
    if more and command != model.Approve(handle=handle, more=tuple(more)):
        raise wrong("approve", "Several are approved as they are shown; what an option says is for one question.")
    return command


def _handles(scanner: Scanner) -> list[str]:
    handles = []
    while handle := read_handle(scanner):
        handles.append(handle)
    return handles


def _way(scanner: Scanner) -> dict[str, Any]:
    """Read how something is approved. What `--edit` and `--run` take reaches to the end, as it stands."""
    at = scanner.peek()
    match scanner.option():
        case None:
            return {}
        case "edit":
            edit = scanner.rest()
            if not edit:
                raise wrong("approve", "The new input is missing.")
            return {"edit": edit}
        case "run":
            return {"rule": scanner.rest()}
        case "second":
            return {"second": scanner.value()}
        case "alike":
            return {"alike": True}
        case _:
            raise wrong("approve", f"There is no option `{at[:40]}` here.")


def _deny(scanner: Scanner) -> Command:
    handle = read_likely_handle(scanner)
    alike = scanner.switch("alike")
    return model.Deny(handle=handle, reason=scanner.rest(), alike=alike)


def _answer(scanner: Scanner) -> Command:
    handle, text = read_handle_and_text(scanner)
    if not text:
        raise wrong("answer", "Answer what?")
    return model.Answer(handle=handle, text=text)


def _rules(scanner: Scanner) -> Command:
    handle = read_handle(scanner)
    found = read_options(scanner, RULES_OPTIONS)
    if handle and found:
        raise wrong("rules", "Name either a run, or a task or project.")
    return model.Rules(handle=handle, **found)


def _rule(scanner: Scanner) -> Command:
    """Read a rule. A pattern may stand before or after the options; without a task or project it is a handle."""
    found = read_options(scanner, RULE_OPTIONS)
    subject = _pattern(scanner)
    found |= read_options(scanner, RULE_OPTIONS)
    if not subject:
        raise wrong("rule", "Which rule?")
    if not 0 <= found.get("days", 0) <= LONGEST_RULE:
        raise wrong("rule", f"A rule holds for {LONGEST_RULE:,} days at most.")
    if found.get("task") and found.get("project"):
        raise wrong("rule", "A rule is for a task or for a project, not for both.")
    if found.get("task") or found.get("project"):
        return model.RuleNew(pattern=subject, **found)
    handle = read_handle(Scanner(subject))
    if handle != subject.lower() or found.keys() & {"task", "project", "refuse"}:
        raise wrong("rule", f"For which task or project shall `{subject[:40]}` be?")
    return model.RuleFrom(handle=handle, **found)


def _pattern(scanner: Scanner) -> str:
    """Read a pattern: in quotes, up to its last bracket, or a word. After a lone `--` it reaches to the end."""
    if scanner.done:
        return ""
    return scanner.rest() if scanner.ended() else scanner.bracketed() or scanner.value()


def _revoke(scanner: Scanner) -> Command:
    handle = read_handle(scanner)
    if not handle:
        raise wrong("revoke", "Which rule?")
    return model.Revoke(rule=handle)


def _role(scanner: Scanner) -> Command:
    name = _person(scanner, "role")
    word = scanner.word().lower()
    if word not in _ROLES:
        meant = nearest(word, _ROLES)
        given = f"There is no role `{word[:40]}`." if word else "Which role?"
        raise wrong("role", f"{given} Did you mean `{meant}`?" if meant else given)
    return model.GiveRole(name=name, role=Role(word))


def _delegate(scanner: Scanner) -> Command:
    name = _person(scanner, "delegate")
    if name.lower() == "off" and scanner.done:
        return model.DelegateOff()
    span = scanner.word().lower()
    match = _SPAN.fullmatch(span)
    if match is None:
        raise wrong("delegate", f"`{span[:40]}` is not a time." if span else "For how long?")
    return model.Delegate(name=name, span=int(match[1]) * _UNITS[match[2]])


def _person(scanner: Scanner, word: str) -> str:
    name = "" if scanner.done else scanner.value()
    if not name:
        raise wrong(word, "Who?")
    return name


def _link(scanner: Scanner) -> Command:
    word = scanner.word().lower()
    if _CODE.fullmatch(word):
        return model.Redeem(code=word)
    return model.Link(messenger=_product("link", word) if word else "")


def _prefer(scanner: Scanner) -> Command:
    word = scanner.word().lower()
    return model.Prefer(messenger="" if word == HERE else _product("prefer", word, (*PRODUCTS, HERE)))


def _product(command: str, word: str, words: tuple[str, ...] = PRODUCTS) -> str:
    if word not in words:
        meant = nearest(word, words) if word else None
        given = f"There is nothing called `{word[:40]}` here." if word else "Which product?"
        raise wrong(command, f"{given} Did you mean `{meant}`?" if meant else given)
    return word


DECIDING: Mapping[str, Callable[[Scanner], Command]] = {
    "inbox": _inbox,
    "approve": _approve,
    "deny": _deny,
    "answer": _answer,
    "rules": _rules,
    "rule": _rule,
    "revoke": _revoke,
    "people": lambda _: model.People(),
    "role": _role,
    "delegate": _delegate,
    "link": _link,
    "unlink": lambda scanner: model.Unlink(messenger=_product("unlink", scanner.word().lower())),
    "prefer": _prefer,
    "freeze": lambda scanner: model.Freeze(why=scanner.rest()),
    "release": lambda _: model.Release(),
}
