#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <optional>

#include "schema/kustomize/selector.h"
#include "schema/kustomize/transformers.h"
#include "schema/text.h"
#include "schema/yaml_scalar.h"

namespace reconcile::kustomize {
namespace {

constexpr size_t kMaxFieldSteps = 64;

// One step of "spec.containers.[name=web].env.0.value": a member, an index, every element ("*"),
// or those whose member has a value.
struct FieldStep {
  enum class Kind { kMember, kIndex, kEvery, kMatching } kind = Kind::kMember;
  std::string name;   // of the member; of kMatching the one that is compared, "" for scalars
  std::string value;  // of kMatching, as written
  size_t index = 0;
  std::shared_ptr<const RE2> pattern;  // of kMatching
};
using FieldSteps = std::vector<FieldStep>;

// At dots that stand in no brackets and are not written "\.".
std::vector<std::string> SplitFieldPath(std::string_view path) {
  std::vector<std::string> parts(1);
  bool in_brackets = false;
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\' && i + 1 < path.size() && path[i + 1] == '.') {
      parts.back() += path[++i];
    } else if (c == '.' && !in_brackets) {
      parts.emplace_back();
    } else {
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      parts.back() += c;
    }
  }
  std::erase(parts, "");
  return parts;
}

FieldStep StepOf(const std::string& part) {
  FieldStep step;
  step.name = part;
  if (part == "*") {
    step.kind = FieldStep::Kind::kEvery;
    return step;
  }
  if (part.size() > 2 && part.front() == '[' && part.back() == ']') {
    const std::string inner = part.substr(1, part.size() - 2);
    const size_t equals = inner.find('=');
    step.name = inner.substr(0, equals);
    if (equals == std::string::npos) return step;
    step.kind = FieldStep::Kind::kMatching;
    step.value = inner.substr(equals + 1);
    return step;
  }
  const char* const end = part.data() + part.size();
  const auto [last, failure] = std::from_chars(part.data(), end, step.index);
  if (failure == std::errc() && last == end) step.kind = FieldStep::Kind::kIndex;
  return step;
}

std::optional<FieldSteps> ParseFieldPath(Session* session, const Text& path) {
  FieldSteps steps;
  for (const std::string& part : SplitFieldPath(path.text)) {
    FieldStep step = StepOf(part);
    if (step.kind == FieldStep::Kind::kMatching) {
      RE2::Options options;
      options.set_log_errors(false);
      options.set_max_mem(kMaxPatternBytes);
      step.pattern = std::make_shared<const RE2>(step.value, options);
      if (!step.pattern->ok()) {
        session->Error(path.mark, "the field path " + Quoted(path.text) + ": " +
                                      ShortText(step.pattern->error()));
        return std::nullopt;
      }
    }
    steps.push_back(std::move(step));
  }
  if (!steps.empty() && steps.size() <= kMaxFieldSteps) return steps;
  session->Error(path.mark, "the field path " + Quoted(path.text) + " must have 1 to " +
                                std::to_string(kMaxFieldSteps) + " steps");
  return std::nullopt;
}

bool MatchesStep(const Value& item, const FieldStep& step) {
  const Value* compared = step.name.empty() ? &item : item.Find(step.name);
  return compared != nullptr && !compared->IsMap() && !compared->IsList() &&
         RE2::PartialMatch(ScalarText(*compared), *step.pattern);
}

// Walks from a value along steps and calls `take` for what they lead to.
class FieldWalk {
 public:
  using Take = std::function<void(Value*)>;
  FieldWalk(const FieldSteps& steps, bool create, Mark mark, Take take)
      : steps_(steps), create_(create), mark_(mark), take_(std::move(take)) {}

  // How many were found.
  size_t Go(Value* value) {
    Walk(value, 0);
    return found_;
  }

 private:
  void Walk(Value* value, size_t at) {
    if (at == steps_.size()) {
      ++found_;
      take_(value);
      return;
    }
    const FieldStep& step = steps_[at];
    if (step.kind == FieldStep::Kind::kMember ||
        (step.kind == FieldStep::Kind::kIndex && value->IsMap())) {
      WalkMember(value, step.name, at);
    } else if (value->IsList()) {
      WalkList(value, step, at);
    }
  }

