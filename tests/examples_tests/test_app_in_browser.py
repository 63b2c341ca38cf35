"""The app's page in headless Chromium, as a person uses it.

`pytest -m slow tests/examples_tests/test_app_in_browser.py --screenshots docs/figures` makes
the pictures of the documentation. All people on them are drawn.
"""
import csv
import io
import os
import re
import shutil
import time
from pathlib import Path

from vasily_fashion.categories import FASHION_CATEGORIES
from vasily_fashion.datasets import SyntheticFashionDataset

import numpy as np
import pytest
from PIL import Image

sync_api = pytest.importorskip('playwright.sync_api')
pytest.importorskip('fastapi_offline')

pytestmark = pytest.mark.slow

_DESKTOP = {'viewport': {'width': 1280, 'height': 900}}
_TABLET = {'viewport': {'width': 768, 'height': 1024}}
_PHONE = {'viewport': {'width': 390, 'height': 844}, 'device_scale_factor': 2,
          'is_mobile': True, 'has_touch': True}
_SECONDS = 180 * 1000
_N_PRODUCT = 48
_LONG_ID = 'an-id-of-many-characters-' * 12
on_desktop = pytest.mark.parametrize('page', [_DESKTOP], ids=['desktop'], indirect=True)
on_phone = pytest.mark.parametrize('page', [_PHONE], ids=['phone'], indirect=True)


@pytest.fixture(scope='module')
def url(serve, tmp_path_factory):
    """A shop with names, prices and addresses."""
    folder = tmp_path_factory.mktemp('shop')
    for name in 'shop', 'snaps':
        (folder / name).mkdir()
    world = SyntheticFashionDataset(3, 2016, _N_PRODUCT)
    rows = [['path', 'id', 'category', 'name', 'price', 'url']]
    for i in range(_N_PRODUCT):
        _write(folder / 'shop' / f'{i}.png', world.product_images[i][0])
        category = FASHION_CATEGORIES[world.product_images.categories[i]]
        rows.append([f'{i}.png', f'{_LONG_ID}{i}' if i % 2 else f'SKU-{i}', category,
                     f'{category.replace("_", " ")} No. {i}', f'¥{1000 + 310 * i:,}',
                     f'https://shop.example/{i}'])
    with open(folder / 'about.csv', 'w', newline='', encoding='utf-8') as file:
        csv.writer(file).writerows(rows)
    for i in range(3):
        _write(folder / 'snaps' / f'{i}.png', world[i][0])
    return serve(str(folder / 'shop'), '--images', str(folder / 'about.csv'),
                 '--samples', str(folder / 'snaps'), '--max-byte', '400000')


def _write(path, img):
    Image.fromarray(np.uint8(img).transpose(1, 2, 0)).save(path)


@pytest.fixture(scope='module')
def browser():
    with sync_api.sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, (
            playwright.chromium.executable_path, 'chromium', 'chromium-browser',
            'google-chrome', 'google-chrome-stable'))), None)
        if path is None:
            pytest.skip('there is no Chromium or Chrome here')
        browser = playwright.chromium.launch(executable_path=path, args=[
            '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update',
            '--disable-sync'])
        yield browser
        browser.close()


def _until(page, expression):
    """Wait until a page's expression is true; its policy forbids Playwright's own way."""
    end = time.monotonic() + _SECONDS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


@pytest.fixture
def visit(browser, url):
    """Open pages, which are to raise nothing and to ask nobody but the server."""
    errors, contexts = [], []

    def visit(kind, hash_='', **kwargs):
        context = browser.new_context(reduced_motion='reduce', **kind, **kwargs)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_SECONDS)
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.on('console', lambda message: errors.append(
            message.text) if message.type == 'error'
            and 'the server responded' not in message.text.lower()
            and 'ERR_' not in message.text else None)
        page.requests = []
        page.on('request', lambda request: page.requests.append(request.url))
        page.goto(url + hash_)
        page.locator('#samples button').last.wait_for()
        return page

    yield visit
    for context in contexts:
        for page in context.pages:
            errors += [address[:99] for address in page.requests
                       if not address.startswith((url, 'blob:', 'data:'))]
        context.close()
    assert not errors


