"""Score both networks in each precision, on Clothing Co-Parsing's val split.

What a faster precision costs: mAP@0.5 and COCO's AP of SSD300 (the latter needs
pycocotools), and hit@k of StyleExtractorBN with the crops of true boxes as
queries and every item's cutout as gallery. int8 is calibrated on the train split.
"""
import argparse
import importlib.util

from vasily_fashion.datasets import CCPBboxDataset, CCPItemDataset
from vasily_fashion.evaluations import eval_detection, eval_detection_coco, eval_retrieval
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.utils import write_json

import chainer
from compile_precisions import compile_precisions
from tqdm import tqdm

_CHUNK = 16
_PRECISIONS = 'chainer', 'f32', 'bf16', 'int8'


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python precision.py --root clothing-co-parsing')
    parser.add_argument(
        '--root', required=True, help='folder of Clothing Co-Parsing')
    parser.add_argument('--detector-weights', default='fashion')
    parser.add_argument('--extractor-weights', default='fashion')
    parser.add_argument(
        '--n-calibration', type=int, default=100,
        help='photos, and items, that int8 is calibrated on')
    parser.add_argument(
        '--precisions', nargs='+', choices=_PRECISIONS, default=_PRECISIONS,
        metavar='PRECISION', help=f'which of {", ".join(_PRECISIONS)}')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    with chainer.using_config('accelerate', 'fast'):
        result = {
            'detection': score_detection(args),
            'retrieval': score_retrieval(args)}
    write_json(args.json, result)


def score_detection(args):
    """mAP and average precisions by precision, from one pass over the photos."""
    link = FashionSSD300(pretrained_model=args.detector_weights)
    link.use_preset('evaluate')
    train = CCPBboxDataset(args.root, 'train')
    step = max(len(train) // args.n_calibration, 1)
    detectors = _links(link, args.precisions, [
        train[i][0] for i in range(0, len(train), step)])
    val = CCPBboxDataset(args.root, 'val')
    found = {name: ([], [], []) for name in detectors}
    truth = [], []
    for i in tqdm(range(0, len(val), _CHUNK), 'photos', disable=None):
        imgs, bboxes, labels = zip(*val[i:i + _CHUNK], strict=True)
        truth[0].extend(bboxes)
        truth[1].extend(labels)
        for name, detector in detectors.items():
            for column, part in zip(
                    found[name], detector.predict(imgs), strict=True):
                column.extend(part)
    print(f'\nSSD300, {len(val)} photos')
    result = {}
    for name, columns in found.items():
        scores = eval_detection(*columns, *truth)
        line = f'  {name:8} mAP@0.5 {scores["map"]:.4f}'
        if importlib.util.find_spec('pycocotools'):
            coco = eval_detection_coco(*columns, *truth)
            scores.update({f'coco/{key}': value for key, value in coco.items()})
            line += f'  COCO AP {coco["map"]:.4f}'
        print(line)
        result[name] = scores
    return result


def score_retrieval(args):
    """hit@k by precision."""
    link = StyleExtractorBN(pretrained_model=args.extractor_weights)
    train = CCPItemDataset(args.root, 'train')
    step = max(len(train) // args.n_calibration, 1)
    extractors = _links(link, args.precisions, [
        img for i in range(0, len(train), step) for img in train[i][:2]])
    val = CCPItemDataset(args.root, 'val')
    crops, products = zip(*(
        val[i][:2] for i in tqdm(range(len(val)), 'items', disable=None)),
        strict=True)
    result = {
        name: eval_retrieval(
            extractor.extract(crops), val.item_ids,
            extractor.extract(products), val.item_ids)
        for name, extractor in extractors.items()}
    print(f'\nStyleExtractorBN, {len(val)} items')
    for name, scores in result.items():
        print(f'  {name:8}', '  '.join(
            f'{key} {value:.4f}' for key, value in scores.items()))
    return result


def _links(link, precisions, calibration):
    links = {'chainer': link} if 'chainer' in precisions else {}
    return {**links, **compile_precisions(
        link, calibration, [p for p in precisions if p != 'chainer'])}


if __name__ == '__main__':
    main()
