#include "cmd/top_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include "api/table.h"
#include "base/escape.h"
#include "schema/quantity.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyteBytes = 1 << 20;
constexpr int64_t kPercents = 100;

// One line: names, and what stands behind them.
struct TopLine {
  std::vector<std::string> names;
  bool is_known = true;
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
};

Quantity QuantityIn(const Value* map, std::string_view name) {
  if (map == nullptr) return {};
  const Result<Quantity> quantity = Quantity::Parse(map->GetString(name));
  return quantity.ok() ? *quantity : Quantity();
}

void AddUse(const Value* usage, TopLine* line) {
  line->cpu_milli += QuantityIn(usage, "cpu").Milli();
  line->memory_bytes += QuantityIn(usage, "memory").Units();
}

std::string NameIn(const Value& item, std::string_view member) {
  const Value* metadata = item.Find("metadata");
  return metadata == nullptr ? "" : EscapeForTerminal(metadata->GetString(member));
}

void Sort(TopOrder order, std::vector<TopLine>* lines) {
  std::stable_sort(lines->begin(), lines->end(), [order](const TopLine& a, const TopLine& b) {
    switch (order) {
      case TopOrder::kName:
        break;
      case TopOrder::kCpu:
        return a.cpu_milli > b.cpu_milli;
      case TopOrder::kMemory:
        return a.memory_bytes > b.memory_bytes;
    }
    return a.names < b.names;
  });
}

std::string ShareText(int64_t part, int64_t whole) {
  if (whole <= 0) return "<unknown>";
  return std::to_string(part / std::max<int64_t>(whole / kPercents, 1)) + "%";
}

std::string MillicoresText(const TopLine& line) { return std::to_string(line.cpu_milli) + "m"; }
std::string MebibytesText(const TopLine& line) {
  return std::to_string(line.memory_bytes / kMebibyteBytes) + "Mi";
}

}  // namespace

std::string TopNodesText(const Value& metrics, const Value& nodes, const TopOptions& options) {
  std::map<std::string, const Value*> usages;
  for (const Value& item : metrics.GetList("items")) {
    usages[NameIn(item, "name")] = item.Find("usage");
  }
  std::map<std::string, const Value*> allocatable;
  std::vector<TopLine> lines;
  for (const Value& node : nodes.GetList("items")) {
    const std::string name = NameIn(node, "name");
    const Value* status = node.Find("status");
    allocatable[name] = status == nullptr ? nullptr : status->Find("allocatable");
    TopLine line{.names = {name}, .is_known = usages.contains(name)};
    if (line.is_known) AddUse(usages[name], &line);
    lines.push_back(std::move(line));
  }
  Sort(options.order, &lines);
  std::vector<std::vector<std::string>> rows;
  if (options.headers) rows.push_back({"NAME", "CPU(cores)", "CPU%", "MEMORY(bytes)", "MEMORY%"});
  for (const TopLine& line : lines) {
    const std::string& name = line.names.front();
    if (!line.is_known) {
      rows.push_back({name, "<unknown>", "<unknown>", "<unknown>", "<unknown>"});
      continue;
    }
    const Value* has = allocatable[name];
    rows.push_back({name, MillicoresText(line),
                    ShareText(line.cpu_milli, QuantityIn(has, "cpu").Milli()), MebibytesText(line),
                    ShareText(line.memory_bytes, QuantityIn(has, "memory").Units())});
  }
  return AlignText(rows);
}

std::string TopPodsText(const Value& metrics, const TopOptions& options) {
  std::vector<TopLine> lines;
  for (const Value& item : metrics.GetList("items")) {
    TopLine pod;
    if (options.with_namespace) pod.names.push_back(NameIn(item, "namespace"));
    pod.names.push_back(NameIn(item, "name"));
    TopLine all = pod;
    for (const Value& container : item.GetList("containers")) {
      AddUse(container.Find("usage"), &all);
      if (!options.containers) continue;
      TopLine line = pod;
      line.names.push_back(EscapeForTerminal(container.GetString("name")));
      AddUse(container.Find("usage"), &line);
      lines.push_back(std::move(line));
    }
    if (!options.containers) lines.push_back(std::move(all));
  }
  Sort(options.order, &lines);
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> header;
  if (options.with_namespace) header.emplace_back("NAMESPACE");
  header.emplace_back(options.containers ? "POD" : "NAME");
  if (options.containers) header.emplace_back("NAME");
  header.insert(header.end(), {"CPU(cores)", "MEMORY(bytes)"});
  if (options.headers) rows.push_back(std::move(header));
  for (TopLine& line : lines) {
    std::vector<std::string> row = std::move(line.names);
    row.push_back(MillicoresText(line));
    row.push_back(MebibytesText(line));
    rows.push_back(std::move(row));
  }
  return AlignText(rows);
}

}  // namespace reconcile
