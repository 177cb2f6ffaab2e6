reconcile_fuzz(fuzz_git_objects
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_git_objects.cc
  LIBS source_io PkgConfig::LIBGIT2)
