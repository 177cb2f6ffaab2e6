#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "link/enrollment.h"

namespace reconcile {

inline constexpr WallTime kEnrollmentStart{1'800'000'000'000};  // 2027-01-15T08:00:00Z
inline constexpr int64_t kHourMs = 3'600'000;
inline constexpr int64_t kDayMs = 24 * kHourMs;

// A controller's enrollment in a folder of its own, and hosts that join it.
class EnrollmentFixture : public testing::Test {
 protected:
  EnrollmentFixture() {
    std::string path = (std::filesystem::temp_directory_path() / "rc-ca-XXXXXX").string();
    CHECK(mkdtemp(path.data()) != nullptr);
    parent_ = path;
    Reopen();
  }
  ~EnrollmentFixture() override {
    std::error_code error;
    std::filesystem::remove_all(parent_, error);
  }

  std::string folder() const { return parent_ + "/ca"; }
  // As a restarted controller does.
  void Reopen() {
    enrollment_.reset();
    auto opened = Enrollment::Open(folder(), &random_, now_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    enrollment_ = std::move(opened).value();
  }
  Status OpenError() {
    enrollment_.reset();
    return Enrollment::Open(folder(), &random_, now_).status();
  }
  std::string Token(const TokenOptions& options = {}) {
    const Result<std::string> token = enrollment_->CreateToken(options, now_);
    EXPECT_TRUE(token.ok()) << token.status().ToString();
    return token.ok() ? *token : "";
  }
  static KeyAndRequest Request() { return *MakeNodeRequest("any"); }
  Result<std::string> Join(const std::string& token, const std::string& node) {
    return enrollment_->Join(token, Request().request_pem, node, now_);
  }
  // The certificate of a node that joins by a token of its own.
  PeerCertificate Joined(const std::string& node) {
    const Result<std::string> chain = Join(Token(), node);
    CHECK(chain.ok());
    return *ReadPeerCertificate(*chain);
  }
  Result<PeerCertificate> Renewed(const PeerCertificate& peer) {
    const auto chain = enrollment_->Renew(peer, Request().request_pem, now_);
    return chain.ok() ? ReadPeerCertificate(*chain) : Result<PeerCertificate>(chain.status());
  }
  void Pass(int64_t ms) { now_.ms += ms; }

  std::string parent_;
  SeededRandom random_{7};
  WallTime now_ = kEnrollmentStart;
  std::unique_ptr<Enrollment> enrollment_;
};

inline void ExpectRefused(const Status& status, StatusCode code, const std::string& words) {
  EXPECT_EQ(status.code(), code) << status.ToString();
  EXPECT_NE(status.message().find(words), std::string::npos) << status.ToString();
}

}  // namespace reconcile
