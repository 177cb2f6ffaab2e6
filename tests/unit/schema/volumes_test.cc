#include "schema/volumes.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

PodSpec SpecOf(const std::string& fields) {
  return testing::MustDecodeAs<Pod>(testing::PodWithSpec(fields))->spec;
}

TEST(Volumes, AreReadWithTheirDefaults) {
  const PodSpec spec = SpecOf(
      "volumes: [{name: a}, {name: b, emptyDir: {medium: Memory, sizeLimit: 64Mi}},\n"
      "  {name: c, hostPath: {path: /data, type: Directory}}, {name: d, configMap: {name: m}},\n"
      "  {name: e, nfs: {server: s, path: /p}}]\n");
  const std::vector<Volume> volumes = VolumesOf(spec);
  ASSERT_EQ(volumes.size(), 5U);
  EXPECT_EQ(volumes[0].kind, Volume::Kind::kEmptyDir);
  EXPECT_FALSE(volumes[0].in_memory);
  EXPECT_EQ(volumes[0].size_limit_bytes, 0);
  EXPECT_TRUE(volumes[1].in_memory);
  EXPECT_EQ(volumes[1].size_limit_bytes, 64 << 20);
  EXPECT_EQ(volumes[2].kind, Volume::Kind::kHostPath);
  EXPECT_EQ(volumes[2].host_path, "/data");
  EXPECT_EQ(volumes[2].host_path_type, "Directory");
  EXPECT_EQ(volumes[3].kind, Volume::Kind::kFiles);
  EXPECT_EQ(volumes[3].default_mode, 0644);
  EXPECT_FALSE(volumes[3].in_memory);
  EXPECT_EQ(volumes[4].kind, Volume::Kind::kOther);
}

TEST(Volumes, OfFilesNameTheirSources) {
  const PodSpec spec = SpecOf(
      "volumes: [{name: a, secret: {secretName: s, defaultMode: 0400, optional: true,\n"
      "    items: [{key: k, path: deep/k, mode: 0440}]}},\n"
      "  {name: b, projected: {sources: [{configMap: {name: m}}, {secret: {name: t}},\n"
      "    {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}},\n"
      "      {path: c, resourceFieldRef: {containerName: web, resource: limits.cpu, divisor: "
      "1m}}]}}]}}]\n");
  const std::vector<Volume> volumes = VolumesOf(spec);
  ASSERT_EQ(volumes.size(), 2U);
  EXPECT_EQ(volumes[0].default_mode, 0400);
  EXPECT_TRUE(volumes[0].in_memory);
  const FileSource secret = {FileSource::Kind::kSecret, "s", {{"k", "deep/k", 0440}}, true, {}};
  EXPECT_EQ(volumes[0].sources, std::vector<FileSource>{secret});
  ASSERT_EQ(volumes[1].sources.size(), 3U);
  EXPECT_TRUE(volumes[1].in_memory);
  const std::vector<DownwardFile>& files = volumes[1].sources[2].files;
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].field_path, "metadata.labels");
  ASSERT_TRUE(files[1].resource);
  EXPECT_EQ(files[1].resource->divisor, Quantity::FromMilli(1));
  std::set<std::string> maps;
  std::set<std::string> secrets;
  AddVolumeReferences(spec, &maps, &secrets);
  EXPECT_EQ(maps, std::set<std::string>{"m"});
  EXPECT_EQ(secrets, (std::set<std::string>{"s", "t"}));
}

TEST(Volumes, MountsAndTheGroupAreRead) {
  const auto pod =
      testing::MustDecodeAs<Pod>(testing::PodWithSpec("securityContext: {fsGroup: 7}\n"));
  EXPECT_EQ(FsGroupOf(pod->spec), 7);
  EXPECT_EQ(FsGroupOf(PodSpec()), std::nullopt);
  Container container;
  container.others.Set("volumeMounts", Value::MakeList({[] {
                         Value mount = Value::MakeMap();
                         mount.Set("name", Value::String("v"));
                         mount.Set("mountPath", Value::String("/data"));
                         mount.Set("subPath", Value::String("part"));
                         return mount;
                       }()}));
  const VolumeMount wanted = {"v", "/data", false, "part", "", "None"};
  EXPECT_EQ(VolumeMountsOf(container), std::vector<VolumeMount>{wanted});
}

}  // namespace
}  // namespace reconcile
