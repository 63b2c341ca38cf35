"""Time of a training step: this library, plain Chainer 7.8.1, PyTorch.

Forward, loss, backward and update, on two networks; preparing the data is not
part of it. `torch_models.py` says what else has to be installed.
"""
import argparse

from vasily_fashion.accelerate.keep_freed_memory import keep_freed_memory
from vasily_fashion.accelerate.parallel import n_thread
from vasily_fashion.datasets import SyntheticFashionDataset
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.freeze import freeze
from vasily_fashion.links.ssd import MultiboxTrainChain
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.transforms import crop_by_bbox
from vasily_fashion.utils import write_json
from vasily_fashion.utils.machine import machine

import chainer
import chainer.functions as F
import numpy as np
import torch
import torch_models
from chainer.optimizer_hooks import WeightDecay
from chainercv.links.model.ssd import GradientScaling
from chainercv.transforms import resize, resize_bbox
from interleaved import interleaved

_TITLES = {
    'ssd': 'SSD300 image',
    'ssd_frozen': 'SSD300 image, conv1..conv3 frozen',
    'triplet': 'StyleExtractorBN triplet'}
_SIDES = 'ours', 'torch', 'chainer'
_SIZE = (300, 300)
_N_FROZEN = 7  # conv1_1 to conv3_3
_LEARNING_RATE = 1e-4
_MOMENTUM = 0.9
_WEIGHT_DECAY = 5e-4
_MARGIN = 0.2


def ssd_examples(n):
    """(img, bbox, label) of synthetic snaps, at the network's size."""
    for img, bbox, label in SyntheticFashionDataset(n):
        yield resize(img, _SIZE), resize_bbox(bbox, img.shape[1:], _SIZE), label


def chainer_ssd_step(examples, n_frozen):
    """One update of FashionSSD300, as `train_fashion_ssd` makes it."""
    model = FashionSSD300(pretrained_model='fashion')
    chain = MultiboxTrainChain(model)
    optimizer = chainer.optimizers.MomentumSGD(_LEARNING_RATE, _MOMENTUM)
    optimizer.setup(chain)
    for name in convolution_names(model.extractor)[:n_frozen]:
        freeze(model.extractor[name])
    for param in chain.params():
        if param.requires_grad:
            param.update_rule.add_hook(
                GradientScaling(2) if param.name == 'b'
                else WeightDecay(_WEIGHT_DECAY))
    imgs = np.stack([img - model.mean for img, _, _ in examples]).astype(np.float32)
    mb_locs, mb_labels = map(np.stack, zip(*(
        model.coder.encode(bbox, label) for _, bbox, label in examples), strict=True))

    def step():
        optimizer.update(chain, imgs, mb_locs, mb_labels)

    return step


def torch_ssd_step(examples, n_frozen):
    """The same of torchvision's ssd300_vgg16."""
    model = torch_models.ssd300(FashionSSD300(pretrained_model='fashion')).train()
    convolutions = [
        m for m in model.backbone.features if isinstance(m, torch.nn.Conv2d)]
    for convolution in convolutions[:n_frozen]:
        convolution.requires_grad_(False)
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], _LEARNING_RATE,
        _MOMENTUM, weight_decay=_WEIGHT_DECAY)
    imgs = [torch.from_numpy(img / 255) for img, _, _ in examples]
    targets = [
        {'boxes': torch.from_numpy(bbox[:, [1, 0, 3, 2]]),
         'labels': torch.from_numpy(label.astype(np.int64) + 1)}
        for _, bbox, label in examples]

    def step():
        optimizer.zero_grad()
        sum(model(imgs, targets).values()).backward()
        optimizer.step()

    return step


def triplets(n, prepare):
    """Three batches of prepared crops of synthetic snaps."""
    crops = [prepare(crop_by_bbox(img, bbox)[0])
             for img, bbox, _ in SyntheticFashionDataset(3 * n)]
    return np.stack(crops).reshape((3, -1) + crops[0].shape)


