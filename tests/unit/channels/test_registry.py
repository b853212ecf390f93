import subprocess
import sys

import pytest

from chat4all.channels import registry
from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.telegram.connector import Telegram
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.channel import LengthUnit
from chat4all.domain.errors import NotFound
from tests.unit.channels.fake_http import FakeHttp

CLASSES = {"whatsapp": WhatsApp, "telegram": Telegram, "instagram": Instagram}


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    search_path = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run(  # our own words
        [sys.executable, "-c", search_path + script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_registry_lists_the_three_channels() -> None:
    assert registry.names() == ("whatsapp", "telegram", "instagram")
    assert tuple(registry.capabilities()) == registry.names()


@pytest.mark.parametrize("name", registry.names())
def test_a_connector_is_made_by_name(name: str) -> None:
    connector = registry.connector(name, FakeHttp(), "https://provider.example")

    assert isinstance(connector, CLASSES[name])
    assert connector.capabilities == registry.capabilities()[name]
    assert connector.capabilities.channel == name


@pytest.mark.parametrize("name", ["", "sms", "WhatsApp"])
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


def test_instagram_counts_a_text_in_bytes_and_the_others_in_characters() -> None:
    units = {name: each.text_unit for name, each in registry.capabilities().items()}
    lengths = {name: each.text_length for name, each in registry.capabilities().items()}

    assert units == {
        "whatsapp": LengthUnit.CHARACTERS,
        "telegram": LengthUnit.CHARACTERS,
        "instagram": LengthUnit.BYTES,
    }
    assert lengths == {"whatsapp": 4096, "telegram": 4096, "instagram": 1000}


def test_no_lease_takes_more_than_a_tenth_of_a_bucket_or_one_token() -> None:
    limits = [limit for each in registry.capabilities().values() for limit in each.rate_limits]

    assert limits
    assert all(limit.lease == 1 or limit.lease <= limit.burst / 10 for limit in limits)
