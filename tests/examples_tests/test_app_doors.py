"""Who comes to the app, how long it waits for them, and what it offers them."""
import contextlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from vasily_fashion.datasets import SyntheticFashionDataset

import numpy as np
import pytest
from PIL import Image

httpx = pytest.importorskip('httpx')
pytest.importorskip('fastapi_offline')
pytest.importorskip('uvicorn')

_ROOT = Path(__file__).parents[2]
_ENV = {**os.environ, 'PYTHONPATH': str(_ROOT)}
_N_SEAT = 3


def _write(path, img):
    Image.fromarray(np.uint8(img).transpose(1, 2, 0)).save(path)


@pytest.fixture(scope='module')
def shop(tmp_path_factory):
    """A folder in which not all is a photo of it."""
    folder = tmp_path_factory.mktemp('doors')
    shop = folder / 'shop'
    (shop / 'dress').mkdir(parents=True)
    (folder / 'outside').mkdir()
    images = SyntheticFashionDataset(1, 3, 12).product_images
    for i in range(6):
        _write(shop / 'dress' / f'{i}.png', images[i][0])
    _write(folder / 'outside' / 'secret.png', images[6][0])
    _write(shop / 'bytes \udcff.png', images[7][0])
    (shop / 'link.png').symlink_to(folder / 'outside' / 'secret.png')
    (shop / 'folder').symlink_to(folder / 'outside')
    (shop / 'zero.png').symlink_to('/dev/zero')
    (shop / 'inside.png').symlink_to(shop / 'dress' / '0.png')
    os.mkfifo(shop / 'fifo.png')
    return shop


def _build(shop, out, *argv):
    done = subprocess.run(
        [sys.executable, _ROOT / 'examples/detection_and_retrieval/build_index.py', shop,
         '--out', out, *argv], capture_output=True, text=True, env=_ENV)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope='module')
def url(serve, shop, tmp_path_factory):
    out = tmp_path_factory.mktemp('out')
    serve.out = out
    _build(shop, out)
    return serve(str(shop), '--index', str(out / 'index.npz'), '--max-waiting', str(_N_SEAT),
                 '--allow-origin', 'https://shop.example', '--allow-host', 'shop.example')


@pytest.fixture(scope='module')
def snap():
    file = io.BytesIO()
    img = SyntheticFashionDataset(1, seed=7)[0][0]
    Image.fromarray(np.uint8(img).transpose(1, 2, 0)).save(file, 'JPEG')
    return file.getvalue()


def _ids(url, snap, **kwargs):
    answer = httpx.post(url + 'search', params={'box': '0,0,300,300', 'k': 50}, content=snap,
                        timeout=60, **kwargs)
    assert answer.status_code == 200, answer.text
    return [product['id'] for product in answer.json()['items'][0]['products']]


def _connect(url):
    host, port = re.match(r'http://(.+):(\d+)/', url).groups()
    return socket.create_connection((host, int(port)))


def test_what_is_no_photo_of_the_shop_is_named_and_left_out(serve, url, snap):
    assert sorted(_ids(url, snap)) == [*(f'dress/{i}' for i in range(6)), 'inside']
    assert httpx.get(url + 'health').json()['n_product'] == 7
    log = ''.join(serve.head)
    for name, reason in (
            (r"'bytes \udcff.png'", 'its name is not UTF-8'),
            ("'link.png'", 'it is a link out of'), ("'folder/secret.png'", 'it is a link out of'),
            ("'zero.png'", 'it is not a file'), ("'fifo.png'", 'it is not a file')):
        assert f'{name}: {reason}' in log
    for name in 'link', 'folder/secret', 'fifo':
        assert httpx.get(url + 'product-image', params={'id': name}).status_code == 404


