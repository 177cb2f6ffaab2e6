// Deltas: whatever becomes of an assignment or a report, what arrives is what was meant.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "link/assignment_delta.h"
#include "link/delta_channel.h"
#include "link/link_wire.h"
#include "link/report_delta.h"
#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

constexpr uint64_t kHistories = 60;
constexpr int kStepsOfHistory = 12;

// Changes a message step by step, by chance.
class MessageChanger {
 public:
  explicit MessageChanger(uint64_t seed) : random_(seed) {}

  bool OneIn(uint64_t n) { return random_.Below(n) == 0; }
  std::string AnyText() { return "text-" + std::to_string(random_.Below(4)); }
  std::string AnyName() { return "pod-" + std::to_string(random_.Below(12)); }
  std::string AnyNamespace() { return std::vector<std::string>{"a", "a-b", "b"}[random_.Below(3)]; }

  void Change(Assignment* assignment) {
    ++assignment->fence.revision;
    if (OneIn(5)) ++assignment->fence.epoch;
    if (OneIn(5)) assignment->fence.lineage_proof = AnyText();
    if (OneIn(4)) assignment->node_pod_cidr = AnyText();
    ChangeObjects(&assignment->pods, [this](Pod* pod) {
      pod->spec.node_name = AnyText();
      pod->metadata.labels = {{"app", AnyText()}};
      if (OneIn(3)) pod->metadata.deletion_timestamp = WallTime{1'790'000'000'000};
      Container container;
      container.name = "main";
      container.image = AnyText();
      pod->spec.containers = {container};
    });
    ChangeObjects(&assignment->config_maps, [this](ConfigMap* map) {
      map->data = {{"k", AnyText()}};
    });
    ChangeObjects(&assignment->secrets, [this](Secret* secret) {
      secret->data = {{"k", AnyText()}};
      secret->type = AnyText();
    });
    ChangeList(&assignment->nodes, [this](Node* node) { node->spec.pod_cidr = AnyText(); });
    ChangeList(&assignment->services,
               [this](Service* service) { service->spec.cluster_ip = AnyText(); });
    ChangeList(&assignment->endpoint_slices, [this](EndpointSlice* slice) {
      slice->metadata.labels = {{"of", AnyText()}};
    });
    ChangeList(&assignment->namespaces, [this](Namespace* space) {
      space->metadata.labels = {{"of", AnyText()}};
    });
    if (OneIn(5)) assignment->cluster_domain = AnyText();
    if (OneIn(5)) assignment->heartbeat_ms = static_cast<int64_t>(random_.Below(3)) * 1'000;
    auto& tombstones = assignment->tombstones;
    while (OneIn(2)) tombstones.push_back(AnyName());
    while (!tombstones.empty() && OneIn(3)) tombstones.erase(tombstones.begin());
    if (OneIn(10)) std::reverse(tombstones.begin(), tombstones.end());
  }

