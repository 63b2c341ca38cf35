"""ChainerCV's own tests, from its sdist, pass.

The sdist is fetched with pip, from wherever pip is told to look, and its hash
is checked before anything of it is run.  (Chainer's sdist ships no tests: see
the other files of this folder.)
"""
import os
import re
import subprocess
import sys
import tarfile
from importlib.util import find_spec

import pytest

REQUIREMENT = (
    'chainercv==0.13.1 --hash=sha256:'
    '84214bd2fc191dacd73a95342ac45ded36232fc588825458752ec57df5e97ded')

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

# In the tests themselves: names that NumPy dropped, and a package that is in
# the standard library now
OLD_NAMES = (
    (r'\bnp\.(int|float|object|bool)\b', r'\1'),
    (r'(?m)^(\s*)import mock$', r'\1from unittest import mock'),
    (r'(?m)^(\s*)from mock import', r'\1from unittest.mock import'),
)

MARKS = ('not gpu and not slow and not cudnn and not ideep and not chainerx '
         'and not multi_gpu and not pfnci_skip')


NOT_RUN = (
    # they fetch what they compare with
    'evaluations_tests/test_eval_detection_voc.py::TestEvalDetectionVOCAP',
    'evaluations_tests/test_eval_instance_segmentation_voc.py'
    '::TestEvalInstanceSegmentationVOCAP',
    # builds a ragged array, which NumPy refuses since 1.24
    'utils_tests/mask_tests/test_mask_iou.py',
)


def _pip_download(folder):
    """Fetches the sdist into a folder; returns why it could not, or None"""
    if find_spec('pip') is None:
        return 'this environment has no pip'
    backend = folder / 'backend' / 'setuptools'
    backend.mkdir(parents=True)
    (backend / '__init__.py').write_text('')
    (backend / 'build_meta.py').write_text(BACKEND)
    (folder / 'requirements.txt').write_text(REQUIREMENT + '\n')
    try:
        result = subprocess.run(
            [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
             '--no-binary', ':all:', '--no-build-isolation', '--use-pep517',
             '--require-hashes', '--retries', '1', '--timeout', '20',
             '--disable-pip-version-check', '--dest', str(folder),
             '-r', str(folder / 'requirements.txt')],
            capture_output=True, text=True, timeout=180,
            env={**os.environ, 'PYTHONPATH': str(backend.parent)})
    except subprocess.TimeoutExpired:
        return 'no answer within three minutes'
    if result.returncode:
        errors = [line for line in result.stderr.splitlines()
                  if line.startswith('ERROR')]
        if 'DO NOT MATCH THE HASHES' in result.stderr:
            raise AssertionError(result.stderr)
        return ' '.join(errors) or result.stderr[-300:]


@pytest.fixture(scope='session')
def upstream(tmp_path_factory):
    """The folder of ChainerCV's tests"""
    folder = tmp_path_factory.mktemp('sdist')
    why_not = _pip_download(folder)
    if why_not is not None:
        pytest.skip(f"pip could not fetch ChainerCV's sdist: {why_not}")
    with tarfile.open(folder / 'chainercv-0.13.1.tar.gz') as archive:
        # the tests alone: they are to find the installed packages
        # Debian 12's Python 3.11.2 has no filters yet
        safe = {'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}
        archive.extractall(folder, **safe, members=[
            member for member in archive
            if member.name.startswith('chainercv-0.13.1/tests/')])
    tests = folder / 'chainercv-0.13.1' / 'tests'
    for path in tests.rglob('*.py'):
        source = path.read_text(encoding='utf-8')
        for old, new in OLD_NAMES:
            source = re.sub(old, new, source)
        path.write_text(source, encoding='utf-8')
    return tests


def _run(run_python, tests, paths, timeout):
    result = run_python(
        # imported before pytest collects anything
        '-m', 'pytest', '-p', 'vasily_fashion', '-q', '-m', MARKS,
        '-p', 'no:cacheprovider', '--rootdir', str(tests), '-c', '/dev/null',
        '--confcutdir', str(tests),
        *(f'--deselect={name}' if '::' in name else f'--ignore={tests / name}'
          for name in NOT_RUN),
        *(str(tests / path) for path in paths), timeout=timeout)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr
    summary = result.stdout.splitlines()[-1]
    return {word: int(number)
            for number, word in re.findall(r'(\d+) (\w+)', summary)}


FEW = (
    'utils_tests/bbox_tests',
    'utils_tests/image_tests',
    'links_tests/model_tests/ssd_tests/test_multibox_coder.py',
    'links_tests/model_tests/ssd_tests/test_multibox_loss.py',
    'links_tests/model_tests/fpn_tests/test_mask_utils.py',
    'experimental_tests/links_tests/model_tests/fcis_tests/utils_tests',
    'experimental_tests/links_tests/model_tests/fcis_tests/'
    'test_fcis_train_chain.py',
    'evaluations_tests/test_eval_detection_voc.py',
    'transforms_tests/bbox_tests',
)

def test_a_few_of_chainercv(run_python, upstream):
    counts = _run(run_python, upstream, FEW, timeout=300)
    assert counts['passed'] > 100


@pytest.mark.slow
def test_all_of_chainercv(run_python, upstream):
    counts = _run(run_python, upstream, ['.'], timeout=3000)
    assert counts['passed'] > 2000
