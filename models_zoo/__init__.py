"""The networks of the FCN → DeepLab v3 lineage, their training and their use, without Django.

Importing this package, its catalogue, masks, metrics and weights needs no torch;
`build` and `models_zoo.predict.engine` do.
"""

from models_zoo.catalogue import Architecture, build, catalogue

__all__ = ["Architecture", "build", "catalogue"]
