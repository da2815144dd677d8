"""The hook by which the plugin tells others what a run reported and what not.

Not covered: what the account holds (``harness.pytest_plugin.account.Account.as_json``).
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_claims_account(config: pytest.Config, account: dict[str, Any]) -> None:
    """Called once at the end of a run that had to do with claims, in the controller only."""
