"""The stores of MiniStack's services, entry by entry, for everything but items and messages.

A service's state is a dictionary of stores. Most stores are scoped by account and region. Such a store has an
entry for each of its keys, and any other value is a store with a single entry. What a deployment changes is
found by comparing the entries with those that were recorded last.
"""

import ast
import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict

from ministack_server.durable import sync_folder, write_whole
from ministack_server.journal.changes import Change

_WHOLE: Final = ""
"""The key of the single entry of a store without keys."""
_BYTES: Final = "__bytes__"
_BLOB: Final = "__blob__"
_SCOPED: Final = "__scoped__"
_INLINE: Final = 16 * 1024
"""Bytes of code or of a layer that are longer are kept in a file of their own, and only once."""

Stores = Mapping[str, Any]
"""A service's state as its `get_state` returns it."""
Digests = Mapping[tuple[str, str], bytes]
"""The digests of a service's entries, by store and key."""


class Blobs:
    """Content-addressed files for code and layers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, tuple[bytes, str]] = {}
        """Names by the identity of the bytes, which lets the same bytes be hashed once."""

    def name(self, content: bytes) -> str:
        """Return the name of the file with the content, and write the file durably if it is new."""
        known = self._known.get(id(content))
        if known is not None and known[0] is content:
            return known[1]
        name = hashlib.sha256(content).hexdigest()
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(path.with_suffix(f".{os.getpid()}.new"), path, content)
            sync_folder(self._folder.parent)
        self._known[id(content)] = (content, name)
        return name

    def content(self, name: str) -> bytes:
        """Return the content, the same object for the same name."""
        for content, known in self._known.values():
            if known == name:
                return content
        content = (self._folder / name).read_bytes()
        self._known[id(content)] = (content, name)
        return content

    def remove_unused(self) -> None:
        """Remove the files that were not asked for since the start."""
        used = {name for _, name in self._known.values()}
        for path in self._folder.glob("*"):
            if path.name not in used:
                path.unlink()


class Entries:
    """The entries that were recorded last, of every service, as digests."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._digests: dict[tuple[str, str], dict[str, bytes]] = {}

    def changes(self, service: str, stores: Stores, *, only_new: bool = False) -> Iterator[Change]:
        """Yield the changes of a service's entries since the last call; `only_new`: of new entries only."""
        for store, content in stores.items():
            known = self._digests.setdefault((service, store), {})
            present = dict(entries_of(content))
            for key, value in present.items():
                if not (only_new and key in known):
                    yield from self._changed(known, (service, store, key), value)
            for key in known.keys() - present.keys():
                del known[key]
                yield ("no-entry", service, store, key)

    def digests(self, stores: Stores) -> Digests:
        """Return the digest of each entry, by store and key."""
        return {
            (store, key): self._encoded(value)[1]
            for store, content in stores.items()
            for key, value in entries_of(content)
        }

    def changes_since(self, before: Digests, service: str, stores: Stores) -> Iterator[Change]:
        """Yield the changes of the entries that are not as they were `before`, and of no others."""
        now = self.digests(stores)
        values = {store: dict(entries_of(content)) for store, content in stores.items()}
        for store, key in sorted(before.keys() | now.keys()):
            if before.get((store, key)) == now.get((store, key)):
                continue
            known = self._digests.setdefault((service, store), {})
            if (store, key) in now:
                yield from self._changed(known, (service, store, key), values[store][key])
            elif known.pop(key, None) is not None:
                yield ("no-entry", service, store, key)

    def _changed(
        self, known: dict[str, bytes], place: tuple[str, str, str], value: object
    ) -> Iterator[Change]:
        text, digest = self._encoded(value)
        if known.get(place[-1]) != digest:
            known[place[-1]] = digest
            yield ("entry", *place, json.loads(text))

    def _encoded(self, value: object) -> tuple[str, bytes]:
        text = json.dumps(value, default=self._plain)
        return text, hashlib.blake2b(text.encode(), digest_size=16).digest()

    def _plain(self, value: object) -> object:
        """Replace a value that JSON cannot express by a value that JSON can express."""
        if isinstance(value, bytes) and len(value) > _INLINE:
            return {_BLOB: self._blobs.name(value)}
        if isinstance(value, bytes | bytearray):
            return {_BYTES: base64.b64encode(value).decode("ascii")}
        if isinstance(value, AccountScopedDict | AccountRegionScopedDict):
            return {_SCOPED: dict(entries_of(value))}
        raise TypeError(f"a value of type {type(value).__name__} cannot be recorded")


def entries_of(content: object) -> Iterator[tuple[str, object]]:
    """Yield the keys and the values of a store."""
    if isinstance(content, AccountScopedDict | AccountRegionScopedDict):
        for key, value in list(content._data.items()):  # noqa: SLF001 (all accounts and regions; its version is locked)
            yield repr(key), value
    else:
        yield _WHOLE, content


def store_of(entries: Mapping[str, Any], blobs: Blobs) -> object:
    """Return the store with the entries that `changes` yielded."""
    if _WHOLE in entries:
        return _restored(entries[_WHOLE], blobs)
    keyed = {ast.literal_eval(key): _restored(value, blobs) for key, value in entries.items()}
    has_regions = any(len(key) == _WITH_REGION for key in keyed)
    store: Any = AccountRegionScopedDict() if has_regions else AccountScopedDict()
    store._data.update(keyed)  # noqa: SLF001
    return store


_WITH_REGION: Final = 3
"""The length of a key of account, region and name."""


def _restored(value: Any, blobs: Blobs) -> Any:  # noqa: ANN401 (MiniStack has no types)
    if isinstance(value, list):
        return [_restored(member, blobs) for member in value]
    if not isinstance(value, dict):
        return value
    if _BLOB in value:
        return blobs.content(value[_BLOB])
    if _BYTES in value:
        return base64.b64decode(value[_BYTES])
    if _SCOPED in value:
        return store_of(value[_SCOPED], blobs)
    return {name: _restored(member, blobs) for name, member in value.items()}
