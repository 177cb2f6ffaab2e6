#include "cmd/plan_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cmd/plan_lines.h"

namespace reconcile {
namespace {

Value PlanOf(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  EXPECT_TRUE(value.ok()) << value.status().message();
  return value.ok() ? *value : Value::MakeMap();
}

constexpr char kRollout[] = R"({
  "errors": [], "warnings": [{"file": "web.yaml", "line": 9, "column": 3, "message": "tag latest"}],
  "changes": [
    {"kind": "Deployment", "namespace": "default", "name": "web", "change": "changed", "effect": "rollout", "fields": [
      {"path": "spec.replicas", "before": "2", "after": "3", "effect": "scale"},
      {"path": "spec.template.spec.containers[web].image", "before": "\"web:1\"", "after": "\"web:2\"", "effect": "rollout",
       "why": "at most 4 pods"}]},
    {"kind": "ConfigMap", "namespace": "default", "name": "greeting", "change": "changed", "effect": "next start", "fields": [
      {"path": "data.text", "before": "\"a\\nb\\nc\\n\"", "after": "\"a\\nB\\nc\\n\"", "effect": "next start"},
      {"path": "data.other", "before": "", "after": "\"x\"", "effect": "none", "why": "nobody uses it"}],
     "users": [{"kind": "Deployment", "namespace": "default", "name": "web", "asVariables": true, "mounted": false}]},
    {"kind": "Service", "namespace": "default", "name": "old", "change": "deleted", "fields": []}],
  "workloads": [{"kind": "Deployment", "namespace": "default", "name": "web", "podsBefore": 2, "podsAfter": 3, "mostPods": 4,
                 "readyBefore": 2, "leastReady": 2}],
  "pods": [
    {"kind": "Pod", "namespace": "default", "name": "web-a", "fate": "remove", "node": "host-1", "explanation": "replaced",
     "workload": {"kind": "Deployment", "namespace": "default", "name": "web"}},
    {"kind": "Pod", "namespace": "default", "name": "web-b", "fate": "create", "node": "host-2", "explanation": "",
     "workload": {"kind": "Deployment", "namespace": "default", "name": "web"}},
    {"kind": "Pod", "namespace": "default", "name": "web-c", "fate": "unschedulable", "node": "",
     "explanation": "0/2 nodes are available: 2 Insufficient cpu. host-1: needs 500m cpu, 350m free; host-2: needs 500m cpu, 100m free",
     "workload": {"kind": "Deployment", "namespace": "default", "name": "web"}}],
  "hosts": [
    {"name": "host-1", "podsBefore": 3, "podsAfter": 2, "maxPods": 110, "resources": [
      {"name": "cpu", "before": "300m", "after": "200m", "allocatable": "4"}]},
    {"name": "host-22", "podsBefore": 0, "podsAfter": 1, "maxPods": 110, "resources": [
      {"name": "cpu", "before": "0", "after": "100m", "allocatable": "4"}]},
    {"name": "host-3", "podsBefore": 1, "podsAfter": 1, "maxPods": 110, "resources": []}],
  "summary": {"create": 0, "change": 2, "delete": 1, "unchanged": 7, "podsStart": 1, "podsStop": 1, "podsUnschedulable": 1}
})";

TEST(PlanText, SaysWhichPodsHostsDecide) {
  const std::string text = PlanText(PlanOf(R"({
    "pods": [
      {"kind": "Pod", "namespace": "shop", "name": "a", "fate": "create", "node": "host-1", "explanation": "", "paced": true,
       "workload": {"kind": "Deployment", "namespace": "shop", "name": "web"}},
      {"kind": "Pod", "namespace": "shop", "name": "b", "fate": "remove", "node": "host-2", "explanation": "scaled from 3 to 2",
       "paced": true, "workload": {"kind": "Deployment", "namespace": "shop", "name": "web"}}],
    "summary": {"podsStart": 1}})"),
                                    {.columns = 120});
  EXPECT_NE(text.find("    + a  on host-1 or another host\n"
                      "    - b  on host-2  (scaled from 3 to 2; or another of its pods)\n"),
            std::string::npos)
      << text;
}

