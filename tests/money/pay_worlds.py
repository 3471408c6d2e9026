"""Random organisations with pay plans that change by date, and what they pay: worked out anew, day by day and deal by deal.

Nothing here asks the package how a period is split, whose a win is or what a line comes to: only the log of a run (who won what
when, who worked on it, what was cancelled) and the plans as the generator made them.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from simsales.model.compensation import CompPlan
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.money.cash import cancelled_at

EPOCH = dt.date(2027, 1, 1)
END = dt.date(2027, 10, 1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
AMOUNTS = {"small": 1_000.0, "large": 3_000.0}
WORK = 10.0


def exact(value: float) -> Fraction:
    return Fraction(str(value))


def cents(value: Fraction) -> Fraction:
    """Half up, away from zero."""
    whole = int(abs(value) * 100 + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 100)


def day_of(date: dt.date) -> int:
    return (date - EPOCH).days


# worlds ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """A base, a scenario, and by which plan each rep is paid from which day on, as the generator meant it."""

    base: Model
    scenario: Scenario
    steps: tuple[tuple[int, dict[str, tuple[str, dict[str, Any]]]], ...]

    def plan(self, rep: str, day: int) -> tuple[str, dict[str, Any]]:
        """Name and fields of the plan that pays a rep on a day."""
        return [people for begin, people in self.steps if begin <= day][-1][rep]


def date(rng: random.Random) -> str:
    return (EPOCH + dt.timedelta(days=rng.randrange(1, 250))).isoformat()


def plan(rng: random.Random, others: str) -> dict[str, Any]:
    """A plan of any shape; `others` is the role that may get a split."""
    quota = float(rng.randrange(20, 90) * 1_000)
    bounds = sorted(rng.sample([0.3, 0.5, 0.8, 1.0, 1.3], rng.randrange(3)))
    fields: dict[str, Any] = {
        "base": float(rng.randrange(4) * 12_345), "period": rng.choice(["month", "quarter", "year"]),
        "rates": [*({"upto": b, "rate": rng.randrange(20) / 100} for b in bounds), {"rate": rng.randrange(1, 20) / 100}],
    }  # fmt: skip
    fields["quota"] = quota * MONTHS[fields["period"]] / 3
    maybe = {
        "threshold": rng.choice([0.2, 0.6]), "cap": rng.choice([1.1, 1.5]),
        "bonuses": [{"at": rng.choice([0.4, 1.0]), "amount": 777.77}],
        "penalties": [{"at_below": rng.choice([0.4, 0.9]), "amount": -123.45}],
        "draw": {"amount_per_period": rng.choice([300.0, 3_000.0]), "recoverable": rng.random() < 0.5},
        "clawback": {"within_days": rng.choice([20.0, 90.0]), "share": rng.choice([0.5, 1.0])},
        "ratchet": {"up": 0.5, "down": 0.2}, "ramp_relief": True,
        "splits": [{"role": others, "share": 0.3, "overlay": rng.random() < 0.5}],
        "spiffs": [{"name": "x", "start": date(rng), "until": "2027-12-31", "rate": 0.01, "amount_per_win": 25.0}
                   | ({"where": "segment == large"} if rng.random() < 0.5 else {})],
    }  # fmt: skip
    if rng.random() < 0.5:
        maybe["threshold_from"] = "threshold"
    return fields | {name: value for name, value in maybe.items() if rng.random() < 0.4}


def world(seed: int) -> World:
    """An organisation of three people and a scenario with up to four changes of pay."""
    rng = random.Random(seed)
    ramp = {"months": 6.0, "start": 0.2}
    reps = [
        {"name": "Ada", "role": "AE", "plan": "a"},
        {"name": "Bo", "role": "AE", "plan": "a", "hired": date(rng), "ramp": ramp},
        {"name": "Sam", "role": "SE", "plan": "s"} | ({"leaves": date(rng)} if rng.random() < 0.5 else {}),
    ]
    plans = {"a": plan(rng, "SE"), "s": plan(rng, "AE")}
    base = Model(
        epoch="2027-01-01T00:00+00:00", calendar={"timezone": "UTC", "hours": "00:00-24:00", "days": "mon-sun"}, horizon_days=273.0,
        channels=[{"name": "web", "leads_per_week": 14.0, "segments": {"small": 0.75, "large": 0.25}}],
        segments=[{"name": name, "amount": amount} for name, amount in AMOUNTS.items()],
        roles=[{"name": "AE", "routing": "least_loaded"}, {"name": "SE"}], reps=reps, plans=plans,
        stages=[{"name": "S", "tasks": [{"role": "AE", "work_hours": WORK}, {"role": "SE", "work_hours": 1.0}],
                 "exits": [{"to": "won", "probability": 0.6, "delay_days": {"exponential": {"mean": 5.0}}}, {"to": "lost", "probability": 0.4, "delay_days": 3.0}]}],
        terms={"cancel_share": 0.2, "cancel_days": {"exponential": {"mean": 30.0}}},
        effort={"elasticity": 0.4, "minimum": 0.5, "maximum": 2.0},
    )  # fmt: skip
    changes, steps = [], {-10**6: {rep["name"]: (rep["plan"], plans[rep["plan"]]) for rep in reps}}
    dates = sorted({date(rng) for _ in range(rng.randrange(4))})
    starts: list[str | None] = [*([None] if rng.random() < 0.4 else []), *dates]
    people = dict(steps[-10**6])
    for number, start in enumerate(starts):
        change, people = _changed(rng, number, people, plans)
        kind = next(iter(change))
        changes.append({kind: change[kind] | ({} if start is None else {"start": start})})
        steps[-10**6 if start is None else day_of(dt.date.fromisoformat(start))] = people
    return World(base, Scenario(name="s", changes=changes), tuple(sorted(steps.items())))


def _changed(rng: random.Random, number: int, people: dict[str, Any], plans: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """One change of pay, and who is paid how after it; `plans` follows."""
    way = rng.randrange(3)
    name = rng.choice(sorted(plans))
    if way == 0:  # a number by its path
        rate = rng.randrange(30) / 100
        plans[name] = plans[name] | {"rates": [plans[name]["rates"][0] | {"rate": rate}, *plans[name]["rates"][1:]]}
        change = {"set": {"path": f"plans[{name}].rates[0].rate", "to": rate}}
    elif way == 1:  # some fields
        new = {key: value for key, value in plan(rng, "SE").items() if key not in ("splits", "ratchet") and rng.random() < 0.5}
        new = {"base": 36_500.0} | new
        if "period" in new:
            new["quota"] = plans[name]["quota"]
        plans[name] = plans[name] | new
        change = {"plan": {"name": name, **new}}
    else:  # a new plan for the AEs
        name = f"new {number}"
        plans[name] = plan(rng, "SE")
        change = {"plan": {"name": name, "role": "AE", **plans[name]}}
        people = {rep: (name if rep != "Sam" else old, fields) for rep, (old, fields) in people.items()}
    return change, {rep: (old, plans[old]) for rep, (old, _) in people.items()}


# what is paid ---------------------------------------------------------------------------------------


@dataclass
class Part:
    """Days of one rep in one calendar period under one plan."""

    days: list[int]
    name: str
    comp: CompPlan
    opens: int
    closes: int
    begin: int
    end: int
    """From when to when a deal counts here."""
    present: int = 0
    """The rep's days in the calendar period."""


