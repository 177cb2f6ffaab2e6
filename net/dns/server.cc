#include "net/dns/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/epoll_loop.h"
#include "net/dns/answer.h"
#include "net/dns/tcp_clients.h"
#include "net/dns/udp_batch.h"
#include "net/dns/upstream_sockets.h"
#include "net/network_namespace.h"

namespace reconcile {
namespace {

constexpr int kListenBacklog = 128;
constexpr int kReceiveBufferBytes = 1 << 20;
constexpr int64_t kFirstRetryMs = 100;
constexpr int64_t kMaxRetryMs = 5'000;

// Where a reply goes.
struct Client {
  bool tcp = false;
  sockaddr_in peer = {};
  uint64_t connection = 0;
};
// A query that waits for upstreams.
struct Waiting {
  Client client;
  DnsQuery query;
  std::vector<DnsRecord> alias_chain;
  size_t limit = 0;
};

}  // namespace

struct DnsServer::State {
  explicit State(const DnsServerOptions& given)
      : options(given),
        shuffle(SystemRandom().Next()),
        forwarder(given.forwarder, given.cache, &ids),
        upstreams(&loop, {[this](uint64_t call, std::string packet) {
                            forwarder.OnPacket(call, std::move(packet), loop.now().mono);
                            ActForForwarder();
                          },
                          [this](uint64_t call) {
                            forwarder.OnFailure(call, loop.now().mono);
                            ActForForwarder();
                          }}),
        clients(&loop, given.max_connections, given.idle_connection_ms,
                [this](uint64_t connection, std::string_view packet) {
                  ++counts.tcp_queries;
                  OnQuery(packet, {.tcp = true, .connection = connection});
                }) {}

  void Run();
  void Listen();
  Status OpenListeners();
  void OnUdp();
  void TakeNews();
  void OnQuery(std::string_view packet, const Client& client);
  void Forward(const ZoneStep& step, const DnsQuery& query, size_t limit, const Client& client);
  void ActForForwarder();
  void ReplyTo(Waiting waiting, const DnsReply* reply, uint32_t age_s);
  void Reply(const Client& client, std::string packet);
  void SetProblem(std::string text);
  void PublishCounts();

  const DnsServerOptions options;
  EpollLoop loop;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable problem_changed;
  std::shared_ptr<const DnsZone> new_zone;              // guarded by mutex
  std::shared_ptr<const DnsForwarding> new_forwarding;  // guarded by mutex
  std::string problem = "it has not begun to listen";   // guarded by mutex
  DnsStatistics published;                              // guarded by mutex
  std::atomic<uint64_t> news = 0;                       // how often something new was given

