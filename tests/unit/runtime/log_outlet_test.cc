#include "runtime/log_outlet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace reconcile {
namespace {

TEST(LogOutlet, GivesFramesWithinTheWindowAndTheRestWhenTheyAreTaken) {
  std::string text;
  size_t largest = 0;
  LogOutlet outlet([&](LogStream, std::string_view bytes) {
    text += bytes;
    largest = std::max(largest, bytes.size());
  });
  std::string pushed;
  for (size_t i = 0; i < 3 * kStreamWindowBytes; ++i) pushed += static_cast<char>('a' + i % 26);
  outlet.Push(LogStream::kOut, pushed);
  EXPECT_EQ(text.size(), kStreamWindowBytes);
  EXPECT_EQ(largest, kMaxStreamFrameBytes);
  EXPECT_FALSE(outlet.empty());
  outlet.Taken(kMaxStreamFrameBytes);
  EXPECT_EQ(text.size(), kStreamWindowBytes + kMaxStreamFrameBytes);
  outlet.Taken(10 * kStreamWindowBytes);
  EXPECT_EQ(text.size(), 2 * kStreamWindowBytes + kMaxStreamFrameBytes) << "credit beyond a window";
  outlet.Taken(kStreamWindowBytes);
  EXPECT_EQ(text, pushed);
  EXPECT_TRUE(outlet.empty());
}

TEST(LogOutlet, MayBeToldOfTakenBytesFromInside) {
  size_t received = 0;
  LogOutlet* inside = nullptr;
  LogOutlet outlet([&](LogStream, std::string_view bytes) {
    received += bytes.size();
    inside->Taken(bytes.size());
  });
  inside = &outlet;
  outlet.Push(LogStream::kError, std::string(3 * kStreamWindowBytes, 'x'));
  EXPECT_EQ(received, 3 * kStreamWindowBytes);
  EXPECT_TRUE(outlet.empty());
}

TEST(LogOutlet, IsSilentOnceClosed) {
  int calls = 0;
  LogOutlet* inside = nullptr;
  LogOutlet outlet([&](LogStream, std::string_view) {
    ++calls;
    inside->Close();
  });
  inside = &outlet;
  outlet.Push(LogStream::kOut, std::string(3 * kStreamWindowBytes, 'x'));
  outlet.Taken(kStreamWindowBytes);
  outlet.Push(LogStream::kOut, "more");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace reconcile
