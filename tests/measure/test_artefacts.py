"""Models are built once per digest, under everything that makes them what they are."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.digest import short
from harness.errors import ClaimsError, RecordBroken
from harness.measure.artefacts import MARK, Silent, Workshop, load_builder
from harness.subject.interface import DictionarySpec, Health, Recipe, RoleSpec

HOOK = "blocks.0.hook_resid_post"
RECIPE = Recipe(
    id="r",
    file="models/r.yaml",
    builder="models.r:R",
    params={"width": 8},
    roles=(
        RoleSpec("standard"),
        RoleSpec("tuned", {"steps": 3}, parent="standard"),
    ),
    dictionaries=DictionarySpec(("standard",), (HOOK,), {"features": 4}),
)


class Writes:
    """A builder that writes one line per model and keeps count."""

    def __init__(self) -> None:
        self.built: list[tuple[str, int, str | None]] = []
        self.fails = False
        self.task: Any = None

    def build(self, role: str, seed: int, out: Path, parent: Path | None) -> Health:
        (out / "weights").write_text(f"{role} {seed}")
        if self.fails:
            raise ClaimsError("the training diverged")
        self.built.append(
            (role, seed, None if parent is None else (parent / "weights").read_text())
        )
        return Health(0.1, 0.2, 0.0)

    def build_dictionary(self, model: Path, hook: str, seed: int, out: Path) -> None:
        self.built.append(("dictionary", seed, (model / "weights").read_text()))
        (out / "weights").write_text(hook)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, RECIPE, Writes(), "code", lambda r: 100 + r, Silent())


def built(shop: Workshop) -> list[tuple[str, int, str | None]]:
    return shop.builder.built  # type: ignore[attr-defined]


def test_a_model_is_built_once_and_found_after(shop: Workshop) -> None:
    """The second asker gets the same folder, content and health."""
    one, two = shop.model("standard", 0), shop.model("standard", 0)
    assert one == two
    assert one.health == {"loss_gap": 0.1, "behaviour_rate": 0.2, "garbage_rate": 0.0}
    assert built(shop) == [("standard", 100, None)]


def test_replicates_have_their_own_models(shop: Workshop) -> None:
    """Another training seed is another model in another folder."""
    one, two = shop.model("standard", 0), shop.model("standard", 1)
    assert one.folder != two.folder
    assert one.content != two.content
    assert [seed for _, seed, _ in built(shop)] == [100, 101]


def test_a_parent_is_built_first_from_the_same_seed(shop: Workshop) -> None:
    """The child is given the parent's folder of its own replicate."""
    shop.model("tuned", 1)
    assert built(shop) == [("standard", 101, None), ("tuned", 101, "standard 101")]


def test_the_key_covers_all_that_makes_a_model(shop: Workshop) -> None:
    """Code, builder, parameters, role, seed, and the same of the parent."""
    standard, tuned = RECIPE.roles

    def keys(one: Workshop) -> tuple[str, str]:
        return one.model_key(standard, 7), one.model_key(one.recipe.role("tuned"), 7)

    base = keys(shop)
    recipes = [
        replace(RECIPE, params={"width": 9}),
        replace(RECIPE, builder="models.r:S"),
        replace(RECIPE, roles=(standard, replace(tuned, params={"steps": 4}))),
        replace(RECIPE, roles=(replace(standard, params={"steps": 1}), tuned)),
    ]
    others = [replace(shop, recipe=recipe) for recipe in recipes] + [replace(shop, code="other")]
    tuned_keys = [keys(other)[1] for other in others]
    assert len({*base, *tuned_keys}) == 2 + len(others)
    assert shop.model_key(standard, 8) != base[0]


