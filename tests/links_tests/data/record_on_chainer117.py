"""Make the recorded run again, and write down what it left to rounding.

It takes Python 3.6, Chainer 1.17.0 and NumPy 1.13.3, none of which this
library can use, and five gigabytes:

    python3.6 -m venv chainer117
    chainer117/bin/pip install chainer==1.17.0 numpy==1.13.3 \
        'protobuf<3.20' 'filelock<3.5'
    OPENBLAS_CORETYPE=Barcelona chainer117/bin/python record_on_chainer117.py

The kernels matter: OpenBLAS 0.2.18, in NumPy's wheel, took the recording
machine for a Barcelona. With these, the run equals the recorded one to the
last bit, which is asserted. README.md says what is written.
"""
import math
import pathlib

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np

_RECORD = (pathlib.Path(__file__).parent
           / 'style_extractor_bn_chainer117_seed7.npz')
# Above the rounding of any layer, 2e-6, of activations of deviation one.
_UNDECIDED = 5e-6
_POOL = 4


class StyleExtractorBN(chainer.Chain):
    """The article's network, in the words of Chainer 1.17."""

    def __init__(self):
        super().__init__()
        self.train = True
        sizes = [
            ('conv1_1', 3, 64), ('conv1_2', 64, 64), ('conv2_1', 64, 128),
            ('conv2_2', 128, 128), ('conv3_1', 128, 256),
            ('conv3_2', 256, 256), ('conv4_1', 256, 128)]
        for name, n_in, n_out in sizes:
            self.add_link(name, L.Convolution2D(
                n_in, n_out, 3, pad=1, wscale=0.02 * math.sqrt(9 * n_in)))
        self.add_link('fc5', L.Linear(3072, 128))
        for name, _, n_out in sizes[:-1]:
            self.add_link(
                name.replace('conv', 'bn'), L.BatchNormalization(n_out))

    def __call__(self, x):
        h = x
        for i in '123':
            for j in '12':
                h = self[f'conv{i}_{j}'](h)
                h = self[f'bn{i}_{j}'](h, test=not self.train)
                h = F.relu(h)
            h = F.max_pooling_2d(h, _POOL, stride=_POOL)
            h = F.dropout(h, 0.25, train=self.train)
        return self.fc5(F.relu(self.conv4_1(h)))


class _Undecided(chainer.function.FunctionHook):
    """Collects the inputs of ReLUs on which rounding decides a gradient.

    Those near zero, and those of which the maximum pooling behind picks one
    before another just as large.
    """

    name = 'undecided'

    def __init__(self):
        self.inputs = []
        self.where = []

    def forward_preprocess(self, function, in_data):
        if function.label == 'ReLU':
            x = np.ascontiguousarray(in_data[0])
            self.inputs.append(x)
            self.where.append(np.flatnonzero(np.abs(x) < _UNDECIDED))
        elif function.label == 'MaxPooling2D':
            self.where[-1] = np.union1d(
                self.where[-1], _rivals(self.inputs[-1]))

    def arrays(self):
        return {
            'call': np.repeat(
                np.arange(len(self.where), dtype=np.uint8),
                [len(where) for where in self.where]),
            'where': np.concatenate(self.where).astype(np.int32),
            'x': np.concatenate(
                list(map(np.take, self.inputs, self.where)))}


def _windows(x):
    n, c, h, w = x.shape
    return x.reshape(
        n, c, h // _POOL, _POOL, w // _POOL, _POOL
    ).transpose(0, 1, 2, 4, 3, 5).reshape(-1, _POOL ** 2)


def _rivals(x):
    """Where the two largest values of a window are, if they are near."""
    windows = _windows(x)
    second, first = np.partition(windows, (-2, -1), axis=1)[:, -2:].T
    near = (first > 0) & (first - second < _UNDECIDED)
    order = np.argsort(windows[near], axis=1)[:, -2:]
    where = _windows(np.arange(x.size).reshape(x.shape))[near]
    return where[np.arange(len(where))[:, None], order].ravel()


def _summary(array):
    array = array.astype(np.float64)
    return np.array(
        [array.sum(), np.abs(array).sum()] + list(array.ravel()[:6]))


def record():
    """The recorded run.

    Returns:
        dict, dict: What the record holds, and what was left to rounding.
    """
    rs = np.random.RandomState(7)
    np.random.seed(7)
    model = StyleExtractorBN()
    found = {'seed': np.array(7)}
    found.update({'init' + name: _summary(param.data)
                  for name, param in model.namedparams()})
    batches = [[rs.rand(3, 3, 384, 256).astype('f') for _ in range(3)]
               for _ in range(2)]
    np.random.seed(8)
    optimizer = chainer.optimizers.SGD(lr=1e-5)
    optimizer.setup(model)
    losses = []
    for batch in batches:
        hook = _Undecided()
        with hook:
            q, p, n = [model(chainer.Variable(x)) for x in batch]
        loss = F.triplet(q, p, n, margin=0.2)
        model.cleargrads()
        loss.backward()
        if not losses:
            undecided = hook.arrays()
            found.update(emb_q=q.data, emb_p=p.data, emb_n=n.data)
            found.update({'grad' + name: _summary(param.grad)
                          for name, param in model.namedparams()})
        optimizer.update()
        losses.append(float(loss.data))
        del hook, q, p, n, loss
    found['losses'] = np.array(losses)
    model.train = False
    found['y_test'] = model(
        chainer.Variable(rs.rand(2, 3, 384, 256).astype('f'))).data
    for name in ('bn1_1', 'bn3_2'):
        found['avg_mean/' + name] = model[name].avg_mean
        found['avg_var/' + name] = model[name].avg_var
    return found, undecided


def main():
    assert (chainer.__version__, np.__version__) == ('1.17.0', '1.13.3')
    found, undecided = record()
    with np.load(str(_RECORD)) as recorded:
        assert set(recorded.files) == set(found)
        for name in recorded.files:
            np.testing.assert_array_equal(
                found[name].astype(recorded[name].dtype), recorded[name],
                name)
    path = _RECORD.with_name(_RECORD.stem + '_undecided.npz')
    np.savez_compressed(str(path), **undecided)
    print(len(undecided['x']), 'values:', path)


if __name__ == '__main__':
    main()
