#include "net/dns/forwarder.h"

#include <gtest/gtest.h>

#include "net/dns/name.h"
#include "tests/unit/net/dns/packets.h"

namespace reconcile {
namespace {

class DnsForwarderTest : public ::testing::Test {
 protected:
  DnsForwarderTest() { Use({{"192.0.2.1"}, {"192.0.2.2"}}); }

  void Use(const std::vector<DnsUpstream>& upstreams, const std::vector<StubDomain>& stubs = {}) {
    forwarder_.SetForwarding(DnsForwarding::Make(upstreams, stubs).value());
  }
  bool Ask(const std::string& name, uint64_t ticket) {
    const bool taken = forwarder_.Ask({Question(name)}, ticket, now_);
    Take();
    return taken;
  }
  void Take() {
    DnsForwarder::Actions actions = forwarder_.TakeActions();
    for (const uint64_t call : actions.end) EXPECT_EQ(calls_.erase(call), 1U);
    for (UpstreamCall& call : actions.begin) {
      last_ = call;
      calls_[call.id] = std::move(call);
    }
    for (DnsForwarder::Finished& finished : actions.finished) {
      for (const uint64_t ticket : finished.tickets) {
        answers_[ticket] = finished.reply ? TextOf(*finished.reply) : "failed";
      }
    }
  }
  void Reply(const ReplyOptions& options) { Packet(UpstreamReply(last_.packet, options)); }
  void Packet(const std::string& packet) {
    forwarder_.OnPacket(last_.id, packet, now_);
    Take();
  }
  void Fail() {
    forwarder_.OnFailure(last_.id, now_);
    Take();
  }
  void WaitUntilDue() {
    now_ = forwarder_.NextDue().value();
    forwarder_.OnTime(now_);
    Take();
  }
  static std::string TextOf(const DnsReply& reply) {
    const DnsQuery query = ReadQuery(QueryPacket(FormatDnsName(reply.question.name), kDnsA));
    return FormatReply(RenderReply(reply, query, 0, 300, kMaxDnsMessageBytes));
  }
  std::string asked() const { return last_.upstream.address + (last_.tcp ? " by tcp" : ""); }

