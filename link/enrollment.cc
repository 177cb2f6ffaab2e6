#include "link/enrollment.h"

#include <algorithm>

#include "base/log.h"
#include "link/certificate_issuer.h"
#include "link/enrollment_authority.h"
#include "link/enrollment_files.h"
#include "link/enrollment_state.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kClusterIdDigits = 32;

struct Authority {
  AuthorityRecord record;
  KeyPair keys;
};

Result<Authority> NewAuthority(const std::string& cluster_id, int number, int64_t life_ms,
                               Random* random, WallTime now) {
  AuthorityOrder order;
  order.cluster_id = cluster_id;
  order.number = number;
  order.serial = MakeSerial(std::max<int64_t>(now.ms / 1000, 0), random);
  order.not_before = {now.ms - kBackdateMs};
  order.not_after = {now.ms + life_ms};
  Result<KeyPair> keys = MakeAuthority(order);
  if (!keys.ok()) return keys.status();
  Result<std::string> fingerprint = CertificateFingerprint(keys->certificate_pem);
  if (!fingerprint.ok()) return fingerprint.status();
  AuthorityRecord record = {number, std::move(fingerprint).value(), now, order.not_after};
  return Authority{std::move(record), std::move(keys).value()};
}

Status MakeFirst(const std::string& folder, const EnrollmentOptions& options, Random* random,
                 WallTime now) {
  EnrollmentState state;
  state.cluster_id =
      options.cluster_id.empty() ? RandomHexDigits(kClusterIdDigits, random) : options.cluster_id;
  Result<Authority> first =
      NewAuthority(state.cluster_id, 1, options.authority_life_ms, random, now);
  if (!first.ok()) return first.status();
  state.authorities.push_back(first->record);
  const Result<std::string> text = WriteEnrollmentState(state);
  if (!text.ok()) return text.status();
  return EnrollmentFolder::Make(folder, {{kEnrollmentStateFile, *text},
                                         {AuthorityCertificateFile(1), first->keys.certificate_pem},
                                         {AuthorityKeyFile(1), first->keys.private_key_pem}});
}

// A CA's files, as the list says they are.
Result<Authority> ReadAuthority(const EnrollmentFolder& folder, const EnrollmentState& state,
                                const AuthorityRecord& record) {
  Authority authority;
  authority.record = record;
  Result<std::string> certificate =
      folder.Read(AuthorityCertificateFile(record.number), kMaxBundleBytes);
  if (!certificate.ok()) return certificate.status();
  Result<std::string> key = folder.Read(AuthorityKeyFile(record.number), kMaxBundleBytes);
  if (!key.ok()) return key.status();
  authority.keys = {std::move(certificate).value(), std::move(key).value()};
  const auto problem = CheckAuthorityFiles(state.cluster_id, record, authority.keys);
  if (problem) return DamagedFile(folder.PathOf(problem->file), problem->why);
  return authority;
}

// Not longer than the life that is asked for: renewal counts from the beginning.
int64_t BackdateMs(const EnrollmentOptions& options) {
  return std::min(kBackdateMs, options.node_life_ms);
}

}  // namespace

// Everything at one moment; never changed, only replaced.
struct Enrollment::View {
  EnrollmentState state;
  std::vector<Authority> authorities;  // in the state's order

  const Authority& active() const { return authorities.front(); }
  const Authority& newest() const { return authorities.back(); }
  std::string Bundle() const {
    std::string bundle;
    for (const Authority& authority : authorities) bundle += authority.keys.certificate_pem;
    return bundle;
  }
  // The number of the CA that issued a certificate; 0 for none of ours.
  int IssuerOf(std::string_view pem) const {
    for (const Authority& authority : authorities) {
      if (IsIssuedBy(pem, authority.keys.certificate_pem)) return authority.record.number;
    }
    return 0;
  }
};

struct Enrollment::Issued {
  std::string chain_pem;
  NodeRecord record;
};

