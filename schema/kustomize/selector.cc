#include "schema/kustomize/selector.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

struct Requirement {
  std::string key;
  enum class Operator { kIn, kNotIn, kExists, kAbsent } op = Operator::kExists;
  std::vector<std::string> values;
};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// At commas that stand in no parentheses.
std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(Trim(text.substr(begin, i - begin)));
      begin = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

// "a=b", "a==b", "a!=b", "a in (b,c)", "a notin (b)", "a", "!a".
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
    std::string_view head = Trim(text.substr(0, open));
    requirement.op = head.ends_with(" notin") ? Operator::kNotIn : Operator::kIn;
    if (!head.ends_with(" in") && !head.ends_with(" notin")) return std::nullopt;
    requirement.key = Trim(head.substr(0, head.rfind(' ')));
  } else if (const size_t equals = text.find('='); equals != std::string_view::npos) {
    const bool negated = equals > 0 && text[equals - 1] == '!';
    requirement.op = negated ? Operator::kNotIn : Operator::kIn;
    requirement.key = Trim(text.substr(0, equals - (negated ? 1 : 0)));
    std::string_view value = text.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    requirement.values.emplace_back(Trim(value));
  } else if (text.starts_with('!')) {
    requirement.op = Operator::kAbsent;
    requirement.key = Trim(text.substr(1));
  } else {
    requirement.key = text;
  }
  const bool well_formed =
      !requirement.key.empty() && requirement.key.find_first_of(" !()=,") == std::string::npos;
  return well_formed ? std::optional(std::move(requirement)) : std::nullopt;
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
  }
  return false;
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
    if (Trim(text).empty()) return;
    for (const std::string_view part : SplitAtCommas(text)) {
      std::optional<Requirement> requirement = ParseRequirement(part);
      if (requirement) {
        requirements->push_back(std::move(*requirement));
        continue;
      }
      session->Error(selector.mark, "cannot read " + Quoted(part) +
                                        " in a selector; it has the form \"a=b,c in (d,e),!f\"");
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
