#include "source/repository_url.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

namespace reconcile {
namespace {

std::string Refusal(const std::string& text) {
  const auto url = ParseRepositoryUrl(text);
  EXPECT_FALSE(url.ok()) << text << " is taken as " << (url.ok() ? url->ToString() : "");
  return url.status().message();
}

std::string Bytes(const std::string& address) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), bytes.data()), 1) << address;
  return {bytes.data(), 16};
}

TEST(RepositoryUrl, TakesHttpsSshAndScpLike) {
  const auto https = ParseRepositoryUrl("https://Git.example.org:8443/team/shop.git");
  ASSERT_TRUE(https.ok()) << https.status().ToString();
  EXPECT_EQ(https->host, "git.example.org");
  EXPECT_EQ(https->port, 8443);
  EXPECT_EQ(https->path, "/team/shop.git");
  EXPECT_EQ(https->ToString(), "https://git.example.org:8443/team/shop.git");
  const auto ssh = ParseRepositoryUrl("ssh://deploy@[2001:db8::1]:2222/~ops/shop.git");
  ASSERT_TRUE(ssh.ok()) << ssh.status().ToString();
  EXPECT_EQ(ssh->user, "deploy");
  EXPECT_EQ(ssh->host, "2001:db8::1");
  EXPECT_EQ(ssh->port, 2222);
  EXPECT_EQ(ssh->path, "~ops/shop.git");
  const auto scp = ParseRepositoryUrl("git@example.org:team/shop.git");
  ASSERT_TRUE(scp.ok()) << scp.status().ToString();
  EXPECT_EQ(scp->user, "git");
  EXPECT_EQ(scp->port, 22);
  EXPECT_EQ(scp->path, "team/shop.git");
  EXPECT_EQ(scp->HostAndPort(), "example.org");
  EXPECT_TRUE(ParseRepositoryUrl("https://127.0.0.1:8443/x").ok());
  EXPECT_TRUE(ParseRepositoryUrl("https://localhost/x")->IsLoopback());
}

TEST(RepositoryUrl, Line07_OtherTransportsAndOptionsAreRefused) {
  for (const char* text : {"ext::sh -c touch% /tmp/x",
                           "ext::sh",
                           "file:///etc",
                           "file://host/x",
                           "git://host/x",
                           "http://host/x",
                           "ftp://host/x",
                           "-upload-pack=x",
                           "--upload-pack=touch",
                           "ssh://-oProxy/x",
                           "ssh://git@-oProxyCommand=x/y",
                           "git@-oProxy:x",
                           "-u@host:x",
                           "ssh://-u@host/x",
                           "git@host:-u/x",
                           "ssh://host/-u",
                           "https://host",
                           "https://host/",
                           "https:///x",
                           "ssh://host",
                           "https://host/a/../b",
                           "https://host/..",
                           "git@host:..",
                           "git@host:../team/shop",
                           "host:x",
                           "",
                           "https://ho st/x",
                           "https://h/x\n",
                           "https://h\x01/x",
                           "https://h\xc3\xa9/x",
                           "https://host:0/x",
                           "https://host:99999/x",
                           "https://host:/x",
                           "https://[::1/x",
                           "https://::1/x",
                           "https://[host]/x",
                           "https://host/x?y",
                           "https://host/x#y",
                           "https://0x7f000001/x",
                           "https://2130706433/x",
                           "fd::17/foo",
                           "https://1.2.3/x"}) {
    EXPECT_FALSE(Refusal(text).empty()) << text;
  }
}

TEST(RepositoryUrl, Line07_LinkLocalAndMetadataAddressesAreRefused) {
  for (const char* host : {"169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255",
                           "[fe80::1]", "[ff02::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
                           "[64:ff9b::a9fe:a9fe]", "[::]", "100.100.100.200"}) {
    EXPECT_NE(Refusal("https://" + std::string(host) + "/x").find("no repository is fetched"),
              std::string::npos)
        << host;
  }
}

TEST(RepositoryUrl, APasswordInItIsRefusedAndNotRepeated) {
  for (const char* text :
       {"https://user:canary@host/x", "https://canary@host/x", "ssh://git:canary@host/x"}) {
    const std::string message = Refusal(text);
    EXPECT_EQ(message.find("canary"), std::string::npos) << message;
    EXPECT_NE(message.find("in it"), std::string::npos) << message;
  }
}

TEST(RepositoryUrl, ItsLimitIsNamed) {
  const std::string text = "https://host/" + std::string(RepositoryUrl::kMaxBytes, 'a');
  EXPECT_NE(Refusal(text).find("kMaxBytes"), std::string::npos);
}

TEST(RepositoryUrl, PathsAreNoUrls) {
  for (const char* text : {"/srv/git", "/srv/a@b:c", "/a://b", "./a:b"}) {
    EXPECT_FALSE(IsRemoteRepository(text)) << text;
  }
  for (const char* text : {"https://x", "git@host:x", "ext::sh", "ssh://x", "file:///x"}) {
    EXPECT_TRUE(IsRemoteRepository(text)) << text;
  }
  EXPECT_EQ(CheckRepository("/srv/git"), "");
  EXPECT_NE(CheckRepository("srv/git"), "");
}

TEST(ForbiddenAddresses, AreTheSameInEverySpelling) {
  for (const char* address :
       {"169.254.0.1", "0.1.2.3", "239.1.1.1", "240.0.0.1", "fe80::1", "febf::1", "ff0e::1",
        "::ffff:169.254.1.1", "::169.254.1.1", "64:ff9b::169.254.1.1", "fd00:ec2::254"}) {
    EXPECT_TRUE(IsForbiddenAddress(Bytes(address), true)) << address;
  }
  for (const char* address :
       {"10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(IsForbiddenAddress(Bytes(address), false)) << address;
  }
  for (const char* address : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsForbiddenAddress(Bytes(address), false)) << address;
    EXPECT_FALSE(IsForbiddenAddress(Bytes(address), true)) << address;
  }
  EXPECT_TRUE(IsForbiddenAddress("abc", true));
}

}  // namespace
}  // namespace reconcile
