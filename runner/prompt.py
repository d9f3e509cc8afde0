r"""Fill `{{variables}}` into a prompt.

`{{name}}` needs a value, `{{name=default}}` has one, `\{{` is two braces as text. Only double braces count; names are
letters, digits and underscores. Values are put in as they are and never looked through for braces again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runner.errors import BadTemplate, EmptyPrompt, MissingVariables, TooLarge
from runner.model import value

PROMPT_LIMIT = 200_000  # characters; a model's context is of this order, and 100 kB of pasted text must pass
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:=(.*))?", re.DOTALL)
_ESCAPED = "\\{{"


@value
class Variable:
    """A variable of a template; `default` is None if the template gives none."""

    name: str
    default: str | None = None


def variables(template: str) -> tuple[Variable, ...]:
    """List the variables of a template in order, each once; the first default given counts. Raises BadTemplate."""
    found: dict[str, str | None] = {}
    for part in _parts(template):
        if isinstance(part, Variable) and found.get(part.name) is None:
            found[part.name] = part.default
    return tuple(Variable(name=name, default=default) for name, default in found.items())


def fill(template: str, values: Mapping[str, str], defaults: Mapping[str, str] | None = None) -> str:
    """Return the prompt with every variable replaced.

    `values` go before `defaults` (of the task), those before defaults written in the template.
    Raises BadTemplate, MissingVariables (naming all that are missing), EmptyPrompt, TooLarge.
    """
    written = {variable.name: variable.default for variable in variables(template)}
    known = {name: default for name, default in written.items() if default is not None} | dict(defaults or {})
    known |= values
    missing = [name for name in written if name not in known]
    if missing:
        raise MissingVariables(missing)
    return check("".join(known[part.name] if isinstance(part, Variable) else part for part in _parts(template)))


def check(prompt: str) -> str:
    """Return a prompt that an agent can be given. Raises EmptyPrompt, TooLarge."""
    if not prompt.strip():
        raise EmptyPrompt
    if len(prompt) > PROMPT_LIMIT:
        raise TooLarge(
            f"The prompt has {len(prompt):,} characters; {PROMPT_LIMIT:,} is the limit.",
            hint="Put the long part into a file of the project and name the file in the prompt.",
        )
    return prompt


def _parts(template: str) -> Iterator[str | Variable]:
    """Split a template into text and variables."""
    at = 0
    while (start := template.find("{{", at)) >= 0:
        if start > 0 and template[start - 1] == "\\" and start - 1 >= at:
            yield template[at : start - 1] + "{{"
            at = start + 2
            continue
        yield template[at:start]
        end = template.find("}}", start)
        if end < 0:
            raise BadTemplate(
                f"The braces opened at “{_excerpt(template, start)}” are never closed.",
                hint=f"Close them with }}}}, or write {_ESCAPED} for two braces as text.",
            )
        yield _variable(template[start + 2 : end])
        at = end + 2
    yield template[at:]


def _variable(inside: str) -> Variable:
    match = _NAME.fullmatch(inside)
    if match is None:
        raise BadTemplate(
            f"“{{{{{inside[:40]}}}}}” is not a variable: a name has letters, digits and underscores.",
            hint=f"Write {_ESCAPED} for two braces as text.",
        )
    return Variable(name=match[1], default=match[2])


def _excerpt(text: str, start: int) -> str:
    return text[start : start + 30].split("\n", 1)[0]
