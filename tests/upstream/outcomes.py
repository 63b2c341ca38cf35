"""A pytest plugin: a line of JSON for whatever happens to a test.

They are written as they come, so that a run that crashes or is stopped leaves
what it got to.
"""
import json
import os


def _write(**line):
    with open(os.environ['UPSTREAM_OUTCOMES'], 'a', encoding='utf-8') as f:
        f.write(json.dumps(line) + '\n')


def pytest_runtest_logstart(nodeid):
    _write(id=nodeid, outcome='started')


def pytest_runtest_logreport(report):
    # a set-up that passes says nothing yet, nor does what follows the test
    if report.when == 'call' or report.outcome != 'passed':
        _write(id=report.nodeid, outcome=report.outcome, error=report.longreprtext)


def pytest_collectreport(report):
    # a file that skips itself as a whole as well
    if report.outcome != 'passed':
        _write(id=report.nodeid, outcome=report.outcome, error=report.longreprtext)


def pytest_deselected(items):
    for item in items:
        _write(id=item.nodeid, outcome='deselected')
