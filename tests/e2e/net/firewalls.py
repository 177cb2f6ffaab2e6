"""Real ufw and firewalld on hosts, as their packages leave them: everything else refused. Each has its settings to itself."""
import signal

from hosts.system import eventually

OWN_PORT = 7777  # of a program of the host's own, that nobody lets in
WELL_AGAIN_S = 10


def own_settings(host, *paths):
    """The host's own copy of settings that lie outside of its disk."""
    for path in paths:
        copy = host.disk / "settings" / path.strip("/").replace("/", "-")
        host.execute(["sh", "-c", 'mkdir -p "$(dirname "$2")" && rm -rf "$2" && cp -a "$1" "$2" && mount --bind "$2" "$1"', "sh", path, copy])


def start_firewalld(host):
    host.spawn("firewalld", ["firewalld", "--nofork", "--nopid", "--log-target=console"])
    eventually(f"{host.name}: firewalld runs", lambda: host.execute(["firewall-cmd", "--state"], check=False).returncode == 0, 30)


class FirewallTests:
    """Every path of the network works on, and nothing else than before is let in."""

    def bring_firewalls(self, hosts, own, start, end):
        for host in hosts:
            own_settings(host, *own)
            for path in own:
                self.addCleanup(host.execute, ["umount", path])
            host.spawn("own", ["nc", "-lk", str(OWN_PORT)])
            self.addCleanup(host.kill, "own")
            eventually("the host's own program listens", lambda host=host: f":{OWN_PORT}" in host.execute(["ss", "-lnt"]).stdout, 10)
            self.assertTrue(self.lets_in(host))
        for host in hosts:
            self.addCleanup(end, host)
            start(host)

    def lets_in(self, host):
        """Whether the program of the host's own answers somebody outside."""
        return self.cluster.controller.execute(["nc", "-nz", "-w", "1", host.address, str(OWN_PORT)], check=False).returncode == 0

    def works_beside(self, hosts, *disturbances):
        """All of it, at first and after each disturbance, with bridge netfilter off and on."""
        before = self.cluster.containers()
        for disturb in (None,) + disturbances:
            for host in hosts if disturb else ():
                disturb(host)
            for number in (0, 1):
                for host in self.cluster.hosts:
                    host.execute(["sysctl", "-qw", f"net.bridge.bridge-nf-call-iptables={number}"])
                self.well_within(WELL_AGAIN_S)
            for host in hosts:
                self.assertFalse(self.lets_in(host), f"{host.name}: its firewall refuses nothing")
        self.unchanged(before)

    def test_beside_ufw(self):
        hosts = [self.cluster.hosts[0], self.cluster.hosts[2]]  # without rules of Docker's, and with them
        ufw = lambda *words: lambda host: host.execute(["ufw", "--force"] + list(words))
        self.bring_firewalls(hosts, ("/etc/ufw", "/etc/default/ufw"), ufw("enable"), ufw("disable"))
        for host in hosts:
            self.assertRegex(host.execute(["ufw", "status", "verbose"]).stdout, r"deny \(incoming\).*(deny|disabled) \(routed\)")
        self.works_beside(hosts, ufw("reload"), lambda host: (ufw("disable")(host), ufw("enable")(host)))

    def test_beside_firewalld(self):
        hosts = self.cluster.hosts[1:]

        def start(host):
            host.execute(["mkdir", "-p", "/run/dbus"])
            host.spawn("dbus", ["dbus-daemon", "--system", "--nofork", "--nopidfile"])
            eventually("D-Bus listens", lambda: host.execute(["test", "-S", "/run/dbus/system_bus_socket"], check=False).returncode == 0, 10)
            start_firewalld(host)

        def end(host):
            host.kill("firewalld", signal.SIGTERM)
            host.kill("dbus", signal.SIGTERM)

        def restart(host):
            host.kill("firewalld", signal.SIGTERM)
            start_firewalld(host)

        self.bring_firewalls(hosts, ("/etc/firewalld",), start, end)
        for host in hosts:
            self.assertEqual(host.execute(["firewall-cmd", "--get-default-zone"]).stdout.strip(), "public")
        self.works_beside(hosts, lambda host: host.execute(["firewall-cmd", "--reload"]), restart)
