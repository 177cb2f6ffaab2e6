// What a host sends to join and what a peer shows: certificate requests, certificates, bundles. The
// first byte chooses the reader.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "link/certificate_issuer.h"
#include "link/enrollment_state.h"

namespace reconcile {
namespace {

const KeyPair& FuzzAuthority() {
  static const KeyPair authority = [] {
    AuthorityOrder order;
    order.cluster_id = "fuzz";
    order.serial = "01";
    order.not_after = {4'000'000'000'000};
    return *MakeAuthority(order);
  }();
  return authority;
}

// What is accepted can be issued for, and leads to a certificate of that node.
void ReadRequest(std::string_view bytes) {
  const Result<std::string> key = CheckRequest(bytes);
  if (!key.ok()) {
    CHECK(key.status().code() == StatusCode::kInvalid);
    return;
  }
  CertificateOrder order;
  order.common_name = "n1";
  order.names = {"n1"};
  order.serial = "01";
  order.not_after = {3'000'000'000'000};
  const Result<std::string> pem = IssueCertificate(FuzzAuthority(), bytes, order);
  CHECK(pem.ok() && ReadPeerCertificate(*pem)->node == "n1");
}

void ReadCertificate(const Result<PeerCertificate>& peer) {
  if (!peer.ok()) return;
  CHECK(!peer->node.empty() && peer->serial.size() == kSerialDigits);
  CHECK(!CheckChain(peer->pem, FuzzAuthority().certificate_pem, CertificateUse::kNode, {1}).ok());
}

void ReadOne(uint8_t choice, std::string_view bytes) {
  switch (choice % 5) {
    case 0:
      return ReadRequest(bytes);
    case 1:
      return ReadCertificate(ReadPeerCertificate(bytes));
    case 2:
      return ReadCertificate(ReadPeerCertificateDer(bytes));
    case 3: {
      const auto parts = SplitBundle(bytes);
      if (parts.ok()) CHECK(!parts->empty() && parts->size() <= kMaxBundleCertificates);
      CHECK(!CheckFirstContact(bytes, std::string(64, 'a'), {1}).ok());
      return;
    }
    case 4:
      CHECK(!VerifySignature(FuzzAuthority().certificate_pem, "text", bytes));
      return;
  }
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  reconcile::ReadOne(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
