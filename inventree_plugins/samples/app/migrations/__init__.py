"""The migrations of the sample."""
