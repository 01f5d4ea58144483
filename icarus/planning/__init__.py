"""From a settings module to a plan: loading, checks of everything, and what results depend on."""
