"""Reading claims: what is accepted, what is filled in, and how problems are gathered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.claim.canonical import claim_to_json
from harness.claim.parse import load_claim, load_claims, parse_claim
from harness.digest import digest
from harness.errors import BadInput, NothingThere, Problem, UnknownName
from tests.claim.texts import CLAIM, RECIPE, edited, write


def faults(root: Path, path: Path | str) -> list[str]:
    """Every problem of a claim file as it is printed."""
    with pytest.raises(BadInput) as caught:
        parse_claim(root, path)
    return [str(p) for p in caught.value.problems]


def test_every_claim_of_the_repository_is_accepted(repository: Path) -> None:
    """The published claims are in the language that is documented."""
    ids = [c.id for c in load_claims(repository)]
    assert "suppression-works" in ids
    assert len(ids) == len(list((repository / "claims").glob("*.yaml")))


def test_a_claim_is_read_as_written(tmp_path: Path) -> None:
    """Arms, doses, donors and tests arrive as the file has them, in the file's order."""
    claim = parse_claim(tmp_path, write(tmp_path))
    assert [a.name for a in claim.arms][:4] == ["baseline", "reference", "tuned", "words"]
    assert claim.arm("treatment").doses == (0.0, 0.5, 1.0)
    assert claim.arm("treatment").directions == ("difference",)
    assert claim.arm("isotropic").doses is None
    assert claim.arm("isotropic").at_judged_dose
    assert claim.arm("separate").donor == 1
    assert claim.arm("words").label == "trivial"
    assert [c.name for c in claim.criteria][:2] == ["closes-half", "beats-random"]
    assert claim.criteria[0].test.margin == 0.5
    assert claim.criteria[3].test.method == "sign-flip"
    assert claim.exclusion is not None
    assert claim.exclusion.at_most == 1


def test_what_is_left_out_takes_its_documented_default(tmp_path: Path) -> None:
    """Defaults become part of the claim, so that a lock binds them."""
    text = edited(CLAIM, "samples: {fit: 16, select: 8, prompts: 8, texts: 8, new_tokens: 8}\n", "")
    claim = parse_claim(tmp_path, write(tmp_path, text))
    assert claim.samples.prompts == 64
    assert claim.subject.backend == "native"
    assert claim.criteria[1].test.alpha == 0.05
    assert claim.criteria[1].test.method == "t"
    assert claim.criteria[4].estimand["dictionaries"] == "union"
    assert claim.criteria[4].estimand["trained"] == "regulation"
    assert claim.criteria[4].estimand["standard"] == "standard"
    assert claim.shown["marker"]["dictionary"] == "regulation"


def test_writing_a_default_out_changes_nothing(tmp_path: Path) -> None:
    """A claim with its defaults written out is the same claim, to the digest."""
    plain = parse_claim(tmp_path, write(tmp_path))
    spelt = edited(CLAIM, "test: {kind: superiority, margin: 0.5, alpha: 0.05}",
                   "test: {alpha: 5e-2, method: t, margin: 0.50, kind: superiority}")  # fmt: skip
    spelt = edited(spelt, "recipe: models/tiny.yaml,", "backend: native, recipe: models/tiny.yaml,")
    spelt = edited(spelt, "min_rate: 0.01}", "min_rate: 0.01, dictionaries: union}")
    assert parse_claim(tmp_path, write(tmp_path, spelt)) == plain


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: A title", "# a comment\ntitle:   'A title'   # another"),
        ("source: [A05]", "source:\n  - A05"),
        ("donor: next", "donor: 1"),
        ("statement: A statement of", "statement: >-\n  A statement of\n "),
        ("at_least: 10,", "at_least: 10.0,"),
    ],
)
def test_layout_and_comments_change_no_digest(old: str, new: str, tmp_path: Path) -> None:
    """White space, comments, quotes and ways to write a number are not part of a claim."""
    before = digest(claim_to_json(parse_claim(tmp_path, write(tmp_path))))
    after = digest(claim_to_json(parse_claim(tmp_path, write(tmp_path, edited(CLAIM, old, new)))))
    assert before == after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("margin: 0.5, alpha", "margin: 0.51, alpha"),
        ("count: 20", "count: 21"),
        ("why: one may fail to train", "why: one may fail"),
        ("waivers: {coverage: a sentence}\n", ""),
        ("label: the marker", "label: a marker"),
        ("  tuned: {on: tuned}\n  words: {on: standard-words, label: trivial}",
         "  words: {on: standard-words, label: trivial}\n  tuned: {on: tuned}"),
        ("positions: step_body", "positions: step_end"),
        ("donor: next", "donor: 2"),
    ],
)  # fmt: skip
def test_whatever_means_something_changes_the_digest(old: str, new: str, tmp_path: Path) -> None:
    """Words, numbers, labels and the order of arms are what a lock binds."""
    before = digest(claim_to_json(parse_claim(tmp_path, write(tmp_path))))
    after = digest(claim_to_json(parse_claim(tmp_path, write(tmp_path, edited(CLAIM, old, new)))))
    assert before != after


