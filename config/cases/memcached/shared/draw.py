"""Draw requests for contents whose popularity is Zipf's, into a file."""

import sys

import numpy as np

N_CONTENTS, N_REQUESTS, ALPHA = 10_000, 50_000, 0.8

rng = np.random.default_rng(int(sys.argv[1]))
weights = np.arange(1, N_CONTENTS + 1) ** -ALPHA
np.save(sys.argv[2], rng.choice(N_CONTENTS, size=N_REQUESTS, p=weights / weights.sum()))
