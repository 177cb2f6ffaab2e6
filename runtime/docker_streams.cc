#include "runtime/docker_streams.h"

#include <algorithm>

#include "runtime/docker_replies.h"

namespace reconcile {
namespace {

constexpr size_t kFrameHeaderBytes = 8;
constexpr int kNanosecondDigits = 9;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Length of the payload behind the header that `bytes` begins with; none when it is no header.
std::optional<size_t> FrameLength(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
  if (byte(0) > 3 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) return std::nullopt;
  return byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
}

constexpr std::string_view kHeadEnd = "\r\n\r\n";

struct UpgradeHead {
  int code = 0;
  size_t body_bytes = 0;  // 0 when it does not say
};

bool NameIs(std::string_view line, std::string_view lower) {
  if (line.size() <= lower.size() || line[lower.size()] != ':') return false;
  return std::equal(lower.begin(), lower.end(), line.begin(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
  });
}

// A number of at most nine digits at the beginning of `text`, behind blanks.
std::optional<size_t> LeadingNumber(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  size_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && IsDigit(text[digits]); ++digits) {
    if (digits == 9) return std::nullopt;
    number = number * 10 + static_cast<size_t>(text[digits] - '0');
  }
  return digits == 0 ? std::nullopt : std::optional<size_t>(number);
}

// "HTTP/1.1 101 UPGRADED" and the fields behind it.
Result<UpgradeHead> ParseUpgradeHead(std::string_view text) {
  constexpr std::string_view kVersion1 = "HTTP/1.";
  constexpr size_t kCodeAt = 9;
  const std::optional<size_t> code = text.starts_with(kVersion1) && text.size() > kCodeAt
                                         ? LeadingNumber(text.substr(kCodeAt))
                                         : std::nullopt;
  if (!code || *code < 100 || *code > 999) {
    return InternalError("the engine's answer to a stream's request is no HTTP");
  }
  UpgradeHead head;
  head.code = static_cast<int>(*code);
  constexpr std::string_view kLength = "content-length";
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at)) {
    ++at;
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    if (!NameIs(line, kLength)) continue;
    head.body_bytes = LeadingNumber(line.substr(kLength.size() + 1)).value_or(0);
  }
  return head;
}

}  // namespace

Status LineSplitter::Feed(std::string_view bytes, const OnLine& on_line) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (rest_.size() + piece.size() > kMaxStreamLineBytes) {
      return InvalidError("a line of the engine's stream is longer than " +
                          std::to_string(kMaxStreamLineBytes) + " bytes");
    }
    rest_ += piece;
    if (end == std::string_view::npos) return OkStatus();
    bytes.remove_prefix(end + 1);
    Finish(on_line);
  }
  return OkStatus();
}

void LineSplitter::Finish(const OnLine& on_line) {
  std::string line;
  line.swap(rest_);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (!line.empty()) on_line(line);
}

void ProgressReader::Take(std::string_view line) {
  if (failure_.ok()) failure_ = ParseProgressLine(line);
}

void ProgressReader::Feed(std::string_view bytes) {
  const Status status = lines_.Feed(bytes, [this](std::string_view line) { Take(line); });
  if (failure_.ok()) failure_ = status;
}

Status ProgressReader::Finish() {
  lines_.Finish([this](std::string_view line) { Take(line); });
  return failure_;
}

Status FrameReader::Feed(std::string_view bytes, const OnFrame& on_frame) {
  rest_ += bytes;
  size_t position = 0;
  Status status;
  while (rest_.size() - position >= kFrameHeaderBytes) {
    const std::string_view left = std::string_view(rest_).substr(position);
    const std::optional<size_t> length = FrameLength(left);
    if (!length.has_value() || *length > kMaxLogFrameBytes) {
      status = InternalError("the engine's log stream is damaged: bad frame header");
      break;
    }
    if (left.size() - kFrameHeaderBytes < *length) break;
    position += kFrameHeaderBytes + *length;
    if (left[0] == 3) {
      std::string_view words = left.substr(kFrameHeaderBytes, *length);
      while (words.ends_with('\n')) words.remove_suffix(1);
      status = InternalError("the engine cannot read the log: " + std::string(words));
      break;
    }
    // 0 is standard input, which no log holds.
    const LogStream stream = left[0] == 1 ? LogStream::kOut : LogStream::kError;
    on_frame(stream, left.substr(kFrameHeaderBytes, *length));
  }
  rest_.erase(0, position);
  return status;
}

Status FrameReader::Finish() const {
  if (rest_.empty()) return OkStatus();
  return InternalError("the engine's log stream ended inside a frame");
}

UpgradeReader::State UpgradeReader::Refuse(Status why) {
  refusal_ = std::move(why);
  return State::kRefused;
}

UpgradeReader::State UpgradeReader::Feed(std::string_view bytes, std::string* rest) {
  if (head_ended_) return FeedBody(bytes);
  head_ += bytes;
  const size_t end = head_.find(kHeadEnd);
  if (std::min(end, head_.size()) > kMaxUpgradeHeadBytes) {
    return Refuse(
        InternalError("the engine's answer to a stream's request has a head of more than " +
                      std::to_string(kMaxUpgradeHeadBytes) + " bytes"));
  }
  if (end == std::string::npos) return State::kMore;
  const Result<UpgradeHead> head = ParseUpgradeHead(std::string_view(head_).substr(0, end));
  if (!head.ok()) return Refuse(head.status());
  std::string behind = head_.substr(end + kHeadEnd.size());
  head_.clear();
  // 200: an engine behind a proxy that does not upgrade.
  if (head->code == 101 || head->code == 200) {
    *rest = std::move(behind);
    return State::kOpen;
  }
  head_ended_ = true;
  code_ = head->code;
  body_bytes_ = std::min(head->body_bytes, kMaxUpgradeBodyBytes);
  return FeedBody(behind);
}

UpgradeReader::State UpgradeReader::FeedBody(std::string_view bytes) {
  body_ += bytes;
  if (body_.size() < body_bytes_) return State::kMore;
  const Status status = StatusOfReply(code_, std::string_view(body_).substr(0, body_bytes_));
  return Refuse(status.ok() ? InternalError("the engine answered a stream's request with HTTP " +
                                            std::to_string(code_))
                            : status);
}

std::optional<StampedLine> SplitStamp(std::string_view line) {
  const size_t blank = line.find(' ');
  constexpr size_t kSecondsLength = 19;  // 2026-11-21T01:49:59
  constexpr size_t kMaxStampLength = 40;
  if (blank == std::string_view::npos || blank < kSecondsLength || blank > kMaxStampLength) {
    return std::nullopt;
  }
  const std::string_view text = line.substr(0, blank);
  std::string whole(text.substr(0, kSecondsLength));
  size_t position = kSecondsLength;
  StampedLine stamped;
  if (position < text.size() && text[position] == '.') {
    ++position;
    int digits = 0;
    for (; position < text.size() && IsDigit(text[position]); ++position, ++digits) {
      if (digits < kNanosecondDigits) {
        stamped.stamp.nanoseconds = stamped.stamp.nanoseconds * 10 + (text[position] - '0');
      }
    }
    for (; digits < kNanosecondDigits; ++digits) stamped.stamp.nanoseconds *= 10;
  }
  whole += text.substr(position);
  const Result<WallTime> seconds = ParseRfc3339(whole);
  if (!seconds.ok()) return std::nullopt;
  stamped.stamp.seconds = seconds->ms / 1000;
  stamped.text = line.substr(blank + 1);
  return stamped;
}

}  // namespace reconcile
