"""Secrets are masked, hidden characters are shown, and neither hides what runs."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.masking import MASK, clean, clean_json, mask, visible

OPAQUE = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=36, max_size=60)
BEGINNINGS = (
    *("sk-", "sk-ant-api03-", "sk-proj-", "xoxb-", "xoxp-", "xapp-", "ghp_", "gho_", "github_pat_", "glpat-"),
    *("AKIA", "AIza", "hf_", "npm_", "pypi-", "sk_live_", "Bearer a1", "123456789:"),
    *("API_KEY=", "export DB_PASSWORD=", "client_secret: '1a", "--token ", "https://bob:"),
)


@given(st.sampled_from(BEGINNINGS), OPAQUE, st.sampled_from(["", "'", '"', "\n", " ", ";"]))
def test_no_secret_of_a_known_form_stays_readable(beginning: str, secret: str, after: str) -> None:
    if beginning.endswith("'1a"):
        after = "'"
    if beginning.startswith("https"):
        after = "@example.org"

    masked = clean(f"before\n{beginning}{secret}{after} behind")

    assert secret[-30:] not in masked
    assert MASK in masked
    assert masked.startswith("before\n")
    assert masked.endswith(" behind")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ANTHROPIC_API_KEY=sk-ant-api03-abcdefgh12345678", "ANTHROPIC_API_KEY=sk-ant-[masked]"),
        ('{"api_key": "abcdefgh"}', '{"api_key": "[masked]"}'),
        ("password = hunter2345", "password = [masked]"),
        ("mysql --password hunter2 -u root", "mysql --password [masked] -u root"),
        ("postgres://ada:pw@db/shop", "postgres://ada:[masked]@db/shop"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [masked]"),
        ("https://hooks.slack.com/services/T000/B000/abcdefgh", "https://hooks.slack.com/services/[masked]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", "[masked]"),
        ("SESSION_KEY=abcd1234", "SESSION_KEY=[masked]"),
    ],
)
def test_the_name_or_beginning_of_a_secret_stays(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("export TOKEN=$TOKEN", "token = get_token()", "token: str", "max_tokens=4096", "PWD=/home/ada"),
        *("primary_key = 'user_id'", "SORT_KEY=name", "password for the user", "secret: yes please", "sk-learn"),
        *("skip-this-test-because-it-is-slow", "curl -H 'Authorization: Bearer '$TOKEN", "git commit -m 'Add token'"),
        *("https://example.org/a:b@c", "key: value", "-----BEGIN CERTIFICATE-----"),
    ],
)
def test_text_that_only_speaks_of_secrets_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "command",
    [
        *("TOKEN=abcd;rm -rf /", "PASSWORD=abcd$(rm -rf /)", 'API_KEY="`rm -rf /`"', "SECRET='a'; rm -rf /; echo 'b'"),
        *("PASSWORD=abcd&rm -rf /", "TOKEN=abcd|rm -rf /", "--token abcd rm -rf /", "https://a:`rm -rf /`@b"),
        "-----BEGIN PRIVATE KEY-----\nrm -rf /\n-----END PRIVATE KEY-----",
        "Bearer aaaaaaaaaaaaaaaa1;rm -rf /",
    ],
)
def test_masking_never_hides_what_runs(command: str) -> None:
    """REP-10: a person approves what is shown through it."""
    assert "rm -rf /" in clean(command)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\\n", "\n+", "\n "])
def test_private_keys_are_masked_as_text_as_literals_and_in_diffs(line_end: str) -> None:
    lines = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEA1234567890",
        "abcdEFGH1234567890+/abcd",
        "Zz9=",
        "-----END RSA PRIVATE KEY-----",
    ]

    masked = mask(line_end.join(lines))

    assert masked.startswith("-----BEGIN RSA PRIVATE KEY----- [masked]")
    assert masked.endswith("-----END RSA PRIVATE KEY-----")
    assert not any(line in masked for line in lines[1:4])


def test_a_private_key_that_is_cut_off_is_masked_as_well() -> None:
    assert mask("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890") == "-----BEGIN PRIVATE KEY----- [masked]"


def test_values_under_telling_names_are_masked_whole() -> None:
    content = {
        "password": "correct horse",
        "env": {"GH_TOKEN": "x y", "NAME": "ada"},
        "token": "$TOKEN",
        "n": [1, None],
    }

    assert clean_json(content) == {
        "password": MASK,
        "env": {"GH_TOKEN": MASK, "NAME": "ada"},
        "token": "$TOKEN",
        "n": [1, None],
    }


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    """REP-8: control, format and direction characters."""
    for char in visible(text):
        assert char in "\n\t\u200c\u200d\ufe0e\ufe0f" or unicodedata.category(char) not in {
            "Cc",
            "Cf",
            "Cs",
            "Zl",
            "Zp",
        }


@given(st.text())
def test_what_is_visible_stays_visible_in_its_order(text: str) -> None:
    """REP-8: nothing that can be seen is lost, added or moved."""
    plain = "".join(char for char in text if char.isalnum() and char.isascii())
    shown = visible(text)

    position = 0
    for char in plain:
        position = shown.index(char, position) + 1


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet="aK1=_-:;'\"$ \n.tokenTOKENsecretPASSWORDkey[]", max_size=80))
def test_cleaning_twice_changes_nothing_more_near_secrets(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user\u202etxt.exe", "user⟨U+202E⟩txt.exe"),
        ("pay\u200bpal", "pay⟨U+200B⟩pal"),
        ("a\u200db", "a⟨U+200D⟩b"),
        ("bell\x07 nul\x00 escape\x1b]0;title\x07", "bell⟨U+0007⟩ nul⟨U+0000⟩ escape⟨U+001B⟩]0;title⟨U+0007⟩"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("one\r\ntwo\rthree", "one\ntwo⟨U+000D⟩three"),
        ("a\ud800b", "a⟨U+D800⟩b"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("family 👨\u200d👩\u200d👧, heart ❤\ufe0f, one 1\ufe0f\u20e3", None),
        # ruff: noqa: RUF001 - letters of other scripts are the point
        ("می\u200cخواهم العربية עברית 漢字 ñandú", None),
    ],
)
def test_tricks_become_visible_and_languages_stay(text: str, shown: str | None) -> None:
    assert visible(text) == (text if shown is None else shown)


def test_a_hidden_character_cannot_split_a_secret() -> None:
    assert "abcdefghijkl" not in clean("ghp_\x1b[31mabcdefghijkl\x1b[0mmnopqrstuvwx")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a" * 100_000,
            "token" * 20_000,
            "password" + " " * 100_000,
            "a.b-" * 25_000,
            "eyJ" * 33_000,
            "://a:" * 20_000,
        ),
        *("-----BEGIN PRIVATE KEY-----" * 4_000, "-----BEGIN PRIVATE KEY-----" + "\n" * 100_000, "_" * 100_000),
        json.dumps({f"key_{n}": "value" for n in range(5_000)}),
    ],
    ids=range(10),
)
def test_no_text_makes_masking_slow(text: str) -> None:
    """Each of these would take minutes with a pattern that goes back over what it read; they take some 30 ms."""
    began = time.perf_counter()
    clean(text)
    assert time.perf_counter() - began < 3
