"""Names of stages: one canonical ladder, the names that texts and CRMs use for it, and where the customer stands.

Two processes can be compared only if their stages have the same names; this is the dictionary between them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from simsales.errors import InvalidInputError, did_you_mean, got

__all__ = [
    "ALIASES", "CANONICAL", "JOINED", "JOURNEY", "JOURNEY_ZH", "ROLES_ZH", "ROLE_MATRIX", "VOCABULARIES", "canonical",
    "journey", "leading_role",
]  # fmt: skip

Coding = Literal["L", "W", "A", ""]

CANONICAL = (
    "prospecting", "first_contact", "needs", "solution", "quote", "negotiation", "approval", "won", "after_sales",
)  # fmt: skip
"""The canonical stages, in order."""

ALIASES: dict[str, tuple[str, ...]] = {
    "prospecting": ("潜在客户开发", "客户开发", "潜在客户识别", "潜在客户挖掘", "客户识别", "prospect", "lead"),
    "first_contact": ("初步接触", "first contact", "contacted", "qualification", "qualify"),
    "needs": ("需求分析", "需求了解", "需求分析与定位", "需求分析与目标设定", "需求收集", "needs analysis", "discovery"),
    "solution": ("产品展示与方案介绍", "产品介绍与演示", "产品展示与推广", "方案制定", "方案介绍", "产品(或服务)介绍", "产品介绍与解决方案",
                 "产品展示与推荐", "demo", "presentation"),
    "quote": ("报价", "提案", "proposal", "quotation", "offer"),
    "negotiation": ("谈判", "商务谈判", "商务谈判与异议处理", "negotiate"),
    "approval": ("决策审批过程", "contract approval", "discount approval", "deal desk"),
    "won": ("成交", "签约", "合同签订与执行", "closing", "signing", "closed won", "contract"),
    "after_sales": (
        "售后", "售后服务", "售后服务及跟进反馈", "售后服务与客户关系维护", "客户关系维护", "后续跟进", "交付与跟进",
        "持续改进与关系维护", "after sales", "delivery",
    ),
}  # fmt: skip
"""What else each canonical stage is called."""

JOINED: dict[str, tuple[str, ...]] = {
    "初步接触与需求了解": ("first_contact", "needs"),
    "客户识别与初步接触": ("prospecting", "first_contact"),
    "客户识别与需求分析": ("prospecting", "needs"),
    "产品(或服务)介绍与报价": ("solution", "quote"),
    "提案与谈判": ("quote", "negotiation"),
    "谈判与报价": ("quote", "negotiation"),
    "成交与后续": ("won", "after_sales"),
}
"""Names that cover two canonical stages, in the ladder's order."""

JOURNEY: dict[str, tuple[str, ...]] = {
    "prospecting": ("awareness",),
    "first_contact": ("consideration",),
    "needs": ("consideration",),
    "solution": ("consideration", "decision"),
    "quote": ("decision",),
    "negotiation": ("decision",),
    "approval": ("decision",),
    "won": ("decision",),
    "after_sales": ("retention",),
}
"""Where the customer stands in each canonical stage; two states where the stage leads from one to the other."""

JOURNEY_ZH = {"awareness": "意识", "consideration": "考虑", "decision": "决策", "retention": "留存"}

VOCABULARIES: dict[str, tuple[str, ...]] = {
    "seven_steps": ("客户开发", "需求分析", "方案制定", "报价", "谈判", "签约", "售后"),
    "linear_six": (
        "潜在客户挖掘", "初步接触与需求了解", "产品展示与方案介绍", "商务谈判与异议处理", "合同签订与执行",
        "售后服务与客户关系维护",
    ),
    "short_five": ("客户识别与初步接触", "需求分析与定位", "产品介绍与演示", "谈判与报价", "售后服务及跟进反馈"),
    "funnel_seven": ("潜在客户开发", "初步接触", "需求分析", "方案制定", "商务谈判", "成交", "售后服务"),
    "approval_seven": ("潜在客户识别", "初步接触", "需求了解", "提案与谈判", "决策审批过程", "签约", "客户关系维护"),
}  # fmt: skip
"""Five ways to name a sales process. The first and the fourth are cited as they stand in texts on sales management; the
others put the texts' stage names (see `ALIASES` and `JOINED`) in the order of the ladder."""

