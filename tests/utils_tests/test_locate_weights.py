import functools
import hashlib
import http.server
import json
import pathlib
import socket
import threading

from vasily_fashion.utils import locate_weights

import pytest
from chainer.dataset import download

_FOLDER = 'VASILY_FASHION_WEIGHTS'
_URL = 'VASILY_FASHION_WEIGHTS_URL'
_DATA = b'weights'


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / 'cache'
    monkeypatch.setattr(download, '_dataset_root', str(folder))
    monkeypatch.delenv(_FOLDER, raising=False)
    monkeypatch.delenv(_URL, raising=False)
    return folder


@pytest.fixture
def link_name(tmp_path, monkeypatch):
    """A link whose weights the table names, but that are not beside it."""
    home = tmp_path / 'home'
    home.mkdir()
    (home / 'weights.json').write_text(json.dumps({'test_link': {
        'file': 'test_link_7f3a.npz',
        'sha256': hashlib.sha256(_DATA).hexdigest()}}))
    monkeypatch.setitem(locate_weights.__globals__, '_FOLDERS', (home,))
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
    for part in ('test_link_7f3a.npz', _FOLDER, _URL, str(tmp_path / 'mine'),
                 str(cache / 'vasily_fashion' / 'weights'),
                 str(tmp_path / 'home')):
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
        thread = threading.Thread(target=server.serve_forever, args=(.02,))
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


@pytest.fixture
def base_url(server, monkeypatch):
    monkeypatch.setenv(_URL, server + '/')
    return server


def test_download_from_the_base_url_once(
        cache, no_proxy, base_url, link_name, tmp_path, caplog):
    caplog.set_level('INFO', 'vasily_fashion')
    path = locate_weights('fashion', link_name)
    folder = cache / 'vasily_fashion' / 'weights'
    assert path == str(folder / 'test_link_7f3a.npz')
    assert pathlib.Path(path).read_bytes() == _DATA
    (tmp_path / 'served' / 'test_link_7f3a.npz').unlink()
    assert locate_weights('fashion', link_name) == path
    assert caplog.messages == [
        f'fetching {base_url}/test_link_7f3a.npz to {path}']


def test_no_download_of_what_is_there(
        cache, no_proxy, link_name, monkeypatch):
    monkeypatch.setenv(_URL, 'http://127.0.0.1:1')
    path = _put(cache / 'vasily_fashion' / 'weights')
    assert locate_weights('fashion', link_name) == path


def _assert_says_where_to_put_it(cache, link_name, pattern):
    """And leaves nothing in the cache, and what it says helps."""
    with pytest.raises(OSError, match=pattern) as caught:
        locate_weights('fashion', link_name)
    folder = cache / 'vasily_fashion' / 'weights'
    message = str(caught.value)
    assert 'test_link_7f3a.npz by hand' in message
    assert message.endswith(str(folder))
    assert not list(folder.iterdir())
    path = _put(folder)
    assert locate_weights('fashion', link_name) == path


def test_wrong_sha256(cache, no_proxy, base_url, link_name, tmp_path):
    _put(tmp_path / 'served', b'weightz')
    digest = hashlib.sha256(b'weightz').hexdigest()
    _assert_says_where_to_put_it(
        cache, link_name, f'sha256 is {digest}, not')


def test_not_on_the_server(cache, no_proxy, base_url, link_name, tmp_path):
    (tmp_path / 'served' / 'test_link_7f3a.npz').unlink()
    _assert_says_where_to_put_it(cache, link_name, '404')


def test_dead_host(cache, no_proxy, link_name, monkeypatch):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    monkeypatch.setenv(_URL, f'http://127.0.0.1:{port}/weights')
    _assert_says_where_to_put_it(
        cache, link_name, f'127.0.0.1:{port}/weights/test_link_7f3a.npz')


def test_no_url(cache, no_proxy, link_name, monkeypatch):
    monkeypatch.setenv(_URL, 'weights.example')
    _assert_says_where_to_put_it(cache, link_name, 'unknown url type')


class _BreaksOff(http.server.BaseHTTPRequestHandler):

    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', str(len(_DATA)))
        self.end_headers()
        self.wfile.write(_DATA[:4])

    def log_message(self, *args):
        pass


class _Stalls(_BreaksOff):

    def do_GET(self):
        super().do_GET()
        self.wfile.flush()
        self.server.released.wait(10)


class _Trickles(_BreaksOff):

    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '100')
        self.end_headers()
        for _ in range(100):
            if self.server.released.wait(.1):
                break
            self.wfile.write(b'x')


class _IsLong(_BreaksOff):

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(bytes(1001))


class _SaysItIsLong(_BreaksOff):

    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '1001')
        self.end_headers()


class _TricklesHeaders(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(200)
        while not self.server.released.wait(.1):
            self.send_header('X', 'x')
            self.flush_headers()


@pytest.mark.parametrize('of_chainercv', [False, True])
@pytest.mark.parametrize(('handler', 'pattern'), [
    (_BreaksOff, f'4 of {len(_DATA)} bytes'), (_Stalls, 'timed out'),
    (_Trickles, 'it takes too long'), (_TricklesHeaders, 'too long: no answer'),
    (_IsLong, 'more than 1,000 bytes'),
    (_SaysItIsLong, 'it has 1,001 bytes, more than 1,000')])
def test_broken_download(
        cache, no_proxy, link_name, monkeypatch, handler, pattern, of_chainercv):
    with http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), handler) as server:
        server.released = threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(.02,))
        thread.start()
        monkeypatch.setenv(_URL, f'http://127.0.0.1:{server.server_port}')
        # a busy machine may be late to answer where time is not what is tested
        seconds = 1 if handler in (_Trickles, _TricklesHeaders) else 10
        monkeypatch.setattr(
            locate_weights.__globals__['download_weights'], '__defaults__',
            (.5 if handler is _Stalls else seconds,))
        monkeypatch.setattr(
            locate_weights.__globals__['download_weights'], '__kwdefaults__',
            {'max_byte': 1000, 'max_seconds': seconds})
        try:
            if of_chainercv:
                url = f'http://127.0.0.1:{server.server_port}/ssd300.npz'
                with pytest.raises(OSError, match=pattern):
                    locate_weights('voc0712', 'fashion_ssd300', url)
                assert not list(cache.rglob('ssd300*'))
            else:
                _assert_says_where_to_put_it(cache, link_name, pattern)
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def test_no_table(cache, tmp_path, monkeypatch):
    monkeypatch.setitem(locate_weights.__globals__, '_FOLDERS', (tmp_path,))
    with pytest.raises(FileNotFoundError, match='weights.json.*install'):
        locate_weights('fashion', 'fashion_ssd300')


def test_the_table_names_what_is_there():
    for link_name in 'fashion_ssd300', 'style_extractor_bn':
        assert pathlib.Path(locate_weights('fashion', link_name)).is_file()
