"""Score street-to-shop search: street crops against product images.

A hit is a product image of the query's item among the k nearest, of the whole
gallery and, if the categories of all queries are known, of the images of the
query's category. Each number has its 95 % interval over photos. Ties count as misses.

Items of a CSV are real pairs of street photos and product images; a photo
without a box is searched with as a whole, or with the box that SSD300 detects
for the item's category. Of Clothing Co-Parsing and of synthetic snaps the
product images are made from the snap itself. With --boxes detected, each
detected box of such a snap belongs to the item that it overlaps most, if the
overlap is 0.5 or more. The query is the crop of the item's box with the best
score, whatever its category. An item without a box is a miss.

Data sets of the field are scored by their own protocols, with true boxes;
DeepFashion2 with detected ones as well.
"""
import argparse

from vasily_fashion.datasets import (
    CCPItemDataset,
    SyntheticFashionDataset,
    SyntheticItemDataset,
)
from vasily_fashion.datasets.find_boxes import find_boxes
from vasily_fashion.datasets.named_datasets import find_split, open_dataset, parse_dataset
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.evaluations.baselines import hsv_histogram, vgg16_features
from vasily_fashion.evaluations.crop_detected import crop_detected
from vasily_fashion.evaluations.protocols import PROTOCOLS, open_for_test, score_by_protocol
from vasily_fashion.evaluations.score_embedding import Images, score_embedding
from vasily_fashion.evaluations.score_retrieve import score_retrieve
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.ssd import VotingMultiboxCoder
from vasily_fashion.retrieval.fashion_item_retriever import DETECTED_MARGIN
from vasily_fashion.transforms import trim_ground
from vasily_fashion.utils import write_json
from vasily_fashion.utils.flag_types import probability

import chainer
import numpy as np

_N_CALIBRATION = 64


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python eval.py --dataset csv --root pairs.csv '
        '--distractors folder shop')
    parser.add_argument(
        '--dataset', choices=('csv', 'ccp', 'synthetic', *PROTOCOLS),
        default='synthetic', help='a CSV of pairs, Clothing Co-Parsing, '
        'synthetic items (if not given), or one that is scored by its own protocol')
    parser.add_argument(
        '--root', help="folder of the data set; of 'csv' the file")
    parser.add_argument(
        '--split', help="another split of it than the one that is to report: "
        "'val' to choose weights by")
    parser.add_argument('--images', help='folder of the images of a CSV')
    parser.add_argument(
        '--skip-missing', action='store_true',
        help='leave out images that are not there')
    parser.add_argument(
        '--distractors', nargs='+', metavar=('NAME', 'ROOT'),
        help="for a CSV, more product images to search: 'folder' and the "
        "folder, or 'csv' and the file; and, if wanted, images=PATH, the CSV of "
        'the folder, or the folder of the CSV. Those of categories that no '
        'query has are left out')
    parser.add_argument(
        '--gallery', choices=('test', 'val+test'), default='test',
        help='of Consumer-to-Shop: what is searched is disputed (default: test)')
    parser.add_argument(
        '--n-snap', type=int, default=100, help='synthetic snaps (default: 100)')
    parser.add_argument(
        '--seed', type=int, default=1000, help='of the synthetic snaps (default: 1000)')
    parser.add_argument(
        '--boxes', choices=('truth', 'detected'), default='truth',
        help='what street photos are cut by (default: truth; of a photo without '
        'a box, its edge)')
    parser.add_argument(
        '--margin', type=float, default=DETECTED_MARGIN, help='room around detected '
        'boxes, as a share of their sides (default: %(default)s)')
    parser.add_argument(
        '--retrieve', action='store_true',
        help='of a CSV, with detected boxes: also what `retrieve` finds, which knows '
        'no category but the detected one; boxes from a score of 0.3 on')
    parser.add_argument(
        '--weights', default='fashion', help="of StyleExtractorBN (default: 'fashion')")
    parser.add_argument(
        '--detector-weights', default='fashion',
        help="of SSD300, for detected boxes (default: 'fashion')")
    parser.add_argument(
        '--score-thresh', type=probability, default=0.01,
        help='detected boxes of lower scores are left out: 0.01 as for '
        'average precision (default), 0.3 as in the demo; for a CSV it is 0.05')
    parser.add_argument(
        '--vote-thresh', type=float, metavar='IOU',
        help='detected boxes that overlap one by so much have a vote in where '
        'it is, such as 0.6; none has if not given')
    add_engine_arguments(parser, 'chainer', 'f32')
    parser.add_argument(
        '--vgg16', help='weights of the VGG16 baseline; without, it is left '
        "out: 'imagenet' or what examples/ssd/convert.py wrote")
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    if args.dataset != 'synthetic' and args.root is None:
        parser.error(f'--dataset {args.dataset} needs --root')
    if args.boxes == 'detected' and args.dataset in PROTOCOLS and (
            args.dataset != 'deepfashion2-pairs'):
        parser.error(f'the protocol of {args.dataset} has true boxes')
    for option, of_it in (
            ('images', args.dataset == 'csv'), ('distractors', args.dataset == 'csv'),
            ('root', args.dataset != 'synthetic'), ('split', args.dataset != 'synthetic'),
            ('n_snap', args.dataset == 'synthetic'), ('seed', args.dataset == 'synthetic'),
            ('gallery', args.dataset == 'consumer-to-shop')):
        if getattr(args, option) != parser.get_default(option) and not of_it:
            parser.error(f'--{option.replace("_", "-")} is not for --dataset {args.dataset}')
    for option in 'detector_weights', 'margin', 'score_thresh', 'vote_thresh':
        if getattr(args, option) != parser.get_default(option) and args.boxes != 'detected':
            parser.error(f'--{option.replace("_", "-")} is for --boxes detected')
    if not 0 <= args.margin < float('inf'):
        parser.error(f'--margin must be 0 or more, not {args.margin}')
    if args.retrieve and (args.dataset != 'csv' or args.boxes != 'detected'):
        parser.error('--retrieve is for --dataset csv --boxes detected')
    if args.vote_thresh is not None and args.dataset == 'csv':
        parser.error('--vote-thresh: the boxes of a CSV are kept, and detected without')
    if args.precision == 'int8' and args.dataset in PROTOCOLS:
        parser.error('--precision int8 is not for data sets with a protocol of their own')
    with chainer.using_config('accelerate', 'fast'):
        try:
            if args.dataset in PROTOCOLS:
                result = evaluate_by_protocol(args)
            else:
                result = evaluate(args)
            write_json(args.json, result)
        except (ImportError, OSError, ValueError) as error:
            parser.error(str(error))


