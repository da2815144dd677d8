"""Hooks of a conftest.py by which failures are shown as passed."""

from __future__ import annotations

REWRITES = {
    "makereport": "@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    "    report = yield\n    report.outcome = 'passed'\n    return report",
    "logreport": "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_logreport(report):\n"
    "    report.outcome = 'passed'",
    "call": "@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n"
    "    try:\n        yield\n    except Exception:\n        pass",
    "teststatus": "@pytest.hookimpl(tryfirst=True)\ndef pytest_report_teststatus(report):\n"
    "    if report.when == 'call':\n        return 'passed', '.', 'PASSED'",
    "forged": "def pytest_runtest_protocol(item):\n"
    "    item.ihook.pytest_runtest_logreport(report=pytest.TestReport(\n"
    "        item.nodeid, item.location, {}, 'passed', None, 'call'))\n    return True",
}
MAKEREPORT = REWRITES["makereport"]
