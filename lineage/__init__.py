"""Pages that explain: every architecture from FCN to DeepLab v3."""
