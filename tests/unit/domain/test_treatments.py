"""What becomes of a content on a channel, and the parts that follow from it."""

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.channel import KindRule, LengthUnit, MediaRule, OtherFiles, Transfer, Treatment
from chat4all.domain.content import Content, Deleted, Media, Notice, Plain, Text, Unsupported
from chat4all.domain.files.file import Attachment, Form, MediaKind
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.routing import parts_of
from chat4all.domain.treatments import treatment_of, unfit
from tests.fakes.connector import PIGEON, TELEX

NUMBERED = Treatment.NUMBERED_TEXT
RICH = replace(
    PIGEON,
    kinds=kind_rules(
        KindRule("location", longest_live_s=3_600),
        KindRule("contacts", most=2, needs_phone=True),
        KindRule("reaction", otherwise=Treatment.REJECTED, emoji=("👍",)),
        KindRule("buttons", otherwise=NUMBERED, most=2, text_length=5, label_length=5),
        KindRule(
            "list",
            otherwise=NUMBERED,
            most=3,
            most_sections=2,
            text_length=6,
            label_length=5,
            description_length=4,
            section_length=3,
            button_length=6,
        ),
    ),
)
"""A channel that has every kind, with narrow limits."""
PHONE = ("+49151",)
VOICE = Attachment("file-1", "it.ogg", "audio/ogg", 400, form=Form.VOICE)


def buttons(count: int = 2, text: str = "When?", title: str = "Now") -> Buttons:
    return Buttons(text, tuple(Button(f"{number}", f"{title}{number}") for number in range(count)))


def menu(
    *counts: int,
    text: str = "Which?",
    button: str = "Choose",
    row: str = "Red",
    description: str = "",
    title: str = "Top",
) -> Choices:
    sections = (
        Section(tuple(Row(f"{at}.{number}", row, description) for number in range(count)), title)
        for at, count in enumerate(counts)
    )
    return Choices(text, button, tuple(sections))


@pytest.mark.parametrize(
    "content",
    [
        Text("x" * 1_000),
        Location(48.21, 16.37, live_s=3_600),
        Contacts((Contact("Ana", PHONE),) * 10),
        Reaction("👍"),
        Reaction(""),
        buttons(2),
        menu(2, 1),
        menu(3, description="deep"),
    ],
)
def test_a_content_within_the_limits_is_shown_as_its_kind(content: Plain) -> None:
    assert treatment_of(content, RICH, "anybody") is Treatment.FULL


@pytest.mark.parametrize(
    ("content", "treatment", "reason"),
    [
        (Location(0, 0, live_s=3_601), Treatment.TEXT, "moves a place for up to 3600 seconds"),
        (Contacts((Contact("Ana"),)), Treatment.TEXT, "takes contacts with a phone number only"),
        (Reaction("❤"), Treatment.REJECTED, "does not take this emoji"),
        (buttons(3), NUMBERED, "takes up to 2 buttons"),
        (buttons(text="When??"), NUMBERED, "takes a text of up to 5 characters"),
        (buttons(title="Later"), NUMBERED, "takes titles of up to 5 characters"),
        (menu(2, 2), NUMBERED, "takes up to 3 rows"),
        (menu(1, 1, 1), NUMBERED, "takes up to 2 sections"),
        (menu(1, text="Whichh?"), NUMBERED, "takes a text of up to 6 characters"),
        (menu(1, button="Choosee"), NUMBERED, "takes a button of up to 6 characters"),
        (menu(1, row="Yellow"), NUMBERED, "takes titles of up to 5 characters"),
        (menu(1, description="deepp"), NUMBERED, "takes descriptions of up to 4 characters"),
        (menu(1, title="Topp"), NUMBERED, "takes section titles of up to 3 characters"),
    ],
)
def test_a_content_outside_of_a_limit_gets_the_other_treatment_and_the_reason(
    content: Plain, treatment: Treatment, reason: str
) -> None:
    assert treatment_of(content, RICH, "anybody") is treatment
    assert unfit(content, RICH) == reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (buttons(title="ééé"), None),
        (buttons(title="ééééé"), "takes titles of up to 5 code_units"),
        (buttons(title="👍👍👍"), "takes titles of up to 5 code_units"),
        (buttons(text="éééé"), "takes a text of up to 5 bytes"),
        (menu(1, row="Rööt"), None),
        (menu(1, description="d"), "takes no descriptions"),
    ],
)
def test_titles_may_have_a_unit_of_their_own(content: Plain, reason: str | None) -> None:
    of_buttons = KindRule(
        "buttons", otherwise=NUMBERED, text_length=5, label_length=5, label_unit=LengthUnit.CODE_UNITS
    )
    of_rows = replace(of_buttons, kind="list", text_length=6, description_length=0)
    channel = replace(PIGEON, text_unit=LengthUnit.BYTES, kinds=kind_rules(of_buttons, of_rows))

    assert treatment_of(content, channel, "anybody") is (NUMBERED if reason else Treatment.FULL)
    assert reason is None or unfit(content, channel) == reason


@pytest.mark.parametrize(
    ("content", "treatment"),
    [
        (Location(0, 0), Treatment.TEXT),
        (Contacts((Contact("Ana", PHONE),)), Treatment.TEXT),
        (Reaction("👍"), Treatment.REJECTED),
        (buttons(), NUMBERED),
        (menu(1), NUMBERED),
        (Unsupported("dice", "5"), Treatment.TEXT),
        (Notice("title", "A new title"), Treatment.TEXT),
        (Deleted(), Treatment.TEXT),
        (Media(Attachment("file-1", "it.pdf", "application/pdf", 400)), Treatment.REJECTED),
        (Media(Attachment("file-1", "it.png", "image/png", 99)), Treatment.FULL),
    ],
)
def test_a_channel_with_texts_only_gets_the_text(content: Content, treatment: Treatment) -> None:
    assert treatment_of(content, TELEX, "anybody") is treatment


