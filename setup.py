import pathlib
import re

from setuptools import find_packages, setup

here = pathlib.Path(__file__).resolve().parent
version = re.search(
    r"^__version__ = '([^']+)'$",
    (here / 'vasily_fashion' / '__init__.py').read_text('utf-8'), re.M)[1]

setup(
    name='vasily_fashion',
    version=version,
    description='Fashion item detection and retrieval with Chainer: '
                'a street snap in, similar shop items out',
    long_description=(here / 'README.md').read_text('utf-8'),
    long_description_content_type='text/markdown',
    author='vasily_fashion contributors',
    license='MIT',
    packages=[
        *find_packages(include=['vasily_fashion', 'vasily_fashion.*']),
        'vasily_fashion.weights'],
    # of the checkout, into the wheel: what weights.json names
    package_dir={'vasily_fashion.weights': 'weights'},
    package_data={
        'vasily_fashion': ('py.typed', 'datasets/ccp_splits.json'),
        'vasily_fashion.weights': ('weights.json', '*.npz')},
    python_requires='>=3.11',
    install_requires=[
        # compat/ repairs exactly these two, by their text
        'chainer==7.8.1',
        'chainercv==0.13.1',
        'matplotlib>=3.10.7',
        'numpy>=2,<3',
        'pillow>=10.3',
        'scipy>=1.13',
        'threadpoolctl>=3.1',
        'tqdm>=4.60',
    ],
    extras_require={
        # No requirement can say "opencv-python, or its headless build", and
        # the two overwrite each other's cv2: so OpenCV is asked for by name.
        'opencv': ['opencv-python-headless>=4.10.0.84'],
        'gpu': ['cupy-cuda12x>=13'],
        # compiled inference, see vasily_fashion/deploy
        'fast': [
            # int8; it refuses NumPy 2.5, which newer Pythons are tested with
            'nncf>=3; python_version < "3.12"',
            'onnx>=1.18',
            'onnxruntime>=1.20',
            'openvino>=2025.0',
        ],
        # the web app, see examples/app
        'app': [
            'fastapi>=0.115',
            'fastapi-offline>=1.7',
            'uvicorn>=0.30',
        ],
        'coco': ['pycocotools>=2.0.8'],
        # searches beyond FlatIndex, see vasily_fashion/retrieval
        'cluster': ['distributed>=2024.8'],
        'faiss': ['faiss-cpu>=1.10'],
        # t-SNE maps, see examples/figures
        'figures': ['scikit-learn>=1.5'],
        'milvus': ['milvus-lite>=3.0', 'pymilvus>=3.0'],
        # any other MPI does as well: mpi4py finds the one that is there
        'mpi': ['mpi4py>=4.1', 'mpich>=5.0'],
    },
    classifiers=[
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
    ],
)
