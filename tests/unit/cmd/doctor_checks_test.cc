#include "cmd/doctor_checks.h"

#include "controller/clock_readings.h"
#include "link/certificates.h"

namespace reconcile {
namespace {

constexpr WallTime kNow{1'767'323'045'000};

DoctorFacts GoodHost() {
  DoctorFacts facts;
  facts.version = "0.1.0";
  facts.is_root = true;
  facts.engine = {"", "/run/docker.sock", "20.10.24", "1.41", "overlay2", "systemd", "2", true};
  facts.features = {{"nftables", "", "load nf_tables"}, {"IP forwarding", "", "sysctl", false}};
  facts.ports = {{"agents", "tcp", 7443, "", false, "end it"},
                 {"kubectl", "tcp", 6443, "reconcile (7)", true, "end it"}};
  facts.disks = {{"images", "/var/lib/docker", 100LL << 30, 50LL << 30, 1000, 900, 15}};
  facts.clock_synchronized = true;
  facts.controller = {true, "0.1.0", {{"host-1", "0.1.0", ""}}};
  facts.iptables_version = "iptables v1.8.9 (nf_tables)";
  facts.nft_version = "nftables v1.0.6";
  facts.uplink_address = "192.0.2.10";
  facts.uplink_mtu = 1500;
  facts.nameservers = {"192.0.2.53"};
  facts.data_folder = "/var/lib/reconcile";
  facts.certificate_ends = WallTime{kNow.ms + 30LL * 24 * 3600 * 1000};
  return facts;
}

// "" when all is good; else the lines of what is not, without advice.
std::string Complaints(const DoctorFacts& facts) {
  std::string text;
  for (const DoctorCheck& check : RunDoctorChecks(facts, kNow)) {
    if (check.verdict == DoctorVerdict::kGood) continue;
    EXPECT_FALSE(check.advice.empty() && check.verdict != DoctorVerdict::kSkipped) << check.name;
    const char* const word = check.verdict == DoctorVerdict::kFailed    ? "failed "
                             : check.verdict == DoctorVerdict::kWarning ? "warning "
                                                                        : "skipped ";
    text += word + check.name + ": " + check.found + "\n";
  }
  return text;
}

TEST(DoctorChecks, AGoodHostHasNothingToComplainOf) {
  EXPECT_EQ(Complaints(GoodHost()), "");
  EXPECT_EQ(DoctorText(RunDoctorChecks(GoodHost(), kNow), false),
            "good     engine          Docker 20.10.24, API 1.41\n"
            "good     live-restore    on: containers outlive dockerd\n"
            "good     storage driver  overlay2\n"
            "good     cgroups         version 2, driver systemd\n"
            "good     nftables        works\n"
            "good     IP forwarding   works\n"
            "good     nft             nftables v1.0.6\n"
            "good     iptables        iptables v1.8.9 (nf_tables)\n"
            "good     port 7443/tcp   agents: free\n"
            "good     port 6443/tcp   kubectl: in use by reconcile (7)\n"
            "good     uplink          192.0.2.10\n"
            "good     MTU             1500, of which pods get 1450\n"
            "good     DNS upstream    192.0.2.53\n"
            "good     clock           synchronised\n"
            "good     hosts' clocks   as this controller's\n"
            "good     disk of images  /var/lib/docker: 50.0 GiB of 100.0 GiB free (50 %), inodes "
            "90 %\n"
            "good     data folder     /var/lib/reconcile\n"
            "good     certificate     good until 2026-02-01T03:04:05Z\n"
            "good     versions        all are 0.1.0\n"
            "19 checks, 0 failed, 0 warnings\n");
}

TEST(DoctorChecks, OfAnEngineThatIsNotFit) {
  DoctorFacts facts = GoodHost();
  facts.engine = {"no such file", "/run/docker.sock", "", "", "", "", "", false};
  EXPECT_EQ(Complaints(facts),
            "failed engine: nothing answers at /run/docker.sock: no such file\n");
  EXPECT_TRUE(HasFailed(RunDoctorChecks(facts, kNow)));
  facts.engine = {"", "/run/docker.sock", "19.03", "1.40", "vfs", "cgroupfs", "2", false};
  EXPECT_EQ(Complaints(facts),
            "failed engine: Docker 19.03, API 1.40\n"
            "warning live-restore: off: when dockerd ends, every container ends with it\n"
            "warning storage driver: vfs\n"
            "warning cgroups: version 2, driver cgroupfs\n");
}

TEST(DoctorChecks, OfWhatTheKernelAndTheHostLack) {
  DoctorFacts facts = GoodHost();
  facts.features[0].problem = "Error: Could not process rule";
  facts.features[1].problem = "off";
  facts.nft_version.clear();
  facts.ports[0].taken_by = "nginx (12)";
  facts.uplink_mtu = 1300;
  facts.nameservers.clear();
  facts.clock_synchronized = false;
  facts.data_folder_problem = "/var/lib/reconcile is open to other users";
  EXPECT_EQ(Complaints(facts),
            "failed nftables: Error: Could not process rule\n"
            "warning IP forwarding: off\n"
            "failed nft: no such program\n"
            "failed port 7443/tcp: agents: in use by nginx (12)\n"
            "warning MTU: 1300, of which pods get 1250\n"
            "warning DNS upstream: resolv.conf names no server that pods could use\n"
            "warning clock: not synchronised\n"
            "failed data folder: /var/lib/reconcile is open to other users\n");
}

TEST(DoctorChecks, OfClocksThatAreNotTheControllers) {
  DoctorFacts facts = GoodHost();
  facts.controller_clock = {"192.0.2.1:7443", "", -1'900};
  EXPECT_EQ(Complaints(facts), "");
  facts.controller_clock->ahead_ms = kClockSkewedMs + 1;
  EXPECT_EQ(Complaints(facts),
            "warning controller's clock: this host's is 10s ahead of that of 192.0.2.1:7443\n");
  facts.controller_clock->ahead_ms = -kBackdateMs;
  EXPECT_EQ(Complaints(facts),
            "failed controller's clock: this host's is 60m behind that of 192.0.2.1:7443\n");
  facts.controller_clock->problem = "connection refused";
  EXPECT_EQ(Complaints(facts),
            "skipped controller's clock: 192.0.2.1:7443 does not tell: connection refused\n");
  facts = GoodHost();
  facts.controller.agents.push_back({"host-2", "0.1.0", "the host's clock is 75s behind"});
  EXPECT_EQ(Complaints(facts), "warning hosts' clocks: host-2: the host's clock is 75s behind\n");
}

TEST(DoctorChecks, OfDisksCertificatesAndVersions) {
  DoctorFacts facts = GoodHost();
  facts.disks[0].free_bytes = 14LL << 30;
  facts.disks.push_back({"the data folder", "/var", 100LL << 30, 12LL << 30, 1000, 900, 10});
  facts.certificate_ends = WallTime{kNow.ms - 1000};
  facts.controller.agents[0].version = "0.2.0";
  EXPECT_EQ(Complaints(facts),
            "failed disk of images: /var/lib/docker: 14.0 GiB of 100.0 GiB free (14 %), inodes 90 "
            "%\n"
            "warning disk of the data folder: /var: 12.0 GiB of 100.0 GiB free (12 %), inodes 90 "
            "%\n"
            "failed certificate: ended at 2026-01-02T03:04:04Z\n"
            "warning versions: this program is 0.1.0; host-1 is 0.2.0\n");
  facts = GoodHost();
  facts.controller = {};
  facts.clock_synchronized.reset();
  facts.features_not_tried = "not root";
  EXPECT_EQ(Complaints(facts),
            "skipped kernel: not root\nskipped clock: the kernel does not say\n"
            "skipped versions: this program is 0.1.0; no controller answers here\n");
  EXPECT_FALSE(HasFailed(RunDoctorChecks(facts, kNow)));
}

TEST(DoctorChecks, ReadsWhoListens) {
  const std::string text =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 00000000:1D13 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "12345 1 0\n"
      "   1: 0100007F:0035 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 "
      "12346 1 0\n"
      "   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "12347 1 0\n"
      "garbage\n";
  const std::vector<ListeningSocket> sockets = ParseListeningSockets(text, true);
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(sockets[0].port, 7443);
  EXPECT_TRUE(sockets[0].on_any_address);
  EXPECT_EQ(sockets[0].inode, "12345");
  EXPECT_FALSE(sockets[1].on_any_address);
  EXPECT_EQ(ParseListeningSockets(text, false).size(), 3U);
}

}  // namespace
}  // namespace reconcile
