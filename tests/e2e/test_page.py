#!/usr/bin/env python3
"""The status page in a real browser, of a real cluster of three hosts. Tests named for a line are of FAULTS."""
import base64
import json
import os
import re
import signal
import unittest
from pathlib import Path

from hosts.cluster import API_PORT
from hosts.system import eventually
from hosts.testing import ClusterTest, deployment
from page.browser import Browser, why_not

VIEWS = ("/", "/?by=namespace", "/?by=application", "/ui/applications", "/ui/history", "/ui/plan", "/ui/resources", "/ui/nodes/-/host-1",
         "/ui/deployments/default/web", "/ui/sources/-/main")
TALK = deployment("talk", 1, command="i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done")
HOSTILE = """apiVersion: apps/v1
kind: Deployment
metadata: {name: hostile, annotations: {note: "<img src=x onerror=alert(1)>"}, labels: {app: hostile}}
spec:
  replicas: 1
  selector: {matchLabels: {app: hostile}}
  template:
    metadata: {labels: {app: hostile}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: test/busybox:1
        command: [sh, -c, "echo '<script>alert(2)</script>'; printf '\\\\033[31mred\\\\033[0m \\\\a\\\\r bell\\\\n'; sleep 100000"]
"""
SHOTS = os.environ.get("RECONCILE_PAGE_SHOTS")  # a folder for screenshots


