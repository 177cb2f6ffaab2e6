// Servers that misbehave, by the lines of the list of faults.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "base/epoll_loop.h"
#include "source/fetch_protocol.h"
#include "tests/contract/source/servers.h"

namespace reconcile {
namespace {

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t all = 0;
  int64_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

class RemoteFaults : public ::testing::Test {
 protected:
  RemoteFaults() { repository_.Commit({{"a.yaml", "1"}}); }

  // What the misbehaving server does under this name.
  static SourceSpec Bad(const std::string& mode) {
    SourceSpec spec;
    spec.repository =
        "https://127.0.0.1:" + SharedServers::Get().Port("badPort") + "/" + mode + "/x.git";
    spec.credentials.ca_file = SharedServers::Get().File("ca.pem");
    return spec;
  }
  void FetchWithin(int64_t timeout_ms, GitLimits limits = {}) {
    RemoteOptions options;
    options.fetch.timeout_ms = timeout_ms;
    git_.Restart(limits, options);
  }
  Status Failure(const SourceSpec& spec) {
    const Status status = git_.Fetch(spec).status();
    EXPECT_FALSE(status.ok());
    return status;
  }
  // Starts a fetch that goes nowhere, reads another repository meanwhile, and gives the first's
  // end.
  Status FailureWhileAnotherGoesOn(const SourceSpec& spec, bool hangs = true) {
    Status failure;
    bool ended = false;
    git_.source().Fetch(spec, [&](Result<FetchedCommit> commit) {
      failure = commit.status();
      ended = true;
    });
    const auto other = git_.Fetch(SharedServers::Https(repository_.path()));
    EXPECT_TRUE(other.ok()) << other.status().ToString();
    if (hangs) {
      EXPECT_FALSE(ended) << failure.ToString();
    }
    EXPECT_TRUE(git_.RunUntil([&] { return ended; }));
    return failure;
  }

