"""Time of starting: importing this library against importing ChainerCV.

`import chainercv` fails on today's Python. What it would take is measured on
copies of Chainer and ChainerCV whose files have the repairs written into them,
so that nothing of this library has a part in it. Each import is a process of
its own, less what an empty process takes; the bytecode of all modules is cached.
"""
import argparse
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from vasily_fashion.compat.importer import repair_source
from vasily_fashion.compat.repairs import REPAIRS, REPLACED, REWRITTEN
from vasily_fashion.utils import write_json
from vasily_fashion.utils.machine import machine

from interleaved import interleaved

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_COMPAT = 'compat_on_disk'
_EMPTY = 'nothing'
_BASE = 'chainercv, repaired on disk'
_CODES = {
    _EMPTY: '',
    _BASE: 'import chainercv',
    'vasily_fashion': 'import vasily_fashion',
    'vasily_fashion, chainercv': 'import vasily_fashion, chainercv',
    'all that finds items': 'import vasily_fashion.links, vasily_fashion.retrieval, '
                            'vasily_fashion.deploy, vasily_fashion.utils',
}


def write_repaired(folder):
    """Copy Chainer and ChainerCV to a folder, with the repairs in the files."""
    for package in ('chainer', 'chainerx', 'chainercv'):
        # not imported: this process has them repaired in memory alone
        source = pathlib.Path(importlib.util.find_spec(package).origin).parent
        shutil.copytree(source, folder / package)
    compat = _ROOT / 'vasily_fashion' / 'compat'
    for module in {**REPAIRS, **REWRITTEN}:
        path = folder.joinpath(*module.split('.'))
        path = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
        if path.exists():
            # what repaired lines import of compat, without the rest of it
            path.write_text(repair_source(module, path.read_text('utf-8')).replace(
                'vasily_fashion.compat', _COMPAT), 'utf-8')
    (folder / _COMPAT).mkdir()
    shutil.copy(compat / 'requirements.py', folder / _COMPAT / 'requirements.py')
    for module, name in REPLACED.items():
        shutil.copy(compat / name, folder.joinpath(*module.split('.')).with_suffix('.py'))


def importer(code, path, cache):
    """A function that runs code in a new Python, whose modules are of a path.

    Bytecode is written to the cache by the first call and read by the next, for
    all modules alike.
    """
    env = {**os.environ, 'PYTHONPATH': str(path), 'PYTHONPYCACHEPREFIX': str(cache)}
    env.pop('PYTHONDONTWRITEBYTECODE', None)

    def work():
        subprocess.run([sys.executable, '-W', 'ignore', '-c', code], check=True, env=env, cwd=path)

    return work


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python startup.py --repeat 5')
    parser.add_argument('--repeat', type=int, default=11, help='number of rounds')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        write_repaired(pathlib.Path(folder))
        seconds = interleaved({
            name: importer(code, folder if name == _BASE else _ROOT, cache)
            for name, code in _CODES.items()}, args.repeat)
    empty = seconds.pop(_EMPTY)
    seconds = {name: s - empty for name, s in seconds.items()}
    print(machine())
    for name, s in seconds.items():
        print(f'{name:28} {s:.3f} s  {s / seconds[_BASE]:.2f} x')
    write_json(args.json, {'machine': machine(), 'seconds': seconds})


if __name__ == '__main__':
    main()
