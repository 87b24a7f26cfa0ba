"""One short plugin for each mixin, and two that are broken; servers load them in debug mode only."""
