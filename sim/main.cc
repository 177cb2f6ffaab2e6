// reconcile_sim [--seed N | --seeds FIRST-LAST] [--bug NAME] [--hosts N] [--verbose]
#include <cstdio>
#include <map>
#include <string>

#include "sim/simulation.h"

namespace {

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 1;
  reconcile::SimulationOptions options;
};

bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--verbose") {
      arguments->options.verbose = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    const std::string value = argv[++i];
    if (flag == "--seed") {
      arguments->first = arguments->last = std::stoull(value);
    } else if (flag == "--seeds") {
      const size_t dash = value.find('-');
      if (dash == std::string::npos) return false;
      arguments->first = std::stoull(value.substr(0, dash));
      arguments->last = std::stoull(value.substr(dash + 1));
    } else if (flag == "--bug") {
      arguments->options.planted_bug = value;
    } else if (flag == "--hosts") {
      arguments->options.hosts = std::stoi(value);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) {
    std::fprintf(stderr,
                 "usage: reconcile_sim [--seed N | --seeds FIRST-LAST] [--bug NAME] [--hosts N] "
                 "[--verbose]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line counts, also when this is cut short
  int bad = 0;
  std::map<std::string, int64_t> faults;
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    arguments.options.seed = seed;
    const reconcile::SimulationOutcome outcome = reconcile::RunSimulation(arguments.options);
    std::printf("seed %llu: %s, %.1f virtual minutes, trace %016llx\n",
                static_cast<unsigned long long>(seed),
                outcome.violations.empty() ? "ok" : "VIOLATED",
                static_cast<double>(outcome.virtual_ms) / 60'000,
                static_cast<unsigned long long>(outcome.trace_hash));
    for (const std::string& violation : outcome.violations)
      std::printf("  %s\n", violation.c_str());
    for (const auto& [name, count] : outcome.faults) faults[name] += count;
    bad += outcome.violations.empty() ? 0 : 1;
  }
  if (arguments.first != arguments.last) {
    for (const auto& [name, count] : faults) {
      std::printf("%10lld  %s\n", static_cast<long long>(count), name.c_str());
    }
    std::printf("%d of %llu seeds violated\n", bad,
                static_cast<unsigned long long>(arguments.last - arguments.first + 1));
  }
  return bad == 0 ? 0 : 1;
}
