"""The routes' declarations are consistent. tests/unit/generate tests the files generated from them."""

import inspect
import string
import typing
from typing import Any

import msgspec
import pytest

from chat4all.channels.registry import capabilities, connector, manifests
from chat4all.channels.shared.http import HttpClient
from chat4all.domain import errors
from chat4all.domain.content import Text
from chat4all.domain.errors import Chat4AllError
from chat4all.domain.events import InboundMessage
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import Returns, Route
from chat4all.services.access.authenticate import SCOPES
from chat4all.services.messaging.connector import ChannelSecret
from chat4all_local.generate.openapi import document
from chat4all_local.generate.resources import resources

DESCRIPTION: Any = msgspec.json.decode(msgspec.json.encode(document(resources(), manifests())))
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

    example = msgspec.json.encode(returned.example)

    shown = msgspec.json.decode(example, type=returned.shape, strict=True)

    assert msgspec.json.decode(msgspec.json.encode(shown)) == msgspec.json.decode(example)


OPERATIONS = [
    pytest.param(operation, id=operation["operationId"])
    for operations in DESCRIPTION["paths"].values()
    for operation in operations.values()
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_parameter_body_and_answer_has_an_example(operation: Any) -> None:  # noqa: ANN401 - JSON
    answers = [
        DESCRIPTION["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        if "$ref" in answer
        else answer
        for answer in operation["responses"].values()
    ]
    contents = [operation["requestBody"]] if "requestBody" in operation else []
    for described in (*answers, *contents):
        assert described["content"]
        for content in described["content"].values():
            assert "example" in content or content["examples"]
    assert all("example" in parameter for parameter in operation["parameters"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_says_in_a_sentence_what_it_is(operation: Any) -> None:  # noqa: ANN401 - JSON
    meanings = [answer["description"] for answer in operation["responses"].values() if "$ref" not in answer]
    assert meanings
    assert all(meaning.endswith(".") and meaning[0] in f"{string.ascii_uppercase}`" for meaning in meanings)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.query is not None], ids=named)
def test_the_examples_of_query_parameters_are_such_a_query(route: Route) -> None:
    assert route.query is not None
    parameters = DESCRIPTION["paths"][route.path][route.method.lower()]["parameters"]
    shown = {
        parameter["name"]: parameter["example"] for parameter in parameters if parameter["in"] == "query"
    }

    query = msgspec.convert(shown, route.query, strict=True)

    assert {name: value for name, value in msgspec.to_builtins(query).items() if name in shown} == shown
    assert set(shown) == set(route.query.__struct_encode_fields__)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is bytes])
def test_the_example_of_a_webhook_is_one_of_the_channel_that_the_example_of_the_path_names(
    route: Route,
) -> None:
    described = DESCRIPTION["paths"][route.path][route.method.lower()]
    examples = {parameter["name"]: parameter["example"] for parameter in described["parameters"]}
    channel = examples["channel"]
    secret = ChannelSecret("10000", "token", "secret")
    webhook = msgspec.json.encode(route.example)

    parsed = connector(channel, HttpClient(), "https://provider.example").parse_webhook(webhook, secret)

    (event,) = parsed.events

    assert isinstance(event, InboundMessage)
    assert event.content == Text("Hello")


def test_the_example_of_capabilities_is_what_the_channel_that_the_path_names_can_do() -> None:
    described = DESCRIPTION["paths"]["/v1/channels/{channel}/capabilities"]["get"]
    (channel,) = (parameter["example"] for parameter in described["parameters"])

    answer = described["responses"]["200"]["content"]["application/json"]["example"]

    assert answer == msgspec.json.decode(msgspec.json.encode(capabilities()[channel]))


def test_a_webhook_is_proved_by_a_header_of_each_channel() -> None:
    schemes = DESCRIPTION["components"]["securitySchemes"]
    proofs = DESCRIPTION["paths"]["/v1/webhooks/{channel}"]["post"]["security"]

    headers = [schemes[name]["name"] for proof in proofs for name in proof]

    assert headers == [manifest.webhook_proof for manifest in manifests()]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.__name__)
def test_an_error_says_in_a_sentence_what_it_means(error: type[Chat4AllError]) -> None:
    assert (error.__doc__ or "").split("\n", 1)[0].endswith(".")


def test_every_error_can_be_answered_by_a_route_or_stands_for_others() -> None:
    answered = {error for route in ROUTES for error in route.refusals}
    unanswered = {error for error in REFUSALS if error not in answered and not error.__subclasses__()}

    assert unanswered == set()
