"""How XML comes in: within a size, a depth and a count of elements; no document type, so no entity of its own."""

from collections.abc import Iterator
from typing import Final, Generic, NamedTuple, Self, TypeVar
from xml.parsers import expat

SPACE: Final = " \t\r\n"
"""What XML calls white space; other spaces are part of a text."""


class XmlFault(Exception):
    """Why a text is not read as XML; `expected` says what would be right."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


class Limits(NamedTuple):
    """What one document may hold at most."""

    size: int
    depth: int
    elements: int


class Element:
    """An element with its local name, namespace, prefix, attributes, text and children.

    Attributes without a namespace are known by their local name, others by `namespace local prefix`. `declared` are the
    prefixes that it declares, `start` and `end` where it stands in the bytes of a document in UTF-8.
    """

    __slots__ = (
        *("attributes", "children", "declared", "end", "name", "namespace"),
        *("parent", "pieces", "prefix", "start"),
    )

    def __init__(self, tag: str, attributes: dict[str, str], parent: Self | None) -> None:
        self.namespace, self.name, self.prefix = parts_of(tag)
        self.attributes, self.parent = attributes, parent
        self.children: list[Self] = []
        self.pieces: list[str] = []
        self.declared: dict[str, str] = {}
        self.start = self.end = 0

    @property
    def path(self) -> str:
        """The names from below the root; of several of one name each has its number."""
        steps = []
        at = self
        while at.parent is not None:
            alike = at.parent.all(at.name)
            steps.append(at.name if len(alike) == 1 else f"{at.name}[{alike.index(at) + 1}]")
            at = at.parent
        return "/".join(reversed(steps))

    def all(self, name: str) -> list[Self]:
        return [child for child in self.children if child.name == name]

    def find(self, path: str) -> Self | None:
        """The first element at a path of local names."""
        at: Self | None = self
        for name in path.split("/"):
            at = next((child for child in at.children if child.name == name), None) if at is not None else None
        return at

    def below(self, name: str) -> Iterator[Self]:
        """Every element of this name at any depth, in the order of the file."""
        waiting = list(reversed(self.children))
        while waiting:
            at = waiting.pop()
            if at.name == name:
                yield at
            waiting.extend(reversed(at.children))

    @property
    def text(self) -> str:
        """Its own text, without white space around it."""
        return "".join(self.pieces).strip(SPACE)


Kind = TypeVar("Kind", bound=Element)


def parts_of(tag: str) -> tuple[str, str, str]:
    """The namespace, local name and prefix in an expanded name."""
    parts = tag.split(" ")
    return ("", tag, "") if len(parts) == 1 else (parts[0], parts[1], parts[2] if len(parts) == 3 else "")


def parse(raw: bytes, limits: Limits, kind: type[Kind], *, encoding: str | None = None) -> Kind:
    """The root element; raises `XmlFault` for what is no XML, too large, or tells of entities. With `encoding` it is
    read as that, whatever it says of itself."""
    if len(raw) > limits.size:
        raise XmlFault(f"at most {limits.size} bytes")
    reader = _Reader(raw, limits, kind, encoding)
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as fault:
        raise XmlFault(f"XML; line {fault.lineno}: {expat.ErrorString(fault.code)}") from None
    except (UnicodeError, ValueError, LookupError):
        raise XmlFault("XML in UTF-8") from None
    return reader.root


class _Reader(Generic[Kind]):
    """Builds the elements as the parser meets them, and stops at the first thing that is not wanted."""

    def __init__(self, raw: bytes, limits: Limits, kind: type[Kind], encoding: str | None) -> None:
        self.parser = expat.ParserCreate(encoding, namespace_separator=" ")
        self.parser.namespace_prefixes = True
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartNamespaceDeclHandler = self._declare
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._raw, self._limits, self._kind = raw, limits, kind
        self.root = kind("", {}, None)
        self._at: Kind | None = None
        self._declared: dict[str, str] = {}
        self._depth = self._count = 0

    def _declare(self, prefix: str | None, namespace: str | None) -> None:
        self._declared[prefix or ""] = namespace or ""

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > self._limits.depth or self._count > self._limits.elements:
            raise XmlFault(f"at most {self._limits.depth} levels and {self._limits.elements} elements")
        made = self._kind(tag, attributes, self._at)
        made.declared, self._declared = self._declared, {}
        made.start = self.parser.CurrentByteIndex
        if self._at is None:
            self.root = made
        else:
            self._at.children.append(made)
        self._at = made

    def _end(self, tag: str) -> None:
        del tag
        self._depth -= 1
        if self._at is None:
            return
        index = self.parser.CurrentByteIndex
        # An element without an end tag is over where the parser stands, others behind their tag.
        self._at.end = self._raw.find(b">", index) + 1 if self._raw.startswith(b"</", index) else index
        self._at = self._at.parent

    def _text(self, text: str) -> None:
        if self._at is not None:
            self._at.pieces.append(text)

    def _doctype(self, *_: object) -> None:
        raise XmlFault("no document type declaration")
