"""What bench/net measures: throughput, latency, how long changes take. Samples of one round are taken by turns."""
import json
import os
import signal
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field

from engines import Engine
from measures import say
from net_hosts import CHANGING, DNS_ADDRESS, SERVER_PORT, program
from testbed import ROOT, STEP_DEADLINE_S, eventually

FIRST_PORT = 5210
STREAMS = (1, 8)
REQUESTS = 1000  # of each target in a round
LOOK_S = 0.02
# A namespace with a device as the host's own, for bench/network_sync.
NAMESPACE = ["unshare", "--net", "--", "sh", "-ec",
             "ip link set lo up; ip link add eth0 type veth peer name far; ip link set far up; ip address add 192.0.2.11/24 dev eth0; "
             'ip link set eth0 up; exec "$@"', "sh"]


@dataclass
class Figures:
    """Lists of samples; those of a ratio are of the same length, sample i of each from the same round."""
    gbits: dict = field(default_factory=lambda: defaultdict(list))  # (way, streams), in 10^9 bits a second
    latency: dict = field(default_factory=lambda: defaultdict(list))  # (services, "service" or "direct"), in us
    seen_ms: dict = field(default_factory=lambda: defaultdict(list))  # services -> from ready to the last host
    rules_ms: dict = field(default_factory=lambda: defaultdict(list))  # likewise, rules alone
    commit_ms: list = field(default_factory=list)  # from the commit of a changed Service to the last host's rules
    load_ms: list = field(default_factory=list)  # all Services into the kernel
    change_ms: list = field(default_factory=list)  # one of them changed
    converged_s: float = 0  # from the commit of all Services to the last host
    megabytes: dict = field(default_factory=dict)  # services -> (controller, largest agent)
    loads: list = field(default_factory=list)

    def note_load(self):
        self.loads.append(os.getloadavg()[0])


# ---- throughput ----
class Way:
    """From one host to the other, between two places that commands are run in."""

    def __init__(self, name, source, target, address):
        self.name, self.source, self.target, self.address = name, source, target, address


def ways_of(bed, backend):
    """Ours; the same by hand, in namespaces that are connected as pods are and, for vxlan, on the hosts themselves; the bare link."""
    kind = {"vxlan": "vxlan", "host-gw": "routes"}[backend]
    space = ["ip", "netns", "exec", kind]
    ways = [Way(backend, bed.inside("end-1"), bed.inside("end-2"), bed.pod("end-2")[1]),
            Way(f"{kind} by hand, namespaces", space, space, {"vxlan": "10.98.2.2", "routes": "10.98.12.2"}[kind]),
            Way("bare link", [], [], bed.two.address)]
    if kind == "vxlan":
        ways.append(Way("vxlan by hand, hosts", [], [], "10.98.0.2"))
    return ways


def throughput(bed, backend, options, figures):
    bed.make_by_hand({"vxlan": "vxlan", "host-gw": "routes"}[backend])
    ways = ways_of(bed, backend)
    for number, way in enumerate(ways):
        bed.two.spawn(f"iperf3-{backend}-{number}", way.target + ["iperf3", "-s", "-p", str(FIRST_PORT + number)])

    def gbits(number, streams, seconds):
        way = ways[number]
        command = ["iperf3", "-J", "-c", way.address, "-p", str(FIRST_PORT + number), "-P", str(streams), "-t", str(seconds)]
        return json.loads(bed.one.execute(way.source + command).stdout)["end"]["sum_received"]["bits_per_second"] / 1e9

    eventually("iperf3 answers", lambda: all(gbits(number, 1, 1) for number in range(len(ways))), 30)
    for turn in range(options.pairs):
        for streams in STREAMS:
            figures.note_load()
            # There and back, so that neighbours in time are not always the same way round.
            order = list(range(len(ways)))[::1 if turn % 2 == 0 else -1]
            for number in order:
                # The bare link is measured under both backends: each is compared with that of its own rounds.
                figures.gbits[backend, ways[number].name, streams].append(gbits(number, streams, options.seconds))
        say(f"{backend}, round {turn + 1}: " + ", ".join(f"{name} ({streams}) {values[-1]:.1f}" for (of, name, streams), values in
                                                        figures.gbits.items() if of == backend) + " Gbit/s")
    for number in range(len(ways)):
        bed.two.kill(f"iperf3-{backend}-{number}")


