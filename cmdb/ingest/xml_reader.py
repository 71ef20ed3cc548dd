"""Reads any XML as nested objects, for formats that need no reader of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cmdb.errors import Place
from cmdb.ingest.document import DOCUMENT_LIMIT, Bytes, Document, Remark, too_large
from cmdb.ingest.xml_text import feed_xml

ELEMENT_LIMIT = 300_000
"""Elements of one document; each becomes an object."""

Element = dict[str, object]


@dataclass(slots=True)
class _Tree:
    """Builds the tree while the document is fed."""

    source: str
    root: Element | None = None
    _open: list[Element] = field(default_factory=list)
    _count: int = 0
    _size: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""
        self._count += 1
        if self._count > ELEMENT_LIMIT:
            raise too_large(Place(self.source), "document", ELEMENT_LIMIT, "elements")
        made: Element = {
            "name": tag.rpartition("}")[2],
            "attributes": dict(attributes),
            "text": "",
            "children": [],
        }
        if self._open:
            children = self._open[-1]["children"]
            if isinstance(children, list):
                children.append(made)
        elif self.root is None:
            self.root = made
        self._open.append(made)

    def data(self, text: str) -> None:
        """Take text; it may come in pieces."""
        self._size += len(text)
        if self._size > DOCUMENT_LIMIT:
            raise too_large(Place(self.source), "document", DOCUMENT_LIMIT)
        if self._open and text.strip():
            self._open[-1]["text"] = f"{self._open[-1]['text']}{text}".strip()

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        self._open.pop()


def read_xml(stream: Bytes, source: str, _remark: Remark) -> Iterator[Document]:
    """Yield one document: each element is `{"name", "attributes", "text", "children"}`, names without namespace."""
    tree = _Tree(source)
    feed_xml(stream, source, tree)
    yield Document(tree.root, 1)
