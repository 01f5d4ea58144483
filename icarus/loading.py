"""Settings from whatever file a campaign is run from.

``load`` reads settings modules, sweep files and folders of cases; what comes of them does not tell
which it was.
"""

from icarus.planning.loading import load_settings as load

__all__ = ["load"]
