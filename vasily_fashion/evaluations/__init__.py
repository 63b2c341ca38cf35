from vasily_fashion.evaluations.eval_detection import eval_detection  # noqa: F401
from vasily_fashion.evaluations.eval_detection_coco import eval_detection_coco  # noqa: F401
from vasily_fashion.evaluations.eval_retrieval import eval_retrieval  # noqa: F401
