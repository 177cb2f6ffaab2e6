"""What is measured: samples of every peer by turns, the weight of the processes, and the core's own benchmark."""
import os
import random
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field

from peers import CapturedRecipe, Floor, Ours, PlainRecipe, Swarm
from testbed import BINARY_FOLDER, Testbed, deployment

CALIBRATION_COUNT = 20
CORE_DEADLINE_S = 1200
SETTLED_S = 10  # before idleness is measured: what follows a change is not idleness


@dataclass
class Timing:
    """Samples in seconds of each peer, by (step, count); lists of one length, sample i of each from the same round."""
    samples: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    notes: list = field(default_factory=list)
    loads: list = field(default_factory=list)


@dataclass
class Weight:
    """Of one process: resident MB (10^6 bytes) and percent of a core, idle and with pods."""
    process: str
    idle_mb: float = 0
    idle_percent: float = 0
    pods_mb: float = 0
    pods_percent: float = 0


def say(text):
    print(f"# {text}", flush=True)


def floors_of(bed, ours, count, candidates, timing):
    """Both floors, at the best of `candidates` in flight for `count` pods. Looks at a pod of ours for what it is made of."""
    ours.start(1)
    recipe = CapturedRecipe(bed.engine, ours.apps()[0], bed.cluster.home)
    ours.remove()
    bed.settle()
    floors = [Floor("same", bed, recipe), Floor("none", bed, PlainRecipe())]
    for floor in floors:
        tried = floor.choose_lanes(count, candidates)
        text = ", ".join(f"{lanes} {taken:.2f} s" for lanes, taken in tried.items())
        timing.notes.append(f"{floor.name}: {count} pods with so many calls in flight: {text}; {floor.lanes} is used")
        say(timing.notes[-1])
    return floors


def one_round(bed, peers, count, steps, timing):
    """Every peer once: starts `count`, and with `steps` also updates and gets a killed one back; then all is removed."""
    for peer in peers:
        bed.settle()
        timing.loads.append(os.getloadavg()[0])
        taken = {"start": peer.start(count)}
        bed.settle()
        if "update" in steps:
            taken["update"] = peer.update(count)
            bed.settle()
        if "replace" in steps:
            taken["replace"] = peer.replace_killed()
            bed.settle()
        taken["remove"] = peer.remove()
        for step, value in taken.items():
            timing.samples[step, count][peer.name].append(value)
        if "update" in steps:
            timing.samples["running", count][peer.name].append((peer.least, peer.most))
        say(f"{count} of {peer.name}: " + ", ".join(f"{step} {value:.2f} s" for step, value in taken.items()))


def time_peers(options, plan):
    """`plan`: list of (count, steps). All of it `options.runs` times, the peers by turns and in another order each time."""
    timing = Timing()
    with Testbed(swarm=options.swarm, oci_runtime=options.oci_runtime, probe=options.probe) as bed:
        ours = Ours(bed)
        count = min(CALIBRATION_COUNT, max(count for count, _ in plan))
        peers = [ours] + floors_of(bed, ours, count, options.lanes, timing)
        if options.swarm:
            peers.append(Swarm(bed, options.swarm_network))
        order = random.Random(1)
        end = time.monotonic() + options.minutes * 60
        for number in range(options.runs):
            if number > 0 and time.monotonic() > end:
                timing.notes.append(f"ended after {number} of {options.runs} rounds: --minutes {options.minutes} were over")
                break
            for count, steps in plan:
                say(f"round {number + 1} of {options.runs}, {count} replicas, load {os.getloadavg()[0]:.1f}")
                one_round(bed, order.sample(peers, len(peers)), count, steps, timing)
    return timing


def idle_of(processes, for_s):
    """process name -> (MB, percent of a core) over so many seconds in which nothing is asked of them."""
    before = {name: process.cpu_seconds() for name, process in processes.items()}
    began = time.monotonic()
    time.sleep(for_s)
    taken = time.monotonic() - began
    return {name: (process.memory_kib() * 1024 / 1e6, (process.cpu_seconds() - before[name]) / taken * 100)
            for name, process in processes.items()}


def weigh(options, separate):
    """`reconcile up` alone, or controller and agent apart over TLS."""
    with Testbed(separate=separate, swarm=False) as bed:
        if separate:
            processes = {"controller": bed.cluster.controller.processes["controller"],
                         "agent": bed.host.processes["agent"]}
        else:
            processes = {"up (both in one)": bed.host.processes["controller"]}
        time.sleep(min(SETTLED_S, options.seconds))
        idle = idle_of(processes, options.seconds)
        bed.commit({"web.yaml": deployment(options.pods, 0)})
        bed.converge()
        running = len(Ours(bed).apps())
        if running != options.pods:
            raise RuntimeError(f"{running} containers run, not {options.pods}")
        bed.settle()
        time.sleep(min(SETTLED_S, options.seconds))
        loaded = idle_of(processes, options.seconds)
    return [Weight(name, *idle[name], *loaded[name]) for name in processes]


def weights(options):
    found = []
    for separate in (False, True):
        found += weigh(options, separate)
        for weight in found[-2 if separate else -1:]:
            say(f"{weight.process}: {weight.idle_mb:.1f} MB, {weight.pods_mb:.1f} MB with {options.pods} pods")
    return found


def stripped_megabytes(folder):
    """Size of the program as packages have it."""
    program = BINARY_FOLDER / "cmd/reconcile"
    target = folder / "reconcile-stripped"
    subprocess.run(["strip", "-o", target, program], check=True, timeout=120)
    return target.stat().st_size / 1e6


def core_lines():
    """What the core's benchmark prints; None where it is not built."""
    program = BINARY_FOLDER / "bench/core_bench"
    if not program.exists():
        return None
    done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
                          timeout=CORE_DEADLINE_S)
    return done.stdout.rstrip().splitlines()
