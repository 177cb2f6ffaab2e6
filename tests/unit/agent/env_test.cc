#include "agent/env.h"

#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class EnvTest : public StepTest {
 protected:
  EnvTest() {
    auto settings = std::make_shared<ConfigMap>();
    settings->metadata.name = "settings";
    settings->metadata.namespace_name = "default";
    settings->data = {{"COLOR", "blue"}, {"SIZE", "small"}, {"bad=key", "x"}};
    assignment.config_maps = {settings};
    auto keys = std::make_shared<Secret>();
    keys->metadata.name = "keys";
    keys->metadata.namespace_name = "default";
    keys->data = {{"TOKEN", "hunter2"}, {"COLOR", "red"}};
    assignment.secrets = {keys};
    pod = MakePod();
    pod->metadata.labels = {{"app", "web"}};
    pod->metadata.annotations = {{"note", "hello"}};
    container = MakeContainer("app");
  }
  Result<ResolvedEnv> Resolve() {
    return ResolveEnv({assignment, *pod, "host-1", "192.0.2.1", "10.42.3.2"}, container);
  }
  void From(const std::string& name, const EnvVarSource& source) {
    container.env.push_back({name, "", source});
  }
  std::string ValueOf(const std::string& name) {
    const Result<ResolvedEnv> env = Resolve();
    if (!env.ok()) return "error: " + env.status().message();
    for (const auto& [key, value] : env->variables) {
      if (key == name) return value;
    }
    return "(none)";
  }

  std::shared_ptr<Pod> pod;
  Container container;
};

TEST(Expand, FollowsKubernetesRules) {
  const EnvList variables = {{"NAME", "value"}, {"EMPTY", ""}, {"NESTED", "$(NAME)"}};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"$(NAME)", "value"},
      {"a$(NAME)b$(NAME)", "avaluebvalue"},
      {"$(EMPTY)", ""},
      {"$(UNKNOWN)", "$(UNKNOWN)"},
      {"$$(NAME)", "$(NAME)"},
      {"$$$(NAME)", "$value"},
      {"$$", "$"},
      {"$", "$"},
      {"$(NAME", "$(NAME"},
      {"$()", "$()"},
      {"$NAME", "$NAME"},
      {"$(NESTED)", "$(NAME)"},
      {"100$", "100$"},
      {"", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(ExpandReferences(text, variables), expected);
}

TEST_F(EnvTest, EnvFromInOrderThenEnvLaterWins) {
  container.env_from = {{"", EnvFromRef{"settings"}, std::nullopt},
                        {"", std::nullopt, EnvFromRef{"keys"}}};
  EXPECT_EQ(ValueOf("COLOR"), "red");
  container.env = {{"COLOR", "green", std::nullopt}, {"COLOR", "black", std::nullopt}};
  EXPECT_EQ(ValueOf("COLOR"), "black");
  EXPECT_EQ(Resolve()->variables.size(), 3U) << "each name once";
}

TEST_F(EnvTest, PrefixIsPutBeforeKeys) {
  container.env_from = {{"CFG_", EnvFromRef{"settings"}, std::nullopt}};
  EXPECT_EQ(ValueOf("CFG_SIZE"), "small");
  EXPECT_EQ(ValueOf("SIZE"), "(none)");
}

TEST_F(EnvTest, KeysThatAreNoNamesAreSkippedAndNamed) {
  container.env_from = {{"", EnvFromRef{"settings"}, std::nullopt}};
  const Result<ResolvedEnv> env = Resolve();
  ASSERT_TRUE(env.ok());
  ASSERT_EQ(env->warnings.size(), 1U);
  EXPECT_NE(env->warnings[0].find("bad=key"), std::string::npos);
  EXPECT_NE(env->warnings[0].find("default/settings"), std::string::npos);
}

TEST_F(EnvTest, ValuesSeeOnlyEarlierEntries) {
  container.env = {
      {"A", "$(B)", std::nullopt}, {"B", "b", std::nullopt}, {"C", "$(B)", std::nullopt}};
  EXPECT_EQ(ValueOf("A"), "$(B)");
  EXPECT_EQ(ValueOf("C"), "b");
}

TEST_F(EnvTest, ValuesFromElsewhereAreNotExpanded) {
  auto settings = std::make_shared<ConfigMap>(*assignment.config_maps[0]);
  settings->data["RAW"] = "$(COLOR)";
  assignment.config_maps = {settings};
  container.env_from = {{"", EnvFromRef{"settings"}, std::nullopt}};
  EXPECT_EQ(ValueOf("RAW"), "$(COLOR)");
}

