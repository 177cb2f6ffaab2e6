#!/usr/bin/env python3
"""The API as stock kubectl and curl find it: who is let in, as whom, and what they may. Faults are named for their lines."""
import base64
import json
import os
import shutil
import stat
import subprocess
import unittest

from harness import HostTest, eventually, replication_controller
from kubectl.client import newest

SERVER = "https://127.0.0.1:6443"
SECRET = """apiVersion: v1
kind: Secret
metadata: {name: canary}
stringData: {word: kanarienvogel}
"""


@unittest.skipUnless(newest() or os.environ.get("CI"), "no kubectl of 1.30 or newer on this machine")
class ApiTest(HostTest):

    def kubectl(self, kubeconfig, *command):
        return self.host.netns(["env", f"HOME={self.host.folder}", f"KUBECONFIG={kubeconfig}", newest().path] + list(command),
                               check=False)

    def kubeconfig(self, name, *flags):
        path = self.host.folder / f"{name}.kubeconfig"
        self.host.cli(["kubeconfig", "--output", str(path)] + list(flags))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        return path

    def curl(self, path, *flags):
        """HTTP code and body."""
        done = self.host.netns(["curl", "-sk", "-m", "20", "-w", "\n%{http_code}", SERVER + path] + list(flags), check=False)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), body

    def parts_of(self, kubeconfig):
        """Certificate and key of a kubeconfig as files, for curl."""
        text = kubeconfig.read_text()
        files = []
        for word in ("client-certificate-data", "client-key-data", "certificate-authority-data"):
            line = next(line for line in text.splitlines() if word in line)
            path = kubeconfig.with_suffix("." + word)
            path.write_bytes(base64.b64decode(line.split()[-1]))
            files.append(str(path))
        return files

    def audit(self, *words):
        log = (self.host.folder / "reconcile.log").read_text(errors="replace")
        return [line for line in log.splitlines() if "audit" in line and all(word in line for word in words)]

    def start(self):
        self.host.commit({"web.yaml": replication_controller("web", 1), "secret.yaml": SECRET})
        self.host.start_reconcile()
        self.host.converge()

    def test_kubectl_comes_in_as_somebody_and_may_what_its_role_says(self):
        self.start()
        owner = self.host.folder / "data/kubeconfig"
        self.assertEqual(stat.S_IMODE(owner.stat().st_mode), 0o600)
        version = self.kubectl(owner, "version", "-o", "json")
        self.assertIn("serverVersion", json.loads(version.stdout), version.stderr)
        whoami = self.kubectl(owner, "auth", "whoami", "-o", "json")
        self.assertEqual(whoami.returncode, 0, whoami.stderr)
        self.assertIn("reconcile:admin", json.loads(whoami.stdout)["status"]["userInfo"]["groups"])

        anna = self.kubeconfig("anna", "--user", "anna", "--role", "view", "--namespace", "default")
        who = json.loads(self.kubectl(anna, "auth", "whoami", "-o", "json").stdout)["status"]["userInfo"]
        self.assertEqual(who["username"], "anna")
        pods = self.kubectl(anna, "get", "--raw", "/api/v1/namespaces/default/pods")
        self.assertEqual(len(json.loads(pods.stdout)["items"]), 1, pods.stderr)
        for path in ("/api/v1/pods", "/api/v1/namespaces/default/secrets/canary", "/api/v1/nodes"):
            refused = self.kubectl(anna, "get", "--raw", path)
            self.assertEqual(refused.returncode, 1, path)
            self.assertIn("Forbidden", refused.stderr)
        self.assertIn("yes", self.kubectl(anna, "auth", "can-i", "list", "pods").stdout)
        self.assertIn("no", self.kubectl(anna, "auth", "can-i", "get", "secrets").stdout)
        self.assertIn("no", self.kubectl(anna, "auth", "can-i", "list", "pods", "-A").stdout)

        pod = json.loads(pods.stdout)["items"][0]["metadata"]["name"]
        log = self.kubectl(anna, "get", "--raw", f"/api/v1/namespaces/default/pods/{pod}/log")
        self.assertEqual(log.returncode, 0, log.stderr)

        token = self.kubeconfig("bert", "--user", "bert", "--role", "operate", "--token")
        self.assertIn("bert", self.kubectl(token, "auth", "whoami").stdout)
        held = (self.host.folder / "data/users/users.json").read_text()
        self.assertNotIn(token.read_text().split("token: ")[1].strip(), held)
        self.assertEqual(self.kubectl(token, "create", "--raw", "/apis/reconcile.dev/v1/sync", "-f", "/dev/null").returncode, 0)
        eventually("it is in the audit log", lambda: self.audit("/apis/reconcile.dev/v1/sync", "bert", "200"))

        self.host.kill_reconcile()
        self.host.start_reconcile()
        self.assertIn("anna", self.kubectl(anna, "auth", "whoami").stdout)  # identities outlive a restart

    def test_faults_14_15_16_17_strangers_hosts_and_the_revoked_are_refused(self):
        self.start()
        self.assertEqual(self.curl("/healthz"), (200, "ok"))
        code, body = self.curl("/")
        self.assertEqual(code, 401)
        self.assertIn("Log in to reconcile", body)
        for path in ("/api", "/apis", "/api/v1/pods", "/metrics"):
            code, body = self.curl(path)
            self.assertEqual((code, json.loads(body)["reason"]), (401, "Unauthorized"))
        self.assertEqual(self.curl("/api/v1/pods", "-H", "Authorization: Bearer rcu1." + "0" * 64)[0], 401)

        anna = self.kubeconfig("anna", "--user", "anna", "--role", "admin")
        certificate, key, authority = self.parts_of(anna)
        # Verified by the CA of the kubeconfig, without -k.
        verified = self.host.netns(["curl", "-sf", "--cacert", authority, "--cert", certificate, "--key", key,
                                    SERVER + "/api/v1/namespaces/default/pods"], check=False)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertEqual(self.curl("/apis/reconcile.dev/v1/users/token?user=x&role=admin", "-XPOST", "--cert", certificate,
                                   "--key", key)[0], 403)

        # A certificate that somebody else's CA gave to a user of that name.
        foreign = self.host.folder / "foreign"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/O=reconcile:admin/CN=anna/OU=user", "-keyout", f"{foreign}.key", "-out", f"{foreign}.pem"],
                       check=True, capture_output=True)
        self.assertEqual(self.curl("/api", "--cert", f"{foreign}.pem", "--key", f"{foreign}.key")[0], 401)

        self.host.cli(["kubeconfig", "--user", "anna", "--revoke"])
        self.assertEqual(self.curl("/api", "--cert", certificate, "--key", key)[0], 401)
        self.assertTrue(self.audit("refused GET /api", "revoked"))


if __name__ == "__main__":
    if shutil.which("openssl") is None:
        raise SystemExit("openssl is missing")
    unittest.main()
