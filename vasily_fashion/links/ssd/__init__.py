from vasily_fashion.links.ssd.fashion_ssd300 import FashionSSD300  # noqa: F401
from vasily_fashion.links.ssd.multibox_train_chain import MultiboxTrainChain  # noqa: F401
from vasily_fashion.links.ssd.voting_multibox_coder import VotingMultiboxCoder  # noqa: F401
