"""Work is spread over workers without anybody noticing in the results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jobs_for_tests as work
import pytest

from simsales.experiment.executors import Jobs, JobsError, map_blocks, resolve

KINDS = ["serial", 1, 2, "threads:3", "processes:2"]


@pytest.mark.parametrize("jobs", KINDS)
def test_results_come_in_the_order_of_the_items(jobs):
    assert map_blocks(work.times, 3, range(20), jobs) == [3 * i for i in range(20)]


@pytest.mark.parametrize("jobs", ["threads:4", 2])
def test_order_does_not_depend_on_who_finishes_first(jobs):
    assert map_blocks(work.slow_first, 0.3, range(12), jobs) == list(range(12))


def test_work_is_really_done_in_other_processes():
    pids = set(map_blocks(work.process, None, range(16), 2))
    assert os.getpid() not in pids


def test_a_given_executor_is_used_and_left_open():
    with ThreadPoolExecutor(2) as pool:
        assert map_blocks(work.times, 2, range(5), pool) == [0, 2, 4, 6, 8]
        assert pool.submit(int, "7").result() == 7


@pytest.mark.parametrize("jobs", ["serial", "threads:2", 2])
def test_progress_ends_at_the_total_and_never_goes_back(jobs):
    seen = []
    map_blocks(work.times, 1, range(10), jobs, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)
    assert seen == sorted(seen)


@pytest.mark.parametrize("jobs", ["serial", "threads:2", 2])
def test_an_error_in_the_work_reaches_the_caller(jobs):
    with pytest.raises(ValueError, match="three is bad"):
        map_blocks(work.fails_at_three, None, range(8), jobs)


def test_nothing_to_do_is_nothing_done():
    assert map_blocks(work.times, 1, [], 2) == []


def test_specifications_are_understood():
    assert resolve("serial") == Jobs("serial")
    assert resolve(4) == resolve("processes:4") == Jobs("processes", 4)
    assert resolve("threads:1") == Jobs("threads", 1)
    assert resolve(None).workers >= 1


@pytest.mark.parametrize("jobs", [0, -2, True, "fast", "threads", "threads:0", "processes:x", "serial:2", 1.5])
def test_other_specifications_are_refused(jobs):
    with pytest.raises(JobsError, match=r"jobs must be a number from 1 to 9999, 'serial', 'threads:N', .* got"):
        resolve(jobs)


def test_what_cannot_be_sent_is_named():
    with pytest.raises(JobsError, match="work for several processes must be picklable, got: .*Hint: pass jobs="):
        map_blocks(lambda shared, item: item, None, range(4), 2)


def test_a_worker_that_dies_is_reported_and_does_not_hang():
    with pytest.raises(JobsError, match="worker processes must stay alive, got"):
        map_blocks(work.dies, None, range(4), 2)


SCRIPT = """
    import sys
    sys.path.insert(0, {here!r})
    import jobs_for_tests as work
    from simsales.experiment.executors import map_blocks
    print("started", flush=True)
    print(map_blocks(work.{function}, 1.0, range({count}), 2)[:3])
"""


def script(tmp_path: Path, function: str, count: int) -> Path:
    path = tmp_path / "no_guard.py"
    here = str(Path(__file__).parent)
    path.write_text(textwrap.dedent(SCRIPT.format(here=here, function=function, count=count)), encoding="utf-8")
    return path


def test_a_script_without_a_main_guard_runs_once(tmp_path):
    done = subprocess.run([sys.executable, script(tmp_path, "times", 6)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["started", "[0.0, 1.0, 2.0]"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_stops_the_work_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "long.py"
    body = SCRIPT.replace("print(map_blocks(work.{function}, 1.0, range({count}), 2)[:3])",
                          f"map_blocks(work.says_so_and_sleeps, {str(tmp_path)!r}, [0] * 8, 2)")  # fmt: skip
    path.write_text(textwrap.dedent(body.format(here=str(Path(__file__).parent))), encoding="utf-8")
    running = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n"
    for _ in range(300):
        if len(list(tmp_path.glob("begun-*"))) == 2:
            break
        time.sleep(0.1)
    begun = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to everybody
    _, errors = running.communicate(timeout=20)
    assert time.monotonic() - begun < 10
    assert running.returncode != 0
    assert errors.count("KeyboardInterrupt") <= 2
    assert gone(running.pid, within=10.0)


def gone(group: int, within: float) -> bool:
    """Tell whether every process of a group has ended; the fork server takes a moment to notice."""
    for _ in range(int(within / 0.1)):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
