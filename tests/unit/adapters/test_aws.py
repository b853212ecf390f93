"""The clients of AWS."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from chat4all.adapters import aws

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class Sent(Exception):
    """A request is sent under a name."""


def _of_the_product() -> "EventBridgeClient":
    return aws.client("events")


def _with_its_own_configuration() -> "EventBridgeClient":
    return cast("EventBridgeClient", aws.session().create_client("events", config=Config(read_timeout=5)))


@pytest.mark.parametrize("make", [_of_the_product, _with_its_own_configuration])
def test_a_request_has_a_name_that_is_made_once(
    make: Callable[[], "EventBridgeClient"], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    client = make()

    def note(request: AWSPreparedRequest, **_: object) -> None:
        raise Sent(request.headers["User-Agent"])

    client.meta.events.register("before-send", note)
    with pytest.raises(Sent) as sent:
        client.list_event_buses()

    name = str(sent.value)
    assert re.match(r"b'Botocore/[\d.]+ chat4all['/ ]", name)  # Powertools may have added its own words
    assert "ua/" not in name  # as in the name that botocore composes
