import importlib.util

from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.links import StyleExtractorBN

import numpy as np
import pytest


def test_compiles_and_says_with_what():
    link = StyleExtractorBN()
    compiled, words = compile_if_installed(link, 'onnxruntime')
    assert words == 'onnxruntime, f32'
    assert compiled.engine.name == 'onnxruntime'
    img = np.random.default_rng(0).uniform(0, 255, (3, 50, 40)).astype('f')
    expected = link.extract([img])
    np.testing.assert_allclose(
        compiled.extract([img]), expected,
        atol=1e-4 * np.abs(expected).max())


def test_chainer_computes_if_asked_or_where_no_engine_is(monkeypatch):
    link = StyleExtractorBN()
    assert compile_if_installed(link, 'chainer') == (link, 'Chainer')
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    found, words = compile_if_installed(link)
    assert found is link
    assert words.startswith('Chainer (OpenVINO or ONNX Runtime is not installed')
    with pytest.raises(ImportError, match='openvino is not installed'):
        compile_if_installed(link, 'openvino')
    with pytest.raises(ImportError, match='is not installed'):
        compile_if_installed(link, precision='int8')
    with pytest.raises(ValueError, match="'int8' is OpenVINO's; Chainer computes in 'f32'"):
        compile_if_installed(link, 'chainer', precision='int8')
    with pytest.raises(ValueError, match="'int8' is OpenVINO's; Chainer computes in 'f32'"):
        compile_if_installed(link, gpu=0, precision='int8')
