"""Which files of a delivery go out together, as one album of the provider.

Where each file of an album is a message at the provider, it stays a part with a record of its own. The first
part of the album is sent with the files of all; the parts behind it take their ids from its record. So a
receipt, a quote, a reaction, an edit and a deletion of a file find the file as they find any part.

Where the album is one message at the provider, it is one part, with one record and one id.
"""

from collections.abc import Sequence

from chat4all.domain.channel import AlbumRule, Capabilities
from chat4all.domain.content import Album, AlbumFile, Content, Media
from chat4all.domain.text import is_blank


def albums_in(parts: Sequence[Content], capabilities: Capabilities, address: str) -> list[range]:
    """Return the runs of two or more parts that go to `address` as one album, in their order."""
    found: list[range] = []
    begin = 0
    while begin < len(parts):
        end, rule = begin + 1, _rule(parts[begin], capabilities, address)
        while rule is not None and end < min(len(parts), begin + rule.most):
            if _rule(parts[end], capabilities, address) is not rule or rule.one_message:
                break
            end += 1
        if end - begin > 1:
            found.append(range(begin, end))
        begin = end
    return found


def in_messages(files: Sequence[Media], capabilities: Capabilities, address: str) -> list[Media | Album]:
    """Return the files with each run that goes to `address` as one provider message as an album.

    A file with a caption begins a message: the words of such a message belong to all of its files.
    """
    messages: list[Media | Album] = []
    run: list[Media] = []
    for file in files:
        if run and not _joins(run, file, capabilities, address):
            messages.append(_message(run))
            run = []
        run.append(file)
    return [*messages, *([_message(run)] if run else [])]


def _joins(run: Sequence[Media], file: Media, capabilities: Capabilities, address: str) -> bool:
    """Return whether the file goes in one provider message with the files of `run`."""
    rule = _rule(run[0], capabilities, address)
    if rule is None or not rule.one_message or _rule(file, capabilities, address) is not rule:
        return False
    size = sum(each.file.size or 0 for each in (*run, file)) + len(run[0].text.encode())
    is_small = rule.most_bytes is None or size <= rule.most_bytes
    return is_small and len(run) < rule.most and is_blank(file.text)


def _message(run: Sequence[Media]) -> Media | Album:
    first, *others = run
    return Album(tuple(AlbumFile(media.file) for media in run), first.text) if others else first


def _rule(part: Content, capabilities: Capabilities, address: str) -> AlbumRule | None:
    """Return the rule of the albums that the part can be in; None if it goes alone."""
    if not isinstance(part, Media):
        return None
    media_rule = capabilities.media_rule(part.file, address)
    if media_rule is None:
        return None
    return next((rule for rule in capabilities.albums if rule.fits(part.file, media_rule)), None)
