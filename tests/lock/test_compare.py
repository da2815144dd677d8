"""Comparison with the lock: what is free changes nothing, what is bound is named by its field."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.lock import binding, closure
from harness.lock import compare as comparing
from harness.lock.compare import Difference, compare
from harness.lock.stored import load_lock
from tests.lock.workspace import MODULES, edit, safetensors, write

FIRST = "claims/first.yaml"
Change = Callable[[Path], None]


def found(root: Path, claim: str = "first") -> dict[str, Difference]:
    return {d.field: d for d in compare(root, load_lock(root, claim))}


def test_nothing_differs_right_after_locking(locked_root: Path) -> None:
    """Nor does asking twice change anything."""
    assert compare(locked_root, load_lock(locked_root, "first")) == ()
    assert found(locked_root, "second") == {}


def test_layout_and_comments_of_the_yaml_are_free(locked_root: Path) -> None:
    """Key order, quotes, number spelling, comments, blank lines: the claim means the same."""
    edit(locked_root, FIRST, "unit: replicate\n", "\n# a comment\n")
    edit(locked_root, FIRST, "id: first", 'unit: "replicate"\nid: first   # its name')
    edit(locked_root, FIRST, "margin: 0.5", "margin: 5.0e-1")
    edit(locked_root, "models/tiny.yaml", "params: {width: 4}", "params:\n  width: 4  # narrow")
    assert found(locked_root) == {}


def test_layout_and_comments_of_the_code_are_free(locked_root: Path) -> None:
    """A formatter may run over models/ after locking."""
    edit(locked_root, "models/helper.py", "  # twice", "\n\n# doubled\n")
    edit(locked_root, "models/tiny.py", '"""Builds."""', "'''Builds the subject.'''")
    assert found(locked_root) == {}


@pytest.mark.parametrize(
    ("old", "new", "field", "locked", "now"),
    [
        ("margin: 0.5", "margin: 0.4", "claim.criteria.closes-half.test.margin", "0.5", "0.4"),
        ("low: 0.8", "low: 0.7", "claim.preconditions.dose.low", "0.8", "0.7"),
        ("replicates: 8", "replicates: 9", "claim.subject.replicates", "8", "9"),
        ("why: the question", "why: a question", "claim.criteria.closes-half.why",
         "the question", "a question"),
        ("count: 20", "count: 19", "claim.arms.random.count", "20", "19"),
        ("title: Subtracting", "title: Adding", "claim.title",
         "Subtracting a direction removes a behaviour", "Adding a direction removes a behaviour"),
    ],
)  # fmt: skip
def test_a_change_of_the_claim_is_named_by_its_leaf(
    locked_root: Path, old: str, new: str, field: str, locked: str, now: str
) -> None:
    """One edit, one difference; the other claim of the registration is untouched."""
    edit(locked_root, FIRST, old, new)
    assert found(locked_root) == {field: Difference(field, locked, now, True)}
    assert str(found(locked_root)[field]) == f"{field}: locked {locked} / found {now}"
    assert found(locked_root, "second") == {}


def test_a_criterion_left_out_or_put_in_is_named(locked_root: Path) -> None:
    """The switch of an outcome shows as what went and what came."""
    edit(locked_root, FIRST, "  closes-half:", "  closes-more:")
    assert set(found(locked_root)) == {
        "claim.criteria.closes-half",
        "claim.criteria.closes-more",
    }


def test_a_difference_is_one_line_whatever_the_field_is_called() -> None:
    """Names come from files that anyone may have written."""
    assert str(Difference("claim.x\ny", "1", "2", True)) == "claim.x\\ny: locked 1 / found 2"


def _remove_claim(root: Path) -> None:
    (root / FIRST).unlink()


def _break_claim(root: Path) -> None:
    write(root, FIRST, "id: [")


def _remove_recipe(root: Path) -> None:
    (root / "models/tiny.yaml").unlink()


def _edit_recipe(root: Path) -> None:
    edit(root, "models/tiny.yaml", "width: 4", "width: 8")


def _edit_role(root: Path) -> None:
    edit(root, "models/tiny.yaml", "kind: marked", "kind: other")


def _edit_helper(root: Path) -> None:
    edit(root, "models/helper.py", "2 * x", "3 * x")


def _add_module(root: Path) -> None:
    write(root, "models/more.py", "x = 1\n")
    edit(root, "models/data.py", "from . import helper", "from . import helper, more")


def _remove_module(root: Path) -> None:
    (root / "models/helper.py").unlink()


def _import_by_name(root: Path) -> None:
    write(root, "models/helper.py", "import importlib\n" + MODULES["models/helper.py"])


def _edit_tensor(root: Path) -> None:
    (root / "models/given.safetensors").write_bytes(safetensors(b"\0\0\x80\xbf" * 4))


def _remove_tensor(root: Path) -> None:
    (root / "models/given.safetensors").unlink()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_remove_claim, "claim"),
        (_break_claim, "claim"),
        (_remove_recipe, "recipe"),
        (_edit_recipe, "recipe.params.width"),
        (_edit_role, "recipe.roles.regulation.params.kind"),
        (_edit_helper, "builder.models.helper"),
        (_add_module, "builder.models.more"),
        (_import_by_name, "builder"),
        (_edit_tensor, "files.models/given.safetensors"),
        (_remove_tensor, "files.models/given.safetensors"),
    ],
)
def test_what_was_registered_cannot_change_without_breaking_the_record(
    locked_root: Path, change: Change, field: str
) -> None:
    """Claim, recipe, builder and given files: no verdict is left to be had."""
    change(locked_root)
    differences = found(locked_root)
    assert field in differences
    assert differences[field].breaks_record
    assert differences[field].locked != differences[field].found


def test_a_removed_module_is_named_with_the_line_that_imports_it(locked_root: Path) -> None:
    """Missing code differs; it does not raise."""
    edit(locked_root, "models/data.py", "from . import helper", "from .helper import double")
    _remove_module(locked_root)
    assert "models/data.py:1" in found(locked_root)["builder"].found


def test_the_layout_of_a_given_file_is_free(locked_root: Path) -> None:
    """Padding of its header is not its content."""
    same = safetensors(b"\0\0\x80?" * 4, pad=3)
    (locked_root / "models/given.safetensors").write_bytes(same)
    assert found(locked_root) == {}


def test_an_evolved_harness_leaves_the_record_whole(
    locked_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed evaluator forbids measuring, and lets a complete attempt be judged again."""
    changed = dict(closure.evaluator_closure())
    changed["harness.verdict.judge"] = "sha256:" + "0" * 64
    del changed["harness.measure.dose"]
    monkeypatch.setattr(comparing, "evaluator_closure", lambda root: changed)
    differences = found(locked_root)
    assert set(differences) == {
        "evaluator.harness.verdict.judge",
        "evaluator.harness.measure.dose",
    }
    assert not any(d.breaks_record for d in differences.values())
    assert differences["evaluator.harness.verdict.judge"].found == "sha256:000000000000"
    assert differences["evaluator.harness.measure.dose"].found == "(absent)"


