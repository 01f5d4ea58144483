"""The interface of Icarus 0.8 as tables: modules, names, registry ids and signatures."""

from __future__ import annotations

MODULES = (
    *("icarus", "icarus.main", "icarus.release", "icarus.registry", "icarus.runner"),
    *("icarus.orchestration", "icarus.util"),
    *("icarus.execution", "icarus.execution.network", "icarus.execution.collectors"),
    *("icarus.execution.engine", "icarus.models", "icarus.models.cache"),
    *("icarus.models.cache.policies", "icarus.models.cache.systems", "icarus.models.strategy"),
    *("icarus.models.strategy.base", "icarus.models.strategy.onpath"),
    *("icarus.models.strategy.offpath", "icarus.models.strategy.hashrouting"),
    *("icarus.scenarios", "icarus.scenarios.topology", "icarus.scenarios.workload"),
    *("icarus.scenarios.contentplacement", "icarus.scenarios.cacheplacement"),
    *("icarus.scenarios.algorithms", "icarus.results", "icarus.results.readwrite"),
    *("icarus.results.plot", "icarus.results.visualize", "icarus.tools", "icarus.tools.stats"),
    *("icarus.tools.cacheperf", "icarus.tools.traces"),
)

POLICIES = (
    "LinkedSet Cache NullCache BeladyMinCache LruCache SegmentedLruCache InCacheLfuCache "
    "PerfectLfuCache FifoCache ClimbCache RandEvictionCache insert_after_k_hits_cache "
    "rand_insert_cache keyval_cache ttl_cache"
)
SYSTEMS = "PathCache TreeCache ArrayCache ShardedCache"
BASE = "Strategy NoCache"
HASHROUTING = (
    "Hashrouting HashroutingEdge HashroutingOnPath HashroutingClustered HashroutingSymmetric "
    "HashroutingAsymmetric HashroutingMulticast HashroutingHybridAM HashroutingHybridSM"
)
ON_PATH = (
    "Partition Edge LeaveCopyEverywhere LeaveCopyDown ProbCache CacheLessForMore "
    "RandomBernoulli RandomChoice"
)
OFF_PATH = "NearestReplicaRouting"
STRATEGIES = f"{BASE} {HASHROUTING} {ON_PATH} {OFF_PATH}"
COLLECTORS = (
    "DataCollector CollectorProxy LinkLoadCollector LatencyCollector CacheHitRatioCollector "
    "PathStretchCollector DummyCollector"
)
TOPOLOGIES = (
    "IcnTopology topology_tree topology_path topology_ring topology_mesh topology_geant "
    "topology_tiscali topology_wide topology_garr topology_rocketfuel_latency"
)
CACHE_PLACEMENTS = (
    "uniform_cache_placement degree_centrality_cache_placement "
    "betweenness_centrality_cache_placement uniform_consolidated_cache_placement "
    "random_cache_placement optimal_median_cache_placement "
    "optimal_hashrouting_cache_placement clustered_hashrouting_cache_placement"
)
CONTENT_PLACEMENTS = "uniform_content_placement weighted_content_placement"
WORKLOADS = "StationaryWorkload GlobetraffWorkload TraceDrivenWorkload YCSBWorkload"
ALGORITHMS = "pam extract_cluster_level_topology deploy_clusters compute_clusters compute_p_median"
READWRITE = "ResultSet write_results_pickle read_results_pickle"
PLOTS = "plot_lines plot_bar_chart plot_cdf"
DRAWINGS = "draw_stack_deployment draw_network_load"
STATS = (
    "DiscreteDist TruncatedZipfDist means_confidence_interval proportions_confidence_interval "
    "cdf pdf"
)
CACHEPERF = (
    "fagin_characteristic_time fagin_per_content_cache_hit_ratio fagin_cache_hit_ratio "
    "che_characteristic_time che_per_content_cache_hit_ratio che_cache_hit_ratio "
    "che_characteristic_time_simplified che_per_content_cache_hit_ratio_simplified "
    "che_cache_hit_ratio_simplified che_characteristic_time_generalized "
    "che_per_content_cache_hit_ratio_generalized che_cache_hit_ratio_generalized "
    "laoutaris_characteristic_time laoutaris_per_content_cache_hit_ratio "
    "laoutaris_cache_hit_ratio optimal_cache_hit_ratio numeric_per_content_cache_hit_ratio "
    "numeric_cache_hit_ratio numeric_cache_hit_ratio_2_layers trace_driven_cache_hit_ratio "
    "hashrouting_model hashrouting_model_mesh hashrouting_model_ring"
)
TRACES = (
    "frequencies one_timers trace_stats zipf_fit parse_url_list parse_wikibench parse_squid "
    "parse_youtube_umass parse_common_log_format"
)

