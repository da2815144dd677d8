"""Tests of harness.report.svg: figures that follow the page's colours and say what they show."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl

from harness.report import svg


def drawn(label: str = "label", name: str = "one") -> str:
    with svg.Canvas(300, 200) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], "o-", color=svg.DATA)
        axes.axhspan(0, 0.5, color=svg.SHADE)
        axes.set_title(label)
        return str(svg.inline(figure, name, "A title <b>", 'A "description"'))


def test_colours_are_classes_and_nothing_is_styled_in_place() -> None:
    """No style attribute, no colour in the drawing, no namespace, no metadata."""
    text = drawn()
    root = ET.fromstring(text)
    assert "style=" not in text
    assert "#0a0a" not in text
    assert "xmlns" not in text
    assert not list(root.iter("metadata"))
    classes = " ".join(e.get("class", "") for e in root.iter()).split()
    assert {"st-data", "fi-shade", "fi-ink", "figure-svg"} <= set(classes)


def test_title_and_description_label_the_image() -> None:
    """A screen reader is given the title and the description, escaped."""
    root = ET.fromstring(drawn())
    assert root.get("role") == "img"
    ids = {e.get("id"): e for e in root.iter() if e.get("id")}
    assert [ids[i].text for i in root.attrib["aria-labelledby"].split()] == [
        "A title <b>",
        'A "description"',
    ]


def test_ids_are_prefixed_and_references_resolve() -> None:
    """Two figures on one page share no id, and each finds its own parts."""
    one, two = ET.fromstring(drawn(name="one")), ET.fromstring(drawn(name="two"))
    for root, name in ((one, "one"), (two, "two")):
        ids = {e.get("id") for e in root.iter() if e.get("id")}
        assert all(i and i.startswith(f"{name}-") for i in ids)
        uses = [e.get("href", "") for e in root.iter("use")]
        assert uses
        assert {u[1:] for u in uses} <= ids
        clips = {c[5:-1] for e in root.iter() if (c := e.get("clip-path"))}
        assert clips <= ids


def test_text_is_never_read_as_mathematics_or_markup() -> None:
    """Dollar signs, control characters and tags are drawn as they stand."""
    text = drawn("$\\frac{$ </text><script> \x00\ufffe")
    root = ET.fromstring(text)
    words = [e.text for e in root.iter("text")]
    assert any(w and w.startswith("$\\frac{$ </text><script>") for w in words)
    assert not list(root.iter("script"))


def test_settings_are_restored_and_bytes_repeat() -> None:
    """Drawing leaves matplotlib as it was, and the same figure gives the same bytes."""
    before = dict(mpl.rcParams)
    assert drawn() == drawn()
    assert dict(mpl.rcParams) == before
