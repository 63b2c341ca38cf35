"""How fast the library is on a GPU: one command, one table.

Any NVIDIA GPU will do, with CuPy 13 or 14, with cuDNN (CuPy 13) or without. What
is measured: SSD300 from raw snaps to boxes (`predict`) and its network alone on
what is on the GPU already (`forward`); StyleExtractorBN from raw crops to
embeddings (`extract`); one training step of each network, from prepared arrays
on the CPU to updated weights; and FlatIndex on the GPU's memory.

Each is called twice before, unmeasured, so that kernels are compiled and
memory is at hand. Time is that between two CUDA events around a call, and the
call's work on the CPU lies between them.

float32 throughout; `CUPY_TF32=1` in the environment lets matrix products, which
are nearly all of the work, round to TF32 on GPUs that have it.
"""
# not named cuda.py: CuPy 14 imports a package of that name
import argparse
import os
import random

from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.ssd import MultiboxTrainChain
from vasily_fashion.links.style_extractor.triplet_train_chain import TripletTrainChain
from vasily_fashion.retrieval import FlatIndex
from vasily_fashion.transforms import SSDAugmentation, crop_by_bbox
from vasily_fashion.utils import find_device, write_json

import chainer
import numpy as np
from chainer.backends import cuda
from tqdm import tqdm


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python gpu.py --gpu 0')
    parser.add_argument('--gpu', type=int, default=0, help='the GPU')
    parser.add_argument(
        '--repeat', type=int, default=20, help='calls of which the median is taken')
    parser.add_argument(
        '--n-gallery', type=int, default=1_000_000,
        help='embeddings in the index, half a kilobyte each, twice while they are added')
    parser.add_argument('--json', help='a file for the numbers')
    args = parser.parse_args(argv)
    try:
        device = find_device(args.gpu)
    except ValueError as error:
        parser.error(str(error))
    device.use()
    result = measure(device, args.repeat, args.n_gallery)
    write_json(args.json, result)


def measure(device, repeat, n_gallery):
    """Print the times; return them by name."""
    result = versions(device.device.id)
    for name, value in result.items():
        print(f'{name:15} {value}')
    print(f'{"":42}{"ms":>10}{"a second":>14}')
    result['seconds'] = {}
    for name, n, unit, work in tqdm(
            works(device, n_gallery=n_gallery), disable=None, leave=False):
        seconds = median_seconds(work, repeat)
        result['seconds'][name] = seconds
        tqdm.write(f'{name:42}{seconds * 1e3:10.2f}{n / seconds:14.0f} {unit}')
    return result


def versions(index):
    """What the numbers depend on, by name."""
    import cupy
    runtime = cupy.cuda.runtime
    return {
        'GPU': runtime.getDeviceProperties(index)['name'].decode(),
        'CuPy': cupy.__version__,
        'CUDA runtime': runtime.runtimeGetVersion(),
        'CUDA driver': runtime.driverGetVersion(),
        'cuDNN': 'yes' if cuda.cudnn_enabled else 'no',
        'TF32': 'yes' if os.environ.get('CUPY_TF32') == '1' else 'no'}


def median_seconds(work, repeat):
    """The median of the time between the events before and after a call."""
    from cupyx.profiler import benchmark
    return float(np.median(benchmark(work, n_repeat=repeat, n_warmup=2).gpu_times))


def works(device, batch_sizes=(1, 8), n_crop=64, n_train=(8, 16), n_gallery=1_000_000,
          n_query=1000):
    """Yield (name, number of things, what they are, function) of what is timed.

    Args:
        device (chainer.Device): Where the networks and the index are.
        batch_sizes (iterable of int): Of SSD300.
        n_crop (int): Crops to embed at once.
        n_train (tuple of int): Snaps, and pairs of item images, a training step.
        n_gallery (int): Embeddings in the index.
        n_query (int): Queries searched at once.
    """
    dataset = SyntheticFashionDataset(max(*batch_sizes, n_train[0]), size=(500, 375))
    examples = dataset[:]
    yield from detection(device, [img for img, _, _ in examples], batch_sizes)
    yield from detector_training(device, examples[:n_train[0]])
    crops = [crop for img, bbox, _ in examples for crop in crop_by_bbox(img, bbox)]
    yield from embedding(device, [crops[i % len(crops)] for i in range(n_crop)])
    yield from extractor_training(device, n_train[1])
    yield from search(device, n_gallery, n_query)


def detection(device, imgs, batch_sizes):
    model = FashionSSD300(pretrained_model='fashion')
    model.to_device(device)
    for n in batch_sizes:
        yield (f'SSD300 predict, batch {n}', n, 'snaps',
               lambda n=n: model.predict(imgs[:n]))
    for n in batch_sizes:
        x = device.xp.zeros((n, 3, model.insize, model.insize), np.float32)

        def forward(x=x):
            with chainer.using_config('train', False), chainer.no_backprop_mode():
                model(x)
        yield f'SSD300 forward, batch {n}', n, 'snaps', forward


def detector_training(device, examples):
    random.seed(0)
    np.random.seed(0)
    model = FashionSSD300(pretrained_model='fashion')
    augment = SSDAugmentation(model.coder, model.insize, model.mean)
    batch = [augment(example) for example in examples]
    chain = MultiboxTrainChain(model)
    chain.to_device(device)
    optimizer = chainer.optimizers.MomentumSGD(1e-6).setup(chain)

    def step():
        optimizer.update(chain, *chainer.dataset.concat_examples(batch, device))
    yield f'SSD300 training, batch {len(batch)}', len(batch), 'snaps', step


def embedding(device, crops):
    model = StyleExtractorBN(pretrained_model='fashion')
    model.to_device(device)
    yield (f'StyleExtractorBN extract, {len(crops)} crops', len(crops), 'crops',
           lambda: model.extract(crops))


def extractor_training(device, n_pair):
    rng = np.random.default_rng(0)
    model = StyleExtractorBN(pretrained_model='fashion')
    batch = [tuple(rng.random((2, 3, *model.insize), np.float32)) for _ in range(n_pair)]
    chain = TripletTrainChain(model)
    chain.to_device(device)
    optimizer = chainer.optimizers.Adam(1e-6).setup(chain)

    def step():
        optimizer.update(chain, *chainer.dataset.concat_examples(batch, device))
    yield f'StyleExtractorBN triplet training, {n_pair} pairs', n_pair, 'pairs', step


def search(device, n_gallery, n_query):
    rng = np.random.default_rng(0)
    index = FlatIndex(128)
    index.add(device.send(rng.standard_normal((n_gallery, 128), np.float32)),
              range(n_gallery))
    queries = device.send(rng.standard_normal((n_query, 128), np.float32))
    yield (f'FlatIndex search, {n_query} in {n_gallery:,}', n_query, 'queries',
           lambda: index.search(queries, 10))


if __name__ == '__main__':
    main()
