"""template.yaml and the code agree: routes, environments, timeouts."""

import gc
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics
from chalice.app import Chalice

from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import api, webhooks
from chat4all.bootstrap.settings import ApiSettings, WebhookSettings
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import names
from chat4all.domain.claims import claim_time
from chat4all.entrypoints.invocation import Handler
from chat4all_local.cloud.deployment import parameters
from chat4all_local.cloud.state import Component, ProcessId, State
from tests.fakes.counted import Counted
from tests.integration.template import ROOT, Template, environment, functions, mappings, read
from tests.unit.architecture.entry_points import loaded

TEMPLATE = Template()
FUNCTIONS = functions(TEMPLATE)
ON_KINESIS = Template(parameters={"EventStream": "kinesis"})
FOLDERS = {f"functions/{path.parent.name}" for path in ROOT.glob("functions/*/app.py")}
PROVIDERS = Component("simulators", ProcessId(1, 0.0), dict.fromkeys(names(), "http://127.0.0.1:1"), "a.log")
LOCAL = Template(parameters=parameters(State(components=(PROVIDERS,)), {}))
ADVISED_TIMEOUTS = 6
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
ADVISED_RECEIVES = 5
"""The smallest `maxReceiveCount` that the same page advises."""
QUEUES_FUNCTIONS = ["files", "inbound", "router", "status", *names()]

Routes = set[tuple[str, str]]


def routes_of(app: Chalice) -> Routes:
    return {(method, path) for path, methods in app.routes.items() for method in methods}


def declared_routes(name: str) -> Routes:
    return {
        (event["Properties"]["Method"].upper(), event["Properties"]["Path"])
        for event in FUNCTIONS[name]["Events"].values()
        if event["Type"] == "Api"
    }


def test_the_apis_routes_are_those_of_the_template() -> None:
    given: dict[str, object] = dict.fromkeys(ApiSettings.__struct_fields__, "nowhere")
    given |= {
        "file_retention_days": 1,
        "chat_events_stream": "",
        "verified_for_files": "",
        "search_index": "table",
    }
    renamed = {name.upper(): value for name, value in given.items()}
    app = api.app(msgspec.convert(renamed, ApiSettings)).whole()

    assert routes_of(app) == declared_routes("api")


def test_the_webhooks_routes_are_those_of_the_template() -> None:
    settings = WebhookSettings(
        messages_table="nowhere",
        webhooks_table="nowhere",
        webhooks_bucket="nowhere",
        api_keys_table="nowhere",
        audit_table="nowhere",
        inbound_queue="nowhere",
        status_updates_queue="nowhere",
    )
    app = webhooks.app(settings, ManagedSecrets(str, {}), Counted())

    assert routes_of(app) == declared_routes("webhooks")


def test_no_route_is_declared_twice() -> None:
    for name in ("api", "webhooks"):
        events = [event for event in FUNCTIONS[name]["Events"].values() if event["Type"] == "Api"]
        assert len(events) == len(declared_routes(name))


def test_every_folder_is_a_function_and_the_other_way_round() -> None:
    assert {function["CodeUri"] for function in FUNCTIONS.values()} == FOLDERS


