"""The folder that a demo leaves behind: whole or not at all, and never over somebody's own work."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from simsales.errors import OutputError
from simsales.files.output import check_folder, write_text

MARKER = ".simsales-demo.json"


def check_ours(folder: Path) -> None:
    """Refuse a folder that holds anything but an untouched earlier demo.

    Parameters
    ----------
    folder : Path
        New, empty, or made by an earlier demo; files beside the demo's own stay.

    Raises
    ------
    OutputError
        If it holds other files, or files of the demo that were changed since.
    """
    check_folder(folder)
    if not folder.is_dir():
        return
    names = sorted(path.name for path in folder.iterdir())
    if not names:
        return
    if MARKER not in names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        message = f"{folder} must be a new or empty folder, or one that an earlier demo made, got {shown}. Hint: choose another with --out."
        raise OutputError(message)
    changed = _changed(folder)
    if changed:
        message = (
            f"{folder} must hold the earlier demo as it was written, got changes in {', '.join(changed)}. "
            "Hint: keep your work and choose another folder with --out."
        )
        raise OutputError(message)


def _changed(folder: Path) -> list[str]:
    """Return the files of an earlier demo that differ from what it wrote; deleted ones do not count."""
    try:
        written = dict(json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{folder / MARKER} must be the record of an earlier demo, got {error}. Hint: choose another folder with --out."
        raise OutputError(message) from error
    return [name for name, digest in sorted(written.items()) if (folder / name).is_file() and _digest(folder / name) != digest]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def published(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; when all is done its files appear in `folder`.

    Parameters
    ----------
    folder : Path
        As :func:`check_ours` allows it.

    Yields
    ------
    Path
        A temporary folder beside it; it vanishes if anything fails.

    Raises
    ------
    OutputError
        If the place refuses.
    """
    try:
        work = Path(tempfile.mkdtemp(prefix=".simsales-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder.parent} must be writable, got: {error.strerror or error}. Hint: choose another place with --out.") from error
    try:
        yield work
        files = {path.name: _digest(path) for path in sorted(work.iterdir())}
        write_text(work / MARKER, json.dumps({"files": files}, indent=1, ensure_ascii=False) + "\n")
        folder.mkdir(exist_ok=True)
        for path in sorted(work.iterdir()):
            os.replace(path, folder / path.name)
    except OSError as error:
        raise OutputError(f"{folder} must be writable, got: {error.strerror or error}. Hint: choose another place with --out.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
