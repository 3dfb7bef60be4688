"""What the pages say about the lineage in words, marked for translation.

The figures beside these words are computed; here is what the papers set out to mend.
"""

from django.utils.translation import gettext_noop as _

PARTS = {
    "image": _("image"),
    "logits": _("logits"),
    "conv": _("conv"),
    "deconv": _("transposed conv"),
    "max pool": _("max pool"),
    "average pool": _("average pool"),
    "global pool": _("global pool"),
    "unpool": _("unpool"),
    "upsample": _("upsample"),
    "sum": _("sum"),
    "mean": _("mean"),
    "product": _("product"),
    "concat": _("concat"),
}

OPTIONS = {
    "batch_norm": _("Normalise the convolutions over the batch."),
    "bias": _("Convolutions have a bias."),
    "align_corners": _("Upsampling puts the corner cells onto the corner pixels."),
    "aux": _("A second classifier one stage earlier, for training."),
    "stem": _("The first layers: one 7×7 convolution, or three of 3×3."),
    "head": _("Whose layout to follow in everything where the two differ."),
    "image_pooling": _("A branch that sees the average of the whole image."),
    "output_stride": _("How many pixels one cell of the last map covers a side."),
    "multi_grid": _("What the dilations of the last three blocks are multiplied by."),
    "combine": _("How the two output maps become one."),
}

ANSWERS = {
    "fcn32s": _(
        "A classifier says what is in an image, not where. FCN runs one over the whole image in a "
        "single pass. Its last map is 32 times coarser than the image: small objects vanish, "
        "boundaries blur, and what is larger than its fixed view is cut apart."
    ),
    "fcn16s": _(
        "FCN-32s blurs every boundary. Features from before the last pool still know where things "
        "are, so a score made of them is added."
    ),
    "fcn8s": _(
        "One more skip gives back another factor of two. The last factor of eight stays a fixed "
        "bilinear step, so finer detail is out of reach, and the view is as fixed as before."
    ),
    "deconvnet": _(
        "FCN cuts large objects apart, loses small ones and blurs boundaries, since its way back "
        "up is one interpolation. DeconvNet learns that way: unpooling puts values back where "
        "their maxima were, and deconvolutions fill in the shape."
    ),
    "edeconvnet": _(
        "DeconvNet is good at detail, FCN at overall shape, and they err in different places. "
        "The mean of both is meant to be better than either."
    ),
    "segnet": _(
        "DeconvNet's two fully connected layers hold most of its weights and time. SegNet leaves "
        "them out and keeps only where each maximum was: lighter, faster, and still sharp."
    ),
    "segnet_basic": _(
        "SegNet's idea in its smallest form, to study the decoder: four levels, one wide "
        "convolution each way."
    ),
    "unet": _(
        "Unpooling brings back places, but not what was there. U-Net hands the encoder's features "
        "over whole, by concatenation, and learns from few images."
    ),
    "fc_densenet56": _(
        "Skips like U-Net's make decoders wide. Where every layer sees all before it, few new maps "
        "a layer are enough, and only those go up: a small fraction of the parameters."
    ),
    "fc_densenet67": _("The same with more layers and more new maps in each."),
    "fc_densenet103": _("The same, with its depth where maps are small."),
    "deeplab_v1": _(
        "Pooling is what makes maps coarse. Here the last two pools keep their stride at one, and "
        "what follows is dilated: an output stride of 8 instead of 32, the same view, and weights "
        "from ImageNet still fit."
    ),
    "dilatednet_front": _(
        "Once dilation keeps the view, pools without stride only smear. DilatedNet drops them."
    ),
    "dilatednet_basic": _(
        "A front end at stride 8 sees too little around it. Layers whose dilation doubles widen "
        "the view exponentially, without one more pool."
    ),
    "dilatednet_large": _("The context module once more, wide enough to tell more contexts apart."),
    "deeplab_v2_vgg16": _(
        "One dilation rate fits one size of things. Four of them side by side look at the same "
        "place at four scales."
    ),
    "deeplab_v2_resnet101": _(
        "The same pyramid on a residual network, where most of the gain in the paper came from."
    ),
    "pspnet_resnet50": _(
        "A wide view still does not say what scene this is: a boat on a river is taken for a car. "
        "Averages over the whole image and over its parts tell every pixel."
    ),
    "pspnet_resnet101": _("The same pyramid on twice as deep a network."),
    "deeplab_v3_resnet50": _(
        "At large rates a 3×3 kernel mostly falls beside the map. v3 keeps several rates, brings "
        "global context back by image pooling, varies the dilation within a stage, and needs no "
        "conditional random field."
    ),
    "deeplab_v3_resnet101": _("The same on twice as deep a network."),
}
