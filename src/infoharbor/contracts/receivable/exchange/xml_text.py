"""How XML comes in: within a size, a depth and a count of elements; no document type, so no entity of its own."""

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from infoharbor.contracts.receivable.exchange.faults import InvoiceFault

BYTES_MAX: Final = 5 * 1024 * 1024
DEPTH_MAX: Final = 32
ELEMENTS_MAX: Final = 50_000
TEXT_MAX: Final = 1_000
"""Characters of a text that is read; longer ones, such as attachments, are passed over."""


class Element:
    """An element with its local name, namespace, attributes, text and children; `path` says where it stands."""

    __slots__ = ("attributes", "children", "name", "namespace", "parent", "pieces")

    def __init__(self, tag: str, attributes: dict[str, str], parent: "Element | None") -> None:
        namespace, _, name = tag.rpartition(" ")
        self.namespace, self.name, self.attributes, self.parent = namespace, name, attributes, parent
        self.children: list[Element] = []
        self.pieces: list[str] = []

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

    def all(self, name: str) -> list["Element"]:
        return [child for child in self.children if child.name == name]

    def find(self, path: str) -> "Element | None":
        """The first element at a path of local names."""
        at: Element | None = self
        for name in path.split("/"):
            at = next((child for child in at.children if child.name == name), None) if at is not None else None
        return at

    def below(self, name: str) -> Iterator["Element"]:
        """Every element of this name at any depth, in the order of the file."""
        waiting = list(reversed(self.children))
        while waiting:
            at = waiting.pop()
            if at.name == name:
                yield at
            waiting.extend(reversed(at.children))

    @property
    def text(self) -> str:
        """Its own text, without spaces around it; refused as `invoice_text` if it is too long to be read."""
        text = "".join(self.pieces).strip()
        if len(text) > TEXT_MAX:
            raise InvoiceFault("invoice_text", self.path, f"at most {TEXT_MAX} characters")
        return text

    def wanted(self, path: str) -> "Element":
        """The element at a path, with a text; refused as `invoice_missing`."""
        found = self.find(path)
        if found is None or not (found.text or found.children):
            raise InvoiceFault("invoice_missing", "/".join(filter(None, (self.path, path))), "a value")
        return found


def parse(raw: bytes) -> Element:
    """The root element of an XML document; refused as `invoice_xml` if it is none, too large, or tells of entities."""
    if len(raw) > BYTES_MAX:
        raise InvoiceFault("invoice_xml", "", f"at most {BYTES_MAX} bytes")
    reader = _Reader()
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as fault:
        raise InvoiceFault("invoice_xml", "", f"XML; line {fault.lineno}: {expat.ErrorString(fault.code)}") from None
    except (UnicodeError, ValueError, LookupError):
        raise InvoiceFault("invoice_xml", "", "XML in UTF-8") from None
    return reader.root


class _Reader:
    """Builds the elements as the parser meets them, and stops at the first thing that is not wanted."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.root = Element("", {}, None)
        self._at: Element | None = None
        self._depth = self._count = 0

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise InvoiceFault("invoice_xml", "", f"at most {DEPTH_MAX} levels and {ELEMENTS_MAX} elements")
        made = Element(tag, attributes, self._at)
        if self._at is None:
            self.root = made
        else:
            self._at.children.append(made)
        self._at = made

    def _end(self, tag: str) -> None:
        del tag
        self._depth -= 1
        self._at = self._at.parent if self._at is not None else None

    def _text(self, text: str) -> None:
        if self._at is not None:
            self._at.pieces.append(text)

    def _doctype(self, *_: object) -> None:
        raise InvoiceFault("invoice_xml", "", "no document type declaration")
