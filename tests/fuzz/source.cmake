reconcile_fuzz(fuzz_git_objects
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_git_objects.cc
  LIBS source_io PkgConfig::LIBGIT2)
foreach(name fuzz_known_hosts fuzz_repository_url fuzz_webhook)
  reconcile_fuzz(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.cc LIBS source)
endforeach()
