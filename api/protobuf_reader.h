#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reconcile {

// PURE: reads one message of protobuf's wire format, field by field, without a schema and without
// copying (protobuf.dev/programming-guides/encoding). It never recurses: what is in a field is for
// a reader of its own.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) : rest_(bytes) {}

  // The next field that holds bytes; others are passed over. False at the end, and at what is
  // damaged: then ok() is false too.
  bool Next();
  // The next field of bytes, for which number() is nothing, or that is a varint.
  bool NextOfEither();
  uint64_t field() const { return field_; }
  std::string_view bytes() const { return bytes_; }
  std::optional<uint64_t> number() const { return number_; }
  bool ok() const { return ok_; }

 private:
  std::optional<uint64_t> Varint();
  bool Skip(size_t size);
  bool Fail();

  std::string_view rest_;
  uint64_t field_ = 0;
  std::string_view bytes_;
  std::optional<uint64_t> number_;
  bool ok_ = true;
};

// Field `number` of a message, "" when it is not there; the last one counts. Nothing when the
// message is damaged.
std::optional<std::string_view> ProtobufField(std::string_view message, uint64_t number);

// Before every object in Kubernetes' protobuf, which is then a runtime.Unknown
// (k8s.io/apimachinery, pkg/runtime/generated.proto).
inline constexpr std::string_view kProtobufMagic("k8s\0", 4);
// The object itself of such a body, without its type. Nothing when it is damaged.
std::optional<std::string_view> ProtobufObject(std::string_view body);

}  // namespace reconcile
