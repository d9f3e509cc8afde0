"""Cards of hostile people and agents, for tests of how they are shown in Slack."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.messenger import Attachment, Button, Card, Field, Look, Section, Style, Tone

FRAGMENTS = (
    *("<!channel>", "<!here|here>", "<!everyone>", "<@U0123ABCD>", "<@U0123ABCD|boss>", "<!subteam^S0123|team>"),
    *("<#C0123ABCD|general>", "<https://evil.example|bank.example>", "<mailto:a@b.example|x>", "@here", "@channel"),
    *("@everyone", "@ada", "&lt;!channel&gt;", "&amp;", ":tada:", "*bold*", "_it_", "~no~", "`code`", "```", "~~~~"),
    *("````py rm -rf\n", "\n> quote", "\n- item", "\n1. one", "\n99999999. far", "\n# Head", "\n***\n"),
    *("\n| a | b |\n|-|-|\n|1|2|3|", "[bank.example](https://evil.example)", "![x](https://e.example/p)"),
    *('[https://bank.example](https://evil.example "title")', "[a][r]", "\n[r]: https://hidden.example\n"),
    *("<b>html</b>", "\n<details>\nin\n</details>\n", "\u202e", "\u200b", "\u2066", "\x00", "\x1b[31m", "\r", "\r\n"),
    *("\ud800", "\u2028", "😀", "👩‍👩‍👧", "é", "漢字", "x" * 200, "\\", '"', "\n", " ", "\t", "javascript:alert(1)"),
    *("https://example.com/a?b=c).", "http://user:pw@evil.example@bank.example/", "\n    indented"),
)
_repeated = st.builds(lambda part, times: part * times, st.sampled_from(FRAGMENTS), st.sampled_from([20, 200, 700]))
_soup = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)
texts = st.one_of(_soup, st.text(max_size=60), _repeated)
short = st.one_of(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=3).map("".join), st.text(max_size=20))
_known = ["approve a7c2d9", "deny a7c2d9", "answer a7c2d9 #1", "view a7c2d9", "merge k3f9x2", "discard k3f9x2"]
actions = st.one_of(st.sampled_from(_known), short)
buttons = st.builds(
    Button,
    label=short,
    action=actions,
    style=st.sampled_from(Style),
    asks=st.one_of(st.just(""), short),
    prefill=st.one_of(st.just(""), texts),
)
sections = st.builds(Section, title=st.one_of(st.just(""), short), body=texts, look=st.sampled_from(Look))
cards = st.builds(
    Card,
    title=st.one_of(short, texts),
    key=st.sampled_from(["", "ask:00000000000000000000a7c2d9", "run:00000000000000000000k3f9x2"]),
    tone=st.sampled_from(Tone),
    fields=st.lists(st.builds(Field, label=short, value=st.one_of(short, texts)), max_size=12).map(tuple),
    sections=st.one_of(
        st.lists(sections, max_size=6).map(tuple),
        st.lists(st.builds(Section, title=short, body=short), min_size=40, max_size=60).map(tuple),
    ),
    buttons=st.lists(buttons, max_size=40).map(tuple),
    files=st.lists(st.builds(Attachment, name=short, path=short, size=st.integers(0, 10**9)), max_size=12).map(tuple),
    footer=st.one_of(short, texts),
    nudge=st.one_of(st.just(""), short),
)
