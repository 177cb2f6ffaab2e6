"""SEMANTICS 13: Services, one test a rule."""
import json

from hosts.system import eventually, run

from .asking import PATIENCE_S, ask, ask_often, ask_udp, is_even, outcome, outcome_udp
from .manifests import EXTERNAL_IP, OUTSIDE_SERVER

WEB = ["web-1", "web-2", "web-3"]
TIMES = 60  # of requests where chance decides: three pods are all among them but once in 10^10


class TypeRules:
    """13.1 to 13.4: what a Service is, and what is behind its ports."""

    def refused(self, text, expected):
        """What a person is told of a manifest that may not be."""
        done = self.cluster.controller.execute(["reconcile", "validate", "-"], check=False, text_input=text)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout + done.stderr, expected)

    def test_13_1_a_cluster_ip_is_of_the_range_and_reached_from_pods_and_hosts(self):
        address = self.address("web")
        self.assertRegex(address, r"^10\.96\.")
        for where in [*self.clients, *self.hosts]:
            self.assertIn(ask(where, address, 80).pod, WEB)

    def test_13_1_a_node_port_service_has_a_cluster_ip_too(self):
        self.assertIn(ask(self.clients[0], self.address("node"), 80).pod, WEB)
        for host in self.hosts:
            self.assertIn(ask(self.outside, host.address, 30080).pod, WEB)

    def test_13_1_a_node_port_is_given_out_of_the_range(self):
        self.assertTrue(30000 <= self.node_port("one-outside") <= 32767)

    def test_13_1_a_node_port_outside_of_the_range_is_refused(self):
        self.refused("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 8080}]}\n",
                     "30000 to 32767")

    def test_13_1_a_load_balancer_has_node_ports_and_the_hosts_addresses(self):
        service = self.service("balanced")
        addresses = [each["ip"] for each in service["status"]["loadBalancer"]["ingress"]]
        self.assertEqual(addresses, [host.address for host in self.hosts])
        self.assertIn(ask(self.clients[1], service["spec"]["clusterIP"], 8090).pod, WEB)
        for address in addresses:
            self.assertIn(ask(self.outside, address, self.node_port("balanced")).pod, WEB)
            self.assertIn(ask(self.outside, address, 8090).pod, WEB)

    def test_13_1_a_load_balancer_lets_in_its_source_ranges_alone(self):
        for host in self.hosts:
            self.assertIn(ask(self.outside, host.address, 8091).pod, WEB)
        self.assertEqual(outcome(self.hosts[0], self.hosts[1].address, 8091), "silent")

    def test_13_1_an_external_name_has_no_address_and_no_port(self):
        spec = self.service("outside")["spec"]
        self.assertNotIn("clusterIP", spec)
        self.assertEqual(self.slices("outside"), [])

    def test_13_1_a_headless_service_has_no_address(self):
        self.assertEqual(self.address("peers"), "None")

    def test_13_1_an_address_that_was_asked_for_is_given_and_cannot_be_changed(self):
        self.assertEqual(self.address("fixed"), "10.96.0.77")
        path = self.repository.folder / "services/fixed.yaml"
        text = path.read_text(encoding="utf-8")
        self.addCleanup(self.apply, {"services/fixed.yaml": text}, "The address that it has")
        self.repository.commit({"services/fixed.yaml": text.replace("10.96.0.77", "10.96.0.78")}, "Another address")
        eventually("a person is told", lambda: "clusterIP" in self.cluster.cli(["status"], check=False).stdout)
        self.assertEqual(self.address("fixed"), "10.96.0.77")
        self.assertIn(ask(self.clients[0], "10.96.0.77", 80).pod, WEB)

    def test_13_1_external_ips_are_answered_on_the_host_that_they_are_routed_to(self):
        for host in self.hosts:
            self.outside.execute(["ip", "route", "replace", f"{EXTERNAL_IP}/32", "via", host.address])
            self.assertIn(ask(self.outside, EXTERNAL_IP, 80).pod, WEB)

    def test_13_2_protocol_is_tcp_and_target_port_the_port_unless_said(self):
        port = self.service("plain")["spec"]["ports"][0]
        self.assertEqual((port.get("protocol", "TCP"), port["port"]), ("TCP", 8080))
        self.assertEqual(ask(self.clients[0], self.address("plain"), 8080).port, 8080)

    def test_13_2_a_named_target_port_is_looked_up_in_each_pod(self):
        seen = {(answer.pod, answer.port) for answer in
                (ask(self.clients[0], self.address("named"), 80) for _ in range(TIMES))}
        self.assertEqual(seen, {("web-1", 8080), ("web-2", 8080), ("web-3", 9090)})

    def test_13_2_pods_whose_numbers_differ_are_in_separate_slices(self):
        found = {item["ports"][0]["port"]: sorted(each["targetRef"]["name"] for each in item["endpoints"])
                 for item in self.slices("named")}
        self.assertEqual(found, {8080: ["web-1", "web-2"], 9090: ["web-3"]})

    def test_13_2_a_named_target_port_is_of_the_same_protocol(self):
        # 5353/UDP; nothing is behind the name for TCP.
        self.assertEqual({ask_udp(self.clients[0], self.address("echo"), 53).port for _ in range(5)}, {5353})
        self.assertEqual(outcome(self.clients[0], self.address("echo"), 53), "refused")

    def test_13_2_several_ports_lead_each_to_its_own(self):
        address = self.address("web")
        self.assertEqual([ask(self.clients[2], address, port).port for port in (80, 81)], [8080, 9090])
        self.assertEqual(ask_udp(self.clients[2], address, 5353).port, 5353)

    def test_13_2_several_ports_must_be_named(self):
        self.refused("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 80}, {port: 81}]}\n",
                     "required when there are several ports")

    def test_13_3_a_pod_without_the_named_port_is_not_behind_it(self):
        self.assertEqual(ask_often(self.clients[0], self.address("metrics"), 80, 12), {"web-3": 12})
        self.assertEqual({item["ports"][0]["port"]: [each["targetRef"]["name"] for each in item["endpoints"]]
                          for item in self.slices("metrics") if item.get("ports")}, {9090: ["web-3"]})

    def test_13_4_without_selector_a_slice_of_the_users_is_used(self):
        for where in [self.clients[0], self.hosts[1]]:
            self.assertEqual(ask(where, self.address("by-slice"), 80).pod, "outside")

    def test_13_4_without_selector_endpoints_of_the_users_are_used(self):
        self.assertEqual(ask(self.clients[0], self.address("by-endpoints"), 80).pod, "outside")
        self.assertEqual(list(self.endpoints("by-endpoints")), [OUTSIDE_SERVER])


