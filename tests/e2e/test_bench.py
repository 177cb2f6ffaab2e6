#!/usr/bin/env python3
"""The benchmarks run: one round of two replicas, without Swarm. What they measure is not looked at."""
import subprocess
import unittest

from harness import BINARY_FOLDER, ROOT

DEADLINE_S = 600


class BenchTest(unittest.TestCase):

    def test_one_round_gives_a_row_for_each_step(self):
        done = subprocess.run([ROOT / "bench/run", "--smoke"], capture_output=True, text=True, check=False,
                              timeout=DEADLINE_S, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                                       "RECONCILE_BINARY_FOLDER": str(BINARY_FOLDER.resolve())})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for row in ("commit to running, 2 replicas", "rolling update of 2", "killed container replaced", "removal of 2"):
            self.assertIn(row, done.stdout)


if __name__ == "__main__":
    unittest.main()
