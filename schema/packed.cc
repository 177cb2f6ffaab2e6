#include "schema/packed.h"

namespace reconcile {
namespace {

constexpr unsigned kBitsPerByte = 7;
constexpr uint64_t kMore = 1U << kBitsPerByte;

}  // namespace

void PackWriter::Number(uint64_t value) {
  while (value >= kMore) {
    bytes_.push_back(static_cast<char>(value % kMore | kMore));
    value >>= kBitsPerByte;
  }
  bytes_.push_back(static_cast<char>(value));
}

void PackWriter::Signed(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  Number(value < 0 ? ~(bits << 1) : bits << 1);
}

void PackWriter::Text(std::string_view text) {
  Number(text.size());
  bytes_.append(text);
}

uint64_t PackReader::Number() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += kBitsPerByte) {
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    value |= (byte % kMore) << shift;
    if (byte < kMore) return value;
  }
  Fail();
  return 0;
}

int64_t PackReader::Signed() {
  const uint64_t bits = Number();
  return static_cast<int64_t>(bits % 2 == 1 ? ~(bits >> 1) : bits >> 1);
}

std::string_view PackReader::Text() {
  const size_t size = Count();
  const std::string_view text = left_.substr(0, size);
  left_.remove_prefix(size);
  return text;
}

size_t PackReader::Count() {
  const uint64_t count = Number();
  if (count > left_.size()) {
    Fail();
    return 0;
  }
  return static_cast<size_t>(count);
}

void PackReader::Fail() {
  ok_ = false;
  left_ = {};
}

}  // namespace reconcile