def test_a_new_index_and_a_photo_that_is_gone(serve, url, shop, snap):
    before = httpx.get(url + 'health').json()
    (shop / 'dress' / '5.png').rename(shop / 'dress' / 'new.png')
    # gone at once, although the index has it
    assert sorted(_ids(url, snap)) == [*(f'dress/{i}' for i in range(5)), 'inside']
    _build(shop, serve.out)
    assert sorted(_ids(url, snap)) == [*(f'dress/{i}' for i in range(5)), 'dress/new', 'inside']
    after = httpx.get(url + 'health').json()
    assert after['index'] > before['index'] and after['n_product'] == 7
    assert httpx.get(url + 'product-image', params={'id': 'dress/new'}).status_code == 200

    content = (serve.out / 'index.npz').read_bytes()
    (serve.out / 'index.npz').write_bytes(content[:999])
    assert len(_ids(url, snap)) == 7  # the one before
    refused = httpx.get(url + 'health').json()
    assert 'truncated or damaged' in refused['index_refused']
    assert refused['index'] == after['index']
    (serve.out / 'index.npz').write_bytes(content)
    assert len(_ids(url, snap)) == 7
    assert httpx.get(url + 'health').json()['index_refused'] is None


def test_an_upload_that_does_not_come_takes_no_seat(url, snap):
    clients = [_connect(url) for _ in range(4 * _N_SEAT)]
    for client in clients:
        client.sendall(b'POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n')
    time.sleep(.5)
    health = httpx.get(url + 'health')
    assert health.status_code == 200 and health.json()['n_waiting'] == 0
    assert _ids(url, snap)
    for client in clients:
        client.close()


def test_who_hangs_up_while_waiting_gives_the_seat_back(url, snap):
    clients = [_connect(url) for _ in range(_N_SEAT)]
    for client in clients:
        client.sendall(b'POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n'
                       % len(snap) + snap)
    deadline = time.monotonic() + 5
    while (health := httpx.get(url + 'health')).status_code == 200:
        assert time.monotonic() < deadline
    assert health.json()['status'] == 'full' and health.json()['n_waiting'] == _N_SEAT
    for client in clients:
        client.close()
    # all but the one that is computed are free at once
    deadline = time.monotonic() + 5
    while httpx.get(url + 'health').json()['n_waiting'] > 1:
        assert time.monotonic() < deadline
    assert _ids(url, snap)


