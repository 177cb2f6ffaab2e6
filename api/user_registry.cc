#include "api/user_registry.h"

#include <algorithm>

#include "api/authorization.h"
#include "api/page_session.h"
#include "link/certificates.h"
#include "link/enrollment.h"
#include "link/enrollment_files.h"
#include "link/enrollment_state.h"
#include "link/user_certificate.h"

namespace reconcile {
namespace {

constexpr const char* kUsersFile = "users.json";
constexpr size_t kMostEndedSessions = 4096;  // the oldest end of theirs goes first

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
  const Result<PeerCertificate> host = ReadPeerCertificate(chain_pem);
  if (host.ok()) {
    RETURN_IF_ERROR(enrollment_->CheckPeer(*host, now));
    return UserOfHost(host->node);
  }
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

Result<std::string> UserRegistry::BeginSession(std::string_view token, WallTime now) {
  const Result<ApiUser> user = OfToken(token, now);
  if (!user.ok()) return user.status();
  const std::lock_guard lock(write_mutex_);
  UsersState next;
  {
    const std::lock_guard state_lock(mutex_);
    next = state_;
  }
  const WallTime expires = {now.ms + kSessionLifeMs};
  if (next.session_key.empty()) {
    next.session_key = MakeSessionKey(random_);
    RETURN_IF_ERROR(Keep(next));
  }
  return MakePageSession(next.session_key, HashOfToken(token), expires);
}

Result<ApiUser> UserRegistry::OfSession(std::string_view session, WallTime now) const {
  const std::lock_guard lock(mutex_);
  if (state_.session_key.empty())
    return InvalidError("nobody has logged in to this cluster's page");
  const Result<PageSession> read = ReadPageSession(state_.session_key, session, now);
  if (!read.ok()) return read.status();
  if (ended_sessions_.contains(HashOfToken(session))) return InvalidError("the session was ended");
  return FindUserTokenByHash(state_, read->token_hash, now);
}

void UserRegistry::EndSession(std::string_view session, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (state_.session_key.empty()) return;
  const Result<PageSession> read = ReadPageSession(state_.session_key, session, now);
  if (!read.ok()) return;
  std::erase_if(ended_sessions_, [now](const auto& ended) { return ended.second <= now; });
  if (ended_sessions_.size() >= kMostEndedSessions) {
    ended_sessions_.erase(
        std::min_element(ended_sessions_.begin(), ended_sessions_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  ended_sessions_[HashOfToken(session)] = read->expires;
}

uint64_t UserRegistry::change_count() const {
  return revocations_.load() + enrollment_->change_count();
}

}  // namespace reconcile
