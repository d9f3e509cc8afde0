"""What known programs write and delete, read off their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from runner.policy.context import names
from runner.shell import Command, Word, found_by_find, interpreter

Words = Sequence[Word]


def operands(words: Words, takes: Iterable[str] = ()) -> tuple[Word, ...]:
    """All words that are neither options nor values of the options in `takes`."""
    takes = tuple(takes)
    found: list[Word] = []
    index = 0
    while index < len(words):
        word = words[index]
        if word.text == "--":
            return (*found, *words[index + 1 :])
        if word.text.startswith("-") and word.text != "-":
            index += 2 if word.text in takes else 1
            continue
        found.append(word)
        index += 1
    return tuple(found)


def has_flag(words: Words, letters: str, *long: str) -> bool:
    """Whether an option is given: one of `letters` in a short cluster, or a long name (abbreviations count)."""
    for word in words:
        text = word.text
        if text == "--":
            return False
        if re.fullmatch(r"-[A-Za-z0-9]+", text) and any(letter in text for letter in letters):
            return True
        name = text.split("=", 1)[0]
        if len(name) > 3 and name.startswith("--") and any(full.startswith(name) for full in long):
            return True
    return False


def option_values(words: Words, *options: str) -> tuple[Word, ...]:
    """Values of options, given as the next word, after `=`, or attached to a short option."""
    found: list[Word] = []
    for index, word in enumerate(words):
        text = word.text
        if text in options:
            found.extend(words[index + 1 : index + 2])
            continue
        for name in options:
            attached = text[len(name) :]
            if text.startswith(name) and attached and (attached[0] == "=" or len(name) == 2):
                found.append(
                    Word(text=attached.removeprefix("="), known=word.known, opaque=word.opaque, glob=word.glob)
                )
    return tuple(found)


def deleted(command: Command) -> tuple[Word, ...]:
    """Paths that a command deletes."""
    words = command.arguments
    match command.program:
        case "rm" | "rmdir" | "unlink" | "shred" | "srm" | "trash" | "trash-put" | "wipe":
            return operands(words, ("-n", "-s") if command.program == "shred" else ())
        case "find" if any(word.text == "-delete" for word in words):
            return tuple(found_by_find(words, folder) for folder in starting_points(words))
        case "mv":
            return _sources(words)
        case "rsync" if has_flag(words, "", "--delete", "--remove-source-files"):
            return operands(words)
        case _:
            return ()


def recursive(command: Command) -> bool:
    """Whether a deletion takes whole folders."""
    if command.program == "rm":
        return has_flag(command.arguments, "rR", "--recursive")
    return command.program in {"find", "mv", "rsync"}


def written(command: Command) -> tuple[Word, ...]:
    """Paths that a command creates or changes, redirections aside."""
    writer = _WRITERS.get(command.program)
    found = tuple(writer(command.arguments)) if writer else ()
    if interpreter(command.program) in {"perl", "ruby"} and has_flag(command.arguments, "i"):
        found = (*found, *operands(command.arguments, ("-e", "-E")))
    return found


def destinations(words: Words) -> tuple[Word, ...]:
    """Destination of cp, mv, ln, install, rsync, scp on this machine."""
    folder = option_values(words, "-t", "--target-directory")
    if folder:
        return folder
    paths = operands(words, ("-S", "--suffix", "-m", "--mode", "-o", "--owner", "-g", "--group", "-e", "--rsh"))
    if len(paths) == 1:
        return (Word(text="."),)
    remote = [word for word in paths[-1:] if re.match(r"[\w.@-]+:", word.text)]
    return () if remote else paths[-1:]


def starting_points(words: Words) -> tuple[Word, ...]:
    """Folders that `find` begins with; the current one if none is given."""
    found: list[Word] = []
    for word in words:
        if word.text in {"-H", "-L", "-P"}:
            continue
        if word.text.startswith(("-", "(", "!")):
            break
        found.append(word)
    return tuple(found) or (Word(text="."),)


def _sources(words: Words) -> tuple[Word, ...]:
    paths = operands(words, ("-S", "--suffix", "-t", "--target-directory"))
    return paths if option_values(words, "-t", "--target-directory") else paths[:-1]


def _links(words: Words) -> Iterable[Word]:
    """`ln`: the link itself, and what it points to, for a later write would go there."""
    paths = operands(words, ("-S", "--suffix", "-t", "--target-directory"))
    return (*destinations(words), *paths[:-1])


def _sed(words: Words) -> Iterable[Word]:
    if not has_flag(words, "i", "--in-place") and not any(re.match(r"-[a-zA-Z]*i", word.text) for word in words):
        return ()
    scripts = option_values(words, "-e", "--expression", "-f", "--file")
    paths = operands(words, ("-e", "--expression", "-f", "--file", "-l"))
    return paths if scripts else paths[1:]


def _dd(words: Words) -> Iterable[Word]:
    return [Word(text=word.text[3:], known=False, opaque=word.opaque) for word in words if word.text.startswith("of=")]


def _tar(words: Words) -> Iterable[Word]:
    mode = words[0].text if words else ""
    letters = mode if re.fullmatch(r"-?[A-Za-z]+", mode) else ""
    extracts = "x" in letters or has_flag(words, "x", "--extract", "--get")
    if extracts:
        return option_values(words, "-C", "--directory", "--one-top-level") or (Word(text="."),)
    creates = any(letter in letters for letter in "cru") or has_flag(words, "cru", "--create", "--append", "--update")
    if not creates:
        return ()
    if letters.endswith("f"):
        return tuple(words[1:2])
    return option_values(words, "-f", "--file")


def _modes(words: Words) -> Iterable[Word]:
    """`chmod MODE FILE...`: a mode may begin with a minus sign."""
    paths = [word for word in words if not re.fullmatch(r"-[A-Za-z]+|--[a-z-]+", word.text)]
    return paths if option_values(words, "--reference") else paths[1:]


def _downloads(words: Words) -> Iterable[Word]:
    named = option_values(words, "-o", "--output", "--output-dir", "--output-document", "-P", "--directory-prefix")
    return [word for word in named if word.text != "-"]


def _wget(words: Words) -> Iterable[Word]:
    named = option_values(words, "-O", "--output-document", "-P", "--directory-prefix", "-o", "--output-file", "-a")
    return [word for word in named if word.text != "-"]


def _outputs(words: Words) -> Iterable[Word]:
    return option_values(words, "-o", "--output", "--out", "-out", "--outfile", "--outdir")


def _all(words: Words) -> Iterable[Word]:
    return operands(words, ("-s", "--size", "-r", "--reference", "-d", "--date", "-m", "--mode", "-t"))


def _work_folder(words: Words) -> Iterable[Word]:
    return option_values(words, "-C", "--directory", "--prefix", "--target", "-t", "--root", "--install-dir")


def _unzip(words: Words) -> Iterable[Word]:
    return option_values(words, "-d")


def _last(words: Words) -> Iterable[Word]:
    return operands(words)[1:][-1:]


def _found(words: Words) -> Iterable[Word]:
    return option_values(words, "-fprint", "-fprint0", "-fprintf", "-fls")


def _touched(words: Words) -> Iterable[Word]:
    return operands(words, ("-p", "-i", "-d", "-o", "-D", "--directory"))


_WRITERS: dict[str, Callable[[Words], Iterable[Word]]] = {
    program: writer
    for listed, writer in (
        ("cp mv install rsync scp", destinations),
        ("ln link", _links),
        ("tee touch mkdir truncate fallocate mkfifo mknod sponge gzip gunzip xz bzip2", _all),
        ("chmod chown chgrp setfacl chattr setcap", _modes),
        ("sed gsed", _sed),
        ("dd", _dd),
        ("tar bsdtar", _tar),
        ("unzip 7z", _unzip),
        ("find", _found),
        ("curl", _downloads),
        ("wget", _wget),
        ("sort time gcc g++ cc clang openssl pandoc ld go", _outputs),
        ("uniq split csplit", _last),
        ("patch", _touched),
        ("make gmake npm yarn pip pip3 cargo", _work_folder),
    )
    for program in names(listed)
}