@pytest.mark.slow
def test_connections_without_a_request_are_closed(serve, url):
    idle, partial, kept, body = [_connect(url) for _ in range(4)]
    partial.sendall(b'GET /health HTTP/1.1\r\nHost: localhost\r\nX-a: ')
    kept.sendall(b'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert kept.recv(9999).startswith(b'HTTP/1.1 200')
    body.sendall(b'GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n')
    assert body.recv(9999).startswith(b'HTTP/1.1 200')
    start = time.monotonic()
    for i in range(9):  # bytes that come now and then are not a request
        time.sleep(1)
        partial.sendall(b'x')
        if i == 3:
            kept.sendall(b'G')
    for client in idle, partial, kept, body:
        client.settimeout(15)
        with contextlib.suppress(ConnectionResetError):
            while client.recv(9999):
                pass
        assert time.monotonic() - start < 15


@pytest.mark.slow
def test_more_connections_than_files(serve, shop, snap):
    """Half of the files are connections at the most; one line says so."""
    own = serve('--n-item', '12', limit=128)
    clients = [_connect(own) for _ in range(200)]
    time.sleep(1)
    for client in clients:
        client.close()
    assert httpx.get(own + 'health', timeout=30).status_code == 200
    time.sleep(2)  # the log is read by a thread
    log = ''.join(serve.log)
    assert len(re.findall('connections are open, as many as may be|no connection can be taken',
                          log)) == 1
    assert 'Traceback' not in log


def _form(name, content, n=1):
    part = (b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name
            + b'"\r\nContent-Type: image/jpeg\r\n\r\n' + content + b'\r\n')
    return {'content': part * n + b'--b--\r\n',
            'headers': {'Content-Type': 'multipart/form-data; boundary=b'}}


def test_a_form(url, snap):
    params = {'box': '0,0,300,300'}
    raw = httpx.post(url + 'search', params=params, content=snap, timeout=60).json()
    for kwargs in ({'files': {'file': snap}}, _form(b'a.jpg', snap), {
            'files': {'photo': ('a.jpg', snap)}, 'data': {'filename': 'a.jpg'}}):
        answer = httpx.post(url + 'search', params=params, timeout=60, **kwargs)
        assert answer.status_code == 200
        assert answer.json()['items'] == raw['items']
    for kwargs, n in ((_form(b'a.jpg', snap, 2), 2), ({'data': {'k': '3'}, 'files': {
            'k': (None, b'3')}}, 0)):
        answer = httpx.post(url + 'search', **kwargs)
        assert answer.status_code == 422
        assert answer.json()['detail'].startswith(f'the form has {n} files; send one')


@pytest.mark.parametrize('kwargs, detail', [
    ({'content': b''}, 'the image: it is empty; send the bytes'),
    ({'files': {'file': b''}}, 'the image: it is empty'),
    ({'json': {'image': 'aGVsbG8='}}, 'the image: this is JSON; send the bytes'),
    ({'content': b' [1]'}, 'the image: this is JSON'),
    ({'content': b'\0\0\0\x18ftypheic\0\0\0\0mif1heic'}, 'the image: this is HEIC'),
    ({'files': {'file': b'\0\0\0\x18ftypheic\0\0\0\0mif1'}}, 'the image: this is HEIC'),
    ({'content': b'P2 2 1 255\n1 0'}, 'the image: the image is in a form that is slow')])
def test_its_own_sentence(url, kwargs, detail):
    answer = httpx.post(url + 'search', **kwargs)
    assert answer.status_code == 422
    assert answer.json()['detail'].startswith(detail)


@pytest.mark.parametrize('headers, status', [
    ({'Origin': 'https://evil.example'}, 403), ({'Origin': 'null'}, 403),
    ({'Origin': 'http://['}, 403),
    ({'Sec-Fetch-Site': 'cross-site'}, 403), ({'Origin': 'http://localhost:1'}, 403),
    ({'Host': 'evil.example'}, 400), ({'Host': 'evil.example:8000'}, 400),
    ({'Host': 'shop.example', 'Origin': 'https://shop.example'}, 422),
    ({'Origin': 'https://shop.example', 'Sec-Fetch-Site': 'cross-site'}, 422),
    ({'Sec-Fetch-Site': 'same-origin'}, 422), ({}, 422)])
def test_other_sites(url, headers, status):
    answer = httpx.post(url + 'search', content=b'no image', headers=headers)
    assert answer.status_code == status
    own = {'Origin': url.rstrip('/')}
    assert httpx.post(url + 'search', content=b'no image', headers=own).status_code == 422
    if 'Origin' in headers and status == 422:
        assert answer.headers['access-control-allow-origin'] == 'https://shop.example'
    else:
        assert 'access-control-allow-origin' not in answer.headers


@pytest.mark.slow
def test_a_phone_in_the_same_network(serve):
    port = re.search(r':(\d+)/', serve('--n-item', '12', '--host', '0.0.0.0'))[1]
    address = re.search(r'from other devices: http://([\d.]+):0\n', ''.join(serve.head))
    if address is None:
        pytest.skip('this machine is in no network')
    address = address[1]
    assert not address.startswith('127.')
    url = f'http://{address}:{port}/health'
    assert httpx.get(url).status_code == 200
    assert httpx.get(url, headers={'Host': 'evil.example'}).status_code == 400


def test_samples_that_are_not_there(shop):
    done = subprocess.run(
        [sys.executable, _ROOT / 'examples/app/serve.py', shop, '--samples', 'snpas'],
        capture_output=True, text=True, env=_ENV)
    assert done.returncode == 2
    assert 'snpas: there is no such folder; --samples names' in done.stderr


@pytest.mark.slow
def test_the_app_on_milvus_in_a_process_of_its_own(serve, shop, snap, tmp_path):
    pytest.importorskip('milvus_lite')
    _build(shop, tmp_path, '--index', 'milvus')
    own = serve(str(shop), '--index', str(tmp_path / 'milvus.db'))
    assert 'dress/0' in _ids(own, snap)
    health = json.loads(httpx.get(own + 'health').text)
    assert health['status'] == 'ok' and health['n_product'] == 7 and health['index'] is None