def test_parts_of_the_harness_under_the_builder_do_not_break_the_record(
    locked_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The builder may rest on harness.subject, and the harness may evolve."""
    changed = {**load_lock(locked_root, "first").bound["builder"], "harness.subject.decoder": "x"}
    monkeypatch.setattr(comparing, "builder_closure", lambda root, recipe: changed)
    differences = found(locked_root)
    assert set(differences) == {"builder.harness.subject.decoder"}
    assert not differences["builder.harness.subject.decoder"].breaks_record


def test_another_package_version_is_named(
    locked_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a package that is gone."""
    real = binding.version

    def other(name: str) -> str:
        if name == "scipy":
            raise binding.PackageNotFoundError
        return "9.9" if name == "numpy" else real(name)

    monkeypatch.setattr(binding, "version", other)
    differences = found(locked_root)
    assert set(differences) == {"package.numpy", "package.scipy"}
    assert differences["package.numpy"].found == "9.9"
    assert differences["package.scipy"].found == "not installed"
    assert not any(d.breaks_record for d in differences.values())


def test_another_machine_or_python_is_named(
    locked_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last digits depend on them, so an attempt is not resumed elsewhere unseen."""
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    assert set(found(locked_root)) == {"settings.machine"}
    assert not found(locked_root)["settings.machine"].breaks_record