EXPORTS = {
    "icarus.models.cache.policies": POLICIES,
    "icarus.models.cache.systems": SYSTEMS,
    "icarus.models.cache": f"{POLICIES} {SYSTEMS}",
    "icarus.models.strategy.base": BASE,
    "icarus.models.strategy.hashrouting": HASHROUTING,
    "icarus.models.strategy.onpath": ON_PATH,
    "icarus.models.strategy.offpath": OFF_PATH,
    "icarus.models.strategy": STRATEGIES,
    "icarus.models": f"{POLICIES} {SYSTEMS} {STRATEGIES}",
    "icarus.execution.network": "NetworkModel NetworkView NetworkController",
    "icarus.execution.collectors": COLLECTORS,
    "icarus.execution.engine": "exec_experiment",
    "icarus.execution": (
        f"NetworkModel NetworkView NetworkController {COLLECTORS} exec_experiment"
    ),
    "icarus.scenarios.topology": TOPOLOGIES,
    "icarus.scenarios.cacheplacement": CACHE_PLACEMENTS,
    "icarus.scenarios.contentplacement": CONTENT_PLACEMENTS,
    "icarus.scenarios.workload": WORKLOADS,
    "icarus.scenarios.algorithms": ALGORITHMS,
    "icarus.scenarios": (
        f"{TOPOLOGIES} {CACHE_PLACEMENTS} {CONTENT_PLACEMENTS} {WORKLOADS} {ALGORITHMS}"
    ),
    "icarus.results.readwrite": READWRITE,
    "icarus.results.plot": PLOTS,
    "icarus.results.visualize": DRAWINGS,
    "icarus.results": f"{READWRITE} {PLOTS} {DRAWINGS}",
    "icarus.tools.stats": STATS,
    "icarus.tools.cacheperf": CACHEPERF,
    "icarus.tools.traces": TRACES,
    "icarus.tools": f"{STATS} {CACHEPERF} {TRACES}",
    "icarus.util": (
        "Settings AnyValue SequenceNumber Tree config_logging inheritdoc timestr iround "
        "step_cdf overlay_betweenness_centrality path_links multicast_tree apportionment"
    ),
}
"""What the star import of a module gives."""

BY_PATH = {
    "icarus": (
        "run release models execution scenarios results tools registry runner orchestration "
        f"util __version__ __author__ __license__ {POLICIES} {SYSTEMS} {STRATEGIES} {STATS} "
        f"{CACHEPERF} {TRACES}"
    ),
    "icarus.models": "cache strategy",
    "icarus.models.cache": "policies systems",
    "icarus.models.cache.policies": "ttl_keyval_cache",
    "icarus.models.strategy": "base onpath offpath hashrouting",
    "icarus.models.strategy.hashrouting": "BaseHashrouting",
    "icarus.execution": "network collectors engine",
    "icarus.execution.network": "symmetrify_paths",
    "icarus.scenarios": ("topology workload contentplacement cacheplacement algorithms"),
    "icarus.scenarios.topology": (
        "topology_geant2 topology_garr2 topology_tiscali2 largest_connected_component_subgraph "
        "TOPOLOGY_RESOURCES_DIR INTERNAL_LINK_DELAY EXTERNAL_LINK_DELAY"
    ),
    "icarus.scenarios.contentplacement": "apply_content_placement get_sources",
    "icarus.tools.cacheperf": "che_p_in_func",
    "icarus.results": "readwrite plot visualize",
    "icarus.results.visualize": "stack_map COLORMAP",
    "icarus.results.plot": "LEGEND_SIZE PLOT_EMPTY_GRAPHS BW_COLOR_CATALOGUE HATCH_CATALOGUE",
    "icarus.release": (
        "author author_email maintainer maintainer_email version license_short license_long "
        "description_short description_long url download_url"
    ),
    "icarus.orchestration": "Orchestrator run_scenario",
    "icarus.runner": "run handler _validate_settings",
    "icarus.main": ("main run results merge_results print_results read write CONTEXT_SETTINGS"),
    "icarus.registry": (
        "CACHE_POLICY STRATEGY TOPOLOGY_FACTORY CACHE_PLACEMENT CONTENT_PLACEMENT WORKLOAD "
        "DATA_COLLECTOR RESULTS_READER RESULTS_WRITER register_decorator register_cache_policy "
        "register_strategy register_topology_factory register_cache_placement "
        "register_content_placement register_workload register_data_collector "
        "register_results_reader register_results_writer"
    ),
}
"""Names that a module has beside those of its star import."""