@pytest.mark.parametrize("name", names())
def test_the_function_of_a_channel_imports_no_other_channel(name: str) -> None:
    """Each imported connector makes each cold start longer."""
    code = "import sys, app; print(*sys.modules)"
    search_path = f"import sys; sys.path[:0] = {[str(ROOT / 'functions' / 'channel'), *sys.path]!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", search_path + code],
        env=environment(FUNCTIONS[name]) | {"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )

    connectors = {f"chat4all.channels.{channel}.connector" for channel in names()}
    assert set(done.stdout.split()) & connectors == {f"chat4all.channels.{name}.connector"}


def test_every_channel_has_its_function() -> None:
    assert {function["Environment"]["Variables"].get("CHANNEL") for function in FUNCTIONS.values()} - {
        None
    } == set(names())


@pytest.fixture(autouse=True)
def _metrics_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each function its own metrics, since Powertools keeps one set for the process."""
    monkeypatch.setattr("chat4all.bootstrap.telemetry.Metrics", EphemeralMetrics)


@pytest.mark.parametrize("template", [TEMPLATE, ON_KINESIS], ids=["sqs", "kinesis"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_functions_environment_is_enough_to_start_it(
    name: str, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = functions(template)[name]
    # A function does not have the variables of this process.
    everybodys = (*FUNCTIONS.values(), *functions(ON_KINESIS).values())
    for variable in {key for other in everybodys for key in environment(other)}:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment(function).items():
        monkeypatch.setenv(variable, value)

    module = loaded(ROOT / function["CodeUri"] / "app.py")

    assert function["Handler"] == "app.handler"
    assert callable(module.handler)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_is_loaded_without_the_garbage_collector(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collecting = []
    observing = Telemetry.observing

    def observed(telemetry: Telemetry, handler: Handler) -> Handler:
        collecting.append(gc.isenabled())
        return observing(telemetry, handler)

    monkeypatch.setattr(Telemetry, "observing", observed)
    for variable, value in environment(FUNCTIONS[name]).items():
        monkeypatch.setenv(variable, value)

    loaded(ROOT / FUNCTIONS[name]["CodeUri"] / "app.py")

    assert set(collecting) == {False}
    assert gc.isenabled()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_is_told_nothing_that_it_does_not_read(name: str) -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "layers/core/chat4all").rglob("*.py")
    )
    for variable in environment(FUNCTIONS[name]):
        by_channel = variable.lower().split("_")[0] in names() and variable.endswith(
            ("_QUEUE", "_SECRET", "_BASE_URL")
        )
        known = (
            by_channel or variable.startswith(("POWERTOOLS_", "AWS_")) or f"{variable.lower()}:" in sources
        )
        assert known or f'"{variable}"' in sources, f"{name}: {variable}"


def queue_of(template: Template, name: str) -> dict[str, Any]:
    """Find the queue that a function takes its records from."""
    mapping = mappings(template)[name]
    (queue,) = (
        queue
        for queue in template.resources("AWS::SQS::Queue").values()
        if mapping["EventSourceArn"].endswith(f":{queue['QueueName']}")
    )
    return queue


@pytest.mark.parametrize("name", QUEUES_FUNCTIONS)
def test_a_record_is_given_out_again_only_after_the_function_has_ended(name: str) -> None:
    mapping = mappings(TEMPLATE)[name]
    queue = queue_of(TEMPLATE, name)

    assert queue["VisibilityTimeout"] > FUNCTIONS[name]["Timeout"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] <= 10


@pytest.mark.parametrize("template", [TEMPLATE, LOCAL], ids=["aws", "local"])
@pytest.mark.parametrize("name", QUEUES_FUNCTIONS)
def test_a_conversation_waits_for_a_dead_function_two_timeouts_at_most(name: str, template: Template) -> None:
    timeout_s = int(functions(template)[name]["Timeout"])

    assert timeout_s < int(queue_of(template, name)["VisibilityTimeout"]) <= 2 * timeout_s


@pytest.mark.parametrize("template", [TEMPLATE, LOCAL], ids=["aws", "local"])
@pytest.mark.parametrize("name", QUEUES_FUNCTIONS)
def test_a_throttled_record_stays_in_its_queue_as_long_as_aws_advises(name: str, template: Template) -> None:
    queue = queue_of(template, name)
    advised_s = ADVISED_TIMEOUTS * int(functions(template)[name]["Timeout"]) * ADVISED_RECEIVES

    stays_s = int(queue["VisibilityTimeout"]) * queue["RedrivePolicy"]["maxReceiveCount"]

    assert stays_s >= advised_s


@pytest.mark.parametrize("name", QUEUES_FUNCTIONS)
def test_no_reserve_throttles_the_function_of_a_queue(name: str) -> None:
    template = Template(parameters={"ApiConcurrency": 5, "WebhooksConcurrency": 5, "ChannelConcurrency": 5})

    assert "ReservedConcurrentExecutions" not in functions(template)[name]


@pytest.mark.parametrize("template", [TEMPLATE, LOCAL], ids=["aws", "local"])
@pytest.mark.parametrize("name", names())
def test_a_claim_outlives_the_function_and_ends_before_the_record_comes_again(
    name: str, template: Template
) -> None:
    function = functions(template)[name]
    claim_s = claim_time(int(environment(function)["CONSUMER_TIMEOUT"])).total_seconds()

    assert int(function["Timeout"]) < claim_s <= int(queue_of(template, name)["VisibilityTimeout"])


def test_every_function_keeps_its_logs_for_a_time() -> None:
    groups = TEMPLATE.resources("AWS::Logs::LogGroup")

    for name, function in FUNCTIONS.items():
        (group,) = (
            log_group for log_group in groups.values() if log_group["LogGroupName"].endswith(f"-{name}")
        )
        assert int(group["RetentionInDays"]) > 0
        assert function["LoggingConfig"]["LogGroup"] in groups


def test_the_nested_templates_are_there() -> None:
    stacks = [
        resource
        for resource in read("template.yaml")["Resources"].values()
        if resource["Type"] == "AWS::CloudFormation::Stack"
    ]

    assert stacks
    assert all((ROOT / stack["Properties"]["TemplateURL"]).is_file() for stack in stacks)
