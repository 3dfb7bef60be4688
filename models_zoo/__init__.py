"""The networks of the FCN → DeepLab v3 lineage, their training and their use, without Django.

Importing this package, its catalogue, masks, metrics and sidecars needs no torch;
`build` and `models_zoo.predict.engine` do.
"""

from models_zoo.networks.build import build
from models_zoo.networks.catalogue import VARIANTS, architecture_get, catalogue, published
from models_zoo.networks.paper import Architecture

__all__ = ["VARIANTS", "Architecture", "architecture_get", "build", "catalogue", "published"]