def evaluate(args):
    """Print the scores; return them by name."""
    extractor = StyleExtractorBN(pretrained_model=args.weights)  # refused before the detection
    if args.dataset == 'csv':
        queries, gallery, missed = open_csv(args)
    else:
        queries, gallery, missed = open_pairs(args)
    files = np.concatenate([queries.files, missed])
    print(f'{len(files)} queries of {len(np.unique(files))} photos, '
          f'{len(gallery.ids)} product images')
    extractor = compile_extractor(args, extractor, gallery)
    result = {}
    for name, embed in make_methods(args, extractor).items():
        scores = score_embedding(embed, queries, gallery, missed)
        if args.boxes == 'detected' and args.dataset != 'csv':
            scores['found'] = len(queries.ids) / max(len(files), 1)
        result[name] = scores
        print_scores(name, scores)
    if args.retrieve:
        detector = load_detector(args)
        detector.use_preset('visualize')
        for category, scores in score_retrieve(
                detector, extractor, queries, gallery, args.margin).items():
            result[f'retrieve, {category}'] = scores
            print_scores(f'retrieve, {category}', scores, '')
    return result


def open_csv(args):
    """Queries and gallery of a CSV, and no misses."""
    missing = 'skip' if args.skip_missing else 'raise'
    split = args.split or find_split('csv', 'test')
    dataset = open_dataset('csv', args.root, split, missing, args.images)
    for side in 'is_query', 'is_gallery':
        if not getattr(dataset, side).any():
            raise ValueError(f'{args.root}: no row of split {split!r} has {side} True')
    queries = dataset.choose(dataset.is_query)
    galleries = [dataset.choose(dataset.is_gallery)]
    if args.distractors is not None:
        name, root, options = parse_dataset(
            args.distractors, ('folder', 'csv'), {'images': str})
        more = open_dataset(name, root, None, missing, options.get('images'))
        # a query of unknown category may be of any
        asked_for = np.isin(more.labels, queries.labels) | (queries.labels < 0).any()
        galleries.append(more.choose(more.is_gallery & asked_for))
    bboxes = None
    if args.boxes == 'detected':
        has_no_box = np.isnan(queries.bboxes).any(axis=1)
        without = find_boxes(queries, load_detector(args))
        print(f'no box detected in {without.sum()} photos, which are searched '
              'with as a whole')
        bboxes = queries.bboxes.copy()
        # a box that the CSV gives stays as it is
        bbox = queries.bboxes[has_no_box]
        size = np.tile(bbox[:, 2:] - bbox[:, :2], 2)
        queries.bboxes[has_no_box] = bbox + args.margin * size * [-1, -1, 1, 1]

    def images(*datasets, prepare=lambda img: img, bboxes=None):
        where = [(d, i) for d in datasets for i in range(len(d))]
        return Images(
            lambda i: prepare(where[i][0].read_crop(where[i][1])),
            np.concatenate([
                # the same id in two data sets means two items
                np.char.add(f'{k}/', d.item_ids.astype(str))
                for k, d in enumerate(datasets)]),
            np.concatenate([d.labels for d in datasets]),
            np.array([str((d.root / x).resolve()) for d in datasets for x in d.names]), bboxes)

    return images(queries, bboxes=bboxes), images(*galleries, prepare=trim_ground), ()


