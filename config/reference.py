"""Reference: every setting and every component, with what it means. Copy from here.

    icarus validate config/reference.py         check it and print the plan
    icarus run config/reference.py              run it (a few minutes on two cores)
    icarus list strategies PROB_CACHE           all parameters of one component

A settings module is plain Python, executed once. Names in upper case are settings; those that
Icarus does not read itself, such as ALPHA below, are yours. On the command line `-c` replaces

    -c ALPHA=[0.8]                  what is assigned to a name here, before the queue is made of it
    -c "workload.alpha=[0.8, 1]"    an axis of the design, by its path
    -c "topology.name=['GEANT', 'WIDE']"    a parameter of its base: a list makes an axis of it
    -c workload.beta=0.5            one that has a single value from then on
    -c base.workload.beta=0.5       the same; with "base." it may be one that is not there yet
"""

from icarus import design as d
from icarus.util import Tree

# --------------------------------------------------------------------------------------------
# General settings. Each has a default; only EXPERIMENT_QUEUE, at the end, must be there.
# --------------------------------------------------------------------------------------------

# How often each experiment is run, each time with other requests and placements. Three is the
# least that gives confidence intervals worth drawing; ten make them narrow. Default: 1.
N_REPLICATIONS = 3

# In place of N_REPLICATIONS: replicate each experiment until the 95 % confidence interval of the
# metrics named is within a share of the mean, as in
#   {"min": 3, "max": 50, "until": {"CACHE_HIT_RATIO.MEAN": 0.02}}
# None: as N_REPLICATIONS says. Default: None.
REPLICATIONS = None

# What all randomness is derived from. The same settings give the same results, bit for bit, on
# any number of processes; another SEED gives other requests. Default: 1.
SEED = 1

# Run simulations in a pool of processes, and how many: None is one per core. Defaults: False,
# None.
PARALLEL_EXECUTION = True
N_PROCESSES = None

# How processes of the pool are started: "fork", "forkserver", "spawn", or None for what Python
# does on this system. Results are the same. Default: None.
START_METHOD = None

# What runs simulations: "compiled", a hundred times faster, "python", the reference, which gives
# the same results and runs anything, or "auto" for the fastest that runs all parts of an
# experiment. experiment["engine"] says so for one. Default: "auto".
ENGINE = "auto"

# Seconds that one simulation may run for, and may go without processing requests; memory that a
# process of the pool may use, in bytes or as a text such as "4 GB". Default: None, no limit.
JOB_TIMEOUT = None
STALL_TIMEOUT = None
MEMORY_LIMIT = None

# How often a simulation that failed, or lost its process, is started again. Default: 0.
MAX_RETRIES = 0

# Failed simulations after which no more are started. Default: None, run them all.
MAX_FAILURES = None

# How often a simulation puts its state aside, to go on from there after a crash: seconds, a text
# such as "5m", or "never". Default: None, every 5 minutes, first after 10.
CHECKPOINT_EVERY = None

# Whether what experiments have in common that differ only in later events of their timelines is
# run once. Results are the same. Default: True.
SHARE_PREFIXES = True

# Whether what each simulation uses of the machine is metered: True, or how, such as
# {"interval": 0.1, "machine": True}. Default: False.
RESOURCE_METRICS = False

# A function of an experiment that excludes those for which it returns a reason, and functions to
# call as the campaign goes on: campaign_start, before_job, after_job, campaign_end, such as
# HOOKS = {"after_job": lambda event: print(event.job.label, event.outcome.status)}.
# Default: None.
VETO = None
HOOKS = None

# Least level of log messages shown: DEBUG, INFO, WARNING, ERROR or CRITICAL. Default: INFO.
LOG_LEVEL = "INFO"

# Make errors of warnings about the settings.
STRICT = False

# How results are written. There is one way so far. Default: PICKLE.
RESULTS_FORMAT = "PICKLE"

# What is measured: a list of collectors, or, to set options, a mapping of name to options.
# Default: these four with their default options.
#
#   CACHE_HIT_RATIO  share of contents served by caches (and BYTE_HIT_RATIO if sizes are known)
#                    off_path_hits=False, per_node=True, content_hits=False
#   LATENCY          mean time from request to content, in ms;  cdf=False, percentiles=False
#   LINK_LOAD        mean load of internal and external links, in bytes per second
#                    req_size=150, content_size=1500 (bytes)
#   PATH_STRETCH     hops travelled over hops of the shortest path;  cdf=False
#   TIMELINE         all of these and failed requests, in windows over time
#                    window=60.0 (seconds) or {"requests": n}, req_size=150, content_size=1500
#   CACHE_USE        per_node=True: look-ups, insertions, evictions, and how full caches are
#   DUMMY            keeps the latest session, for tests of strategies; gives no results
DATA_COLLECTORS = {
    "CACHE_HIT_RATIO": {"per_node": True},
    "LATENCY": {"cdf": True},
    "LINK_LOAD": {"req_size": 150, "content_size": 1500},
    "PATH_STRETCH": {},
}

