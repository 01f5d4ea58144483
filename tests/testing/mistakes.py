"""Mistakes that people make in components, and the laws that tell them.

They are made in the components of own_components.py.
"""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """A change of one place in a component, and what is said of it."""

    found: str
    put: str
    law: str
    said: str


POLICY = [
    Mistake("return evicted", "return None", "put_keeps", r"put\(.*\) returned None, and what le"),
    Mistake(
        "return evicted", "return evicted or None", "put_keeps", "returned None, and what left"
    ),
    Mistake("return evicted", "return k", "put_keeps", "and what left is nothing"),
    Mistake("return evicted", "return True", "put_keeps", "returned True, and what left"),
    Mistake("if self.get(k):", "if self.get(k) and k:", "put_keeps", "was held already|what left"),
    Mistake(
        "evicted = None\n",
        "evicted = None\n        if len(self) == self.maxlen: return None\n",
        "put_keeps",
        r"did not keep .*may_refuse = True",
    ),
    Mistake(
        "self._contents[k] = True",
        "self._contents[k] = self._contents[len(self)] = True",
        "put_keeps",
        "which nobody put",
    ),
    Mistake("== self.maxlen", "> self.maxlen", "there_are_never", "2 items in 1 places|items in"),
    Mistake(
        "            return False",
        "            self._contents[k] = True; return False",
        "looking_up",
        r"cache.get\(.*\) made",
    ),
    Mistake(
        "        return k in self._contents",
        "        return self.get(k)",
        "has_dump_and_len",
        r"cache.has\(.*\) made|nobody looks at it",
    ),
    Mistake(
        "        return k in self._contents",
        "        return bool(k) and k in self._contents",
        "a_hit_is",
        "what was put and has not left is|held is",
    ),
    Mistake("pop(k, False)", "pop(k, None)", "remove_takes", "returned None; it should be False"),
    Mistake(
        "return self._contents.pop(k, False)",
        "self._contents.clear(); return True",
        "remove_takes",
        "returned True; it should be False",
    ),
    Mistake(
        "return self._contents.pop(k, False)", "return k in self._contents", "remove_takes", "made"
    ),
    Mistake("self._contents.clear()", "pass", "after_clear", "a cleared cache holds"),
    Mistake(
        "return True\n\n",
        "self.hits = getattr(self, 'hits', 0) + 1; return self.hits < 4\n\n",
        "after_clear",
        "in a new cache",
    ),
    Mistake(
        "return list(self._contents)",
        "return reversed(self._contents)",
        "dump_lists",
        "which is no list",
    ),
    Mistake(
        "return list(self._contents)",
        "return list(self._contents) * 2",
        "dump_lists",
        "more than once",
    ),
    Mistake(
        "return list(self._contents)",
        "return sorted(self._contents)",
        "dump_lists",
        "not supported between",
    ),
    Mistake(
        "return list(self._contents)",
        "return list(self._contents)[:2]",
        "dump_lists",
        "has says that held is",
    ),
    Mistake(
        "self._contents = {}", "pass\n    _contents = {}", "a_new_cache", "len is|says that it"
    ),
    Mistake("super().__init__(maxlen)", "super().__init__(maxlen + 1)", "a_new_cache", "maxlen is"),
    Mistake(
        "evicted, _ = self._contents.popitem()",
        "import random; evicted = random.Random().choice(list(self._contents));"
        " del self._contents[evicted]",
        "the_same_seed",
        "the first time",
    ),
    Mistake(
        "evicted, _ = self._contents.popitem()",
        "evicted = next(iter(set(self._contents))); del self._contents[evicted]",
        "nothing_depends_on",
        "in a process with other hashes",
    ),
    Mistake(
        "self._contents = {}", "self._contents = {}; self.key = lambda k: k", "a_pickled", "pickle"
    ),
    Mistake(
        "    def clear",
        "    def __deepcopy__(self, memo):\n        return self\n    def clear",
        "a_copy_goes",
        "in the original",
    ),
]

