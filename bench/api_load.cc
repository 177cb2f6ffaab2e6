// The load of bench/api, and what it saw, one line for each measurement:
//
//   api_load lists PORT TOKEN ROUNDS              "list SHAPE bytes N first MS total MS", each
//   round api_load watch PORT TOKEN WATCHERS SECONDS    "watch N events N lost N p50 MS p99 MS most
//   MS" api_load gets PORT TOKEN PER_SECOND SECONDS   "gets N failed N p50 MS p99 MS most MS"
//
// Gets are timed from when they were due, so that one that waits for another counts its wait.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "bench/tls_poller.h"

namespace reconcile {
namespace {

constexpr char kTable[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
constexpr int64_t kPatienceMicros = 60'000'000;
constexpr size_t kConnectingAtOnce = 50;
constexpr size_t kGetConnections = 11;  // with 500 slow clients below what an address may have
constexpr int kHealthPerSecond = 50;

// How long what was measured took, in milliseconds.
class Times {
 public:
  void Add(int64_t micros) { micros_.push_back(micros); }
  size_t size() const { return micros_.size(); }
  std::string Text() {
    std::sort(micros_.begin(), micros_.end());
    const auto at = [&](double share) {
      const auto index = static_cast<size_t>(share * static_cast<double>(micros_.size()));
      return micros_.empty()
                 ? -1.0
                 : static_cast<double>(micros_[std::min(index, micros_.size() - 1)]) / 1000;
    };
    char text[96];
    std::snprintf(text, sizeof(text), "p50 %.2f p99 %.2f most %.2f", at(0.5), at(0.99), at(1));
    return text;
  }

 private:
  std::vector<int64_t> micros_;
};

class Watchers;

class Load {
 public:
  Load(uint16_t port, std::string token) : port_(port), token_(std::move(token)) {}

  void Lists(int rounds);
  void Watch(size_t watchers, int seconds);
  void Gets(int per_second, int seconds);
  void Health(size_t watchers, size_t slow, int seconds);

 private:
  void OpenWatchers(size_t count, Watchers* seen);
  void WaitUntilReady();
  void AskInTime(const std::string& what, const std::string& request, int per_second, int seconds);
  std::string Request(const std::string& target, const std::string& accept) const {
    return "GET " + target + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token_ +
           "\r\nAccept: " + accept + "\r\n\r\n";
  }
  // The body of one answer, whole or in chunks; its first byte's and last byte's times.
  std::string Fetch(const std::string& target, const std::string& accept, int64_t* first_micros,
                    int64_t* total_micros);

  const uint16_t port_;
  const std::string token_;
  TlsPoller poller_{/*server=*/false};
};

// Whether `text` is a whole answer.
bool IsWhole(const std::string& text) {
  const size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  const size_t length = text.find("Content-Length: ");
  if (length < head) {
    return text.size() >= head + 4 + std::strtoull(text.c_str() + length + 16, nullptr, 10);
  }
  return text.ends_with("\r\n0\r\n\r\n");
}

std::string Load::Fetch(const std::string& target, const std::string& accept, int64_t* first_micros,
                        int64_t* total_micros) {
  TlsPeer* const peer = poller_.Connect(port_);
  while (!peer->ready && !peer->closed) poller_.Poll(100);
  std::string text;
  text.reserve(64 << 20);
  const int64_t began = BenchMicros();
  *first_micros = 0;
  peer->on_data = [&](TlsPeer*, std::string_view bytes) {
    if (text.empty()) *first_micros = BenchMicros() - began;
    text += bytes;
  };
  poller_.Send(peer, Request(target, accept));
  while (!IsWhole(text) && !peer->closed && BenchMicros() - began < kPatienceMicros) {
    poller_.Poll(100);
  }
  *total_micros = BenchMicros() - began;
  poller_.peers().erase(peer->fd.get());
  if (!IsWhole(text)) std::fprintf(stderr, "no whole answer: %.200s\n", text.c_str());
  CHECK(IsWhole(text));
  return text;
}

void Load::Lists(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    for (const std::string shape : {"json", "table"}) {
      int64_t first = 0;
      int64_t total = 0;
      const std::string text =
          Fetch("/api/v1/pods", shape == "json" ? "application/json" : kTable, &first, &total);
      std::printf("list %s bytes %zu first %.2f total %.2f\n", shape.c_str(), text.size(),
                  static_cast<double>(first) / 1000, static_cast<double>(total) / 1000);
    }
  }
}

// One watcher's place in the numbered changes.
struct Place {
  int64_t last = 0;
  int64_t lost = 0;
  std::string rest;  // of what was read, after the last whole line
};

int64_t NumberAfter(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  return at == std::string_view::npos
             ? -1
             : std::strtoll(std::string(text.substr(at + name.size(), 20)).c_str(), nullptr, 10);
}

class Watchers {
 public:
  explicit Watchers(size_t count) : places_(count) {}
  void Take(size_t watcher, std::string_view bytes) {
    Place& place = places_[watcher];
    place.rest += bytes;
    size_t at = 0;
    for (size_t end = 0; (end = place.rest.find('\n', at)) != std::string::npos; at = end + 1) {
      TakeLine(&place, std::string_view(place.rest).substr(at, end - at));
    }
    place.rest.erase(0, at);
  }
  int64_t newest() const { return newest_; }
  bool AllHave(int64_t number) const {
    return std::all_of(places_.begin(), places_.end(),
                       [&](const Place& place) { return place.last >= number; });
  }
  int64_t Lost(int64_t up_to) const {
    int64_t lost = 0;
    for (const Place& place : places_) {
      lost += place.lost + std::max<int64_t>(up_to - place.last, 0);
    }
    return lost;
  }
  Times times;
  bool measuring = false;

