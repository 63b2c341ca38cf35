from vasily_fashion.links.style_extractor.choose_negatives import choose_negatives  # noqa: F401
from vasily_fashion.links.style_extractor.style_extractor_bn import StyleExtractorBN  # noqa: F401
from vasily_fashion.links.style_extractor.triplet_train_chain import TripletTrainChain  # noqa: F401
