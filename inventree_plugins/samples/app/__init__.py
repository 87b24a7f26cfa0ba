"""A sample of AppMixin: a Django app with a table of its own."""