TEST_F(EnvTest, KeysComeFromConfigMapsAndSecrets) {
  From("A", {std::nullopt, KeySelector{"settings", "COLOR"}, std::nullopt});
  From("B", {std::nullopt, std::nullopt, KeySelector{"keys", "TOKEN"}});
  EXPECT_EQ(ValueOf("A"), "blue");
  EXPECT_EQ(ValueOf("B"), "hunter2");
}

TEST_F(EnvTest, MissingThingsAreNamed) {
  From("A", {std::nullopt, KeySelector{"absent", "COLOR"}, std::nullopt});
  EXPECT_EQ(Resolve().status().message(), "configmap \"absent\" not found");
  container.env.clear();
  From("A", {std::nullopt, KeySelector{"settings", "absent"}, std::nullopt});
  EXPECT_EQ(Resolve().status().message(), "couldn't find key absent in ConfigMap default/settings");
  container.env.clear();
  From("A", {std::nullopt, std::nullopt, KeySelector{"absent", "x"}});
  EXPECT_EQ(Resolve().status().message(), "secret \"absent\" not found");
  container.env.clear();
  container.env_from = {{"", std::nullopt, EnvFromRef{"absent"}}};
  EXPECT_EQ(Resolve().status().message(), "secret \"absent\" not found");
}

TEST_F(EnvTest, OptionalThingsMayBeMissing) {
  From("A", {std::nullopt, KeySelector{"absent", "COLOR", true}, std::nullopt});
  From("B", {std::nullopt, std::nullopt, KeySelector{"keys", "absent", true}});
  container.env_from = {{"", EnvFromRef{"absent", true}, std::nullopt}};
  ASSERT_TRUE(Resolve().ok());
  EXPECT_TRUE(Resolve()->variables.empty());
}

TEST_F(EnvTest, OtherNamespacesAreNotReached) {
  pod->metadata.namespace_name = "elsewhere";
  From("A", {std::nullopt, KeySelector{"settings", "COLOR"}, std::nullopt});
  EXPECT_FALSE(Resolve().ok());
}

TEST_F(EnvTest, FieldsOfThePod) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"metadata.name", "web"},
      {"metadata.namespace", "default"},
      {"metadata.uid", kUid},
      {"metadata.labels['app']", "web"},
      {"metadata.labels['absent']", ""},
      {"metadata.annotations['note']", "hello"},
      {"spec.nodeName", "host-1"},
      {"spec.serviceAccountName", "default"},
      {"status.hostIP", "192.0.2.1"},
      {"status.podIP", "10.42.3.2"},
      {"status.podIPs", "10.42.3.2"},
  };
  for (const auto& [path, expected] : cases) {
    container.env.clear();
    From("F", {FieldSelector{"v1", path}, std::nullopt, std::nullopt});
    EXPECT_EQ(ValueOf("F"), expected) << path;
  }
  container.env.clear();
  From("F", {FieldSelector{"v1", "spec.nothing"}, std::nullopt, std::nullopt});
  EXPECT_EQ(ValueOf("F"), "error: unsupported fieldPath: spec.nothing");
}

TEST_F(EnvTest, NulBytesAreRefusedByName) {
  container.env = {{"A", std::string("a\0b", 3), std::nullopt}};
  EXPECT_NE(Resolve().status().message().find("variable A"), std::string::npos);
}

TEST_F(EnvTest, ContainerWaitsForWhatIsMissingAndStartsWhenItComes) {
  From("A", {std::nullopt, KeySelector{"late", "COLOR"}, std::nullopt});
  pod->spec.containers = {container};
  Assign(pod);
  StepResult result = Settle();
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CreateContainerConfigError");
  EXPECT_EQ(StatusOf(result).state.waiting->message, "configmap \"late\" not found");
  auto late = std::make_shared<ConfigMap>(*assignment.config_maps[0]);
  late->metadata.name = "late";
  assignment.config_maps.push_back(late);
  Settle();
  EXPECT_TRUE(IsLive(Newest("app")));
}

TEST_F(EnvTest, ChangedConfigMapRestartsNothing) {
  From("A", {std::nullopt, KeySelector{"settings", "COLOR"}, std::nullopt});
  pod->spec.containers = {container};
  Assign(pod);
  Settle();
  auto changed = std::make_shared<ConfigMap>(*assignment.config_maps[0]);
  changed->data["COLOR"] = "yellow";
  assignment.config_maps = {changed};
  EXPECT_TRUE(Take().operations.empty());
}

}  // namespace
}  // namespace reconcile
