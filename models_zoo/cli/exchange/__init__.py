"""Networks that come from elsewhere, and those that go there."""
