"""A host of its own for an end-to-end test: network namespace, dockerd, repository, `reconcile up`.

Everything is made under a temporary folder and a name of its own, and taken down by id, also after a failure. Nothing
here waits by sleeping for luck: `eventually` polls a condition until a deadline and then says what it saw."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid
from pathlib import Path

from hosts.cluster import NO_PRESSURE, busybox_tar
from hosts.system import DEADLINE_S, eventually, run

ROOT = Path(__file__).resolve().parents[2]
BINARY_FOLDER = Path(os.environ.get("RECONCILE_BINARY_FOLDER", ROOT / "build/dev"))
RECONCILE = BINARY_FOLDER / "cmd/reconcile"
HELLO = BINARY_FOLDER / "examples/hello/hello"


class Host:
    """One host: its namespace, its engine, and `reconcile up` on it."""

    def __init__(self):
        self.name = "rc-e2e-" + uuid.uuid4().hex[:8]
        self.folder = Path(tempfile.mkdtemp(prefix=self.name + "-"))
        self.docker_socket = self.folder / "docker.sock"
        self.socket = self.folder / "reconcile.sock"
        self.repository = self.folder / "manifests"
        self.dockerd = None
        self.reconcile = None
        self.logs = []
        self.flags = []  # more of `reconcile up`
        self.config = NO_PRESSURE  # its settings

    # ---- life ----
    def start(self):
        run(["ip", "netns", "add", self.name])
        self.netns(["ip", "link", "set", "lo", "up"])
        # An uplink with an address and a default route, as a real host has; both its ends stay inside.
        self.netns(["ip", "link", "add", "uplink", "type", "veth", "peer", "name", "uplink-far"])
        self.netns(["ip", "addr", "add", "192.0.2.10/24", "dev", "uplink"])
        self.netns(["ip", "link", "set", "uplink", "up"])
        self.netns(["ip", "link", "set", "uplink-far", "up"])
        self.netns(["ip", "route", "add", "default", "via", "192.0.2.1"])
        self.start_dockerd()
        tar = busybox_tar(self.folder)
        self.docker(["import", tar, "test/busybox:1"])
        self.git_init()

    def stop(self):
        self.kill_reconcile(signal.SIGTERM)
        if self.dockerd is not None:
            ids = self.docker(["ps", "-aq"], check=False).stdout.split()
            if ids:
                self.docker(["rm", "-f"] + ids, check=False)
            self.end(self.dockerd, signal.SIGTERM)
        for pid in run(["ip", "netns", "pids", self.name], check=False).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        run(["ip", "netns", "del", self.name], check=False)
        for mount in self.mounts_below():
            run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def mounts_below(self):
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            found = [line.split()[1] for line in mounts if str(self.folder) in line.split()[1]]
        return sorted(found, reverse=True)

    @staticmethod
    def end(process, how, deadline_s=30):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def netns(self, command, check=True):
        return run(["nsenter", f"--net=/run/netns/{self.name}"] + list(command), check)

    def spawn(self, command, log_name):
        log = self.folder / log_name
        self.logs.append(log)
        with open(log, "ab") as out:
            return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}"] + [str(part) for part in command],
                                    stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)

    # ---- engine ----
    def start_dockerd(self):
        self.dockerd = self.spawn(
            ["dockerd", "--live-restore", "--data-root", self.folder / "docker", "--exec-root", self.folder / "exec",
             "-p", self.folder / "docker.pid", "-H", f"unix://{self.docker_socket}", "--bridge=none", "--iptables=false",
             "--ip-masq=false"], "dockerd.log")
        eventually("dockerd answers", lambda: self.docker(["version"], check=False).returncode == 0)

    def kill_dockerd(self):
        self.end(self.dockerd, signal.SIGKILL)
        # Its containerd dies with it. Where nobody has reaped that yet, a new dockerd would take the zombie for alive.
        for pid_file in (self.folder / "docker.pid", self.folder / "exec/containerd/containerd.pid"):
            if pid_file.exists():
                pid_file.unlink()

    def docker(self, command, check=True):
        return run(["docker", "-H", f"unix://{self.docker_socket}"] + list(command), check)

    def containers(self, all_states=False):
        """Name of the pod's container -> list of engine ids, without sandboxes, running ones only by default."""
        return {key: ids for key, ids in self.all_containers(all_states).items() if not key.endswith("/POD")}

    def all_containers(self, all_states=False):
        """As above, with sandboxes: their container's name is POD."""
        found = {}
        ids = self.docker(["ps", "-q", "--no-trunc"] + (["-a"] if all_states else [])).stdout.split()
        if not ids:
            return found
        for info in json.loads(self.docker(["inspect"] + ids).stdout):
            labels = info["Config"]["Labels"] or {}
            if "dev.reconcile.container" not in labels:
                continue
            key = f"{labels['dev.reconcile.namespace']}/{labels['dev.reconcile.pod']}/{labels['dev.reconcile.container']}"
            found.setdefault(key, []).append(info["Id"])
        return found

    # ---- repository ----
    def git(self, command, check=True):
        env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", HOME=str(self.folder))
        return run(["git", "-C", self.repository] + list(command), check, env=env)

    def git_init(self):
        self.repository.mkdir()
        self.git(["init", "-q", "-b", "main"])
        self.git(["config", "user.name", "Test"])
        self.git(["config", "user.email", "test@localhost"])

    def write(self, name, text):
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, files=None, message="Change"):
        for name, text in (files or {}).items():
            if text is None:
                self.git(["rm", "-q", name])
            else:
                self.write(name, text)
        self.git(["add", "-A"])
        self.git(["commit", "-q", "--allow-empty", "-m", message])
        return self.git(["rev-parse", "HEAD"]).stdout.strip()

    # ---- reconcile ----
    def start_reconcile(self):
        config = self.folder / "reconcile.yaml"
        config.write_text(self.config, encoding="utf-8")
        self.reconcile = self.spawn(
            [RECONCILE, "--config", config, "--socket", self.socket, "up", self.repository, "--data", self.folder / "data", "--docker",
             self.docker_socket, "--node-name", "host-1"] + self.flags, "reconcile.log")
        eventually("reconcile answers", lambda: self.cli(["status", "--json"], check=False).returncode in (0, 1))

    def kill_reconcile(self, how=signal.SIGKILL):
        if self.reconcile is not None:
            self.end(self.reconcile, how)
            self.reconcile = None

    def cli(self, command, check=True):
        return run([RECONCILE, "--socket", self.socket] + list(command), check)

    def status(self):
        return json.loads(self.cli(["status", "--json"], check=False).stdout)

    def pods(self):
        return json.loads(self.cli(["get", "pods", "-A", "-o", "json"]).stdout)["items"]

    def ready_pods(self):
        ready = []
        for pod in self.pods():
            conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
            if conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]:
                ready.append(pod)
        return ready

    def converge(self, commit=None, deadline_s=DEADLINE_S):
        """Waits until `commit` (the newest by default) is in force and everything is Ready."""
        commit = commit or self.git(["rev-parse", "HEAD"]).stdout.strip()

        def converged():
            status = self.status()
            applied = [source.get("status", {}).get("appliedCommit") for source in status["sources"]]
            assert applied == [commit], f"in force: {applied}, wanted {commit}: {status['unconverged']}"
            assert status["settled"] and not status["unconverged"], status["unconverged"]
            return True

        eventually("converged", converged, deadline_s)

    def http(self, address, port=8888, path="/"):
        return self.netns(["curl", "-s", "-m", "5", f"http://{address}:{port}{path}"], check=False).stdout


class HostTest(unittest.TestCase):
    """A test on one host; on failure the logs' ends are printed."""

    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.stop)
        self.addCleanup(self.print_logs)
        self.host.start()

    def print_logs(self):
        failed = any(error for _, error in self._outcome.errors) if hasattr(self._outcome, "errors") else \
            bool(self._outcome.result.errors or self._outcome.result.failures)
        if failed:
            for log in self.host.logs:
                print(f"---- {log.name}\n" + "\n".join(log.read_text(errors='replace').splitlines()[-60:]))


def replication_controller(name, replicas, image="test/busybox:1", command="sleep 100000"):
    return f"""apiVersion: v1
kind: ReplicationController
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{app: {name}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {image}
        imagePullPolicy: IfNotPresent
        command: [sh, -c, '{command}']
"""