Result<std::unique_ptr<Enrollment>> Enrollment::Open(const std::string& folder, Random* random,
                                                     WallTime now, EnrollmentOptions options) {
  const Result<bool> to_be_made = EnrollmentFolder::IsToBeMade(folder);
  if (!to_be_made.ok()) return to_be_made.status();
  if (*to_be_made) RETURN_IF_ERROR(MakeFirst(folder, options, random, now));
  Result<std::unique_ptr<EnrollmentFolder>> opened = EnrollmentFolder::Open(folder);
  if (!opened.ok()) return opened.status();
  const Result<std::string> text = (*opened)->Read(kEnrollmentStateFile, kMaxStateBytes);
  if (!text.ok()) return text.status();
  Result<EnrollmentState> state = ReadEnrollmentState(*text);
  if (!state.ok()) {
    return DamagedFile((*opened)->PathOf(kEnrollmentStateFile), state.status().message());
  }
  auto view = std::make_shared<View>();
  view->state = std::move(state).value();
  for (const AuthorityRecord& record : view->state.authorities) {
    Result<Authority> authority = ReadAuthority(**opened, view->state, record);
    if (!authority.ok()) return authority.status();
    view->authorities.push_back(std::move(authority).value());
  }
  return std::unique_ptr<Enrollment>(
      new Enrollment(std::move(opened).value(), random, std::move(options), std::move(view)));
}

Enrollment::Enrollment(std::unique_ptr<EnrollmentFolder> folder, Random* random,
                       EnrollmentOptions options, std::shared_ptr<const View> view)
    : folder_(std::move(folder)),
      random_(random),
      options_(std::move(options)),
      cluster_id_(view->state.cluster_id),
      view_(std::move(view)) {}

Enrollment::~Enrollment() = default;

std::shared_ptr<const Enrollment::View> Enrollment::Look() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

Status Enrollment::Apply(View next, bool moves_peers) {
  const Result<std::string> text = WriteEnrollmentState(next.state);
  if (!text.ok()) return text.status();
  RETURN_IF_ERROR(folder_->Write(kEnrollmentStateFile, *text));
  auto view = std::make_shared<const View>(std::move(next));
  {
    const std::lock_guard lock(view_mutex_);
    view_ = std::move(view);
  }
  if (moves_peers) change_count_.fetch_add(1);
  return OkStatus();
}

std::string Enrollment::ca_pem() const { return Look()->active().keys.certificate_pem; }
std::string Enrollment::ca_fingerprint() const { return Look()->active().record.fingerprint; }
std::string Enrollment::TrustBundlePem() const { return Look()->Bundle(); }

Result<std::string> Enrollment::CreateToken(const TokenOptions& options, WallTime now) {
  RETURN_IF_ERROR(CheckTokenOptions(options));
  const std::string wrong = options.node.empty() ? "" : CheckDnsSubdomain(options.node);
  if (!wrong.empty()) return InvalidError("node name " + Quoted(options.node) + ": " + wrong);
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  JoinToken token;
  do {
    token.id = RandomHexDigits(kJoinTokenIdDigits, random_);
  } while (view->state.tokens.contains(token.id));
  token.secret = RandomHexDigits(kJoinTokenSecretDigits, random_);
  token.ca_fingerprint = view->active().record.fingerprint;
  TokenRecord record;
  record.id = token.id;
  record.secret_hash = HashOfTokenSecret(token.secret);
  record.authority = view->active().record.number;
  record.node = options.node;
  record.max_uses = options.uses;
  record.created = now;
  record.expires = {now.ms + options.valid_ms};
  View next = *view;
  RETURN_IF_ERROR(AddToken(record, now, &next.state));
  RETURN_IF_ERROR(Apply(std::move(next), false));
  LogInfo("join token created", {{"token", token.id},
                                 {"node", options.node},
                                 {"uses", std::to_string(options.uses)},
                                 {"expires", FormatRfc3339(record.expires)}});
  return FormatJoinToken(token);
}

