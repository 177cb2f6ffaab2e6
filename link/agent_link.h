#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream_handle.h"
#include "base/time.h"
#include "link/messages.h"
#include "link/pod_stream.h"

namespace reconcile {

struct LogRequest {
  std::string pod_uid;
  std::string container;  // "" is the only one
  bool previous = false;
  bool follow = false;
  bool timestamps = false;
  int64_t tail_lines = -1;     // -1: all
  int64_t since_seconds = -1;  // back from now by the clock of the pod's host; -1: all
  std::optional<WallTime> since_time = {};
  int64_t limit_bytes = -1;  // the stream ends after so many; -1: never
  // Instead of a log: what the agent counts of itself, in Prometheus' text format, at most
  // kStreamWindowBytes. An older agent has no such pod.
  bool metrics = false;
};
// Receives a log stream with credits (base/stream_handle.h). Both are called on the receiver's
// loop; on_end once, last, and without waiting for what is still to be taken. After the receiver
// has cancelled, neither is called again.
struct LogSink {
  std::function<void(std::string_view bytes)> on_data;
  std::function<void(Status)> on_end;
};

// The controller's end of the seam between controller and agents. Controller's loop thread only.
// A handler is called from the loop, never inside a call to the link; SetHandler({}) ends it.
// Messages may be lost when a connection breaks, are never reordered within one connection, and
// each side repeats full state on (re)connect.
class AgentLink {
 public:
  struct Handler {
    std::function<void(const std::string& node)> on_connected;
    std::function<void(const std::string& node)> on_disconnected;
    std::function<void(const Report&)> on_report;
    std::function<void(const Inventory&)> on_inventory = {};  // the answer to AskInventory
  };
  virtual ~AgentLink() = default;
  virtual void SetHandler(Handler handler) = 0;
  // Unavailable when the node is not connected.
  virtual Status Send(const std::string& node, const Assignment& assignment) = 0;
  // Asks the node's agent what it runs; on_inventory may then be called. In order with Send. Lost
  // with the connection: ask again. Unavailable when the node is not connected.
  virtual Status AskInventory(const std::string& node) = 0;
  // Starts a stream. The sink is called later, never inside this. Its on_end is Unavailable when
  // the node is not connected, or its connection breaks.
  virtual StreamHandle OpenLogs(const std::string& node, const LogRequest& request,
                                LogSink sink) = 0;
  // Likewise, both ways. Never nullptr. Invalid when the request cannot be served by any agent.
  virtual std::shared_ptr<PodStream> OpenPodStream(const std::string& node,
                                                   const PodStreamRequest& request,
                                                   PodStreamSink sink) = 0;
};

// The agent's end. Agent's loop thread only. A handler that is taken away (SetHandler({})) is not
// called again, nor are its streams' handles: the receivers learn that it ended.
class ControllerLink {
 public:
  struct Handler {
    std::function<void()> on_connected;
    std::function<void(const Assignment&)> on_assignment;
    // Writes a log into the sink, within frame and window: a stream that exceeds them ends as
    // Internal. The handle is the link's: cancelled once when the receiver has gone, never after
    // on_end; the sink may then still be called, with no effect.
    std::function<StreamHandle(const LogRequest&, LogSink)> on_logs;
    std::function<void()> on_inventory_asked = {};
    // As on_logs, both ways. nullptr when the agent is no more.
    std::function<std::shared_ptr<PodStream>(const PodStreamRequest&, PodStreamSink)>
        on_pod_stream = {};
  };
  virtual ~ControllerLink() = default;
  virtual void SetHandler(Handler handler) = 0;
  virtual Status Send(const Report& report) = 0;  // Unavailable when not connected
  // In order with Send. Unavailable when not connected, Invalid when it is too large to travel.
  virtual Status SendInventory(const Inventory& inventory) = 0;
};

}  // namespace reconcile
