"""The fashion categories, and the maps from each data set's labels to them."""

#: The twelve categories of ModaNet, with its boots folded into footwear.
#: A label is an index into this tuple.
FASHION_CATEGORIES = (
    'bag',
    'belt',
    'footwear',
    'outer',
    'dress',
    'sunglasses',
    'pants',
    'top',
    'shorts',
    'skirt',
    'headwear',
    'scarf_tie',
)

#: Clothing Co-Parsing's labels (label_list.mat) -> fashion category. Labels
#: that are not here (skin, hair, jewellery, hosiery, underwear) are not items.
CCP_TO_FASHION = {
    'bag': 'bag',
    'belt': 'belt',
    'blazer': 'outer',
    'blouse': 'top',
    'bodysuit': 'top',
    'boots': 'footwear',
    'cape': 'outer',
    'cardigan': 'outer',
    'clogs': 'footwear',
    'coat': 'outer',
    'dress': 'dress',
    'flats': 'footwear',
    'glasses': 'sunglasses',
    'hat': 'headwear',
    'heels': 'footwear',
    'hoodie': 'top',
    'jacket': 'outer',
    'jeans': 'pants',
    'jumper': 'top',
    'leggings': 'pants',
    'loafers': 'footwear',
    'pants': 'pants',
    'pumps': 'footwear',
    'purse': 'bag',
    'romper': 'dress',
    'sandals': 'footwear',
    'scarf': 'scarf_tie',
    'shirt': 'top',
    'shoes': 'footwear',
    'shorts': 'shorts',
    'skirt': 'skirt',
    'sneakers': 'footwear',
    'suit': 'outer',
    'sunglasses': 'sunglasses',
    'sweater': 'top',
    'sweatshirt': 'top',
    't-shirt': 'top',
    'tie': 'scarf_tie',
    'top': 'top',
    'vest': 'outer',
    'wallet': 'bag',
    'wedges': 'footwear',
}

#: DeepFashion2's categories -> fashion category, in the order of their ids, from
#: 1. Its files spell the names in two ways.
DEEPFASHION2_TO_FASHION = {
    'short sleeve top': 'top',
    'long sleeve top': 'top',
    'short sleeve outwear': 'outer',
    'long sleeve outwear': 'outer',
    'vest': 'top',  # without sleeves
    'sling': 'top',
    'shorts': 'shorts',
    'trousers': 'pants',
    'skirt': 'skirt',
    'short sleeve dress': 'dress',
    'long sleeve dress': 'dress',
    'vest dress': 'dress',
    'sling dress': 'dress',
}

#: ModaNet's categories -> fashion category.
MODANET_TO_FASHION = {
    **{name: name for name in FASHION_CATEGORIES if name != 'scarf_tie'},
    'boots': 'footwear',
    'scarf/tie': 'scarf_tie',
}

#: Fashionpedia's categories -> fashion category. Parts (sleeve, collar, ...)
#: and what is not here (glove, watch, hosiery, umbrella) are not items.
FASHIONPEDIA_TO_FASHION = {
    'shirt, blouse': 'top',
    'top, t-shirt, sweatshirt': 'top',
    'sweater': 'top',
    'cardigan': 'outer',
    'jacket': 'outer',
    'vest': 'outer',
    'pants': 'pants',
    'shorts': 'shorts',
    'skirt': 'skirt',
    'coat': 'outer',
    'dress': 'dress',
    'jumpsuit': 'dress',
    'cape': 'outer',
    'glasses': 'sunglasses',
    'hat': 'headwear',
    'headband, head covering, hair accessory': 'headwear',
    'tie': 'scarf_tie',
    'belt': 'belt',
    'shoe': 'footwear',
    'bag, wallet': 'bag',
    'scarf': 'scarf_tie',
}

#: Exact Street2Shop's categories -> fashion category.
STREET2SHOP_TO_FASHION = {
    'bags': 'bag',
    'belts': 'belt',
    'dresses': 'dress',
    'eyewear': 'sunglasses',
    'footwear': 'footwear',
    'hats': 'headwear',
    'leggings': 'pants',
    'outerwear': 'outer',
    'pants': 'pants',
    'skirts': 'skirt',
    'tops': 'top',
}

#: DeepFashion Consumer-to-Shop's categories (the second folder of an image's
#: path; the first and the second of one that has several meanings) -> fashion category.
CONSUMER_TO_SHOP_TO_FASHION = {
    'Blouse': 'top',
    'Chiffon': 'top',
    'Coat': 'outer',
    'Dress': 'dress',
    'Jeans': 'pants',
    'Lace_Dress': 'dress',
    'Lace_Shirt': 'top',
    'Leggings': 'pants',
    'Pants': 'pants',
    'Polo_Shirt': 'top',
    'Shorts': 'shorts',
    'Skirt': 'skirt',
    'Sleeveless_Dress': 'dress',
    'CLOTHING/Summer_Suit': 'top',  # Summer_Wear in high resolution
    'CLOTHING/Summer_Wear': 'top',
    'TROUSERS/Summer_Wear': 'pants',
    'Suspenders_Skirt': 'skirt',
    'T_Shirt': 'top',
    'Tank_Top': 'top',
}

#: DeepFashion In-shop's categories (the second folder of an image's path) ->
#: fashion category.
IN_SHOP_TO_FASHION = {
    'Blouses_Shirts': 'top',
    'Cardigans': 'outer',
    'Denim': 'pants',
    'Dresses': 'dress',
    'Graphic_Tees': 'top',
    'Jackets_Coats': 'outer',
    'Jackets_Vests': 'outer',
    'Leggings': 'pants',
    'Pants': 'pants',
    'Rompers_Jumpsuits': 'dress',
    'Shirts_Polos': 'top',
    'Shorts': 'shorts',
    'Skirts': 'skirt',
    'Suiting': 'outer',
    'Sweaters': 'top',
    'Sweatshirts_Hoodies': 'top',
    'Tees_Tanks': 'top',
}

#: The Colorful Fashion set's categories -> fashion category. Its belts and
#: scarves are not boxed.
COLORFUL_FASHION_TO_FASHION = {
    'bag': 'bag',
    'dress': 'dress',
    'hat': 'headwear',
    'jacket': 'outer',
    'pants': 'pants',
    'shirt': 'top',
    'shoe': 'footwear',
    'shorts': 'shorts',
    'skirt': 'skirt',
    'sunglass': 'sunglasses',
}

#: What a data set of one's own may call its categories -> fashion category. Where
#: the same name means two, as 'vest' does, the later one counts.
COMMON_TO_FASHION = {
    **DEEPFASHION2_TO_FASHION,
    **IN_SHOP_TO_FASHION,
    **CONSUMER_TO_SHOP_TO_FASHION,
    **CCP_TO_FASHION,
    **FASHIONPEDIA_TO_FASHION,
    **STREET2SHOP_TO_FASHION,
    **MODANET_TO_FASHION,
    'headband': 'headwear',
    'longsleeve': 'top',
    'outwear': 'outer',
    'scarf_tie': 'scarf_tie',
}
