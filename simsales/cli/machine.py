"""Verbs about the program itself: schema, doctor."""

from __future__ import annotations

from simsales import options as opt
from simsales.cli.terminal import (
    app,
    emit,
    guarded,
    say,
)
from simsales.errors import CheckFailedError

DEFAULT_REPS = 100


@app.command()
@guarded
def schema() -> None:
    """Print the JSON Schema of model and scenario files, for editors.

    \b
    simsales schema > simsales.schema.json
    """
    from simsales.files.schema import schema_text

    say(schema_text().rstrip("\n"))


@app.command()
@guarded
def doctor(json: opt.Json = False) -> None:
    """Print versions, fonts, cores and calendar data; exit 4 if something is missing.

    \b
    simsales doctor
    """
    from simsales.doctor import examine

    found = examine()
    data = {"findings": [{"name": f.name, "value": f.value, "ok": f.is_ok} for f in found]}
    lines = [f"{'ok ' if f.is_ok else 'BAD'} {f.name:<18}{f.value}" for f in found]
    emit(data, lambda _: "\n".join(lines), as_json=json)
    bad = [finding.name for finding in found if not finding.is_ok]
    if bad:
        message = f"this machine must have a working {', '.join(bad)}; see above."
        raise CheckFailedError(message)
