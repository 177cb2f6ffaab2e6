#!/usr/bin/env python3
"""The benchmarks run: one round of two replicas, without Swarm. What they measure is not looked at."""
import subprocess
import unittest

from harness import BINARY_FOLDER, ROOT

DEADLINE_S = 600


class BenchTest(unittest.TestCase):

    def test_one_round_gives_a_row_for_each_step(self):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "RECONCILE_BINARY_FOLDER": str(BINARY_FOLDER.resolve())}
        with subprocess.Popen([ROOT / "bench/run", "--smoke"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=environment) as run:
            try:
                printed = run.communicate(timeout=DEADLINE_S)[0]
            except subprocess.TimeoutExpired:
                run.terminate()  # it takes down what it made
                self.fail(f"not done in {DEADLINE_S} s: {run.communicate()[0]}")
        self.assertEqual(run.returncode, 0, printed)
        for row in ("commit to running, 2 replicas", "rolling update of 2", "killed container replaced", "removal of 2"):
            self.assertIn(row, printed)


if __name__ == "__main__":
    unittest.main()
