"""What a fault of a Redis means to the one who runs it, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import MaxConnectionsError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from adapters.stores.redis_servers import Unreachable

ANSWERS: Mapping[str, str] = {
    "NOREPLICAS": "too few replicas follow it (min-replicas-to-write): bring one back",
    "READONLY": "it is a replica: name the primary, or ask through redis+sentinel://",
    "OOM": "its memory is full (maxmemory): make room; nothing was written",
    "LOADING": "it is still loading its data: wait",
    "MISCONF": "it cannot save to its disk, and takes no writes: see its log",
    "MOVED": "it is a node of a cluster that does not serve the record: use redis+cluster://, or try again",
    "ASK": "the record is being moved to another node of the cluster: try again",
    "TRYAGAIN": "the record is being moved to another node of the cluster: try again",
    "CLUSTERDOWN": "the cluster is down: see `CLUSTER INFO`",
    "MASTERDOWN": "it is a replica that has lost its primary: ask the primary",
    "WRONGTYPE": "something else is kept under one of the store's keys: choose another with ?key=, or remove it",
    "NOAUTH": "it wants a password: put it into BASCULE_STORE_PASSWORD",
    "WRONGPASS": "it does not take this user and password: see BASCULE_STORE_PASSWORD",
    "NOPERM": "the user lacks a permission: see `ACL LOG` there",
    "BUSY": "a script keeps it busy: see `SCRIPT KILL`",
    "DENIED": "it is in protected mode: give it a password",
}
"""What the first word of an error says."""
CODE = re.compile(r"\b(" + "|".join(ANSWERS) + r")\b")
MAY_BE_WRITTEN = "it may have been written all the same: read before trying again"


class NoText(Exception):
    """What was found is no text; says which field, and what to do."""


def explained(error: Exception, timeout: float) -> str:
    """What happened, and what to do."""
    match error:
        case MasterNotFoundError():
            asked = "are they up, and is BASCULE_SENTINEL_PASSWORD theirs?"
            return f"no sentinel that answered knows a healthy primary of that name: {asked}"
        case NoText():
            return str(error)
        case Unreachable():
            return f"no node of the cluster told who serves the record: {error}"
        case MaxConnectionsError():
            return "too many calls at a time: make fewer"
        case TimeoutError() | RedisTimeout():
            return f"no answer within {timeout:g}s: is it up, and can it be reached from here?"
        case RedisError():
            found = f"{error.status_code or ''} {error}".strip()
            code = CODE.search(found)
            return f"{found}: {ANSWERS[code[1]]}" if code else found
        case OSError():
            return str(error)
        case _:
            return f"the answer is not one of a Redis: {type(error).__name__}: {error}"


def written_nothing(error: Exception) -> bool:
    """Whether a fault says for sure that nothing was written."""
    return isinstance(error, ResponseError | MasterNotFoundError | Unreachable | MaxConnectionsError)
