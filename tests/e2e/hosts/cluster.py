"""Several hosts on a switch: one for the controller, and N with an engine and an agent each."""
import atexit
import json
import os
import shlex
import shutil
import signal
import socket
import struct
import sys
import tempfile
import uuid
from pathlib import Path

from .machine import Machine
from .switch import Switch
from .system import DEADLINE_S, Hopeless, eventually, run

ROOT = Path(__file__).resolve().parents[3]
BINARY_FOLDER = Path(os.environ.get("RECONCILE_BINARY_FOLDER", ROOT / "build/dev"))
ENGINE_SETTINGS = Path("/etc/docker")
PORT = 7443
API_PORT = 6443
# Settings of hosts that are all on one machine: how full its disk is has to say nothing of theirs.
NO_PRESSURE = "node:\n  evictionHard: {" + ", ".join(f"{signal}: 0" for signal in (
    "memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available")) + (
    "}\n  imageGCHighThresholdPercent: 100\n")


def busybox_tar(folder):
    """The root file system of a tiny image: Debian's static busybox as sh, sleep, httpd ..."""
    tree = Path(folder) / "busybox"
    (tree / "bin").mkdir(parents=True)
    (tree / "tmp").mkdir()
    shutil.copy("/bin/busybox", tree / "bin/busybox")
    for applet in ("sh", "sleep", "httpd", "nc", "cat", "echo", "env", "true", "false", "hostname", "ping", "kill", "ps", "sha256sum", "stty", "tar",
                   "tty", "wc"):
        (tree / "bin" / applet).symlink_to("busybox")
    tar = Path(folder) / "busybox.tar"
    run(["tar", "-C", tree, "-cf", tar, "."])
    return tar


def listener_of(path):
    """The pid of the process that listens on this Unix socket; 0: none does."""
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect(str(path))
        except OSError:
            return 0
        return struct.unpack("3i", asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]


class Repository:
    """A Git repository with a work tree, of this machine's user."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def git(self, command, check=True, more_environment=None):
        env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", **(more_environment or {}))
        return run(["git", "-C", self.folder] + list(command), check, env=env)

    def make(self):
        self.folder.mkdir(parents=True)
        self.git(["init", "-q", "-b", "main"])
        self.git(["config", "user.name", "Test"])
        self.git(["config", "user.email", "test@localhost"])
        return self

    def commit(self, files=None, message="Change"):
        """`files`: path -> text; None removes one. Gives the commit's id."""
        for name, text in (files or {}).items():
            if text is None:
                self.git(["rm", "-q", name])
                continue
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git(["add", "-A"])
        self.git(["commit", "-q", "--allow-empty", "-m", message])
        return self.head()

    def head(self):
        return self.git(["rev-parse", "HEAD"]).stdout.strip()