  TestRepository repository_{SharedServers::NewRepositoryPath()};
  GitSourceUnderTest git_;
};

TEST_F(RemoteFaults, Line07_OtherTransportsAndForbiddenAddressesAreRefused) {
  for (const char* repository :
       {"ext::sh -c touch% /tmp/x", "file:///etc", "http://127.0.0.1/x", "git://127.0.0.1/x",
        "ssh://-oProxyCommand=x/y", "git@127.0.0.1:-u/x", "https://169.254.169.254/x",
        "https://[fe80::1]/x", "https://0.0.0.0/x"}) {
    SourceSpec spec;
    spec.repository = repository;
    EXPECT_EQ(Failure(spec).code(), StatusCode::kInvalid) << repository;
  }
}

TEST_F(RemoteFaults, Line07_ANameThatLeadsToAForbiddenAddressIsRefused) {
  const std::string hosts = git_.data_folder() + "/hosts";
  WriteFile(hosts,
            "169.254.169.254 metadata.test\n127.0.0.1 loop.test\nfe80::1 link.test\n"
            "::ffff:169.254.169.254 mapped.test\n");
  for (const char* host : {"metadata.test", "loop.test", "link.test", "mapped.test"}) {
    FetchRequest request;
    request.repository = "https://" + std::string(host) + "/x.git";
    request.folder = git_.data_folder();
    const std::string answer =
        RunTool({"unshare", "-m", "sh", "-c",
                 "mount --bind \"$0\" /etc/hosts && exec \"$1\" git-fetch", hosts, GIT_READ_HELPER},
                EncodeFetchRequest(request));
    const auto decoded = DecodeFetchAnswer(answer);
    ASSERT_TRUE(decoded.ok()) << answer;
    EXPECT_EQ(decoded->status.code(), StatusCode::kInvalid) << host;
    EXPECT_NE(decoded->status.message().find("that no repository is fetched from"),
              std::string::npos)
        << decoded->status.ToString();
  }
}

TEST_F(RemoteFaults, Line08_ARedirectToAnotherHostIsRefusedAndNothingIsSentThere) {
  SourceSpec spec = SharedServers::Https(repository_.path(), "away");
  spec.credentials.token_file = SharedServers::Get().File("token.txt");
  const Status status = Failure(spec);
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("sends on to \"https://127.0.0.2:"), std::string::npos)
      << status.ToString();
  const Value requests = SharedServers::Get().Command("requests");
  for (const Value& request : requests.AsList()) {
    EXPECT_EQ(request.GetString("authorization"), "") << request.GetString("path");
    EXPECT_FALSE(request.GetString("path").starts_with("/away")) << request.GetString("path");
  }
}

TEST_F(RemoteFaults, Line09_APackThatInflatesToGigabytesFailsAloneAndCostsTheParentNothing) {
  EXPECT_TRUE(git_.Fetch(SharedServers::Https(repository_.path())).ok());
  const int64_t before = ResidentBytes();
  const Status status = FailureWhileAnotherGoesOn(Bad("bomb"), false);
  EXPECT_NE(status.code(), StatusCode::kOk);
  EXPECT_NE(status.message().find("memory_bytes"), std::string::npos) << status.ToString();
  EXPECT_LT(ResidentBytes() - before, 8 << 20);
  EXPECT_TRUE(git_.Fetch(SharedServers::Https(repository_.path())).ok());
}

TEST_F(RemoteFaults, Line09_WhatIsSentBeyondTheLimitIsNotTaken) {
  RemoteOptions options;
  options.fetch.max_pack_bytes = 1 << 20;
  git_.Restart({}, options);
  const Status status = Failure(Bad("flood"));
  EXPECT_NE(status.message().find("max_pack_bytes"), std::string::npos) << status.ToString();
  options.fetch.max_pack_bytes = FetchLimits().max_pack_bytes;
  options.fetch.max_objects = 2;
  git_.Restart({}, options);
  const Status objects = Failure(SharedServers::Https(repository_.path()));
  EXPECT_NE(objects.message().find("max_objects"), std::string::npos) << objects.ToString();
}

TEST_F(RemoteFaults, Line10_SilentAndTricklingServersAreGivenUpWhileOthersGoOn) {
  FetchWithin(8'000);
  SourceSpec deaf;
  deaf.repository = "ssh://git@127.0.0.1:" + SharedServers::Get().Port("deafPort") + "/x.git";
  deaf.credentials.ssh_key_file = SharedServers::Get().File("client_key");
  for (const SourceSpec& spec : {Bad("silent"), Bad("trickle"), deaf}) {
    const MonoTime start = ReadSystemClock().mono;
    const Status status = FailureWhileAnotherGoesOn(spec);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
    EXPECT_LT(ReadSystemClock().mono - start, 30'000) << spec.repository;
  }
}

TEST_F(RemoteFaults, Line10_AServerThatIsNoneIsNamed) {
  EXPECT_NE(Failure(Bad("html")).message().find("no Git server"), std::string::npos);
  EXPECT_NE(Failure(Bad("nothing")).message().find("404"), std::string::npos);
  SourceSpec closed = Bad("x");
  closed.repository = "https://127.0.0.1:1/x.git";
  EXPECT_EQ(Failure(closed).code(), StatusCode::kUnavailable);
  SourceSpec missing = SharedServers::Ssh(SharedServers::Folder() + "/missing");
  WriteFile(git_.data_folder() + "/known_hosts", SharedServers::Get().Text("knownHosts"));
  EXPECT_NE(Failure(missing).message().find("no such repository"), std::string::npos);
}

TEST_F(RemoteFaults, Line11_ARewrittenBranchIsFollowedAndSaid) {
  repository_.Commit({{"a.yaml", "2"}});
  SourceSpec spec = SharedServers::Https(repository_.path());
  const auto first = git_.Fetch(spec);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->warnings.empty());
  repository_.Git({"commit", "-q", "--amend", "-m", "another"});
  git_.Restart();  // the cache knows
  const auto second = git_.Fetch(spec);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_NE(second->id, first->id);
  EXPECT_NE(DescribeWarnings(*second).find("\"main\" was rewritten"), std::string::npos)
      << DescribeWarnings(*second);
  const auto third = git_.Fetch(spec);
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(third->warnings.empty());
}

TEST_F(RemoteFaults, Line13_AHostKeyIsRefusedUntilAPersonAcceptsItAlsoWhenItChanges) {
  const SourceSpec spec = SharedServers::Ssh(repository_.path());
  GitServers& servers = SharedServers::Get();
  const std::string key = servers.Text("hostKey");
  const Status unknown = Failure(spec);
  EXPECT_EQ(unknown.code(), StatusCode::kInvalid);
  EXPECT_NE(unknown.message().find("is not known: it shows ssh-ed25519 " + key), std::string::npos)
      << unknown.ToString();
  EXPECT_NE(unknown.message().find("`reconcile source accept-host-key NAME " + key + "`"),
            std::string::npos);
  // Another fingerprint than the one that was shown is not accepted.
  const std::string other = "SHA256:" + std::string(43, 'A');
  EXPECT_EQ(git_.source().AcceptHostKey(spec, other).code(), StatusCode::kInvalid);
  ASSERT_TRUE(git_.source().AcceptHostKey(spec, key).ok());
  EXPECT_TRUE(git_.Fetch(spec).ok());
  EXPECT_EQ(git_.source().AcceptHostKey(spec, key).code(), StatusCode::kNotFound);

  const std::string accepted_logins = servers.Command("ssh_log").AsString();
  const std::string new_key = servers.ChangeHostKey();
  const Status changed = Failure(spec);
  EXPECT_NE(changed.message().find("CHANGED: it shows ssh-ed25519 " + new_key), std::string::npos)
      << changed.ToString();
  // No key of ours was offered to it.
  const std::string log = servers.Command("ssh_log").AsString().substr(accepted_logins.size());
  EXPECT_EQ(log.find("Accepted publickey"), std::string::npos) << log;
  ASSERT_TRUE(git_.source().AcceptHostKey(spec, new_key).ok());
  git_.Restart();  // it is written down
  const auto commit = git_.Fetch(spec);
  EXPECT_TRUE(commit.ok()) << commit.status().ToString();
}

TEST_F(RemoteFaults, Line13_AFileOfKnownHostsDecidesWhereItIsGiven) {
  WriteFile(git_.data_folder() + "/hosts", "other.example ssh-ed25519 AAAA\n");
  const SourceSpec spec = SharedServers::Ssh(repository_.path(), git_.data_folder() + "/hosts");
  const Status status = Failure(spec);
  EXPECT_NE(status.message().find("put the key into " + git_.data_folder() + "/hosts"),
            std::string::npos)
      << status.ToString();
  EXPECT_EQ(git_.source().AcceptHostKey(spec, SharedServers::Get().Text("hostKey")).code(),
            StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