TEST(PlanText, SaysWhatClientsReachServicesBy) {
  const std::string text = PlanText(PlanOf(R"({
    "network": [
      {"kind": "Service", "namespace": "default", "name": "web", "what": "address", "before": "", "after": "10.96.1.2"},
      {"kind": "Service", "namespace": "default", "name": "web", "what": "node port", "before": "30080/TCP for 80",
       "after": "30081/TCP for 80"},
      {"kind": "Service", "namespace": "default", "name": "old", "what": "name", "before": "old.default.svc.cluster.local",
       "after": ""}],
    "summary": {"create": 1}})"),
                                    {.columns = 120});
  EXPECT_NE(text.find("Network:\n"
                      "  + Service default/web  address 10.96.1.2\n"
                      "  ~ Service default/web  node port 30080/TCP for 80 -> 30081/TCP for 80\n"
                      "  - Service default/old  name old.default.svc.cluster.local\n"),
            std::string::npos)
      << text;
}

TEST(PlanText, ShowsSoMuchOfTheNetworkAndCountsTheRest) {
  std::string changes;
  for (int i = 0; i < 53; ++i) {
    changes +=
        std::string(i > 0 ? "," : "") +
        R"({"kind": "Service", "namespace": "a", "name": "b", "what": "address", "before": "", "after": "x"})";
  }
  const std::string text = PlanText(
      PlanOf(R"({"network": [)" + changes + R"(], "summary": {"create": 1}})"), {.columns = 120});
  EXPECT_NE(text.find("  and 3 more changes\n"), std::string::npos) << text;
}

TEST(PlanText, SaysWhatEveryFieldDoesWhereThePodsGoAndHowFullTheHostsAre) {
  EXPECT_EQ(PlanText(PlanOf(kRollout), {.columns = 90}),
            R"(~ Deployment default/web  changed
    ~ spec.replicas: 2 -> 3  (scale)
    ~ spec.template.spec.containers[web].image: "web:1" -> "web:2"  (rollout)
~ ConfigMap default/greeting  changed
    ~ data.text  (next start)
        - b
        + B
    + data.other: "x"  (none: nobody uses it)
    used by Deployment default/web at the next start of its containers
- Service default/old  deleted

Pods:
  Deployment default/web  2 -> 3 pods, at most 4 at once, never fewer than 2 ready
    - web-a  on host-1  (replaced)
    + web-b  on host-2
    ! web-c  does not fit: 0/2 nodes are available: 2 Insufficient cpu. host-1: needs
        500m cpu, 350m free; host-2: needs 500m cpu, 100m free

Hosts, and what pods request of them:
  host-1   pods 3 -> 2 of 110  cpu 300m -> 200m of 4
  host-22  pods 0 -> 1 of 110  cpu 0 -> 100m of 4

warning: web.yaml:9:3: tag latest

Plan: 0 to create, 2 to change, 1 to delete, 7 unchanged; 1 pod starts, 1 stops, 1 does not fit
)");
}

TEST(PlanText, NoLineIsWiderThanTheTerminal) {
  for (const size_t columns : {40U, 80U, 160U}) {
    const std::string text = PlanText(PlanOf(kRollout), {.columns = columns});
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      if (!line.starts_with("Plan: ")) {
        EXPECT_LE(WidthOf(line), columns) << line;
      }
      at = end + 1;
    }
  }
}

TEST(PlanText, SaysWhichPodsWaitAndWhichNeverRan) {
  const Value plan = PlanOf(R"({"errors": [], "warnings": [], "changes": [], "pods": [
      {"kind": "Pod", "namespace": "shop", "name": "a", "fate": "wait", "node": "host-1",
       "explanation": "containers wait: ConfigMap shop/x is not there"},
      {"kind": "Pod", "namespace": "shop", "name": "b", "fate": "remove", "node": "", "neverRan": true,
       "explanation": "replaced"}], "summary": {"podsWait": 1}})");
  const std::string text = PlanText(plan, {});
  EXPECT_NE(text.find("! a  on host-1, containers wait: ConfigMap shop/x is not there\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("- b  (replaced; it never ran)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("0 pods start, 0 stop, 1 waits\n"), std::string::npos) << text;
  EXPECT_TRUE(ChangesAnything(plan));
}

