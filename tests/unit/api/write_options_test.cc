#include "api/write_options.h"

#include "api/protobuf_reader.h"
#include "api/self_reviews.h"

namespace reconcile {
namespace {

ApiRequest WithBody(const std::string& body, const std::string& type = "application/json") {
  ApiRequest request;
  request.body = body;
  request.content_type = type;
  return request;
}

std::string Message(int field, const std::string& bytes) {
  std::string text;
  text += static_cast<char>(field << 3 | 2);
  text += static_cast<char>(bytes.size());
  return text + bytes;
}

// As a Go client writes it: runtime.Unknown with the type and the object.
std::string Unknown(const std::string& raw) {
  return std::string(kProtobufMagic) + Message(1, Message(1, "v1")) + Message(2, raw);
}

TEST(WriteOptions, OfADeletionAreInItsBodyAndItsQuery) {
  const auto options = ReadDeleteOptions(WithBody(
      R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,)"
      R"("propagationPolicy":"Background","preconditions":{"uid":"u"},"dryRun":["All"]})"));
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->grace_seconds, 0);
  EXPECT_EQ(options->uid, "u");
  EXPECT_TRUE(options->is_dry_run);
  ApiRequest request;
  request.query = {{"gracePeriodSeconds", "7"}};
  EXPECT_EQ(ReadDeleteOptions(request)->grace_seconds, 7);
  EXPECT_FALSE(ReadDeleteOptions(ApiRequest())->grace_seconds);
}

TEST(WriteOptions, SayWhatIsWrong) {
  EXPECT_EQ(ReadDeleteOptions(WithBody(R"({"gracePeriodSeconds":-2})")).status().message(),
            "gracePeriodSeconds: must not be negative");
  EXPECT_EQ(ReadDeleteOptions(WithBody(R"({"dryRun":["Some"]})")).status().message(),
            R"(dryRun: Unsupported value: "Some": supported values: "All")");
  EXPECT_EQ(ReadDeleteOptions(WithBody(R"({"kind":"Pod"})")).status().message(),
            "the body is no DeleteOptions");
  EXPECT_FALSE(ReadDeleteOptions(WithBody("{")).ok());
  EXPECT_FALSE(ReadEviction(WithBody("")).ok());
}

TEST(WriteOptions, AreReadFromProtobufToo) {
  // DeleteOptions: gracePeriodSeconds 5, preconditions.uid "u", dryRun "All".
  const std::string deletion =
      std::string("\x08\x05", 2) + Message(2, Message(1, "u")) + Message(5, "All");
  const auto options = ReadDeleteOptions(WithBody(Unknown(deletion), std::string(kProtobufType)));
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->grace_seconds, 5);
  EXPECT_EQ(options->uid, "u");
  EXPECT_TRUE(options->is_dry_run);
  // Eviction: metadata{name, namespace}, deleteOptions.
  const std::string eviction =
      Message(1, Message(1, "web") + Message(3, "shop")) + Message(2, std::string("\x08\x07", 2));
  const auto evicted = ReadEviction(WithBody(Unknown(eviction), std::string(kProtobufType)));
  ASSERT_TRUE(evicted.ok());
  EXPECT_EQ(evicted->name, "web");
  EXPECT_EQ(evicted->namespace_name, "shop");
  EXPECT_EQ(evicted->grace_seconds, 7);
  for (const std::string& damaged :
       {std::string("k8s"), Unknown("\x08"), Unknown(Message(2, "\x0a\x7f"))}) {
    EXPECT_FALSE(ReadDeleteOptions(WithBody(damaged, std::string(kProtobufType))).ok());
  }
}

}  // namespace
}  // namespace reconcile
