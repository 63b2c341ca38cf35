import os
from typing import Any

from vasily_fashion.links.freeze import freeze
from vasily_fashion.links.ssd import MultiboxTrainChain
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.training.detection_evaluator import DetectionEvaluator
from vasily_fashion.training.draw_order import DrawOrder
from vasily_fashion.training.learning_rate import LearningRate
from vasily_fashion.training.run_training import run_training
from vasily_fashion.training.training_photos import TrainingPhotos

import chainer
from chainer.optimizer_hooks import WeightDecay
from chainercv.links.model.ssd import GradientScaling


def train_fashion_ssd(
        chain: MultiboxTrainChain, photos: TrainingPhotos, order: DrawOrder,
        schedule: LearningRate, out: str | os.PathLike[str], *,
        freeze_until: str | None = None, val: Any = None, n_loader: int = 0,
        resume: str | os.PathLike[str] | None = None, log_interval: int = 10,
        snapshot_interval: int = 100, eval_interval: int = 500,
) -> chainer.training.Trainer:
    """Fine-tune SSD300.

    The recipe is that of ChainerCV's `examples/ssd/train.py` after the SSD
    paper: momentum SGD, weight decay 5e-4 on weights alone, gradients of
    biases doubled, learning rate times 0.1 at given steps, five
    augmentations. Adam takes SGD's place where SGD diverges: from a VGG16
    without fully connected layers, whose conv6 and conv7 start at random.

    Args:
        chain (vasily_fashion.links.ssd.MultiboxTrainChain): Trained in place,
            on the device where it is; its `comm` are the workers.
        photos (TrainingPhotos): What it learns from.
        order (DrawOrder): Which of them make a batch.
        schedule (LearningRate): Of 'lr' for momentum SGD (1e-3, as
            published), of 'alpha' for Adam (1e-4). It says how many
            iterations there are.
        freeze_until (str): Layers of the extractor up to this one, such as
            'conv3_3', keep their weights.
        val: Held-out photos, yields (img, bbox, label); the best weights are
            those of the highest mean average precision.
        out, n_loader, resume, log_interval, snapshot_interval, \
eval_interval: As :func:`~vasily_fashion.training.train_style_extractor`.

    Returns:
        chainer.training.Trainer: After training.

    Raises:
        ValueError: If `freeze_until` is not a layer, or `resume` holds no state
            of this training.
    """
    model = chain.model
    optimizer: chainer.GradientMethod = (
        chainer.optimizers.Adam() if schedule.attr == 'alpha'
        else chainer.optimizers.MomentumSGD())
    optimizer.setup(chain)
    if freeze_until is not None:
        for name in convolution_names(model.extractor, freeze_until):
            freeze(model.extractor[name])
    for param in chain.params():
        if param.requires_grad:
            hook = GradientScaling(2) if param.name == 'b' else WeightDecay(0.0005)
            param.update_rule.add_hook(hook)  # type: ignore[attr-defined]
    evaluator = None
    if val is not None:
        evaluator = DetectionEvaluator(
            chainer.iterators.SerialIterator(
                val, order.n_own, repeat=False, shuffle=False), model)
    return run_training(
        model, chain, optimizer, photos, order, schedule, out, evaluator,
        'validation/main/map', ['main/loss', 'main/loss/loc', 'main/loss/conf'],
        n_loader, resume, log_interval, snapshot_interval, eval_interval)
