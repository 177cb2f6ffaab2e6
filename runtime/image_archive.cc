#include "runtime/image_archive.h"

#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/ids.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr size_t kBlockBytes = 512;
constexpr size_t kMaxNameBytes = 100;
constexpr size_t kHashCharacters = 16;

// POSIX.1-1988 ustar header block.
struct TarHeader {
  char name[100];
  char mode[8];
  char user_id[8];
  char group_id[8];
  char size[12];
  char time[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[6];
  char version[2];
  char user_name[32];
  char group_name[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(TarHeader) == kBlockBytes);

template <size_t N>
void SetOctal(char (&field)[N], uint64_t value) {
  for (size_t i = N - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
  field[N - 1] = '\0';
}

Value StringList(std::string item) { return Value::MakeList({Value::String(std::move(item))}); }

// The image's configuration (OCI image-spec, config.md).
std::string PauseImageConfig(std::string_view architecture, const std::string& layer_digest) {
  Value run = Value::MakeMap();
  run.Set("Entrypoint", StringList("/pause"));
  run.Set("User", Value::String("65535:65535"));
  Value layers = Value::MakeMap();
  layers.Set("type", Value::String("layers"));
  layers.Set("diff_ids", StringList("sha256:" + layer_digest));
  Value history = Value::MakeMap();
  history.Set("created_by", Value::String("reconcile"));
  Value config = Value::MakeMap();
  config.Set("architecture", Value::String(std::string(architecture)));
  config.Set("os", Value::String("linux"));
  config.Set("created", Value::String("1970-01-01T00:00:00Z"));
  config.Set("config", std::move(run));
  config.Set("rootfs", std::move(layers));
  config.Set("history", Value::MakeList({std::move(history)}));
  return WriteJson(config);
}

}  // namespace

void TarWriter::AddHeader(std::string_view name, std::string_view target, char type, size_t size,
                          uint32_t mode) {
  CHECK(!name.empty() && name.size() <= kMaxNameBytes && target.size() <= kMaxNameBytes);
  TarHeader header{};
  std::memcpy(header.name, name.data(), name.size());
  SetOctal(header.mode, mode);
  SetOctal(header.user_id, 0);
  SetOctal(header.group_id, 0);
  SetOctal(header.size, size);
  SetOctal(header.time, 0);
  header.type = type;
  if (!target.empty()) std::memcpy(header.link_name, target.data(), target.size());
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  // The checksum counts its own field as blanks.
  std::memset(header.checksum, ' ', sizeof(header.checksum));
  unsigned char raw[kBlockBytes];
  std::memcpy(raw, &header, kBlockBytes);
  uint64_t sum = 0;
  for (const unsigned char byte : raw) sum += byte;
  char digits[7];
  SetOctal(digits, sum);
  std::memcpy(header.checksum, digits, sizeof(digits));
  std::memcpy(raw, &header, kBlockBytes);
  bytes_.append(raw, raw + kBlockBytes);
}

void TarWriter::AddFile(std::string_view name, std::string_view bytes, uint32_t mode) {
  AddHeader(name, "", '0', bytes.size(), mode);
  bytes_ += bytes;
  bytes_.append((kBlockBytes - bytes.size() % kBlockBytes) % kBlockBytes, '\0');
}

void TarWriter::AddLink(std::string_view name, std::string_view target) {
  AddHeader(name, target, '2', 0, 0777);
}

std::string TarWriter::Finish() {
  bytes_.append(2 * kBlockBytes, '\0');
  return std::move(bytes_);
}

ImageArchive BuildPauseArchive(std::string_view program, std::string_view architecture) {
  TarWriter layer_writer;
  layer_writer.AddFile("pause", program, 0755);
  const std::string layer = layer_writer.Finish();
  const std::string layer_digest = Sha256Hex(layer);
  const std::string config = PauseImageConfig(architecture, layer_digest);
  const std::string config_digest = Sha256Hex(config);

  ImageArchive archive;
  archive.reference = "reconcile.dev/pause:" + config_digest.substr(0, kHashCharacters);
  const std::string config_name = config_digest + ".json";
  const std::string layer_name = layer_digest + "/layer.tar";
  Value image = Value::MakeMap();
  image.Set("Config", Value::String(config_name));
  image.Set("RepoTags", StringList(archive.reference));
  image.Set("Layers", StringList(layer_name));
  TarWriter writer;
  writer.AddFile(config_name, config, 0644);
  writer.AddFile(layer_name, layer, 0644);
  writer.AddFile("manifest.json", WriteJson(Value::MakeList({std::move(image)})), 0644);
  archive.tar = writer.Finish();
  return archive;
}

}  // namespace reconcile
