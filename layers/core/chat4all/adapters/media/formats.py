"""The names of formats that are not taken, by puremagic: for people, who then see what they have sent.

It does not decide. It knows a thousand signatures, but for the types that are taken it answers with
several at once: a .docx is also .xlsx and .pptx to it, and .mkv also .webm.
"""

import puremagic


def name_format(head: bytes) -> str | None:
    """`Windows Executable (.exe)`; None: nobody knows."""
    # It takes a row of zeros for embroidery.
    if not head.strip(b"\0"):
        return None
    try:
        likeliest = max(puremagic.magic_string(head), key=lambda match: match.confidence)
    except (puremagic.PureError, ValueError):
        return None
    extension = f" ({likeliest.extension})" if likeliest.extension else ""
    return f"{likeliest.name}{extension}"
