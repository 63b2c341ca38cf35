import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def serve():
    """Start examples/app/serve.py with arguments; give its address."""
    processes = []

    def start(*argv, limit=None):
        files = [] if limit is None else ['prlimit', f'--nofile={limit}']
        process = subprocess.Popen(
            [*files, sys.executable, _ROOT / 'examples' / 'app' / 'serve.py', *argv,
             '--port', '0'], stderr=subprocess.PIPE, text=True,
            env={**os.environ, 'PYTHONPATH': str(_ROOT)})
        processes.append(process)
        lines = []
        for line in process.stderr:
            lines.append(line)
            found = re.search(r'running on (http://\S+)', line)
            if found:
                start.head.extend(lines)
                # a full pipe would stop it
                threading.Thread(
                    target=start.log.extend, args=(process.stderr,), daemon=True).start()
                return found[1] + '/'
        raise AssertionError(f'serve.py ended: {"".join(lines)}')

    start.processes, start.log, start.head = processes, [], []  # for tests to look at
    yield start
    for process in processes:
        process.terminate()
        process.wait()
