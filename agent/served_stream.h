#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "base/pod_stream.h"

namespace reconcile {

// As the kubelet ends them (--streaming-connection-idle-timeout).
inline constexpr int64_t kStreamIdleMs = 4LL * 60 * 60 * 1000;

// One stream that the agent serves: what stands behind it may still be looked for, and it ends when
// nothing was said on it in either direction for kStreamIdleMs. Loop thread only.
class ServedStream final : public PodStream, public std::enable_shared_from_this<ServedStream> {
 public:
  // `on_over` is called once, when it has ended or was cancelled.
  ServedStream(EventLoop* loop, PodStreamSink sink, std::function<void()> on_over);

  // `open` is called at once, unless it is over.
  void Begin(const std::function<std::shared_ptr<PodStream>(PodStreamSink)>& open);
  // Later, never inside a call to this.
  void Refuse(const Status& why);

  void Write(std::string_view bytes) override;
  void CloseInput() override;
  void Resize(uint16_t columns, uint16_t rows) override;
  void Taken(size_t bytes) override;
  void Cancel() override;

 private:
  PodStreamSink Sink();
  void Say();  // something was said on it
  void WatchIdleness();
  bool Over();  // false when it was over before
  void End(const PodStreamEnd& end);

  EventLoop* const loop_;
  const PodStreamSink sink_;
  std::function<void()> on_over_;
  std::shared_ptr<PodStream> behind_;  // nullptr until it was found
  bool over_ = false;
  TimerId idle_timer_ = 0;
  MonoTime said_at_;
  // Until `behind_` is there.
  std::string early_input_;
  bool early_closed_ = false;
  std::optional<std::pair<uint16_t, uint16_t>> early_size_;
};

}  // namespace reconcile
