"""ChainerCV's own tests, from its sdist, pass.

`tests/upstream/run.py` runs them, and Chainer's, whose sdist ships none.
"""
from collections import Counter
from importlib.util import find_spec

from tests.upstream import run

import pytest

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


@pytest.fixture(scope='session')
def chainercv(tmp_path_factory):
    """The folder of ChainerCV's tests"""
    if find_spec('pip') is None:
        pytest.skip('this environment has no pip')
    try:
        return run.unpack('chainercv', None, tmp_path_factory.mktemp('chainercv'))
    except run.Missing as e:
        if 'DO NOT MATCH THE HASHES' in str(e):
            raise
        pytest.skip(str(e))


def _assert_known(outcomes, least):
    result, errors = run.tally(outcomes)
    known = run.tomllib.loads((run.HERE / 'known_failures.toml').read_text('utf-8'))
    _, unknown = run.classify(errors, known['chainercv'])
    assert unknown == [], errors[unknown[0]]
    assert Counter(result.values())['passed'] > least


@pytest.mark.slow
def test_a_few_of_chainercv(chainercv):
    _assert_known(run.run_files(chainercv, FEW, timeout=300), 100)


@pytest.mark.slow
def test_all_of_chainercv(chainercv):
    _assert_known(run.run_files(chainercv, ['.'], timeout=3000), 2000)
