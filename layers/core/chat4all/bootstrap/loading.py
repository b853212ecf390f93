"""Load a function without the garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Turn the garbage collector off during a function's imports and wiring, which leave hardly any garbage.

    The collector would scan all loaded objects again and again: a tenth of a cold start. Afterwards, the
    loaded objects are left out of later collections, each of which would scan them once more while a client
    waits.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
