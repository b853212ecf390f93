"""The comparison of a given text with a secret of ours."""

import hmac


def same_secret(ours: str, given: str) -> bool:
    """Compare in constant time, for any text: `compare_digest` refuses a str that is not ASCII."""
    return hmac.compare_digest(ours.encode(), given.encode(errors="surrogatepass"))
