"""Work that MiniStack repeats, counted: as it is pinned, and corrected."""

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from ministack.core import iam_evaluator
from ministack.services import dynamodb

from ministack_server import copies, expressions, policies

POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]})
ITEM = {
    "id": {"S": "1"},
    "parts": {"L": [{"M": {"n": {"N": "1"}}}]},
    "tags": {"SS": ["a"]},
    "none": {"NULL": True},
}
NAMES = {"#id": "id", "#count": "count"}
VALUES = {":id": {"S": "1"}, ":count": {"N": "5"}}


@pytest.fixture
def pinned() -> Iterator[None]:
    """Leave MiniStack as the test found it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iam_evaluator, "parse_policy_document", iam_evaluator.parse_policy_document)
        for name in ("_tokenize", "_condition_syntax_error", "copy"):
            patch.setattr(dynamodb, name, getattr(dynamodb, name))
        yield


@pytest.mark.usefixtures("pinned")
def test_a_policy_is_parsed_once() -> None:
    parse = iam_evaluator.parse_policy_document
    assert parse(POLICY) is not parse(POLICY)  # the pinned version still needs the correction
    as_pinned = parse(POLICY)

    policies.install()

    assert iam_evaluator.parse_policy_document(POLICY) is iam_evaluator.parse_policy_document(POLICY)
    assert iam_evaluator.parse_policy_document(POLICY) == as_pinned
    assert iam_evaluator.parse_policy_document(json.loads(POLICY)) == as_pinned
    assert iam_evaluator.parse_policy_document("no policy") == []


@pytest.mark.usefixtures("pinned")
def test_an_expression_is_read_once_for_all_items() -> None:
    expression = "#id = :id AND (attribute_not_exists(#count) OR #count < :count)"

    def matching() -> list[bool]:
        items = [{"id": {"S": "1"}}, {"id": {"S": "2"}}, {"id": {"S": "1"}, "count": {"N": "9"}}]
        return [bool(dynamodb._evaluate_condition(expression, item, VALUES, NAMES)) for item in items * 10]

    assert dynamodb._tokenize(expression) is not dynamodb._tokenize(expression)  # still needs the correction
    as_pinned = matching()

    expressions.install()

    assert matching() == matching() == as_pinned
    assert dynamodb._tokenize.cache_info().misses == 1
    assert dynamodb._condition_syntax_error.cache_info().misses == 1


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    "expression", ["#id =", "((#id = :id))", "#id = :id AND", "size(#id) > :count", "name = :id"]
)
def test_an_expression_is_refused_as_before_at_every_use(expression: str) -> None:
    def outcome() -> str:
        try:
            return str(dynamodb._evaluate_condition(expression, ITEM, VALUES, NAMES))
        except ValueError as error:
            return str(error)

    as_pinned = outcome()

    expressions.install()

    assert [outcome(), outcome()] == [as_pinned, as_pinned]


@pytest.mark.usefixtures("pinned")
def test_tokens_are_never_changed_by_their_use() -> None:
    expressions.install()
    update = "SET #count = if_not_exists(#count, :count) + :count, #id = :id REMOVE parts[0] ADD tags :id"
    before = list(dynamodb._tokenize(update))

    for _ in range(2):
        dynamodb._apply_update_expression(ITEM, "SET #count = :count REMOVE parts[0]", VALUES, NAMES)
        with pytest.raises(ValueError, match="Invalid UpdateExpression"):
            dynamodb._apply_update_expression(ITEM, update, VALUES, NAMES)

    assert dynamodb._tokenize(update) == before


@pytest.mark.usefixtures("pinned")
def test_a_copy_of_an_item_shares_nothing_that_can_change(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    deepcopy = copy.deepcopy

    def counted(tree: object) -> object:
        nonlocal calls
        calls += 1
        return deepcopy(tree)

    monkeypatch.setattr(copy, "deepcopy", counted)
    dynamodb._apply_update_expression(ITEM, "SET #count = :count", VALUES, NAMES)
    assert calls >= 2  # the pinned version still needs the correction
    calls = 0

    copies.install()
    updated, _ = dynamodb._apply_update_expression(ITEM, "SET #count = :count", VALUES, NAMES)

    assert calls == 0
    assert updated == {**ITEM, "count": {"N": "5"}}
    updated["parts"]["L"][0]["M"]["n"]["N"] = "2"
    updated["tags"]["SS"].append("b")
    assert (ITEM["parts"], ITEM["tags"]) == ({"L": [{"M": {"n": {"N": "1"}}}]}, {"SS": ["a"]})


@pytest.mark.usefixtures("pinned")
def test_what_is_no_tree_of_json_is_copied_as_before() -> None:
    copies.install()
    table: dict[str, Any] = {"set": {"a"}, "number": Decimal(1)}

    copied = dynamodb.copy.deepcopy(table)

    assert copied == table
    assert copied["set"] is not table["set"]