  SeededRandom random_{7};
  MonoTime now_{1'000'000};
  DnsForwarderLimits limits_{.max_flights = 3, .max_waiting = 5};
  DnsForwarder forwarder_{limits_, {}, &random_};
  std::map<uint64_t, UpstreamCall> calls_;
  std::map<uint64_t, std::string> answers_;
  UpstreamCall last_;
};

const ReplyOptions kFound = {.answers = {AddressRecord("a.example", "192.0.2.7", 300)}};

TEST_F(DnsForwarderTest, AsksTheFirstUpstreamAndEndsTheCall) {
  EXPECT_TRUE(Ask("a.example", 1));
  EXPECT_EQ(asked(), "192.0.2.1");
  Reply(kFound);
  EXPECT_EQ(answers_[1], "NOERROR | a.example. 300 A 192.0.2.7");
  EXPECT_TRUE(calls_.empty());
  EXPECT_FALSE(forwarder_.NextDue());
  EXPECT_EQ(forwarder_.waiting(), 0U);
}

TEST_F(DnsForwarderTest, SameQuestionsAreAskedOnce) {
  Ask("a.example", 1);
  Ask("A.Example", 2);
  EXPECT_EQ(calls_.size(), 1U);
  Reply(kFound);
  EXPECT_EQ(answers_[1], answers_[2]);
  EXPECT_EQ(answers_.size(), 2U);
}

TEST_F(DnsForwarderTest, OnlyTheReplyToTheQuestionIsTaken) {
  Ask("a.example", 1);
  std::string wrong_id = UpstreamReply(last_.packet, kFound);
  SetDnsWord(static_cast<uint16_t>(DnsWordAt(wrong_id, 0) + 1), 0, &wrong_id);
  Packet(wrong_id);
  Packet(UpstreamReply(QueryPacket("b.example", kDnsA, {.id = DnsWordAt(last_.packet, 0)}), {}));
  Packet(UpstreamReply(QueryPacket("a.example", kDnsTxt, {.id = DnsWordAt(last_.packet, 0)}), {}));
  Packet("nonsense");
  Packet(last_.packet);
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(calls_.size(), 1U);
  Reply(kFound);
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(DnsForwarderTest, EachAttemptHasAnotherId) {
  Ask("a.example", 1);
  const uint16_t first = DnsWordAt(last_.packet, 0);
  Fail();
  EXPECT_NE(DnsWordAt(last_.packet, 0), first);
}

TEST_F(DnsForwarderTest, GoesToTheNextUpstreamWhenOneIsSilent) {
  Ask("a.example", 1);
  const MonoTime began = now_;
  WaitUntilDue();
  EXPECT_EQ(now_ - began, limits_.attempt_ms);
  EXPECT_EQ(asked(), "192.0.2.2");
  WaitUntilDue();
  EXPECT_EQ(asked(), "192.0.2.1");
  WaitUntilDue();
  EXPECT_EQ(now_ - began, limits_.total_ms);
  EXPECT_EQ(answers_[1], "failed");
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(forwarder_.failures(), 3U);
}

TEST_F(DnsForwarderTest, ASilentUpstreamIsAskedLastForAWhile) {
  Ask("a.example", 1);
  WaitUntilDue();
  Reply(kFound);
  Ask("b.example", 2);
  EXPECT_EQ(asked(), "192.0.2.2");
  now_ = now_ + limits_.distrust_ms;
  Ask("c.example", 3);
  EXPECT_EQ(asked(), "192.0.2.1");
}

TEST_F(DnsForwarderTest, GoesToTheNextWhenOneCannotBeReached) {
  Ask("a.example", 1);
  Fail();
  EXPECT_EQ(asked(), "192.0.2.2");
  Reply(kFound);
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(DnsForwarderTest, AFailureThatAllTellIsPassedOn) {
  Ask("a.example", 1);
  Reply({.rcode = DnsRcode::kServFail});
  EXPECT_EQ(asked(), "192.0.2.2");
  Reply({.rcode = DnsRcode::kRefused});
  EXPECT_EQ(answers_[1], "REFUSED");
}

TEST_F(DnsForwarderTest, AFailureThatOneTellsAndSilenceOfTheOthersIsPassedOn) {
  Ask("a.example", 1);
  Reply({.rcode = DnsRcode::kServFail});
  WaitUntilDue();
  WaitUntilDue();
  EXPECT_EQ(answers_[1], "SERVFAIL");
}

TEST_F(DnsForwarderTest, ATruncatedReplyIsAskedForByTcp) {
  Ask("a.example", 1);
  Reply({.flags = kDnsTruncated});
  EXPECT_EQ(asked(), "192.0.2.1 by tcp");
  Reply(kFound);
  EXPECT_EQ(answers_[1], "NOERROR | a.example. 300 A 192.0.2.7");
}

TEST_F(DnsForwarderTest, ATruncatedReplyIsBetterThanNone) {
  Use({{"192.0.2.1"}});
  Ask("a.example", 1);
  Reply({.flags = kDnsTruncated});
  Packet("nonsense");  // by TCP nothing else will come
  EXPECT_EQ(asked(), "192.0.2.1");
  Fail();
  Fail();
  EXPECT_EQ(answers_[1], "NOERROR tc");
}

TEST_F(DnsForwarderTest, AServerThatRefusesEdnsIsAskedWithout) {
  Ask("a.example", 1);
  EXPECT_TRUE(ReadQuery(last_.packet).has_edns);
  std::string refusal = last_.packet.substr(0, kDnsHeaderBytes);
  SetDnsWord(kDnsResponse | 1, 2, &refusal);
  SetDnsWord(0, 4, &refusal);
  SetDnsWord(0, 10, &refusal);
  Packet(refusal);
  EXPECT_FALSE(ReadQuery(last_.packet).has_edns);
  Reply(kFound);
  EXPECT_EQ(answers_.size(), 1U);
  Ask("b.example", 2);
  Reply({.rcode = DnsRcode::kFormErr});
  EXPECT_FALSE(ReadQuery(last_.packet).has_edns);
}

TEST_F(DnsForwarderTest, RefusesMoreQuestionsThanItsLimit) {
  EXPECT_TRUE(Ask("a.example", 1) && Ask("b.example", 2) && Ask("c.example", 3));
  EXPECT_FALSE(Ask("d.example", 4));
  EXPECT_TRUE(Ask("a.example", 5));
  EXPECT_TRUE(Ask("a.example", 6));
  EXPECT_FALSE(Ask("a.example", 7));  // five wait
  EXPECT_EQ(forwarder_.flights(), 3U);
}

TEST_F(DnsForwarderTest, WithoutUpstreamsNobodyIsAsked) {
  Use({});
  EXPECT_FALSE(Ask("a.example", 1));
}

TEST_F(DnsForwarderTest, StubDomainsHaveUpstreamsOfTheirOwn) {
  Use({{"192.0.2.1"}}, {{"corp.example", {{"192.0.2.5", 5353}}}, {"Lab.corp.example", {{"::1"}}}});
  Ask("host.corp.example", 1);
  EXPECT_EQ(last_.upstream, (DnsUpstream{"192.0.2.5", 5353}));
  Ask("lab.corp.example", 2);
  EXPECT_EQ(asked(), "::1");
  Ask("mycorp.example", 3);
  EXPECT_EQ(asked(), "192.0.2.1");
}

TEST_F(DnsForwarderTest, RemembersWhatItWasTold) {
  Ask("a.example", 1);
  Reply(kFound);
  now_ = now_ + 12'000;
  const auto kept = forwarder_.FromCache({Question("a.example")}, now_);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->age_s, 12U);
  EXPECT_FALSE(forwarder_.FromCache({Question("a.example"), true, false, true}, now_));
  now_ = now_ + 18'000;
  EXPECT_FALSE(forwarder_.FromCache({Question("a.example")}, now_));
}

TEST_F(DnsForwarderTest, OtherUpstreamsMayKnowOtherThings) {
  Ask("a.example", 1);
  Reply(kFound);
  Use({{"192.0.2.1"}, {"192.0.2.2"}});
  EXPECT_TRUE(forwarder_.FromCache({Question("a.example")}, now_)) << "the same again";
  Use({{"192.0.2.9"}});
  EXPECT_FALSE(forwarder_.FromCache({Question("a.example")}, now_));
}

TEST(DnsForwarding, RefusesWhatIsNoAddressAndNoName) {
  EXPECT_EQ(DnsForwarding::Make({{"dns.example"}}, {}).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(DnsForwarding::Make({{"192.0.2.1", 0}}, {}).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(DnsForwarding::Make({}, {{"a..b", {}}}).status().code(), StatusCode::kInvalid);
  EXPECT_NE(
      DnsForwarding::Make({}, {{"corp.example", {{"x"}}}}).status().message().find("corp.example"),
      std::string::npos);
}

}  // namespace
}  // namespace reconcile
