"""Nothing passes in silence that would do nothing: it is refused, or said, and what is said to do nothing does nothing."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simsales as ss
from simsales.describe import brief_notes, idle_changes, idle_parts, late, notes
from simsales.describe.idle import implies
from simsales.model.conditions import ConditionError, parse_condition, verdict

BASE: dict[str, Any] = {
    "name": "firm", "horizon_days": 120.0,
    "channels": [{"name": "web", "leads_per_week": 14.0, "segments": {"smb": 0.6, "mid": 0.4}, "regions": {"N": 0.5, "S": 0.5}}],
    "segments": [{"name": "smb", "amount": 10.0}, {"name": "mid", "amount": {"uniform": {"low": 50.0, "high": 90.0}}}],
    "regions": [{"name": "N"}, {"name": "S"}],
    "roles": [{"name": "AE", "routing": "territory"}, {"name": "SE"}],
    "reps": [{"role": "AE", "territory": "region == N"}, {"role": "AE", "territory": "region == S"}, {"role": "SE"}],
    "stages": [
        {"name": "Talk", "tasks": [{"role": "AE", "work_hours": 1.0}], "exits": [{"to": "Offer", "probability": 0.5, "delay_days": 3.0}, {"to": "lost", "probability": 0.5}]},
        {"name": "Offer", "tasks": [{"role": "SE", "work_hours": 1.0}], "exits": [{"to": "won", "probability": 0.5, "delay_days": 5.0}, {"to": "lost", "probability": 0.5}]},
    ],
}  # fmt: skip


def firm(**parts: Any) -> ss.Model:
    return ss.Model(**(BASE | parts))


def stage(i: int, **parts: Any) -> list[dict[str, Any]]:
    return [each | (parts if k == i else {}) for k, each in enumerate(BASE["stages"])]


def channel(**parts: Any) -> list[dict[str, Any]]:
    return [BASE["channels"][0] | parts]


def rep(**parts: Any) -> list[dict[str, Any]]:
    return [*BASE["reps"], parts]


WON = BASE["stages"][1]["exits"]
TRAINING = {"name": "late", "role": "AE", "start": "2028-01-01"}
IDLE: dict[str, tuple[dict[str, Any], str]] = {
    "a channel without leads": ({"channels": [*BASE["channels"], {"name": "fair", "leads_per_week": 0.0, "segments": {"smb": 1.0}}]}, "Channel 'fair' brings no leads."),
    "a segment that no deal is of": ({"segments": [*BASE["segments"], {"name": "big", "amount": 1.0}]}, "No deal is of segment 'big'."),
    "a region with no share": ({"regions": [*BASE["regions"], {"name": "W"}]}, "No deal is of region 'W'."),
    "a product with no share": ({"products": [{"name": "a"}, {"name": "b", "share": 0.0}]}, "No deal is of product 'b'."),
    "a gate open to all": ({"stages": stage(1, when="amount >= 5")}, "Stage 'Offer': when: 'amount >= 5' holds for every deal"),
    "a gate by the only terms": ({"stages": stage(1, when="terms == standard")}, "'terms == standard' holds for every deal"),
    "a context for nobody": ({"stages": stage(1, contexts=[{"when": "amount > 100", "work_scale": 2.0}])}, "Stage 'Offer': the context 'amount > 100' holds for no deal"),
    "a context for a discount that nobody has": ({"stages": stage(1, contexts=[{"when": "discount > 10%", "work_scale": 2.0}])}, "'discount > 10%' holds for no deal"),
    "a context for terms that nobody asks for": ({"stages": stage(1, contexts=[{"when": "terms == non_standard", "work_scale": 2.0}])}, "holds for no deal"),
    "a context for a stage nobody comes from": ({"stages": stage(1, contexts=[{"when": "previous == Offer", "work_scale": 2.0}])}, "'previous == Offer' holds for no deal"),
    "a context after a wider one": ({"stages": stage(1, contexts=[{"when": "amount > 20", "work_scale": 2.0}, {"when": "amount > 60 and segment == mid", "work_scale": 3.0}])},
                                     "the context 'amount > 60 and segment == mid' never counts, since 'amount > 20' holds first"),
    "a context without a word": ({"stages": stage(1, contexts=[{"when": "amount > 60"}])}, "the context 'amount > 60' changes nothing"),
    "an exit that nobody takes": ({"stages": stage(1, exits=[*WON, {"to": "no_decision", "probability": 0.0}])}, "no deal takes the exit to 'no_decision' (probability 0)"),
    "patience with nobody": ({"stages": [stage(0)[0], {"name": "Offer", "patience_days": 3.0, "exits": WON}], "roles": BASE["roles"][:1], "reps": BASE["reps"][:2]}, "Stage 'Offer': patience_days does nothing"),
    "a bound above all discounts": ({"pricing": {"discount": 0.05}, "stages": stage(1, exits=[WON[0] | {"max_discount": 0.2}, WON[1]])}, "max_discount 0.2 of the exit to 'won' binds nobody"),
    "a role without work": ({"roles": [*BASE["roles"], {"name": "CS"}], "reps": rep(role="CS", count=2)}, "2 reps of role 'CS' have no work"),
    "a role that is nobody": ({"roles": [*BASE["roles"], {"name": "CS"}]}, "Role 'CS' has no work"),
    "a cap in a pool": ({"roles": [BASE["roles"][0], {"name": "SE", "routing": "pool", "max_open_deals": 5}]}, "Role 'SE': max_open_deals does nothing in a pool"),
    "effort without pay": ({"effort": {"elasticity": 0.3}}, "Nobody has a pay plan: effort reacts only where a change alters pay."),
    "a hire outside all territories": ({"reps": rep(role="AE")}, "No deal can reach rep-4 of role 'AE'"),
    "a region is no territory": ({"reps": rep(role="AE", region="N", count=2)}, "rep-4, rep-5 of role 'AE': deals go to whose territory they lie in, and all lie in somebody's; only while nobody else is there would they get any. Hint: give them a territory, such as territory: region == N."),
    "a territory with no deal": ({"regions": [*BASE["regions"], {"name": "W"}], "reps": rep(role="AE", territory="region == W")}, "No deal lies in the territory of rep-4."),
    "a territory of amounts that there are not": ({"reps": rep(role="AE", territory="region == N and amount > 1000")}, "No deal lies in the territory of rep-4."),
    "a territory where nobody looks": ({"roles": [{"name": "AE"}, {"name": "SE"}]}, "The territory of rep-1, rep-2 does nothing, since role 'AE' is routed by least_loaded"),
    "a calendar for nobody": ({"calendars": {"Tokyo": {"timezone": "Asia/Tokyo"}}}, "Calendar 'Tokyo' is nobody's."),
    "a score for nothing": ({"scoring": {"factors": [{"name": "fit", "weight": 1.0, "law": {"uniform": {"low": 0.0, "high": 1.0}}}]}}, "The score of leads is used nowhere."),
    "an event after the run": ({"events": [{"name": "fair", "start": "2028-01-01", "leads": 2.0}]}, "Event 'fair' is outside the run (2027-01-01 to 2027-04-30)."),
    "an event before the run": ({"events": [{"name": "fair", "start": "2026-01-01", "until": "2026-02-01", "leads": 2.0}]}, "Event 'fair' is outside the run"),
    "a campaign after the run": ({"channels": channel(campaigns=[{"name": "spring", "start": "2028-03-01", "leads": 9.0}])}, "Campaign 'spring' begins after the run ends on 2027-04-30."),
    "a campaign before the run": ({"channels": channel(campaigns=[{"name": "spring", "start": "2026-03-01", "leads": 9.0}])}, "Campaign 'spring' is over before the run begins on 2027-01-01"),
    "a campaign without leads": ({"channels": channel(campaigns=[{"name": "spring", "start": "2027-03-01", "leads": 0.0, "cost": 5.0}])}, "Campaign 'spring' brings no leads."),
    "an event that moves nothing": ({"events": [{"name": "fair", "start": "2027-03-01"}]}, "Event 'fair' moves nothing."),
    "a training after the run": ({"trainings": [TRAINING]}, "Training 'late' begins after the run ends on 2027-04-30."),
    "a rep after the run": ({"reps": rep(role="SE", hired="2028-01-01")}, "reps[3] of role 'SE' begin after the run"),
    "a rep before the run": ({"reps": rep(role="SE", hired="2025-01-01", leaves="2026-01-01")}, "reps[3] of role 'SE' have left before the run"),
    "an exchange rate for nobody": ({"fx": {"JPY": 0.007}}, "The exchange rate of JPY is used by no region."),
    "a plan for nobody": ({"plans": {"p": {"base": 1.0, "quota": 9.0, "rates": [{"rate": 0.1}]}}}, "Plan p is nobody's."),
}  # fmt: skip
CHANGES_NOTHING_OF = {  # parts that are in the way of nothing, but are no deal's: the run is the same to the bit without them
    name for name in IDLE if name not in ("patience with nobody", "a region is no territory", "a context after a wider one", "a product with no share", "a territory where nobody looks", "effort without pay", "a bound above all discounts")
}


def test_a_model_without_idle_parts_has_no_note() -> None:
    assert idle_parts(firm()) == []


@pytest.mark.parametrize("name", IDLE)
def test_what_can_do_nothing_is_said(name: str) -> None:
    parts, words = IDLE[name]
    model = firm(**parts)
    assert any(words in line for line in notes(model)), notes(model)
    assert any(words in line for line in brief_notes(model, "m.yaml")), "also where it is run"


@pytest.mark.parametrize("name", sorted(CHANGES_NOTHING_OF))
def test_what_is_said_to_do_nothing_does_nothing(name: str) -> None:
    """The run of the model with the part is that of the model without it."""
    with_it, without = ss.simulate(firm(**IDLE[name][0]), seed=3), ss.simulate(firm(), seed=3)
    columns = ["deal_id", "created_at", "amount", "status", "closed_at", "stage", "owner", "segment"]
    pd.testing.assert_frame_equal(with_it.deals[columns], without.deals[columns])


def test_deals_outside_every_territory_are_said() -> None:
    model = firm(reps=[{"role": "AE", "territory": "region == N and segment == mid"}, {"role": "AE"}, {"role": "SE"}])
    assert idle_parts(model) in (
        ["Some deals lie in no territory (region N, segment smb): they go to anybody of role 'AE'."],
        ["Some deals lie in no territory (segment smb, region N): they go to anybody of role 'AE'."],
    )
    nobody = firm(reps=[{"role": "AE", "territory": "region == N"}, {"role": "SE"}])
    assert idle_parts(nobody) == ["Some deals lie in no territory (region S): they go to anybody of role 'AE'."]


def change(body: dict[str, Any]) -> ss.Scenario:
    return ss.Scenario(name="s", changes=[body])  # type: ignore[list-item]


CHANGES = {
    "scaled by one": ({"scale": {"path": "channels[web].leads_per_week", "by": 1.0}}, "s: change 1 (scale) changes nothing: it leaves the model as it is."),
    "scaled by one, later": ({"scale": {"path": "channels[web].leads_per_week", "by": 1.0, "start": "2027-02-01"}}, "s: change 1 (scale) changes nothing"),
    "set to what it is": ({"set": {"path": "stages[Talk].exits[Offer].probability", "to": 0.5}}, "s: change 1 (set) changes nothing"),
    "adopted by nobody": ({"scale": {"path": "stages[Talk].exits[*].delay_days", "by": 0.5, "adoption": 0.0}}, "s: change 1 (scale) is adopted for no deal"),
    "after the run": ({"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2029-01-01"}}, "begins on 2029-01-01, after the run ends"),
    "a cost before the run": ({"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2026-06-01", "cost": {"once": 500.0}}},
                              "begins on 2026-06-01, before the run: its cost of 500 once is not in the result."),
    "for deals that there are not": ({"scale": {"path": "stages[Talk].exits[*].delay_days", "by": 0.5, "where": "amount > 900000000"}}, "no deal of the model meets that: it changes nothing."),
    "on the day after the last": ({"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2027-05-01"}}, "begins on 2027-05-01, after the run ends on 2027-04-30"),
    "hires whom no deal reaches": ({"hire": {"role": "AE", "count": 2, "region": "N"}}, "s: No deal can reach rep-4, rep-5 of role 'AE'"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_changes_nothing_is_said(name: str) -> None:
    body, words = CHANGES[name]
    found = late(change(body), firm())
    assert any(words in line for line in found), found


@pytest.mark.parametrize(
    "body",
    [{"scale": {"path": "channels[web].leads_per_week", "by": 1.1}}, {"set": {"path": "stages[Talk].exits[Offer].probability", "to": 0.6, "start": "2027-03-01"}},
     {"hire": {"role": "SE", "count": 1}}, {"hire": {"role": "AE", "territory": "region == N"}}, {"leave": {"role": "SE", "count": 1, "start": "2027-02-01"}},
     {"scale": {"path": "stages[Talk].tasks[AE].work_hours", "by": 0.5, "start": "2027-02-01", "adoption": 0.5}}],
)  # fmt: skip
def test_a_change_that_does_something_has_no_note(body: dict[str, Any]) -> None:
    assert late(change(body), firm()) == []


def test_a_hint_speaks_of_what_may_be_compared() -> None:
    with pytest.raises(ss.InvalidModelError, match=r"segment, channel, product, region with a value.*example segment == NAME"):
        firm(events=[{"name": "fair", "start": "2027-03-01", "win_logit": 0.1, "where": "amount > 5"}])
    with pytest.raises(ss.InvalidModelError, match="only discount is a share"):
        firm(stages=stage(1, when="amount > 10%"))


def test_a_kpi_by_what_nobody_named_is_refused() -> None:
    for asked in ("bookings[team]", "won[product]"):
        with pytest.raises(ss.SimsalesError, match=r"is named in the model"):
            ss.replicate(firm(), 2, kpis=[asked])
    assert set(ss.replicate(firm(), 2, kpis=["bookings[region]"]).frame) >= {"bookings[region=N]", "bookings[region=S]"}


def test_a_change_on_the_last_day_still_changes_something() -> None:
    assert late(change({"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2027-04-30"}}), firm()) == []


@pytest.mark.parametrize(("path", "share", "said"), [("segments[smb].amount", 0.3, True), ("regions[N].amount_scale", 0.3, True), ("segments[smb].amount", 0.0, False), ("channels[web].leads_per_week", 0.3, False)])
def test_deals_of_another_size_cost_another_delivery_and_that_is_said(path: str, share: float, said: bool) -> None:  # noqa: FBT001 - pytest
    pricing = {"pricing": {"unit_cost_share": share}} if share else {}
    found = late(change({"scale": {"path": path, "by": 0.8}}), firm(**pricing))
    assert any("write price:" in line for line in found) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [([{"effort": {"off": True}}, {"plan": {"name": "p", "base": 1.0}}], True), ([{"set": {"path": "effort", "to": None}}, {"set": {"path": "plans[p].rates[0].rate", "to": 0.0}}], True),
     ([{"effort": {"elasticity": 0.0}}, {"plan": {"name": "p", "base": 1.0}}], True), ([{"effort": {"elasticity": 0.5}}, {"plan": {"name": "p", "base": 1.0}}], False),
     ([{"effort": {"off": True}}], False), ([{"plan": {"name": "p", "base": 1.0}}], False)],
)  # fmt: skip
def test_pay_and_the_reaction_to_pay_in_one_scenario_are_said_to_be_mixed(changes: list[dict[str, Any]], said: bool) -> None:  # noqa: FBT001 - pytest
    m = firm(plans={"p": {"base": 2.0, "quota": 5.0, "rates": [{"rate": 0.1}]}}, reps=[each | {"plan": "p"} for each in BASE["reps"]], effort={"elasticity": 0.3})
    found = late(ss.Scenario(name="s", changes=changes), m)  # type: ignore[arg-type]
    assert any("the difference is of both" in line for line in found) == said
    assert not any("the difference is of both" in line for line in late(ss.Scenario(name="s", changes=changes), m.model_copy(update={"effort": None})))  # type: ignore[arg-type]


@pytest.mark.parametrize(("back", "holds"), [(False, False), (True, True)])
def test_a_stage_without_a_way_back_is_visited_once(back: bool, holds: bool) -> None:  # noqa: FBT001 - pytest
    ways = [{"to": "Talk", "probability": 0.3}, {"to": "won", "probability": 0.7}] if back else WON
    found = idle_parts(firm(stages=stage(1, when="visit > 1", exits=ways)))
    assert any("holds for no deal" in line for line in found) != holds


def test_amounts_reach_as_far_as_regions_and_products_scale_them() -> None:
    gate = {"stages": stage(1, when="amount > 5000")}
    assert any("holds for no deal" in line for line in idle_parts(firm(**gate)))
    regions = [each | {"amount_scale": 1_000.0} for each in BASE["regions"]]
    assert not any("holds for no deal" in line for line in idle_parts(firm(**gate, regions=regions)))


def test_only_the_change_that_does_nothing_is_named() -> None:
    one, other = {"scale": {"path": "channels[web].leads_per_week", "by": 1.1}}, {"set": {"path": "stages[Talk].exits[Offer].probability", "to": 0.5}}
    found = idle_changes(ss.Scenario(name="s", changes=[one, other]), firm())  # type: ignore[list-item]
    assert found == ["s: change 2 (set) changes nothing: it leaves the model as it is."]


# conditions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [("discount > 15", "must compare discount with a share between 0 and 1, got 15. Hint: for 15 % write 15% or 0.15"), ("discount < 15", "must compare discount with a share"),
     ("discount >= -0.1", "must compare discount with a share"), ("amount > -5", "must compare amount with a number that a deal can have, got -5"),
     ("amount < 0", "must be able to hold, got 'amount < 0', which no deal meets"), ("discount > 100%", "must be able to hold"), ("visit < 1", "must be able to hold"),
     ("visit > 1 and visit < 2", "must be able to hold"), ("amount > 5 and amount < 3", "must be able to hold"), ("amount > 5 and amount <= 5", "must be able to hold"),
     ("segment == a and segment == b", "must be able to hold"), ("segment == a and segment != a", "must be able to hold"), ("visit == 1.5", "must be able to hold"),
     ("amount == 5 and amount != 5", "must be able to hold"), ("visit > 5000", "number that a deal can have")],
)  # fmt: skip
def test_a_condition_that_cannot_hold_is_refused_wherever_it_stands(text: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        parse_condition(text)
    with pytest.raises(ss.InvalidModelError, match=message):
        firm(stages=stage(1, when=text.replace("== a", "== smb").replace("!= a", "!= smb").replace("== b", "== mid")) if "segment" not in text else stage(1, when=text))
    if text.startswith("amount"):
        with pytest.raises(ss.InvalidModelError, match=message):
            firm(reps=rep(role="AE", territory=text))
        with pytest.raises(ss.InvalidModelError, match=message):
            change({"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "where": text}})


COMPARE = {">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt}
SIGNS = st.sampled_from(sorted(COMPARE))
CLAUSES = st.lists(
    st.one_of(st.tuples(st.just("amount"), SIGNS, st.integers(0, 4).map(float)), st.tuples(st.just("visit"), SIGNS, st.integers(0, 5).map(float)),
              st.tuples(st.just("segment"), st.sampled_from(["==", "!="]), st.sampled_from("abc"))), min_size=1, max_size=4)  # fmt: skip
GRID = [dict(zip(("amount", "visit", "segment"), point, strict=True)) for point in itertools.product([x / 2 for x in range(12)], range(1, 8), "abcd")]


def meets(clauses: Any, deal: dict[str, Any]) -> bool:
    return all(COMPARE[sign](deal[field], value) for field, sign, value in clauses)


@given(CLAUSES)
def test_never_and_always_are_what_trying_every_deal_says(clauses: Any) -> None:
    found = {meets(clauses, deal) for deal in GRID}
    assert verdict(clauses) == ("sometimes" if len(found) > 1 else "always" if True in found else "never")


@given(CLAUSES, CLAUSES)
def test_a_condition_implies_another_where_no_deal_tells_them_apart(narrow: Any, wide: Any) -> None:
    if verdict(narrow) != "never":
        assert implies(narrow, wide) == all(meets(wide, deal) for deal in GRID if meets(narrow, deal))


@given(CLAUSES, st.sets(st.sampled_from("abcd"), min_size=1), st.integers(0, 3), st.integers(1, 3))
def test_what_deals_can_be_narrows_the_answer(clauses: Any, segments: set[str], low: int, width: int) -> None:
    known: dict[str, Any] = {"segment": sorted(segments), "amount": (float(low), float(low + width))}
    deals = [deal for deal in GRID if deal["segment"] in segments and low <= deal["amount"] <= low + width]
    found = {meets(clauses, deal) for deal in deals}
    assert verdict(clauses, known) == ("sometimes" if len(found) > 1 else "always" if True in found else "never")
