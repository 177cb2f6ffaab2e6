#include "agent/image_collection.h"

#include <algorithm>

#include "base/value.h"
#include "runtime/image_reference.h"

namespace reconcile {
namespace {

constexpr int64_t kPerCent = 100;

bool IsWanted(const HostImage& image, const WantedImages& wanted) {
  const auto names_it = [&](const std::string& reference) {
    return wanted.references.contains(NormalizeReference(reference));
  };
  return wanted.ids.contains(image.id) || wanted.references.contains(image.id) ||
         std::any_of(image.references.begin(), image.references.end(), names_it) ||
         std::any_of(image.digests.begin(), image.digests.end(), names_it);
}

// Somebody else names it too: without our name it would still be there.
bool HasOtherNames(const HostImage& image, const PulledImage& pulled) {
  return std::any_of(image.references.begin(), image.references.end(),
                     [&](const std::string& reference) {
                       return !pulled.references.contains(NormalizeReference(reference));
                     });
}

Status NotReadable(const std::string& why) {
  return InvalidError("the list of pulled images cannot be read: " + why);
}

}  // namespace

void NotePulled(const std::string& reference, const std::string& id, Now now,
                PulledImages* pulled) {
  const std::string name = NormalizeReference(reference);
  for (auto& [other, image] : *pulled) image.references.erase(name);
  if (!pulled->contains(id) && pulled->size() >= kMaxPulledImages) return;
  PulledImage& image = pulled->try_emplace(id, PulledImage{{}, now.wall, now.mono}).first->second;
  image.references.insert(name);
  image.last_used = now.wall;
}

std::string WritePulledImages(const PulledImages& pulled) {
  Value images = Value::MakeMap();
  for (const auto& [id, image] : pulled) {
    Value names = Value::MakeList();
    for (const std::string& reference : image.references) names.Append(Value::String(reference));
    Value each = Value::MakeMap();
    each.Set("references", std::move(names));
    each.Set("lastUsedMs", Value::Int(image.last_used.ms));
    images.Set(id, std::move(each));
  }
  return WriteJson(images);
}

Result<PulledImages> ReadPulledImages(const std::string& text, MonoTime now) {
  const Result<Value> read = ParseJson(text);
  if (!read.ok()) return NotReadable(read.status().message());
  if (!read->IsMap()) return NotReadable("it is not a map");
  PulledImages pulled;
  for (const Value::Member& member : read->AsMap()) {
    if (!member.value.IsMap()) return NotReadable(member.key + " is not a map");
    if (pulled.size() >= kMaxPulledImages) break;
    PulledImage& image = pulled[member.key];
    image.last_used = WallTime{member.value.GetInt("lastUsedMs")};
    image.seen_since = now;
    for (const Value& name : member.value.GetList("references")) {
      if (name.IsString()) image.references.insert(name.AsString());
    }
  }
  return pulled;
}

int64_t BytesToFree(const ImageLimits& limits, const FileSystemSpace& images) {
  if (images.capacity_bytes <= 0 || limits.high_percent >= kPerCent) return 0;
  const int64_t available = std::clamp<int64_t>(images.available_bytes, 0, images.capacity_bytes);
  const int64_t hundredth = std::max<int64_t>(images.capacity_bytes / kPerCent, 1);
  const int64_t in_use = kPerCent - available / hundredth;
  if (in_use < limits.high_percent) return 0;
  return std::max<int64_t>(hundredth * (kPerCent - limits.low_percent) - available, 0);
}

std::vector<ImageRemoval> ChooseRemovals(const std::vector<HostImage>& images,
                                         const PulledImages& pulled, const WantedImages& wanted,
                                         int64_t bytes, int64_t min_age_ms, MonoTime now) {
  std::vector<std::pair<WallTime, ImageRemoval>> candidates;
  for (const HostImage& image : images) {
    const auto known = pulled.find(image.id);
    if (known == pulled.end() || image.in_use || IsWanted(image, wanted)) continue;
    if (HasOtherNames(image, known->second)) continue;
    if (now - known->second.seen_since < min_age_ms) continue;
    ImageRemoval removal{image.id, image.references, image.size_bytes};
    if (removal.references.empty()) removal.references = {image.id};
    candidates.emplace_back(known->second.last_used, std::move(removal));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ImageRemoval> removals;
  int64_t freed = 0;
  for (auto& [last_used, removal] : candidates) {
    if (freed >= bytes) break;
    freed += std::max<int64_t>(removal.size_bytes, 0);
    removals.push_back(std::move(removal));
  }
  return removals;
}

}  // namespace reconcile
