"""The client of the proxy microburst (https://pypi.org/project/microburst): its rules and log of faults."""

from collections.abc import Mapping, Sequence

import httpx

Rule = Mapping[str, object]


class Proxy:
    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=f"{url}/_microburst", timeout=10, trust_env=False)

    def inject(self, rules: Sequence[Rule]) -> None:
        """Replace all rules by `rules`, and clear the log of faults."""
        self._http.delete("/fired").raise_for_status()
        self._http.post("/rules", json=list(rules)).raise_for_status()

    def clear(self) -> None:
        self.inject([])

    def fired(self) -> list[dict[str, object]]:
        """Return the log of the faults."""
        answer = self._http.get("/fired").raise_for_status().json()
        found: list[dict[str, object]] = answer
        return found

    def is_up(self) -> bool:
        try:
            return self._http.get("/health").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._http.close()
