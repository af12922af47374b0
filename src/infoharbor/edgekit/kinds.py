"""What a field takes, as a sentence in both languages."""

from msgspec import inspect

from infoharbor.edgekit.json_form import bounds_of, describe, is_instant, without_none
from infoharbor.edgekit.languages import Sentence


def told(kind: inspect.Type) -> Sentence:
    return Sentence(describe(kind), _in_chinese(kind))


def _in_chinese(kind: inspect.Type) -> str:
    match kind:
        case inspect.UnionType():
            return f"{_in_chinese(without_none(kind))}，或 null"
        case inspect.IntType() if is_instant(kind):
            return "带时区偏移的时间（ISO 8601），或 null"
        case inspect.IntType():
            least, most = bounds_of(kind)
            return f"{least} 至 {most} 的整数"
        case inspect.StrType():
            return f"文本{_lengths(kind, '个字符')}"
        case inspect.BytesType():
            return f"小写十六进制{_lengths(kind, '字节')}"
        case inspect.BoolType():
            return "true 或 false"
        case inspect.EnumType():
            return "下列之一：" + "、".join(member.value for member in kind.cls)
        case inspect.StructType():
            return "对象，含 " + "、".join(each.name for each in kind.fields)
    return "列表"


def _lengths(kind: inspect.StrType | inspect.BytesType, unit: str) -> str:
    least, most = kind.min_length or 0, kind.max_length
    if most is None:
        return f"，至少 {least} {unit}" if least else ""
    return f"，{most} {unit}" if least == most else f"，{least} 至 {most} {unit}"
