#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "link/certificates.h"
#include "link/enrollment_admin.h"
#include "link/lineage.h"

namespace reconcile {

class EnrollmentFolder;

struct EnrollmentOptions {
  // Of a CA that is made now: the cluster's, when there is one already (`up` had no CA); ""
  // is random. A CA that is there keeps its own.
  std::string cluster_id;
  int64_t node_life_ms = 30LL * 24 * 3600 * 1000;
  int64_t authority_life_ms = 3650LL * 24 * 3600 * 1000;
};

// Who belongs to the cluster: its CA, join tokens, the certificates of nodes, revocations. Kept in
// a folder of its own (mode 0700, files 0600) beside the database: neither a wiped nor a restored
// database brings a revoked host back.
//
// Any thread. A change is written, synced and renamed into place before its function returns, and
// one at a time; CheckPeer and other readers never wait for the disk.
//
// Rotation of the CA. Trust is spread first, use follows:
//   BeginRotation   makes the next CA. The controller trusts both, so that nodes' certificates come
//                   from the next one at once; every chain that Join and Renew return carries both,
//                   and agents trust from then on what their newest chain carries. Connections tell
//                   agents with an older certificate to renew now (RenewalWanted). The controller's
//                   own certificate and signatures stay with the active CA, which all still trust.
//   FinishRotation  is refused until every node with a valid certificate has connected with one
//                   of the next CA since this process began: so it has stored it, and trusts both.
//                   Then the next CA becomes the active one; ServerCertificate and Sign follow, and
//                   the old CA is no longer trusted. Tokens made before carry the old fingerprint
//                   and are revoked. Until ServerCertificate was taken anew, nobody is given a
//                   chain without the old CA: Join and Renew are Unavailable for that moment.
// A TLS server looks at change_count() before each handshake, or every second: when it moved, it
// takes TrustBundlePem() and ServerCertificate() anew and asks CheckPeer of every open connection.
class Enrollment final : public EnrollmentAdmin {
 public:
  // Makes the CA when `folder` is not there or empty, whole or not at all. Invalid, with what to
  // do, when something in it is missing, damaged or readable by others: nothing is made anew.
  // `random` outlives this and is used by one thread at a time.
  static Result<std::unique_ptr<Enrollment>> Open(const std::string& folder, Random* random,
                                                  WallTime now, EnrollmentOptions options = {});
  ~Enrollment() override;

  const std::string& cluster_id() const { return cluster_id_; }
  std::string ca_pem() const;          // of the active CA
  std::string ca_fingerprint() const;  // its; what new join tokens carry
  // Every CA that is trusted now, the active one first: for verifying peers.
  std::string TrustBundlePem() const;
  // Moves when the CAs change, and when certificates that were good may have ended: a node was
  // revoked, or joined anew.
  uint64_t change_count() const { return change_count_.load(); }

  Result<std::string> CreateToken(const TokenOptions& options, WallTime now) override;
  std::vector<TokenInfo> ListTokens(WallTime now) const override;
  Status RevokeToken(const std::string& id, WallTime now) override;
  std::vector<IssuedNode> Nodes(WallTime now) const override;
  Status RevokeNode(const std::string& node, WallTime now) override;
  // For a list that was put back and may be older than a revocation of which the model tells:
  // refuses what the node got until `at`, unless that is refused already or a host joined since.
  Status KeepRevoked(const std::string& node, WallTime at, WallTime now);
  AuthorityView Authorities(WallTime now) const override;
  Status BeginRotation(WallTime now) override;
  Status FinishRotation(WallTime now) override;

