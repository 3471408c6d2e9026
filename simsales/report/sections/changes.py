"""What each scenario changes, in words, before anybody reads a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simsales.report.pseudonyms import replaced_in_text
from simsales.report.view import Prose, Section

LEAD = "What was put in: the results below are only as good as these lines."


def changes_section(says: Mapping[str, Sequence[str]], names: Sequence[str] = ()) -> Section | None:
    """Return the section that says what each scenario changes.

    Parameters
    ----------
    says : mapping of str to sequence of str
        Lines by scenario, as :func:`simsales.describe.describe_scenario` gives them; a first line that repeats the name
        is shown without it.
    names : sequence of str
        Names of reps, shown as rep-1, rep-2, ... in this order.

    Returns
    -------
    Section or None
        None where there is nothing to say.

    Examples
    --------
    >>> found = changes_section({"pilot": ["pilot: 1 change", "  1. From 2027-03-01 on: Bob leaves"]}, ["Bob"])
    >>> found.blocks[0].heading, found.blocks[0].lines
    ('pilot', ('1 change', '1. From 2027-03-01 on: rep-1 leaves'))
    """
    blocks = []
    for scenario, lines in says.items():
        shown = tuple(filter(None, (_line(scenario, line, names) for line in ([lines] if isinstance(lines, str) else lines))))
        if shown:
            blocks.append(Prose(shown, "lines", heading=replaced_in_text(str(scenario), names)))
    return Section("changes", "What each scenario changes", LEAD, tuple(blocks)) if blocks else None


def _line(scenario: str, line: str, names: Sequence[str]) -> str:
    """Return one line without indent, the scenario's own name and the names of reps."""
    return replaced_in_text(str(line).strip().removeprefix(f"{scenario}: "), names)
