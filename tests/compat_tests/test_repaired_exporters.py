"""Export to ONNX and to Caffe."""
import chainer
import cv2
import numpy as np
import pytest
from chainer import functions as F
from chainer import links as L


class _Net(chainer.Chain):

    def __init__(self):
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(3, 4, 3, pad=1)
            self.bn = L.BatchNormalization(4)
            self.fc = L.Linear(4 * 4 * 4, 5)

    def forward(self, x):
        h = F.relu(self.bn(self.conv(x)))
        return self.fc(F.max_pooling_2d(h, 2))


@pytest.fixture
def x():
    return np.random.default_rng(0).uniform(
        -1, 1, (1, 3, 8, 8)).astype(np.float32)


def test_onnx(x, tmp_path):
    onnx = pytest.importorskip('onnx', reason='the export needs onnx')
    import onnx_chainer

    net = _Net()
    path = str(tmp_path / 'net.onnx')
    net.bn.avg_mean[...] = 0.1, -0.2, 0.3, 0
    with chainer.using_config('train', False):
        onnx_chainer.export(net, x, filename=path, opset_version=9)
        expected = net(x).array
    model = onnx.load(path)
    onnx.checker.check_model(model)
    # not onnx's own evaluator: it runs opset 9's BatchNormalization as if
    # training
    runner = cv2.dnn.readNetFromONNX(path)
    runner.setInput(x)
    y = runner.forward()
    np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize('dtype', [
    np.float16, np.float32, np.float64, np.int32, np.int64, np.uint8,
    np.bool_])
def test_onnx_constants(dtype):
    pytest.importorskip('onnx', reason='the export needs onnx')
    from onnx import numpy_helper
    from onnx_chainer.context import _tensor_from_array_for_constant

    array = np.array([[0, 1], [1, 1]], dtype=dtype)
    tensor = _tensor_from_array_for_constant(array, 'name')
    restored = numpy_helper.to_array(tensor)
    assert restored.dtype == dtype
    np.testing.assert_array_equal(restored, array)


def test_onnx_cast(x):
    onnx = pytest.importorskip('onnx', reason='the export needs onnx')
    import onnx_chainer

    class Cast(chainer.Chain):
        def forward(self, x):
            return F.cast(x, np.float16)

    model = onnx_chainer.export(Cast(), x, opset_version=9)
    cast, = (node for node in model.graph.node if node.op_type == 'Cast')
    assert cast.attribute[0].i == onnx.TensorProto.FLOAT16


def test_caffe(x, tmp_path):
    pytest.importorskip('google.protobuf', reason='Caffe needs protobuf')
    from chainer.exporters import caffe
    from chainer.links.caffe import CaffeFunction

    net = _Net()
    with chainer.using_config('train', False):
        caffe.export(net, [chainer.Variable(x)], str(tmp_path))
        expected = net(x).array
        loaded = CaffeFunction(str(tmp_path / 'chainer_model.caffemodel'))
        blobs = dict(loaded.namedparams())
        y, = loaded(inputs={'data': x}, outputs=[_top(loaded)])
    weights = [p.array for p in blobs.values()]
    for name, param in net.namedparams():
        if name.startswith(('/conv', '/fc')):
            assert any(w.size == param.size
                       and np.array_equal(w.ravel(), param.array.ravel())
                       for w in weights), name
    np.testing.assert_allclose(y.array, expected, atol=1e-5)


def _top(function):
    return function.layers[-1][2][0]


def test_caffe_messages():
    pytest.importorskip('google.protobuf', reason='Caffe needs protobuf')
    from chainer.links.caffe.protobuf3 import caffe_pb2

    net = caffe_pb2.NetParameter(name='net')
    layer = net.layer.add(name='conv', type='Convolution')
    layer.convolution_param.kernel_size.append(3)
    restored = caffe_pb2.NetParameter.FromString(net.SerializeToString())
    assert restored == net
    assert restored.layer[0].convolution_param.kernel_size == [3]
    assert caffe_pb2.TRAIN == caffe_pb2.Phase.Value('TRAIN') == 0
    assert caffe_pb2.V1LayerParameter.CONVOLUTION == 4