  void Change(Report* report) {
    ++report->sequence;
    report->clock_ms += static_cast<int64_t>(random_.Below(5'000));
    if (OneIn(4)) report->held = AnyText();
    if (OneIn(4)) report->applied = Fence{AnyText(), AnyText(), 1, 2, 3, AnyText()};
    if (OneIn(8)) report->applied.reset();
    if (OneIn(6)) report->labels = {{"zone", AnyText()}};
    if (OneIn(6)) report->node_status.addresses = {{"InternalIP", AnyText()}};
    if (OneIn(9)) report->agent_start = AnyText();
    ChangeImages(&report->images);
    ChangeUsage(&report->usage);
    report->events.clear();
    if (OneIn(3))
      report->events.push_back({"u", "a", AnyName(), EventType::kNormal, AnyText(), ""});
    report->starts.clear();
    if (OneIn(3)) report->starts.push_back({AnyText(), {1, 2, 3, 4, 5, 6, 7}});
    auto& pods = report->pods.Own();
    std::erase_if(pods, [this](const PodReport&) { return OneIn(4); });
    for (PodReport& pod : pods) {
      if (OneIn(4)) pod.status.pod_ip = AnyText();
      if (OneIn(8)) pod.gone = !pod.gone;
    }
    for (int i = 0; i < 3; ++i) {
      pods.push_back({AnyNamespace(), AnyName(), AnyText(), PodStatus(), false});
    }
    const auto key = [](const PodReport& pod) {
      return std::tie(pod.namespace_name, pod.name, pod.uid);
    };
    std::stable_sort(pods.begin(), pods.end(),
                     [&](const auto& a, const auto& b) { return key(a) < key(b); });
    pods.erase(std::unique(pods.begin(), pods.end(),
                           [&](const auto& a, const auto& b) { return key(a) == key(b); }),
               pods.end());
  }

 private:
  void ChangeUsage(UsagePtr* usage) {
    if (OneIn(2)) return;  // no new look
    if (OneIn(12)) return usage->reset();
    UsageReport next = *usage == nullptr ? UsageReport() : **usage;
    ++next.number;
    next.host.cpu_micros = static_cast<int64_t>(random_.Below(3)) * kCpuStepMicros;
    std::erase_if(next.pods, [this](const PodUsage&) { return OneIn(4); });
    for (PodUsage& pod : next.pods) {
      if (OneIn(3)) pod.containers = {{AnyText(), {100, 200}}};
      if (OneIn(8)) pod.network = NetworkUse{3, 4};
    }
    next.pods.push_back({AnyText(), std::nullopt, {}});
    std::sort(next.pods.begin(), next.pods.end(),
              [](const PodUsage& a, const PodUsage& b) { return a.uid < b.uid; });
    // Nobody promised that each is there once.
    if (OneIn(2)) {
      next.pods.erase(std::unique(next.pods.begin(), next.pods.end(),
                                  [](const auto& a, const auto& b) { return a.uid == b.uid; }),
                      next.pods.end());
    }
    *usage = std::make_shared<const UsageReport>(std::move(next));
  }

  void ChangeImages(ImageList* images) {
    if (OneIn(2)) return;  // the same list goes on
    std::vector<ContainerImage> changed;
    if (*images != nullptr) changed = **images;
    std::erase_if(changed, [this](const ContainerImage&) { return OneIn(4); });
    for (ContainerImage& image : changed) {
      if (OneIn(4)) image.size_bytes += 7;
      if (OneIn(8)) image.names.push_back(AnyText());
    }
    changed.push_back({{"shop/" + AnyName() + ":1"}, 12});
    changed = TellableImages(std::move(changed));
    if (OneIn(20)) std::reverse(changed.begin(), changed.end());  // nobody promised an order
    *images = std::make_shared<const std::vector<ContainerImage>>(std::move(changed));
  }

  template <typename T, typename Fill>
  void ChangeList(SharedList<T>* list, Fill fill) {
    if (OneIn(2)) return;  // the same list goes on
    typename SharedList<T>::Items items = list->items();
    ChangeObjects(&items, fill);
    *list = SharedList<T>(std::move(items));
  }

  template <typename T, typename Fill>
  void ChangeObjects(std::vector<std::shared_ptr<const T>>* objects, Fill fill) {
    std::erase_if(*objects, [this](const auto&) { return OneIn(4); });
    for (auto& object : *objects) {
      if (!OneIn(4)) continue;
      auto changed = std::make_shared<T>(*object);
      fill(changed.get());
      object = changed;
    }
    for (int i = 0; i < 2; ++i) {
      auto added = std::make_shared<T>();
      added->metadata.namespace_name = AnyNamespace();
      added->metadata.name = AnyName();
      added->metadata.uid = AnyText();
      fill(added.get());
      const bool known = std::any_of(objects->begin(), objects->end(),
                                     [&](const auto& o) { return o->key() == added->key(); });
      if (!known) objects->push_back(added);
    }
    std::sort(objects->begin(), objects->end(),
              [](const auto& a, const auto& b) { return a->key() < b->key(); });
    if (OneIn(20)) std::reverse(objects->begin(), objects->end());  // nobody promised an order
  }

  SeededRandom random_;
};

std::string TextOf(const Assignment& message) { return *WriteAssignment(message); }
std::string TextOf(const Report& message) { return *WriteReport(message); }
Result<AssignmentDelta> Decode(const Assignment&, const Value& value) {
  return DecodeAssignmentDelta(value);
}
Result<ReportDelta> Decode(const Report&, const Value& value) { return DecodeReportDelta(value); }

template <typename T>
void ExpectDeltasToReproduce(T first) {
  int deltas = 0;
  for (uint64_t seed = 0; seed < kHistories; ++seed) {
    MessageChanger changer(seed);
    T base = first;
    for (int step = 0; step < kStepsOfHistory; ++step) {
      T next = base;
      changer.Change(&next);
      const auto delta = MakeDelta(base, next);
      if (delta) {
        ++deltas;
        const auto travelled = Decode(base, *ParseJson(WriteJson(EncodeDelta(*delta))));
        ASSERT_TRUE(travelled.ok()) << travelled.status().ToString();
        const Result<T> applied = ApplyDelta(base, *travelled);
        ASSERT_TRUE(applied.ok()) << applied.status().ToString();
        ASSERT_EQ(TextOf(*applied), TextOf(next)) << "seed " << seed << ", step " << step;
      }
      base = next;
    }
  }
  EXPECT_GT(deltas, static_cast<int>(kHistories)) << "hardly anything was said as a delta";
}

TEST(AssignmentDelta, ReproducesWhatItWasMadeFrom) { ExpectDeltasToReproduce(SampleAssignment()); }
TEST(ReportDelta, ReproducesWhatItWasMadeFrom) { ExpectDeltasToReproduce(SampleReport()); }

template <typename T>
struct Types;
template <>
struct Types<Assignment> {
  static constexpr std::string_view kWhole = link_type::kAssignment;
};
template <>
struct Types<Report> {
  static constexpr std::string_view kWhole = link_type::kReport;
};

template <typename T>
Result<T> Receive(DeltaReceiver<T>* receiver, const std::string& text) {
  const Result<LinkMessage> message = ReadLinkMessage(text);
  EXPECT_TRUE(message.ok());
  return message->type == Types<T>::kWhole ? receiver->TakeWhole(message->body)
                                           : receiver->TakeDelta(message->body);
}

template <typename T>
void ExpectChannelToCarry(T message) {
  for (uint64_t seed = 0; seed < kHistories; ++seed) {
    MessageChanger changer(seed);
    DeltaSender<T> sender;
    DeltaReceiver<T> receiver;
    for (int step = 0; step < kStepsOfHistory; ++step) {
      changer.Change(&message);
      const Result<T> got = Receive(&receiver, *sender.Write(message));
      ASSERT_TRUE(got.ok()) << got.status().ToString();
      ASSERT_EQ(TextOf(*got), TextOf(message));
    }
  }
}

TEST(DeltaChannel, CarriesEveryAssignment) { ExpectChannelToCarry(SampleAssignment()); }
TEST(DeltaChannel, CarriesEveryReport) { ExpectChannelToCarry(SampleReport()); }

TEST(DeltaChannel, SaysLittleOfAQuietHost) {
  DeltaSender<Report> sender;
  Report report = SampleReport();
  std::swap(report.pods[0], report.pods[1]);  // an agent's are sorted
  const size_t whole = sender.Write(report)->size();
  report.events.clear();
  report.starts.clear();
  ++report.sequence;
  const size_t again = sender.Write(report)->size();
  EXPECT_GT(whole, 1000U);
  EXPECT_LT(again, 300U);
}

TEST(DeltaChannel, SaysOfUsageOnlyWhatIsAnother) {
  DeltaSender<Report> sender;
  Report report;
  report.node = "host-1";
  UsageReport usage;
  for (int i = 0; i < 50; ++i) {
    usage.pods.push_back({"0c5d5a1e-0000-4000-8000-0000000000" + std::to_string(10 + i),
                          NetworkUse{},
                          {{"app", {0, 5'000'000}}}});
  }
  report.usage = std::make_shared<const UsageReport>(usage);
  const size_t whole = sender.Write(report)->size();
  ++usage.number;
  usage.pods[7].containers[0].use.cpu_micros = 300;
  report.usage = std::make_shared<const UsageReport>(usage);
  const size_t again = sender.Write(report)->size();
  EXPECT_GT(whole, 5'000U);
  EXPECT_LT(again, 600U);
}

TEST(DeltaChannel, RefusesADeltaOfWhatItDoesNotHave) {
  DeltaSender<Assignment> sender;
  Assignment assignment = SampleAssignment();
  const std::string first = *sender.Write(assignment);
  ++assignment.fence.revision;
  const std::string second = *sender.Write(assignment);
  ++assignment.fence.revision;
  const std::string third = *sender.Write(assignment);
  DeltaReceiver<Assignment> receiver;
  EXPECT_EQ(Receive(&receiver, second).status().code(), StatusCode::kInvalid) << "has nothing";
  EXPECT_TRUE(Receive(&receiver, first).ok());
  EXPECT_EQ(Receive(&receiver, third).status().code(), StatusCode::kInvalid) << "missed one";
  EXPECT_TRUE(Receive(&receiver, second).ok());
  EXPECT_TRUE(Receive(&receiver, third).ok());
  sender.Forget();
  DeltaReceiver<Assignment> fresh;
  const Result<Assignment> all = Receive(&fresh, *sender.Write(assignment));
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(TextOf(*all), TextOf(assignment));
}

TEST(DeltaChannel, RefusesWhatWouldNotFitAgain) {
  DeltaSender<Report> sender;
  Report report = SampleReport();
  report.held = std::string(kMaxMessageBytes / 2, 'x');
  ASSERT_TRUE(sender.Write(report).ok());
  report.labels["more"] = std::string(kMaxMessageBytes / 2, 'y');
  const Result<std::string> refused = sender.Write(report);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalid)
      << "the change alone would fit, all of it would not";
  report.labels.clear();
  report.held = "";
  EXPECT_TRUE(sender.Write(report).ok());
}

TEST(DeltaChannel, SendsAllAgainWhenChangesCouldHaveGrownTooLarge) {
  DeltaSender<Report> sender;
  DeltaReceiver<Report> receiver;
  Report report = SampleReport();
  for (int i = 0; i < 6; ++i) {
    ++report.sequence;
    report.held = std::string(kMaxMessageBytes / 4, static_cast<char>('a' + i));
    const Result<Report> got = Receive(&receiver, *sender.Write(report));
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->held, report.held);
  }
}

TEST(AssignmentDelta, RefusesARemovalOfWhatIsNotThere) {
  AssignmentDelta delta;
  delta.changed.node = "host-1";
  delta.removed_pods = {"shop/nothing/"};
  const Result<Assignment> applied = ApplyDelta(SampleAssignment(), delta);
  EXPECT_EQ(applied.status().code(), StatusCode::kInvalid);
  EXPECT_NE(applied.status().message().find("shop/nothing"), std::string::npos);
  delta.removed_pods.clear();
  delta.dropped_tombstones = 3;
  EXPECT_EQ(ApplyDelta(SampleAssignment(), delta).status().code(), StatusCode::kInvalid);
}

TEST(AssignmentDelta, TakesAListsOwnWordForHowItCameToBe) {
  const Assignment base = SampleAssignment();
  auto other = std::make_shared<Service>(*base.services[0]);
  other->metadata.name = "other";
  Assignment next = base;
  next.services = SharedList<Service>(base.services, {{other}, {"shop/web/"}}, {other});
  const auto delta = MakeDelta(base, next);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->changed.services.items(), (SharedList<Service>::Items{other}));
  EXPECT_EQ(delta->removed_services, std::vector<std::string>{"shop/web/"});
  EXPECT_TRUE(delta->changed.endpoint_slices.empty());
  const Result<Assignment> applied = ApplyDelta(base, *delta);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(TextOf(*applied), TextOf(next));
  EXPECT_TRUE(applied->nodes.IsOneWith(base.nodes));
}

TEST(AssignmentDelta, IsForOneNodeAlone) {
  Assignment other = SampleAssignment();
  other.node = "host-2";
  EXPECT_FALSE(MakeDelta(SampleAssignment(), other));
  AssignmentDelta delta;
  delta.changed.node = "host-2";
  EXPECT_EQ(ApplyDelta(SampleAssignment(), delta).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
