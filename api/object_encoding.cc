#include "api/object_encoding.h"

#include <utility>

#include "api/user_view.h"
#include "base/json_text.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

TableEncoding TableEncodingOf(const ObjectEncoding& encoding) {
  TableEncoding table;
  table.version = encoding.shape == ObjectShape::kTableV1Beta1 ? "v1beta1" : "v1";
  table.included = encoding.included;
  return table;
}

Value Metadata(const ListMetadata& metadata) {
  Value value = Value::MakeMap();
  value.Set("resourceVersion", Value::String(std::to_string(metadata.revision)));
  if (!metadata.continue_token.empty()) {
    value.Set("continue", Value::String(metadata.continue_token));
    value.Set("remainingItemCount", Value::Int(metadata.remaining));
  }
  return value;
}

Value TableOfObject(const ObjectPtr& object, const TableEncoding& encoding, WallTime now) {
  Value table = EncodeTable(MakeTable(object->kind, {object}, now), encoding);
  table.Set("metadata", Metadata({.revision = object->metadata.resource_version}));
  return table;
}

std::string WriteEvent(std::string_view type, const std::string& object) {
  return "{\"type\":\"" + std::string(type) + "\",\"object\":" + object + "}\n";
}

std::string_view WordOf(WatchEventType type) {
  switch (type) {
    case WatchEventType::kAdded:
      return "ADDED";
    case WatchEventType::kModified:
      return "MODIFIED";
    case WatchEventType::kDeleted:
      return "DELETED";
  }
  CHECK(false);
}

}  // namespace

std::optional<ObjectEncoding> ChooseEncoding(const ApiRequest& request, Refusal* refusal) {
  const std::optional<ObjectShape> shape = ChooseObjectShape(request.accept);
  if (!shape) {
    *refusal = NotAcceptable();
    return std::nullopt;
  }
  ObjectEncoding encoding;
  encoding.shape = *shape;
  const std::string included = request.Query("includeObject");
  if (included == "None") {
    encoding.included = IncludedObject::kNone;
  } else if (included == "Object") {
    encoding.included = IncludedObject::kObject;
  } else if (!included.empty() && included != "Metadata") {
    *refusal = BadRequest("includeObject: is None, Metadata or Object");
    return std::nullopt;
  }
  return encoding;
}

std::string WriteObject(const ObjectPtr& object, const ObjectEncoding& encoding, WallTime now) {
  if (encoding.shape == ObjectShape::kJson) return WriteForReaders(*object);
  return WriteJson(TableOfObject(object, TableEncodingOf(encoding), now));
}

void ListWriter::Begin(std::string* json) const {
  if (encoding_.shape == ObjectShape::kJson) {
    const KindInfo& info = InfoOf(kind_);
    *json += "{\"kind\":\"" + std::string(info.name) + "List\",\"apiVersion\":\"" +
             std::string(info.api_version) + "\",\"metadata\":";
    AppendJson(Metadata(metadata_), json);
    *json += ",\"items\":[";
    return;
  }
  *json += "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/" +
           std::string(TableEncodingOf(encoding_).version) + "\",\"metadata\":";
  AppendJson(Metadata(metadata_), json);
  *json += ",\"columnDefinitions\":" + WriteColumns(kind_) + ",\"rows\":[";
}

void ListWriter::Add(const ObjectPtr& object, std::string* json) {
  if (std::exchange(has_some_, true)) *json += ',';
  if (encoding_.shape == ObjectShape::kJson) {
    *json += WriteForReaders(*object, &filled_);
  } else {
    WriteRow(object, TableEncodingOf(encoding_), now_, json);
  }
}

std::string WriteList(ListWriter writer, const std::vector<ObjectPtr>& objects) {
  std::string json;
  writer.Begin(&json);
  for (const ObjectPtr& object : objects) writer.Add(object, &json);
  writer.End(&json);
  return json;
}

std::string WriteWatchEvent(WatchEventType type, const ObjectPtr& object,
                            const ObjectEncoding& encoding, bool with_columns, WallTime now) {
  if (encoding.shape == ObjectShape::kJson) {
    return WriteEvent(WordOf(type), WriteForReaders(*object));
  }
  TableEncoding table = TableEncodingOf(encoding);
  table.with_columns = with_columns;
  return WriteEvent(WordOf(type), WriteJson(TableOfObject(object, table, now)));
}

std::string WriteBookmark(Kind kind, Revision revision, const ObjectEncoding& encoding) {
  Value metadata = Value::MakeMap();
  metadata.Set("resourceVersion", Value::String(std::to_string(revision)));
  if (encoding.shape == ObjectShape::kJson) {
    Value object = Value::MakeMap();
    object.Set("kind", Value::String(std::string(InfoOf(kind).name)));
    object.Set("apiVersion", Value::String(std::string(InfoOf(kind).api_version)));
    object.Set("metadata", std::move(metadata));
    return WriteEvent("BOOKMARK", WriteJson(object));
  }
  TableEncoding encoded = TableEncodingOf(encoding);
  encoded.with_columns = false;
  Value table = EncodeTable({}, encoded);
  table.Set("metadata", std::move(metadata));
  return WriteEvent("BOOKMARK", WriteJson(table));
}

std::string WriteErrorEvent(const Refusal& refusal) {
  return WriteEvent("ERROR", WriteJson(StatusObject(refusal)));
}

}  // namespace reconcile
