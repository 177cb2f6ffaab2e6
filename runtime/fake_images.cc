#include "runtime/fake_engine_core.h"

namespace reconcile {

std::vector<HostImage> FakeEngineCore::ListImages() const {
  std::map<std::string, HostImage> by_id;
  for (const auto& [name, image] : images) {
    if (!image.present) continue;
    HostImage& listed = by_id[ImageIdOf(name, image)];
    listed.id = ImageIdOf(name, image);
    listed.references.push_back(name);
    listed.size_bytes = image.size_bytes;
  }
  for (const auto& [id, container] : containers) {
    const auto used = by_id.find(container.info.image_id);
    if (used != by_id.end()) used->second.in_use = true;
  }
  std::vector<HostImage> listed;
  for (auto& [id, image] : by_id) listed.push_back(std::move(image));
  return listed;
}

Status FakeEngineCore::RemoveImage(const std::string& reference) {
  const FakeImage* image = FindImage(reference);
  if (image == nullptr) return OkStatus();
  for (const HostImage& listed : ListImages()) {
    const bool is_last = listed.references.size() == 1;
    for (const std::string& name : listed.references) {
      if (&images.at(name) != image) continue;
      if (listed.in_use && is_last) {
        return ConflictError("conflict: unable to remove repository reference \"" + reference +
                             "\" (must force) - a container is using its referenced image");
      }
      images.at(name).present = false;
      Observe("untag " + name);
      return OkStatus();
    }
  }
  return OkStatus();
}

Result<ContainerUse> FakeEngineCore::Measure(const std::string& id, bool with_disk) const {
  const Container* container = Find(id);
  if (container == nullptr) return NotFoundError("No such container: " + id);
  ContainerUse use = container->program.use;
  if (!with_disk) use.disk_bytes = 0;
  return use;
}

ContainerUse FakeEngineCore::UseOfAll() const {
  ContainerUse all;
  for (const auto& [id, container] : containers) {
    const ContainerUse& use = container.program.use;
    all.disk_bytes += use.disk_bytes;
    const bool runs = container.info.state == ContainerRunState::kRunning ||
                      container.info.state == ContainerRunState::kPaused;
    if (!runs) continue;
    all.memory_bytes += use.memory_bytes;
    all.processes += use.processes;
  }
  return all;
}

}  // namespace reconcile
