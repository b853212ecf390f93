"""Loading a function's app.py as Lambda does: once, as a module of its own name."""

import gc
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def loaded(path: Path) -> ModuleType:
    name = f"function_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name, None)
        gc.unfreeze()  # app.py freezes its objects for ever, but this process runs other tests, too
    return module
