#include <git2/sys/transport.h>
#include <libssh2.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/epoll_loop.h"
#include "schema/text.h"
#include "source/fetch_transport.h"
#include "source/git_handles.h"

namespace reconcile {
namespace {

constexpr int64_t kSilenceMs = 30'000;  // between two signs of life
constexpr size_t kMaxErrorTextBytes = 2048;

class SshTransport;

// The one stream of a connection: ssh speaks on after the advertisement. First member: libgit2's.
struct SshStream {
  git_smart_subtransport_stream parent = {};
  SshTransport* transport = nullptr;
};
struct SshSubtransport {
  git_smart_subtransport parent = {};
  SshTransport* transport = nullptr;
};

// The names of libssh2's kinds of host keys.
std::string KeyTypeName(int type) {
  switch (type) {
    case LIBSSH2_HOSTKEY_TYPE_RSA:
      return "ssh-rsa";
    case LIBSSH2_HOSTKEY_TYPE_DSS:
      return "ssh-dss";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_256:
      return "ecdsa-sha2-nistp256";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_384:
      return "ecdsa-sha2-nistp384";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_521:
      return "ecdsa-sha2-nistp521";
    case LIBSSH2_HOSTKEY_TYPE_ED25519:
      return "ssh-ed25519";
    default:
      return "unknown";
  }
}

// What to ask the server for: the kinds that are known of it, or those that are fit for today.
std::string WantedKeyTypes(const KnownHosts& known, const RepositoryUrl& url) {
  std::string wanted;
  for (const std::string& type : known.KeyTypes(url.host, url.port)) {
    wanted += (wanted.empty() ? "" : ",") + type;
    if (type == "ssh-rsa") wanted += ",rsa-sha2-512,rsa-sha2-256";
  }
  return wanted.empty() ? "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                          "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"
                        : wanted;
}

// In single quotes for the other side's shell, as Git does.
std::string QuoteForShell(const std::string& path) {
  std::string quoted = "'";
  for (const char c : path) {
    if (c == '\'' || c == '!') {
      quoted += std::string("'\\") + c + "'";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

class SshTransport final : public FetchTransport {
 public:
  explicit SshTransport(TransportContext context) : context_(std::move(context)) {}
  ~SshTransport() override {
    if (channel_ != nullptr) libssh2_channel_free(channel_);
    if (session_ != nullptr) libssh2_session_free(session_);
  }
  SshTransport(const SshTransport&) = delete;
  SshTransport& operator=(const SshTransport&) = delete;

  git_transport_cb callback() override;
  Status status() const override { return status_; }
  std::optional<HostKey> offered_key() const override { return offered_; }

  int Act(git_smart_subtransport* owner, git_smart_subtransport_stream** out,
          git_smart_service_t service);
  int Read(char* buffer, size_t size, size_t* taken);
  int Write(const char* bytes, size_t size);
  void Forget(const SshStream* stream) {
    if (stream_ == stream) stream_ = nullptr;
  }

 private:
  Status Open();
  Status Shake();
  Status CheckHostKey();
  Status Authenticate();
  Status OpenChannel();
  // Waits for the socket; Unavailable when it is silent too long.
  Status Await();
  // Calls until the answer is not "again".
  template <typename Call>
  Status Repeat(const Call& call, long* answer);
  Status Failure(const std::string& what) const;
  std::string ServerWords() const;
  int Fail(Status status);

  TransportContext context_;
  Status status_;
  std::optional<HostKey> offered_;
  UniqueFd socket_;
  LIBSSH2_SESSION* session_ = nullptr;
  LIBSSH2_CHANNEL* channel_ = nullptr;
  SshStream* stream_ = nullptr;
  int64_t total_bytes_ = 0;
};

// ---- what libgit2 calls ----

int ActOnSsh(git_smart_subtransport_stream** out, git_smart_subtransport* transport, const char*,
             git_smart_service_t service) {
  return reinterpret_cast<SshSubtransport*>(transport)->transport->Act(transport, out, service);
}
int CloseSsh(git_smart_subtransport*) { return 0; }
void FreeSsh(git_smart_subtransport* transport) {
  delete reinterpret_cast<SshSubtransport*>(transport);
}
int ReadSshStream(git_smart_subtransport_stream* stream, char* buffer, size_t size, size_t* taken) {
  return reinterpret_cast<SshStream*>(stream)->transport->Read(buffer, size, taken);
}
int WriteSshStream(git_smart_subtransport_stream* stream, const char* bytes, size_t size) {
  return reinterpret_cast<SshStream*>(stream)->transport->Write(bytes, size);
}
void FreeSshStream(git_smart_subtransport_stream* raw) {
  auto* stream = reinterpret_cast<SshStream*>(raw);
  stream->transport->Forget(stream);
  delete stream;
}
int MakeSshSubtransport(git_smart_subtransport** out, git_transport*, void* transport) {
  auto* made = new SshSubtransport;
  made->parent.action = ActOnSsh;
  made->parent.close = CloseSsh;
  made->parent.free = FreeSsh;
  made->transport = static_cast<SshTransport*>(transport);
  *out = &made->parent;
  return 0;
}
int MakeSshGitTransport(git_transport** out, git_remote* owner, void* transport) {
  git_smart_subtransport_definition definition = {MakeSshSubtransport, 0, transport};
  return git_transport_smart(out, owner, &definition);
}

// ---- the transport ----

git_transport_cb SshTransport::callback() { return MakeSshGitTransport; }

int SshTransport::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
  git_error_set_str(GIT_ERROR_SSH, status_.message().c_str());
  return -1;
}

Status SshTransport::Await() {
  const MonoTime now = ReadSystemClock().mono;
  const int64_t left_ms = std::min<int64_t>(kSilenceMs, context_.deadline - now);
  const int directions = libssh2_session_block_directions(session_);
  pollfd poll_fd = {socket_.get(), 0, 0};
  if ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0) poll_fd.events |= POLLOUT;
  if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 || poll_fd.events == 0) {
    poll_fd.events |= POLLIN;
  }
  if (left_ms <= 0) {
    return UnavailableError("the server is too slow: fetching took longer than timeout_ms = " +
                            std::to_string(context_.request->limits.timeout_ms));
  }
  const int ready = poll(&poll_fd, 1, static_cast<int>(left_ms));
  if (ready < 0 && errno != EINTR) return UnavailableError(std::string("poll: ") + strerror(errno));
  if (ready == 0) {
    return UnavailableError("the server said nothing for " + std::to_string(left_ms / 1000) + " s");
  }
  return OkStatus();
}

template <typename Call>
Status SshTransport::Repeat(const Call& call, long* answer) {
  while (true) {
    *answer = static_cast<long>(call());
    if (*answer != LIBSSH2_ERROR_EAGAIN) return OkStatus();
    RETURN_IF_ERROR(Await());
  }
}

Status SshTransport::Failure(const std::string& what) const {
  char* text = nullptr;
  int length = 0;
  libssh2_session_last_error(session_, &text, &length, 0);
  return UnavailableError(what + ": " + std::string(text, static_cast<size_t>(length)));
}

Status SshTransport::Shake() {
  Result<UniqueFd> connected =
      ConnectToHost(context_.addresses, context_.request->limits.connect_ms);
  if (!connected.ok()) return connected.status();
  socket_ = std::move(connected).value();
  static const bool is_ready = libssh2_init(0) == 0;
  session_ = is_ready ? libssh2_session_init() : nullptr;
  if (session_ == nullptr) return InternalError("libssh2 cannot be used");
  libssh2_session_set_blocking(session_, 0);
  const KnownHosts known = KnownHosts::Parse(context_.request->known_hosts);
  const std::string types = WantedKeyTypes(known, context_.url);
  // Kinds that this libssh2 does not know are passed over by it; if it knows none, its own order.
  libssh2_session_method_pref(session_, LIBSSH2_METHOD_HOSTKEY, types.c_str());
  long answer = 0;
  RETURN_IF_ERROR(
      Repeat([&] { return libssh2_session_handshake(session_, socket_.get()); }, &answer));
  return answer == 0 ? OkStatus() : Failure("the ssh server and this client do not agree");
}

Status SshTransport::CheckHostKey() {
  size_t size = 0;
  int type = 0;
  const char* bytes = libssh2_session_hostkey(session_, &size, &type);
  if (bytes == nullptr) return InternalError("the ssh server shows no host key");
  const HostKey key{KeyTypeName(type), std::string(bytes, size)};
  const RepositoryUrl& url = context_.url;
  const KnownHosts known = KnownHosts::Parse(context_.request->known_hosts);
  const std::string shown = key.type + " " + key.Fingerprint();
  switch (known.Check(url.host, url.port, key)) {
    case HostTrust::kTrusted:
      return OkStatus();
    case HostTrust::kRevoked:
      return InvalidError("the host key of " + url.HostAndPort() + " (" + shown +
                          ") is revoked in the known hosts; nothing was sent");
    case HostTrust::kChanged:
      offered_ = key;
      return InvalidError("the host key of " + url.HostAndPort() + " CHANGED: it shows " + shown +
                          ", which is none of those known. Either the server got a new key, or "
                          "somebody stands between; nothing was sent");
    case HostTrust::kUnknown:
      offered_ = key;
      return InvalidError(
          "the host key of " + url.HostAndPort() + " is not known: it shows " + shown +
          "; nothing was sent" +
          (known.HasAuthority(url.host, url.port)
               ? " (the @cert-authority of the known hosts is passed over: host certificates are "
                 "not taken)"
               : ""));
  }
  return InternalError("no such trust");
}

Status SshTransport::Authenticate() {
  const std::string& user = context_.url.user;
  const std::string& secret = context_.request->secrets.ssh_key;
  long answer = 0;
  RETURN_IF_ERROR(Repeat(
      [&] {
        return libssh2_userauth_publickey_frommemory(session_, user.data(), user.size(), nullptr, 0,
                                                     secret.data(), secret.size(), nullptr);
      },
      &answer));
  if (answer == 0) return OkStatus();
  const std::string reason = Failure("").message();
  if (answer == LIBSSH2_ERROR_FILE || answer == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED) {
    return InvalidError("credentials.sshKeyFile has no private key that can be used" + reason +
                        " (ed25519 and ecdsa keys without a passphrase can)");
  }
  return InvalidError("the ssh server does not let user " + Quoted(user) +
                      " in with the key of credentials.sshKeyFile" + reason +
                      " (an RSA key needs libssh2 1.11 and later; ed25519 and ecdsa keys do not)");
}

Status SshTransport::OpenChannel() {
  while (channel_ == nullptr) {
    channel_ = libssh2_channel_open_session(session_);
    if (channel_ != nullptr) break;
    if (libssh2_session_last_errno(session_) != LIBSSH2_ERROR_EAGAIN) {
      return Failure("the ssh server opens no channel");
    }
    RETURN_IF_ERROR(Await());
  }
  const std::string command = "git-upload-pack " + QuoteForShell(context_.url.path);
  long answer = 0;
  RETURN_IF_ERROR(Repeat([&] { return libssh2_channel_exec(channel_, command.c_str()); }, &answer));
  return answer == 0 ? OkStatus() : Failure("the ssh server does not run git-upload-pack");
}

Status SshTransport::Open() {
  RETURN_IF_ERROR(Shake());
  RETURN_IF_ERROR(CheckHostKey());
  RETURN_IF_ERROR(Authenticate());
  return OpenChannel();
}

int SshTransport::Act(git_smart_subtransport* owner, git_smart_subtransport_stream** out,
                      git_smart_service_t service) {
  if (service == GIT_SERVICE_UPLOADPACK && stream_ != nullptr) {
    *out = &stream_->parent;
    return 0;
  }
  if (service != GIT_SERVICE_UPLOADPACK_LS || channel_ != nullptr) {
    return Fail(InternalError("only fetching is done here"));
  }
  const Status opened = Open();
  if (!opened.ok()) return Fail(opened);
  stream_ = new SshStream;
  stream_->parent.subtransport = owner;
  stream_->parent.read = ReadSshStream;
  stream_->parent.write = WriteSshStream;
  stream_->parent.free = FreeSshStream;
  stream_->transport = this;
  *out = &stream_->parent;
  return 0;
}

// What git-upload-pack said on its standard error, for the message of its end.
std::string SshTransport::ServerWords() const {
  std::array<char, kMaxErrorTextBytes> text;
  const ssize_t size = libssh2_channel_read_stderr(channel_, text.data(), text.size());
  if (size <= 0) return "";
  return ": it says " + Quoted(std::string(text.data(), static_cast<size_t>(size)));
}

int SshTransport::Read(char* buffer, size_t size, size_t* taken) {
  *taken = 0;
  long answer = 0;
  const Status status =
      Repeat([&] { return libssh2_channel_read(channel_, buffer, size); }, &answer);
  if (!status.ok()) return Fail(status);
  if (answer < 0) return Fail(Failure("the connection broke off"));
  if (answer == 0 && total_bytes_ == 0) {
    return Fail(InvalidError("the server has no such repository, or this key may not read it" +
                             ServerWords()));
  }
  total_bytes_ += answer;
  if (total_bytes_ > context_.request->limits.max_pack_bytes) {
    return Fail(InvalidError("what the server sends passes the limit max_pack_bytes = " +
                             std::to_string(context_.request->limits.max_pack_bytes)));
  }
  *taken = static_cast<size_t>(answer);
  return 0;
}

int SshTransport::Write(const char* bytes, size_t size) {
  while (size > 0) {
    long answer = 0;
    const Status status =
        Repeat([&] { return libssh2_channel_write(channel_, bytes, size); }, &answer);
    if (!status.ok()) return Fail(status);
    if (answer < 0) return Fail(Failure("the connection broke off"));
    bytes += answer;
    size -= static_cast<size_t>(answer);
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<FetchTransport>> MakeSshTransport(TransportContext context) {
  return std::unique_ptr<FetchTransport>(std::make_unique<SshTransport>(std::move(context)));
}

}  // namespace reconcile
