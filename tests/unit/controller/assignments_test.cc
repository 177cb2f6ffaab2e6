#include "controller/assignments.h"

#include "schema/all_kinds.h"
#include "schema/core.h"

namespace reconcile {
namespace {

std::shared_ptr<Pod> MakePod(const std::string& name, const std::string& node) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  pod->metadata.uid = "uid-" + name;
  pod->spec.node_name = node;
  pod->spec.containers.push_back({.name = "main", .image = "app:1"});
  pod->status.message = "only the agent knows";
  return pod;
}

ClusterState MakeState() {
  ClusterState state;
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "c1";
  cluster->lineage = "l1";
  cluster->epoch = 4;
  cluster->pod_cidr = "10.42.0.0/16";
  state.Put(cluster);
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->spec.pod_cidr = "10.42.3.0/24";
  state.Put(node);
  state.set_revision(9);
  return state;
}

template <typename T>
void PutNamed(const std::string& name, ClusterState* state) {
  auto object = std::make_shared<T>();
  object->metadata.name = name;
  object->metadata.namespace_name = "default";
  state->Put(object);
}

TEST(Assignment, HoldsTheNodesPodsWithoutTheirStatus) {
  ClusterState state = MakeState();
  state.Put(MakePod("a", "host-1"));
  state.Put(MakePod("b", "host-2"));
  state.Put(MakePod("c", ""));
  const Assignment assignment = AssignmentFor("host-1", state);
  EXPECT_EQ(assignment.fence, (Fence{"c1", "l1", 4, 9}));
  EXPECT_EQ(assignment.node_pod_cidr, "10.42.3.0/24");
  ASSERT_EQ(assignment.pods.size(), 1U);
  EXPECT_EQ(assignment.pods[0]->metadata.name, "a");
  EXPECT_EQ(assignment.pods[0]->status, PodStatus());
  EXPECT_TRUE(assignment.pods[0]->spec.containers.IsOneWith(
      state.Find<Pod>("default", "a")->spec.containers));
}

using Names = std::set<std::string>;

TEST(Assignment, ConcernsTheNodesWhosePodsOrDataChanged) {
  ClusterState before = MakeState();
  auto reader = MakePod("reader", "host-2");
  reader->spec.containers.Edit()[0].env_from.push_back(
      {.config_map_ref = EnvFromRef{"read", false}});
  before.Put(reader);
  before.Put(MakePod("a", "host-1"));
  before.Put(MakePod("pending", ""));
  PutNamed<ConfigMap>("read", &before);
  EXPECT_EQ(NodesConcerned(before, before), Names());

  ClusterState after = before;
  after.Put(MakePod("pending", "host-3"));
  after.Delete({Kind::kPod, "default", "a"});
  EXPECT_EQ(NodesConcerned(before, after), (Names{"", "host-1", "host-3"}));
  after = before;
  PutNamed<ConfigMap>("read", &after);
  PutNamed<Secret>("unread", &after);
  EXPECT_EQ(NodesConcerned(before, after), Names{"host-2"});
  after = before;
  auto counted = std::make_shared<Cluster>(*before.Find<Cluster>("", "cluster"));
  ++counted->metadata.incarnation;
  after.Put(counted);
  EXPECT_EQ(NodesConcerned(before, after), Names());
  auto later = std::make_shared<Cluster>(*counted);
  ++later->epoch;
  after.Put(later);
  EXPECT_EQ(NodesConcerned(before, after), std::nullopt);
}

TEST(Assignment, CarriesOnlyTheConfigMapsAndSecretsThatItsPodsRead) {
  ClusterState state = MakeState();
  auto pod = MakePod("a", "host-1");
  pod->spec.containers.Edit()[0].env_from.push_back({.config_map_ref = EnvFromRef{"read", false}});
  EnvVar variable{.name = "TOKEN"};
  variable.value_from = EnvVarSource{.secret_key_ref = KeySelector{"token", "key", false}};
  pod->spec.containers.Edit()[0].env.push_back(variable);
  state.Put(pod);
  PutNamed<ConfigMap>("read", &state);
  PutNamed<ConfigMap>("other", &state);
  PutNamed<Secret>("token", &state);
  PutNamed<Secret>("other", &state);
  const Assignment assignment = AssignmentFor("host-1", state);
  ASSERT_EQ(assignment.config_maps.size(), 1U);
  EXPECT_EQ(assignment.config_maps[0]->metadata.name, "read");
  ASSERT_EQ(assignment.secrets.size(), 1U);
  EXPECT_EQ(assignment.secrets[0]->metadata.name, "token");
}

TEST(Assignment, CarriesTheSecretsWithWhichImagesArePulled) {
  const Value names = ParseJson(R"([{"name":"login"}])").value();
  ClusterState state = MakeState();
  state.Put(MakePod("a", "host-1"));
  PutNamed<Secret>("login", &state);
  PutNamed<Secret>("other", &state);
  const Assignment without = AssignmentFor("host-1", state);
  EXPECT_TRUE(without.secrets.empty());

  ClusterState named = state;
  auto pod = MakePod("a", "host-1");
  pod->spec.others.Set("imagePullSecrets", names);
  named.Put(pod);
  ASSERT_EQ(AssignmentFor("host-1", named).secrets.size(), 1U);

  // Those of its ServiceAccount, unless it has its own.
  ClusterState accounted = state;
  auto account = std::make_shared<ServiceAccount>();
  account->metadata.name = "default";
  account->metadata.namespace_name = "default";
  account->others.Set("imagePullSecrets", names);
  accounted.Put(account);
  const Assignment with = AssignmentFor("host-1", accounted);
  ASSERT_EQ(with.secrets.size(), 1U);
  EXPECT_EQ(with.secrets[0]->metadata.name, "login");
  EXPECT_EQ(*with.pods[0]->spec.others.Find("imagePullSecrets"), names);
  EXPECT_EQ(NodesConcerned(state, accounted), Names{"host-1"});
  EXPECT_FALSE(SameForAgent(without, with));
  pod->spec.others.Set("imagePullSecrets", ParseJson(R"([{"name":"other"}])").value());
  accounted.Put(pod);
  ASSERT_EQ(AssignmentFor("host-1", accounted).secrets.size(), 1U);
  EXPECT_EQ(AssignmentFor("host-1", accounted).secrets[0]->metadata.name, "other");
}

TEST(Assignment, CarriesWhatVolumesAreMadeOf) {
  ClusterState state = MakeState();
  auto pod = MakePod("a", "host-1");
  pod->spec.others.Set(
      "volumes",
      ParseJson(
          R"([{"name":"m","configMap":{"name":"read","optional":true}},{"name":"p","projected":
          {"sources":[{"secret":{"name":"token"}},{"configMap":{"name":"absent"}}]}}])")
          .value());
  state.Put(pod);
  PutNamed<ConfigMap>("read", &state);
  PutNamed<Secret>("token", &state);
  PutNamed<Secret>("other", &state);
  const Assignment before = AssignmentFor("host-1", state);
  ASSERT_EQ(before.config_maps.size(), 1U);
  ASSERT_EQ(before.secrets.size(), 1U);
  EXPECT_EQ(before.secrets[0]->metadata.name, "token");
  ClusterState after = state;
  auto changed = std::make_shared<ConfigMap>(*state.Find<ConfigMap>("default", "read"));
  changed->binary_data["b"] = "x";
  after.Put(changed);
  EXPECT_EQ(NodesConcerned(state, after), Names{"host-1"});
  EXPECT_FALSE(SameForAgent(before, AssignmentFor("host-1", after)));
}

