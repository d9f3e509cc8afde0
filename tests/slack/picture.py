"""Blocks as pages that look roughly like Slack on a phone of 390 px, so that a person can look at what people see.

`python -m tests.slack.picture FOLDER [NAME …]` writes a page for each sample: cards, forms, what one person alone is
told, and the App Home; and `sheet-1` ... with several beside each other. All of them are there a second time, dark, as
`NAME-dark`. A browser makes pictures of them:
`chromium --headless --no-sandbox --hide-scrollbars --window-size=420,900 --screenshot=card.png card.html`.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bot import views
from bot.slack.rendering.cards import Rendered, render
from bot.slack.rendering.surfaces import home
from runner.model import Json
from tests.bot.test_home import BUSY, EMPTY
from tests.bot.test_views import CARDS
from tests.products.picture import write
from tests.slack.gallery import FAULTS, FORMS, MESSAGES, Posted
from tests.slack.picture_style import STYLE


def page(message: Rendered) -> str:
    """Draw a message and its notification."""
    rest = (f"file: {len(message.rest):,} characters",) if message.rest else ()
    return posted(Posted(text=message.text, blocks=message.blocks, files=rest))


def posted(message: Posted) -> str:
    """Draw a message where it stands, and what a lock screen says of it unless it is for one person alone."""
    push = f'<div class="push"><b>Signoff</b>\n{message.text}</div>' if not message.alone else ""
    alone = '<div class="context">Only visible to you</div>' if message.alone else ""
    files = "".join(f'<div class="file">{_escaped(name)}</div>' for name in message.files)
    return f'{push}<div class="message"><b>Signoff</b>{alone}{drawn(message.blocks)}{files}</div>'


def surface(view: Json, faults: Mapping[str, str] | None = None) -> str:
    """Draw an App Home, or a form with what is wrong with its fields."""
    body = drawn(view["blocks"], faults)
    if view["type"] == "home":
        return f'<div class="home">{body}</div>'
    bar = "".join(
        f"<span>{_escaped(view.get(part, {}).get('text', ''))}</span>" for part in ("close", "title", "submit")
    )
    return f'<div class="bar">{bar}</div><div class="home">{body}</div>'


def drawn(blocks: Sequence[Json], faults: Mapping[str, str] | None = None) -> str:
    """Draw blocks as HTML; a block that Slack or this program does not know is an error."""
    return "\n".join(_block(block, faults or {}) for block in blocks)


def _block(block: Json, faults: Mapping[str, str]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_escaped(block['text']['text'])}</h3>"
        case "context":
            return f'<div class="context">{_all("span", block["elements"])}</div>'
        case "actions":
            return f'<div class="actions">{"".join(_pressed(element) for element in block["elements"])}</div>'
        case "rich_text":
            return f'<div class="rich">{"".join(_rich(element) for element in block["elements"])}</div>'
        case "input":
            return _input(block, faults.get(block["block_id"], ""))
        case "divider":
            return "<hr>"
        case other:
            raise ValueError(other)


def _input(block: Json, fault: str) -> str:
    optional = ' <span class="soft">(optional)</span>' if block.get("optional") else ""
    hint = f'<div class="context">{_escaped(block["hint"]["text"])}</div>' if "hint" in block else ""
    wrong = f'<div class="wrong">{_escaped(fault)}</div>' if fault else ""
    label = f"<b>{_escaped(block['label']['text'])}</b>{optional}"
    return f'<div class="input">{label}{_field(block["element"])}{wrong}{hint}</div>'


def _field(element: Json) -> str:
    match element["type"]:
        case "plain_text_input" | "number_input":
            example = f'<span class="soft">{_escaped(element.get("placeholder", {}).get("text", " "))}</span>'
            tall = " tall" if element.get("multiline") else ""
            return f'<div class="field{tall}">{_escaped(element.get("initial_value", "")) or example}</div>'
        case "radio_buttons" | "checkboxes":
            chosen = [*element.get("initial_options", ()), element.get("initial_option")]
            empty, full = "○●" if element["type"] == "radio_buttons" else "☐☑"
            return "".join(_choice(each, full if each in chosen else empty) for each in element["options"])
        case "static_select" | "multi_static_select":
            chosen = element.get("initial_option", {}).get("text", {}).get("text", "Select an option")
            return f'<div class="field">{_escaped(chosen)} ▾ <span class="soft">{len(element["options"])}</span></div>'
        case other:
            raise ValueError(other)


def _choice(option: Json, sign: str) -> str:
    about = f'<div class="context">{_escaped(option["description"]["text"])}</div>' if "description" in option else ""
    return f'<div class="choice">{sign} {_escaped(option["text"]["text"])}{about}</div>'


def _all(tag: str, elements: Iterable[Json]) -> str:
    return "".join(f"<{tag}>{_escaped(element['text'])}</{tag}>" for element in elements)


def _pressed(element: Json) -> str:
    if element["type"] == "overflow":
        return f'<div class="menu">⋯ {" · ".join(_escaped(each["text"]["text"]) for each in element["options"])}</div>'
    return f'<button class="{element.get("style", "")}">{_escaped(element["text"]["text"])}</button>'


def _rich(element: Json) -> str:
    border = " border" if element.get("border") else ""
    match element["type"]:
        case "rich_text_section":
            return f"<div>{_pieces(element).removesuffix(chr(10))}</div>"
        case "rich_text_quote":
            return f'<div class="quote">{_pieces(element)}</div>'
        case "rich_text_preformatted":
            return f'<div class="{border.strip()}"><pre>{_pieces(element)}</pre></div>'
        case "rich_text_list":
            tag = "ol" if element["style"] == "ordered" else "ul"
            items = "".join(f"<li>{_rich(item)}</li>" for item in element["elements"])
            indent = 24 + 24 * element.get("indent", 0)
            start = element.get("offset", 0) + 1
            inner = f'<{tag} style="margin:0;padding-left:{indent}px" start={start}>{items}</{tag}>'
            return f'<div class="{border.strip()}">{inner}</div>'
        case other:
            raise ValueError(other)


def _pieces(element: Json) -> str:
    return "".join(_piece(piece) for piece in element["elements"])


def _piece(piece: Json) -> str:
    shown = f"<u>{_escaped(piece['url'])}</u>" if piece["type"] == "link" else _escaped(piece["text"])
    for name, tag in (("bold", "b"), ("italic", "i"), ("strike", "s"), ("code", "code")):
        if piece.get("style", {}).get(name):
            shown = f"<{tag}>{shown}</{tag}>"
    return shown


def _escaped(text: str) -> str:
    return html.escape(text)


def phones() -> dict[str, str]:
    """Draw all samples."""
    found = {name: page(render(card)) for name, card in CARDS.items()}
    found |= {name: posted(message) for name, message in MESSAGES.items()}
    found |= {name: surface(view) for name, view in FORMS.items()}
    found |= {f"{name}-faults": surface(FORMS[name], faults) for name, faults in FAULTS.items()}
    return found | {"home": surface(home(views.home(BUSY))), "home-empty": surface(home(views.home(EMPTY)))}


if __name__ == "__main__":
    write(Path(sys.argv[1]), phones(), STYLE, sys.argv[2:])
