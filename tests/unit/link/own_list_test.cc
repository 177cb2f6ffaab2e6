#include "link/own_list.h"

#include <gtest/gtest.h>

#include <string>

#include "link/delta_channel.h"
#include "link/link_wire.h"
#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

TEST(OwnList, CopiesShareItemsUntilOneIsChanged) {
  OwnList<std::string> first = {"a", "b"};
  const OwnList<std::string> second = first;
  EXPECT_TRUE(first.IsOneWith(second));
  first.push_back("c");
  first[0] = "z";
  EXPECT_FALSE(first.IsOneWith(second));
  EXPECT_EQ(first.items(), (std::vector<std::string>{"z", "b", "c"}));
  EXPECT_EQ(second.items(), (std::vector<std::string>{"a", "b"}));
}

TEST(OwnList, OneThatNobodySharesIsChangedInPlace) {
  OwnList<int> list;
  EXPECT_TRUE(list.empty());
  list.push_back(1);
  const int* const there = &list.items()[0];
  list.front() = 2;
  EXPECT_EQ(&list.items()[0], there);
  EXPECT_EQ(list.size(), 1U);
}

// A controller keeps three of each agent: the link's, the last that was taken in, and the next.
TEST(OwnList, HeartbeatsShareThePodsOfTheReportBeforeThem) {
  DeltaSender<Report> sender;
  DeltaReceiver<Report> receiver;
  Report report = SampleReport();
  std::swap(report.pods[0], report.pods[1]);  // an agent's are sorted
  const auto receive = [&] {
    const Result<LinkMessage> message = ReadLinkMessage(*sender.Write(report));
    return message->type == link_type::kReport ? *receiver.TakeWhole(message->body)
                                               : *receiver.TakeDelta(message->body);
  };
  const Report first = receive();
  ++report.sequence;
  const Report second = receive();
  EXPECT_EQ(second.sequence, first.sequence + 1);
  EXPECT_TRUE(second.pods.IsOneWith(first.pods));
  report.pods[0].gone = !report.pods[0].gone;
  EXPECT_FALSE(receive().pods.IsOneWith(second.pods));
}

}  // namespace
}  // namespace reconcile
