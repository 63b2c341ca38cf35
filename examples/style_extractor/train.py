"""Train StyleExtractorBN on pairs of street crops and product images."""
from vasily_fashion.datasets import (
    CCPItemDataset,
    ConcatenatedPairDataset,
    StreetShopPairDataset,
    SyntheticFashionDataset,
    SyntheticItemDataset,
    WornProductDataset,
)
from vasily_fashion.datasets.find_boxes import find_boxes
from vasily_fashion.datasets.named_datasets import (
    BBOX_DATASETS,
    RETRIEVAL_DATASETS,
    find_split,
    open_dataset,
)
from vasily_fashion.datasets.read_grounds import read_grounds
from vasily_fashion.deploy import compile_if_installed
from vasily_fashion.links import FashionSSD300, StyleExtractorBN
from vasily_fashion.links.style_extractor import TripletTrainChain
from vasily_fashion.links.style_extractor.choose_negatives import NEGATIVES
from vasily_fashion.links.style_extractor.start_from_vgg16 import start_from_vgg16
from vasily_fashion.links.style_extractor.triplet_train_chain import LOSSES
from vasily_fashion.training import (
    BatchOrder,
    DrawOrder,
    FrozenPairs,
    LaterBlocks,
    LearningRate,
    ResumeError,
    TrainingPairs,
    create_communicator,
    get_worker_device,
    number_types,
    teacher_features,
    train_style_extractor,
    write_run,
)
from vasily_fashion.training.training_arguments import (
    make_training_parser,
    open_training_datasets,
)
from vasily_fashion.utils import find_device, seeded

import numpy as np

_PAIRS = ('ccp', *(name for name in RETRIEVAL_DATASETS if name != 'folder'),
          'worn-products', 'synthetic')
_OPTIONS = {'weight': float, 'n_view': int, 'images': str, 'p_ground': float,
            'p_plain': float}
_N_GROUND = 200


