#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds a timeline against what its two viewers do with it when they read it.

usage: timeline_rules.py FILE. Prints what is broken; exit code 1 if anything is.

Perfetto and chrome://tracing both count in whole nanoseconds (chrome only in a file that says so).
Perfetto makes them of the microseconds in the file by cutting off or by rounding, depending on its
version; slices of one thread that overlap without one holding the other are errors or are dropped;
an arrow is tied to the slice that is open at its time on its thread, edges being those of the
neighbour; rows are sorted by thread_sort_index.
"""

import json
import math
import sys


def importers():
    """How microseconds become nanoseconds."""
    return (("cut off", lambda us: int(us * 1000.0)),
            ("rounded", lambda us: math.floor(us * 1000.0 + 0.5)))


class Rules:
    def __init__(self, timeline):
        self.broken = []
        self.require(isinstance(timeline, dict), "the file is no object")
        if self.broken:
            return
        self.require(timeline.get("displayTimeUnit") == "ns", "displayTimeUnit is not ns")
        self.events = timeline["traceEvents"]
        self.names, self.order = {}, {}
        for event in self.events:
            if event["ph"] == "M" and event["name"] == "thread_name":
                self.names[event["tid"]] = event["args"]["name"]
            elif event["ph"] == "M" and event["name"] == "thread_sort_index":
                self.order[event["tid"]] = event["args"]["sort_index"]
        for importer, nanoseconds in importers():
            self.slices = {}
            self.read_slices(nanoseconds)
            self.nested(importer)
            self.arrows_inside(importer, nanoseconds)
        self.rows_below_their_module()

    def require(self, condition, text):
        if not condition:
            self.broken.append(text)

    def read_slices(self, nanoseconds):
        for event in self.events:
            self.require(event["ph"] in "MXCsf", f"event {event}")
            if event["ph"] != "X":
                continue
            begin, length = nanoseconds(event["ts"]), nanoseconds(event["dur"])
            self.require(begin >= 0 and length >= 0, f"time of {event}")
            self.require(event["tid"] in self.names, f"a thread without a name: {event}")
            self.slices.setdefault(event["tid"], []).append((begin, -length, event["name"]))

    def nested(self, importer):
        for thread, slices in self.slices.items():
            slices.sort()
            open_until = []
            for begin, minus_length, name in slices:
                end = begin - minus_length
                while open_until and open_until[-1] <= begin:
                    open_until.pop()
                self.require(not open_until or end <= open_until[-1],
                             f"{importer}: {name} at {begin} ns overlaps on {self.names[thread]}")
                open_until.append(end)

    def arrows_inside(self, importer, nanoseconds):
        ends = {"s": {}, "f": {}}
        for event in self.events:
            if event["ph"] not in ends:
                continue
            at = nanoseconds(event["ts"])
            inside = [name for begin, minus_length, name in self.slices.get(event["tid"], [])
                      if begin < at < begin - minus_length]
            self.require(inside, f"{importer}: arrow {event['id']} {event['ph']} at {at} ns is "
                         f"inside no slice of {self.names[event['tid']]}")
            self.require(event["id"] not in ends[event["ph"]], f"arrow {event['id']} twice")
            ends[event["ph"]][event["id"]] = at
            self.require(event["ph"] == "s" or event.get("bp") == "e",
                         f"arrow {event['id']} ends at the next slice")
        self.require(set(ends["f"]) <= set(ends["s"]), "an arrow without a start")
        for number, at in ends["f"].items():
            self.require(ends["s"].get(number, at) <= at, f"arrow {number} goes back in time")

    def rows_below_their_module(self):
        by_name = {name: self.order.get(thread) for thread, name in self.names.items()}
        self.require(None not in by_name.values(), "a row without a place")
        rows = sorted(by_name, key=by_name.get)
        for row in rows:
            module = row.rpartition(".")[0]
            while module and module not in by_name:
                module = module.rpartition(".")[0]
            if not module:
                continue
            between = rows[rows.index(module) + 1:rows.index(row)]
            self.require(by_name[module] < by_name[row] and
                         all(other.startswith(module + ".") for other in between),
                         f"row {row} is not below {module}")


def broken_rules(path):
    with open(path, encoding="utf-8") as file:
        return Rules(json.load(file)).broken


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    broken = broken_rules(sys.argv[1])
    for text in broken[:20]:
        print(text)
    print(f"{len(broken)} rules broken")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
