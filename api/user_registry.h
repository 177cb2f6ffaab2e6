#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/user_routes.h"
#include "api/users_state.h"
#include "base/random.h"

namespace reconcile {

class Enrollment;
class EnrollmentFolder;

inline constexpr int64_t kUserLifeMs = 90LL * 24 * 3600 * 1000;  // of certificates and tokens

// Who may ask the API: tokens, kept as their hashes, and revocations, in a folder of their own
// (mode 0700) beside the database. Certificates are the enrollment's. Any thread.
class UserRegistry final : public UserAdmin {
 public:
  // Makes the folder when it is not there. Invalid, with what to do, when what is there is damaged
  // or open to others. All given must outlive it.
  static Result<std::unique_ptr<UserRegistry>> Open(const std::string& folder,
                                                    Enrollment* enrollment, Random* random);
  // What kubeconfigs name. Before the first question.
  void SetServer(std::string server) { server_ = std::move(server); }
  ~UserRegistry() override;

  Result<std::string> IssueCertificate(const ApiUser& user, const std::string& request_pem,
                                       WallTime now) override;
  Result<std::string> IssueToken(const ApiUser& user, WallTime now) override;
  Status Revoke(const std::string& user, WallTime now) override;
  std::string TrustBundlePem() const override;
  std::string server() const override { return server_; }

  // Whose certificate or token this is; a host's certificate is its agent's. Invalid, with why.
  Result<ApiUser> OfCertificate(const std::string& chain_pem, WallTime now) const;
  Result<ApiUser> OfToken(std::string_view token, WallTime now) const;
  // What a browser is given for a token, and keeps as its cookie (api/page_session.h). The first
  // one writes to the disk. Invalid as OfToken is.
  Result<std::string> BeginSession(std::string_view token, WallTime now);
  Result<ApiUser> OfSession(std::string_view session, WallTime now) const;
  // It is good no longer. Forgotten when this process ends, as it ends itself within a day.
  void EndSession(std::string_view session, WallTime now);
  // Moves when an identity that was good may have ended.
  uint64_t change_count() const;

 private:
  UserRegistry(std::unique_ptr<EnrollmentFolder> folder, UsersState state, Enrollment* enrollment,
               Random* random);
  Status Keep(UsersState next);  // durable first; under mutex_

  const std::unique_ptr<EnrollmentFolder> folder_;
  Enrollment* const enrollment_;
  Random* const random_;
  std::string server_;
  std::mutex write_mutex_;    // over the write to disk, and of random_
  mutable std::mutex mutex_;  // of state_
  UsersState state_;
  std::map<std::string, WallTime> ended_sessions_;  // with their own end; bounded
  std::atomic<uint64_t> revocations_{0};
};

}  // namespace reconcile
