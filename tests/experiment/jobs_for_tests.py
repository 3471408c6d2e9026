"""Functions that worker processes can import."""

from __future__ import annotations

import os
import time
from pathlib import Path


def times(shared: int, item: int) -> int:
    return shared * item


def slow_first(shared: float, item: int) -> int:
    time.sleep(shared if item == 0 else 0.0)
    return item


def fails_at_three(_: object, item: int) -> int:
    if item == 3:
        message = "three is bad"
        raise ValueError(message)
    return item


def process(_: object, item: int) -> int:
    return os.getpid()


def dies(_: object, item: int) -> int:
    os._exit(3)


def says_so_and_sleeps(folder: str, item: int) -> None:
    Path(folder, f"begun-{os.getpid()}").touch()
    time.sleep(30.0)
