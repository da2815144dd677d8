"""What a run of pytest accounted for, taken out of the session by the plugin's own hook.

Not covered: what the account holds (``harness.pytest_plugin.account``); this side knows it as JSON.
"""

from __future__ import annotations

from typing import Any, Protocol

import pytest

PLUGIN = "causal_claims"
"""The name of our entry point in the group ``pytest11``."""

FROM_DISK = "The standings are from disk"
BROKE_OFF = (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)


class Account(Protocol):
    """As much of the plugin's account as is used here."""

    def as_json(self) -> dict[str, Any]: ...


class Witness:
    """Given to ``pytest.main`` as a plugin; hears nothing where our plugin is switched off."""

    def __init__(self) -> None:
        self._account: Account | None = None
        self._switches = ""
        self.began = False

    def pytest_sessionstart(self) -> None:
        self.began = True

    def pytest_configure(self, config: pytest.Config) -> None:
        self._switches = ", ".join(f"-p {p}" for p in config.option.plugins if p.startswith("no:"))

    @pytest.hookimpl(optionalhook=True)
    def pytest_claims_account(self, account: Account) -> None:
        """The plugin tells what was reported and what not (``harness.pytest_plugin.hooks``)."""
        self._account = account

    def account(self, code: int) -> dict[str, Any]:
        """What the plugin told, and a fault more where it told nothing or pytest broke off; its
        exit code was ``code``."""
        if self._account is None:
            why = f" (in effect: {self._switches})" if self._switches else ""
            fault = f"the plugin {PLUGIN} gave no account of this run{why}, so nothing was reported"
            where = "look at --pytest, PYTEST_ADDOPTS, addopts and conftest.py"
            return {"not_reported": None, "faults": [f"{fault}: {where}. {FROM_DISK}"]}
        told = self._account.as_json()
        if code in BROKE_OFF:
            words = f"pytest broke off (exit code {code}), see its message above"
            told["faults"] = [words, *told["faults"]]
        return told