def test_every_problem_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    """Three mistakes in three places are three problems, in the order of their lines."""
    text = edited(CLAIM, "unit: replicate", "unit: model")
    text = edited(text, "low: 0.8, high: 1.25", "low: 0.8")
    text = edited(text, "specificity: 0.8", "specificty: 0.8")
    found = faults(tmp_path, write(tmp_path, text))
    lines = text.splitlines()
    where = [1 + next(i for i, line in enumerate(lines) if word in line)
             for word in ("unit: model", "low: 0.8", "specificty")]  # fmt: skip
    assert [f.split(":")[1].split()[0] for f in found] == [str(n) for n in sorted(
        [where[0], where[1], where[2], where[2]])]  # fmt: skip
    assert "claims/valid.yaml:6 at unit:" in found[0]


def test_a_misfit_is_reported_beside_a_wrong_type(tmp_path: Path) -> None:
    """Sound parts are looked at twice even where other parts cannot be read."""
    text = edited(CLAIM, "title: A title", "title: 7")
    text = edited(text, "specificity: 0.8", "specificity: 8")
    found = faults(tmp_path, write(tmp_path, text))
    assert len(found) == 2
    assert "gate.specificity" in found[1]


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    """Two broken claims are two problems of one error."""
    write(
        tmp_path, edited(CLAIM, "id: valid", "id: one").replace("title: A", "titel: A"), name="one"
    )
    write(
        tmp_path,
        edited(CLAIM, "id: valid", "id: two").replace("unit: rep", "unit: ref"),
        name="two",
    )
    with pytest.raises(BadInput) as caught:
        load_claims(tmp_path)
    assert {p.file for p in caught.value.problems} == {"claims/one.yaml", "claims/two.yaml"}


def test_a_broken_recipe_is_reported_once_with_its_own_place(tmp_path: Path) -> None:
    """Two claims on a broken recipe show its problem once, and no other."""
    recipe = edited(RECIPE, "parent: standard", "parent: standart")
    write(tmp_path, edited(CLAIM, "id: valid", "id: one"), recipe, "one")
    write(tmp_path, edited(CLAIM, "id: valid", "id: two"), recipe, "two")
    with pytest.raises(BadInput) as caught:
        load_claims(tmp_path)
    assert [(p.file, p.path) for p in caught.value.problems] == [
        ("models/tiny.yaml", "roles.tuned.parent")
    ]


def test_claims_are_loaded_by_name_and_in_order(tmp_path: Path) -> None:
    """Ids select; an unknown one is answered with the nearest."""
    write(tmp_path)
    write(tmp_path, edited(CLAIM, "id: valid", "id: another"), name="another")
    assert [c.id for c in load_claims(tmp_path)] == ["another", "valid"]
    assert [c.id for c in load_claims(tmp_path, ["valid"])] == ["valid"]
    with pytest.raises(UnknownName, match="Nearest: valid"):
        load_claim(tmp_path, "valud")


def test_no_claim_at_all_is_not_a_success(tmp_path: Path) -> None:
    """An empty workspace is said to be empty."""
    with pytest.raises(NothingThere):
        load_claims(tmp_path)


def test_a_symlinked_claim_is_refused(tmp_path: Path) -> None:
    """What a link names can change behind the lock's back."""
    path = write(tmp_path)
    path.rename(tmp_path / "elsewhere.yaml")
    path.symlink_to(tmp_path / "elsewhere.yaml")
    assert "symbolic link" in faults(tmp_path, path)[0]


