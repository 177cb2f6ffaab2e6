#pragma once

#include <map>
#include <string>
#include <vector>

#include "link/agent_link.h"
#include "source/manifest_source.h"

namespace reconcile {

// The controller's end with nobody behind it: keeps what was sent; the test plays the agents.
class FakeAgentLink final : public AgentLink {
 public:
  void SetHandler(Handler new_handler) override { handler = std::move(new_handler); }
  Status Send(const std::string& node, const Assignment& assignment) override {
    if (!reachable) return UnavailableError("node " + node + " is not connected");
    const Result<std::string> text = WriteAssignment(assignment);
    if (!text.ok()) return text.status();  // too large to travel
    sent[node].push_back(assignment);
    return OkStatus();
  }
  Status AskInventory(const std::string& node) override {
    if (!reachable) return UnavailableError("node " + node + " is not connected");
    inventory_asked.push_back(node);
    return OkStatus();
  }
  StreamHandle OpenLogs(const std::string&, const LogRequest& request, LogSink sink) override {
    log_requests.push_back(request);
    sink.on_data("a line\n");
    sink.on_end(OkStatus());
    return StreamHandle();
  }

  Handler handler;
  bool reachable = true;
  std::map<std::string, std::vector<Assignment>> sent;
  std::vector<std::string> inventory_asked;  // nodes
  std::vector<LogRequest> log_requests;
};

// A repository that answers at once with what the test put there.
class InstantSource final : public ManifestSource {
 public:
  void Fetch(const SourceSpec&, FetchDone done) override { done(answer); }
  void Watch(const SourceSpec&, std::function<void()> on_hint) override {
    hint = std::move(on_hint);
  }

  void SetFiles(const std::string& commit, const std::map<std::string, std::string>& files) {
    FetchedCommit fetched;
    fetched.id = commit;
    for (const auto& [path, text] : files) {
      fetched.files.push_back({path, commit + path, std::make_shared<std::string>(text)});
    }
    answer = std::move(fetched);
    if (hint) hint();
  }

  Result<FetchedCommit> answer = UnavailableError("nothing there yet");
  std::function<void()> hint;
};

}  // namespace reconcile
