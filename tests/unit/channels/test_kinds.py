"""A channel's manifest lists the kinds of content that its connector renders, and no others."""

from typing import Final, get_args

import pytest
from msgspec.structs import replace

from chat4all.channels import registry
from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.channel import MediaRule
from chat4all.domain.content import Plain, Text, kind_of
from chat4all.domain.files.file import MediaKind
from chat4all.domain.sending import OutgoingContent, OutgoingMedia, Submission
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp, answer, file_submission

SAMPLES: Final[tuple[Plain, ...]] = (Text("Hello"),)
"""A content of each plain kind."""
FILE_URL: Final = "https://store.example/invoice"
CHANNELS: Final = pytest.mark.parametrize("manifest", registry.manifests(), ids=registry.names())


def request_of(manifest: Manifest, content: OutgoingContent) -> str:
    """Return the request with which the connector sends `content`."""
    http = FakeHttp(answer(200, {}))
    submission = Submission(DELIVERY_ID, "main", manifest.address_form.format(1), content)
    registry.connector(manifest.name, http, manifest.base_url).send(
        submission, replace(SECRET, sender="+15005550006")
    )
    return str((http.requests, http.forms, http.uploads))


def is_rendered(manifest: Manifest, content: Plain) -> bool:
    """Return whether the request holds more than the text of `content`."""
    as_text = Text(content.text)
    is_text = kind_of(content) == kind_of(as_text)
    return is_text or request_of(manifest, content) != request_of(manifest, as_text)


def media_of(rule: MediaRule) -> OutgoingContent:
    submission = file_submission("anybody", rule.content_types[0], transfer=rule.transfer)
    assert isinstance(submission.content, OutgoingMedia)
    return replace(submission.content, kind=rule.kind)


def test_every_plain_kind_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(get_args(OutgoingContent)) - {OutgoingMedia}


@CHANNELS
def test_a_manifest_lists_the_plain_kinds_that_the_connector_renders(manifest: Manifest) -> None:
    listed = set(manifest.capabilities.kinds) - set(MediaKind)

    assert listed == {kind_of(sample) for sample in SAMPLES if is_rendered(manifest, sample)}
    assert "Hello" in request_of(manifest, Text("Hello"))


@CHANNELS
def test_a_manifest_lists_the_kinds_of_files_that_it_has_a_rule_for(manifest: Manifest) -> None:
    rules = manifest.capabilities.media

    assert set(manifest.capabilities.kinds) & set(MediaKind) == {rule.kind for rule in rules}
    assert len(set(manifest.capabilities.kinds)) == len(manifest.capabilities.kinds)
    for rule in rules:
        assert FILE_URL in request_of(manifest, media_of(rule))