# --------------------------------------------------------------------------------------------
# Parameters of this campaign: names of your own, from which the queue is built below.
# --------------------------------------------------------------------------------------------

ALPHA = [0.6, 1.0]
NETWORK_CACHE = [0.002, 0.01]
N_CONTENTS = 10_000
N_WARMUP_REQUESTS = 10_000
N_MEASURED_REQUESTS = 20_000
REQUEST_RATE = 100.0

# --------------------------------------------------------------------------------------------
# What all experiments have. `name` chooses the component of a section, the rest are its parameters.
# --------------------------------------------------------------------------------------------

base = Tree()

# Topology: who is connected to whom, and who requests, stores and originates contents.
#
#   TREE         k, h, delay=1                    complete k-ary tree; root source, leaves receivers
#   PATH         n, delay=1                       line; receiver at one end, source at the other
#   RING         n, delay_int=1, delay_ext=5      ring of n routers, a receiver on each, one source
#   MESH         n, m, delay_int=1, delay_ext=5   full mesh of n routers with receivers, m sources
#   GEANT        path=None                        European academic network
#   GEANT_2      path=None                        the same, caches on the most central routers
#   WIDE         path=None                        Japanese academic network
#   GARR         path=None                        Italian academic network
#   GARR_2       path=None                        the same, with a receiver on every router
#   TISCALI      path=None                        router-level map of Tiscali; needs its file, as
#   TISCALI_2    path=None                        ROCKET_FUEL does
#   ROCKET_FUEL  asn, source_ratio=0.1, ext_delay=34, path=None     RocketFuel map of an ISP; needs
#                                                 the file, by path or in the folder ICARUS_DATA
#   TOPOHUB      map, ...                         any map of topohub, such as "sndlib/germany50"
#   GRAPH        path, ...                        a GraphML, GML, edge-list or CSV file of yours
#
# Delays are in ms. GEANT, WIDE and GARR are those of the Topology Zoo; `path` names another file.
base["topology"] = {"name": "GEANT"}

# Workload: who requests which content, and when.
#
#   STATIONARY    n_contents, alpha, beta=0, rate=1.0, n_warmup=100000, n_measured=400000
#                 independent requests, Zipf popularity of exponent alpha, Poisson arrivals of
#                 `rate` requests per second; beta > 0 makes some receivers ask more than others
#   TRACE_DRIVEN  reqs_file, contents_file=None, n_contents=None, n_warmup=0, n_measured=None,
#                 rate=1.0, beta=0, warmup_ratio=None, content_column=None, time_column=None,
#                 size_column=None, delimiter=None, header=None
#                 format=None, time_unit=None, operation_column=None, operations=None,
#                 count_column=None; requests replayed from a trace; see config/trace_replay.py
#   GLOBETRAFF    reqs_file, contents_file, beta=0, n_warmup=0, n_measured=None
#                 requests made by the generator GlobeTraff
#   YCSB          workload, n_contents, n_warmup, n_measured, alpha=0.99, beta=0, rate=1.0
#                 the Yahoo! Cloud Serving Benchmark, workload "A" to "E"
#
# The first n_warmup requests fill the caches and are not measured.
base["workload"] = {
    "name": "STATIONARY",
    "n_contents": N_CONTENTS,
    "n_warmup": N_WARMUP_REQUESTS,
    "n_measured": N_MEASURED_REQUESTS,
    "rate": REQUEST_RATE,
}

# Content placement: which source originates which content.
#
#   UNIFORM                      each content at a source chosen uniformly at random
#   WEIGHTED  source_weights     ... at random with these weights, a dict from source to weight
base["content_placement"] = {"name": "UNIFORM"}

# Cache placement: how the cache budget is divided over the routers. network_cache, required, is
# the size of all caches together as a fraction of the number of contents. Leave the whole
# section out for a network without caches.
#
#   UNIFORM                      equally
#   DEGREE                       by degree
#   BETWEENNESS_CENTRALITY       by betweenness
#   CONSOLIDATED                 spread=0.5, metric_dict=None, target="top": equally over the
#                                most central half of the routers
#   RANDOM                       n_cache_nodes: equally, on routers drawn at random
#   OPTIMAL_MEDIAN               n_cache_nodes, hit_ratio, weight="delay": where requests take the
#                                least time if each receiver has one cache; for PARTITION
#   OPTIMAL_HASHROUTING          n_cache_nodes, hit_ratio, weight="delay": the same for hash-routing
#   CLUSTERED_HASHROUTING        n_clusters, policy="node_const" or "cluster_const",
#                                distance="delay": routers in clusters, for HR_CLUSTER
base["cache_placement"] = {"name": "UNIFORM"}

