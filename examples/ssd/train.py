"""Fine-tune SSD300 on photos with boxes."""
from vasily_fashion.datasets import (
    ConcatenatedBboxDataset,
    ProductBboxDataset,
    RepeatRareDataset,
    SyntheticFashionDataset,
)
from vasily_fashion.datasets.named_datasets import BBOX_DATASETS, find_split, open_dataset
from vasily_fashion.links import FashionSSD300
from vasily_fashion.links.ssd import MultiboxTrainChain
from vasily_fashion.links.ssd.convolution_names import convolution_names
from vasily_fashion.training import (
    BatchOrder,
    DrawOrder,
    LearningRate,
    ResumeError,
    TrainingPhotos,
    create_communicator,
    get_worker_device,
    train_fashion_ssd,
    write_run,
)
from vasily_fashion.training.training_arguments import (
    make_training_parser,
    open_training_datasets,
)
from vasily_fashion.utils import find_device, seeded

_PHOTOS = (*BBOX_DATASETS, 'products', 'synthetic')
_OPTIONS = {'weight': float, 'images': str}


def main(argv=None):
    parser = make_training_parser(
        __doc__,
        '--dataset ccp clothing-co-parsing --weights vgg16_hed.npz --freeze-until conv3_3',
        f'photos to train on, one of {", ".join(_PHOTOS)}; its folder (of '
        'coco the file, of synthetic the number of snaps), whose split to '
        'train on is read; and, if wanted, weight=W, its share of each batch; '
        'images=PATH, the folder of the photos of a COCO json, or the CSV of '
        "products' folder",
        out='output/ssd', iteration=4000, batch_size=8, eval_interval=500)
    parser.add_argument(
        '--repeat-rare', type=float, metavar='SHARE',
        help='repeat photos of categories that less than this share of '
        'them show, such as 0.3')
    parser.add_argument(
        '--weights', default='imagenet',
        help="where to start: a path, 'fashion', or 'imagenet' or 'voc0712' of ChainerCV's server")
    parser.add_argument(
        '--optimizer', choices=('sgd', 'adam'), default='sgd')
    parser.add_argument(
        '--lr', type=float,
        help='learning rate to begin with; 1e-3 for SGD, 1e-4 for Adam if '
        'not given')
    parser.add_argument(
        '--freeze-until', help="last frozen layer, such as 'conv3_3'")
    parser.add_argument(
        '--max-expand', type=float, default=4, metavar='FACTOR',
        help='the widest canvas that a photo is put on while training')
    args = parser.parse_args(argv)

    def open_photos(name, root, purpose, options):
        missing = 'skip' if args.skip_missing else 'raise'
        used = {'images'} if name != 'synthetic' else set()
        if purpose == 'train':
            used.add('weight')
        if unused := sorted(options.keys() - used):
            raise ValueError(f'{unused[0]}= after {name} {root} is not used: leave it out')
        if name == 'synthetic':
            seed = args.seed if purpose == 'train' else args.seed + 1000
            return SyntheticFashionDataset(int(root), seed)
        reader = 'folder' if name == 'products' else name
        photos = open_dataset(
            reader, root, find_split(reader, purpose), missing, options.get('images'))
        if name == 'products':
            photos = ProductBboxDataset(photos)
            print(f'{name}: {photos.n_left_out} photos are left out, without a plain ground '
                  'or of an unknown category')
        if args.repeat_rare is not None and purpose == 'train':
            photos = RepeatRareDataset(photos, args.repeat_rare, args.seed)
        return photos

    attr, lr = ('lr', 1e-3) if args.optimizer == 'sgd' else ('alpha', 1e-4)
    try:
        device = find_device(args.gpu)
        comm = create_communicator(args.communicator)
        parts, options, val = open_training_datasets(args, _PHOTOS, _OPTIONS, open_photos)
        with seeded(args.seed):  # layers that no file gives start at random
            model = FashionSSD300(pretrained_model=args.weights, strict=False)
        dataset = ConcatenatedBboxDataset(*parts)
        photos = TrainingPhotos(dataset, model, args.max_expand, args.seed)
        order = DrawOrder(len(photos), args.batch_size, args.seed, comm)
        if any('weight' in x for x in options):
            order = BatchOrder(
                dataset.parts, [x.get('weight', 1.) for x in options],
                args.batch_size, args.seed, comm)
        schedule = LearningRate(
            attr, lr if args.lr is None else args.lr, args.iteration,
            args.lr_schedule, warm_up=args.warm_up)
        convolution_names(model.extractor, args.freeze_until)  # which refuses another
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    chain = MultiboxTrainChain(model, comm=comm)
    chain.to_device(get_worker_device(device, comm))
    try:
        trainer = train_fashion_ssd(
            chain, photos, order, schedule, args.out,
            freeze_until=args.freeze_until, val=val, n_loader=args.n_loader,
            resume=args.resume, eval_interval=args.eval_interval)
    except ResumeError as error:
        parser.error(str(error))
    if comm is None or comm.rank == 0:
        write_run(trainer, 'examples/ssd/train.py', argv)


if __name__ == '__main__':
    main()
