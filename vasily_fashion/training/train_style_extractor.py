import functools

from vasily_fashion.links.freeze import freeze
from vasily_fashion.links.style_extractor.triplet_train_chain import TripletTrainChain
from vasily_fashion.training.learning_rate import learning_rate
from vasily_fashion.training.run_training import run_training
from vasily_fashion.transforms import street_augmentation

import chainer
import numpy as np
from chainer.optimizer_hooks import WeightDecay


def train_style_extractor(
        model, dataset, out, iteration, batch_size=16, lr=1e-3,
        lr_schedule='steps', lr_steps=(0.7, 0.9), warm_up=0, margin=0.2,
        n_frozen_block=0, device=-1, seed=0,
        log_interval=10, snapshot_interval=50, resume=None):
    """Train StyleExtractorBN with triplets of snap crops and product images.

    First fc5 is scaled so that two product images are at a squared distance
    of 1 on average. The article's margin of 0.2 means something then; at the
    distances of about 100 that the initial weights give, the quickest way to
    a lower loss is to shrink all embeddings, and long nothing else is learnt.

    Adam with weight decay 1e-4. Each batch holds pairs (snap crop, product
    image of the same item); the negatives are the product images of the
    other items of the batch.

    Args:
        model (vasily_fashion.links.StyleExtractorBN): Trained in place.
        dataset: Yields (snap_crop, product_image, category), one item an
            example, such as :class:`vasily_fashion.datasets.CCPItemDataset`.
        out (str or path): Folder for the log, snapshots and `model.npz`.
        iteration (int): Number of batches.
        batch_size (int): Pairs a batch.
        lr (float): Adam's alpha to begin with.
        lr_schedule ({'steps', 'cosine'}): How it falls, as
            :func:`vasily_fashion.training.learning_rate` says.
        lr_steps (iterable of float): When 'steps' multiplies it by 0.1, as
            shares of `iteration`.
        warm_up (int): Iterations over which it grows to `lr` before.
        margin (float): Of the triplet loss, on squared distances.
        n_frozen_block (int): How many of the three blocks of two
            convolutions and batch normalisations keep their weights.
        device (int or str): As `chainer.get_device`; -1 is the CPU.
        seed (int): Of the augmentation, the order and dropout.
        log_interval (int): Iterations between two lines of the log.
        snapshot_interval (int): Iterations between two snapshots.
        resume (str or path): A snapshot to go on from.

    Returns:
        chainer.training.Trainer: After training. The weights are also in
        out/model.npz.

    Raises:
        ValueError: If there is nothing to train on, or a batch of one.
    """
    if len(dataset) == 0:
        raise ValueError('dataset is empty: there is nothing to train on')
    np.random.seed(seed)
    random_state = np.random.default_rng(seed)
    device = chainer.get_device(device)
    device.use()

    def transform(in_data):
        crop, product, _ = in_data
        crop = street_augmentation(crop, random_state)
        return model.prepare(crop), model.prepare(product)

    if resume is None and batch_size > 1:
        _scale_embeddings(model, [
            model.prepare(dataset[int(i)][1]) for i in np.random.choice(
                len(dataset), min(batch_size, len(dataset)), replace=False)])
    chain = TripletTrainChain(model, margin=margin)
    chain.to_device(device)
    optimizer = chainer.optimizers.Adam(lr)
    optimizer.setup(chain)
    for block in range(1, n_frozen_block + 1):
        for layer in ('conv{}_1', 'bn{}_1', 'conv{}_2', 'bn{}_2'):
            freeze(model[layer.format(block)])
    for param in chain.params():
        if param.name == 'W' and param.requires_grad:
            param.update_rule.add_hook(WeightDecay(1e-4))

    schedule = functools.partial(
        learning_rate, iteration=iteration, initial=lr, schedule=lr_schedule,
        steps=lr_steps, warm_up=warm_up)
    return run_training(
        model, optimizer, 'alpha',
        chainer.datasets.TransformDataset(dataset, transform), out, iteration,
        batch_size, schedule,
        ['main/loss', 'main/d_positive', 'main/d_negative', 'main/active',
         'main/hit'],
        device, log_interval, snapshot_interval, resume, [random_state])


def _scale_embeddings(model, products):
    with chainer.using_config('train', True), chainer.no_backprop_mode():
        embeddings = chainer.get_device('@numpy').send(
            model(model.device.send(np.stack(products))).array)
    spread = 2 * embeddings.var(axis=0, ddof=1).sum()
    if spread > 0:
        model.fc5.W.array /= np.sqrt(spread)
        model.fc5.b.array /= np.sqrt(spread)