def main(argv=None):
    parser = make_training_parser(
        __doc__, '--dataset ccp clothing-co-parsing --dataset csv pairs.csv weight=2',
        f'pairs to train on, one of {", ".join(_PAIRS)}; its folder (of '
        "csv the file, of synthetic the number of snaps), whose split to "
        'train on is read; and, if wanted, weight=W, its share of each batch; '
        'n_view=N, views of it with --features; images=PATH, the folder of '
        "the images of a CSV, or the CSV of worn-products' folder; p_ground=P, "
        'how often a product lies on a floor or cloth instead of being worn; '
        'p_plain=P, how often its images are not augmented',
        out='output/style_extractor', iteration=1000, batch_size=16, eval_interval=200)
    parser.add_argument(
        '--snaps', nargs=2, action='append', default=[],
        metavar=('NAME', 'ROOT'), help='photos with boxes, whose people wear '
        'worn-products and on whose ground other products are laid, one of '
        f'{", ".join(BBOX_DATASETS)}, and its folder. May be given several times')
    parser.add_argument(
        '--detector', help="weights of SSD300, a path or 'fashion', which finds "
        'the items of street photos that have no box')
    parser.add_argument(
        '--box-jitter', type=float, default=0., metavar='SHARE',
        help="how far the boxes of snap crops are moved, as a detector's err: "
        'standard deviation of each side, as a share of its height or width')
    parser.add_argument(
        '--box-margin', type=float, default=0., metavar='SHARE',
        help='the most room around those boxes: chance takes a share of their '
        'height and width from 0 to this, for each side')
    parser.add_argument(
        '--weights', help="where to start: a path or 'fashion'")
    parser.add_argument(
        '--vgg16', help='start the first six convolutions with those of a '
        'VGG16, such as examples/ssd/convert.py writes')
    parser.add_argument(
        '--n-frozen-block', type=int, default=0, choices=range(4),
        help='how many of the three blocks keep their weights')
    parser.add_argument(
        '--features', metavar='FOLDER', help='compute frozen blocks once for '
        'each image, and keep the outputs in this folder')
    parser.add_argument(
        '--n-view', type=int, help='with --features, how many augmented views of '
        'each image take turns, if its data set does not say; 4 if not given')
    parser.add_argument('--lr', type=float, default=1e-3)
    parser.add_argument(
        '--loss', choices=tuple(LOSSES), default='triplet')
    parser.add_argument(
        '--margin', type=float, help='of the loss; 0.2 for triplet, 1 for '
        'contrastive if not given, and ratio has none')
    parser.add_argument(
        '--negatives', choices=NEGATIVES, default='all',
        help='which product images of the batch an anchor moves away from')
    parser.add_argument(
        '--hardest-weight', type=float, default=0., metavar='WEIGHT',
        help='of a second ranking loss, over the nearest negatives alone')
    parser.add_argument(
        '--category-weight', type=float, default=0., metavar='WEIGHT',
        help='of the loss of a classifier of the embeddings, by category, '
        'and by type where worn-products has a column type')
    parser.add_argument(
        '--teacher', nargs='+', default=[], metavar='ONNX',
        help='networks, such as export_teacher.py writes, or hsv for colour histograms: '
        'which products are alike to them is learnt as well. A network takes RGB of 0 to 255, '
        '(1, 3, H, W), and returns (1, T)')
    parser.add_argument(
        '--teacher-weight', type=float, metavar='WEIGHT',
        help="of the teachers' loss; 1 if not given")
    parser.add_argument(
        '--same-category', type=float, default=0., metavar='SHARE',
        help='how much of each batch is of one category')
    parser.add_argument(
        '--multi-node-bn', action='store_true',
        help='normalise the batches of all workers as one')
    args = parser.parse_args(argv)
    if args.multi_node_bn and args.communicator is None:
        parser.error('--multi-node-bn needs --communicator')
    if args.batch_size < 2:
        parser.error('--batch-size must be 2 or more: a pair alone has no negative')
    if not 0 <= args.box_jitter < .25:
        parser.error('--box-jitter must be from 0 to under 0.25')
    if not 0 <= args.box_margin <= 1:
        parser.error('--box-margin must be from 0 to 1')
    if args.loss == 'ratio' and args.margin is not None:
        parser.error('--loss ratio has no --margin')
    if args.features is not None and (
            args.n_frozen_block == 0 or args.communicator is not None or args.n_loader):
        parser.error('--features needs --n-frozen-block, and one worker; it has no --n-loader')

    if args.features is None and args.n_view is not None:
        parser.error('--n-view needs --features')
    if args.teacher_weight is None:
        args.teacher_weight = 1. if args.teacher else 0.
    elif not args.teacher:
        parser.error('--teacher-weight needs --teacher')
    elif not 0 < args.teacher_weight < float('inf'):
        parser.error(f'--teacher-weight must be positive, not {args.teacher_weight}')
    missing = 'skip' if args.skip_missing else 'raise'

    def open_snaps(name, root, purpose):
        if name not in BBOX_DATASETS:
            raise ValueError(
                f'--snaps must be one of {", ".join(BBOX_DATASETS)}, not {name}')
        return open_dataset(name, root, find_split(name, purpose), missing)

    def open_pairs(name, root, purpose, options):
        used = {'csv': {'images'}, 'worn-products': {'images', 'p_ground'}}.get(name, set())
        used = used & {'images'} if purpose == 'val' else used | {'weight', 'p_plain'} | (
            {'n_view'} if args.features is not None else set())
        if unused := sorted(options.keys() - used):
            raise ValueError(f'{unused[0]}= after {name} {root} is not used: leave it out')
        images = options.get('images')
        if name == 'synthetic':
            seed = args.seed if purpose == 'train' else args.seed + 1000
            return SyntheticItemDataset(SyntheticFashionDataset(int(root), seed))
        if name == 'ccp':
            return CCPItemDataset(
                root, find_split(name, purpose), missing=missing,
                box_jitter=args.box_jitter, box_margin=args.box_margin)
        if name == 'worn-products':
            products = open_dataset(
                'folder', root, find_split('folder', purpose), missing, images)
            worn = WornProductDataset(
                products, [open_snaps(*snaps, purpose) for snaps in args.snaps],
                args.box_jitter, grounds, options.get('p_ground', 0.), args.box_margin)
            print(f'{name}: {worn.n_left_out} of {len(products)} products are left out, whose '
                  'categories no snap shows')
            return worn
        dataset = open_dataset(
            name, root, find_split(name, purpose), missing, images)
        if args.detector is not None:
            detector, _ = compile_if_installed(
                FashionSSD300(pretrained_model=args.detector), gpu=args.gpu)
            without = find_boxes(dataset, detector)
            print(f'{name}: no box found in {without.sum()} of '
                  f'{dataset.is_query.sum()} street photos')
        pairs = StreetShopPairDataset(dataset, args.box_jitter, args.box_margin)
        print(f'{name}: {pairs.n_without_product} of {dataset.is_query.sum()} street photos '
              'are left out, without a product image')
        return pairs

    try:
        comm = create_communicator(args.communicator)
        device = get_worker_device(find_device(args.gpu), comm)
        grounds = [ground for name, root in args.snaps
                   for ground in read_grounds(open_snaps(name, root, 'train'), _N_GROUND)]
        parts, options, val = open_training_datasets(args, _PAIRS, _OPTIONS, open_pairs)
        with seeded(args.seed):  # layers that no file gives start at random
            model = StyleExtractorBN(pretrained_model=args.weights, strict=False)
        if args.vgg16 is not None:
            start_from_vgg16(model, args.vgg16)
        dataset = ConcatenatedPairDataset(*parts)
        order = DrawOrder(len(dataset), args.batch_size, args.seed, comm)
        if args.same_category or any('weight' in x for x in options):
            order = BatchOrder(
                dataset.parts, [x.get('weight', 1.) for x in options],
                args.batch_size, args.seed, comm, dataset.item_ids,
                dataset.categories, args.same_category)
        schedule = LearningRate(
            'alpha', args.lr, args.iteration, args.lr_schedule, warm_up=args.warm_up)
        p_plain = np.array([x.get('p_plain', 0.) for x in options])
        pairs = TrainingPairs(dataset, model, grounds, args.seed, p_plain[dataset.parts])
        teacher = None
        if args.teacher:
            teacher = teacher_features(
                dataset, pairs.item_ids, args.teacher, args.features or args.out)
        trained = model
        if args.features is not None:
            n_view = 4 if args.n_view is None else args.n_view
            n_view = np.array([x.get('n_view', n_view) for x in options])
            pairs = FrozenPairs(
                pairs, model.to_device(device), args.n_frozen_block, args.features,
                n_view[dataset.parts])
            trained = LaterBlocks(model, args.n_frozen_block)
        chain = TripletTrainChain(
            trained, args.margin, args.loss, args.negatives, comm,
            args.hardest_weight, args.category_weight,
            *number_types(dataset, pairs.item_ids),
            args.teacher_weight, teacher)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    chain.to_device(device)
    try:
        trainer = train_style_extractor(
            chain, pairs, order, schedule, args.out,
            n_frozen_block=args.n_frozen_block, multi_node_bn=args.multi_node_bn,
            val=val, n_loader=args.n_loader, resume=args.resume,
            eval_interval=args.eval_interval)
    except ResumeError as error:
        parser.error(str(error))
    if comm is None or comm.rank == 0:
        write_run(trainer, 'examples/style_extractor/train.py', argv)


if __name__ == '__main__':
    main()
