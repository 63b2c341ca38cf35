from vasily_fashion.deploy.export_onnx import export_onnx
from vasily_fashion.links import StyleExtractorBN

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
import onnx
import onnxruntime
import pytest


class _TwoHeads(chainer.Chain):
    """Reshapes as SSD's multibox does, and a broadcast as its normalisation."""

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(3, 6, 3, pad=1)
            self.loc = L.Convolution2D(6, 8, 1)
            self.conf = L.Convolution2D(6, 4, 1)

    def forward(self, x):
        h = F.normalize(self.conv(x), axis=1)
        heads = []
        for head, n in ((self.loc, 4), (self.conf, 2)):
            y = F.transpose(head(h), (0, 2, 3, 1))
            heads.append(F.reshape(y, (y.shape[0], -1, n)))
        return tuple(heads)


def _run(model, x):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider'])
    return session.run(None, {'x': x})


@pytest.mark.parametrize('n', [1, 3])
def test_outputs_in_order_for_any_batch(n):
    link = _TwoHeads()
    # as small as eps of the normalisation, or zero, so that eps is seen
    x = 1e-5 * np.random.default_rng(0).random((n, 3, 8, 6), np.float32)
    x[:, :, :4] = 0
    model = export_onnx(link, (8, 6), 2)
    onnx.checker.check_model(model)
    for found, expected in zip(_run(model, x), link(x), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected.array, atol=1e-5)


def test_weights_cannot_be_overridden():
    graph = export_onnx(_TwoHeads(), (8, 6), 2).graph
    assert [value.name for value in graph.input] == ['x']
    assert [value.name for value in graph.output] == ['y0', 'y1']


def test_running_variance_of_chainer_v1():
    link = StyleExtractorBN()
    # as small as eps, so that an eps too many is seen
    for name in ('bn1_1', 'bn2_1'):
        link[name].avg_var[...] = 3e-5
    x = np.random.default_rng(1).random((2, 3, 384, 256), np.float32)
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        expected = link(x).array
    found, = _run(export_onnx(link, link.insize, 1), x)
    np.testing.assert_allclose(
        found, expected, atol=1e-4 * np.abs(expected).max())
    assert link.bn1_1.avg_var[0] == np.float32(3e-5)


def test_a_link_that_was_set_to_train():
    """In Chainer v1's manner; an export computes in test mode all the same."""
    link = StyleExtractorBN()
    for name, child in link.namedlinks():
        if '/bn' in name:
            child.avg_var[...] = 1
    link.train = True
    x = np.random.default_rng(0).random((1, 3, *link.insize), np.float32)
    found, = _run(export_onnx(link, link.insize, 1), x)
    with chainer.using_config('train', False):
        link.train = False
        np.testing.assert_allclose(found, link(x).array, rtol=1e-3, atol=1e-3)
