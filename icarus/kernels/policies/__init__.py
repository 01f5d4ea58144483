"""Kernels of the eviction policies; each module registers its own when it is imported."""

from icarus.kernels.policies import belady as belady
from icarus.kernels.policies import climb as climb
from icarus.kernels.policies import lfu as lfu
from icarus.kernels.policies import lru_fifo as lru_fifo
from icarus.kernels.policies import null as null
from icarus.kernels.policies import rand as rand
from icarus.kernels.policies import shard as shard
from icarus.kernels.policies import slru as slru
