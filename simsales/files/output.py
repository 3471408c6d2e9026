"""Write files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from simsales.errors import OutputError, expect, got


def check_writable(path: str | Path) -> Path:
    """Return `path` if a file can be written there; nothing is left behind by the trial.

    Call it before a long computation, so that its result has a place to go.

    Raises
    ------
    OutputError
        If the folder is absent, is a file or refuses writing, or `path` is a folder.
    """
    path = Path(path)
    if path.is_dir():
        message = f"{path} must be a file to write, got a folder. Hint: add a file name."
        raise OutputError(message)
    _check_folder(path.parent, path)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(_refused(path, error)) from error
    return path


def check_folder(path: str | Path) -> Path:
    """Return `path` if it is, or can become, a folder to write into (it is not made yet).

    Raises
    ------
    OutputError
        If it is a file, its parent is absent, or writing is refused.
    """
    path = Path(path)
    if not path.is_dir():
        if path.exists():
            message = f"{path} must be a folder to write into, got a file. Hint: choose another name, or move the file away."
            raise OutputError(message)
        check_writable(path)
        return path
    check_writable(path / ".simsales")
    return path


def write_text(path: str | Path, text: str) -> Path:
    """Write `text` as UTF-8: a temporary file beside `path` takes its place in one step.

    Raises
    ------
    OutputError
        If it cannot be written; a file that was there before is then unchanged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "a.txt", "阶段").read_text(encoding="utf-8")
    '阶段'
    """
    expect("path", path, (str, Path), "the name of a file", OutputError)
    path = check_writable(path)
    mode = _mode(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise OutputError(_refused(path, error)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, mode)
        os.replace(name, path)
    except OSError as error:
        raise OutputError(_refused(path, error)) from error
    except UnicodeEncodeError as error:
        message = f"{path} must hold text that UTF-8 can write, got {got(error.object[error.start])}."
        raise OutputError(message) from error
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()
    return path


def _check_folder(folder: Path, path: Path) -> None:
    if not folder.exists():
        message = f"{path} must lie in a folder that exists, got {got(folder)}. Hint: make it first: mkdir -p {folder}"
        raise OutputError(message)
    if not folder.is_dir():
        message = f"{path} must lie in a folder, got the file '{folder}'. Hint: choose another place."
        raise OutputError(message)


def _refused(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return (
        f"{path} must be writable, got: {reason}. "
        "Hint: choose another place with --out, or change the folder's permissions."
    )


def _mode(path: Path) -> int:
    """Return the permissions to give: those of the file before, else what the umask leaves."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
