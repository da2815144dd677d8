"""YAML that is not data: each trick is refused by ``claims check``, its honest neighbour is not."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest

from harness.yamlio import MOST_BYTES, load_file
from tests.attacks.acts import Capture, accepted, command, refused
from tests.toy_workspace import RECIPE, claim

CLAIM = claim("easy", replicates=3)
HEALTH = "{kind: health, loss_gap_at_most: 0.2, garbage_at_most: 0.1, why: toys are always well}"
TITLE, STATEMENT = "title: Random decoders are surprised", "statement: The ordinary loss"
KEYS = "samples: {fit: 8, select: 4, prompts: 4, texts: 4, new_tokens: 4}"
COUNT = "replicates: 3}"
MARGIN = "margin: 1.0"
WHY = "why: arithmetic"


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


ATTACKS = {
    # attack: (text of the claim, what is written in its place, words, the honest neighbour)
    "alias": (f"healthy: {HEALTH}", f"healthy: &h {HEALTH}\n  again: *h", "alias",
              f"healthy: {HEALTH}\n  again: {HEALTH}"),
    "merge-key": (KEYS, "samples: {<<: {fit: 8}, select: 4}", "merge key",
                  "samples: {fit: 8, select: 4}"),
    "python-tag": (TITLE, "title: !!python/object/apply:os.system [id]", "a tag", "title: id"),
    "string-tag": (TITLE, "title: !!str surprise", "a tag", "title: surprise"),
    "binary-tag": (TITLE, "title: !!binary aGk=", "a tag", "title: aGk="),
    "duplicate-key": (TITLE, f"{TITLE}\ntitle: another", "stands already", TITLE),
    "duplicate-key-in-quotes": (TITLE, f'{TITLE}\n"title": another', "stands already", TITLE),
    "duplicate-key-by-escape": (TITLE, f'{TITLE}\n"\\x74itle": another', "stands already", TITLE),
    "second-document": (WHY, f"{WHY}\n---\nid: other", "second document", WHY),
    "directive": ("schema: causal", "%YAML 1.1\n---\nschema: causal", "directive",
                  "schema: causal"),
    "deep": (KEYS, f"{KEYS}\nsource: {deep(40)}", "nested deeper", KEYS),
    "number-in-quotes": (COUNT, 'replicates: "3"}', "a whole number", COUNT),
    "number-with-a-point": (COUNT, "replicates: 3.0}", "a whole number", COUNT),
    "number-as-truth": (COUNT, "replicates: true}", "a whole number", COUNT),
    "number-of-minutes": (COUNT, "replicates: 1:30}", "a whole number", COUNT),
    "number-in-octal": (COUNT, "replicates: 003}", "leading zero", COUNT),
    "number-with-underscore": (COUNT, "replicates: 1_0}", "a whole number", "replicates: 10}"),
    "fullwidth-digit": (COUNT, "replicates: \uff13}", "a whole number", COUNT),
    "infinite-margin": (MARGIN, "margin: .inf", "not a finite number", "margin: 1e0"),
    "no-margin": (MARGIN, "margin: .nan", "not a finite number", MARGIN),
    "overflowing-margin": (MARGIN, "margin: 1e999", "too large", MARGIN),
    "inexact-margin": (MARGIN, "margin: 9007199254740993", "2^53", MARGIN),
    "norway": (KEYS, KEYS.replace("fit: 8", "fit: no"), "a whole number", KEYS),
    "null-title": (TITLE, "title: ~", "where text", "title: '~'"),
    "date-as-title": (TITLE, "title: 2024", "where text", "title: '2024'"),
    "escape-sequence": (TITLE, 'title: "\\e[31mPASS"', "U+001B", 'title: "[31mPASS"'),
    "raw-control": (TITLE, "title: 'PASS\x07'", "U+0007", "title: 'PASS'"),
    "line-separator": (TITLE, "title: 'a\u2028b'", "U+2028", "title: 'a b'"),
    "right-to-left": (TITLE, "title: 'loss \u202egnp'", "U+202E", "title: 'loss gnp'"),
    "zero-width": (TITLE, "title: 'lo\u200bss'", "U+200B", "title: 'loss'"),
    "half-a-character": (TITLE, 'title: "\\uD83D"', "", 'title: "\\U0001F600"'),
    "decomposed": (TITLE, "title: 'cafe\u0301'", "composed form", "title: 'caf\u00e9'"),
    "byte-order-mark": ("schema: causal", "\ufeffschema: causal", "U+FEFF", "schema: causal"),
    "cyrillic-id": ("id: easy", "id: e\u0430sy", "cannot be", "id: easy"),
    "cyrillic-key": (TITLE, TITLE.replace("t", "\u0442", 1), "unknown key", TITLE),
    "greek-arm": ("baseline: {on", "b\u03b1seline: {on", "cannot name", "baseline: {on"),
    "capital-id": ("id: easy", "id: Easy", "cannot be", "id: easy"),
    "id-of-another-file": ("id: easy", "id: hard", "not the file's name", "id: easy"),
    "id-of-a-folder": ("id: easy", "id: ../easy", "cannot be", "id: easy"),
    "dunder-key": (TITLE, f"{TITLE}\n__class__: x", "unknown key", TITLE),
    "number-as-key": (TITLE, f"{TITLE}\n1: x", "not a string", TITLE),
    "mapping-as-key": (TITLE, f"{TITLE}\n? {{a: b}}\n: x", "not a word", TITLE),
    "text-without-end": (TITLE, "title: " + "a" * 300, "longer than", "title: " + "a" * 200),
    "empty-text": (TITLE, "title: ' '", "empty", "title: '.'"),
    "comment-bomb": (WHY, WHY + "\n#" + "x" * MOST_BYTES, "larger than",
                     WHY + "\n#" + "x" * 60_000),
    "many-criteria": ("  surprised:\n", "".join(f"  c{n}: {{}}\n" for n in range(40))
                      + "  surprised:\n", "more than 32", "  surprised:\n"),
    "hook-of-no-model": ("hook: blocks.0.hook_resid_post", "hook: __import__('os')", "hook point",
                         "hook: blocks.1.hook_resid_post"),
    "exclusion-of-everything": (KEYS, f"{KEYS}\nexclusion: {{at_most: 1e9, why: x}}", "", KEYS),
}  # fmt: skip


def put(root: Path, old: str, new: str) -> None:
    assert CLAIM.count(old) == 1, old
    (root / "claims/easy.yaml").write_bytes(CLAIM.replace(old, new).encode("utf-8"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_plain_data_is_refused_and_its_neighbour_is_not(
    study: Path, capsys: Capture, attack: str
) -> None:
    """One line per problem, with file and line; the same claim without the trick is ready."""
    old, new, words, neighbour = ATTACKS[attack]
    put(study, old, new)
    said = refused(capsys, study, "check", words=words)
    assert said.code == 2
    found = json.loads(command(capsys, study, "check", "--json").out)["claims"][0]
    assert len(set(map(str, found["problems"]))) == len(said.out.strip().split("\n")) - 1
    assert all(line.startswith("claims/easy.yaml") for line in said.out.split("\n")[:-2])
    put(study, old, neighbour)
    accepted(capsys, study, "check")


BOMBS = {
    "aliases-of-aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in pairwise("abcdefg")),
    "five-thousand-unknown-keys": CLAIM + "".join(f"k{n}: 1\n" for n in range(5000)),
    "nearest-names-of-long-words": CLAIM + "".join(f"{'k' * 600}{n}: 1\n" for n in range(90)),
    "open-brackets": "[" * 60_000,
    "quotes": "'" * 60_000,
    "dashes": "- " * 30_000,
    "long-number": CLAIM.replace(MARGIN, "margin: " + "9" * 50_000),
    "long-key": "? " + "k" * 60_000,
    "percent-signs": CLAIM.replace(WHY, "why: '" + "%s" * 3000 + "'"),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_file_holds_the_check_up(study: Path, capsys: Capture, bomb: str) -> None:
    """Refused within a moment, in at most a hundred lines of bounded length."""
    accepted(capsys, study, "check")
    (study / "claims/easy.yaml").write_text(BOMBS[bomb])
    start = time.process_time()
    said = refused(capsys, study, "check")
    assert time.process_time() - start < 2
    lines = said.out.strip().split("\n")
    assert len(lines) <= 101
    assert max(map(len, lines)) < 5000


RECIPES = {
    "alias": ("params: {}\nroles", "params: &p {}\nroles", "anchor"),
    "builder-of-a-library": ("models.toy:Random", "os:system", "no module os.py"),
    "builder-that-climbs": ("models.toy:Random", "../toy:Random", "module:attribute"),
    "builder-that-is-code": ("models.toy:Random", "models.toy:Random()", "module:attribute"),
    "role-its-own-parent": ("standard: {params: {}}", "standard: {parent: standard}", "ancestor"),
    "reserved-role": ("standard: {params: {}}", "random: {params: {}}", "cannot be called"),
    "huge-replicates": ("standard: {params: {}}", "standard: {replicates: 1e9}", "whole number"),
    "roles-as-a-list": ("standard: {params: {}}\n  regulation: {params: {}}", "- standard",
                        "a mapping"),
    "unknown-key": ("params: {}\nroles", "code: rm\nroles", "unknown key"),
}  # fmt: skip


@pytest.mark.parametrize("attack", RECIPES)
def test_a_recipe_is_data_too(study: Path, capsys: Capture, attack: str) -> None:
    """A recipe names code and never holds any; nothing of it is imported to be checked."""
    accepted(capsys, study, "check")
    old, new, words = RECIPES[attack]
    assert RECIPE.count(old) == 1
    (study / "models/toy.yaml").write_text(RECIPE.replace(old, new))
    said = refused(capsys, study, "check", words=words)
    assert "models/toy.yaml" in said.out


def test_a_format_string_in_a_claim_is_text(study: Path, capsys: Capture) -> None:
    """Sentences are rendered from numbers with the claim's words put in, never interpreted."""
    put(study, WHY, "why: '{0.__class__} %s {arm} ${x} `id`'")
    assert "ready to be locked" in accepted(capsys, study, "check").out


@pytest.mark.parametrize("word", ["yes", "no", "on", "1:30", "1_000", "0b1", "2024-01-31"])
def test_what_yaml_1_1_would_convert_stays_text(study: Path, capsys: Capture, word: str) -> None:
    """A title of one such word is that word, with quotes and without."""
    for text in (f"title: {word}", f"title: '{word}'"):
        put(study, TITLE, text)
        accepted(capsys, study, "check")
        assert load_file(study, "claims/easy.yaml").value["title"] == word


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_another_encoding_is_refused(study: Path, capsys: Capture, encoding: str) -> None:
    """The bytes are UTF-8, whatever they would mean in another encoding."""
    text = CLAIM.replace(TITLE, "title: caf\u00e9")
    (study / "claims/easy.yaml").write_bytes(text.encode(encoding))
    refused(capsys, study, "check", words="UTF-8" if encoding != "utf-32" else "")
    (study / "claims/easy.yaml").write_bytes(text.encode())
    accepted(capsys, study, "check")
