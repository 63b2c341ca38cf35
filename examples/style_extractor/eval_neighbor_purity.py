"""Score how well embeddings keep the classes of photos together.

The photos lie in a folder for each class. Printed is the share of the nearest
neighbours that are of a photo's own class, the mean over all photos. They are
embedded as a whole, whatever they lie or hang on.
"""
import argparse

from vasily_fashion.datasets.image_files import check_folder, is_image
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.deploy.engine_arguments import add_engine_arguments
from vasily_fashion.evaluations import eval_neighbor_purity
from vasily_fashion.evaluations.baselines import hsv_histogram
from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.utils import read_image

import chainer
import numpy as np
from chainercv.datasets import DirectoryParsingLabelDataset
from tqdm import trange

_K = 10
_BATCH_SIZE = 8


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python eval_neighbor_purity.py clothing-dataset-small/train')
    parser.add_argument('root', help='the folder of the folders')
    parser.add_argument(
        '--weights', default='fashion', help="of StyleExtractorBN (default: 'fashion')")
    add_engine_arguments(parser, calibration='the folder')
    args = parser.parse_args(argv)
    try:
        check_folder(args.root, 'root must be the folder of the folders')
        dataset = DirectoryParsingLabelDataset(args.root, is_image)
        paths, n_class = dataset.img_paths, len(np.unique(dataset.labels))
        if len(paths) <= _K or n_class < 2:
            raise ValueError(
                f'{args.root}: {len(paths)} photos in folders of {n_class} classes; {_K + 1} '
                'of 2 are needed')
        photos = None
        if args.precision == 'int8':
            photos = [read_image(path) for path in paths[::max(1, len(paths) // 64)]]
        extractor, _ = compile_if_installed(
            StyleExtractorBN(pretrained_model=args.weights), args.engine, args.gpu,
            args.precision, photos)
        with chainer.using_config('accelerate', 'fast'):
            features = [
                [embed(imgs) for embed in (extractor.extract, hsv_histogram)]
                for first in trange(0, len(paths), _BATCH_SIZE, disable=None)
                for imgs in [[read_image(path) for path in paths[first:first + _BATCH_SIZE]]]]
        for name, embeddings in zip(
                ('StyleExtractorBN', 'HSV histogram'), zip(*features, strict=True), strict=True):
            found = eval_neighbor_purity(np.concatenate(embeddings), dataset.labels, _K)
            print(f'{name:20}{found["purity"]:.3f} of the {_K} nearest of {len(paths)} photos '
                  f'are of the same class, by chance {found["chance"]:.3f}')
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
