"""Inputs after public reports about other software, whose faults the connector must not have."""

from typing import Any

import pytest

from chat4all.channels.instagram.manifest import CAPABILITIES
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Media, ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.events import InboundMessage
from chat4all.domain.files.file import Attachment, Form
from chat4all.domain.kinds import Button, Buttons, Location, Reaction
from chat4all.domain.received import Context
from chat4all.domain.treatments import treatment_of
from tests.unit.channels.test_instagram_webhook import ANA, FROM_ANA, FROM_US, parse

MAP = "https://www.facebook.com/l.php?u=https%3A%2F%2Fwww.bing.com%2Fmaps"
CDN = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=x"
WEB = [{"type": "web_url", "url": "https://link.example/1", "title": "Filialfinder"}]


def message(**fields: object) -> dict[str, object]:
    return {**FROM_ANA, "message": {"mid": "m", **fields}}


def attached(*attachments: object) -> dict[str, object]:
    return message(attachments=list(attachments))


def reaction(**fields: object) -> dict[str, object]:
    return {**FROM_ANA, "reaction": {"mid": "aWdfOURS", **fields}}


def told(event: object) -> list[InboundMessage]:
    return [found for found in parse(event) if isinstance(found, InboundMessage)]


@pytest.mark.parametrize(
    ("event", "contents"),
    [
        pytest.param(
            attached(
                {
                    "title": "Anik's Location",
                    "url": MAP,
                    "type": "location",
                    "payload": {"coordinates": {"lat": 12.967736461345, "long": 77.59405228556}},
                }
            ),
            [Location(12.967736461345, 77.59405228556, "Anik's Location")],
            id="https://github.com/microsoft/botframework-sdk/issues/331",
        ),
        pytest.param(
            attached({"type": "location", "title": "Anik's Location", "url": MAP, "payload": {"url": MAP}}),
            [Unsupported("location", f"Anik's Location\n{MAP}")],
            id="https://github.com/botman/driver-facebook/pull/102",
        ),
        pytest.param(
            reaction(action="unreact"),
            [Reaction("")],
            id="https://github.com/netflie/whatsapp-cloud-api/issues/138",
        ),
        pytest.param(
            reaction(action="react", reaction="other", emoji="🫠"),
            [Reaction("🫠")],
            id="https://github.com/fbchat-dev/fbchat/pull/370",
        ),
        pytest.param(
            reaction(action="react", reaction="like", emoji="👍"),
            [Reaction("👍")],
            id="https://github.com/megaapp977/stack/issues/439",
        ),
        pytest.param(
            message(quick_reply={"payload": "YES"}),
            [Unsupported("quick_reply", "YES")],
            id="https://github.com/Charca/bootbot/issues/131",
        ),
        pytest.param(
            message(text="Back", quick_reply={"payload": "protection"}),
            [Text("Back")],
            id="https://github.com/remixz/messenger-bot/issues/55",
        ),
        pytest.param(
            attached({"type": "ephemeral"}),
            [Unsupported("ephemeral")],
            id="https://github.com/chatwoot/chatwoot/pull/13003",
        ),
        pytest.param(
            attached(
                {"type": "reel", "payload": {"url": "https://www.facebook.com/reel/1", "title": "A reel"}}
            ),
            [Unsupported("reel", "A reel\nhttps://www.facebook.com/reel/1")],
            id="https://github.com/chatwoot/chatwoot/pull/13691",
        ),
        pytest.param(
            attached({"type": "audio", "payload": {"url": CDN}}),
            [ReceivedMedia(ProviderFile(CDN, "audio/mp4", form=Form.VOICE))],
            id="https://github.com/austinhuang0131/barinsta/issues/602",
        ),
        pytest.param(
            {
                **FROM_US,
                "message": {
                    "mid": "m",
                    "is_echo": True,
                    "text": "Hey",
                    "metadata": "airy_bot",
                    "app_id": 936557276482485,
                    "attachments": [
                        {
                            "type": "template",
                            "url": None,
                            "title": "Hey",
                            "payload": {"template_type": "button", "buttons": WEB},
                        }
                    ],
                },
            },
            [Text("Hey"), Unsupported("template", "Hey\nFilialfinder\nhttps://link.example/1")],
            id="https://github.com/airyhq/airy/issues/2116",
        ),
        pytest.param(
            {
                **FROM_US,
                "message": {
                    "mid": "m",
                    "is_echo": True,
                    "attachments": [
                        {
                            "type": "template",
                            "payload": {
                                "template_type": "button",
                                "text": "…",
                                "buttons": [
                                    {"type": "postback", "title": "I followed", "payload": "FOLLOWED"}
                                ],
                            },
                        }
                    ],
                },
            },
            [Buttons("…", (Button("FOLLOWED", "I followed"),))],
            id="https://github.com/langx/langx/pull/1464",
        ),
    ],
)
def test_a_reported_input_is_told_as_its_kind(event: dict[str, Any], contents: list[object]) -> None:
    messages = told(event)

    assert [found.content for found in messages] == contents
    assert {found.address for found in messages} == {ANA}


def test_a_tap_keeps_its_payload_though_nothing_is_written_on_it() -> None:
    """https://github.com/Charca/bootbot/issues/131"""
    (tapped,) = told(message(quick_reply={"payload": "YES"}))

    assert tapped.context == Context(payload="YES")


@pytest.mark.parametrize("content_type", ["audio/ogg", "audio/mpeg"])
def test_a_voice_note_in_a_container_that_meta_refuses_is_no_silent_loss(content_type: str) -> None:
    """https://github.com/fazer-ai/agents/issues/30, https://github.com/chatwoot/chatwoot/issues/7045"""
    file = Attachment("file-1", "note", content_type, 400, form=Form.VOICE)

    assert treatment_of(Media(file), CAPABILITIES, ANA) is Treatment.LINK


@pytest.mark.parametrize("length", [20, 21, 26])
def test_a_title_is_never_cut_by_the_app(length: int) -> None:
    """https://github.com/restfb/restfb/issues/913, https://github.com/Charca/bootbot/issues/2"""
    question = Buttons("Which?", (Button("id", "abcdefghijklmnopqrstuvwxyz"[:length]),))

    treatment = treatment_of(question, CAPABILITIES, ANA)

    assert treatment is (Treatment.FULL if length <= 20 else Treatment.NUMBERED_TEXT)