@pytest.fixture(params=[
    pytest.param(_DESKTOP, id='desktop'), pytest.param(_PHONE, id='phone'),
    pytest.param(_TABLET, id='tablet')])
def page(request, visit):
    page = visit(request.param)
    page.name = request.node.callspec.id
    return page


@pytest.fixture
def screenshot(request, tmp_path):
    folder = Path(request.config.getoption('--screenshots') or tmp_path)

    def save(page, name):
        os.makedirs(folder, exist_ok=True)
        page.wait_for_load_state('networkidle')
        path = folder / f'app_{name}_{page.name}.jpg'
        page.screenshot(path=path, type='jpeg', quality=88)
        with Image.open(path) as image:
            assert image.width in (1280, 768, 2 * 390)

    return save


def _status(page, pattern):
    sync_api.expect(page.locator('#status')).to_have_text(
        re.compile(pattern), timeout=_SECONDS)


def _open_sample(page, number=1):
    page.click(f'#samples button:nth-child({number})')
    _status(page, r'^\d+ items? found in [\d.]+ s\.$')


def _rects(page, selector):
    return page.locator(selector).evaluate_all(
        'all => all.filter(x => !x.hidden).map(x => x.getBoundingClientRect().toJSON())')


def _overlap(a, b):
    """Pixels."""
    return (max(0, min(a['right'], b['right']) - max(a['left'], b['left']))
            * max(0, min(a['bottom'], b['bottom']) - max(a['top'], b['top'])))


def _in_sight(page, rect):
    size = page.viewport_size
    return (rect['top'] >= -.5 and rect['bottom'] <= size['height'] + .5
            and rect['left'] >= -.5 and rect['right'] <= size['width'] + .5)


def _chosen(page):
    return page.locator('#items button').evaluate_all(
        "all => all.findIndex(x => x.getAttribute('aria-selected') === 'true')")


def _tap(page, y, x):
    """Click on the photo, at a part of it."""
    photo, = _rects(page, '#photo')
    at = photo['left'] + x * photo['width'], photo['top'] + y * photo['height']
    if page.evaluate("matchMedia('(pointer: coarse)').matches"):
        page.touchscreen.tap(*at)
    else:
        page.mouse.click(*at)


def _draw_box(page, start, stop):
    """Drag over the photo; positions are parts of it, (x, y)."""
    page.click('#draw')
    photo, = _rects(page, '#photo')

    def at(part):
        return photo['left'] + part[0] * photo['width'], photo['top'] + part[1] * photo['height']

    page.mouse.move(*at(start))
    page.mouse.down()
    page.mouse.move(*at(stop), steps=5)
    page.mouse.up()


def _products(page):
    return page.locator('#products li h3').all_inner_texts()


def _upload(page, name, content):
    page.set_input_files('#file', {
        'name': name, 'mimeType': 'image/jpeg', 'buffer': content})


def _photo_file(page, url):
    """A photo that is none of the samples' files."""
    file = io.BytesIO()
    Image.open(io.BytesIO(page.request.get(url + 'samples/1').body())).save(
        file, 'JPEG', quality=70)
    return file.getvalue()


def test_before_anything_is_loaded(page, screenshot):
    intro = page.locator('#intro')
    assert intro.is_visible() and _in_sight(page, _rects(page, '#intro')[0])
    assert intro.inner_text().count('.') == 1 and 'products' in intro.inner_text()
    assert not page.locator('#found').is_visible()
    is_phone = page.name == 'phone'
    assert page.locator('label:has(#camera)').is_visible() == is_phone
    assert page.locator('#camera').get_attribute('capture') == 'environment'
    assert ('drop' in page.inner_text('body').lower()) == (not is_phone)
    assert page.inner_text('nav') == 'API'
    screenshot(page, 'empty')


