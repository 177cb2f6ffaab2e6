#!/usr/bin/env python3
"""Hosts that join a controller over the network: who is let in, and what goes on while something is gone.

One set of three hosts for all of it. Tests named for a line are of FAULTS."""
import json
import os
import random
import signal
import time
import unittest

from hosts.cluster import API_PORT, PORT
from hosts.system import eventually, run
from hosts.testing import ClusterTest, deployment

MOMENTS = int(os.environ.get("RECONCILE_RANDOM_MOMENTS", "8"))
CERTIFICATE_LIFE_S = 60  # so that a test sees certificates end
LEASE_S = 15


class HostsTest(ClusterTest):

    @classmethod
    def first_manifests(cls):
        return {"web.yaml": deployment("web", 6)}

    def setUp(self):
        super().setUp()
        self.converge()

    def curl(self, host, path, *words, at=None):
        """(HTTP code or "000", body) of a request to the controller's port for agents, or to the address and port given."""
        at = at or f"{self.cluster.controller.address}:{PORT}"
        done = host.execute(["curl", "-sk", "-m", "20", "-w", "\n%{http_code}"] + list(words) + [f"https://{at}{path}"], check=False)
        body, code = done.stdout.rsplit("\n", 1)
        return code, body

    def refused_join(self, line, host, expected, code=2):
        """Runs the line with a data folder of its own, where it must not be let in. Code 3: it went on trying."""
        folder = f"{host.run}/refused"
        words = line.split() + ["--data", folder, "--join-only"]
        done = host.execute(["timeout", "60"] + words, check=False)
        host.execute(["rm", "-rf", folder])
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, expected)

    # ---- who is let in ----
    def test_pods_run_on_every_host(self):
        counts = {host.name: sum(1 for key in host.containers() if key.endswith("/main")) for host in self.cluster.hosts}
        self.assertGreaterEqual(min(counts.values()), 1, counts)

    def test_an_agent_that_has_joined_needs_no_token_and_no_address(self):
        host = self.cluster.hosts[0]
        before = self.cluster.containers()
        host.kill("agent", signal.SIGTERM)
        host.start_service("agent")
        self.assertEqual(host.services["agent"], ["reconcile", "agent"])
        self.node_is(host.name, True)
        eventually("it reports again", lambda: "agent is up" in host.log_end("agent", 60))
        self.same_containers(before, "an agent's restart restarts nothing")

    def test_doctor_on_a_host_compares_its_clock_with_the_controllers(self):
        def checks(machine):
            return {check["name"]: check for check in json.loads(machine.execute(["reconcile", "doctor", "-o", "json"], check=False).stdout)["checks"]}

        clock = checks(self.cluster.hosts[0])["controller's clock"]
        self.assertEqual((clock["verdict"], clock["found"]),
                         ("good", f"this host's is within 2s of that of {self.cluster.controller.address}:{PORT}"))
        there = checks(self.cluster.controller)
        self.assertNotIn("controller's clock", there)
        self.assertEqual((there["hosts' clocks"]["verdict"], there["hosts' clocks"]["found"]), ("good", "as this controller's"))

    def test_line_14_strangers_are_rejected_before_their_body_is_read(self):
        host = self.cluster.hosts[0]
        big = host.run / "big"
        big.write_bytes(b"x" * (8 << 20))
        self.assertEqual(self.curl(host, "/healthz")[0], "200")
        # curl says how much it could send: of a body that is read, all of it.
        for path in ("/renew", "/link", "/stream/1", "/anything"):
            code, said = self.curl(host, path, "-X", "POST", "--data-binary", f"@{big}", "-o", "/dev/null", "-H", "Expect:",
                                   "-w", "%{size_upload} \n%{http_code}")
            self.assertIn(code, ("401", "000"), path)
            self.assertLess(int(said.split()[-1] if said.split() else 0), 8 << 20, path)
        foreign = self.foreign_certificate(host)
        code, _ = self.curl(host, "/link", "--cert", f"{foreign}.pem", "--key", f"{foreign}.key")
        self.assertIn(code, ("401", "000"))
        wrong = "rc1." + "0" * 8 + "." + "1" * 32 + "." + "2" * 64
        codes = [self.curl(host, "/join", "-X", "POST", "-H", f"Authorization: Bearer {wrong}", "--data-binary", f"@{big}",
                           "-H", "Expect:")[0] for _ in range(25)]
        self.assertNotIn("200", codes)
        self.assertIn("429", codes, "guessing is slowed down")
        # Others are let in meanwhile: the limit is of an address.
        self.assertEqual(self.curl(self.cluster.hosts[1], "/healthz")[0], "200")
        self.assertEqual(self.cluster.ready_nodes(), [each.name for each in self.cluster.hosts])

    def foreign_certificate(self, host):
        name = host.run / "foreign"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
             "-out", f"{name}.pem", "-subj", "/CN=host-1", "-addext", "subjectAltName=DNS:host-1", "-days", "3"])
        return name

    def test_line_16_tokens_that_are_used_revoked_guessed_or_foreign_are_refused(self):
        cluster, host = self.cluster, self.cluster.hosts[2]
        used = cluster.join_line()
        extra = f"{host.run}/extra"
        host.execute(used.split() + ["--data", extra, "--node-name", "extra", "--join-only"])
        self.refused_join(used + " --node-name another", host, "(?i)used")
        revoked = cluster.join_line()
        cluster.cli(["token", "revoke", revoked.split(".")[-3]])
        self.refused_join(revoked + " --node-name another", host, "(?i)revoked")
        words = cluster.join_line().split(" ")
        token = next(word for word in words if word.startswith("rc1."))
        parts = token.split(".")
        guessed = ".".join([parts[0], parts[1], "f" * 32, parts[3]])
        self.refused_join(" ".join(words).replace(token, guessed) + " --node-name another", host, "(?i)token")
        foreign = ".".join(parts[:3] + ["a" * 64])
        self.refused_join(" ".join(words).replace(token, foreign) + " --node-name another", host, "(?i)CA|certificate", code=2)
        self.refused_join(" ".join(words) + " --node-name host-1", host, "has a valid certificate")
        self.assertIn("UsedUp", cluster.cli(["token", "list"]).stdout)
        cluster.cli(["node", "revoke", "extra"])

    def test_line_17_nothing_that_is_unauthenticated_listens_but_health(self):
        """Every socket of every host, from inside, and every port from outside."""
        for machine in self.cluster.machines:
            # DNS, on an address that nobody outside reaches (test_net_faults.py, line 41).
            dns = ("10.96.0.10:53",) if machine in self.cluster.hosts else ()
            ours = [entry for entry in machine.sockets() if "reconcile" in entry[2] and entry[1] not in dns]
            # Agents' port, and kubectl's, which nobody outside reaches unless the operator says so.
            expected = [("tcp", f"0.0.0.0:{PORT}"), ("tcp", f"127.0.0.1:{API_PORT}")] if machine is self.cluster.controller_on else []
            self.assertEqual(sorted(entry[:2] for entry in ours), expected, machine.name)
        scan = ("import socket,sys\nopen_ports=[]\nfor port in range(1,65536):\n"
                " s=socket.socket(); s.settimeout(1)\n if s.connect_ex((sys.argv[1],port))==0: open_ports.append(port)\n s.close()\n"
                "print(open_ports)")
        for machine in self.cluster.machines:
            other = next(host for host in self.cluster.hosts if host is not machine)
            found = json.loads(other.execute(["python3", "-c", scan, machine.address]).stdout)
            self.assertEqual(found, [PORT] if machine is self.cluster.controller_on else [], machine.name)
        paths = ("/", "/healthz", "/livez", "/readyz", "/metrics", "/version", "/api", "/openapi/v2", "/openapi/v3", "/api/v1/pods",
                 "/apis/reconcile.dev/v1/status", "/link", "/hooks/main")
        for port, machine, health in ((PORT, self.cluster.hosts[0], ("/healthz",)),
                                      (API_PORT, self.cluster.controller_on, ("/healthz", "/livez", "/readyz"))):
            address = self.cluster.controller.address if port == PORT else "127.0.0.1"
            answers = {path: self.curl(machine, path, at=f"{address}:{port}")[0] for path in paths}
            for path in health:
                self.assertEqual(answers.pop(path), "200", (port, path))
            for path, code in answers.items():
                self.assertIn(code, ("401", "404", "405", "429"), (port, path))

    def test_line_29_a_second_controller_on_the_same_database_refuses_to_start(self):
        machine = self.cluster.controller_on
        before = self.cluster.containers()
        second = machine.execute(["timeout", "30", "reconcile", "--socket", f"{machine.run}/second.sock", "controller", "--listen",
                                  "0.0.0.0:7444"], check=False)
        self.assertEqual(second.returncode, 2, second.stderr)
        self.assertIn("in use by process ", second.stderr)
        self.assertEqual(self.cluster.status()["unconverged"], [])
        self.same_containers(before, "a refusal stops nothing")

    # ---- what goes on while something is gone ----
    def test_line_33_hosts_go_on_without_their_controller_and_come_back_to_it(self):
        cluster = self.cluster
        cluster.controller_on.kill("controller")
        restarted = {}
        for host in cluster.hosts:
            key, ids = next((key, ids) for key, ids in host.containers().items() if key.endswith("/main"))
            host.kill_inner(host.pid_of(ids[0]))
            restarted[host] = (key, ids[0])
        for host, (key, old) in restarted.items():
            eventually(f"{host.name} restarts {key} alone",
                       lambda at=host, name=key, gone=old: at.containers().get(name, [gone])[0] != gone, 60)
        before = cluster.containers()
        commit = self.repository.commit({"web.yaml": deployment("web", 7)}, "Seven")
        cluster.start_controller()
        cluster.all_ready()
        self.converge(commit)
        after = cluster.containers()
        self.assertEqual({key: after.get(key) for key in before}, before)
        self.assertEqual(len(after), len(before) + 1)

    def test_line_34_a_host_that_is_cut_off_is_not_ready_and_doubles_nothing_when_it_returns(self):
        cluster, host = self.cluster, self.cluster.hosts[1]
        before = cluster.containers()
        for way in ("both", "out", "in"):
            began = time.monotonic()
            cluster.switch.cut(host.name, way=way)
            self.node_is(host.name, False)
            print(f"{host.name} cut {way}: NotReady after {time.monotonic() - began:.1f} s (lease {LEASE_S} s)")
            cluster.switch.heal()
            self.node_is(host.name, True)
        self.converge()
        self.same_containers(before, "what runs on a host that is away is neither stopped nor started elsewhere")

    def test_line_34_pods_of_a_host_that_stays_away_are_replaced_and_its_own_are_stopped_when_it_returns(self):
        cluster, host = self.cluster, self.cluster.hosts[1]
        others = [each for each in cluster.hosts if each is not host]
        old = set(host.containers())
        kept = {each.name: each.containers() for each in others}
        self.assertTrue(old)
        wanted = self.mains(cluster.hosts)
        self.addCleanup(cluster.switch.heal)
        began = time.monotonic()
        cluster.switch.cut(host.name)
        eventually("all of them run on the other hosts", lambda: self.mains(others) == wanted, 60)
        print(f"{host.name} away: its {len(old)} containers have others in their place after {time.monotonic() - began:.1f} s")
        self.assertEqual(set(host.containers()), old, "nobody stops what runs on a host that is away")
        cluster.switch.heal()
        self.node_is(host.name, True)
        eventually("what was replaced is stopped", lambda: not old & set(host.containers()))
        self.converge()
        self.assertEqual(self.mains(cluster.hosts), wanted)
        for each in others:
            now = each.containers()
            self.assertEqual({key: now.get(key) for key in kept[each.name]}, kept[each.name])

    def test_when_most_hosts_are_away_no_pod_is_replaced(self):
        cluster, away = self.cluster, self.cluster.hosts[:2]
        before = cluster.containers()
        self.addCleanup(cluster.switch.heal)
        for host in away:
            cluster.switch.cut(host.name)
        for host in away:
            self.node_is(host.name, False)
        end = time.monotonic() + LEASE_S + 10  # longer than pods are tolerated on a silent host
        eventually("status says why", lambda: "2 of 3 hosts are silent: is the controller cut off?" in " ".join(cluster.status()["unconverged"]))
        eventually("the time is over", lambda: time.monotonic() > end, LEASE_S + 30)
        self.assertEqual(self.mains(cluster.hosts[2:]), len([key for key in before if key.startswith("host-3/")
                                                            and key.endswith("/main")]))
        cluster.switch.heal()
        for host in away:
            self.node_is(host.name, True)
        self.converge()
        self.same_containers(before, "what runs on hosts that are away is neither stopped nor started elsewhere")

    def mains(self, hosts):
        return sum(1 for host in hosts for key in host.containers() if key.endswith("/main"))

    def test_a_link_that_loses_packets_still_converges(self):
        cluster = self.cluster
        for host in cluster.hosts:
            cluster.switch.lose(host.name, 10)
        try:
            self.converge(self.repository.commit({"lossy.yaml": deployment("lossy", 3)}, "Over a bad network"))
            self.converge(self.repository.commit({"lossy.yaml": None}, "And back"))
        finally:
            cluster.switch.heal()
        self.node_is("host-1", True)

    def test_a_host_reboots_and_its_pods_are_there_again(self):
        cluster, host = self.cluster, self.cluster.hosts[2]
        before = cluster.containers()
        host.reboot(cluster.switch)
        self.node_is(host.name, True, 60)

        def whole():
            now = cluster.containers()
            self.assertEqual(sorted(now), sorted(before))
            return all(len(ids) == 1 for ids in now.values())

        eventually("the same pods run again", whole)
        self.converge()
        after = cluster.containers()
        for key, ids in before.items():
            self.assertEqual(ids == after[key], not key.startswith(host.name + "/"), key)

    def test_line_36_certificates_are_renewed_without_an_outage_and_revoked_ones_refused_in_a_minute(self):
        cluster, host = self.cluster, self.cluster.hosts[0]
        self.addCleanup(self.with_certificates_that_live)
        self.with_certificates_that_live("--certificate-life-seconds", str(CERTIFICATE_LIFE_S))
        serial = self.serial_of(host)
        end = time.monotonic() + CERTIFICATE_LIFE_S + 15
        silent = []
        while time.monotonic() < end:  # longer than the first certificate is good for
            if host.name not in cluster.ready_nodes():
                silent.append(time.monotonic())
            time.sleep(0.5)
        self.assertEqual(silent, [], "Ready all the time")
        self.assertNotEqual(self.serial_of(host), serial)
        before = host.containers()

        began = time.monotonic()
        cluster.cli(["node", "revoke", host.name])
        self.node_is(host.name, False, 60 + LEASE_S)
        print(f"revoked: NotReady after {time.monotonic() - began:.1f} s")
        self.assertEqual(host.containers(), before, "nobody stops what runs on a host that is out")
        # The very host is let in again by a person's word.
        self.comes_back_empty(host, before)

    def test_a_host_that_is_gone_for_good_is_revoked_and_removed(self):
        cluster, host = self.cluster, self.cluster.hosts[2]
        before = host.containers()
        refused = cluster.cli(["node", "remove", host.name], check=False)
        self.assertIn(f"reconcile node revoke {host.name}", refused.stderr)
        host.kill("agent")
        self.node_is(host.name, False)
        self.assertRegex(cluster.cli(["get", "pods", "-o", "wide"]).stdout, rf"0/1 +NodeLost .*{host.name}")
        self.assertIn(f"node {host.name} is silent; last seen Running at ", " ".join(cluster.status()["unconverged"]))

        cluster.cli(["node", "revoke", host.name])
        self.converge()
        self.assertEqual(cluster.status()["nodes"], 2)
        self.assertRegex(cluster.cli(["get", "nodes"]).stdout, rf"{host.name} +Revoked ")
        elsewhere = sum(1 for each in cluster.hosts[:2] for key in each.containers() if key.endswith("/main"))
        self.assertEqual(elsewhere, 6)
        cluster.cli(["node", "remove", host.name])
        self.assertNotIn(host.name, cluster.cli(["get", "nodes"]).stdout)
        self.converge()
        self.assertEqual(host.containers(), before, "nobody stops what runs on a host that is out")
        self.comes_back_empty(host, before)

    def comes_back_empty(self, host, before):
        """A revoked host joins with a new token: what it ran is elsewhere by now."""
        self.join_anew(host)
        old = {container for ids in before.values() for container in ids}

        def swept():
            left = old & {container for ids in host.containers().values() for container in ids}
            assert not left, left
            return True

        eventually(f"{host.name} runs nothing of what it ran", swept, 60)
        self.converge()
        # So that it has pods again.
        self.converge(self.repository.commit({"web.yaml": deployment("web", 9)}, "Nine"))
        self.converge(self.repository.commit({"web.yaml": deployment("web", 6)}, "And six"))

    def with_certificates_that_live(self, *words):
        """The first host joins a controller that was started with these flags."""
        self.cluster.controller_on.kill("controller")
        self.cluster.start_controller(*words)
        self.join_anew(self.cluster.hosts[0])
        self.cluster.all_ready()

    def join_anew(self, host):
        line = self.cluster.join_line("--node", host.name)
        host.kill("agent")
        host.execute(["rm", "-rf", f"{host.disk}/reconcile/link"])  # as on a new machine of that name
        self.cluster.join(host, line)
        self.node_is(host.name, True)

    def serial_of(self, host):
        listed = self.cluster.cli(["node", "list-certificates"]).stdout.splitlines()
        return next(line for line in listed if line.startswith(host.name + " ")).split()[-1]

    def test_line_32_kills_of_agents_and_controller_at_random_moments_lose_and_double_nothing(self):
        cluster = self.cluster
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        chance = random.Random(seed)
        for moment in range(MOMENTS):
            before = cluster.containers()
            replicas = chance.randint(5, 9)
            self.repository.commit({"web.yaml": deployment("web", replicas)}, f"{replicas} replicas")
            time.sleep(chance.random() * 1.5)  # the random moment
            if chance.random() < 0.4:
                victim = "controller"
                cluster.controller_on.kill("controller")
                cluster.start_controller()
            else:
                host = chance.choice(cluster.hosts)
                victim = host.name
                host.kill("agent")
                host.start_service("agent")
            self.converge()
            after = cluster.containers()
            self.assertEqual(len(after), replicas, f"moment {moment} ({victim})")
            for key, ids in after.items():
                self.assertEqual(len(ids), 1, f"moment {moment} ({victim}): {key}")
                if key in before:
                    self.assertEqual(ids, before[key], f"moment {moment} ({victim}): {key} was restarted")
        self.converge(self.repository.commit({"web.yaml": deployment("web", 6)}, "Six again"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
