"""Words that reach the pages from files and not from templates, marked for translation.

Class names, the samples. A test keeps the lists complete for what is shipped.
What is said of an architecture is marked in its paper's folder.
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
