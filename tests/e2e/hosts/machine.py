"""One host: namespaces of its own for network, processes, mounts and name; a disk (a folder); an engine.

All of a host's processes are in its pid namespace, containers too: when its first process is killed, the kernel kills
all of them, and network devices and mounts go with the namespaces. That is what `power_off` does, and taking a host down.
Its disk stays; `boot` begins again on it with a new boot id."""
import json
import os
import shlex
import shutil
import signal
import uuid
from pathlib import Path

from .switch import NETWORK, hold
from .system import Process, eventually, outer_pid, run

# What a host sees of its own: its name, boot id and machine id, its devices under /sys, empty /run and /etc/docker (so
# that engines leave nothing in this machine's and do not see its services), and the names of the others.
BOOT = """set -e
hostname {name}
mount --bind {run}/boot_id /proc/sys/kernel/random/boot_id
[ ! -e /etc/machine-id ] || mount --bind {disk}/machine-id /etc/machine-id
mount --bind {hosts} /etc/hosts
cp -L /etc/resolv.conf {run}/resolv.conf
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/docker
mkdir -p /run/lock /run/sshd
resolver=$(readlink -m /etc/resolv.conf)
[ -e "$resolver" ] || {{ mkdir -p "$(dirname "$resolver")"; cp {run}/resolv.conf "$resolver"; }}
mkdir -p {run}/cgroup
mount --rbind /sys/fs/cgroup {run}/cgroup
mount -t sysfs sysfs /sys
mount --rbind {run}/cgroup /sys/fs/cgroup
ip link set lo up
touch {run}/booted
set +e
trap : CHLD TERM INT HUP
while :; do sleep infinity & wait $!; done
"""


