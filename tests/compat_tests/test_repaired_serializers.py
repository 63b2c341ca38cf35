import chainer
import numpy as np
import pytest

h5py = pytest.importorskip(
    'h5py', reason='chainer.serializers.save_hdf5 needs h5py')


class _Holder:

    def __init__(self, **values):
        self.values = values

    def serialize(self, serializer):
        for key, value in self.values.items():
            self.values[key] = serializer(key, value)


def test_hdf5_round_trip(tmp_path):
    path = str(tmp_path / 'holder.h5')
    saved = _Holder(
        text='abc', japanese='日本語', empty='', integer=3, real=1.5,
        array=np.arange(3, dtype=np.float32))
    chainer.serializers.save_hdf5(path, saved)
    loaded = _Holder(text='', japanese='x', empty='x', integer=0, real=0.,
                     array=np.zeros(3, dtype=np.float32))
    chainer.serializers.load_hdf5(path, loaded)
    np.testing.assert_array_equal(loaded.values.pop('array'), [0, 1, 2])
    assert loaded.values == {
        'text': 'abc', 'japanese': '日本語', 'empty': '', 'integer': 3,
        'real': 1.5}
    assert type(loaded.values['integer']) is int
