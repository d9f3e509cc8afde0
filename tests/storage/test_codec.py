"""Values survive JSON, whatever is in them."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model import AgentOptions, Answer, Goal, Limits, Question, Rule, Verdict
from storage.codec import decode, encode

texts = st.text(max_size=8)
aware = st.datetimes(timezones=st.just(UTC))
rules = st.builds(Rule, pattern=texts, verdict=st.sampled_from(Verdict), created_at=st.none() | aware)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda x: st.lists(x) | st.dictionaries(texts, x)
)
answers = st.builds(
    Answer,
    approve=st.booleans(),
    input=st.none() | st.dictionaries(texts, plain),
    choices=st.dictionaries(texts, st.lists(texts).map(tuple)),
    rule=st.none() | rules,
)
options = st.builds(AgentOptions, tools=st.none() | st.lists(texts).map(tuple), limits=st.builds(Limits))
questions = st.lists(st.builds(Question, text=texts)).map(tuple)


@given(
    st.one_of(
        answers.map(lambda v: (Answer, v)),
        options.map(lambda v: (AgentOptions, v)),
        rules.map(lambda v: (Rule, v)),
        questions.map(lambda v: (tuple[Question, ...], v)),
    )
)
def test_a_value_comes_back_from_json_as_it_was(case: tuple[type, object]) -> None:
    hint, value = case
    assert decode(hint, json.loads(json.dumps(encode(value)))) == value


def test_a_stored_value_may_lack_new_fields_and_have_forgotten_ones() -> None:
    assert decode(Goal, {"sentence": "green", "colour": "red"}) == Goal(sentence="green")


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_lacks_become_words(number: float) -> None:
    assert json.dumps(encode({"n": number}), allow_nan=False) == f'{{"n": "{number}"}}'


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"x": object()})


def test_every_nested_value_is_named_by_its_fields() -> None:
    assert set(encode(AgentOptions())) == {field.name for field in fields(AgentOptions)}