ROLES_ZH = {"AM": "客户经理", "TS": "技术销售", "SC": "解决方案顾问", "BD": "商务拓展"}

ROLE_MATRIX: dict[str, dict[str, Coding]] = {
    "prospecting": {"AM": "W", "TS": "", "SC": "", "BD": "L"},
    "needs": {"AM": "W", "TS": "A", "SC": "L", "BD": ""},
    "solution": {"AM": "L", "TS": "W", "SC": "W", "BD": "W"},
    "negotiation": {"AM": "L", "TS": "A", "SC": "A", "BD": "W"},
    "close_and_after": {"AM": "L", "TS": "W", "SC": "W", "BD": "W"},
}
"""Who does what in role-based selling: L leads, W has a work item of its own, A assists, empty: little or nothing."""

_JOINTS = re.compile(r"与|及|和|、|\+|&|/|->|→|\band\b|(?<=[\u4e00-\u9fff])\s+(?=[a-z])")


def _key(name: str) -> str:
    """Return a name without what writers vary: width of brackets, case, spaces, underscores and dashes."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.sub(r"[_\-\u2010-\u2015]", " ", plain).split())


def _table() -> dict[str, tuple[str, ...]]:
    """Return what every known name stands for."""
    table = {_key(name): (name,) for name in CANONICAL}
    table |= {_key(alias): (name,) for name, aliases in ALIASES.items() for alias in aliases}
    return table | {_key(name): parts for name, parts in JOINED.items()}


_TABLE = _table()


def canonical(name: str) -> tuple[str, ...]:
    """Return the canonical stages that a stage name stands for.

    Parameters
    ----------
    name : str
        A canonical name, an alias, or aliases joined by 与, 及, ``and``, ``/`` or ``&``, or a name in two languages.

    Returns
    -------
    tuple of str
        In the ladder's order; two for a name that covers two stages.

    Raises
    ------
    InvalidInputError
        If the name, or a part of it, is not known.

    Examples
    --------
    >>> canonical("需求分析")
    ('needs',)
    >>> canonical("谈判与报价")
    ('quote', 'negotiation')
    >>> canonical("Discovery / Demo")
    ('needs', 'solution')
    """
    known = _TABLE.get(_key(name))
    if known is not None:
        return known
    parts = [_TABLE.get(_key(part)) for part in _JOINTS.split(unicodedata.normalize("NFKC", name).casefold())]
    if len(parts) > 1 and all(parts):
        found = {stage for part in parts if part for stage in part}
        return tuple(stage for stage in CANONICAL if stage in found)
    message = (
        f"stage name must be one that the vocabulary knows, got {got(name)}. "
        f"{did_you_mean(_key(name), [*CANONICAL, *(key for key in _TABLE if key not in CANONICAL)])}"
    )
    raise InvalidInputError(message)


def journey(name: str) -> tuple[str, ...]:
    """Return where the customer stands in a stage: awareness, consideration, decision or retention.

    Parameters
    ----------
    name : str
        As for :func:`canonical`.

    Returns
    -------
    tuple of str
        In order, each once; several where the stage leads from one state to the next.

    Raises
    ------
    InvalidInputError
        If the name is not known.

    Examples
    --------
    >>> journey("售后服务"), journey("方案制定")
    (('retention',), ('consideration', 'decision'))
    """
    return tuple(dict.fromkeys(state for stage in canonical(name) for state in JOURNEY[stage]))


def leading_role(stage: str) -> str:
    """Return the role that leads a stage of the role matrix.

    Raises
    ------
    InvalidInputError
        If the matrix has no such stage.

    Examples
    --------
    >>> leading_role("needs"), ROLES_ZH[leading_role("needs")]
    ('SC', '解决方案顾问')
    """
    if stage not in ROLE_MATRIX:
        message = f"stage must be one of the role matrix, got {got(stage)}. {did_you_mean(stage, ROLE_MATRIX)}"
        raise InvalidInputError(message)
    return next(role for role, coding in ROLE_MATRIX[stage].items() if coding == "L")