std::vector<TokenInfo> Enrollment::ListTokens(WallTime now) const {
  const std::shared_ptr<const View> view = Look();
  std::vector<TokenInfo> tokens;
  for (const auto& [id, token] : view->state.tokens) tokens.push_back(DescribeToken(token, now));
  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const TokenInfo& a, const TokenInfo& b) { return a.created < b.created; });
  return tokens;
}

Status Enrollment::RevokeToken(const std::string& id, WallTime now) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  View next = *view;
  RETURN_IF_ERROR(RevokeTokenIn(id, now, &next.state));
  RETURN_IF_ERROR(Apply(std::move(next), false));
  LogInfo("join token revoked", {{"token", id}});
  return OkStatus();
}

Status Enrollment::CheckToken(std::string_view token_text, WallTime now) const {
  const Result<JoinToken> token = ParseJoinToken(token_text);
  return token.ok() ? CheckTokenIn(Look()->state, *token, now) : token.status();
}

Result<std::string> Enrollment::Join(std::string_view token_text, std::string_view request_pem,
                                     const std::string& node, WallTime now) {
  const Result<JoinToken> token = ParseJoinToken(token_text);
  if (!token.ok()) return token.status();
  RETURN_IF_ERROR(CheckTokenIn(Look()->state, *token, now));
  const std::string wrong = CheckDnsSubdomain(node);
  if (!wrong.empty()) return InvalidError("node name " + Quoted(node) + ": " + wrong);
  const Result<std::string> key = CheckRequest(request_pem);
  if (!key.ok()) return key.status();

  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  const Result<JoinDecision> decision = DecideJoin(view->state, *token, node, *key, now);
  if (!decision.ok()) return decision.status();
  Result<Issued> issued = Issue(*view, request_pem, *key, node, decision->generation, now);
  if (!issued.ok()) return issued.status();
  View next = *view;
  const bool had_certificate = view->state.nodes.contains(node);
  RETURN_IF_ERROR(RecordJoin(token->id, *decision, node, issued->record, now, &next.state));
  RETURN_IF_ERROR(Apply(std::move(next), had_certificate));
  LogInfo(decision->is_retry ? "a node joined, asking again" : "a node joined",
          {{"node", node}, {"token", token->id}, {"serial", issued->record.serial}});
  return std::move(issued->chain_pem);
}

Result<std::string> Enrollment::Renew(const PeerCertificate& peer, std::string_view request_pem,
                                      WallTime now) {
  RETURN_IF_ERROR(CheckPeer(peer, now));
  const Result<std::string> key = CheckRequest(request_pem);
  if (!key.ok()) return key.status();
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  RETURN_IF_ERROR(CheckPeerIn(*view, peer, now));  // it may have been revoked meanwhile
  const int64_t generation =
      std::max(RenewalGeneration(view->state, peer.node, now), GenerationOfSerial(peer.serial));
  Result<Issued> issued = Issue(*view, request_pem, *key, peer.node, generation, now);
  if (!issued.ok()) return issued.status();
  View next = *view;
  RETURN_IF_ERROR(RecordRenewal(peer.node, issued->record, now, &next.state));
  RETURN_IF_ERROR(Apply(std::move(next), false));
  LogInfo("certificate renewed", {{"node", peer.node}, {"serial", issued->record.serial}});
  return std::move(issued->chain_pem);
}

Result<Enrollment::Issued> Enrollment::Issue(const View& view, std::string_view request_pem,
                                             std::string key, const std::string& node,
                                             int64_t generation, WallTime now) {
  if (ShowsOldAuthority(view)) {
    return UnavailableError("the cluster's CA was rotated this moment: try again");
  }
  CertificateOrder order;
  order.common_name = node;
  order.names = {node};
  order.serial = MakeSerial(generation, random_);
  order.not_before = {now.ms - BackdateMs(options_)};
  order.not_after = {now.ms + options_.node_life_ms};
  Result<std::string> certificate = IssueCertificate(view.newest().keys, request_pem, order);
  if (!certificate.ok()) return certificate.status().WithContext("node " + node);
  Issued issued;
  issued.record.serial = order.serial;
  issued.record.key = std::move(key);
  issued.record.authority = view.newest().record.number;
  issued.record.generation = generation;
  issued.record.issued = now;
  issued.record.expires = std::min(order.not_after, view.newest().record.expires);
  issued.chain_pem = std::move(certificate).value() + view.Bundle();
  return issued;
}

