"""Webhooks arrive through API Gateway, or through a function URL that everybody may call."""

from typing import Final

import pytest

from chat4all_local.cloud.settings import ALIAS
from tests.integration.template import Template, functions, read
from tests.unit.architecture.test_versions import of_kind, transformed

ON_GATEWAY: Final = Template()
ON_URL: Final = Template(parameters={"WebhookFront": "FunctionUrl"})
WEBHOOKS: Final = f"arn:aws:lambda:us-east-1:123456789012:function:chat4all-webhooks:{ALIAS}"


def test_api_gateway_is_the_default() -> None:
    assert ON_GATEWAY.resources("AWS::Lambda::Url") == {}
    assert not any(
        permission["Principal"] == "*"
        for permission in ON_GATEWAY.resources("AWS::Lambda::Permission").values()
    )


def test_the_function_url_calls_the_alias_and_asks_nobody_to_sign_for_aws() -> None:
    (url,) = ON_URL.resources("AWS::Lambda::Url").values()

    assert url == {"TargetFunctionArn": WEBHOOKS, "AuthType": "NONE", "InvokeMode": "BUFFERED"}


def test_everybody_may_call_the_webhooks_function_by_its_url_only() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html asks for both permissions."""
    allowed = [
        permission
        for permission in ON_URL.resources("AWS::Lambda::Permission").values()
        if permission["Principal"] == "*"
    ]

    assert allowed == [
        {
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionName": WEBHOOKS,
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        },
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": WEBHOOKS,
            "Principal": "*",
            "InvokedViaFunctionUrl": True,
        },
    ]


def test_api_gateway_serves_the_same_routes_on_both_fronts() -> None:
    assert functions(ON_URL)["webhooks"]["Events"] == functions(ON_GATEWAY)["webhooks"]["Events"]


@pytest.mark.parametrize(
    ("parameters", "address"),
    [
        ({}, "https://Api.execute-api.us-east-1.amazonaws.com/api"),
        ({"DomainName": "api.example.com", "CertificateArn": "arn:c"}, "https://api.example.com"),
        ({"ApiUrl": "https://desk.example.com/chat"}, "https://desk.example.com/chat"),
        ({"WebhookFront": "FunctionUrl"}, "https://webhooksurl.lambda-url.us-east-1.on.aws"),
        (
            {"WebhookFront": "FunctionUrl", "DomainName": "api.example.com", "CertificateArn": "arn:c"},
            "https://webhooksurl.lambda-url.us-east-1.on.aws",
        ),
    ],
    ids=["API Gateway", "domain", "proxy", "function URL", "function URL beside a domain"],
)
def test_the_output_is_where_providers_call(parameters: dict[str, str], address: str) -> None:
    assert Template(parameters=parameters).output("WebhookUrl") == address


def test_other_words_for_a_front_are_refused() -> None:
    parameter = read("template.yaml")["Parameters"]["WebhookFront"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("ApiGateway", ["ApiGateway", "FunctionUrl"])


def test_sam_leaves_the_function_url_to_its_condition() -> None:
    resources = transformed("WebhookFront=FunctionUrl")

    (url,) = of_kind(resources, "AWS::Lambda::Url").values()
    assert url["Condition"] == "UsesFunctionUrl"
    assert url["Properties"]["TargetFunctionArn"] == {"Ref": f"WebhooksFunctionAlias{ALIAS}"}
