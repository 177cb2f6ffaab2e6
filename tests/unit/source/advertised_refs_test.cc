#include "source/advertised_refs.h"

#include <gtest/gtest.h>

#include "source/fetch_protocol.h"

namespace reconcile {
namespace {

std::string Id(char c) { return std::string(40, c); }

const std::vector<AdvertisedRef> kRefs = {
    {"HEAD", Id('1'), "refs/heads/main"}, {"refs/heads/main", Id('1'), ""},
    {"refs/heads/next", Id('2'), ""},     {"refs/heads/both", Id('2'), ""},
    {"refs/heads/same", Id('3'), ""},     {"refs/tags/both", Id('4'), ""},
    {"refs/tags/same", Id('5'), ""},      {"refs/tags/same^{}", Id('3'), ""},
    {"refs/tags/v1.2.0", Id('6'), ""},    {"refs/tags/v1.2.0^{}", Id('7'), ""},
    {"refs/pull/1/head", Id('8'), ""}};

WantedRef Find(const std::string& revision, const std::string& semver = "") {
  const auto wanted = FindWantedRef(kRefs, revision, semver);
  EXPECT_TRUE(wanted.ok()) << revision << ": " << wanted.status().ToString();
  return wanted.ok() ? *wanted : WantedRef();
}

TEST(AdvertisedRefs, NamesAreBranchesTagsAndFullNames) {
  EXPECT_EQ(Find("").names, std::vector<std::string>{"refs/heads/main"});
  EXPECT_EQ(Find("").reference, "main");
  EXPECT_EQ(Find("HEAD").id, Id('1'));
  EXPECT_EQ(Find("next").id, Id('2'));
  EXPECT_EQ(Find("v1.2.0").id, Id('7'));  // of the commit
  EXPECT_EQ(Find("v1.2.0").kind, WantedRef::Kind::kTag);
  EXPECT_EQ(Find("same").id, Id('3'));
  EXPECT_EQ(Find("refs/pull/1/head").id, Id('8'));
  EXPECT_EQ(Find("", "1.x").reference, "v1.2.0");
}

TEST(AdvertisedRefs, ABranchAndATagOfDifferentCommitsAreRefused) {
  const Status status = FindWantedRef(kRefs, "both", "").status();
  EXPECT_NE(status.message().find("write refs/heads/both or refs/tags/both"), std::string::npos);
}

TEST(AdvertisedRefs, CommitsAreFoundByTheirReferenceOrAmongAllBranchesAndTags) {
  EXPECT_EQ(Find(Id('2')).names, std::vector<std::string>{"refs/heads/next"});
  EXPECT_EQ(Find(Id('9')).names.size(), 7U);
  EXPECT_EQ(Find("abcd").kind, WantedRef::Kind::kCommit);
  EXPECT_FALSE(FindWantedRef(kRefs, "abc", "").ok());
  EXPECT_FALSE(FindWantedRef(kRefs, "refs/heads/abcd", "").ok());
}

TEST(AdvertisedRefs, AnEmptyRepositoryIsSaidToBeOne) {
  EXPECT_NE(FindWantedRef({}, "", "").status().message().find("no commits"), std::string::npos);
  EXPECT_NE(FindWantedRef({}, "main", "").status().message().find("no branches or tags yet"),
            std::string::npos);
}

TEST(AdvertisedRefs, TheirNumberIsLimited) {
  const std::vector<AdvertisedRef> many(kMaxAdvertisedRefs + 1, {"refs/heads/x", Id('1'), ""});
  EXPECT_NE(FindWantedRef(many, "x", "").status().message().find("kMaxAdvertisedRefs"),
            std::string::npos);
}

TEST(FetchProtocol, CarriesRequestsWhole) {
  FetchRequest request;
  request.repository = "https://host/x";
  request.revision = "main";
  request.folder = "/var/lib/x\xff";
  request.user = 1'879'048'192;
  request.known_hosts = "a\nb\n";
  request.secrets.password = std::string("\0\xff\n", 3);
  request.secrets.ssh_key = "-----BEGIN";
  request.limits.max_objects = 7;
  const auto read = DecodeFetchRequest(EncodeFetchRequest(request));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->repository, request.repository);
  EXPECT_EQ(read->folder, request.folder);
  EXPECT_EQ(read->user, request.user);
  EXPECT_EQ(read->known_hosts, request.known_hosts);
  EXPECT_EQ(read->secrets.password, request.secrets.password);
  EXPECT_EQ(read->secrets.ssh_key, request.secrets.ssh_key);
  EXPECT_EQ(read->limits.max_objects, 7);
  EXPECT_FALSE(DecodeFetchRequest("{}").ok());
}

TEST(FetchProtocol, CarriesAnswersAndTakesNothingElse) {
  FetchAnswer answer;
  answer.commit = Id('a');
  answer.reference = "main";
  answer.rewritten_from = Id('b');
  answer.cache_packs = 3;
  const auto read = DecodeFetchAnswer(EncodeFetchAnswer(answer));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->commit, answer.commit);
  EXPECT_EQ(read->rewritten_from, answer.rewritten_from);
  EXPECT_EQ(read->cache_packs, 3);
  FetchAnswer refusal;
  refusal.status = InvalidError("no");
  refusal.offered_key = HostKey{"ssh-ed25519", std::string("\0\1", 2)};
  const auto refused = DecodeFetchAnswer(EncodeFetchAnswer(refusal));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->status, refusal.status);
  EXPECT_EQ(refused->offered_key->blob, refusal.offered_key->blob);
  answer.commit = "main";  // no id
  EXPECT_EQ(DecodeFetchAnswer(EncodeFetchAnswer(answer)).status().code(), StatusCode::kInternal);
  answer.commit.clear();  // no commit, and no error either
  for (const std::string& text : {EncodeFetchAnswer(answer), std::string(), std::string("[]"),
                                  std::string(kMaxFetchAnswerBytes + 1, ' ')}) {
    EXPECT_EQ(DecodeFetchAnswer(text).status().code(), StatusCode::kInternal);
  }
}

}  // namespace
}  // namespace reconcile
