"""The app by real requests to a real server, with the real networks."""
import asyncio
import base64
import io
import json
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

httpx = pytest.importorskip('httpx')
pytest.importorskip('fastapi_offline')
pytest.importorskip('uvicorn')

_ROOT = Path(__file__).parents[2]
_MAX_BYTE, _MAX_PIXEL, _MAX_WAITING = 300_000, 1_000_000, 8


@pytest.fixture(scope='module')
def url(serve):
    return serve(
        '--n-item', '24', '--max-byte', str(_MAX_BYTE), '--max-pixel',
        str(_MAX_PIXEL), '--max-waiting', str(_MAX_WAITING))


@pytest.fixture(scope='module')
def snap(url):
    return httpx.get(url + 'samples/0').content


def _png(width, height):
    """The head of a PNG that claims to be so large."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))

    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head)
            + chunk(b'IDAT', zlib.compress(b'\0' * 1000)) + chunk(b'IEND', b''))


def _search(url, content, **params):
    return httpx.post(url + 'search', params=params, content=content, timeout=60)


def test_items_and_products_of_a_snap(url, snap):
    answer = _search(url, snap, k=3, category='any')
    assert answer.status_code == 200
    found = answer.json()
    size = Image.open(io.BytesIO(snap)).size
    assert (found['width'], found['height']) == size
    assert found['items']
    scores = [item['score'] for item in found['items']]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= .3
    for item in found['items']:
        y_min, x_min, y_max, x_max = item['bbox']
        assert 0 <= y_min < y_max <= size[1] and 0 <= x_min < x_max <= size[0]
        distances = [product['distance'] for product in item['products']]
        assert len(distances) == 3 and distances == sorted(distances)


def test_own_boxes_and_a_category(url, snap):
    found = _search(url, snap, k=5, category='footwear', box=[
        '10,20,300.5,200', '0,0,100,100']).json()
    assert [item['bbox'] for item in found['items']] == [
        [10, 20, 300.5, 200], [0, 0, 100, 100]]
    for item in found['items']:
        assert item['category'] is item['score'] is None
        assert {p['category'] for p in item['products']} == {'footwear'}


def test_same_category(url, snap):
    for item in _search(url, snap, category='same').json()['items']:
        assert {p['category'] for p in item['products']} <= {
            item['category'], item['second_category']}


@pytest.mark.parametrize('category', ['same', 'any', 'footwear'])
def test_an_item_again_without_its_snap(url, snap, category):
    for item in _search(url, snap, k=6, category=category).json()['items']:
        names = [name for name in (item['category'], item['second_category']) if name]
        for k in 6, 2:
            answer = httpx.get(url + 'similar', params={
                'embedding': item['embedding'], 'item_category': names, 'k': k,
                'category': category})
            assert answer.status_code == 200
            products = answer.json()
            for product, expected in zip(products, item['products'][:k], strict=True):
                assert product.pop('distance') == pytest.approx(expected['distance'], abs=1e-5)
                assert product.pop('similarity') == pytest.approx(
                    expected['similarity'], abs=1e-5)
                assert product.items() <= expected.items()


def test_similarity(url, snap):
    """A product is most like its own picture; it falls as the distance grows."""
    picture = httpx.get(url + 'product-image?id=5').content
    item, = _search(url, picture, k=24, category='any', box='0,0,999,999').json()['items']
    likes = [product['similarity'] for product in item['products']]
    assert item['products'][0]['id'] == '5' and likes[0] > .8
    assert likes == sorted(likes, reverse=True) and 0 <= likes[-1] < .3


@pytest.mark.parametrize('embedding, detail', [
    (b'', 'it has 0 bytes, not 512'),
    (np.zeros(127, '<f4'), 'it has 508 bytes, not 512'),
    (np.full(128, np.nan, '<f4'), 'it has numbers that no embedding has'),
    (np.full(128, 1e30, '<f4'), 'it has numbers that no embedding has')])
def test_what_is_no_embedding(url, embedding, detail):
    answer = httpx.get(url + 'similar', params={
        'embedding': base64.urlsafe_b64encode(bytes(embedding)).decode()})
    assert answer.status_code == 422
    assert answer.json()['detail'] == f'embedding: {detail}'


@pytest.mark.parametrize('params', [
    {}, {'embedding': 'x'}, {'embedding': '\0\xff'}, {'embedding': 'A' * 30_000},
    {'embedding': 'AAAA', 'item_category': 'hat'},
    {'embedding': 'AAAA', 'item_category': ['bag', 'top', 'belt']}])
def test_wrong_parameters_of_an_item(url, params):
    answer = httpx.get(url + 'similar', params=params)
    assert answer.status_code == 422 and answer.json()['detail'].startswith(
        ('embedding: ', 'item_category: '))


def test_pictures_of_products(url, snap):
    product = _search(url, snap, k=1).json()['items'][0]['products'][0]
    answer = httpx.get(url + product['image'])
    assert answer.headers['content-type'] == 'image/jpeg'
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 320
    for no_product in '99', '-1', '', '../../setup.py', 'x' * 9999:
        answer = httpx.get(url + 'product-image', params={'id': no_product})
        assert answer.status_code == 404


@pytest.mark.parametrize('name, content', [
    ('nothing', b''), ('text', b'hello'), ('half a JPEG', b'\xff\xd8\xff\xe0' * 9),
    ('PostScript', b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n'),
    ('SVG', b'<svg xmlns="http://www.w3.org/2000/svg"/>')])
def test_only_images(url, name, content):
    answer = _search(url, content)
    assert answer.status_code == 422
    assert answer.json()['detail'].startswith('the image: '), name


@pytest.mark.parametrize('content', [
    _png(1001, 1000), _png(50000, 50000), _png(2 ** 31 - 1, 2 ** 31 - 1)])
def test_pixel_limit(url, content):
    answer = _search(url, content)
    assert answer.status_code == 422
    assert 'more than 1,000,000 pixels' in answer.json()['detail']


@pytest.mark.parametrize('times', [1, 3, 30])
def test_byte_limit(url, times):
    answer = _search(url, b'\0' * (times * _MAX_BYTE + 1))
    assert answer.status_code == 413
    assert answer.json()['detail'] == (
        'the file has more than 0.3 MB; scale the picture down')


@pytest.mark.parametrize('params, detail', [
    ({'k': 0}, 'k: Input should be greater than or equal to 1'),
    ({'k': 51}, 'k: Input should be less than or equal to 50'),
    ({'k': 'many'}, 'k: Input should be a valid integer'),
    ({'category': 'hat'}, "category: Input should be 'any', 'same', 'bag'"),
    ({'box': '1,2,3'}, "box: '1,2,3' is not y_min,x_min,y_max,x_max"),
    ({'box': 'a,b,c,d'}, "box: 'a,b,c,d' is not"),
    ({'box': '5,5,5,9'}, 'bboxes[0][0] is empty'),
    ({'box': 'nan,0,5,9'}, 'bboxes[0][0] is empty'),
    ({'box': '0,0,inf,9'}, 'bboxes[0] has infinite numbers'),
    ({'box': '9000,0,9001,9'}, 'bboxes[0][0] is outside the snap'),
    ({'box': '5,5,5.5,9'}, 'bboxes[0][0] has less than a pixel of the snap'),
    ({'box': '-9,-9,0.5,9'}, 'bboxes[0][0] has less than a pixel of the snap'),
    ({'box': ['0,0,9,9'] * 21}, 'box: more than 20'),
])
def test_wrong_parameters(url, snap, params, detail):
    answer = _search(url, snap, **params)
    assert answer.status_code == 422
    assert answer.json()['detail'].startswith(detail)


def test_a_crowd_is_answered(url, snap):
    """Those for whom there is no place are told so, the others served."""
    async def crowd():
        async with httpx.AsyncClient(
                base_url=url, timeout=120, limits=httpx.Limits()) as client:
            return await asyncio.gather(*[
                client.post('search', params={'box': '0,0,99,99'}, content=snap)
                for _ in range(40)])

    answers = asyncio.run(crowd())
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 503}
    assert codes.count(200) >= _MAX_WAITING
    refused = answers[codes.index(503)]
    assert refused.headers['retry-after'] == '60'
    assert '8 snaps are waiting already' in refused.json()['detail']
    assert httpx.get(url + 'health').json()['n_waiting'] == 0


def test_health_and_shop(url):
    health = httpx.get(url + 'health').json()
    assert health['status'] == 'ok' and health['n_product'] == 24
    assert health['max_waiting'] == _MAX_WAITING
    shop = httpx.get(url + 'shop').json()
    assert shop['n_product'] == 24 and len(shop['samples']) == 6
    assert set(shop['categories']) <= set(shop['colours'])


def test_programs_find_the_description(url):
    about = httpx.get(url + 'openapi.json').json()
    assert set(about['paths']) == {
        '/shop', '/health', '/search', '/similar', '/product-image'}
    page = httpx.get(url + 'docs').text
    # nothing is fetched from elsewhere
    assert not re.findall(r'(?:src|href)="https?://', page)


def test_calls_to_copy(url, snap, tmp_path):
    """/docs has three calls, which the README has as well; each gives the items."""
    about = httpx.get(url + 'openapi.json').json()
    calls = re.findall(
        r'```(\w+)\n(.+?)```', about['paths']['/search']['post']['description'], re.S)
    assert [language for language, _ in calls] == ['sh', 'sh', 'python']
    (tmp_path / 'street.jpg').write_bytes(snap)
    readme = (_ROOT / 'examples/app/README.md').read_text(encoding='utf-8')
    n_item = len(_search(url, snap).json()['items'])
    for language, code in calls:
        assert code in readme
        code = code.replace('http://127.0.0.1:8000/', url)
        program = ['sh', '-c'] if language == 'sh' else [sys.executable, '-c']
        done = subprocess.run(
            [*program, code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.count('bbox') == n_item > 0


def test_the_page_runs_nothing_from_elsewhere(url):
    answer = httpx.get(url)
    assert "default-src 'self'" in answer.headers['content-security-policy']
    for name in re.findall(r'"(page/[^"]+)"', answer.text):
        assert httpx.get(url + name).status_code == 200
    assert httpx.get(url + 'page/../web.py').status_code == 404
    assert httpx.get(url + 'page/%2e%2e/web.py').status_code == 404


def test_own_shop_from_an_index(serve, url, tmp_path):
    """build_index.py, then serve.py: prices and addresses are there."""
    shop = tmp_path / 'shop'
    (shop / 'bags').mkdir(parents=True)
    rows = ['path,id,category,name,price,url']
    for i, link in enumerate(['https://shop.example/0', 'javascript:alert(1)', '']):
        (shop / 'bags' / f'{i}.jpg').write_bytes(
            httpx.get(f'{url}product-image?id={i}').content)
        rows.append(f'bags/{i}.jpg,product {i},bag,Bag No. {i},"1,{i}00 yen",{link}')
    (tmp_path / 'about.csv').write_text('\n'.join(rows), encoding='utf-8')
    subprocess.run([
        sys.executable, _ROOT / 'examples/detection_and_retrieval/build_index.py',
        shop, '--images', tmp_path / 'about.csv', '--out', tmp_path / 'out'],
        check=True, capture_output=True, cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(_ROOT)})
    own = serve(str(shop), '--images', str(tmp_path / 'about.csv'),
                '--index', str(tmp_path / 'out' / 'index.npz'))
    answer = _search(own, (shop / 'bags' / '1.jpg').read_bytes(),
                     box='0,0,9999,9999', k=3)
    products = answer.json()['items'][0]['products']
    assert products[0]['id'] == 'product 1'
    assert products[0]['distance'] == pytest.approx(0, abs=1e-4)
    assert products[0]['price'] == '1,100 yen' and products[0]['name'] == 'Bag No. 1'
    assert {p['id']: p['url'] for p in products} == {
        'product 0': 'https://shop.example/0', 'product 1': None,
        'product 2': None}
    for product in products:
        assert httpx.get(own + product['image']).status_code == 200
    assert httpx.get(own + 'shop').json()['samples'] == []


@pytest.mark.parametrize('argv, message', [
    (['nowhere'], 'nowhere'),
    (['.', '--index', 'index.npz'], 'has no image'),
    (['--index', 'index.npz'], 'name the folder of its product photos as well'),
])
def test_wrong_arguments(argv, message, tmp_path):
    done = subprocess.run(
        [sys.executable, _ROOT / 'examples/app/serve.py', *argv], cwd=tmp_path,
        capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(_ROOT)})
    assert done.returncode == 2
    assert message in done.stderr and 'Traceback' not in done.stderr


@pytest.mark.skipif(
    not Path('/proc/self/io').exists(), reason='it asks Linux what was written')
def test_nothing_goes_to_a_disk(serve, url, snap):
    io_of_server = Path(f'/proc/{serve.processes[0].pid}/io')

    def written():
        return int(re.search(r'^write_bytes: (\d+)', io_of_server.read_text(), re.M)[1])

    before = written()
    for _ in range(3):
        assert _search(url, snap + b'\0' * 200_000).status_code == 200
    assert written() == before


def test_json_has_no_nan(url, snap):
    json.loads(_search(url, snap, box='0,0,50,50').text, parse_constant=pytest.fail)


def test_grey_and_tiny_snaps(url):
    for size in (1, 1), (3, 900), (900, 3):
        file = io.BytesIO()
        Image.fromarray(np.full(size, 127, np.uint8)).save(file, 'PNG')
        assert _search(url, file.getvalue()).status_code == 200


@pytest.mark.slow
def test_load(serve, url, tmp_path):
    """load.py: many clients, good and bad requests; all are answered."""
    done = subprocess.run(
        [sys.executable, _ROOT / 'examples/app/load.py', '--url', url,
         '--n-client', '12', '--n-request', '3', '--bad', '0.5', '--pid',
         str(serve.processes[0].pid), '--json', tmp_path / 'load.json'],
        capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(_ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / 'load.json').read_text())
    assert sum(result['answers'].values()) == 36 and result['unexpected'] == 0
    # eight at a time are let in: some good ones, some wrong, and some too late
    assert {'200', '413', '422', '503'} == set(result['answers'])
    assert result['p50'] <= result['p99']
    assert {'good', 'too many bytes', 'too many pixels'} < set(result['kinds'])
    assert sum(
        sum(kind['answers'].values()) for kind in result['kinds'].values()) == 36


def test_load_for_seconds(url):
    done = subprocess.run(
        [sys.executable, _ROOT / 'examples/app/load.py', '--url', url,
         '--n-client', '2', '--seconds', '2', '--bad', '1'],
        capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(_ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert ', 0 not as they should be' in done.stdout and 'good' not in done.stdout
