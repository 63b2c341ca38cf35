from vasily_fashion.transforms.crop_by_bbox import crop_by_bbox  # noqa: F401
from vasily_fashion.transforms.find_foreground import find_foreground  # noqa: F401
from vasily_fashion.transforms.jitter_bbox import jitter_bbox  # noqa: F401
from vasily_fashion.transforms.letterbox import letterbox  # noqa: F401
from vasily_fashion.transforms.product_augmentation import product_augmentation  # noqa: F401
from vasily_fashion.transforms.ssd_augmentation import SSDAugmentation  # noqa: F401
from vasily_fashion.transforms.street_augmentation import street_augmentation  # noqa: F401
from vasily_fashion.transforms.wear_product import wear_product  # noqa: F401