# Cache policy: what a cache evicts. Parameters go to every cache.
#
#   LRU           the least recently used content
#   FIFO          the one inserted first
#   RAND          one chosen at random
#   IN_CACHE_LFU  the least frequently used one, counting while it is cached
#   SLRU          segments=2, alloc=None: LRU in segments, a hit promotes to the next one up
#   PERFECT_LFU   the least frequently used one, counting all requests ever
#   CLOCK         bits=1, initial=0: the oldest not hit since its last round; hits give rounds
#   SIEVE         the first one not hit that a hand comes to, going round from old to new
#   S3_FIFO       small=0.1, ghost=0.9, threshold=2, variant="revised": the oldest new one hit less
#                 than twice, which is remembered, or the oldest other one
#   QD_LP_FIFO    small=0.1, ghost=0.9: as S3_FIFO, with a CLOCK for what was hit once
#   CLOCK2Q_PLUS  small=0.1, ghost=0.9: as S3_FIFO, where hits soon after the first do not count
#   TWO_Q         in=0.25, out=0.5: the oldest new one, which is remembered, or LRU of the others
#   ARC           integer_step=False: LRU of those asked for once or more often, by what comes back
#   LIRS          hot=0.99, nonresident=2: the one whose last two requests are furthest apart
#   W_TINYLFU     window=0.01, protected=0.8, adaptive=False: what is asked for less often
#   S4LRU         segments=4: LRU in segments with limits, of the lowest that is not empty
#   K_LRU         k=2, names=None: LRU, entered by what passed k - 1 LRU lists of names
#   LRU_PROB      p=0.5: LRU in which a hit counts with probability p
#   MRU           the most recently used content
#   CLIMB         a hit moves a content up one place, the lowest is evicted
#   MIN           trace: the one needed last, known from a trace file or a list of all requests
#   BELADY        trace: the same, but what is asked for is always stored
#   BELADY_SIZE   trace, samples=128, exact=False: of some, the largest size x time until needed
#   LFU           the one with the fewest requests since it was inserted
#   LFUDA         the same, but counts age: what was popular once leaves in the end
#   LRU_K         k=2, retain=0: the one whose k-th last request is longest ago
#   GDSF          the one with the fewest requests for its size, with age
#   HYPERBOLIC    samples=64: of some drawn, the one with the fewest requests for its time here
#   LHD           samples=32, recent=8, period=2**20: of some drawn, the least hit density
#   LECAR         what LRU or what LFU would evict, by learned weights
#   CACHEUS       contents=None: the same of a scan-resistant LRU and a churn-resistant LFU
#   SHARD         policy="LRU", nodes=4, policy_attr={}: several caches, contents divided by hash
#   NULL          nothing is ever cached
#
# PATH, TREE and ARRAY are systems of several caches for studies without a network; they are
# built from caches, not from settings.
#
# Beside the name of any policy:
#
#   insert        {"p": 0.1}, {"k": 2, "memory": 1000} or {"name": rule, ...}: what is admitted;
#                 rules: PROBABILITY, SECOND_HIT, SIZE, SIZE_PROBABILITY, TINYLFU, ADAPTSIZE
#   ttl           30.0, {"seconds": 30.0, "renew": True} or {"dist": law, ..., "renew": False}:
#                 how long contents are valid, in seconds; laws as of content_size
#   size_change   "keep" or "update": what a hit with another size does to the size that is stored
base["cache_policy"] = {"name": "LRU"}

# Strategy: where a request goes and which caches keep a copy. It varies below.
#
#   NO_CACHE                     straight to the source; the baseline
#   LCE                          leave copy everywhere: every cache on the way back
#   LCD                          leave copy down: the first cache below the one that served
#   PROB_CACHE      t_tw=10      with a probability that grows towards the receiver
#   RAND_BERNOULLI  p=0.2        with the same probability everywhere
#   EDGE                         only the first cache on the way is asked and filled
#   CL4M            use_ego_betw=False   the most central cache on the way back
#   RAND_CHOICE                  one cache on the way back, chosen at random
#   PARTITION                    the one cache of the receiver; needs OPTIMAL_MEDIAN
#   NRR             metacaching="LCE" or "LCD"   the nearest cache that has the content
#   HR_SYMM                      hash-routing: the one cache responsible for the content, through
#                                which it returns
#   HR_ASYMM                     ... and it returns straight, kept only where it passes
#   HR_MULTICAST                 ... and it returns straight and to the cache at once
#   HASHROUTING     routing="SYMM", "ASYMM" or "MULTICAST"   the three by parameter
#   HR_HYBRID_AM    max_stretch=0.2      HR_MULTICAST where the detour is short, else HR_ASYMM
#   HR_HYBRID_SM                 HR_SYMM or HR_MULTICAST, whichever takes fewer hops
#   HR_EDGE_CACHE   routing, edge_cache_ratio    hash-routing, and a cache of its own at the edge
#   HR_ON_PATH      routing, on_path_cache_ratio  hash-routing, and caches of their own on the way
#   HR_CLUSTER      intra_routing, inter_routing="LCE"   hash-routing in each cluster; needs
#                                CLUSTERED_HASHROUTING
STRATEGIES = [
    {"name": "NO_CACHE"},
    {"name": "LCE"},
    {"name": "LCD"},
    {"name": "PROB_CACHE", "t_tw": 10},
    {"name": "RAND_BERNOULLI", "p": 0.2},
    {"name": "EDGE"},
    {"name": "HR_SYMM"},
]

