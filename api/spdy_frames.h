#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// SPDY/3.1 (draft-mbelshe-httpbis-spdy-00 with 3.1's windows), as far as `kubectl port-forward`
// speaks it inside of a WebSocket. One side's state each; any one thread.

inline constexpr size_t kMaxSpdyFrameBytes = 1 << 20;    // of one that is read
inline constexpr size_t kMaxSpdyHeaderBytes = 16 << 10;  // of a block of headers, inflated

enum class SpdyReset : uint32_t { kProtocolError = 1, kInvalidStream = 2, kRefusedStream = 3 };

struct SpdyFrame {
  enum class Kind : uint8_t { kData, kSynStream, kReset, kPing, kGoAway };
  Kind kind = Kind::kData;
  uint32_t stream = 0;                         // kPing: its number
  bool fin = false;                            // nothing follows on this stream
  std::map<std::string, std::string> headers;  // kSynStream
  std::string_view data;                       // kData
};

// Takes frames apart, however the bytes arrive. Frames that say nothing to a server of streams
// (SETTINGS, WINDOW_UPDATE, HEADERS, SYN_REPLY and unknown ones) are read over.
class SpdyReader {
 public:
  SpdyReader();
  ~SpdyReader();
  // Invalid when the bytes are no frames of SPDY/3, or more than the limits: nothing can be read
  // after that.
  Status Feed(std::string_view bytes, const std::function<void(const SpdyFrame&)>& on_frame);

 private:
  struct Inflater;
  // `first`: the frame's first four bytes. `tells`: whether it is one to be handed on.
  Status ReadControl(uint32_t first, std::string_view payload, SpdyFrame* frame, bool* tells);
  Status ReadHeaders(std::string_view block, std::map<std::string, std::string>* headers);

  const std::unique_ptr<Inflater> inflater_;
  std::string rest_;  // the beginning of a frame
};

// Writes frames. Those with headers are to be sent in the order of their making.
class SpdyWriter {
 public:
  SpdyWriter();
  ~SpdyWriter();
  std::string SynStream(uint32_t stream, const std::map<std::string, std::string>& headers);
  std::string SynReply(uint32_t stream);  // without headers
  static std::string Data(uint32_t stream, std::string_view bytes, bool fin);
  static std::string Reset(uint32_t stream, SpdyReset why);
  static std::string Ping(uint32_t number);
  static std::string GoAway(uint32_t last_stream, bool is_error);
  // So many bytes of the stream may be sent on top of those that could be before.
  static std::string WindowUpdate(uint32_t stream, uint32_t bytes);

 private:
  struct Deflater;
  std::string Deflate(const std::map<std::string, std::string>& headers);
  const std::unique_ptr<Deflater> deflater_;
};

// What both sides begin to compress headers with; fixed by the protocol.
const std::string& SpdyDictionary();

}  // namespace reconcile
