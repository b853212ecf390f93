"""SQS, as far as a batch needs it to hand records back."""

from typing import Any


class RecordedVisibility:
    """Remembers the visibility timeout of each receipt, in seconds."""

    def __init__(self) -> None:
        self.waits: dict[str, int] = {}

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto's names
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        assert QueueUrl == "the queue"
        self.waits |= {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in Entries}
        return {}