def test_a_build_that_fails_leaves_nothing(shop: Workshop, tmp_path: Path) -> None:
    """No half a model is ever found; the next asker builds it."""
    shop.builder.fails = True  # type: ignore[attr-defined]
    with pytest.raises(ClaimsError, match="diverged"):
        shop.model("standard", 0)
    folder = tmp_path / ".cache" / "models"
    assert [p for p in folder.iterdir() if p.is_dir()] == []
    shop.builder.fails = False  # type: ignore[attr-defined]
    assert (shop.model("standard", 0).folder / MARK).is_file()


def test_a_folder_without_its_mark_is_built_again(shop: Workshop) -> None:
    """The mark is what says complete."""
    folder = shop.model("standard", 0).folder
    (folder / MARK).unlink()
    (folder / "stray").write_text("left by a kill")
    assert shop.model("standard", 0).folder == folder
    assert len(built(shop)) == 2
    assert not (folder / "stray").exists()


@pytest.mark.parametrize("gone", [False, True])
def test_a_model_that_is_not_the_one_built_is_refused(shop: Workshop, gone: bool) -> None:
    """Weights that changed or went since are named, at every use."""
    path = shop.model("standard", 0).folder / "weights"
    path.unlink() if gone else path.write_text("others")
    with pytest.raises(RecordBroken, match="weights is not the file that was built"):
        shop.model("standard", 0)


def test_dictionaries_hang_on_their_model(shop: Workshop) -> None:
    """One per model and hook, built from that model with its seed; others are refused."""
    one, two = shop.dictionary("standard", 0, HOOK), shop.dictionary("standard", 1, HOOK)
    assert one.digest != two.digest
    assert shop.dictionary("standard", 0, HOOK) == one
    made = [row for row in built(shop) if row[0] == "dictionary"]
    assert made == [("dictionary", 100, "standard 100"), ("dictionary", 101, "standard 101")]
    with pytest.raises(ClaimsError, match="no dictionary of 'tuned'"):
        shop.dictionary("tuned", 0, HOOK)


def test_two_workspaces_with_modules_of_one_name_keep_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The builder comes from the workspace that asks, whichever was asked first."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    recipe = replace(RECIPE, builder="apart.maker:Maker")
    for name in ("one", "two", "one"):
        package = tmp_path / name / "apart"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "maker.py").write_text(
            f"class Maker:\n    who = {name!r}\n    def __init__(self, recipe): pass\n"
        )
        assert load_builder(tmp_path / name, recipe).who == name  # type: ignore[attr-defined]
    for bad, words in (
        ("apart.none:Maker", "has no module apart.none"),
        ("apart.maker:Nobody", "cannot load the builder"),
    ):
        with pytest.raises(ClaimsError, match=words):
            load_builder(tmp_path / "one", replace(RECIPE, builder=bad))
    for name in [n for n in sys.modules if n.partition(".")[0] == "apart"]:
        del sys.modules[name]


def test_what_a_killed_builder_left_is_removed_by_the_next_who_needs_that_model(
    shop: Workshop,
) -> None:
    """Drafts of other models may be someone's work, and stay."""
    place = shop.root / ".cache" / "models"
    key = short(shop.model_key(RECIPE.role("standard"), 100), 24)
    for name in (f".draft-{key}-abc", ".draft-another-abc"):
        (place / name).mkdir(parents=True)
        (place / name / "weights").write_text("half")
    built_now = shop.model("standard", 0)
    assert [p.name for p in place.glob(".draft-*")] == [".draft-another-abc"]
    assert (built_now.folder / "weights").read_text() == "standard 100"


def test_a_builder_without_room_is_told_with_the_model_it_built(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk names no file by itself; nothing of the draft stays."""

    def full(*_: object) -> Health:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writes, "build", full)
    with pytest.raises(OSError, match="No space") as caught:
        shop.model("standard", 0)
    assert str(shop.root / ".cache" / "models") in str(caught.value.filename)
    assert not list((shop.root / ".cache" / "models").glob(".draft-*"))
    monkeypatch.undo()
    assert shop.model("standard", 0).health["loss_gap"] == 0.1
