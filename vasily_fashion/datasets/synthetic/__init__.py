from vasily_fashion.datasets.synthetic.synthetic_fashion_dataset import \
    SyntheticFashionDataset  # NOQA
from vasily_fashion.datasets.synthetic.synthetic_item_dataset import \
    SyntheticItemDataset  # NOQA
