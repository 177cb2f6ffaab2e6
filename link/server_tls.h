#pragma once

#include <functional>
#include <string>

#include "link/enrollment.h"
#include "link/tls_context.h"

namespace reconcile {

// What a server of the cluster's CA shows in its handshakes, made anew at half of its life and when
// the CA changes: nobody else renews it. One thread.
class ServerTls {
 public:
  using MakePair = std::function<Result<KeyPair>(WallTime now)>;
  // `whose` ("the controller's") is for the log. `enrollment` must outlive it.
  ServerTls(const Enrollment* enrollment, std::string whose, MakePair make_pair);

  Status Make(WallTime now);
  // Makes it anew when it is time; what there was goes on when that fails, and it is tried later.
  void Check(WallTime now);
  const TlsContext& context() const { return context_; }  // null before Make

 private:
  const Enrollment* const enrollment_;
  const std::string whose_;
  const MakePair make_pair_;
  TlsContext context_;
  std::string authority_;  // the CA that it is of
  WallTime valid_from_;
  WallTime renew_at_;
};

}  // namespace reconcile
