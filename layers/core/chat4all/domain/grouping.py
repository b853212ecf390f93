"""Which parts of a delivery go out together, as one album of the provider.

Each file of an album stays a part with a record of its own, and with its own id at the provider. The first
part of an album is sent with the files of all; the parts behind it take their ids from its record. So a
receipt, a quote, a reaction, an edit and a deletion of a file find the file as they find any part.
"""

from collections.abc import Sequence

from chat4all.domain.channel import AlbumRule, Capabilities
from chat4all.domain.content import Content, Media


def albums_in(parts: Sequence[Content], capabilities: Capabilities, address: str) -> list[range]:
    """Return the runs of two or more parts that go to `address` as one album, in their order."""
    found: list[range] = []
    begin = 0
    while begin < len(parts):
        end, rule = begin + 1, _rule(parts[begin], capabilities, address)
        while rule is not None and end < min(len(parts), begin + rule.most):
            if _rule(parts[end], capabilities, address) is not rule:
                break
            end += 1
        if end - begin > 1:
            found.append(range(begin, end))
        begin = end
    return found


def _rule(part: Content, capabilities: Capabilities, address: str) -> AlbumRule | None:
    """Return the rule of the albums that the part can be in; None if it goes alone."""
    if not isinstance(part, Media):
        return None
    media_rule = capabilities.media_rule(part.file, address)
    if media_rule is None:
        return None
    return next((rule for rule in capabilities.albums if rule.fits(part.file, media_rule)), None)
