"""Over random plans and dates: what is paid is the sum of what was announced day by day, and effort answers to the same."""

from __future__ import annotations

import math
from functools import cache

import pytest
from pay_worlds import END, WORK, Part, World, day_of, employment, exact, parts_of, pay_of, wins_of, world

from simsales.engine import rules, simulate
from simsales.engine.pay import average_rate, pay_rule
from simsales.facts import from_log
from simsales.model.apply import apply
from simsales.model.compensation import CompPlan
from simsales.money.payroll import statements

UNTIL = day_of(END)
SEEDS = range(20)


@cache
def run(seed: int):
    where = world(seed)
    log = simulate(apply(where.scenario, where.base), seed=seed, until="2027-09-30")
    parts = {rep: parts_of(where, rep, days) for rep, days in employment(where.base, UNTIL).items()}
    return where, log, parts, wins_of(log, parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_total_pay_is_the_sum_of_what_was_announced(seed):
    where, log, parts, wins = run(seed)
    found = {name: [pay.total for term, pay in statements(from_log(log)) if log.plan.reps[term.rep] == name] for name in parts}
    for rep, mine in parts.items():
        expected = pay_of(where.base, rep, mine, wins[rep], UNTIL)
        assert [exact(each) for each in found[rep]] == expected
    assert sum(map(len, wins.values())) > 40


# effort ---------------------------------------------------------------------------------------------


def announced(where: World, rep: str, part: Part, hired: float) -> tuple[rules.PayRule, float]:
    """The rates of a part with the quota and lump sums that pay if nothing changes any more, and since when it counts."""
    begin = max(float(part.begin), hired, 0.0)
    days, whole = part.closes - math.floor(begin), part.closes - part.opens
    lump = days / (part.closes - max(part.opens, math.floor(max(hired, 0.0))))
    comp = CompPlan(**dict(part.comp) | {"quota": part.comp.quota * days / whole})
    lumps = {name: [each.model_copy(update={"amount": each.amount * lump}) for each in getattr(comp, name)] for name in ("bonuses", "penalties")}
    model = where.base.model_copy(update={"plans": {**where.base.plans, "p": comp.model_copy(update=lumps)}})
    before = next(each.plan for each in where.base.reps if each.name == rep)
    return pay_rule("p", model, where.base.plans[before]), begin


@pytest.mark.parametrize("seed", SEEDS)
def test_effort_answers_to_the_pay_of_the_day(seed):
    """Each task's effort is the closed form of the plan that pays on that day and of the wins that it credits."""
    where, log, parts, wins = run(seed)
    hired, checked = {name: float(day) for name, day in zip(log.plan.reps, log.plan.rep_hired, strict=True)}, 0
    effort = where.base.effort
    ended = log.task.ended < UNTIL
    columns = (log.task.rep, log.task.started, log.task.work_hours, log.task.role)
    for rep, day, hours, role in zip(*(column[ended] for column in columns), strict=True):
        name = log.plan.reps[rep] if rep >= 0 else ""
        part = next((part for part in parts.get(name, []) if part.begin <= day < part.end), None)
        if part is None or log.plan.roles[role] != "AE" or part.comp.ratchet is not None or part.comp.ramp_relief or name != "Ada":
            continue
        rule, begin = announced(where, name, part, hired[name])
        sold = sum(float(win.amount * win.share) for win in wins[name] if part.begin <= win.day < day)
        left = (part.closes - day) / (part.closes - begin)
        finish = rules.projected_finish(sold, rule.quota, day - begin, part.closes - begin)
        pay = rules.marginal_pay(rule, finish, rule.quota * max(effort.horizon_sd * math.sqrt(left), 1e-6))
        today = log.plan.clock.date(day)
        pay += sum(rate for first, last, rate in rule.spiffs if first <= today <= last)
        expected = rules.effort(pay, average_rate(where.base.plans["a"]), effort.elasticity, effort.minimum, effort.maximum)
        assert WORK / hours == pytest.approx(expected, rel=1e-6)
        checked += 1
    assert checked > 20 or any(part.comp.ratchet or part.comp.ramp_relief for part in parts["Ada"])
