"""Photos a second of the whole chain, against its two networks alone.

The chain reads photo files, detects, crops, embeds and searches. The bound is
the detector's `predict` on the same photos, decoded beforehand, and the
extractor's `extract` on the same crops, their seconds added. The three take
turns. The photos are synthetic snaps, written as JPEG files to a temporary
folder, or those of a folder; --n-photo may be more than there are.
"""
import argparse
import itertools
import os
import tempfile

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.deploy import compile_link
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.retrieval import FashionItemRetriever, FlatIndex
from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.utils import read_image, write_json
from vasily_fashion.utils.machine import machine

import chainer
import numpy as np
from interleaved import interleaved
from peak_memory import peak_memory
from PIL import Image
from tqdm import tqdm

_N_SYNTHETIC = 24
_N_PRODUCT = 10000
_N_DIM = 128
_N_CALIBRATION = 60


def write_photos(folder, n):
    """Write synthetic snaps as JPEG files; return their paths."""
    paths = []
    for i, (img, _, _) in enumerate(SyntheticFashionDataset(n, seed=7)):
        paths.append(os.path.join(folder, f'{i:04}.jpg'))
        Image.fromarray(img.astype(np.uint8).transpose(1, 2, 0)).save(
            paths[-1], quality=90)
    return paths


def networks(precision):
    """Detector and extractor: Chainer's, or compiled in a precision."""
    detector = FashionSSD300(pretrained_model='fashion')
    extractor = StyleExtractorBN(pretrained_model='fashion')
    if precision == 'chainer':
        return detector, extractor
    snaps, crops = None, None
    if precision == 'int8':
        dataset = SyntheticFashionDataset(_N_CALIBRATION, seed=11)[:]
        snaps = [img for img, _, _ in dataset]
        crops = [crop_by_bbox(img, bbox)[0] for img, bbox, _ in dataset]
    return (compile_link(detector, precision=precision, calibration=snaps),
            compile_link(extractor, precision=precision, calibration=crops))


def random_index():
    """An index of random embeddings, as large as that of a shop."""
    index = FlatIndex(_N_DIM)
    index.add(np.random.RandomState(0).standard_normal(
        (_N_PRODUCT, _N_DIM)).astype(np.float32), range(_N_PRODUCT))
    return index


def works(retriever, paths):
    """The chain and its two networks alone, on the same photos and crops."""
    imgs = [read_image(path) for path in paths]
    crops = [crop for img, items in zip(imgs, retriever.retrieve(imgs), strict=True)
             for crop in crop_by_bbox(img, np.reshape(
                 [item.bbox for item in items], (-1, 4)), retriever.margin)]
    size = retriever.batch_size

    def detector():
        for i in range(0, len(imgs), size):
            retriever.detector.predict(imgs[i:i + size])

    def extractor():
        if crops:
            retriever.extractor.extract(crops)

    def chain():
        for _ in retriever.iter_retrieve(map(read_image, paths)):
            pass

    return {'chain': chain, 'detector': detector, 'extractor': extractor}, len(crops)


def peaks(retriever, paths, n_photo):
    """Peak memory after a tenth of `n_photo` photos, and after all."""
    photos = map(read_image, itertools.islice(itertools.cycle(paths), n_photo))
    found = tqdm(
        retriever.iter_retrieve(photos), 'photos', n_photo, disable=None, leave=False)
    for i, _ in enumerate(found, 1):
        if i == max(n_photo // 10, 1):
            first = peak_memory()
    return first, peak_memory()


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python chain.py --photo snaps --precision int8')
    parser.add_argument(
        '--photo', metavar='FOLDER', help='JPEG files of yours (default: synthetic snaps)')
    parser.add_argument(
        '--precision', choices=('chainer', 'f32', 'bf16', 'int8'), default='f32',
        help='of the compiled networks; or chainer, not compiled')
    parser.add_argument(
        '--n-timed', type=int, default=16, help='photos of each round')
    parser.add_argument('--repeat', type=int, default=5, help='number of rounds')
    parser.add_argument(
        '--n-photo', type=int, default=100,
        help='photos for the memory; there is none kept of them')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, \
            chainer.using_config('accelerate', 'fast'):
        if args.photo is None:
            paths = write_photos(folder, _N_SYNTHETIC)
        else:
            paths = sorted(
                os.path.join(args.photo, name) for name in os.listdir(args.photo)
                if name.lower().endswith(('.jpg', '.jpeg')))
            if not paths:
                parser.error(f'--photo {args.photo}: there are no JPEG files in it')
        retriever = FashionItemRetriever(*networks(args.precision), random_index())
        result = measure(retriever, paths, args.n_timed, args.repeat, args.n_photo)
    print(f'{machine()}\nprecision: {args.precision}')
    for name in ('photos_per_second', 'bound'):
        print(f'{name:18} {result[name]:.3f}')
    print(f'{"ratio":18} {result["ratio"]:.3f}')
    print(f'peak memory        {result["peak_mb"][0]:.0f} MB after a tenth of '
          f'{args.n_photo} photos, {result["peak_mb"][1]:.0f} MB at the end')
    write_json(args.json, {'machine': machine(), 'precision': args.precision, **result})


def measure(retriever, paths, n_timed, repeat, n_photo):
    """Photos a second of the chain, of the bound, their ratio, and the memory."""
    # first, before the photos of the bound are in memory
    peak_mb = peaks(retriever, paths, n_photo)
    step = max(len(paths) // n_timed, 1)
    paths = paths[::step][:n_timed]
    by_name, n_crop = works(retriever, paths)
    seconds = interleaved(by_name, repeat)
    bound = seconds['detector'] + seconds['extractor']
    return {
        'n_photo': len(paths), 'n_crop': n_crop, 'seconds': seconds,
        'photos_per_second': len(paths) / seconds['chain'],
        'bound': len(paths) / bound, 'ratio': bound / seconds['chain'],
        'peak_mb': peak_mb}


if __name__ == '__main__':
    main()
