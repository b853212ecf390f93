"""The errors that end a transfer."""


class TransferFailed(Exception):
    """The transfer failed; `advice` says what the user can do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class Interrupted(TransferFailed):
    """A part of the transfer failed; a retry may succeed."""