TEST(Assignment, IsTheSameForAnAgentWhenOnlyStatusAndRevisionMoved) {
  ClusterState state = MakeState();
  state.Put(MakePod("a", "host-1"));
  const Assignment before = AssignmentFor("host-1", state);
  auto pod = MakePod("a", "host-1");
  pod->status.message = "something else";
  state.Put(pod);
  state.set_revision(10);
  EXPECT_TRUE(SameForAgent(before, AssignmentFor("host-1", state)));
}

TEST(Assignment, DiffersForAnAgentWhenAPodIsToStopOrConfigurationMoved) {
  ClusterState state = MakeState();
  state.Put(MakePod("a", "host-1"));
  const Assignment before = AssignmentFor("host-1", state);
  auto stopping = MakePod("a", "host-1");
  stopping->metadata.deletion_timestamp = WallTime{5};
  state.Put(stopping);
  EXPECT_FALSE(SameForAgent(before, AssignmentFor("host-1", state)));
  Assignment tombstones = before;
  tombstones.tombstones.push_back("uid-gone");
  EXPECT_FALSE(SameForAgent(before, tombstones));
  Assignment epoch = before;
  ++epoch.fence.epoch;
  EXPECT_FALSE(SameForAgent(before, epoch));
}

std::shared_ptr<Pod> MakeLargePod(const std::string& name, size_t bytes, bool begun) {
  auto pod = MakePod(name, "host-1");
  pod->spec.containers.Edit()[0].args = {std::string(bytes, 'x')};
  if (begun) pod->status.container_statuses = {{.name = "main"}};
  return pod;
}