# ---- latency ----
def latency(bed, services, options, figures):
    """A connection and a request, from a pod on one host to one on the other, by its address and by its Service's."""
    _, address, _ = bed.pod("end-2")
    targets = {"direct": f"{address}:{SERVER_PORT}", "service": f"{bed.service_address('end')}:80"}
    bed.two.spawn("server", bed.inside("end-2") + [program("request_times"), "--serve", str(SERVER_PORT)])
    command = bed.inside("end-1") + [program("request_times"), "--requests", str(options.requests)] + list(targets.values())
    eventually("the server answers", lambda: bed.one.execute(command[:-3] + ["1"] + command[-2:], check=False).returncode == 0, 30)
    for _ in range(options.pairs):
        figures.note_load()
        lines = bed.one.execute(command).stdout.splitlines()
        medians = {line.split()[0]: float(line.split()[1]) for line in lines}
        for name, target in targets.items():
            figures.latency[services, name].append(medians[target])
    say(f"{services} Services: " + ", ".join(f"{name} {figures.latency[services, name][-1]:.0f} us" for name in targets))
    bed.two.kill("server")


# ---- changes ----
class Watchers:
    """On each host net_watch.py, which says when DNS and rules change."""

    def __init__(self, bed):
        self.bed = bed
        self.files = {host: host.disk / "net_watch.jsonl" for host in bed.cluster.hosts}

    def __enter__(self):
        name = f"{CHANGING}.default.svc.cluster.local"
        for host, path in self.files.items():
            path.unlink(missing_ok=True)
            host.spawn("net_watch", ["python3", ROOT / "bench/net_watch.py", DNS_ADDRESS, name, path])
        eventually("every host's watcher has asked DNS", lambda: all(self.newest(host) for host in self.files), STEP_DEADLINE_S)
        return self

    def __exit__(self, *_):
        for host in self.files:
            host.kill("net_watch", signal.SIGTERM)

    def lines(self, host):
        text = self.files[host].read_text(encoding="utf-8") if self.files[host].exists() else ""
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def newest(self, host):
        """What DNS answered last there."""
        return next((line["dns"] for line in reversed(self.lines(host)) if "dns" in line), None)

    def dns_at(self, host, address):
        return next((line["at"] for line in self.lines(host) if address in line.get("dns", ())), None)

    def rules_at(self, host, address):
        wanted = bytes(map(int, address.split("."))).hex()
        return next((line["at"] for line in self.lines(host) if wanted in line.get("rules", "")), None)

    def last(self, look, address):
        """When the last of the hosts had it; None: not yet."""
        found = [look(host, address) for host in self.files]
        return None if None in found else max(found)

    def forget(self):
        """What was said so far, but for the newest answer."""
        for host, path in self.files.items():
            with open(path, "r+", encoding="utf-8") as file:  # a watcher appends: it goes on at the new end
                file.truncate(0)


def await_value(what, look):
    """As `eventually`, by shorter steps: what it looks at are files."""
    end = time.monotonic() + STEP_DEADLINE_S
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not in {STEP_DEADLINE_S} s: {what}")
        time.sleep(LOOK_S)


def endpoint_changes(bed, services, options, figures):
    """A pod is replaced; from its first line of output until the last of the hosts has its address in DNS and in its rules."""
    with Watchers(bed) as watchers:
        for turn in range(options.changes):
            figures.note_load()
            _, old, _ = bed.pod(CHANGING)
            watchers.forget()
            bed.commit_changing()
            await_value("the new address alone is in every host's DNS",
                        lambda: all(len(watchers.newest(host) or ()) == 1 and watchers.newest(host) != [old] for host in watchers.files))
            host, address, container = bed.pod(CHANGING)
            ready = Engine(host.docker_socket).first_line_at(container)
            dns = await_value("the address in DNS", lambda: watchers.last(watchers.dns_at, address))
            rules = await_value("the address in rules", lambda: watchers.last(watchers.rules_at, address))
            figures.seen_ms[services].append((max(dns, rules) - ready) / 1e6)
            figures.rules_ms[services].append((rules - ready) / 1e6)
            bed.converge()
            if turn % 10 == 9:
                say(f"{services} Services, {turn + 1} changes: the last one seen after {figures.seen_ms[services][-1]:.0f} ms")


def service_changes(bed, options, figures):
    """One of many Services gets another endpoint; from the commit until the last host has it in its rules."""
    with Watchers(bed) as watchers:
        for turn in range(options.pairs):
            figures.note_load()
            began_ns = time.time_ns()
            address = bed.change_service(turn)
            at = await_value("the Service's new endpoint in rules", lambda: watchers.last(watchers.rules_at, address))
            figures.commit_ms.append((at - began_ns) / 1e6)
            bed.converge()


def kernel_sync(options, figures):
    """The agent's own work on one host, without a cluster."""
    command = NAMESPACE + [program("network_sync"), "--services", str(options.services), "--loads", str(options.pairs)]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True, timeout=STEP_DEADLINE_S)
    for line in done.stdout.splitlines():
        words = line.split()
        {"load": figures.load_ms, "change": figures.change_ms}[words[0]].extend(map(float, words[1:]))
    figures.note_load()
