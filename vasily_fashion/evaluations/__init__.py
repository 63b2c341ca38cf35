from vasily_fashion.evaluations.eval_consumer_to_shop import eval_consumer_to_shop  # noqa: F401
from vasily_fashion.evaluations.eval_deepfashion2 import eval_deepfashion2  # noqa: F401
from vasily_fashion.evaluations.eval_detection import eval_detection  # noqa: F401
from vasily_fashion.evaluations.eval_detection_coco import eval_detection_coco  # noqa: F401
from vasily_fashion.evaluations.eval_in_shop import eval_in_shop  # noqa: F401
from vasily_fashion.evaluations.eval_retrieval import eval_retrieval  # noqa: F401
from vasily_fashion.evaluations.eval_street2shop import eval_street2shop  # noqa: F401
from vasily_fashion.evaluations.match_detections import match_detections  # noqa: F401
