#include "net/dns/forwarder.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "net/dns/name.h"

namespace reconcile {
namespace {

// Servers that know no EDNS may say so without repeating the question.
bool RefusesEdns(std::string_view packet, uint16_t id) {
  if (packet.size() < kDnsHeaderBytes || DnsWordAt(packet, 0) != id) return false;
  const uint16_t flags = DnsWordAt(packet, 2);
  const auto rcode = static_cast<DnsRcode>(flags & kDnsRcodeMask);
  return (flags & kDnsResponse) != 0 && DnsWordAt(packet, 4) == 0 &&
         (rcode == DnsRcode::kFormErr || rcode == DnsRcode::kNotImp);
}

}  // namespace

Status CheckDnsUpstream(const DnsUpstream& upstream) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  const char* text = upstream.address.c_str();
  if (inet_pton(AF_INET, text, address.data()) != 1 &&
      inet_pton(AF_INET6, text, address.data()) != 1) {
    return InvalidError("DNS upstream \"" + upstream.address + "\" is no IP address");
  }
  if (upstream.port == 0) return InvalidError("DNS upstream " + upstream.address + " with port 0");
  return OkStatus();
}

Result<std::shared_ptr<const DnsForwarding>> DnsForwarding::Make(
    std::vector<DnsUpstream> upstreams, const std::vector<StubDomain>& stub_domains) {
  std::shared_ptr<DnsForwarding> made(new DnsForwarding);
  for (const DnsUpstream& upstream : upstreams) RETURN_IF_ERROR(CheckDnsUpstream(upstream));
  made->upstreams_ = std::move(upstreams);
  for (const StubDomain& stub : stub_domains) {
    Result<std::string> domain = ParseDnsName(stub.domain);
    if (!domain.ok()) return domain.status().WithContext("stub domain");
    for (const DnsUpstream& upstream : stub.upstreams) {
      const Status status = CheckDnsUpstream(upstream);
      if (!status.ok()) return status.WithContext("stub domain " + stub.domain);
    }
    made->stub_domains_.emplace_back(std::move(domain.value()), stub.upstreams);
  }
  std::stable_sort(made->stub_domains_.begin(), made->stub_domains_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  return std::shared_ptr<const DnsForwarding>(std::move(made));
}

const std::vector<DnsUpstream>& DnsForwarding::UpstreamsFor(std::string_view name) const {
  for (const auto& [domain, upstreams] : stub_domains_) {
    if (IsInDnsZone(name, domain)) return upstreams;
  }
  return upstreams_;
}

size_t DnsForwarder::Flight::max_attempts() const {
  return std::clamp(upstreams.size(), kMinDnsAttempts, kMaxDnsAttempts);
}

void DnsForwarder::SetForwarding(std::shared_ptr<const DnsForwarding> forwarding) {
  if (forwarding_ && forwarding && *forwarding_ == *forwarding) return;
  forwarding_ = std::move(forwarding);
  cache_.Clear();
  distrusted_.clear();
}

std::optional<DnsForwarder::Kept> DnsForwarder::FromCache(const UpstreamQuestion& question,
                                                          MonoTime now) {
  const DnsCache::Entry* entry = cache_.Find(question.Key(), now);
  if (entry == nullptr) return std::nullopt;
  return Kept{entry->reply, static_cast<uint32_t>((now - entry->stored) / 1000)};
}

bool DnsForwarder::Ask(const UpstreamQuestion& question, uint64_t ticket, MonoTime now) {
  if (waiting_ >= limits_.max_waiting || !forwarding_) return false;
  std::string key = question.Key();
  if (const auto same = calls_.find(key); same != calls_.end()) {
    flights_.at(same->second).tickets.push_back(ticket);
    ++waiting_;
    return true;
  }
  const std::vector<DnsUpstream>& upstreams = forwarding_->UpstreamsFor(question.question.name);
  if (flights_.size() >= limits_.max_flights || upstreams.empty()) return false;
  Flight flight;
  flight.question = question;
  flight.key = std::move(key);
  flight.upstreams = InOrderOfTrust(upstreams, now);
  flight.ends = now + limits_.total_ms;
  flight.tickets.push_back(ticket);
  ++waiting_;
  StartAttempt(std::move(flight), now);
  return true;
}

std::vector<DnsUpstream> DnsForwarder::InOrderOfTrust(const std::vector<DnsUpstream>& upstreams,
                                                      MonoTime now) {
  std::vector<DnsUpstream> order = upstreams;
  std::stable_partition(order.begin(), order.end(), [&](const DnsUpstream& upstream) {
    const auto found = distrusted_.find({upstream.address, upstream.port});
    return found == distrusted_.end() || found->second <= now;
  });
  return order;
}

void DnsForwarder::StartAttempt(Flight flight, MonoTime now) {
  ++flight.attempts;
  flight.tcp = false;
  const bool last = flight.attempts >= flight.max_attempts();
  const MonoTime ends = last ? flight.ends : std::min(flight.ends, now + limits_.attempt_ms);
  StartCall(std::move(flight), ends);
}

void DnsForwarder::StartCall(Flight flight, MonoTime ends) {
  flight.call = next_call_++;
  flight.packet_id = static_cast<uint16_t>(random_->Next());
  flight.attempt_ends = ends;
  actions_.begin.push_back({flight.call, flight.asked(), flight.tcp,
                            WriteUpstreamQuery(flight.question, flight.packet_id, flight.edns)});
  calls_[flight.key] = flight.call;
  due_.emplace(ends, flight.call);
  flights_.emplace(flight.call, std::move(flight));
}

DnsForwarder::Flight DnsForwarder::EndCall(Flights::iterator found) {
  Flight flight = std::move(found->second);
  flights_.erase(found);
  calls_.erase(flight.key);
  due_.erase({flight.attempt_ends, flight.call});
  actions_.end.push_back(flight.call);
  return flight;
}

void DnsForwarder::Retry(Flight flight, MonoTime now) {
  if (flight.attempts >= flight.max_attempts() || flight.ends <= now) {
    return Finish(std::move(flight), nullptr);
  }
  StartAttempt(std::move(flight), now);
}

void DnsForwarder::Finish(Flight flight, std::shared_ptr<const DnsReply> reply) {
  if (!reply) reply = std::move(flight.last_resort);
  waiting_ -= flight.tickets.size();
  actions_.finished.push_back({std::move(flight.tickets), std::move(reply)});
}

void DnsForwarder::Distrust(const DnsUpstream& upstream, MonoTime now) {
  ++failures_;
  // Those whose time is over are forgotten: there are no more than upstreams.
  std::erase_if(distrusted_, [&](const auto& entry) { return entry.second <= now; });
  distrusted_[{upstream.address, upstream.port}] = now + limits_.distrust_ms;
}

void DnsForwarder::OnPacket(uint64_t call, std::string packet, MonoTime now) {
  const auto found = flights_.find(call);
  if (found == flights_.end()) return;
  const Flight& asked = found->second;
  if (asked.edns && RefusesEdns(packet, asked.packet_id)) {
    Flight flight = EndCall(found);
    flight.edns = false;
    ++failures_;
    return Retry(std::move(flight), now);
  }
  std::optional<DnsReply> reply = ReadDnsReply(std::move(packet));
  const bool matches =
      reply && reply->id == asked.packet_id && reply->question == asked.question.question;
  if (matches) return OnReply(found, std::move(*reply), now);
  // By UDP the true reply may come yet; by TCP nothing will.
  if (asked.tcp) OnFailure(call, now);
}

void DnsForwarder::OnReply(Flights::iterator found, DnsReply received, MonoTime now) {
  Flight flight = EndCall(found);
  auto reply = std::make_shared<const DnsReply>(std::move(received));
  if (reply->truncated() && !flight.tcp) {
    flight.last_resort = std::move(reply);
    flight.tcp = true;
    return StartCall(std::move(flight), flight.ends);
  }
  const auto rcode = static_cast<DnsRcode>(reply->rcode());
  if (rcode == DnsRcode::kNoError || rcode == DnsRcode::kNxDomain) {
    cache_.Put(flight.key, reply, now);
    return Finish(std::move(flight), std::move(reply));
  }
  ++failures_;
  if (rcode == DnsRcode::kFormErr && flight.edns) {
    flight.edns = false;
    return Retry(std::move(flight), now);
  }
  // It would say so again; others may not.
  if (flight.attempts >= flight.upstreams.size()) return Finish(std::move(flight), reply);
  flight.last_resort = std::move(reply);
  Retry(std::move(flight), now);
}

void DnsForwarder::OnFailure(uint64_t call, MonoTime now) {
  const auto found = flights_.find(call);
  if (found == flights_.end()) return;
  Flight flight = EndCall(found);
  Distrust(flight.asked(), now);
  Retry(std::move(flight), now);
}

void DnsForwarder::OnTime(MonoTime now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    OnFailure(due_.begin()->second, now);
  }
}

std::optional<MonoTime> DnsForwarder::NextDue() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

}  // namespace reconcile
