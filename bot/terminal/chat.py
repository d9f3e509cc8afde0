"""`signoff chat`: type commands, watch runs, answer questions, all above and in one prompt."""

from __future__ import annotations

import asyncio
import re
import textwrap
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from prompt_toolkit.application import create_app_session, in_terminal
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

from bot import views
from bot.commands import Names
from bot.messenger import Button, Card
from bot.terminal import pictures, wire
from bot.terminal.client import Client, gone
from bot.terminal.panel import Panel
from bot.terminal.render import render, safe
from bot.terminal.screen import Room, compose, fits
from bot.terminal.stage import Stage, asking, over, staged, ticking
from runner.beside import beside
from runner.errors import NoDaemon, SignoffError
from runner.model import handle, value
from runner.ports import Clock

_AGAIN_SECONDS = 1.0  # between attempts to reach a daemon that went away
_HINT_SECONDS = 3.0  # how long the toolbar says why a press did nothing
_WHOLE_ID = re.compile(r"\b[0-9a-hjkmnp-tv-z]{26}\b")  # as buttons carry it; people know the handle
_NOT_SENT = "No daemon is there: this was not sent."
_WELCOME = "`help` lists what you can say; Tab completes it. Ctrl+D leaves."

Connect = Callable[[], AbstractAsyncContextManager[Client]]


class Leaving(Enum):
    """What happens to live runs when the person leaves and no daemon carries on."""

    NO = "no"
    ASKED = "asked"
    WAITS = "waits"


@value
class Offer:
    """A line that is put into the prompt for the person to send, and a few words above it that say what it is for."""

    line: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ChatOptions:
    """How a chat is set up.

    `alone`: the runs end with this program, because no daemon carries them. `greeting` is printed first, a paragraph a
    line, and `offers` are put into the prompt one after another, whenever nothing is going on.
    """

    colour: bool = True
    alone: bool = False
    greeting: str = _WELCOME
    offers: Sequence[Offer] = ()
    history: Path | None = None
    keyboard: Input | None = None  # None: the terminal's own
    screen: Output | None = None


