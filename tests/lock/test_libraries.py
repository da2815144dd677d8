"""Libraries are bound by the version of their package; what has none is refused."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock import libraries as module
from harness.lock.libraries import ABSENT, libraries


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of imports, beside the workspace."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    module._by_module.cache_clear()
    yield folder
    module._by_module.cache_clear()


def install(folder: Path, name: str, editable: bool) -> None:
    info = folder / f"{name}-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n")
    (info / "direct_url.json").write_text(
        json.dumps({"url": "file:///x", "dir_info": {"editable": editable}})
    )
    (folder / f"{name}.py").write_text("x = 1\n")


def test_a_library_has_the_version_of_its_package(tmp_path: Path) -> None:
    """Also where the package is not called as its module is; the standard library has none."""
    found = libraries(
        ["yaml", "jinja2", "json", "harness", "torch", "nothing_of_this_name"], tmp_path
    )
    assert found == {
        "jinja2": version("jinja2"),
        "nothing_of_this_name": ABSENT,
        "yaml": version("PyYAML"),
    }


def test_a_module_of_no_package_is_refused(elsewhere: Path, tmp_path: Path) -> None:
    """A folder on PYTHONPATH has no version; installed, it has."""
    (elsewhere / "tricks.py").write_text("x = 1\n")
    with pytest.raises(ClaimsError, match="tricks, which belongs to no installed package"):
        libraries(["tricks"], tmp_path)
    assert "tricks" not in sys.modules
    install(elsewhere, "tricks", editable=False)
    assert libraries(["tricks"], tmp_path) == {"tricks": "2.5"}


def test_a_package_that_is_edited_in_place_is_refused(elsewhere: Path, tmp_path: Path) -> None:
    """Its version stays while its code changes."""
    install(elsewhere, "mine", editable=True)
    with pytest.raises(ClaimsError, match="edited in place"):
        libraries(["mine"], tmp_path)
