#include "api/user_registry.h"

#include <algorithm>

#include "link/enrollment.h"
#include "link/enrollment_files.h"
#include "link/enrollment_state.h"
#include "link/user_certificate.h"

namespace reconcile {
namespace {

constexpr const char* kUsersFile = "users.json";

}  // namespace

Result<std::unique_ptr<UserRegistry>> UserRegistry::Open(const std::string& folder,
                                                         Enrollment* enrollment, Random* random) {
  const Result<bool> to_be_made = EnrollmentFolder::IsToBeMade(folder);
  if (!to_be_made.ok()) return to_be_made.status();
  if (*to_be_made) {
    RETURN_IF_ERROR(EnrollmentFolder::Make(folder, {{kUsersFile, WriteUsersState({})}}));
  }
  Result<std::unique_ptr<EnrollmentFolder>> opened = EnrollmentFolder::Open(folder);
  if (!opened.ok()) return opened.status();
  const Result<std::string> text = (*opened)->Read(kUsersFile, kMaxUsersFileBytes);
  const Result<UsersState> state =
      text.ok() ? ReadUsersState(*text) : Result<UsersState>(text.status());
  if (!state.ok()) {
    return InvalidError((*opened)->PathOf(kUsersFile) +
                        " cannot be used: " + state.status().message() +
                        ". It tells which users are revoked: put a copy back. Without one, rotate "
                        "the CA, which ends every certificate, and move the folder away");
  }
  return std::unique_ptr<UserRegistry>(
      new UserRegistry(std::move(opened).value(), *state, enrollment, random));
}

UserRegistry::UserRegistry(std::unique_ptr<EnrollmentFolder> folder, UsersState state,
                           Enrollment* enrollment, Random* random)
    : folder_(std::move(folder)),
      enrollment_(enrollment),
      random_(random),
      state_(std::move(state)) {}

UserRegistry::~UserRegistry() = default;

Status UserRegistry::Keep(UsersState next) {
  RETURN_IF_ERROR(folder_->Write(kUsersFile, WriteUsersState(next)));
  const std::lock_guard lock(mutex_);
  state_ = std::move(next);
  return OkStatus();
}

Result<std::string> UserRegistry::IssueCertificate(const ApiUser& user,
                                                   const std::string& request_pem, WallTime now) {
  WallTime at = now;
  {
    // Not as old as a revocation, also when the clock has gone back since.
    const std::lock_guard lock(mutex_);
    const auto revoked = state_.revoked_until_s.find(user.name);
    if (revoked != state_.revoked_until_s.end()) {
      at.ms = std::max(at.ms, (revoked->second + 1) * 1000);
    }
  }
  return enrollment_->IssueUser(user.name, user.groups, request_pem, kUserLifeMs, at);
}

Result<std::string> UserRegistry::IssueToken(const ApiUser& user, WallTime now) {
  const std::lock_guard lock(write_mutex_);
  UsersState next;
  {
    const std::lock_guard state_lock(mutex_);
    next = state_;
  }
  const std::string token = MakeUserToken(random_);
  RETURN_IF_ERROR(AddUserToken(token, user, now, {now.ms + kUserLifeMs}, &next));
  RETURN_IF_ERROR(Keep(std::move(next)));
  return token;
}

Status UserRegistry::Revoke(const std::string& user, WallTime now) {
  const std::lock_guard lock(write_mutex_);
  UsersState next;
  {
    const std::lock_guard state_lock(mutex_);
    next = state_;
  }
  RETURN_IF_ERROR(RevokeUserIn(user, now, &next));
  RETURN_IF_ERROR(Keep(std::move(next)));
  ++revocations_;
  return OkStatus();
}

std::string UserRegistry::TrustBundlePem() const { return enrollment_->TrustBundlePem(); }

Result<ApiUser> UserRegistry::OfCertificate(const std::string& chain_pem, WallTime now) const {
  const Result<UserCertificate> certificate =
      CheckUserCertificate(chain_pem, enrollment_->TrustBundlePem(), now);
  if (!certificate.ok()) return certificate.status();
  const std::lock_guard lock(mutex_);
  if (IsUserRevoked(state_, certificate->name, GenerationOfSerial(certificate->serial))) {
    return InvalidError("the certificate of user " + certificate->name + " was revoked");
  }
  return ApiUser{certificate->name, certificate->groups};
}

Result<ApiUser> UserRegistry::OfToken(std::string_view token, WallTime now) const {
  const std::lock_guard lock(mutex_);
  return FindUserToken(state_, token, now);
}

uint64_t UserRegistry::change_count() const {
  return revocations_.load() + enrollment_->change_count();
}

}  // namespace reconcile