class Machine:
    """A host named `name` with the address NETWORK.number. `home` is the run's folder."""

    def __init__(self, home, name, number, binaries):
        self.name = name
        self.number = number
        self.address = f"{NETWORK}.{number}"
        self.home = Path(home)
        self.disk = self.home / name / "disk"
        self.run = self.home / name / "run"  # gone after a reboot, as /run is
        self.binaries = [str(path) for path in binaries]
        self.parent = None
        self.init = None
        self.processes = {}  # name -> Process
        self.services = {}  # name -> command: what begins again after a reboot
        self.live_restore = True  # of its engine: containers outlive dockerd
        self.docker_rules = False  # its engine keeps rules of its own, as installed: FORWARD is DROP
        self.oci_runtime = None  # of its engine: a name on PATH, such as crun; None: Docker's own

    # ---- life ----
    def boot(self, switch, outlive):
        self.disk.mkdir(parents=True, exist_ok=True)
        self.run.mkdir(parents=True, exist_ok=True)
        machine_id = self.disk / "machine-id"
        if not machine_id.exists():
            machine_id.write_text(uuid.uuid4().hex + "\n", encoding="utf-8")
        (self.run / "boot_id").write_text(f"{uuid.uuid4()}\n", encoding="utf-8")
        script = BOOT.format(name=shlex.quote(self.name), run=self.run, disk=self.disk, hosts=self.home / "hosts")
        log = self.home / self.name / "boot.log"
        self.parent, self.init = hold(script, ["--mount", "--uts", "--net", "--pid", "--mount-proc"], outlive, log)

        def booted():
            assert self.init.alive(), f"{self.name} did not boot: {log.read_text(errors='replace')[-2000:]}"
            return (self.run / "booted").exists()

        eventually(f"{self.name} boots", booted, 20)
        switch.plug(self.name, self.number, self.init.pid)

    def power_off(self):
        """As if the plug were pulled: every process of the host at once. Its disk stays."""
        for process in (self.init, self.parent):
            if process is not None:
                process.end(signal.SIGKILL)
        self.processes = {}
        shutil.rmtree(self.run, ignore_errors=True)
        self.remove_cgroups()

    def reboot(self, switch, outlive=False):
        """Its services begin again, as after any reboot."""
        self.power_off()
        self.boot(switch, outlive)
        if "dockerd" in self.services:
            self.start_engine()
            eventually(f"{self.name}: dockerd answers", self.engine_answers)
        for name in self.services:
            if name != "dockerd":
                self.start_service(name)

    def remove_cgroups(self):
        """Those of its containers: the kernel keeps them, empty, when their processes were killed."""
        for parent in Path("/sys/fs/cgroup").glob(f"*{self.cgroup}"):
            self.remove_tree_of_groups(parent)
        self.remove_tree_of_groups(Path(f"/sys/fs/cgroup{self.cgroup}"))

    @staticmethod
    def remove_tree_of_groups(parent):
        for folder, _, _ in os.walk(parent, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass  # busy for a moment more; empty groups do no harm

    @property
    def cgroup(self):
        return f"/{self.home.name}-{self.name}"

    def state(self):
        pair = lambda process: [process.pid, process.started]
        return {"name": self.name, "number": self.number, "parent": pair(self.parent), "init": pair(self.init),
                "processes": {name: pair(process) for name, process in self.processes.items()},
                "services": self.services}

    def restore(self, state):
        self.parent, self.init = Process(*state["parent"]), Process(*state["init"])
        self.processes = {name: Process(*pair) for name, pair in state["processes"].items()}
        self.services = state["services"]

    # ---- commands and processes on it ----
    def environment(self):
        return {"PATH": ":".join(self.binaries + [os.environ["PATH"]]), "HOME": str(self.disk), "LC_ALL": "C.UTF-8",
                "RECONCILE_CONFIG": str(self.config), "DOCKER_HOST": f"unix://{self.docker_socket}",
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
                **{name: os.environ[name] for name in ("TERM", "NO_COLOR") if name in os.environ}}

    def entering(self, command, namespaces="munp"):
        flags = [f"-{letter}" for letter in namespaces]
        return ["nsenter", "-t", str(self.init.pid)] + flags + ["--"] + [str(part) for part in command]

    def execute(self, command, check=True, text_input=None, timeout=600):
        return run(self.entering(command), check, text_input, self.environment(), timeout)

    def spawn(self, name, command):
        """Starts a process that goes on by itself; its output is in the log of that name, its pid in `processes`."""
        line = 'log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 & echo $!'
        inner = int(self.execute(["sh", "-c", line, "sh", self.log(name)] + list(command)).stdout)
        pid = outer_pid(self.init.pid, inner)
        self.processes[name] = Process.of(pid) if pid else Process(0, "")
        return self.processes[name]

    def start_service(self, name, command=None):
        """Like spawn, and remembers the command for the next time."""
        if command is not None:
            self.services[name] = [str(part) for part in command]
        return self.spawn(name, self.services[name])

    def log(self, name):
        return self.home / self.name / f"{name}.log"

    def log_end(self, name, lines=15):
        path = self.log(name)
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def kill(self, name, how=signal.SIGKILL):
        """Ends one process and waits until it is gone."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.end(how)

    def pause(self, name):
        return self.processes[name].send(signal.SIGSTOP)

    def resume(self, name):
        return self.processes[name].send(signal.SIGCONT)

    def kill_inner(self, pid):
        """kill -9 by the pid that the host itself sees, as `docker inspect` says it."""
        self.execute(["kill", "-9", pid], check=False)

    def inner_pids(self):
        """Every process of the host: pids as the host sees them."""
        return [int(word) for word in self.execute(["ps", "-eo", "pid="]).stdout.split()]

    # ---- engine ----
    @property
    def docker_socket(self):
        return self.run / "docker.sock"

    @property
    def socket(self):
        """Of the controller, when one runs here."""
        return self.run / "reconcile.sock"

    @property
    def config(self):
        return self.disk / "reconcile.yaml"

    def start_engine(self):
        """Begins; `engine_answers` says when it is there."""
        containerd = self.run / "docker/containerd/containerd.pid"
        for left in (self.run / "docker.pid", containerd):
            left.unlink(missing_ok=True)  # of one that was killed
        other = []
        if self.oci_runtime is not None:
            other = ["--add-runtime", f"other={shutil.which(self.oci_runtime)}", "--default-runtime", "other"]
            # crun refuses a hybrid hierarchy that has controllers in both halves.
            self.execute(["umount", "/sys/fs/cgroup/unified"], check=False)
        self.start_service("dockerd", ["dockerd"] + ["--live-restore"] * self.live_restore +
                           ["--data-root", self.disk / "docker", "--exec-root", self.run / "docker", "-p",
                            self.run / "docker.pid", "-H", f"unix://{self.docker_socket}", "--exec-opt",
                            "native.cgroupdriver=cgroupfs", "--cgroup-parent", self.cgroup] +
                           ([] if self.docker_rules else ["--bridge=none", "--iptables=false", "--ip-masq=false"]) + other)

    def engine_answers(self):
        assert "dockerd" in self.processes and self.processes["dockerd"].alive(), self.log_end("dockerd")
        return self.docker(["version"], check=False).returncode == 0

    def docker(self, command, check=True):
        # Only its socket is the host's: so that a call costs one process.
        return run(["docker", "-H", f"unix://{self.docker_socket}"] + list(command), check)

    def containers(self, all_states=False):
        """NAMESPACE/POD/CONTAINER -> list of engine ids; sandboxes are the containers named POD."""
        found = {}
        ids = self.docker(["ps", "-q", "--no-trunc"] + (["-a"] if all_states else [])).stdout.split()
        if not ids:
            return found
        inspected = self.docker(["inspect"] + ids, check=False)  # one may be gone by now
        for info in json.loads(inspected.stdout or "[]"):
            labels = info["Config"]["Labels"] or {}
            if "dev.reconcile.container" in labels:
                key = "/".join(labels[f"dev.reconcile.{part}"] for part in ("namespace", "pod", "container"))
                found.setdefault(key, []).append(info["Id"])
        return found

    def pid_of(self, container):
        """As the host sees it."""
        return int(self.docker(["inspect", "-f", "{{.State.Pid}}", container]).stdout)

    def in_pod(self, container, command, check=True, timeout=60):
        """Runs a command of this machine in the network of a pod's container (an engine's id), as the pod's own would."""
        words = ["nsenter", "-t", self.pid_of(container), "-n", "--"] + [str(word) for word in command]
        return self.execute(words, check, timeout=timeout)

    def http(self, address, port=8888, path="/"):
        return self.execute(["curl", "-s", "-m", "5", f"http://{address}:{port}{path}"], check=False).stdout

    def sockets(self):
        """Listening TCP and bound UDP sockets: list of (protocol, address:port, process text)."""
        lines = self.execute(["ss", "-H", "-lntup"]).stdout.splitlines()
        return [(words[0], words[4], " ".join(words[6:])) for words in map(str.split, lines)]
