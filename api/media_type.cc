#include "api/media_type.h"

#include <algorithm>
#include <cstdlib>

#include "schema/text.h"

namespace reconcile {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return lower;
}

// Cuts the first word up to `separator` off.
std::string_view TakeWord(std::string_view* text, char separator) {
  const size_t end = std::min(text->find(separator), text->size());
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return Trimmed(word);
}

MediaRange ParseRange(std::string_view text) {
  MediaRange range;
  range.type = LowerCase(TakeWord(&text, ';'));
  while (!text.empty()) {
    std::string_view parameter = TakeWord(&text, ';');
    const std::string name = LowerCase(TakeWord(&parameter, '='));
    if (!name.empty()) range.parameters[name] = std::string(Trimmed(parameter, " \t\""));
  }
  return range;
}

// 1 when it says none that can be read.
double QualityOf(const MediaRange& range) {
  const auto found = range.parameters.find("q");
  if (found == range.parameters.end()) return 1;
  char* end = nullptr;
  const double quality = std::strtod(found->second.c_str(), &end);
  const bool is_number = end != found->second.c_str() && *end == '\0';
  return is_number && quality >= 0 && quality <= 1 ? quality : 1;
}

std::string ParameterOf(const MediaRange& range, const std::string& name) {
  const auto found = range.parameters.find(name);
  return found == range.parameters.end() ? "" : found->second;
}

}  // namespace

std::vector<MediaRange> ParseAccept(std::string_view accept) {
  std::vector<MediaRange> ranges;
  while (!accept.empty()) {
    MediaRange range = ParseRange(TakeWord(&accept, ','));
    if (!range.type.empty() && QualityOf(range) > 0) ranges.push_back(std::move(range));
  }
  std::stable_sort(ranges.begin(), ranges.end(), [](const MediaRange& a, const MediaRange& b) {
    return QualityOf(a) > QualityOf(b);
  });
  return ranges;
}

bool TakesJson(const MediaRange& range) {
  const bool matches =
      range.type == "application/json" || range.type == "application/*" || range.type == "*/*";
  return matches && range.parameters.count("as") == 0;
}

std::optional<ObjectShape> ChooseObjectShape(std::string_view accept) {
  if (Trimmed(accept).empty()) return ObjectShape::kJson;
  for (const MediaRange& range : ParseAccept(accept)) {
    if (TakesJson(range)) return ObjectShape::kJson;
    const bool is_table = range.type == "application/json" && ParameterOf(range, "as") == "Table" &&
                          ParameterOf(range, "g") == "meta.k8s.io";
    if (is_table && ParameterOf(range, "v") == "v1") return ObjectShape::kTableV1;
    if (is_table && ParameterOf(range, "v") == "v1beta1") return ObjectShape::kTableV1Beta1;
  }
  return std::nullopt;
}

bool AcceptsJson(std::string_view accept) {
  if (Trimmed(accept).empty()) return true;
  const std::vector<MediaRange> ranges = ParseAccept(accept);
  return std::any_of(ranges.begin(), ranges.end(), TakesJson);
}

}  // namespace reconcile