IDS = {
    "CACHE_POLICY": (
        "NULL MIN LRU SLRU IN_CACHE_LFU PERFECT_LFU FIFO CLIMB RAND PATH TREE ARRAY SHARD"
    ),
    "STRATEGY": (
        "NO_CACHE LCE LCD PROB_CACHE CL4M RAND_BERNOULLI RAND_CHOICE EDGE PARTITION NRR "
        "HASHROUTING HR_SYMM HR_ASYMM HR_MULTICAST HR_HYBRID_AM HR_HYBRID_SM HR_EDGE_CACHE "
        "HR_ON_PATH HR_CLUSTER"
    ),
    "TOPOLOGY_FACTORY": (
        "TREE PATH RING MESH GEANT GEANT_2 TISCALI TISCALI_2 WIDE GARR GARR_2 ROCKET_FUEL"
    ),
    "CACHE_PLACEMENT": (
        "UNIFORM DEGREE BETWEENNESS_CENTRALITY CONSOLIDATED RANDOM OPTIMAL_MEDIAN "
        "OPTIMAL_HASHROUTING CLUSTERED_HASHROUTING"
    ),
    "CONTENT_PLACEMENT": "UNIFORM WEIGHTED",
    "WORKLOAD": "STATIONARY GLOBETRAFF TRACE_DRIVEN YCSB",
    "DATA_COLLECTOR": "CACHE_HIT_RATIO LATENCY LINK_LOAD PATH_STRETCH DUMMY",
    "RESULTS_READER": "PICKLE",
    "RESULTS_WRITER": "PICKLE",
}

CACHES = (
    *("Null", "BeladyMin", "Lru", "SegmentedLru", "InCacheLfu", "PerfectLfu", "Fifo", "Climb"),
    "RandEviction",
)
CACHE_METHODS = {"has": "k", "get": "k", "put": "k", "remove": "k", "dump": "", "clear": ""}