std::optional<Assignment> Fit(const NodePods& pods, const ClusterState& state) {
  const Assignment assignment = AssignmentOf("host-1", pods, NetworkOf(state), state);
  return FitAssignment(assignment, MeasureObjects(assignment), pods, state);
}

TEST(FitAssignment, LeavesOutOnlyPodsThatHaveNotBegun) {
  ClusterState state = MakeState();
  const auto stopping = MakeLargePod("c", 9 << 20, false);
  stopping->metadata.deletion_timestamp = WallTime{5};
  const NodePods pods = {MakeLargePod("a", 9 << 20, false), MakeLargePod("b", 9 << 20, true),
                         stopping, MakeLargePod("d", 9 << 20, false), MakeLargePod("e", 1, false)};
  const auto fitting = Fit(pods, state);
  ASSERT_TRUE(fitting.has_value());
  std::string names;
  for (const auto& pod : fitting->pods) names += pod->metadata.name;
  EXPECT_EQ(names, "abce");
  EXPECT_TRUE(WriteAssignment(*fitting).ok());
}

TEST(FitAssignment, GivesNothingWhenWhatRunsDoesNotFit) {
  const NodePods pods = {MakeLargePod("a", 17 << 20, true), MakeLargePod("b", 17 << 20, true)};
  EXPECT_FALSE(Fit(pods, MakeState()).has_value());
}

TEST(FitAssignment, CountsASharedConfigMapOnce) {
  ClusterState state = MakeState();
  auto map = std::make_shared<ConfigMap>();
  map->metadata.name = "shared";
  map->metadata.namespace_name = "default";
  map->data["key"] = std::string(20 << 20, 'x');
  state.Put(map);
  NodePods pods;
  for (const char* name : {"a", "b", "c"}) {
    auto pod = MakePod(name, "host-1");
    pod->spec.containers.Edit()[0].env_from.push_back(
        {.config_map_ref = EnvFromRef{"shared", false}});
    pods.push_back(pod);
  }
  EXPECT_EQ(Fit(pods, state)->pods.size(), 3U);
}

TEST(LargestObjects, NamesThreeWithTheirSizes) {
  Assignment assignment;
  for (const auto& [name, bytes] :
       std::map<std::string, size_t>{{"a", 100}, {"b", 40'000}, {"c", 2'000}, {"d", 3'000}}) {
    assignment.pods.push_back(MakeLargePod(name, bytes, true));
  }
  const std::string text = LargestObjects(MeasureObjects(assignment));
  EXPECT_TRUE(text.starts_with("Pod default/b (40")) << text;
  EXPECT_LT(text.find("Pod default/d (3"), text.find("Pod default/c (2"));
  EXPECT_EQ(text.find("Pod default/a"), std::string::npos) << text;
}

}  // namespace
}  // namespace reconcile
