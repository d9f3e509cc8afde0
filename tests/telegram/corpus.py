"""What agents and people write to be shown as something else, or to break what shows it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.slack.cards import FRAGMENTS

LIVE = (
    *("@here", "@everyone", "@someone", "@signoff_bot", "/stop@signoff_bot", "/stop", "cd /tmp", "a@b.example", "@gif"),
    *(
        "https://medium.com/@adaname/x",
        "https://e.example/-/tmp",
        "/tmp/x",
        "(/stop)",
        "tg://user?id=1234567",
        "@@adaname",
    ),
    *(
        "@adaname@adaname",
        "é@adaname",
        "e\u0301@adaname",
        "漢@adaname",
        "#tag",
        "$ABC",
        "4242424242424242",
        "t.me/adaname",
    ),
    *("/a,b", "/a_b:c", "@", "/", "/" + "a" * 65, "@" + "a" * 33, "adaname", "stop", "_", "calc.py", "//", "</stop>"),
    *("https://a.example/@adaname(/stop)", "http://a@adaname", "https://a..b/@adaname", "https://-a.example/@adaname"),
)
SHAPES = (
    *(
        "- [ ] box",
        "\n- [x] box",
        "\n1. one\n   - two\n     - three\n",
        "[^1]",
        "\n[^1]: footnote\n",
        "a\u030a",
        "\u0333",
        "\t",
    ),
    *(
        "~~struck~~",
        "**bold",
        "**b *bi* ~~bs~~**",
        "***x***",
        "\n> > deep\n",
        "\n```a\n````\n```\n",
        "🏳️‍🌈",
        "👍🏽",
        "\U0001f1e9\U0001f1ea",
    ),
    *(
        "\n| a very long name of a column | and another one |\n|-|-|\n| x | y |\n",
        "\n| a | b |\n|-|-|\n| @ada | /stop |\n",
    ),
    *(
        "**word** ",
        "`code` ",
        "*i*",
        "\u00a0",
        "\u3000",
        "\u2009",
        "الف",
        "\u05d0",
        "\ufffd",
        "\U0010ffff",
        "\x7f",
        "\u0300" * 9,
    ),
)
PIECES = (*FRAGMENTS, *LIVE, *SHAPES)
_soup = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
_spaced = st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join)
_repeated = st.builds(lambda part, times: part * times, st.sampled_from(PIECES), st.sampled_from([20, 120, 700]))
texts = st.one_of(_soup, _spaced, st.text(max_size=60), _repeated)
_names = st.builds(
    "{}{}.{}{}".format,
    st.sampled_from(["", "src/", "./", "~/", "C:\\x\\", "a.b/", "--x="]),
    st.sampled_from(["calc", "README", "a-b", "self", "x.y", "2024", "é", "-c"]),
    st.sampled_from(
        ["py", "PY", "sh", "md", "MD", "rs", "pl", "zip", "mov", "java", "cc", "app", "name", "now", "info"]
    ),
    st.sampled_from(["", ":12", "#L2", "()", "/x", "?a=1"]),
)
_beside = st.sampled_from(
    ["Fix ", ", ", "; ", "\n", "\n- ", " **and** ", "(", ") ", "“", "”", ": ", ". ", "! ", " → ", " | "]
)
texts_with_names = st.lists(st.tuples(_beside, _names), min_size=1, max_size=12).map(
    lambda parts: "".join(map("".join, parts))
)
NASTY = (
    "",
    " ",
    "\n\n",
    *PIECES,
    *(f"{piece} " * 120 for piece in ("**bold**", "`@adaname`", "@adaname", "/stop", "[a](https://e.example)", "😀")),
    "> " * 30 + "deep",
    "- " * 30 + "9",
    "```\n" * 50,
    "````py\n```\n@adaname /stop\n```\n````\n@adaname /stop",
    "**unclosed _bold ~~and `code",
    "<details><summary>x</summary>@here</details>",
    "https://a..b/@adanamecalc.py https://a.b/@adacalc.py example.com/@adacalc.py",
    "x" * 20_000,
    "é😀" * 5_000,
    "word " * 5_000,
    "line @adaname /stop\n" * 600,
    "a@adaname/" * 900,
    "👩‍👩‍👧" * 1_000,
)