SIGNATURES = {
    "icarus.registry": {
        "register_decorator": "register",
        "register_cache_policy": "name",
        "register_strategy": "name",
        "register_topology_factory": "name",
        "register_cache_placement": "name",
        "register_content_placement": "name",
        "register_workload": "name",
        "register_data_collector": "name",
        "register_results_reader": "name",
        "register_results_writer": "name",
    },
    "icarus.util": {
        "config_logging": "log_level='INFO'",
        "inheritdoc": "cls",
        "timestr": "sec, with_seconds=True",
        "iround": "x",
        "step_cdf": "x, y",
        "overlay_betweenness_centrality": (
            "topology, origins=None, destinations=None, normalized=True, endpoints=False"
        ),
        "path_links": "path",
        "multicast_tree": "shortest_paths, source, destinations",
        "apportionment": "n, fracs",
        "Tree": "data=None, **attr",
        "Tree.update": "e",
        "Tree.paths": "",
        "Tree.getval": "path",
        "Tree.setval": "path, val",
        "Tree.dict": "str_keys=False",
        "Tree.match": "condition",
        "Settings": "",
        "Settings.get": "n",
        "Settings.set": "n, v",
        "Settings.freeze": "",
        "Settings.read_from": "path, freeze=False",
        "AnyValue": "",
        "SequenceNumber": "initval=1",
        "SequenceNumber.assign": "",
        "SequenceNumber.current": "",
    },
    "icarus.runner": {
        "run": "config_file, output, config_override",
        "handler": "settings, orch, output, signum=None, frame=None",
        "_validate_settings": "settings, freeze=True",
    },
    "icarus.orchestration": {
        "Orchestrator": "settings, summary_freq=4",
        "Orchestrator.run": "",
        "Orchestrator.stop": "",
        "Orchestrator.experiment_callback": "args",
        "Orchestrator.error_callback": "msg",
        "run_scenario": "settings, params, curr_exp, n_exp",
    },
    "icarus.execution.network": {
        "NetworkModel": "topology, cache_policy, shortest_path=None",
        "NetworkView": "model",
        "NetworkView.content_locations": "k",
        "NetworkView.content_source": "k",
        "NetworkView.shortest_path": "s, t",
        "NetworkView.all_pairs_shortest_paths": "",
        "NetworkView.cluster": "v",
        "NetworkView.link_type": "u, v",
        "NetworkView.link_delay": "u, v",
        "NetworkView.topology": "",
        "NetworkView.cache_nodes": "size=False",
        "NetworkView.has_cache": "node",
        "NetworkView.cache_lookup": "node, content",
        "NetworkView.local_cache_lookup": "node, content",
        "NetworkView.cache_dump": "node",
        "NetworkController": "model",
        "NetworkController.attach_collector": "collector",
        "NetworkController.detach_collector": "",
        "NetworkController.start_session": "timestamp, receiver, content, log",
        "NetworkController.forward_request_path": "s, t, path=None, main_path=True",
        "NetworkController.forward_content_path": "u, v, path=None, main_path=True",
        "NetworkController.forward_request_hop": "u, v, main_path=True",
        "NetworkController.forward_content_hop": "u, v, main_path=True",
        "NetworkController.put_content": "node",
        "NetworkController.get_content": "node",
        "NetworkController.remove_content": "node",
        "NetworkController.end_session": "success=True",
        "NetworkController.rewire_link": "u, v, up, vp, recompute_paths=True",
        "NetworkController.remove_link": "u, v, recompute_paths=True",
        "NetworkController.restore_link": "u, v, recompute_paths=True",
        "NetworkController.remove_node": "v, recompute_paths=True",
        "NetworkController.restore_node": "v, recompute_paths=True",
        "NetworkController.reserve_local_cache": "ratio=0.1",
        "NetworkController.get_content_local_cache": "node",
        "NetworkController.put_content_local_cache": "node",
        "symmetrify_paths": "shortest_paths",
    },
    "icarus.execution.engine": {
        "exec_experiment": "topology, workload, netconf, strategy, cache_policy, collectors",
    },
    "icarus.execution.collectors": {
        "DataCollector": "view, **params",
        **{
            f"{collector}.{event}": arguments
            for collector in ("DataCollector", "CollectorProxy")
            for event, arguments in {
                "start_session": "timestamp, receiver, content",
                "cache_hit": "node",
                "cache_miss": "node",
                "server_hit": "node",
                "request_hop": "u, v, main_path=True",
                "content_hop": "u, v, main_path=True",
                "end_session": "success=True",
                "results": "",
            }.items()
        },
        "CollectorProxy": "view, collectors",
        "LinkLoadCollector": "view, req_size=150, content_size=1500",
        "LatencyCollector": "view, cdf=False",
        "CacheHitRatioCollector": ("view, off_path_hits=False, per_node=True, content_hits=False"),
        "PathStretchCollector": "view, cdf=False",
        "DummyCollector": "view",
        "DummyCollector.session_summary": "",
    },
    "icarus.models.cache.policies": {
        "Cache": "maxlen, *args, **kwargs",
        **{
            f"{policy}.{method}": arguments
            for policy in ("Cache", *(f"{name}Cache" for name in CACHES))
            for method, arguments in CACHE_METHODS.items()
        },
        "Cache.do": "op, k, *args, **kwargs",
        "NullCache": "maxlen=0, *args, **kwargs",
        "LruCache": "maxlen, **kwargs",
        "SegmentedLruCache": "maxlen, segments=2, alloc=None, *args, **kwargs",
        "SegmentedLruCache.dump": "serialized=True",
        "Cache.__len__": "",
        "InCacheLfuCache": "maxlen, *args, **kwargs",
        "PerfectLfuCache": "maxlen, *args, **kwargs",
        "FifoCache": "maxlen, *args, **kwargs",
        "ClimbCache": "maxlen, *args, **kwargs",
        "RandEvictionCache": "maxlen, *args, **kwargs",
        "BeladyMinCache": "maxlen, trace, **kwargs",
        **{
            f"{policy}.position": "k"
            for policy in ("LruCache", "SegmentedLruCache", "FifoCache", "ClimbCache")
        },
        "LinkedSet": "iterable=[]",
        "LinkedSet.pop_top": "",
        "LinkedSet.pop_bottom": "",
        "LinkedSet.append_top": "k",
        "LinkedSet.append_bottom": "k",
        "LinkedSet.move_up": "k",
        "LinkedSet.move_down": "k",
        "LinkedSet.move_to_top": "k",
        "LinkedSet.move_to_bottom": "k",
        "LinkedSet.insert_above": "i, k",
        "LinkedSet.insert_below": "i, k",
        "LinkedSet.index": "k",
        "LinkedSet.remove": "k",
        "LinkedSet.clear": "",
        "insert_after_k_hits_cache": "cache, k=2, memory=None",
        "rand_insert_cache": "cache, p, seed=None",
        "keyval_cache": "cache",
        "ttl_cache": "cache, f_time",
    },
    "icarus.models.cache.systems": {
        "PathCache": "caches, **kwargs",
        "TreeCache": "leaf_caches, root_cache, **kwargs",
        "ArrayCache": "caches, weights=None, **kwargs",
        "ShardedCache": "maxlen, policy='LRU', nodes=4, f_map=None, policy_attr={}, **kwargs",
        **{
            f"{system}.{method}": arguments
            for system in ("PathCache", "TreeCache", "ArrayCache", "ShardedCache")
            for method, arguments in {**CACHE_METHODS, "dump": "serialized=True"}.items()
        },
        **{f"{system}.position": "k" for system in ("PathCache", "TreeCache", "ArrayCache")},
    },
    "icarus.models.strategy": {
        "Strategy": "view, controller, **kwargs",
        "Strategy.process_event": "time, receiver, content, log",
        "NoCache": "view, controller, **kwargs",
        "LeaveCopyEverywhere": "view, controller, **kwargs",
        "LeaveCopyDown": "view, controller, **kwargs",
        "ProbCache": "view, controller, t_tw=10",
        "CacheLessForMore": "view, controller, use_ego_betw=False, **kwargs",
        "RandomBernoulli": "view, controller, p=0.2, **kwargs",
        "RandomChoice": "view, controller, **kwargs",
        "Edge": "view, controller",
        "Partition": "view, controller",
        "NearestReplicaRouting": (
            "view, controller, metacaching, implementation='ideal', radius=4, **kwargs"
        ),
        "Hashrouting": "view, controller, routing, **kwargs",
        "HashroutingSymmetric": "view, controller, **kwargs",
        "HashroutingAsymmetric": "view, controller, **kwargs",
        "HashroutingMulticast": "view, controller, **kwargs",
        "HashroutingHybridAM": "view, controller, max_stretch=0.2, **kwargs",
        "HashroutingHybridSM": "view, controller, **kwargs",
        "HashroutingEdge": "view, controller, routing, edge_cache_ratio, **kwargs",
        "HashroutingOnPath": "view, controller, routing, on_path_cache_ratio, **kwargs",
        "HashroutingClustered": ("view, controller, intra_routing, inter_routing='LCE', **kwargs"),
    },
    "icarus.models.strategy.hashrouting": {
        "BaseHashrouting.authoritative_cache": "content, cluster=None",
    },
    "icarus.scenarios.topology": {
        "IcnTopology": "data=None, name='', **kwargs",
        "IcnTopology.cache_nodes": "",
        "IcnTopology.sources": "",
        "IcnTopology.receivers": "",
        "topology_tree": "k, h, delay=1, **kwargs",
        "topology_path": "n, delay=1, **kwargs",
        "topology_ring": "n, delay_int=1, delay_ext=5, **kwargs",
        "topology_mesh": "n, m, delay_int=1, delay_ext=5, **kwargs",
        "topology_geant": "**kwargs",
        "topology_geant2": "**kwargs",
        "topology_wide": "**kwargs",
        "topology_garr": "**kwargs",
        "topology_garr2": "**kwargs",
        "topology_tiscali": "**kwargs",
        "topology_tiscali2": "**kwargs",
        "topology_rocketfuel_latency": "asn, source_ratio=0.1, ext_delay=34, **kwargs",
        "largest_connected_component_subgraph": "topology",
    },
    "icarus.scenarios.cacheplacement": {
        "uniform_cache_placement": "topology, cache_budget, **kwargs",
        "degree_centrality_cache_placement": "topology, cache_budget, **kwargs",
        "betweenness_centrality_cache_placement": "topology, cache_budget, **kwargs",
        "uniform_consolidated_cache_placement": (
            "topology, cache_budget, spread=0.5, metric_dict=None, target='top', **kwargs"
        ),
        "random_cache_placement": "topology, cache_budget, n_cache_nodes, seed=None, **kwargs",
        "optimal_median_cache_placement": (
            "topology, cache_budget, n_cache_nodes, hit_ratio, weight='delay', **kwargs"
        ),
        "optimal_hashrouting_cache_placement": (
            "topology, cache_budget, n_cache_nodes, hit_ratio, weight='delay', **kwargs"
        ),
        "clustered_hashrouting_cache_placement": (
            "topology, cache_budget, n_clusters, policy, distance='delay', **kwargs"
        ),
    },
    "icarus.scenarios.contentplacement": {
        "uniform_content_placement": "topology, contents, seed=None",
        "weighted_content_placement": "topology, contents, source_weights, seed=None",
    },
    "icarus.scenarios.workload": {
        "StationaryWorkload": (
            "topology, n_contents, alpha, beta=0, rate=1.0, n_warmup=100000, "
            "n_measured=400000, seed=None, **kwargs"
        ),
        "GlobetraffWorkload": "topology, reqs_file, contents_file, beta=0, **kwargs",
        "TraceDrivenWorkload": (
            "topology, reqs_file, contents_file, n_contents, n_warmup, n_measured, rate=1.0, "
            "beta=0, **kwargs"
        ),
        "YCSBWorkload": (
            "workload, n_contents, n_warmup, n_measured, alpha=0.99, seed=None, **kwargs"
        ),
    },
    "icarus.scenarios.algorithms": {
        "pam": "distances, k, n_iter=10",
        "compute_p_median": "distances, p, n_iter=20",
        "compute_clusters": "topology, k, distance='delay', nbunch=None, n_iter=10",
        "deploy_clusters": "topology, clusters, assign_src_rcv=True",
        "extract_cluster_level_topology": "topology",
    },
    "icarus.results": {
        "ResultSet": "attr=None",
        "ResultSet.add": "parameters, results",
        "ResultSet.dump": "",
        "ResultSet.json": "indent=None",
        "ResultSet.prettyprint": "",
        "ResultSet.filter": "condition",
        "write_results_pickle": "results, path",
        "read_results_pickle": "path",
        "plot_lines": "resultset, desc, filename, plotdir",
        "plot_bar_chart": "resultset, desc, filename, plotdir",
        "plot_cdf": "resultset, desc, filename, plotdir",
        "draw_stack_deployment": "topology, filename, plotdir",
        "draw_network_load": "topology, result, filename, plotdir",
    },
    "icarus.tools.stats": {
        "DiscreteDist": "pdf, seed=None",
        "DiscreteDist.rv": "",
        "TruncatedZipfDist": "alpha=1.0, n=1000, seed=None",
        "means_confidence_interval": "data, confidence=0.95",
        "proportions_confidence_interval": "data, confidence",
        "cdf": "data",
        "pdf": "data, n_bins",
    },
    "icarus.tools.cacheperf": {
        "fagin_characteristic_time": "pdf, cache_size",
        "fagin_per_content_cache_hit_ratio": "pdf, cache_size, target=None",
        "fagin_cache_hit_ratio": "pdf, cache_size",
        "che_characteristic_time": "pdf, cache_size, target=None",
        "che_per_content_cache_hit_ratio": "pdf, cache_size, target=None",
        "che_cache_hit_ratio": "pdf, cache_size",
        "che_characteristic_time_simplified": "pdf, cache_size",
        "che_per_content_cache_hit_ratio_simplified": "pdf, cache_size, target=None",
        "che_cache_hit_ratio_simplified": "pdf, cache_size",
        "che_characteristic_time_generalized": "pdf, cache_size, policy, **policy_args",
        "che_per_content_cache_hit_ratio_generalized": "pdf, cache_size, policy, **policy_args",
        "che_cache_hit_ratio_generalized": "pdf, cache_size, policy='LRU', **policy_args",
        "laoutaris_characteristic_time": "alpha, population, cache_size, order=3",
        "laoutaris_per_content_cache_hit_ratio": (
            "alpha, population, cache_size, order=3, target=None"
        ),
        "laoutaris_cache_hit_ratio": "alpha, population, cache_size, order=3",
        "optimal_cache_hit_ratio": "pdf, cache_size",
        "numeric_per_content_cache_hit_ratio": (
            "pdf, cache, warmup=None, measure=None, seed=None, target=None"
        ),
        "numeric_cache_hit_ratio": "pdf, cache, warmup=None, measure=None, seed=None",
        "numeric_cache_hit_ratio_2_layers": (
            "pdf, l1_cache, l2_cache, warmup=None, measure=None, seed=None"
        ),
        "trace_driven_cache_hit_ratio": "workload, cache, warmup_ratio=0.25",
        "hashrouting_model": (
            "topology, routing, hit_ratio, source_content_ratio, req_rates, paths=None"
        ),
        "hashrouting_model_mesh": "n, m, h, delay_int, delay_ext",
        "hashrouting_model_ring": "n, h, delay_int, delay_ext",
    },
    "icarus.tools.traces": {
        "frequencies": "data",
        "one_timers": "data",
        "trace_stats": "data",
        "zipf_fit": "obs_freqs, need_sorting=False",
        "parse_url_list": "path",
        "parse_wikibench": "path",
        "parse_squid": "path",
        "parse_youtube_umass": "path",
        "parse_common_log_format": "path",
    },
}
"""From module to the parameters of its callables; those of methods without ``self``."""

