"""The page that shows the API's description."""

import html.parser
import re

from chat4all.entrypoints.http.page import page
from chat4all_local.cloud.checkout import ROOT
from chat4all_local.generate.description import SERVED
from chat4all_local.generate.resources import resources

DOCUMENT = (ROOT / SERVED).read_text(encoding="utf-8")
VOID = {"meta", "link", "br"}


class Reader(html.parser.HTMLParser):
    """A reader of the ids and the links of a page, which fails if tags are not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attrs)
        self.ids += [value] if (value := given.get("id")) else []
        self.links += [value] if (value := given.get("href")) else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_every_operation_and_every_error_is_on_the_page() -> None:
    shown = page(DOCUMENT)
    reader = read(shown)

    for resource in resources():
        for route in resource.routes:
            assert route.name in reader.ids
            assert route.path in shown
            assert all(error.code in shown for error in route.refusals)


def test_links_lead_to_what_is_on_the_page_and_to_the_description() -> None:
    reader = read(page(DOCUMENT))

    assert len(set(reader.ids)) == len(reader.ids)
    assert {link for link in reader.links if not link.startswith("#")} == {"openapi.json"}
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_a_table_of_contents_leads_to_every_section_in_the_order_of_the_page() -> None:
    shown = page(DOCUMENT)
    sections = re.findall(r'<h2 id="([^"]+)">', shown)

    listed = re.findall(r'<li><a href="#([^"]+)">', shown)

    assert listed == sections
    assert sections[:4] == [f"section-{name}" for name in ("messages", "conversations", "users", "files")]
    assert sections[-1] == "section-objects"


def test_the_page_begins_with_how_to_get_a_key_and_how_to_hear_of_replies() -> None:
    beginning = page(DOCUMENT).partition("<nav>")[0]
    assert "chat4all keys create" in beginning
    assert "poll" in beginning


def test_the_page_takes_nothing_from_elsewhere() -> None:
    assert not read(page(DOCUMENT)).tags & {"script", "img", "link", "iframe"}


def test_a_text_is_no_markup() -> None:
    assert "<script>" not in page(DOCUMENT.replace("Read a user", "<script>Read`<b>`"))
