"""A catalogue of its own for tests of training; as in ours, only its network needs torch."""

from models_zoo.networks.paper import Architecture, Paper

ARCHITECTURES = (
    Architecture(
        key="tiny",
        title="Tiny",
        paper=Paper("none", 2026),
        idea="Small enough to train in a moment.",
        path="tests.models_zoo.tiny.network:Tiny",
    ),
)