Status Enrollment::CheckPeer(const PeerCertificate& peer, WallTime now) const {
  const std::shared_ptr<const View> view = Look();
  RETURN_IF_ERROR(CheckPeerIn(*view, peer, now));
  const int issuer = view->IssuerOf(peer.pem);
  const std::lock_guard lock(view_mutex_);
  seen_[peer.node] = {issuer, GenerationOfSerial(peer.serial)};
  return OkStatus();
}

Status Enrollment::CheckPeerIn(const View& view, const PeerCertificate& peer, WallTime now) const {
  RETURN_IF_ERROR(CheckChain(peer.pem, view.Bundle(), CertificateUse::kNode, now));
  const Result<PeerCertificate> read = ReadPeerCertificate(peer.pem);
  if (!read.ok()) return read.status();
  if (read->node != peer.node || read->serial != peer.serial) {
    return InvalidError("the certificate is for node " + read->node + ", not for " +
                        Quoted(peer.node));
  }
  return CheckSerialIn(view.state, read->node, read->serial);
}

bool Enrollment::RenewalWanted(const PeerCertificate& peer) const {
  const std::shared_ptr<const View> view = Look();
  return !ShowsOldAuthority(*view) &&
         GenerationOfSerial(peer.serial) < view->state.trust_generation;
}

bool Enrollment::ShowsOldAuthority(const View& view) const {
  const int served = served_authority_.load();
  return served != 0 && served != view.active().record.number;
}

std::vector<IssuedNode> Enrollment::Nodes(WallTime now) const {
  const std::shared_ptr<const View> view = Look();
  std::vector<IssuedNode> nodes;
  for (const auto& [name, record] : view->state.nodes) {
    nodes.push_back(DescribeNode(name, record, now));
  }
  return nodes;
}

Status Enrollment::RevokeNode(const std::string& node, WallTime now) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  bool is_known = view->state.nodes.contains(node);
  int64_t seen_generation = 0;
  {
    const std::lock_guard view_lock(view_mutex_);
    const auto seen = seen_.find(node);
    is_known = is_known || seen != seen_.end();
    if (seen != seen_.end()) seen_generation = seen->second.generation;
  }
  if (!is_known) {
    return NotFoundError("no certificate was issued to a node " + Quoted(node) +
                         "; `reconcile node list-certificates` shows them");
  }
  View next = *view;
  RevokeNodeIn(node, seen_generation, now, &next.state);
  RETURN_IF_ERROR(Apply(std::move(next), true));
  LogInfo("node revoked", {{"node", node}});
  return OkStatus();
}

Status Enrollment::KeepRevoked(const std::string& node, WallTime at, WallTime now) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  const auto known = view->state.nodes.find(node);
  const bool is_known = known != view->state.nodes.end();
  const int64_t second = at.ms / 1000;
  if (is_known && (known->second.revoked.ms != 0 || known->second.min_generation > second ||
                   known->second.generation > second)) {
    return OkStatus();
  }
  View next = *view;
  RevokeNodeIn(node, 0, now, &next.state);
  RETURN_IF_ERROR(Apply(std::move(next), true));
  LogWarning("audit: a revocation that the list in ca/ had lost is in force again",
             {{"node", node}});
  return OkStatus();
}

AuthorityView Enrollment::Authorities(WallTime now) const {
  const std::shared_ptr<const View> view = Look();
  AuthorityView shown;
  shown.cluster_id = cluster_id_;
  for (const AuthorityRecord& record : view->state.authorities) {
    const bool is_active = record.number == view->active().record.number;
    shown.authorities.push_back({record.number, record.fingerprint, record.created, record.expires,
                                 is_active ? AuthorityState::kActive : AuthorityState::kNext});
  }
  shown.waiting_for = WaitingFor(*view, now);
  return shown;
}