def bounds(period: str, day: int) -> tuple[int, int]:
    """First day of the calendar period around a day, and of the next one."""
    at, n = EPOCH + dt.timedelta(days=day), MONTHS[period]
    month = (at.month - 1) // n * n
    after = at.year * 12 + month + n
    return day_of(dt.date(at.year, month + 1, 1)), day_of(dt.date(after // 12, after % 12 + 1, 1))


def parts_of(where: World, rep: str, employed: range) -> list[Part]:
    """Walk day by day: a part ends where the calendar period or the plan does."""
    found: list[Part] = []
    changes = [begin for begin, _ in where.steps[1:] if where.plan(rep, begin) != where.plan(rep, begin - 1)]
    for day in employed:
        name, fields = where.plan(rep, day)
        if found and day < found[-1].end:
            found[-1].days.append(day)
            continue
        comp = CompPlan(**fields)
        opens, closes = bounds(comp.period, day)
        begin = max([opens, *(at for at in changes if at <= day)])
        end = min([closes, *(at for at in changes if at > day)])
        found.append(Part([day], name, comp, opens, closes, begin, end))
    for part in found:
        part.present = sum(part.opens <= day < part.closes for day in employed)
    return found


def employment(model: Model, until: int) -> dict[str, range]:
    days = {}
    for rep in model.reps:
        first = 0 if rep.hired is None else max(day_of(rep.hired), 0)
        last = until if rep.leaves is None else min(day_of(rep.leaves), until)
        days[str(rep.name)] = range(first, max(last, first))
    return days


@dataclass(frozen=True)
class Win:
    """A win as one rep is credited for it."""

    day: float
    share: Fraction
    amount: Fraction
    segment: str
    cancelled: float


def wins_of(log: Any, parts: dict[str, list[Part]]) -> dict[str, list[Win]]:
    """Go deal by deal: who owned it, and which other role's last worker has a share."""
    names, found = list(log.plan.reps), {name: [] for name in log.plan.reps}
    cancelled = cancelled_at(log)
    role = {"Ada": "AE", "Bo": "AE", "Sam": "SE"}
    for deal in [i for i, status in enumerate(log.deal.status.tolist()) if status == -1]:
        day, amount = float(log.deal.closed[deal]), exact(float(log.deal.amount[deal]))
        owner = names[int(log.deal.owner[deal])]
        segment = log.plan.segments[int(log.deal.segment[deal])]

        def there(rep: str, day: float = day) -> Part | None:
            return next((part for part in parts[rep] if part.begin <= day < part.end), None)

        mine = there(owner)
        if mine is None:
            continue
        left = Fraction(1)
        worked = [(float(s), names[r]) for s, r, d in zip(log.task.started, log.task.rep, log.task.deal, strict=True) if d == deal and r >= 0]
        for split in mine.comp.splits:
            last = [rep for _, rep in sorted(worked) if role[rep] == split.role][-1:]
            if last and last[0] != owner and there(last[0]) is not None:
                found[last[0]].append(Win(day, exact(split.share), amount, segment, float(cancelled[deal])))
                left -= Fraction(0) if split.overlay else exact(split.share)
        found[owner].append(Win(day, left, amount, segment, float(cancelled[deal])))
    return found


def goal(model: Model, rep: str, part: Part) -> tuple[Fraction, Fraction]:
    """Share of the calendar period, and mean of the ramp over the part's days (each at its middle)."""
    share = Fraction(len(part.days), part.closes - part.opens)
    person = next(each for each in model.reps if each.name == rep)
    if not part.comp.ramp_relief or person.ramp is None or person.hired is None:
        return share, Fraction(1)
    length = person.ramp.months * 365.25 / 12
    ages = [day + 0.5 - day_of(person.hired) for day in part.days]
    mean = sum(1.0 if age >= length else 0.2 + 0.8 * age / length for age in ages) / len(ages)
    return share, exact(round(mean, 6))


def earned(part: Part, quota: Fraction, wins: list[Win]) -> tuple[Fraction, Fraction]:
    """What deals earn (commission, bonuses, SPIFFs), and the penalties."""
    comp = part.comp
    sold = sum((win.amount * win.share for win in wins), Fraction(0))
    top = sold if comp.cap is None else min(sold, exact(comp.cap) * quota)
    floor = Fraction(0)
    pays = comp.threshold is None or top >= exact(comp.threshold) * quota
    if comp.threshold is not None and comp.threshold_from == "threshold":
        floor = exact(comp.threshold) * quota
    total, low = Fraction(0), Fraction(0)
    for rate in comp.rates:
        high = top if rate.upto is None else min(exact(rate.upto) * quota, top)
        if pays and high > max(low, floor):
            total += cents((high - max(low, floor)) * exact(rate.rate))
        low = max(low, high)
    lump = Fraction(len(part.days), part.present)
    for bonus in comp.bonuses:
        if sold >= exact(bonus.at) * quota and (comp.cap is None or bonus.at <= comp.cap):
            total += cents(exact(bonus.amount) * lump)
    for spiff in comp.spiffs:
        days = range(day_of(spiff.start), day_of(spiff.until) + 1)
        mine = [win for win in wins if int(win.day // 1) in days and (spiff.where is None or win.segment == "large")]
        total += cents(sum((win.amount * win.share for win in mine), Fraction(0)) * exact(spiff.rate))
        total += cents(sum((win.share for win in mine), Fraction(0)) * exact(spiff.amount_per_win))
    missed = [cents(exact(each.amount) * lump) for each in comp.penalties if sold < exact(each.at_below) * quota]
    return total, sum(missed, Fraction(0))


def pay_of(model: Model, rep: str, parts: list[Part], wins: list[Win], until: int) -> list[Fraction]:
    """What a rep is paid for each part, advances and what is taken back included."""
    found: list[Fraction] = []
    done: list[tuple[Part, Fraction, list[Win]]] = []
    owed, quota, track = Fraction(0), Fraction(0), None
    sold = weight = Fraction(0)
    for i, part in enumerate(parts):
        stated = (part.name, part.comp.quota, part.comp.period)
        if stated != track:
            track, quota, sold, weight = stated, exact(part.comp.quota), Fraction(0), Fraction(0)
        share, relief = goal(model, rep, part)
        mine = [win for win in wins if part.begin <= win.day < part.end]
        due = quota * share * relief
        done.append((part, due, mine))
        gains, losses = earned(part, due, mine)
        variable = gains + losses
        since, to = (parts[i - 1].end if i else part.begin), min(part.end, until)
        for old, old_due, old_wins in done:
            rule = old.comp.clawback
            if rule is None:
                continue

            def kept(before: float, rule: Any = rule, old_wins: Any = old_wins) -> list[Win]:
                return [w for w in old_wins if w.cancelled >= before or w.cancelled - w.day > rule.within_days]

            if len(kept(since)) != len(kept(to)):
                gone = earned(old, old_due, kept(since))[0] - earned(old, old_due, kept(to))[0]
                variable -= cents(gone * exact(rule.share))
        draw = part.comp.draw
        if draw is not None:
            least = cents(exact(draw.amount_per_period) * share)
            if variable < least:
                owed += least - variable if draw.recoverable else 0
                variable = least
            else:
                back = min(owed, variable - least)
                owed, variable = owed - back, variable - back
        found.append(variable + cents(exact(part.comp.base) * len(part.days) / 365))
        if part.comp.ratchet is not None:
            sold, weight = sold + sum((w.amount * w.share for w in mine), Fraction(0)), weight + share * relief
            if i + 1 == len(parts) or (parts[i + 1].opens, parts[i + 1].comp.period) != (part.opens, part.comp.period):
                gap = sold / weight - quota
                quota = max(cents(quota + exact(part.comp.ratchet.up if gap > 0 else part.comp.ratchet.down) * gap), Fraction(1, 100))
                sold = weight = Fraction(0)
    return found
