#include "link/server_slots.h"

namespace reconcile {

std::shared_ptr<ServerConnections::Slot> ServerConnections::Slot::Take(
    const std::shared_ptr<Counts>& counts, const std::string& address) {
  const auto from_there = counts->strangers_by_address.find(address);
  const size_t there = from_there == counts->strangers_by_address.end() ? 0 : from_there->second;
  const bool room = counts->open < kMaxLinkConnections && counts->strangers < kMaxStrangers &&
                    there < kMaxStrangersPerAddress;
  return room ? std::make_shared<Slot>(counts, address) : nullptr;
}

std::shared_ptr<void> ServerConnections::Slot::TakeHook(const std::shared_ptr<Counts>& counts) {
  if (counts->hooks >= kMaxHooksUnderWay) return nullptr;
  ++counts->hooks;
  return std::shared_ptr<void>(counts.get(), [counts](void*) { --counts->hooks; });
}

ServerConnections::Slot::Slot(std::shared_ptr<Counts> counts, std::string address)
    : counts_(std::move(counts)), address_(std::move(address)) {
  ++counts_->open;
  ++counts_->strangers;
  ++counts_->strangers_by_address[address_];
}

ServerConnections::Slot::~Slot() {
  BecomeKnown();
  --counts_->open;
}

void ServerConnections::Slot::BecomeKnown() {
  if (!stranger_) return;
  stranger_ = false;
  --counts_->strangers;
  const auto from_there = counts_->strangers_by_address.find(address_);
  if (--from_there->second == 0) counts_->strangers_by_address.erase(from_there);
}

}  // namespace reconcile
