import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels import registry
from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.channel import LengthUnit
from chat4all.domain.errors import NotFound
from chat4all.domain.status import Status
from chat4all.services.messaging.connector import ChannelSecret
from tests.channels import sample
from tests.unit.channels.fake_http import SECRET, FakeHttp, webhook_request


def loaded_after(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    search_path = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run(  # our own words
        [sys.executable, "-c", search_path + script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_every_folder_of_a_channel_is_in_the_list_and_the_other_way_round() -> None:
    folders = {path.parent.name for path in Path(registry.__file__).parent.glob("*/connector.py")}

    assert set(registry.names()) == folders
    assert len(registry.names()) == len(folders)


def test_a_channel_is_called_alike_everywhere() -> None:
    assert tuple(manifest.name for manifest in registry.manifests()) == registry.names()
    assert tuple(registry.capabilities()) == registry.names()


@pytest.mark.parametrize("manifest", registry.manifests(), ids=registry.names())
def test_addresses_of_the_form_and_of_the_demo_are_addresses_of_the_channel(manifest: Manifest) -> None:
    connector = registry.connector(manifest.name, FakeHttp(), manifest.base_url)
    addresses = [manifest.address_form.format(number) for number in (1, 99_999_999)]

    assert [connector.canonical_address(address) for address in addresses] == addresses
    assert len(set(addresses)) == 2
    assert connector.canonical_address(manifest.demo.address) == manifest.demo.address


@pytest.mark.parametrize("manifest", registry.manifests(), ids=registry.names())
def test_a_secret_has_the_fields_that_connectors_read(manifest: Manifest) -> None:
    fields = [field.name for field in manifest.secret]
    needed = {field.name for field in msgspec.structs.fields(ChannelSecret) if field.required}

    assert len(set(fields)) == len(fields)
    assert needed <= set(fields) <= set(ChannelSecret.__struct_fields__)


@pytest.mark.parametrize("manifest", registry.manifests(), ids=registry.names())
def test_the_header_of_the_manifest_is_the_proof_that_the_connector_reads(manifest: Manifest) -> None:
    connector = registry.connector(manifest.name, FakeHttp(), manifest.base_url)
    secret = replace(SECRET, webhook_url="https://chat.example/v1/webhooks/channel")
    body = sample(manifest.name).text_webhook("hello")
    proof = sample(manifest.name).proof(secret, body)

    assert set(proof) == {manifest.webhook_proof.lower()}
    assert connector.verify(webhook_request(proof, body), secret)
    assert not connector.verify(webhook_request({}, body), secret)


@pytest.mark.parametrize("manifest", registry.manifests(), ids=registry.names())
def test_a_channel_lists_its_accounts_by_ids_that_fit_into_keys(manifest: Manifest) -> None:
    accounts = registry.accounts()[manifest.name]

    assert accounts
    assert accounts == manifest.accounts
    assert len(set(accounts)) == len(accounts)
    assert all(re.fullmatch("[a-z0-9-]+", account) for account in accounts)


def test_the_status_comes_as_far_as_the_receipts_tell() -> None:
    finals = {manifest.name: manifest.final_status for manifest in registry.manifests()}

    assert finals["whatsapp"] is Status.READ
    assert finals["telegram"] is Status.SENT


@pytest.mark.parametrize("name", registry.names())
def test_a_connector_is_made_by_name(name: str) -> None:
    connector = registry.connector(name, FakeHttp(), "https://provider.example")

    assert type(connector).__module__ == f"chat4all.channels.{name}.connector"
    assert connector.capabilities == registry.capabilities()[name]
    assert connector.capabilities.channel == name


@pytest.mark.parametrize("name", ["", "carrier", "WhatsApp"])
def test_an_unknown_name_is_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        registry.connector(name, FakeHttp(), "https://provider.example")


def test_capabilities_are_read_without_loading_a_connector_or_an_http_library() -> None:
    loaded = loaded_after("from chat4all.channels import registry; registry.capabilities()")

    assert "chat4all.channels.registry" in loaded
    assert not loaded & {"urllib3", "ssl", "requests", "boto3", "chat4all.channels.whatsapp.connector"}


@pytest.mark.parametrize("name", registry.names())
def test_one_connector_loads_no_other_and_no_http_library_before_it_sends(name: str) -> None:
    loaded = loaded_after(
        "from chat4all.channels import registry\nfrom chat4all.channels.shared import http\n"
        f"registry.connector({name!r}, http.HttpClient(), 'https://provider.example')"
    )

    assert f"chat4all.channels.{name}.connector" in loaded
    others = {f"chat4all.channels.{other}.connector" for other in registry.names() if other != name}
    assert not loaded & (others | {"urllib3", "ssl", "requests", "boto3"})


def test_each_channel_counts_a_text_in_the_unit_of_its_provider() -> None:
    known = registry.capabilities()
    units = {name: each.text_unit for name, each in known.items()}
    lengths = {name: each.text_length for name, each in known.items()}

    assert units == {
        "whatsapp": LengthUnit.CHARACTERS,
        "telegram": LengthUnit.CHARACTERS,
        "instagram": LengthUnit.BYTES,
        "sms": LengthUnit.CODE_UNITS,
    }
    assert lengths == {"whatsapp": 4096, "telegram": 4096, "instagram": 1000, "sms": 1600}


def test_no_lease_takes_more_than_a_fifth_of_a_bucket_or_one_token() -> None:
    limits = [limit for channel in registry.capabilities().values() for limit in channel.rate_limits]

    assert limits
    assert all(limit.lease == 1 or limit.lease <= limit.burst / 5 for limit in limits)
