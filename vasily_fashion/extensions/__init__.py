from vasily_fashion.extensions.detection_evaluator import DetectionEvaluator  # noqa: F401
from vasily_fashion.extensions.retrieval_evaluator import RetrievalEvaluator  # noqa: F401