STRATEGY = [
    Mistake("self.controller.end_session()", "pass", "every_session", "end_session was called 0"),
    Mistake(
        "self.controller.end_session()",
        "self.controller.end_session(); self.controller.end_session()",
        "every_session",
        "end_session was called 2",
    ),
    Mistake("end_session()", "end_session(False)", "every_session", "the session failed"),
    Mistake("start_session(time,", "start_session(0.0,", "every_session", "start_session was told"),
    Mistake(
        "            self.controller.get_content(source)",
        "            pass",
        "one_node_serves",
        "0 nodes served",
    ),
    Mistake(
        "self.controller.get_content(v)",
        "self.view.cache_lookup(v, content)",
        "one_node_serves",
        "0 nodes served",
    ),
    Mistake(
        "                break\n        else:\n            serving_node = source\n            s",
        "        if True:\n            serving_node = source\n            s",
        "one_node_serves",
        "2 nodes served",
    ),
    Mistake(
        "and self.controller.get_content(v):",
        "and (self.controller.get_content(v) or self.controller.get_content(v)):",
        "a_cache_is_asked",
        "was asked 2 times",
    ),
    Mistake(
        "        for u, v in path_links(path):",
        "        self.controller.get_content(path[1])\n        for u, v in path_links(path):",
        "a_cache_is_asked",
        "was asked 2 times",
    ),
    Mistake(
        "forward_request_hop(u, v)",
        "forward_request_hop(v, u)",
        "a_cache_is_asked",
        "has not come by",
    ),
    Mistake(
        "            self.controller.forward_request_hop(u, v)\n",
        "",
        "the_request_walks",
        "the request ended at",
    ),
    Mistake(
        "forward_request_hop(u, v)",
        "forward_request_hop(receiver, v)",
        "the_request_walks",
        "and then goes from|there is no such link",
    ),
    Mistake(
        "        for u, v in path_links(way_back):",
        "        for u, v in [(serving_node, receiver)]:",
        "the_content_walks",
        "there is no such link",
    ),
    Mistake(
        "forward_content_hop(u, v)",
        "forward_content_hop(u, v, main_path=False)",
        "the_content_walks",
        "the content ended at",
    ),
    Mistake(
        "serving_node = v\n",
        "serving_node = v or source\n",
        "the_content_walks",
        "the content was at|the content ended at",
    ),
    Mistake(
        "        self.controller.end_session()",
        "        self.controller.put_content(path[-2])\n        self.controller.end_session()",
        "copies_are_left",
        "has not come by|was given 2 copies",
    ),
    Mistake(
        "self.controller.put_content(v)",
        "self.view.model.cache[v].put(content)",
        "caches_change",
        "should hold",
    ),
    Mistake(
        "        self.controller.end_session()",
        "        [cache.clear() for cache in self.view.model.cache.values()]\n"
        "        self.controller.end_session()",
        "caches_change",
        "should hold",
    ),
    Mistake(
        "way_back = path",
        "[c.get(content) for c in self.view.model.cache.values()]\n        way_back = path",
        "caches_change",
        "should hold",
    ),
    Mistake(
        "put_content(v)",
        "put_content(v); self.view.model.cache[v]._maxlen = 0",
        "no_cache_holds",
        "contents in 0 places",
    ),
    Mistake("put_content(v)", "put_content((v, 'copy'))", "only_nodes", "is no node"),
    Mistake(
        "(time, receiver, content, log)\n        for",
        "(time, receiver, content, True)\n        for",
        "whether_anybody",
        "collectors heard of",
    ),
    Mistake(
        "if v in caches[",
        "if log and v in caches[",
        "whether_anybody",
        "caches hold other contents",
    ),
    Mistake(
        "self.controller.get_content(v):",
        "self.controller.get_content(v) is not None:",
        "caches_that_hold",
        "0 nodes served",
    ),
    Mistake(
        "            if v in caches[",
        "            import random\n            if random.Random().random() < 0.5 and v in caches[",
        "the_same_seed",
        "it was not so in an equal run",
    ),
]

