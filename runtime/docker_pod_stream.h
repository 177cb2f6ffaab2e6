#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/socket_thread.h"
#include "runtime/container_runtime.h"
#include "runtime/docker_api.h"
#include "runtime/docker_streams.h"
#include "runtime/log_outlet.h"

namespace reconcile {

// The streams of a command in a container, or of the container itself (Engine API, "Exec" and
// "ContainerAttach"): begun by a request that takes the connection over, which libcurl has no way
// to do, so that this connection is a socket of our own; everything else goes as other calls do.
// Until the engine has taken it over nothing is sent behind the request, and input waits here: at
// most a window of it. Kept by its calls and its socket. Loop thread only.
class DockerPodStream final : public PodStream,
                              public std::enable_shared_from_this<DockerPodStream> {
 public:
  // Both are there as long as `*alive`.
  DockerPodStream(DockerApi* api, SocketThread* sockets, std::shared_ptr<const bool> alive,
                  const StreamOptions& options, PodStreamSink sink);
  void Exec(const std::string& container_id, const std::vector<std::string>& command);
  void Attach(const std::string& container_id);

  void Write(std::string_view bytes) override;
  void CloseInput() override;
  void Resize(uint16_t columns, uint16_t rows) override;
  void Taken(size_t bytes) override;
  void Cancel() override;

 private:
  void Call(HttpCall call, void (DockerPodStream::*on_reply)(const HttpReply&));
  void OnExecCreated(const HttpReply& reply);
  void OnInspected(const HttpReply& reply);
  void TakeOver(const std::string& path, const std::string& body);
  void OnBytes(const std::string& bytes);
  void OnWritten(size_t bytes);
  void OnSocketEnd(const Status& why);
  void OnOpen();
  void Work();
  Status TakeBytes(std::string_view bytes);
  void OnOutputEnded();
  void LookAtExec();
  void OnLooked(const HttpReply& reply);
  void OnContainerLooked(const HttpReply& reply);
  void SendSize();
  void OnResized(const HttpReply& reply);
  void Kill(int tries);
  void End(const PodStreamEnd& end);
  void End(const Status& status) { End(PodStreamEnd{status, std::nullopt}); }

  bool is_over() const { return ended_ || !*alive_; }
  // Runs later on the loop, unless it is over by then: the sink is not called inside a call to us.
  template <typename Task>
  void Later(Task task) {
    api_->loop()->Post([self = shared_from_this(), task] {
      if (!self->is_over()) task(self.get());
    });
  }

  DockerApi* const api_;
  SocketThread* const sockets_;
  const std::shared_ptr<const bool> alive_;
  const StreamOptions options_;
  PodStreamSink sink_;
  LogOutlet outlet_;
  bool ended_ = false;
  std::string container_id_;
  std::string exec_id_;    // "" of an attachment
  bool terminal_ = false;  // its output is one raw stream, without frames
  uint64_t call_ = 0;      // the last one
  int64_t pause_ms_;       // before the next look

  SocketThread::SocketId socket_ = 0;
  size_t request_bytes_ = 0;  // of the request, not written yet
  UpgradeReader upgrade_;
  bool open_ = false;  // the engine has taken the connection over

  std::string waiting_input_;  // until then
  bool input_closed_ = false;
  size_t unwritten_bytes_ = 0;

  std::deque<std::string> received_;  // not looked at yet
  bool working_ = false;
  std::optional<Status> socket_end_;
  FrameReader frames_;

  std::optional<std::pair<uint16_t, uint16_t>> size_;  // to be told, columns and rows
  bool size_under_way_ = false;
  int size_failures_ = 0;  // in a row
};

}  // namespace reconcile
