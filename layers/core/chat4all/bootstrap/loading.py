"""How a function is loaded: without the garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Around a function's imports and wiring, which leave next to no garbage.

    The collector would go through all of it again and again: a tenth of a cold start. What has been loaded is then
    left out of later collections, each of which would go through it once more while somebody waits for an answer.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
