#include "api/list_stream.h"

#include <gtest/gtest.h>

#include <utility>

#include "api/resource_reads.h"
#include "schema/core.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"

namespace reconcile {
namespace {

class ListStreamTest : public testing::Test {
 protected:
  void PutPods(int count, size_t padding) {
    Transaction transaction;
    for (int i = 0; i < count; ++i) {
      auto pod = std::make_shared<Pod>();
      pod->metadata.name = "p" + std::to_string(1000 + i);
      pod->metadata.namespace_name = "default";
      pod->metadata.annotations["padding"] = std::string(padding, 'x');
      pod->spec.containers.Edit().resize(1);
      transaction.writes.push_back({pod->key(), pod});
    }
    ASSERT_TRUE(store_.Commit(transaction, store_.Snapshot()->revision()).ok());
  }
  ApiResponse List(const std::string& accept, bool over_tls) {
    ApiRequest request;
    request.method = "GET";
    request.path = "/api/v1/pods";
    request.accept = accept;
    if (over_tls) request.user = ApiUser{"ada", {}};
    return reads_.Read(*ParseResourcePath(request.path), request);
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  MemoryStore store_;
  ResourceReads reads_{&store_, &loop_};
};

constexpr char kTableTypes[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

TEST_F(ListStreamTest, BringsTheSameTextAsAWholeAnswer) {
  PutPods(150, 2'000);
  for (const char* accept : {"application/json", kTableTypes}) {
    const ApiResponse whole = List(accept, false);
    EXPECT_FALSE(whole.stream);
    ASSERT_TRUE(ParseJson(whole.body).ok());
    for (bool shared : {false, true}) {
      const ApiResponse streamed = List(accept, true);
      ASSERT_TRUE(streamed.stream);
      std::string text;
      std::optional<Status> end;
      StreamHandle handle;
      ApiSink sink;
      sink.on_data = [&](std::string_view bytes) {
        EXPECT_LE(bytes.size(), kMaxStreamFrameBytes);
        text += bytes;
        handle.Taken(bytes.size());
      };
      sink.on_end = [&](Status status) { end = std::move(status); };
      if (shared) {
        sink.on_shared = [&](const std::vector<SharedBytes>& pieces) {
          for (const SharedBytes& piece : pieces) {
            text += *piece;
            handle.Taken(piece->size());
          }
        };
      }
      handle = streamed.stream(sink);
      time_.RunFor(1);
      EXPECT_EQ(text, whole.body);
      EXPECT_EQ(end, OkStatus());
    }
  }
}

TEST_F(ListStreamTest, BeginsSmallWaitsForItsReaderAndStaysOfItsMoment) {
  PutPods(900, 4'000);
  const std::string whole = List("", false).body;
  const ApiResponse streamed = List("", true);
  std::vector<size_t> sizes;
  std::string text;
  bool ended = false;
  ApiSink sink;
  sink.on_end = [&](const Status&) { ended = true; };
  sink.on_shared = [&](const std::vector<SharedBytes>& pieces) {
    for (const SharedBytes& piece : pieces) {
      sizes.push_back(piece->size());
      text += *piece;
    }
  };
  const StreamHandle handle = streamed.stream(sink);
  time_.RunFor(1);
  EXPECT_LT(sizes.front(), 32U << 10);
  EXPECT_LT(text.size(), whole.size() / 2);
  EXPECT_FALSE(ended);
  PutPods(1, 1);  // what changes meanwhile is not in it
  size_t taken = 0;
  for (int i = 0; i < 1'000 && !ended; ++i) {
    handle.Taken(text.size() - std::exchange(taken, text.size()));
    time_.RunFor(1);
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(text, whole);
}

TEST_F(ListStreamTest, LetsGoOfASinkThatHasItsHandle) {
  PutPods(300, 2'000);
  for (const bool cancels : {false, true}) {
    auto handle = std::make_shared<StreamHandle>();
    const std::weak_ptr<StreamHandle> held = handle;
    ApiSink sink;
    sink.on_data = [handle, cancels](std::string_view bytes) {
      if (cancels) return handle->Cancel();
      handle->Taken(bytes.size());
    };
    sink.on_end = [](const Status&) {};
    *handle = List("", true).stream(std::move(sink));
    handle.reset();
    EXPECT_FALSE(held.expired());
    time_.RunFor(1);
    EXPECT_TRUE(held.expired());
  }
}

TEST_F(ListStreamTest, AReaderThatGoesEndsIt) {
  PutPods(400, 4'000);
  size_t bytes = 0;
  ApiSink sink;
  sink.on_end = [](const Status&) { ADD_FAILURE(); };
  sink.on_shared = [&](const std::vector<SharedBytes>& pieces) { bytes += pieces[0]->size(); };
  const StreamHandle handle = List("", true).stream(sink);
  handle.Cancel();
  time_.RunFor(1);
  handle.Taken(1);
  time_.RunFor(1);
  EXPECT_EQ(bytes, 0U);
}

// A burst is told in one go, the first change of a quiet time at once.
TEST_F(ListStreamTest, ChangesOfABurstAreToldTogether) {
  ApiRequest request;
  request.method = "GET";
  request.path = "/api/v1/pods";
  request.query = {{"watch", "true"}};
  size_t told = 0;
  size_t lines = 0;
  ApiSink sink;
  sink.on_end = [](const Status&) {};
  sink.on_shared = [&](const std::vector<SharedBytes>& pieces) {
    ++told;
    lines += pieces.size();
  };
  const auto response = reads_.Read(*ParseResourcePath(request.path), request);
  const StreamHandle handle = response.stream(sink);
  time_.RunFor(50);
  PutPods(1, 1);
  time_.RunFor(1);
  EXPECT_EQ(told, 1U);
  for (int i = 0; i < 15; ++i) {
    PutPods(1, static_cast<size_t>(i));
    time_.RunFor(1);
  }
  EXPECT_EQ(told, 1U);
  time_.RunFor(5);
  EXPECT_EQ(told, 2U);
  EXPECT_EQ(lines, 16U);
}

// One commit may change more than is kept of older ones: who reads it in time gets all of it.
TEST_F(ListStreamTest, ABurstIsKeptWhileItIsFresh) {
  constexpr int kChanges = 5'000;
  PutPods(kChanges, 1);
  ApiRequest request;
  request.method = "GET";
  request.path = "/api/v1/pods";
  request.query = {{"watch", "true"}, {"resourceVersion", "1"}};
  int lines = 0;
  StreamHandle handle;
  ApiSink sink;
  sink.on_end = [](const Status&) {};
  sink.on_shared = [&](const std::vector<SharedBytes>& pieces) {
    for (const SharedBytes& piece : pieces) {
      ++lines;
      EXPECT_EQ(piece->find("\"ERROR\""), std::string::npos);
      handle.Taken(piece->size());
    }
  };
  PutPods(1, 2);  // what is too old is forgotten at a change
  handle = reads_.Read(*ParseResourcePath(request.path), request).stream(sink);
  time_.RunFor(50);
  EXPECT_EQ(lines, kChanges);
  time_.RunFor(31'000);
  PutPods(1, 3);
  time_.RunFor(50);
  EXPECT_EQ(lines, kChanges + 1);
  std::string too_old;
  ApiSink late;
  late.on_end = [](const Status&) {};
  late.on_data = [&](std::string_view bytes) { too_old += bytes; };
  reads_.Read(*ParseResourcePath(request.path), request).stream(late);
  time_.RunFor(50);
  EXPECT_NE(too_old.find("\"code\":410"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
