#include "api/spdy_frames.h"

#include <zlib.h>

#include "base/check.h"

namespace reconcile {
namespace {

constexpr size_t kHeadBytes = 8;
constexpr uint16_t kSpdyVersion = 3;
constexpr uint32_t kControlBit = 0x80000000U;
constexpr uint32_t kStreamMask = 0x7fffffffU;
constexpr uint8_t kFin = 1;
constexpr size_t kMaxHeaders = 64;

enum ControlType : uint16_t {
  kSynStream = 1,
  kSynReply = 2,
  kRstStream = 3,
  kPing = 6,
  kGoAway = 7,
  kHeaders = 8,
  kWindowUpdate = 9,
};

// What the compressor's dictionary is made of: names and values, each after its length, then text
// without any (the draft's section 2.6.10.1).
constexpr std::string_view kWords =
    "options,head,post,put,delete,trace,accept,accept-charset,accept-encoding,"
    "accept-language,accept-ranges,age,allow,authorization,cache-control,connection,"
    "content-base,content-encoding,content-language,content-length,content-location,"
    "content-md5,content-range,content-type,date,etag,expect,expires,from,host,if-match,"
    "if-modified-since,if-none-match,if-range,if-unmodified-since,last-modified,location,"
    "max-forwards,pragma,proxy-authenticate,proxy-authorization,range,referer,"
    "retry-after,server,te,trailer,transfer-encoding,upgrade,user-agent,vary,via,warning,"
    "www-authenticate,method,get,status,200 OK,version,HTTP/1.1,url,public,set-cookie,"
    "keep-alive,origin,";
constexpr std::string_view kText =
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
    "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age="
    "gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

uint32_t NumberAt(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

void AppendNumber(uint32_t number, std::string* bytes) {
  for (const int shift : {24, 16, 8, 0}) *bytes += static_cast<char>(number >> shift & 255);
}

std::string Frame(uint32_t first, uint8_t flags, std::string_view payload) {
  std::string frame;
  frame.reserve(kHeadBytes + payload.size());
  AppendNumber(first, &frame);
  AppendNumber(static_cast<uint32_t>(flags) << 24 | static_cast<uint32_t>(payload.size()), &frame);
  return frame.append(payload);
}

std::string ControlFrame(ControlType type, std::string_view payload) {
  return Frame(kControlBit | static_cast<uint32_t>(kSpdyVersion) << 16 | type, 0, payload);
}

std::string Numbers(std::initializer_list<uint32_t> numbers) {
  std::string bytes;
  for (const uint32_t number : numbers) AppendNumber(number, &bytes);
  return bytes;
}

// Takes a length and as many bytes off the front; false when there are not so many.
bool TakeText(std::string_view* bytes, std::string* text) {
  if (bytes->size() < 4) return false;
  const size_t size = NumberAt(*bytes, 0);
  if (bytes->size() - 4 < size) return false;
  text->assign(bytes->substr(4, size));
  bytes->remove_prefix(4 + size);
  return true;
}

// zlib writes through this type, and only reads what it points to.
Bytef* BytesOf(std::string_view text) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
}

Status NoSpdy(const std::string& why) { return InvalidError("not SPDY/3: " + why); }

}  // namespace

const std::string& SpdyDictionary() {
  static const std::string dictionary = [] {
    std::string bytes;
    for (size_t at = 0; at < kWords.size();) {
      const size_t end = kWords.find(',', at);
      AppendNumber(static_cast<uint32_t>(end - at), &bytes);
      bytes += kWords.substr(at, end - at);
      at = end + 1;
    }
    return bytes.append(kText);
  }();
  return dictionary;
}

struct SpdyReader::Inflater {
  Inflater() { CHECK(inflateInit(&stream) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> Inflate(std::string_view block) {
    std::string plain(kMaxSpdyHeaderBytes + 1, '\0');
    stream.next_in = BytesOf(block);
    stream.avail_in = static_cast<uInt>(block.size());
    stream.next_out = BytesOf(plain);
    stream.avail_out = static_cast<uInt>(plain.size());
    int code = inflate(&stream, Z_SYNC_FLUSH);
    if (code == Z_NEED_DICT) {
      const std::string& dictionary = SpdyDictionary();
      code =
          inflateSetDictionary(&stream, BytesOf(dictionary), static_cast<uInt>(dictionary.size()));
      if (code == Z_OK) code = inflate(&stream, Z_SYNC_FLUSH);
    }
    if (stream.avail_out == 0) {
      return NoSpdy("more than " + std::to_string(kMaxSpdyHeaderBytes) + " bytes of headers");
    }
    if ((code != Z_OK && code != Z_BUF_ERROR) || stream.avail_in != 0) {
      return NoSpdy("headers that cannot be inflated");
    }
    plain.resize(plain.size() - stream.avail_out);
    return plain;
  }
  z_stream stream = {};
};

SpdyReader::SpdyReader() : inflater_(std::make_unique<Inflater>()) {}
SpdyReader::~SpdyReader() = default;

Status SpdyReader::Feed(std::string_view bytes,
                        const std::function<void(const SpdyFrame&)>& on_frame) {
  rest_ += bytes;
  std::string_view left = rest_;
  while (left.size() >= kHeadBytes) {
    const uint32_t first = NumberAt(left, 0);
    const uint32_t second = NumberAt(left, 4);
    const size_t size = second & 0xffffff;
    if (size > kMaxSpdyFrameBytes) return NoSpdy("a frame of " + std::to_string(size) + " bytes");
    if (left.size() - kHeadBytes < size) break;
    SpdyFrame frame;
    frame.fin = (second >> 24 & kFin) != 0;
    const std::string_view payload = left.substr(kHeadBytes, size);
    bool tells = true;
    if ((first & kControlBit) != 0) {
      RETURN_IF_ERROR(ReadControl(first, payload, &frame, &tells));
    } else {
      frame.stream = first;
      frame.data = payload;
    }
    if (tells) on_frame(frame);
    left.remove_prefix(kHeadBytes + size);
  }
  rest_.erase(0, rest_.size() - left.size());
  return OkStatus();
}

Status SpdyReader::ReadControl(uint32_t first, std::string_view payload, SpdyFrame* frame,
                               bool* tells) {
  const uint32_t version = first >> 16 & 0x7fff;
  const uint32_t type = first & 0xffff;
  if (version != kSpdyVersion) return NoSpdy("version " + std::to_string(version));
  // The bytes before the headers, or all there are.
  const size_t fixed = type == kSynStream ? 10 : type == kRstStream || type == kGoAway ? 8 : 4;
  const bool known = type == kSynStream || type == kSynReply || type == kRstStream ||
                     type == kPing || type == kGoAway || type == kHeaders;
  *tells = known && type != kSynReply && type != kHeaders;
  if (!known) return OkStatus();
  if (payload.size() < fixed) return NoSpdy("a frame that is too short");
  frame->stream = NumberAt(payload, 0);
  if (type != kPing) frame->stream &= kStreamMask;
  if (type == kRstStream) frame->kind = SpdyFrame::Kind::kReset;
  if (type == kPing) frame->kind = SpdyFrame::Kind::kPing;
  if (type == kGoAway) frame->kind = SpdyFrame::Kind::kGoAway;
  if (type == kSynStream) frame->kind = SpdyFrame::Kind::kSynStream;
  // All headers of one side are one stream of the compressor: none may be left out.
  if (type == kSynStream || type == kSynReply || type == kHeaders) {
    return ReadHeaders(payload.substr(fixed), &frame->headers);
  }
  return OkStatus();
}

Status SpdyReader::ReadHeaders(std::string_view block,
                               std::map<std::string, std::string>* headers) {
  const Result<std::string> plain = inflater_->Inflate(block);
  if (!plain.ok()) return plain.status();
  std::string_view bytes = *plain;
  if (bytes.size() < 4) return NoSpdy("headers that are too short");
  const uint32_t count = NumberAt(bytes, 0);
  bytes.remove_prefix(4);
  if (count > kMaxHeaders) return NoSpdy("more than " + std::to_string(kMaxHeaders) + " headers");
  for (uint32_t i = 0; i < count; ++i) {
    std::string name;
    std::string value;
    if (!TakeText(&bytes, &name) || !TakeText(&bytes, &value)) {
      return NoSpdy("headers that end amid one");
    }
    if (!headers->emplace(std::move(name), std::move(value)).second) {
      return NoSpdy("a header that is given twice");
    }
  }
  return bytes.empty() ? OkStatus() : NoSpdy("more than its headers in a block");
}

struct SpdyWriter::Deflater {
  Deflater() {
    CHECK(deflateInit(&stream, Z_BEST_COMPRESSION) == Z_OK);
    const std::string& dictionary = SpdyDictionary();
    CHECK(deflateSetDictionary(&stream, BytesOf(dictionary),
                               static_cast<uInt>(dictionary.size())) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  z_stream stream = {};
};

SpdyWriter::SpdyWriter() : deflater_(std::make_unique<Deflater>()) {}
SpdyWriter::~SpdyWriter() = default;

std::string SpdyWriter::Deflate(const std::map<std::string, std::string>& headers) {
  std::string plain;
  AppendNumber(static_cast<uint32_t>(headers.size()), &plain);
  for (const auto& [name, value] : headers) {
    AppendNumber(static_cast<uint32_t>(name.size()), &plain);
    plain += name;
    AppendNumber(static_cast<uint32_t>(value.size()), &plain);
    plain += value;
  }
  z_stream& stream = deflater_->stream;
  std::string block(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = BytesOf(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = BytesOf(block);
  stream.avail_out = static_cast<uInt>(block.size());
  CHECK(deflate(&stream, Z_SYNC_FLUSH) == Z_OK && stream.avail_in == 0 && stream.avail_out > 0);
  block.resize(block.size() - stream.avail_out);
  return block;
}

std::string SpdyWriter::SynStream(uint32_t stream,
                                  const std::map<std::string, std::string>& headers) {
  const std::string head = Numbers({stream, 0}) + std::string(2, '\0');  // no parent, no priority
  return ControlFrame(kSynStream, head + Deflate(headers));
}

std::string SpdyWriter::SynReply(uint32_t stream) {
  return ControlFrame(kSynReply, Numbers({stream}) + Deflate({}));
}

std::string SpdyWriter::Data(uint32_t stream, std::string_view bytes, bool fin) {
  return Frame(stream, fin ? kFin : 0, bytes);
}

std::string SpdyWriter::Reset(uint32_t stream, SpdyReset why) {
  return ControlFrame(kRstStream, Numbers({stream, static_cast<uint32_t>(why)}));
}

std::string SpdyWriter::Ping(uint32_t number) { return ControlFrame(kPing, Numbers({number})); }

std::string SpdyWriter::GoAway(uint32_t last_stream, bool is_error) {
  return ControlFrame(kGoAway, Numbers({last_stream, is_error ? 1U : 0U}));
}

std::string SpdyWriter::WindowUpdate(uint32_t stream, uint32_t bytes) {
  return ControlFrame(kWindowUpdate, Numbers({stream, bytes}));
}

}  // namespace reconcile
