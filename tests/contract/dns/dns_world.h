#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "net/dns/server.h"
#include "tests/contract/net/namespaces.h"

namespace reconcile {

// A program that runs in a namespace until it is ended; it dies with the test.
class RunningProgram {
 public:
  RunningProgram(const IdleProcess& where, const std::vector<std::string>& command);
  ~RunningProgram() { End(); }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;
  void End();

 private:
  pid_t id_ = 0;
};

// A host in a network namespace, with the real DNS server on the cluster's address and a real
// resolver (dnsmasq) as its upstream.
class DnsWorld {
 public:
  static constexpr const char* kAddress = "10.96.0.10";
  static constexpr const char* kUpstream = "127.0.0.2";
  static constexpr const char* kStubUpstream = "127.0.0.3";
  static constexpr const char* kNobody = "127.0.0.8";  // nothing listens there
  static constexpr const char* kSilent = "127.0.0.9";  // somebody does, and says nothing

  DnsWorld();

  DnsServerOptions Options() const;
  // In the place of the one before. Waits until it listens.
  void StartServer(const DnsServerOptions& options);
  void StopServer() { server_.reset(); }
  void SetServices(const std::vector<DnsService>& services);
  void SetUpstreams(const std::vector<std::string>& addresses);
  void StartUpstream();
  void StopUpstream();

  // What `dig WORDS @10.96.0.10` prints; a failure to get a reply is in its text.
  std::string Dig(const std::string& words);
  // The lines of the answer section, without spaces beside one another, sorted.
  std::string Answer(const std::string& words);
  // The code and the flags of the reply: "NOERROR qr aa rd ra".
  std::string Head(const std::string& words);

  const IdleProcess& host() const { return host_; }
  DnsServer* server() { return server_.get(); }
  void WaitUntilListening();

 private:
  IdleProcess host_;
  std::unique_ptr<RunningProgram> upstream_;
  std::unique_ptr<RunningProgram> stub_upstream_;
  UniqueFd silent_;
  std::unique_ptr<DnsServer> server_;
};

// A few services of each kind, one with very many endpoints.
std::vector<DnsService> DnsTestServices();

}  // namespace reconcile
