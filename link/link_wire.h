#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "link/agent_link.h"

namespace reconcile {

// What travels over the link's WebSockets (docs/architecture.md, "The link"). A message is one JSON
// map with a "type"; who does not know a type passes over it, who does not know a member too: one
// release apart works.

// The protocols that this release speaks. The newest one that both sides speak is used.
inline constexpr int64_t kMinLinkProtocol = 1;
inline constexpr int64_t kMaxLinkProtocol = 1;

inline constexpr size_t kMaxLinkFrameBytes = kMaxMessageBytes + 4096;  // a message in its envelope
inline constexpr size_t kMaxStreamIdBytes = 64;
inline constexpr size_t kMaxStreamTextBytes =
    4096;  // of a stream's messages that are no bytes of it

namespace link_type {
// Control, agent to controller.
inline constexpr std::string_view kHello = "hello";
inline constexpr std::string_view kReport = "report";
inline constexpr std::string_view kReportDelta = "reportDelta";
inline constexpr std::string_view kInventory = "inventory";
// Control, controller to agent.
inline constexpr std::string_view kWelcome = "welcome";
inline constexpr std::string_view kRefused = "refused";
inline constexpr std::string_view kAssignment = "assignment";
inline constexpr std::string_view kAssignmentDelta = "assignmentDelta";
inline constexpr std::string_view kAskInventory = "askInventory";
inline constexpr std::string_view kOpenLogs = "openLogs";
inline constexpr std::string_view kOpenPodStream = "openPodStream";
inline constexpr std::string_view kRenew = "renew";  // its certificate, now
// Control, both ways: the sender of deltas is to say everything once more.
inline constexpr std::string_view kResync = "resync";
// Streams. Bytes of the stream are binary frames: a log's as they are, others behind a
// StreamChannel.
inline constexpr std::string_view kTaken = "taken";  // by who reads the bytes
inline constexpr std::string_view kEnd = "end";      // by the agent, last
inline constexpr std::string_view kCloseInput = "closeInput";
inline constexpr std::string_view kResize = "resize";    // the next one after "resized"
inline constexpr std::string_view kResized = "resized";  // the answer to it, by the agent
}  // namespace link_type

struct LinkMessage {
  std::string type;
  Value body;  // all of it
};
// Invalid when it is no JSON map with a type.
Result<LinkMessage> ReadLinkMessage(std::string_view text);
// Invalid beyond kMaxMessageBytes; `what` names it.
Result<std::string> WriteLinkMessage(std::string_view type, Value body, const std::string& what);
// Of a type that needs no more.
std::string WriteBareMessage(std::string_view type);

// The first message of an agent.
struct Hello {
  std::string node;
  std::string version;  // of the program, for people
  int64_t min_protocol = 0;
  int64_t max_protocol = 0;
};
Hello MakeHello(const std::string& node);
std::string WriteHello(const Hello& hello);
Result<Hello> DecodeHello(const Value& body);
// Invalid when the two have no protocol in common: says which side is older.
Result<int64_t> ChooseProtocol(const Hello& hello, int64_t min_ours, int64_t max_ours);

// The controller's answer to it.
struct Welcome {
  std::string version;
  int64_t protocol = 0;
};
std::string WriteWelcome(const Welcome& welcome);
Result<Welcome> DecodeWelcome(const Value& body);
std::string WriteRefused(const std::string& why);
std::string DecodeRefused(const Value& body);

struct OpenLogsMessage {
  std::string stream;  // its id: the path to dial is /stream/ID
  LogRequest request;
};
std::string WriteOpenLogs(const OpenLogsMessage& message);
Result<OpenLogsMessage> DecodeOpenLogs(const Value& body);

struct OpenPodStreamMessage {
  std::string stream;
  PodStreamRequest request;
};
std::string WriteOpenPodStream(const OpenPodStreamMessage& message);
Result<OpenPodStreamMessage> DecodeOpenPodStream(const Value& body);

std::string WriteTaken(size_t bytes);
Result<size_t> DecodeTaken(const Value& body);
std::string WriteEnd(const PodStreamEnd& end);
// The end that the agent gave; Internal when it cannot be read.
PodStreamEnd DecodeEnd(const Value& body);

struct TerminalSize {
  uint16_t columns = 0;
  uint16_t rows = 0;
  friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};
std::string WriteResize(const TerminalSize& size);
Result<TerminalSize> DecodeResize(const Value& body);

// The first byte of a binary frame of a pod's stream.
enum class StreamChannel : uint8_t { kIn = 0, kOut = 1, kErr = 2 };
inline constexpr size_t kStreamChannelBytes = 1;
struct StreamFrame {
  StreamChannel channel = StreamChannel::kIn;
  std::string_view bytes;  // borrows from the frame
};
std::string WriteStreamFrame(StreamChannel channel, std::string_view bytes);
// Invalid when it is empty, or of a channel that is unknown here.
Result<StreamFrame> ReadStreamFrame(std::string_view frame);

}  // namespace reconcile
