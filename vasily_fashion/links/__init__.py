from vasily_fashion import accelerate  # noqa: F401
from vasily_fashion.links.ssd.fashion_ssd300 import FashionSSD300  # noqa: F401
from vasily_fashion.links.style_extractor.style_extractor_bn import StyleExtractorBN  # noqa: F401