 private:
  void TakeLine(Place* place, std::string_view line) {
    const int64_t number = NumberAfter(line, "\"bench/number\":\"");
    if (number <= place->last) return;  // a pod that changes once more, for another reason
    if (place->last > 0) place->lost += number - place->last - 1;
    place->last = number;
    newest_ = std::max(newest_, number);
    if (measuring) times.Add(BenchMicros() - NumberAfter(line, "\"bench/at\":\""));
  }
  std::vector<Place> places_;
  int64_t newest_ = 0;
};

void Load::OpenWatchers(size_t count, Watchers* seen) {
  int64_t ignored = 0;
  const std::string list = Fetch("/api/v1/pods?limit=1", "application/json", &ignored, &ignored);
  const int64_t version = std::max<int64_t>(NumberAfter(list, "\"resourceVersion\":\""), 0);
  const std::string request = Request(
      "/api/v1/pods?watch=true&resourceVersion=" + std::to_string(version), "application/json");
  size_t opened = 0;
  const auto ready = std::make_shared<size_t>(0);
  while (*ready < count) {
    while (opened < count && opened < *ready + kConnectingAtOnce) {
      TlsPeer* const peer = poller_.Connect(port_);
      peer->on_data = [seen, ready, number = opened++](TlsPeer* from, std::string_view bytes) {
        if (std::exchange(from->mark, 1) == 0) ++*ready;
        seen->Take(number, bytes);
      };
      poller_.Send(peer, request);
    }
    poller_.Poll(100);
    CHECK(poller_.closed_count() == 0);
  }
}

// All handshakes are done.
void Load::WaitUntilReady() {
  const int64_t end = BenchMicros() + kPatienceMicros / 12;
  const auto is_ready = [](const auto& entry) {
    return entry.second->ready || entry.second->closed;
  };
  while (!std::all_of(poller_.peers().begin(), poller_.peers().end(), is_ready) &&
         BenchMicros() < end) {
    poller_.Poll(10);
  }
}

void Load::Watch(size_t watchers, int seconds) {
  Watchers seen(watchers);
  OpenWatchers(watchers, &seen);
  seen.measuring = true;
  const int64_t end = BenchMicros() + int64_t{seconds} * 1'000'000;
  while (BenchMicros() < end) poller_.Poll(50);
  const int64_t last = seen.newest();
  seen.measuring = false;
  while (!seen.AllHave(last) && BenchMicros() < end + kPatienceMicros / 4) poller_.Poll(50);
  std::printf("watch %zu events %zu lost %ld closed %zu %s\n", watchers, seen.times.size(),
              long{seen.Lost(last)}, poller_.closed_count(), seen.times.Text().c_str());
}

void Load::AskInTime(const std::string& what, const std::string& request, int per_second,
                     int seconds) {
  struct Slot {
    TlsPeer* peer = nullptr;
    std::string text;
    int64_t due = 0;  // 0: nothing is asked
  };
  std::vector<Slot> slots(kGetConnections);
  std::deque<int64_t> waiting;
  Times times;
  size_t failed = 0;
  for (Slot& slot : slots) {
    slot.peer = poller_.Connect(port_);
    slot.peer->on_data = [&slot, &times, &failed](TlsPeer*, std::string_view bytes) {
      slot.text += bytes;
      if (!IsWhole(slot.text)) return;
      times.Add(BenchMicros() - std::exchange(slot.due, 0));
      if (slot.text.find(" 200 ") == std::string::npos) ++failed;
      slot.text.clear();
    };
  }
  WaitUntilReady();
  int64_t due = BenchMicros();
  const int64_t end = due + int64_t{seconds} * 1'000'000;
  for (int64_t now = due; now < end; now = BenchMicros()) {
    for (; due <= now; due += 1'000'000 / per_second) waiting.push_back(due);
    for (Slot& slot : slots) {
      if (waiting.empty() || slot.due != 0) continue;
      slot.due = waiting.front();
      waiting.pop_front();
      poller_.Send(slot.peer, request);
    }
    poller_.Poll(1);
  }
  std::printf("%s %zu failed %zu waiting %zu %s\n", what.c_str(), times.size(), failed,
              waiting.size(), times.Text().c_str());
}

void Load::Gets(int per_second, int seconds) {
  int64_t ignored = 0;
  const std::string list = Fetch("/api/v1/pods?limit=1", "application/json", &ignored, &ignored);
  const size_t at = list.find("\"name\":\"web-");
  const std::string name =
      at == std::string::npos ? "any" : list.substr(at + 8, list.find('"', at + 8) - at - 8);
  AskInTime("gets", Request("/api/v1/namespaces/default/pods/" + name, "application/json"),
            per_second, seconds);
}

// FAULTS 19.
void Load::Health(size_t watchers, size_t slow, int seconds) {
  Watchers seen(watchers);
  OpenWatchers(watchers, &seen);
  for (size_t i = 0; i < slow; ++i) {
    poller_.Send(poller_.Connect(port_), "GET /he");
    poller_.Poll(0);
  }
  WaitUntilReady();
  AskInTime("health", "GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n", kHealthPerSecond, seconds);
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) {
  CHECK(argc >= 5);
  const std::string what = argv[1];
  reconcile::Load load(static_cast<uint16_t>(std::atoi(argv[2])), argv[3]);
  if (what == "lists") load.Lists(std::atoi(argv[4]));
  if (what == "watch") load.Watch(static_cast<size_t>(std::atoi(argv[4])), std::atoi(argv[5]));
  if (what == "health") {
    load.Health(static_cast<size_t>(std::atoi(argv[4])), static_cast<size_t>(std::atoi(argv[5])),
                std::atoi(argv[6]));
  }
  if (what == "gets") load.Gets(std::atoi(argv[4]), std::atoi(argv[5]));
  return 0;
}
