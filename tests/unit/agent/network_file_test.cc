#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class NetworkFileTest : public AgentTest {
 protected:
  void SetServices(const std::vector<std::string>& names) {
    SharedList<Service>::Items services;
    for (const std::string& name : names) {
      auto service = std::make_shared<Service>();
      service->metadata.namespace_name = "default";
      service->metadata.name = name;
      services.push_back(service);
    }
    assignment.services = SharedList<Service>(std::move(services));
  }
  std::string Saved(const std::string& name) {
    const Result<std::string> text = files.ReadSealed(name);
    return text.ok() ? *text : "";
  }
  // Names of the Services that an agent started anew tells of.
  std::string Remembered() {
    KillAgent();
    StartAgent();
    link.Connect();
    RunFor(1'000);
    link.AskInventory();
    std::string names;
    for (const auto& service : link.inventories.back().services) names += service->metadata.name;
    return names;
  }
};

TEST_F(NetworkFileTest, WhatIsKnownOfTheNetworkOutlivesTheAgent) {
  StartAgent();
  link.Connect();
  AddPod("web");
  SetServices({"a", "b"});
  Assign();
  Settle();
  EXPECT_EQ(Saved("assignment").find("\"kind\":\"Service\""), std::string::npos);
  EXPECT_EQ(Remembered(), "ab");
  EXPECT_EQ(Running().size(), 1U);
}

// What is written grows with the cluster, and so does the time between two writes.
TEST_F(NetworkFileTest, AServiceOfManyThatChangesIsObeyedAtOnceAndSavedLater) {
  StartAgent();
  link.Connect();
  AddPod("web");
  std::vector<std::string> names;
  for (int i = 10'000; i < 11'000; ++i) names.push_back("s" + std::to_string(i));
  SetServices(names);
  Assign();
  Settle();
  const std::string before = Saved("assignment");
  names.insert(names.begin(), "b");
  SetServices(names);
  Assign();
  RunFor(1'000);
  EXPECT_EQ(LastReport().applied->revision, assignment.fence.revision);
  EXPECT_EQ(Saved("assignment"), before) << "nothing of this host changed";
  EXPECT_EQ(Saved("network").find("\"name\":\"b\""), std::string::npos);
  const std::string all = Saved("network");
  RunFor(60'000);
  EXPECT_NE(Saved("network-changes").find("\"name\":\"b\""), std::string::npos);
  EXPECT_EQ(Saved("network"), all) << "it says the rest already";
  EXPECT_EQ(Remembered().substr(0, 7), "bs10000");
  EXPECT_EQ(link.inventories.back().fence, assignment.fence) << "it obeys nothing older";
}

TEST_F(NetworkFileTest, ChangesOfManyAreOfTheFileThatTheyWereMadeFor) {
  StartAgent();
  link.Connect();
  AddPod("web");
  std::vector<std::string> names;
  for (int i = 10'000; i < 11'000; ++i) names.push_back("s" + std::to_string(i));
  const auto save = [&](std::vector<std::string> now) {
    SetServices(now);
    Assign();
    RunFor(60'000);
  };
  save(names);
  names.erase(names.begin());
  save(names);
  EXPECT_EQ(Remembered().substr(0, 6), "s10001");
  const std::string changes = Saved("network-changes");
  save({"a", "b"});  // all of it is written; what was changed before is nothing of it
  EXPECT_EQ(Saved("network-changes"), changes);
  EXPECT_EQ(Remembered(), "ab");
  save({"a", "b", "c"});
  EXPECT_EQ(Remembered(), "abc");
}

// Also when nothing is left of it, which takes no time to write.
TEST_F(NetworkFileTest, WhatCannotBeSavedForLongIsTriedEveryFewSeconds) {
  StartAgent();
  link.Connect();
  AddPod("web");
  SetServices({"a"});
  Assign();
  Settle();
  files.FailNextWrites(UnavailableError("the disk is full"), 3);
  SetServices({});
  Assign();
  RunFor(1'000);
  EXPECT_NE(Saved("network").find("\"name\":\"a\""), std::string::npos) << "not yet";
  RunFor(30'000);
  EXPECT_EQ(Saved("network").find("\"name\":\"a\""), std::string::npos);
}

TEST_F(NetworkFileTest, WhatCannotBeSavedIsTriedAgainAndStopsNothing) {
  StartAgent();
  link.Connect();
  AddPod("web");
  Assign();
  Settle();
  files.FailNextWrites(UnavailableError("the disk is full"));
  SetServices({"a"});
  Assign();
  RunFor(40'000);
  EXPECT_EQ(LastReport().applied->revision, assignment.fence.revision);
  RunFor(60'000);
  EXPECT_EQ(Remembered(), "a");
}

}  // namespace
}  // namespace reconcile
