#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reconcile {

// PURE: writes one message of protobuf's wire format, field after field, without a schema
// (protobuf.dev/programming-guides/encoding). A message inside of it is a field of its bytes.
class ProtobufWriter {
 public:
  // Text, bytes, a message. Empty ones are written too: that a message is there may mean something.
  ProtobufWriter& Add(uint64_t field, std::string_view bytes);
  ProtobufWriter& AddBool(uint64_t field, bool value);
  std::string Take() { return std::move(bytes_); }

 private:
  void AddVarint(uint64_t value);

  std::string bytes_;
};

}  // namespace reconcile
