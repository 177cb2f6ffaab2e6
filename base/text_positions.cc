#include "base/text_positions.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr size_t kStride = 64;

// Moves `mark` over one byte. Bytes that continue a UTF-8 character take no column.
void Step(char c, Mark* mark) {
  if (c == '\n') {
    ++mark->line;
    mark->column = 1;
  } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
    ++mark->column;
  }
}

}  // namespace

TextPositions::TextPositions(std::string_view text) : text_(text) {
  checkpoints_.reserve(text.size() / kStride + 1);
  Mark mark{1, 1};
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % kStride == 0) checkpoints_.push_back(mark);
    Step(text[i], &mark);
  }
  if (text.size() % kStride == 0) checkpoints_.push_back(mark);
}

Mark TextPositions::At(size_t offset) const {
  offset = std::min(offset, text_.size());
  const size_t checkpoint = offset / kStride;
  Mark mark = checkpoints_[checkpoint];
  for (size_t i = checkpoint * kStride; i < offset; ++i) Step(text_[i], &mark);
  return mark;
}

std::string AtPosition(Mark mark, std::string_view message) {
  std::string text = std::to_string(mark.line) + ":" + std::to_string(mark.column) + ": ";
  text += message;
  return text;
}

}  // namespace reconcile
