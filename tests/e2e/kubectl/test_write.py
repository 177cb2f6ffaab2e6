#!/usr/bin/env python3
"""What stock kubectl changes, and what it is refused: operations of people, Git's objects, dry runs, roles."""
import json
import re
import signal
import unittest

from hosts.system import eventually
from kubectl.client import Kubectl, one_case_per_version, required, versions
from kubectl.manifests import WEB
from kubectl.testing import KubectlTest

NEW = """apiVersion: v1
kind: ConfigMap
metadata: {name: more}
data: {a: b}
"""
BUDGET = """apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: %d, selector: {matchLabels: {app: web}}}
"""


class WriteTest(KubectlTest):
    @classmethod
    def manifests(cls):
        return {"web.yaml": WEB}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place = re.escape(f"Git declares it: change web.yaml, line 1, in {cls.host.repository}, and commit")
        cls.removal = cls.place.replace("change", re.escape("remove it from"), 1)
        cls.file("web.yaml", WEB)
        cls.file("more.yaml", WEB.replace("replicas: 2", "replicas: 3"))
        cls.file("bad.yaml", WEB.replace("replicas: 2", "replicas: -2"))
        cls.file("new.yaml", NEW)

    @classmethod
    def file(cls, name, text):
        path = cls.host.folder / name
        path.write_text(text, encoding="utf-8")

    def pods(self):
        return sorted(pod["metadata"]["name"] for pod in self.host.ready_pods())

    def deployment(self):
        return json.loads(self.host.cli(["get", "deploy", "web", "-o", "json"]).stdout)

    def node(self):
        return json.loads(self.host.cli(["get", "node", "host-1", "-o", "json"]).stdout)

    def log(self):
        return (self.host.folder / "reconcile.log").read_text(encoding="utf-8")


# Each command that changes what Git owns: its words and what it is told, beside `{place}`.
REFUSALS = {
    "apply": ("apply -f {folder}/more.yaml", r'deployments.apps "web" is forbidden: {place}'),
    "apply_new": ("apply -f {folder}/new.yaml", r'configmaps "more" is forbidden: objects come from Git: commit its manifest to {repository}'),
    "apply_server_side": ("apply --server-side -f {folder}/more.yaml", r'deployments.apps "web" is forbidden: {place}'),
    "create": ("create -f {folder}/new.yaml", r'configmaps "more" is forbidden: objects come from Git: commit its manifest to {repository}'),
    "create_what_is_there": ("create -f {folder}/web.yaml", r'deployments.apps "web" is forbidden: {place}'),
    "create_by_words": ("create configmap words --from-literal=a=b", r'configmaps "words" is forbidden: objects come from Git'),
    "run": ("run x --image=y", r'pods "x" is forbidden: objects come from Git'),
    "replace": ("replace -f {folder}/more.yaml", r'deployments.apps "web" is forbidden: {place}'),
    "scale": ("scale deploy/web --replicas=5", r'deployments.apps "web" is forbidden: {place}'),
    "scale_from": ("scale deploy/web --replicas=5 --current-replicas=2", r'deployments.apps "web" is forbidden: {place}'),
    "set_image": ("set image deploy/web app=x:2", r'deployments.apps "web" is forbidden: {place}'),
    "set_env": ("set env deploy/web A=b", r'deployments.apps "web" is forbidden: {place}'),
    "set_resources": ("set resources deploy web --limits=cpu=1", r'deployments.apps "web" is forbidden: {place}'),
    "label": ("label deploy web a=b", r'deployments.apps "web" is forbidden: {place}'),
    "annotate": ("annotate deploy web a=b", r'deployments.apps "web" is forbidden: {place}'),
    "annotate_pod": ("annotate pod {pod} a=b", r'pods "{pod}" is forbidden: it is made for Deployment default/web, which Git declares: '
                                               r'change web.yaml, line 1, in {repository}, and commit'),
    "patch_json": ("""patch deploy web --type=json -p [{{"op":"remove","path":"/spec/paused"}}]""", "cannot be done on what is there"),
    "patch": ("""patch deploy web -p {{"spec":{{"paused":true}}}}""", r'deployments.apps "web" is forbidden: {place}'),
    "rollout_pause": ("rollout pause deploy/web", r'deployments.apps "web" is forbidden: {place}'),
    "delete": ("delete deploy web", r'deployments.apps "web" is forbidden: {removal}'),
    "delete_by_file": ("delete -f {folder}/web.yaml", r'deployments.apps "web" is forbidden: {removal}'),
    "delete_namespace": ("delete ns default", r'namespaces "default" is forbidden: '),
    "taint": ("taint node host-1 a=b:NoSchedule", r'nodes "host-1" is forbidden: no manifest declares it; to change it, commit a Node of this name to'),
    "delete_node": ("delete node host-1", r'nodes "host-1" is forbidden: no manifest declares it; to change it, commit a Node of this name to'),
}