PROPERTIES = {
    "icarus.util": ("Tree.empty", "Settings.frozen"),
    "icarus.models.cache.policies": ("Cache.maxlen", "LinkedSet.top", "LinkedSet.bottom"),
    "icarus.tools.stats": (*("DiscreteDist.pdf", "DiscreteDist.cdf", "TruncatedZipfDist.alpha"),),
}

STRICT = ("EDGE", "PARTITION", "PROB_CACHE")
"""Strategies that refuse parameters they do not know."""

ATTRIBUTES = {
    "strategy NO_CACHE": "view controller",
    "strategy PROB_CACHE": "t_tw cache_size",
    "strategy CL4M": "betw",
    "strategy HR_HYBRID_AM": "max_stretch",
    "strategy HR_SYMM": "cache_nodes n_cache_nodes cache_assignment",
    "strategy HR_CLUSTER": "cache_nodes n_cache_nodes cache_assignment clusters cluster_size",
    "STATIONARY": (
        "receivers zipf n_contents contents alpha rate n_warmup n_measured beta __iter__"
    ),
    "YCSB": "__iter__",
    "SLRU": "_segment_maxlen maxlen __len__",
    "SHARD": "f_map maxlen __len__",
    "ARRAY": "select_cache maxlen __len__",
    "PATH": "maxlen __len__",
    "k hits": "_metacache_hits _metacache_queue",
    "key and value": "value",
    "time to live": "purge expiry f_time",
    "LinkedSet": "_top _bottom __len__ __contains__ __reversed__ __iter__ __str__",
    "node of LinkedSet": "val up down",
    "DUMMY": "view session session_summary",
    "proxy": "view collectors EVENTS",
    "Orchestrator": "settings results seq exp_durations n_success n_fail summary_freq",
    "ResultSet": "attr __len__ __iter__ __getitem__ __add__",
    "IcnTopology": "node adj graph stacks delays weights",
}
"""Attributes of instances, by what these are; ``test_api`` builds them."""
