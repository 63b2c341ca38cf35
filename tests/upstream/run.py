"""Run Chainer's and ChainerCV's own tests on vasily_fashion.compat.

ChainerCV's tests are in its sdist, which pip fetches, from wherever it is told to
look, and whose hash is checked. Chainer's are only in its repository, whose
archive is fetched from GitHub; --source takes an unpacked copy instead.

Tests that need ChainerX, iDeep or cuDNN, or are marked slow, are left out, and so
are those that need a GPU. --gpu runs those, and no others: of Chainer, the tests of
the functions that this library uses, of ChainerCV all. Those of two GPUs are skipped,
unless CHAINER_TEST_GPU_LIMIT says how many there are. In the tests nothing is changed
but names that NumPy dropped and the package mock, which is in the standard library
now. With CHAINER_TEST_PAIRWISE_PARAMETERIZATION=always in the environment, Chainer's
tests take pairs of parameters, not all combinations.

Exits with 1 if anything fails that known_failures.toml does not explain, or if there
is nothing to run.
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import urllib.request
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHAINER = 'https://github.com/chainer/chainer/archive/refs/tags/v7.8.1.tar.gz'
CHAINERCV = (
    'chainercv==0.13.1 --hash=sha256:'
    '84214bd2fc191dacd73a95342ac45ded36232fc588825458752ec57df5e97ded')

# The folder of the tests, and what of it is run unless --only says otherwise: of
# Chainer, what models and their trainings are made of.
TESTS = {'chainer': 'tests/chainer_tests', 'chainercv': 'tests'}
FOLDERS = {
    'chainer': tuple(f'{name}_tests/*' for name in (
        'dataset', 'datasets', 'functions', 'initializers', 'iterators', 'links',
        'optimizers', 'serializers', 'training')),
    'chainercv': ('*',),
}
# With --gpu, of Chainer: what both networks and their trainings compute with.
GPU_FILES = {
    'chainer': tuple(f'functions_tests/{name}.py' for name in (
        'activation_tests/test_relu', 'array_tests/test_concat',
        'array_tests/test_reshape', 'array_tests/test_transpose',
        'connection_tests/test_convolution_2d',
        'connection_tests/test_dilated_convolution_2d',
        'connection_tests/test_linear', 'loss_tests/test_contrastive',
        'loss_tests/test_huber_loss', 'loss_tests/test_softmax_cross_entropy',
        'loss_tests/test_triplet', 'math_tests/test_sum', 'noise_tests/test_dropout',
        'normalization_tests/test_batch_normalization',
        'normalization_tests/test_l2_normalization',
        'pooling_tests/test_max_pooling_2d')) + ('optimizers_tests/test_optimizers.py',),
    'chainercv': ('*',),
}

# What pip asks of a build backend before it hands out an sdist.  The real one
# runs setup.py, which needs pkg_resources; name and version are enough.
BACKEND = '''
import pathlib


class __legacy__:

    @staticmethod
    def get_requires_for_build_wheel(config_settings=None):
        return []

    @staticmethod
    def prepare_metadata_for_build_wheel(directory, config_settings=None):
        info = pathlib.Path(directory, 'chainercv-0.13.1.dist-info')
        info.mkdir()
        (info / 'METADATA').write_text(
            'Metadata-Version: 2.1\\nName: chainercv\\nVersion: 0.13.1\\n')
        return info.name
'''

OLD_NAMES = (
    (r'\b(?:np|numpy)\.(int|float|object|bool)\b', r'\1'),
    (r'(?m)^(\s*)import mock$', r'\1from unittest import mock'),
    (r'(?m)^(\s*)from mock import', r'\1from unittest.mock import'),
)

MARKS = ' and '.join(f'not {mark}' for mark in (
    'cudnn', 'ideep', 'chainerx', 'slow', 'pfnci_skip'))


class Missing(Exception):
    """There are no tests to run; the message says why."""


def _fetch_chainer(folder):
    path = folder / 'chainer-7.8.1.tar.gz'
    try:
        with urllib.request.urlopen(CHAINER, timeout=60) as response, open(path, 'wb') as f:
            shutil.copyfileobj(response, f)
    except OSError as e:
        raise Missing(
            f'{CHAINER} cannot be fetched ({e}): name an unpacked copy with --source') from e
    return path


def _fetch_chainercv(folder):
    backend = folder / 'backend' / 'setuptools'
    backend.mkdir(parents=True)
    (backend / '__init__.py').write_text('')
    (backend / 'build_meta.py').write_text(BACKEND)
    (folder / 'requirements.txt').write_text(CHAINERCV + '\n')
    result = subprocess.run(
        [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
         '--no-binary', ':all:', '--no-build-isolation', '--use-pep517',
         '--require-hashes', '--retries', '1', '--timeout', '20',
         '--disable-pip-version-check', '--dest', str(folder),
         '-r', str(folder / 'requirements.txt')],
        capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(backend.parent)})
    if result.returncode:
        raise Missing(f"pip could not fetch ChainerCV's sdist:\n{result.stderr[-2000:]}")
    return folder / 'chainercv-0.13.1.tar.gz'


FETCH = {'chainer': _fetch_chainer, 'chainercv': _fetch_chainercv}


def unpack(project, source, folder):
    """Leaves the tests, and nothing that they could import instead of what is installed."""
    if source is None:
        with tarfile.open(FETCH[project](folder)) as archive:
            # Debian 12's Python 3.11.2 has no filters yet
            safe = {'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}
            archive.extractall(folder / 'unpacked', **safe)
        source, = (folder / 'unpacked').iterdir()
    shutil.copytree(Path(source) / 'tests', folder / 'tests')
    for path in (folder / 'tests').rglob('*.py'):
        text = path.read_text(encoding='utf-8')
        for old, new in OLD_NAMES:
            text = re.sub(old, new, text)
        path.write_text(text, encoding='utf-8')
    return folder / TESTS[project]


def run_files(root, files, timeout, gpu=False):
    """Runs pytest in a process of its own; returns the lines of `outcomes.py`."""
    with tempfile.TemporaryDirectory() as empty:
        lines = Path(empty) / 'outcomes'
        lines.touch()
        path = [HERE, HERE.parents[1], root.parent]
        if 'PYTHONPATH' in os.environ:
            path.append(os.environ['PYTHONPATH'])
        process = subprocess.Popen(
            # vasily_fashion is imported before pytest collects anything
            [sys.executable, '-m', 'pytest', '-p', 'vasily_fashion', '-p', 'outcomes',
             '-p', 'no:cacheprovider', '-c', os.devnull, '-q', '--tb=short',
             '-m', f'{"gpu" if gpu else "not gpu"} and {MARKS}',
             '--rootdir', str(root), '--confcutdir', str(root.parent),
             '--continue-on-collection-errors', *(str(root / file) for file in files)],
            cwd=empty, env={'CHAINER_TEST_GPU_LIMIT': '1', **os.environ,
                            'PYTHONPATH': os.pathsep.join(map(str, path)),
                            'UPSTREAM_OUTCOMES': str(lines)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace', start_new_session=True)
        try:
            out, _ = process.communicate(timeout=timeout)
            end = f'pytest ended with {process.returncode}'
        except BaseException as e:
            os.killpg(process.pid, signal.SIGKILL)  # with all that the tests started
            if not isinstance(e, subprocess.TimeoutExpired):
                raise
            out, _ = process.communicate()
            end = f'no end after {timeout:g} s'
        outcomes = [json.loads(line) for line in lines.read_text('utf-8').splitlines()]
        if process.returncode not in (0, 1, 5):  # passed, failed, none selected
            # what was started last is what it was at
            at = outcomes[-1]['id'] if outcomes else str(Path(files[0]).parent)
            outcomes.append({'id': at, 'outcome': 'failed', 'error':
                             f'{end}; the rest of this folder was not run\n{out[-2000:]}'})
    return outcomes


def tally(outcomes):
    """{test: its outcome}, and {test: its error} of those that failed."""
    result, errors = {}, {}
    for line in outcomes:
        # one that passes, then fails to clean up, failed
        if line['outcome'] != 'started' and result.get(line['id']) != 'failed':
            result[line['id']] = line['outcome']
            if line['outcome'] == 'failed':
                errors[line['id']] = line['error']
    return result, errors


def classify(errors, known):
    """[[tests that failed as an entry of `known` says], ...], and the others."""
    explained, unknown = [[] for _ in known], []
    for name, error in errors.items():
        found = [i for i, entry in enumerate(known)
                 if fnmatchcase(name, entry['tests']) and entry['error'] in error]
        (explained[found[0]] if found else unknown).append(name)
    return explained, unknown


def run_project(project, source, only, timeout, known, gpu=False):
    """Prints a table and the failures; returns whether all of them are known."""
    with tempfile.TemporaryDirectory() as folder:
        root = unpack(project, source, Path(folder))
        files = sorted(
            path.relative_to(root).as_posix() for path in root.rglob('test_*.py'))
        patterns = (GPU_FILES if gpu else FOLDERS)[project] if only is None else (only + '*',)
        files = [file for file in files if any(fnmatchcase(file, p) for p in patterns)]
        if not files:
            raise Missing(f"no file of tests is there for {' '.join(patterns)}")
        columns = 'passed', 'failed', 'skipped', 'deselected'
        row = '{:<42}' + '{:>11}' * 4 + '{:>8}'
        print(row.format(project, *columns, 's'), flush=True)
        errors, total, all_seconds = {}, Counter(), 0
        # a process has few enough of the files to be lost with one that crashes
        for name, group in groupby(files, lambda file: '/'.join(file.split('/')[:-1][:2])):
            start = time.monotonic()
            result, its_errors = tally(run_files(root, list(group), timeout, gpu))
            seconds = time.monotonic() - start
            counts = Counter(result.values())
            print(row.format(name or '.', *(counts[c] for c in columns), round(seconds)),
                  flush=True)
            errors.update(its_errors)
            total.update(counts)
            all_seconds += seconds
        print(row.format('all', *(total[c] for c in columns), round(all_seconds)))
    explained, unknown = classify(errors, known)
    for entry, names in zip(known, explained, strict=True):
        if names:
            print(f"\nknown: {' '.join(entry['why'].split())}")
            print(*(f'  {name}' for name in names), sep='\n')
    alike = defaultdict(list)  # one cause often fails for every set of parameters
    for name in unknown:
        alike[name.split('::')[0], errors[name].rpartition('\n')[2]].append(name)
    for name, *more in alike.values():
        print(f'\nUNKNOWN: {name}' + (f' and {len(more)} more like it' if more else ''))
        print(*(f'  {line}' for line in errors[name].splitlines()[-12:]), sep='\n')
    print(f'\n{project}: {total["passed"]} passed, {total["failed"] - len(unknown)} failed as '
          f'known, {len(unknown)} failed otherwise\n', flush=True)
    return not unknown


def main(argv=None, known_failures=HERE / 'known_failures.toml'):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python tests/upstream/run.py chainer --only functions_tests/math_tests '
               '--source chainer-7.8.1')
    parser.add_argument('project', nargs='?', choices=tuple(TESTS), help='both if not given')
    parser.add_argument('--source', metavar='FOLDER',
                        help='an unpacked copy of the project; nothing is fetched')
    parser.add_argument('--only', metavar='PATTERN',
                        help='how the names of the files of tests begin, below the folder of '
                             'all of them; * stands for anything')
    parser.add_argument('--gpu', action='store_true',
                        help='the tests that need a GPU, and no others')
    parser.add_argument('--timeout', type=float, default=3600, metavar='SECONDS',
                        help='for each folder (default: %(default)s)')
    args = parser.parse_args(argv)
    if args.source is not None and args.project is None:
        parser.error('--source is of one project: name it')
    known = tomllib.loads(Path(known_failures).read_text('utf-8'))
    status = 0
    for project in [args.project] if args.project else TESTS:
        try:
            if not run_project(
                    project, args.source, args.only, args.timeout, known.get(project, []),
                    args.gpu):
                status = 1
        except Missing as e:
            print(f'{project}: {e}', file=sys.stderr)
            status = 1
    return status


if __name__ == '__main__':
    # it leaves no pytest behind when it is stopped
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