@one_case_per_version()
class RefusalTest(WriteTest):
    """Nothing here changes what runs: short, so with every version there is."""

    def refuse(self, version, name):
        words, told = REFUSALS[name]
        names = {"folder": self.host.folder, "pod": self.pods()[0]}
        said = self.kubectl(version, *[word.format(**names) for word in words.split(" ")], code=1)
        self.assertRegex(said, told.format(place=self.place, removal=self.removal, repository=re.escape(str(self.host.repository)), **names))
        self.assertEqual(self.deployment()["metadata"]["generation"], 1)

    def case_edit(self, version):
        said = self.kubectl(version, "edit", "deploy", "web", code=1, KUBE_EDITOR="sed -i 's/replicas: 2/replicas: 7/'")
        self.assertRegex(said, self.place)

    def case_diff(self, version):
        self.assertEqual(self.kubectl(version, "diff", "-f", self.host.folder / "web.yaml"), "")
        changed = self.kubectl(version, "diff", "-f", self.host.folder / "more.yaml", code=1)
        self.shows(changed, r"-  replicas: 2\n\+  replicas: 3")
        self.shows(self.kubectl(version, "diff", "-f", self.host.folder / "new.yaml", code=1), r"\+kind: ConfigMap")
        self.shows(self.kubectl(version, "diff", "--server-side", "-f", self.host.folder / "more.yaml", code=1), r"\+  replicas: 3")

    def case_dry_run(self, version):
        def dry(*words, **how):
            return self.kubectl(version, *words, "--dry-run=server", **how)

        self.shows(dry("apply", "-f", self.host.folder / "more.yaml", "-o", "jsonpath={.items[*].spec.replicas}"), r"^3\b")
        self.shows(dry("apply", "-f", self.host.folder / "bad.yaml", code=1), r'The Deployment "web" is invalid: spec.replicas: must be 0 or more')
        self.shows(dry("create", "-f", self.host.folder / "new.yaml", "-o", "yaml"), r"name: more")
        self.shows(dry("apply", "--server-side", "-f", self.host.folder / "more.yaml"), "deployment.apps/web serverside-applied")
        self.shows(dry("delete", "pod", self.pods()[0]), "deleted")
        self.assertNotEqual(self.host.cli(["get", "cm", "more"], check=False).returncode, 0)
        self.assertEqual(len(self.pods()), 2)
        self.assertEqual(self.deployment()["metadata"]["generation"], 1)

    def case_cordon(self, version):
        for _ in range(2):  # twice is no failure
            self.shows(self.kubectl(version, "cordon", "host-1"), "node/host-1 (already )?cordoned")
            self.assertEqual(self.node()["status"]["cordon"]["by"], "root")
        self.shows(self.kubectl(version, "get", "nodes"), "Ready,SchedulingDisabled")
        for _ in range(2):
            self.shows(self.kubectl(version, "uncordon", "host-1"), "node/host-1 (already )?uncordoned")
            self.assertNotIn("cordon", self.node()["status"])


for refusal in REFUSALS:
    for each in versions():
        setattr(RefusalTest, f"test_{refusal}__{each}", lambda self, name=refusal, version=each: self.refuse(version, name))


