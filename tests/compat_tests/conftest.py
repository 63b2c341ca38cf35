import os
import signal
import subprocess
import sys
from pathlib import Path

import vasily_fashion

import pytest

ROOT = str(Path(vasily_fashion.__file__).parents[1])


@pytest.fixture
def run_python(tmp_path):
    """Runs a new interpreter that can import this package.

    Its working directory is empty.  It is killed, with all the processes it
    started, when it takes too long: a test must not hang as what it tests
    might.
    """

    def run(*args, stdin='', timeout=120, on_path=True):
        env = {key: value for key, value in os.environ.items()
               if key not in ('PYTHONWARNINGS', 'PYTHONPATH')}
        if on_path:
            env['PYTHONPATH'] = ROOT
        process = subprocess.Popen(
            [sys.executable, *args], cwd=tmp_path, env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f'no end after {timeout} s\n{out}\n{err}')
        return subprocess.CompletedProcess(
            process.args, process.returncode, out, err)

    return run
