#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "link/agent_link.h"
#include "source/manifest_source.h"

namespace reconcile {

// A stream with nobody behind it: notes what its receiver does.
struct FakePodStream final : PodStream {
  void Write(std::string_view bytes) override { written += bytes; }
  void CloseInput() override { input_closed = true; }
  void Resize(uint16_t columns, uint16_t rows) override { sizes.push_back({columns, rows}); }
  void Taken(size_t bytes) override { taken_bytes += bytes; }
  void Cancel() override { cancelled = true; }

  PodStreamSink sink;
  std::string written;
  bool input_closed = false;
  std::vector<std::pair<uint16_t, uint16_t>> sizes;  // columns, rows
  size_t taken_bytes = 0;
  bool cancelled = false;
};

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

  // The test plays the container: `requests` and `streams` tell what was asked for and written, and
  // it speaks by a stream's `sink`.
  std::shared_ptr<PodStream> OpenPodStream(const std::string&, const PodStreamRequest& request,
                                           PodStreamSink sink) override {
    stream_requests.push_back(request);
    streams.push_back(std::make_shared<FakePodStream>());
    streams.back()->sink = std::move(sink);
    return streams.back();
  }

  Handler handler;
  bool reachable = true;
  std::map<std::string, std::vector<Assignment>> sent;
  std::vector<std::string> inventory_asked;  // nodes
  std::vector<LogRequest> log_requests;
  std::vector<PodStreamRequest> stream_requests;
  std::vector<std::shared_ptr<FakePodStream>> streams;
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
