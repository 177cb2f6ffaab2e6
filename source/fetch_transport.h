#pragma once

#include <git2.h>

#include <memory>
#include <optional>
#include <vector>

#include "source/fetch_protocol.h"
#include "source/remote_address.h"
#include "source/repository_url.h"

namespace reconcile {

// How libgit2 talks to a server: over our own connections, because its own have no time-outs,
// take no client certificate and connect to whatever a name resolves to. In the child's process.
class FetchTransport {
 public:
  virtual ~FetchTransport() = default;
  // For git_remote_callbacks::transport, with this object as payload.
  virtual git_transport_cb callback() = 0;
  // Why the last call of libgit2 failed, when it was the connection's doing; OK otherwise.
  virtual Status status() const = 0;
  // The ssh server's key, when that was refused.
  virtual std::optional<HostKey> offered_key() const { return std::nullopt; }
};

// What both kinds need. The request outlives the transport.
struct TransportContext {
  const FetchRequest* request = nullptr;
  RepositoryUrl url;
  std::vector<HostAddress> addresses;
  MonoTime deadline;
  std::string ca_pem;  // to trust, of https
};

// https by libcurl: no redirect is followed (FAULTS 8), credentials go to the URL's host alone.
Result<std::unique_ptr<FetchTransport>> MakeHttpsTransport(TransportContext context);
// ssh by libssh2, with a key from memory; a host key that the request's known hosts do not trust
// ends it before anything is sent (FAULTS 13).
Result<std::unique_ptr<FetchTransport>> MakeSshTransport(TransportContext context);

}  // namespace reconcile
