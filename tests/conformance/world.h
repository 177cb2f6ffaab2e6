#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/value.h"
#include "sim/sim_controller.h"
#include "sim/sim_host.h"
#include "sim/sim_link.h"
#include "tests/conformance/expectation.h"

namespace reconcile {

// Runs one case in virtual time: a controller, hosts and their agents, on engines that run no
// programs but know what the cases' commands do (script.h). README.md says what steps there are.
class ConformanceWorld {
 public:
  explicit ConformanceWorld(const Value& test_case);
  ~ConformanceWorld();
  ConformanceWorld(const ConformanceWorld&) = delete;
  ConformanceWorld& operator=(const ConformanceWorld&) = delete;

  // What went wrong, first; empty when all was as expected.
  std::vector<std::string> Run();

 private:
  struct Start {
    std::string pod;
    std::string container;
    int64_t at_ms = 0;
  };
  struct Always {
    Value expectation;
    bool broken = false;  // reported
  };

  void Prepare(int hosts);
  SimHost* HostNamed(const std::string& name);
  void OnChange(SimHost* host, const FakeChange& change);
  void CheckAlways(const ClusterState& state);

  // Steps, by name; each is given its value.
  Status Take(const Value& step);
  Status TakeManifests(const Value& step);
  Status TakeHost(const Value& step);
  Status Patch(const std::string& name, const Value& patch);
  void Commit();
  Status Settle();
  bool IsSettled();
  Status Expect(const Value& step);
  Status ExpectStarts(const Value& step);
  Status Kill(const Value& step);

  // Of programs, for their probes.
  int64_t AgeMs(const ContainerInfo& info) const;
  FakeCommand RunIn(const SimHost& host, const ContainerInfo& info,
                    const std::vector<std::string>& command) const;
  ProbeOutcome Answer(const SimHost& host, const ProbeRequest& request) const;

  std::vector<Value> Find(const Subject& subject, const ClusterState& state) const;
  std::vector<Value> Containers(const Subject& subject) const;
  // Runs for a while; people confirm what is held meanwhile.
  void RunFor(int64_t duration_ms);
  void Fail(const std::string& text);

  const Value& case_;
  VirtualTime time_;
  SeededRandom random_{1};
  SimNetwork network_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::unique_ptr<SimController> controller_;
  std::map<std::string, Value> manifests_;  // the repository's, by "Kind/name"
  int commits_ = 0;
  int64_t marked_ms_ = 0;
  std::vector<Start> starts_;  // since the mark
  std::vector<Always> always_;
  std::string step_;  // where it stands, for people
  std::vector<std::string> failures_;
};

}  // namespace reconcile
