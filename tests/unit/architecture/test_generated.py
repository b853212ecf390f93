"""The routes' declarations hold together; tests/unit/generate holds the files that follow from them."""

import inspect
import typing

import msgspec
import pytest

from chat4all.domain import errors
from chat4all.domain.errors import Chat4AllError
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import Returns, Route
from chat4all.services.access.authenticate import SCOPES
from chat4all_local.generate.resources import resources

ROUTES = [route for resource in resources() for route in resource.routes]
REFUSALS = [
    member
    for member in vars(errors).values()
    if isinstance(member, type) and issubclass(member, Chat4AllError)
]


def named(route: Route) -> str:
    return route.name


def test_every_operation_has_a_name_of_its_own() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_view_takes_what_its_declaration_gives(route: Route) -> None:
    hints = typing.get_type_hints(route.view)
    given = {"query": route.query, "body": route.body}

    assert hints.pop("return") is Answer
    assert list(hints) == list(inspect.signature(route.view).parameters)[1:]
    taken = {name: hints.pop(name, None) for name in given}
    assert taken == given
    assert list(hints) == ["request", *route.parameters]


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_scope_is_a_scope_that_a_key_can_have(route: Route) -> None:
    assert route.scope is None or route.scope in SCOPES


BODIES = [
    route for route in ROUTES if isinstance(route.body, type) and issubclass(route.body, msgspec.Struct)
]
RETURNS = [
    (route.name, returned) for route in ROUTES for returned in route.returns if returned.shape is not None
]


@pytest.mark.parametrize("route", BODIES, ids=named)
def test_the_example_of_a_body_is_such_a_body(route: Route) -> None:
    assert route.example is not None
    msgspec.convert(route.example, route.body, strict=True)


@pytest.mark.parametrize(("name", "returned"), RETURNS)
def test_the_example_of_an_answer_is_such_an_answer_with_every_field(name: str, returned: Returns) -> None:
    assert returned.shape is not None
    assert returned.example is not None

    shown = msgspec.convert(returned.example, returned.shape, strict=True)

    assert msgspec.json.decode(msgspec.json.encode(shown)) == returned.example


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.__name__)
def test_an_error_says_in_a_sentence_what_it_means(error: type[Chat4AllError]) -> None:
    assert (error.__doc__ or "").split("\n", 1)[0].endswith(".")


def test_every_error_can_be_answered_by_a_route_or_stands_for_others() -> None:
    answered = {error for route in ROUTES for error in route.refusals}
    unanswered = {error for error in REFUSALS if error not in answered and not error.__subclasses__()}

    assert unanswered == {errors.Throttled}
