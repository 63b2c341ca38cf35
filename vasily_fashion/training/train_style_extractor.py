import contextlib
import functools
import os
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vasily_fashion.links import StyleExtractorBN
from vasily_fashion.links.freeze import freeze
from vasily_fashion.links.style_extractor import TripletTrainChain
from vasily_fashion.training.batch_order import BatchOrder
from vasily_fashion.training.embedding_guard import EmbeddingGuard
from vasily_fashion.training.learning_rate import learning_rate
from vasily_fashion.training.normalize_as_one import normalize_as_one
from vasily_fashion.training.retrieval_evaluator import RetrievalEvaluator
from vasily_fashion.training.run_training import run_training
from vasily_fashion.training.style_extractor_blocks import LaterBlocks
from vasily_fashion.training.training_pairs import FrozenPairs, TrainingPairs
from vasily_fashion.training.workers import get_worker_device

import chainer
import numpy as np
from chainer.optimizer_hooks import WeightDecay

if TYPE_CHECKING:
    from chainermn import CommunicatorBase


def train_style_extractor(
        model: StyleExtractorBN, dataset: Any, out: str | os.PathLike[str],
        iteration: int, batch_size: int = 16, lr: float = 1e-3,
        lr_schedule: str = 'steps', lr_steps: Sequence[float] = (0.7, 0.9),
        warm_up: int = 0, margin: float | None = None, loss: str = 'triplet',
        negatives: str = 'all', n_frozen_block: int = 0,
        device: int | str | chainer.backend.Device = -1, seed: int = 0,
        log_interval: int = 10, snapshot_interval: int = 50,
        resume: str | os.PathLike[str] | None = None, val: Any = None,
        eval_interval: int = 200, comm: 'CommunicatorBase | None' = None,
        multi_node_bn: bool = False,
        features: str | os.PathLike[str] | None = None,
        n_view: int | Sequence[int] = 4, grounds: Sequence[np.ndarray] = (),
        hardest_weight: float = 0., category_weight: float = 0.,
        weights: Sequence[float] | None = None, same_category: float = 0.,
) -> chainer.training.Trainer:
    """Train StyleExtractorBN with triplets of snap crops and product images.

    First fc5 is scaled so that two product images are at a squared distance
    of 1 on average. The article's margin of 0.2 means something then; at the
    distances of about 100 that the initial weights give, the quickest way to
    a lower loss is to shrink all embeddings, and long nothing else is learnt.

    Adam with weight decay 1e-4. Each batch holds pairs (snap crop, product
    image of the same item); the negatives are among the product images of
    the other items of the batch.

    Args:
        model (vasily_fashion.links.StyleExtractorBN): Trained in place.
        dataset (vasily_fashion.datasets.PairDataset): The pairs, such as
            :class:`vasily_fashion.datasets.CCPItemDataset`, or several in a
            :class:`vasily_fashion.datasets.ConcatenatedPairDataset`.
        out (str or path): Folder for the log, snapshots and `model.npz`.
        iteration (int): Number of batches.
        batch_size (int): Pairs a batch, over all workers.
        lr (float): Adam's alpha to begin with.
        lr_schedule ({'steps', 'cosine'}): How it falls, as
            :func:`vasily_fashion.training.learning_rate` says.
        lr_steps (sequence of float): When 'steps' multiplies it by 0.1, as
            shares of `iteration`.
        warm_up (int): Iterations over which it grows to `lr` before.
        margin, loss, negatives: As
            :class:`~vasily_fashion.links.style_extractor.\
TripletTrainChain` takes them.
        n_frozen_block (int): How many of the three blocks of two
            convolutions and batch normalisations keep their weights.
        device (int or str): As `chainer.get_device`; -1 is the CPU.
        seed (int): Of the augmentation, the order and dropout.
        log_interval (int): Iterations between two lines of the log.
        snapshot_interval (int): Iterations between two snapshots.
        resume (str or path): A snapshot to go on from.
        val (vasily_fashion.datasets.PairDataset): Held-out pairs: the model
            is scored on them, and out/best.npz has the weights of the highest
            hit@1.
        eval_interval (int): Iterations between two scores.
        comm (chainermn.CommunicatorBase): Workers that share each batch.
        multi_node_bn (bool): Whether batch normalisation has the statistics
            of all workers' parts of a batch instead of each its own.
        features (str or path): A folder where what the frozen blocks make of
            the images is kept. They compute each view once then, before the
            training, as in test mode, and an epoch takes a fraction of the
            time. For one worker. The folder has 98 kB a view with two blocks
            frozen (one: 786 kB, three: 12 kB).
        n_view (int or sequence of int): With `features`, as many augmented
            views of each side of a pair take turns at random, instead of a
            new one each time; one number for all examples, or each its own.
        grounds (sequence of numpy.ndarray): Pieces of floors and walls that
            product photos are put on, as
            :func:`vasily_fashion.transforms.product_augmentation` does.
        hardest_weight, category_weight (float): As
            :class:`~vasily_fashion.links.style_extractor.\
TripletTrainChain` takes them.
        weights (sequence of float): Which share of each batch is of each
            data set that a `ConcatenatedPairDataset` joins. Without, an epoch
            takes each example once.
        same_category (float): With `weights`, which share of each batch is of
            one category.

    Returns:
        chainer.training.Trainer: After training. The weights are also in
        out/model.npz.

    Raises:
        ValueError: If there is nothing to train on, or a batch of one;
            `features` without frozen blocks, with workers, or of another
            training.
    """
    if len(dataset) == 0:
        raise ValueError('dataset is empty: there is nothing to train on')
    if features is not None and (n_frozen_block == 0 or comm is not None):
        raise ValueError(
            'features are those of frozen blocks, for one worker: give '
            'n_frozen_block, and no comm')
    random.seed(seed)
    np.random.seed(seed)
    random_state = np.random.default_rng(seed)
    device = get_worker_device(device, comm)
    device.xp.random.seed(seed)

    pairs: TrainingPairs | FrozenPairs
    pairs = TrainingPairs(dataset, model, random_state, grounds)
    trained: chainer.Chain = model
    if features is not None:
        model.to_device(device)
        pairs = FrozenPairs(pairs, n_frozen_block, features, n_view, seed)
        trained = LaterBlocks(model, n_frozen_block)
    if resume is None and batch_size > 1:
        _scale_embeddings(trained, model.fc5, [
            pairs[int(i)][1] for i in np.random.choice(
                len(dataset), min(batch_size, len(dataset)), replace=False)])
    order = None
    if weights is not None:
        order = BatchOrder(
            dataset.item_ids, dataset.categories, dataset.parts, weights,
            batch_size, same_category, random_state)
    chain = TripletTrainChain(
        trained, margin, loss, negatives, comm, hardest_weight,
        category_weight)
    chain.to_device(device)
    optimizer = chainer.optimizers.Adam(lr)
    optimizer.setup(chain)
    for block in range(1, n_frozen_block + 1):
        for layer in ('conv{}_1', 'bn{}_1', 'conv{}_2', 'bn{}_2'):
            freeze(model[layer.format(block)])
    for param in chain.params():
        if param.name == 'W' and param.requires_grad:
            param.update_rule.add_hook(WeightDecay(1e-4))  # type: ignore[attr-defined]

    schedule = functools.partial(
        learning_rate, iteration=iteration, initial=lr, schedule=lr_schedule,
        steps=lr_steps, warm_up=warm_up)
    as_one: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if multi_node_bn and comm is not None:
        as_one = normalize_as_one(model, comm)
    with as_one:
        return run_training(
            model, optimizer, 'alpha', pairs, out, iteration,
            batch_size, schedule,
            ['main/loss', 'main/d_positive', 'main/d_negative', 'main/active',
             'main/hit', *(['main/loss/category'] if category_weight else [])],
            device, log_interval, snapshot_interval, resume, [random_state],
            None if val is None else RetrievalEvaluator(val, model),
            'validation/main/hit@1', eval_interval, [EmbeddingGuard(chain)],
            comm, order)


def _scale_embeddings(extractor, fc5, products):
    with chainer.using_config('train', True), chainer.no_backprop_mode():
        embeddings = chainer.get_device('@numpy').send(
            extractor(fc5.device.send(np.stack(products))).array)
    spread = 2 * embeddings.var(axis=0, ddof=1).sum()
    if spread > 0:
        fc5.W.array /= np.sqrt(spread)
        fc5.b.array /= np.sqrt(spread)
