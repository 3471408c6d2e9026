"""Run the commands of the ten questions again and put what they print into their READMEs.

    python benchmarks/question_answers.py                 # all
    python benchmarks/question_answers.py 05 10           # some
    python benchmarks/question_answers.py --check 09      # exit code 1 if a README would change

In a README's section "Answer" a code block below ``<!-- output of command N -->`` is what the N-th command of its section
"Commands" prints; one below ``<!-- output of the lines above -->`` is the value of the last line of the Python block
before it.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

QUESTIONS = Path(__file__).parents[1] / "scenarios" / "questions"
PRINTED = re.compile(r"(<!-- output of command (\d+) -->\n+```\n)(.*?)(```)", re.DOTALL)
PYTHON = re.compile(r"(```python\n(.*?)```\n+<!-- output of the lines above -->\n+```\n)(.*?)(```)", re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the command lines of the section "Commands", continuation lines joined."""
    section = text.split("## Commands", 1)[1].split("\n## ", 1)[0]
    block = re.findall(r"```\n(.*?)```", section, re.DOTALL)[0].replace("\\\n", " ")
    return [line.strip() for line in block.splitlines() if line.strip()]


def main() -> int:
    """Rewrite the READMEs that are asked for."""
    words = [word for word in sys.argv[1:] if word != "--check"]
    check = "--check" in sys.argv[1:]
    differs = False
    for folder in sorted(path for path in QUESTIONS.iterdir() if path.is_dir()):
        if words and not any(folder.name.startswith(word) for word in words):
            continue
        readme = folder / "README.md"
        before = readme.read_text(encoding="utf-8")
        after = answered(folder, before)
        differs |= after != before
        print(f"{folder.name}: {'changed' if after != before else 'the same'}", flush=True)
        if not check:
            readme.write_text(after, encoding="utf-8")
    return int(check and differs)


def answered(folder: Path, text: str) -> str:
    """Return a README with its answers run again, in a copy of its folder."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(shutil.copytree(folder, Path(place) / folder.name))
        printed = [_printed(line, copy) for line in commands(text)]
        text = PRINTED.sub(lambda m: m[1] + printed[int(m[2]) - 1] + m[4], text)
        return PYTHON.sub(lambda m: m[1] + _value(m[2], copy) + m[4], text)


def _printed(line: str, place: Path) -> str:
    environment = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(line, shell=True, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{place.name}: {line} must end well, got exit code {done.returncode}: {done.stderr}"
        raise SystemExit(message)
    return done.stdout.strip("\n") + "\n"


def _value(code: str, place: Path) -> str:
    *body, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    here, names = Path.cwd(), {}
    os.chdir(place)
    try:
        exec(compile(ast.Module(body, []), "README", "exec"), names)
        return f"{eval(compile(ast.Expression(last.value), 'README', 'eval'), names)!r}\n"
    finally:
        os.chdir(here)


if __name__ == "__main__":
    sys.exit(main())
