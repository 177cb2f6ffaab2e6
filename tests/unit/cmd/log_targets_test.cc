#include "cmd/log_targets.h"

namespace reconcile {
namespace {

Value Read(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

Value PodOf(const std::string& more = "") {
  return Read(R"({"kind": "Pod", "metadata": {"namespace": "shop", "name": "web-1", "uid": "u1")" +
              more + R"(}, "spec": {"initContainers": [{"name": "setup"}],
       "containers": [{"name": "app"}, {"name": "proxy"}]},
       "status": {"containerStatuses": [{"name": "app", "containerID": "docker://1"}],
                  "initContainerStatuses": [{"name": "setup", "containerID": "docker://0"}]}})");
}

std::vector<std::string> NamesOf(const std::vector<LogTarget>& targets) {
  std::vector<std::string> names;
  for (const LogTarget& target : targets) names.push_back(target.container);
  return names;
}

using Names = std::vector<std::string>;

TEST(LogSubject, IsAPodOrWhatHasPods) {
  EXPECT_EQ(*ParseLogSubject("web-1"), (LogSubject{Kind::kPod, "web-1"}));
  EXPECT_EQ(*ParseLogSubject("pod/web-1"), (LogSubject{Kind::kPod, "web-1"}));
  EXPECT_EQ(*ParseLogSubject("deploy/web"), (LogSubject{Kind::kDeployment, "web"}));
  EXPECT_EQ(*ParseLogSubject("sts/db"), (LogSubject{Kind::kStatefulSet, "db"}));
  for (const char* word : {"", "pod/", "node/host-1", "nosuch/web", "deploy/a/b"}) {
    EXPECT_EQ(ParseLogSubject(word).status().code(), StatusCode::kInvalid) << word;
  }
}

TEST(PodSelector, IsReadInBothForms) {
  EXPECT_EQ(*PodSelectorOf(Read(R"({"kind": "Deployment", "spec": {"selector": {
      "matchLabels": {"app": "web", "tier": "front"},
      "matchExpressions": [{"key": "v", "operator": "In", "values": ["1", "2"]},
                           {"key": "w", "operator": "NotIn", "values": ["3"]},
                           {"key": "x", "operator": "Exists"},
                           {"key": "y", "operator": "DoesNotExist"}]}}})")),
            "app=web,tier=front,v in (1,2),w notin (3),x,!y");
  EXPECT_EQ(*PodSelectorOf(Read(R"({"kind": "Service", "spec": {"selector": {"app": "web"}}})")),
            "app=web");
  EXPECT_EQ(PodSelectorOf(Read(R"({"kind": "Service", "metadata": {"name": "ext"}, "spec": {}})"))
                .status(),
            InvalidError("Service ext selects no pods by their labels"));
}

TEST(LogTargets, AreTheFirstContainerTheDefaultTheNamedOrAll) {
  std::string note;
  EXPECT_EQ(NamesOf(LogTargetsOf(PodOf(), {}, &note)), Names{"app"});
  EXPECT_EQ(note,
            "container app is shown, of: setup app proxy (-c NAME or --all-containers for others)");
  const std::string proxy =
      R"(, "annotations": {"kubectl.kubernetes.io/default-container": "proxy"})";
  EXPECT_EQ(NamesOf(LogTargetsOf(PodOf(proxy), {}, &note)), Names{"proxy"});
  EXPECT_EQ(NamesOf(LogTargetsOf(PodOf(), {"setup", false}, nullptr)), Names{"setup"});
  EXPECT_EQ(NamesOf(LogTargetsOf(PodOf(), {"", true}, nullptr)), (Names{"setup", "app", "proxy"}));
  EXPECT_EQ(NamesOf(LogTargetsOf(PodOf(), {"none", false}, nullptr)), Names{});
}

TEST(FollowedLogs, TakesEachStartOfAContainerOnce) {
  FollowedLogs followed(LogChoice{"", true});
  const std::vector<LogTarget> begun = followed.Begun(PodOf());
  EXPECT_EQ(NamesOf(begun), (Names{"setup", "app"})) << "proxy has not begun";
  EXPECT_EQ(followed.Begun(PodOf()).size(), 2U) << "until it is marked";
  for (const LogTarget& target : begun) followed.Mark(target);
  EXPECT_EQ(followed.Begun(PodOf()).size(), 0U);

  Value again = PodOf();
  Value status = Read(R"({"containerStatuses": [{"name": "app", "containerID": "docker://2"}]})");
  again.Set("status", status);
  EXPECT_EQ(NamesOf(followed.Begun(again)), Names{"app"}) << "it was restarted";
  followed.Unmark(begun[0]);
  EXPECT_EQ(NamesOf(followed.Begun(PodOf())), Names{"setup"});
  followed.Forget(PodOf());
  EXPECT_EQ(followed.Begun(PodOf()).size(), 2U);
}

}  // namespace
}  // namespace reconcile
