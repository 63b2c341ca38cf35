import warnings
import zipfile

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.utils import load_weights, save_weights

import chainer
import chainer.links as L
import numpy as np
import pytest


class _Net(chainer.Chain):

    """A small network with every kind of entry: parameters and statistics."""

    def __init__(self, n_class=3):
        super().__init__()
        with self.init_scope():
            self.conv = L.Convolution2D(2, 4, 3)
            self.bn = L.BatchNormalization(4)
            self.fc = L.Linear(4, n_class)


def _arrays(link):
    arrays = {name[1:]: param.array for name, param in link.namedparams()}
    for name in link.bn._persistent:
        arrays['bn/' + name] = getattr(link.bn, name)
    return {name: np.copy(array) for name, array in arrays.items()}


def _random(n_class=3):
    net = _Net(n_class)
    random_state = np.random.RandomState(0)
    for param in net.params():
        param.array[...] = random_state.uniform(1, 2, param.shape)
    net.bn.avg_mean[:] = random_state.uniform(size=4)
    net.bn.N = 5
    return net


def _assert_equal(link, arrays):
    found = _arrays(link)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, name)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / '重み 1.npz'
    chainer.serializers.save_npz(path, _random())
    return path


@pytest.mark.parametrize('type_', [str, lambda path: path])
def test_all(path, type_):
    net = _Net()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        load_weights(type_(path), net)
    _assert_equal(net, _arrays(_random()))
    assert type(net.bn.N) is int
    assert net.conv.W.dtype == np.float32


def test_arrays_stay_where_they_are(path):
    # an optimizer may hold them
    net = _Net()
    W, mean = net.conv.W.array, net.bn.avg_mean
    load_weights(path, net)
    assert net.conv.W.array is W and net.bn.avg_mean is mean


def test_names_with_a_slash_in_front(tmp_path):
    arrays = _arrays(_random())
    path = tmp_path / 'a.npz'
    np.savez(path, **{'/' + name: array for name, array in arrays.items()})
    net = _Net()
    load_weights(path, net)
    _assert_equal(net, arrays)


@pytest.mark.parametrize('dtype', [np.float16, np.float64])
def test_other_precision(tmp_path, dtype):
    arrays = {name: array.astype(dtype)
              for name, array in _arrays(_random()).items()}
    path = tmp_path / 'half.npz'
    np.savez_compressed(path, **arrays)
    net = _Net()
    load_weights(path, net)
    for name, param in net.namedparams():
        assert param.dtype == np.float32
        np.testing.assert_array_equal(
            param.array, arrays[name[1:]].astype(np.float32), name)


def test_another_class_count(tmp_path):
    path = tmp_path / 'five.npz'
    chainer.serializers.save_npz(path, _random(5))
    net = _Net()
    before = _arrays(net)

    def construct():
        load_weights(path, net, class_dependent=('/fc/',), strict=False)

    with pytest.warns(UserWarning) as caught:
        construct()
    warning, = caught
    message = str(warning.message)
    assert 'five.npz' in message and 'number of classes' in message
    assert '/fc/W' in message and '/fc/b' in message
    assert '/conv' not in message and '/bn' not in message
    # it points at the line that asked for the network
    assert warning.filename == __file__
    expected = _arrays(_random(5))
    expected.update({'fc/W': before['fc/W'], 'fc/b': before['fc/b']})
    _assert_equal(net, expected)


def test_another_class_count_is_refused_unless_it_is_to_be_trained(tmp_path):
    path = tmp_path / 'five.npz'
    chainer.serializers.save_npz(path, _random(5))
    net = _Net()
    before = _arrays(net)
    with pytest.raises(ValueError, match='five.npz does not fit _Net: /fc/W, /fc/b.*'
                       'another number of classes.*strict=False'):
        load_weights(path, net, class_dependent=('/fc/',))
    _assert_equal(net, before)


