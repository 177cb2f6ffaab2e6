"""SEMANTICS 14: EndpointSlices, one test a rule."""
from collections import Counter

from hosts.system import eventually

from .asking import ask, ask_often, outcome
from .manifests import MANY
from .services import WEB


def conditions(endpoint):
    return {name: endpoint["conditions"].get(name, False) for name in ("ready", "serving", "terminating")}


READY = {"ready": True, "serving": True, "terminating": False}
UNREADY = {"ready": False, "serving": False, "terminating": False}
GOING = {"ready": False, "serving": True, "terminating": True}
GONE = {"ready": False, "serving": False, "terminating": True}


class SliceRules:
    """14.1 to 14.4."""

    def test_14_1_selected_pods_are_members_with_address_host_and_pod(self):
        found = self.endpoints("web")
        self.assertEqual(sorted(found), WEB)
        for name, endpoint in found.items():
            pod = self.pods[f"default/{name}"]
            self.assertEqual((endpoint["addresses"], endpoint["nodeName"]), ([pod.address], pod.host.name))
            self.assertEqual(endpoint["targetRef"]["kind"], "Pod")

    def test_14_1_members_are_of_the_services_namespace(self):
        names = {each.get("hostname") for each in self.endpoints("peers").values()}
        self.assertEqual(names, {"alpha", None})
        self.assertNotIn("elsewhere", self.endpoints("peers"))

    def test_14_1_unready_pods_are_members(self):
        self.assertEqual(conditions(self.endpoints("unready")["unready"]), UNREADY)

    def test_14_1_pods_that_are_done_are_no_members(self):
        phases = {name: item["status"]["phase"] for name, item in self.pods_of("app=done").items()}
        self.assertEqual(phases, {"done-succeeded": "Succeeded", "done-failed": "Failed", "done-on-failure": "Succeeded"})
        self.assertEqual(self.endpoints("done"), {})
        self.assertEqual(outcome(self.clients[0], self.address("done"), 80), "refused")

    def test_14_2_ready_serving_and_terminating_of_a_pod_that_serves(self):
        for endpoint in self.endpoints("web").values():
            self.assertEqual(conditions(endpoint), READY)

    def test_14_2_a_published_pod_is_ready_and_does_not_serve(self):
        self.assertEqual(conditions(self.endpoints("published")["unready"]), {**UNREADY, "ready": True})

    def test_14_2_a_slice_has_a_hundred_endpoints_at_most(self):
        sizes = [len(item["endpoints"]) for item in self.slices("many")]
        self.assertEqual(sum(sizes), len(MANY))
        self.assertLessEqual(max(sizes), 100)

    def test_14_2_a_hostname_needs_the_services_name_as_subdomain(self):
        self.assertEqual(self.endpoints("peers")["web-1"]["hostname"], "alpha")
        self.assertEqual([each.get("hostname") for each in self.endpoints("web").values()], [None] * 3)

    def test_14_3_a_terminating_pod_gets_no_connections_while_another_is_ready(self):
        self.assertEqual(set(ask_often(self.clients[2], self.address("going"), 80, 40)), {"going-a", "going-b"})
        self.repository.commit({"pods/going-a.yaml": None}, "One goes")
        self.eventually_equal("it serves and goes", lambda: conditions(self.endpoints("going")["going-a"]), GOING)
        address = self.pods["default/going-a"].address
        for client in self.clients:
            eventually("connections go to the other alone",
                       lambda at=client: ask_often(at, self.address("going"), 80, 20) == Counter({"going-b": 20}), 10)
        self.assertEqual(ask(self.clients[0], address, 8080).pod, "going-a", "it would have answered")

    def test_14_3_a_terminating_pod_serves_where_none_is_ready_until_it_ends(self):
        self.repository.commit({"pods/last.yaml": None}, "The last goes")
        self.eventually_equal("it serves and goes", lambda: conditions(self.endpoints("last")["last"]), GOING)
        for client in self.clients:
            self.assertEqual(ask(client, self.address("last"), 80).pod, "last")
        self.eventually_equal("it is gone", lambda: self.endpoints("last"), {})
        for where in [*self.clients, *self.hosts]:
            eventually("refused", lambda at=where: outcome(at, self.address("last"), 80) == "refused", 10)

    def test_14_3_a_terminating_pod_that_does_not_serve_gets_nothing(self):
        pod = self.pods["default/end"]
        self.repository.commit({"pods/end.yaml": None}, "One that is not ready goes")
        self.eventually_equal("it goes", lambda: conditions(self.endpoints("end")["end"]), GONE)
        self.assertEqual(outcome(self.clients[0], self.address("end"), 80), "refused")
        self.assertEqual(ask(self.clients[0], pod.address, 8080).pod, "end", "it would have answered")

    def test_14_4_endpoints_of_a_host_that_is_silent_leave_at_once(self):
        host, away = self.hosts[2], self.address("away")
        self.assertEqual(ask(self.clients[0], away, 80).pod, "away")
        self.cluster.switch.cut(host.name)
        self.addCleanup(self.all_back)
        self.node_is(host.name, False)
        self.assertEqual(conditions(self.endpoints("away")["away"]), UNREADY)
        self.assertEqual(self.pods_of("app=away")["away"]["status"]["phase"], "Running", "it is not evicted")
        for where in [*self.clients[:2], *self.hosts[:2]]:
            eventually("refused", lambda at=where: outcome(at, away, 80) == "refused", 5)
        eventually("the others answer", lambda: set(ask_often(self.clients[0], self.address("web"), 80, 20)) == {"web-1", "web-2"}, 5)

    def all_back(self):
        self.cluster.switch.heal()
        self.node_is("host-3", True)
        eventually("it answers again", lambda: outcome(self.clients[0], self.address("away"), 80) == "answered", 30)
        self.eventually_equal("every pod is ready", lambda: {name: conditions(each) for name, each in self.endpoints("web").items()},
                              {name: READY for name in WEB})
