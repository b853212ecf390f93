"""What a person's message on WhatsApp refers to: a quoted message, an advertisement, a product, a forward.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/text
"""

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, other_fields
from chat4all.domain.received import NOTHING, Context, Forward, Product, Referral


class References(Struct, frozen=True):
    """The id of the quoted message, the context, and the fields of the two parts that these hold."""

    quoted: str | None
    context: Context | None
    context_fields: frozenset[str]
    referral_fields: frozenset[str]


class _Context(Struct, frozen=True):
    id: Raw = ABSENT
    forwarded: Raw = ABSENT
    frequently_forwarded: Raw = ABSENT
    referred_product: Raw = ABSENT


class _Product(Struct, frozen=True):
    product_retailer_id: Id
    catalog_id: str | None = None


class _Referral(Struct, frozen=True):
    source_url: Raw = ABSENT
    source_id: Raw = ABSENT
    source_type: Raw = ABSENT
    headline: Raw = ABSENT
    body: Raw = ABSENT
    ctwa_clid: Raw = ABSENT


def references(context_part: Raw, referral_part: Raw, payload: str | None) -> References:
    """Return what the parts `context` and `referral` of a message say; `payload` is of a tapped button."""
    part = decoded(context_part, _Context) or _Context()
    quoted = decoded(part.id, str) or None
    forwarded, many_times = decoded(part.forwarded, bool), decoded(part.frequently_forwarded, bool)
    product = decoded(part.referred_product, _Product)
    referral = decoded(referral_part, _Referral) or _Referral()
    context = Context(
        forward=Forward(many_times=bool(many_times)) if forwarded or many_times else None,
        referral=_read(referral),
        product=Product(product.product_retailer_id, product.catalog_id) if product else None,
        payload=payload,
    )
    is_whole = other_fields(part.referred_product, {"product_retailer_id", "catalog_id"}) == NOTHING
    read = {
        "id": quoted,
        "forwarded": forwarded,
        "frequently_forwarded": many_times,
        "referred_product": product if is_whole else None,
    }
    return References(
        quoted,
        context if context != Context() else None,
        frozenset(name for name, value in read.items() if value is not None),
        frozenset(name for name in referral.__struct_fields__ if _text(referral, name) is not None),
    )


def _read(referral: _Referral) -> Referral | None:
    read = Referral(
        source=_text(referral, "source_type"),
        source_id=_text(referral, "source_id"),
        url=_text(referral, "source_url"),
        headline=_text(referral, "headline"),
        body=_text(referral, "body"),
        ref=_text(referral, "ctwa_clid"),
    )
    return read if read != Referral() else None


def _text(referral: _Referral, name: str) -> str | None:
    return decoded(getattr(referral, name), str)
