"""Blocks as a page that looks roughly like Slack on a phone of 390 px, so that a person can look at the cards.

`python -m tests.slack.picture FOLDER [CARD …]` writes one page for each sample card, and the App Home as `home` and
`home-empty`; a browser makes pictures of them:
`chromium --headless --no-sandbox --hide-scrollbars --window-size=420,900 --screenshot=card.png card.html`.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot import views
from bot.slack.cards import Rendered, render
from bot.slack.surfaces import home
from runner.model import Json
from tests.bot.test_home import BUSY, EMPTY
from tests.bot.test_views import CARDS

_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; width: 390px; font: 15px/1.45 Lato, "Noto Sans", sans-serif; color: #1d1c1d; background: #fff }}
.push {{ margin: 8px; padding: 8px 10px; border-radius: 12px; background: #e8e8ed; font-size: 13px;
  display: -webkit-box; -webkit-line-clamp: 4; -webkit-box-orient: vertical; overflow: hidden; white-space: pre-line }}
.message {{ padding: 8px 12px 8px 52px; position: relative }}
.message::before {{ content: "S"; position: absolute; left: 10px; top: 10px; width: 32px; height: 32px;
  border-radius: 6px; background: #4a154b; color: #fff; text-align: center; line-height: 32px; font-weight: 700 }}
h3 {{ font-size: 18px; line-height: 1.3; margin: 4px 0 }}
.context {{ color: #616061; font-size: 12px; margin: 4px 0 }} .context span {{ margin-right: 8px }}
.rich {{ margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere }}
.rich > div {{ margin: 0 }} .rich li > div {{ display: inline }}
.quote, .border {{ border-left: 4px solid #ddd; padding-left: 10px }}
pre {{ font: 12px/1.5 Menlo, "DejaVu Sans Mono", monospace; background: #f8f8f8; border: 1px solid #ddd; margin: 4px 0;
  border-radius: 4px; padding: 8px; white-space: pre-wrap; overflow-wrap: anywhere }}
code {{ font: 12px Menlo, "DejaVu Sans Mono", monospace; color: #c01343; background: #f8f8f8; border: 1px solid #ddd;
  border-radius: 3px; padding: 1px 3px }}
.actions {{ display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0 }}
button {{ font: 700 13px Lato, "Noto Sans", sans-serif; height: 32px; padding: 0 12px; border: 1px solid #bbb;
  border-radius: 4px; background: #fff; white-space: nowrap; max-width: 100%; overflow: hidden; text-overflow: ellipsis
}}
.primary {{ background: #007a5a; color: #fff; border-color: #007a5a }}
.danger {{ color: #e01e5a; border-color: #e01e5a }}
.menu {{ font-size: 12px; color: #616061; border: 1px dashed #bbb; border-radius: 4px; padding: 4px 8px }}
hr {{ border: 0; border-top: 1px solid #ddd }}
</style><div class="push"><b>Signoff</b>
{text}</div><div class="message"><b>Signoff</b>{body}</div>{rest}
"""


def page(message: Rendered) -> str:
    """Draw a message and its notification."""
    rest = f'<div class="push">file: {len(message.rest):,} characters</div>' if message.rest else ""
    return _PAGE.format(text=message.text, body=drawn(message.blocks), rest=rest)


def surface(view: Json) -> str:
    """Draw an App Home, which has no author and no notification."""
    whole = _PAGE.partition('<div class="push">')[0].format()
    return f'{whole}<div style="padding:12px">{drawn(view["blocks"])}</div>'


def drawn(blocks: Sequence[Json]) -> str:
    """Draw blocks as HTML; a block that Slack or this program does not know is an error."""
    return "\n".join(_block(block) for block in blocks)


def _block(block: Json) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_escaped(block['text']['text'])}</h3>"
        case "context":
            return f'<div class="context">{_all("span", block["elements"])}</div>'
        case "actions":
            return f'<div class="actions">{"".join(_pressed(element) for element in block["elements"])}</div>'
        case "rich_text":
            return f'<div class="rich">{"".join(_rich(element) for element in block["elements"])}</div>'
        case "divider":
            return "<hr>"
        case other:
            raise ValueError(other)


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


def _main(folder: Path, names: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages = {name: page(render(card)) for name, card in CARDS.items()}
    pages |= {"home": surface(home(views.home(BUSY))), "home-empty": surface(home(views.home(EMPTY)))}
    for name in names or pages:
        (folder / f"{name}.html").write_text(pages[name], encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
