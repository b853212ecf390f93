"""Erase all that is stored of a user, step by step."""

from collections.abc import Callable

from chat4all.domain.privacy_work import EraseWork


class EraseUser:
    def __call__(self, work: EraseWork, still_in_time: Callable[[], bool]) -> bool:
        """Continue the erasure; return whether it is done."""
        return True
