#pragma once

#include <optional>
#include <string>

#include "link/certificates.h"

namespace reconcile {

// What makes a host a member of its cluster, kept in one file of mode 0600, so that key and
// certificate change together: DATA/link/node.pem.
struct NodeIdentity {
  KeyPair pair;             // the chain ends with the CAs that are trusted
  PeerCertificate leaf;     // what the certificate says
  std::string trusted_pem;  // those CAs
};

// Invalid, with why, when the chain holds no CA or does not begin with a node's certificate.
Result<NodeIdentity> MakeNodeIdentity(const KeyPair& pair);

// Whether one of the certificates in `trusted_pem` has this fingerprint.
bool HoldsAuthority(const std::string& trusted_pem, const std::string& ca_fingerprint);

// None when the folder, which is made when it is not there, holds no identity. Invalid when what it
// holds cannot be one, naming the file and what to do.
Result<std::optional<NodeIdentity>> LoadNodeIdentity(const std::string& folder);
// Written, synced and renamed into place when it returns.
Status SaveNodeIdentity(const std::string& folder, const KeyPair& pair);

// The key and request of a join that is under way: an answer that got lost can be asked for again
// without another use of the token. Made when there is none for this node.
Result<KeyAndRequest> LoadOrMakeJoinRequest(const std::string& folder, const std::string& node);
void ForgetJoinRequest(const std::string& folder);

}  // namespace reconcile
