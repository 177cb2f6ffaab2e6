#include "link/server_tls.h"

#include <utility>

#include "base/log.h"

namespace reconcile {
namespace {

constexpr int64_t kTlsRetryMs = 60'000;

}  // namespace

ServerTls::ServerTls(const Enrollment* enrollment, std::string whose, MakePair make_pair)
    : enrollment_(enrollment), whose_(std::move(whose)), make_pair_(std::move(make_pair)) {}

Status ServerTls::Make(WallTime now) {
  const std::string authority = enrollment_->ca_pem();
  const Result<KeyPair> pair = make_pair_(now);
  if (!pair.ok()) return pair.status();
  Result<TlsContext> context = MakeServerTls(*pair);
  if (!context.ok()) return context.status();
  const Result<CertificateLife> life = ReadCertificateLife(pair->certificate_pem);
  if (!life.ok()) return life.status();
  context_ = std::move(context).value();
  authority_ = authority;
  valid_from_ = life->not_before;
  renew_at_ = {life->not_before.ms + (life->not_after.ms - life->not_before.ms) / 2};
  return OkStatus();
}

void ServerTls::Check(WallTime now) {
  const bool life_ends = now < valid_from_ || now >= renew_at_;
  if (!life_ends && enrollment_->ca_pem() == authority_) return;
  const Status made = Make(now);
  if (made.ok()) return;
  LogError(whose_ + " certificate cannot be renewed", {{"why", made.message()}});
  renew_at_ = {now.ms + kTlsRetryMs};
}

}  // namespace reconcile
