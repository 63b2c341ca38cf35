from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset
from vasily_fashion.transforms import find_foreground

from chainercv.utils import mask_to_bbox
from tqdm import tqdm


class ProductBboxDataset(BboxListDataset):
    """Product photos with a box around their item, for training a detector.

    The box is that of what stands out from the plain ground, as
    :func:`~vasily_fashion.transforms.find_foreground` finds it. All photos are
    read once when the data set is made.

    Args:
        products (RetrievalDataset): The product photos with their categories.

    It returns what :class:`~vasily_fashion.datasets.BboxListDataset` does.

    Attributes:
        n_left_out (int): Photos without a plain ground, or without a known category.

    Raises:
        ImageReadError: If a photo cannot be read.
        ValueError: If all are left out.
    """

    def __init__(self, products: RetrievalDataset) -> None:
        names, bboxes, labels = [], [], []
        for i in tqdm(range(len(products)), 'foregrounds', disable=None):
            if products.labels[i] < 0:
                continue
            mask = find_foreground(products.read_photo(i))
            if mask is None:
                continue
            names.append(products.names[i])
            bboxes.append(mask_to_bbox(mask[None]))
            labels.append([products.labels[i]])
        self.n_left_out = len(products) - len(names)
        if not names:
            raise ValueError(
                f'{products.root}: none of the {len(products)} photos has a plain ground and '
                'a known category, so that no box is found')
        super().__init__(
            products.root, names, bboxes, labels, products.label_names)
