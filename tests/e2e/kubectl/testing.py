"""A host with a small cluster for cases of kubectl: made before a file's first case and gone after its last."""
import unittest

from harness import Host

from .client import Kubectl, skip_or_fail


class KubectlTest(unittest.TestCase):
    """`manifests` says what runs; `kubectl` runs any version as the cluster's owner. On failure the logs' ends are printed."""

    @classmethod
    def manifests(cls):
        return {}

    @classmethod
    def prepare(cls):
        """The engine runs, nothing of reconcile yet."""

    @classmethod
    def setUpClass(cls):
        skip_or_fail(cls)
        cls.host = Host()
        cls.addClassCleanup(cls.host.stop)
        cls.host.start()
        cls.prepare()
        cls.host.commit(cls.manifests())
        cls.host.start_reconcile()
        cls.host.converge()
        cls.kubectl = Kubectl.on(cls.host)

    def setUp(self):
        self.addCleanup(self.print_logs)

    def print_logs(self):
        result = self._outcome.result
        if any(test is self for test, _ in result.errors + result.failures):
            for log in self.host.logs:
                print(f"---- {log.name}\n" + "\n".join(log.read_text(errors='replace').splitlines()[-30:]))

    def shows(self, text, *patterns):
        for pattern in patterns:
            self.assertRegex(text, pattern)
        return text
