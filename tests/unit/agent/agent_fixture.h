#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/fake_host_files.h"
#include "agent/fake_prober.h"
#include "net/fake_network.h"
#include "runtime/fake_runtime.h"
#include "tests/support/virtual_loop.h"

namespace reconcile {

// The controller's end as a test wants it: says what it is told to, keeps what it hears.
class RecordingLink final : public ControllerLink {
 public:
  void SetHandler(Handler handler) override { handler_ = std::move(handler); }
  Status Send(const Report& report) override;
  Status SendInventory(const Inventory& inventory) override;

  void Assign(const Assignment& assignment) { handler_.on_assignment(assignment); }
  void Connect();
  void AskInventory() { handler_.on_inventory_asked(); }
  StreamHandle Logs(const LogRequest& request, LogSink sink) {
    return handler_.on_logs(request, std::move(sink));
  }

  std::shared_ptr<PodStream> Stream(const PodStreamRequest& request, PodStreamSink sink) {
    return handler_.on_pod_stream(request, std::move(sink));
  }

  bool connected = true;
  std::vector<Report> reports;
  std::vector<Inventory> inventories;

 private:
  Handler handler_;
};

// A host with an engine, a network and files that outlive its agents.
class AgentTest : public testing::Test {
 protected:
  AgentTest();

  void StartAgent();
  void KillAgent();  // kill -9: nothing of the process is left
  void Assign();     // `assignment`, with the next revision
  void AddPod(const std::string& name, const std::string& image = "shop:1");
  void DeletePod(const std::string& name, int64_t grace_seconds = 5);
  // Runs until the agent has nothing to do; fails the test when it goes on for an hour.
  void Settle();
  void RunFor(int64_t ms) { loop.RunFor(ms); }

  std::vector<ContainerInfo> Running(const std::string& container = "app") const;
  std::vector<std::string> RunningIds() const;
  // The pod in the last report; fails the test when it is not there.
  const PodReport& Reported(const std::string& name) const;
  const Report& LastReport() const { return link.reports.back(); }
  bool Said(const std::string& reason, const std::string& part = "") const {
    return TimesSaid(reason, part) > 0;
  }
  int TimesSaid(const std::string& reason, const std::string& part = "") const;

  VirtualLoop loop;
  FakeEngine engine{&loop};
  FakeNetwork network{&loop};
  FakeHostFiles files;
  RecordingLink link;
  SeededRandom random{7};
  AgentOptions options;
  std::string resolv_conf = "nameserver 192.0.2.53\n";
  Assignment assignment;
  // How programs answer probes over the network; and what was asked.
  FakeProber::Program answer = [](const ProbeRequest&) { return ProbeOutcome{true, ""}; };
  std::vector<ProbeRequest> probed;
  std::set<std::string> began_unattached;  // ids whose own network had nothing when they ran

 private:
  std::map<std::string, int64_t> process_ids_;
  std::unique_ptr<ContainerRuntime> runtime_;
  std::unique_ptr<HostNetwork> host_network_;
  std::unique_ptr<FakeProber> prober_;

 protected:
  std::unique_ptr<Agent> agent;
};

}  // namespace reconcile
