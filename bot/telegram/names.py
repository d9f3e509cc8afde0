"""Names of files and of things in code, which Telegram would take for addresses of the web. Pure.

`calc.py`, `setup.sh` and `README.md` end like countries, so Telegram draws them as links to whoever has such an
address, and there is no switch against it. In code it looks for nothing: so they are set as code, which a touch copies,
and no character of a text is changed. What says that it is an address stays one: with a scheme (`https://`), as that of
a mailbox, or with an ending that hardly any file has, such as `.com`.
"""

from __future__ import annotations

import re

# Endings of files, of which Telegram takes some for addresses; the others are here so that all files look alike. What
# has two letters is one anyway: every country ends so.
_FILES = """
app asp bak bash bat bazel bib bin bmp bz cfg class clj cmake cmd conf cpp crt css csv dart deb diff dll doc
docx ejs elm env erl exe exs fish gif gql gradle graphql gz gzip hcl hpp hrl htm html icns ico img inc ini ipynb
iso jar java jpeg jpg json jsonl jsx kts less lock log lua map markdown mjs mod mov mpg nim nix patch pdf pem
php plist png pom ppt pptx proto pub pyc pyi pyx rar rpm rst sass scala scss sol spec sql svelte svg swift tar
tex tfvars tgz toml tpl tsx txt vim vue war wasm wav webp whl xhtml xls xlsx xml yaml yml zip zsh
"""
# Parts of names in code that Telegram takes for endings of the web: `logger.info`, `time.now`, `self.name`.
_PARTS = """
accountant actor associates audio auto bar bid blue book bot box broker build builders call camera cards cars
case cash cat catering center channel chat city claims click cloud club code codes coffee company computer
contact contractors cool coupons day deal deals delivery design direct directory discount domains download earth
email engineer events exchange expert express fail faith family fan feedback final fit flights foo forum
foundation free fun fund gallery game games gift global gold green group guide help here host hosting hot house
how info ink institute international jobs land link live loan locker map market media men menu mobile money name
network new news next now observer one online open page parts party pay phone photo photos pics pictures pink
place play plus poker post press productions promo properties property racing radio read realty red rent repair
report rest review reviews rip rocks rules run safe sale save school science search secure security select
services sex shell shop show site skin social software solar solutions space spot storage store stream studio
study style supplies supply support systems tab talk target tax team tech tickets tips today tools top total
town toys trade trading training tube uno video vision vote watch wiki win work works world zero zone
"""
# Endings of the web in what people write, countries included.
_WEB = frozenset(("ai", "co", "com", "de", "dev", "edu", "eu", "gov", "io", "me", "net", "org", "uk", "us"))
_NAMES = frozenset((*_FILES.split(), *_PARTS.split()))
_WORD = re.compile(r"[\w.~/\\@#$?=&%+:!-]+")
_RUN = re.compile(r"[\w.~-]+")
_QUAD = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){3}")  # a version of four numbers is an address, too
_MAIL = re.compile(r"(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_BEHIND = ".:?!-=&"  # signs at the end of a word that are not part of a name


def names(text: str) -> list[tuple[int, int]]:
    """Return where names stand, with the path and the line that belong to them: indices of characters, in order."""
    found = []
    for word in _WORD.finditer(text):
        said = word[0].rstrip(_BEHIND)
        if "." in said and _named(said):
            found.append((word.start(), word.start() + len(said)))
    return found


def _named(word: str) -> bool:
    """Whether a word is or ends in a name, and does not begin with an address of the web."""
    if "://" in word or _MAIL.fullmatch(word):
        return False
    runs = [run.strip(".") for run in _RUN.findall(word)]
    ends = [_ending(run) for run in runs if "." in run]
    return bool(ends) and ends[0] not in _WEB and any(map(_of_a_name, ends))


def _ending(run: str) -> str:
    """Return what stands behind the last dot, in small letters; for a number of four parts a zero."""
    head, _, last = run.rpartition(".")
    if _QUAD.fullmatch(run):
        return "0"
    return last.lower() if last.isalpha() and not head.endswith(".") else ""


def _of_a_name(end: str) -> bool:
    return end == "0" or end in _NAMES or (len(end) == 2 and end not in _WEB)
