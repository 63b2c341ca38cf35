"""Read a data set once, and say what is wrong with it.

    python -m vasily_fashion.datasets.check deepfashion2 DeepFashion2 --sheet sheet.png

The exit status is 0 if the data set is fit for training, 1 if something has
to be mended or left out (images that are missing, broken or of another size than
annotated; boxes that are empty, under two pixels or outside of their image; no
box or example at all), 2 if it cannot be opened or an annotation not be read.

Reported, but not faults, are duplicates, queries without a product image,
annotations that are left out, unknown categories, columns and files, and photos
that EXIF turns while the annotation does not say which way up it is meant.
"""
import argparse
import hashlib
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from vasily_fashion.datasets.bbox_list_dataset import is_share
from vasily_fashion.datasets.compare_size import read_orientation
from vasily_fashion.datasets.leave_out_broken import find_faults
from vasily_fashion.datasets.named_datasets import (
    BBOX_DATASETS,
    RETRIEVAL_DATASETS,
    find_all_splits,
    open_dataset,
)
from vasily_fashion.utils import atomic_write, write_json

import numpy as np

_log = logging.getLogger('vasily_fashion.datasets')
_N_SHOWN = 5
_FAULTS = ('missing', 'broken', 'another size', 'empty boxes', 'boxes outside',
           'boxes under 2 pixels')


