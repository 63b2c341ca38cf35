from vasily_fashion.training.batch_order import BatchOrder  # noqa: F401
from vasily_fashion.training.detection_evaluator import DetectionEvaluator  # noqa: F401
from vasily_fashion.training.draw_order import DrawOrder  # noqa: F401
from vasily_fashion.training.draws import Draws  # noqa: F401
from vasily_fashion.training.embedding_guard import EmbeddingGuard  # noqa: F401
from vasily_fashion.training.frozen_pairs import FrozenPairs  # noqa: F401
from vasily_fashion.training.learning_rate import LearningRate  # noqa: F401
from vasily_fashion.training.make_iterator import make_iterator  # noqa: F401
from vasily_fashion.training.random_states import RandomStates  # noqa: F401
from vasily_fashion.training.retrieval_evaluator import RetrievalEvaluator  # noqa: F401
from vasily_fashion.training.scale_embeddings import scale_embeddings  # noqa: F401
from vasily_fashion.training.style_extractor_blocks import LaterBlocks  # noqa: F401
from vasily_fashion.training.train_fashion_ssd import train_fashion_ssd  # noqa: F401
from vasily_fashion.training.train_style_extractor import train_style_extractor  # noqa: F401
from vasily_fashion.training.training_pairs import TrainingPairs  # noqa: F401
from vasily_fashion.training.training_photos import TrainingPhotos  # noqa: F401
from vasily_fashion.training.workers import create_communicator, get_worker_device  # noqa: F401
from vasily_fashion.training.write_run import write_run  # noqa: F401
