"""Run many independent pieces of work, in one process or several, always with the same result.

Results come back in the order of the items, whatever finishes first; every item is a pure function of what is shared
and of itself. Worker processes are started clean (``forkserver`` on Linux, else ``spawn``) and do not run the user's
script again, so neither a missing ``if __name__ == "__main__":`` nor a notebook is a problem.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import BaseContext
from typing import Any, Literal, TypeVar, cast

from simsales.errors import InvalidInputError, got

__all__ = ["Jobs", "JobsError", "map_blocks", "open_workers", "resolve"]

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
Spec = int | str | Executor | None

BLOCKS_PER_WORKER = 4
"""Enough to keep workers level and progress moving; few enough that sending them costs nothing."""

_SHARED: dict[str, Any] = {}
"""In a worker process: what its initializer was given."""


class JobsError(InvalidInputError, ValueError):
    """What was given as `jobs` cannot be understood, or the work cannot be sent to processes."""


@dataclass(frozen=True)
class Jobs:
    """How work is to be spread.

    Parameters
    ----------
    kind : {'serial', 'threads', 'processes', 'given'}
    workers : int
    executor : Executor, optional
        The user's own, for kind ``given``; it is not shut down.
    """

    kind: Literal["serial", "threads", "processes", "given"]
    workers: int = 1
    executor: Executor | None = None


def resolve(spec: Spec = None) -> Jobs:
    """Return how to spread work.

    Parameters
    ----------
    spec : None, int, str or Executor
        None: a process for each CPU that this process may use; a number: so many processes (1: none);
        ``"serial"``, ``"threads:N"``, ``"processes:N"``; or any :class:`concurrent.futures.Executor`.

    Returns
    -------
    Jobs

    Raises
    ------
    JobsError
        If the specification is something else.

    Examples
    --------
    >>> resolve("threads:2")
    Jobs(kind='threads', workers=2, executor=None)
    >>> resolve(1).kind
    'serial'
    """
    if isinstance(spec, Executor):
        return Jobs("given", getattr(spec, "_max_workers", None) or _cpus(), spec)
    if spec is None:
        spec = _cpus()
    kind, _, number = str(spec).partition(":")
    if kind == "serial" and not number:
        return Jobs("serial")
    if kind.isdecimal() and not number:
        kind, number = "processes", kind
    if isinstance(spec, bool) or kind not in ("threads", "processes") or not re.fullmatch("0*[1-9][0-9]{0,3}", number):
        message = (
            f"jobs must be a number from 1 to 9999, 'serial', 'threads:N', 'processes:N' or an Executor, got {got(spec)}. "
            "Hint: leave it out to use every CPU"
        )
        raise JobsError(message)
    if kind == "processes" and int(number) == 1:
        return Jobs("serial")
    return Jobs("threads" if kind == "threads" else "processes", int(number))


def map_blocks(
    fn: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Sequence[Item],
    jobs: Spec | Jobs = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Return ``[fn(shared, item) for item in items]``, worked out by several workers.

    Parameters
    ----------
    fn : callable
        A function at the top level of a module; it must depend on nothing but its arguments.
    shared : object
        Sent to each worker process once.
    items : sequence
    jobs : None, int, str, Executor or Jobs
        See :func:`resolve`.
    progress : callable, optional
        Called with (done, total) in this process as blocks of items finish.

    Returns
    -------
    list
        In the order of the items.

    Raises
    ------
    JobsError
        If the work cannot be sent to another process.
    """
    how = jobs if isinstance(jobs, Jobs) else resolve(jobs)
    with open_workers(fn, shared, Jobs("serial") if len(items) <= 1 else how) as run:
        return run(items, progress)


@contextlib.contextmanager
def open_workers(
    fn: Callable[[Shared, Item], Result], shared: Shared, jobs: Spec | Jobs = None
) -> Iterator[Callable[[Sequence[Item], Progress | None], list[Result]]]:
    """Keep workers for several calls: yields ``run(items, progress)``, which is :func:`map_blocks` for these items.

    Examples
    --------
    >>> from operator import mul
    >>> with open_workers(mul, 10, "serial") as run:
    ...     run([1, 2], None) + run([3], None)
    [10, 20, 30]
    """
    how = jobs if isinstance(jobs, Jobs) else resolve(jobs)
    if how.kind == "serial":
        yield partial(_serial, fn, shared)
    elif how.kind == "given":
        assert how.executor is not None
        yield partial(_gather, how.executor, partial(_run_given, fn, shared), how.workers)
    elif how.kind == "threads":
        with ThreadPoolExecutor(how.workers) as threads:
            yield partial(_gather, threads, partial(_run_given, fn, shared), how.workers)
    else:
        with _processes(_pickled(fn, shared), how.workers) as pool:
            yield partial(_gather, pool, _run_shared, how.workers)


