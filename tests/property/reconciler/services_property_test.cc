// Services over random histories: no two claim the same, and slices say what pods are.
#include <gtest/gtest.h>

#include <set>

#include "reconciler/endpoints.h"
#include "reconciler/service_addresses.h"
#include "schema/codec.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kServiceHistories = 150;
constexpr int kServiceTurns = 25;

// What happens to pods between turns.
void Happen(Generator* generator, World* world) {
  if (generator->OneIn(3)) world->Obey();
  const auto pods = world->Pods();
  if (pods.empty()) return;
  const Pod& pod = *pods[static_cast<size_t>(generator->Int(0, static_cast<int>(pods.size()) - 1))];
  switch (generator->Int(1, 5)) {
    case 1:
      world->SetReady(pod, generator->OneIn(2));
      break;
    case 2:
      world->state.Delete(pod.key());
      break;
    case 3:
      world->Edit<Pod>("default", pod.metadata.name,
                       [&](Pod* edited) { edited->metadata.deletion_timestamp = world->now.wall; });
      break;
    case 4:
      world->Edit<Pod>("default", pod.metadata.name, [&](Pod* edited) {
        edited->spec.containers.Edit()[0].ports = {
            {.name = "web", .container_port = generator->Int(8080, 8081)}};
      });
      break;
    case 5:
      world->Edit<Pod>("default", pod.metadata.name, [&](Pod* edited) {
        edited->metadata.labels["app"] = "app-" + std::to_string(generator->Int(0, 5));
      });
      break;
  }
}

void ExpectClaimsApart(const ClusterState& state) {
  const auto range = ServiceRange::Parse("10.96.0.0/16");
  std::set<std::string> claimed;
  state.ForEach<Service>([&](const std::shared_ptr<const Service>& service) {
    const ServiceSpec& spec = service->spec;
    ASSERT_EQ(NeedsAddress(spec), range->OffsetOf(spec.cluster_ip).has_value());
    for (const ServicePort& port : spec.ports) {
      ASSERT_EQ(NeedsNodePorts(spec), port.node_port != 0) << EncodeObjectJson(*service, {});
    }
    for (const std::string& claim : ClaimsOf(spec)) {
      ASSERT_TRUE(claimed.insert(claim).second) << claim;
    }
  });
}

// "10.42.0.1:8080 http ready", of the pods as they are, without any index.
std::multiset<std::string> Expected(const Service& service, const ClusterState& state) {
  std::multiset<std::string> lines;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const bool is_in = pod->metadata.labels.at("app") == service.spec.selector.at("app") &&
                       !IsTerminal(*pod) && !pod->status.pod_ip.empty() &&
                       service.spec.type != ServiceType::kExternalName;
    if (!is_in) return;
    const bool going = pod->metadata.deletion_timestamp.has_value();
    std::string line = pod->status.pod_ip + " " + pod->spec.node_name;
    line += service.spec.publish_not_ready_addresses || (IsReady(*pod) && !going) ? " ready" : "";
    line += IsReady(*pod) ? " serving" : "";
    line += going ? " terminating" : "";
    for (const ServicePort& port : service.spec.ports) {
      const auto& ports = pod->spec.containers[0].ports;
      if (!port.target_port->is_string) {
        line += " " + port.name + "=" + std::to_string(port.target_port->number);
      } else if (!ports.empty()) {
        line += " " + port.name + "=" + std::to_string(ports[0].container_port);
      }
    }
    lines.insert(line);
  });
  return lines;
}

std::multiset<std::string> Said(const Service& service, const ClusterState& state) {
  std::multiset<std::string> lines;
  state.ForEach<EndpointSlice>([&](const std::shared_ptr<const EndpointSlice>& slice) {
    if (slice->metadata.labels.at(kServiceNameLabel) != service.metadata.name) return;
    EXPECT_LE(slice->endpoints.size(), kMaxEndpointsPerSlice);
    EXPECT_FALSE(slice->endpoints.empty());
    for (const Endpoint& endpoint : slice->endpoints) {
      std::string line = endpoint.addresses[0] + " " + endpoint.node_name;
      line += IsReady(endpoint.conditions) ? " ready" : "";
      line += IsServing(endpoint.conditions) ? " serving" : "";
      line += IsTerminating(endpoint.conditions) ? " terminating" : "";
      for (const EndpointPort& port : slice->ports) {
        line += " " + port.name + "=" + std::to_string(port.port);
      }
      lines.insert(line);
    }
  });
  return lines;
}

TEST(ServicesProperty, ClaimsAreApartAndSlicesComplete) {
  for (uint64_t seed = 0; seed < kServiceHistories; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    Settled settled;
    for (int turn = 0; turn < kServiceTurns; ++turn) {
      SCOPED_TRACE(turn);
      if (generator.OneIn(3)) commit = generator.Edit(commit);
      Happen(&generator, &world);
      const Plan plan = Reconcile(world.state, world.ChangesFor(commit), world.now, &settled);
      world.state = Apply(world.state, plan.transaction);
      world.Advance(1'000);
      ASSERT_NO_FATAL_FAILURE(ExpectClaimsApart(world.state));
      world.state.ForEach<Service>([&](const std::shared_ptr<const Service>& service) {
        EXPECT_EQ(Said(*service, world.state), Expected(*service, world.state));
      });
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }
}

// What Git does not say of addresses is no difference, and comes back the same in an empty model.
TEST(ServicesProperty, AddressesStayAndMostlyComeBack) {
  int given = 0;
  int same = 0;
  for (uint64_t seed = 0; seed < kServiceHistories; ++seed) {
    Generator generator(seed);
    std::vector<ObjectPtr> services;
    for (int i = 0; i < 5; ++i) {
      services.push_back(generator.MakeAnyService("app-" + std::to_string(i)));
    }
    World world;
    world.Declare(services);
    for (const ObjectChange& change : world.ChangesFor(services)) {
      ASSERT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
    }
    World again;
    generator.Shuffle(&services);
    for (const ObjectPtr& service : services) again.Declare({service});
    again.Declare(services);
    world.state.ForEach<Service>([&](const std::shared_ptr<const Service>& service) {
      const auto other = again.state.Find<Service>("default", service->metadata.name);
      ++given;
      same += service->spec == other->spec ? 1 : 0;
    });
  }
  EXPECT_GT(same, given * 95 / 100);
}

}  // namespace
}  // namespace reconcile
