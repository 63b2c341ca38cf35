import functools
import hashlib
import http.server
import pathlib
import socket
import threading

import vasily_fashion.utils
from vasily_fashion.utils import locate_weights

import pytest
from chainer.dataset import download

_FOLDER = 'VASILY_FASHION_WEIGHTS'
_DATA = b'weights'


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / 'cache'
    monkeypatch.setattr(download, '_dataset_root', str(folder))
    monkeypatch.delenv(_FOLDER, raising=False)
    return folder


@pytest.fixture
def link_name(monkeypatch):
    """A link whose weights are known, but in no checkout."""
    registry = locate_weights.__globals__['_FASHION_WEIGHTS']
    monkeypatch.setitem(
        registry, 'test_link',
        ('test_link_7f3a.npz', hashlib.sha256(_DATA).hexdigest()))
    return 'test_link'


def _put(folder, data=_DATA):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'test_link_7f3a.npz'
    path.write_bytes(data)
    return str(path)


def test_path(tmp_path):
    path = pathlib.Path(_put(tmp_path / 'フォルダ'))
    for given in (path, str(path)):
        assert locate_weights(given, 'fashion_ssd300') == str(path)


@pytest.mark.parametrize('name', ['nowhere.npz', '.'])
def test_no_file(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(FileNotFoundError, match=str(path)) as caught:
        locate_weights(path, 'fashion_ssd300')
    assert 'pretrained_model' in str(caught.value)


def test_neither_name_nor_path():
    with pytest.raises(TypeError, match='pretrained_model.*int'):
        locate_weights(3, 'fashion_ssd300')


def test_folder_of_the_variable_first(tmp_path, cache, link_name, monkeypatch):
    in_cache = _put(cache / 'vasily_fashion' / 'weights')
    assert locate_weights('fashion', link_name) == in_cache
    in_folder = _put(tmp_path / 'mine')
    monkeypatch.setenv(_FOLDER, str(tmp_path / 'mine'))
    assert locate_weights('fashion', link_name) == in_folder


def test_empty_variable_is_none(cache, link_name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    _put(tmp_path)
    monkeypatch.setenv(_FOLDER, '')
    with pytest.raises(FileNotFoundError):
        locate_weights('fashion', link_name)


def test_nowhere(tmp_path, cache, link_name, monkeypatch):
    monkeypatch.setenv(_FOLDER, str(tmp_path / 'mine'))
    with pytest.raises(FileNotFoundError) as caught:
        locate_weights('fashion', link_name)
    message = str(caught.value)
    root = pathlib.Path(vasily_fashion.__file__).parents[1]
    for part in ('test_link_7f3a.npz', _FOLDER, str(tmp_path / 'mine'),
                 str(cache / 'vasily_fashion' / 'weights'),
                 str(root / 'weights')):
        assert part in message


def test_another_version(cache, link_name):
    path = _put(cache / 'vasily_fashion' / 'weights', b'weightz')
    with pytest.raises(OSError, match='sha256') as caught:
        locate_weights('fashion', link_name)
    assert path in str(caught.value)


@pytest.fixture
def no_proxy(monkeypatch):
    monkeypatch.setenv('no_proxy', '*')
    monkeypatch.setenv('NO_PROXY', '*')


def test_no_network(cache, no_proxy):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    # nobody listens there any more
    url = f'http://127.0.0.1:{port}/ssd300_voc0712.npz'
    with pytest.raises(OSError, match='could not be fetched') as caught:
        locate_weights('voc0712', 'fashion_ssd300', url)
    message = str(caught.value)
    assert url in message
    folder = cache / 'pfnet' / 'chainercv' / 'models'
    assert str(folder) in message
    # and what the message says helps
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'ssd300_voc0712.npz').write_bytes(_DATA)
    assert locate_weights('voc0712', 'fashion_ssd300', url) == str(
        folder / 'ssd300_voc0712.npz')


@pytest.fixture
def server(tmp_path):
    _put(tmp_path / 'served')

    class Handler(http.server.SimpleHTTPRequestHandler):

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(
                Handler, directory=str(tmp_path / 'served'))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


def test_download_once(cache, no_proxy, server, tmp_path, capsys):
    url = server + '/test_link_7f3a.npz'
    path = locate_weights('voc0712', 'fashion_ssd300', url)
    assert pathlib.Path(path).read_bytes() == _DATA
    assert pathlib.Path(path).is_relative_to(cache)
    (tmp_path / 'served' / 'test_link_7f3a.npz').unlink()
    assert locate_weights('voc0712', 'fashion_ssd300', url) == path


def test_gone_from_the_server(cache, no_proxy, server):
    url = server + '/gone.npz'
    with pytest.raises(OSError, match='gone.npz.*404'):
        locate_weights('voc0712', 'fashion_ssd300', url)
    assert not list(cache.rglob('gone*'))
