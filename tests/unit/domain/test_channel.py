"""A channel's rules: the limits that count a send, and how a file is sent."""

import pytest
from msgspec.structs import replace

from chat4all.channels.instagram.manifest import CAPABILITIES as INSTAGRAM
from chat4all.channels.registry import capabilities, names
from chat4all.channels.telegram.manifest import CAPABILITIES as TELEGRAM
from chat4all.channels.whatsapp.manifest import CAPABILITIES as WHATSAPP
from chat4all.domain.channel import Capabilities, LimitScope, OtherFiles, Transfer
from chat4all.domain.files.file import FILE_TYPES, Attachment, MediaKind


@pytest.mark.parametrize(
    ("channel", "address", "scopes"),
    [
        (TELEGRAM, "7012345678", [LimitScope.RECIPIENT, LimitScope.ACCOUNT]),
        (TELEGRAM, "-1001234567890", [LimitScope.RECIPIENT, LimitScope.GROUP, LimitScope.ACCOUNT]),
        (WHATSAPP, "4915112345678", [LimitScope.RECIPIENT, LimitScope.ACCOUNT]),
    ],
)
def test_a_group_has_a_limit_of_its_own_and_the_account_is_asked_last(
    channel: Capabilities, address: str, scopes: list[LimitScope]
) -> None:
    assert [limit.scope for limit in channel.limits_for(address)] == scopes


@pytest.mark.parametrize(
    ("content_type", "megabytes", "rates"),
    [
        ("video/mp4", 1, [300, 10]),
        ("audio/wav", 1, [300, 10]),
        ("image/png", 1, [300]),
        ("video/mp4", 26, [300]),
    ],
)
def test_audio_and_video_have_a_limit_of_their_own_where_they_go_as_what_they_are(
    content_type: str, megabytes: int, rates: list[int]
) -> None:
    file = Attachment("file-1", "it", content_type, megabytes * 1_000_000)

    limits = INSTAGRAM.limits_for("17841400000000000", file)

    assert [round(1 / limit.interval_s) for limit in limits] == rates
    assert [round(1 / limit.interval_s) for limit in INSTAGRAM.limits_for("17841400000000000")] == [300]


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
IMAGE, VIDEO, AUDIO, DOCUMENT = MediaKind
LINK, UPLOAD = Transfer


@pytest.mark.parametrize(
    ("channel", "content_type", "megabytes", "expected"),
    [
        (WHATSAPP, "image/jpeg", 5, (IMAGE, LINK, 1024)),
        (WHATSAPP, "image/jpeg", 5.1, None),
        (WHATSAPP, "image/gif", 1, None),
        (WHATSAPP, "image/webp", 1, None),
        (WHATSAPP, "video/mp4", 16, (VIDEO, LINK, 1024)),
        (WHATSAPP, "video/quicktime", 1, None),
        (WHATSAPP, "audio/mpeg", 16, (AUDIO, LINK, 0)),
        (WHATSAPP, "audio/wav", 1, None),
        (WHATSAPP, DOCX, 100, (DOCUMENT, LINK, 1024)),
        (WHATSAPP, DOCX, 101, None),
        (TELEGRAM, "image/png", 5, (IMAGE, LINK, 1024)),
        (TELEGRAM, "image/png", 10, (IMAGE, UPLOAD, 1024)),
        (TELEGRAM, "image/png", 50, (DOCUMENT, UPLOAD, 1024)),
        (TELEGRAM, "image/gif", 20, (DOCUMENT, LINK, 1024)),
        (TELEGRAM, "video/mp4", 20, (VIDEO, LINK, 1024)),
        (TELEGRAM, "video/mp4", 50, (VIDEO, UPLOAD, 1024)),
        (TELEGRAM, "video/webm", 1, (DOCUMENT, UPLOAD, 1024)),
        (TELEGRAM, "audio/mp4", 20, (AUDIO, LINK, 1024)),
        (TELEGRAM, "audio/ogg", 1, (DOCUMENT, UPLOAD, 1024)),
        (TELEGRAM, "application/pdf", 20, (DOCUMENT, LINK, 1024)),
        (TELEGRAM, "application/pdf", 50, (DOCUMENT, UPLOAD, 1024)),
        (TELEGRAM, DOCX, 1, (DOCUMENT, UPLOAD, 1024)),
        (TELEGRAM, DOCX, 51, None),
        (INSTAGRAM, "image/gif", 8, (IMAGE, LINK, 0)),
        (INSTAGRAM, "image/gif", 8.1, None),
        (INSTAGRAM, "audio/wav", 25, (AUDIO, LINK, 0)),
        (INSTAGRAM, "audio/ogg", 1, None),
        (INSTAGRAM, "video/webm", 25, (VIDEO, LINK, 0)),
        (INSTAGRAM, "application/pdf", 25, (DOCUMENT, LINK, 0)),
        (INSTAGRAM, DOCX, 1, None),
    ],
)
def test_a_file_goes_as_the_provider_documents_it(
    channel: Capabilities,
    content_type: str,
    megabytes: float,
    expected: tuple[MediaKind, Transfer, int] | None,
) -> None:
    rule = channel.media_rule(Attachment("file-1", "it", content_type, int(megabytes * 1_000_000)), "1")

    assert (rule and (rule.kind, rule.transfer, rule.caption_length)) == expected


