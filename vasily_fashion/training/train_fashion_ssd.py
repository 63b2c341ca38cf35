import functools
import os
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vasily_fashion.links import FashionSSD300
from vasily_fashion.links.freeze import freeze
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.links.ssd.multibox_train_chain import MultiboxTrainChain
from vasily_fashion.training.batch_order import BatchOrder
from vasily_fashion.training.detection_evaluator import DetectionEvaluator
from vasily_fashion.training.learning_rate import learning_rate
from vasily_fashion.training.run_training import run_training
from vasily_fashion.training.workers import get_worker_device
from vasily_fashion.transforms import SSDAugmentation

import chainer
import numpy as np
from chainer.optimizer_hooks import WeightDecay
from chainercv.links.model.ssd import GradientScaling

if TYPE_CHECKING:
    from chainermn import CommunicatorBase


def train_fashion_ssd(
        model: FashionSSD300, dataset: Any, out: str | os.PathLike[str],
        iteration: int, batch_size: int = 8, optimizer: str = 'sgd',
        lr: float | None = None, lr_schedule: str = 'steps',
        lr_steps: Sequence[float] = (0.7, 0.9), warm_up: int = 0,
        freeze_until: str | None = None, max_expand: float = 4,
        device: int | str | chainer.backend.Device = -1, seed: int = 0,
        log_interval: int = 10, snapshot_interval: int = 100,
        resume: str | os.PathLike[str] | None = None, val: Any = None,
        eval_interval: int = 500, comm: 'CommunicatorBase | None' = None,
        weights: Sequence[float] | None = None,
) -> chainer.training.Trainer:
    """Fine-tune SSD300.

    The recipe is that of ChainerCV's `examples/ssd/train.py` after the SSD
    paper: momentum SGD, weight decay 5e-4 on weights alone, gradients of
    biases doubled, learning rate times 0.1 at given steps, five
    augmentations. Adam takes SGD's place where SGD diverges: from a VGG16
    without fully connected layers, whose conv6 and conv7 start at random.

    Args:
        model (vasily_fashion.links.FashionSSD300): Trained in place.
        dataset: Yields (img, bbox, label), and, if it is a
            :class:`vasily_fashion.datasets.ConcatenatedBboxDataset`, the
            classes that a photo is annotated with.
        out (str or path): Folder for the log, snapshots and `model.npz`.
        iteration (int): Number of batches.
        batch_size (int): Images a batch, over all workers.
        optimizer ({'sgd', 'adam'}): Which optimizer.
        lr (float): Learning rate to begin with; by default 1e-3 for SGD, as
            published, and 1e-4 for Adam.
        lr_schedule ({'steps', 'cosine'}): How it falls, as
            :func:`vasily_fashion.training.learning_rate` says.
        lr_steps (sequence of float): When 'steps' multiplies it by 0.1, as
            shares of `iteration`.
        warm_up (int): Iterations over which it grows to `lr` before.
        freeze_until (str): Layers of the extractor up to this one, such as
            'conv3_3', keep their weights.
        max_expand (float): As
            :class:`vasily_fashion.transforms.SSDAugmentation`.
        device (int or str): As `chainer.get_device`; -1 is the CPU.
        seed (int): Of `random` and `numpy.random`.
        log_interval (int): Iterations between two lines of the log.
        snapshot_interval (int): Iterations between two snapshots.
        resume (str or path): A snapshot to go on from.
        val: Held-out photos, yields (img, bbox, label): the model is scored
            on them, and out/best.npz has the weights of the highest mean
            average precision.
        eval_interval (int): Iterations between two scores.
        comm (chainermn.CommunicatorBase): Workers that share each batch.
        weights (sequence of float): Which share of each batch is of each data
            set that a `ConcatenatedBboxDataset` joins. Without, an epoch
            takes each photo once.

    Returns:
        chainer.training.Trainer: After training. The weights are also in
        out/model.npz.

    Raises:
        ValueError: If there is nothing to train on, not one box, `freeze_until` is not a layer, or
            `max_expand` is less than 1.
    """
    if len(dataset) == 0:
        raise ValueError('dataset is empty: there is nothing to train on')
    if not any(len(dataset[i][1]) for i in range(len(dataset))):
        raise ValueError(
            f'none of the {len(dataset)} photos has a box: there is nothing to train on; '
            'run python -m vasily_fashion.datasets.check on the data set')
    names = getattr(dataset, 'label_names', None)
    of_model = getattr(model, 'label_names', None)
    if names is not None and of_model is not None and tuple(names) != tuple(of_model):
        raise ValueError(
            f'the model detects {", ".join(of_model)}, and the photos are of '
            f'{", ".join(names)}: give FashionSSD300 their label_names')
    random.seed(seed)
    np.random.seed(seed)
    device = get_worker_device(device, comm)
    device.xp.random.seed(seed)
    augment = SSDAugmentation(
        model.coder, model.insize, model.mean, max_expand)
    chain = MultiboxTrainChain(model, comm=comm)
    chain.to_device(device)

    optimizer, lr_name = _make_optimizer(optimizer, lr)
    optimizer.setup(chain)  # type: ignore[attr-defined]
    if freeze_until is not None:
        _freeze_extractor(model.extractor, freeze_until)
    for param in chain.params():
        if not param.requires_grad:
            continue
        if param.name == 'b':
            param.update_rule.add_hook(GradientScaling(2))  # type: ignore[attr-defined]
        else:
            param.update_rule.add_hook(WeightDecay(0.0005))  # type: ignore[attr-defined]

    schedule = functools.partial(
        learning_rate, iteration=iteration, initial=getattr(optimizer, lr_name),
        schedule=lr_schedule, steps=lr_steps, warm_up=warm_up)
    order, generators = None, []
    if weights is not None:
        generators = [np.random.default_rng(seed)]
        order = BatchOrder(
            np.arange(len(dataset)), np.zeros(len(dataset), int),
            dataset.parts, weights, batch_size, 0., generators[0])
    evaluator = None
    if val is not None:
        evaluator = DetectionEvaluator(
            chainer.iterators.SerialIterator(
                val, batch_size, repeat=False, shuffle=False), model)
    return run_training(
        model, optimizer, lr_name,  # type: ignore[arg-type]
        chainer.datasets.TransformDataset(dataset, augment), out, iteration,
        batch_size, schedule,
        ['main/loss', 'main/loss/loc', 'main/loss/conf'],
        device, log_interval, snapshot_interval, resume, generators, evaluator,
        'validation/main/map', eval_interval, comm=comm, order_sampler=order)


def _make_optimizer(name, lr):
    if name == 'sgd':
        return chainer.optimizers.MomentumSGD(1e-3 if lr is None else lr), 'lr'
    if name == 'adam':
        return chainer.optimizers.Adam(1e-4 if lr is None else lr), 'alpha'
    raise ValueError(f"optimizer must be 'sgd' or 'adam', not {name!r}")


def _freeze_extractor(extractor, last):
    names = convolution_names(extractor)
    if last not in names:
        raise ValueError(
            f'freeze_until must be a convolution, not {last!r}: one of '
            f'{", ".join(names)}')
    for name in names[:names.index(last) + 1]:
        freeze(extractor[name])
