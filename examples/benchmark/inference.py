"""Time detection and embedding: this library against PyTorch, on a CPU.

Detection is SSD300's `predict`, from raw photos to boxes, with the score
threshold of both sides at 0.01; embedding is StyleExtractorBN of 64 crops, from
prepared images (torch) and raw crops (ours). Snaps are synthetic.
"""
import argparse

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.utils import write_json
from vasily_fashion.utils.machine import machine

import chainer
import numpy as np
import torch
import torch_models
from compile_precisions import compile_precisions
from interleaved import interleaved

_BASE = 'torch'


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python inference.py --batch-sizes 1 2 4 8 --json cost.json')
    parser.add_argument('--repeat', type=int, default=7)
    parser.add_argument(
        '--batch-sizes', type=int, nargs='+', default=[1, 8],
        help='photos that predict takes at once')
    parser.add_argument('--n-crop', type=int, default=64)
    parser.add_argument(
        '--n-calibration', type=int, default=60,
        help='snaps that int8 is calibrated on')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)

    print(machine())
    print(f'torch {torch.__version__}, {torch.get_num_threads()} threads')
    snaps = SyntheticFashionDataset(
        max(args.n_calibration, *args.batch_sizes), seed=7)[:]
    imgs = [img for img, _, _ in snaps]
    crops = [crop for img, bbox, _ in snaps for crop in crop_by_bbox(img, bbox)]
    result = {}
    with torch.inference_mode(), chainer.using_config('accelerate', 'fast'):
        works = _detection(imgs, args.n_calibration)
        for n in args.batch_sizes:
            name = f'SSD300 predict, batch {n}'
            result[name] = _time(name, works, imgs[:n], args.repeat)
        name = f'StyleExtractorBN, {args.n_crop} crops'
        crops = (crops * args.n_crop)[:args.n_crop]
        result[name] = _time(
            name, _embedding(crops, args.n_calibration), crops, args.repeat)
    write_json(args.json, {'machine': machine(), 'seconds': result})


def _detection(imgs, n_calibration):
    link = FashionSSD300(pretrained_model='fashion')
    baseline = torch_models.ssd300(link).eval()
    works = {
        _BASE: lambda imgs: baseline(
            [torch.from_numpy(img / np.float32(255)) for img in imgs]),
        'Chainer, accelerated': link.predict,
    }
    link.use_preset('evaluate')
    for precision, compiled in compile_precisions(
            link, imgs[:n_calibration]).items():
        works[f'compiled, {precision}'] = compiled.predict
    return works


def _embedding(crops, n_calibration):
    link = StyleExtractorBN(pretrained_model='fashion')
    baseline = torch_models.StyleExtractorBN(link).eval()
    x = torch.from_numpy(np.stack([link.prepare(crop) for crop in crops]))
    works = {
        _BASE: lambda crops: baseline(x),
        'Chainer, accelerated': link.extract,
    }
    for precision, compiled in compile_precisions(
            link, crops[:n_calibration]).items():
        works[f'compiled, {precision}'] = compiled.extract
    return works


def _time(name, works, imgs, repeat):
    seconds = interleaved({
        key: (lambda work=work: work(imgs)) for key, work in works.items()},
        repeat)
    print(f'\n{name}')
    for key, value in seconds.items():
        print(f'  {key:22} {value:8.3f} s  {seconds[_BASE] / value:6.2f} x')
    return seconds


if __name__ == '__main__':
    main()