def test_a_rule_may_hold_for_some_addresses_only() -> None:
    rule = replace(WHATSAPP.media[0], address_prefixes=("+1", "+61"))
    channel = replace(WHATSAPP, media=(rule,))
    file = Attachment("file-1", "it", "image/jpeg", 1)

    assert channel.media_rule(file, "+16505551234") == rule
    assert channel.media_rule(file, "+5511987654321") is None


@pytest.mark.parametrize("channel", capabilities().values(), ids=names())
def test_whatever_may_be_uploaded_goes_somehow(channel: Capabilities) -> None:
    assert channel.other_files is OtherFiles.LINK
    assert {content_type for rule in channel.media for content_type in rule.content_types} <= set(FILE_TYPES)


@pytest.mark.parametrize(
    ("width", "height", "kind"),
    [
        (5_000, 5_000, IMAGE),
        (5_001, 5_000, DOCUMENT),
        (7_000, 5_400, DOCUMENT),  # TelePost#39
        (9_702, 7_168, DOCUMENT),  # telepot#135
        (1_200, 9_000, DOCUMENT),  # hermes-agent#15728: a screenshot of a whole page
        (2_000, 100, IMAGE),
        (2_001, 100, DOCUMENT),
        (100, 2_001, DOCUMENT),
        (1, 21, DOCUMENT),
        (1, 1, IMAGE),
        (None, None, IMAGE),
    ],
)
@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png", "image/webp"])
def test_telegram_gets_a_picture_outside_its_rule_for_photos_as_a_document(
    content_type: str, width: int | None, height: int | None, kind: MediaKind
) -> None:
    file = Attachment("file-1", "it", content_type, 1_000_000, width, height)

    rule = TELEGRAM.media_rule(file, "1")

    assert rule is not None
    assert rule.kind is kind


@pytest.mark.parametrize(
    ("codec", "goes"), [("opus", True), ("vorbis", False), ("speex", False), ("flac", False), (None, False)]
)
def test_whatsapp_gets_an_ogg_file_only_with_opus_and_else_a_link(codec: str | None, *, goes: bool) -> None:
    """Reported as 131053, "Please use one of audio/ogg; codecs=opus": chatwoot#12713."""
    file = Attachment("file-1", "it.ogg", "audio/ogg", 16_000_000, codec=codec)

    assert (WHATSAPP.media_rule(file, "1") is not None) is goes
    assert WHATSAPP.other_files is OtherFiles.LINK


def test_a_codec_matters_for_ogg_files_only() -> None:
    assert WHATSAPP.media_rule(Attachment("file-1", "it.mp3", "audio/mpeg", 1_000), "1") is not None
