"""Make text of agents and programs fit to be shown: secrets are masked, hidden characters become visible.

Masking must not become a hiding place: what a person approves is shown through it. So every pattern replaces only
characters that a secret can consist of, and stops at whitespace, quotes and everything a shell would act on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

MASK = "[masked]"

# Secrets known by their beginning, which is kept so that people know which key to change.
# Source: the documentation of the services. Runs are bounded by what they may follow, so no line costs quadratic time.
_KNOWN = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?P<kind>sk-(?:ant-|proj-|or-|svcacct-)?|[sr]k_(?:live|test)_|xox[abceoprs]-|xapp-|gh[oprsu]_|github_pat_|glpat-"
    r"|AKIA|ASIA|AIza|hf_|npm_|pypi-|shpat_|ya29\.)[A-Za-z0-9_.-]{12,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"  # JSON web token
    r"|(?P<bot>[0-9]{8,10}:)[A-Za-z0-9_-]{30,}"  # Telegram
    r")"
)
_HEADER = re.compile(r"\b((?:bearer|basic)[ \t]+)(?=[^\s\"']*[0-9])[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE)
_WEBHOOK = re.compile(r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]{8,}")
_IN_URL = re.compile(r"(://[^\s/:@\"'`$]{0,100}:)[A-Za-z0-9+=_.~%^*!,-]{1,200}@")

# Whole lines of base64, with real line ends or with \n spelt out, perhaps in a diff; anything with a space stays.
_LINE_END = r"(?:\r?\n|(?:\\r)?\\n)[-+ \t]{0,40}"
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)"
    rf"(?:{_LINE_END}(?:[A-Za-z0-9+/=]{{16,200}}|Proc-Type: [0-9A-Z,]+|DEK-Info: [0-9A-Z,-]+|(?=[\r\n\\])))+"
    rf"(?:{_LINE_END}[A-Za-z0-9+/=]{{1,15}}(?={_LINE_END}-----END))?"
)

_HINTS = ("pass", "pwd", "secret", "token", "key", "credential")
# Words for secrets. `tokens` counts something, and a `primary_key` or `PWD` is none: see `_worth_masking`.
_SURE = (
    r"(?:password|passwd|passphrase|secret|token|credentials?"
    r"|(?:api|access|secret|private|signing|encryption|auth|master)[_-]?key)"
)
_NAME = rf"(?<![A-Za-z0-9_])[A-Za-z0-9_.-]{{0,40}}?(?:{_SURE}|_key|_pwd|_pass)(?:[_-][A-Za-z0-9_-]{{0,30}})?"
_OPAQUE = r"(?:[A-Za-z0-9+/=_.~%@:^*!?#,-]|\$(?![({'\"]))"
_ASSIGNMENT = re.compile(
    rf"(?P<name>{_NAME})(?P<between>[\"']?[ \t]{{0,3}}(?:=>|:=|[:=])[ \t]{{0,3}}|(?<=[a-z])[ ])"
    rf"(?P<quote>[\"']?)(?P<value>{_OPAQUE}{{4,}})(?P<after>(?P=quote)[(\[]?)",
    re.IGNORECASE,
)
_SURE_NAME = re.compile(rf"[A-Za-z0-9_.-]*?{_SURE}(?:[_-][A-Za-z0-9_-]*)?", re.IGNORECASE)
_REFERENCE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_PLAIN = re.compile(r"[\n\t\x20-\x7e]*")
# Unicode has no category for these: they take no room, or look like a space, and belong to no emoji we show.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")  # needed in Persian, Hindi and emoji; between ASCII letters they only hide
_EMOJI_STYLE = frozenset("\ufe0e\ufe0f")


def clean(text: str) -> str:
    """Make a text fit to be shown: hidden characters first, so that they cannot split a secret, then secrets."""
    return mask(visible(text))


def clean_json(content: Mapping[str, object]) -> dict[str, object]:
    """Clean every text of a JSON object, names included; texts under a name such as `password` are masked whole."""
    return {clean(name): _under(name, inner) for name, inner in content.items()}


def _under(name: str, inner: object) -> object:
    if isinstance(inner, str) and inner and _SURE_NAME.fullmatch(name) and not _REFERENCE.fullmatch(inner):
        return MASK
    return _cleaned(inner)


def _cleaned(content: object) -> object:
    match content:
        case str():
            return clean(content)
        case Mapping():
            return {clean(str(name)): _under(str(name), inner) for name, inner in content.items()}
        case Sequence():
            return [_cleaned(inner) for inner in content]
        case _:
            return content


def mask(text: str) -> str:
    """Replace what looks like a key, token, password or private key by `[masked]`.

    The name or beginning that tells which secret it is stays, and so do references such as `$TOKEN`. Recognition is
    by form, so an unusual secret can escape it.
    """
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(rf"\1 {MASK}", text)
    text = _KNOWN.sub(lambda match: (match["kind"] or match["bot"] or "") + MASK, text)
    text = _HEADER.sub(rf"\1{MASK}", text)
    if "://" in text:
        text = _IN_URL.sub(rf"\1{MASK}@", text)
        text = _WEBHOOK.sub(rf"\1{MASK}", text)
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        text = _ASSIGNMENT.sub(_assignment, text)
    return text


def _assignment(match: re.Match[str]) -> str:
    if not _worth_masking(match):
        return match[0]
    return f"{match['name']}{match['between']}{match['quote']}{MASK}{match['after']}"


def _worth_masking(match: re.Match[str]) -> bool:
    """Tell a secret from program text that only talks about one, such as `token: Token` or `key = primary_key`."""
    name, between, found = match["name"], match["between"], match["value"]
    if _REFERENCE.fullmatch(found) or match["after"].endswith(("(", "[")):
        return False
    if name.startswith("--") and between in {" ", "="}:  # an option of a command
        return not found.startswith("-")
    if between == " ":
        return False
    sure, shouted = _SURE_NAME.fullmatch(name) is not None, name == name.upper() and between == "="
    if sure and (shouted or match["quote"]):  # as in .env, or a literal in a program
        return shouted or len(found) >= 6
    looks_random = any(c.isdigit() for c in found) and any(c.isalpha() for c in found)
    return (sure or shouted) and len(found) >= 8 and looks_random and "." not in found


def visible(text: str) -> str:
    """Show what a text would hide: control, direction and zero-width characters become signs such as `⟨U+202E⟩`.

    Line ends become single line feeds; colour codes of terminals are dropped, since they carry no text. Lone
    surrogates, which no file can hold, are shown as well.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = _COLOUR.sub("", text).replace("\r\n", "\n")
    if text.isprintable() and text.isascii():
        return text
    return "".join(_shown(text, index, char) for index, char in enumerate(text))


def _shown(text: str, index: int, char: str) -> str:
    if " " <= char <= "~" or char in "\n\t":
        return char
    if _hidden(text, index, char):
        return f"\u27e8U+{ord(char):04X}\u27e9"
    return char


def _hidden(text: str, index: int, char: str) -> bool:
    before = text[index - 1] if index else " "
    if char in _JOINERS:
        after = text[index + 1] if index + 1 < len(text) else " "
        return before.isascii() or after.isascii() or unicodedata.category(before) == "Cf"
    if char in _EMOJI_STYLE:
        return before.isalpha() or before in _EMOJI_STYLE or before in _JOINERS
    if 0xFE00 <= ord(char) <= 0xFE0D or 0xE0100 <= ord(char) <= 0xE01EF:
        return True
    return char in _BLANKS or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
