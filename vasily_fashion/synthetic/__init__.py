from vasily_fashion.synthetic.product_images import ProductImages  # noqa: F401
from vasily_fashion.synthetic.synthetic_fashion_dataset import SyntheticFashionDataset  # noqa: F401
