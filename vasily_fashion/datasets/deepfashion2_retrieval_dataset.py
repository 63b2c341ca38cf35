import os

from vasily_fashion.datasets.deepfashion2 import (
    find_annotations,
    label_map,
    read_items,
)
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset

from tqdm import tqdm


class DeepFashion2RetrievalDataset(RetrievalDataset):
    """Consumers' and shops' photos of DeepFashion2; each example is one item.

    An item's id is ``'PAIR_ID-STYLE'``: photos of one pair id [#]_ show the
    same item where their style is the same and above 0. An item of style 0
    has no pair: it is not a query, but stays in the gallery, under an id of its
    own, ``'PAIR_ID-0-PHOTO-NUMBER'``. Consumer or shop is what `source` says.

    .. [#] Yuying Ge et al. DeepFashion2. CVPR 2019. For its protocol see
       :func:`~vasily_fashion.evaluations.eval_deepfashion2`.

    Args:
        root, split, own_categories, missing: As of
            :class:`~vasily_fashion.datasets.DeepFashion2BboxDataset`.
        margin (float): As of
            :class:`~vasily_fashion.datasets.RetrievalDataset`.

    It returns what :class:`~vasily_fashion.datasets.RetrievalDataset` does.

    Attributes:
        left_out (dict): ``'empty'`` to the number of items that were left out because
            their boxes have no area, if there are.

    Raises:
        FileNotFoundError: If folders or photos are missing.
        ValueError: If an annotation is damaged; the message names it.
    """

    def __init__(self, root: str | os.PathLike[str], split: str = 'train',
                 own_categories: bool = False, missing: str = 'raise',
                 margin: float = 0.) -> None:
        root, stems, n_missing = find_annotations(root, split, missing)
        label_of_id, label_names = label_map(own_categories)
        names, item_ids, is_shop, labels, bboxes = [], [], [], [], []
        n_empty = 0
        for stem in tqdm(stems, f'DeepFashion2 {split}', disable=None):
            annotation, items = read_items(
                root / split / 'annos' / f'{stem}.json')
            name = f'{split}/image/{stem}.jpg'
            for number, item in enumerate(items, 1):
                y0, x0, y1, x1 = item.bbox
                if y1 <= y0 or x1 <= x0:
                    n_empty += 1
                    continue
                item_id = f'{annotation["pair_id"]}-{item.style}'
                if item.style == 0:
                    item_id += f'-{stem}-{number}'
                names.append(name)
                item_ids.append(item_id)
                is_shop.append(annotation['source'] == 'shop')
                labels.append(label_of_id[item.category_id])
                bboxes.append(item.bbox)
        has_pair = [item_id.count('-') == 1 for item_id in item_ids]
        super().__init__(
            root, names, item_ids,
            [not shop and pair
             for shop, pair in zip(is_shop, has_pair, strict=True)],
            is_shop, [split] * len(names), labels, bboxes, label_names,
            'skip', root / split / 'annos', margin)
        self.n_missing = n_missing
        self.left_out = {'empty': n_empty} if n_empty else {}
