"""The machines that everything runs on: a host with an engine and `reconcile`, and one with an engine in Swarm mode.

They are the hosts of the end-to-end tests (tests/e2e/hosts): namespaces of their own, gone with this process however it
ends."""
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("RECONCILE_BINARY_FOLDER", str(ROOT / "build/release"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/e2e"))
from hosts.cluster import BINARY_FOLDER, Cluster, Repository, busybox_tar  # noqa: E402  (the folder is known only now)
from hosts.system import eventually  # noqa: E402

from engines import Engine, Events  # noqa: E402

IMAGE = "test/busybox:1"
# Ends at once when it is told to, as programs should: nobody's grace period is what is measured.
# It says at once that it runs.
COMMAND = ["sh", "-c", "echo up; trap \"exit 0\" TERM; while :; do sleep 100000 & wait; done"]
# What asks the application whether it is ready: (what it does first, a pod's readinessProbe, the command of Swarm's health check).
# Asked every second by both.
PROBES = {
    "none": ("", None, None),
    "exec": ("echo ok >/tmp/ok; ", "exec: {command: [cat, /tmp/ok]}", "cat /tmp/ok"),
    "http": ("echo ok >/tmp/ok; busybox httpd -p 8080 -h /tmp; ", "httpGet: {path: /ok, port: 8080}",
             "busybox wget -q -O /dev/null http://127.0.0.1:8080/ok"),
}
PROBE_EVERY_S = 1
GRACE_S = 1
STEP_DEADLINE_S = 600  # of anything that is waited for: a loaded machine is slow
QUIET_S = 0.7  # without events: then a step is over
SWARM_NUMBER = 20  # its address on the switch
# Every run removes all that it started, again and again; holding that back is not what is measured. A commit that takes
# all workloads of a namespace is held whatever the limits: so one pod always stays.
SETTINGS = "deletionBreaker: {maxObjects: 1000, maxPercent: 100}\n"
NAME = "web"
STAYS = "stays"


def application(probe="none"):
    """What the application is started by."""
    return COMMAND[:2] + [PROBES[probe][0] + COMMAND[2]]


def deployment(replicas, version, name=NAME, probe="none"):
    """Rolls as Swarm is told to: a quarter more at a time, never one less."""
    asked = PROBES[probe][1]
    readiness = f"        readinessProbe: {{periodSeconds: {PROBE_EVERY_S}, {asked}}}\n" if asked else ""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  strategy: {{type: RollingUpdate, rollingUpdate: {{maxSurge: 25%, maxUnavailable: 0}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: {GRACE_S}
      containers:
      - name: main
        image: {IMAGE}
        imagePullPolicy: IfNotPresent
        command: [sh, -c, '{application(probe)[2]}']
        env: [{{name: VERSION, value: "{version}"}}]
{readiness}"""


class Testbed:
    """`separate`: a controller on a machine of its own and an agent that joined it over TLS, else `reconcile up`.
    `oci_runtime`: of both engines, None for Docker's own. `probe`: a name of PROBES."""

    def __init__(self, separate=False, swarm=True, oci_runtime=None, probe="none"):
        self.cluster = Cluster(1)
        self.oci_runtime = oci_runtime
        self.separate = separate
        self.probe = probe
        self.with_swarm = swarm
        self.host = self.cluster.hosts[0]
        self.host.oci_runtime = oci_runtime
        self.swarm = None
        self.repository = None
        self.engine = self.events = self.swarm_engine = self.swarm_events = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """An interrupt that comes now would leave half of it."""
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.cluster.stop()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self):
        self.cluster.start()
        tar = busybox_tar(self.cluster.home)
        self.cluster.import_image(tar, IMAGE)
        self.engine = Engine(self.host.docker_socket)
        self.events = Events(self.engine)
        self.start_reconcile()
        if self.with_swarm:
            self.start_swarm(tar)

    def start_reconcile(self):
        cluster = self.cluster
        machine = cluster.controller if self.separate else self.host
        self.repository = Repository(machine.disk / "manifests").make()
        self.commit({f"{STAYS}.yaml": deployment(1, 0, STAYS)})
        if self.separate:
            source = f"sources:\n- {{name: main, repository: {self.repository.folder}}}\n"
            cluster.configure(machine, source + SETTINGS)
            cluster.start_controller()
            cluster.join(self.host)
        else:
            cluster.configure(machine, SETTINGS)
            cluster.start_up(self.host, self.repository.folder)
        cluster.all_ready(which="agent" if self.separate else "controller")
        self.converge()

    def start_swarm(self, tar):
        machine = self.swarm = self.cluster.add("swarm", SWARM_NUMBER)
        machine.live_restore = False  # Swarm refuses it
        machine.oci_runtime = self.oci_runtime
        machine.start_engine()
        eventually("the second engine answers", machine.engine_answers)
        machine.docker(["import", tar, IMAGE])
        machine.docker(["swarm", "init", "--advertise-addr", "127.0.0.1"])
        self.swarm_engine = Engine(machine.docker_socket)
        self.swarm_events = Events(self.swarm_engine)

    def commit(self, files):
        """Commits; gives the time at which `git commit` began, in ns: what is before it is a person's editor."""
        for name, text in files.items():
            path = self.repository.folder / name
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        self.repository.git(["add", "-A"])
        began_ns = time.time_ns()
        self.repository.git(["commit", "-q", "-m", "Change"])
        return began_ns

    def converge(self):
        self.cluster.converge({"main": self.repository.head()}, STEP_DEADLINE_S)

    def settle(self):
        """Waits until nobody does anything any more."""
        self.events.quiet(QUIET_S, STEP_DEADLINE_S)
        if self.swarm_events is not None:
            self.swarm_events.quiet(QUIET_S, STEP_DEADLINE_S)
