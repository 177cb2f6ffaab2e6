"""A real browser for tests of the page: Chromium, driven by playwright-core (driver.mjs), in a machine's network namespace."""
import json
import os
import shutil
import subprocess
from pathlib import Path

MODULES = Path(os.environ.get("RECONCILE_PAGE_MODULES", Path(__file__).resolve().parents[3] / "build/page-tests"))
CHROMIUM = os.environ.get("RECONCILE_CHROMIUM") or shutil.which("chromium") or ""


def why_not():
    """Why there is no browser here; empty when there is one."""
    if not CHROMIUM:
        return "no chromium on this machine"
    if shutil.which("node") is None:
        return "no node on this machine"
    return "" if (MODULES / "node_modules/playwright-core").exists() else f"no playwright-core in {MODULES}: scripts/test installs it"


class Browser:
    """`namespace`: of the network, a path; None is this machine's own. One page at a time."""

    def __init__(self, origin, namespace=None):
        self.origin = origin
        enter = [] if namespace is None else ["nsenter", f"--net={namespace}", "--"]
        environment = dict(os.environ, RECONCILE_PAGE_MODULES=str(MODULES), RECONCILE_CHROMIUM=CHROMIUM)
        self.process = subprocess.Popen(enter + ["node", str(Path(__file__).with_name("driver.mjs"))], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def do(self, command, **words):
        self.process.stdin.write(json.dumps({"command": command, **words}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser's driver has ended"
        answer = json.loads(line)
        assert answer.pop("ok"), f"{command} {words}: {answer['error']}"
        return answer

    def begin(self, **words):
        self.do("begin", **words)

    def goto(self, path):
        return self.do("goto", url=self.origin + path)

    def until(self, expression, seconds=30):
        """`expression`: JavaScript in the page."""
        self.do("until", expression=expression, ms=int(seconds * 1000))

    def until_text(self, selector, text, seconds=30):
        self.until(f"[...document.querySelectorAll({json.dumps(selector)})].some((e) => e.innerText.includes({json.dumps(text)}))", seconds)

    def evaluate(self, expression):
        return self.do("evaluate", expression=expression).get("value")

    def text(self, selector):
        return self.do("text", selector=selector)["value"]

    def log_in(self, token, path="/"):
        self.goto(path)
        self.do("fill", selector="input[name=token]", text=token)
        self.do("click", selector="button")
        self.until("document.querySelector('#link')?.dataset.state === 'live'")
        self.do("forget")  # that the first answer was 401
