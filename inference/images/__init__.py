"""Images and masks: in, out, and as the pages show them."""