class Chat:
    """One conversation with the daemon on a terminal."""

    def __init__(self, connect: Connect, clock: Clock, options: ChatOptions) -> None:
        self._connect = connect
        self._clock = clock
        self._options = options
        self._client: Client | None = None
        self._channel = ""
        self._met = asyncio.Event()  # the daemon has been there once
        self._to_send: asyncio.Queue[str] = asyncio.Queue()
        self._to_print: asyncio.Queue[str] = asyncio.Queue()
        self._printed: dict[str, Card] = {}
        self._drawn: tuple[object, str] = (None, "")
        self._leaving = Leaving.NO
        self._offers = list(options.offers)
        self._offered = Offer(line="")  # the last one
        self._unanswered = 0  # commands sent and not answered yet
        self._hinting = 0.0  # until when (monotonic) the toolbar says that a press came too early
        self.stage = Stage()
        self.names = Names()
        self.asking: Button | None = None  # the button whose text is being typed
        self._panel = Panel(self, clock, history=options.history, keyboard=options.keyboard, screen=options.screen)

    async def run(self) -> None:
        """Converse until the person leaves. Raises NoDaemon when there was no daemon to begin with."""
        if self._options.greeting:
            lines = [textwrap.fill(part, self._panel.width) for part in self._options.greeting.splitlines()]
            self._to_print.put_nowait("\n".join([*lines, ""]))
        with create_app_session(input=self._options.keyboard, output=self._options.screen):
            async with beside(self._stay_connected(), self._print_all(), self._send_all(), self._tick()):
                await self._panel.run()

    # What the keys do

    def submit(self, text: str) -> None:
        """Take what was typed: a command, plain text, or what a button asked for."""
        button, self.asking = self.asking, None
        line = f"{button.action} {text}" if button else text
        if line.strip():
            self._say(line)

    def press(self, button: Button | None) -> None:
        """Carry out a button, or ask for its text first."""
        if button is None:
            if self.stage.settling(self._clock.monotonic()):
                self._hinting = self._clock.monotonic() + _HINT_SECONDS
            return
        self._hinting = 0.0
        self.stage.leave()
        if button.asks:
            self.asking = button
            self._panel.ask(button.prefill)
        else:
            self._say(button.action)

    def press_focused(self) -> None:
        """Press the button that has the focus."""
        self.press(self.stage.press(self._clock.monotonic()))

    def press_letter(self, letter: str) -> None:
        """Press the front card's button with this letter."""
        self.press(self.stage.by_key(letter, self._clock.monotonic()))

    def turn(self, by: int) -> None:
        """Bring another card to the front."""
        self.stage.turn(by, self._clock.monotonic())

    def leave(self) -> None:
        """Leave; or, when runs would end with this program, ask what to do with them."""
        if self._options.alone and self.stage.live:
            self._leaving = Leaving.ASKED
        else:
            self._panel.exit()

    def decide_leaving(self, letter: str) -> None:
        """Wait for the live runs, stop them, or stay."""
        self._leaving = Leaving.WAITS if letter in {"w", "s"} else Leaving.NO
        if letter == "s":
            for card in self.stage.live:
                self._to_send.put_nowait(f"stop {card.key.removeprefix('run:')}")

    @property
    def typed(self) -> str:
        """What stands in the prompt."""
        return self._panel.text

    @property
    def deciding(self) -> bool:
        """Whether the next key says what happens to live runs."""
        return self._leaving is Leaving.ASKED

    # What is to be seen

    def draw(self, width: int, height: int) -> str:
        """Draw what stands above the prompt, in at most `height` rows."""
        state = (self.stage.version, width, height, self._clock.now().replace(microsecond=0))
        if state != self._drawn[0]:
            room = Room(width=width, height=height, colour=self._options.colour)
            front = self.stage.front
            if front and asking(front) and not fits(front, room) and self._printed.get(front.key) != front:
                self._printed[front.key] = front
                self._print(front)
            now = self._clock.now()
            others = [ticking(card, now) for card in self.stage.cards if card is not front and staged(card)]
            in_front = ticking(front, now) if front else None
            self._drawn = (state, compose(in_front, others, self.stage.focus, room))
        return self._drawn[1]

    def question(self) -> str:
        """Say what the prompt asks for right now; empty for a command."""
        if self.deciding:
            count = len(self.stage.live)
            runs = "1 run is" if count == 1 else f"{count} runs are"
            return f"{runs} live and no daemon carries on. [w]ait for the end, [s]top, or any other key to stay"
        if self.asking:
            return f"{safe(self.asking.asks)}  (Enter sends, Esc cancels)"
        return self._offered.why if self._idle and self.typed == self._offered.line else ""

    def toolbar(self) -> str:
        """Say where one is and which keys help."""
        if self._leaving is Leaving.WAITS:
            return " leaving when the runs have ended"
        if self._clock.monotonic() < self._hinting:
            return " not pressed: this card has only just come to the front. Look at it, then press again"
        where = f" {self._channel}" if self._client else " no daemon: trying again"
        if self.stage.focus is not None:
            return f"{where} · ←/→ choose · ↑/↓ other card · Enter press · Esc back"
        buttons = " · Tab: buttons · Alt+letter: press" if self.stage.front else ""
        return f"{where}{buttons} · Alt+Enter: new line · Ctrl+D: leave"

    # What happens meanwhile

    async def _stay_connected(self) -> None:
        first = True
        while True:
            try:
                async with self._connect() as client:
                    if not first:
                        self._print(views.note("The daemon is back", "Where everything stands comes next."))
                    first = False
                    await self._converse(client)
                    raise gone()
            except SignoffError as error:
                if first:
                    raise
                if self._client is not None:
                    self._show_error(error)
                self._client = None
                self._panel.redraw()
                await self._clock.sleep(_AGAIN_SECONDS)

    async def _converse(self, client: Client) -> None:
        self._client, self._channel = client, f"signoff {client.welcome.version} · {client.welcome.channel}"
        self._met.set()
        self.stage.clear(self._clock.monotonic())
        self._unanswered = 0
        await client.ask_names()
        while (frame := await client.receive()) is not None:
            match frame:
                case wire.Reply(cards=cards):
                    self._unanswered -= 1
                    for card in cards:
                        self._take(card)
                    await client.ask_names()
                case wire.Shown(card=card):
                    self._take(card)
                case wire.Known(names=names):
                    self.names = names
                case wire.Refused(message=message, hint=hint):
                    self._unanswered -= 1
                    self._show_error(SignoffError(message, hint=hint))
                case wire.Welcome():
                    pass
            self._offer()
            self._panel.redraw()

    def _offer(self) -> None:
        """Put the next offered command into the prompt, if nothing is going on and nothing is being typed."""
        if self._offers and self._idle and not self._panel.text:
            self._offered = self._offers.pop(0)
            self._panel.put(self._offered.line)

    @property
    def _idle(self) -> bool:
        """Whether nothing is going on: no command unanswered, no live run, no question."""
        return not (self._unanswered > 0 or self.stage.live or self.stage.questions or self.asking)

    def _take(self, card: Card) -> None:
        if card.nudge:
            self._to_print.put_nowait(f"{textwrap.fill(f'◆ {safe(card.nudge)}', self._panel.width)}\n")
        before = self._printed.get(card.key)
        if self.stage.take(card, self._clock.monotonic()) and not self._told(card):
            again = before and card.key.startswith("result:")  # merged, say: the facts are enough
            self._print(replace(card, sections=(), files=()) if again else card)
        if self._leaving is not Leaving.NO and not self.stage.live:
            self._panel.exit()

    def _told(self, card: Card) -> bool:
        """Whether printing a card would say nothing new: it is there already, or a run's result card says it all."""
        if card.key.startswith("run:") and over(card):
            return True
        known = self._printed.pop(card.key, None) if card.key else None
        if card.key:
            self._printed[card.key] = card
        return known is not None and _words(known) == _words(card)

    def _say(self, line: str) -> None:
        shown = _WHOLE_ID.sub(lambda found: handle(found[0]), line)
        self._to_print.put_nowait(f"> {safe(shown)}\n")
        self._to_send.put_nowait(line)

    async def _send_all(self) -> None:
        await self._met.wait()
        while True:
            text, paths = pictures.attached(await self._to_send.get())
            try:
                images = tuple(pictures.read(path) for path in paths)
                if self._client is None:
                    raise NoDaemon(_NOT_SENT, hint="Start it with `signoff up`; ↑ brings back what you typed.")
                self._unanswered += 1
                await self._client.say(text, images)
            except SignoffError as error:
                self._show_error(error)

    def _show_error(self, error: SignoffError) -> None:
        self._print(views.error(error))

    def _print(self, card: Card) -> None:
        """Print a card for good, without its buttons: what was printed cannot be pressed."""
        card = replace(card, buttons=())
        self._to_print.put_nowait(render(card, self._panel.width, colour=self._options.colour))

    async def _print_all(self) -> None:
        while True:
            text = await self._to_print.get()
            while not self._to_print.empty():
                text += self._to_print.get_nowait()
            async with in_terminal():
                self._panel.write(text)

    async def _tick(self) -> None:
        """Let the elapsed times of live runs go on."""
        while True:
            await self._clock.sleep(1.0)
            if self.stage.live:
                self._panel.redraw()


def _words(card: Card) -> tuple[object, ...]:
    return card.title, card.fields, card.sections
