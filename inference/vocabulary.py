"""Words that reach the pages from files and not from templates, marked for translation.

Class names, the catalogue's ideas, the samples, a score's passport. A test keeps the lists
complete for what is shipped.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import pgettext_lazy

CLASSES = (
    _("aeroplane"),
    _("background"),
    _("bicycle"),
    _("bicyclist"),
    _("bird"),
    _("boat"),
    _("bottle"),
    _("building"),
    _("bus"),
    _("car"),
    _("cat"),
    _("chair"),
    _("cow"),
    _("diningtable"),
    _("dog"),
    _("fence"),
    _("horse"),
    _("motorbike"),
    _("pavement"),
    _("pedestrian"),
    _("person"),
    _("pole"),
    _("pottedplant"),
    _("road"),
    _("sheep"),
    _("sign"),
    _("sky"),
    _("skyscraper"),
    _("sofa"),
    _("terrain"),
    _("tree"),
    _("tvmonitor"),
    _("water"),
)

# A class whose word is another thing's too: the vehicle, not the split.
HOMONYMS = {"train": pgettext_lazy("class", "train")}

IDEAS = (
    _("Classifier layers become convolutions, so a classifier labels every pixel."),
    _("A skip from pool4 adds finer detail to the coarse prediction."),
    _("Skips from pool4 and pool3 are added: what from deep, where from shallow."),
    _("A deep decoder mirrors the encoder: unpooling restores places, deconvolution shapes."),
    _("DeconvNet's detail and FCN-8s's overall shape, averaged over one image."),
    _("The decoder unpools to where each maximum was, which is light and keeps boundaries."),
    _("Four levels of 7×7 convolutions: SegNet's idea at a twentieth of its size."),
    _("A symmetric decoder sees the encoder's features again through concatenated skips."),
    _("Every layer sees all before it; only new maps go up, so few channels suffice."),
    _("Five layers a block, sixteen new maps each."),
    _("More layers where the image is small, where context is cheap."),
    _("Dilation instead of the last strides; one widely dilated layer sees large objects."),
    _("The last two pools are gone; dilation keeps the view that they gave."),
    _("Growing dilation over the class maps gathers context without losing resolution."),
    _("The same context module with up to 32 maps a class."),
    _("Four dilation rates side by side see objects at several scales, and are summed."),
    _("The same four rates on the features of a far deeper network."),
    _("Averages over 1, 2, 3 and 6 bins a side tell every pixel what scene it is in."),
    _("Multi-grid dilation, several rates side by side, and image pooling, concatenated."),
    _("Trained by torchvision on COCO's images of the 20 VOC classes; to use as it is."),
)

DATASETS = {
    "camvid": _("Photographs of British streets, taken from a driving car."),
    "cocovoc": _("Photographs of everyday scenes, labelled with the 20 classes of Pascal VOC."),
    "scenes": _("Street and river scenes drawn by SegWeb itself."),
}

FITS = {
    "camvid": _("Fits photographs of streets."),
    "cocovoc": _("Fits photographs of people, animals, vehicles and rooms."),
    "scenes": _("Fits the samples."),
}

SAMPLES = (
    _("A bus up close"),
    _("Windows and doors belong to the bus; a narrow view cuts it apart."),
    _("Traffic along the quay"),
    _("Far cars, boats and people vanish in coarse masks."),
    _("Bicycles by the kerb"),
    _("Spokes, posts and railings need fine boundaries."),
    _("Road and river"),
    _("The same body is a car on the road and a boat on the water."),
    _("Houses and towers"),
    _("Houses and skyscrapers share their walls, only their extent differs."),
    _("Grey before grey"),
    _("People and signs in nearly the colour of what is behind them."),
    _("On the promenade"),
    _("A fence and bicycles, and boats behind them."),
    _("A walk at dusk"),
    _("People, trees and a fence fade into the dusk."),
)

FAILURES = {
    "large": _("Large objects"),
    "small": _("Small objects"),
    "thin": _("Thin structures"),
    "context": _("Context"),
    "look_alike": _("Look-alikes"),
    "low_contrast": _("Low contrast"),
}

SPLITS = (_("train"), _("val"), _("test"))

PASSPORT = {
    "split": _("Split"),
    "split_hash": _("Hash of the split"),
    "checkpoint_sha256": _("Hash of the weights"),
    "ignore_index": _("Ignore index"),
    "absent_classes": _("Absent classes"),
    "resolution": _("Resolution"),
    "averaging": _("Averaged over"),
    "precision": _("Precision"),
}
