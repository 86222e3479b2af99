"""Makes drawings fit into a page: colours that follow the reader's scheme, ids that do not clash, less text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_NAMESPACE = "http://www.w3.org/2000/svg"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_NO_ROTATION = re.compile(r"rotate\(-?0 ")
# Matplotlib puts these into a style sheet that would hold for everything on the page.
_JOINS = "stroke-linejoin:round;stroke-linecap:butt"


def adapt(drawing: str, *, prefix: str, colours: Mapping[str, str], label: str, style: str = "") -> str:
    """The drawing of matplotlib as an element for an HTML page or, with a style sheet, as a file of its own.

    Args:
        drawing: what matplotlib wrote.
        prefix: begins every id that is kept; different for each drawing of a page.
        colours: what to write in place of each colour.
        label: the drawing in words.
        style: a style sheet to put into it.
    """
    root = ElementTree.fromstring(drawing)
    box = root.get("viewBox", "")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    _drop(root)
    kept = {name: f"{prefix}{index}" for index, name in enumerate(dict.fromkeys(_references(root)), 1)}
    for element in root.iter():
        _rewrite(element, kept, colours)
    _flatten(root)
    root.attrib.clear()
    if style:
        _, _, width, height = box.split()
        sheet = Element("style")
        sheet.text = style
        root.insert(0, sheet)
        root.attrib.update(xmlns=_NAMESPACE, width=width, height=height)
    root.attrib.update({"class": "plot", "viewBox": box, "role": "img", "aria-label": label, "style": _JOINS})
    for element in root.iter():
        element.tail = None
        if not (element.text or "").strip():
            element.text = None
    return ElementTree.tostring(root, encoding="unicode")


def _drop(element: Element) -> None:
    """Remove metadata, and the style sheet that holds for everything."""
    for child in list(element):
        if child.tag in ("metadata", "style"):
            element.remove(child)
        else:
            _drop(child)


def _references(root: Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            yield from _REFERENCE.findall(value)
            if name.endswith("href"):
                yield value.removeprefix("#")


def _rewrite(element: Element, kept: Mapping[str, str], colours: Mapping[str, str]) -> None:
    attributes = {}
    for key, value in element.attrib.items():
        key = key.rpartition("}")[2]
        if key == "id":
            if value not in kept:
                continue
            value = kept[value]
        elif key == "href":
            value = f"#{kept[value.removeprefix('#')]}"
        elif key == "style":
            value = _style(value, colours)
        elif key == "transform" and _NO_ROTATION.match(value):
            continue
        elif key == "d":
            value = " ".join(value.split())
        if key not in ("id", "href"):
            value = _NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), value)
        value = _REFERENCE.sub(lambda match: f"url(#{kept[match[1]]})", value)
        if value:
            attributes[key] = value
    element.attrib.clear()
    element.attrib.update(attributes)


def _style(text: str, colours: Mapping[str, str]) -> str:
    """Declarations without the font family, which is the page's, and with colours that the page can change."""
    declarations = []
    for declaration in text.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name and name != "font-family":
            declarations.append(f"{name}:{colours.get(value, value)}")
    return ";".join(declarations)


def _flatten(element: Element) -> None:
    """Put the children of groups that say nothing where the group is."""
    children: list[Element] = []
    for child in element:
        _flatten(child)
        if child.tag in ("g", "defs") and not child.attrib and (child.tag == "g" or not len(child)):
            children += child
        else:
            children.append(child)
    element[:] = children