@unittest.skipIf(why_not() and not os.environ.get("CI"), why_not())
class PageTest(ClusterTest):
    @classmethod
    def first_manifests(cls):
        return {"web.yaml": deployment("web", 6), "talk.yaml": TALK, "hostile.yaml": HOSTILE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        controller = cls.cluster.controller_on
        cls.browser = Browser(f"https://127.0.0.1:{API_PORT}", f"/proc/{controller.init.pid}/ns/net")
        cls.addClassCleanup(cls.browser.stop)
        cls.tokens = {role: cls.token(f"anna-{role}", role) for role in ("view", "operate")}

    @classmethod
    def token(cls, user, role, *words):
        text = cls.cluster.cli(["kubeconfig", "--user", user, "--role", role, "--token", *words]).stdout
        return next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.strip().startswith("token:"))

    def setUp(self):
        super().setUp()
        self.converge()

    def open(self, path="/", role="view", **words):
        self.browser.begin(**words)
        self.browser.log_in(self.tokens[role], path)

    def heard(self):
        return self.browser.do("heard")

    # ---- who may see it ----
    def test_a_stranger_is_shown_the_login_alone(self):
        self.browser.begin()
        answer = self.browser.goto("/ui/history")
        self.assertEqual(answer["code"], 401)
        self.assertIn("Log in to reconcile", self.browser.text("h1"))
        self.assertNotIn("web", self.browser.text("body"))
        self.assertEqual(self.browser.goto("/assets/x/app.js")["code"], 401)
        self.browser.goto("/ui/history")
        self.browser.do("fill", selector="input[name=token]", text="rcu1.wrong")
        self.browser.do("click", selector="button")
        self.browser.until_text(".why", "no token of this cluster")
        self.assertEqual(self.browser.do("axe")["violations"], [])
        # The right one leads to what was asked for.
        self.browser.do("fill", selector="input[name=token]", text=self.tokens["view"])
        self.browser.do("click", selector="button")
        self.browser.until("location.pathname === '/ui/history' && document.querySelector('#link')?.dataset.state === 'live'")

    def test_a_session_ends_with_its_token_and_by_logging_out(self):
        self.browser.begin()
        token = self.token("gone", "view")
        self.browser.log_in(token)
        self.assertEqual(self.browser.evaluate("document.cookie"), "")
        self.browser.until("document.querySelector('#logout').title === 'Logged in as gone' && !document.querySelector('#logout').hidden")
        self.browser.do("click", selector="#logout")
        self.browser.until("document.querySelector('input[name=token]') !== null")
        self.browser.log_in(token)
        self.cluster.cli(["kubeconfig", "--user", "gone", "--revoke"])
        self.browser.until("document.querySelector('input[name=token]') !== null", 90)

    def test_who_may_see_one_namespace_sees_that_one(self):
        self.browser.begin()
        self.browser.log_in(self.token("guest", "view", "--namespace", "kube-system"))
        self.browser.until_text("#state", "namespace kube-system")
        self.assertNotIn("web", self.browser.text("main"))

    def certificate(self, user, role):
        """A client certificate of the cluster's CA, as files, and what the browser is told of it."""
        text = self.cluster.cli(["kubeconfig", "--user", user, "--role", role]).stdout
        shown = {"origin": self.browser.origin}
        for field, name in (("client-certificate-data", "cert"), ("client-key-data", "key")):
            file = self.cluster.home / f"{user}.{name}.pem"
            file.write_bytes(base64.b64decode(re.search(rf"{field}: *(\S+)", text)[1]))
            shown[f"{name}Path"] = str(file)
        return shown

    def test_a_client_certificate_opens_the_page_without_a_login(self):
        self.browser.begin(certificate=self.certificate("carla", "operate"))
        self.assertEqual(self.browser.goto("/ui/applications")["code"], 200)
        self.browser.until("document.querySelector('#link')?.dataset.state === 'live'")
        self.browser.until_text("main", "web")
        # There is no session that it could end.
        self.browser.until("document.querySelector('#brand').title === 'You are carla'")
        self.assertTrue(self.browser.evaluate("document.querySelector('#logout').hidden"))
        self.repository.commit({"by.yaml": deployment("seen-by-carla", 1)}, "Seen with a certificate")
        self.browser.until_text("main", "seen-by-carla")
        # What changes nothing but is a POST: a preview.
        self.browser.goto("/ui/plan")
        self.browser.do("fill", selector="textarea", text=deployment("pasted", 2))
        self.browser.do("click", selector="form:has(textarea) button")
        self.browser.until_text(".plantext", "Deployment default/pasted")
        self.assertEqual(self.heard()["errors"], [])
        self.repository.commit({"by.yaml": None}, "Without it")
        self.cluster.cli(["kubeconfig", "--user", "carla", "--revoke"])
        self.browser.until("document.querySelector('input[name=token]') !== null", 90)

    def test_another_authoritys_certificate_is_a_strangers(self):
        folder = self.cluster.home
        self.cluster.controller_on.execute(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                                            "/O=reconcile:operate/CN=mallory", "-keyout", f"{folder}/mallory.key.pem", "-out", f"{folder}/mallory.cert.pem"])
        self.browser.begin(certificate={"origin": self.browser.origin, "certPath": f"{folder}/mallory.cert.pem", "keyPath": f"{folder}/mallory.key.pem"})
        self.assertEqual(self.browser.goto("/ui/applications")["code"], 401)
        self.assertNotIn("web", self.browser.text("body"))

    def test_the_dashboard_command_opens_it_for_one_browser(self):
        controller = self.cluster.controller_on
        controller.spawn("dashboard", ["reconcile", "dashboard"])
        self.addCleanup(lambda: controller.kill("dashboard"))
        link = eventually("the link", lambda: re.search(r"http://127\.0\.0\.1:\d+/open\S+", controller.log("dashboard").read_text()))[0]
        origin = link.split("/open")[0]
        self.browser.begin()
        self.browser.do("goto", url=origin + "/ui/history")
        self.assertIn("run `reconcile dashboard`", self.browser.text("body"))
        self.browser.do("goto", url=link)
        self.browser.until("location.pathname === '/' && document.querySelector('#link')?.dataset.state === 'live'")
        self.browser.until("document.querySelectorAll('a.cell').length > 7")
        self.browser.do("forget")
        self.browser.evaluate("window.same = true")
        self.repository.commit({"tunnel.yaml": deployment("tunnel", 1)}, "Seen through the dashboard")
        self.browser.until_text("#state .commit", "Seen through the dashboard")
        self.browser.until("document.querySelector('a.cell[href*=\"/default/tunnel-\"][data-health=Healthy]')")
        self.assertTrue(self.browser.evaluate("window.same"))
        self.browser.do("goto", url=f"{origin}/ui/pods/default/{self.pod_of('talk')}")
        self.browser.until("document.querySelectorAll('.log span').length > 5")
        heard = self.heard()
        # Who is logged in cannot be asked there: nobody is.
        self.assertEqual([error for error in heard["errors"] if "404" not in error], [])
        self.assertEqual([url for url in heard["requests"] if not url.startswith((origin, "blob:", "data:"))], [])
        self.browser.begin()  # another browser
        self.browser.do("goto", url=link)
        self.assertIn("used already", self.browser.text("body"))
        self.repository.commit({"tunnel.yaml": None}, "Without it")

    # ---- what it shows ----
    def test_every_view_opens_in_every_size_without_a_violation(self):
        for scheme in ("light", "dark"):
            self.open(role="operate", scheme=scheme)
            for view in VIEWS:
                self.browser.goto(view)
                self.browser.until("document.querySelector('main h1') && document.querySelector('#state .verdict')")
                self.browser.until("!document.querySelector('main').innerText.includes('Reading…')")
                for width in (360, 1280, 2560):
                    self.browser.do("size", width=width)
                    if SHOTS:
                        name = f"{view.strip('/').replace('/', '_').replace('?', '_') or 'overview'}-{width}-{scheme}.png"
                        self.browser.do("shot", path=str(Path(SHOTS) / name))
                    wider = self.browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    self.assertLessEqual(wider, 0, f"{view} at {width}")
                self.browser.do("size", width=1280)
                violations = self.browser.do("axe")["violations"]
                self.assertEqual(violations, [], f"{view} {scheme}: {json.dumps(violations, indent=1)}")
        heard = self.heard()
        self.assertEqual(heard["errors"], [])
        self.assertEqual([url for url in heard["requests"] if not url.startswith((self.browser.origin, "blob:", "data:"))], [])

    def test_a_commit_and_its_rollout_are_seen_without_reload(self):
        self.open()
        self.browser.evaluate("window.same = true")
        self.repository.commit({"more.yaml": deployment("more", 3)}, "Three of more")
        self.browser.until_text("#state .commit", "Three of more")
        self.browser.until("document.querySelectorAll('a.cell[href*=\"/default/more-\"][data-health=Healthy]').length === 3")
        self.browser.goto("/ui/deployments/default/more")
        self.browser.until_text("main", "3 of 3 ready")
        self.browser.evaluate("window.same = true")
        self.repository.commit({"more.yaml": deployment("more", 3, command="sleep 200000")}, "Another command")
        self.browser.until_text("main .diff", "sleep 200000", 60)
        self.browser.until_text("main", "3 of 3 ready")
        self.assertTrue(self.browser.evaluate("window.same"))
        self.repository.commit({"more.yaml": None}, "No more")
        self.browser.until_text("main", "Not there (any more)")
        self.assertEqual(self.heard()["errors"], [])

    def test_a_host_that_dies_is_seen(self):
        self.open()
        self.browser.evaluate("window.same = true")
        self.cluster.hosts[2].kill("agent")
        self.browser.until("[...document.querySelectorAll('.tile')].some((tile) => tile.innerText.includes('host-3') && tile.dataset.health !== 'Healthy')", 60)
        self.cluster.hosts[2].start_service("agent")
        self.browser.until("[...document.querySelectorAll('.tile')].every((tile) => tile.dataset.health === 'Healthy')", 60)
        self.assertTrue(self.browser.evaluate("window.same"))

    def test_the_page_goes_on_when_the_controller_comes_back(self):
        self.open("/ui/applications")
        self.browser.evaluate("window.same = true")
        self.cluster.controller_on.kill("controller")
        self.browser.until("document.querySelector('#link').dataset.state === 'lost'")
        self.assertIn("Connection lost", self.browser.text("#link"))
        self.cluster.start_controller()
        self.browser.until("document.querySelector('#link').dataset.state === 'live'", 60)
        self.repository.commit({"after.yaml": deployment("after", 1)}, "After it came back")
        self.browser.until_text("main", "after")
        self.assertTrue(self.browser.evaluate("window.same"))
        self.repository.commit({"after.yaml": None}, "Without it")

    def test_what_somebody_changed_by_hand_is_on_the_time_line(self):
        pod = self.pod_of("talk")
        self.open("/ui/history")
        self.browser.until_text(".timeline", "First")
        self.assertNotIn("Drift", self.browser.text(".timeline"))
        node = next(item["spec"]["nodeName"] for item in self.cluster.items("pods") if item["metadata"]["name"] == pod)
        host = self.cluster.named(node)
        chosen = ["--filter", f"label=dev.reconcile.pod={pod}", "--filter", "label=dev.reconcile.container=main"]
        host.docker(["rm", "-f"] + host.docker(["ps", "-q"] + chosen).stdout.split())
        self.browser.until_text(".timeline li[data-health=Drift]", f"Pod default/{pod}")
        self.browser.until_text(".timeline li[data-health=Drift]", "Somebody has removed container main; another runs in its place")
        host.execute(["nft", "delete", "table", "ip", "reconcile_services"])
        self.browser.until_text(".timeline li[data-health=Drift]", "Somebody has changed nftables tables of reconcile; they were loaded again")
        self.assertIn(node, self.browser.evaluate("document.querySelector('.timeline li[data-health=Drift] a').innerText"))
        told = [item for item in self.cluster.items("events") if item["reason"] == "DriftCorrected"]
        self.assertEqual(sorted(item["involvedObject"]["kind"] for item in told), ["Node", "Pod"])
        self.assertIn("Drift put back", self.cluster.cli(["history"]).stdout)
        self.assertEqual(self.browser.do("axe")["violations"], [])

    def pod_of(self, name):
        return eventually(f"a pod of {name}", lambda: [item["metadata"]["name"] for item in self.cluster.items("pods") if item["metadata"]["name"].startswith(name + "-")], 60)[0]

    def test_logs_are_followed_searched_and_downloaded(self):
        pod = self.pod_of("talk")
        self.open(f"/ui/pods/default/{pod}")
        self.browser.until("document.querySelectorAll('.log span').length > 5")
        before = self.browser.evaluate("document.querySelectorAll('.log span').length")
        self.browser.until(f"document.querySelectorAll('.log span').length > {before} + 5")
        self.browser.do("fill", selector="main .logs input[type=search]", text="line 3")
        self.browser.until("[...document.querySelectorAll('.log span')].every((line) => line.textContent.includes('line 3'))")
        got = self.browser.do("download", selector="main .logs button:has-text('Download')")
        self.assertEqual(got["name"], f"{pod}-main.log")
        self.assertTrue(got["text"].startswith("line 1\nline 2\n"), got["text"][:100])

    def test_a_log_goes_on_with_the_container_that_comes_next(self):
        # Each run says who it is, so that no two lines are the same.
        run = "me=$(head -c 8 /proc/sys/kernel/random/uuid); for i in $(seq 30); do echo $me line $i; sleep 0.1; done; exit 1"
        self.repository.commit({"again.yaml": deployment("again", 1, command=run)}, "Ends again and again")
        self.addCleanup(self.converge)
        self.addCleanup(self.repository.commit, {"again.yaml": None}, "Without it")
        pod = self.pod_of("again")
        self.open(f"/ui/pods/default/{pod}")
        lines = "[...document.querySelectorAll('.log span')].map((line) => line.textContent.trim())"
        mark = "'— the container was restarted'"
        for restarts in (1, 2):
            self.browser.until(f"{lines}.filter((line) => line.startsWith({mark})).length === {restarts}", 120)
            self.browser.until(f"{lines}.slice({lines}.findLastIndex((line) => line.startsWith({mark}))).length > 20", 60)
        shown = [line for line in self.browser.evaluate(lines) if not line.startswith("—")]
        self.assertEqual(len(shown), len(set(shown)), "lines are repeated")
        runs = {}
        for line in shown:
            runs.setdefault(line.split()[0], []).append(int(line.split()[2]))
        self.assertGreaterEqual(len(runs), 2, shown)
        for numbers in list(runs.values())[:-1]:
            self.assertEqual(numbers[-1], 30)
        for numbers in list(runs.values())[1:]:
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        # What is asked for meanwhile: each log once, and seldom in vain.
        asked = [url for url in self.heard()["requests"] if "/log?" in url]
        self.assertLess(len(asked), 15, asked)

    def test_a_log_whose_stream_breaks_goes_on_where_it_was(self):
        pod = self.pod_of("talk")
        self.open(f"/ui/pods/default/{pod}")
        lines = "[...document.querySelectorAll('.log span')].map((line) => line.textContent.trim())"
        self.browser.until(f"{lines}.length > 5")
        node = next(item["spec"]["nodeName"] for item in self.cluster.items("pods") if item["metadata"]["name"] == pod)
        host = next(host for host in self.cluster.hosts if host.name == node)
        host.kill("agent", signal.SIGTERM)
        self.browser.until("!document.querySelector('.logs [role=status]').innerText.includes('Live')", 60)
        host.start_service("agent")
        before = self.browser.evaluate(f"{lines}.length")
        self.browser.until(f"{lines}.length > {before} + 20", 90)
        numbers = [int(line.split()[1]) for line in self.browser.evaluate(lines)]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "lines are repeated, or missing")

    def test_line_21_what_is_hostile_is_text(self):
        pod = self.pod_of("hostile")
        self.repository.commit({"NOTE": "<script>alert(3)</script>\n"}, "<script>alert(4)</script> & <img src=x onerror=alert(5)>")
        self.open()
        self.browser.until_text("#state .commit", "<script>alert(4)</script>")
        self.browser.goto(f"/ui/pods/default/{pod}")
        self.browser.until_text(".log", "<script>alert(2)</script>")
        self.browser.until_text(".log", "red \\x07\\x0d bell")
        self.browser.goto("/ui/deployments/default/hostile")
        self.browser.until("document.querySelector('.raw')")
        self.browser.do("click", selector=".raw summary")
        self.browser.until_text(".raw pre", "onerror=alert(1)")
        heard = self.heard()
        self.assertEqual(heard["dialogs"], [])
        self.assertEqual(heard["errors"], [])
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('main script, main img').length"), 0)

    def test_line_21_the_policy_forbids_what_a_hole_would_need(self):
        self.open()
        tries = {
            "inline": "const s = document.createElement('script'); s.textContent = 'window.broken = 1'; document.body.append(s)",
            "handler": "document.body.setAttribute('onclick', 'window.broken = 1'); document.body.click()",
            "markup": "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = 1\">')",
            "eval": "window.broken = eval('1')",
            "foreign": "const s = document.createElement('script'); s.src = 'https://192.0.2.99/x.js'; document.body.append(s)",
        }
        for name, script in tries.items():
            self.browser.evaluate(f"(() => {{ try {{ {script} }} catch (error) {{ window.caught = String(error) }} }})()")
            self.assertIsNone(self.browser.evaluate("window.broken ?? null"), name)
        blocked = self.browser.evaluate("fetch('https://192.0.2.99/').then(() => 'sent', (error) => 'refused')")
        self.assertEqual(blocked, "refused")
        self.assertEqual([url for url in self.heard()["requests"] if "192.0.2.99" in url and "x.js" not in url], [])

    def test_line_25_a_secret_is_nowhere_on_the_page(self):
        canary = "canary-d41d8cd98f"
        self.repository.commit({"secret.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: canary}}\nstringData: {{password: {canary}}}\n"}, "A secret")
        self.converge()
        self.open(role="operate")
        for view in VIEWS:
            self.browser.goto(view)
            self.browser.until("document.querySelector('main h1') && document.querySelector('#state .verdict')")
            self.assertNotIn(canary, self.browser.evaluate("document.documentElement.outerHTML"), view)
        self.assertEqual(self.browser.evaluate("fetch('/api/v1/namespaces/default/secrets/canary').then((answer) => answer.status)"), 403)

    # ---- how it is used ----
    def test_the_keyboard_is_enough(self):
        self.open()
        self.browser.until("document.querySelectorAll('a.cell').length > 7")
        self.browser.do("press", key="Tab")
        self.assertEqual(self.browser.evaluate("document.activeElement.className"), "skip")
        self.browser.do("press", key="/")
        self.browser.do("press", key="t")
        self.browser.do("press", key="a")
        self.browser.do("press", key="l")
        self.browser.until("[...document.querySelectorAll('a.cell:not([hidden])')].length === 1")
        self.browser.do("press", key="Escape")
        self.browser.until("[...document.querySelectorAll('a.cell:not([hidden])')].length > 7")
        self.browser.evaluate("document.querySelector('a.cell').focus()")
        first = self.browser.evaluate("document.activeElement.href")
        self.browser.do("press", key="ArrowRight")
        self.assertNotEqual(self.browser.evaluate("document.activeElement.href"), first)
        self.browser.do("press", key="Enter")
        self.browser.until("location.pathname.startsWith('/ui/pods/') && document.activeElement.tagName === 'H1'")
        self.browser.do("back")
        self.browser.until("location.pathname === '/' && document.querySelectorAll('a.cell').length > 7")

    def test_the_plan_of_a_branch_is_what_the_command_line_shows(self):
        folder = self.repository.folder
        head = self.repository.head()
        self.repository.git(["checkout", "-q", "-b", "larger"])
        self.repository.commit({"web.yaml": deployment("web", 8)}, "Eight of web")
        self.repository.git(["checkout", "-q", "-"])
        self.assertEqual(self.repository.head(), head)
        said = self.cluster.cli(["plan", "--repo", str(folder), "--rev", "larger"], check=False).stdout
        self.open("/ui/plan?source=main&revision=larger", role="operate")
        self.browser.until_text(".plantext", "spec.replicas: 6 -> 8")
        shown = self.browser.evaluate("document.querySelector('.plantext').textContent")
        for line in said.splitlines():
            if line.strip().startswith(("+ web-", "~ ", "Plan: ")):
                self.assertIn(line.strip(), shown)
        self.browser.do("fill", selector="textarea", text=deployment("pasted", 2))
        self.browser.do("click", selector="form:has(textarea) button")
        self.browser.until_text(".plantext", "Deployment default/pasted")
        self.browser.do("fill", selector="textarea", text="kind: Nothing\n")
        self.browser.do("click", selector="form:has(textarea) button")
        self.browser.until_text(".plantext", "pasted.yaml:1")
        self.assertEqual(len([pod for pod in self.cluster.items("pods") if pod["metadata"]["name"].startswith("pasted")]), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
