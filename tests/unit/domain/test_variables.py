"""The variables of a batch's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Invalid
from chat4all.domain.variables import LONGEST_NAME, filled, names_in

NAMES = st.from_regex(r"\A[A-Za-z0-9_]{1,20}\Z")
WORDS = st.text().filter(lambda text: "{{" not in text and not text.endswith("{"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no variable, {one brace} and }} alone", []),
        ("{{name}}", ["name"]),
        ("{{ name }} {{name}} {{order_1}}", ["name", "order_1"]),
        ("{{1}} and {{2}}", ["1", "2"]),
        (f"{{{{{'x' * LONGEST_NAME}}}}}", ["x" * LONGEST_NAME]),
    ],
)
def test_each_name_is_found_once(text: str, names: list[str]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize(
    "text",
    [
        *("{{", "{{name", "{{name}", "{{}}", "{{ }}", "{{first-name}}", "{{a b}}", "{{{name}}}"),
        *("{{contact.name}}", "{{näme}}", "{{name | upcase}}", "{{% raw %}}", "{{名}}"),
        f"{{{{{'x' * (LONGEST_NAME + 1)}}}}}",
    ],
)
def test_double_braces_around_anything_else_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        names_in(text, "content.text")

    assert [detail.field for detail in refused.value.details] == ["content.text"]


@given(st.lists(st.tuples(WORDS, NAMES, st.text())), WORDS)
def test_every_variable_is_replaced_by_the_words_of_the_recipient_once(
    pieces: list[tuple[str, str, str]], end: str
) -> None:
    words = {name: word for _, name, word in pieces}
    text = "".join(f"{before}{{{{{name}}}}}" for before, name, _ in pieces) + end

    assert filled(text, words) == "".join(before + words[name] for before, name, _ in pieces) + end
    assert names_in(text) == list(dict.fromkeys(name for _, name, _ in pieces))
