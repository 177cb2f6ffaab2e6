#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "base/utf8.h"

namespace reconcile {
namespace {

constexpr const char* kOther = "other";

std::map<std::string, std::string> LabelsOf(const Metric& metric, const LabelValues& values) {
  CHECK(metric.labels.size() == values.size());
  std::map<std::string, std::string> labels;
  for (size_t i = 0; i < values.size(); ++i) {
    labels[std::string(metric.labels[i])] = ToValidUtf8(values[i]);
  }
  return labels;
}

prometheus::MetricFamily FamilyOf(const Metric& metric) {
  prometheus::MetricFamily family;
  family.name = std::string(metric.name);
  family.help = std::string(metric.help);
  family.type = metric.type == MetricType::kCounter ? prometheus::MetricType::Counter
                                                    : prometheus::MetricType::Gauge;
  return family;
}

// One metric with all its series.
template <typename T>
struct Series {
  prometheus::Family<T>* family = nullptr;
  std::map<LabelValues, T*> by_values = {};
};

}  // namespace

std::string_view ToString(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "";
}

void MetricReadings::Add(const Metric& metric, LabelValues values, double value) {
  CHECK(metric.labels.size() == values.size() && metric.type != MetricType::kHistogram);
  auto& of = values_[&metric];
  if (of.size() < kMaxSeriesOfMetric) of.emplace_back(std::move(values), value);
}

struct Metrics::State {
  template <typename T>
  using Map = std::map<const Metric*, Series<T>>;

  // The series of these values, or the one of what is too much.
  template <typename T, typename... More>
  T* Find(Map<T>* map, const Metric& metric, const LabelValues& values, More&&... more) {
    const std::lock_guard lock(mutex);
    const auto found = map->find(&metric);
    CHECK(found != map->end());
    Series<T>& series = found->second;
    const auto known = series.by_values.find(values);
    if (known != series.by_values.end()) return known->second;
    const bool is_full = series.by_values.size() >= kMaxSeriesOfMetric;
    const LabelValues kept = is_full ? LabelValues(values.size(), kOther) : values;
    T* const added = &series.family->Add(LabelsOf(metric, kept), std::forward<More>(more)...);
    if (!is_full) series.by_values[values] = added;
    return added;
  }

  std::mutex mutex;
  prometheus::Registry registry;
  Map<prometheus::Counter> counters;
  Map<prometheus::Gauge> gauges;
  Map<prometheus::Histogram> histograms;
  std::vector<const Metric*> list;
};

Metrics::Metrics(const std::vector<const Metric*>& list) : state_(std::make_unique<State>()) {
  state_->list = list;
  for (const Metric* metric : list) {
    const std::string name(metric->name);
    const std::string help(metric->help);
    prometheus::Registry& registry = state_->registry;
    switch (metric->type) {
      case MetricType::kCounter:
        state_->counters[metric].family =
            &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
        break;
      case MetricType::kGauge:
        state_->gauges[metric].family =
            &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
        break;
      case MetricType::kHistogram:
        state_->histograms[metric].family =
            &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
        break;
    }
    if (!metric->labels.empty()) continue;
    if (metric->type == MetricType::kCounter) Count(*metric, {}, 0);
    if (metric->type == MetricType::kHistogram) {
      state_->Find(&state_->histograms, *metric, {}, metric->bounds);
    }
  }
}

Metrics::~Metrics() = default;

void Metrics::Count(const Metric& counter, const LabelValues& values, double by) {
  state_->Find(&state_->counters, counter, values)->Increment(by);
}

void Metrics::Set(const Metric& gauge, const LabelValues& values, double value) {
  state_->Find(&state_->gauges, gauge, values)->Set(value);
}

void Metrics::Observe(const Metric& histogram, const LabelValues& values, double value) {
  state_->Find(&state_->histograms, histogram, values, histogram.bounds)->Observe(value);
}

std::string Metrics::Text(const MetricReadings& readings) const {
  std::vector<prometheus::MetricFamily> families = state_->registry.Collect();
  for (const auto& [metric, values] : readings.values_) {
    CHECK(std::find(state_->list.begin(), state_->list.end(), metric) != state_->list.end());
    prometheus::MetricFamily family = FamilyOf(*metric);
    std::erase_if(families, [&](const auto& counted) { return counted.name == family.name; });
    for (const auto& [label_values, value] : values) {
      prometheus::ClientMetric one;
      for (auto& [name, text] : LabelsOf(*metric, label_values)) one.label.push_back({name, text});
      (metric->type == MetricType::kCounter ? one.counter.value : one.gauge.value) = value;
      family.metric.push_back(std::move(one));
    }
    families.push_back(std::move(family));
  }
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace reconcile
