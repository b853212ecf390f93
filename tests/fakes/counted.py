"""A stand-in for metrics that have dimensions."""

from collections.abc import Mapping


class Counted:
    """The sums of all metrics, by name and dimensions."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def __call__(self, name: str, value: float = 1, **dimensions: str) -> None:
        named = name, tuple(sorted(dimensions.items()))
        self.counts[named] = self.counts.get(named, 0) + value

    def by_kind(self, name: str) -> Mapping[str, float]:
        """Return the sums of the metric by its dimension `kind`."""
        return {
            dict(dimensions)["kind"]: number
            for (counted, dimensions), number in self.counts.items()
            if counted == name
        }
