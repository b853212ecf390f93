"""The names of formats that are not accepted, by puremagic, for the people who sent such a file.

The names decide nothing. puremagic knows a thousand signatures, but it answers with several of the accepted
types at once: a .docx is also .xlsx and .pptx, and a .mkv is also .webm.
"""

import puremagic


def name_format(head: bytes) -> str | None:
    """Return the name of the format, as `Windows Executable (.exe)`; None if puremagic does not know it."""
    # puremagic takes a row of zeros for embroidery.
    if not head.strip(b"\0"):
        return None
    try:
        likeliest = max(puremagic.magic_string(head), key=lambda match: match.confidence)
    except (puremagic.PureError, ValueError):
        return None
    extension = f" ({likeliest.extension})" if likeliest.extension else ""
    return f"{likeliest.name}{extension}"