def main(argv: Sequence[str] | None = None) -> int:
    names = {**BBOX_DATASETS, **RETRIEVAL_DATASETS}
    parser = argparse.ArgumentParser(
        prog='python -m vasily_fashion.datasets.check',
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python -m vasily_fashion.datasets.check folder my_shop')
    parser.add_argument('name', choices=names, metavar='NAME',
                        help=', '.join(names))
    parser.add_argument('root', help="its folder; of 'coco' and 'csv' the file")
    parser.add_argument('--split', help='one of its splits; all by default')
    parser.add_argument(
        '--images', help='folder of the images, for coco and csv; the CSV of '
        'a folder of products')
    parser.add_argument('--sheet', help='a PNG for random samples, with boxes')
    parser.add_argument('--json', help='a file for what was found')
    args = parser.parse_args(argv)

    splits = (args.split,) if args.split else find_all_splits(args.name)
    report, datasets = {}, {}
    for split in splits:
        try:
            _log.setLevel(logging.ERROR)  # what readers leave out is in the report
            dataset = open_dataset(
                args.name, args.root, split, 'skip', args.images)
            report[split or 'all'] = check(dataset)
        except (OSError, ValueError, ImportError) as error:
            parser.error(str(error))
        finally:
            _log.setLevel(logging.NOTSET)
        datasets[split or 'all'] = dataset
        print_report(split or 'all', report[split or 'all'])
    fit = all(is_fit(of_split) for of_split in report.values())
    write_json(args.json, {'fit': fit, 'splits': report})
    if args.sheet:
        write_sheet(datasets, args.sheet)
    print('fit for training' if fit else 'NOT fit for training as it is')
    return 0 if fit else 1


def check(dataset: Any) -> dict[str, Any]:
    """Read all of a data set.

    Args:
        dataset: A reader of this library.

    Returns:
        dict: `examples`, `images`, `categories` (name to count); `missing`,
        an int; `broken` and `another size` (image to fault), `empty boxes`,
        `boxes outside`, `boxes under 2 pixels`, `turned by EXIF`, `duplicates`,
        lists of image names; `unknown categories` (name to count). Of boxes
        `annotations`, `boxes`, ints, which are read, and `left out` (reason to
        count); of retrieval data `queries`, `gallery`, `items` and `queries
        without product`, ints. Where there are any, `unknown columns`, `files left
        out` and `photos not annotated`, lists.
    """
    digests: dict[bytes, list[str]]
    digests, sizes, turned = {}, {}, set()
    named = getattr(dataset, 'sizes', {})

    def look(name, img):
        path, size = dataset.root / name, named.get(name)
        orientation = read_orientation(path)
        # where the size tells, it is right
        if orientation > 1 and not (orientation >= 5 and size and size[0] != size[1]):
            turned.add(name)
        digest = hashlib.sha1(path.read_bytes())
        digests.setdefault(digest.digest(), []).append(name)
        sizes[name] = img.shape[1:]

    broken, other_size = find_faults(dataset, look)
    is_retrieval = hasattr(dataset, 'item_ids')
    left_out = getattr(dataset, 'left_out', {})
    unknown = Counter(getattr(dataset, 'unknown_categories', {}))
    report = {
        'examples': len(dataset), 'images': len(set(dataset.names)),
        'categories': {}, 'unknown categories': dict(unknown.most_common()),
        'missing': dataset.n_missing, 'broken': broken, 'another size': other_size,
        'empty boxes': [], 'boxes outside': [], 'boxes under 2 pixels': [],
        'turned by EXIF': [],
        'duplicates': [' = '.join(same) for same in digests.values()
                       if len(same) > 1]}
    counts: Counter[str] = Counter()
    for i, name in enumerate(dataset.names):
        if is_retrieval:
            labels = [k for k in dataset.labels[i:i + 1] if k >= 0]
            scale = 1
            if dataset.long_side is not None and name in sizes:
                scale = max(sizes[name]) / dataset.long_side
            bbox = dataset.bboxes[i:i + 1] * scale
            bbox = bbox[~np.isnan(bbox).any(axis=1)]
        else:
            (bbox, labels), = dataset.slice[i:i + 1, ('bbox', 'label')]
        counts.update(dataset.label_names[k] for k in labels)
        side = (bbox[:, 2:] - bbox[:, :2]).min(axis=1)
        if (side <= 0).any():
            report['empty boxes'].append(name)
        if ((side > 0) & (side < 2)).any():
            report['boxes under 2 pixels'].append(
                f'{name}: is it in shares of the sides?' if is_share(bbox).any() else name)
        # annotations round: a pixel over the edge is none
        if name in sizes and ((bbox < -1) | (
                bbox > np.array(sizes[name] * 2) + 1)).any():
            report['boxes outside'].append(name)
        if name in turned and len(bbox):
            report['turned by EXIF'].append(name)
    for reason, key in (('empty', 'empty boxes'), ('outside', 'boxes outside')):
        report[key] += ['left out by the reader'] * left_out.get(reason, 0)
    report['categories'] = {
        name: counts[name] for name in dataset.label_names if counts[name]}
    if is_retrieval:
        items = np.unique(dataset.item_ids[dataset.is_gallery])
        report['queries'] = int(dataset.is_query.sum())
        report['gallery'] = int(dataset.is_gallery.sum())
        report['items'] = len(np.unique(dataset.item_ids))
        report['queries without product'] = int((~np.isin(
            dataset.item_ids[dataset.is_query], items)).sum())
    else:
        report['boxes'] = counts.total()
        report['left out'] = dict(left_out)
        report['annotations'] = (
            counts.total() + sum(left_out.values()) + unknown.total())
    for key, lines in (
            ('unknown columns', getattr(dataset, 'unknown_columns', [])),
            ('files left out', getattr(dataset, 'left_out_files', [])),
            ('photos not annotated', getattr(dataset, 'not_annotated', []))):
        if lines:
            report[key] = lines
    return report


def is_fit(report: dict[str, Any]) -> bool:
    """Whether a report of :func:`check` has no fault."""
    return report['examples'] > 0 and report.get('boxes', 1) > 0 and not any(
        report[key] for key in _FAULTS)


def print_report(split: str, report: dict[str, Any]) -> None:
    """Print a report of :func:`check`, with a few examples of each fault."""
    print(f'{split}:')
    value: Any
    for key, value in report.items():
        if key == 'categories':
            value = ', '.join(f'{k} {n}' for k, n in value.items()) or 'none'
            print(f'  {key:24} {value}')
            continue
        shown: list[str] = []
        n_shown = _N_SHOWN
        if key in ('unknown categories', 'left out'):
            shown, n_shown = [f'{name!r} {n}' for name, n in value.items()], len(value)
            value = sum(value.values())
        elif isinstance(value, dict):
            value, shown = len(value), list(value.values())
        elif isinstance(value, list):
            value, shown = len(value), value
            if key in ('unknown columns', 'files left out'):
                n_shown = 20
        print(f'  {key:24} {value:,}')
        for text in shown[:n_shown]:
            print(f'    {text}')
        if len(shown) > n_shown:
            print(f'    ... and {len(shown) - n_shown:,} more')


def write_sheet(
        datasets: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Draw random examples of each split, with their boxes.

    Args:
        datasets (dict): From splits to readers.
        path (str or path): The PNG.
    """
    import matplotlib.pyplot as plt
    from chainercv.visualizations import vis_bbox

    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    random_state = np.random.default_rng(0)
    n_column, n_row = 6, 3  # of each split
    colour = plt.get_cmap('tab20')
    n = n_column * n_row
    fig, axes = plt.subplots(
        n_row * len(datasets), n_column, squeeze=False, layout='constrained',
        figsize=(2.2 * n_column, 2.6 * n_row * len(datasets)))
    for ax in axes.flat:
        ax.axis('off')
    for k, (split, dataset) in enumerate(datasets.items()):
        order = random_state.permutation(len(dataset))
        for ax, i in zip(axes.flat[k * n:(k + 1) * n], order, strict=False):
            try:
                example = dataset[int(i)]
            except (OSError, ValueError) as error:
                ax.set_title(f'{split}: broken', fontsize=7, color='#d1495b')
                ax.text(.5, .5, str(error)[-40:], fontsize=5, ha='center')
                continue
            if hasattr(dataset, 'item_ids'):
                img, item_id, label = example
                ax.imshow(img.astype(np.uint8).transpose(1, 2, 0))
                side = 'query' if dataset.is_query[i] else 'gallery'
                name = dataset.label_names[label] if label >= 0 else '?'
                text = str(item_id)  # the end tells ids apart
                text = text if len(text) <= 24 else f'...{text[-21:]}'
                ax.set_title(f'{side} {name}\n{text}', fontsize=7)
            else:
                img, bbox, label = example
                vis_bbox(
                    img, bbox, label, label_names=dataset.label_names,
                    instance_colors=[
                        np.array(colour(k % colour.N)[:3]) * 255
                        for k in label], linewidth=1.2, ax=ax)
                for text in ax.texts:
                    text.set_fontsize(5)
                    text.get_bbox_patch().set(
                        boxstyle='square,pad=.1', linewidth=0, alpha=.6)
                ax.set_title(split, fontsize=7)
            ax.axis('off')
    with atomic_write(path) as file:
        fig.savefig(file, format='png', dpi=100)
    plt.close(fig)


if __name__ == '__main__':
    sys.exit(main())
