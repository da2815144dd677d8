"""The hook by which the plugin tells others what a run reported and what not.

Not covered: what the account holds (``harness.pytest_plugin.account``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.account import Account


def pytest_claims_account(config: pytest.Config, account: Account) -> None:
    """Called once at the end of a run that had to do with claims, in the controller only.

    ``account`` is frozen: whoever hears it first cannot change what the others hear.
    """
