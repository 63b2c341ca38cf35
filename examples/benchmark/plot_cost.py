"""Draw what `inference.py --json` wrote: the cost against the batch."""
import argparse
import json
import re

from vasily_fashion.utils import atomic_write

import matplotlib.pyplot as plt

# in the order in which inference.py names them
_COLOURS = ('#8c8c8c', '#d1495b', '#30638e', '#7cae7a', '#edae49')


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python plot_cost.py cost.json '
        'cost.png')
    parser.add_argument('json', help='written by inference.py')
    parser.add_argument('png', help='the picture to write')
    args = parser.parse_args(argv)
    with open(args.json, encoding='utf-8') as file:
        result = json.load(file)
    fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout='constrained')
    batches = {
        int(match[1]): seconds for name, seconds in result['seconds'].items()
        if (match := re.fullmatch(r'SSD300 predict, batch (\d+)', name))}
    vis_cost(batches, 'seconds a photo', per_image=True, ax=axes[0])
    vis_cost(batches, 'seconds', per_image=False, ax=axes[1])
    axes[1].legend(frameon=False)
    fig.suptitle(f'SSD300 predict on {result["machine"]}', fontsize=10)
    with atomic_write(args.png) as file:
        fig.savefig(file, format='png', dpi=110)


def vis_cost(batches, ylabel, per_image, ax):
    """Draw the cost of each engine against the number of photos at once.

    Args:
        batches (dict): From numbers of photos to {engine: seconds}.
        ylabel (str): Of the vertical axis.
        per_image (bool): Whether to divide by the number of photos.
        ax (matplotlib.axes.Axes): Where to draw.

    Returns:
        matplotlib.axes.Axes: `ax`.
    """
    numbers = sorted(batches)
    for name, colour in zip(batches[numbers[0]], _COLOURS, strict=False):
        ax.plot(
            numbers,
            [batches[n][name] / (n if per_image else 1) for n in numbers],
            'o-', color=colour, label=name)
    ax.set_xlabel('photos in one call')
    ax.set_ylabel(ylabel)
    ax.set_ylim(0)
    ax.set_xticks(numbers)
    ax.spines[['top', 'right']].set_visible(False)
    return ax


if __name__ == '__main__':
    main()
