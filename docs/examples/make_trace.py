"""Write a trace in which contents come and go: python make_trace.py requests.csv"""

import csv
import sys
from pathlib import Path

import numpy as np

N_REQUESTS = 20_000
N_CONTENTS = 2_000
ALPHA = 0.9
RENEWED_EVERY = 10  # requests, after which one content makes way for a new one

draw = np.random.default_rng(1)
popularity = np.arange(1, N_CONTENTS + 1) ** -ALPHA
popularity /= popularity.sum()
ranks = draw.choice(N_CONTENTS, size=N_REQUESTS, p=popularity)
times = draw.exponential(0.01, size=N_REQUESTS).cumsum()
contents = np.arange(N_CONTENTS)

with Path(sys.argv[1]).open("w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["time", "url"])
    for i, (time, rank) in enumerate(zip(times, ranks, strict=True)):
        if i % RENEWED_EVERY == 0:
            contents[draw.integers(N_CONTENTS)] = N_CONTENTS + i
        table.writerow([f"{time:.3f}", f"/item/{contents[rank]}"])
