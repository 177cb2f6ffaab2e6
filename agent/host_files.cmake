# Where an agent keeps files: the disk's adapter, and the fake.
reconcile_library(agent_files_io
  SOURCES disk_folder.cc disk_host_files.cc file_sealer.cc
          disk_volumes.cc folder_size.cc host_paths.cc mount_namespace.cc mounts.cc volume_files.cc
          kernel_text.cc use_reader.cc
  PUBLIC base
  PRIVATE PkgConfig::CRYPTO)
reconcile_library(agent_files_fake
  SOURCES fake_host_files.cc
  PUBLIC base)