@one_case_per_version(required)
class OperationTest(WriteTest):
    """Each takes a while, so with one of each time alone."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.take_back)
        eventually("two pods are ready", lambda: len(self.pods()) == 2)

    def take_back(self):
        self.host.cli(["uncordon", "host-1"], check=False)
        self.host.converge(self.host.commit({"web.yaml": WEB, "budget.yaml": BUDGET % 0}))

    def case_a_drain_waits_for_the_budget_and_goes_on_when_it_lets_go(self, version):
        self.host.converge(self.host.commit({"budget.yaml": BUDGET % 2}))
        held = self.kubectl(version, "drain", "host-1", "--timeout=8s", code=1)
        self.shows(held, r"Cannot evict pod as it would violate the pod's disruption budget: it would violate "
                         r"PodDisruptionBudget web, which needs 2 ready pods and has 2", "will retry after 5s")
        self.assertEqual(len(self.pods()), 2)
        drain = self.kubectl.start(version, "drain", "host-1", "--timeout=90s", stdout=-1, stderr=-2, text=True)
        self.addCleanup(Kubectl.end, drain)
        self.host.commit({"budget.yaml": BUDGET % 0})
        said, _ = drain.communicate(timeout=100)
        self.assertEqual(drain.returncode, 0, said)
        self.shows(said, "evicted", "node/host-1 (drained|evicted)")
        self.assertEqual(self.pods(), [])
        self.assertRegex(self.log(), r'event="POST /api/v1/namespaces/default/pods/web-\S+/eviction" user="root" .*code="429"')
        self.assertRegex(self.log(), r'event="POST /api/v1/namespaces/default/pods/web-\S+/eviction" user="root" .*code="201"')
        self.assertIn("evicted, by root", self.host.cli(["get", "events"]).stdout)
        self.kubectl(version, "uncordon", "host-1")
        eventually("the pods are back", lambda: len(self.pods()) == 2)

    def case_a_deleted_pod_is_replaced(self, version):
        first, second = self.pods()
        self.shows(self.kubectl(version, "delete", "pod", first), f'pod "{first}" deleted')
        eventually("another takes its place", lambda: len(self.pods()) == 2 and first not in self.pods())
        self.kubectl(version, "delete", "pod", second, "--force", "--grace-period=0")
        eventually("likewise", lambda: len(self.pods()) == 2 and second not in self.pods())
        before = self.pods()
        self.kubectl(version, "delete", "pod", "-l", "app=web")
        eventually("both", lambda: len(self.pods()) == 2 and not set(before) & set(self.pods()))
        self.kubectl(version, "delete", "pod", "none", code=1)

    def case_a_restart_survives_a_commit_and_a_new_controller(self, version):
        before = self.pods()
        self.shows(self.kubectl(version, "rollout", "restart", "deploy/web"), "deployment.apps/web restarted")
        self.shows(self.kubectl(version, "rollout", "status", "deploy/web", "--timeout=50s"), "successfully rolled out")
        eventually("the old pods are gone", lambda: len(self.pods()) == 2 and not set(before) & set(self.pods()))
        restart = self.deployment()["status"]["restart"]
        self.assertEqual((restart["by"], restart["reason"]), ("root", "kubectl-rollout"))
        self.assertRegex(self.kubectl(version, "rollout", "undo", "deploy/web", code=1), self.place)
        self.assertEqual(self.kubectl(version, "diff", "-f", self.host.folder / "web.yaml"), "")
        self.kubectl(version, "cordon", "host-1")
        pods = self.pods()
        self.host.kill_reconcile(signal.SIGKILL)
        self.host.start_reconcile()
        self.host.converge(self.host.commit({"other.yaml": NEW}))
        self.assertEqual(self.deployment()["status"]["restart"], restart)
        self.assertEqual(self.node()["status"]["cordon"]["by"], "root")
        self.assertEqual(self.pods(), pods)
        self.assertEqual(self.deployment()["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"], restart["at"])

    def test_the_command_line_restarts_too(self):
        before = self.pods()
        self.assertIn("makes its pods anew", self.host.cli(["restart", "deploy/web", "--reason", "it leaks"]).stdout)
        eventually("new pods", lambda: len(self.pods()) == 2 and not set(before) & set(self.pods()))
        self.assertEqual(self.deployment()["status"]["restart"]["reason"], "it leaks")
        self.assertEqual(self.host.cli(["restart", "svc/web"], check=False).returncode, 2)
        self.assertEqual(self.host.cli(["restart", "none"], check=False).returncode, 4)

    def kubectl_of(self, name, *flags):
        path = self.host.folder / f"{name}.kubeconfig"
        self.host.cli(["kubeconfig", "--user", name, "--output", path, *flags])
        return Kubectl.on(self.host, path)

    def case_roles_decide(self, version):
        viewer = self.kubectl_of("anna", "--role", "view")
        operator = self.kubectl_of("ben", "--role", "operate", "--namespace", "default")
        pod = self.pods()[0]
        # `kubectl cordon` ends with 0 all the same.
        for words in (["delete", "pod", pod], ["rollout", "restart", "deploy/web"], ["cordon", "host-1"], ["label", "deploy", "web", "a=b"]):
            said = viewer.run(version, *words, code=None).stderr
            self.assertRegex(said, r'forbidden: User "anna" cannot (delete|patch) resource')
        self.assertNotIn("cordon", self.node()["status"])
        self.assertRegex(operator(version, "cordon", "host-1", code=1), "cannot (get|patch) resource")
        self.assertRegex(operator(version, "label", "svc", "web", "a=b", code=1), r'User "ben" cannot patch resource "services"')
        self.shows(operator(version, "diff", "-f", self.host.folder / "more.yaml", code=1), r"\+  replicas: 3")
        self.assertRegex(operator(version, "scale", "deploy/web", "--replicas=3", code=1), "forbidden")
        operator(version, "rollout", "restart", "deploy/web")
        self.assertEqual(self.deployment()["status"]["restart"]["by"], "ben")
        operator(version, "rollout", "status", "deploy/web", "--timeout=50s")
        operator(version, "delete", "pod", self.pods()[0])
        self.assertRegex(self.log(), r'event="PATCH /api/v1/nodes/host-1" user="anna" .*code="403"')


if __name__ == "__main__":
    unittest.main()
