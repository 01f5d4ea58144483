"""Facts about this release."""

author = "The Icarus developers"
author_email = ""
maintainer = author
maintainer_email = author_email
version = "1.0.0.dev0"
license_short = "Apache-2.0"
license_long = "Apache License, Version 2.0"
description_short = "Simulator for networks of caches"
description_long = (
    "Icarus simulates networks of caches (information-centric networks, CDNs) and runs whole "
    "campaigns of such simulations: replicated, in parallel, reproducible to the bit."
)
url = "https://pypi.org/project/icarus-sim/"
download_url = url
