// What becomes of connections as certificates end. Named for FAULTS 36.
#include "link/node_identity.h"
#include "tests/unit/link/sample_messages.h"
#include "tests/unit/link_tls/raw_agent.h"

namespace reconcile {
namespace {

constexpr int64_t kDayMs = 24LL * 3600 * 1000;

std::string SerialIn(const std::string& folder) {
  const auto identity = LoadNodeIdentity(folder);
  return identity.ok() && *identity ? (*identity)->leaf.serial : "";
}

TEST(CertificateLife, Faults36RenewsByItselfAndStaysConnected) {
  // Joined 26 days ago: past four fifths of its life.
  TlsController controller({}, 27 * kDayMs);
  const WallTime then{controller.now().ms - 26 * kDayMs};
  const KeyAndRequest request = *MakeNodeRequest("host-1");
  const std::string token = *controller.enrollment->CreateToken({}, then);
  const LinkFolder folder;
  ASSERT_TRUE(LoadNodeIdentity(folder.path()).ok());
  ASSERT_TRUE(SaveNodeIdentity(folder.path(), {*controller.enrollment->Join(
                                                   token, request.request_pem, "host-1", then),
                                               request.private_key_pem})
                  .ok());
  const std::string before = SerialIn(folder.path());
  TlsAgent agent(controller.server->port(), "host-1", "", folder.path());
  agent.Start();
  WaitFor("a new certificate", [&] { return SerialIn(folder.path()) != before; });
  WaitFor("a connection with it", [&] { return agent.Connected(); });
  std::string serial;
  for (const IssuedNode& node : controller.enrollment->Nodes(controller.now()))
    serial = node.serial;
  EXPECT_EQ(SerialIn(folder.path()), serial);
  WaitFor("a report over it", [&] {
    Status sent;
    agent.thread.Do([&] { sent = agent.dialer->Send(SampleReport()); });
    return sent.ok();
  });
}

TEST(CertificateLife, Faults36KeepsItsIdentityOverARestart) {
  TlsController controller;
  const LinkFolder folder;
  {
    TlsAgent agent(controller.server->port(), "host-1", controller.MakeToken(), folder.path());
    agent.Start();
    WaitFor("joining", [&] { return agent.Connected(); });
  }
  const std::string serial = SerialIn(folder.path());
  EXPECT_FALSE(serial.empty());
  TlsAgent again(controller.server->port(), "host-1", "", folder.path());
  again.Start();
  WaitFor("connecting without a token", [&] { return again.Connected(); });
  EXPECT_EQ(SerialIn(folder.path()), serial);
  const auto mode = std::filesystem::status(folder.path() + "/node.pem").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(CertificateLife, Faults36ClosesARevokedNodesConnectionAndRefusesItsReturn) {
  TlsController controller;
  const LinkFolder folder;
  TlsAgent agent(controller.server->port(), "host-1", controller.MakeToken(), folder.path());
  agent.Start();
  WaitFor("joining", [&] { return agent.Connected(); });
  const int64_t revoked_at = ReadSystemClock().mono.ms;
  ASSERT_TRUE(controller.enrollment->RevokeNode("host-1", controller.now()).ok());
  WaitFor("the end of the connection", [&] { return !agent.Connected(); });
  WaitFor("a refusal that names the reason",
          [&] { return agent.dialer->LastError().find("revoked") != std::string::npos; });
  EXPECT_LT(ReadSystemClock().mono.ms - revoked_at, 60'000);
  controller.thread.Do([&] { EXPECT_EQ(controller.server->Traffic().connections, 0U); });

  // A new token lets the host in again.
  const std::string token = controller.MakeToken();
  agent.Stop();
  TlsAgent rejoined(controller.server->port(), "host-1", token, folder.path());
  rejoined.Start();
  WaitFor("joining again", [&] { return rejoined.Connected(); });
}

// Certificates are looked at again a few at a time, and every one of them.
TEST(CertificateLife, Faults36ClosesTheRevokedAmongManyConnections) {
  constexpr size_t kAgents = 20;
  TlsController controller;
  std::vector<std::unique_ptr<LinkFolder>> folders;
  std::vector<std::unique_ptr<TlsAgent>> agents;
  for (size_t i = 0; i < kAgents; ++i) {
    folders.push_back(std::make_unique<LinkFolder>());
    agents.push_back(std::make_unique<TlsAgent>(controller.server->port(),
                                                "host-" + std::to_string(i), controller.MakeToken(),
                                                folders.back()->path()));
    agents.back()->Start();
    WaitFor("joining", [&] { return agents.back()->Connected(); });
  }
  for (const size_t i : {size_t{0}, size_t{8}, kAgents - 1}) {
    const std::string node = "host-" + std::to_string(i);
    ASSERT_TRUE(controller.enrollment->RevokeNode(node, controller.now()).ok());
    WaitFor("the end of the connection", [&] { return !agents[i]->Connected(); });
  }
  size_t left = 0;
  for (const auto& agent : agents) left += agent->Connected() ? 1 : 0;
  EXPECT_EQ(left, kAgents - 3);
}

TEST(CertificateLife, Faults36RotatesTheCaWithoutAnOutage) {
  TlsController controller;
  const LinkFolder folder;
  TlsAgent agent(controller.server->port(), "host-1", controller.MakeToken(), folder.path());
  agent.Start();
  WaitFor("joining", [&] { return agent.Connected(); });
  const std::string old_ca = controller.enrollment->ca_fingerprint();
  ASSERT_TRUE(controller.enrollment->BeginRotation(controller.now()).ok());
  WaitFor("the node to go over to the next CA",
          [&] { return controller.enrollment->Authorities(controller.now()).waiting_for.empty(); });
  ASSERT_TRUE(controller.enrollment->FinishRotation(controller.now()).ok());
  EXPECT_NE(controller.enrollment->ca_fingerprint(), old_ca);
  WaitFor("being connected after it", [&] { return agent.Connected(); });
  agent.Stop();
  // The controller's own certificate is of the new CA now, and the agent trusts it.
  agent.Start();
  WaitFor("connecting again", [&] { return agent.Connected(); });
}

TEST(CertificateLife, VerifiesTheControllerAtTheFirstContact) {
  TlsController controller;
  TlsController impostor;
  const LinkFolder folder;
  TlsAgent agent(impostor.server->port(), "host-1", controller.MakeToken(), folder.path());
  agent.Start();
  WaitFor("a refusal of the impostor", [&] {
    return agent.dialer->LastError().find("not this cluster's controller") != std::string::npos;
  });
  // The token names one CA only: nothing is gained by trying again.
  WaitFor("giving up", [&] { return !agent.Refused().empty(); });
  EXPECT_EQ(SerialIn(folder.path()), "");
  EXPECT_TRUE(impostor.enrollment->Nodes(impostor.now()).empty());
}

TEST(CertificateLife, SaysThatATokenWasNotUsed) {
  TlsController controller;
  const LinkFolder folder;
  {
    TlsAgent agent(controller.server->port(), "host-1", controller.MakeToken(), folder.path());
    agent.Start();
    WaitFor("joining", [&] { return agent.Connected(); });
    EXPECT_FALSE(agent.dialer->TokenUnused());
  }
  const std::string token = controller.MakeToken();
  {
    TlsAgent again(controller.server->port(), "host-1", token, folder.path());
    again.Start();
    WaitFor("connecting", [&] { return again.dialer->TokenUnused(); });
  }
  const LinkFolder other;
  TlsAgent another(controller.server->port(), "host-2", token, other.path());
  another.Start();
  WaitFor("joining by the token that is as good as before", [&] { return another.Connected(); });
}

TEST(CertificateLife, VerifiesTheControllerEveryTime) {
  TlsController controller;
  TlsController impostor;
  const LinkFolder folder;
  {
    TlsAgent agent(controller.server->port(), "host-1", controller.MakeToken(), folder.path());
    agent.Start();
    WaitFor("joining", [&] { return agent.Connected(); });
  }
  TlsAgent agent(impostor.server->port(), "host-1", "", folder.path());
  agent.Start();
  WaitFor("a refusal of the impostor", [&] {
    return agent.dialer->LastError().find("not this cluster's controller") != std::string::npos;
  });
}

TEST(CertificateLife, SaysWhyItMayNotJoinAndStops) {
  TlsController controller;
  const LinkFolder first;
  const LinkFolder second;
  const std::string token = controller.MakeToken();
  TlsAgent agent(controller.server->port(), "host-1", token, first.path());
  agent.Start();
  WaitFor("joining", [&] { return agent.Connected(); });
  TlsAgent replay(controller.server->port(), "host-2", token, second.path());
  replay.Start();
  WaitFor("a refusal", [&] { return !replay.Refused().empty(); });
  EXPECT_NE(replay.Refused().find("does not let this host join"), std::string::npos)
      << replay.Refused();
  EXPECT_EQ(replay.Refused(), replay.dialer->LastError());
}

}  // namespace
}  // namespace reconcile
