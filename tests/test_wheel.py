"""The library as docs/how_to/install.md installs it, outside of the checkout."""
import os
import pathlib
import re
import subprocess
import venv

from tests.test_readme import README

import pytest

_ROOT = pathlib.Path(__file__).parents[1]
_FILES_OF_THE_WHEEL = """
import vasily_fashion
from vasily_fashion.datasets import CCPBboxDataset
try:
    CCPBboxDataset('nowhere', 'val')
except FileNotFoundError:
    print(vasily_fashion.__file__)
"""


@pytest.mark.slow
def test_readme_in_an_empty_environment(tmp_path):
    venv.create(tmp_path / 'venv', with_pip=True)
    environ = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    environ['PATH'] = os.pathsep.join([str(tmp_path / 'venv' / 'bin'), environ['PATH']])

    def run(*command, cwd=tmp_path, **env):
        done = subprocess.run(
            command, cwd=cwd, env={**environ, **env}, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    commands = re.search(r'With pip:\n\n```text\n(.*?)```', (
        _ROOT / 'docs/how_to/install.md').read_text('utf-8'), re.S)[1].splitlines()
    for name, command in zip(('build', 'run'), commands, strict=True):
        # the versions that are tested; of hashes, a folder has none
        versions = tmp_path / f'{name}.txt'
        versions.write_text(re.sub(
            r' \\$|^ .*\n', '', (_ROOT / 'requirements' / versions.name).read_text(), flags=re.M))
        run('bash', '-c', command, cwd=_ROOT, PIP_CONSTRAINT=str(versions))

    snippet, = re.findall(r'^```python\n(.*?)^```$', README, re.M | re.S)
    shown, = re.findall(r'^```python\n.*?^```\n\n```text\n(.*?)^```$', README, re.M | re.S)
    assert run('python', '-c', snippet) == shown
    assert str(tmp_path) in run('python', '-c', _FILES_OF_THE_WHEEL)