def checked_progress(progress: Any) -> None:
    """Refuse what cannot be called with (done, total).

    Raises
    ------
    JobsError
    """
    if progress is not None and not callable(progress):
        message = f"progress must be a function of (done, total), got {got(progress)}. Hint: progress=print shows them."
        raise JobsError(message)


def _serial(
    fn: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item], progress: Progress | None
) -> list[Result]:
    results = []
    for item in items:
        results.append(fn(shared, item))
        if progress is not None:
            progress(len(results), len(items))
    return results


def _blocks(count: int, workers: int) -> list[slice]:
    """Return consecutive slices of nearly equal length."""
    size = max(1, -(-count // (workers * BLOCKS_PER_WORKER)))
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def _gather(
    pool: Executor, call: Callable[..., list[Any]], workers: int, items: Sequence[Item], progress: Progress | None
) -> list[Any]:
    """Submit blocks of items, report as they finish, and return all results in order."""
    blocks = _blocks(len(items), workers)
    futures: list[Future[list[Any]]] = []
    try:
        futures.extend(pool.submit(call, items[block]) for block in blocks)
        length = {future: block.stop - block.start for future, block in zip(futures, blocks, strict=True)}
        done = 0
        for future in as_completed(futures):
            future.result()
            done += length[future]
            if progress is not None:
                progress(done, len(items))
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return [result for future in futures for result in future.result()]


@contextlib.contextmanager
def _processes(payload: bytes, workers: int) -> Iterator[ProcessPoolExecutor]:
    """Keep clean worker processes that have been given the payload; stop them at once on Ctrl-C."""
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin, initargs=(payload,))
    try:
        yield pool
    except KeyboardInterrupt:
        _terminate(pool)
        raise
    except BrokenProcessPool as error:
        message = (
            f"worker processes must stay alive, got: {error}. "
            'Hint: look for a message above (memory?), or pass jobs="serial"'
        )
        raise JobsError(message) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def is_sendable(thing: Any) -> bool:
    """Tell whether another process can be given a thing: nothing of it is local, a lambda, or of the main program."""
    try:
        return b"__main__" not in pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False


def _pickled(fn: Callable[..., Any], shared: Any) -> bytes:
    if fn.__module__ == "__main__":
        message = (
            f"work for several processes must be defined in a module, got __main__.{fn.__name__}. "
            'Hint: pass jobs="serial" or "threads:2"'
        )
        raise JobsError(message)
    try:
        return pickle.dumps((fn, shared), protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        message = (
            f"work for several processes must be picklable, got: {error}. "
            'Hint: pass jobs="serial", or define functions and classes in a module'
        )
        raise JobsError(message) from error


def _terminate(pool: ProcessPoolExecutor) -> None:
    """Stop the workers at once: the user does not want the rest of their blocks."""
    workers = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()


# in the worker ------------------------------------------------------------------------------------


def _begin(payload: bytes) -> None:
    """Keep what is shared, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _SHARED["fn"], _SHARED["shared"] = pickle.loads(payload)  # noqa: S301 - sent by our own parent


def _run_shared(items: Sequence[Any]) -> list[Any]:
    return [_SHARED["fn"](_SHARED["shared"], item) for item in items]


def _run_given(fn: Callable[[Any, Any], Any], shared: Any, items: Sequence[Any]) -> list[Any]:
    return [fn(shared, item) for item in items]


# starting workers clean ---------------------------------------------------------------------------


def _cpus() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_METHOD: Any = "forkserver" if sys.platform.startswith("linux") else "spawn"
_BASE: Any = multiprocessing.get_context(_METHOD)


class WorkerProcess(_BASE.Process):  # type: ignore[misc]  # the class depends on the platform
    """A process that does not import the parent's main module."""

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802 - name given by multiprocessing
        with _without_main():
            return _BASE.Process._Popen(process)  # noqa: SLF001 - multiprocessing has no public hook


def _context() -> BaseContext:
    """Return a context that starts clean workers."""
    context: Any = type(_BASE)()
    context.Process = WorkerProcess
    if _METHOD == "forkserver":
        context.set_forkserver_preload(["simsales.experiment.replicate"])  # imported once, not once a worker
    return cast("BaseContext", context)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide where ``__main__`` came from, so that a new process does not import it."""
    main = sys.modules.get("__main__")
    hidden = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if main and name in vars(main)}
    if main is not None:
        main.__spec__ = None
    try:
        yield
    finally:
        if main is not None:
            vars(main).update(cast("dict[str, Any]", hidden))
