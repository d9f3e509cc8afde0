"""What nobody should send: texts that are hard to show, values of any kind, deeds that are not theirs to do."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runner.ports import ExecutionQuery, Store

LIVE = "<!channel> <!here> <@UADA> <#COPS|ops> <!subteam^S1|@all> @here"
WORDS = (
    LIVE,
    "&lt;!channel&gt; &amp;lt;@UADA&amp;gt;",
    "a\N{RIGHT-TO-LEFT OVERRIDE}b\N{ZERO WIDTH SPACE}c\N{LEFT-TO-RIGHT ISOLATE}d\N{SOFT HYPHEN}",
    "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}" * 300,
    "nul \x00 and half \ud83d of a pair \udc4d",
    "```\n*_~`> " * 40,
    "{{" * 300 + "}}",
    "{{name}} {{name=x}} {{{{",
    "\x1b[31mred\x1b[0m \x07 \r\n\v\f\u2028\u2029",
    "do \"unclosed 'quotes",
    "../../../etc/passwd",
    "file:///etc/passwd",
    "--project ../.. --cost NaN --turns -1 -- x",
    "say -- " + LIVE,
    "show 7777 " * 50,
    "\N{ARABIC-INDIC DIGIT THREE}\N{FULLWIDTH LATIN SMALL LETTER A}\N{COMBINING ACUTE ACCENT}" * 20,
    "x" * 5_000,
    "",
    " ",
)
SCRAPS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1 << 70, 10**400, 1.5, float("nan"), float("inf"), "", "0", "7", [], {}, [[]], [None],
    {"id": None}, {"id": 7}, {"id": "UADA"}, {"type": "modal"},
    "COPS", "CSECRET", "UADA", "UEVE", "T0OTHER", "reactions",
)  # fmt: skip
DEEDS = (  # which only some may do
    "approve {question}", "deny {question}", "approve {question} run", "answer {question} #1", "stop {run}",
    "discard {run}", "merge {run}", "retry {run}", "say {run} hello", "freeze", "freeze everything", "role vera admin",
    "delegate vera", "do --project calculator mine", "new theft -- steal", "rule new allow Bash(*)", "people",
    "project remove calculator", "project add loot /", "release",
)  # fmt: skip


@dataclass(frozen=True)
class Bending:
    """How a body is bent: `others` are put in besides SCRAPS and one of the words; `stops` is how soon one goes in."""

    words: Sequence[str]
    others: Sequence[Any]
    stops: float

    def bent(self, dice: random.Random, body: dict[str, Any]) -> dict[str, Any]:
        """Replace, drop or double some part at any place."""
        for _ in range(dice.randint(1, 3)):
            place = self._place(dice, body)
            if not place:
                return body
            name = dice.choice(list(place)) if isinstance(place, dict) else dice.randrange(len(place))
            match dice.randrange(4):
                case 0:
                    del place[name]
                case 1:
                    place[name] = [place[name]]
                case _:
                    place[name] = copy.deepcopy(dice.choice((*SCRAPS, dice.choice(self.words), *self.others)))
        return body

    def _place(self, dice: random.Random, body: Any) -> Any:
        while True:
            inner = [each for each in _inside(body) if isinstance(each, dict | list) and each]
            if not inner or dice.random() < self.stops:
                return body
            body = dice.choice(inner)


def deep(dice: random.Random, name: str) -> Any:
    """Nest as deep as a parser just bears. `name`: of what is in what."""
    content: Any = "x"
    for _level in range(dice.choice((30, 60, 300))):
        content = [content] if dice.random() < 0.5 else {name: content}
    return content


async def nobody_gained(store: Store) -> None:
    """See that people are who they were, and that only Ada and Bob, who may, have decided anything."""
    people = await store.people.people()
    strong = {person.id for person in people if person.name in {"ada", "bob"}}
    roles = {person.name: person.role.value for person in people}
    assert roles.items() <= {"ada": "admin", "bob": "approver", "vera": "viewer"}.items()
    assert [project.name for project in await store.people.projects()] == ["calculator"]
    for run in (await store.executions.list(ExecutionQuery(limit=10_000))).items:
        for asked in await store.approvals.of(run.id):
            assert {asked.answered_by, *(vote.person_id for vote in asked.votes)} <= strong | {None}


def _inside(place: Any) -> Sequence[Any]:
    return list(place.values()) if isinstance(place, dict) else list(place) if isinstance(place, list) else []
