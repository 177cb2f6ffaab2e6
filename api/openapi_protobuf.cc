#include "api/openapi_protobuf.h"

#include <functional>

#include "api/protobuf_writer.h"

namespace reconcile {
namespace {

// Every map of a document is a list of these: NamedSchema, NamedPathItem, NamedAny.
std::string Named(std::string_view name, std::string_view value) {
  return ProtobufWriter().Add(1, name).Add(2, value).Take();
}

void AddText(const Value& from, std::string_view key, uint64_t field, ProtobufWriter* to) {
  const std::string text = from.GetString(key);
  if (!text.empty()) to->Add(field, text);
}

// Extensions are YAML in there, which JSON is.
void AddExtensions(const Value& from, uint64_t field, ProtobufWriter* to) {
  for (const Value::Member& member : from.AsMap()) {
    if (!member.key.starts_with("x-")) continue;
    const std::string any = ProtobufWriter().Add(2, WriteJson(member.value)).Take();
    to->Add(field, Named(member.key, any));
  }
}

// Definitions, Properties and Paths: a message whose repeated field is the members.
std::string Members(const Value& map, uint64_t field,
                    const std::function<std::string(const Value&)>& encode) {
  ProtobufWriter message;
  for (const Value::Member& member : map.AsMap()) {
    message.Add(field, Named(member.key, encode(member.value)));
  }
  return message.Take();
}

// As deep as the field tables are: lists and maps of scalars, and references.
std::string EncodeSchema(const Value& schema) {
  ProtobufWriter message;
  AddText(schema, "$ref", 1, &message);
  AddText(schema, "format", 2, &message);
  AddText(schema, "description", 4, &message);
  for (const Value& name : schema.GetList("required")) message.Add(19, name.AsString());
  for (const Value& choice : schema.GetList("enum")) {
    message.Add(20, ProtobufWriter().Add(2, WriteJson(choice)).Take());
  }
  if (const Value* values = schema.Find("additionalProperties")) {
    message.Add(21, ProtobufWriter().Add(1, EncodeSchema(*values)).Take());
  }
  const std::string type = schema.GetString("type");
  if (!type.empty()) message.Add(22, ProtobufWriter().Add(1, type).Take());
  if (const Value* items = schema.Find("items")) {
    message.Add(23, ProtobufWriter().Add(1, EncodeSchema(*items)).Take());
  }
  if (const Value* properties = schema.Find("properties")) {
    message.Add(25, Members(*properties, 1, EncodeSchema));
  }
  AddExtensions(schema, 31, &message);
  return message.Take();
}

// ParametersItem > Parameter > NonBodyParameter > QueryParameterSubSchema.
std::string EncodeQueryParameter(const Value& parameter) {
  ProtobufWriter query;
  AddText(parameter, "in", 2, &query);
  AddText(parameter, "name", 4, &query);
  AddText(parameter, "type", 6, &query);
  const std::string non_body = ProtobufWriter().Add(3, query.Take()).Take();
  return ProtobufWriter().Add(1, ProtobufWriter().Add(2, non_body).Take()).Take();
}

// ResponseValue > Response.
std::string EncodeResponse(const Value& response) {
  ProtobufWriter message;
  AddText(response, "description", 1, &message);
  if (const Value* schema = response.Find("schema")) {
    message.Add(2, ProtobufWriter().Add(1, EncodeSchema(*schema)).Take());
  }
  return ProtobufWriter().Add(1, message.Take()).Take();
}

std::string EncodeOperation(const Value& operation) {
  ProtobufWriter message;
  for (const Value& parameter : operation.GetList("parameters")) {
    message.Add(8, EncodeQueryParameter(parameter));
  }
  if (const Value* responses = operation.Find("responses")) {
    message.Add(9, Members(*responses, 1, EncodeResponse));
  }
  AddExtensions(operation, 13, &message);
  return message.Take();
}

std::string EncodePathItem(const Value& item) {
  ProtobufWriter message;
  if (const Value* get = item.Find("get")) message.Add(2, EncodeOperation(*get));
  if (const Value* patch = item.Find("patch")) message.Add(8, EncodeOperation(*patch));
  return message.Take();
}

}  // namespace

std::string WriteOpenApiProtobuf(const Value& document) {
  ProtobufWriter message;
  AddText(document, "swagger", 1, &message);
  if (const Value* info = document.Find("info")) {
    ProtobufWriter about;
    AddText(*info, "title", 1, &about);
    AddText(*info, "version", 2, &about);
    message.Add(2, about.Take());
  }
  if (const Value* paths = document.Find("paths")) {
    message.Add(8, Members(*paths, 2, EncodePathItem));
  }
  if (const Value* definitions = document.Find("definitions")) {
    message.Add(9, Members(*definitions, 1, EncodeSchema));
  }
  return message.Take();
}

}  // namespace reconcile
