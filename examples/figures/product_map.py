"""Draw t-SNE maps of product images: thumbnails, and dots by category.

The first shows each image at its position, the second its category. Printed
is the share of the nearest neighbours, in all 128 dimensions, that are of the
same category.
"""
import os

from vasily_fashion.evaluations import eval_neighbor_purity
from vasily_fashion.visualizations import vis_category_map, vis_product_map

from figure_data import add_data, load_extractor, open_gallery
from figure_file import make_parser, save
from matplotlib.figure import Figure

_K = 10


def main(argv=None):
    parser = make_parser(__doc__, 'product_map.py --data my_shop', 'product_map.png')
    add_data(parser, has_snaps=False)
    parser.add_argument(
        '--n', type=int, default=400, help='product images at most')
    parser.add_argument(
        '--perplexity', type=float, default=20., help="t-SNE's")
    args = parser.parse_args(argv)
    if args.n <= _K:
        parser.error(f'--n: {args.n} are too few, {_K + 1} are needed')
    gallery, names = open_gallery(args.data, args.seed, args.n)
    if len(gallery) <= _K:
        parser.error(f'--data: {args.data} has {len(gallery)} product images; '
                     f'for a map {_K + 1} are needed')
    extractor = load_extractor(args)
    embeddings, rows = gallery.embed(extractor)
    gallery = gallery.choose(rows)
    found = eval_neighbor_purity(embeddings, gallery.categories, _K)
    print(f'{len(gallery)} product images: {found["purity"]:.3f} of the {_K} '
          f'nearest are of the same category, by chance {found["chance"]:.3f}')
    positions = project(embeddings, args.perplexity)
    save(vis_product_map(positions, gallery).figure, args.out)
    figure = Figure(figsize=(9.2, 7.2), layout='constrained')
    vis_category_map(
        positions, gallery.categories, names, figure.subplots())
    stem, suffix = os.path.splitext(args.out)
    save(figure, f'{stem}_categories{suffix}')


def project(embeddings, perplexity):
    """Positions in the plane, the same for the same embeddings."""
    from sklearn.manifold import TSNE

    return TSNE(
        perplexity=min(perplexity, (len(embeddings) - 1) / 3), init='pca',
        random_state=0).fit_transform(embeddings)


if __name__ == '__main__':
    main()
