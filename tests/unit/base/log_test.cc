#include "base/log.h"

#include <gtest/gtest.h>

#include "base/escape.h"
#include "base/value.h"

namespace reconcile {
namespace {

// A record as JSON reads it.
Value Read(const std::string& record) {
  const Result<Value> value = ParseJson("{" + record);
  EXPECT_TRUE(value.ok()) << record << ": " << value.status().message();
  return value.ok() ? *value : Value::MakeMap();
}

// FAULTS 22: CR, LF and escape codes in fields are one structured line.
TEST(JsonLog, Faults22AnyFieldIsOneLineThatReadsBack) {
  const std::string bad =
      "a\r\nlevel=error\x1b[31m\"\\ \xc2\x9b"
      "2J \xe2\x80\xae";
  const std::string record = JsonRecord("message\n" + bad, {{"error", bad}}, "");
  EXPECT_EQ(record.find_first_of("\r\n\x1b"), std::string::npos) << record;
  EXPECT_EQ(record.find("\xc2\x9b"), std::string::npos) << "a terminal would obey it";
  EXPECT_EQ(record.find("\xe2\x80\xae"), std::string::npos) << "it would turn what is read";
  EXPECT_EQ(Read(record).GetString("error"), bad);
  EXPECT_EQ(Read(record).GetString("message"), "message\n" + bad);
}

TEST(JsonLog, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(Read(JsonRecord("x", {{"error", "\xff!"}}, "")).GetString("error"), "\xef\xbf\xbd!");
}

TEST(JsonLog, NamesTheObjectThatARecordIsOf) {
  const auto object = [](const LogFields& fields) {
    return Read(JsonRecord("x", fields, "host-1")).GetString("object");
  };
  EXPECT_EQ(object({{kObjectField, LogObject("Pod", "shop", "web-1")}}), "Pod/shop/web-1");
  EXPECT_EQ(object({{"source", "main"}, {"commit", "abc"}}), "Source/main");
  EXPECT_EQ(object({{"node", "host-2"}}), "Node/host-2");
  EXPECT_EQ(object({{"node", ""}}), "") << "a token for any node";
  EXPECT_EQ(object({{"key", "network"}}), "");
}

TEST(JsonLog, NodeIsTheProcessesUnlessTheRecordNamesOne) {
  EXPECT_EQ(Read(JsonRecord("x", {}, "host-1")).GetString("node"), "host-1");
  EXPECT_EQ(Read(JsonRecord("x", {{"node", "host-2"}}, "host-1")).GetString("node"), "host-2");
  EXPECT_EQ(Read(JsonRecord("x", {}, "")).Find("node"), nullptr);
}

// FAULTS 22: the text form escapes them, for terminals too.
TEST(TextLog, Faults22FieldsAreEscaped) {
  EXPECT_EQ(EscapeForLog("a\r\n\x1b[31m\"\\\xc2\x9b"
                         "2J\xe2\x80\xae"),
            "a\\x0d\\n\\x1b[31m\\\"\\\\\\u009b2J\\u202e");
}

// What is written to standard error, whole.
TEST(Log, WritesBothForms) {
  testing::internal::CaptureStderr();
  LogWarning("it\nhappened", {{"error", "a\nb"}});
  SetLogFormat(LogFormat::kJson);
  SetLogNode("host-1");
  LogWarning("it\nhappened", {{"error", "a\nb"}});
  SetLogFormat(LogFormat::kText);
  SetLogNode("");
  const std::string text = testing::internal::GetCapturedStderr();
  const size_t end = text.find('\n');
  EXPECT_EQ(text.substr(25, end - 25), "W it\\nhappened error=\"a\\nb\"") << text;
  const std::string json = text.substr(end + 1);
  EXPECT_EQ(json.find('\n'), json.size() - 1) << text;
  const Result<Value> value = ParseJson(json);
  ASSERT_TRUE(value.ok()) << json;
  EXPECT_EQ(value->GetString("level"), "warning");
  EXPECT_EQ(value->GetString("message"), "it\nhappened");
  EXPECT_EQ(value->GetString("node"), "host-1");
  EXPECT_EQ(value->GetString("time").size(), std::string("2026-11-21T01:49:59.123Z").size());
}

}  // namespace
}  // namespace reconcile
