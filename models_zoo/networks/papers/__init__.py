"""The lineage: one file per paper, and its catalogue lines here, which need no torch."""

from __future__ import annotations

from models_zoo.catalogue import Architecture

FCN = "Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation"
_DECONV = "Noh, Hong, Han: Learning Deconvolution Network for Semantic Segmentation"
_SEGNET = "Badrinarayanan, Kendall, Cipolla: SegNet, a Deep Convolutional Encoder-Decoder"
_TIRAMISU = (
    "Jégou, Drozdzal, Vazquez, Romero, Bengio: The One Hundred Layers Tiramisu, "
    "Fully Convolutional DenseNets for Semantic Segmentation"
)
_DILATED = "Yu, Koltun: Multi-Scale Context Aggregation by Dilated Convolutions"
_DEEPLAB_V1 = (
    "Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic Image Segmentation with Deep "
    "Convolutional Nets and Fully Connected CRFs"
)
_DEEPLAB_V2 = (
    "Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab, Semantic Image Segmentation with Deep "
    "Convolutional Nets, Atrous Convolution, and Fully Connected CRFs"
)
_PSPNET = "Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network"
DEEPLAB_V3 = (
    "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image Segmentation"
)


def _fcn(stride: int, skips: int, idea: str, strides_at: str) -> Architecture:
    return Architecture(
        key=f"fcn{stride}s",
        title=f"FCN-{stride}s",
        paper=FCN,
        year=2015,
        idea=idea,
        path="models_zoo.networks.papers.fcn.network:FCN",
        slim_width=3 / 16,
        arguments={"skips": skips},
        sees_at="fc7",
        strides_at=strides_at,
    )


def _fc_densenet(
    number: int, layers: tuple[int, ...], growth: int, slim_width: float, idea: str
) -> Architecture:
    return Architecture(
        key=f"fc_densenet{number}",
        title=f"FC-DenseNet{number}",
        paper=_TIRAMISU,
        year=2017,
        idea=idea,
        path="models_zoo.networks.papers.fc_densenet.network:FCDenseNet",
        slim_width=slim_width,
        arguments={"layers": layers, "growth": growth},
        sees_at="bottom",
    )


def _dilatednet(name: str, title: str, context: str | None, idea: str) -> Architecture:
    return Architecture(
        key=f"dilatednet_{name}",
        title=title,
        paper=_DILATED,
        year=2016,
        idea=idea,
        path="models_zoo.networks.papers.dilatednet.network:DilatedNet",
        slim_width=3 / 16,
        arguments={"context": context},
        sees_at="context" if context else "score",
    )


def _pspnet(depth: int, slim_width: float) -> Architecture:
    return Architecture(
        key=f"pspnet_resnet{depth}",
        title=f"PSPNet, ResNet-{depth}",
        paper=_PSPNET,
        year=2017,
        idea="Averages over 1, 2, 3 and 6 bins a side tell every pixel what scene it is in.",
        path="models_zoo.networks.papers.pspnet.network:PSPNet",
        slim_width=slim_width,
        arguments={"depth": depth},
        sees_at="backbone.layer4",
    )


def _deeplab_v3(depth: int, slim_width: float) -> Architecture:
    return Architecture(
        key=f"deeplab_v3_resnet{depth}",
        title=f"DeepLab v3, ResNet-{depth}",
        paper=DEEPLAB_V3,
        year=2017,
        idea="Multi-grid dilation, several rates side by side, and image pooling, concatenated.",
        path="models_zoo.networks.papers.deeplab_v3.network:DeepLabV3",
        slim_width=slim_width,
        arguments={"depth": depth},
        sees_at="backbone.layer4",
    )


