#include "cmd/describe_writer.h"

#include <algorithm>
#include <map>

#include "base/escape.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

constexpr size_t kIndent = 2;
constexpr std::string_view kNone = "<none>";

}  // namespace

void DescribeWriter::Field(std::string_view name, std::string_view value) {
  lines_.push_back({depth_, std::string(name) + ":",
                    EscapeForTerminal(value.empty() ? kNone : value), false, block_});
}

void DescribeWriter::OptionalField(std::string_view name, std::string_view value) {
  if (!value.empty()) Field(name, value);
}

void DescribeWriter::Lines(std::string_view name, const std::vector<std::string>& lines) {
  if (lines.empty()) return Field(name, "");
  for (size_t i = 0; i < lines.size(); ++i) {
    lines_.push_back({depth_, i == 0 ? std::string(name) + ":" : " ", EscapeForTerminal(lines[i]),
                      false, block_});
  }
}

void DescribeWriter::Map(std::string_view name, const Value* map) {
  std::vector<std::string> lines;
  if (map != nullptr && map->IsMap()) {
    for (const Value::Member& member : map->AsMap()) {
      lines.push_back(member.key + "=" + TextOf(member.value));
    }
  }
  Lines(name, lines);
}

void DescribeWriter::Begin(std::string_view name) {
  lines_.push_back({depth_, EscapeForTerminal(name) + ":", "", false, block_});
  ++depth_;
  ++block_;
}

void DescribeWriter::Table(std::string_view name, const Row& header, const std::vector<Row>& rows) {
  if (rows.empty()) return Field(name, "");
  Begin(name);
  std::vector<Row> all = {header};
  for (const Row& row : rows) {
    all.emplace_back();
    for (const std::string& cell : row) all.back().push_back(EscapeForTerminal(cell));
  }
  std::vector<size_t> widths(header.size(), 0);
  for (const Row& row : all) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : all) {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    lines_.push_back({depth_, "", text, true, block_});
  }
  End();
  ++block_;
}

std::string DescribeWriter::AgeOf(const std::string& stamp) const {
  const Result<WallTime> time = ParseRfc3339(stamp);
  return time.ok() ? FormatAge(std::max<int64_t>(now_.ms - time->ms, 0)) : "<unknown>";
}

std::string DescribeWriter::Finish() {
  // Values of neighbours at one depth stand below one another.
  std::map<std::pair<int, int>, size_t> widths;
  for (const Line& line : lines_) {
    if (line.value.empty() || line.is_text) continue;
    size_t& width = widths[{line.block * (line.depth > 0), line.depth}];
    width = std::max(width, line.name.size());
  }
  std::string text;
  for (const Line& line : lines_) {
    text.append(static_cast<size_t>(line.depth) * kIndent, ' ');
    text += line.is_text ? line.value : line.name;
    if (!line.is_text && !line.value.empty()) {
      const size_t width = widths[{line.block * (line.depth > 0), line.depth}];
      text.append(width - line.name.size() + 2, ' ');
      text += line.value;
    }
    text += '\n';
  }
  return text;
}

}  // namespace reconcile
