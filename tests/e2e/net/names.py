"""SEMANTICS 15: DNS, one test a rule."""
from .asking import dig
from .manifests import MANY

Z = "cluster.local"
SVC = f"default.svc.{Z}"
TTL_S = 30


def reverse(address):
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def dashed(address):
    return address.replace(".", "-")


class NameRules:
    """15.1 to 15.6: which names there are."""

    def no_data(self, reply, zone=Z):
        self.assertEqual((reply.rcode, reply.answers), ("NOERROR", []))
        self.has_soa(reply, zone)

    def no_name(self, reply, zone=Z):
        self.assertEqual((reply.rcode, reply.answers), ("NXDOMAIN", []))
        self.has_soa(reply, zone)

    def has_soa(self, reply, zone):
        self.assertEqual([(record.name, record.type) for record in reply.authority], [(f"{zone}.", "SOA")])

    def test_15_1_the_version_is_said(self):
        for where in [*self.clients, *self.hosts]:
            self.assertEqual(dig(where, f"dns-version.{Z}", "TXT").data(), ['"1.1.0"'])

    def test_15_2_a_service_has_its_address(self):
        for where in [*self.clients, *self.hosts]:
            reply = dig(where, f"web.{SVC}")
            self.assertEqual((reply.rcode, reply.data("A")), ("NOERROR", [self.address("web")]))
            self.assertIn("aa", reply.flags)

    def test_15_2_a_service_without_endpoints_has_its_address(self):
        self.assertEqual(dig(self.clients[0], f"empty.{SVC}").data("A"), [self.address("empty")])

    def test_15_2_a_named_port_has_an_srv_record(self):
        reply = dig(self.clients[0], f"_http._tcp.web.{SVC}", "SRV")
        priority, _, port, target = reply.data("SRV")[0].split()
        self.assertEqual((priority, port, target), ("0", "80", f"web.{SVC}."))
        self.assertEqual([record.data for record in reply.additional if record.type == "A"], [self.address("web")])
        self.assertEqual(dig(self.clients[0], f"_echo._udp.web.{SVC}", "SRV").data()[0].split()[2], "5353")

    def test_15_2_a_port_without_name_or_of_another_protocol_has_none(self):
        self.no_name(dig(self.clients[0], f"_8080._tcp.plain.{SVC}", "SRV"))
        self.no_name(dig(self.clients[0], f"_http._udp.web.{SVC}", "SRV"))

    def test_15_2_the_address_has_the_services_name(self):
        self.assertEqual(dig(self.clients[1], reverse(self.address("web")), "PTR").data(), [f"web.{SVC}."])

    def test_15_3_a_headless_service_has_the_addresses_of_its_ready_pods(self):
        expected = sorted(self.pods[f"default/web-{i}"].address for i in (1, 2, 3))
        for where in [*self.clients, *self.hosts]:
            self.assertEqual(sorted(dig(where, f"peers.{SVC}").data("A")), expected)

    def test_15_3_an_endpoint_with_a_hostname_has_that_name(self):
        address = self.pods["default/web-1"].address
        self.assertEqual(dig(self.clients[2], f"alpha.peers.{SVC}").data("A"), [address])
        self.assertEqual(dig(self.clients[2], reverse(address), "PTR").data(), [f"alpha.peers.{SVC}."])

    def test_15_3_an_endpoint_without_one_is_named_by_its_address(self):
        address = self.pods["default/web-2"].address
        self.assertEqual(dig(self.clients[0], f"{dashed(address)}.peers.{SVC}").data("A"), [address])
        self.assertEqual(dig(self.clients[0], reverse(address), "PTR").data(), [f"{dashed(address)}.peers.{SVC}."])

    def test_15_3_an_endpoint_with_a_hostname_is_not_named_by_its_address(self):
        address = self.pods["default/web-1"].address
        self.no_name(dig(self.clients[0], f"{dashed(address)}.peers.{SVC}"))

    def test_15_3_each_endpoint_and_named_port_has_an_srv_record(self):
        reply = dig(self.clients[0], f"_http._tcp.peers.{SVC}", "SRV")
        hosts = {"alpha": "8080"}
        hosts.update({dashed(self.pods[f"default/web-{i}"].address): port for i, port in ((2, "8080"), (3, "9090"))})
        found = {data.split()[3]: data.split()[2] for data in reply.data("SRV")}
        self.assertEqual(found, {f"{name}.peers.{SVC}.": port for name, port in hosts.items()})
        self.assertEqual(len([record for record in reply.additional if record.type == "A"]), 3)

    def test_15_3_a_headless_service_without_ready_endpoint_has_no_name(self):
        self.no_name(dig(self.clients[0], f"unready-names.{SVC}"))

    def test_15_3_unready_endpoints_have_names_when_they_are_published(self):
        self.assertEqual(dig(self.clients[0], f"published-names.{SVC}").data("A"), [self.pods["default/unready"].address])

    def test_15_4_an_external_name_is_an_alias_and_chased_inside(self):
        for kind in ("A", "AAAA"):
            reply = dig(self.clients[0], f"alias.{SVC}", kind)
            self.assertEqual(reply.rcode, "NOERROR")
            self.assertEqual(reply.data("CNAME"), [f"web.{SVC}."])
            self.assertEqual(reply.data("A"), [self.address("web")] if kind == "A" else [])

    def test_15_4_an_external_name_is_chased_outside(self):
        for where in [*self.clients, *self.hosts]:
            reply = dig(where, f"outside.{SVC}")
            self.assertEqual([(record.name, record.type, record.data) for record in reply.answers],
                             [(f"outside.{SVC}.", "CNAME", "www.corp.example."), ("www.corp.example.", "A", "203.0.113.80")])

    def test_15_4_an_external_name_has_no_srv_records(self):
        self.assertEqual(dig(self.clients[0], f"_http._tcp.outside.{SVC}", "SRV").data("SRV"), [])

    def test_15_5_another_type_of_a_name_is_no_data(self):
        for kind in ("AAAA", "TXT", "SRV", "MX"):
            self.no_data(dig(self.clients[0], f"web.{SVC}", kind))
            self.no_data(dig(self.clients[0], f"peers.{SVC}", kind) if kind != "SRV" else dig(self.clients[0], f"alpha.peers.{SVC}", kind))

    def test_15_5_nodes_above_services_are_no_data(self):
        for name in (f"svc.{Z}", SVC, f"vacant.svc.{Z}", f"_tcp.web.{SVC}"):
            self.no_data(dig(self.clients[0], name))

    def test_15_5_absent_names_are_nxdomain(self):
        for name in (f"nobody.{SVC}", f"web.other.svc.{Z}", f"web.nowhere.svc.{Z}", f"nowhere.svc.{Z}", f"x.web.{SVC}", f"nothing.{Z}"):
            self.no_name(dig(self.clients[0], name))

    def test_15_5_an_address_without_a_name_is_nxdomain(self):
        self.no_name(dig(self.clients[0], reverse("10.96.255.250"), "PTR"), "96.10.in-addr.arpa")

    def test_15_6_a_pod_has_a_name_of_its_address(self):
        address = self.pods["default/client-1"].address
        self.assertEqual(dig(self.clients[1], f"{dashed(address)}.default.pod.{Z}").data("A"), [address])

    def test_15_6_any_address_has_a_pods_name(self):
        self.assertEqual(dig(self.clients[1], f"203-0-113-9.default.pod.{Z}").data("A"), ["203.0.113.9"])
        self.no_data(dig(self.clients[1], f"203-0-113-9.default.pod.{Z}", "AAAA"))
        self.no_name(dig(self.clients[1], f"no-address.default.pod.{Z}"))


