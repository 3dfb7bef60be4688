"""The project's ResNet networks in torchvision's layout hold torchvision's tensors and agree."""

from __future__ import annotations

import pytest
import torch

from models_zoo import build, published
from models_zoo.networks.backbones import ResNet
from models_zoo.torchvision_ops import torchvision

# torchvision's name of each network is that of its weights.
SOURCES = {
    key: architecture.weights.partition("_Weights")[0].lower()
    for key, architecture in published().items()
}


def torchvision_network(key: str) -> torch.nn.Module:
    """Randomly initialised, with statistics that are not those of a fresh network."""
    torch.manual_seed(0)
    options = {} if "lraspp" in key else {"aux_loss": True}
    network = torchvision.models.get_model(
        SOURCES[key], weights=None, weights_backbone=None, num_classes=21, **options
    )
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(std=0.1)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
    return network.eval()


@pytest.mark.parametrize("key", SOURCES)
def test_what_is_said_of_a_publication_is_what_torchvision_says(key):
    architecture = published()[key]
    weights = torchvision.models.get_weight(architecture.weights)
    assert architecture.megabytes == weights.meta["_file_size"]
    with torch.device("meta"):
        assert sum(p.numel() for p in build(key).parameters()) == architecture.parameters


@pytest.mark.slow
@pytest.mark.parametrize("key", SOURCES)
def test_torchvisions_state_dict_loads_and_gives_the_same_logits(key):
    theirs = torchvision_network(key)
    ours = build(key).eval()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    image = torch.randn(1, 3, 41, 49)
    if "101" in key:  # a hundred layers add up more rounding than 1e-5
        theirs, ours, image = theirs.double(), ours.double(), image.double()
    with torch.inference_mode():
        expected = theirs(image)["out"]
        torch.testing.assert_close(ours(image), expected, rtol=1e-5, atol=1e-5)
        assert expected.std() > 1e-3


@pytest.mark.slow
def test_the_auxiliary_logits_agree_too():
    theirs = torchvision_network("torchvision_deeplab_v3_resnet50")
    ours = build("deeplab_v3_resnet50", head="torchvision", aux=True).eval()
    ours.load_state_dict(theirs.state_dict())
    image = torch.randn(1, 3, 33, 40)
    with torch.inference_mode():
        expected = theirs(image)["aux"]
        torch.testing.assert_close(ours.with_auxiliary(image)[1], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_pspnets_backbone_is_torchvisions_with_every_block_dilated():
    """As PSPNet's release dilates it: the first block of a dilated stage too."""
    torch.manual_seed(0)
    theirs = torchvision.models.resnet50(replace_stride_with_dilation=[False, True, True]).eval()
    for stage, dilation in ((theirs.layer3, 2), (theirs.layer4, 4)):
        stage[0].conv2.dilation = stage[0].conv2.padding = (dilation, dilation)
    ours = build("pspnet_resnet50").backbone.eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    image = torch.randn(1, 3, 65, 65)
    features: dict[str, torch.Tensor] = {}
    for name in ("layer3", "layer4"):
        theirs.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: features.update({name: output})
        )
    with torch.inference_mode():
        theirs(image)
        third, fourth = ours(image)
    torch.testing.assert_close(third, features["layer3"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(fourth, features["layer4"], rtol=1e-5, atol=1e-5)


def test_output_stride_16_is_torchvisions_with_one_dilated_stage():
    torch.manual_seed(0)
    theirs = torchvision.models.resnet50(replace_stride_with_dilation=[False, False, True]).eval()
    ours = ResNet(50, width=1.0, output_stride=16, torchvision_dilation=True).eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    image, outputs = torch.randn(1, 3, 64, 80), []
    theirs.layer4.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    with torch.inference_mode():
        theirs(image)
        torch.testing.assert_close(ours(image)[1], outputs[0], rtol=1e-5, atol=1e-5)
