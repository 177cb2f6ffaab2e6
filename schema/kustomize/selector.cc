#include "schema/kustomize/selector.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

struct Requirement {
  std::string key;
  enum class Operator { kIn, kNotIn, kExists, kAbsent, kGreater, kLess } op = Operator::kExists;
  std::vector<std::string> values;
};

// At commas that stand in no parentheses.
std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(Trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

// Letters, digits, '-', '_' and '.', which begin and end with a letter or digit; 63 at most.
bool IsLabelWord(std::string_view text) {
  constexpr size_t kLongestWord = 63;
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kLongestWord && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [&](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

std::optional<int64_t> IntegerOf(const std::string& text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc() && last == end ? std::optional(number) : std::nullopt;
}

// Kubernetes takes keys and values of selectors as those of labels, of annotations too.
bool IsWellFormed(const Requirement& requirement) {
  using Operator = Requirement::Operator;
  const size_t slash = requirement.key.find('/');
  const bool has_prefix = slash != std::string::npos;
  const std::string_view key = requirement.key;
  constexpr size_t kLongestPrefix = 253;
  if (has_prefix && (slash == 0 || slash > kLongestPrefix ||
                     key.substr(0, slash).find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string_view::npos)) {
    return false;
  }
  if (!IsLabelWord(has_prefix ? key.substr(slash + 1) : key)) return false;
  if (requirement.op == Operator::kGreater || requirement.op == Operator::kLess) {
    return IntegerOf(requirement.values.front()).has_value() &&
           IsLabelWord(requirement.values.front());
  }
  return std::all_of(requirement.values.begin(), requirement.values.end(),
                     [](const std::string& value) { return value.empty() || IsLabelWord(value); });
}

// "a=b", "a==b", "a!=b", "a in (b,c)", "a notin (b)", "a", "!a", "a>1", "a<1".
std::optional<Requirement> ParseRequirement(std::string_view text) {
  using Operator = Requirement::Operator;
  Requirement requirement;
  if (text.ends_with(')')) {
    const size_t open = text.find('(');
    if (open == std::string_view::npos) return std::nullopt;
    for (const std::string_view value :
         SplitAtCommas(text.substr(open + 1, text.size() - open - 2))) {
      requirement.values.emplace_back(value);
    }
    std::string_view head = Trimmed(text.substr(0, open));
    requirement.op = head.ends_with(" notin") ? Operator::kNotIn : Operator::kIn;
    if (!head.ends_with(" in") && !head.ends_with(" notin")) return std::nullopt;
    requirement.key = Trimmed(head.substr(0, head.rfind(' ')));
  } else if (const size_t sign = text.find_first_of("=<>"); sign != std::string_view::npos) {
    const bool negated = text[sign] == '=' && sign > 0 && text[sign - 1] == '!';
    requirement.op = text[sign] == '>'   ? Operator::kGreater
                     : text[sign] == '<' ? Operator::kLess
                     : negated           ? Operator::kNotIn
                                         : Operator::kIn;
    requirement.key = Trimmed(text.substr(0, sign - (negated ? 1 : 0)));
    std::string_view value = text.substr(sign + 1);
    if (text[sign] == '=' && !negated && value.starts_with('=')) value.remove_prefix(1);
    requirement.values.emplace_back(Trimmed(value));
  } else if (text.starts_with('!')) {
    requirement.op = Operator::kAbsent;
    requirement.key = Trimmed(text.substr(1));
  } else {
    requirement.key = text;
  }
  return IsWellFormed(requirement) ? std::optional(std::move(requirement)) : std::nullopt;
}

bool Holds(const Requirement& requirement, const Value* pairs) {
  const Value* value = pairs == nullptr ? nullptr : pairs->Find(requirement.key);
  const bool listed =
      value != nullptr && std::find(requirement.values.begin(), requirement.values.end(),
                                    ScalarText(*value)) != requirement.values.end();
  switch (requirement.op) {
    case Requirement::Operator::kIn:
      return listed;
    case Requirement::Operator::kNotIn:
      return !listed;
    case Requirement::Operator::kExists:
      return value != nullptr;
    case Requirement::Operator::kAbsent:
      return value == nullptr;
    case Requirement::Operator::kGreater:
    case Requirement::Operator::kLess:
      break;
  }
  const std::optional<int64_t> number =
      value == nullptr ? std::nullopt : IntegerOf(ScalarText(*value));
  const std::optional<int64_t> limit = IntegerOf(requirement.values.front());
  if (!number || !limit) return false;
  return requirement.op == Requirement::Operator::kGreater ? *number > *limit : *number < *limit;
}

// nullptr for the empty pattern, which matches everything.
std::unique_ptr<RE2> Compile(Session* session, const std::string& pattern, Mark mark, bool* ok) {
  if (pattern.empty()) return nullptr;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternBytes);
  auto compiled = std::make_unique<RE2>(pattern, options);
  if (!compiled->ok()) {
    session->Error(mark, "the regular expression " + Quoted(pattern) +
                             " of this selector: " + ShortText(compiled->error()));
    *ok = false;
  }
  return compiled;
}

bool Matches(const std::unique_ptr<RE2>& pattern, const std::string& text) {
  return pattern == nullptr || RE2::FullMatch(text, *pattern);
}

}  // namespace

struct Matcher::Patterns {
  bool ok = true;
  std::unique_ptr<RE2> group;
  std::unique_ptr<RE2> version;
  std::unique_ptr<RE2> kind;
  std::unique_ptr<RE2> name;
  std::unique_ptr<RE2> namespace_name;
  std::vector<Requirement> labels;
  std::vector<Requirement> annotations;

  bool IsOfKind(const Id& id) const {
    return Matches(group, id.group) && Matches(version, id.version) && Matches(kind, id.kind);
  }
};

Matcher::Matcher(Session* session, const Selector& selector)
    : patterns_(std::make_unique<Patterns>()) {
  const auto compile = [&](const std::string& pattern) {
    return Compile(session, pattern, selector.mark, &patterns_->ok);
  };
  patterns_->group = compile(selector.group);
  patterns_->version = compile(selector.version);
  patterns_->kind = compile(selector.kind);
  patterns_->name = compile(selector.name);
  patterns_->namespace_name = compile(selector.namespace_name);
  const auto parse = [&](const std::string& text, std::vector<Requirement>* requirements) {
    if (Trimmed(text).empty()) return;
    for (const std::string_view part : SplitAtCommas(text)) {
      std::optional<Requirement> requirement = ParseRequirement(part);
      if (requirement) {
        requirements->push_back(std::move(*requirement));
        continue;
      }
      session->Error(selector.mark,
                     "cannot read " + Quoted(part) +
                         " in a selector; it has the form \"a=b,c in (d,e),!f,g>1\"");
      patterns_->ok = false;
    }
  };
  parse(selector.label_selector, &patterns_->labels);
  parse(selector.annotation_selector, &patterns_->annotations);
}

Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;

bool Matcher::MatchesMetadata(const Resource& resource) const {
  const Value* metadata = resource.value.Find("metadata");
  const auto all_hold = [&](const std::vector<Requirement>& requirements, std::string_view field) {
    const Value* pairs = metadata == nullptr ? nullptr : metadata->Find(field);
    return std::all_of(requirements.begin(), requirements.end(),
                       [&](const Requirement& each) { return Holds(each, pairs); });
  };
  return all_hold(patterns_->labels, "labels") && all_hold(patterns_->annotations, "annotations");
}

bool Matcher::SelectsForPatch(const Resource& resource) const {
  if (!patterns_->ok) return false;
  const Id current = resource.CurrentId();
  const Id original = resource.OriginalId();
  return (Matches(patterns_->namespace_name, EffectiveNamespace(original)) ||
          Matches(patterns_->namespace_name, EffectiveNamespace(current))) &&
         (Matches(patterns_->name, original.name) || Matches(patterns_->name, current.name)) &&
         patterns_->IsOfKind(current) && MatchesMetadata(resource);
}

bool Matcher::SelectsAnyId(const Resource& resource) const {
  if (!patterns_->ok) return false;
  const std::vector<Id> ids = resource.AllIds();
  return MatchesMetadata(resource) && std::any_of(ids.begin(), ids.end(), [&](const Id& id) {
           return patterns_->IsOfKind(id) && Matches(patterns_->name, id.name) &&
                  Matches(patterns_->namespace_name, EffectiveNamespace(id));
         });
}

bool IsNamed(const Selector& selector, const Id& id) {
  const auto same = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  return same(selector.group, id.group) && same(selector.version, id.version) &&
         same(selector.kind, id.kind) && same(selector.name, id.name) &&
         same(selector.namespace_name, EffectiveNamespace(id));
}

}  // namespace reconcile::kustomize
