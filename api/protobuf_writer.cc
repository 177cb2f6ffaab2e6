#include "api/protobuf_writer.h"

namespace reconcile {
namespace {

constexpr uint64_t kWireVarint = 0;
constexpr uint64_t kWireBytes = 2;

}  // namespace

void ProtobufWriter::AddVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
  bytes_ += static_cast<char>(value);
}

ProtobufWriter& ProtobufWriter::Add(uint64_t field, std::string_view bytes) {
  AddVarint(field << 3 | kWireBytes);
  AddVarint(bytes.size());
  bytes_ += bytes;
  return *this;
}

ProtobufWriter& ProtobufWriter::AddBool(uint64_t field, bool value) {
  AddVarint(field << 3 | kWireVarint);
  AddVarint(value ? 1 : 0);
  return *this;
}

}  // namespace reconcile
