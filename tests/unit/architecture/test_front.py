"""On AWS the functions have limits, access logs, a firewall and a domain in front; a local cloud has none."""

import json
import string
from typing import Any, Final

import pytest

from chat4all.channels.registry import names
from tests.integration.template import REGION, Template, environment, functions, mappings, read

ON_AWS: Final = Template()
LOCAL: Final = Template(parameters={"Cloud": "local"})


def the(template: Template, kind: str) -> dict[str, Any]:
    (found,) = template.resources(kind).values()
    return found


def concurrencies(template: Template) -> dict[str, int | None]:
    """Return the maximum concurrency of each queue's function."""
    return {
        name: mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        for name, mapping in mappings(template).items()
    }


def test_the_api_is_throttled_for_all_its_methods() -> None:
    (settings,) = the(ON_AWS, "AWS::Serverless::Api")["MethodSettings"]

    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] > 0
    assert settings["ThrottlingBurstLimit"] >= settings["ThrottlingRateLimit"]


def test_every_request_leaves_a_line_that_a_program_can_read() -> None:
    access = the(ON_AWS, "AWS::Serverless::Api")["AccessLogSetting"]
    groups = {resource["LogGroupName"] for resource in ON_AWS.resources("AWS::Logs::LogGroup").values()}

    line = json.loads(string.Template(access["Format"].replace(".", "_")).safe_substitute())
    assert {"route", "status", "latency_ms", "trace"} <= set(line)
    assert access["DestinationArn"].split(":log-group:")[1].removesuffix(":*") in groups


def test_no_log_is_kept_for_ever() -> None:
    assert all(
        int(resource["RetentionInDays"]) > 0 for resource in ON_AWS.resources("AWS::Logs::LogGroup").values()
    )


@pytest.mark.parametrize(("given", "made"), [("true", 1), ("false", 0)])
def test_the_accounts_role_is_set_where_it_is_wanted(given: str, made: int) -> None:
    template = Template(parameters={"ApiGatewayRole": given})

    assert len(template.resources("AWS::ApiGateway::Account")) == made


def test_each_channel_has_a_concurrency_of_its_own() -> None:
    limited = {name: limit for name, limit in concurrencies(ON_AWS).items() if limit is not None}

    assert limited == dict.fromkeys(("inbound", "batches", *names()), 100)
    assert set(concurrencies(Template(parameters={"ChannelConcurrency": 0})).values()) == {None}


def test_a_concurrency_that_lambda_refuses_is_refused_before_anything_is_made() -> None:
    (assertion,) = read("template.yaml")["Rules"]["ChannelsWorkOnTwoBatches"]["Assertions"]

    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ChannelConcurrency"}, "1"]}]}


def test_nothing_is_reserved_unless_it_is_said() -> None:
    reserved = Template(parameters={"ApiConcurrency": 200, "WebhooksConcurrency": "50"})

    assert {
        name for name, function in functions(ON_AWS).items() if "ReservedConcurrentExecutions" in function
    } == set()
    found = {
        name: function.get("ReservedConcurrentExecutions") for name, function in functions(reserved).items()
    }
    assert (found["api"], found["webhooks"]) == (200, "50")


def test_a_firewall_lets_webhooks_through_at_any_rate() -> None:
    template = Template(parameters={"FirewallRate": "2000"})

    rules = {rule["Name"]: rule["Statement"] for rule in the(template, "AWS::WAFv2::WebACL")["Rules"]}
    rate = rules["rate"]["RateBasedStatement"]
    spared = rate["ScopeDownStatement"]["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert (rate["Limit"], spared["SearchString"]) == ("2000", "/v1/webhooks/")
    stage = the(template, "AWS::WAFv2::WebACLAssociation")["ResourceArn"]
    assert stage == f"arn:aws:apigateway:{REGION}::/restapis/Api/stages/api"


def test_a_domain_of_ones_own_is_what_links_are_made_of() -> None:
    template = Template(
        parameters={"DomainName": "api.example.com", "CertificateArn": "arn:c", "HostedZoneId": "Z1"}
    )

    assert the(template, "AWS::ApiGateway::BasePathMapping")["Stage"] == "api"
    assert the(template, "AWS::Route53::RecordSet")["Name"] == "api.example.com"
    urls = {
        value
        for function in functions(template).values()
        for name, value in environment(function).items()
        if name in {"API_URL", "PUBLIC_URL"}
    }
    assert urls == {"https://api.example.com"}


def test_functions_and_layers_are_for_one_architecture() -> None:
    template = Template(parameters={"Architecture": "arm64"})

    assert {tuple(function["Architectures"]) for function in functions(template).values()} == {("arm64",)}
    layers = template.resources("AWS::Serverless::LayerVersion").values()
    assert {tuple(layer["CompatibleArchitectures"]) for layer in layers} == {("arm64",)}


def test_a_local_cloud_has_none_of_it() -> None:
    api = the(LOCAL, "AWS::Serverless::Api")

    assert not {"AccessLogSetting", "MethodSettings"} & set(api)
    assert set(concurrencies(LOCAL).values()) == {None}
    kinds = ("AWS::ApiGateway::Account", "AWS::WAFv2::WebACL", "AWS::ApiGateway::DomainName", "AWS::KMS::Key")
    assert {kind: LOCAL.resources(kind) for kind in kinds} == {kind: {} for kind in kinds}
