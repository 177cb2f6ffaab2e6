#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/value.h"

namespace reconcile {

// PURE. Writes what `describe` says: names with aligned values, nested by indentation. All text is
// escaped for a terminal.
class DescribeWriter {
 public:
  explicit DescribeWriter(WallTime now) : now_(now) {}

  void Field(std::string_view name, std::string_view value);  // "<none>" for ""
  // Left out when the value is "".
  void OptionalField(std::string_view name, std::string_view value);
  // One line for each; "<none>" for none.
  void Lines(std::string_view name, const std::vector<std::string>& lines);
  void Map(std::string_view name, const Value* map);  // k=v
  // What comes next is nested below a name, until End.
  void Begin(std::string_view name);
  void End() { --depth_; }
  // Columns under a header, below a name; `<none>` for no rows.
  using Row = std::vector<std::string>;
  void Table(std::string_view name, const Row& header, const std::vector<Row>& rows);

  // "5m", or "<unknown>" of a stamp that cannot be read.
  std::string AgeOf(const std::string& stamp) const;
  std::string Finish();

 private:
  struct Line {
    int depth = 0;
    std::string name;   // with a colon
    std::string value;  // "" is a line of its name alone
    bool is_text = false;
    int block = 0;  // values of one block stand below one another
  };

  WallTime now_;
  int depth_ = 0;
  int block_ = 0;
  std::vector<Line> lines_;
};

}  // namespace reconcile
