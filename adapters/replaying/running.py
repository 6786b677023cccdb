"""All row groups of a replay, by whatever executes: processes of this machine, or a Dask cluster.

There is one way of doing it: `replayed` of each row group, and the tallies added in the order of the groups. What
executes is a `concurrent.futures.Executor`, which a client of Dask makes as well; so a report is the same to the last
digit wherever it was counted.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from adapters.records.table import Group
from adapters.replaying.work import Job, replayed
from engine.comparison import Tally

AHEAD = 2
"""Row groups that wait for each process."""
P = ParamSpec("P")
T = TypeVar("T")


def replay(
    job: Job, groups: Sequence[Group], executor: Executor, reached: Callable[[int], None] = lambda _: None
) -> dict[str, Tally]:
    """The tally of each policy over some row groups; `reached` hears how many rows are done. Raises UnusableFile."""
    found, done = {name: Tally() for name in job.policies}, 0
    for group, counted in zip(groups, executor.map(replayed, [job] * len(groups), groups), strict=True):
        for name, tally in counted.items():
            found[name].add(tally)
        done += group.rows
        reached(done)
    return found


class Here(Executor):
    """Executes in this process, one after the other."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it now; what it raises is raised here."""
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@contextmanager
def executing(scheduler: str | None, processes: int | None = None) -> Iterator[Executor]:
    """What executes: a cluster at `tcp://…` or `tls://…`, or processes of this machine, as many as it has cores."""
    if scheduler is None:
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(processes or os.cpu_count() or 1, context) as pool:
            yield pool
        return
    from distributed import Client

    connect: Any = Client  # it has no types
    with connect(scheduler, set_as_default=False) as client:
        yield client.get_executor()
