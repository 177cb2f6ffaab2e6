"""What test files over several hosts share: one set of hosts per file, made before its first test and gone after its last."""
import unittest

from .cluster import Cluster, Repository, busybox_tar
from .system import eventually


class ClusterTest(unittest.TestCase):
    """Three hosts with engines; `make_sources` says what the controller follows. On failure the ends of logs are printed."""

    COUNT = 3
    CONTROLLER_FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.COUNT)
        cls.addClassCleanup(cls.cluster.stop)
        cls.prepare_hosts()
        cls.cluster.start()
        tar = busybox_tar(cls.cluster.home)
        cls.cluster.import_image(tar, "test/busybox:1")
        cls.prepare_machines()
        cls.repository = Repository(cls.cluster.controller.disk / "manifests").make()
        cls.repository.commit({"README": "Manifests come when every host is there: what runs stays where it is.\n"}, "Begin")
        cls.cluster.configure(cls.cluster.controller, cls.make_sources())
        cls.cluster.start_controller(*cls.CONTROLLER_FLAGS)
        for host in cls.cluster.hosts:
            cls.cluster.join(host)
        cls.cluster.all_ready()
        cls.repository.commit(cls.first_manifests(), "First")

    @classmethod
    def prepare_hosts(cls):
        """Before they boot."""

    @classmethod
    def prepare_machines(cls):
        """Engines run, nothing of reconcile yet."""

    @classmethod
    def first_manifests(cls):
        return {}

    @classmethod
    def make_sources(cls):
        # Many commits within an hour: the deletion breaker is not what these tests are about.
        return f"sources:\n- {{name: main, repository: {cls.repository.folder}}}\ndeletionBreaker: {{maxPercent: 100}}\n"

    def setUp(self):
        self.addCleanup(self.print_logs)

    def print_logs(self):
        result = self._outcome.result
        failed = any(test is self for test, _ in result.errors + result.failures)
        if not failed:
            return
        for machine in self.cluster.machines:
            for name in ("controller", "agent"):
                if machine.log(name).exists():
                    print(f"---- {machine.name}: {name}\n{machine.log_end(name, 40)}")

    def converge(self, commit=None, deadline_s=90):
        self.cluster.converge({"main": commit or self.repository.head()}, deadline_s)

    def same_containers(self, before, what):
        after = self.cluster.containers()
        self.assertEqual(after, before, what)

    def node_is(self, name, ready, deadline_s=40):
        eventually(f"{name} is {'' if ready else 'not '}Ready", lambda: (name in self.cluster.ready_nodes()) == ready, deadline_s)


def deployment(name, replicas, image="test/busybox:1", command="sleep 100000", pull="IfNotPresent"):
    """A Deployment whose pods spread over the hosts by the scheduler's own rules."""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: {image}
        imagePullPolicy: {pull}
        command: [sh, -c, '{command}']
"""
