#!/usr/bin/env python3
"""`reconcile logs`: all of a large log to a slow reader; failures by exit code, their reason apart from the text."""
import subprocess
import unittest

from harness import RECONCILE, HostTest, eventually, replication_controller

LINES = 20000
COMMAND = f"yes {'x' * 990} | head -n {LINES} | cat -n; sleep 100000"


class LogsTest(HostTest):

    def test_slow_reader_gets_a_large_log_whole_and_failures_have_their_code(self):
        host = self.host
        host.commit({"loud.yaml": replication_controller("loud", 1, command=COMMAND)})
        host.start_reconcile()
        host.converge()
        pod = host.ready_pods()[0]["metadata"]["name"]
        eventually("the pod has printed all", lambda: host.cli(["logs", "--tail", "1", pod]).stdout.split()[:1] == [str(LINES)])

        logs = subprocess.Popen([RECONCILE, "--socket", host.socket, "logs", pod],
                                bufsize=0,  # so that what follows the first line stays in the pipe
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = logs.stdout.readline()
        self.assertEqual(first.split()[0], b"1")
        # Nobody reads the pipe meanwhile; another reader is served.
        self.assertEqual(host.cli(["logs", "--tail", "1", pod]).stdout.split()[0], str(LINES))
        rest, errors = logs.communicate(timeout=60)
        self.assertEqual((logs.returncode, errors), (0, b""))
        numbers = [int(line.split()[0]) for line in rest.splitlines()]
        self.assertEqual(numbers, list(range(2, LINES + 1)))

        for arguments, words in ((["-c", "nosuch"], "has no container nosuch"), (["--previous"], "no previous container")):
            result = host.cli(["logs", pod] + arguments, check=False)
            self.assertEqual(result.returncode, 4, result.stderr)
            self.assertEqual(result.stdout, "")
            self.assertIn(words, result.stderr)


if __name__ == "__main__":
    unittest.main()
