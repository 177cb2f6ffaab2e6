#include "api/table.h"

#include "api/columns.h"
#include "api/user_view.h"
#include "base/escape.h"
#include "base/json_text.h"
#include "schema/field_table.h"

namespace reconcile {

Table MakeTable(Kind kind, const std::vector<ObjectPtr>& objects, WallTime now) {
  Table table;
  table.columns = ColumnsOf(kind);
  for (const ObjectPtr& object : objects) {
    Table::Row row{CellsOf(*object, now), object};
    CHECK(row.cells.size() == table.columns.size());
    table.rows.push_back(std::move(row));
  }
  return table;
}

namespace {

Value EncodeColumns(const std::vector<TableColumn>& columns) {
  Value list = Value::MakeList();
  for (const TableColumn& column : columns) {
    Value definition = Value::MakeMap();
    definition.Set("name", Value::String(column.name));
    definition.Set("type", Value::String("string"));
    definition.Set("format", Value::String(column.name == "Name" ? "name" : ""));
    definition.Set("description", Value::String(""));
    definition.Set("priority", Value::Int(column.priority));
    list.Append(std::move(definition));
  }
  return list;
}

Value EncodeMetadata(const Table::Row& row) {
  if (row.object != nullptr) {
    const FieldInfo* field = TableOf(row.object->kind).Find("metadata");
    CHECK(field != nullptr);
    return field->type->Encode(field->Get(StructOf(*row.object)), EncodeFor::kUser);
  }
  Value metadata = Value::MakeMap();
  metadata.Set("name", Value::String(row.cells.front()));
  metadata.Set("namespace", Value::String(""));
  return metadata;
}

Value EncodeRowObject(const Table::Row& row, const TableEncoding& encoding) {
  if (encoding.included == IncludedObject::kNone) return Value();
  const bool whole = encoding.included == IncludedObject::kObject && row.object != nullptr;
  if (whole) return EncodeForReaders(*row.object);
  Value object = Value::MakeMap();
  object.Set("kind", Value::String("PartialObjectMetadata"));
  object.Set("apiVersion", Value::String("meta.k8s.io/" + std::string(encoding.version)));
  object.Set("metadata", EncodeMetadata(row));
  return object;
}

}  // namespace

Value EncodeTable(const Table& table, const TableEncoding& encoding) {
  Value rows = Value::MakeList();
  for (const Table::Row& row : table.rows) {
    Value cells = Value::MakeList();
    for (const std::string& cell : row.cells) cells.Append(Value::String(cell));
    Value encoded = Value::MakeMap();
    encoded.Set("cells", std::move(cells));
    encoded.Set("object", EncodeRowObject(row, encoding));
    rows.Append(std::move(encoded));
  }
  Value encoded = Value::MakeMap();
  encoded.Set("kind", Value::String("Table"));
  encoded.Set("apiVersion", Value::String("meta.k8s.io/" + std::string(encoding.version)));
  encoded.Set("metadata", Value::MakeMap());
  encoded.Set("columnDefinitions",
              encoding.with_columns ? EncodeColumns(table.columns) : Value::MakeList());
  encoded.Set("rows", std::move(rows));
  return encoded;
}

namespace {

void WriteRowObject(const Table::Row& row, const TableEncoding& encoding, std::string* json) {
  if (encoding.included == IncludedObject::kNone || row.object == nullptr) {
    return AppendJson(EncodeRowObject(row, encoding), json);
  }
  if (encoding.included == IncludedObject::kObject) {
    *json += WriteForReaders(*row.object);
    return;
  }
  const FieldInfo* field = TableOf(row.object->kind).Find("metadata");
  CHECK(field != nullptr);
  *json += "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/";
  *json += encoding.version;
  *json += "\",\"metadata\":";
  field->type->Write(field->Get(StructOf(*row.object)), EncodeFor::kUser, json);
  *json += '}';
}

std::string UpperCase(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::string AlignText(const std::vector<TextRow>& rows) {
  std::vector<size_t> widths;
  for (const TextRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const TextRow& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 3, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string WriteColumns(Kind kind) { return WriteJson(EncodeColumns(ColumnsOf(kind))); }

void WriteRow(const ObjectPtr& object, const TableEncoding& encoding, WallTime now,
              std::string* json) {
  const Table::Row row{CellsOf(*object, now), object};
  *json += "{\"cells\":[";
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (i > 0) *json += ',';
    AppendJsonString(row.cells[i], json);
  }
  *json += "],\"object\":";
  WriteRowObject(row, encoding, json);
  *json += '}';
}

std::string TableText(const Value& encoded_table, const TableTextOptions& options) {
  std::vector<bool> shown;
  TextRow header;
  if (options.with_namespace) header.push_back("NAMESPACE");
  for (const Value& column : encoded_table.GetList("columnDefinitions")) {
    shown.push_back(options.wide || column.GetInt("priority") == 0);
    if (shown.back()) header.push_back(UpperCase(column.GetString("name")));
  }
  std::vector<TextRow> rows = {header};
  for (const Value& encoded : encoded_table.GetList("rows")) {
    TextRow row;
    if (options.with_namespace) {
      const Value* object = encoded.Find("object");
      const Value* metadata = object == nullptr ? nullptr : object->Find("metadata");
      row.push_back(metadata == nullptr ? "" : metadata->GetString("namespace"));
    }
    const Value::List& cells = encoded.GetList("cells");
    for (size_t i = 0; i < cells.size() && i < shown.size(); ++i) {
      if (shown[i])
        row.push_back(cells[i].IsString() ? EscapeForTerminal(cells[i].AsString()) : "");
    }
    rows.push_back(std::move(row));
  }
  return AlignText(rows);
}

}  // namespace reconcile