COLLECTOR = [
    Mistake(".total() or 1", ".total()", "without_sessions", "division by zero"),
    Mistake(
        'return {"MEAN": mean, "SHARE": shares}',
        "return [mean, shares]",
        "results_are_a_mapping",
        "which is no mapping",
    ),
    Mistake(
        '"SHARE": shares',
        '"SHARE": self.sessions',
        "results_are_a_mapping",
        "read from a results file",
    ),
    Mistake('"SHARE": shares', '"SHARE": self', "results_are_a_mapping", "read from a results"),
    Mistake(
        '"SHARE": shares',
        '"SHARE": self.__dict__.setdefault("shares", shares)',
        "results_may",
        "having been asked before|asked a second time",
    ),
    Mistake(
        '        return {"MEAN"',
        '        self.sessions.clear()\n        return {"MEAN"',
        "results_may",
        "asked a second time",
    ),
    Mistake(
        "        self.sessions = Counter()\n        self.hops = 0",
        "        self.hops = 0\n\n    sessions = Counter()",
        "collectors_share",
        "when another collector hears of sessions",
    ),
    Mistake(
        "if success:",
        "import random\n        if random.Random().random() < 0.5:",
        "the_same_sessions",
        "hearing of the same sessions",
    ),
    Mistake("self.hops = 0\n\n    def content", "pass\n\n    def content", "the_order", "order"),
    Mistake('"SHARE": shares', '"LAST": self.hops', "the_order", "order_matters = True"),
    Mistake(
        "if success:",
        "assert success, 'it failed'\n        if success:",
        "sessions_that_fail",
        "it failed",
    ),
    Mistake(
        "        if main_path:",
        "        [c.get(0) for c in self.view.model.cache.values()]\n        if main_path:",
        "a_collector_leaves",
        "with the collector caches hold",
    ),
    Mistake(
        "    def results",
        "    def absorb(self, counts):\n"
        "        for hops, n in zip(counts.request_hops, counts.number):\n"
        "            self.sessions[int(hops)] += 2 * int(n)\n\n    def results",
        "sessions_told",
        "told of all at once by absorb",
    ),
]

EVENT_WORKLOAD = [
    Mistake("time += 1.0", "time += 1.0 if content < 4 else -0.5", "times_never", "and request"),
    Mistake("time += 1.0", "time = float('nan')", "times_never", "no finite number"),
    Mistake('"log": log}', '"log": round_number}', "events_have", "which is no bool"),
    Mistake(', "log": log}', "}", "events_have", "it needs receiver, content and log"),
    Mistake('"receiver": receiver', '"receiver": str(receiver)', "receivers_are", "is no node"),
    Mistake('"content": content', '"content": content + 1', "contents_are", "contents lacks"),
    Mistake(
        "self.n_contents = n_contents",
        "self.n_contents = 2 * n_contents",
        "contents_are",
        "n_contents is 10",
    ),
    Mistake("range(1, n_contents + 1)", "[1] * n_contents", "contents_are", "more than once"),
    Mistake("round_number > 0", "round_number == 0", "there_are_as_many", "n_warmup is"),
    Mistake(
        "self.n_rounds = n_rounds",
        "self.n_rounds = n_rounds; self.n_measured = 7",
        "there_are_as_many",
        "n_measured is 7",
    ),
    Mistake(
        "for round_number in range(self.n_rounds):",
        "self.n_rounds -= 1\n        for round_number in range(self.n_rounds + 1):",
        "each_iteration",
        "requests here, and",
    ),
    Mistake(
        "time += 1.0", "import random; time += random.random()", "each_iteration", "the first time"
    ),
    Mistake(
        "time += 1.0",
        "import random; time += random.Random().random()",
        "the_same_seed",
        "in an equal workload",
    ),
]

BATCH_WORKLOAD = [
    Mistake(
        "default_rng(self.seed)", "default_rng(1)", "another_seed", "all requests are the same"
    ),
    Mistake("measured[part])", "measured)", "batches_are_columns", "columns have the shapes"),
    Mistake(
        "contents[part], m", "1.0 * contents[part], m", "batches_are_columns", "is of type float64"
    ),
    Mistake(
        "rng.integers(self.n_contents",
        "1 + rng.integers(self.n_contents",
        "batches_are_columns",
        "contents are .* of",
    ),
    Mistake(
        "return iterate_events(self)",
        "return ((t + 1, e) for t, e in iterate_events(self))",
        "batches_are_the_events",
        "among the events",
    ),
    Mistake(
        "        rng = np",
        "        size = max(size, 3)\n        self.seed = size\n        rng = np",
        "the_size",
        "requests are others",
    ),
    Mistake(
        "self.n_requests = n_warmup + n_measured",
        "self.n_requests = n_measured",
        "there_are_as_many",
        "n_measured is",
    ),
]
