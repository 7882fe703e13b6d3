"""Words for people: Chinese first, the English term beside it. Names come from the policy and the registers."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from streams.policy.loader import bundled_documents

GRADES = {1: "特别重大 extra-major (I)", 2: "重大 major (II)", 3: "较大 serious (III)", 4: "一般 general (IV)"}
LEVELS = {1: "一级 level I", 2: "二级 level II", 3: "三级 level III", 4: "四级 level IV"}
FAMILIES = {
    "WSA": "生产安全事故 work safety",
    "MRE": "医疗卫生救援 medical rescue",
    "PHE": "突发公共卫生事件 public health",
    "EQ": "地震 earthquake",
    "EQi": "地震初判 earthquake, initial",
    "NDR": "自然灾害救助 disaster relief",
    "NDRn": "自然灾害救助（国家）disaster relief, national",
    "NDRc": "自然灾害救助（市）disaster relief, city",
}
DEPARTMENTS = {"health": "卫健 health", "emergency_management": "应急 emergency management"}
FIGURES = {
    "deaths": "死亡 dead",
    "missing": "失踪 missing",
    "injured": "受伤 injured",
    "serious": "重伤 serious",
    "critical": "危重 critical",
    "casualties": "伤亡 casualties",
    "cases": "病例 cases",
    "people": "转移安置 relocated",
    "evacuated": "疏散 evacuated",
}
REASONS = {
    "lacks_capability": "能力不符 lacks capability",
    "committed": "已调派 already committed",
    "busy": "占用 busy",
    "rest": "轮休 resting",
    "out_of_service": "停用 out of service",
    "quarantined": "隔离 quarantined",
    "expired": "过期 expired",
    "empty": "无余量 empty",
    "floor": "保底储备 reserve floor",
    "group_reserve": "队伍留守 group reserve",
    "too_far": "超出首批时限 beyond first wave",
    "no_travel_time": "无路程 no travel time",
    "declined": "已谢绝 declined",
    "requisition_only": "仅限征用 requisition only",
    "tier_closed": "床位层级未开 tier closed",
    "delegated": "已下放 delegated",
    "not_local": "非本地资源 not local",
}
OUTCOMES = {
    "committed": "已满足 filled",
    "partly_committed": "部分满足 partly filled",
    "pending_authorization": "待授权 pending_authorization",
    "short": "不足 short",
}
GROUNDS = {
    "above_floor": "最近可用且不动保底 nearest above floor",
    "own_reserve": "动用本区保底 own reserve",
    "waived_floor": "豁免保底 floor waived",
    "preempted": "改派 preempted",
    "requisition": "征用 requisition",
    "by_node": "失联节点自主 by a cut-off node",
    "by_hand": "人工指定 by hand",
    "mutual_aid": "区域互助 mutual aid",
}
NEEDS = {
    "medical": "医疗救治 medical",
    "sanitation": "卫生防疫、洗消 sanitation and decontamination",
    "psychosocial": "心理援助 psychosocial",
    "shelter": "安置 shelter",
    "supplies": "物资 supplies",
    "reconnaissance": "侦察 reconnaissance",
}
RULES = {
    "E9": "较大以上突发公共卫生事件 serious or worse public-health emergency",
    "E10": "一般事件趋势恶化 general one that gets worse",
    "E11": "总指挥指令 order of the commander-in-chief",
    "W2": "视情转入联合指挥 joint command as the case requires",
    "D3": "重大事件前方专班 forward working group",
}
PROPOSALS = {
    "start_response": "启动响应 start response",
    "raise_response": "提级 raise response",
    "lower_response": "降级 lower response",
    "end_response": "终止响应 end response",
    "joint": "联动机制 joint mechanism",
    "merge": "合并事件 merge incidents",
}
TIERS_OF_GOVERNMENT = {
    "district": "县（区）district",
    "city": "市 city",
    "province": "省 province",
    "nation": "国家 nation",
}


@cache
def policy_words() -> Mapping[str, str]:
    """Names that policy entries give to what they are about: offices, groups, resource kinds, hazards."""
    found: dict[str, str] = {}
    for text in bundled_documents().values():
        _collect(YAML(typ="safe").load(text), found)
    return found


def _collect(tree: Any, found: dict[str, str]) -> None:
    if isinstance(tree, list):
        for item in tree:
            _collect(item, found)
    elif isinstance(tree, dict):
        name = tree.get("name") if isinstance(tree.get("name"), dict) else tree
        key = (tree.get("group") if "template" in tree else None) or tree.get("kind") or tree.get("id")
        if isinstance(name, dict) and isinstance(key, str) and "zh" in name:
            found.setdefault(key, f"{name['zh']} {name.get('en', key)}")
        for item in tree.values():
            _collect(item, found)


def entries(text: str, key: str) -> list[dict[str, Any]]:
    """The entries under a key of a policy document, each id once."""
    tree = YAML(typ="safe").load(text)
    found: dict[str, dict[str, Any]] = {}
    for entry in tree.get(key) or ():
        found.setdefault(str(entry.get("id") or entry.get("name")), entry)
    return list(found.values())


@cache
def words_of(document: str, key: str) -> tuple[str, ...]:
    """Ids (or names) of the entries under a key of a policy document."""
    text = bundled_documents().get(document, "")
    return tuple(str(one.get("id") or one.get("name")) for one in entries(text, key)) if text else ()


def word(key: str) -> str:
    """What people call it, or the key itself."""
    return policy_words().get(key, key)


def grade(severity: int | None) -> str:
    """A grade in words."""
    return GRADES.get(severity, "未达等级 not graded") if severity is not None else "未达等级 not graded"


def level(value: int | None) -> str:
    """A response level in words."""
    return LEVELS.get(value, "无 none") if value is not None else "无 none"


def family(value: str) -> str:
    """A grading family in words."""
    return FAMILIES.get(value, value)


def department(value: str | None) -> str:
    """A department in words."""
    return DEPARTMENTS.get(value or "", "未定 none named")
