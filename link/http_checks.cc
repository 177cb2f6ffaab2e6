#include "link/http_checks.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr size_t kMaxLengthDigits = 18;  // what fits an int64

bool IsLength(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLengthDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void HttpFraming::Add(std::string_view name, std::string_view value) {
  if (name == "content-length") {
    ++lengths_;
    bad_length_ = bad_length_ || !IsLength(value);
  } else if (name == "transfer-encoding") {
    ++encodings_;
    unknown_encoding_ = unknown_encoding_ || LowerCase(value) != "chunked";
  } else if (name == "content-encoding") {
    compressed_ = compressed_ || LowerCase(value) != "identity";
  } else if (name == "range") {
    many_ranges_ = many_ranges_ || value.find(',') != std::string_view::npos;
  }
}

HttpProblem HttpFraming::Check(unsigned version) const {
  if (lengths_ > 1) return {400, "Content-Length is given more than once"};
  if (bad_length_) return {400, "Content-Length is not a number of bytes"};
  if (lengths_ > 0 && encodings_ > 0) {
    return {400, "Content-Length and Transfer-Encoding contradict each other"};
  }
  if (encodings_ > 1 || unknown_encoding_) return {400, "a Transfer-Encoding other than chunked"};
  if (encodings_ > 0 && version < 11) return {400, "Transfer-Encoding needs HTTP/1.1"};
  if (compressed_) return {413, "compressed bodies are not taken: nothing is inflated here"};
  if (many_ranges_) return {431, "more than one range is asked for"};
  return {};
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace reconcile
