"""The variables of a batch's content, in whichever of its texts they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.content import (
    Album,
    AlbumFile,
    Content,
    Media,
    PostedAlbum,
    PostedAlbumFile,
    PostedMedia,
    Text,
)
from chat4all.domain.errors import Invalid
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contact,
    Contacts,
    HeaderFile,
    HeaderPlace,
    HeaderText,
    Location,
    Row,
    Section,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.variables import LONGEST_NAME, filled, names_in

NAMES = st.from_regex(r"\A[A-Za-z0-9_]{1,20}\Z")
WORDS = st.text().filter(lambda text: "{{" not in text and not text.endswith("{"))


def test_the_captions_of_an_album_have_variables_and_its_files_have_none() -> None:
    posted = PostedAlbum((PostedAlbumFile("{{a}}", "Hi {{name}}"), PostedAlbumFile("b", "{{order}}")))
    file = Attachment("{{a}}", "{{a}}.png", "image/png", 1)
    content = Album((AlbumFile(file, "Hi {{name}}"), AlbumFile(file)))

    assert names_in(posted) == {"content.files[0].text": ["name"], "content.files[1].text": ["order"]}
    assert filled(content, {"name": "Ana"}) == Album((AlbumFile(file, "Hi Ana"), AlbumFile(file)))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no variable, {one brace} and }} alone", []),
        ("{{name}}", ["name"]),
        ("{{ name }} {{name}} {{order_1}}", ["name", "order_1"]),
        ("{{1}} and {{2}}", ["1", "2"]),
        (f"{{{{{'x' * LONGEST_NAME}}}}}", ["x" * LONGEST_NAME]),
    ],
)
def test_each_name_is_found_once(text: str, names: list[str]) -> None:
    assert names_in(text) == ({"content": names} if names else {})


@pytest.mark.parametrize(
    "text",
    [
        *("{{", "{{name", "{{name}", "{{}}", "{{ }}", "{{first-name}}", "{{a b}}", "{{{name}}}"),
        *("{{contact.name}}", "{{näme}}", "{{name | upcase}}", "{{% raw %}}", "{{名}}"),
        f"{{{{{'x' * (LONGEST_NAME + 1)}}}}}",
    ],
)
def test_double_braces_around_anything_else_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        names_in(text, "content.text")

    assert [detail.field for detail in refused.value.details] == ["content.text"]


@given(st.lists(st.tuples(WORDS, NAMES, st.text())), WORDS)
def test_every_variable_is_replaced_by_the_words_of_the_recipient_once(
    pieces: list[tuple[str, str, str]], end: str
) -> None:
    words = {name: word for _, name, word in pieces}
    text = "".join(f"{before}{{{{{name}}}}}" for before, name, _ in pieces) + end

    expected = "".join(before + words[name] for before, name, _ in pieces) + end
    assert filled(Text(text), words) == Text(expected)
    names = list(dict.fromkeys(name for _, name, _ in pieces))
    assert names_in(text) == ({"content": names} if names else {})


FILE = Attachment("{{x}}", "image/png", "{{x}}.png", 1)


def of_each_kind(word: str) -> list[Content]:
    """Return contents in which every text that a recipient may have for themselves is `word`."""
    kind = TemplateButtonKind.QUICK_REPLY
    return [
        Text(word),
        Media(FILE, word),
        Location(1, 2, word, word, 0, word),
        Contacts((Contact(word, (word, word), (word,), word),), word),
        Buttons(word, (Button(word, word), Button(word, word))),
        Choices(word, word, (Section((Row(word, word, word),), word),)),
        Carousel(word, (Card(word, word, word, (CardButton(word, word, word),)),)),
        Template("{{x}}", "{{x}}", {"1": word}, HeaderText(word), (TemplateButton(0, kind, word),)),
        Template("a", "en", {"first_name": word}, HeaderPlace(1, 2, word, word)),
        Template("a", "en", {}, HeaderFile("{{x}}", FILE)),
    ]


@pytest.mark.parametrize(
    ("raw", "expected"), [*zip(of_each_kind("Hi {{x}}"), of_each_kind("Hi Ana"), strict=True)]
)
def test_every_text_of_a_content_has_variables_and_a_file_and_a_templates_name_have_none(
    raw: Content, expected: Content
) -> None:
    assert filled(raw, {"x": "Ana"}) == expected
    assert not names_in(filled(raw, {"x": "Ana"}))


def test_the_field_of_each_variable_is_named() -> None:
    card = Card("{{a}} and {{b}}", buttons=(CardButton("Take", id="{{b}}"),))

    assert names_in(Carousel("{{c}}", (Card("no"), card))) == {
        "content.text": ["c"],
        "content.cards[1].title": ["a", "b"],
        "content.cards[1].buttons[0].id": ["b"],
    }
    assert names_in(PostedMedia("{{x}}", "{{c}}")) == {"content.text": ["c"]}


def test_wrong_braces_deep_in_a_content_name_their_field() -> None:
    with pytest.raises(Invalid) as refused:
        names_in(Template("a", "en", {"1": "{{first-name}}"}))

    assert [detail.field for detail in refused.value.details] == ["content.parameters.1"]
