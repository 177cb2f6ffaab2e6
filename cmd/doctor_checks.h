#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/value.h"

namespace reconcile {

// What another machine said of its clock.
struct OtherClock {
  std::string of;        // HOST:PORT
  std::string problem;   // why it did not tell; "" when it did
  int64_t ahead_ms = 0;  // of this host's, within a second; negative: it is behind
};

// What `doctor` found out about this host. What could not be found out is absent, with why.
struct DoctorFacts {
  std::string version;  // of this program
  bool is_root = false;

  struct Engine {
    std::string problem;  // why it does not answer; "" when it does
    std::string socket;
    std::string version;
    std::string api_version;
    std::string storage_driver;
    std::string cgroup_driver;
    std::string cgroup_version;
    bool live_restore = false;
  } engine;

  // Tried in a network namespace of its own, so that nothing of the host's changes.
  struct Feature {
    std::string name;     // "vxlan devices"
    std::string problem;  // "" when it works
    std::string advice;
    bool needed = true;  // else its lack is a warning
  };
  std::vector<Feature> features;
  std::string features_not_tried;  // why, when they were not

  struct Port {
    std::string what;  // "agents and webhooks (listen)"
    std::string protocol;
    int port = 0;
    std::string taken_by;  // the program that has it; "" when it is free
    bool is_ours = false;  // that program is this one
    std::string advice;    // when another has it
  };
  std::vector<Port> ports;

  struct Disk {
    std::string what;
    std::string path;
    int64_t total_bytes = 0;
    int64_t free_bytes = 0;
    int64_t total_inodes = 0;
    int64_t free_inodes = 0;
    double least_percent = 10;  // below, pods are evicted (config's evictionHard)
  };
  std::vector<Disk> disks;

  std::optional<bool> clock_synchronized;
  // The controller's, which this host's agent dials, against this host's.
  std::optional<OtherClock> controller_clock;

  struct Controller {
    bool answers = false;
    std::string version;
    struct Agent {
      std::string node;
      std::string version;
      std::string clock;  // what is wrong with its host's, as the controller sees it
    };
    std::vector<Agent> agents;
  } controller;

  std::string iptables_version;  // "" when there is none
  std::string nft_version;
  std::string uplink_address;
  int uplink_mtu = 0;
  std::vector<std::string> nameservers;  // that pods can use
  std::string data_folder;
  std::string data_folder_problem;           // "" when it is fit, or not there yet
  std::optional<WallTime> certificate_ends;  // this host's, of one that joined
};

enum class DoctorVerdict { kGood, kWarning, kFailed, kSkipped };
struct DoctorCheck {
  std::string name;
  DoctorVerdict verdict = DoctorVerdict::kGood;
  std::string found;
  std::string advice;  // what to do; "" for what is good
};

// PURE. In the order in which they are shown.
std::vector<DoctorCheck> RunDoctorChecks(const DoctorFacts& facts, WallTime now);
bool HasFailed(const std::vector<DoctorCheck>& checks);
std::string DoctorText(const std::vector<DoctorCheck>& checks, bool color);
// {"checks": [{"name", "verdict": "good|warning|failed|skipped", "found", "advice"}]}
Value EncodeDoctor(const std::vector<DoctorCheck>& checks);

// PURE. Who listens, by /proc/net/tcp and so on: the socket's inode for each port.
struct ListeningSocket {
  int port = 0;
  bool on_any_address = false;
  std::string inode;
};
// Of the text of /proc/net/{tcp,tcp6,udp,udp6}.
std::vector<ListeningSocket> ParseListeningSockets(const std::string& text, bool is_tcp);

}  // namespace reconcile