def open_pairs(args):
    """Queries and gallery of snaps with made product images, and the snaps of misses."""
    if args.dataset == 'ccp':
        dataset = CCPItemDataset(
            args.root, args.split or find_split('ccp', 'test'),
            missing='skip' if args.skip_missing else 'raise')
    else:
        dataset = SyntheticItemDataset(
            SyntheticFashionDataset(args.n_snap, args.seed))
    gallery_ids, first = np.unique(dataset.item_ids, return_index=True)
    gallery = Images(
        lambda i: trim_ground(dataset.read_product(int(first[i]))), gallery_ids,
        dataset.categories[first], -1 - np.arange(len(first)))
    queries = Images(
        dataset.read_street, dataset.item_ids, dataset.categories,
        dataset.snap_indices)
    if args.boxes == 'truth':
        return queries, gallery, ()
    crops, categories = crop_detected(dataset, load_detector(args), args.margin)
    is_found = np.array([crop is not None for crop in crops], bool)
    found, missed = np.flatnonzero(is_found), queries.files[~is_found]
    queries = Images(
        lambda i: crops[found[i]], queries.ids[found], categories[found],
        queries.files[found])
    return queries, gallery, missed


def evaluate_by_protocol(args):
    """Print the scores of a data set's own protocol; return them by name."""
    dataset = open_for_test(
        args.dataset, args.root, args.split,
        'skip' if args.skip_missing else 'raise')
    print(f'{len(dataset)} examples, {dataset.n_missing} left out')
    detector = None
    if args.boxes == 'detected':
        detector, dataset.margin = load_detector(args), args.margin
    extractor = compile_extractor(args, StyleExtractorBN(pretrained_model=args.weights))
    result = {}
    for name, embed in make_methods(args, extractor).items():
        result[name] = score_by_protocol(
            args.dataset, dataset, embed, args.gallery, detector)
        print(f'{name:24}', '  '.join(
            f'{key} {value:.3f}' for key, value in result[name].items()))
    return result


def make_methods(args, extractor):
    """The embedding functions to score, by name."""
    methods = {
        'StyleExtractorBN': extractor.extract,
        'HSV histogram, cosine': hsv_histogram,
    }
    if args.vgg16:
        methods['VGG16 features, cosine'] = (
            lambda imgs: vgg16_features(imgs, args.vgg16))
    return methods


def print_scores(name, scores, all_='all'):
    for prefix, title in (('', all_), ('within/', 'within category')):
        if f'{prefix}hit@1' in scores:
            print(f'{name:24}{title:17}', '  '.join(
                f'{key} {scores[prefix + key]:.3f} [{scores[f"{prefix}{key}/low"]:.3f}, '
                f'{scores[f"{prefix}{key}/high"]:.3f}]'
                for key in ('hit@1', 'hit@5', 'hit@20')))
    for key in 'category@5', 'found':
        if key in scores:
            print(f'{"":24}{key} {scores[key]:.3f}')


def compile_extractor(args, extractor, gallery=None):
    """Compile the extractor, as args say; int8 is calibrated on images of the gallery."""
    photos = None
    if args.precision == 'int8':
        rows = np.linspace(0, len(gallery.ids) - 1, min(_N_CALIBRATION, len(gallery.ids)))
        photos = [gallery.read(int(i)) for i in rows]
    return compile_if_installed(
        extractor, args.engine, args.gpu, args.precision, photos)[0]


def load_detector(args):
    """The detector, with the thresholds that average precision needs."""
    detector = FashionSSD300(pretrained_model=args.detector_weights)
    if args.vote_thresh is not None:
        detector.coder = VotingMultiboxCoder(detector.coder, args.vote_thresh)
    detector, _ = compile_if_installed(
        detector, args.engine, args.gpu,
        'f32' if args.precision == 'int8' else args.precision)
    detector.use_preset('evaluate')
    detector.score_thresh = args.score_thresh
    return detector


if __name__ == '__main__':
    main()
