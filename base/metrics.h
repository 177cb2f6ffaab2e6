#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reconcile {

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram };
std::string_view ToString(MetricType type);

// What a metric is: said once, for the registry, for # HELP and for docs/metrics.md. Names follow
// Prometheus' conventions (https://prometheus.io/docs/practices/naming/): the unit last, in base
// units; counters end in _total. Every label's values are few: see kMaxSeriesOfMetric.
struct Metric {
  std::string_view name;
  MetricType type = MetricType::kCounter;
  std::vector<std::string_view> labels;
  std::string_view help;            // one sentence
  std::vector<double> bounds = {};  // of a histogram's buckets, upper ones, growing
};

// Of the labels, in the order of Metric::labels.
using LabelValues = std::vector<std::string>;

// Combinations of label values that a metric has at most; what comes beyond counts as "other".
inline constexpr size_t kMaxSeriesOfMetric = 1'000;

// Values that are kept elsewhere, as they are at the moment of a scrape.
class MetricReadings {
 public:
  // Of a counter or a gauge; beyond kMaxSeriesOfMetric it is dropped. The metric outlives this.
  void Add(const Metric& metric, LabelValues values, double value);

 private:
  friend class Metrics;
  std::map<const Metric*, std::vector<std::pair<LabelValues, double>>> values_;
};

// What a process counts of its work, and how a Prometheus reads it. Any thread. Nothing is decided
// by it. Metrics that are not of its list are programmer errors, as are label values that do not
// match their labels.
class Metrics {
 public:
  // The metrics outlive it. Those that have no labels are there from the beginning, as zero, but
  // for gauges.
  explicit Metrics(const std::vector<const Metric*>& list);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void Count(const Metric& counter, const LabelValues& values = {}, double by = 1);
  void Set(const Metric& gauge, const LabelValues& values, double value);
  void Observe(const Metric& histogram, const LabelValues& values, double value);

  // Everything in Prometheus' text format 0.0.4, sorted by name. What is read takes the place of
  // what was counted.
  std::string Text(const MetricReadings& readings = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of Text(), for HTTP.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace reconcile
