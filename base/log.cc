#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/escape.h"
#include "base/utf8.h"
#include "base/value.h"

namespace reconcile {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// What every line is written by. spdlog's %v comes last, so that nothing in it is a pattern.
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %L %v";
constexpr const char* kJsonPattern = "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v";
constexpr std::string_view kNodeField = "node";

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto created = std::make_shared<spdlog::logger>(
        "reconcile", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    return created;
  }();
  return *logger;
}

struct Form {
  LogFormat format = LogFormat::kText;
  std::string node;
};

Form& TheForm() {
  static Form form;
  return form;
}

std::string JsonText(std::string_view text) {
  return EscapeForJson(WriteJson(Value::String(ToValidUtf8(text))));
}

std::string TextRecord(std::string_view message, const LogFields& fields) {
  std::string line = EscapeForLog(message);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += "=\"";
    line += EscapeForLog(value);
    line += '"';
  }
  return line;
}

}  // namespace

std::string LogObject(std::string_view kind, std::string_view namespace_name,
                      std::string_view name) {
  std::string object(kind);
  for (const std::string_view part : {namespace_name, name}) {
    if (!part.empty()) object += "/" + std::string(part);
  }
  return object;
}

std::string JsonRecord(std::string_view message, const LogFields& fields, const std::string& node) {
  std::string record = "\"message\":" + JsonText(message);
  const auto add = [&](std::string_view name, std::string_view value) {
    record += "," + JsonText(name) + ":" + JsonText(value);
  };
  for (const auto& [name, value] : fields) add(name, value);
  const auto find = [&](std::string_view name) -> const std::string* {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& field) { return field.first == name; });
    return found == fields.end() ? nullptr : &found->second;
  };
  const std::string* const of_node = find(kNodeField);
  const std::string* const of_source = find("source");
  if (find(kObjectField) == nullptr && of_source != nullptr && !of_source->empty()) {
    add(kObjectField, LogObject("Source", "", *of_source));
  } else if (find(kObjectField) == nullptr && of_node != nullptr && !of_node->empty()) {
    add(kObjectField, LogObject("Node", "", *of_node));
  }
  if (!node.empty() && of_node == nullptr) add(kNodeField, node);
  return record + "}";
}

void Log(LogLevel level, std::string_view message, const LogFields& fields) {
  spdlog::logger& logger = Logger();
  if (!logger.should_log(ToSpdlog(level))) return;
  const Form& form = TheForm();
  const std::string line = form.format == LogFormat::kText ? TextRecord(message, fields)
                                                           : JsonRecord(message, fields, form.node);
  logger.log(ToSpdlog(level), "{}", line);
}

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

void SetLogNode(const std::string& node) { TheForm().node = node; }

void SetLogFormat(LogFormat format) {
  TheForm().format = format;
  Logger().set_pattern(format == LogFormat::kText ? kTextPattern : kJsonPattern,
                       spdlog::pattern_time_type::utc);
}

}  // namespace reconcile
