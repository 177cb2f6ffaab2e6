#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/fake_engine_core.h"

namespace reconcile {

// A command with its streams in a fake engine: both the client's hold on it and the engine's side,
// between which everything takes the time of an event. Implementation detail of fake_runtime.h.
class FakeExecStream final : public PodStream, public std::enable_shared_from_this<FakeExecStream> {
 public:
  FakeExecStream(std::weak_ptr<FakeEngineCore> core, std::weak_ptr<FakeClient> client,
                 const StreamOptions& options, PodStreamSink sink);

  void Write(std::string_view bytes) override;
  void CloseInput() override;
  void Resize(uint16_t columns, uint16_t rows) override;
  void Taken(size_t bytes) override;
  void Cancel() override;

  // ---- at the engine ----
  // `reply` ends the call, and so the stream.
  void Begin(FakeEngineCore* core, const std::string& id, const std::vector<std::string>& command,
             std::function<void(PodStreamEnd)> reply);
  // ---- at the client ----
  void End(const PodStreamEnd& end);

 private:
  template <typename Task>
  void AtEngine(Task task);
  void Pump();
  void Exit(int code);
  void EndWhenGiven();

  const std::weak_ptr<FakeEngineCore> core_;
  const std::weak_ptr<FakeClient> client_;
  const StreamOptions options_;
  PodStreamSink sink_;
  LogOutlet outlet_;
  bool over_ = false;  // for the client
  size_t untaken_input_bytes_ = 0;

  FakeCommand does_;
  std::deque<std::string> input_;  // not read yet
  bool input_closed_ = false;
  std::pair<uint16_t, uint16_t> size_;  // columns, rows
  std::optional<int> exit_code_;
  std::function<void(PodStreamEnd)> reply_;  // empty: not begun, or it has ended
};

}  // namespace reconcile
