from vasily_fashion.datasets.bbox_list_dataset import BboxListDataset  # noqa: F401
from vasily_fashion.datasets.ccp_bbox_dataset import CCPBboxDataset  # noqa: F401
from vasily_fashion.datasets.ccp_item_dataset import CCPItemDataset  # noqa: F401
from vasily_fashion.datasets.colorful_fashion_bbox_dataset import (
    ColorfulFashionBboxDataset,  # noqa: F401
)
from vasily_fashion.datasets.concatenated_bbox_dataset import ConcatenatedBboxDataset  # noqa: F401
from vasily_fashion.datasets.concatenated_pair_dataset import ConcatenatedPairDataset  # noqa: F401
from vasily_fashion.datasets.consumer_to_shop_dataset import ConsumerToShopDataset  # noqa: F401
from vasily_fashion.datasets.csv_retrieval_dataset import CSVRetrievalDataset  # noqa: F401
from vasily_fashion.datasets.deepfashion2_bbox_dataset import DeepFashion2BboxDataset  # noqa: F401
from vasily_fashion.datasets.deepfashion2_retrieval_dataset import (
    DeepFashion2RetrievalDataset,  # noqa: F401
)
from vasily_fashion.datasets.fashionpedia_bbox_dataset import FashionpediaBboxDataset  # noqa: F401
from vasily_fashion.datasets.generic_coco_bbox_dataset import GenericCOCOBboxDataset  # noqa: F401
from vasily_fashion.datasets.generic_voc_bbox_dataset import GenericVOCBboxDataset  # noqa: F401
from vasily_fashion.datasets.in_shop_dataset import InShopDataset  # noqa: F401
from vasily_fashion.datasets.leave_out_broken import leave_out_broken  # noqa: F401
from vasily_fashion.datasets.modanet_bbox_dataset import ModaNetBboxDataset  # noqa: F401
from vasily_fashion.datasets.pair_dataset import PairDataset  # noqa: F401
from vasily_fashion.datasets.product_bbox_dataset import ProductBboxDataset  # noqa: F401
from vasily_fashion.datasets.product_folder_dataset import ProductFolderDataset  # noqa: F401
from vasily_fashion.datasets.repeat_rare_dataset import RepeatRareDataset  # noqa: F401
from vasily_fashion.datasets.retrieval_dataset import RetrievalDataset  # noqa: F401
from vasily_fashion.datasets.street2shop_dataset import Street2ShopDataset  # noqa: F401
from vasily_fashion.datasets.street_shop_pair_dataset import StreetShopPairDataset  # noqa: F401
from vasily_fashion.datasets.synthetic_item_dataset import SyntheticItemDataset  # noqa: F401
from vasily_fashion.datasets.worn_product_dataset import WornProductDataset  # noqa: F401
from vasily_fashion.datasets.write_coco import write_coco  # noqa: F401
from vasily_fashion.datasets.write_retrieval_csv import write_retrieval_csv  # noqa: F401
from vasily_fashion.synthetic import SyntheticFashionDataset  # noqa: F401
