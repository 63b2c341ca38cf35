#: One for each of :obj:`~vasily_fashion.categories.FASHION_CATEGORIES`, as
#: '#rrggbb'; white letters are legible on all of them.
CATEGORY_COLOURS = (
    '#8d4b24', '#b07c00', '#c62828', '#1565c0', '#c2187a', '#455a64',
    '#2e7d32', '#d9620b', '#00838f', '#6a3fb5', '#6d7400', '#ad1457')
