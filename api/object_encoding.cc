#include "api/object_encoding.h"

#include "api/user_view.h"

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

std::string WriteList(Kind kind, const std::vector<ObjectPtr>& objects,
                      const ListMetadata& metadata, const ObjectEncoding& encoding, WallTime now) {
  if (encoding.shape != ObjectShape::kJson) {
    Value table = EncodeTable(MakeTable(kind, objects, now), TableEncodingOf(encoding));
    table.Set("metadata", Metadata(metadata));
    return WriteJson(table);
  }
  const KindInfo& info = InfoOf(kind);
  std::string text = "{\"kind\":\"" + std::string(info.name) + "List\",\"apiVersion\":\"" +
                     std::string(info.api_version) +
                     "\",\"metadata\":" + WriteJson(Metadata(metadata)) + ",\"items\":[";
  for (size_t i = 0; i < objects.size(); ++i) {
    if (i > 0) text += ',';
    text += WriteForReaders(*objects[i]);
  }
  return text + "]}";
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
