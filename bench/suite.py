"""The command line that all of bench/run, commit_to_running, rollout, remove and footprint are."""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import measures
import report
from peers import LANES
from testbed import BINARY_FOLDER, PROBES

UPDATE = ("update", "replace")
# name -> (what it says of itself, (count, steps) of a round, steps that it prints)
TIMED = {
    "commit_to_running": ("from `git commit` until the last container has started",
                          [(1, ()), (20, ()), (50, ())], ("start",)),
    "rollout": ("a rolling update, start-first, a quarter at a time; and a killed container until it is back",
                [(20, UPDATE)], UPDATE),
    "remove": ("from `git commit` until the last container is gone", [(50, ())], ("remove",)),
    "run": ("everything", [(1, ()), (20, UPDATE), (50, ())], ("start", "update", "replace", "remove")),
}
FOOTPRINT = "memory and idle CPU of the processes, and the size of the program"
SMOKE_PODS = 2


def options_of(name, words):
    about = TIMED[name][0] if name in TIMED else FOOTPRINT
    parser = argparse.ArgumentParser(prog=f"bench/{name}", description=f"Measures {about}. Needs root and a release build.")
    if name in TIMED:
        parser.add_argument("--runs", type=int, default=7, help="rounds (7)")
        parser.add_argument("--minutes", type=int, default=60, help="after which no further round begins (60)")
        parser.add_argument("--replicas", type=int, nargs="+", help="other counts of replicas")
        parser.add_argument("--lanes", type=int, nargs="+", default=LANES,
                            help="calls in flight that the floors are tried with (1 2 4 8)")
        parser.add_argument("--no-swarm", dest="swarm", action="store_false", help="without Docker Swarm mode")
        parser.add_argument("--swarm-network", choices=("none", "host", "bridge"), default="none",
                            help="none: loopback alone, in a namespace (default); bridge: an address for each task")
        parser.add_argument("--probe", choices=sorted(PROBES), default="none",
                            help="readiness probes and health checks, a second apart: by a command, or by HTTP (none)")
        parser.add_argument("--oci-runtime", metavar="NAME", help="of all engines, such as crun (Docker's own, runc)")
    if name in ("run", "footprint"):
        parser.add_argument("--seconds", type=int, default=30, help="of idleness that CPU is taken over (30)")
        parser.add_argument("--pods", type=int, default=50, help="of the loaded footprint (50)")
    if name == "run":
        parser.add_argument("--smoke", action="store_true", help="one round, two replicas, no Swarm, no footprint")
        parser.add_argument("--write-docs", action="store_true", help="writes the figures into docs/performance.md")
    options = parser.parse_args(words)
    options.runs = max(1, getattr(options, "runs", 1))
    runtime = getattr(options, "oci_runtime", None)
    if runtime is not None and shutil.which(runtime) is None:
        parser.error(f"--oci-runtime: {runtime} is not installed; apt-get install {runtime}")
    return options


def plan_of(name, options):
    _, plan, steps = TIMED[name]
    if getattr(options, "smoke", False):
        options.runs, options.swarm, options.lanes = 1, False, (2,)
        return [(SMOKE_PODS, UPDATE)], steps
    if options.replicas:
        plan = [(count, UPDATE if name in ("rollout", "run") and count > 1 else ()) for count in options.replicas]
    return plan, steps


def measure(name, options):
    """[(table, notes)] and the lines of the core's benchmark."""
    tables, core = [], None
    if name in TIMED:
        plan, steps = plan_of(name, options)
        timing = measures.time_peers(options, plan)
        tables.append((report.timing_rows(timing, steps), report.range_notes(timing)))
    if name == "footprint" or (name == "run" and not options.smoke):
        with tempfile.TemporaryDirectory() as folder:
            size = report.program_line(measures.stripped_megabytes(Path(folder)))
        load = f"load average (1 min) when it began: {os.getloadavg()[0]:.1f}"
        tables.append((report.weight_rows(measures.weights(options), options.pods), [size, load]))
    if name == "run" and not options.smoke:
        core = measures.core_lines()
        if core is None:
            core = [f"not built: {BINARY_FOLDER}/bench/core_bench"]
    return tables, core


def as_markdown(machine, tables, core):
    parts = ["\n".join(f"- {note}" for note in machine)]
    for rows, notes in tables:
        parts += [report.as_markdown(rows), "\n".join(f"- {note}" for note in notes)]
    if core:
        parts.append("```\n" + "\n".join(core) + "\n```")
    return "\n\n".join(parts)


def main(name, words=None):
    options = options_of(name, words)
    if os.geteuid() != 0:
        sys.exit(f"bench/{name} needs root: it makes hosts with engines")
    if not (BINARY_FOLDER / "cmd/reconcile").exists():
        sys.exit(f"{BINARY_FOLDER}/cmd/reconcile is not built; bench/run builds it, RECONCILE_BINARY_FOLDER names another folder")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started this with it ignored
    began = time.monotonic()
    try:
        tables, core = measure(name, options)
    except KeyboardInterrupt:
        sys.exit(130)
    machine = report.machine_notes(options)
    print("\n".join(machine))
    for rows, notes in tables:
        print("\n" + report.as_text(rows) + "\n" + "\n".join(f"  {note}" for note in notes))
    if core:
        print("\n" + "\n".join(core))
    print(f"\nIt took {(time.monotonic() - began) / 60:.1f} minutes.")
    if getattr(options, "write_docs", False):
        report.write_docs(as_markdown(machine, tables, core))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
