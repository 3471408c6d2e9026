"""Stage names: five vocabularies, one ladder, the journey, and who does what."""

from __future__ import annotations

import pytest

from simsales.errors import InvalidInputError
from simsales.model.vocabulary import (
    ALIASES,
    CANONICAL,
    JOINED,
    JOURNEY,
    JOURNEY_ZH,
    ROLE_MATRIX,
    ROLES_ZH,
    VOCABULARIES,
    canonical,
    journey,
    leading_role,
)


@pytest.mark.parametrize(("vocabulary", "size"), [("seven_steps", 7), ("linear_six", 6), ("short_five", 5), ("funnel_seven", 7), ("approval_seven", 7)])
def test_every_name_of_each_vocabulary_maps_in_order(vocabulary: str, size: int) -> None:
    names = VOCABULARIES[vocabulary]
    assert len(names) == size
    places = [CANONICAL.index(stage) for name in names for stage in canonical(name)]
    assert places == sorted(places)


def test_there_are_five_and_only_one_has_an_approval() -> None:
    assert len(VOCABULARIES) == 5
    assert [name for name, stages in VOCABULARIES.items() if ("approval",) in map(canonical, stages)] == ["approval_seven"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("潜在客户开发", ("prospecting",)), ("客户识别", ("prospecting",)), ("初步接触", ("first_contact",)),
        ("需求分析与定位", ("needs",)), ("产品展示与推广", ("solution",)), ("方案介绍", ("solution",)), ("提案", ("quote",)),
        ("商务谈判与异议处理", ("negotiation",)), ("决策审批过程", ("approval",)), ("合同签订与执行", ("won",)),
        ("售后服务及跟进反馈", ("after_sales",)), ("后续跟进", ("after_sales",)),
        ("初步接触与需求了解", ("first_contact", "needs")), ("客户识别与初步接触", ("prospecting", "first_contact")),
        ("客户识别与需求分析", ("prospecting", "needs")), ("产品（或服务）介绍与报价", ("solution", "quote")),
        ("提案与谈判", ("quote", "negotiation")), ("谈判与报价", ("quote", "negotiation")),
        ("需求分析与目标设定", ("needs",)), ("产品介绍与解决方案", ("solution",)), ("谈判与签约", ("negotiation", "won")), ("交付与跟进", ("after_sales",)),
        ("需求分析 Discovery", ("needs",)), ("签约 Closing", ("won",)),
        ("After-Sales", ("after_sales",)), (" closed_won ", ("won",)), ("Demo and proposal", ("solution", "quote")),
    ],
)  # fmt: skip
def test_names_map_to_the_ladder(name: str, expected: tuple[str, ...]) -> None:
    assert canonical(name) == expected


def test_every_alias_and_joined_name_maps() -> None:
    assert {alias: canonical(alias) for names in ALIASES.values() for alias in names} == {
        alias: (name,) for name, names in ALIASES.items() for alias in names
    }
    assert {name: canonical(name) for name in JOINED} == JOINED


def test_the_journey_follows_the_stage() -> None:
    assert [journey(name) for name in VOCABULARIES["funnel_seven"]] == [
        ("awareness",), ("consideration",), ("consideration",), ("consideration", "decision"), ("decision",), ("decision",),
        ("retention",),
    ]  # fmt: skip
    assert journey("客户识别与初步接触") == ("awareness", "consideration")
    assert set(JOURNEY) == set(CANONICAL)
    assert {state for states in JOURNEY.values() for state in states} == set(JOURNEY_ZH)


def test_the_role_matrix_has_one_lead_a_stage() -> None:
    for coding in ROLE_MATRIX.values():
        assert set(coding) == set(ROLES_ZH)
        assert sorted(coding.values()).count("L") == 1
    assert [leading_role(stage) for stage in ROLE_MATRIX] == ["BD", "SC", "AM", "AM", "AM"]
    assert [coding["TS"] for coding in ROLE_MATRIX.values()] == ["", "A", "W", "A", "W"]


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInputError, match=r"stage name must be one that the vocabulary knows, got 'negotation'. Hint: did you mean 'negotiation'"):
        canonical("negotation")
    with pytest.raises(InvalidInputError, match="got '报价与跳舞'"):
        canonical("报价与跳舞")
    with pytest.raises(InvalidInputError, match=r"stage must be one of the role matrix, got 'need'. Hint: did you mean 'needs'"):
        leading_role("need")