def test_a_sample(page, screenshot):
    _open_sample(page)
    n = int(page.inner_text('#status').split()[0])
    assert page.locator('.box').count() == page.locator('#items button').count() == n > 1

    labels = _rects(page, '.label')
    stage, = _rects(page, '#stage')
    assert len(labels) == n
    for i, label in enumerate(labels):
        assert _overlap(label, stage) == pytest.approx(
            label['width'] * label['height'], rel=.02)
        assert all(_overlap(label, other) == 0 for other in labels[:i])

    style = '''x => { const s = getComputedStyle(x);
      return [s.borderTopWidth, s.boxShadow.includes('2000px')] }'''
    styles = [page.locator('.box').nth(i).evaluate(style) for i in range(n)]
    assert styles[0] == ['4px', True] and set(map(tuple, styles[1:])) == {('2px', False)}

    # the crop of the item stands beside what it is called
    crop, = _rects(page, '#crop')
    name, = _rects(page, '#name')
    assert 0 < name['left'] - crop['right'] < 40 and crop['top'] < name['bottom']
    top, left, bottom, right = page.evaluate('view.items[0].bbox')
    assert crop['width'] / crop['height'] == pytest.approx(
        (right - left) / (bottom - top), rel=.1)

    for card in page.locator('#products li').all()[:4]:
        parts = card.evaluate(
            "x => [...x.querySelectorAll('img, h3, .price, .bar, small')].map(y => [y.localName"
            " + (y.className && '.' + y.className), y.getBoundingClientRect().height])")
        assert [part for part, _ in parts] == ['img', 'h3', 'p.price', 'span.bar', 'small']
        assert parts[-1][1] <= 3 * 13.5 + 1  # lines of 11.2 px by 1.2
        assert card.locator('h3 a').get_attribute('href').startswith('https://shop.example/')
        sizes = card.evaluate(
            "x => ['.price', 'small'].map(y => parseFloat("
            "getComputedStyle(x.querySelector(y)).fontSize))")
        assert sizes[1] < .85 * sizes[0]
    widths = page.locator('#products .bar i').evaluate_all(
        'all => all.map(x => parseFloat(x.style.width))')
    assert widths == sorted(widths, reverse=True)
    assert 'how alike' in page.inner_text('#legend')
    loaded = page.locator('#products img').evaluate_all('''all => Promise.all(
      all.map(x => (x.loading = 'eager', x.decode().then(() => x.naturalWidth))))''')
    assert loaded and min(loaded) > 0
    assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')
    screenshot(page, 'sample')


def test_boxes_in_boxes(page):
    """The middle of a box is its own; a second tap at the same place chooses the next."""
    _open_sample(page)
    page.evaluate('''() => {
      const [h, w] = view.size;
      const boxes = [[.1, .1, .9, .9], [.2, .2, .4, .4], [.32, .32, .8, .7], [.25, .25, .35, .35]];
      view.items = boxes.map((box, i) => ({
        ...view.items[0], bbox: box.map((x, j) => x * [h, w][j % 2])}));
      choose(0);
      $('boxes').style.pointerEvents = 'none'; // labels, too
    }''')
    for y, x, expected in (
            (.5, .5, 0), (.55, .42, 0), (.55, .49, 2), (.38, .22, 1), (.3, .3, 3), (.3, .3, 1),
            (.3, .3, 0), (.3, .3, 3), (.85, .85, 0)):
        if (y, x) == (.5, .5):
            # of two middles the smaller box's is first
            _tap(page, y, x)
            assert _chosen(page) == 2
        _tap(page, y, x)
        assert _chosen(page) == expected, (y, x)
    page.evaluate("$('boxes').style.pointerEvents = ''")
    assert len(_rects(page, '.label')) == 4
    page.locator('.label').nth(1).click()
    assert _chosen(page) == 1


