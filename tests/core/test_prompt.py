"""Prompt templates: values in, one prompt out, nothing silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import BadTemplate, EmptyPrompt, MissingVariables, TooLarge
from runner.prompt import PROMPT_LIMIT, Variable, fill, variables

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
PLAIN = st.text(alphabet=st.characters(exclude_characters="{}\\", exclude_categories=["Cs"]), max_size=40)


def test_values_go_before_task_defaults_before_template_defaults() -> None:
    template = "{{a=1}} {{b=1}} {{c=1}}"
    assert fill(template, {"a": "3"}, {"a": "2", "b": "2"}) == "3 2 1"


def test_all_missing_variables_are_named_at_once() -> None:
    """PROMPT-2: a missing variable is an error that names it, never text that reaches the model."""
    with pytest.raises(MissingVariables) as missing:
        fill("Check {{host}} on {{port}} for {{host}}", {})
    assert missing.value.names == ("host", "port")


def test_two_braces_can_be_said() -> None:
    assert fill(r"In Jinja: \{{ x }} and {{y}}", {"y": "z"}) == "In Jinja: {{ x }} and z"


def test_single_braces_are_text() -> None:
    assert fill('{"a": {"b": 1} }', {}) == '{"a": {"b": 1} }'


@pytest.mark.parametrize("template", ["Fix {{name", "Fix {{", "{{a}} then {{b and nothing"])
def test_unclosed_braces_are_refused_with_their_place(template: str) -> None:
    """PROMPT-3: a template with unclosed braces is refused when it is saved."""
    with pytest.raises(BadTemplate, match="never closed") as refusal:
        variables(template)
    assert "}}" in refusal.value.hint


@pytest.mark.parametrize("template", ["{{ .Values.x }}", "{{}}", "{{a b}}", "{{1a}}", "{{a-b}}"])
def test_braces_around_something_else_are_refused(template: str) -> None:
    with pytest.raises(BadTemplate, match="not a variable"):
        variables(template)


@pytest.mark.parametrize("template", ["", "  \n\t ", "{{a}}"])
def test_an_empty_prompt_is_refused(template: str) -> None:
    with pytest.raises(EmptyPrompt):
        fill(template, {"a": " "})


def test_a_hundred_kilobytes_pass_and_the_limit_is_stated() -> None:
    """PROMPT-4: 100 kB of text is a prompt; beyond the limit the refusal says what to do."""
    assert len(fill("x" * 100_000, {})) == 100_000
    with pytest.raises(TooLarge, match="200,000") as refusal:
        fill("x" * (PROMPT_LIMIT + 1), {})
    assert "file" in refusal.value.hint


@given(st.lists(st.tuples(PLAIN, NAMES), min_size=1, max_size=6), st.data())
def test_values_are_put_in_verbatim(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    """PROMPT-1: a value is never looked through for braces, whatever it holds."""
    values = {name: data.draw(st.sampled_from(["{{x}}", "\\{{", "}}", "{", "a\nb", "é"])) for _, name in parts}
    template = "".join(f"{text}{{{{{name}}}}}" for text, name in parts) + "."
    assert fill(template, values) == "".join(text + values[name] for text, name in parts) + "."
    assert variables(template) == tuple(Variable(name=name) for name in dict.fromkeys(n for _, n in parts))


@given(st.text(max_size=200))
def test_any_text_is_filled_or_refused(text: str) -> None:
    try:
        found = variables(text)
    except BadTemplate:
        return
    if text.strip():
        filled = fill(text, {v.name: "v" for v in found})
        assert filled.strip()
