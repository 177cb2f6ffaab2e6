// Any bytes as DNS packets: as a client's query, answered from a zone or with an upstream's reply,
// and as an upstream's reply to it. What is written can be read again and keeps to its limits.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/dns/answer.h"
#include "net/dns/cache.h"
#include "net/dns/forwarder.h"
#include "net/dns/name.h"
#include "net/dns/resolv_conf.h"

namespace reconcile {
namespace {

const DnsZone& Zone() {
  static const std::shared_ptr<const DnsZone> zone = [] {
    DnsZoneConfig config;
    config.cluster_domain = "c";
    config.reverse_ranges = {*Cidr::Parse("10.0.0.0/8")};
    const std::vector<DnsPort> ports = {{"p", "tcp", 80}};
    std::vector<DnsEndpoint> endpoints(100);
    for (uint32_t i = 0; i < endpoints.size(); ++i) endpoints[i] = {0x0a000000 + i, "", ports};
    const auto shared = [](DnsService service) {
      return std::make_shared<const DnsService>(std::move(service));
    };
    return DnsZone::Make(config,
                         {shared({"n", "s", DnsServiceKind::kClusterIp, 0x0a000001, ports}),
                          shared({"n", "h", DnsServiceKind::kHeadless, 0, {}, "", endpoints}),
                          shared({"n", "e", DnsServiceKind::kExternalName, 0, {}, "e.x"}),
                          shared({"n", "i", DnsServiceKind::kExternalName, 0, {}, "s.n.svc.c"})})
        .value();
  }();
  return *zone;
}

// A packet that is sent to a client.
void CheckSent(const std::string& packet, const DnsQuery& query, size_t limit) {
  CHECK(packet.size() <= limit);
  CHECK(DnsWordAt(packet, 0) == query.id);
  if (query.question_bytes.empty()) return;
  const std::optional<DnsReply> reply = ReadDnsReply(packet);
  CHECK(reply && reply->question == query.question);
  CHECK(reply->has_edns == query.has_edns);
}

void CheckQuery(std::string_view packet, const DnsReply* upstream) {
  DnsQuery query;
  DnsRcode error = DnsRcode::kNoError;
  const DnsCheck check = ReadDnsQuery(packet, &query, &error);
  if (check == DnsCheck::kIgnore) return;
  const size_t limit = UdpLimit(query);
  if (check == DnsCheck::kAnswer) return CheckSent(ErrorReply(query, error), query, limit);
  FormatDnsName(query.question.name);
  SeededRandom random(query.id);
  const ZoneStep step = AnswerFromZone(Zone(), query, limit, &random);
  if (step.done) {
    CheckSent(step.packet, query, limit);
    CHECK(!ReadDnsReply(AnswerFromZone(Zone(), query, kMaxDnsMessageBytes, &random).packet)
               ->truncated());
    return;
  }
  if (upstream == nullptr) return;
  CheckSent(AnswerWithChain(query, step.alias_chain, *upstream, 1, 30, limit), query, limit);
  if (!(upstream->question == query.question)) return;
  // An upstream's own octets are passed on: names that lead through other fields stay nonsense.
  const std::string rendered = RenderReply(*upstream, query, 1, 30, limit);
  CHECK(rendered.size() <= limit && DnsWordAt(rendered, 0) == query.id);
  CHECK(rendered.substr(kDnsHeaderBytes).starts_with(query.question_bytes));
}

// The packet as the reply to the very question that it repeats.
void CheckForwarded(const DnsReply& reply, const std::string& packet) {
  SeededRandom random(1);
  DnsForwarder forwarder({}, {}, &random);
  forwarder.SetForwarding(DnsForwarding::Make({{"192.0.2.1"}}, {}).value());
  CHECK(forwarder.Ask({reply.question}, 1, {1}));
  const DnsForwarder::Actions asked = forwarder.TakeActions();
  std::string answer = packet;
  SetDnsWord(DnsWordAt(asked.begin.at(0).packet, 0), 0, &answer);
  forwarder.OnPacket(asked.begin[0].id, answer, {2});
  CHECK(forwarder.TakeActions().end.size() == 1);
  forwarder.FromCache({reply.question}, {3});
}

void CheckPacket(std::string_view text) {
  const std::optional<DnsReply> reply = ReadDnsReply(std::string(text));
  if (reply) {
    for (const DnsRecordPlace& place : reply->records) {
      CHECK(place.end <= reply->packet.size());
      TakeRecord(*reply, place);
    }
    CacheTtlS(*reply);
    CheckForwarded(*reply, std::string(text));
    // As if a client had asked for it.
    UpstreamQuestion question = {reply->question};
    CheckQuery(WriteUpstreamQuery(question, 7, true), &*reply);
    CheckQuery(WriteUpstreamQuery({{std::string("\1e\1n\3svc\1c\0", 11), 1, 1}}, 7, false),
               &*reply);
  }
  CheckQuery(text, nullptr);
}

// As resolv.conf: what is made of it is read as it was written.
void CheckResolvConf(std::string_view text) {
  const ResolvConf conf = ParseResolvConf(text);
  CHECK(ParseResolvConf(FormatResolvConf(conf)) == conf);
  MakePodResolvConf({.namespace_name = "n"}, {"10.96.0.10", "c"}, text);
  for (const DnsUpstream& upstream : PickUpstreams(text, text, "10.96.0.10")) {
    CHECK(DnsForwarding::Make({upstream}, {}).ok());
  }
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  reconcile::CheckPacket(text);
  reconcile::CheckResolvConf(text);
  return 0;
}
