"""``python -m icarus``."""

import sys

# Python looks for modules in the current folder first, where settings may be called like a module
# of the standard library; they are found in their own folder.
if not sys.flags.safe_path and not __file__.startswith(sys.path[0] + "/"):
    sys.path.append(sys.path.pop(0))

from icarus.main import main

main()
