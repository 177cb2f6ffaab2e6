#!/usr/bin/env python3
"""What a plan says of each field is what happens: a case for every field that is acted on, by docs/manifests.md, which is written
from the field tables. Where the plan says none, in place or next start, containers stay; where it says rollout or recreate, all
are new ones; where it says scale, those that ran stay."""
import json
import re
import unittest

from effect_cases import IN_PODS, NO_CHANGE, PROBES, RIGHTS, VOLUMES, cases_in_pods, cases_of_objects, config, documented, unchanged, workload
from harness import HostTest


class EffectsTest(HostTest):

    def ids(self, name):
        """Of the containers of a case's pods."""
        return {i for key, ids in self.host.containers().items() for i in ids if re.match(rf"default/{name}(-|/)", key)}

    def commit_all(self, manifests, message):
        return self.host.commit({"all.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}, indent=1)}, message)

    def plan(self):
        result = self.host.cli(["--dry-run", "-o", "json", self.host.repository], check=False)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def start(self, manifests):
        self.host.docker(["tag", "test/busybox:1", "test/busybox:2"])
        self.commit_all(manifests, "Begin")
        # Half of it changes: what is asked here is not the deletion breaker.
        settings = self.host.folder / "settings.yaml"
        settings.write_text("deletionBreaker: {maxPercent: 100, maxObjects: 1000}\n", encoding="utf-8")
        self.host.flags = ["--config", settings]
        self.host.start_reconcile()
        self.host.converge(deadline_s=180)

    def check_pods(self, plan, before):
        """The pods that the plan names are those that came and went."""
        after = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in self.host.pods()}
        predicted = dict(before)
        for pod in plan["pods"]:
            if pod["fate"] == "remove":
                predicted.pop(pod["name"])
        for pod in plan["pods"]:
            if pod["fate"] == "create":
                predicted[pod["name"]] = pod["node"]
        self.assertEqual(predicted, after)

    def check_case(self, case, change, before, after):
        said = change["effect"]
        self.assertEqual(said, case.effect, f"{case.field} of {case.key}: {change}")
        if said in ("rollout", "recreate"):
            self.assertTrue(before and after and not before & after, f"{case.field} of {case.key}: a container stayed")
        else:
            self.assertTrue(before and before <= after, f"{case.field} of {case.key}: a container stopped")
            self.assertEqual(len(after) > len(before), said == "scale", f"{case.field} of {case.key}")

    def test_every_field_that_is_acted_on_has_a_case(self):
        cases = cases_in_pods(IN_PODS) + cases_of_objects()[0]
        missing = documented() - {case.field for case in cases} - set(PROBES) - set(RIGHTS) - set(VOLUMES) - NO_CHANGE - {"NodeSpec.unschedulable"}
        self.assertEqual(missing, set(), "fields without a case here")

    def test_the_first_half_of_the_fields_in_pods(self):
        self.check_half_of_pods(0)

    def test_the_second_half_of_the_fields_in_pods(self):
        self.check_half_of_pods(1)

    def test_every_field_of_workloads_and_configuration(self):
        cases, more = cases_of_objects()
        more += unchanged()
        self.check_cases(cases, more)

    def test_every_probe(self):
        self.check_cases(cases_in_pods(PROBES), [])

    def test_every_right(self):
        (self.host.folder / "data").mkdir(mode=0o700)
        profiles = self.host.folder / "data/agent/seccomp"
        (profiles / "team").mkdir(parents=True)
        for name in ("one.json", "team/two.json"):
            (profiles / name).write_text('{"defaultAction": "SCMP_ACT_ALLOW"}', encoding="utf-8")
        self.check_cases(cases_in_pods(RIGHTS), [])

    def test_every_volume_up_to_config_maps(self):
        self.check_volumes(lambda field: re.match("Volume|EmptyDir|HostPath|ConfigMapVolume|KeyToPath", field))

    def test_every_other_volume(self):
        self.check_volumes(lambda field: not re.match("Volume|EmptyDir|HostPath|ConfigMapVolume|KeyToPath", field))

    def check_volumes(self, takes):
        """Half of them on a host, of which the breaker then holds nothing."""
        stay = [config(kind, metadata={"name": name}, **{"data" if kind == "ConfigMap" else "stringData": {"a": "1", "b": "2"}})
                for kind in ("ConfigMap", "Secret") for name in ("stays", "too")]
        self.check_cases(cases_in_pods({field: case for field, case in VOLUMES.items() if takes(field)}), stay)

    def check_half_of_pods(self, half):
        """All at once would be more pods than a host takes."""
        cases = cases_in_pods(IN_PODS)
        middle = len(cases) // 2
        self.check_cases(cases[middle:] if half else cases[:middle], unchanged())

    def check_cases(self, cases, more):
        """All change at once; beside them, `more` stays as it is."""
        self.start([case.before for case in cases] + more)
        ids = {case.name: self.ids(case.name) for case in cases}
        pods = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in self.host.pods()}
        self.host.write("all.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": [case.after for case in cases] + more}, indent=1))
        plan = self.plan()
        self.assertEqual(plan["errors"], [])
        changes = {(change["kind"], change["name"]): change for change in plan["changes"]}
        self.assertEqual(set(changes), {case.key for case in cases}, "exactly these change")
        self.host.commit(message="Each in one field")
        self.host.converge(deadline_s=180)
        for case in cases:
            with self.subTest(case.field, object=case.key):
                self.check_case(case, changes[case.key], ids[case.name], self.ids(case.name))
        self.check_pods(plan, pods)
        result = self.host.cli(["--dry-run", self.host.repository], check=False)
        self.assertEqual(result.returncode, 0, "the second plan is empty: " + result.stdout)

    def test_a_node_that_takes_no_more_pods_keeps_those_it_has(self):
        web = workload("Deployment", "web")
        self.start([web])
        before = self.ids("web")
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "host-1", "labels": {"disk": "ssd"}}, "spec": {"unschedulable": True}}
        node["spec"]["taints"] = [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}, {"key": "old", "effect": "PreferNoSchedule"}]
        self.host.write("node.json", json.dumps(node))
        change = [change for change in self.plan()["changes"] if change["kind"] == "Node"][0]
        self.assertEqual(change["effect"], "next start", change)
        self.assertIn("taints", json.dumps(change))
        self.host.commit(message="No more")
        self.host.converge()
        self.assertEqual(self.ids("web"), before)


if __name__ == "__main__":
    unittest.main()
