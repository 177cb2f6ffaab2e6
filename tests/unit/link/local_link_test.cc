#include "link/local_link.h"

#include "tests/support/loop_thread.h"
#include "tests/support/virtual_loop.h"
#include "tests/unit/link/link_contract.h"
#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

// Controller and agent on one loop.
class OneLoopWorld final : public LinkWorld {
 public:
  AgentLink* controller_end() override { return link_.controller_end(); }
  ControllerLink* agent_end() override { return link_.agent_end(); }
  std::string node() const override { return "host-1"; }
  void Connect() override { link_.Connect(); }
  void Disconnect() override { link_.Disconnect(); }
  void OnController(const std::function<void()>& task) override { task(); }
  void OnAgent(const std::function<void()>& task) override { task(); }
  void Settle() override { loop_.RunFor(1); }

 private:
  VirtualLoop loop_;
  LocalLink link_{&loop_, &loop_, "host-1"};
};

// Controller and agent on a thread each.
class TwoThreadsWorld final : public LinkWorld {
 public:
  ~TwoThreadsWorld() override {
    controller_.End();
    agent_.End();
  }
  AgentLink* controller_end() override { return link_.controller_end(); }
  ControllerLink* agent_end() override { return link_.agent_end(); }
  std::string node() const override { return "host-1"; }
  void Connect() override { link_.Connect(); }
  void Disconnect() override { link_.Disconnect(); }
  void OnController(const std::function<void()>& task) override { controller_.Do(task); }
  void OnAgent(const std::function<void()>& task) override { agent_.Do(task); }
  void Settle() override {
    // A message that arrives may make one more go back, and that one another.
    for (int i = 0; i < 3; ++i) {
      controller_.Do([] {});
      agent_.Do([] {});
    }
  }

 private:
  LoopThread controller_;
  LoopThread agent_;
  LocalLink link_{controller_.loop(), agent_.loop(), "host-1"};
};

INSTANTIATE_TEST_SUITE_P(
    Local, LinkContract,
    testing::Values(LinkWorldMaker{"OneLoop", [] { return std::make_unique<OneLoopWorld>(); }},
                    LinkWorldMaker{"TwoThreads",
                                   [] { return std::make_unique<TwoThreadsWorld>(); }}),
    [](const auto& maker) { return std::string(maker.param.name); });

class LocalLinkTest : public testing::Test {
 protected:
  void Serve() {
    ControllerLink::Handler handler;
    handler.on_logs = [this](const LogRequest&, LogSink sink) {
      writer_ = std::move(sink);
      return StreamHandle([this] { ++cancelled_; }, nullptr);
    };
    link_->agent_end()->SetHandler(std::move(handler));
    link_->Connect();
    loop_.RunFor(1);
  }
  StreamHandle Open() {
    return link_->controller_end()->OpenLogs(
        "host-1", {},
        {[this](std::string_view bytes) { bytes_ += bytes.size(); },
         [this](const Status& status) { ends_.push_back(status); }});
  }

  VirtualLoop loop_;
  std::unique_ptr<LocalLink> link_ = std::make_unique<LocalLink>(&loop_, &loop_, "host-1");
  LogSink writer_;
  int cancelled_ = 0;
  size_t bytes_ = 0;
  std::vector<Status> ends_;
};

TEST_F(LocalLinkTest, DropsWhatABrokenConnectionCarried) {
  Serve();
  int reports = 0;
  AgentLink::Handler handler;
  handler.on_report = [&](const Report&) { ++reports; };
  link_->controller_end()->SetHandler(std::move(handler));
  ASSERT_TRUE(link_->agent_end()->Send(SampleReport()).ok());
  link_->Disconnect();
  link_->Connect();
  loop_.RunFor(1);
  EXPECT_EQ(reports, 1) << "sent before the break, in order";
  link_->Disconnect();
  ASSERT_TRUE(link_->agent_end()->Send(SampleReport()).ok());
  link_->Connect();
  loop_.RunFor(1);
  EXPECT_EQ(reports, 1) << "it belongs to the connection that broke";
}

TEST_F(LocalLinkTest, RefusesMoreStreamsThanItsLimit) {
  Serve();
  for (size_t i = 0; i < kMaxLinkStreams; ++i) Open();
  loop_.RunFor(1);
  EXPECT_EQ(ends_.size(), 0U);
  Open();
  loop_.RunFor(1);
  ASSERT_EQ(ends_.size(), 1U);
  EXPECT_EQ(ends_[0].code(), StatusCode::kUnavailable);
}

TEST_F(LocalLinkTest, IsSilentOnceDestroyed) {
  Serve();
  const StreamHandle stream = Open();
  loop_.RunFor(1);
  ASSERT_TRUE(link_->agent_end()->Send(SampleReport()).ok());
  writer_.on_data("under way");
  link_.reset();
  writer_.on_data("after");
  writer_.on_end(OkStatus());
  stream.Cancel();
  stream.Taken(1);
  loop_.RunFor(1);
  EXPECT_EQ(bytes_, 0U);
  EXPECT_EQ(ends_.size(), 0U);
  EXPECT_EQ(cancelled_, 0);
}

}  // namespace
}  // namespace reconcile
