#include <algorithm>

#include "schema/field_table.h"
#include "schema/text.h"

namespace reconcile {

namespace {

constexpr size_t kTextWidth = 88;

// `text` in lines of kTextWidth, each indented.
std::string Wrapped(std::string_view text, size_t indent) {
  std::string lines, line;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && indent + line.size() + 1 + word.size() > kTextWidth) {
      lines += std::string(indent, ' ') + line + '\n';
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines += std::string(indent, ' ') + line + '\n';
  return lines;
}

std::string Choices(const FieldInfo& field) {
  std::string text;
  for (std::string_view choice : field.type->Choices()) {
    text += (text.empty() ? "" : ", ") + std::string(choice);
  }
  return text;
}

// What an absent field means, from the text or from the member's initial value.
std::string DefaultOf(const StructTable& table, const FieldInfo& field) {
  if (!field.default_text.empty()) return std::string(field.default_text);
  const void* member = field.Get(table.initial());
  if (field.is_required || field.type->shape() != FieldShape::kScalar ||
      field.type->IsZero(member)) {
    return "";
  }
  const Value value = field.type->Encode(member, EncodeFor::kUser);
  return value.IsString() ? value.AsString() : WriteJson(value);
}

// "required", "not yet supported", ...; empty for an ordinary field.
std::string StateOf(const FieldInfo& field) {
  if (field.is_read_only) return "set by the system; passed over in manifests";
  switch (field.state) {
    case FieldInfo::State::kRefused:
      if (field.IsKept()) return "not yet supported in manifests";
      return field.only_value.empty()
                 ? "not yet supported"
                 : "not yet supported, except " + std::string(field.only_value);
    case FieldInfo::State::kAccepted:
    case FieldInfo::State::kActedOn:
      break;
  }
  return field.is_required ? "required" : "";
}

// Of an object itself; in the structs of others such fields are like all.
bool IsTypeMeta(const FieldInfo& field, bool of_object) {
  return of_object && (field.name == "apiVersion" || field.name == "kind");
}

std::string Heading(const FieldInfo& field, bool of_object) {
  std::string text = std::string(field.name) + "  ";
  if (IsTypeMeta(field, of_object)) return text + "<string>  required\n";
  if (field.IsKept()) text += '<' + field.type->Name() + '>';
  const std::string state = StateOf(field);
  if (!state.empty()) text += (field.IsKept() ? "  " : "") + state;
  return text + '\n';
}

std::string Details(const StructTable& table, const FieldInfo& field, size_t indent) {
  std::string text = Wrapped(field.doc, indent);
  if (!field.reason.empty()) {
    const bool is_accepted = field.state == FieldInfo::State::kAccepted;
    text += Wrapped(
        (is_accepted ? "Accepted, not acted on: " : "Refused: ") + std::string(field.reason) + '.',
        indent);
  }
  if (!field.IsKept()) return text;
  const std::string choices = Choices(field);
  if (!choices.empty()) text += Wrapped("One of: " + choices, indent);
  const std::string initial = DefaultOf(table, field);
  if (!initial.empty()) text += Wrapped("Default: " + initial, indent);
  return text;
}

std::string Children(const StructTable& table, bool of_object) {
  std::string text = "\nFIELDS:\n";
  std::string unsupported;
  for (const FieldInfo& field : table.fields()) {
    if (field.is_internal) continue;
    const bool is_bare = field.only_value.empty() && field.reason.empty() && !field.IsKept();
    if (field.state == FieldInfo::State::kRefused && is_bare) {
      unsupported += (unsupported.empty() ? "" : ", ") + std::string(field.name);
      continue;
    }
    text += "  " + Heading(field, of_object) + Details(table, field, 6);
  }
  if (!unsupported.empty()) {
    text += "\nVALID IN KUBERNETES, NOT YET SUPPORTED HERE:\n" + Wrapped(unsupported, 2);
  }
  return text;
}

// `listed`: what to explain for a list of the known ones; empty for the kinds.
Status UnknownWord(std::string_view what, std::string_view word,
                   const std::vector<std::string_view>& known, std::string_view listed) {
  const std::string_view nearest = NearestWord(word, known);
  return NotFoundError("no " + std::string(what) + ' ' + Quoted(word) + "; " +
                       (IsSimilar(word, nearest)
                            ? "the nearest is " + Quoted(nearest)
                            : "`reconcile explain" + std::string(listed.empty() ? "" : " ") +
                                  std::string(listed) + "` lists them"));
}

std::string Head(const KindInfo& info) {
  const size_t slash = info.api_version.find('/');
  std::string text;
  if (slash != std::string_view::npos) {
    text += "GROUP:    " + std::string(info.api_version.substr(0, slash)) + '\n';
  }
  text += "KIND:     " + std::string(info.name) + '\n';
  text += "VERSION:  " +
          std::string(slash == std::string_view::npos ? info.api_version
                                                      : info.api_version.substr(slash + 1)) +
          '\n';
  if (!info.not_acted_on.empty()) {
    text += "STATE:    accepted, kept and shown; not acted on\n" +
            Wrapped(std::string(info.not_acted_on) + '.', 10);
  }
  if (!info.declarable) text += "Not declared in manifests: the system keeps it.\n";
  return text;
}

// The words of a path, taken one by one.
class PathWords {
 public:
  explicit PathWords(std::string_view path) : rest_(path) {}
  bool AtEnd() const { return rest_.empty(); }
  // Without an element that it names, as messages write it: containers[web].
  std::string_view Next() {
    const size_t end = std::min(rest_.find('.'), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return word.substr(0, word.find('['));
  }
  // Passes over `words`, where they are what comes next.
  bool Skip(std::string_view words) {
    const bool is_next = !words.empty() && rest_.starts_with(words) &&
                         (rest_.size() == words.size() || rest_[words.size()] == '.');
    if (is_next) rest_.remove_prefix(std::min(words.size() + 1, rest_.size()));
    return is_next;
  }

 private:
  std::string_view rest_;
};

// As kubectl names a kind in full: deployments.apps or deployments.v1.apps.
void SkipGroup(const KindInfo& info, PathWords* words) {
  const size_t slash = info.api_version.find('/');
  if (slash == std::string_view::npos) return;
  const std::string_view group = info.api_version.substr(0, slash);
  const std::string full =
      std::string(info.api_version.substr(slash + 1)) + "." + std::string(group);
  if (!words->Skip(full)) words->Skip(group);
}

// The field of that name; where there is none, the only one that differs in upper and lower case.
const FieldInfo* FindField(const StructTable& table, std::string_view name) {
  const FieldInfo* field = table.Find(name);
  if (field != nullptr && !field->is_internal) return field;
  const FieldInfo* found = nullptr;
  for (const FieldInfo& each : table.fields()) {
    if (each.is_internal || !EqualIgnoringCase(each.name, name)) continue;
    if (found != nullptr) return nullptr;
    found = &each;
  }
  return found;
}

// What is said of a field because of one that it stands in; empty when that is acted on.
std::string InheritedState(const FieldInfo* outer) {
  if (outer == nullptr) return "";
  return Wrapped("Not acted on, as all of " + std::string(outer->name) + ": " +
                     std::string(outer->reason) + '.',
                 4);
}

}  // namespace

Result<std::string> Explain(std::string_view path) {
  PathWords words(path);
  const std::string_view kind_word = words.Next();
  const std::optional<Kind> kind = FindKindByWord(kind_word);
  if (!kind) {
    std::vector<std::string_view> names;
    for (Kind known : kAllKinds) names.push_back(InfoOf(known).singular);
    return UnknownWord("kind", kind_word, names, "");
  }
  SkipGroup(InfoOf(*kind), &words);
  const StructTable* table = &TableOf(*kind);
  std::string text = Head(InfoOf(*kind));
  std::string walked(InfoOf(*kind).name);
  bool of_object = true;
  const FieldInfo* not_acted_on = nullptr;  // the outermost on the way
  while (!words.AtEnd()) {
    if (table == nullptr) return NotFoundError(walked + " has no fields");
    const std::string_view word = words.Next();
    const FieldInfo* field = FindField(*table, word);
    if (field == nullptr) return UnknownWord("field of " + walked, word, table->Names(), walked);
    walked += '.' + std::string(field->name);
    if (words.AtEnd()) {
      text += "\nFIELD: " + Heading(*field, of_object) + Details(*table, *field, 4) +
              InheritedState(not_acted_on);
    }
    const bool is_accepted = field->state == FieldInfo::State::kAccepted && !field->reason.empty();
    if (not_acted_on == nullptr && is_accepted) not_acted_on = field;
    table = field->IsKept() ? field->type->table() : nullptr;
    of_object = false;
  }
  return table == nullptr ? text : text + Children(*table, of_object);
}

}  // namespace reconcile
