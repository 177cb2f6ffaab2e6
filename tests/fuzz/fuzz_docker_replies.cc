// Everything that takes the Docker engine's bytes apart. The first byte chooses the parser, the
// second how the stream is cut into pieces.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/value.h"
#include "runtime/docker_replies.h"
#include "runtime/docker_requests.h"
#include "runtime/docker_streams.h"
#include "runtime/image_reference.h"

namespace reconcile {
namespace {

void FeedFrames(std::string_view bytes, size_t step) {
  FrameReader reader;
  size_t payload_bytes = 0;
  for (size_t i = 0; i < bytes.size(); i += step) {
    const Status status =
        reader.Feed(bytes.substr(i, step), [&](LogStream, std::string_view payload) {
          payload_bytes += payload.size();
          if (const auto line = SplitStamp(payload)) CHECK(line->text.size() < payload.size());
        });
    if (!status.ok()) return;
  }
  CHECK(payload_bytes <= bytes.size());
  (void)reader.Finish();
}

void FeedLines(std::string_view bytes, size_t step) {
  LineSplitter splitter;
  size_t line_bytes = 0;
  const auto take = [&](std::string_view line) {
    CHECK(!line.empty() && line.find('\n') == std::string_view::npos);
    line_bytes += line.size();
    const auto event = ParseEvent(line);
    // An event without an id would be taken for "look at everything".
    if (event.ok() && event->has_value()) CHECK(!(*event)->container_id.empty());
  };
  for (size_t i = 0; i < bytes.size(); i += step) {
    if (!splitter.Feed(bytes.substr(i, step), take).ok()) return;
  }
  splitter.Finish(take);
  CHECK(line_bytes <= bytes.size());
}

void FeedUpgrade(std::string_view bytes, size_t step) {
  UpgradeReader upgrade;
  std::string rest;
  for (size_t i = 0; i < bytes.size(); i += step) {
    const auto state = upgrade.Feed(bytes.substr(i, step), &rest);
    CHECK(rest.size() <= step);
    CHECK(state != UpgradeReader::State::kRefused || !upgrade.refusal().ok());
    if (state != UpgradeReader::State::kMore) return;
  }
}

void FeedProgress(std::string_view bytes, size_t step) {
  ProgressReader progress;
  for (size_t i = 0; i < bytes.size(); i += step) progress.Feed(bytes.substr(i, step));
  (void)progress.Finish();
}

void ParseEngine(std::string_view bytes) {
  const auto version = ParseEngineVersion(bytes);
  if (!version.ok()) return;
  const auto api = NegotiateApi(*version);
  if (api.ok()) CHECK(api->starts_with("1.") && api->size() <= 7);
  (void)ParseInfo(*version, bytes);
}

// What was accepted can stand in a path and in a body.
void ParseNames(std::string_view bytes) {
  const auto reference = ParseImageReference(bytes);
  if (reference.ok()) {
    CHECK(bytes.find_first_of("?#% \r\n") == std::string_view::npos);
    CHECK(!reference->name.empty() && !reference->tag.empty());
    const std::string normal = NormalizeReference(bytes);
    CHECK(NormalizeReference(normal) == normal);
  }
  ContainerConfig config;
  config.name = bytes;
  config.image = bytes;
  config.cmd = {std::string(bytes)};
  config.labels[std::string(bytes)] = bytes;
  CHECK(ParseJson(CreateBody(config)).ok());
  if (ValidateContainerName(bytes).ok()) CHECK(EscapeUrl(bytes) == bytes);
}

void ParseOne(uint8_t choice, size_t step, std::string_view bytes) {
  switch (choice % 11) {
    case 0:
      return (void)ParseContainer(bytes);
    case 1:
      return (void)ParseContainerList(bytes);
    case 2:
      return (void)ParseImage(bytes);
    case 3:
      return ParseEngine(bytes);
    case 4:
      (void)ParseExecExitCode(bytes);
      (void)ParseExecProcess(bytes).ok();
      return (void)ParseCreatedId(bytes);
    case 5:
      CHECK(StatusOfReply(404, bytes).code() == StatusCode::kNotFound);
      CHECK(StatusOfStart(500, bytes).message().size() <= kMaxErrorBytes + 3);
      return;
    case 6:
      return FeedLines(bytes, step);
    case 7:
      return FeedProgress(bytes, step);
    case 8:
      FeedUpgrade(bytes, step);
      return FeedFrames(bytes, step);
    case 9:
      return ParseNames(bytes);
    case 10:
      (void)ParseImageList(bytes);
      (void)ParseContainerStats(bytes);
      return (void)ParseLayerBytes(bytes);
  }
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string text(data + 2, data + size);
  reconcile::ParseOne(data[0], static_cast<size_t>(data[1]) % 32 + 1, text);
  return 0;
}