def chainer_triplet_step(batches):
    """One update of StyleExtractorBN by three embeddings and F.triplet."""
    model = StyleExtractorBN(pretrained_model='fashion')
    optimizer = chainer.optimizers.Adam(_LEARNING_RATE).setup(model)

    def step():
        optimizer.update(lambda: F.triplet(
            *(model(batch) for batch in batches), margin=_MARGIN))

    return step


def torch_triplet_step(batches):
    """The same in PyTorch, by hand: its own loss takes no squared distances."""
    model = torch_models.StyleExtractorBN(
        StyleExtractorBN(pretrained_model='fashion')).train()
    optimizer = torch.optim.Adam(model.parameters(), _LEARNING_RATE)
    batches = [torch.from_numpy(batch) for batch in batches]

    def step():
        optimizer.zero_grad()
        anchor, positive, negative = (model(batch) for batch in batches)
        violation = ((anchor - positive) ** 2 - (anchor - negative) ** 2).sum(dim=1)
        torch.relu(violation + _MARGIN).mean().backward()
        optimizer.step()

    return step


def measure(steps, sides, repeat):
    """Time steps of this library and of PyTorch, and of Chainer as it is.

    Args:
        steps (dict): From names to (Chainer's step, PyTorch's step).
        sides (list of str): Which of 'ours', 'torch' and 'chainer'.
        repeat (int): Number of rounds.

    Returns:
        dict: From names to a dict from sides to seconds a step.
    """
    works = {}
    for name, (ours, theirs) in steps.items():
        by_side = {
            # 'fast' is what `vasily_fashion.training` sets
            'ours': _with_accelerate('fast', ours), 'torch': theirs,
            'chainer': _with_accelerate(False, ours)}
        works.update({(name, side): by_side[side] for side in sides})
    seconds = interleaved(works, repeat)
    return {name: {side: seconds[name, side] for side in sides} for name in steps}


def _with_accelerate(accelerate, step):
    def work():
        with chainer.using_config('accelerate', accelerate):
            step()

    return work


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python training.py --sides ours torch --repeat 5')
    parser.add_argument(
        '--only', nargs='+', choices=tuple(_TITLES), default=tuple(_TITLES),
        metavar='STEP', help=f'which of {", ".join(_TITLES)}')
    parser.add_argument(
        '--sides', nargs='+', choices=_SIDES, default=_SIDES, metavar='SIDE',
        help=f'which of {", ".join(_SIDES)}; chainer is Chainer without acceleration')
    parser.add_argument('--n-image', type=int, default=4, help='images a batch of SSD300')
    parser.add_argument('--n-triplet', type=int, default=8, help='triplets a batch')
    parser.add_argument('--repeat', type=int, default=7, help='number of rounds')
    parser.add_argument('--json', help='file to write the numbers to')
    args = parser.parse_args(argv)

    torch.set_num_threads(n_thread())
    keep_freed_memory()
    steps, sizes = {}, {}
    for name in args.only:
        if name == 'triplet':
            sizes[name] = args.n_triplet
            batches = triplets(args.n_triplet, StyleExtractorBN().prepare)
            steps[name] = chainer_triplet_step(batches), torch_triplet_step(batches)
        else:
            sizes[name] = args.n_image
            n_frozen = _N_FROZEN if name == 'ssd_frozen' else 0
            examples = list(ssd_examples(args.n_image))
            steps[name] = (
                chainer_ssd_step(examples, n_frozen), torch_ssd_step(examples, n_frozen))
    result = measure(steps, args.sides, args.repeat)
    for name, seconds in result.items():  # of one image or triplet
        for side in seconds:
            seconds[side] /= sizes[name]

    print(f'{machine()}; torch {torch.__version__}, Chainer {chainer.__version__}')
    print('seconds, and by those of torch')
    for name, seconds in result.items():
        print(f'{_TITLES[name]:34}' + ''.join(
            f'  {side} {s:.3f}' + (
                f' ({s / seconds["torch"]:.2f})' if 'torch' in seconds else '')
            for side, s in seconds.items()))
    write_json(args.json, {'machine': machine(), 'seconds': result})


if __name__ == '__main__':
    main()
