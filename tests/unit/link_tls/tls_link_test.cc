// The link's contract over real TLS on loopback.
#include "tests/unit/link_tls/tls_link.h"

#include "tests/unit/link/link_contract.h"
#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

class TlsWorld final : public LinkWorld {
 public:
  TlsWorld() { agent_.Enroll(&controller_); }
  AgentLink* controller_end() override { return controller_.server.get(); }
  ControllerLink* agent_end() override { return agent_.agent->dialer.get(); }
  std::string node() const override { return "host-1"; }
  void Connect() override {
    agent_.agent->Start();
    connected_ = true;
  }
  void Disconnect() override {
    agent_.agent->Stop();
    connected_ = false;
  }
  void OnController(const std::function<void()>& task) override { controller_.thread.Do(task); }
  void OnAgent(const std::function<void()>& task) override { agent_.agent->thread.Do(task); }
  // Both ends see the same messages and connections, and that twice: a message that arrives may
  // make one go back.
  void Settle() override {
    int quiet = 0;
    WaitFor("the link settles", [&] {
      LinkTraffic up;
      LinkTraffic down;
      OnController([&] { up = controller_.server->Traffic(); });
      OnAgent([&] { down = agent_.agent->dialer->Traffic(); });
      const bool same = up.opening == 0 && down.opening == 0 &&
                        up.connections == down.connections && up.sent == down.received &&
                        up.received == down.sent && (up.connections > 0) == connected_;
      quiet = same ? quiet + 1 : 0;
      return quiet >= 3;
    });
  }

 private:
  struct AgentOfWorld {
    void Enroll(TlsController* controller) {
      agent = std::make_unique<TlsAgent>(controller->server->port(), "host-1",
                                         controller->MakeToken(), folder.path());
    }
    LinkFolder folder;
    std::unique_ptr<TlsAgent> agent;
  };
  TlsController controller_;
  AgentOfWorld agent_;
  bool connected_ = false;
};

INSTANTIATE_TEST_SUITE_P(Tls, LinkContract,
                         testing::Values(LinkWorldMaker{
                             "Loopback", [] { return std::make_unique<TlsWorld>(); }}),
                         [](const auto& maker) { return std::string(maker.param.name); });

}  // namespace
}  // namespace reconcile
