"""Each thing that can be wrong with a file: its place, the rule, what was found, and advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from simsales.errors import InvalidModelError
from simsales.files import load_any, load_model, load_scenario, locate, read_document
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

GOOD = """\
simsales: 1
channels:
  - {name: web, leads_per_week: 60, segments: {smb: 1.0}}
segments:
  - {name: smb, amount: 12000}
stages:
  - name: 沟通
    tasks: [{role: AE, work_hours: 1.5}]
    exits:
      - {to: won, probability: 0.25, delay_days: 30}
      - {to: lost, probability: 0.75}
roles:
  - {name: AE}
reps:
  - {role: AE, count: 2}
"""


def write(folder: Path, text: str, name: str = "m.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    """Return the message for a model file of `text`, without its folder."""
    with pytest.raises(InvalidModelError) as caught:
        load_model(write(folder, text))
    return str(caught.value).replace(f"{folder}/", "")


def edited(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_the_good_file_is_good(tmp_path: Path) -> None:
    assert load_model(write(tmp_path, GOOD)).stage_names == ("沟通",)


LINES = {
    "probabilities beyond 1": (
        ("probability: 0.75", "probability: 0.85"),
        "m.yaml:10:7 stages[0].exits must have probabilities that add up to 1, got 1.1 in '沟通'. "
        "Hint: change one of won, lost.",
    ),
    "one probability beyond 1": (
        ("probability: 0.75", "probability: 75"),
        "m.yaml:11:33 stages[0].exits[1].probability must be at most 1, got 75. Hint: for 75 % write 0.75.",
    ),
    "a number in quotes": (
        ("leads_per_week: 60", 'leads_per_week: "12"'),
        "m.yaml:3:33 channels[0].leads_per_week must be a number, got the text '12'. "
        "Hint: write 12 without quotes or commas.",
    ),
    "a percentage": (
        ("probability: 0.25", "probability: 25%"),
        "m.yaml:10:32 stages[0].exits[0].probability must be a number, got the text '25%'. Hint: write the share 0.25.",
    ),
    "a misspelt key": (
        ("leads_per_week: 60", "lead_per_week: 60, leads_per_week: 60"),
        "m.yaml:3:17 channels[0].lead_per_week must be a known field, got 'lead_per_week'. "
        "Hint: did you mean 'leads_per_week'?",
    ),
    "a misspelt stage": (
        ("to: lost", "to: lst"),
        "m.yaml:11:14 stages[0].exits[1].to must be a stage or an outcome, got 'lst'. Hint: did you mean 'lost'?",
    ),
    "a misspelt role": (
        ("{role: AE, work_hours: 1.5}", "{role: AEE, work_hours: 1.5}"),
        "m.yaml:8:20 stages[0].tasks[0].role must be one of the roles, got 'AEE'. Hint: did you mean 'AE'?",
    ),
    "a misspelt choice": (
        ("{name: AE}", "{name: AE, routing: round_robbin}"),
        "m.yaml:13:25 roles[0].routing must be one of pool, round_robin, least_loaded, weighted, territory, skill, score, "
        "got 'round_robbin'. Hint: did you mean 'round_robin'?",
    ),
    "a misspelt law": (
        ("amount: 12000", "amount: {lognorml: {median: 1, p90: 2}}"),
        "m.yaml:5:25 segments[0].amount must be a number or one law of constant, uniform, exponential, gamma, "
        "lognormal, weibull, empirical, mixture, got lognorml. Hint: did you mean 'lognormal'?",
    ),
    "a misspelt law parameter": (
        ("amount: 12000", "amount: {lognormal: {median: 1, p90: 2, p9: 3}}"),
        "m.yaml:5:57 segments[0].amount.lognormal.p9 must be a known field, got 'p9'. Hint: did you mean 'p90'?",
    ),
    "a negative law": (
        ("work_hours: 1.5", "work_hours: -1.5"),
        "m.yaml:8:36 stages[0].tasks[0].work_hours must be at least 0, got -1.5.",
    ),
    "not a number": (
        ("leads_per_week: 60", "leads_per_week: .nan"),
        "m.yaml:3:33 channels[0].leads_per_week must be a finite number, got nan. "
        "Hint: look where the number comes from; an empty cell or a division by zero makes such a value.",
    ),
    "infinity": (
        ("leads_per_week: 60", "leads_per_week: .inf"),
        "m.yaml:3:33 channels[0].leads_per_week must be a finite number, got inf. "
        "Hint: look where the number comes from; an empty cell or a division by zero makes such a value.",
    ),
    "a missing field": (
        ("to: won, ", ""),
        "m.yaml:10:9 stages[0].exits[0].to must be given, got nothing. Hint: add 'to: ...' here.",
    ),
    "a number as a name": (
        ("{name: smb, ", "{name: 2027, "),
        'm.yaml:5:12 segments[0].name must be text, got 2027. Hint: put it in quotes: "2027".',
    ),
    "a misspelt month": (
        ("segments: {smb: 1.0}", "segments: {smb: 1.0}, season: {sept: 1.0}"),
        "m.yaml:3:68 channels[0].season.sept must be one of jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, "
        "dec, got 'sept'. Hint: did you mean 'sep'?",
    ),
    "a number as a key": (
        ("{name: smb, ", "{name: smb, 2027: 1, "),
        'm.yaml:5:17 segments[0][2027] must have text as its name, got 2027. Hint: put it in quotes: "2027".',
    ),
    "a law that is badly indented": (
        ("amount: 12000", "amount: {lognormal: {median: 1}, p90: 3}"),
        "m.yaml:5:25 segments[0].amount must be a number or one law of constant, uniform, exponential, gamma, "
        "lognormal, weibull, empirical, mixture, got lognormal, p90. "
        "Hint: indent p90 so that it stands under lognormal.",
    ),
    "an impossible date": (
        ("count: 2", "count: 2, hired: 2027-02-30"),
        "m.yaml:15:33 must be a valid date or number, got '2027-02-30': day is out of range for month.",
    ),
    "text that is no date": (
        ("count: 2", "count: 2, hired: spring"),
        "m.yaml:15:33 reps[0].hired must be a date like 2027-03-01, got 'spring'.",
    ),
    "a share with an unknown name": (
        ("segments: {smb: 1.0}", "segments: {smbs: 1.0}"),
        "m.yaml:3:54 channels[0].segments.smbs must name one of the model's segments, got 'smbs'. "
        "Hint: did you mean 'smb'?",
    ),
    "a repeated key": (
        ("    exits:\n", "    name: 再次\n    exits:\n"),
        "m.yaml:9:5 must not repeat a key, got 'name' again (first on line 7). Hint: keep one of the two.",
    ),
    "a tag": (
        ("work_hours: 1.5", "work_hours: !!python/object:os.system 1"),
        "m.yaml:8:36 must be plain YAML, got the tag 'tag:yaml.org,2002:python/object:os.system'. "
        "Hint: leave out the word that begins with '!'.",
    ),
    "a newer version": (
        ("simsales: 1\n", "simsales: 2\n"),
        "m.yaml:1:11 simsales must be at most 1, the file format that this version reads, got 2. "
        "Hint: the file comes from a newer version; run pip install --upgrade simsales.",
    ),
    "a mapping instead of a list": (
        ("  - {name: AE}", "  AE: {name: AE}"),
        "m.yaml:13:3 roles must be a list (items begin with '- '), got a mapping of AE.",
    ),
    "a full-width colon": (
        ("  - {role: AE, count: 2}", "  - role: AE\n    count：2\n    team: A"),
        "m.yaml:17:5 must be valid YAML, got could not find expected ':'. "
        "Hint: write the ASCII marks ':' and ',' instead of the full-width ones.",
    ),
    "a tab": (
        ("  - {role: AE, count: 2}", "\t- {role: AE, count: 2}"),
        "m.yaml:15:1 must be valid YAML, got found character '\\t' that cannot start any token. "
        "Hint: indent with spaces, not with tabs.",
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_a_problem_is_placed_explained_and_answered(case: str, tmp_path: Path) -> None:
    change, expected = LINES[case]
    assert refusal(tmp_path, edited(*change)) == expected


def test_all_problems_of_a_file_come_at_once_in_their_order(tmp_path: Path) -> None:
    text = (
        GOOD.replace("to: won, ", "")
        .replace("{name: AE}", "{nam: AE}")
        .replace("leads_per_week: 60", "leads_per_week: -1")
    )
    lines = refusal(tmp_path, text).splitlines()
    assert [line.split(" must ")[0] for line in lines] == [
        "m.yaml:3:33 channels[0].leads_per_week",
        "m.yaml:10:9 stages[0].exits[0].to",
        "m.yaml:13:5 roles[0].name",
        "m.yaml:13:6 roles[0].nam",
    ]


def test_all_repeated_keys_come_at_once(tmp_path: Path) -> None:
    found = refusal(tmp_path, "a: 1\nb: 2\na: 3\nb: 4\n").splitlines()
    assert [line.split(" ")[0] for line in found] == ["m.yaml:3:1", "m.yaml:4:1"]


def test_cross_rules_come_together(tmp_path: Path) -> None:
    text = GOOD.replace("to: lost", "to: lst").replace("{role: AE, count", "{role: SE, count")
    lines = refusal(tmp_path, text).splitlines()
    assert [line.split(" must ")[0] for line in lines] == [
        "m.yaml:11:14 stages[0].exits[1].to",
        "m.yaml:15:3 reps",
        "m.yaml:15:12 reps[0].role",
    ]


def test_a_missing_file_names_a_near_one(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "baseline.yaml")
    with pytest.raises(InvalidModelError, match=r"must be a file that exists.*did you mean '.*baseline.yaml'"):
        load_model(tmp_path / "basline.yaml")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidModelError, match=r"the folder .*nowhere does not exist"):
        load_model(tmp_path / "nowhere" / "m.yaml")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidModelError, match="must be a YAML file, got a folder"):
        load_model(tmp_path)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_says_so(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidModelError, match=r"must (hold a model or a scenario, got an empty file|be a mapping)"):
        load_model(write(tmp_path, text))


def test_a_list_is_no_model(tmp_path: Path) -> None:
    assert refusal(tmp_path, "- 1\n") == "m.yaml:1:1 must be a mapping of fields such as 'stages:', got a list."


def test_two_documents_are_refused(tmp_path: Path) -> None:
    assert "must be valid YAML" in refusal(tmp_path, f"{GOOD}---\n{GOOD}")


def test_gbk_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(
        InvalidModelError, match=r"m.yaml:7 must be text in UTF-8.*looks like GBK.*Hint: save the file again"
    ):
        load_model(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_fine(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(GOOD.encode(encoding))
    assert load_model(path).stage_names == ("沟通",)


def test_binary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"PK\x03\x04\x00\x00")
    with pytest.raises(InvalidModelError, match="must be a model or scenario in YAML, got a workbook or a zip archive. Hint: simsales import"):
        load_model(path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "# " + "x" * 2_000_001)
    with pytest.raises(InvalidModelError, match=r"must be at most 2 MB, got 2.0 MB. Hint: put long tables"):
        load_model(path)


def test_aliases_are_counted_before_they_are_followed(tmp_path: Path) -> None:
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
    )
    assert "must hold at most 500,000 values" in refusal(tmp_path, bomb)


def test_a_part_that_holds_itself_is_refused(tmp_path: Path) -> None:
    assert "must not refer to itself" in refusal(tmp_path, "a: &a [*a]\n")


def test_a_few_aliases_are_fine(tmp_path: Path) -> None:
    text = edited("work_hours: 1.5", "work_hours: &w 1.5").replace("amount: 12000", "amount: 12")
    assert (
        load_model(write(tmp_path, text.replace("delay_days: 30", "delay_days: *w"))).stages[0].exits[0].delay_days
        == load_model(write(tmp_path, edited("delay_days: 30", "delay_days: 1.5"))).stages[0].exits[0].delay_days
    )


@pytest.mark.parametrize("depth", [100, 20_000])
def test_deep_nesting_is_refused(depth: int, tmp_path: Path) -> None:
    assert "must be nested at most 60 deep" in refusal(tmp_path, "a: " + "[" * depth + "]" * depth)


def test_a_scenario_is_not_a_model(tmp_path: Path) -> None:
    path = write(tmp_path, "changes: []\n")
    with pytest.raises(InvalidModelError, match="must be a model, got a scenario"):
        load_model(path)
    with pytest.raises(InvalidModelError, match="must be a scenario, got a model"):
        load_scenario(write(tmp_path, GOOD, "x.yaml"))


def test_load_any_tells_them_apart(tmp_path: Path) -> None:
    assert isinstance(load_any(write(tmp_path, GOOD)), Model)
    assert isinstance(load_any(write(tmp_path, "base: m.yaml\n", "s.yaml")), Scenario)
    with pytest.raises(InvalidModelError, match=r"must be a model .* or a scenario .* got a mapping of a"):
        load_any(write(tmp_path, "a: 1\n", "n.yaml"))


SCENARIO = """\
name: hire two
changes:
  - scale: {path: "stages[沟通].exits[won].probability", by: 1.1}
  - hire:
      start: 2027-03-01
      role: AEE
