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

bool IsTypeMeta(const FieldInfo& field) {
  return field.name == "apiVersion" || field.name == "kind";
}

std::string Heading(const FieldInfo& field) {
  std::string text = std::string(field.name) + "  ";
  if (IsTypeMeta(field)) return text + "<string>  required\n";
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

std::string Children(const StructTable& table) {
  std::string text = "\nFIELDS:\n";
  std::string unsupported;
  for (const FieldInfo& field : table.fields()) {
    if (field.is_internal) continue;
    const bool is_bare = field.only_value.empty() && field.reason.empty() && !field.IsKept();
    if (field.state == FieldInfo::State::kRefused && is_bare) {
      unsupported += (unsupported.empty() ? "" : ", ") + std::string(field.name);
      continue;
    }
    text += "  " + Heading(field) + Details(table, field, 6);
  }
  if (!unsupported.empty()) {
    text += "\nVALID IN KUBERNETES, NOT YET SUPPORTED HERE:\n" + Wrapped(unsupported, 2);
  }
  return text;
}

Status UnknownWord(std::string_view what, std::string_view word,
                   const std::vector<std::string_view>& known) {
  const std::string_view nearest = NearestWord(word, known);
  return NotFoundError("no " + std::string(what) + ' ' + Quoted(word) + "; the nearest is " +
                       Quoted(nearest));
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

}  // namespace

Result<std::string> Explain(std::string_view path) {
  std::string_view rest = path;
  const auto next = [&rest] {
    const size_t end = std::min(rest.find('.'), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word.substr(0, word.find('['));  // as messages write it: containers[web]
  };
  const std::string_view kind_word = next();
  const std::optional<Kind> kind = FindKindByWord(kind_word);
  if (!kind) {
    std::vector<std::string_view> names;
    for (Kind known : kAllKinds) names.push_back(InfoOf(known).singular);
    return UnknownWord("kind", kind_word, names);
  }
  const StructTable* table = &TableOf(*kind);
  std::string text = Head(InfoOf(*kind));
  std::string walked(InfoOf(*kind).name);
  while (!rest.empty()) {
    if (table == nullptr) return NotFoundError(walked + " has no fields");
    const std::string_view word = next();
    const FieldInfo* field = table->Find(word);
    if (field == nullptr || field->is_internal) {
      return UnknownWord("field of " + walked, word, table->Names());
    }
    walked += '.' + std::string(word);
    if (rest.empty()) text += "\nFIELD: " + Heading(*field) + Details(*table, *field, 4);
    table = field->IsKept() ? field->type->table() : nullptr;
  }
  return table == nullptr ? text : text + Children(*table);
}

}  // namespace reconcile
