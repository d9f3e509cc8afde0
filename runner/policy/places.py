"""Where a path lies and what it is, judged by its text alone."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable
from enum import Enum, auto

from runner.policy.context import PolicyContext, names
from runner.shell import Command, Word

_GLOB = re.compile(r"[*?\[]")
_SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - names to compare with, nothing is made there
_HARMLESS_DEVICES = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty", "/dev/zero"})
_HOME_SECRETS = names(
    ".ssh .aws .azure .config/gcloud .config/gh .config/signoff .config/op .config/rclone .config/google-chrome .netrc "
    ".claude* .codex .gemini .gnupg .git-credentials .npmrc .pypirc .docker/config.json .kube .password-store .pgpass "
    ".local/share/keyrings .bash_history .zsh_history .my.cnf .vault-token .cargo/credentials* .terraform.d .mozilla"
)
_KEEPERS = names(".ssh .aws .gnupg .kube .netrc .git-credentials .password-store")
_SYSTEM_SECRETS = names("/etc/shadow* /etc/gshadow* /etc/sudoers* /etc/ssl/private /run/secrets /var/run/secrets")
_SUSPECT = re.compile(r"/\.|[*?\[]|^/(etc|run|var|proc)/")  # every secret below matches; most paths do not
_PROCESS_SECRET = re.compile(r"/proc/[^/]+/(environ|mem)|/proc/[^/]+/task/[^/]+/environ")
_SECRET_NAMES = names("*.pem *.key *.p12 *.pfx *.jks *.keystore id_rsa id_dsa id_ecdsa id_ed25519")
_ENV_FILES = (".env", ".env.*", ".envrc", "*.env")
_ENV_EXAMPLES = ("*.example", "*.sample", "*.template", "*.dist", "*.defaults")
_PUBLIC = names("/etc/ssl/certs /usr/share /usr/lib /usr/local/share /etc/pki/tls/certs /etc/ca-certificates")


class Place(Enum):
    """Where a path lies."""

    INSIDE = auto()
    ROOT = auto()  # the worktree itself, or all of it
    GIT = auto()  # git's own files in the worktree
    SETTINGS = auto()  # what an agent or git would run or obey: .claude/settings*, .mcp.json
    READ = auto()  # a project that may be read
    SCRATCH = auto()
    DEVICE = auto()  # /dev/null and its like
    OUTSIDE = auto()
    UNKNOWN = auto()

    @property
    def ours(self) -> bool:
        """Whether reading here is part of the job."""
        return self in {Place.INSIDE, Place.ROOT, Place.GIT, Place.SETTINGS, Place.READ, Place.DEVICE}


def directory_of(command: Command, context: PolicyContext) -> str | None:
    """Follow the `cd`s in effect; None if one of them is not known until it runs."""
    here = context.cwd or context.worktree
    for word in command.directory:
        step = absolute(word, here, context)
        if step is None:
            return None
        here = step
    return here


def absolute(word: Word, here: str | None, context: PolicyContext) -> str | None:
    """Make a path absolute and free of `..`; None if the part that decides is not known."""
    text = word.text
    if text.startswith("~/") and not word.known:
        text = context.home + text[1:]
    if word.opaque:
        text = _certain_part(text)
        if not text:
            return None
    if not text.startswith("/"):
        if here is None:
            return None
        text = f"{here}/{text}"
    return normal(text)


def normal(path: str) -> str:
    """Normalise a path by its text; two leading slashes count as one."""
    return "/" + posixpath.normpath(path).lstrip("/")


def place(word: Word, here: str | None, context: PolicyContext) -> Place:
    """Tell where the path in a word lies."""
    path = absolute(word, here, context)
    if path is None:
        return Place.UNKNOWN
    found = place_of(path, context)
    if word.opaque and found is not Place.OUTSIDE:
        return Place.UNKNOWN
    if (
        found is Place.INSIDE
        and word.glob
        and re.fullmatch(r"(\.?\*|\?\*|\.\[.*\]\*)", path[len(context.worktree) + 1 :])
    ):
        return Place.ROOT
    return found


def place_of(path: str, context: PolicyContext) -> Place:
    """Tell where an absolute, normal path lies."""
    root = normal(context.worktree)
    if path == root:
        return Place.ROOT
    if under(path, root):
        return _inside(path[len(root) + 1 :].casefold())
    if path in _HARMLESS_DEVICES:
        return Place.DEVICE
    if any(path == normal(one) or under(path, normal(one)) for one in context.read_paths):
        return Place.READ
    if under(path, normal(context.home)):
        return Place.OUTSIDE
    if any(under(path, one) for one in _SCRATCH) and not re.fullmatch(r"(/var)?/tmp/\.?\*|/dev/shm/\.?\*", path):
        return Place.SCRATCH
    return Place.OUTSIDE


def under(path: str, folder: str) -> bool:
    """Whether a path lies below a folder."""
    return path.startswith(folder.rstrip("/") + "/")


def secret(word: Word, here: str | None, context: PolicyContext) -> Place | None:
    """Tell whether a word names a file that holds secrets: OUTSIDE, INSIDE the worktree, or not at all."""
    path = absolute(word, here, context)
    if path is None:
        return Place.OUTSIDE if _names_home_secret(word.text) else None
    inside = path == normal(context.worktree) or under(path, normal(context.worktree))
    if not inside and _SUSPECT.search(path) and _keeps_secrets(path, context, globs=word.glob):
        return Place.OUTSIDE
    if inside and not _KEEPERS.isdisjoint(path[len(context.worktree) :].split("/")):  # a link may lead there
        return Place.INSIDE
    if any(under(path, one) for one in _PUBLIC):
        return None
    name = posixpath.basename(path)
    if _matches(name, _ENV_EXAMPLES) or name.endswith(".pub"):
        return None
    if _matches(name, _SECRET_NAMES) or _matches(name, _ENV_FILES):
        return Place.INSIDE if inside else Place.OUTSIDE
    return None


def path_parts(word: Word) -> Iterable[Word]:
    """All paths a word may name: itself, and what follows `=`, `@`, `:` or a short option."""
    yield word
    text = word.text
    for piece in re.split(r"[=@:,]", text)[1:]:
        if piece:
            yield Word(text=piece, known=False, opaque=word.opaque, glob=word.glob)
    if re.match(r"-[A-Za-z][/~.]", text):
        yield Word(text=text[2:], known=False, opaque=word.opaque, glob=word.glob)


def _inside(relative: str) -> Place:
    first, _, rest = relative.partition("/")
    if first == ".git":
        return Place.GIT
    if relative in {".mcp.json", ".claude"} or (first == ".claude" and rest.startswith(("settings", "hooks"))):
        return Place.SETTINGS
    return Place.INSIDE


def _certain_part(text: str) -> str:
    """The folder in which a path that is only partly known must lie; empty if even that is open."""
    head = re.split(r"[$`<>*]", text, maxsplit=1)[0]
    if ".." in text[len(head) :] or "/" not in head:
        return ""
    return posixpath.dirname(head) if head.rstrip("/") else "/"


def _keeps_secrets(path: str, context: PolicyContext, *, globs: bool) -> bool:
    if _PROCESS_SECRET.fullmatch(path.replace("/proc/*", "/proc/0")):
        return True
    homes = (normal(context.home), "/root", "/home/*")
    kept = [*_SYSTEM_SECRETS, *(f"{home}/{name}" for home in homes for name in _HOME_SECRETS)]
    return any(_overlaps(path, one, globs=globs) for one in kept)


def _names_home_secret(text: str) -> bool:
    return bool(re.search(r"/\.(ssh|aws|gnupg|netrc|claude|codex)(/|$)|/etc/shadow|/proc/[^/]*/environ", text))


def _overlaps(path: str, pattern: str, *, globs: bool) -> bool:
    """Whether a path (perhaps with globs) may lie at or below a pattern."""
    mine, theirs = path.split("/"), pattern.split("/")
    if len(mine) < len(theirs):
        return False
    for left, right in zip(mine, theirs, strict=False):
        if fnmatch.fnmatchcase(left, right):
            continue
        hidden = right.startswith(".") and not left.startswith(".")  # no glob finds hidden files unless it says so
        if not (globs and not hidden and _GLOB.search(left) and fnmatch.fnmatchcase(right.rstrip("*"), left)):
            return False
    return True


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.casefold(), pattern) for pattern in patterns)
