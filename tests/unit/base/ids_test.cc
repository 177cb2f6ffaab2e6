#include "base/ids.h"

#include <algorithm>
#include <set>

#include "base/random.h"

namespace reconcile {
namespace {

TEST(Ids, HashesMatchTheirPublishedVectors) {
  EXPECT_EQ(Fnv1a32(""), 0x811c9dc5U);
  EXPECT_EQ(Fnv1a32("foobar"), 0xbf9cf968U);
  EXPECT_EQ(Fnv1a64(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(Fnv1a64("foobar"), 0x85944171f73967e8ULL);
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Ids, UidsAreUuidsThatDependOnTheirPartsAlone) {
  const std::string uid = DeriveUid({"owner", "0", "1"});
  EXPECT_EQ(uid, DeriveUid({"owner", "0", "1"}));
  ASSERT_EQ(uid.size(), 36U);
  for (const size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(uid[dash], '-');
  EXPECT_EQ(uid[14], '8');                                          // version
  EXPECT_NE(std::string("89ab").find(uid[19]), std::string::npos);  // variant
}

TEST(Ids, PartsAreKeptApart) {
  EXPECT_NE(DeriveUid({"ab", "c"}), DeriveUid({"a", "bc"}));
  EXPECT_NE(DeriveUid({"ab"}), DeriveUid({"ab", ""}));
  EXPECT_NE(DeriveUid({"1:a"}), DeriveUid({"", "a"}));
}

TEST(Ids, SuffixesUseTheSafeAlphabetAndDiffer) {
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 500; ++i) {
    const std::string suffix = SafeSuffix(Fnv1a64(std::to_string(i)), 5);
    ASSERT_EQ(suffix.size(), 5U);
    ASSERT_EQ(suffix.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
    seen.insert(suffix);
  }
  EXPECT_GT(seen.size(), 495U);
}

TEST(Ids, GeneratedNamesAreCutTo63Characters) {
  EXPECT_EQ(GenerateName("web-", "abcde"), "web-abcde");
  const std::string name = GenerateName(std::string(80, 'x'), "abcde");
  EXPECT_EQ(name.substr(0, 58), std::string(58, 'x'));
  EXPECT_EQ(name.substr(58), "abcde");
}

TEST(Random, SeededSequencesRepeat) {
  SeededRandom a(42);
  SeededRandom b(42);
  SeededRandom c(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = a.Next();
    EXPECT_EQ(value, b.Next());
    differs = differs || value != c.Next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, BelowStaysBelow) {
  SeededRandom random(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.Below(5));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(random.Below(0), 0U);
}

}  // namespace
}  // namespace reconcile