  void WalkMember(Value* value, const std::string& name, size_t at) {
    if (create_ && value->IsNull()) {
      *value = Value::MakeMap();
      value->mark = mark_;
    }
    Value* member = FindMember(value, name);
    if (member == nullptr && create_ && value->IsMap()) {
      member = FindOrAddMember(value, name, mark_);
      const bool list_next =
          at + 1 < steps_.size() && steps_[at + 1].kind == FieldStep::Kind::kMatching;
      if (list_next) *member = Value::MakeList();
    }
    if (member != nullptr) Walk(member, at + 1);
  }

  void WalkList(Value* value, const FieldStep& step, size_t at) {
    Value::List& list = value->AsList();
    if (step.kind == FieldStep::Kind::kIndex) {
      if (step.index < list.size()) {
        Walk(&list[step.index], at + 1);
      } else if (create_ && step.index == list.size()) {
        list.emplace_back();
        Walk(&list.back(), at + 1);
      }
      return;
    }
    bool any = false;
    for (Value& item : list) {
      if (step.kind == FieldStep::Kind::kMatching && !MatchesStep(item, step)) continue;
      any = true;
      Walk(&item, at + 1);
    }
    if (any || !create_ || step.kind != FieldStep::Kind::kMatching) return;
    Value made = step.name.empty() ? StringAt(step.value, mark_) : Value::MakeMap();
    if (!step.name.empty()) made.Set(step.name, StringAt(step.value, mark_));
    made.mark = mark_;
    list.push_back(std::move(made));
    Walk(&list.back(), at + 1);
  }

  const FieldSteps& steps_;
  const bool create_;
  const Mark mark_;
  const Take take_;
  size_t found_ = 0;
};

std::vector<std::string> SplitAt(const std::string& text, const std::string& delimiter) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t at; (at = text.find(delimiter, begin)) != std::string::npos;) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + delimiter.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// What stands in the source; nullopt with an error.
std::optional<Value> SourceValue(Session* session, const Replacement& replacement,
                                 const Resources& resources) {
  const Resource* source = nullptr;
  for (const Resource& resource : resources) {
    const std::vector<Id> ids = resource.AllIds();
    const bool named = std::any_of(ids.begin(), ids.end(),
                                   [&](const Id& id) { return IsNamed(replacement.source, id); });
    if (!named) continue;
    if (source != nullptr) {
      session->Error(replacement.source.mark,
                     "this source names more than one object: " + ToString(source->CurrentId()) +
                         " and " + ToString(resource.CurrentId()));
      return std::nullopt;
    }
    source = &resource;
  }
  if (source == nullptr) {
    session->ErrorOfMissing(replacement.source.mark, "this source names no object that is here");
    return std::nullopt;
  }
  const std::optional<FieldSteps> steps = ParseFieldPath(session, replacement.field_path);
  if (!steps) return std::nullopt;
  if (!session->ChargeObject(source->value, replacement.mark)) return std::nullopt;
  std::optional<Value> value;
  Value copy = source->value;
  FieldWalk(*steps, false, {}, [&](Value* found) {
    if (!value) value = *found;
  }).Go(&copy);
  if (!value) {
    session->Error(replacement.field_path.mark, ToString(source->CurrentId()) + " has no field " +
                                                    Quoted(replacement.field_path.text));
    return std::nullopt;
  }
  const FieldOptions& options = replacement.options;
  if (options.delimiter.empty()) return value;
  const std::vector<std::string> parts = SplitAt(ScalarText(*value), options.delimiter);
  if (value->IsMap() || value->IsList() || options.index < 0 ||
      static_cast<size_t>(options.index) >= parts.size()) {
    session->Error(options.mark, "the value has no part " + std::to_string(options.index) +
                                     " between " + Quoted(options.delimiter));
    return std::nullopt;
  }
  const Mark mark = value->mark;
  return StringAt(parts[static_cast<size_t>(options.index)], mark);
}