TEST(PlanText, OfAWorkloadThatWasNotReadyTheLeastIsNotSaid) {
  const Value plan = PlanOf(R"({"errors": [], "warnings": [], "changes": [], "pods": [
      {"kind": "Pod", "namespace": "shop", "name": "a", "fate": "create", "node": "host-1",
       "workload": {"kind": "Deployment", "namespace": "shop", "name": "web"}}],
      "workloads": [{"kind": "Deployment", "namespace": "shop", "name": "web", "podsBefore": 1,
        "podsAfter": 2, "mostPods": 2, "readyBefore": 0, "leastReady": 0}], "summary": {}})");
  const std::string text = PlanText(plan, {});
  EXPECT_NE(text.find("Deployment shop/web  1 -> 2 pods\n"), std::string::npos) << text;
}

TEST(PlanText, ColumnsOfHostsStayColumnsWhereTheyDoNotFit) {
  std::string hosts;
  for (const char* name : {"host-1", "a-host-of-a-longer-name"}) {
    hosts += std::string(hosts.empty() ? "" : ",") + R"({"name": ")" + name +
             R"(", "podsBefore": 0, "podsAfter": 12, "maxPods": 110, "resources": [
      {"name": "cpu", "before": "0", "after": "1500m", "allocatable": "16"},
      {"name": "memory", "before": "0", "after": "512Mi", "allocatable": "24684096Ki"}]})";
  }
  const Value plan =
      PlanOf(R"({"errors": [], "warnings": [], "changes": [], "pods": [], "hosts": [)" + hosts +
             R"(], "summary": {"podsStart": 24}})");
  const std::string text = PlanText(plan, {.columns = 70});
  EXPECT_NE(text.find("  host-1                   pods 0 -> 12 of 110  cpu 0 -> 1500m of 16\n"
                      "                           memory 0 -> 512Mi of 23.5Gi\n"
                      "  a-host-of-a-longer-name  pods 0 -> 12 of 110  cpu 0 -> 1500m of 16\n"
                      "                           memory 0 -> 512Mi of 23.5Gi\n"),
            std::string::npos)
      << text;
}

TEST(PlanText, AmountsAreShort) {
  EXPECT_EQ(ShortAmount("24684096Ki"), "23.5Gi");
  EXPECT_EQ(ShortAmount("16Mi"), "16Mi");
  EXPECT_EQ(ShortAmount("8388608Ki"), "8Gi");
  EXPECT_EQ(ShortAmount("1500000"), "1.4Mi");
  EXPECT_EQ(ShortAmount("many more"), "many more");
}

TEST(PlanText, SaysWhenNothingWouldChange) {
  const Value plan = PlanOf(
      R"({"errors": [], "warnings": [], "changes": [], "pods": [], "summary": {"unchanged": 3}})");
  EXPECT_FALSE(ChangesAnything(plan));
  EXPECT_EQ(PlanText(plan, {}), "No changes: the cluster is what this declares.\n");
}

TEST(PlanText, SaysTheWaveOfEachChangeThatHasOne) {
  const Value plan = PlanOf(R"({"errors": [], "warnings": [], "pods": [], "summary": {"create": 2},
    "changes": [
      {"kind": "Pod", "namespace": "shop", "name": "a", "change": "created", "wave": -1, "fields": []},
      {"kind": "Pod", "namespace": "shop", "name": "b", "change": "deleted", "wave": 2, "fields": []},
      {"kind": "Pod", "namespace": "shop", "name": "c", "change": "created", "fields": []}]})");
  const std::string text = PlanText(plan, {});
  EXPECT_NE(text.find("+ Pod shop/a  created (wave -1)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("- Pod shop/b  deleted (wave 2)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("+ Pod shop/c  created\n"), std::string::npos) << text;
}