@on_phone
def test_a_tap_brings_the_sheet(page):
    _open_sample(page)
    page.click('#sheet')
    assert page.locator('#sheet').get_attribute('aria-expanded') == 'false'
    assert not any(_in_sight(page, rect) for rect in _rects(page, '#products li'))
    top, left, bottom, right = page.evaluate(
        'view.items[1].bbox.map((x, i) => x / view.size[i % 2])')
    _tap(page, (top + bottom) / 2, (left + right) / 2)
    sheet, = _rects(page, '#found')
    assert _in_sight(page, sheet) and sheet['height'] > 300
    crop, = _rects(page, '#crop')
    assert _in_sight(page, crop) and crop['top'] >= sheet['top']
    first = _rects(page, '#products li')[0]
    assert _overlap(first, sheet) > 50 * first['width']
    photo, = _rects(page, '#photo')
    assert _in_sight(page, photo) and photo['bottom'] <= sheet['top']


def test_the_photo_stays_in_sight(page):
    _open_sample(page)
    page.click('#any')
    page.select_option('#k', '32')
    sync_api.expect(page.locator('#products li')).to_have_count(32)
    page.locator('#products li').last.scroll_into_view_if_needed()
    photo, = _rects(page, '#photo')
    last = _rects(page, '#products li')[-1]
    assert _in_sight(page, photo)
    assert last['top'] < page.viewport_size['height'] and _overlap(photo, last) == 0


@on_desktop
def test_category_and_number_do_not_detect_again(page):
    _open_sample(page)
    item = page.evaluate('view.items[0]')
    names = {item['category'], item['second_category']}
    assert page.locator('#same').get_attribute('aria-pressed') == 'true'
    assert {product['category'] for product in item['products']} <= names
    page.requests.clear()
    page.click('#any')
    sync_api.expect(page.locator('#products li')).to_have_count(8)
    assert page.locator('#any').get_attribute('aria-pressed') == 'true'
    page.select_option('#category', 'footwear')
    page.select_option('#k', '4')
    sync_api.expect(page.locator('#products li')).to_have_count(4)
    assert all(name.lower().startswith('footwear') for name in _products(page))
    # another item is searched for by what is wanted now
    page.locator('#items button').last.click()
    _until(page, "view.items.at(-1).searched === 'k=4&category=footwear'")
    assert all(name.lower().startswith('footwear') for name in _products(page))
    assert [address for address in page.requests if '/similar?' in address]
    assert not [address for address in page.requests if '/search' in address]


def test_own_box(page, screenshot):
    _open_sample(page)
    n = page.locator('.box').count()
    with page.expect_response(re.compile('box=')) as response:
        _draw_box(page, (.25, .75), (.75, .98))
    _status(page, r'^Your box was searched for in [\d.]+ s\.$')
    photo = page.locator('#photo').evaluate('x => [x.naturalHeight, x.naturalWidth]')
    np.testing.assert_allclose(
        response.value.json()['items'][0]['bbox'],
        [.75 * photo[0], .25 * photo[1], .98 * photo[0], .75 * photo[1]],
        atol=.015 * photo[0])
    assert page.locator('.box').count() == n + 1 and _chosen(page) == n
    assert page.inner_text('#name').lower() == 'my box'
    assert page.locator('#products li').count() == 8
    assert not page.locator('#same').is_visible()
    assert page.locator('#draw').get_attribute('aria-pressed') == 'false'
    screenshot(page, 'own_box')
    # another takes its place; a click is not a box
    _draw_box(page, (.3, .2), (.3, .2))
    _status(page, '^Drag from one corner')
    assert page.locator('.box').count() == n + 1


def _seen(page):
    _until(page, 'view && view.items[view.chosen].searched')
    return page.evaluate(
        '[view.items.map(x => x.bbox), view.chosen, {...wanted}, location.hash]'), _products(page)