ARCHITECTURES = (
    _fcn(32, 0, "Classifier layers become convolutions, so a classifier labels every pixel.",
         "fc7"),
    _fcn(16, 1, "A skip from pool4 adds finer detail to the coarse prediction.", "score_pool4"),
    _fcn(8, 2, "Skips from pool4 and pool3 are added: what from deep, where from shallow.",
         "score_pool3"),
    Architecture(
        key="deconvnet",
        title="DeconvNet",
        paper=_DECONV,
        year=2015,
        idea="A deep decoder mirrors the encoder: unpooling restores places, deconvolution shapes.",
        path="models_zoo.networks.papers.deconvnet.network:DeconvNet",
        slim_width=1 / 8,
        sees_at="pool",
    ),
    Architecture(
        key="edeconvnet",
        title="EDeconvNet",
        paper=_DECONV,
        year=2015,
        idea="DeconvNet's detail and FCN-8s's overall shape, averaged over one image.",
        path="models_zoo.networks.papers.deconvnet.network:EDeconvNet",
        slim_width=7 / 64,
        sees_at="fcn.fc7",
        strides_at="fcn.score_pool3",
    ),
    Architecture(
        key="segnet",
        title="SegNet",
        paper=_SEGNET,
        year=2015,
        idea="The decoder unpools to where each maximum was, which is light and keeps boundaries.",
        path="models_zoo.networks.papers.segnet.network:SegNet",
        slim_width=1 / 4,
        sees_at="pool",
    ),
    Architecture(
        key="segnet_basic",
        title="SegNet-Basic",
        paper=_SEGNET,
        year=2015,
        idea="Four levels of 7×7 convolutions: SegNet's idea at a twentieth of its size.",
        path="models_zoo.networks.papers.segnet.network:SegNetBasic",
        slim_width=3 / 4,
        sees_at="pool",
    ),
    Architecture(
        key="unet",
        title="U-Net",
        paper="Ronneberger, Fischer, Brox: U-Net, Convolutional Networks for Biomedical Images",
        year=2015,
        idea="A symmetric decoder sees the encoder's features again through concatenated skips.",
        path="models_zoo.networks.papers.unet.network:UNet",
        slim_width=1 / 4,
        sees_at="down.4",
    ),
    _fc_densenet(56, (4, 4, 4, 4, 4, 4), 12, 5 / 6,
                 "Every layer sees all before it; only new maps go up, so few channels suffice."),
    _fc_densenet(67, (5, 5, 5, 5, 5, 5), 16, 1 / 2, "Five layers a block, sixteen new maps each."),
    _fc_densenet(103, (4, 5, 7, 10, 12, 15), 16, 5 / 16,
                 "More layers where the image is small, where context is cheap."),
    Architecture(
        key="deeplab_v1",
        title="DeepLab v1 LargeFOV",
        paper=_DEEPLAB_V1,
        year=2015,
        idea="Dilation instead of the last strides; one widely dilated layer sees large objects.",
        path="models_zoo.networks.papers.deeplab_v1.network:LargeFOV",
        slim_width=7 / 32,
        sees_at="fc7",
    ),
    _dilatednet("front", "DilatedNet, front end", None,
                "The last two pools are gone; dilation keeps the view that they gave."),
    _dilatednet("basic", "DilatedNet, basic context", "basic",
                "Growing dilation over the class maps gathers context without losing resolution."),
    _dilatednet("large", "DilatedNet, large context", "large",
                "The same context module with up to 32 maps a class."),
    Architecture(
        key="deeplab_v2_vgg16",
        title="DeepLab v2, VGG-16",
        paper=_DEEPLAB_V2,
        year=2017,
        idea="Four dilation rates side by side see objects at several scales, and are summed.",
        path="models_zoo.networks.papers.deeplab_v2.network:DeepLabV2VGG16",
        slim_width=5 / 32,
        sees_at="classifier.3",
    ),
    Architecture(
        key="deeplab_v2_resnet101",
        title="DeepLab v2, ResNet-101",
        paper=_DEEPLAB_V2,
        year=2017,
        idea="The same four rates on the features of a far deeper network.",
        path="models_zoo.networks.papers.deeplab_v2.network:DeepLabV2ResNet101",
        slim_width=9 / 64,
        sees_at="classifier.3",
    ),
    _pspnet(50, 9 / 64),
    _pspnet(101, 1 / 8),
    _deeplab_v3(50, 5 / 32),
    _deeplab_v3(101, 1 / 8),
)  # fmt: skip
