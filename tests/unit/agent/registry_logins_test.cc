#include "agent/registry_logins.h"

#include "schema/text.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

void NamePullSecrets(Pod* pod, const std::vector<std::string>& names) {
  Value list = Value::MakeList();
  for (const std::string& name : names) {
    Value reference = Value::MakeMap();
    reference.Set("name", Value::String(name));
    list.Append(std::move(reference));
  }
  pod->spec.others.Set("imagePullSecrets", std::move(list));
}

class RegistryLoginsTest : public StepTest {
 protected:
  void AddSecret(const std::string& name, const std::string& auths,
                 const std::string& type = "kubernetes.io/dockerconfigjson") {
    auto secret = std::make_shared<Secret>();
    secret->metadata.name = name;
    secret->metadata.namespace_name = "default";
    secret->type = type;
    const bool is_config = type == "kubernetes.io/dockerconfigjson";
    secret->data[is_config ? ".dockerconfigjson" : ".dockercfg"] =
        is_config ? "{\"auths\":" + auths + "}" : auths;
    assignment.secrets.push_back(secret);
  }
  PullLogins LoginsTo(const std::string& image, const std::vector<std::string>& secrets = {"s"}) {
    auto pod = MakePod();
    NamePullSecrets(pod.get(), secrets);
    return LoginsFor(assignment, *pod, image);
  }
  // Names of the users that are tried, in order.
  std::string UsersFor(const std::string& image) {
    std::string users;
    for (const RegistryLogin& login : LoginsTo(image).logins) {
      users += (users.empty() ? "" : ",") + login.username;
    }
    return users;
  }
};

TEST_F(RegistryLoginsTest, TheMostSpecificNameOfTheRegistryIsFirst) {
  AddSecret("s", R"({"r.example.com": {"username": "host", "password": "p"},
                     "r.example.com/team": {"username": "path", "password": "p"},
                     "*.example.com": {"username": "glob", "password": "p"},
                     "r.example.com:5000": {"username": "port", "password": "p"},
                     "https://r2.example.com/v2/": {"username": "url", "password": "p"},
                     "https://index.docker.io/v1/": {"username": "hub", "password": "p"}})");
  EXPECT_EQ(UsersFor("r.example.com/team/app:1"), "path,host,glob");
  EXPECT_EQ(UsersFor("r.example.com/other:1"), "host,glob");
  EXPECT_EQ(UsersFor("r.example.com:5000/team/app@sha256:00"), "port");
  EXPECT_EQ(UsersFor("r2.example.com/app"), "url,glob");
  EXPECT_EQ(UsersFor("deep.r.example.com/app"), "") << "a glob stands for one part";
  EXPECT_EQ(UsersFor("example.com/app"), "");
  for (const char* image : {"nginx", "nginx:1", "team/app:1", "docker.io/library/nginx"}) {
    EXPECT_EQ(UsersFor(image), "hub") << image;
  }
  EXPECT_EQ(UsersFor("localhost/app"), "");
}

TEST_F(RegistryLoginsTest, LoginsAreReadAsDockerWritesThem) {
  AddSecret("s", R"({"r:5000": {"auth": ")" + EncodeBase64("me:a:b") + R"("}})");
  AddSecret("old", R"({"r:5000": {"username": "old", "password": "p"}})",
            "kubernetes.io/dockercfg");
  AddSecret("token", R"({"r:5000": {"identitytoken": "t"}, "r:5000/x": {}})");
  const PullLogins found = LoginsTo("r:5000/x/app", {"s", "old", "token"});
  ASSERT_EQ(found.logins.size(), 3U);
  EXPECT_EQ(found.logins[0], (RegistryLogin{"r:5000", "me", "a:b", ""}));
  EXPECT_EQ(found.logins[1], (RegistryLogin{"r:5000", "old", "p", ""}));
  EXPECT_EQ(found.logins[2], (RegistryLogin{"r:5000", "", "", "t"}));
  EXPECT_TRUE(found.missing.empty());
}

TEST_F(RegistryLoginsTest, WhatIsNotThereOrIsNoLoginIsNamed) {
  AddSecret("opaque", "{}", "Opaque");
  AddSecret("s", R"({"r:5000": {"username": "u", "password": "p"}})");
  const PullLogins found = LoginsTo("r:5000/app", {"gone", "opaque", "s"});
  EXPECT_EQ(found.missing, (std::vector<std::string>{"gone", "opaque"}));
  EXPECT_EQ(found.logins.size(), 1U);
  assignment.secrets.front() = std::make_shared<Secret>(*assignment.secrets.back());
  auto pod = MakePod();
  pod->metadata.namespace_name = "elsewhere";
  NamePullSecrets(pod.get(), {"s"});
  EXPECT_TRUE(LoginsFor(assignment, *pod, "r:5000/app").logins.empty()) << "another namespace's";
}

TEST_F(RegistryLoginsTest, NoMoreThanEightAreTried) {
  std::string auths;
  for (int i = 0; i < 12; ++i) {
    auths += (i == 0 ? "" : ",") + ("\"r:5000/" + std::string(static_cast<size_t>(i), 'a')) +
             R"(": {"username": "u", "password": "p"})";
  }
  AddSecret("s", "{" + auths + "}");
  EXPECT_EQ(LoginsTo("r:5000/aaaaaaaaaaaaaaaa").logins.size(), kMaxLoginsTried);
}

TEST_F(RegistryLoginsTest, AFailureWithoutSecretsKeepsNobodyWhoHasThemWaiting) {
  AddSecret("s", R"({"r:5000": {"username": "u", "password": "p"}})");
  auto without = MakePod();
  auto with = MakePod("with", "22222222");
  NamePullSecrets(with.get(), {"s"});
  for (const auto& pod : {without, with}) {
    pod->spec.containers.Edit()[0].image = "r:5000/app:1";
    pod->spec.containers.Edit()[0].image_pull_policy = PullPolicy::kAlways;
    Assign(pod);
  }
  ImageSeen& failed = seen.images["r:5000/app:1"];
  failed.state = ImageSeen::State::kPullFailed;
  failed.failures = 3;
  failed.retry_at = now.mono + 40'000;
  std::vector<PullImageOp> pulls;
  for (int i = 0; i < 10 && pulls.empty(); ++i) {
    const StepResult result = Take();
    pulls = Find<PullImageOp>(result);
    for (const Operation& operation : result.operations) Perform(operation);
  }
  ASSERT_EQ(pulls.size(), 1U);
  ASSERT_EQ(pulls[0].logins.logins.size(), 1U);
  EXPECT_EQ(pulls[0].logins.logins[0].password, "p");
  EXPECT_EQ(pulls[0].image_key, "r:5000/app:1 with default/s");
}

}  // namespace
}  // namespace reconcile
