"""What each key of the chat does."""

from __future__ import annotations

import string
from collections.abc import Callable
from functools import partial
from typing import Protocol

from prompt_toolkit.filters import Condition, FilterOrBool
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from bot.commands import Names
from bot.messenger import Button
from bot.terminal.stage import Stage

Handler = Callable[[], object]


class Model(Protocol):
    """What the keys act on: `bot.terminal.chat.Chat`."""

    stage: Stage
    names: Names
    asking: Button | None

    @property
    def deciding(self) -> bool:
        """Whether the next key says what happens to live runs."""
        ...

    def draw(self, width: int, height: int) -> str:
        """Draw what stands above the prompt."""
        ...

    def question(self) -> str:
        """Say what the prompt asks for right now."""
        ...

    def toolbar(self) -> str:
        """Say where one is and which keys help."""
        ...

    def submit(self, text: str) -> None:
        """Take what was typed."""
        ...

    def press_focused(self) -> None:
        """Press the button that has the focus."""
        ...

    def press_letter(self, letter: str) -> None:
        """Press the front card's button with this letter."""
        ...

    def turn(self, by: int) -> None:
        """Bring another card to the front."""
        ...

    def leave(self) -> None:
        """Leave, or ask what happens to live runs."""
        ...

    def decide_leaving(self, letter: str) -> None:
        """Take the answer to that question."""
        ...


class Prompt(Protocol):
    """The line people type into: `bot.terminal.panel.Panel`."""

    @property
    def text(self) -> str:
        """What has been typed so far."""
        ...

    def insert(self, text: str) -> None:
        """Write at the cursor."""
        ...

    def line_end(self) -> None:
        """Begin a new line, or send what was typed before the prompt was there."""
        ...

    def complete(self, by: int) -> None:
        """Offer completions, or go to the next one."""
        ...

    def send(self) -> None:
        """Hand over what was typed."""
        ...

    def cancel(self) -> None:
        """Give up what was being typed."""
        ...


def keys(model: Model, prompt: Prompt) -> KeyBindings:
    """Bind the keys. Those of the buttons work while they have the focus; those of the prompt otherwise."""
    bindings = KeyBindings()
    focused = Condition(lambda: model.stage.focus is not None)
    empty = Condition(lambda: not prompt.text and model.asking is None)

    def bind(*names: str, when: FilterOrBool, do: Handler) -> None:
        def act(event: KeyPressEvent) -> None:  # noqa: ARG001 - what happens depends on the model alone
            do()

        bindings.add(*names, filter=when)(act)

    bind("enter", when=~focused, do=prompt.send)
    bind("escape", "enter", when=~focused, do=lambda: prompt.insert("\n"))
    bind("c-j", when=~focused, do=prompt.line_end)
    bind("c-c", when=True, do=prompt.cancel)
    bind("c-d", when=empty, do=model.leave)
    bind("escape", when=Condition(lambda: model.asking is not None), do=prompt.cancel)
    bind("tab", when=~empty, do=lambda: prompt.complete(1))
    bind("s-tab", when=~empty, do=lambda: prompt.complete(-1))
    bind("tab", when=empty, do=lambda: model.stage.step(1))
    bind("s-tab", when=empty, do=lambda: model.stage.step(-1))
    bind("down", when=empty & ~focused, do=lambda: model.stage.step(1))
    for letter in string.ascii_lowercase + string.digits:
        bind("escape", letter, when=empty, do=partial(model.press_letter, letter))
    _bind_focused(bind, model, focused)
    _bind_typing(bindings, model, prompt, focused)
    return bindings


def _bind_focused(bind: Callable[..., None], model: Model, focused: Condition) -> None:
    bind("enter", when=focused, do=model.press_focused)
    bind("left", when=focused, do=lambda: model.stage.step(-1))
    bind("right", when=focused, do=lambda: model.stage.step(1))
    bind("up", when=focused, do=lambda: model.turn(-1))
    bind("down", when=focused, do=lambda: model.turn(1))
    bind("escape", when=focused, do=model.stage.leave)


def _bind_typing(bindings: KeyBindings, model: Model, prompt: Prompt, focused: Condition) -> None:
    """Typing takes the focus back from the buttons, and answers the question what happens to live runs."""

    @bindings.add(Keys.Any, filter=focused)
    @bindings.add(Keys.BracketedPaste, filter=focused)
    def type_on(event: KeyPressEvent) -> None:
        if event.data.isprintable() or event.key_sequence[0].key is Keys.BracketedPaste:
            model.stage.leave()
            prompt.insert(event.data)

    @bindings.add(Keys.Any, filter=Condition(lambda: model.deciding), eager=True)
    def decide(event: KeyPressEvent) -> None:
        model.decide_leaving(event.data.lower())
