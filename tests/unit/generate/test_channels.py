"""A manifest alone puts a new channel into the stack, the alarms and the documents."""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from chat4all.channels.registry import manifest_of, manifests
from chat4all.channels.shared.manifest import Manifest, SecretField
from chat4all_local.generate.__main__ import outdated
from chat4all_local.generate.blocks import Block
from chat4all_local.generate.catalogue import blocks, files
from chat4all_local.generate.channels import channel_blocks
from chat4all_local.generate.description import description_blocks
from chat4all_local.generate.resources import resources
from tests.integration import template as templates
from tests.integration.template import ROOT, STACK, Template, environment, functions, mappings

WHATSAPP: Final = manifest_of("whatsapp")
PIGEON: Final = replace(
    WHATSAPP,
    title="Carrier Pigeon",
    base_url="https://pigeon.example",
    capabilities=replace(WHATSAPP.capabilities, channel="pigeon"),
    secret=(SecretField("account_id", "the loft"), SecretField("access_token", "a ring")),
    webhook_setup="tell the loft of `$WEBHOOK_URL/v1/webhooks/pigeon`.",
    batch_size=3,
    memory_mb=1024,
)
UPLOADER: Final = replace(
    PIGEON, capabilities=replace(manifest_of("telegram").capabilities, channel="pigeon")
)


def generated(folder: Path, channel: Manifest) -> Path:
    """Write the files of the checkout with one channel more into `folder`."""
    with_pigeon: tuple[Block, ...] = channel_blocks((*manifests(), channel))
    changed = outdated(ROOT, (*with_pigeon, *description_blocks(resources())), ())
    assert set(changed) == {block.path for block in with_pigeon}
    shutil.copytree(ROOT / "infra", folder / "infra")
    for path, text in changed.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(templates, "ROOT", generated(tmp_path, PIGEON))
    return tmp_path


def test_what_is_committed_is_what_is_generated() -> None:
    assert outdated(ROOT, blocks(), files()) == {}


@pytest.mark.usefixtures("checkout")
def test_a_channel_has_a_function_with_its_own_settings() -> None:
    template = Template()
    function = functions(template)["pigeon"]
    variables = environment(function)

    assert (function["CodeUri"], function["MemorySize"], int(function["Timeout"])) == (
        "functions/channel",
        1024,
        30,
    )
    assert variables["CHANNEL"] == "pigeon"
    assert variables["BASE_URL"] == "https://pigeon.example"
    assert variables["CHANNEL_SECRET"] == f"{STACK}/pigeon"
    assert mappings(template)["pigeon"]["BatchSize"] == 3
    groups = {group["LogGroupName"] for group in template.resources("AWS::Logs::LogGroup").values()}
    assert f"/aws/lambda/{STACK}-pigeon" in groups


@pytest.mark.usefixtures("checkout")
def test_a_channel_has_its_queues_and_its_secret() -> None:
    template = Template()

    queues = {queue["QueueName"]: queue for queue in template.resources("AWS::SQS::Queue").values()}
    assert {f"{STACK}-pigeon.fifo", f"{STACK}-pigeon-dlq.fifo"} <= set(queues)
    assert int(queues[f"{STACK}-pigeon.fifo"]["VisibilityTimeout"]) == 60
    (secret,) = (
        resource
        for resource in template.resources("AWS::SecretsManager::Secret").values()
        if resource["Name"] == f"{STACK}/pigeon"
    )
    assert json.loads(secret["SecretString"]) == {"account_id": "", "access_token": ""}
    assert "account_id, access_token." in secret["Description"]


def test_a_channel_that_uploads_files_has_the_time_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "ROOT", generated(tmp_path, UPLOADER))
    template = Template()

    (queue,) = (
        resource
        for resource in template.resources("AWS::SQS::Queue").values()
        if resource["QueueName"] == f"{STACK}-pigeon.fifo"
    )
    function = functions(template)["pigeon"]
    assert (int(function["Timeout"]), environment(function)["CONSUMER_TIMEOUT"]) == (120, "120")
    assert int(queue["VisibilityTimeout"]) == 150


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("function", "variables"),
    [
        ("router", {"PIGEON_QUEUE"}),
        ("relay", {"PIGEON_QUEUE", "PIGEON_DEAD_LETTER_QUEUE", "PIGEON_SECRET", "PIGEON_BASE_URL"}),
        ("webhooks", {"PIGEON_SECRET"}),
        ("files", {"PIGEON_SECRET", "PIGEON_BASE_URL"}),
    ],
)
def test_the_other_functions_are_told_of_a_channel_and_may_use_what_they_are_told_of(
    function: str, variables: set[str]
) -> None:
    found = functions(Template())[function]

    assert {name for name in environment(found) if name.startswith("PIGEON_")} == variables
    granted = {
        arn
        for statement in found["Policies"][0]["Statement"]
        for arn in statement["Resource"]
        if "pigeon" in arn
    }
    services = {"QUEUE": "sqs", "SECRET": "secretsmanager"}
    assert {arn.split(":")[2] for arn in granted} == {
        service for suffix, service in services.items() if f"PIGEON_{suffix}" in variables
    }
    assert len(granted) == len(variables - {"PIGEON_BASE_URL"})


@pytest.mark.usefixtures("checkout")
def test_a_channel_is_watched_as_the_others_are() -> None:
    template = Template()

    def of(name: str) -> set[str]:
        alarms = template.resources("AWS::CloudWatch::Alarm").values()
        return {
            alarm["AlarmName"].removesuffix(f"-{name}")
            for alarm in alarms
            if alarm["AlarmName"].endswith(f"-{name}")
        }

    assert of("pigeon") == of("whatsapp") != set()
    (dashboard,) = template.resources("AWS::CloudWatch::Dashboard").values()
    shown: str = dashboard["DashboardBody"]
    json.loads(shown)
    assert shown.count("pigeon") == shown.count("whatsapp") > 0


def test_the_documents_tell_how_a_channel_is_set_up(checkout: Path) -> None:
    guide = (checkout / "docs" / "deploy.md").read_text(encoding="utf-8")

    assert "| `CarrierPigeonBaseUrl` | `https://pigeon.example` |" in guide
    assert (
        "--secret-id chat4all/pigeon"
        ' --secret-string \'{"account_id": "<the loft>", "access_token": "<a ring>"}\'' in guide
    )
    assert "- Carrier Pigeon: tell the loft of `$WEBHOOK_URL/v1/webhooks/pigeon`." in guide


def test_the_container_of_localstack_is_told_where_the_provider_is(checkout: Path) -> None:
    compose = (checkout / "localstack" / "docker-compose.yml").read_text(encoding="utf-8")
    script = (checkout / "localstack" / "docker" / "deploy.sh").read_text(encoding="utf-8")

    assert "PIGEON_BASE_URL: ${PIGEON_BASE_URL:-https://pigeon.example}" in compose
    assert '"CarrierPigeonBaseUrl=$PIGEON_BASE_URL"' in script
