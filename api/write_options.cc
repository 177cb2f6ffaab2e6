#include "api/write_options.h"

#include <charconv>

#include "api/protobuf_reader.h"
#include "api/self_reviews.h"
#include "base/utf8.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr size_t kMaxOptionsBytes = 64 << 10;
constexpr std::string_view kDryRunAll = "All";

// k8s.io/apimachinery, meta/v1/generated.proto: DeleteOptions, Preconditions, ObjectMeta; and
// k8s.io/api, policy/v1/generated.proto: Eviction.
constexpr uint64_t kGraceField = 1;
constexpr uint64_t kPreconditionsField = 2;
constexpr uint64_t kDryRunField = 5;
constexpr uint64_t kUidField = 1;
constexpr uint64_t kResourceVersionField = 2;
constexpr uint64_t kMetadataField = 1;
constexpr uint64_t kDeleteOptionsField = 2;
constexpr uint64_t kNameField = 1;
constexpr uint64_t kNamespaceField = 3;

Status DamagedOptions() { return InvalidError("the body cannot be read: its protobuf is damaged"); }

Status SetDryRun(std::string_view text, WriteOptions* options) {
  if (text != kDryRunAll) {
    return InvalidError("dryRun: Unsupported value: \"" +
                        std::string(CutUtf8(text, kMaxOptionsBytes >> 10)) +
                        "\": supported values: \"All\"");
  }
  options->is_dry_run = true;
  return OkStatus();
}

Status SetGrace(int64_t seconds, WriteOptions* options) {
  // Kubernetes' clients say with it that they say nothing.
  if (seconds == -1) return OkStatus();
  if (seconds < 0) return InvalidError("gracePeriodSeconds: must not be negative");
  options->grace_seconds = seconds;
  return OkStatus();
}

bool TextOf(std::string_view message, uint64_t field, std::string* text) {
  const auto found = ProtobufField(message, field);
  if (!found || FindInvalidUtf8(*found) != std::string_view::npos) return false;
  *text = std::string(*found);
  return true;
}

Status TakeDeleteMessage(std::string_view message, WriteOptions* options) {
  ProtobufReader reader(message);
  while (reader.NextOfEither()) {
    if (reader.field() == kGraceField && reader.number()) {
      RETURN_IF_ERROR(SetGrace(static_cast<int64_t>(*reader.number()), options));
    }
    if (reader.field() == kDryRunField && !reader.number()) {
      RETURN_IF_ERROR(SetDryRun(reader.bytes(), options));
    }
  }
  const auto preconditions = ProtobufField(message, kPreconditionsField);
  const bool is_read = reader.ok() && preconditions &&
                       TextOf(*preconditions, kUidField, &options->uid) &&
                       TextOf(*preconditions, kResourceVersionField, &options->resource_version);
  return is_read ? OkStatus() : DamagedOptions();
}

Status TakeDeleteValue(const Value& value, WriteOptions* options) {
  if (const Value* grace = value.Find("gracePeriodSeconds"); grace != nullptr && !grace->IsNull()) {
    if (!grace->IsInt()) return InvalidError("gracePeriodSeconds: must be a whole number");
    RETURN_IF_ERROR(SetGrace(grace->AsInt(), options));
  }
  for (const Value& word : value.GetList("dryRun")) {
    RETURN_IF_ERROR(SetDryRun(word.IsString() ? word.AsString() : WriteJson(word), options));
  }
  if (const Value* preconditions = value.Find("preconditions")) {
    options->uid = preconditions->GetString("uid");
    options->resource_version = preconditions->GetString("resourceVersion");
  }
  return OkStatus();
}

Result<Value> BodyOf(const ApiRequest& request, std::string_view kind) {
  Result<Value> body = ParseJson(request.body, {.max_bytes = kMaxOptionsBytes, .max_depth = 16});
  if (!body.ok()) return body.status().WithContext(kind);
  if (!body->IsMap() || body->GetString("kind", kind) != kind) {
    return InvalidError("the body is no " + std::string(kind));
  }
  return body;
}

Status TakeEvictionMessage(std::string_view message, WriteOptions* options) {
  const auto metadata = ProtobufField(message, kMetadataField);
  const auto deletion = ProtobufField(message, kDeleteOptionsField);
  const bool is_read = metadata && deletion && TextOf(*metadata, kNameField, &options->name) &&
                       TextOf(*metadata, kNamespaceField, &options->namespace_name);
  return is_read ? TakeDeleteMessage(*deletion, options) : DamagedOptions();
}

Status TakeEvictionValue(const Value& value, WriteOptions* options) {
  if (const Value* metadata = value.Find("metadata")) {
    options->name = metadata->GetString("name");
    options->namespace_name = metadata->GetString("namespace");
  }
  const Value* deletion = value.Find("deleteOptions");
  return deletion == nullptr ? OkStatus() : TakeDeleteValue(*deletion, options);
}

}  // namespace

bool IsDryRun(const ApiRequest& request) { return request.Query("dryRun") == kDryRunAll; }

Result<WriteOptions> ReadWriteOptions(const ApiRequest& request) {
  WriteOptions options;
  const std::string dry_run = request.Query("dryRun");
  if (!dry_run.empty()) RETURN_IF_ERROR(SetDryRun(dry_run, &options));
  return options;
}

Result<WriteOptions> ReadDeleteOptions(const ApiRequest& request) {
  Result<WriteOptions> options = ReadWriteOptions(request);
  if (!options.ok()) return options;
  if (const std::string grace = request.Query("gracePeriodSeconds"); !grace.empty()) {
    int64_t seconds = 0;
    const char* end = grace.data() + grace.size();
    const auto read = std::from_chars(grace.data(), end, seconds);
    if (read.ec != std::errc() || read.ptr != end) {
      return InvalidError("gracePeriodSeconds: must be a whole number");
    }
    RETURN_IF_ERROR(SetGrace(seconds, &*options));
  }
  if (request.body.empty()) return options;
  if (request.content_type == kProtobufType) {
    const auto message = ProtobufObject(request.body);
    RETURN_IF_ERROR(message ? TakeDeleteMessage(*message, &*options) : DamagedOptions());
    return options;
  }
  const Result<Value> body = BodyOf(request, "DeleteOptions");
  if (!body.ok()) return body.status();
  RETURN_IF_ERROR(TakeDeleteValue(*body, &*options));
  return options;
}

Result<WriteOptions> ReadEviction(const ApiRequest& request) {
  Result<WriteOptions> options = ReadWriteOptions(request);
  if (!options.ok()) return options;
  if (request.content_type == kProtobufType) {
    const auto message = ProtobufObject(request.body);
    RETURN_IF_ERROR(message ? TakeEvictionMessage(*message, &*options) : DamagedOptions());
    return options;
  }
  const Result<Value> body = BodyOf(request, "Eviction");
  if (!body.ok()) return body.status();
  RETURN_IF_ERROR(TakeEvictionValue(*body, &*options));
  return options;
}

}  // namespace reconcile
