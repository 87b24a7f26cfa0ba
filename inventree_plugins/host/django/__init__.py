"""Make a Django project a host: an app, one setting, and one line in the URL configuration."""
