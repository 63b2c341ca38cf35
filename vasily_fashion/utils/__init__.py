from vasily_fashion.utils.atomic_write import atomic_write  # noqa: F401
from vasily_fashion.utils.check_image import check_image  # noqa: F401
from vasily_fashion.utils.check_images import check_images  # noqa: F401
from vasily_fashion.utils.image_read_error import ImageReadError  # noqa: F401
from vasily_fashion.utils.load_weights import load_weights  # noqa: F401
from vasily_fashion.utils.locate_weights import locate_weights  # noqa: F401
from vasily_fashion.utils.read_image import read_image  # noqa: F401
from vasily_fashion.utils.save_weights import save_weights  # noqa: F401
