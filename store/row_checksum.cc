#include "store/row_checksum.h"

#include "base/ids.h"

namespace reconcile {

RowChecksum& RowChecksum::Add(std::string_view text) {
  bytes_ += 't';
  bytes_ += std::to_string(text.size());
  bytes_ += ':';
  bytes_ += text;
  return *this;
}

RowChecksum& RowChecksum::Add(int64_t number) {
  bytes_ += 'i';
  bytes_ += std::to_string(number);
  bytes_ += ';';
  return *this;
}

RowChecksum& RowChecksum::AddNull() {
  bytes_ += 'n';
  return *this;
}

int64_t RowChecksum::Finish() const {
  constexpr size_t kHexDigits = 16;
  const std::string hex = Sha256Hex(bytes_);
  return static_cast<int64_t>(std::stoull(hex.substr(0, kHexDigits), nullptr, 16));
}

}  // namespace reconcile