class BalancingRules:
    """13.5 and 13.6: which endpoint it is, and what happens without any."""

    def test_13_5_without_affinity_connections_are_spread_evenly(self):
        counts = {}
        for _ in range(2):  # once in a thousand times chance looks uneven
            counts = ask_often(self.clients[0], self.address("web"), 80, 300)
            if is_even(counts, WEB):
                return
        self.fail(counts)

    def test_13_5_affinity_keeps_a_client_on_its_pod(self):
        for client in self.clients:
            counts = ask_often(client, self.address("sticky"), 80, 20)
            self.assertEqual(len(counts), 1, counts)

    def test_13_5_affinity_is_of_each_client(self):
        # With addresses of their own: of 24, one pod has all once in 3^23 times.
        client = self.clients[0]
        addresses = [f"10.42.0.{i}" for i in range(200, 224)]
        for address in addresses:
            client.execute(["ip", "addr", "add", f"{address}/32", "dev", "eth0"])
            client.host.execute(["ip", "route", "replace", f"{address}/32", "via", client.address, "dev",
                                 self.device_of(client), "onlink"])
        try:
            pods = {ask(client, self.address("sticky"), 80, "--interface", address).pod for address in addresses}
        finally:
            for address in addresses:
                client.execute(["ip", "addr", "del", f"{address}/32", "dev", "eth0"])
                client.host.execute(["ip", "route", "del", f"{address}/32"])
        self.assertGreater(len(pods), 1)

    @staticmethod
    def device_of(pod):
        return json.loads(pod.host.execute(["ip", "-j", "route", "get", pod.address]).stdout)[0]["dev"]

    def sticky_ports(self, host):
        """Port -> seconds: what the host remembers of clients of `sticky`."""
        listed = json.loads(host.execute(["nft", "-j", "list", "map", "ip", "reconcile_services", "affinity"]).stdout)
        found = {}
        for each in next(entry["map"] for entry in listed["nftables"] if "map" in entry).get("elem", []):
            key = each[0]["elem"]
            parts = key["val"]["concat"]
            if parts[1] == self.address("sticky"):
                found[parts[3]] = key["timeout"]
        return found

    def test_13_5_affinity_is_of_each_service_port_and_lasts_three_hours(self):
        for port in (80, 81):
            ask(self.clients[0], self.address("sticky"), port)
        self.assertEqual(self.sticky_ports(self.clients[0].host), {80: 10800, 81: 10800})

    def test_13_5_affinity_ends_after_its_timeout(self):
        client, address = self.clients[1], self.address("sticky-short")
        kept = ask_often(client, address, 80, 10)
        self.assertEqual(len(kept), 1, kept)

        def forgotten():
            return address not in client.host.execute(["nft", "list", "map", "ip", "reconcile_services", "affinity"]).stdout

        def another():
            eventually("the second is over", forgotten, 10)
            return ask(client, address, 80).pod not in kept

        eventually("another pod answers", another, 60)

    def test_13_5_affinity_ends_when_the_endpoint_leaves(self):
        client, address = self.clients[0], self.address("leave")
        kept = ask(client, address, 80).pod
        self.repository.commit({f"pods/{kept}.yaml": None}, f"{kept} leaves")
        eventually("its slice is without it", lambda: kept not in self.endpoints("leave"))
        other = {"leave-a": "leave-b", "leave-b": "leave-a"}[kept]
        eventually("the other answers", lambda: ask(client, address, 80).pod == other, 10)
        self.assertEqual(ask_often(client, address, 80, 10), {other: 10})

    def test_13_6_no_endpoint_resets_tcp_at_once(self):
        for where in [*self.clients, *self.hosts]:
            self.assertEqual(outcome(where, self.address("empty"), 80), "refused")

    def test_13_6_no_endpoint_answers_udp_with_port_unreachable(self):
        for where in [self.clients[0], self.hosts[0]]:
            self.assertEqual(outcome_udp(where, self.address("empty"), 5353), "refused")

    def test_13_6_no_endpoint_refuses_at_the_node_port_too(self):
        for host in self.hosts:
            self.assertEqual(outcome(self.outside, host.address, self.node_port("empty")), "refused")
            self.assertEqual(outcome_udp(self.outside, host.address, self.node_port("empty", "echo")), "refused")

    def test_13_6_a_port_that_the_service_has_not_is_refused(self):
        self.assertEqual(outcome(self.clients[0], self.address("web"), 82), "refused")

    def test_13_6_external_policy_local_drops_where_no_endpoint_is_local(self):
        for host in self.hosts[1:]:
            self.assertEqual(outcome(self.outside, host.address, self.node_port("local-out")), "silent")

    def test_13_6_internal_policy_local_drops_where_no_endpoint_is_local(self):
        address = self.address("local-one")
        self.assertEqual(ask(self.clients[0], address, 80).pod, "web-1")
        for client in self.clients[1:]:
            self.assertEqual(outcome(client, address, 80), "silent")


