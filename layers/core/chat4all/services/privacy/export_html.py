"""The pages of an export for a reader: plain HTML without scripts, every word escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import msgspec

from chat4all.domain.content import attachments_of, kind_of
from chat4all.domain.exports import ExportCounts, safe_name
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Message
from chat4all.domain.person import Identity
from chat4all.services.privacy.collect_pages import ExportPage

_HEAD: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<title>{title}</title><style>body{{font:16px sans-serif;max-width:50em;margin:2em auto}}"
    "p{{white-space:pre-wrap}}small{{color:#555}}</style><h1>{title}</h1>\n"
)


def file_path(file: Attachment) -> str:
    """Return the path of a file in a zip: its id makes it unique, and its name reads well."""
    return f"files/{safe_name(file.file_id)}/{safe_name(file.filename)}"


def page_html(page: ExportPage) -> str:
    """Return a page as HTML, with links to the files of its messages."""
    up = "../" * page.name.count("/")
    blocks = [
        *(_block(user.created_at, user.display_name, _identities(user.identities)) for user in page.users),
        *(_message(progress.message, up) for progress in page.messages),
        *(_block(note.created_at, note.author_id, note.text) for note in page.notes),
        *(_block(entry.at, entry.action.value, _details(entry.details)) for entry in page.entries),
    ]
    if page.conversation is not None:
        members = ", ".join(member.user_id for member in page.conversation.participants)
        title = page.conversation.title or page.conversation.conversation_id
        blocks.append(_block(page.conversation.created_at, title, members))
    return _HEAD.format(title=escape(page.title)) + "\n".join(blocks)


def index_html(number: int, pages: Sequence[tuple[str, str]], counts: ExportCounts) -> str:
    """Return the contents of a zip: `pages` are names and titles, `counts` those of this zip."""
    numbers = ", ".join(
        f"{name.replace('_', ' ')}: {number}" for name, number in msgspec.structs.asdict(counts).items()
    )
    links = "\n".join(
        f'<li><a href="{escape(name)}.html">{escape(title)}</a> <small>{escape(name)}.json</small>'
        for name, title in pages
    )
    return _HEAD.format(title=f"Export, zip {number}") + f"<p>{numbers}</p><ol>{links}</ol>"


def _message(message: Message, up: str) -> str:
    links = "".join(
        f'<br><a href="{escape(up + file_path(file))}"><bdi>{escape(file.filename)}</bdi></a>'
        for file in attachments_of(message.content)
    )
    text = message.content.text or f"[{kind_of(message.content)}]"
    who = f"{message.sender_id} {message.channel or ''}".strip()
    return _block(message.accepted_at, who, text) + links


def _block(at: str, who: str, text: str) -> str:
    return f"<p><small>{escape(at)} <bdi>{escape(who)}</bdi></small>\n<bdi>{escape(text)}</bdi></p>"


def _identities(identities: Iterable[Identity]) -> str:
    return "\n".join(f"{identity.channel}: {identity.address}" for identity in identities)


def _details(details: dict[str, str]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in details.items())
