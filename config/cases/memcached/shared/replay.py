"""Ask a cache for the contents of a trace, have it keep what it lacks, and count its hits.

An item has 1,000 bytes, so that memcached puts it into a chunk of 1,184, of which 885 go into a
page of 1 MiB. A memory of m MiB has room for m pages, and so for 885 m items.
"""

import json
import socket
import sys
from pathlib import Path

import numpy as np

from icarus.models.cache import LruCache

WARM_UP = 0.2
"""Share of the requests before those that count."""
VALUE = b"x" * 1000


class Memcached:
    """A memcached, over its text protocol."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.answers = self.connection.makefile("rb")

    def get(self, content):
        self.connection.sendall(b"get %08d\r\n" % content)
        if self.answers.readline() == b"END\r\n":
            return False
        # The value, and END.
        self.answers.readline()
        self.answers.readline()
        return True

    def put(self, content):
        self.connection.sendall(b"set %08d 0 0 %d\r\n%b\r\n" % (content, len(VALUE), VALUE))
        answer = self.answers.readline()
        if answer != b"STORED\r\n":
            raise SystemExit(f"memcached: {answer!r}")

    def __len__(self):
        self.connection.sendall(b"stats\r\n")
        told = {}
        while (line := self.answers.readline()) != b"END\r\n":
            _, name, value = line.split()
            told[name] = value
        return int(told[b"curr_items"])


name, items, port, trace, told = sys.argv[1:]
cache = Memcached(int(port)) if name == "memcached" else LruCache(int(items))
requests = np.load(trace).tolist()
first = int(WARM_UP * len(requests))
hits = 0
for number, content in enumerate(requests):
    if cache.get(content):
        hits += number >= first
    else:
        cache.put(content)
found = {"HIT_RATIO": hits / (len(requests) - first), "ITEMS": len(cache)}
Path(told).write_text(json.dumps(found), encoding="utf-8")
