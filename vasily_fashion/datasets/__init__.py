from vasily_fashion.datasets.ccp_bbox_dataset import CCPBboxDataset  # noqa: F401
from vasily_fashion.datasets.ccp_item_dataset import CCPItemDataset  # noqa: F401
from vasily_fashion.datasets.concatenated_item_dataset import (
    ConcatenatedItemDataset,  # noqa: F401
)
from vasily_fashion.datasets.repeat_rare_dataset import RepeatRareDataset  # noqa: F401
from vasily_fashion.datasets.synthetic import (
    SyntheticFashionDataset,  # noqa: F401
    SyntheticItemDataset,  # noqa: F401
)