class Cluster:
    """Everything of one run, below one folder whose name carries a random id.

    `outlive`: for people, whose commands end while the hosts go on; tests' hosts die with the test, however it dies."""

    def __init__(self, count=3, home=None, outlive=False, binaries=None):
        self.home = Path(home) if home else Path(tempfile.gettempdir()) / f"rc-hosts-{uuid.uuid4().hex[:8]}"
        self.count = count
        self.outlive = outlive
        self.binaries = [Path(path) for path in binaries or [BINARY_FOLDER / "cmd"]]
        self.switch = Switch(self.home)
        self.controller = self.machine("controller", 10)
        self.hosts = [self.machine(f"host-{i + 1}", 11 + i) for i in range(count)]
        self.controller_on = self.controller  # the machine that the controller runs on
        self.others = []  # hosts without an agent: `add`

    def machine(self, name, number):
        return Machine(self.home, name, number, self.binaries)

    @property
    def machines(self):
        return [self.controller] + self.hosts + self.others

    def add(self, name, number):
        """One more host, without an engine, while the others run."""
        machine = self.machine(name, number)
        self.others.append(machine)
        machine.boot(self.switch, self.outlive)
        self.configure(machine)
        return machine

    def named(self, name):
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise SystemExit(f"no host '{name}'; there are: {', '.join(machine.name for machine in self.machines)}")

    # ---- life ----
    def start(self):
        """Hosts with engines that answer; nothing of reconcile runs yet."""
        self.home.mkdir(mode=0o700, parents=True)
        if not ENGINE_SETTINGS.exists():  # a place for each host to mount its own
            ENGINE_SETTINGS.mkdir()
            (self.home / "made-etc-docker").touch()
        if not self.outlive:
            # SIGTERM too is to leave nothing behind; SIGKILL is answered by the kernel (switch.hold).
            atexit.register(self.stop)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        names = "".join(f"{machine.address} {machine.name}\n" for machine in self.machines)
        (self.home / "hosts").write_text(f"127.0.0.1 localhost\n{names}", encoding="utf-8")
        self.switch.start(self.outlive)
        for machine in self.machines:
            machine.boot(self.switch, self.outlive)
            self.configure(machine)
        for host in self.hosts:
            host.start_engine()
        for host in self.hosts:
            eventually(f"{host.name}: dockerd answers", host.engine_answers)
        return self

    def stop(self):
        """Takes everything down. Harmless when it is down."""
        atexit.unregister(self.stop)
        for machine in self.machines:
            machine.power_off()
        self.switch.stop()
        for machine in self.machines:
            machine.remove_cgroups()  # those that were busy for a moment more
        if (self.home / "made-etc-docker").exists() and not any(ENGINE_SETTINGS.iterdir()):
            ENGINE_SETTINGS.rmdir()
        shutil.rmtree(self.home, ignore_errors=True)

    def save(self):
        state = {"binaries": [str(path) for path in self.binaries], "switch": self.switch.state(),
                 "machines": [machine.state() for machine in self.machines], "controller_on": self.controller_on.name}
        (self.home / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")

    @staticmethod
    def load(home):
        state = json.loads((Path(home) / "state.json").read_text(encoding="utf-8"))
        cluster = Cluster(len(state["machines"]) - 1, home, True, state["binaries"])
        cluster.switch.restore(state["switch"])
        for machine, saved in zip(cluster.machines, state["machines"]):
            machine.restore(saved)
        cluster.controller_on = cluster.named(state["controller_on"])
        return cluster

    def import_image(self, tar, tag, changes=()):
        """A root file system's tar becomes an image of every engine."""
        options = [word for change in changes for word in ("--change", change)]
        for host in self.hosts:
            host.docker(["import"] + options + [tar, tag])

    # ---- reconcile ----
    def configure(self, machine, more=""):
        """The host's /etc/reconcile: every `reconcile` there finds its folder and sockets by it."""
        machine.config.write_text(
            f"dataFolder: {machine.disk}/reconcile\nsocket: {machine.socket}\n"
            f"dockerSocket: {machine.docker_socket}\n{NO_PRESSURE}  name: {machine.name}\n{more}", encoding="utf-8")

    def start_controller(self, *words, on=None):
        """`reconcile controller WORDS`, on the controller's own host unless told."""
        self.controller_on = on or self.controller_on
        machine = self.controller_on
        machine.start_service("controller", ["reconcile", "controller", "--listen", f"0.0.0.0:{PORT}", "--advertise",
                                             f"{machine.address}:{PORT}"] + list(words))
        self.controller_answers()

    def start_up(self, host, repository):
        """`reconcile up` on a host: controller and agent in one process, its service `controller`."""
        self.controller_on = host
        host.start_service("controller", ["reconcile", "up", repository])
        self.controller_answers()

    def controller_answers(self):
        machine = self.controller_on

        def answers():
            process = machine.processes["controller"]
            if not process.alive():
                raise Hopeless(f"the controller ended: {machine.log_end('controller', 5)}")
            listener = listener_of(machine.socket)
            assert listener == process.pid, f"process {listener} listens on {machine.socket}, not {process.pid}"
            return self.cli(["status", "--json"], check=False).returncode in (0, 1)

        eventually("the controller answers", answers, 60)

    def join_line(self, *words):
        """What `reconcile token create` prints for people to paste on a host."""
        printed = self.cli(["token", "create"] + list(words)).stdout
        return next(line.strip() for line in printed.splitlines() if "reconcile agent --join" in line)

    def join(self, host, line=None):
        """Runs the printed line on the host; from the next start on without it."""
        line = shlex.split(line or self.join_line())
        host.start_service("agent", line[line.index("reconcile"):])
        host.services["agent"] = ["reconcile", "agent"]

    def cli(self, command, check=True, text_input=None):
        return self.controller_on.execute(["reconcile"] + list(command), check, text_input)

    def status(self):
        return json.loads(self.cli(["status", "--json"], check=False).stdout)

    def items(self, kind, selector=""):
        chosen = ["-l", selector] if selector else []
        return json.loads(self.cli(["get", kind, "-A", "-o", "json"] + chosen).stdout)["items"]

    def ready_nodes(self):
        ready = []
        for node in self.items("nodes"):
            conditions = {c["type"]: c["status"] for c in node.get("status", {}).get("conditions", [])}
            if conditions.get("Ready") == "True":
                ready.append(node["metadata"]["name"])
        return sorted(ready)

    def all_ready(self, deadline_s=DEADLINE_S, which="agent"):
        """Waits until every host is Ready; `which` service of it is the agent."""
        names = [host.name for host in self.hosts]

        def ready():
            for host in self.hosts:
                assert host.processes[which].alive(), f"{host.name}: {host.log_end(which)}"
            assert self.ready_nodes() == names, self.ready_nodes()
            return True

        eventually(f"{', '.join(names)} are Ready", ready, deadline_s)

    def converge(self, commits, deadline_s=DEADLINE_S):
        """Waits until these commits (source -> id) are in force and everything is Ready."""

        def converged():
            status = self.status()
            applied = {source["metadata"]["name"]: source.get("status", {}).get("appliedCommit")
                       for source in status["sources"]}
            wanted = {name: applied.get(name) for name in commits}
            assert wanted == commits, f"in force: {applied}, wanted {commits}: {status['unconverged']}"
            assert status["settled"] and not status["unconverged"], status["unconverged"]
            return True

        eventually("converged", converged, deadline_s)

    def containers(self):
        """HOST/NAMESPACE/POD/CONTAINER -> ids, sandboxes too."""
        return {f"{host.name}/{key}": ids for host in self.hosts for key, ids in host.containers().items()}