  // Whether `token_text` may be used for anything at all now: for refusing a request before its
  // body is read. Join checks again. Invalid, with which of it; an unknown id and a wrong secret
  // give the same words.
  Status CheckToken(std::string_view token_text, WallTime now) const;
  // Uses a token for `node` and answers with its certificate chain: the node's certificate, then
  // every CA that it is to trust. The use is durable before. The same request (node and key) is
  // answered again without another use, for a host that lost the answer.
  // Invalid: token, request or name. Conflict: the name is in use by a node with a valid
  // certificate, and the token was not made for that node.
  // A node that joins anew ends its earlier certificates.
  Result<std::string> Join(std::string_view token_text, std::string_view request_pem,
                           const std::string& node, WallTime now);
  // A new chain for a peer that CheckPeer accepts. Its old certificate stays good until it expires.
  Result<std::string> Renew(const PeerCertificate& peer, std::string_view request_pem,
                            WallTime now);
  // Whether `peer` is a node of this cluster: issued by a trusted CA for a node, valid now, not
  // revoked. Invalid, with why. The TLS handshake proves that the peer holds the key; this function
  // needs nothing else of it.
  Status CheckPeer(const PeerCertificate& peer, WallTime now) const;
  // Whether a connected peer should renew now, whatever its certificate's age.
  bool RenewalWanted(const PeerCertificate& peer) const;

  // A new key and certificate for the controller, with the CA after it, valid as long as a node's.
  // `names`: what agents dial, DNS names and IP addresses; what is neither is left out, as a host's
  // own name may be.
  Result<KeyPair> ServerCertificate(const std::vector<std::string>& names, WallTime now);
  // The same for the API's port, which no agent dials.
  Result<KeyPair> ApiCertificate(const std::vector<std::string>& names, WallTime now);
  // A certificate for the key of a request: a user's, with its groups (link/user_certificate.h).
  // It is not remembered: its serial tells the second of its issue.
  Result<std::string> IssueUser(const std::string& name, const std::vector<std::string>& groups,
                                std::string_view request_pem, int64_t life_ms, WallTime now);
  // The active CA's signature of LineageText(claim), base64; VerifySignature checks it. That it
  // was signed is remembered before. Signatures that are to hold after a rotation are made anew
  // when its end moved change_count().
  Result<std::string> SignLineage(const LineageClaim& claim);
  // When the newest lineage that was ever signed began; 0 before the first.
  int64_t newest_lineage_ms() const;

 private:
  struct View;
  Enrollment(std::unique_ptr<EnrollmentFolder> folder, Random* random, EnrollmentOptions options,
             std::shared_ptr<const View> view);
  std::shared_ptr<const View> Look() const;
  // Makes `next` durable, then visible. `moves_peers`: what CheckPeer says may differ from now on.
  // The caller holds write_mutex_.
  Status Apply(View next, bool moves_peers);
  // A certificate for `node` from the newest CA, and its record.
  struct Issued;
  Result<Issued> Issue(const View& view, std::string_view request_pem, std::string key,
                       const std::string& node, int64_t generation, WallTime now);
  // Whether the controller still shows a certificate of the CA that a rotation has ended.
  bool ShowsOldAuthority(const View& view) const;
  Status CheckPeerIn(const View& view, const PeerCertificate& peer, WallTime now) const;
  std::vector<std::string> WaitingFor(const View& view, WallTime now) const;
  Result<KeyPair> MakeServerPair(const KeyPair& authority, const std::vector<std::string>& names,
                                 WallTime now);
  KeyPair ActiveKeys() const;
  KeyPair NewestKeys() const;

  const std::unique_ptr<EnrollmentFolder> folder_;
  Random* const random_;
  const EnrollmentOptions options_;
  const std::string cluster_id_;
  std::mutex write_mutex_;  // held by whoever changes something, over the write to disk
  mutable std::mutex view_mutex_;
  std::shared_ptr<const View> view_;
  // Of the certificate that a node last connected with, since this process began.
  struct Seen {
    int authority = 0;
    int64_t generation = 0;
  };
  mutable std::map<std::string, Seen> seen_;  // by node; guarded by view_mutex_
  std::atomic<uint64_t> change_count_{0};
  std::atomic<int> served_authority_{0};  // that issued the newest ServerCertificate; 0: none yet
};

}  // namespace reconcile
