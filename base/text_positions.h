#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace reconcile {

// Turns byte offsets of a text into lines and columns, in any order, at a bounded cost for each.
// Lines end with '\n'; columns count UTF-8 characters. Borrows the text.
class TextPositions {
 public:
  explicit TextPositions(std::string_view text);
  // Offsets beyond the end are taken as the end.
  Mark At(size_t offset) const;

 private:
  std::string_view text_;
  std::vector<Mark> checkpoints_;  // the position of every kStride-th byte
};

// "line:column: message", as errors about a text begin.
std::string AtPosition(Mark mark, std::string_view message);

}  // namespace reconcile
