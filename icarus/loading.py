"""Settings from whatever file a campaign is run from.

``load`` reads settings modules and sweep files; what comes of them does not tell which it was.
"""

from icarus.planning.loading import load_settings as load

__all__ = ["load"]
