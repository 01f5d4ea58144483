"""``python -m icarus``."""

from icarus.main import main

main()
