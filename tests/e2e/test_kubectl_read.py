#!/usr/bin/env python3
"""What stock kubectl reads: every command that changes nothing, on a real engine."""
import json
import os
import re
import shutil
import subprocess
import unittest

from harness import HostTest
from hosts.system import eventually

MANIFESTS = {
    "web.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: app, image: 'test/busybox:1', command: [sh, -c, sleep 100000], ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
""",
    "words.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: words, labels: {app: db}}
data: {a: b}
""",
}


def versions():
    """Each kubectl that is there: beside a dispatcher, those that it chooses among."""
    newest = shutil.which("kubectl")
    if newest is None:
        return []
    folder = os.path.dirname(os.path.realpath(newest))
    return [newest] + sorted(os.path.join(folder, name) for name in os.listdir(folder) if re.fullmatch(r"kubectl\.1\.\d+", name))


@unittest.skipUnless(versions() or os.environ.get("CI"), "no kubectl on this machine")
class KubectlReadTest(HostTest):
    def setUp(self):
        super().setUp()
        self.host.commit(MANIFESTS)
        self.host.start_reconcile()
        self.host.converge()

    def command(self, binary, *words):
        # A cache of its own: what another cluster serves is not what this one does.
        return ["nsenter", f"--net=/run/netns/{self.host.name}", binary, "--kubeconfig", str(self.host.folder / "data/kubeconfig"),
                "--cache-dir", str(self.host.folder / "cache" / os.path.basename(binary)), *words]

    def environment(self):
        return dict(os.environ, HOME=str(self.host.folder), NO_PROXY="*")

    def kubectl(self, binary, *words, code=0):
        done = subprocess.run(self.command(binary, *words), capture_output=True, text=True, timeout=60, check=False,
                              env=self.environment())
        self.assertEqual(done.returncode, code, f"{binary} {words}: {done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if code else "")

    def test_every_version_reads_what_there_is(self):
        self.assertTrue(versions(), "no kubectl on this machine")
        for binary in versions():
            with self.subTest(binary=os.path.basename(binary)):
                self.check_tables(binary)
                self.check_documents(binary)
                self.check_refusals(binary)
                self.check_discovery(binary)
                self.check_explanations(binary)
                self.check_descriptions(binary)
                self.check_waits(binary)
        self.check_pages(versions()[0])
        self.check_watches(versions()[0])

    def check_tables(self, binary):
        pods = self.kubectl(binary, "get", "pods", "-o", "wide")
        self.assertRegex(pods, r"NAME +READY +STATUS +RESTARTS +AGE +IP +NODE")
        self.assertEqual(len(re.findall(r"web-\S+ +1/1 +Running +0 .* host-1", pods)), 2, pods)
        self.assertRegex(self.kubectl(binary, "get", "nodes"), r"host-1 +Ready")
        self.assertRegex(self.kubectl(binary, "get", "deploy", "-o", "wide"), r"web +2/2 +2 +2 .* app +test/busybox:1 +app=web")
        self.assertRegex(self.kubectl(binary, "get", "svc,ep", "-A"), r"default +endpoints/web +10\.")
        self.assertRegex(self.kubectl(binary, "get", "pods", "-A", "--show-labels", "--sort-by=.metadata.name"),
                         r"NAMESPACE[\s\S]*default +web-.*app=web")
        everything = self.kubectl(binary, "get", "all")
        for name in ("pod/web-", "service/web", "deployment.apps/web", "replicaset.apps/web-"):
            self.assertIn(name, everything)
        self.assertIn("Scheduled", self.kubectl(binary, "get", "events"))

    def check_documents(self, binary):
        web = json.loads(self.kubectl(binary, "get", "deploy", "web", "-o", "json"))
        self.assertEqual(web["status"]["readyReplicas"], 2)
        self.assertIn("kind: Deployment", self.kubectl(binary, "get", "deploy", "web", "-o", "yaml"))
        self.assertEqual(self.kubectl(binary, "get", "cm", "-l", "app in (db)", "-o", "name"), "configmap/words\n")
        self.assertEqual(self.kubectl(binary, "get", "cm", "-l", "app!=db", "-o", "name"), "")
        self.assertEqual(self.kubectl(binary, "get", "pods", "--field-selector", "spec.nodeName=host-1", "-o",
                                      "jsonpath={.items[*].status.phase}"), "Running Running")

    def check_refusals(self, binary):
        self.assertIn('Error from server (NotFound): deployments.apps "none" not found',
                      self.kubectl(binary, "get", "deploy", "none", code=1))
        self.assertIn("field label not supported: spec.colour",
                      self.kubectl(binary, "get", "pods", "--field-selector", "spec.colour=red", code=1))
        self.assertIn("the server doesn't have a resource type", self.kubectl(binary, "get", "widgets", code=1))
        self.assertIn("MethodNotAllowed", self.kubectl(binary, "delete", "cm", "words", code=1))

    def check_discovery(self, binary):
        resources = self.kubectl(binary, "api-resources")
        self.assertRegex(resources, r"deployments +deploy +apps/v1 +true +Deployment")
        self.assertIn("apps/v1\n", self.kubectl(binary, "api-versions"))
        self.assertRegex(self.kubectl(binary, "version"), r"Server Version: .*v1\.33\.0\+reconcile")
        self.assertEqual(self.kubectl(binary, "get", "--raw", "/readyz?verbose"),
                         "[+]ping ok\n[+]store ok\nreadyz check passed\n")

    def check_explanations(self, binary):
        self.assertRegex(self.kubectl(binary, "explain", "deployment.spec"), r"replicas\s+<integer>[\s\S]*template\s+<PodTemplateSpec>")
        self.assertIn("liveness", self.kubectl(binary, "explain", "pod.spec.containers", "--recursive"))

    def check_descriptions(self, binary):
        pod = self.host.pods()[0]["metadata"]["name"]
        self.assertRegex(self.kubectl(binary, "describe", "pod", pod), r"Controlled By: +ReplicaSet/web-[\s\S]*Events:[\s\S]*Scheduled")
        self.assertRegex(self.kubectl(binary, "describe", "node", "host-1"), rf"Non-terminated Pods: +\(2 in total\)[\s\S]*{pod}[\s\S]*RegisteredNode")
        self.assertRegex(self.kubectl(binary, "describe", "deploy", "web"), r"2 desired \| 2 updated \| 2 total \| 2 available")
        self.assertRegex(self.kubectl(binary, "describe", "svc", "web"), r"Endpoints: +10\..*:8080,10\..*:8080")

    def check_waits(self, binary):
        self.assertIn('deployment "web" successfully rolled out', self.kubectl(binary, "rollout", "status", "deploy/web"))
        self.assertIn("condition met", self.kubectl(binary, "wait", "--for=condition=Available", "deploy/web", "--timeout=30s"))

    def check_pages(self, binary):
        names = self.kubectl(binary, "get", "pods", "--chunk-size=1", "-o", "name").split()
        self.assertEqual(sorted(names), sorted("pod/" + pod["metadata"]["name"] for pod in self.host.pods()))

    def check_watches(self, binary):
        output = self.host.folder / "watch"
        with open(output, "wb") as out:
            watch = subprocess.Popen(self.command(binary, "get", "deploy", "web", "-w"), stdout=out, env=self.environment())
        self.addCleanup(watch.wait)
        self.addCleanup(watch.terminate)

        def shows(pattern):
            text = output.read_text()
            assert re.search(pattern, text), text
            return True

        eventually("the watch lists", lambda: shows(r"web +2/2"))
        self.host.commit({"web.yaml": MANIFESTS["web.yaml"].replace("replicas: 2", "replicas: 3")})
        waits = subprocess.Popen(self.command(binary, "wait", "--for=jsonpath={.status.readyReplicas}=3", "deploy/web",
                                              "--timeout=60s"), env=self.environment(), stdout=subprocess.DEVNULL)
        self.addCleanup(waits.kill)
        eventually("the watch tells", lambda: shows(r"web +2/3[\s\S]*web +3/3"))
        self.assertEqual(output.read_text().count("NAME"), 1)
        self.assertEqual(waits.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