"""


def test_a_misspelt_field_of_a_change_is_advised(tmp_path: Path) -> None:
    path = write(tmp_path, SCENARIO.replace("role:", "rol:"), "s.yaml")
    with pytest.raises(
        InvalidModelError, match=r"s.yaml:6:7 changes\[1\].hire.rol must be a known .* did you mean 'role'"
    ):
        load_scenario(path)


def test_a_misspelt_change_is_advised(tmp_path: Path) -> None:
    path = write(tmp_path, SCENARIO.replace("hire:", "hires:"), "s.yaml")
    with pytest.raises(
        InvalidModelError, match=r"s.yaml:4:5 changes\[1\] must be one change of .* did you mean 'hire'"
    ):
        load_scenario(path)


def test_a_change_that_does_not_fit_the_model_is_placed_in_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, SCENARIO, "s.yaml")
    model = load_model(write(tmp_path, GOOD))
    with pytest.raises(InvalidModelError) as caught:
        apply(load_scenario(path), model)
    assert locate(str(caught.value), read_document(path)).startswith(f"{path}:")


def test_a_written_path_finds_keys_with_dots_and_spaces(tmp_path: Path) -> None:
    path = write(tmp_path, "plans:\n  New v1.0 plan:\n    quota: 3\n", "s.yaml")
    document = read_document(path)
    assert document.steps("plans.New v1.0 plan.quota") == ("plans", "New v1.0 plan", "quota")
    assert document.place(document.steps("plans.New v1.0 plan.quota")) == (3, 12)


def test_an_anchor_may_be_named_again(tmp_path: Path) -> None:
    anchors = "name: &a first\ncurrency: &a CNY\n"
    text = GOOD if "currency:" not in GOOD else "\n".join(x for x in GOOD.splitlines() if not x.startswith("currency:"))
    lines = [line for line in text.splitlines() if not line.startswith("name:")]
    head = next(i for i, line in enumerate(lines) if line.startswith("simsales:"))
    model = load_model(write(tmp_path, "\n".join([*lines[: head + 1], anchors.rstrip(), *lines[head + 1 :]])))
    assert (model.name, model.currency) == ("first", "CNY")
