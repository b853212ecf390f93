import json
import re
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from chat4all_local.cloud import checkout
from chat4all_local.cloud.backends.backend import Backend, Endpoints
from chat4all_local.cloud.backends.choice import BackendName, chosen
from chat4all_local.cloud.backends.external import External
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.health import is_healthy
from chat4all_local.cloud.ports import choose_ports
from chat4all_local.cloud.settings import CHANNELS, KINESIS_VERSION
from tests.unit.serving import serving

ELSEWHERE = "http://127.0.0.1:4566"
BACKENDS = [MiniStack(), LocalStack(), External(ELSEWHERE)]


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path)
    made.create()
    return made


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: str(backend.name))
def test_everything_that_is_started_listens_on_this_machine_at_the_chosen_ports(
    backend: Backend, folder: StateFolder
) -> None:
    ports = choose_ports(backend.port_names, {})

    plans = backend.plans(folder, ports, "desk-7")

    served = [url for plan in plans for url in plan.urls.values()]
    assert sorted(served) == sorted(f"http://127.0.0.1:{port}" for port in ports.values())
    assert set(CHANNELS) <= {name for plan in plans for name in plan.urls}


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: str(backend.name))
def test_a_backend_is_found_by_its_name(backend: Backend) -> None:
    name = BackendName(backend.name)

    assert type(chosen(name, ELSEWHERE if name is BackendName.EXTERNAL else "")) is type(backend)


def test_files_are_where_they_are_kept_best() -> None:
    ports = {"ministack": 1, "nanio": 2, "localstack": 3}

    assert MiniStack().endpoints(ports) == Endpoints("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert LocalStack().endpoints(ports) == Endpoints("http://127.0.0.1:3", "http://127.0.0.1:3")


def test_an_external_cloud_needs_an_address() -> None:
    with pytest.raises(CloudError, match="--backend external needs --endpoint") as failure:
        chosen(BackendName.EXTERNAL)

    assert "--endpoint" in failure.value.advice


@pytest.mark.parametrize("endpoint", ["cloud", "127.0.0.1:4566", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_what_is_no_address_is_named(endpoint: str) -> None:
    with pytest.raises(CloudError, match=re.escape(f"--endpoint {endpoint} is no URL")) as failure:
        chosen(BackendName.EXTERNAL, endpoint)

    assert "--endpoint" in failure.value.advice


def test_an_external_cloud_that_is_not_there_is_said_at_once(folder: StateFolder) -> None:
    [port] = choose_ports(["nobody"], {}).values()

    with pytest.raises(CloudError, match=f"nothing answers at http://127.0.0.1:{port}"):
        External(f"http://127.0.0.1:{port}").prepare(folder, {})


def test_what_answers_and_is_no_cloud_is_said_to_be_none(folder: StateFolder) -> None:
    with (
        serving(SimpleHTTPRequestHandler) as here,
        pytest.raises(CloudError, match="does not answer as AWS does"),
    ):
        External(here).prepare(folder, {})


@pytest.mark.parametrize("name", [BackendName.MINISTACK, BackendName.LOCALSTACK])
def test_a_cloud_that_is_started_here_takes_no_address(name: BackendName) -> None:
    with pytest.raises(CloudError, match="--endpoint is only for --backend external"):
        chosen(name, ELSEWHERE)


def test_an_external_cloud_that_says_nothing_of_itself_gives_its_address_to_the_functions() -> None:
    [port] = choose_ports(["nobody"], {}).values()
    nowhere = f"http://127.0.0.1:{port}"
    assert not is_healthy([nowhere])

    given = External(nowhere).parameters(Endpoints(nowhere, nowhere))

    assert given == {"EndpointUrl": nowhere, "S3EndpointUrl": nowhere}


def test_roles_are_enforced_unless_that_is_switched_off(
    folder: StateFolder,
) -> None:
    ports = dict.fromkeys(MiniStack.port_names, 1)

    enforced, ignored = (
        chosen(BackendName.MINISTACK, roles=roles).plans(folder, ports, "desk-7") for roles in Roles
    )

    assert [plan.environment["AUTH"] for plan in enforced if plan.name == "ministack"] == ["true"]
    assert not [plan for plan in ignored if "AUTH" in plan.environment]


@pytest.mark.parametrize("name", [BackendName.LOCALSTACK, BackendName.EXTERNAL])
def test_roles_are_switched_off_only_where_they_are_enforced(name: BackendName) -> None:
    with pytest.raises(CloudError, match="--no-roles is only for --backend ministack"):
        chosen(name, ELSEWHERE, roles=Roles.IGNORED)


def test_an_address_is_taken_with_or_without_a_slash_at_its_end() -> None:
    assert chosen(BackendName.EXTERNAL, f"{ELSEWHERE}/").endpoints({}).aws == ELSEWHERE


def test_localstack_tells_of_nothing_that_the_product_does_not_use() -> None:
    assert not [lacking for lacking in LocalStack().lacks if "WebSocket" in lacking]


def test_localstack_begins_with_nothing(folder: StateFolder) -> None:
    folder.localstack.mkdir()
    (folder.localstack / "left").touch()

    for _ in range(2):
        LocalStack().prepare(folder, {})

    assert not (folder.localstack / "left").exists()


def test_ministack_keeps_its_data(folder: StateFolder) -> None:
    (folder.ministack / "dynamodb.json").write_text("messages")

    MiniStack().prepare(folder, {"ministack": 1})

    assert (folder.ministack / "dynamodb.json").read_text() == "messages"


def test_kinesis_is_in_the_version_that_localstack_looks_for() -> None:
    package = json.loads((checkout.ROOT / "requirements" / "kinesis" / "package.json").read_text())

    assert package["dependencies"] == {"kinesis-local": KINESIS_VERSION}
