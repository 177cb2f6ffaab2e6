#include "link/enrollment_files.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "link/enrollment_state.h"
#include "tests/unit/link_io/enrollment_fixture.h"

namespace reconcile {
namespace {

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void Spill(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  CHECK(::chmod(path.c_str(), 0600) == 0);
}

mode_t ModeOf(const std::string& path) {
  struct stat found = {};
  CHECK(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

class EnrollmentFilesTest : public EnrollmentFixture {
 protected:
  std::string File(const std::string& name) const { return folder() + "/" + name; }
};

TEST_F(EnrollmentFilesTest, AreForTheirOwnerAlone) {
  Token();
  EXPECT_EQ(ModeOf(folder()), 0700u);
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_EQ(ModeOf(entry.path()), 0600u) << entry.path();
  }
}

// FAULTS 25
TEST_F(EnrollmentFilesTest, HoldNoTokensSecret) {
  const std::string secret = ParseJoinToken(Token())->secret;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_EQ(Slurp(entry.path()).find(secret), std::string::npos) << entry.path();
  }
}

TEST_F(EnrollmentFilesTest, AreRefusedWhenOthersMayReadThem) {
  for (const std::string name : {"ca-1.key", "ca-1.crt", "enrollment.json"}) {
    ASSERT_EQ(::chmod(File(name).c_str(), 0640), 0);
    const Status status = OpenError();
    ExpectRefused(status, StatusCode::kInvalid, "other users may read");
    ExpectRefused(status, StatusCode::kInvalid, "chmod 600");
    ASSERT_EQ(::chmod(File(name).c_str(), 0600), 0);
  }
  ASSERT_EQ(::chmod(folder().c_str(), 0750), 0);
  ExpectRefused(OpenError(), StatusCode::kInvalid, "chmod 700");
  ASSERT_EQ(::chmod(folder().c_str(), 0700), 0);
  Reopen();
}

TEST_F(EnrollmentFilesTest, AnEmptyFolderOthersMayReadIsRefusedToo) {
  const std::string other = parent_ + "/shared";
  ASSERT_EQ(::mkdir(other.c_str(), 0755), 0);
  ASSERT_EQ(::chmod(other.c_str(), 0755), 0);
  ExpectRefused(Enrollment::Open(other, &random_, now_).status(), StatusCode::kInvalid,
                "chmod 700");
  ASSERT_EQ(::chmod(other.c_str(), 0700), 0);
  EXPECT_TRUE(Enrollment::Open(other, &random_, now_).ok());
}

TEST_F(EnrollmentFilesTest, AreNeverMadeAnewWhenOneIsMissing) {
  for (const std::string name : {"ca-1.key", "ca-1.crt", "enrollment.json"}) {
    enrollment_.reset();
    std::filesystem::rename(File(name), parent_ + "/aside");
    const Status status = OpenError();
    ExpectRefused(status, StatusCode::kInvalid, name + " cannot be used: it is missing");
    ExpectRefused(status, StatusCode::kInvalid, "Put a copy of the whole folder back");
    EXPECT_FALSE(std::filesystem::exists(File(name)));
    std::filesystem::rename(parent_ + "/aside", File(name));
  }
  Reopen();
}

TEST_F(EnrollmentFilesTest, AreRefusedWhenTamperedWith) {
  Token();
  enrollment_.reset();
  const std::string list = Slurp(File("enrollment.json"));
  std::string more_uses = list;
  const size_t at = more_uses.find("\"maxUses\": 1");
  ASSERT_NE(at, std::string::npos);
  more_uses[at + 11] = '9';
  Spill(File("enrollment.json"), more_uses);
  ExpectRefused(OpenError(), StatusCode::kInvalid, "checksum does not fit");
  Spill(File("enrollment.json"), list.substr(0, list.size() / 2));
  ExpectRefused(OpenError(), StatusCode::kInvalid, "cannot be used");
  Spill(File("enrollment.json"), "");
  ExpectRefused(OpenError(), StatusCode::kInvalid, "cannot be used");
  Spill(File("enrollment.json"), std::string(kMaxStateBytes + 1, ' '));
  ExpectRefused(OpenError(), StatusCode::kInvalid, "more than 16777216 bytes");
  Spill(File("enrollment.json"), list);
  Reopen();
}

TEST_F(EnrollmentFilesTest, AreRefusedWhenTheyDoNotBelongTogether) {
  const auto other = Enrollment::Open(parent_ + "/other", &random_, now_);
  ASSERT_TRUE(other.ok());
  const std::string key = Slurp(File("ca-1.key"));
  const std::string certificate = Slurp(File("ca-1.crt"));
  Spill(File("ca-1.key"), Slurp(parent_ + "/other/ca-1.key"));
  ExpectRefused(OpenError(), StatusCode::kInvalid, "is not the key of ca-1.crt");
  Spill(File("ca-1.key"), "no key");
  ExpectRefused(OpenError(), StatusCode::kInvalid, "is not the key of ca-1.crt");
  Spill(File("ca-1.key"), key);
  Spill(File("ca-1.crt"), Slurp(parent_ + "/other/ca-1.crt"));
  ExpectRefused(OpenError(), StatusCode::kInvalid, "is not the CA that enrollment.json names");
  Spill(File("ca-1.crt"), "");
  ExpectRefused(OpenError(), StatusCode::kInvalid, "is not the CA that enrollment.json names");
  Spill(File("ca-1.crt"), certificate);
  Reopen();
}

// A crash between writing and renaming leaves the unfinished file, and what was acknowledged.
TEST_F(EnrollmentFilesTest, SurviveACrashAmidAWrite) {
  const PeerCertificate peer = Joined("n1");
  Spill(File("enrollment.json.new"), "{\"format\":1,\"cont");
  Spill(File("ca-2.key.new"), "-----BEGIN");
  Reopen();
  EXPECT_TRUE(enrollment_->CheckPeer(peer, now_).ok());
  EXPECT_FALSE(std::filesystem::exists(File("enrollment.json.new")));
  EXPECT_TRUE(Join(Token(), "n2").ok());
}

TEST_F(EnrollmentFilesTest, SurviveACrashAmidTheFirstStart) {
  const std::string fresh = parent_ + "/fresh";
  ASSERT_EQ(::mkdir((fresh + ".new").c_str(), 0700), 0);
  Spill(fresh + ".new/ca-1.key", "half");
  EXPECT_TRUE(Enrollment::Open(fresh, &random_, now_).ok());
  EXPECT_FALSE(std::filesystem::exists(fresh + ".new"));
}

TEST_F(EnrollmentFilesTest, AreUsedByOneProcessAtATime) {
  const auto second = Enrollment::Open(folder(), &random_, now_);
  ExpectRefused(second.status(), StatusCode::kUnavailable, "in use by another process");
}

TEST_F(EnrollmentFilesTest, LinksAndFoldersAmongThemAreRefused) {
  enrollment_.reset();
  std::filesystem::rename(File("ca-1.key"), parent_ + "/elsewhere");
  std::filesystem::create_symlink(parent_ + "/elsewhere", File("ca-1.key"));
  ExpectRefused(OpenError(), StatusCode::kInvalid, "is not a file");
}

// FAULTS 27: what the disk refuses has not happened, and can be tried again.
TEST_F(EnrollmentFilesTest, ADiskThatRefusesLeavesEverythingAsItWas) {
  const std::string token = Token();
  const PeerCertificate peer = Joined("n1");
  std::filesystem::rename(folder(), parent_ + "/gone");
  EXPECT_EQ(Join(token, "n2").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(enrollment_->CreateToken({}, now_).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(enrollment_->RevokeNode("n1", now_).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Renewed(peer).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(enrollment_->BeginRotation(now_).code(), StatusCode::kUnavailable);
  EXPECT_TRUE(enrollment_->CheckPeer(peer, now_).ok());
  EXPECT_EQ(enrollment_->Nodes(now_).size(), 1u);
  EXPECT_EQ(enrollment_->Authorities(now_).authorities.size(), 1u);
  std::filesystem::rename(parent_ + "/gone", folder());
  EXPECT_TRUE(Join(token, "n2").ok());
  EXPECT_TRUE(enrollment_->RevokeNode("n1", now_).ok());
}

TEST_F(EnrollmentFilesTest, OpenSaysWhatIsWrongWithThePlace) {
  EXPECT_EQ(Enrollment::Open(parent_ + "/no/such/folder", &random_, now_).status().code(),
            StatusCode::kUnavailable);
  Spill(parent_ + "/file", "");
  ExpectRefused(Enrollment::Open(parent_ + "/file", &random_, now_).status(), StatusCode::kInvalid,
                "is not a folder");
}

}  // namespace
}  // namespace reconcile
