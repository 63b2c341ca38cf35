"""Sphinx: `python -m sphinx -W --keep-going -c docs . output/docs`.

The source folder is the checkout, so that the READMEs, which people read where
they stand, are pages as well.
"""

import vasily_fashion  # noqa: F401  (before chainer, wherever that is imported)

project = 'vasily_fashion'
author = 'vasily_fashion contributors'
version = release = vasily_fashion.__version__
root_doc = 'docs/index'
include_patterns = [
    'docs/**', 'README.md', 'README.ja.md', 'CHANGELOG.md', 'CONTRIBUTING.md',
    '.github/SECURITY.md', 'examples/*/README.md', 'vasily_fashion/datasets/README.md',
    'weights/README.md', 'weights/runs/README.md']
extensions = [
    'myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.mathjax',
    'sphinx.ext.viewcode']

html_theme = 'furo'
html_title = 'vasily_fashion'
html_copy_source = False
# formulas are few, and nothing is to be fetched to read them
html_math_renderer = 'mathjax'

myst_heading_anchors = 4
# a README links to folders and scripts beside it, which are not pages
suppress_warnings = ['myst.xref_missing', 'myst.header']

autodoc_member_order = 'bysource'
autodoc_default_options = {'members': True, 'imported-members': True}
autodoc_typehints = 'none'
napoleon_use_ivar = True
napoleon_use_rtype = False

# Every reference to a name of this library has to lead somewhere; what other
# libraries have is not looked up.
nitpicky = True
nitpick_ignore_regex = [(r'.*', r'(?!vasily_fashion\.).*')]
