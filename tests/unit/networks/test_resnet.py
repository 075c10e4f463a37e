"""ResNet-18 and VGG16 in YAML are torchvision's, weight for weight."""

import pytest
import torch
from torchvision.models import resnet18, vgg16_bn
from torchvision.models.resnet import BasicBlock as TheirBlock

from blocklab.networks.blocks.residual import BasicBlock
from blocklab.networks.network import build, predict, resolve

RESNET18 = [
    {"conv": {"out": 64, "kernel": 7, "stride": 2, "padding": 3, "activation": "relu"}},
    *({"basic_block": {"out": 64}} for _ in range(2)),
    *(
        {"basic_block": {"out": out, "stride": stride}}
        for out in (128, 256, 512)
        for stride in (2, 1)
    ),
    "global_avgpool",
    {"linear": {"out": "classes"}},
]
VGG16 = [
    *(
        layer
        for out, repeat in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
        for layer in (
            {
                "conv": {
                    "out": out,
                    "kernel": 3,
                    "activation": "relu",
                    "bias": True,
                    "repeat": repeat,
                }
            },
            {"maxpool": 2},
        )
    ),
    "flatten",
    {"linear": {"out": 4096, "activation": "relu"}},
    {"dropout": 0.5},
    {"linear": {"out": 4096, "activation": "relu"}},
    {"dropout": 0.5},
    {"linear": {"out": "classes"}},
]


def copy_in_order(theirs: torch.nn.Module, ours: torch.nn.Module) -> None:
    """Copy weights one after the other; a shape that differs is an error."""
    source, target = list(theirs.state_dict().values()), list(ours.state_dict().values())
    assert [value.shape for value in source] == [value.shape for value in target]
    for value, into in zip(source, target, strict=True):
        into.copy_(value)


@pytest.mark.parametrize(("channels", "stride"), [(8, 1), (4, 1), (8, 2)])
def test_a_basic_block_is_torchvisions(channels, stride):
    torch.manual_seed(0)
    ours = BasicBlock(channels, 8, stride).eval()
    with torch.no_grad():
        for value in ours.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.2, 1.0)
    downsample = None
    if channels != 8 or stride > 1:
        downsample = torch.nn.Sequential(
            torch.nn.Conv2d(channels, 8, 1, stride, bias=False), torch.nn.BatchNorm2d(8)
        )
    theirs = TheirBlock(channels, 8, stride, downsample).eval()
    copy_in_order(ours, theirs)
    x = torch.randn(2, channels, 9, 7)
    torch.testing.assert_close(ours(x), theirs(x))


def test_resnet18_in_yaml_is_torchvisions_but_for_its_first_pool():
    layers = resolve("resnet18", RESNET18, (3, 64, 64), 10)
    ours = build(layers)
    theirs = resnet18(num_classes=10)
    theirs.maxpool = torch.nn.Identity()  # 3x3 with padding, which small images do without
    copy_in_order(theirs, ours)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    theirs.eval()
    with torch.no_grad():
        torch.testing.assert_close(
            predict(ours, images), theirs(images / 255), rtol=1e-4, atol=1e-4
        )


def test_vgg16_in_yaml_is_torchvisions():
    layers = resolve("vgg16", VGG16, (3, 224, 224), 10)
    with torch.device("meta"):
        ours, theirs = build(layers), vgg16_bn(num_classes=10)
    shapes = [tuple(value.shape) for value in theirs.state_dict().values()]
    assert [tuple(value.shape) for value in ours.state_dict().values()] == shapes
