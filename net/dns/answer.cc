#include "net/dns/answer.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr std::string_view kAnyRefused("\7RFC8482\0", 9);  // CPU "RFC8482", no OS

void Shuffle(std::vector<DnsRecord>* records, Random* random) {
  for (size_t i = records->size(); i > 1; --i) {
    std::swap((*records)[i - 1], (*records)[random->Below(i)]);
  }
}

// False when not all fit: the reply is truncated.
bool AddAll(DnsSection section, const std::vector<DnsRecord>& records, DnsWriter* writer) {
  return std::all_of(records.begin(), records.end(),
                     [&](const DnsRecord& record) { return writer->Add(section, record); });
}

std::string WriteAnswer(const DnsZone& zone, const DnsQuery& query, const DnsQuestion& last,
                        const std::vector<DnsRecord>& alias_chain, const ZoneAnswer& answer,
                        size_t limit) {
  DnsWriter writer(query, limit);
  const bool is_record = answer.outcome == ZoneOutcome::kRecords;
  const DnsRecord soa = is_record ? DnsRecord() : zone.SoaFor(last.name);
  bool whole = AddAll(DnsSection::kAnswer, alias_chain, &writer) &&
               AddAll(DnsSection::kAnswer, answer.records, &writer);
  if (!is_record) whole = whole && writer.Add(DnsSection::kAuthority, soa);
  // Additional records only help: a reply without them is whole.
  if (whole) AddAll(DnsSection::kAdditional, answer.additional, &writer);
  const DnsRcode rcode =
      answer.outcome == ZoneOutcome::kNoName ? DnsRcode::kNxDomain : DnsRcode::kNoError;
  return writer.Finish(static_cast<uint16_t>(kDnsAuthoritative | (whole ? 0 : kDnsTruncated)),
                       rcode);
}

}  // namespace

ZoneStep AnswerFromZone(const DnsZone& zone, const DnsQuery& query, size_t limit, Random* random) {
  ZoneStep step;
  DnsQuestion question = query.question;
  ZoneAnswer answer = zone.Find(question);
  // RFC 8482 4.2: something small instead of all that there is.
  const bool exists =
      answer.outcome != ZoneOutcome::kOutside && answer.outcome != ZoneOutcome::kNoName;
  if (question.type == kDnsAny && exists) {
    answer.outcome = ZoneOutcome::kRecords;
    answer.records = {{question.name, kDnsHinfo, kServiceTtlS, std::string(kAnyRefused)}};
  }
  while (answer.outcome == ZoneOutcome::kAlias && step.alias_chain.size() < kMaxAliases) {
    question.name = answer.records[0].data;
    step.alias_chain.push_back(std::move(answer.records[0]));
    answer = zone.Find(question);
  }
  if (answer.outcome == ZoneOutcome::kOutside) {
    step.upstream = std::move(question);
    return step;
  }
  step.done = true;
  if (answer.outcome == ZoneOutcome::kAlias) {  // in a circle, as far as anybody would follow it
    step.packet = ErrorReply(query, DnsRcode::kServFail);
    return step;
  }
  Shuffle(&answer.records, random);
  step.packet = WriteAnswer(zone, query, question, step.alias_chain, answer, limit);
  return step;
}

std::string AnswerWithChain(const DnsQuery& query, const std::vector<DnsRecord>& alias_chain,
                            const DnsReply& reply, uint32_t age_s, uint32_t max_ttl_s,
                            size_t limit) {
  DnsWriter writer(query, limit);
  std::vector<DnsRecord> taken;
  taken.reserve(kMaxChasedRecords);  // the writer keeps views of their names
  bool whole = AddAll(DnsSection::kAnswer, alias_chain, &writer) && !reply.truncated();
  for (const DnsRecordPlace& place : reply.records) {
    const bool wanted = place.section == DnsSection::kAnswer ||
                        (place.section == DnsSection::kAuthority && place.type == kDnsSoa);
    if (!wanted || !whole) continue;
    std::optional<DnsRecord> record = TakeRecord(reply, place);
    if (!record) continue;
    const uint32_t ttl_s = std::min(record->ttl_s, max_ttl_s);
    record->ttl_s = ttl_s > age_s ? ttl_s - age_s : 0;
    if (taken.size() == kMaxChasedRecords) {
      whole = false;
      break;
    }
    taken.push_back(std::move(*record));
    whole = writer.Add(place.section, taken.back());
  }
  return writer.Finish(static_cast<uint16_t>(whole ? 0 : kDnsTruncated),
                       static_cast<DnsRcode>(reply.rcode()));
}

}  // namespace reconcile
