"""The app's page in headless Chromium, as a person uses it.

`pytest tests/examples_tests/test_app_in_browser.py --screenshots docs/figures` makes the
pictures of the documentation.
"""
import io
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sync_api = pytest.importorskip('playwright.sync_api')
pytest.importorskip('fastapi_offline')

_CHROMIUM = next(filter(None, map(shutil.which, (
    'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'))), None)
pytestmark = pytest.mark.skipif(
    _CHROMIUM is None, reason='there is no Chromium or Chrome here')

_DESKTOP = {'viewport': {'width': 1280, 'height': 900}}
_PHONE = {'viewport': {'width': 390, 'height': 844}, 'device_scale_factor': 2,
          'is_mobile': True, 'has_touch': True}
_SECONDS = 60 * 1000
on_desktop = pytest.mark.parametrize(
    'page', [_DESKTOP], ids=['desktop'], indirect=True)


@pytest.fixture(scope='module')
def url(serve):
    return serve('--n-item', '60', '--max-byte', '400000')


@pytest.fixture(scope='module')
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture(params=[_DESKTOP, _PHONE], ids=['desktop', 'phone'])
def page(request, browser, url):
    """The page, which is to raise nothing and to ask nobody but the server."""
    context = browser.new_context(**request.param)
    page = context.new_page()
    page.set_default_timeout(_SECONDS)
    errors = []
    page.on('pageerror', lambda error: errors.append(str(error)))
    page.on('console', lambda message: errors.append(message.text) if message.type == 'error'
            and 'the server responded' not in message.text.lower()
            and 'ERR_' not in message.text else None)
    page.on('request', lambda request: errors.append(request.url) if not request.url.startswith(
        (url, 'blob:')) else None)
    page.goto(url)
    page.locator('#samples button').first.wait_for()
    page.name = request.node.callspec.id
    yield page
    context.close()
    assert not errors


@pytest.fixture
def screenshot(request):
    folder = request.config.getoption('--screenshots')

    def save(page, name):
        if folder is not None:
            os.makedirs(folder, exist_ok=True)
            # the moving circle and late pictures
            page.wait_for_load_state('networkidle')
            page.screenshot(
                path=Path(folder, f'app_{name}_{page.name}.jpg'), type='jpeg', quality=88)

    return save


def _status(page, pattern):
    sync_api.expect(page.locator('#status')).to_have_text(
        re.compile(pattern), timeout=_SECONDS)


def _draw_box(page, start, stop):
    """Drag over the photo; positions are parts of it, (x, y)."""
    page.click('#draw')
    photo = page.locator('#photo')
    photo.scroll_into_view_if_needed()
    box = photo.bounding_box()

    def at(part):
        return box['x'] + part[0] * box['width'], box['y'] + part[1] * box['height']

    page.mouse.move(*at(start))
    page.mouse.down()
    page.mouse.move(*at(stop), steps=5)
    page.mouse.up()


def _ids(page):
    return page.locator('#products small').all_inner_texts()


def _upload(page, name, content):
    page.set_input_files('#file', {
        'name': name, 'mimeType': 'image/jpeg', 'buffer': content})


def test_sample_items_and_products(page, screenshot):
    page.click('#samples button:nth-child(1)')
    _status(page, r'^\d+ items? found in [\d.]+ s\.$')
    n = int(page.inner_text('#status').split()[0])
    assert page.locator('.box').count() == page.locator('#items button').count() == n
    assert page.locator('#products li').count() == 8
    widths = page.locator('#products img').evaluate_all('''all => Promise.all(
      all.map(x => (x.loading = 'eager', x.decode().then(() => x.naturalWidth))))''')
    assert len(widths) == 8 and min(widths) > 0
    screenshot(page, 'sample')

    first = _ids(page)
    page.locator('#items button').last.click()
    assert page.locator('#items button').last.get_attribute('aria-selected') == 'true'
    if n > 1:
        assert _ids(page) != first
    # its box is chosen as well, and a click on a box chooses its item
    assert page.locator('.box').last.get_attribute('aria-selected') == 'true'
    page.locator('.box').first.focus()
    page.keyboard.press('Enter')
    assert _ids(page) == first

    page.select_option('#k', '4')
    _status(page, 'found in')
    assert _ids(page) == first[:4]
    # nothing is wider than the screen
    assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')


@on_desktop
def test_category_filter(page):
    page.click('#samples button:nth-child(2)')
    _status(page, 'found in')
    with page.expect_response(re.compile('category=footwear')) as response:
        page.select_option('#category', 'footwear')
    for item in response.value.json()['items']:
        assert {p['category'] for p in item['products']} == {'footwear'}
    _status(page, 'found in')


def test_own_box(page, screenshot):
    page.click('#samples button:nth-child(1)')
    _status(page, 'found in')
    n = page.locator('.box').count()
    with page.expect_response(re.compile('box=')) as response:
        _draw_box(page, (.25, .75), (.75, .98))
    _status(page, r'^Your box was searched for in [\d.]+ s\.$')
    photo = page.locator('#photo').evaluate('x => [x.naturalHeight, x.naturalWidth]')
    np.testing.assert_allclose(
        response.value.json()['items'][0]['bbox'],
        [.75 * photo[0], .25 * photo[1], .98 * photo[0], .75 * photo[1]],
        atol=.01 * photo[0])
    assert page.locator('.box').count() == n + 1
    assert page.locator('#items button').last.inner_text() == 'my box'
    assert page.locator('#products li').count() == 8
    assert page.locator('#draw').get_attribute('aria-pressed') == 'false'
    screenshot(page, 'own_box')
    # another takes its place; a click is no box
    _draw_box(page, (.3, .2), (.3, .2))
    _status(page, '^Drag from one corner')
    assert page.locator('.box').count() == n + 1


@on_desktop
def test_upload_of_a_large_photo(page, url):
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


def test_no_image(page):
    page.click('#samples button:nth-child(1)')
    _status(page, 'found in')
    _upload(page, 'letter.jpg', b'dear shop')
    _status(page, r'^the image: this is not an image of a known format; convert it')
    assert page.locator('#status').get_attribute('class') == 'bad'
    assert page.locator('.box').count() == 0
    assert not page.locator('#stage').is_visible()
    # and it goes on
    page.click('#samples button:nth-child(1)')
    _status(page, 'found in')


@on_desktop
def test_dropped_photo(page, url):
    content = page.request.get(url + 'samples/0').body()
    page.evaluate('''content => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(content)], 'snap.jpg', {type: 'image/jpeg'}));
      document.querySelector('#drop').dispatchEvent(
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
    _status(page, r'^the server answers 502\.$')


@on_desktop
def test_the_later_photo_wins(page):
    """Of two that are chosen at once, the answer shown is that of the second."""
    page.click('#samples button:nth-child(1)')
    page.click('#samples button:nth-child(2)')
    _status(page, 'found in')
    page.wait_for_timeout(500)
    assert page.evaluate('''async () => {
      const pixels = image => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL();
      };
      const second = new Image();
      second.src = 'samples/1';
      await second.decode();
      return pixels(second) === pixels(document.querySelector('#photo'));
    }''')


def test_page_for_programs(browser, url):
    page = browser.new_page()
    page.goto(url + 'docs')
    page.locator('.opblock-summary-path', has_text='/search').wait_for(timeout=_SECONDS)
    page.close()
