#include "cmd/get_text.h"

namespace reconcile {
namespace {

Value ReadValue(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

TEST(GetText, NamesAreWhatOtherCommandsTake) {
  EXPECT_EQ(NameLines(ReadValue(R"({"items": [
      {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web-1"}},
      {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "w\u001b"}}]})")),
            "pod/web-1\ndeployment.apps/w\\x1b\n");
  EXPECT_EQ(NameLines(ReadValue(
                R"({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "host-1"}})")),
            "node/host-1\n");
}

TEST(GetText, SeveralAnswersAreOneList) {
  const Value one = ReadValue(R"({"kind": "Pod"})");
  EXPECT_EQ(MergeAnswers({one}), one);
  const Value list = MergeAnswers({one, ReadValue(R"({"items": [{"kind": "Node"}]})")});
  EXPECT_EQ(list.GetString("kind"), "List");
  EXPECT_EQ(list.GetList("items").size(), 2U);
}

TEST(RowWriter, KeepsWidthsAndWritesTheHeaderOnce) {
  RowWriter rows(true, false);
  const auto table = [](const std::string& columns, const std::string& name) {
    return ReadValue(R"({"columnDefinitions": )" + columns + R"(, "rows": [{"cells": [")" + name +
                     R"(", "more", "1/1"], "object": {"metadata": {"namespace": "shop"}}}]})");
  };
  EXPECT_EQ(rows.Text(table(R"([{"name": "Name"}, {"name": "IP", "priority": 1},
                                {"name": "Ready"}])",
                            "web-1")),
            "NAMESPACE   NAME    READY\nshop        web-1   1/1\n");
  EXPECT_EQ(rows.Text(table("[]", "w")), "shop        w       1/1\n");
  EXPECT_EQ(rows.Text(table("[]", "longer\\u0007")), "shop        longer\\x07   1/1\n");
  EXPECT_EQ(rows.Text(table("[]", "w")), "shop        w            1/1\n");
}

}  // namespace
}  // namespace reconcile