# Timeline, optional: what happens to the network and its requests meanwhile. Each event has a
# moment `at`, seconds of simulated time or {"requests": n}, and a name, `event`:
#
#   link_down, link_up  link          a link is away; it is back. Links are pairs of nodes
#   rewire              link, to      a link lies between two other nodes from now on
#   node_down           node, contents="kept" or "lost"      a node is away, with its cache
#   node_up             node          it is back
#   flush               node=None     its cache is emptied; all are, if none is named
#   resize              node=None, size or factor    its cache, or all, have another size
#   rate                factor        requests come so many times as fast as the workload has them
#   popularity          alpha=None, shuffle=0.0, promote=[]  other contents are popular
#   mark                text=""       nothing: a note for plots over time
#
# such as base["timeline"] = [{"at": 100.0, "event": "link_down", "link": [2, 4]}]. See
# config/link_failures.py, config/flash_crowd.py and config/cache_flush.py.

# Further, optional: base["netconf"]["shortest_path"], a dict of dicts of paths to use in place of
# the shortest ones, and base["desc"], free text. Sections of your own are kept with the results.

# --------------------------------------------------------------------------------------------
# The queue: what varies. `d.product(base, axes)` is a design, in which every value of an axis meets
# every value of the others; the first axis changes slowest. An axis is named by its path in the
# tree of an experiment, and is one of these:
#
#   a list, d.choice(values)      the values; whole sections, too, as STRATEGIES are
#   d.range(start, stop, step=1)  from start in steps up to and including stop
#   d.linspace(lo, hi, n)         n with equal distances, both ends included
#   d.logspace(lo, hi, n)         n with equal ratios; lo and hi are values, not logarithms
#   d.uniform(lo, hi, n)          n drawn at random, all equally likely
#   d.loguniform(lo, hi, n)       n drawn at random, their logarithms equally likely
#   d.normal(mean, sd, n, lo=None, hi=None)    n drawn from a normal distribution, within bounds
#
# round=STEP, which all but the first two take, gives multiples of STEP. What goes together:
#
#   d.zip({path: axis, ...})      first values together, second values together, and so on
#   d.lhs({path: (lo, hi), ...}, n)            n points spread evenly over several axes
#
# and product(base, {...}, zip, lhs, another design) combines all of them. Further arguments:
#
#   derive={"workload.n_warmup": "10 * n_contents"}          what follows from other parameters
#   where={"small": "network_cache < 0.1 or alpha > 0.7"}    what is to hold; others are not run
#   seed=1                                                   what is drawn from
#
# They are expressions, or functions of parameters by these names. d.union and d.concat put designs
# one after the other, d.cover(base, axes) has few points in which all pairs of values meet. Parts
# are design[:10], design.sample(100), design.shard(1, 4), or what `icarus run` takes of a queue by
# --points, --sample and --shard.
#
# Any other iterable of experiments, Trees or nested dicts, is a queue as well.
# --------------------------------------------------------------------------------------------

EXPERIMENT_QUEUE = d.product(
    base,
    {
        "workload.alpha": ALPHA,
        "cache_placement.network_cache": NETWORK_CACHE,
        "strategy": STRATEGIES,
    },
)

# Experiments of other kinds are walks (`icarus.stages`), scenarios, which are functions of a
# controller (`icarus.control`), and cases (`icarus run FOLDER`). The last two have resources:
# Process, Simulation and Trace, and those of your own.
#
# Components of your own may be defined right here, or in a module beside this file that is
# imported here:
#
#     from icarus.models import Strategy
#     from icarus.registry import register_strategy
#
#     @register_strategy("MINE")
#     class Mine(Strategy):
#         def process_event(self, time, receiver, content, log): ...
