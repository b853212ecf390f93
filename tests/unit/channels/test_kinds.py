"""A channel's manifest lists the kinds of content that its connector renders, and no others."""

from typing import Final, get_args

import pytest
from msgspec.structs import replace

from chat4all.channels import registry
from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.channel import MediaRule, Treatment
from chat4all.domain.content import Plain, Text, kind_of
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.sending import OutgoingContent, OutgoingMedia, Submission
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp, answer, file_submission

PICTURE: Final = "https://shop.example/red.jpg"
SAMPLES: Final[tuple[Plain, ...]] = (
    Text("Hello"),
    Location(48.21, 16.37, "Café", "Herrengasse 14", text="A place"),
    Contacts((Contact("Ana", ("+4915112345678",)),), "A card"),
    Reaction("❤", "A heart"),
    Buttons("When?", (Button("today", "Today"), Button("later", "Later"))),
    Choices("Which?", "Choose", (Section((Row("red", "Red"), Row("blue", "Blue"))),)),
    Carousel("Which?", (Card("Red", picture_url=PICTURE, buttons=(CardButton("Take", "red"),)),)),
)
"""A content of each plain kind."""
QUOTED: Final = {"telegram": f"{registry.manifest_of('telegram').address_form.format(1)}:7"}
"""The message that is quoted, where its name has to be in the chat; any other name is good elsewhere."""
FILE_URL: Final = "https://store.example/invoice"
CHANNELS: Final = pytest.mark.parametrize("manifest", registry.manifests(), ids=registry.names())


def request_of(manifest: Manifest, content: OutgoingContent) -> str:
    """Return the request with which the connector sends `content`."""
    http = FakeHttp(answer(200, {}))
    address = manifest.address_form.format(1)
    submission = Submission(
        DELIVERY_ID,
        "main",
        address,
        content,
        quoted_provider_message_id=QUOTED.get(manifest.name, "wamid.HBgM"),
    )
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
    return replace(submission.content, kind=rule.kind, form=rule.form)


def test_every_plain_kind_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(get_args(OutgoingContent)) - {OutgoingMedia}


@CHANNELS
def test_a_manifest_lists_the_plain_kinds_that_the_connector_renders(manifest: Manifest) -> None:
    full = {rule.kind for rule in manifest.capabilities.kinds if rule.treatment is Treatment.FULL}

    assert full == {kind_of(sample) for sample in SAMPLES if is_rendered(manifest, sample)}
    assert "Hello" in request_of(manifest, Text("Hello"))


@CHANNELS
def test_a_manifest_has_one_rule_for_each_plain_kind(manifest: Manifest) -> None:
    assert sorted(rule.kind for rule in manifest.capabilities.kinds) == sorted(map(kind_of, SAMPLES))


@CHANNELS
def test_choices_are_numbered_wherever_they_go_out_as_text(manifest: Manifest) -> None:
    for kind in ("buttons", "list", "carousel"):
        rule = manifest.capabilities.kind_rule(kind)
        assert Treatment.TEXT not in {rule.treatment, rule.otherwise}


@CHANNELS
def test_a_connector_sends_a_file_by_every_rule_of_its_manifest(manifest: Manifest) -> None:
    for rule in manifest.capabilities.media:
        assert FILE_URL in request_of(manifest, media_of(rule))
