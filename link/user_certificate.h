#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace reconcile {

// In the subject (OU) of every user's certificate, and of no other.
inline constexpr const char* kUserUnit = "user";
inline constexpr size_t kMaxUserGroups = 16;

// What a user's certificate says, in Kubernetes' way: CN is the name, each O a group. No node's
// certificate reads as one, nor the other way round: a node's has a DNS name and another OU, a
// user's has no name beside its subject.
struct UserCertificate {
  std::string name;
  std::vector<std::string> groups;
  std::string serial;  // 32 hex digits; begins with the second of its issue
  WallTime not_before;
  WallTime not_after;
};

// Of the first certificate in `chain_pem`, when one of the CAs in `trusted_pem` issued it for a
// user and it is valid at `now`. Invalid, with why.
Result<UserCertificate> CheckUserCertificate(std::string_view chain_pem,
                                             std::string_view trusted_pem, WallTime now);

}  // namespace reconcile