std::string WithPart(const std::string& text, const FieldOptions& options,
                     const std::string& part) {
  std::vector<std::string> parts = SplitAt(text, options.delimiter);
  if (options.index < 0) {
    parts.insert(parts.begin(), part);
  } else if (static_cast<size_t>(options.index) >= parts.size()) {
    parts.push_back(part);
  } else {
    parts[static_cast<size_t>(options.index)] = part;
  }
  std::string joined = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) joined += options.delimiter + parts[i];
  return joined;
}

// A scalar keeps the type that it had: a string stays one, anything else is read anew.
void Replace(Session* session, const FieldOptions& options, const Value& source, Value* target) {
  const bool scalar = !target->IsMap() && !target->IsList();
  if (!options.delimiter.empty() && (!scalar || source.IsMap() || source.IsList())) {
    session->Error(options.mark, "a delimiter is for fields that are no maps or lists");
    return;
  }
  if (!scalar || source.IsMap() || source.IsList()) {
    *target = source;
    return;
  }
  const std::string text = options.delimiter.empty()
                               ? ScalarText(source)
                               : WithPart(ScalarText(*target), options, ScalarText(source));
  const Mark mark = source.mark;
  *target = target->IsString() ? Value::String(text) : ResolvePlainScalar(text);
  target->mark = mark;
}

// Numbers that were copied to labels and annotations.
void MakeStrings(Value* pairs) {
  for (Value::Member& member : pairs->AsMap()) {
    const bool scalar = !member.value.IsMap() && !member.value.IsList() && !member.value.IsNull();
    if (!scalar || member.value.IsString()) continue;
    member.value = StringAt(ScalarText(member.value), member.value.mark);
  }
}

void ReplaceIn(Session* session, const ReplacementTarget& target,
               const std::vector<FieldSteps>& paths, const Value& value, Resource* resource) {
  const Value before = resource->value;
  for (size_t i = 0; i < paths.size(); ++i) {
    const Text& path = target.field_paths[i];
    const size_t found = FieldWalk(paths[i], target.options.create, path.mark, [&](Value* field) {
                           if (session->ChargeObject(value, path.mark)) {
                             Replace(session, target.options, value, field);
                           }
                         }).Go(&resource->value);
    if (found == 0) {
      session->Error(path.mark, ToString(resource->CurrentId()) + " has no field " +
                                    Quoted(path.text) + "; options: {create: true} makes it");
    }
    if (!session->ChargeObject(resource->value, path.mark)) break;
  }
  Value* metadata = FindMember(&resource->value, "metadata");
  for (const std::string_view field : {"labels", "annotations"}) {
    Value* pairs = metadata == nullptr ? nullptr : FindMember(metadata, field);
    if (pairs != nullptr && pairs->IsMap()) MakeStrings(pairs);
  }
  if (IsObject(resource->value)) return;
  session->Error(target.select.mark, "this leaves an object without apiVersion, kind or name");
  resource->value = before;
}

void ApplyTarget(Session* session, const ReplacementTarget& target, const Value& value,
                 Resources* resources) {
  const Matcher select(session, target.select);
  std::vector<Matcher> rejects;
  for (const Selector& reject : target.reject) rejects.emplace_back(session, reject);
  std::vector<FieldSteps> paths;
  for (const Text& path : target.field_paths) {
    std::optional<FieldSteps> steps = ParseFieldPath(session, path);
    if (!steps) return;
    paths.push_back(std::move(*steps));
  }
  for (Resource& resource : *resources) {
    if (!session->Charge(1 + rejects.size(), target.select.mark)) return;
    const bool rejected = std::any_of(rejects.begin(), rejects.end(), [&](const Matcher& reject) {
      return reject.SelectsAnyId(resource);
    });
    if (!rejected && select.SelectsAnyId(resource)) {
      ReplaceIn(session, target, paths, value, &resource);
    }
  }
}

}  // namespace

void ApplyReplacements(Session* session, const Kustomization& kustomization, Resources* resources) {
  for (const Replacement& replacement : kustomization.replacements) {
    if (!session->Charge(resources->size(), replacement.mark)) return;
    const std::optional<Value> value = SourceValue(session, replacement, *resources);
    if (!value) continue;
    for (const ReplacementTarget& target : replacement.targets) {
      ApplyTarget(session, target, *value, resources);
    }
  }
}

}  // namespace reconcile::kustomize
