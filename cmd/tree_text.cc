#include "cmd/tree_text.h"

#include <algorithm>

#include "base/escape.h"
#include "schema/object.h"

namespace reconcile {
namespace {

constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kPlain = "\x1b[0m";

// "deployment/web", as other commands take it.
std::string WordFor(const Value& item) {
  std::string kind = item.GetString("kind");
  if (const std::optional<Kind> known = FindKindByWord(kind)) kind = InfoOf(*known).singular;
  return EscapeForTerminal(kind + "/" + item.GetString("name"));
}

std::string HealthText(const Value& item, bool color) {
  const std::string why = item.GetString("why");
  const std::string why_not_acted_on = item.GetString("notActedOn");
  if (why.empty() && !why_not_acted_on.empty()) {
    return "not acted on: " + EscapeForTerminal(why_not_acted_on);
  }
  const std::string text = why.empty() ? "healthy" : "not healthy: " + EscapeForTerminal(why);
  if (!color) return text;
  return std::string(why.empty() ? kGreen : kRed) + text + std::string(kPlain);
}

void AddItem(const Value& item, const std::string& branch, const std::string& below,
             const std::string& namespace_above, bool color, std::string* text) {
  const std::string namespace_name = item.GetString("namespace");
  *text += branch + WordFor(item);
  if (!namespace_name.empty() && namespace_name != namespace_above) {
    *text += " in " + EscapeForTerminal(namespace_name);
  }
  const std::string node = item.GetString("node");
  if (!node.empty()) *text += " on " + EscapeForTerminal(node);
  *text += "  " + HealthText(item, color) + "\n";
  const Value::List& children = item.GetList("children");
  for (size_t i = 0; i < children.size(); ++i) {
    const bool is_last = i + 1 == children.size();
    AddItem(children[i], below + (is_last ? "└─ " : "├─ "), below + (is_last ? "   " : "│  "),
            namespace_name, color, text);
  }
}

bool IsHealthy(const Value& item) {
  const Value::List& children = item.GetList("children");
  return item.GetString("why").empty() && std::all_of(children.begin(), children.end(), IsHealthy);
}

}  // namespace

std::string TreeText(const Value& trees, bool color) {
  std::string text;
  for (const Value& item : trees.GetList("items")) {
    if (!text.empty()) text += '\n';
    AddItem(item, "", "", "", color, &text);
  }
  return text;
}

bool IsTreeHealthy(const Value& trees) {
  const Value::List& items = trees.GetList("items");
  return std::all_of(items.begin(), items.end(), IsHealthy);
}

}  // namespace reconcile