@on_desktop
def test_reload_back_and_a_shared_address(page, visit, url):
    _open_sample(page)
    page.locator('#items button').nth(1).click()
    page.click('#any')
    page.select_option('#k', '4')
    sync_api.expect(page.locator('#products li')).to_have_count(4)
    first = _seen(page)
    page.requests.clear()
    page.reload()
    assert _seen(page) == first
    assert not [address for address in page.requests if '/search' in address]

    _upload(page, 'mine.jpg', _photo_file(page, url))
    _status(page, 'items? found')
    page.locator('#items button').last.click()
    _until(page, "view.items.at(-1).searched === 'k=4&category=any'")
    second = _seen(page)
    assert second[0][0] != first[0][0]
    page.requests.clear()
    page.go_back()
    _until(page, f'location.hash === {first[0][3]!r}')
    _until(page, 'view.sample === 0')
    assert _seen(page) == first
    page.go_forward()
    _until(page, 'view.sample === null')
    assert _seen(page) == second
    assert page.locator('#photo').get_attribute('src').startswith('data:image/jpeg')
    assert not [address for address in page.requests if '/search' in address]

    # of a sample others see all; of a photo of one's own, the products
    other = visit(_DESKTOP, first[0][3])
    _status(other, 'items? found')
    assert _seen(other)[1] == first[1] and other.locator('#photo').is_visible()
    other = visit(_DESKTOP, second[0][3])
    assert _seen(other)[1] == second[1]
    assert not other.locator('#photo').is_visible()
    assert 'The photo is not in it' in other.inner_text('#shared')
    assert 'never your photo' in page.inner_text('.kept')


@pytest.mark.parametrize('hash_', [
    '#sample=99', '#sample=length', '#like=AAAA&of=dress', '#like=%00&of=hat,hat,hat&k=1000',
    '#k=nan&category=hat', '#%%%'])
def test_a_damaged_address(visit, hash_):
    page = visit(_DESKTOP, hash_)
    _open_sample(page)
    assert page.locator('#products li').count() > 0


