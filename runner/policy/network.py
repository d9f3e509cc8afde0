"""Programs that reach other machines: downloads, uploads, installations, publications."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runner.policy.context import Finding, names, note, warn
from runner.policy.effects import has_flag, operands
from runner.shell import Command

_TALKERS = names(
    "curl wget ssh scp sftp rsync ftp aria2c http https xh dig host nslookup ping whois aws gcloud gsutil az "
    "kubectl helm terraform tofu pulumi ansible ansible-playbook vault gh glab heroku fly flyctl vercel "
    "netlify wrangler firebase doctl twine rclone mail sendmail mutt telnet lynx w3m"
)
_SYSTEM_MANAGERS = names("apt apt-get dpkg yum dnf rpm apk pacman zypper brew port snap flatpak")
_INSTALL_WORDS: dict[str, frozenset[str]] = {
    "pip": frozenset({"install", "download", "wheel"}),
    "npm": frozenset({"install", "i", "ci", "add", "update", "up", "install-test", "link", "rebuild"}),
    "yarn": frozenset({"", "install", "add", "upgrade", "up", "global"}),
    "pnpm": frozenset({"install", "i", "add", "update", "up"}),
    "bun": frozenset({"install", "i", "add", "update"}),
    "uv": frozenset({"add", "sync", "pip", "tool", "lock", "venv", "python"}),
    "poetry": frozenset({"install", "add", "update", "lock"}),
    "pipenv": frozenset({"install", "update", "sync", "lock"}),
    "pdm": frozenset({"install", "add", "update", "sync", "lock"}),
    "cargo": frozenset({"install", "add", "update", "fetch"}),
    "go": frozenset({"get", "install", "mod"}),
    "gem": frozenset({"install", "update"}),
    "bundle": frozenset({"", "install", "update", "add"}),
    "composer": frozenset({"install", "require", "update"}),
    "conda": frozenset({"install", "create", "update", "env"}),
    "pipx": frozenset({"install", "upgrade", "inject"}),
}
_INSTALL_WORDS["pip3"] = _INSTALL_WORDS["pip"]
_INSTALL_WORDS["mamba"] = _INSTALL_WORDS["conda"]
_FETCH_AND_RUN = frozenset({"npx", "uvx", "bunx", "pnpx"})
_FETCH_AND_RUN_WORDS = {
    "npm": {"exec", "x", "init", "create"},
    "pipx": {"run"},
    "pnpm": {"dlx"},
    "yarn": {"dlx", "create"},
    "go": {"run"},
}
_PUBLISH = re.compile(
    r"^((npm|yarn|pnpm|bun|cargo|poetry|uv|pdm|hatch|flit|gem) (publish|unpublish|yank|push)|twine upload"
    r"|gh (release|pr (merge|close)|repo (create|delete|edit|archive)|secret|api|workflow run|auth)"
    r"|glab (mr merge|release)|(terraform|tofu) (apply|destroy|import|state)|pulumi (up|destroy)"
    r"|kubectl (apply|delete|create|patch|replace|scale|exec|edit|drain|rollout)"
    r"|helm (install|upgrade|uninstall|delete|rollback)"
    r"|ansible|aws |gcloud |az |gsutil |heroku |fly|vercel|netlify|wrangler|firebase)"
)
_UPLOADS = names("--upload-file --data-binary --data --data-raw --data-urlencode --form --post-file --post-data --json")


def network_findings(command: Command) -> Iterable[Finding]:
    """Judge what a command fetches, sends, installs or publishes."""
    program, words = command.program, command.arguments
    if program in _TALKERS:
        yield note("network")
    line = " ".join([program, *(word.text for word in operands(words)[:3])])
    if _PUBLISH.match(line):
        yield warn("changes something outside this machine", "network", "irreversible")
    if program in {"curl", "wget"}:
        yield from _transfer(command)
    if program in {"ssh", "sftp", "telnet"}:
        yield warn("works on another machine", "network", "irreversible")
    elif program in {"scp", "rsync", "rclone"} and any(re.match(r"[\w.@-]+:", word.text) for word in operands(words)):
        yield warn("copies files to or from another machine", "network")
    yield from _installs(command)


def _transfer(command: Command) -> Iterable[Finding]:
    words = command.arguments
    posts = any(
        word.text in {"POST", "PUT", "DELETE", "PATCH"} or re.match(r"-X(POST|PUT|DELETE|PATCH)", word.text)
        for word in words
    )
    if posts or has_flag(words, "dFT" if command.program == "curl" else "", *_UPLOADS):
        yield warn("sends data to another machine", "network", "irreversible")
    if has_flag(words, "K", "--config", "--input-file"):
        yield warn("takes its options from a file", "unreadable")


def _installs(command: Command) -> Iterable[Finding]:
    program, words = command.program, operands(command.arguments, ("-C", "--prefix", "--directory"))
    verb = words[0].text if words else ""
    if program.startswith("python") and [word.text for word in command.arguments[:2]] == ["-m", "pip"]:
        program, verb = "pip", next((word.text for word in words[1:2]), "")
    if program in _FETCH_AND_RUN or verb in _FETCH_AND_RUN_WORDS.get(program, ()):
        yield warn("downloads a package and runs it", "network", "installs packages")
    elif program in _SYSTEM_MANAGERS and verb not in {"list", "search", "show", "info", "policy", ""}:
        yield warn("changes packages of the whole machine", "network", "installs packages", "outside worktree")
    elif verb in _INSTALL_WORDS.get(program, ()):
        yield note("network", "installs packages")
        everywhere = has_flag(
            command.arguments,
            "g" if program in {"npm", "pnpm", "bun"} else "",
            "--global",
            "--user",
            "--break-system-packages",
        )
        if everywhere or (program, verb) in {("yarn", "global"), ("pipx", "install"), ("uv", "tool")}:
            yield warn("installs for the whole machine, not only the worktree", "outside worktree")