class ServingRules:
    """15.7 to 15.9, and what the section says of all: how it is served, and what pods ask."""

    def test_15_all_names_are_found_in_upper_and_lower_case(self):
        reply = dig(self.clients[0], f"WeB.DeFauLT.sVc.{Z.upper()}")
        self.assertEqual(reply.data("A"), [self.address("web")])
        self.assertEqual(reply.answers[0].name, f"WeB.DeFauLT.sVc.{Z.upper()}.", "as it was asked")
        self.assertEqual(dig(self.clients[0], f"ALPHA.peers.{SVC}").data("A"), [self.pods["default/web-1"].address])

    def test_15_7_answers_live_for_thirty_seconds(self):
        names = ((f"web.{SVC}", "A"), (f"peers.{SVC}", "A"), (f"_http._tcp.web.{SVC}", "SRV"),
                 (reverse(self.address("web")), "PTR"), (f"alias.{SVC}", "CNAME"))
        for name, kind in names:
            reply = dig(self.clients[0], name, kind)
            self.assertEqual({record.ttl for record in reply.answers}, {TTL_S}, name)
        negative = dig(self.clients[0], f"nobody.{SVC}").authority[0]
        self.assertEqual((negative.ttl, negative.data.split()[-1]), (TTL_S, str(TTL_S)))

    def resolv_conf(self, pod):
        """Directive -> words, of all lines."""
        found = {}
        for line in self.pods[f"default/{pod}"].read("/etc/resolv.conf").splitlines():
            found.setdefault(line.split()[0], []).extend(line.split()[1:])
        return found

    def test_15_8_pods_ask_the_clusters_dns_and_search_its_domains_and_then_the_hosts(self):
        self.assertEqual(self.resolv_conf("client-1"),
                         {"nameserver": ["10.96.0.10"], "search": [SVC, f"svc.{Z}", Z, "corp.example"], "options": ["ndots:5"]})

    def test_15_8_short_names_lead_to_services(self):
        pod = self.pods["default/client-2"]
        for name in ("web", "web.default", "web.default.svc", f"web.{SVC}", f"web.{SVC}."):
            found = pod.execute(["getent", "ahostsv4", name]).stdout
            self.assertEqual({line.split()[0] for line in found.splitlines()}, {self.address("web")}, name)
        self.assertIn("203.0.113.80", pod.execute(["getent", "ahostsv4", "www"]).stdout)

    def test_15_8_policy_default_is_the_hosts_file(self):
        self.assertEqual(self.resolv_conf("dns-default"),
                         {"nameserver": [self.outside.address], "search": ["corp.example"], "options": ["attempts:2"]})

    def test_15_8_policy_none_is_dns_config_alone(self):
        self.assertEqual(self.resolv_conf("dns-none"),
                         {"nameserver": ["192.0.2.53"], "search": ["only.example"], "options": ["timeout:3"]})

    def test_15_8_dns_config_is_appended_and_options_are_overridden(self):
        found = self.resolv_conf("dns-more")
        self.assertEqual(found["search"], [SVC, f"svc.{Z}", Z, "corp.example", "more.example"])
        self.assertEqual(found["options"], ["ndots:2", "edns0"])

    def test_15_8_three_name_servers_are_kept(self):
        self.assertEqual(self.resolv_conf("dns-more")["nameserver"], ["10.96.0.10", "192.0.2.53", "192.0.2.54"])

    def test_15_9_addresses_are_shuffled(self):
        firsts = {dig(self.clients[0], f"peers.{SVC}").data("A")[0] for _ in range(40)}
        self.assertEqual(len(firsts), 3)

    def test_15_9_without_edns_an_answer_of_512_bytes_is_truncated(self):
        reply = dig(self.clients[0], f"many.{SVC}", "A", "+noedns", "+ignore")
        self.assertIn("tc", reply.flags)
        self.assertLess(len(reply.answers), 32)
        self.assertNotIn("tc", dig(self.clients[0], f"peers.{SVC}", "A", "+noedns", "+ignore").flags)

    def test_15_9_with_edns_more_fits(self):
        reply = dig(self.clients[0], f"many.{SVC}", "A", "+bufsize=1232", "+ignore")
        self.assertIn("tc", reply.flags)
        self.assertGreater(len(reply.answers), 40)

    def test_15_9_over_tcp_there_is_all(self):
        for words in (["+tcp"], ["+noedns"]):  # asked by TCP at once, or after the truncated answer
            reply = dig(self.clients[0], f"many.{SVC}", "A", *words)
            self.assertEqual(sorted(reply.data("A")), sorted(MANY))
            self.assertTrue(reply.over_tcp)

    def test_15_9_other_names_are_asked_upstream(self):
        for where in [*self.clients, *self.hosts]:
            reply = dig(where, "www.corp.example")
            self.assertEqual((reply.rcode, reply.data("A")), ("NOERROR", ["203.0.113.80"]))
            self.assertNotIn("aa", reply.flags)
            self.assertEqual(dig(where, "nobody.corp.example").rcode, "NXDOMAIN")

    def test_15_9_names_of_a_stub_domain_are_asked_of_its_own_servers(self):
        for where in [*self.clients, self.hosts[2]]:
            self.assertEqual(dig(where, "inside.stub.example").data("A"), ["203.0.113.90"])
            self.assertEqual(dig(where, "nobody.stub.example").rcode, "NXDOMAIN")
        self.assertEqual(dig(self.outside, "inside.stub.example", server=self.outside.address).rcode, "NXDOMAIN", "others do not know it")

    def test_15_9_what_was_asked_upstream_is_kept(self):
        name = "kept.corp.example"
        for _ in range(5):
            self.assertEqual(dig(self.hosts[0], name).data("A"), ["203.0.113.81"])
        asked = [line for line in self.outside.log("dnsmasq").read_text().splitlines()
                 if f"query[A] {name} from {self.hosts[0].address}" in line]
        self.assertEqual(len(asked), 1, asked)

    def test_15_9_it_is_asked_from_inside_alone(self):
        for host in self.hosts:
            done = self.outside.execute(["dig", f"@{host.address}", f"web.{SVC}", "+time=1", "+tries=1"], check=False)
            self.assertNotEqual(done.returncode, 0, done.stdout)
