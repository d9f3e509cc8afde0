"""What people see of Signoff in Telegram."""

from __future__ import annotations

from bot import views
from bot.messenger import Card, Field, Look, Section, Tone
from bot.telegram.rendering.cards import Rendered, line, render
from tests.bot import gallery
from tests.bot.test_home import BUSY
from tests.bot.test_views import CARDS

PROSE = """\
## What I found

The retry path in `auth_service.py` **never** waits: ~~once~~ *every time* it is called by @adaname, see
[the report](https://ci.example/runs/7?tab=log) and /tmp.

- [x] read the code
- [ ] mend it
   1. a test first
   2. then the code
- ask

```python
def wait(seconds):
\treturn seconds * 2  # @adaname /stop
```

| test | result |
|------|--------|
| slow | 12 s   |

| test that was run | what came of it, in words |
|---|---|
| tests/test_slow.py | it takes 12 seconds now |
| tests/test_auth.py | 3 of 128 fail |

> Never wait longer than a minute.
> It is said so.

<details>Nothing is <b>hidden</b> &amp; nobody is called: <!channel> @here</details>
"""
_AGENT = Card(
    title="fix-tests",
    tone=Tone.RUNNING,
    fields=(
        Field(label="Run", value="k3f9x2"),
        Field(label="Why", value="It was asked for by ada_lovelace, in detail"),
    ),
    sections=(
        Section(title="Agent", body=PROSE, look=Look.PROSE),
        Section(title="Agent, short", body=PROSE[:120], look=Look.PROSE),
        Section(title="Patch", body="\n".join(f"+line {number}" for number in range(30)), look=Look.DIFF),
    ),
    footer="`stop k3f9x2` ends it · plain text goes to the agent.",
)
SHOWN: dict[str, Card] = {
    **CARDS,
    **gallery.CARDS,
    **{f"home-{number}": card for number, card in enumerate(views.home(BUSY), 1)},
    "prose": _AGENT,
}
MESSAGES: dict[str, Rendered] = {
    **{name: render(card) for name, card in SHOWN.items()},
    **{name: line(text) for name, text in gallery.REMARKS.items()},
}


def readable(message: Rendered) -> str:
    """Write a message down for people: its text with its entities in brackets, below it the keyboard."""
    opened: dict[int, str] = {}
    closed: dict[int, str] = {}
    for entity in message.text.entities:
        name = f"{entity.kind} {entity.language or entity.url}".strip()
        end = entity.offset + entity.length
        opened[entity.offset] = opened.get(entity.offset, "") + f"⟪{name}⟫"
        closed[end] = f"⟪/{entity.kind}⟫" + closed.get(end, "")
    text = message.text.text.encode("utf-16-le")
    places = sorted({0, *opened, *closed, len(text) // 2})
    shown = "".join(
        closed.get(start, "") + opened.get(start, "") + text[2 * start : 2 * end].decode("utf-16-le")
        for start, end in zip(places, [*places[1:], places[-1]], strict=True)
    )
    keys = ["  ".join(f"[{key.text}|{key.data}|{key.style or '-'}]" for key in row) for row in message.keyboard]
    said = [f"{key.data} asks: {key.asks} ({key.prefill})" for row in message.keyboard for key in row if key.asks]
    sound = "silent" if message.silent else "with a sound"
    rest = f"whole in a file: {len(message.rest)} characters" if message.rest else ""
    shown = shown.replace("\u200b", "⟪ZWSP⟫")
    return "\n".join(part for part in (shown, "=====", *keys, *said, sound, rest) if part) + "\n"
