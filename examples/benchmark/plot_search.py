"""Draw what `search.py --json` wrote: recall against speed, and growth."""
import argparse
import itertools
import json

from vasily_fashion.utils import atomic_write

import matplotlib.pyplot as plt

_COLOURS = ('#d1495b', '#30638e', '#7cae7a', '#edae49')
_EXACT_COLOUR = '#8c8c8c'


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python plot_search.py '
        'search.json search.png')
    parser.add_argument(
        'json', nargs='+', help='written by search.py on the same machine; '
        'of what several have, the last counts')
    parser.add_argument('png', help='the picture to write')
    parser.add_argument(
        '--n', type=int, help='embeddings whose recall is drawn; the most '
        'there are if not given')
    args = parser.parse_args(argv)
    sizes = {}
    for path in args.json:
        with open(path, encoding='utf-8') as file:
            result = json.load(file)
        for n, of in result['sizes'].items():
            # indexes of one size may have been measured in several runs
            faiss = sizes.get(int(n), {}).get('faiss', {}) | of['faiss']
            sizes[int(n)] = {'exact': of['exact'], 'faiss': faiss}
    n = args.n or max(sizes)
    if n not in sizes:
        parser.error(f'--n: there are {sorted(sizes)}')
    fig, axes = plt.subplots(1, 3, figsize=(14, 4), layout='constrained')
    vis_recall(sizes[n], ax=axes[0])
    axes[0].set_title(f'{n:,} embeddings', fontsize=10)
    vis_growth(sizes, 'queries a second, 64 at a time', ax=axes[1])
    vis_growth(sizes, 'seconds to build', ax=axes[2])
    axes[1].legend(frameon=False)
    fig.suptitle(
        f'{result["machine"]}, threads: {result["n_thread"]}', fontsize=10)
    with atomic_write(args.png) as file:
        fig.savefig(file, format='png', dpi=110)
    plt.close(fig)


def vis_recall(of, ax):
    """Draw queries a second against recall@10.

    Args:
        of (dict): What search.py measured with one number of embeddings.
        ax (matplotlib.axes.Axes): Where to draw.

    Returns:
        matplotlib.axes.Axes: `ax`.
    """
    for (factory, result), colour in zip(
            of['faiss'].items(), _COLOURS, strict=False):
        curve = sorted(result['curve'], key=lambda point: point['recall'])
        ax.plot([point['recall'] for point in curve],
                [point['queries_per_second'] for point in curve],
                'o-', color=colour, label=factory)
        default = result['curve'][0]  # measured first
        ax.plot(default['recall'], default['queries_per_second'], 'o',
                color='none', markeredgecolor=colour, markersize=12)
    ax.axhline(64 / of['exact']['64']['FlatIndex'], linestyle='--',
               color=_EXACT_COLOUR, label='FlatIndex, exact')
    ax.set_yscale('log')
    ax.set_xlabel('recall@10 (ringed: the default)')
    ax.set_ylabel('queries a second, 64 at a time')
    ax.legend(frameon=False)
    ax.spines[['top', 'right']].set_visible(False)
    return ax


def vis_growth(sizes, what, ax):
    """Draw how an index grows, at its default settings.

    Args:
        sizes (dict): From numbers of embeddings to what search.py measured.
        what (str): 'seconds to build', or queries a second.
        ax (matplotlib.axes.Axes): Where to draw.

    Returns:
        matplotlib.axes.Axes: `ax`.
    """
    curves = {}
    for n, of in sorted(sizes.items()):
        for factory, result in of['faiss'].items():
            # the number of lists grows with n
            name = 'IVF' + factory[factory.index(','):] if ',' in factory else factory
            curves.setdefault(name, []).append((n, (
                result['build'] if what == 'seconds to build'
                else result['curve'][0]['queries_per_second'])))
        if what != 'seconds to build':
            curves.setdefault('FlatIndex, exact', []).append(
                (n, 64 / of['exact']['64']['FlatIndex']))
    colours = itertools.cycle(_COLOURS)
    for name, points in curves.items():
        is_exact = name.startswith('FlatIndex')
        ax.plot(*zip(*points, strict=True), 'o--' if is_exact else 'o-',
                label=name, color=_EXACT_COLOUR if is_exact else next(colours))
    ax.set_xscale('log')
    ax.set_yscale('log')
    ax.set_xlabel('embeddings')
    ax.set_ylabel(what)
    ax.spines[['top', 'right']].set_visible(False)
    return ax


if __name__ == '__main__':
    main()