@pytest.mark.parametrize(
    ("rule", "content", "treatment"),
    [
        (KindRule("location", in_groups=False), Location(0, 0), Treatment.TEXT),
        (
            KindRule("reaction", otherwise=Treatment.REJECTED, in_groups=False),
            Reaction("👍"),
            Treatment.REJECTED,
        ),
    ],
)
def test_a_kind_that_groups_do_not_have_is_shown_to_a_person_only(
    rule: KindRule, content: Plain, treatment: Treatment
) -> None:
    channel = replace(PIGEON, kinds=kind_rules(rule), group_prefix="g")

    assert treatment_of(content, channel, "person") is Treatment.FULL
    assert treatment_of(content, channel, "g1") is treatment
    assert unfit(content, channel) == f"does not take the kind {rule.kind} in groups"


@pytest.mark.parametrize(
    ("content", "treatment"),
    [
        (Buttons("When?", (Button("a", "é"), Button("b", "12345"))), Treatment.FULL),
        (Buttons("When?", (Button("a", "é"), Button("b", "123456"))), NUMBERED),
        (Choices("Which?", "Choose", (Section((Row("a", "1234567"),), "Top"),)), Treatment.FULL),
        (Choices("Which?", "Choose", (Section((Row("a", "12345678"),), "Top"),)), NUMBERED),
    ],
)
def test_answers_that_are_too_large_together_are_numbered(content: Plain, treatment: Treatment) -> None:
    rules = (KindRule(kind, otherwise=NUMBERED, answers_bytes=17) for kind in ("buttons", "list"))
    channel = replace(PIGEON, kinds=kind_rules(*rules))

    assert treatment_of(content, channel, "anybody") is treatment
    reason = unfit(content, channel) if treatment is NUMBERED else None
    assert reason in {None, "takes titles and ids of up to 17 bytes together"}


def test_a_place_does_not_move_where_the_channel_moves_none() -> None:
    channel = replace(PIGEON, kinds=kind_rules(KindRule("location", longest_live_s=0)))

    assert treatment_of(Location(0, 0), channel, "anybody") is Treatment.FULL
    assert treatment_of(Location(0, 0, live_s=60), channel, "anybody") is Treatment.TEXT
    assert unfit(Location(0, 0, live_s=60), channel) == "moves no place"


def test_a_file_that_no_rule_fits_goes_as_a_link_where_the_channel_says_so() -> None:
    file = Media(Attachment("file-1", "it.pdf", "application/pdf", 400))

    assert treatment_of(file, PIGEON, "anybody") is Treatment.LINK
    assert treatment_of(file, replace(PIGEON, other_files=OtherFiles.REJECTED), "") is Treatment.REJECTED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": 501}, "takes image/png up to 500 bytes, not 501"),
        ({"width": 100, "height": 1}, "does not take image/png, or not to this recipient, of these sides or"),
        ({"content_type": "image/gif"}, "does not take image/gif"),
    ],
)
def test_the_reason_of_a_file_names_its_size_only_if_it_is_too_large(
    change: dict[str, str | int], reason: str
) -> None:
    pictures = MediaRule(MediaKind.IMAGE, ("image/png",), 500, Transfer.LINK, most_ratio=20)
    channel = replace(PIGEON, media=(pictures,))
    file = replace(Attachment("file-1", "it.png", "image/png", 400), **change)

    assert unfit(Media(file), channel).startswith(reason)


def test_contacts_are_cut_into_as_many_as_a_provider_message_takes() -> None:
    cards = tuple(Contact(name, PHONE) for name in ("Ana", "Ben", "Cal"))

    parts = parts_of(Contacts(cards), RICH, "anybody")

    assert parts == [
        Contacts(cards[:2], "Ana: +49151\nBen: +49151"),
        Contacts(cards[2:], "Cal: +49151"),
    ]


@pytest.mark.parametrize("content", [Location(1, 2), Reaction("👍"), buttons(), menu(1)])
def test_any_other_kind_is_one_part(content: Plain) -> None:
    assert parts_of(content, RICH, "anybody") == [content]


def test_numbered_choices_are_split_like_any_text() -> None:
    parts = parts_of(buttons(3), PIGEON, "anybody")

    assert "".join(part.text for part in parts) == "When?\n\n1. Now0\n2. Now1\n3. Now2"
    assert all(isinstance(part, Text) and len(part.text) <= PIGEON.text_length for part in parts)


@pytest.mark.parametrize(
    ("form", "rule_form"), [(Form.VOICE, Form.VOICE), (None, None), (Form.STICKER, None)]
)
def test_a_rule_for_the_form_of_a_file_comes_first_and_others_lose_the_form(
    form: Form | None, rule_form: Form | None
) -> None:
    plain = MediaRule(MediaKind.AUDIO, ("audio/ogg",), 500, Transfer.LINK)
    channel = replace(PIGEON, media=(plain, replace(plain, form=Form.VOICE)))

    rule = channel.media_rule(replace(VOICE, form=form), "anybody")

    assert rule is not None
    assert rule.form is rule_form