  // The rest belongs to the server's thread.
  uint64_t seen_news = 0;
  std::shared_ptr<const DnsZone> zone;
  SystemRandom ids;
  SeededRandom shuffle;  // for addresses in a reply: no secret
  DnsForwarder forwarder;
  UpstreamSockets upstreams;
  TcpClients clients;
  UdpBatch batch;
  bool in_batch = false;
  UniqueFd udp;
  UniqueFd tcp;
  bool entered = false;  // the thread is in its network namespace
  int64_t retry_ms = kFirstRetryMs;
  MonoTime now;
  std::unordered_map<uint64_t, Waiting> waiting;  // by ticket
  uint64_t next_ticket = 1;
  TimerId forwarder_timer = 0;
  MonoTime forwarder_due;
  DnsStatistics counts;
};

void DnsServer::State::Run() {
  Listen();
  loop.Run();
  if (udp.ok()) loop.UnwatchFd(udp.get());
  if (tcp.ok()) loop.UnwatchFd(tcp.get());
}

void DnsServer::State::SetProblem(std::string text) {
  const std::lock_guard lock(mutex);
  problem = std::move(text);
  problem_changed.notify_all();
}

void DnsServer::State::Listen() {
  const Status status = OpenListeners();
  if (status.ok()) {
    loop.WatchFd(udp.get(), [this] { OnUdp(); });
    loop.WatchFd(tcp.get(), [this] { clients.Accept(tcp.get()); });
    return SetProblem("");
  }
  udp.Reset();
  tcp.Reset();
  SetProblem(status.message());
  loop.After(retry_ms, [this] { Listen(); });
  retry_ms = std::min(2 * retry_ms, kMaxRetryMs);
}

Status DnsServer::State::OpenListeners() {
  const std::string where =
      "DNS address " + options.address + " port " + std::to_string(options.port);
  if (!entered && !options.network_namespace_path.empty()) {
    const auto space = NetworkNamespace::Open(options.network_namespace_path);
    if (!space.ok()) return space.status().WithContext(where);
    RETURN_IF_ERROR(space->MoveThisThread().WithContext(where));
  }
  entered = true;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.address.c_str(), &address.sin_addr) != 1) {
    return InvalidError(where + ": no IPv4 address");
  }
  udp.Reset(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  tcp.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!udp.ok() || !tcp.ok()) return ErrnoError("open sockets for", where);
  const int yes = 1;
  for (const int fd : {udp.get(), tcp.get()}) {
    // The address need not be there yet, and may go and come back.
    ::setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof(yes));
  }
  ::setsockopt(udp.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof(int));
  // Connections of an agent of a moment ago may linger. Not for UDP: two servers could share it.
  ::setsockopt(tcp.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  ::setsockopt(tcp.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  for (const int fd : {udp.get(), tcp.get()}) {
    if (::bind(fd, generic, sizeof(address)) != 0) return ErrnoError("listen on", where);
  }
  if (::listen(tcp.get(), kListenBacklog) != 0) return ErrnoError("listen on", where);
  return OkStatus();
}

void DnsServer::State::TakeNews() {
  const uint64_t newest = news.load(std::memory_order_acquire);
  if (newest == seen_news) return;
  seen_news = newest;
  std::shared_ptr<const DnsForwarding> forwarding;
  {
    const std::lock_guard lock(mutex);
    if (new_zone) zone = std::move(new_zone);
    forwarding = std::move(new_forwarding);
  }
  if (forwarding) forwarder.SetForwarding(std::move(forwarding));
}

void DnsServer::State::OnUdp() {
  const size_t count = batch.Receive(udp.get());
  now = loop.now().mono;
  in_batch = true;
  for (size_t i = 0; i < count; ++i) {
    OnQuery(batch.packet(i), {.tcp = false, .peer = batch.peer(i)});
  }
  in_batch = false;
  batch.Send(udp.get());
  PublishCounts();
}

void DnsServer::State::OnQuery(std::string_view packet, const Client& client) {
  TakeNews();
  if (client.tcp) now = loop.now().mono;
  DnsQuery query;
  DnsRcode error = DnsRcode::kNoError;
  const DnsCheck check = ReadDnsQuery(packet, &query, &error);
  if (check == DnsCheck::kIgnore) {
    ++counts.ignored;
    return;
  }
  ++counts.queries;
  if (check == DnsCheck::kAnswer) return Reply(client, ErrorReply(query, error));
  if (!zone) return Reply(client, ErrorReply(query, DnsRcode::kServFail));
  const size_t limit = client.tcp ? kMaxDnsMessageBytes : UdpLimit(query);
  ZoneStep step = AnswerFromZone(*zone, query, limit, &shuffle);
  if (step.done) return Reply(client, std::move(step.packet));
  Forward(step, query, limit, client);
}

void DnsServer::State::Forward(const ZoneStep& step, const DnsQuery& query, size_t limit,
                               const Client& client) {
  const UpstreamQuestion question = {step.upstream, (query.flags & kDnsRecursionDesired) != 0,
                                     (query.flags & kDnsCheckingDisabled) != 0, query.dnssec_ok};
  Waiting asker = {client, query, step.alias_chain, limit};
  if (const auto kept = forwarder.FromCache(question, now)) {
    ++counts.cache_hits;
    return ReplyTo(std::move(asker), kept->reply.get(), kept->age_s);
  }
  const uint64_t ticket = next_ticket++;
  if (!forwarder.Ask(question, ticket, now)) {
    ++counts.refused_forwards;
    return Reply(client, ErrorReply(query, DnsRcode::kServFail));
  }
  ++counts.forwarded;
  waiting.emplace(ticket, std::move(asker));
  ActForForwarder();
}

void DnsServer::State::ActForForwarder() {
  DnsForwarder::Actions actions = forwarder.TakeActions();
  for (const uint64_t call : actions.end) upstreams.End(call);
  for (const UpstreamCall& call : actions.begin) upstreams.Begin(call);
  for (const DnsForwarder::Finished& finished : actions.finished) {
    for (const uint64_t ticket : finished.tickets) {
      auto asker = waiting.extract(ticket);
      if (!asker.empty()) ReplyTo(std::move(asker.mapped()), finished.reply.get(), 0);
    }
  }
  const std::optional<MonoTime> due = forwarder.NextDue();
  if (forwarder_timer != 0 && due && *due == forwarder_due) return;
  if (forwarder_timer != 0) loop.Cancel(forwarder_timer);
  forwarder_timer = 0;
  if (!due) return;
  forwarder_due = *due;
  forwarder_timer = loop.At(*due, [this] {
    forwarder_timer = 0;
    forwarder.OnTime(loop.now().mono);
    ActForForwarder();
  });
}

void DnsServer::State::ReplyTo(Waiting asker, const DnsReply* reply, uint32_t age_s) {
  const uint32_t max_ttl_s = forwarder.max_ttl_s();
  if (reply == nullptr) {
    return Reply(asker.client, ErrorReply(asker.query, DnsRcode::kServFail));
  }
  Reply(asker.client, asker.alias_chain.empty()
                          ? RenderReply(*reply, asker.query, age_s, max_ttl_s, asker.limit)
                          : AnswerWithChain(asker.query, asker.alias_chain, *reply, age_s,
                                            max_ttl_s, asker.limit));
}

void DnsServer::State::Reply(const Client& client, std::string packet) {
  const size_t rcode = DnsWordAt(packet, 2) & kDnsRcodeMask;
  ++(rcode < counts.answers.size() ? counts.answers[rcode] : counts.other_answers);
  if (client.tcp) {
    clients.Send(client.connection, packet);
  } else {
    batch.Put(client.peer, std::move(packet));
    if (!in_batch) batch.Send(udp.get());
  }
  if (!in_batch) PublishCounts();
}

void DnsServer::State::PublishCounts() {
  counts.upstream_failures = forwarder.failures();
  const std::lock_guard lock(mutex);
  published = counts;
}

DnsServer::DnsServer(const DnsServerOptions& options) : state_(std::make_unique<State>(options)) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

DnsServer::~DnsServer() {
  // As a task: the loop may not have begun to run.
  state_->loop.Post([state = state_.get()] { state->loop.Stop(); });
  state_->thread.join();
}

void DnsServer::SetZone(std::shared_ptr<const DnsZone> zone) {
  const std::lock_guard lock(state_->mutex);
  state_->new_zone.swap(zone);
  state_->news.fetch_add(1, std::memory_order_release);
}

void DnsServer::SetForwarding(std::shared_ptr<const DnsForwarding> forwarding) {
  const std::lock_guard lock(state_->mutex);
  state_->new_forwarding.swap(forwarding);
  state_->news.fetch_add(1, std::memory_order_release);
}

std::string DnsServer::problem() const {
  const std::lock_guard lock(state_->mutex);
  return state_->problem;
}

std::string DnsServer::ProblemAfter(int64_t patience_ms) const {
  std::unique_lock lock(state_->mutex);
  state_->problem_changed.wait_for(lock, std::chrono::milliseconds(patience_ms),
                                   [&] { return state_->problem.empty(); });
  return state_->problem;
}

DnsStatistics DnsServer::statistics() const {
  const std::lock_guard lock(state_->mutex);
  return state_->published;
}

}  // namespace reconcile
