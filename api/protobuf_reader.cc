#include "api/protobuf_reader.h"

namespace reconcile {
namespace {

constexpr int kMaxVarintBytes = 10;
constexpr uint64_t kVarintType = 0;
constexpr uint64_t kFixed64Type = 1;
constexpr uint64_t kBytesType = 2;
constexpr uint64_t kFixed32Type = 5;
constexpr uint64_t kUnknownRaw = 2;

}  // namespace

bool ProtobufReader::Fail() {
  ok_ = false;
  rest_ = {};
  return false;
}

std::optional<uint64_t> ProtobufReader::Varint() {
  uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes && !rest_.empty(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

bool ProtobufReader::Skip(size_t size) {
  if (size > rest_.size()) return Fail();
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool ProtobufReader::Next() {
  while (NextOfEither()) {
    if (!number_) return true;
  }
  return false;
}

bool ProtobufReader::NextOfEither() {
  while (!rest_.empty()) {
    number_.reset();
    const std::optional<uint64_t> tag = Varint();
    if (!tag || *tag >> 3 == 0) return Fail();
    field_ = *tag >> 3;
    const uint64_t type = *tag & 7;
    if (type == kBytesType) {
      const std::optional<uint64_t> size = Varint();
      return size && *size <= rest_.size() ? Skip(static_cast<size_t>(*size)) : Fail();
    }
    bool passed = false;
    if (type == kVarintType) {
      number_ = Varint();
      return number_ || Fail();
    }
    if (type == kFixed64Type) passed = Skip(8);
    if (type == kFixed32Type) passed = Skip(4);
    if (!passed) return Fail();
  }
  return false;
}

std::optional<std::string_view> ProtobufField(std::string_view message, uint64_t number) {
  ProtobufReader reader(message);
  std::string_view found;
  while (reader.Next()) {
    if (reader.field() == number) found = reader.bytes();
  }
  if (!reader.ok()) return std::nullopt;
  return found;
}

std::optional<std::string_view> ProtobufObject(std::string_view body) {
  if (!body.starts_with(kProtobufMagic)) return std::nullopt;
  return ProtobufField(body.substr(kProtobufMagic.size()), kUnknownRaw);
}

}  // namespace reconcile
