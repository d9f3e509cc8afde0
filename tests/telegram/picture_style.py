"""How the pictures of Telegram on a phone look."""

from __future__ import annotations

STYLE = """
body { margin: 0; color: var(--ink); background: var(--wall);
  font: 15.5px/1.32 Roboto, "Noto Sans", "Liberation Sans", sans-serif }
.light { --ink: #000; --wall: #b6c9a8; --paper: #fff; --blue: #3478c6; --soft: #8a8f94; --well: #eef3f9;
  --quote: #e8f1fb; --key: #6f8a63cc; --edge: #888 }
.dark { --ink: #f2f2f2; --wall: #0e1621; --paper: #182533; --blue: #6ab3f3; --soft: #7f91a4; --well: #1f3044;
  --quote: #1d3247; --key: #24384de6; --edge: #555 }
.phone { width: 390px; overflow-x: hidden; background: var(--wall) }
.sheet { column-width: 390px; column-gap: 16px }
.sheet .phone { break-inside: avoid; border: 1px solid var(--edge); margin-bottom: 12px }
.name { background: #36c; color: #fff; font: 700 12px monospace; padding: 2px 6px }
.message { margin: 8px 48px 2px 8px; padding: 6px 10px 16px; border-radius: 14px 14px 14px 4px;
  background: var(--paper); white-space: pre-wrap; overflow-wrap: anywhere; position: relative }
.message::after { content: attr(data-note); position: absolute; right: 10px; bottom: 3px; font-size: 11px;
  color: var(--soft) }
.quote { display: block; border-left: 3px solid var(--blue); border-radius: 4px; background: var(--quote);
  padding: 3px 8px; margin: 2px 0; position: relative }
.folded { max-height: 62px; overflow: hidden } .folded::after { content: "⌄"; position: absolute; right: 6px; bottom: 0;
  color: var(--blue) }
pre { display: block; font: 13px/1.35 "Roboto Mono", "DejaVu Sans Mono", monospace; background: var(--well);
  border-left: 3px solid var(--blue); border-radius: 4px; margin: 2px 0; padding: 4px 8px; white-space: pre-wrap }
.quote pre { border-left-color: var(--soft) }
pre b { display: block; color: var(--blue); font: 700 12px Roboto, "Noto Sans", sans-serif }
code { font: 13.5px "Roboto Mono", "DejaVu Sans Mono", monospace; color: var(--blue) }
a { color: var(--blue); text-decoration: none }
.row { display: flex; gap: 4px; margin: 2px 48px 2px 8px }
.row span { flex: 1; text-align: center; background: var(--key); color: #fff; border-radius: 8px; padding: 9px 4px;
  font-weight: 500; font-size: 14px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.row .success { background: #3f9c4a } .row .primary { background: #2f7fd0 } .row .danger { background: #cf4a4a }
.file { margin: 2px 48px 8px 8px; padding: 8px 10px; border-radius: 14px; background: var(--paper); font-size: 13px }
"""
