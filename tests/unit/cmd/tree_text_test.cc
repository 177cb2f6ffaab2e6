#include "cmd/tree_text.h"

namespace reconcile {
namespace {

TEST(TreeText, ShowsWhoOwnsWhatAndWhatIsNotHealthy) {
  const Result<Value> trees = ParseJson(R"({"items": [{"kind": "Source", "namespace": "",
      "name": "main", "why": "", "children": [
      {"kind": "Deployment", "namespace": "shop", "name": "web", "why": "1 of 2 pods are ready",
       "children": [{"kind": "ReplicaSet", "namespace": "shop", "name": "web-1", "why": "",
        "children": [{"kind": "Pod", "namespace": "shop", "name": "web-1-a", "why": "",
                      "node": "host-1", "children": []},
                     {"kind": "Pod", "namespace": "shop", "name": "web-1-b",
                      "why": "no host \u001b[2J", "node": "", "children": []}]}]},
      {"kind": "Service", "namespace": "default", "name": "web", "why": "", "children": []},
      {"kind": "StatefulSet", "namespace": "shop", "name": "db", "why": "",
       "notActedOn": "no pods are made for it yet", "children": []}]}]})");
  ASSERT_TRUE(trees.ok());
  EXPECT_EQ(TreeText(*trees, false),
            "source/main  healthy\n"
            "├─ deployment/web in shop  not healthy: 1 of 2 pods are ready\n"
            "│  └─ replicaset/web-1  healthy\n"
            "│     ├─ pod/web-1-a on host-1  healthy\n"
            "│     └─ pod/web-1-b  not healthy: no host \\x1b[2J\n"
            "├─ service/web in default  healthy\n"
            "└─ statefulset/db in shop  not acted on: no pods are made for it yet\n");
  EXPECT_FALSE(IsTreeHealthy(*trees));
  EXPECT_NE(TreeText(*trees, true).find("\x1b[31mnot healthy: 1 of 2"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
