#include "reconciler/network_preview.h"

#include <gtest/gtest.h>

#include "reconciler/preview.h"
#include "schema/codec.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::vector<std::string> LinesOf(const std::vector<NetworkChange>& changes) {
  std::vector<std::string> lines;
  for (const NetworkChange& change : changes) {
    lines.push_back(ToString(change.key) + " " + std::string(ToString(change.item)) + ": " +
                    change.before + " -> " + change.after);
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(NetworkPreview, ForetellsTheAddressesThatServicesGet) {
  World world;
  world.AddNode("host-1");
  auto web = MakeService("web", "web");
  web->spec.type = ServiceType::kNodePort;
  ApplyDefaults(web.get());
  const std::vector<ObjectPtr> commit = {MakeDeployment("web", 2), web};
  const Preview preview = PreviewChanges(world.state, world.ChangesFor(commit), world.now);
  world.Declare(commit);
  const ServiceSpec& given = world.state.Find<Service>("default", "web")->spec;
  EXPECT_EQ(LinesOf(preview.network),
            (Lines{"Service default/web name:  -> web.default.svc.cluster.local",
                   "Service default/web address:  -> " + given.cluster_ip,
                   "Service default/web node port:  -> " +
                       std::to_string(given.ports[0].node_port) + "/TCP for 80"}));
  EXPECT_TRUE(PreviewChanges(world.state, world.ChangesFor(commit), world.now).network.empty());
  const Preview gone = PreviewChanges(world.state, world.ChangesFor({commit[0]}), world.now);
  ASSERT_EQ(gone.network.size(), 3U);
  EXPECT_EQ(gone.network[1].before, given.cluster_ip);
  EXPECT_EQ(gone.network[1].after, "");
}

TEST(NetworkPreview, TellsOfNamesAndOfPortsOfHosts) {
  World world;
  auto away = MakeService("away", "web");
  away->spec.type = ServiceType::kExternalName;
  away->spec.external_name = "away.example.com";
  auto headless = MakeService("pods", "web");
  headless->spec.cluster_ip = kHeadlessIp;
  auto deployment = MakeDeployment("web", 1);
  deployment->spec.pod_template.spec.containers.Edit()[0].ports = {
      {.name = "web", .container_port = 80, .host_port = 8080}};
  world.state.Put(away);
  ClusterState after = world.state;
  after.Delete(away->key());
  after.Put(headless);
  after.Put(deployment);
  EXPECT_EQ(
      LinesOf(NetworkChangesOf(world.state, after)),
      (Lines{"Deployment default/web host port:  -> 8080/TCP",
             "Service default/away name: away.default.svc.cluster.local (for away.example.com) -> ",
             "Service default/pods name:  -> pods.default.svc.cluster.local (its pods)"}));
}

}  // namespace
}  // namespace reconcile