TEST(PlanText, ErrorsAreNoPlanButHideNoDeletion) {
  const Value plan = PlanOf(
      R"({"errors": [{"file": "web.yaml", "line": 3, "column": 7, "message": "unknown field"}],
    "warnings": [], "pods": [], "summary": {"delete": 1},
    "changes": [{"kind": "Service", "namespace": "default", "name": "old", "change": "deleted", "fields": []}]})");
  EXPECT_EQ(PlanText(plan, {}),
            "error: web.yaml:3:7: unknown field\n"
            "\n"
            "Without the errors it would delete:\n"
            "  - Service default/old\n"
            "\n"
            "1 error: this would not be applied; what runs would go on running\n");
}

// FAULTS 22.
TEST(PlanText, Faults22EscapesWhatATerminalWouldObey) {
  const Value plan =
      PlanOf(R"({"errors": [], "warnings": [{"message": "\u001b]0;title\u0007"}], "pods": [],
    "changes": [{"kind": "ConfigMap", "name": "c", "change": "changed", "fields": [
      {"path": "data.x", "before": "\"\u001b[2J\"", "after": "\"a\\n\u001b[2J\"", "effect": "none"}]}], "summary": {"change": 1}})");
  EXPECT_EQ(PlanText(plan, {}).find('\x1b'), std::string::npos);
}

TEST(PlanText, ManyPodsAreCounted) {
  Value plan = PlanOf(
      R"({"errors": [], "warnings": [], "changes": [], "hosts": [], "summary": {"podsStart": 40}})");
  Value pods = Value::MakeList();
  for (int i = 0; i < 40; ++i) {
    Value pod = PlanOf(
        R"({"fate": "create", "explanation": "", "workload": {"kind": "Deployment", "name": "web"}})");
    pod.Set("name", Value::String("web-" + std::to_string(i)));
    pod.Set("node", Value::String("host-" + std::to_string(i % 3)));
    pods.Append(std::move(pod));
  }
  plan.Set("pods", std::move(pods));
  EXPECT_NE(PlanText(plan, {}).find("    + 40 pods  on host-0: 14, host-1: 13, host-2: 13\n"),
            std::string::npos)
      << PlanText(plan, {});
}

TEST(PlanMarkdown, HasATableAndTheWholePlanWithItsSignsFirst) {
  const std::string text = PlanMarkdown(PlanOf(kRollout), "main", "3f2c");
  EXPECT_TRUE(
      text.starts_with("<!-- reconcile plan of main -->\n### reconcile: 0 to create, 2 to change"))
      << text;
  EXPECT_NE(text.find("| `~` | `Deployment default/web` | changed: rollout |\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("| `-` | `Service default/old` | deleted |\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n+     web-b  on host-2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n! Deployment default/web  changed\n"), std::string::npos) << text;
}

TEST(PlanMarkdown, SaysWavesAndWhyItIsNotComplete) {
  const Value plan = PlanOf(R"({"errors": [], "warnings": [], "pods": [], "summary": {"create": 1},
    "note": "wave 2 waits for `it`\nand more",
    "changes": [{"kind": "Pod", "namespace": "shop", "name": "a", "change": "created", "wave": 2, "fields": []}]})");
  const std::string text = PlanMarkdown(plan, "main", "");
  EXPECT_NE(text.find("| `+` | `Pod shop/a` | created (wave 2) |\n"), std::string::npos) << text;
  EXPECT_NE(text.find("**The plan is not complete:** ``` wave 2 waits for `it`\\nand more ```\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("Source `main`, the work tree."), std::string::npos) << text;
}

TEST(PlanMarkdown, FitsACommentWhateverIsInIt) {
  Value plan = PlanOf(kRollout);
  Value warnings = Value::MakeList();
  for (int i = 0; i < 5'000; ++i) {
    warnings.Append(PlanOf(
        R"({"file": "w.yaml", "line": 1, "column": 1, "message": "```` a long warning that says much"})"));
  }
  plan.Set("warnings", std::move(warnings));
  const std::string text = PlanMarkdown(plan, "main", "");
  EXPECT_LE(text.size(), kMaxMarkdownBytes);
  EXPECT_NE(text.find(" more lines are left out"), std::string::npos);
  EXPECT_NE(text.find("\n`````diff\n"), std::string::npos) << "a fence longer than what is in it";
  EXPECT_TRUE(text.ends_with("\n`````\n\n</details>\n"));
}

}  // namespace
}  // namespace reconcile