def test_names_of_classes(tmp_path):
    """As many classes, or the same in another order: other layers."""
    net, path = _random(), tmp_path / 'own.npz'
    net.label_names = ('obi', 'geta', 'zori')
    save_weights(path, net)
    with np.load(path) as file:
        assert file['label_names'].tolist() == ['obi', 'geta', 'zori']
    chainer.serializers.load_npz(path, _Net())  # Chainer reads it as well
    for names in ('geta', 'obi', 'zori'), ('hat', 'bag', 'belt'):
        other = _Net()
        other.label_names = names
        before = _arrays(other)
        with pytest.raises(ValueError, match='other classes, obi, geta, zori, not '
                           + ', '.join(names)):
            load_weights(path, other, ('/fc/',))
        _assert_equal(other, before)
        with pytest.warns(UserWarning, match='/fc/W, /fc/b keep .* obi, geta'):
            load_weights(path, other, ('/fc/',), strict=False)
        _assert_equal(other, {
            **_arrays(_random()), 'fc/W': before['fc/W'], 'fc/b': before['fc/b']})
        assert other.label_names == names
    for names in None, ('obi', 'geta', 'zori'):
        same = _Net()
        same.label_names = names
        load_weights(path, same, ('/fc/',))
        _assert_equal(same, _arrays(_random()))
        assert same.label_names == ('obi', 'geta', 'zori')
    same = _Net()  # which has no classes
    load_weights(path, same, ('/fc/',))
    _assert_equal(same, _arrays(_random()))


def test_a_file_without_names_is_of_the_fashion_categories(tmp_path):
    path, net = tmp_path / 'twelve.npz', _random(12)
    net.label_names = FASHION_CATEGORIES
    save_weights(path, net)
    with np.load(path) as file:
        assert 'label_names' not in file.files
    load_weights(path, net, ('/fc/',))
    net.label_names = FASHION_CATEGORIES[::-1]
    with pytest.raises(ValueError, match='other classes, bag, belt'):
        load_weights(path, net, ('/fc/',))


@pytest.mark.parametrize('names, kind', [
    (['extractor/conv1_1/W', 'multibox/conf/0/W'], 'the weights of SSD, a detector'),
    (['extractor/conv1_1/W'], 'the weights of VGG16'),
    (['fc5/W', 'conv1_1/W'], 'the weights of StyleExtractorBN'),
    (['updater/model:main/conv/W', 'updater/iteration'], "a training's snapshot"),
    (['features.0.weight'], 'weights: it is')])
def test_it_is_called_what_it_is(tmp_path, names, kind):
    """However much larger it is than the network."""
    path = tmp_path / 'other.npz'
    np.savez_compressed(path, **{name: np.zeros(10 ** 7, 'f') for name in names})
    with pytest.raises(ValueError, match=f'other.npz holds {kind}.*another network than _Net'):
        load_weights(path, _Net())


def test_another_class_count_is_no_excuse_elsewhere(tmp_path):
    path = tmp_path / 'five.npz'
    chainer.serializers.save_npz(path, _random(5))
    net = _Net()
    before = _arrays(net)
    with pytest.raises(ValueError, match='five.npz.*another network.*/fc/'):
        load_weights(path, net, class_dependent=('/conv/',))
    _assert_equal(net, before)


def test_part_of_a_network(tmp_path):
    path = tmp_path / 'part.npz'
    arrays = _arrays(_random())
    np.savez(path, **{name: array for name, array in arrays.items()
                      if name.startswith('conv') or name == 'bn/gamma'})
    net = _Net()
    before = _arrays(net)
    with pytest.raises(ValueError, match='part.npz.*/bn/beta.*does not have them'):
        load_weights(path, net)
    _assert_equal(net, before)
    with pytest.warns(UserWarning) as caught:
        load_weights(path, net, strict=False)
    warning, = caught
    message = str(warning.message)
    for name in ('/fc/W', '/fc/b', '/bn/beta', '/bn/avg_mean', '/bn/avg_var'):
        assert name in message
    assert '/conv' not in message and '/bn/gamma' not in message
    assert 'classes' not in message
    for name in before:
        given = name.startswith('conv') or name == 'bn/gamma'
        np.testing.assert_array_equal(
            _arrays(net)[name], (arrays if given else before)[name], name)


