import os
import pathlib
import subprocess
import sys

import pytest

_N_PHOTO = 10000
_PHOTO_KB = 3 * 120 * 80 * 4 / 1024
# Decode, detect, crop, embed and search photos, with networks of one step;
# print the items found, and the peak memory after 1,000 photos and at the end.
_RUN = '''
import sys

from vasily_fashion.retrieval import FashionItemRetriever, FlatIndex
from vasily_fashion.utils import read_image

import numpy as np
from PIL import Image


class Detector:
    def predict(self, imgs):
        bboxes = []
        for img in imgs:
            y, x = np.nonzero(img.mean(axis=0) > 128)
            box = [y.min(), x.min(), y.max() + 1, x.max() + 1]
            bboxes.append(np.array([box, [0, 0, *img.shape[1:]]], np.float32))
        return bboxes, [np.array([0, 1])] * len(imgs), [np.ones(2)] * len(imgs)


class Extractor:
    def extract(self, imgs):
        return np.stack([img.mean(axis=(1, 2)) for img in imgs])


def peak():
    with open('/proc/self/status') as f:
        return next(line.split()[1] for line in f if line.startswith('VmHWM'))


rng = np.random.RandomState(0)
for i in range(10):
    img = np.full((120, 80, 3), 20 + 5 * i, np.uint8)
    img[20:60, 10:40] = 250
    Image.fromarray(img).save(f'{i}.jpg')
index = FlatIndex(3)
index.add(rng.uniform(0, 255, (100, 3)), range(100))
retriever = FashionItemRetriever(Detector(), Extractor(), index)
photos = (read_image(f'{i % 10}.jpg') for i in range(int(sys.argv[1])))
n = 0
for i, items in enumerate(retriever.iter_retrieve(photos), 1):
    n += len(items)
    if i == 1000:
        start = peak()
print(n, start, peak())
'''


@pytest.mark.slow
@pytest.mark.skipif(
    not os.path.exists('/proc/self/status'), reason='Linux tells the peak of one process')
def test_memory_stays_flat_over_10000_photos(tmp_path):
    # a process of its own, so that the memory is that of the chain alone
    done = subprocess.run(
        [sys.executable, '-c', _RUN, str(_N_PHOTO)], cwd=tmp_path,
        capture_output=True, text=True,
        env={**os.environ, 'PYTHONPATH': str(pathlib.Path(__file__).parents[2])})
    assert done.returncode == 0, done.stderr
    n_item, start, end = map(int, done.stdout.split())
    assert n_item == 2 * _N_PHOTO
    # kilobytes: of 9,000 photos the pixels of 20, or half a kilobyte of each
    assert end - start < 40 * _PHOTO_KB
