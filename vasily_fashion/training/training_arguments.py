"""The flags that both training scripts have, and the data sets that they name."""
import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

from vasily_fashion.datasets.named_datasets import parse_dataset
from vasily_fashion.training.learning_rate import SCHEDULES
from vasily_fashion.utils.flag_types import at_least


def make_training_parser(
        description: str | None, example: str, dataset: str,
        **defaults: Any) -> argparse.ArgumentParser:
    """A parser of these flags; `dataset` says what --dataset takes."""
    parser = argparse.ArgumentParser(
        description=description, epilog=f'example: python train.py {example}',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add('--dataset', nargs='+', action='append', metavar=('NAME', 'ROOT'),
        help=f'{dataset}. May be given several times')
    add('--skip-missing', action='store_true',
        help='leave out images that are not there')
    add('--out')
    add('--iteration', type=at_least(1))
    add('--batch-size', type=at_least(1))
    add('--lr-schedule', choices=SCHEDULES, default='steps',
        help='times 0.1 after 70 %% and 90 %% of the iterations, or half a '
        'cosine down to 0')
    add('--warm-up', type=at_least(0), default=0, metavar='ITERATION',
        help='how many of the iterations the learning rate first grows over')
    add('--seed', type=int, default=0)
    add('--n-loader', type=at_least(0), default=0, metavar='N',
        help='processes that read and augment images, ahead of use; 0: none')
    add('--resume', help='a snapshot to go on from')
    add('--val', nargs='+', metavar=('NAME', 'ROOT'), help='a data set, as '
        'for --dataset, whose split to choose by scores the model while it is '
        'trained; best.npz keeps the best')
    add('--eval-interval', type=at_least(1), metavar='ITERATION',
        help='iterations between two scores')
    add('--communicator', help="ChainerMN's, under mpiexec: naive for CPUs, "
        'pure_nccl for GPUs')
    add('--gpu', type=int, default=-1, help='the GPU to compute on; -1: the CPU')
    parser.set_defaults(**defaults)
    return parser


def open_training_datasets(
        args: argparse.Namespace, names: Sequence[str],
        options: dict[str, Callable[[str], Any]],
        open_one: Callable[[str, str, str, dict[str, Any]], Any],
) -> tuple[list[Any], list[dict[str, Any]], Any]:
    """Open what --dataset and --val name, after a look at --resume.

    Args:
        args (argparse.Namespace): The flags.
        names, options: As
            :func:`~vasily_fashion.datasets.named_datasets.parse_dataset`.
        open_one (callable): From name, root, 'train' or 'val', and options
            to a data set.

    Returns:
        (list, list of dict, object): The data sets to train on, the options
        of each, and the one to score, or :obj:`None`.

    Raises:
        OSError, ValueError: If something is not there.
    """
    if args.resume is not None and not os.path.isfile(args.resume):
        raise ValueError(f'--resume: there is no file {args.resume}')
    if not args.dataset:
        raise ValueError('nothing to train on: give --dataset')
    given = [parse_dataset(words, names, options) for words in args.dataset]
    parts = [open_one(name, root, 'train', of_part) for name, root, of_part in given]
    val = None
    if args.val is not None:
        name, root, of_val = parse_dataset(args.val, names, options)
        val = open_one(name, root, 'val', of_val)
    return parts, [of_part for _, _, of_part in given], val
