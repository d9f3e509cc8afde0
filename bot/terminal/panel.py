"""The live part of the chat's screen: cards above the prompt, the prompt, its keys. Not full screen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import print_formatted_text
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, AnyFormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.layout import BufferControl, ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from bot.commands import complete
from bot.terminal.keys import Model, keys
from bot.terminal.render import NARROWEST
from runner.ports import Clock

_MENU_ROWS = 6
_AHEAD_SECONDS = 0.15  # so soon after the prompt is drawn, a key was typed before it
_INPUT_ROWS = 8  # a longer text scrolls inside the prompt

_STYLE = Style.from_dict({"prompt": "bold", "question": "bold ansiyellow", "toolbar": "reverse"})


class Panel:
    """Layout and keys around a model that says what is to be seen."""

    def __init__(
        self, model: Model, clock: Clock, *, history: Path | None, keyboard: Input | None, screen: Output | None
    ) -> None:
        self._model = model
        self._clock = clock
        self._raw_since = 0.0  # when (monotonic) the terminal began to pass keys on as they are
        self._draft = ""  # what was being typed when a button asked for text
        self._buffer = Buffer(
            completer=GrammarCompleter(model),
            complete_while_typing=Condition(lambda: model.asking is None),
            history=_history(history),
            multiline=True,
        )
        self._app: Application[None] = Application(
            layout=self._layout(),
            key_bindings=keys(model, self),
            style=_STYLE,
            input=keyboard,
            output=screen,
            erase_when_done=True,
        )
        self._app.ttimeoutlen = 0.05  # seconds until a lone Esc is taken for one: Alt sends both bytes at once
        self._app.timeoutlen = 0.2

    async def run(self) -> None:
        """Show the panel until `exit`."""
        self._raw_since = self._clock.monotonic()
        await self._app.run_async(handle_sigint=False)

    def exit(self) -> None:
        """Leave the screen."""
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def redraw(self) -> None:
        """Draw again soon."""
        self._app.invalidate()

    def write(self, text: str) -> None:
        """Print text for good; to be called while the panel is out of the way."""
        print_formatted_text(ANSI(text), end="", output=self._app.output)
        self._raw_since = self._clock.monotonic()

    @property
    def width(self) -> int:
        """Columns of the terminal, less one: some terminals wrap when the last one is written."""
        return max(self._app.output.get_size().columns - 1, NARROWEST)

    @property
    def text(self) -> str:
        """What has been typed so far."""
        return self._buffer.text

    def put(self, text: str) -> None:
        """Write into the prompt, in place of what stands there."""
        self._buffer.set_document(Document(text), bypass_readonly=True)

    def insert(self, text: str) -> None:
        """Write at the cursor."""
        self._buffer.insert_text(text)

    def line_end(self) -> None:
        """Begin a new line; or send, if this was an Enter typed before the prompt was there.

        Until then the terminal turns the key's carriage return into a line feed, which is what Ctrl+J sends.
        """
        if self._clock.monotonic() - self._raw_since < _AHEAD_SECONDS:
            self.send()
        else:
            self.insert("\n")

    def complete(self, by: int) -> None:
        """Offer completions, or go to the next one."""
        if self._buffer.complete_state is None:
            self._buffer.start_completion(insert_common_part=True)
        elif by > 0:
            self._buffer.complete_next()
        else:
            self._buffer.complete_previous()

    def ask(self, prefill: str) -> None:
        """Put what was being typed aside and offer a text to edit."""
        self._draft = self._buffer.text
        self.put(prefill)

    def cancel(self) -> None:
        """Go back to what was being typed before a button asked; or clear the prompt."""
        asked, self._model.asking = self._model.asking, None
        self.put(self._draft if asked else "")
        self._draft = ""

    def send(self) -> None:
        """Hand what was typed to the model; commands go into the history."""
        asked, text = self._model.asking, self._buffer.text
        self._buffer.reset(append_to_history=asked is None)
        self._model.submit(text)
        self.put(self._draft if asked else "")
        self._draft = ""

    def _layout(self) -> Layout:
        prompt = Window(
            BufferControl(self._buffer, input_processors=[BeforeInput("> ", style="class:prompt")]),
            height=Dimension(min=1, max=_INPUT_ROWS),
            wrap_lines=True,
            dont_extend_height=True,
        )
        question = Window(
            FormattedTextControl(lambda: [("class:question", self._model.question())]),
            height=1,
            dont_extend_height=True,
        )
        return Layout(
            HSplit(
                [
                    ConditionalContainer(
                        Window(FormattedTextControl(self._cards), dont_extend_height=True),
                        Condition(lambda: bool(self._model.stage.cards)),
                    ),
                    ConditionalContainer(question, Condition(lambda: bool(self._model.question()))),
                    prompt,
                    CompletionsMenu(max_height=_MENU_ROWS),
                    Window(
                        FormattedTextControl(lambda: [("class:toolbar", self._model.toolbar())]),
                        height=1,
                        style="class:toolbar",
                    ),
                ]
            ),
            focused_element=prompt,
        )

    def _cards(self) -> AnyFormattedText:
        typed = min(self._buffer.document.line_count, _INPUT_ROWS)
        menu = _MENU_ROWS if self._buffer.complete_state else 0
        question = -(-len(self._model.question()) // self.width)
        others = typed + menu + question + 2  # the toolbar, and a row to breathe
        return ANSI(self._model.draw(self.width, max(self._app.output.get_size().rows - others, 0)))


class GrammarCompleter(Completer):
    """Completion by the grammar; fast enough to run between two keys."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Offer what may stand at the cursor; nothing while a button asks for text."""
        wanted = document.text.strip() or complete_event.completion_requested
        if wanted and self._model.asking is None:
            for offer in complete(document.text_before_cursor, self._model.names):
                yield Completion(offer.text, start_position=-offer.replaces, display_meta=offer.about)


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # what people type is nobody else's business
    return FileHistory(str(path))
