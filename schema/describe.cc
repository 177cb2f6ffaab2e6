#include <algorithm>

#include "schema/field_table.h"

namespace reconcile {

namespace {

// Whether two tables read alike: a struct may have a C++ type in one place and a shape in another.
bool IsSame(const StructTable& a, const StructTable& b) {
  return &a == &b || (a.name() == b.name() && a.Names() == b.Names());
}

bool Has(const std::vector<const StructTable*>& tables, const StructTable& table) {
  return std::any_of(tables.begin(), tables.end(),
                     [&](const StructTable* known) { return IsSame(*known, table); });
}

// Collects every struct below a kind, each once, in the order of their first use.
void CollectTables(const StructTable& table, std::vector<const StructTable*>* tables) {
  tables->push_back(&table);
  for (const FieldInfo& field : table.fields()) {
    if (!field.IsKept() || !field.IsDeclarable()) continue;
    const StructTable* inner = field.type->table();
    if (inner != nullptr && !Has(*tables, *inner)) CollectTables(*inner, tables);
  }
}

std::string Cell(std::string_view text) {
  std::string cell;
  for (char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c);
  return cell;
}

std::string Notes(const FieldInfo& field) {
  std::string notes(field.doc);
  if (!field.reason.empty()) {
    notes += (notes.empty() ? "**Not acted on**: " : " **Not acted on**: ") +
             std::string(field.reason) + '.';
  }
  std::string choices;
  for (std::string_view choice : field.type->Choices()) {
    choices += (choices.empty() ? "`" : ", `") + std::string(choice) + '`';
  }
  if (!choices.empty()) notes += " One of " + choices + '.';
  if (!field.default_text.empty()) {
    notes += " Default: " + std::string(field.default_text) + '.';
  }
  return Cell(notes);
}

std::string DescribeTable(const StructTable& table) {
  std::string text = "\n#### " + std::string(table.name()) + "\n\n";
  text += "| field | type | required | |\n|---|---|---|---|\n";
  std::string unsupported;
  for (const FieldInfo& field : table.fields()) {
    if (field.state == FieldInfo::State::kRefused) {
      unsupported += (unsupported.empty() ? "`" : ", `") + std::string(field.name) + '`';
      if (!field.only_value.empty()) {
        unsupported += " (except `" + std::string(field.only_value) + "`)";
      }
      if (!field.reason.empty()) unsupported += " (" + std::string(field.reason) + ")";
    }
    if (!field.IsKept() || !field.IsDeclarable()) continue;
    text += "| `" + std::string(field.name) + "` | " + Cell(field.type->Name()) + " | " +
            (field.is_required ? "yes" : "") + " | " + Notes(field) + " |\n";
  }
  if (!unsupported.empty()) text += "\nNot yet supported: " + unsupported + ".\n";
  return text;
}

}  // namespace

std::string DescribeManifests() {
  std::string text =
      "# Supported manifests\n\n"
      "Written from the field tables in `schema/`. A kind or field is *acted on* unless this page "
      "says that it is *not acted on*: then it is checked, stored, shown and diffed like any "
      "other, and a warning at its line says why nothing follows from it. A field that Kubernetes "
      "has and this version refuses stands below its struct; any other is an error that names the "
      "nearest known field. Nothing is dropped in silence, apart from `status` and what a server "
      "sets in `metadata`.\n\n"
      "| kind | apiVersion | namespaced | |\n|---|---|---|---|\n";
  std::vector<const StructTable*> tables;
  for (Kind kind : kAllKinds) {
    const KindInfo& info = InfoOf(kind);
    if (!info.declarable) continue;
    text +=
        "| " + std::string(info.name) + " | `" + std::string(info.api_version) + "` | " +
        (info.namespaced ? "yes" : "no") + " | " +
        (info.not_acted_on.empty() ? "" : "Not acted on: " + std::string(info.not_acted_on) + '.') +
        " |\n";
    const StructTable* table = &TableOf(kind);
    if (!Has(tables, *table)) CollectTables(*table, &tables);
  }
  text += "\n## Fields\n";
  for (const StructTable* table : tables) text += DescribeTable(*table);
  return text;
}

}  // namespace reconcile