@on_desktop
def test_upload_of_a_large_photo(page):
    """It is scaled down before it is sent, and turned as EXIF says."""
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (1500, 2400, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    file = io.BytesIO()
    noise.save(file, 'JPEG', exif=exif)
    assert len(file.getvalue()) > 400_000
    with page.expect_response(re.compile('search')) as response:
        _upload(page, 'noise.jpg', file.getvalue())
    answer = response.value
    # noise of 1280 pixels is still too many bytes for this server
    assert answer.status == 413
    _status(page, r'^the file has more than 0.4 MB; scale the picture down\.$')

    plain = Image.new('RGB', (2400, 1500), (200, 180, 160))
    file = io.BytesIO()
    plain.save(file, 'JPEG', exif=exif)
    with page.expect_response(re.compile('search')) as response:
        _upload(page, 'plain.jpg', file.getvalue())
    found = response.value.json()
    assert (found['height'], found['width']) == (1280, 800)
    _status(page, 'No item was found. Draw a box around one.')
    _draw_box(page, (.1, .1), (.5, .5))
    _status(page, 'Your box was searched for')


@on_desktop
def test_a_wrong_file_leaves_the_last_result(page):
    _upload(page, 'letter.jpg', b'dear shop')
    _status(page, r'^the image: this is not an image of a known format; convert it')
    assert page.locator('#intro').is_visible() and not page.locator('#stage').is_visible()
    _open_sample(page)
    before = _seen(page)
    _upload(page, 'letter.jpg', b'dear shop')
    _status(page, r'^the image: this is not an image of a known format; convert it')
    assert page.locator('#status').get_attribute('class') == 'bad'
    assert _seen(page) == before
    assert page.locator('#photo').is_visible()
    page.click('#any')
    _until(page, "view.items[0].searched === 'k=8&category=any'")


@on_desktop
def test_dropped_photo(page, url):
    content = page.request.get(url + 'samples/0').body()
    page.evaluate('''content => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(content)], 'snap.jpg', {type: 'image/jpeg'}));
      document.body.dispatchEvent(
        new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
    }''', list(content))
    _status(page, 'found in')


@on_desktop
def test_no_server(page):
    page.route('**/search?*', lambda route: route.abort())
    page.click('#samples button:nth-child(1)')
    _status(page, r'^The server cannot be reached\.$')
    page.unroute('**/search?*')
    page.route('**/search?*', lambda route: route.fulfill(
        status=502, content_type='text/html', body='<h1>Bad gateway</h1>'))
    page.click('#samples button:nth-child(1)')
    _status(page, r'^The server answers 502\.$')


@on_desktop
def test_the_later_photo_wins(page):
    """Of two that are chosen at once, the answer shown is that of the second."""
    page.click('#samples button:nth-child(1)')
    page.click('#samples button:nth-child(2)')
    _status(page, 'found in')
    page.wait_for_timeout(500)
    assert page.evaluate('view.sample') == 1
    assert page.locator('#photo').get_attribute('src') == 'samples/1'


@on_desktop
def test_the_photo_before_is_at_rest_while_another_is_searched(page):
    _open_sample(page)
    held = []
    page.route('**/search?*', lambda route: held.append(route))
    page.click('#samples button:nth-child(2)')
    _until(page, "document.body.classList.contains('busy')")
    page.click('#draw')
    assert page.locator('#draw').get_attribute('aria-pressed') == 'false'
    chosen = page.evaluate('view.chosen')
    for y in .2, .4, .6, .8:
        _tap(page, y, .5)
    assert page.evaluate('view.chosen') == chosen
    held[0].continue_()
    _status(page, 'found in')
    assert page.locator('#photo').get_attribute('src') == 'samples/1'
    assert not page.evaluate("document.body.classList.contains('busy')")


@on_desktop
def test_the_later_number_wins(page):
    _open_sample(page)
    page.click('#any')
    sync_api.expect(page.locator('#products li')).to_have_count(8)
    held = []
    page.route('**/similar?*', lambda route: held.append(route))
    page.select_option('#k', '16')
    page.select_option('#k', '8')
    with page.expect_response(re.compile('/similar')):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert page.locator('#products li').count() == 8


@on_desktop
def test_a_file_that_is_gone(page, tmp_path):
    _open_sample(page)
    path = tmp_path / 'gone.jpg'
    path.write_bytes(b'once a photo')
    page.evaluate('''document.addEventListener('change', event => {
      window.gone = event.target.files[0];
      event.stopPropagation();
    }, {capture: true, once: true})''')
    page.set_input_files('#file', path)
    path.unlink()
    page.evaluate('openFile(window.gone)')
    _status(page, r'^This file cannot be read\.$')
    assert page.locator('#photo').get_attribute('src') == 'samples/0'
    assert not page.evaluate("document.body.classList.contains('busy')")


def test_japanese(visit):
    page = visit(_PHONE, locale='ja-JP')
    assert page.evaluate('document.documentElement.lang') == 'ja'
    # each text of the page has a Japanese one
    assert page.evaluate('''[...document.querySelectorAll(
      '[data-word], [data-word-label], [data-word-alt]')].flatMap(
      x => [...x.attributes]).filter(x => x.name.startsWith('data-word')).map(
      x => x.value).concat(Object.keys(WORDS.en)).filter(x => !(x in WORDS.ja))''') == []
    assert page.evaluate('Object.keys(WORDS.ja.categories).sort()') == sorted(FASHION_CATEGORIES)
    page.click('#samples button:nth-child(1)')
    _status(page, r'^\d+ 点見つかりました')
    text = page.evaluate('''() => { const body = document.body.cloneNode(true);
      body.querySelectorAll('#products, script, select').forEach(x => x.remove());
      return body.textContent; }''')
    assert not re.findall('[a-zA-Z]{2,}', text.replace('API', ''))
    _upload(page, 'letter.jpg', b'dear shop')
    _status(page, '^写真として読めません')


def test_page_for_programs(browser, url):
    page = browser.new_page()
    page.goto(url + 'docs')
    page.locator('.opblock-summary-path', has_text='/search').wait_for(timeout=_SECONDS)
    page.close()
