#!/usr/bin/env python3
"""A commit is applied wave by wave; deletions come in reverse."""
import unittest

from harness import HostTest, eventually
from hosts.testing import deployment

WAVE = "argocd.argoproj.io/sync-wave"


def in_wave(manifest, wave):
    """The first `metadata: {` of a manifest gets the annotation."""
    return manifest.replace("metadata: {", f"metadata: {{annotations: {{{WAVE}: '{wave}'}}, ", 1)


class WavesTest(HostTest):

    def names(self):
        return {pod["metadata"]["labels"]["app"] for pod in self.host.pods()}

    def test_a_wave_waits_and_a_newer_commit_frees_it(self):
        host = self.host
        missing = deployment("db", 1, image="127.0.0.1:1/no/such:image")
        files = {"db.yaml": in_wave(missing, 1), "web.yaml": in_wave(deployment("web", 1), 2)}
        waiting = host.commit(files)
        host.start_reconcile()

        eventually("status says what the wave waits for", lambda: self.assertIn(
            "wave 2 waits for Deployment default/db of wave 1: 0 of 1 pods are ready",
            "\n".join(host.status()["unconverged"])) or True)
        self.assertEqual(self.names(), {"db"})
        self.assertNotEqual(host.status()["sources"][0]["status"].get("appliedCommit"), waiting)

        host.commit({"db.yaml": in_wave(deployment("db", 1), 1)}, "An image that is there")
        host.converge()
        self.assertEqual(self.names(), {"db", "web"})
        stamps = {pod["metadata"]["labels"]["app"]: pod["metadata"]["creationTimestamp"] for pod in host.pods()}
        self.assertLessEqual(stamps["db"], stamps["web"])


if __name__ == "__main__":
    unittest.main()
