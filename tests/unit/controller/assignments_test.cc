#include "controller/assignments.h"

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
}

TEST(Assignment, CarriesOnlyTheConfigMapsAndSecretsThatItsPodsRead) {
  ClusterState state = MakeState();
  auto pod = MakePod("a", "host-1");
  pod->spec.containers[0].env_from.push_back({.config_map_ref = EnvFromRef{"read", false}});
  EnvVar variable{.name = "TOKEN"};
  variable.value_from = EnvVarSource{.secret_key_ref = KeySelector{"token", "key", false}};
  pod->spec.containers[0].env.push_back(variable);
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

}  // namespace
}  // namespace reconcile
