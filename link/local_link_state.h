#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "link/local_link.h"

namespace reconcile {

// Each half is touched on its own loop's thread alone (and before the loops run); what goes between
// them is posted, with a weak reference: a task that outlives the link does nothing.
struct LocalLink::State : std::enable_shared_from_this<LocalLink::State> {
  // Grows with every connection. What was sent on an older one than the receiver's is dropped.
  using Connection = uint64_t;
  using StreamId = uint64_t;

  State(EventLoop* controller_loop, EventLoop* agent_loop, std::string node_name)
      : node(std::move(node_name)), controller(this, controller_loop), agent(this, agent_loop) {}

  class AgentHalf;
  class ControllerHalf final : public AgentLink {
   public:
    ControllerHalf(State* state, EventLoop* loop) : loop_(loop), state_(state) {}
    void SetHandler(Handler handler) override { handler_ = std::move(handler); }
    Status Send(const std::string& node, const Assignment& assignment) override;
    Status AskInventory(const std::string& node) override;
    StreamHandle OpenLogs(const std::string& node, const LogRequest& request,
                          LogSink sink) override;
    std::shared_ptr<PodStream> OpenPodStream(const std::string& node,
                                             const PodStreamRequest& request,
                                             PodStreamSink sink) override;

    void Connected(Connection connection);
    void Disconnected();
    void Receive(const Report& report);
    void ReceiveInventory(const Inventory& inventory);
    void ReceiveOutput(StreamId id, PodOutput output, const std::string& bytes);
    void InputTaken(StreamId id, size_t bytes);
    void EndStream(StreamId id, const PodStreamEnd& end);
    Connection connection() const { return connection_; }
    EventLoop* loop() const { return loop_; }

   private:
    struct Stream {
      PodStreamSink sink;
      Connection opened_on = 0;
      bool is_log = false;
      bool input_closed = false;
      size_t untaken_input_bytes = 0;  // written, and not passed on yet
    };
    class ReadStream;
    Status CheckConnected(const std::string& node) const;
    // `open` is run on the agent's loop.
    std::shared_ptr<PodStream> OpenStream(const std::string& node, Stream stream,
                                          const Status& checked,
                                          std::function<void(AgentHalf*, StreamId)> open);
    void WriteToStream(StreamId id, std::string_view bytes);
    void CancelStream(StreamId id);
    // What the agent's half is told of a stream that is open.
    template <typename Task>
    void TellAgent(StreamId id, Task task) {
      const auto found = streams_.find(id);
      if (found == streams_.end()) return;
      state_->PostTo(&state_->agent, found->second.opened_on, std::move(task));
    }

    EventLoop* const loop_;
    State* const state_;
    Handler handler_;
    Connection connection_ = 0;  // 0: not connected
    StreamId next_stream_ = 1;
    std::map<StreamId, Stream> streams_;
  };

  class AgentHalf final : public ControllerLink {
   public:
    AgentHalf(State* state, EventLoop* loop) : loop_(loop), state_(state) {}
    void SetHandler(Handler handler) override;
    Status Send(const Report& report) override;
    Status SendInventory(const Inventory& inventory) override;

    void Connected(Connection connection);
    void Disconnected();
    void Receive(const Assignment& assignment);
    void InventoryAsked();
    void OpenLogs(StreamId id, const LogRequest& request);
    void OpenPodStream(StreamId id, const PodStreamRequest& request);
    void CancelStream(StreamId id);
    void OutputTaken(StreamId id, size_t bytes);
    // The writer of a stream that goes on; nullptr when there is none.
    std::shared_ptr<PodStream> FindWriter(StreamId id) const;
    Connection connection() const { return connection_; }
    EventLoop* loop() const { return loop_; }

   private:
    struct Stream {
      std::shared_ptr<PodStream> writer;  // of its output; nullptr while it is being opened
      bool is_log = false;
      size_t untaken_bytes = 0;  // sent, and not taken by the reader yet
      bool cut = false;          // its reader was told the end; cancelling it is under way
    };
    void OpenStream(StreamId id, bool is_log,
                    const std::function<std::shared_ptr<PodStream>(PodStreamSink)>& open);
    void SendOutput(StreamId id, PodOutput output, std::string_view bytes);
    void SendTaken(StreamId id, size_t bytes);
    void SendEnd(StreamId id, const PodStreamEnd& end);
    void CutStream(StreamId id, Stream* stream);

    EventLoop* const loop_;
    State* const state_;
    Handler handler_;
    Connection connection_ = 0;
    std::map<StreamId, Stream> streams_;
  };

  // Runs `task` on the other half's loop, if that half then still has this connection.
  template <typename Half, typename Task>
  void PostTo(Half* half, Connection sent_on, Task task) {
    half->loop()->Post([weak = weak_from_this(), half, sent_on, task = std::move(task)] {
      const std::shared_ptr<State> alive = weak.lock();
      if (alive != nullptr && half->connection() == sent_on) task(half);
    });
  }

  const std::string node;
  ControllerHalf controller;
  AgentHalf agent;
  Connection newest = 0;  // Connect's and Disconnect's own
  bool up = false;
};

}  // namespace reconcile