def test_both_reasons_are_told_apart(tmp_path):
    path = tmp_path / 'five.npz'
    arrays = _arrays(_random(5))
    del arrays['conv/b']
    np.savez(path, **arrays)
    with pytest.warns(UserWarning) as caught:
        load_weights(path, _Net(), class_dependent=('/fc/',), strict=False)
    messages = sorted((str(w.message) for w in caught), key=len)
    assert len(messages) == 2
    assert '/conv/b' in messages[0] and '/fc/' not in messages[0]
    assert '/fc/W' in messages[1] and '/conv' not in messages[1]


@pytest.mark.parametrize('change', ['rename', 'shape', 'transpose'])
def test_another_network(tmp_path, change):
    arrays = _arrays(_random())
    if change == 'rename':
        arrays['block/W'] = arrays.pop('conv/W')
    elif change == 'shape':
        arrays['conv/W'] = arrays['conv/W'][:, :1]
    else:
        arrays['fc/W'] = arrays['fc/W'].T
    path = tmp_path / 'other.npz'
    np.savez(path, **arrays)
    net = _Net()
    before = _arrays(net)
    with pytest.raises(ValueError, match='other.npz.*another network.*/W'):
        load_weights(path, net)
    _assert_equal(net, before)


def _text(path):
    path.write_text('these are not weights')


def _empty(path):
    path.write_bytes(b'')


def _half(path):
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2])


def _bit(path):
    np.savez(path, **_arrays(_random()))
    data = bytearray(path.read_bytes())
    start = data.index(_random().conv.W.array.tobytes())
    data[start + 7] ^= 1
    path.write_bytes(data)


def _compressed_bits(path):
    np.savez_compressed(path, **_arrays(_random()))
    data = bytearray(path.read_bytes())
    data[100:140] = b'\xff' * 40
    path.write_bytes(data)


def _npy(path):
    with open(path, 'wb') as file:
        np.save(file, np.zeros(3))


def _zip(path):
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('conv/W', 'text')


def _strings(path):
    np.savez(path, **{**_arrays(_random()), 'conv/b': np.array(['a'] * 4)})


class _Evil:

    """Runs code when it is unpickled."""

    def __reduce__(self):
        return open, ('ran', 'w')


def _pickled(path):
    np.savez(path, **{
        **_arrays(_random()), 'conv/b': np.array([_Evil()] * 4, object)})


def _pickle(path):
    with open(path, 'wb') as file:
        np.save(file, np.array([_Evil()], object), allow_pickle=True)


@pytest.mark.parametrize('damage', [
    _text, _empty, _half, _bit, _compressed_bits, _npy, _zip, _strings,
    _pickled, _pickle])
def test_no_weights_file(path, damage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damage(path)
    net = _Net()
    before = _arrays(net)
    with pytest.raises(OSError, match='重み 1.npz') as caught:
        load_weights(path, net)
    _assert_equal(net, before)
    assert not (tmp_path / 'ran').exists()
    # no advice to load it unsafely
    assert 'trust' not in str(caught.value)


def test_truncated_anywhere(path):
    data = path.read_bytes()
    net = _Net()
    before = _arrays(net)
    for n in range(0, len(data) - 1, max(len(data) // 40, 1)):
        path.write_bytes(data[:n])
        with pytest.raises(OSError, match='重み'):
            load_weights(path, net)
    _assert_equal(net, before)


def test_no_array(tmp_path):
    path = tmp_path / 'nothing.npz'
    np.savez(path)
    with pytest.raises(ValueError, match='nothing.npz'):
        load_weights(path, _Net())


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.npz'):
        load_weights(tmp_path / 'nowhere.npz', _Net())


def test_folder(tmp_path):
    with pytest.raises(OSError, match=str(tmp_path)):
        load_weights(tmp_path, _Net())


@pytest.mark.gpu
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_gpu(dtype, tmp_path):
    arrays = {name: array.astype(dtype) if array.dtype == np.float32 else array
              for name, array in _arrays(_random()).items()}
    np.savez(tmp_path / 'a.npz', **arrays)
    net = _Net()
    net.to_device('@cupy:0')
    load_weights(tmp_path / 'a.npz', net)
    net.to_device('@numpy')
    assert net.conv.W.dtype == np.float32
    _assert_equal(net, arrays)