class PolicyRules:
    """13.7 to 13.10: who the client seems to be, and where ports are open."""

    def test_13_7_external_policy_local_keeps_the_clients_address(self):
        answer = ask(self.outside, self.hosts[0].address, self.node_port("local-out"))
        self.assertEqual((answer.pod, answer.client), ("web-1", self.outside.address))

    def test_13_7_external_policy_cluster_reaches_pods_of_other_hosts(self):
        for host in self.hosts:
            answer = ask(self.outside, host.address, self.node_port("one-outside"))
            self.assertEqual(answer.pod, "web-1")

    def test_13_7_inside_the_clients_address_is_kept(self):
        for client in self.clients:
            self.assertEqual(ask(client, self.address("web"), 80).client, client.address)

    def test_13_7_health_check_node_port_says_where_the_endpoints_are(self):
        port = self.service("local-balanced")["spec"]["healthCheckNodePort"]
        self.assertTrue(30000 <= port <= 32767)
        for number, host in enumerate(self.hosts, 1):
            count = 1 if number == 1 else 0
            done = self.outside.execute(["curl", "-si", "--max-time", PATIENCE_S, f"http://{host.address}:{port}/healthz"])
            head, body = done.stdout.split("\n\n")
            self.assertTrue(head.startswith("HTTP/1.1 200 OK" if count else "HTTP/1.1 503 Service Unavailable"), head)
            self.assertIn(f"X-Load-Balancing-Endpoint-Weight: {count}", head)
            self.assertEqual(json.loads(body), {"service": {"namespace": "default", "name": "local-balanced"},
                                                "localEndpoints": count, "serviceProxyHealthy": True})
            self.assertEqual(outcome(host, "127.0.0.1", port), "refused")

    def test_13_7_internal_policy_local_uses_pods_of_the_same_host(self):
        for client, pod in zip(self.clients, WEB):
            self.assertEqual(ask_often(client, self.address("local-in"), 80, 12), {pod: 12})

    def test_13_7_internal_policy_cluster_is_the_default(self):
        for client in self.clients:
            self.assertEqual(set(ask_often(client, self.address("web"), 80, TIMES)), set(WEB))

    def test_13_7_prefer_same_zone_uses_pods_of_the_hosts_own_zone(self):
        for client, near in zip(self.clients, [WEB[:2], WEB[:2], WEB[2:]]):
            self.assertEqual(set(ask_often(client, self.address("near-zone"), 80, TIMES)), set(near))

    def test_13_7_prefer_same_node_uses_pods_of_the_same_host_and_others_where_there_are_none(self):
        for client, pod in zip(self.clients, WEB):
            self.assertEqual(ask_often(client, self.address("near-node"), 80, 12), {pod: 12})
            self.assertEqual(ask_often(client, self.address("near-one"), 80, 12), {"web-1": 12})

    def test_13_8_a_pod_reaches_itself_through_its_service(self):
        pod = self.pods["default/web-1"]
        self.assertEqual(ask_often(pod, self.address("self"), 80, 12), {"web-1": 12})
        for number, host in enumerate(self.hosts, 1):
            pod = self.pods[f"default/web-{number}"]
            self.assertEqual(set(ask_often(pod, self.address("web"), 80, TIMES)), set(WEB), host.name)
            self.assertIn(ask(pod, host.address, 30080).pod, WEB)

    def test_13_8_flows_of_udp_leave_an_endpoint_that_is_gone(self):
        client, address, port = self.clients[2], self.address("udp"), 40000

        def flows():
            return client.host.execute(["conntrack", "-L", "-p", "udp", "--orig-dst", address, "--sport", port], check=False).stdout

        kept = ask_udp(client, address, 5353, port).pod
        self.assertIn(f"src={self.pods[f'default/{kept}'].address}", flows())
        self.assertEqual({ask_udp(client, address, 5353, port).pod for _ in range(4)}, {kept}, "a flow stays where it is")
        self.repository.commit({f"pods/{kept}.yaml": None}, f"{kept} leaves")
        eventually("its slice is without it", lambda: kept not in self.endpoints("udp"))
        eventually("its flow is forgotten", lambda: self.pods[f"default/{kept}"].address not in flows(), 10)
        other = {"udp-a": "udp-b", "udp-b": "udp-a"}[kept]
        self.assertEqual(ask_udp(client, address, 5353, port).pod, other)

    def test_13_9_unready_pods_answer_when_they_are_published(self):
        for client in self.clients:
            self.assertEqual(ask(client, self.address("published"), 80).pod, "unready")

    def test_13_9_unready_pods_do_not_answer_otherwise(self):
        for where in [*self.clients, *self.hosts]:
            self.assertEqual(outcome(where, self.address("unready"), 80), "refused")

    def test_13_10_node_ports_are_not_on_the_loopback(self):
        for host in self.hosts:
            self.assertEqual(outcome(host, "127.0.0.1", 30080), "refused")

    def test_13_10_node_ports_are_on_the_hosts_primary_address_alone(self):
        host = self.hosts[0]
        host.execute(["ip", "addr", "add", "192.0.2.111/24", "dev", "eth0"])
        try:
            self.assertEqual(outcome(self.outside, "192.0.2.111", 30080), "refused")
            self.assertIn(ask(self.outside, host.address, 30080).pod, WEB)
        finally:
            host.execute(["ip", "addr", "del", "192.0.2.111/24", "dev", "eth0"])

    def test_13_10_node_ports_answer_udp_and_pods_and_hosts_too(self):
        for host in self.hosts:
            self.assertIn(ask_udp(self.outside, host.address, 30053).pod, WEB)
            self.assertIn(ask(self.clients[0], host.address, 30080).pod, WEB)
            self.assertIn(ask(self.hosts[2], host.address, 30080).pod, WEB)
