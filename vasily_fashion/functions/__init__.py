from vasily_fashion.functions.contrastive import contrastive  # noqa: F401
from vasily_fashion.functions.neighbor_distillation import neighbor_distillation  # noqa: F401
from vasily_fashion.functions.partial_label_cross_entropy import (
    partial_label_cross_entropy,  # noqa: F401
)
from vasily_fashion.functions.triplet_ratio import triplet_ratio  # noqa: F401
