#include "api/self_reviews.h"

#include <gtest/gtest.h>

#include "api/protobuf_reader.h"
#include "base/value.h"

namespace reconcile {
namespace {

std::string Field(int number, const std::string& bytes) {
  std::string text(1, static_cast<char>(number << 3 | 2));
  size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7) text += static_cast<char>((size & 0x7f) | 0x80);
  return text + static_cast<char>(size) + bytes;
}
std::string Review(const std::string& spec) {
  return std::string("k8s\0", 4) + Field(1, Field(1, "authorization.k8s.io/v1")) +
         Field(2, Field(1, "") + Field(2, spec));
}

const std::string kPath = "/apis/authorization.k8s.io/v1/";

std::optional<ApiResponse> Ask(const std::string& path, const ApiUser& user,
                               const std::string& type, const std::string& body) {
  ApiRequest request;
  request.method = "POST";
  request.path = path;
  request.user = user;
  request.content_type = type;
  request.body = body;
  return AnswerSelfReview(request);
}

TEST(AccessReview, IsReadFromProtobufAsNewerClientsSendIt) {
  const std::string body =
      Review(Field(1, Field(1, "shop") + Field(2, "delete") + Field(3, "apps") + Field(4, "v1") +
                          Field(5, "deployments") + Field(6, "scale") + Field(7, "web")));
  const Result<Access> access = ReadAccessReview(kProtobufType, body);
  ASSERT_TRUE(access.ok()) << access.status().ToString();
  EXPECT_EQ(access->namespace_name, "shop");
  EXPECT_EQ(access->verb, "delete");
  EXPECT_EQ(access->group, "apps");
  EXPECT_EQ(access->resource, "deployments");
  EXPECT_EQ(access->subresource, "scale");
  EXPECT_EQ(access->name, "web");
  const Result<Access> other =
      ReadAccessReview(kProtobufType, Review(Field(2, Field(1, "/metrics") + Field(2, "get"))));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->path, "/metrics");
  EXPECT_EQ(other->verb, "get");
}

TEST(AccessReview, IsRefusedWhenItsProtobufIsDamaged) {
  const std::string good = Review(Field(1, Field(1, "shop") + Field(2, "delete")));
  ASSERT_TRUE(ReadAccessReview(kProtobufType, good).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    const Result<Access> access = ReadAccessReview(kProtobufType, good.substr(0, size));
    EXPECT_TRUE(!access.ok() || access->verb.empty()) << size;  // or cut between two fields
  }
  EXPECT_FALSE(ReadAccessReview(kProtobufType, "k8s").ok());
  EXPECT_FALSE(ReadAccessReview(kProtobufType, Review(Field(1, Field(1, "\xff")))).ok());
  EXPECT_FALSE(ReadAccessReview(kProtobufType, good + std::string(kMaxReviewBytes, '\0')).ok());
}

TEST(AccessReview, SaysWhatAuthorizeSays) {
  const ApiUser user{"anna", {"reconcile:view:shop"}};
  const auto ask = [&](const std::string& attributes) {
    const auto answer = Ask(kPath + "selfsubjectaccessreviews", user, "application/json",
                            R"({"spec": {"resourceAttributes": )" + attributes + "}}");
    return ParseJson(answer->body)->Find("status")->GetBool("allowed");
  };
  EXPECT_TRUE(ask(R"({"namespace": "shop", "verb": "list", "resource": "pods"})"));
  EXPECT_FALSE(ask(R"({"namespace": "other", "verb": "list", "resource": "pods"})"));
  EXPECT_FALSE(ask(R"({"namespace": "shop", "verb": "get", "resource": "secrets"})"));
  EXPECT_FALSE(ask(R"({"namespace": "shop", "verb": "*", "resource": "*"})"));
  EXPECT_FALSE(ask(R"({"namespace": "shop", "verb": "get", "resource": "*"})"));
}

TEST(RulesReview, ListsWhatIsAllowedInANamespace) {
  const ApiUser user{"anna", {"reconcile:view:shop"}};
  const auto rules = [&](const std::string& where) {
    const auto answer = Ask(kPath + "selfsubjectrulesreviews", user, std::string(kProtobufType),
                            Review(Field(1, where)));
    EXPECT_EQ(answer->code, 201);
    return answer->body;
  };
  EXPECT_NE(rules("shop").find("\"pods\""), std::string::npos);
  EXPECT_EQ(rules("shop").find("\"secrets\""), std::string::npos);
  EXPECT_EQ(rules("other").find("\"pods\""), std::string::npos);
}

TEST(SelfReview, SaysWhoAsks) {
  const auto answer = Ask("/apis/authentication.k8s.io/v1/selfsubjectreviews",
                          {"anna", {"reconcile:view"}}, std::string(kProtobufType), "");
  ASSERT_TRUE(answer.has_value());
  const Value review = *ParseJson(answer->body);
  EXPECT_EQ(review.GetString("apiVersion"), "authentication.k8s.io/v1");
  EXPECT_EQ(review.Find("status")->Find("userInfo")->GetString("username"), "anna");
}

TEST(SelfReview, IsNotWhatOthersAre) {
  EXPECT_FALSE(Ask("/api/v1/pods", {"anna", {}}, "application/json", "{}").has_value());
}

TEST(ProtobufReader, PassesOverNumbersAndStopsAtDamage) {
  EXPECT_EQ(ProtobufField(std::string("\x08\x96\x01", 3) + Field(2, "x"), 2), "x");
  EXPECT_EQ(ProtobufField("", 1), "");
  EXPECT_EQ(ProtobufField(std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), 1),
            std::nullopt);
  EXPECT_EQ(ProtobufField("\x0b", 1), std::nullopt);                      // a group
  EXPECT_EQ(ProtobufField(std::string("\x02\x00", 2), 1), std::nullopt);  // field 0
}

}  // namespace
}  // namespace reconcile