std::vector<std::string> Enrollment::WaitingFor(const View& view, WallTime now) const {
  std::vector<std::string> waiting;
  if (!view.state.rotating()) return waiting;
  const int next = view.newest().record.number;
  const std::lock_guard lock(view_mutex_);
  for (const auto& [name, record] : view.state.nodes) {
    if (DescribeNode(name, record, now).state != CertificateState::kValid) continue;
    const auto seen = seen_.find(name);
    if (seen != seen_.end() && seen->second.authority == next) continue;
    waiting.push_back(name + (record.authority == next
                                  ? ": has not connected with its new certificate yet"
                                  : ": has no certificate of CA " + std::to_string(next) + " yet"));
  }
  return waiting;
}

Status Enrollment::BeginRotation(WallTime now) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  if (view->state.rotating()) {
    return ConflictError(
        "the CA is being rotated already: `reconcile ca show` says what is left, "
        "`reconcile ca rotate --finish` ends it");
  }
  const int number = view->active().record.number + 1;
  Result<Authority> authority =
      NewAuthority(cluster_id_, number, options_.authority_life_ms, random_, now);
  if (!authority.ok()) return authority.status();
  // The list names it last: a crash before that leaves files that the next attempt replaces.
  RETURN_IF_ERROR(folder_->Write(AuthorityKeyFile(number), authority->keys.private_key_pem));
  RETURN_IF_ERROR(
      folder_->Write(AuthorityCertificateFile(number), authority->keys.certificate_pem));
  View next = *view;
  BeginRotationIn(authority->record, now, &next.state);
  next.authorities.push_back(*authority);
  RETURN_IF_ERROR(Apply(std::move(next), true));
  LogInfo("rotation of the CA begun", {{"ca", authority->record.fingerprint}});
  return OkStatus();
}

Status Enrollment::FinishRotation(WallTime now) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  if (!view->state.rotating()) {
    return ConflictError("no rotation of the CA is under way: `reconcile ca rotate` begins one");
  }
  const std::vector<std::string> waiting = WaitingFor(*view, now);
  if (!waiting.empty()) {
    std::string message =
        "the rotation cannot be finished yet: these nodes would be cut off. They renew by "
        "themselves when they connect; revoke those that will not come back "
        "(`reconcile node revoke NAME`)";
    for (const std::string& node : waiting) message += "\n  " + node;
    return ConflictError(message);
  }
  const int ended = view->active().record.number;
  View next = *view;
  FinishRotationIn(now, &next.state);
  next.authorities.erase(next.authorities.begin());
  RETURN_IF_ERROR(Apply(std::move(next), true));
  folder_->Remove(AuthorityKeyFile(ended));
  folder_->Remove(AuthorityCertificateFile(ended));
  LogInfo("rotation of the CA finished", {{"ca", ca_fingerprint()}});
  return OkStatus();
}

Result<KeyPair> Enrollment::ServerCertificate(const std::vector<std::string>& names, WallTime now) {
  const std::shared_ptr<const View> view = Look();
  Result<KeyPair> pair = MakeServerPair(view->active().keys, names, now);
  if (pair.ok()) served_authority_.store(view->active().record.number);
  return pair;
}

KeyPair Enrollment::ActiveKeys() const { return Look()->active().keys; }

KeyPair Enrollment::NewestKeys() const { return Look()->newest().keys; }

Result<std::string> Enrollment::SignLineage(const LineageClaim& claim) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const View> view = Look();
  if (claim.began_at_ms > view->state.newest_lineage_ms) {
    View next = *view;
    next.state.newest_lineage_ms = claim.began_at_ms;
    RETURN_IF_ERROR(Apply(std::move(next), false));
  }
  return SignText(view->active().keys.private_key_pem, LineageText(claim));
}

int64_t Enrollment::newest_lineage_ms() const { return Look()->state.newest_lineage_ms; }

}  // namespace reconcile
