"""Cards as Telegram messages, set for a phone: one message each, inside all limits. Pure.

What does not fit is cut at a line, and said so; the whole is then in `rest`, for a file. A card that is not shown whole
has no button that decides something. What is decided on is never folded; other long code and prose is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from bot.face import IN_FILE, NEEDS_YOU, NOT_ALL, asks, decides, missing, pieces, small, titled, whole
from bot.measure import EMPTY, head, one_line, units
from bot.messenger import Card, Field, Look, Section, Tone
from bot.telegram.rendering.buttons import Keyboard, rows
from bot.telegram.rendering.entities import Kind
from bot.telegram.rendering.markdown import LONG_LINES, prose
from bot.telegram.rendering.safety import shown
from bot.telegram.rendering.text import MESSAGE_ENTITIES, MESSAGE_UNITS, Text, Writer, join, plain, split
from bot.views import say
from runner.model import Json, value

BEGINNING = 1_500  # units of a card that does not fit: about a page of a phone, since its file has all of it

_ANSWER = 3  # messages of an answer: what is longer, nobody reads on a phone
_OURS = frozenset({Look.TEXT, Look.HINT})
_TITLE = 150  # units
_FACTS_LINE = 400  # units of the line with the short facts
_FOOTER = 400  # units
_REMARK = 2_000  # units of a remark
_FILES = 5  # files that are named
_LABELS = 20  # facts whose label is bold: entities are few
_TOP = 40  # entities of title and facts
_COMMANDS = 12  # pieces of code in a text of Signoff
_CUT_NOTE = 200  # units kept free to say that something was cut
_LEAST = 100  # units below which no section is begun


@value
class Rendered:
    """A message. `rest` is the whole card for a file, if it is not empty; a `silent` one makes no sound."""

    text: Text
    keyboard: Keyboard = ()
    rest: str = ""
    silent: bool = True


@value
class _Room:
    """What is left of a message."""

    units: int
    entities: int

    def without(self, text: Text, gap: int = 2) -> _Room:
        return _Room(units=self.units - units(text.text) - gap, entities=self.entities - len(text.entities))

    def holds(self, text: Text) -> bool:
        return units(text.text) <= self.units and len(text.entities) <= self.entities


def render(card: Card) -> Rendered:
    """Set a card as a message."""
    text, keyboard, cut = _composed(card, MESSAGE_UNITS)
    if cut:
        text, keyboard, _ = _composed(card, BEGINNING)
    rest = whole(card) if cut else ""
    return Rendered(text=text, keyboard=keyboard, rest=rest, silent=not _loud(card))


def answer(card: Card) -> tuple[Rendered, ...]:
    """Set what Signoff says in answer to a word, in up to three messages one below the other; buttons below the last.

    What is longer, has files, is edited later, is decided on, or was written by an agent is one message: see `render`.
    """
    made = render(card)
    ours = all(section.look in _OURS for section in card.sections) and not card.key and not card.files
    if not made.rest or not ours or any(map(decides, card.buttons)):
        return (made,)
    text, keyboard, cut = _composed(card, _ANSWER * MESSAGE_UNITS)
    parts = split(text)  # which finds the names in each part anew, so that none is cut for want of entities
    if cut or len(parts) > _ANSWER:
        return (made,)
    return (
        *(Rendered(text=part, silent=made.silent) for part in parts[:-1]),
        Rendered(text=parts[-1], keyboard=keyboard, silent=made.silent),
    )


def line(text: str, *, silent: bool = True) -> Rendered:
    """Set a remark of one or two lines, such as an answer that only one person sees. It is cut at 2,000 units."""
    said = shown(text).strip()
    kept = said if units(said) <= _REMARK else head(said, _REMARK).rstrip() + "…"
    return Rendered(text=plain(kept or EMPTY), silent=silent)


def payload(rendered: Rendered) -> Json:
    """Turn a message into what is stored until it is sent, with the names of the Bot API.

    Of a button `asks` and `prefill` are not sent: `buttons.asked` finds them again when it is pressed.
    """
    return {
        "text": rendered.text.text,
        "entities": [
            {
                "type": entity.kind,
                "offset": entity.offset,
                "length": entity.length,
                **({"url": entity.url} if entity.url else {}),
                **({"language": entity.language} if entity.language else {}),
            }
            for entity in rendered.text.entities
        ],
        "keyboard": [
            [
                {"text": key.text, "data": key.data, "style": key.style, "asks": key.asks, "prefill": key.prefill}
                for key in row
            ]
            for row in rendered.keyboard
        ],
        "silent": rendered.silent,
    }


def _loud(card: Card) -> bool:
    return asks(card) or bool(card.nudge) or card.tone is Tone.BAD


def _composed(card: Card, limit: int) -> tuple[Text, Keyboard, bool]:
    """Set a card in at most `limit` units, and say whether that is less than all of it."""
    top, facts_cut = _top(card, limit)
    bottom = join([_footer(card), _files(card)])
    room = _Room(units=limit - _CUT_NOTE, entities=MESSAGE_ENTITIES - 2).without(top).without(bottom)
    body, body_cut = _sections(card, room)
    cut = facts_cut or body_cut
    buttons, note = card.buttons, Text(text="")
    if cut and any(decides(button) for button in buttons):
        buttons = tuple(button for button in buttons if not decides(button))
        note = _styled(f"{NOT_ALL} Read the rest {IN_FILE}, then say the word.", Kind.BOLD)
    text = join([top, *body, note, bottom])
    return text, rows(buttons), cut or units(text.text) > limit


def _top(card: Card, limit: int) -> tuple[Text, bool]:
    """Set title and facts."""
    title = shown(titled(card))
    writer = Writer()
    writer.write(one_line(title, _TITLE), Kind.BOLD)
    short = small(card)
    said = ([NEEDS_YOU] if asks(card) else []) + [f"{field.label}: {field.value}" for field in short]
    shared = shown(" · ".join(said))
    if shared:
        writer.write("\n" + one_line(shared, _FACTS_LINE))
    lines_cut = _long_facts(writer, [field for field in card.fields if field not in short], limit // 3)
    return writer.finished(_TOP), lines_cut or units(title) > _TITLE or units(shared) > _FACTS_LINE


def _long_facts(writer: Writer, fields: Sequence[Field], room: int) -> bool:
    """Give each fact a line of its own, as far as there is room; say whether there was not."""
    for number, field in enumerate(fields):
        label, content = one_line(shown(field.label), 80), shown(field.value).strip()
        room -= units(plain(f"{label}: {content}").text) + 1
        if room < 0:
            return True
        writer.write("\n")
        writer.write(f"{label}:", *([Kind.BOLD] if number < _LABELS else []))
        writer.write(f" {content}")
    return False


def _footer(card: Card) -> Text:
    return _hint(one_line(shown(card.footer), _FOOTER)) if card.footer.strip() else Text(text="")


def _files(card: Card) -> Text:
    """Name the files that go with a card; their bytes are posted beside it."""
    named = [f"File: {one_line(shown(file.name), 80)}  {say.size(file.size)}" for file in card.files]
    more = len(named) - _FILES
    said = [*named[: _FILES - 1], f"… and {say.plural(more + 1, 'file')} more"] if more > 0 else named
    return plain("\n".join(said), _FILES)


def _sections(card: Card, room: _Room) -> tuple[list[Text], bool]:
    """Set the sections until one has to be cut; nothing follows a cut, so that what is shown has no hole."""
    made: list[Text] = []
    folds = not asks(card) and not any(decides(button) for button in card.buttons)
    for number, section in enumerate(card.sections, 1):
        text, cut = _section(section, room, folds=folds) if room.units >= _LEAST else (Text(text=""), True)
        made.append(text)
        room = room.without(text)
        if cut:
            left = len(card.sections) - number + (not text.text)
            return [*made, *([_remark(f"… {say.plural(left, 'part')} more {IN_FILE}")] if left else [])], True
    return made, False


def _section(section: Section, room: _Room, *, folds: bool) -> tuple[Text, bool]:
    """Set a section, and say whether it is cut."""
    title = one_line(shown(section.title), _TITLE) if section.title.strip() else ""
    name = _styled(title, *([Kind.BOLD] if room.entities else []), entities=room.entities) if title else Text(text="")
    room = room.without(name, gap=1)
    body = shown(section.body).strip("\n")
    text, kept = _fitted(body, room, lambda source: _body(source, section.look, room.entities, folds=folds))
    parts = [name, text]
    if kept != body:
        parts.append(_remark(f"… {missing(body[len(kept) :])} more {IN_FILE}"))
    return join(parts, "\n"), kept != body or units(shown(section.title)) > _TITLE


def _fitted(body: str, room: _Room, make: Callable[[str], Text]) -> tuple[Text, str]:
    """Set as much of the beginning of a text as there is room for, cut at a line where it has several."""
    kept = body if units(body) <= room.units else _at_line(head(body, room.units))
    made = make(kept)
    while not room.holds(made) and kept:
        over = max(units(made.text) - room.units, 1)
        kept = _at_line(kept[: max(len(kept) - max(over // 2, 1), 0)])
        made = make(kept)
    return made, kept


def _at_line(text: str) -> str:
    lines = text.rpartition("\n")[0]
    return lines if lines.strip() else text


def _body(text: str, look: Look, entities: int, *, folds: bool) -> Text:
    """Set a text in its look, as far as so many entities allow it."""
    match look:
        case Look.TEXT:
            return plain(text, entities)
        case Look.HINT:
            return _hint(text, entities)
        case Look.CODE | Look.DIFF:
            return _code(text, "diff" if look is Look.DIFF else "", entities, folds=folds)
        case Look.PROSE:
            return prose(text, entities, folds=folds)
        case _:
            assert_never(look)


def _hint(text: str, entities: int = _COMMANDS) -> Text:
    """Set a text of Signoff: its commands are copied by a touch."""
    said = pieces(text)
    if sum(is_code for _, is_code in said) > min(entities, _COMMANDS):
        return plain(text, entities)
    writer = Writer()
    for piece, is_code in said:
        writer.write(piece, *([Kind.CODE] if is_code else []))
    return writer.finished(entities)


def _code(text: str, language: str, entities: int, *, folds: bool) -> Text:
    """Set code, folded where it is long: Telegram takes `pre` in an expandable quote."""
    if entities < 2:
        return plain(text, entities)
    writer = Writer()
    writer.write(text, Kind.PRE, language=language)
    if folds and text.count("\n") >= LONG_LINES:
        writer.mark(0, Kind.LONG_QUOTE)
    return writer.finished(entities)


def _styled(text: str, *kinds: Kind, entities: int = 1) -> Text:
    writer = Writer()
    writer.write(text, *kinds)
    return writer.finished(entities)


def _remark(text: str) -> Text:
    return _styled(text, Kind.ITALIC)
