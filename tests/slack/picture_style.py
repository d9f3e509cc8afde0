"""How the pictures of Slack on a phone look."""

from __future__ import annotations

STYLE = """
body { margin: 0; color: var(--ink); background: var(--paper);
  font: 15px/1.45 Lato, "Noto Sans", "Liberation Sans", sans-serif }
.light { --ink: #1d1c1d; --paper: #fff; --soft: #616061; --line: #ddd; --well: #f8f8f8; --edge: #bbb; --push: #e8e8ed;
  --code: #c01343; --bad: #e01e5a }
.dark { --ink: #d1d2d3; --paper: #1a1d21; --soft: #ababad; --line: #35373b; --well: #222529; --edge: #565856;
  --push: #3a3b40; --code: #e8912d; --bad: #ff6b8b }
.phone { width: 390px; overflow-x: hidden; background: var(--paper) }
.sheet { column-width: 390px; column-gap: 16px }
.sheet .phone { break-inside: avoid; border: 1px solid var(--edge); margin-bottom: 12px }
.name { background: #36c; color: #fff; font: 700 12px monospace; padding: 2px 6px }
.push { margin: 8px; padding: 8px 10px; border-radius: 12px; background: var(--push); font-size: 13px;
  display: -webkit-box; -webkit-line-clamp: 4; -webkit-box-orient: vertical; overflow: hidden; white-space: pre-line }
.message { padding: 8px 12px 8px 52px; position: relative }
.message::before { content: "S"; position: absolute; left: 10px; top: 10px; width: 32px; height: 32px;
  border-radius: 6px; background: #4a154b; color: #fff; text-align: center; line-height: 32px; font-weight: 700 }
.home { padding: 12px }
.bar { display: flex; justify-content: space-between; border-bottom: 1px solid var(--line); padding: 12px; gap: 8px;
  white-space: nowrap }
.bar span:nth-child(2) { font-weight: 700; overflow: hidden; text-overflow: ellipsis }
h3 { font-size: 18px; line-height: 1.3; margin: 4px 0 }
.context, .soft { color: var(--soft) }
.context { font-size: 12px; margin: 4px 0 } .context span { margin-right: 8px }
.rich { margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere }
.rich > div { margin: 0 } .rich li > div { display: inline }
.quote, .border { border-left: 4px solid var(--line); padding-left: 10px }
pre { font: 12px/1.5 Menlo, "DejaVu Sans Mono", monospace; background: var(--well); border: 1px solid var(--line);
  margin: 4px 0; border-radius: 4px; padding: 8px; white-space: pre-wrap; overflow-wrap: anywhere }
code { font: 12px Menlo, "DejaVu Sans Mono", monospace; color: var(--code); background: var(--well);
  border: 1px solid var(--line); border-radius: 3px; padding: 1px 3px }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0 }
button { font: 700 13px Lato, "Noto Sans", "Liberation Sans", sans-serif; height: 32px; padding: 0 12px;
  border: 1px solid var(--edge); border-radius: 4px; background: var(--paper); color: var(--ink); white-space: nowrap;
  max-width: 100%; overflow: hidden; text-overflow: ellipsis }
.primary { background: #007a5a; color: #fff; border-color: #007a5a }
.danger { color: var(--bad); border-color: var(--bad) }
.menu { font-size: 12px; color: var(--soft); border: 1px dashed var(--edge); border-radius: 4px; padding: 4px 8px }
.file { border: 1px solid var(--edge); border-radius: 8px; padding: 8px; margin: 6px 0; font-size: 13px }
.input { margin: 14px 0 } .choice { margin: 6px 0 } .choice .context { margin: 0 0 0 20px }
.field { border: 1px solid var(--edge); border-radius: 4px; padding: 8px; margin: 4px 0; white-space: pre-wrap;
  overflow-wrap: anywhere }
.tall { min-height: 64px }
.wrong { color: var(--bad); font-size: 13px }
hr { border: 0; border-top: 1px solid var(--line) }
"""
