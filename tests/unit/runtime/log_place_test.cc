#include "runtime/log_place.h"

#include <gtest/gtest.h>

#include <vector>

namespace reconcile {
namespace {

using Entries = std::vector<std::string>;

Entries NewOf(LogPlace* place, const Entries& pass, bool from_its_beginning = false) {
  Entries found;
  place->BeginPass(from_its_beginning);
  for (const std::string& line : pass) {
    if (place->Pass(LogStream::kOut, line)) found.push_back(line);
  }
  return found;
}

TEST(LogPlace, FindsWhatIsNew) {
  LogPlace place;
  EXPECT_EQ(NewOf(&place, {"1 a", "2 b"}), (Entries{"1 a", "2 b"}));
  EXPECT_EQ(NewOf(&place, {"1 a", "2 b", "3 c"}), Entries{"3 c"});
  EXPECT_TRUE(place.found());
  EXPECT_EQ(place.entries(), 3);
  EXPECT_EQ(place.new_entries(), 1);
  EXPECT_EQ(NewOf(&place, {"2 b", "3 c"}), Entries());
  EXPECT_TRUE(place.found());
}

TEST(LogPlace, SaysWhenItIsNotAmongTheLines) {
  LogPlace place;
  NewOf(&place, {"1 a", "2 b"});
  EXPECT_EQ(NewOf(&place, {"5 e", "6 f"}, true), Entries());
  EXPECT_FALSE(place.found());
  EXPECT_EQ(NewOf(&place, {"1 a", "2 b", "3 c"}), Entries{"3 c"})
      << "the place was lost by looking";
  place.Forget();
  EXPECT_EQ(NewOf(&place, {"5 e", "6 f"}), (Entries{"5 e", "6 f"}));
}

TEST(LogPlace, StampsMayGoBack) {
  LogPlace place;
  NewOf(&place, {"8 a", "9 b"});
  EXPECT_EQ(NewOf(&place, {"8 a", "9 b", "1 c", "2 d"}), (Entries{"1 c", "2 d"}));
  EXPECT_EQ(NewOf(&place, {"1 c", "2 d", "3 e"}), Entries{"3 e"});
}

TEST(LogPlace, TellsTheStreamsApart) {
  LogPlace place;
  place.BeginPass(true);
  EXPECT_TRUE(place.Pass(LogStream::kOut, "1 a"));
  EXPECT_TRUE(place.Pass(LogStream::kError, "1 a"));
  place.BeginPass(true);
  EXPECT_FALSE(place.Pass(LogStream::kOut, "1 a"));
  EXPECT_FALSE(place.found());
  EXPECT_FALSE(place.Pass(LogStream::kError, "1 a"));
  EXPECT_TRUE(place.found());
}

TEST(LogPlace, CountsEqualPiecesOfALongLine) {
  LogPlace place;
  NewOf(&place, {"1 a", "2 x", "2 x"});
  EXPECT_EQ(NewOf(&place, {"1 a", "2 x", "2 x", "2 x", "3 b"}), (Entries{"2 x", "3 b"}));
}

TEST(LogPlace, DoesNotCountEqualPiecesThatAPassBeginsAmid) {
  LogPlace place;
  NewOf(&place, {"1 a", "2 x", "2 x"});
  EXPECT_EQ(NewOf(&place, {"2 x", "2 x", "2 x", "3 b"}), Entries());
  EXPECT_FALSE(place.found()) << "three pieces of how many?";
  EXPECT_EQ(NewOf(&place, {"2 x", "2 x", "2 x", "3 b"}, true), (Entries{"2 x", "3 b"}));
}

}  // namespace
}  // namespace reconcile
