"""Where a one-shot command shows its cards: redrawn in place on a terminal, as lines anywhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TextIO

from rich.console import Console

from bot.messenger import Card
from bot.terminal.narrate import Narrator
from bot.terminal.render import render
from bot.terminal.screen import Room, compose
from bot.terminal.stage import staged, ticking
from runner.model import value
from runner.ports import Clock


@value
class Terminal:
    """What a stream can do. A dumb terminal or a pipe is written to line by line."""

    width: int
    height: int
    colour: bool
    redraws: bool


def examine(stream: TextIO) -> Terminal:
    """Find out what a stream can do; NO_COLOR and TERM are heeded."""
    console = Console(file=stream)
    return Terminal(
        width=console.width,
        height=console.height,
        colour=console.is_terminal and console.color_system is not None and not console.no_color,
        redraws=console.is_terminal and not console.is_dumb_terminal,
    )


class Display(Protocol):
    """Shows cards one after another."""

    def show(self, card: Card, *, last: bool) -> None:
        """Show a card; `last`: it will not change any more."""
        ...

    def tick(self) -> None:
        """Let the elapsed time of the live card go on."""
        ...

    def end(self) -> None:
        """Take away what was live."""
        ...


class Lines:
    """A display for pipes and dumb terminals."""

    def __init__(self, stream: TextIO, terminal: Terminal) -> None:
        self._stream = stream
        self._terminal = terminal
        self._narrator = Narrator(terminal.width, colour=terminal.colour)

    def show(self, card: Card, *, last: bool) -> None:
        """Write what is new; without buttons, since nothing can be pressed here."""
        card = replace(card, buttons=()) if last or not card.live else card
        text = render(card, self._terminal.width, colour=self._terminal.colour) if last else self._narrator.tell(card)
        self._stream.write(text)
        self._stream.flush()

    def tick(self) -> None:
        """Do nothing: what is written stays."""

    def end(self) -> None:
        """Do nothing: what is written stays."""


class Redrawn:
    """A display that keeps one live card up to date in its place."""

    def __init__(self, stream: TextIO, terminal: Terminal, clock: Clock) -> None:
        self._stream = stream
        self._terminal = terminal
        self._clock = clock
        self._live: Card | None = None
        self._rows = 0

    def show(self, card: Card, *, last: bool) -> None:
        """Write the card, over the live one before it."""
        self._erase()
        if staged(card) and not last:
            self._live = card
            self.tick()
        else:
            self._stream.write(render(card, self._terminal.width, colour=self._terminal.colour))
            self._stream.flush()

    def tick(self) -> None:
        """Draw the live card anew."""
        if self._live is not None:
            room = Room(width=self._terminal.width, height=self._terminal.height - 1, colour=self._terminal.colour)
            text = compose(ticking(self._live, self._clock.now()), (), None, room)
            self._erase()
            self._stream.write(f"{text}\n")
            self._stream.flush()
            self._rows = text.count("\n") + 1

    def end(self) -> None:
        """Take the live card away."""
        self._erase()
        self._live = None
        self._stream.flush()

    def _erase(self) -> None:
        if self._rows:
            self._stream.write(f"\x1b[{self._rows}F\x1b[0J")  # to the first of our rows; clear from there
            self._rows = 0


def display(stream: TextIO, clock: Clock) -> Display:
    """Choose the display that fits a stream."""
    terminal = examine(stream)
    return Redrawn(stream, terminal, clock) if terminal.redraws else Lines(stream, terminal)
