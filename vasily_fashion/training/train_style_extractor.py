import contextlib
import os
from typing import Any

from vasily_fashion.links.freeze import freeze
from vasily_fashion.links.style_extractor import TripletTrainChain
from vasily_fashion.training.draw_order import DrawOrder
from vasily_fashion.training.embedding_guard import EmbeddingGuard
from vasily_fashion.training.frozen_pairs import FrozenPairs
from vasily_fashion.training.learning_rate import LearningRate
from vasily_fashion.training.normalize_as_one import normalize_as_one
from vasily_fashion.training.retrieval_evaluator import RetrievalEvaluator
from vasily_fashion.training.run_training import run_training
from vasily_fashion.training.scale_embeddings import scale_embeddings
from vasily_fashion.training.style_extractor_blocks import LaterBlocks
from vasily_fashion.training.training_pairs import TrainingPairs
from vasily_fashion.utils import seeded

import chainer
from chainer.optimizer_hooks import WeightDecay


def train_style_extractor(
        chain: TripletTrainChain, pairs: TrainingPairs | FrozenPairs,
        order: DrawOrder, schedule: LearningRate,
        out: str | os.PathLike[str], *, n_frozen_block: int = 0,
        multi_node_bn: bool = False, val: Any = None, n_loader: int = 0,
        resume: str | os.PathLike[str] | None = None, log_interval: int = 10,
        snapshot_interval: int = 50, eval_interval: int = 200,
) -> chainer.training.Trainer:
    """Train StyleExtractorBN with triplets of snap crops and product images.

    Adam with weight decay 1e-4, after
    :func:`~vasily_fashion.training.scale_embeddings`. Each batch holds pairs
    (snap crop, product image of the same item); the negatives are among the
    product images of the other items of the batch.

    Args:
        chain (vasily_fashion.links.style_extractor.TripletTrainChain): Trained
            in place, on the device where it is; its `comm` are the workers.
        pairs (TrainingPairs or FrozenPairs): What it learns from. For
            `FrozenPairs` it is the chain of a
            :class:`~vasily_fashion.training.LaterBlocks`.
        order (DrawOrder): Which of them make a batch. Its seed is that of
            dropout, too.
        schedule (LearningRate): Of 'alpha'. It says how many iterations there
            are.
        out (str or path): Folder for the log, snapshots and `model.npz`.
        n_frozen_block (int): How many of the three blocks of two
            convolutions and batch normalisations keep their weights.
        multi_node_bn (bool): Whether batch normalisation has the statistics
            of all workers' parts of a batch instead of each its own.
        val (vasily_fashion.datasets.PairDataset): Held-out pairs: the model
            is scored on them, and out/best.npz has the weights of the highest
            hit@1.
        n_loader (int): How many processes read and augment images, ahead of
            use.
        resume (str or path): A snapshot to go on from.
        log_interval, snapshot_interval, eval_interval (int): Iterations
            between two lines of the log, snapshots, scores.

    Returns:
        chainer.training.Trainer: After training. The weights are also in
        out/model.npz.

    Raises:
        ValueError: If a batch is of one, or `resume` holds no state of this
            training.
    """
    model: Any = chain.model
    if isinstance(model, LaterBlocks):
        model = model.model
    if resume is None:
        scale_embeddings(chain.model, pairs, order)
    if chain.category_weight:  # before workers share their weights
        with seeded(order.seed, chain.device), chainer.using_device(chain.device):
            chain.classifier._initialize_params(model.dim)
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(chain)
    for block in range(1, n_frozen_block + 1):
        for layer in ('conv{}_1', 'bn{}_1', 'conv{}_2', 'bn{}_2'):
            freeze(model[layer.format(block)])
    for param in chain.params():
        if param.name == 'W' and param.requires_grad:
            param.update_rule.add_hook(WeightDecay(1e-4))  # type: ignore[attr-defined]
    as_one: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if multi_node_bn and chain.comm is not None:
        as_one = normalize_as_one(model, chain.comm)
    with as_one:
        return run_training(
            model, chain, optimizer, pairs, order, schedule, out,
            None if val is None else RetrievalEvaluator(val, model),
            'validation/main/hit@1',
            ['main/loss', 'main/d_positive', 'main/d_negative', 'main/active',
             'main/hit', *(f'main/loss/{name}' for name in ('category', 'teacher')
                           if getattr(chain, f'{name}_weight'))],
            n_loader, resume, log_interval, snapshot_interval, eval_interval,
            [EmbeddingGuard(chain)])