def test_a_claim_outside_the_workspace_is_refused(tmp_path: Path) -> None:
    """Neither an absolute path elsewhere nor one that climbs leads out."""
    write(tmp_path / "inside")
    other = write(tmp_path / "outside")
    assert "not inside the workspace" in faults(tmp_path / "inside", other)[0]
    assert "'..'" in faults(tmp_path / "inside", "../outside/claims/valid.yaml")[0]


def test_a_workspace_reached_through_a_link_is_still_a_workspace(tmp_path: Path) -> None:
    """Only links below the root matter: where the workspace itself stands is the user's choice."""
    write(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    claim = parse_claim(tmp_path / "link", tmp_path / "link" / "claims" / "valid.yaml")
    assert claim == parse_claim(tmp_path / "real", "claims/valid.yaml")


def test_a_section_without_entries_is_refused(tmp_path: Path) -> None:
    """A claim without criteria, preconditions or arms decides nothing."""
    head = CLAIM[: CLAIM.index("arms:\n")]
    text = head.replace("directions:", "unused:") + "arms: {}\npreconditions: {}\ncriteria: {}\n"
    found = "\n".join(faults(tmp_path, write(tmp_path, text)))
    assert "at arms: a claim without arms" in found
    assert "at preconditions: no precondition" in found
    assert "at criteria: no criterion" in found


def test_judged_doses_need_a_rule_that_chooses_them(tmp_path: Path) -> None:
    """Without a dose rule, every use of the judged dose is named."""
    start, end = CLAIM.index("dose_rule:"), CLAIM.index("preconditions:")
    found = faults(tmp_path, write(tmp_path, CLAIM[:start] + CLAIM[end:]))
    assert any("arms.isotropic.doses: judged without a dose rule" in f for f in found)
    assert any("preconditions.chosen: dose-chosen without a dose rule" in f for f in found)
    assert any("criteria.closes-half.estimand.at" in f for f in found)
    text = CLAIM[:start] + CLAIM[end:]
    text = edited(text, "{kind: share, arm: tuned", "{kind: share, arm: treatment")
    found = faults(tmp_path, write(tmp_path, text))
    assert any("at preconditions.control.arm" in f and "no dose rule" in f for f in found)


def test_a_judged_dose_that_an_arm_does_not_measure_is_refused(tmp_path: Path) -> None:
    """The grid of an arm that is read at the judged dose holds every dose the rule can choose."""
    text = edited(CLAIM, "    direction: push\n    doses: [0, 0.5, 1, 2]",
                  "    direction: push\n    doses: [0, 0.5]")  # fmt: skip
    text = edited(text, "than: other", "than: treatment")
    text = edited(text, "damage: ordinary_loss, at: 0.5", "damage: ordinary_loss, at: judged")
    text = edited(text, "damage-difference, arm: treatment", "damage-difference, arm: other")
    assert "may not be among the doses of 'other'" in faults(tmp_path, write(tmp_path, text))[0]


def test_a_file_in_place_of_a_claim_is_refused_in_words(tmp_path: Path) -> None:
    """Folders, pipes and missing files are problems, not tracebacks or a wait for ever."""
    write(tmp_path)
    (tmp_path / "claims" / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "claims" / "pipe.yaml")
    assert "regular file" in faults(tmp_path, "claims/folder.yaml")[0]
    assert "regular file" in faults(tmp_path, "claims/pipe.yaml")[0]
    assert "does not exist" in faults(tmp_path, "claims/none.yaml")[0]


VALUES = ["", "null", "[]", "{}", "7", "x", "[x]", "{x: y}", "[[0]]", "true", "-1e9", '""']


def damaged(draw: st.DrawFn) -> str:
    """The valid claim with a few lines lost, doubled or replaced."""
    lines = CLAIM.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        line, value = lines[at], draw(st.sampled_from(VALUES))
        indent = " " * (len(line) - len(line.lstrip()))
        instead = ["", line + "\n" + line, line.split(":")[0] + ": " + value]
        lines[at] = draw(st.sampled_from([*instead, indent + "x: y", indent + value]))
    return "\n".join(lines)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.composite(damaged)())
def test_no_damage_to_a_claim_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Any line lost, doubled or replaced gives a claim or a list of problems, nothing else."""
    root = tmp_path_factory.getbasetemp() / "damaged"
    path = write(root, text)
    found: tuple[Problem, ...] = ()
    try:
        assert parse_claim(root, path).id == "valid"
    except BadInput as error:
        found = error.problems or (Problem("", 0, "", ""),)
    assert all(p.file and p.what for p in found)
