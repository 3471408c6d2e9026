"""Working time: known calendars, a twin that steps minutes, changes of the clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from simsales.engine.clock import Clock, periods
from simsales.engine.worktime import WorkTime
from simsales.errors import InvalidModelError
from simsales.model.calendars import Calendar


def compiled(calendar: Calendar, day: str, days: float = 400.0) -> tuple[WorkTime, Clock]:
    zone = ZoneInfo(calendar.timezone)
    date = dt.date.fromisoformat(day)
    clock = Clock(dt.datetime(date.year, date.month, date.day, tzinfo=zone), zone)
    return WorkTime(calendar, clock, date, days), clock


def at(clock: Clock, text: str) -> float:
    return clock.days(dt.datetime.fromisoformat(text).replace(tzinfo=clock.zone).astimezone(dt.UTC))


def stepped_minutes(calendar: Calendar, work: WorkTime, clock: Clock, start: float, end: float) -> int:
    """The slow twin: count the open minutes between two moments, one by one, by local wall time."""
    from simsales.model.calendars import parse_days, parse_hours

    low, high = parse_hours(calendar.hours)
    out, back = parse_hours(calendar.lunch) if calendar.lunch else (25.0, 25.0)
    weekdays, total = parse_days(calendar.days), 0
    moment, last = clock.moment(start), clock.moment(end)
    while moment < last:
        local = moment.astimezone(clock.zone)
        hour = local.hour + local.minute / 60
        day = local.date()
        works = (day.weekday() in weekdays and day not in calendar.off) or day in calendar.extra
        if works and low <= hour < high and not out <= hour < back:
            total += 1
        moment += dt.timedelta(minutes=1)
    return total


def test_friday_evening_to_monday_morning_is_one_working_hour():
    work, clock = compiled(Calendar(hours="09:00-18:00"), "2027-01-01")
    friday, monday = at(clock, "2027-01-08T17:30"), at(clock, "2027-01-11T09:30")
    assert (monday - friday) * 24 == pytest.approx(64.0)
    assert work.hours_between(friday, monday) == pytest.approx(1.0)
    assert work.add(friday, 1.0) == pytest.approx(monday, abs=1e-12)


def test_china_works_on_make_up_days_and_rests_in_golden_week():
    calendar = Calendar(country="CN", timezone="Asia/Shanghai", hours="09:00-18:00")
    work, clock = compiled(calendar, "2025-01-01")
    assert work.is_open(at(clock, "2025-09-28T10:00"))  # a Sunday
    assert work.is_open(at(clock, "2025-10-11T10:00"))  # a Saturday
    for day in range(1, 9):
        assert not work.is_open(at(clock, f"2025-10-0{day}T10:00"))
    assert work.is_open(at(clock, "2025-10-09T10:00"))
    hours = work.hours_between(at(clock, "2025-01-01T00:00"), at(clock, "2026-01-01T00:00"))
    assert hours / 9.0 == pytest.approx(248.0)


def test_china_is_estimated_after_the_last_notice_and_says_so():
    calendar = Calendar(country="CN", timezone="Asia/Shanghai")
    work, _ = compiled(calendar, "2027-01-01", 300.0)
    assert any("no make-up days" in note for note in work.notes)
    assert compiled(calendar, "2025-01-01", 300.0)[0].notes == ()


CALENDARS = {
    "plain": Calendar(hours="09:00-17:30"),
    "lunch": Calendar(hours="09:00-18:00", lunch="12:00-13:30", days="mon-sat"),
    "spring forward": Calendar(hours="01:00-05:00", days="mon-sun", timezone="Europe/Berlin"),
    "whole weekdays": Calendar(hours="00:00-24:00", days="mon-fri", timezone="Europe/Berlin"),
    "exceptions": Calendar(off=("2027-03-29",), extra=("2027-03-27",), timezone="Asia/Shanghai"),
}


@pytest.mark.parametrize("name", CALENDARS)
def test_hours_agree_with_counting_minutes(name):
    calendar = CALENDARS[name]
    work, clock = compiled(calendar, "2027-03-20", 30.0)
    start = at(clock, "2027-03-24T10:17")
    for hours in (0.0, 5.2, 17.9, 41.0, 110.5, 170.0):  # across the change of the clock on 28 March
        end = start + hours / 24
        minutes = stepped_minutes(calendar, work, clock, start, end)
        assert work.hours_between(start, end) * 60 == pytest.approx(minutes, abs=1.01)


@pytest.mark.parametrize("name", CALENDARS)
def test_add_is_the_inverse_of_hours_between(name):
    work, clock = compiled(CALENDARS[name], "2027-03-20", 30.0)
    start = work.next_open(at(clock, "2027-03-24T10:17"))
    for hours in (0.1, 3.0, 8.0, 24.0, 100.0):
        end = work.add(start, hours)
        assert work.hours_between(start, end) == pytest.approx(hours, abs=1e-9)
        assert end > start


def test_openings_count_and_closings_do_not():
    work, clock = compiled(Calendar(hours="09:00-17:00"), "2027-01-04")
    assert work.is_open(at(clock, "2027-01-04T09:00"))
    assert not work.is_open(at(clock, "2027-01-04T17:00"))
    assert not work.is_open(at(clock, "2027-01-04T08:59"))
    assert work.next_open(at(clock, "2027-01-04T17:00")) == at(clock, "2027-01-05T09:00")
    assert work.next_open(at(clock, "2027-01-04T11:00")) == at(clock, "2027-01-04T11:00")


def test_work_that_just_fits_ends_at_closing_time():
    work, clock = compiled(Calendar(hours="09:00-17:00"), "2027-01-04")
    assert work.add(at(clock, "2027-01-04T09:00"), 8.0) == at(clock, "2027-01-04T17:00")
    assert work.add(at(clock, "2027-01-04T16:00"), 9.0) == at(clock, "2027-01-05T17:00")


def test_time_beyond_what_was_compiled_is_added():
    work, clock = compiled(Calendar(hours="09:00-17:00"), "2027-01-04", 10.0)
    far = at(clock, "2031-06-03T12:00")
    assert work.is_open(far)
    assert work.add(far, 8.0) == at(clock, "2031-06-04T12:00")
    assert work.hours_between(at(clock, "2027-01-04T00:00"), at(clock, "2027-01-11T00:00")) == pytest.approx(40.0)


def test_an_always_open_calendar_is_plain_arithmetic():
    work, _ = compiled(Calendar(hours="00:00-24:00", days="mon-sun"), "2027-01-04")
    assert (work.is_open(-3.7), work.next_open(-3.7), work.add(1.0, 36.0)) == (True, -3.7, 2.5)
    assert work.hours_between(1.0, 2.5) == 36.0
    assert work.hours_between(2.5, 1.0) == 0.0


def test_a_calendar_without_working_time_is_refused():
    days = tuple(dt.date(2027, 1, 1) + dt.timedelta(days=i) for i in range(800))
    with pytest.raises(InvalidModelError, match="calendar must have working time in every year.*Hint"):
        compiled(Calendar(off=days), "2027-01-04")


def test_periods_begin_at_local_midnight():
    zone = ZoneInfo("Asia/Shanghai")
    clock = Clock(dt.datetime(2027, 1, 1, tzinfo=dt.UTC), zone)
    quarters = periods(clock, "quarter", 10.0, 100.0)
    assert quarters.begins[0] == pytest.approx(-8 / 24)
    assert quarters.numbers == [2027 * 4, 2027 * 4 + 1]
    assert quarters.index(89.0) == 0
    assert quarters.index(90.0) == 1  # 08:00 in Shanghai on 1 April
