"""The network between hosts: a bridge in a network namespace of its own, and the faults on it.

Nothing of it is in the machine's own namespace, so any number of runs may use the same addresses side by side. Faults
are nft rules of the switch, not of the hosts: a host that flushes its own firewall does not mend them. There is no delay
(this needs netem, which many kernels lack)."""
import signal
import subprocess

from .system import Process, eventually, run

NETWORK = "192.0.2"  # TEST-NET-1 (RFC 5737), within the run's own namespaces
GATEWAY = f"{NETWORK}.1"
HELD = []  # what `hold` started: ended and waited for by pid, never by these


def hold(script, flags, outlive, log):
    """Starts the first process of new namespaces, which lives until it is killed and reaps what is orphaned there.

    Unless it is to outlive us, the kernel kills it when we die, however that happens: then all of its pid namespace goes.
    """
    words = ["unshare", "--fork", "--kill-child=KILL"] + flags + ["bash", "-c", script]
    if not outlive:
        words = ["setpriv", "--pdeathsig", "KILL"] + words
    with open(log, "ab") as out:
        parent = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    HELD.append(parent)

    def child():
        assert parent.poll() is None, f"{words[0]} ended: {log.read_text(errors='replace')[-2000:]}"
        found = run(["ps", "-o", "pid=", "--ppid", parent.pid], check=False).stdout.split()
        return found and int(found[0])

    return Process.of(parent.pid), Process.of(eventually("the first process of the namespaces", child, 20))


class Switch:
    """One bridge with a port for each host, named as the host."""

    def __init__(self, folder):
        self.folder = folder
        self.parent = None
        self.init = None
        self.rules = []

    # ---- life ----
    def start(self, outlive):
        self.parent, self.init = hold("exec sleep infinity", ["--net", "--pid"], outlive, self.folder / "switch.log")
        self.ip("link", "set", "lo", "up")
        self.ip("link", "add", "bridge", "type", "bridge")
        self.ip("addr", "add", f"{GATEWAY}/24", "dev", "bridge")
        self.ip("link", "set", "bridge", "up")

    def stop(self):
        for process in (self.init, self.parent):
            if process is not None:
                process.end(signal.SIGKILL)

    def state(self):
        return {"parent": [self.parent.pid, self.parent.started], "init": [self.init.pid, self.init.started],
                "rules": self.rules}

    def restore(self, state):
        self.parent, self.init = Process(*state["parent"]), Process(*state["init"])
        self.rules = state["rules"]

    def enter(self, command, check=True, text_input=None):
        return run(["nsenter", "-t", self.init.pid, "-n"] + list(command), check, text_input)

    def ip(self, *words):
        return self.enter(["ip"] + list(words))

    # ---- hosts ----
    def plug(self, name, number, init_pid):
        """Gives the host an eth0 with address NETWORK.number and a default route."""
        self.ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(init_pid))
        self.ip("link", "set", name, "master", "bridge", "up")
        for words in (["addr", "add", f"{NETWORK}.{number}/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                      ["route", "add", "default", "via", GATEWAY]):
            run(["nsenter", "-t", init_pid, "-n", "ip"] + words)

    # ---- faults ----
    def cut(self, name, other=None, way="both"):
        """Drops what goes from `name` (way `out`), to it (`in`), or both: to and from `other`, or everybody."""
        assert way in ("both", "in", "out"), way
        if way in ("both", "out"):
            self.rules.append([name, other, None])
        if way in ("both", "in"):
            self.rules.append([other, name, None])
        self.apply()

    def lose(self, name, percent):
        """Drops that share of the packets from and to a host."""
        assert 0 < percent <= 100, percent
        self.rules += [[name, None, percent], [None, name, percent]]
        self.apply()

    def heal(self, name=None):
        """Takes the faults of a host away, or all."""
        self.rules = [rule for rule in self.rules if name is not None and name not in rule[:2]]
        self.apply()

    def rules_text(self):
        lines = ["table bridge faults", "delete table bridge faults", "table bridge faults {",
                 "  chain forward {", "    type filter hook forward priority 0; policy accept;"]
        for source, target, percent in self.rules:
            words = [f'iifname "{source}"'] if source else []
            words += [f'oifname "{target}"'] if target else []
            words += [f"numgen random mod 100 < {percent}"] if percent else []
            lines.append("    " + " ".join(words + ["counter drop"]))
        return "\n".join(lines + ["  }", "}"]) + "\n"

    def apply(self):
        self.enter(["nft", "-f", "-"], text_input=self.rules_text())
