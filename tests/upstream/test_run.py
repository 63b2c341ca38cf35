"""What the runner makes of a small folder of tests; nothing is fetched."""
from tests.upstream import run

import pytest

_TESTS = '''
import mock
import numpy as np
import pytest


def test_passing():
    assert isinstance(mock.Mock(), mock.Mock) and np.float(1) == 1


@pytest.mark.parametrize('x', [0, 1])
def test_known(x):
    raise ValueError('an old reason')


def test_known_for_another_reason():
    raise ValueError('a new reason')


@pytest.fixture
def broken():
    yield
    raise OSError('an unclean end')


def test_broken(broken):
    pass


@pytest.mark.skip
def test_skipped():
    assert False


@pytest.mark.gpu
def test_gpu():
    assert False
'''
_CRASHING = '''
import os


def test_before():
    pass


def test_crashing():
    os._exit(7)


def test_after():
    pass
'''
_KNOWN = '''
[[chainercv]]
tests = 'some_tests/test_some.py::test_known*'
error = 'an old reason'
why = "it is a test's"
'''


@pytest.fixture
def source(tmp_path):
    def write(name, text):
        path = tmp_path / 'source' / 'tests' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write('some_tests/test_some.py', _TESTS)
    write('other_tests/deep_tests/test_crashing.py', _CRASHING)
    (tmp_path / 'known.toml').write_text(_KNOWN)
    return tmp_path / 'source'


def _run(source, capsys, *args):
    status = run.main(
        ['chainercv', '--source', str(source), *args], source.parent / 'known.toml')
    return status, capsys.readouterr().out


def test_run(source, capsys):
    status, out = _run(source, capsys, '--only', 'some_tests')
    rows = [line.split()[:-1] for line in out.splitlines()[:3]]
    assert rows[0] == ['chainercv', 'passed', 'failed', 'skipped', 'deselected']
    assert rows[1:] == [[name, '1', '4', '1', '1'] for name in ('some_tests', 'all')]
    known, *unknown = out.split('\nUNKNOWN: ')
    file = 'some_tests/test_some.py::'
    assert f"\nknown: it is a test's\n  {file}test_known[0]\n  {file}test_known[1]\n" in known
    assert len(unknown) == 2
    assert unknown[0].startswith(f'{file}test_known_for_another_reason\n')
    assert 'ValueError: a new reason' in unknown[0]
    assert unknown[1].startswith(f'{file}test_broken\n')
    assert 'chainercv: 1 passed, 2 failed as known, 2 failed otherwise' in unknown[1]
    assert status == 1


def test_gpu(source, capsys):
    status, out = _run(source, capsys, '--only', 'some_tests', '--gpu')
    # the test that fails is the one of a GPU; six others are left out
    assert out.splitlines()[1].split()[:-1] == ['some_tests', '0', '1', '0', '6']
    assert '\nUNKNOWN: some_tests/test_some.py::test_gpu\n' in out
    assert status == 1


def test_all_is_known(source, capsys, monkeypatch):
    monkeypatch.setattr(run, 'run_files', lambda *args: [
        {'id': 'some_tests/test_some.py::test_known', 'outcome': 'failed',
         'error': 'E  ValueError: an old reason'}])
    status, out = _run(source, capsys, '--only', 'some_tests')
    assert 'UNKNOWN' not in out
    assert 'chainercv: 0 passed, 1 failed as known, 0 failed otherwise' in out
    assert status == 0


def test_crash(source, capsys):
    status, out = _run(source, capsys, '--only', 'other_tests')
    assert '\nUNKNOWN: other_tests/deep_tests/test_crashing.py::test_crashing\n' in out
    assert 'pytest ended with 7; the rest of this folder was not run' in out
    assert 'chainercv: 1 passed, 0 failed as known, 1 failed otherwise' in out
    assert status == 1


def test_timeout(source, capsys):
    file = source / 'tests' / 'other_tests' / 'deep_tests' / 'test_crashing.py'
    file.write_text(_CRASHING.replace('os._exit(7)', 'import time; time.sleep(600)'))
    # pytest itself may not have begun by then
    status, out = _run(source, capsys, '--only', 'other_tests', '--timeout', '.5')
    assert '\nUNKNOWN: other_tests/deep_tests' in out
    assert 'no end after 0.5 s' in out
    assert status == 1


@pytest.mark.parametrize('args', [['--source', 'x'], ['chainerrl']])
def test_what_cannot_be_run(args, capsys):
    with pytest.raises(SystemExit):
        run.main(args)


def test_no_file(source, capsys):
    assert run.main(['chainercv', '--source', str(source), '--only', 'none']) == 1
    assert capsys.readouterr().err == 'chainercv: no file of tests is there for none*\n'


def test_one_project_is_run_without_the_other(capsys, monkeypatch):
    def run_project(project, *args):
        if project == 'chainer':
            raise run.Missing('not to be fetched')
        print('run:', project)
        return True

    monkeypatch.setattr(run, 'run_project', run_project)
    assert run.main([]) == 1
    out, err = capsys.readouterr()
    assert out == 'run: chainercv\n'
    assert err == 'chainer: not to be fetched\n'


def test_known_failures_are_explained():
    for project, entries in run.tomllib.loads(
            (run.HERE / 'known_failures.toml').read_text('utf-8')).items():
        assert project in run.TESTS
        for entry in entries:
            assert set(entry) == {'tests', 'error', 'why'}
            assert all(entry.values())
