import pytest


def test_import_with_cupy_is_silent(run_python):
    # NCCL and cuDNN may be missing: CuPy 13 and 14 warn of that when asked
    pytest.importorskip('cupy', reason='CuPy is not installed')
    result = run_python('-W', 'error', '-c', (
        'import vasily_fashion, chainer, chainercv, chainermn.nccl'))
    assert (result.returncode, result.stderr) == (0, '')
