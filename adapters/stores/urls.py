"""From the URL of a policy store to the store: the table of schemes.

Each opener imports what it opens: a folder does without the client of Redis, which takes longer to load than to use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from adapters.stores.redis_urls import SCHEMES as REDIS_SCHEMES
from adapters.stores.redis_urls import TIMEOUT, read_url, shown
from engine.store import PolicyStore

Opener: TypeAlias = Callable[[str, Mapping[str, str], float], PolicyStore]
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def open_store(url: str, environment: Mapping[str, str], timeout: float = TIMEOUT) -> PolicyStore:
    """The store at a URL; a plain path is that of a folder.

    Passwords that the URL does not say come from the environment. `timeout` is what a call to a server may take, in
    seconds. Raises ValueError for a URL that says no store; no server is asked yet, but that of `embedded:` is started.
    """
    found = SCHEME.match(url)
    if found is None:
        return _folder(f"folder:{url}", environment, timeout)
    scheme = found[1]
    if scheme not in OPENERS:
        near = get_close_matches(scheme.lower(), OPENERS, n=1, cutoff=0.6)
        hint = f"; did you mean `{near[0]}:`?" if near else ""
        there = ", ".join(f"{name}:" for name in OPENERS)
        raise ValueError(f"there is no store `{scheme}:`, there are {there}; or a folder, as in ./folder{hint}")
    return OPENERS[scheme](url, environment, timeout)


def identity(url: str) -> tuple[str, ...]:
    """Which store a URL says, the same for all its spellings; no password is part of it. Raises ValueError for none."""
    found = SCHEME.match(url)
    if found is not None and found[1] in REDIS_SCHEMES:
        return read_url(url, {}).identity
    if found is not None and found[1] != "folder":
        return (url,)
    return ("folder", str(Path(url.removeprefix("folder:")).resolve()))


def _redis(url: str, environment: Mapping[str, str], timeout: float) -> PolicyStore:
    scheme, slashes, _ = url.partition("://")
    if not slashes:
        scheme = url.partition(":")[0]
        raise ValueError(f"`{scheme}:` is followed by //, as in {REDIS_SCHEMES[scheme].example}")
    from adapters.stores.redis import RedisStore
    from adapters.stores.redis_servers import servers_at

    address = read_url(url, environment)
    return RedisStore(servers_at(address, timeout), address.key, address.shown, timeout)


def _folder(url: str, environment: Mapping[str, str], timeout: float) -> PolicyStore:
    path = url.removeprefix("folder:")
    if not path:
        raise ValueError("which folder? as in folder:policies-in-force")
    from adapters.stores.folder import FolderStore

    return FolderStore(Path(path))


def _embedded(url: str, environment: Mapping[str, str], timeout: float) -> PolicyStore:
    if url != "embedded:":
        raise ValueError(f"`embedded:` stands alone, and `{shown(url)}` was found")
    from adapters.stores.embedded import EmbeddedStore

    return EmbeddedStore(timeout)


OPENERS: Mapping[str, Opener] = {
    "folder": _folder,
    "embedded": _embedded,
    **dict.fromkeys(REDIS_SCHEMES, _redis),
}
"""The schemes there are."""
