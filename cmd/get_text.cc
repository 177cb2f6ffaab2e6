#include "cmd/get_text.h"

#include <algorithm>

#include "base/escape.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

std::string UpperCaseOf(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string NameLine(const Value& object) {
  const std::string version = object.GetString("apiVersion");
  const std::optional<Kind> kind = FindKind(version, object.GetString("kind"));
  const size_t slash = version.find('/');
  return (kind ? std::string(InfoOf(*kind).singular) : object.GetString("kind")) +
         (slash == std::string::npos ? "" : "." + version.substr(0, slash)) + "/" +
         EscapeForTerminal(TextAt(object, "metadata.name")) + "\n";
}

}  // namespace

Value MergeAnswers(std::vector<Value> answers) {
  if (answers.size() == 1) return std::move(answers.front());
  Value items = Value::MakeList();
  for (const Value& answer : answers) {
    if (answer.Find("items") == nullptr) items.Append(answer);
    for (const Value& item : answer.GetList("items")) items.Append(item);
  }
  Value list = Value::MakeMap();
  list.Set("apiVersion", Value::String("v1"));
  list.Set("kind", Value::String("List"));
  list.Set("items", std::move(items));
  return list;
}

std::string NameLines(const Value& answer) {
  if (answer.Find("items") == nullptr) return NameLine(answer);
  std::string lines;
  for (const Value& item : answer.GetList("items")) lines += NameLine(item);
  return lines;
}

Value WithKindBeforeNames(const Value& table, const KindInfo& info) {
  Value::List rows = table.GetList("rows");
  for (Value& row : rows) {
    Value::List cells = row.GetList("cells");
    if (cells.empty() || !cells.front().IsString()) continue;
    cells.front() = Value::String(std::string(info.singular) + "/" + cells.front().AsString());
    row.Set("cells", Value::MakeList(std::move(cells)));
  }
  Value marked = table;
  marked.Set("rows", Value::MakeList(std::move(rows)));
  return marked;
}

std::string RowWriter::Line(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) {
      line.append(std::max(widths_[i], cells[i].size()) - cells[i].size() + 3, ' ');
    }
  }
  return line + "\n";
}

std::string RowWriter::Text(const Value& table) {
  std::vector<std::vector<std::string>> lines;
  if (shown_.empty()) {
    std::vector<std::string> header;
    if (with_namespace_) header.push_back("NAMESPACE");
    for (const Value& column : table.GetList("columnDefinitions")) {
      shown_.push_back(wide_ || column.GetInt("priority") == 0);
      if (shown_.back()) header.push_back(UpperCaseOf(column.GetString("name")));
    }
    lines.push_back(std::move(header));
  }
  for (const Value& row : table.GetList("rows")) {
    std::vector<std::string> line;
    if (with_namespace_)
      line.push_back(EscapeForTerminal(TextAt(row, "object.metadata.namespace")));
    const Value::List& cells = row.GetList("cells");
    for (size_t i = 0; i < cells.size() && i < shown_.size(); ++i) {
      if (shown_[i]) line.push_back(EscapeForTerminal(TextOf(cells[i])));
    }
    lines.push_back(std::move(line));
  }
  for (const auto& line : lines) {
    widths_.resize(std::max(widths_.size(), line.size()));
    for (size_t i = 0; i < line.size(); ++i) widths_[i] = std::max(widths_[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) text += Line(line);
  return text;
}

}  // namespace reconcile
