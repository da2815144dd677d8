"""Matplotlib figures as inline SVG that follows the page's colours and says what it shows.

Figures are drawn with marker colours (:data:`INK` and its siblings). Afterwards every style
attribute becomes plain presentation attributes and classes (``fi-ink``, ``st-ink``), so that the
page's style sheet, with its light and dark scheme, colours them, and the page needs no inline
styles under its Content-Security-Policy. Text stays text. One unit of the drawing is one CSS pixel.

Nothing here reads the clock or draws random numbers: the same figure gives the same bytes.

Not covered: what is drawn (the ``*_figure`` modules), raster images (none are made).
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from harness.report.words import clean

INK, MUTED, RULE, SURFACE = "#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04"
DATA, OTHER, THIRD, SHADE, ALERT = "#0a0a05", "#0a0a06", "#0a0a07", "#0a0a08", "#0a0a09"
CLASSES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    SURFACE: "surface",
    DATA: "data",
    OTHER: "other",
    THIRD: "third",
    SHADE: "shade",
    ALERT: "alert",
}
"""Marker colour -> the suffix of the classes that the page's style sheet colours."""

FONT = 11
"""Size of text in a figure, in CSS pixels at the figure's natural width."""

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "causal-claims",
    "svg.id": None,
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": FONT,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": FONT,
    "ytick.labelsize": FONT,
    "ytick.major.size": 0,
    "xtick.major.size": 3,
    "path.simplify": False,
}

_STYLE = re.compile(r"([a-z-]+)\s*:\s*([^;]+)")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_KEPT = frozenset(
    (
        *("stroke-width", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity"),
        *("fill-opacity", "opacity", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit"),
        "text-anchor",
    )
)


class Canvas:
    """A context in which a figure of ``width`` by ``height`` CSS pixels is drawn and rendered."""

    def __init__(self, width: float, height: float) -> None:
        self._settings = mpl.rc_context(SETTINGS)
        self._size = (width / 72, height / 72)

    def __enter__(self) -> Figure:
        self._settings.__enter__()
        self.figure = Figure(figsize=self._size, facecolor="none")
        return self.figure

    def __exit__(self, *error: object) -> None:
        self._settings.__exit__(None, None, None)


def inline(figure: Figure, name: str, title: str, description: str) -> Markup:
    """The figure as one ``<svg role="img">`` element, to be put into an HTML page.

    ``name`` prefixes every id and has to be unique on the page; ``title`` and ``description`` are
    what a screen reader says. Call it inside the :class:`Canvas` that made the figure.
    """
    raw = io.StringIO()
    with warnings.catch_warnings():
        # Text stays text: which glyphs the measuring font lacks does not matter to the reader's.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(raw, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(_printable(raw.getvalue()))
    kept = {
        "viewBox": root.get("viewBox", ""),
        "class": "figure-svg",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-description",
        "focusable": "false",
    }
    _tidy(root, name, _referenced(root))
    root.attrib.clear()
    root.attrib.update(kept)
    for tag, text in (("desc", description), ("title", title)):
        element = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'description'}"})
        element.text = _printable(clean(text))
        root.insert(0, element)
    return Markup(ET.tostring(root, encoding="unicode"))


def _printable(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _referenced(root: ET.Element) -> set[str]:
    """Ids that something in the drawing points to; all others are dropped."""
    found = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            if _local(key) == "href":
                found.add(value.removeprefix("#"))
            found.update(_REFERENCE.findall(value))
    return found


def _tidy(element: ET.Element, name: str, referenced: set[str]) -> None:
    """Strip namespaces, metadata, styles and unused ids; in place, recursively."""
    element.tag = _local(element.tag)
    for child in list(element):
        if _local(child.tag) in ("metadata", "style"):
            element.remove(child)
        else:
            _tidy(child, name, referenced)
            if child.tag == "defs" and not len(child):
                element.remove(child)
    old = {_local(key): value for key, value in element.attrib.items()}
    element.attrib.clear()
    classes: list[str] = []
    for key, value in old.items():
        if key == "style":
            classes += _styled(element, value)
        elif key == "id":
            if value in referenced:
                element.set("id", f"{name}-{value}")
        elif key == "href":
            element.set("href", f"#{name}-{value.removeprefix('#')}")
        else:
            element.set(key, _short(_REFERENCE.sub(rf"url(#{name}-\1)", value)))
    if classes:
        element.set("class", " ".join(classes))
    element.text = element.text.strip() if element.text and element.tag != "text" else element.text
    element.tail = None


def _styled(element: ET.Element, style: str) -> list[str]:
    """Turn a style attribute into presentation attributes; colours come back as classes."""
    classes = []
    for key, raw in _STYLE.findall(style):
        value = raw.strip()
        if key in ("fill", "stroke"):
            if value == "none":
                element.set(key, "none")
            else:
                classes.append(f"{key[:2]}-{CLASSES.get(value, 'ink')}")
        elif key in ("font", "font-size"):
            size = re.search(r"([\d.]+)px", value)
            if size:
                element.set("font-size", _short(size.group(1)))
            if "bold" in value or " 700 " in f" {value} ":
                element.set("font-weight", "700")
        elif key == "font-weight":
            element.set(key, value)
        elif key in _KEPT:
            element.set(key, _short(value))
    return classes


def _short(text: str) -> str:
    """Numbers with at most two decimals: a hundredth of a pixel."""
    return _NUMBER.sub(lambda m: f"{float(m.group()):.2f}".rstrip("0").rstrip("."), text)
