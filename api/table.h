#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What `get` prints of a kind: Kubernetes' columns. Priority 0 is always shown, 1 with -o wide.
struct TableColumn {
  std::string name;
  int priority = 0;
};
struct Table {
  std::vector<TableColumn> columns;
  struct Row {
    std::vector<std::string> cells;
    ObjectPtr object;  // none for what is no object; its name is then the first cell
  };
  std::vector<Row> rows;
};

// PURE. One view for every reader: the command line, kubectl (meta.k8s.io/v1 Table) and the page.
Table MakeTable(Kind kind, const std::vector<ObjectPtr>& objects, WallTime now);

// What of a row's object goes with it: Kubernetes' includeObject.
enum class IncludedObject { kNone, kMetadata, kObject };
struct TableEncoding {
  std::string_view version = "v1";  // of meta.k8s.io
  IncludedObject included = IncludedObject::kMetadata;
  bool with_columns = true;
};
Value EncodeTable(const Table& table, const TableEncoding& encoding = {});
// Parts of what EncodeTable of a kind's table returns, as JSON text.
std::string WriteColumns(Kind kind);
void WriteRow(const ObjectPtr& object, const TableEncoding& encoding, WallTime now,
              std::string* json);

using TextRow = std::vector<std::string>;
// Columns under one another, three spaces apart.
std::string AlignText(const std::vector<TextRow>& rows);

// Aligned text with a header line; `with_namespace` adds the NAMESPACE column, `wide` the
// priority-1 columns.
struct TableTextOptions {
  bool with_namespace = false;
  bool wide = false;
};
std::string TableText(const Value& encoded_table, const TableTextOptions& options);

}  // namespace reconcile
