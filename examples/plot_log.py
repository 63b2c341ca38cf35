"""Draw the log of a training: its losses, and hits and scores if there are any."""
import argparse
import json

from vasily_fashion.utils import atomic_write
from vasily_fashion.utils.flag_types import at_least

import matplotlib.pyplot as plt
import numpy as np

_COLOURS = ('#d1495b', '#30638e', '#7cae7a', '#edae49', '#8c8c8c')


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog='example: python examples/plot_log.py output/ssd/log loss.png')
    parser.add_argument(
        'log', nargs='+', help="written by train.py; several are a training's "
        'runs, one after the other')
    parser.add_argument('png', help='the picture to write')
    parser.add_argument(
        '--smooth', type=at_least(1), default=9, metavar='N',
        help='lines of the log that the thick curve is the mean of')
    args = parser.parse_args(argv)
    try:
        lines = read_logs(args.log)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    losses = [key for key in lines[0] if key.startswith('main/loss')]
    hits = [key for key in lines[0] if key == 'main/hit']
    # one score alone makes no curve
    scores = [key for key in ('validation/main/map', 'validation/main/hit@1')
              if sum(key in line for line in lines) > 1]
    n = 1 + bool(hits or scores)
    fig, axes = plt.subplots(
        1, n, figsize=(5 * n, 3.6), layout='constrained', squeeze=False)
    vis_log(lines, losses, args.smooth, ax=axes[0, 0])
    if hits:
        vis_log(lines, hits, args.smooth, ax=axes[0, -1])
    if scores:
        vis_log(lines, scores, ax=axes[0, -1])
    with atomic_write(args.png) as file:
        fig.savefig(file, format='png', dpi=110)
    plt.close(fig)


def read_logs(paths):
    """Read the logs of runs that follow each other.

    Args:
        paths (iterable of str): What `LogReport` wrote.

    Returns:
        list of dict: All lines, their `iteration` counted on from run to run.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If one is not a log, or has no line yet.
    """
    lines, n_before = [], 0
    for path in paths:
        with open(path, encoding='utf-8') as file:
            try:
                log = json.load(file)
            except ValueError as error:
                raise ValueError(f'{path} is not a log: {error}') from error
        if not isinstance(log, list) or not log or 'main/loss' not in log[0]:
            raise ValueError(f'{path} has no line with main/loss')
        lines += [
            {**line, 'iteration': line['iteration'] + n_before}
            for line in log]
        n_before = lines[-1]['iteration']
    return lines


def vis_log(lines, keys, smooth=None, ax=None):
    """Draw curves over the iterations.

    Args:
        lines (list of dict): As :func:`read_logs` returns them.
        keys (iterable of str): Which of their values; a line may lack some.
        smooth (int): A thin curve is drawn, and thick the mean of so many
            neighbouring lines. Without, there is one curve with a dot a line.
        ax (matplotlib.axes.Axes): Where to draw; new axes if not given.

    Returns:
        matplotlib.axes.Axes: `ax`.
    """
    if ax is None:
        ax = plt.figure().add_subplot()
    for key, colour in zip(keys, _COLOURS, strict=False):
        x, y = np.array([
            (line['iteration'], line[key]) for line in lines if key in line]).T
        label = key.removeprefix('validation/').removeprefix('main/')
        if smooth is None:
            ax.plot(x, y, 'o-', color=colour, label=label)
            continue
        ax.plot(x, y, color=colour, alpha=.25, linewidth=.8)
        n = min(smooth, len(y))
        ax.plot(
            np.convolve(x, np.full(n, 1 / n), 'valid'),
            np.convolve(y, np.full(n, 1 / n), 'valid'),
            color=colour, linewidth=1.8, label=label)
    ax.set_xlabel('iteration')
    ax.set_ylim(0)
    ax.legend(frameon=False)
    ax.spines[['top', 'right']].set_visible(False)
    return ax


if __name__ == '__main__':
    main()
